// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See names.h. Of the fused matrices of a block the original files go by head (query, key, value of one, then of the
// next) and have the gate of the gated unit first, diffusers the value; ours are as diffusers has them, queries, keys
// and values in one matrix.
#include "families/minimax_h3/video_vae/names.h"

#include <deque>

#include "families/minimax_h3/video_vae/plan.h"
#include "load/part_checks.h"

namespace zt::minimax_h3 {
namespace {

using load::NameRow;
using load::RowOrder;

constexpr const char* kLevel = "encoder.down_blocks.{}";
constexpr const char* kResnetModules[] = {"norm1", "conv1", "norm2", "conv2"};

std::string resnet_name(const std::string& level, int64_t number) {
    return level + ".resnets." + std::to_string(number);
}

// Rows of the resnets of a level; the texts live as long as the table, which is for ever.
void add_resnets(std::vector<NameRow>& rows) {
    static auto& texts = *new std::deque<std::string>;
    const auto keep = [&](std::string text) -> std::string_view { return texts.emplace_back(std::move(text)); };
    for (int64_t i = 0; i < kMostResnets; i++) {
        const std::string ours = resnet_name(kLevel, i), original = "encoder.down.{}.block." + std::to_string(i);
        for (const char* module : kResnetModules)
            rows.push_back({.ours = keep(ours + "." + module), .others = {keep(original + "." + module)}});
        rows.push_back({.ours = keep(ours + ".conv_shortcut"),
                        .others = {keep(original + ".nin_shortcut")},
                        .shape = {-1, -1, 1, 1, 1}});
    }
    rows.push_back(
        {.ours = "encoder.down_blocks.{}.downsamplers.0.conv", .others = {"encoder.down.{}.downsample.conv"}});
}

}  // namespace

const load::TableNames& video_vae_names() {
    static const auto& names = *[] {  // never destroyed: a session may end after static destructors have run
        std::vector<NameRow> rows = {
            {"encoder.conv_in"},
            {"encoder.norm_out"},
            {"encoder.conv_out"},
            {.ours = "quant_conv", .shape = {-1, -1, 1, 1, 1}},
            {.ours = "post_quant_conv", .shape = {-1, -1, 1, 1, 1}},
            {"decoder.proj_in", {"decoder.x_embedder"}},
            {.ours = "decoder.register_tokens", .bare = true, .shape = {1, -1, -1}},
            {.ours = "decoder.blocks.{}.norm1", .others = {"decoder.transformer_blocks.{}.norm1"}, .bias = false},
            {.ours = "decoder.blocks.{}.norm2", .others = {"decoder.transformer_blocks.{}.norm2"}, .bias = false},
            {.ours = "decoder.blocks.{}.scale1", .others = {"decoder.transformer_blocks.{}.scale1"}, .bare = true},
            {.ours = "decoder.blocks.{}.scale2", .others = {"decoder.transformer_blocks.{}.scale2"}, .bare = true},
            {"decoder.blocks.{}.qkv",
             {"decoder.transformer_blocks.{}.attn.to_q,attn.to_k,attn.to_v",
              "decoder.transformer_blocks.{}.attn.to_qkv"},
             RowOrder::kPerHead},
            {"decoder.blocks.{}.out",
             {"decoder.transformer_blocks.{}.attn.to_out.0", "decoder.transformer_blocks.{}.attn.to_out"}},
            {"decoder.blocks.{}.ff_in",
             {"decoder.transformer_blocks.{}.ff.net.0.proj", "decoder.transformer_blocks.{}.ff.w1"},
             RowOrder::kSwapHalves},
            {"decoder.blocks.{}.ff_out",
             {"decoder.transformer_blocks.{}.ff.net.2", "decoder.transformer_blocks.{}.ff.w2"}},
            {"decoder.norm_out"},
            {"decoder.proj_out"},
        };
        add_resnets(rows);
        return new load::TableNames({
            .title = "a video VAE of MiniMax-H3",
            .rows = std::move(rows),
            .prefixes = {"first_stage_model.", "vae.", "model."},
            .lists = {"down_blocks", "down", "transformer_blocks", "blocks"},
            .alone = true,
            .blocks = {"decoder.blocks."},
            // Zeros that only training read; the statistics, which are the configuration's (latent_statistics.h).
            .unused = {"decoder.mask_token", "latents_mean", "latents_std"},
        });
    }();
    return names;
}

std::vector<std::string> video_vae_tensors(const VideoVaeConfig& c) {
    std::vector<std::string> all;
    for (const char* module : {"encoder.conv_in", "encoder.norm_out", "encoder.conv_out", "quant_conv",
                               "post_quant_conv", "decoder.proj_in", "decoder.norm_out", "decoder.proj_out"})
        load::add_tensors(module, 1, true, all);
    int64_t in = c.block_out.front();
    for (size_t i = 0; i < c.block_out.size(); in = c.block_out[i++]) {
        const std::string level = load::with_number(kLevel, std::to_string(i));
        for (int64_t k = 0; k < c.layers_per_block; k++) {
            for (const char* module : kResnetModules)
                load::add_tensors(resnet_name(level, k) + "." + module, 1, true, all);
            if (k == 0 && in != c.block_out[i])
                load::add_tensors(resnet_name(level, k) + ".conv_shortcut", 1, true, all);
        }
        if (c.space_down[i] * c.time_down[i] > 1) load::add_tensors(level + ".downsamplers.0.conv", 1, true, all);
    }
    all.emplace_back("decoder.register_tokens");
    for (const char* norm : {"norm1", "norm2"})
        load::add_tensors(std::string("decoder.blocks.{}.") + norm, c.layers, false, all);
    for (const char* linear : {"qkv", "out", "ff_in", "ff_out"})
        load::add_tensors(std::string("decoder.blocks.{}.") + linear, c.layers, true, all);
    for (int64_t i = 0; i < c.layers; i++)
        for (const char* scale : {"scale1", "scale2"})
            all.push_back("decoder.blocks." + std::to_string(i) + "." + scale);
    return all;
}

bool is_of_video_decoder(std::string_view ours) {
    return ours.starts_with("decoder.") || ours.starts_with("post_quant_conv.");
}

}  // namespace zt::minimax_h3
