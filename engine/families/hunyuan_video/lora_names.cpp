// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Keys of LoRA files; see lora_names.h.
#include "families/hunyuan_video/lora_names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/json.h"

namespace zt::hunyuan_video {
namespace {

struct Ending {
    std::string_view text;
    LoraRole role;
};
// ".weight" of newer PEFT files may carry the adapter's name before it.
constexpr std::array<Ending, 12> kEndings = {{
    {".lora_A.weight", LoraRole::kDown}, {".lora_B.weight", LoraRole::kUp},
    {".lora_A.default.weight", LoraRole::kDown}, {".lora_B.default.weight", LoraRole::kUp},
    {".lora_down.weight", LoraRole::kDown}, {".lora_up.weight", LoraRole::kUp},
    {".alpha", LoraRole::kAlpha}, {".diff", LoraRole::kDiff}, {".diff_b", LoraRole::kDiffBias},
    {".dora_scale", LoraRole::kDora}, {".lora_magnitude_vector", LoraRole::kDora}, {".lora_magnitude_vector.weight", LoraRole::kDora},
}};
constexpr std::array<std::string_view, 3> kDottedPrefixes = {"transformer.", "diffusion_model.", ""};
constexpr std::array<std::string_view, 2> kFlatPrefixes = {"lora_unet_", "Hunyuan_video_I2V_lora_"};

std::string flattened(std::string text) {
    std::replace(text.begin(), text.end(), '.', '_');
    return text;
}

}  // namespace

LoraNames::LoraNames(int64_t layers, int64_t single_layers, int64_t refiner_layers) {
    for (Spelled& s : all_spellings(layers, single_layers, refiner_layers)) {
        flat_.emplace(flattened(s.spelling), s.placed);
        dotted_.emplace(std::move(s.spelling), std::move(s.placed));
    }
}

std::optional<LoraKey> LoraNames::resolve(std::string_view key) const {
    for (const Ending& ending : kEndings) {
        if (!key.ends_with(ending.text)) continue;
        const std::string stem(key.substr(0, key.size() - ending.text.size()));
        for (const std::string_view prefix : kFlatPrefixes) {
            if (!stem.starts_with(prefix)) continue;
            const auto found = flat_.find(stem.substr(prefix.size()));
            if (found != flat_.end()) return LoraKey{found->second, stem, ending.role};
        }
        for (const std::string_view prefix : kDottedPrefixes) {
            if (!stem.starts_with(prefix)) continue;
            const auto found = dotted_.find(stem.substr(prefix.size()));
            if (found != dotted_.end()) return LoraKey{found->second, stem, ending.role};
        }
    }
    return std::nullopt;
}

std::optional<double> PeftConfig::alpha_of(std::string_view module) const {
    for (const auto& [pattern, value] : alpha_pattern) {
        const bool whole = module == pattern;
        const bool end = module.size() > pattern.size() && module.ends_with(pattern) && module[module.size() - pattern.size() - 1] == '.';
        if (whole || end) return value;
    }
    return alpha;
}

PeftConfig parse_peft_metadata(std::string_view text, const std::string& file) {
    const json::Origin origin{file + ": lora_adapter_metadata", ZT_ERROR_WEIGHTS};
    const json::Value value = json::parse_value(text, {}, origin);
    const json::Field root(value, origin);
    PeftConfig config;
    constexpr std::string_view kPrefix = "transformer.";
    for (const std::string_view key : root.keys()) {
        if (!key.starts_with(kPrefix)) continue;
        const std::string_view name = key.substr(kPrefix.size());
        const json::Field field = root.at(key);
        if (name == "lora_alpha") config.alpha = field.number();
        if (name == "use_rslora") config.rank_stabilized = field.boolean();
        if (name == "use_dora" && field.boolean())
            throw Error(ZT_ERROR_UNSUPPORTED, file + ": expected a LoRA without DoRA (weight decomposition), got one with it");
        if (name == "alpha_pattern" && std::holds_alternative<json::Value::Object>(field.value().data))
            for (const std::string_view module : field.keys()) config.alpha_pattern.emplace(module, field.at(module).number());
    }
    return config;
}

}  // namespace zt::hunyuan_video
