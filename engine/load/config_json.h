// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A config.json as the classes of diffusers and transformers write it, read key by key. Torch-free. Errors are
// ZT_ERROR_WEIGHTS and name file and key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.h"

namespace zt::load {

// Ranges: far above any published model, small enough that products stay far below 2^63.
inline constexpr uint64_t kMaxWidth = 65'536, kMaxBlocks = 1024, kMaxVocabulary = 4'000'000;

// A parsed text and where to look in it. file: in messages. Throws ZT_ERROR_UNSUPPORTED where it says that numbers are
// packed in a way that files do not tell by themselves.
class ConfigJson {
public:
    ConfigJson(std::string_view text, const std::string& file);
    [[nodiscard]] json::Field root() const { return {value_, origin_}; }
    // Of a part of a larger model its own object, "text_config"; the whole where there is none.
    [[nodiscard]] json::Field section(std::string_view key) const { return root().find(key).value_or(root()); }
    // Throws ZT_ERROR_UNSUPPORTED where "_class_name" says another class.
    void check_class(std::string_view wanted) const;

private:
    json::Origin origin_;
    json::Value value_;
};

// A key that is not there, or null, leaves what `out` holds.
void read(const json::Field& from, std::string_view key, int64_t& out, uint64_t most, uint64_t least = 1);
void read(const json::Field& from, std::string_view key, double& out, double least, double most);
// A setting of which only one value is computed; one that is not there has that value.
void demand(const json::Field& from, std::string_view key, std::string_view value);
void demand_flag(const json::Field& from, std::string_view key, bool value);
void demand_number(const json::Field& from, std::string_view key, double value);
[[nodiscard]] bool flag_of(const json::Field& from, std::string_view key, bool otherwise);

}  // namespace zt::load
