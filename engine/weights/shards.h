// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The index of a checkpoint in several files (model.safetensors.index.json): which file holds which
// tensor. Torch-free.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zt::weights {

inline constexpr uint64_t kMaxIndexBytes = 16 << 20;
inline constexpr size_t kMaxShards = 1024;

struct ShardIndex {
    std::vector<std::string> files;            // bare names of the index's own folder, sorted
    std::map<std::string, size_t> weight_map;  // tensor -> index into files
};

// Validates: weight_map is an object of strings, every value a bare file name, at most kMaxShards
// different ones, no tensor twice. `file` starts each message. Throws ZT_ERROR_WEIGHTS.
[[nodiscard]] ShardIndex parse_shard_index(std::string_view text, const std::string& file);

}  // namespace zt::weights
