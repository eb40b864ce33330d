// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a key of a LoRA file belongs to. Spellings in circulation:
//
//   diffusers             transformer.<diffusers module>.lora_{A,B}.weight; a named adapter: .lora_A.<name>.weight
//   older diffusers       transformer.<diffusers module>.lora.{down,up}.weight
//   PEFT                  base_model.model.[transformer.]<diffusers module>.lora_{A,B}.weight, alpha in a file beside
//   original names        [diffusion_model.|transformer.]<original module>.lora_{A,B}.weight
//   ComfyUI, FastVideo    diffusion_model.<ComfyUI module>.lora_{down,up}.weight, .alpha, .diff, .diff_b
//   lightx2v              the same, and .diff_m of a block or the head: of its tensor "modulation"
//   musubi-tuner, kohya   lora_unet_<module with _ for .>.lora_{down,up}.weight, .alpha
//   OneTrainer            lora_transformer_<module with _ for .>.lora_{down,up}.weight, .alpha
//   a family's own        <its prefix><module with _ for .>.lora_{down,up}.weight, .alpha
//   LyCORIS               lycoris_<module with _ for .>, or any of the above, with .hada_* (LoHa) or .lokr_* (LoKr)
//
// Names with underscores are looked up in the flattened list of all modules, never parsed. Torch-free.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "load/part_names.h"

namespace zt::load {

// What a key's tensor is. LoRA: the change is up * down. LoHa: (w1_a * w1_b) times (w2_a * w2_b), element by
// element. LoKr: the Kronecker product of w1 and w2, either of which may be given as a product a * b.
// clang-format off
enum class LoraRole : uint8_t {
    kDown, kUp, kAlpha, kDiff, kDiffBias,
    kHadaW1A, kHadaW1B, kHadaW2A, kHadaW2B,
    kLokrW1, kLokrW1A, kLokrW1B, kLokrW2, kLokrW2A, kLokrW2B,
    kUnread                   // of a kind of adapter that is known, and refused
};
// clang-format on
inline constexpr size_t kLoraRoles = static_cast<size_t>(LoraRole::kUnread);  // those that are read

struct LoraKey {
    Placed placed;        // our module, piece and row order; leaf empty
    std::string stem;     // the key without its last parts: what belongs together has the same
    std::string module;   // the stem without the file's prefix: what patterns of a configuration are about
    std::string adapter;  // its name, where a file tells; mostly empty
    LoraRole role = LoraRole::kDown;
    std::string_view kind;  // kUnread: "DoRA (weight decomposition)"
    bool peft = false;      // in the spelling of PEFT's own files, whose alpha is in another file
};

// Immutable, thread-safe.
class LoraNames {
public:
    // spellings: of all modules of the model. flat_prefixes: of the family's own, beside those above.
    LoraNames(const std::vector<Spelled>& spellings, const std::vector<std::string_view>& flat_prefixes);
    // Nothing for a key that is no part of such a model.
    [[nodiscard]] std::optional<LoraKey> resolve(std::string_view key) const;

private:
    std::unordered_map<std::string, Placed> dotted_, flat_;
    std::vector<std::string_view> flat_prefixes_;
};

// PEFT's rank and alpha, with patterns per module. Nothing where the text has none.
struct PeftConfig {
    std::optional<double> alpha, rank;
    bool rank_stabilized = false;                                         // scale alpha / sqrt(rank)
    std::unordered_map<std::string, double> alpha_pattern, rank_pattern;  // by the end of the module's name

    [[nodiscard]] std::optional<double> alpha_of(std::string_view module) const;
    [[nodiscard]] std::optional<double> rank_of(std::string_view module) const;
};
// The text of "lora_adapter_metadata" in the header of diffusers' files. Throws WEIGHTS, UNSUPPORTED.
// network: what diffusers' pipelines call the transformer that is meant.
[[nodiscard]] PeftConfig parse_peft_metadata(std::string_view text, const std::string& file,
                                             const std::string& network = "transformer");
// The text of adapter_config.json in PEFT's own folders. Throws WEIGHTS, UNSUPPORTED.
[[nodiscard]] PeftConfig parse_peft_config(std::string_view text, const std::string& file);

}  // namespace zt::load
