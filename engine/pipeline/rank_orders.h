// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What rank 0 tells the others, as bytes: a model to open, a clip to take part in, another piece of it. Numbers and
// texts of checked sizes, never objects. Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "families/family.h"

namespace zt::pipeline {

struct OpenOrder {
    int64_t model = 0;              // what later orders call it
    std::string name;               // a built-in one, or the path of one
    families::LoadOptions options;  // device "cpu", or any accelerator by its kind; no log, no path
    int threads = 0;
    bool nccl = false;  // tensors of GPUs travel by NCCL
};

// A clip's first piece: its denoise loop, and what of its first frames is shared.
struct ClipOrder {
    int64_t model = 0;
    int64_t clip = 0;                     // what later orders call it
    bool fresh_team = false;              // the one before was given up
    families::GenerationRequest request;  // no log
    families::Direction direction;
    int64_t done = 0, most = INT64_MAX;  // see Generation::skip, limit_next
};

// The next frames of a clip of which more is shared (ranks/team.h).
struct PieceOrder {
    int64_t clip = 0;
    bool fresh_team = false;
};

[[nodiscard]] std::string to_bytes(const OpenOrder& order);
[[nodiscard]] std::string to_bytes(const ClipOrder& order);
[[nodiscard]] std::string to_bytes(const PieceOrder& order);
// Throw zt::Error(NETWORK) for what is none.
[[nodiscard]] OpenOrder open_order(std::string_view bytes);
[[nodiscard]] ClipOrder clip_order(std::string_view bytes);
[[nodiscard]] PieceOrder piece_order(std::string_view bytes);

// Several texts as one, and back.
[[nodiscard]] std::string pack(const std::vector<std::string>& texts);
[[nodiscard]] std::vector<std::string> unpack(std::string_view bytes);

// What every rank must agree on of a model that it opened, 64 hex digits. contents: contents_of() it.
[[nodiscard]] std::string digest_of(const families::Model& model, const std::string& contents);

}  // namespace zt::pipeline
