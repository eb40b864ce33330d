// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a key of a LoRA file belongs to. Spellings in circulation:
//
//   diffusers, PEFT       transformer.<diffusers module>.lora_{A,B}.weight
//   original names        [diffusion_model.|transformer.]<original module>.lora_{A,B}.weight
//   ComfyUI, FastVideo    diffusion_model.<ComfyUI module>.lora_{down,up}.weight, .alpha, .diff, .diff_b
//   musubi-tuner, kohya   lora_unet_<module with _ for .>.lora_{down,up}.weight, .alpha
//   I2V trainer           Hunyuan_video_I2V_lora_<module with _ for .>.lora_{down,up}.weight, .alpha
//
// Names with underscores are looked up in the flattened list of all modules, never parsed. Torch-free.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "families/hunyuan_video/name_map.h"

namespace zt::hunyuan_video {

enum class LoraRole : uint8_t { kDown, kUp, kAlpha, kDiff, kDiffBias, kDora };

struct LoraKey {
    Placed placed;            // our module, piece and row order; leaf empty
    std::string stem;         // the key without its last parts: what belongs together has the same
    LoraRole role = LoraRole::kDown;
};

// Immutable, thread-safe.
class LoraNames {
public:
    LoraNames(int64_t layers, int64_t single_layers, int64_t refiner_layers);
    // Nothing for a key that is no part of such a model.
    [[nodiscard]] std::optional<LoraKey> resolve(std::string_view key) const;

private:
    std::unordered_map<std::string, Placed> dotted_, flat_;
};

// PEFT's alpha of a module from the header's "lora_adapter_metadata": rank and alpha, with patterns
// per module. Nothing when the text has none for the transformer.
struct PeftConfig {
    std::optional<double> alpha;
    bool rank_stabilized = false;                               // scale alpha / sqrt(rank)
    std::unordered_map<std::string, double> alpha_pattern;      // by the end of the module's name

    [[nodiscard]] std::optional<double> alpha_of(std::string_view module) const;
};
[[nodiscard]] PeftConfig parse_peft_metadata(std::string_view text, const std::string& file);

}  // namespace zt::hunyuan_video
