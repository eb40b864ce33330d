// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How files spell the tensors of the autoencoders: the original numbers the layers of a half on end (2.1) or in two
// levels (2.2), diffusers by what they are. Ours are diffusers' of 2.2.
#include "autoencoders/causal_names.h"

#include <deque>
#include <optional>
#include <string_view>
#include <utility>

namespace zt::autoencoders {
namespace {

using load::NameRow;

constexpr int kStages = 4;
constexpr int kEncoderStage = 3, kDecoderStage = 4;  // layers of a stage: two or three resnets, then the change of size

// One tensor or module of a layer, in ours and in the original's words.
struct Word {
    const char *ours, *original;
    bool bare;
    std::vector<int64_t> shape;
};
const std::vector<Word>& resnet_words() {
    static const auto& words = *new std::vector<Word>{{".norm1.gamma", ".residual.0.gamma", true, {-1, 1, 1, 1}},
                                                      {".conv1", ".residual.2", false, {-1, -1, 3, 3, 3}},
                                                      {".norm2.gamma", ".residual.3.gamma", true, {-1, 1, 1, 1}},
                                                      {".conv2", ".residual.6", false, {-1, -1, 3, 3, 3}},
                                                      {".conv_shortcut", ".shortcut", false, {-1, -1, 1, 1, 1}}};
    return words;
}
const std::vector<Word>& resample_words() {
    static const auto& words = *new std::vector<Word>{{".resample.1", ".resample.1", false, {}},
                                                      {".time_conv", ".time_conv", false, {-1, -1, 3, 1, 1}}};
    return words;
}
const std::vector<Word>& attention_words() {
    static const auto& words = *new std::vector<Word>{
        {".norm.gamma", ".norm.gamma", true, {}}, {".to_qkv", ".to_qkv", false, {}}, {".proj", ".proj", false, {}}};
    return words;
}

class Rows {
public:
    // Adds the words of a layer. originals: its names in the original files; flat: diffusers' other name, or empty.
    void add(const std::vector<Word>& words, const std::string& ours, const std::vector<std::string>& originals,
             const std::string& flat = {}) {
        for (const Word& word : words) {
            NameRow row{.ours = keep(ours + word.ours), .bare = word.bare, .shape = word.shape};
            for (const std::string& original : originals) row.others.push_back(keep(original + word.original));
            if (!flat.empty()) row.others.push_back(keep(flat + word.ours));
            all.push_back(std::move(row));
        }
    }
    void add_half(const std::string& half, bool encoder) {
        add({{".conv_in", ".conv1", false, {-1, -1, 3, 3, 3}},
             {".norm_out.gamma", ".head.0.gamma", true, {-1, 1, 1, 1}},
             {".conv_out", ".head.2", false, {-1, -1, 3, 3, 3}}},
            half, {half});
        add(resnet_words(), half + ".mid_block.resnets.0", {half + ".middle.0"});
        add(attention_words(), half + ".mid_block.attentions.0", {half + ".middle.1"});
        add(resnet_words(), half + ".mid_block.resnets.1", {half + ".middle.2"});
        const int per = encoder ? kEncoderStage : kDecoderStage;
        const std::string list = encoder ? ".downsamples." : ".upsamples.",
                          stages = half + (encoder ? ".down_blocks." : ".up_blocks.");
        for (int stage = 0; stage < kStages; ++stage) {
            const std::string number = std::to_string(stage), ours = stages + number;
            for (int layer = 0; layer < per; ++layer) {
                const std::string on_end = std::to_string(per * stage + layer);
                const std::vector<std::string> originals = {half + list + number + list + std::to_string(layer),
                                                            half + list + on_end};
                const std::string flat = encoder ? stages + on_end : std::string();  // 2.1
                if (layer + 1 < per)
                    add(resnet_words(), ours + ".resnets." + std::to_string(layer), originals, flat);
                else if (stage + 1 < kStages)
                    add(resample_words(), ours + (encoder ? ".downsampler" : ".upsampler"), originals,
                        encoder ? flat : ours + ".upsamplers.0");
            }
        }
    }
    std::vector<NameRow> all;

private:
    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
    std::deque<std::string>& texts_ = *new std::deque<std::string>;  // never destroyed, as the table
};

// "<half>.<list>.<stage>.<layer of it>"
struct Place {
    bool encoder, resnet;
    size_t stage;
};
std::optional<Place> place_of(std::string_view ours) {
    for (const bool encoder : {true, false}) {
        const std::string_view start = encoder ? "encoder.down_blocks." : "decoder.up_blocks.";
        if (!ours.starts_with(start)) continue;
        const std::string_view rest = ours.substr(start.size());
        return Place{encoder, rest.substr(1).starts_with(".resnets."), static_cast<size_t>(rest[0] - '0')};
    }
    return std::nullopt;
}

}  // namespace

const load::TableNames& vae_names() {
    static const auto& names = *[] {  // never destroyed: a session may end after static destructors have run
        Rows rows;
        rows.add_half("encoder", true);
        rows.add_half("decoder", false);
        rows.all.push_back({.ours = "quant_conv", .others = {"conv1"}, .shape = {-1, -1, 1, 1, 1}});
        rows.all.push_back({.ours = "post_quant_conv", .others = {"conv2"}, .shape = {-1, -1, 1, 1, 1}});
        return new load::TableNames({.title = "a causal video autoencoder",
                                     .rows = std::move(rows.all),
                                     .prefixes = {"first_stage_model.", "vae.", "model."},
                                     .lists = {},
                                     .alone = true});
    }();
    return names;
}

std::vector<std::string> vae_tensors(const VaeConfig& c) {
    return vae_names().tensors([&](std::string_view ours) -> int64_t {
        const auto place = place_of(ours);
        if (!place) return ours.ends_with(".conv_shortcut") ? 0 : 1;  // the middle keeps its width
        const auto& mult = c.dim_mult;
        if (ours.ends_with(".time_conv"))
            return c.temporal_downsample[place->encoder ? place->stage : mult.size() - 2 - place->stage] ? 1 : 0;
        if (!ours.ends_with(".conv_shortcut")) return 1;
        if (!ours.ends_with(".resnets.0.conv_shortcut")) return 0;
        const size_t stage = place->stage, last = mult.size() - 1;
        if (place->encoder) return mult[stage] != (stage == 0 ? 1 : mult[stage - 1]) ? 1 : 0;
        if (stage == 0) return 0;
        const int64_t in = c.decoder_base_dim * mult[last + 1 - stage];
        return (c.is_residual ? in : in / 2) != c.decoder_base_dim * mult[last - stage] ? 1 : 0;
    });
}

}  // namespace zt::autoencoders
