// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See latent_statistics.h.
#include "families/minimax_h3/latent_statistics.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string>

#include "core/error.h"
#include "core/utf8.h"
#include "weights/checkpoint.h"
#include "weights/gguf_blocks.h"

namespace zt::minimax_h3 {
namespace {

bool sound(float value, bool spread) { return std::isfinite(value) && (!spread || value > 0); }

void read_list(const json::Field& config, const char* key, int64_t channels, bool spread, std::vector<float>& out) {
    const auto list = config.find(key);
    if (!list || list->is_null()) {
        if (static_cast<int64_t>(out.size()) != channels)
            config.at(key).refuse(std::to_string(channels) + " numbers, one for each latent channel");
        return;
    }
    if (static_cast<int64_t>(list->size()) != channels)
        list->refuse(std::to_string(channels) + " numbers, one for each latent channel");
    out.clear();
    for (size_t i = 0; i < list->size(); i++) {
        const auto value = static_cast<float>(list->at(i).number());
        if (!sound(value, spread)) list->at(i).refuse(spread ? "a number above 0" : "a finite number");
        out.push_back(value);
    }
}

float number_at(const std::vector<std::byte>& bytes, size_t i, weights::Dtype type) {
    if (type == weights::Dtype::kF32) {
        float value = 0;
        std::memcpy(&value, bytes.data() + 4 * i, 4);
        return value;
    }
    uint16_t half = 0;
    std::memcpy(&half, bytes.data() + 2 * i, 2);
    return type == weights::Dtype::kF16 ? weights::half_to_float(half)
                                        : std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
}

void read_tensor(const weights::Checkpoint& file, const char* name, int64_t channels, bool spread,
                 std::vector<float>& out) {
    const weights::CheckpointEntry* entry = file.find(name);
    if (entry == nullptr) return;
    const auto refuse = [&](const std::string& expected, const std::string& got) {
        throw Error(ZT_ERROR_WEIGHTS,
                    file.name() + ": tensor " + quote(name) + ": expected " + expected + ", got " + got);
    };
    using weights::Dtype;
    const bool known = entry->encoding == weights::Encoding::kDense &&
                       (entry->dtype == Dtype::kF32 || entry->dtype == Dtype::kF16 || entry->dtype == Dtype::kBF16);
    const uint64_t each = known && entry->dtype == Dtype::kF32 ? 4 : 2;
    if (!known) refuse("F32, F16 or BF16", entry->type_name());
    if (entry->size_bytes != each * static_cast<uint64_t>(channels))
        refuse(std::to_string(channels) + " numbers", std::to_string(entry->size_bytes / each));
    std::vector<std::byte> bytes(entry->size_bytes);
    file.read(*entry, 0, bytes);
    out.clear();
    for (size_t i = 0; i < static_cast<size_t>(channels); i++) {
        out.push_back(number_at(bytes, i, entry->dtype));
        if (!sound(out.back(), spread)) refuse(spread ? "numbers above 0" : "finite numbers", "another");
    }
}

}  // namespace

void read_statistics(const json::Field& config, int64_t channels, std::vector<float>& mean, std::vector<float>& std) {
    read_list(config, "latents_mean", channels, false, mean);
    read_list(config, "latents_std", channels, true, std);
}

void read_statistics(const weights::Checkpoint& file, int64_t channels, std::vector<float>& mean,
                     std::vector<float>& std) {
    read_tensor(file, "latents_mean", channels, false, mean);
    read_tensor(file, "latents_std", channels, true, std);
}

}  // namespace zt::minimax_h3
