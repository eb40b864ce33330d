// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What containers and tools do to the tensors of a part beside renaming them, undone in the list of a checkpoint's
// tensors, so that all that reads it sees the shapes of the layers. No byte is read or moved. Torch-free.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "load/part_names.h"
#include "weights/checkpoint.h"

namespace zt::load {

// The shape `wanted` (-1: any size) of a tensor of the shape `got`, from which a container with at most four
// dimensions took some: leading ones left out, the first two multiplied, or all of it in a row. rows: the first size
// where it is known (the bias has it), else 0. Nothing where no such shape has as many numbers, or several do.
[[nodiscard]] std::optional<std::vector<int64_t>> restored_shape(const std::vector<int64_t>& got,
                                                                 const std::vector<int64_t>& wanted, int64_t rows);

// GGUF: the shapes that PartNames::shape_of tells. Every container: leading sizes of 1 that the layers do not have, and
// the tensors that PartNames::split takes apart.
// Throws ZT_ERROR_WEIGHTS for one whose rows do not divide by its pieces.
void standardise(weights::Checkpoint& file, const PartNames& names);

}  // namespace zt::load
