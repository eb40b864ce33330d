// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See names.h.
#include "families/minimax_h3/audio_vae/names.h"

#include <deque>
#include <string_view>

#include "weights/checkpoint.h"

namespace zt::minimax_h3 {
namespace {

using load::NameRow;

constexpr const char* kDirection = ".weight_v";
constexpr const char* kLength = ".weight_g";

class Rows {
public:
    // A convolution in both forms. bias: it has one.
    void add_convolution(const std::string& name, bool bias = true) {
        all.push_back({.ours = keep(name), .bias = bias});
        for (const char* leaf : {kDirection, kLength}) all.push_back({.ours = keep(name + leaf), .bare = true});
    }
    void add_snake(const std::string& name) {
        for (const char* leaf : {".act.alpha", ".act.beta"})
            all.push_back({.ours = keep(name + leaf), .bare = true, .shape = {-1}});
    }
    std::vector<NameRow> all;

private:
    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
    std::deque<std::string>& texts_ = *new std::deque<std::string>;  // never destroyed, as the table
};

std::string numbered(const std::string& name, size_t i) { return name + std::to_string(i); }

}  // namespace

const load::TableNames& audio_vae_names() {
    static const auto& names = *[] {  // never destroyed: a session may end after static destructors have run
        Rows rows;
        rows.all.push_back({"dec_in_proj"});
        rows.add_convolution("decoder.conv_pre");
        rows.add_convolution("decoder.ups.{}.0");
        for (size_t i = 0; i < kMostDilations; i++) {
            rows.add_convolution(numbered("decoder.resblocks.{}.convs1.", i));
            rows.add_convolution(numbered("decoder.resblocks.{}.convs2.", i));
        }
        for (size_t i = 0; i < 2 * kMostDilations; i++)
            rows.add_snake(numbered("decoder.resblocks.{}.activations.", i));
        rows.add_snake("decoder.activation_post");
        rows.add_convolution("decoder.conv_post", false);
        return new load::TableNames({
            .title = "an audio VAE of MiniMax-H3",
            .rows = std::move(rows.all),
            .prefixes = {"first_stage_model.", "audio_vae.", "model."},
            .lists = {"ups", "resblocks"},
            .ignored = {".filter"},  // of resampling, which follow from formulas (nn/alias_free.h)
            .alone = true,
            // The half that encodes, which nothing here reads; the statistics, which are the configuration's.
            .unused = {"encoder.", "pre_block.", "mean_proj.", "logs_proj.", "latents_mean", "latents_std"},
        });
    }();
    return names;
}

bool is_folded(const weights::Checkpoint& file) {
    for (const weights::CheckpointEntry& entry : file.entries())
        if (const auto placed = audio_vae_names().place(entry.name);
            placed && placed->name() == std::string("decoder.conv_pre") + kDirection)
            return false;
    return true;
}

std::vector<std::string> audio_vae_tensors(const AudioVaeConfig& c, bool folded) {
    std::vector<std::string> all = {"dec_in_proj.weight", "dec_in_proj.bias"};
    const auto convolution = [&](const std::string& name, bool bias = true) {
        if (folded) {
            all.push_back(name + ".weight");
        } else {
            all.push_back(name + kDirection);
            all.push_back(name + kLength);
        }
        if (bias) all.push_back(name + ".bias");
    };
    const auto snake = [&](const std::string& name) {
        all.push_back(name + ".act.alpha");
        all.push_back(name + ".act.beta");
    };
    convolution("decoder.conv_pre");
    for (size_t stage = 0; stage < c.rates.size(); stage++) {
        convolution(numbered("decoder.ups.", stage) + ".0");
        for (size_t k = 0; k < c.block_kernels.size(); k++) {
            const std::string block = numbered("decoder.resblocks.", stage * c.block_kernels.size() + k);
            for (size_t d = 0; d < c.dilations[k].size(); d++) {
                convolution(numbered(block + ".convs1.", d));
                convolution(numbered(block + ".convs2.", d));
                snake(numbered(block + ".activations.", 2 * d));
                snake(numbered(block + ".activations.", 2 * d + 1));
            }
        }
    }
    snake("decoder.activation_post");
    convolution("decoder.conv_post", false);
    return all;
}

}  // namespace zt::minimax_h3
