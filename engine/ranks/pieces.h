// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Runs of bytes of which each rank keeps one piece (traffic.h: kPieceUnit), put together again.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "core/cancel.h"
#include "ranks/share.h"

namespace zt::ranks {

class Group;

// Where a rank's piece of a run lies, in bytes. bytes: of the run, in whole units.
[[nodiscard]] Share piece_of(int64_t bytes, int rank, int size);

// Writes every rank's piece into `run` [bytes of the run], u8, at its place; own: this rank's piece, on the same
// device. All ranks of the group call it for the same runs in the same order; any thread, one at a time. The bytes pass
// through the host a few MiB at a time. Throws zt::Error(NETWORK, CANCELLED).
void join_pieces(Group& group, const at::Tensor& own, const at::Tensor& run, const Cancel& cancel);

}  // namespace zt::ranks
