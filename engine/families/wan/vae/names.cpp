// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How files spell the tensors of the autoencoders: the original numbers the layers of a half on end (2.1) or in two
// levels (2.2), diffusers by what they are. Ours are diffusers' of 2.2.
#include "families/wan/vae/names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace zt::wan {
namespace {

using load::Placed;

constexpr int64_t kEncoderStage = 3,
                  kDecoderStage = 4;  // layers of a stage: two or three resnets, then the change of size

// Takes "<number>." off the front.
std::optional<int64_t> take_number(std::string_view& name) {
    const size_t dot = name.find('.');
    int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + std::min(dot, name.size()), number);
    if (dot == name.npos || error != std::errc() || end != name.data() + dot || dot > 3 || number < 0)
        return std::nullopt;
    name.remove_prefix(dot + 1);
    return number;
}
bool take(std::string_view& name, std::string_view what) {
    if (!name.starts_with(what)) return false;
    name.remove_prefix(what.size());
    return true;
}

// What stands after a resnet's name.
std::string resnet_part(std::string_view part) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kParts = {
        {{"residual.0.gamma", "norm1.gamma"},
         {"residual.2.", "conv1."},
         {"residual.3.gamma", "norm2.gamma"},
         {"residual.6.", "conv2."},
         {"shortcut.", "conv_shortcut."}}};
    for (const auto& [original, ours] : kParts)
        if (part == original || (original.ends_with('.') && part.starts_with(original)))
            return std::string(ours) + std::string(part.substr(original.size()));
    return std::string(part);
}

std::string layer_name(bool encoder, int64_t stage, int64_t layer, std::string_view part) {
    const std::string name = (encoder ? "encoder.down_blocks." : "decoder.up_blocks.") + std::to_string(stage);
    if (layer == (encoder ? kEncoderStage : kDecoderStage) - 1)
        return name + (encoder ? ".downsampler." : ".upsampler.") + std::string(part);
    return name + ".resnets." + std::to_string(layer) + "." + resnet_part(part);
}

// Layers of the stages, in any spelling; empty for another name.
std::string stage_name(bool encoder, std::string_view rest) {
    const std::string_view list = encoder ? "downsamples." : "upsamples.";
    if (take(rest, list)) {
        const auto first = take_number(rest);
        if (!first) return {};
        if (take(rest, list)) {
            const auto layer = take_number(rest);
            return layer ? layer_name(encoder, *first, *layer, rest) : std::string();
        }
        const int64_t per = encoder ? kEncoderStage : kDecoderStage;
        return layer_name(encoder, *first / per, *first % per, rest);
    }
    if (!take(rest, encoder ? "down_blocks." : "up_blocks.")) return {};
    const auto stage = take_number(rest);
    if (!stage) return {};
    const std::string name = (encoder ? "encoder.down_blocks." : "decoder.up_blocks.") + std::to_string(*stage) + ".";
    if (rest.starts_with("resnets.") || rest.starts_with("downsampler.") || rest.starts_with("upsampler."))
        return name + std::string(rest);
    if (take(rest, "upsamplers.0.")) return name + "upsampler." + std::string(rest);
    return encoder ? layer_name(true, *stage / kEncoderStage, *stage % kEncoderStage, rest)
                   : std::string();  // diffusers' 2.1 numbers the encoder on end
}

std::string half_name(bool encoder, std::string_view rest) {
    const std::string half = encoder ? "encoder." : "decoder.";
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEnds = {
        {{"conv1.", "conv_in."},
         {"head.0.gamma", "norm_out.gamma"},
         {"head.2.", "conv_out."},
         {"middle.1.", "mid_block.attentions.0."},
         {"middle.0.", "mid_block.resnets.0."},
         {"middle.2.", "mid_block.resnets.1."}}};
    for (const auto& [original, ours] : kEnds) {
        if (rest != original && !(original.ends_with('.') && rest.starts_with(original))) continue;
        const std::string_view part = rest.substr(original.size());
        const bool resnet = original == "middle.0." || original == "middle.2.";
        return half + std::string(ours) + (resnet ? resnet_part(part) : std::string(part));
    }
    if (const std::string stage = stage_name(encoder, rest); !stage.empty()) return stage;
    for (const std::string_view known : {"conv_in.", "conv_out.", "norm_out.gamma", "mid_block."})
        if (rest.starts_with(known)) return half + std::string(rest);
    return {};
}

class VaeNames final : public load::PartNames {
public:
    [[nodiscard]] std::string_view title() const noexcept override { return "a Wan VAE"; }
    [[nodiscard]] std::optional<Placed> place(std::string_view name) const override {
        take(name, "vae.");
        std::string ours;
        if (std::string_view rest = name; take(rest, "encoder."))
            ours = half_name(true, rest);
        else if (take(rest, "decoder."))
            ours = half_name(false, rest);
        else if (name.starts_with("quant_conv.") || name.starts_with("post_quant_conv."))
            ours = name;
        else if (take(rest, "conv1."))
            ours = "quant_conv." + std::string(rest);
        else if (take(rest, "conv2."))
            ours = "post_quant_conv." + std::string(rest);
        if (ours.ends_with(".gamma")) return Placed{std::move(ours), {}};
        const size_t dot = ours.rfind('.');
        if (dot == ours.npos) return std::nullopt;
        const std::string leaf = ours.substr(dot + 1);
        if (leaf != "weight" && leaf != "bias") return std::nullopt;
        return Placed{ours.substr(0, dot), leaf};
    }
    [[nodiscard]] bool is_ignored(std::string_view name) const override { return name == "scaled_fp8"; }
};

}  // namespace

const load::PartNames& vae_names() {
    static const auto& names = *new VaeNames;  // never destroyed: a session may end after static destructors have run
    return names;
}

}  // namespace zt::wan
