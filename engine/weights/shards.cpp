// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reader of shard indexes; see shards.h.
#include "weights/shards.h"

#include <variant>

#include "core/file.h"
#include "core/json.h"

namespace zt::weights {

ShardIndex parse_shard_index(std::string_view text, const std::string& file) {
    constexpr json::Limits kLimits = {.bytes = kMaxIndexBytes, .depth = 8, .values = 400'000, .string_bytes = 4096};
    const json::Origin origin{file, ZT_ERROR_WEIGHTS};
    const json::Value root = json::parse_value(text, kLimits, origin);
    const json::Field map = json::Field(root, origin).at("weight_map");
    const auto* members = std::get_if<json::Value::Object>(&map.value().data);
    if (members == nullptr) map.refuse("an object");
    if (members->empty()) map.refuse_key("at least one tensor", "none");
    std::map<std::string, size_t> files;
    for (const auto& [tensor, value] : *members) {
        const auto* name = std::get_if<std::string>(&value.data);
        if (name == nullptr) map.at(tensor).refuse("a file name in this folder");
        if (!is_bare_file_name(*name)) map.refuse_key("a file name in this folder", *name);
        files.emplace(*name, 0);
        if (files.size() > kMaxShards) map.refuse_key("at most " + std::to_string(kMaxShards) + " files", "more");
    }
    ShardIndex index;
    for (auto& [name, number] : files) {
        number = index.files.size();
        index.files.push_back(name);
    }
    for (const auto& [tensor, value] : *members)
        index.weight_map.emplace(tensor, files.at(std::get<std::string>(value.data)));
    return index;
}

}  // namespace zt::weights
