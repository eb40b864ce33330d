// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Configurations from tensors; see config.h.
#include <algorithm>
#include <array>
#include <string>

#include "core/utf8.h"
#include "families/hunyuan_video/config.h"
#include "families/hunyuan_video/name_map.h"
#include "load/part_checks.h"
#include "load/shapes.h"
#include "weights/checkpoint.h"

namespace zt::hunyuan_video {
namespace {

using load::Shape;
using load::Shapes;
using weights::Checkpoint;

void refuse_other_families(const Checkpoint& file) {
    constexpr std::array<std::string_view, 5> kMarks = {"cond_type_embedding.weight", "vision_in.proj.0.weight",
                                                        "byt5_in.fc1.weight", "time_r_in.mlp.0.weight",
                                                        "time_r_in.in_layer.weight"};
    for (const std::string_view mark : kMarks) {
        for (const weights::CheckpointEntry& entry : file.entries()) {
            if (entry.name == mark || entry.name.ends_with("." + std::string(mark)))
                load::refuse_kind(file, "expected HunyuanVideo 1.0, got a HunyuanVideo 1.5 checkpoint (tensor " +
                                            quote(entry.name) + ")");
        }
    }
}

constexpr const char* kRefiner = "txt_in.individual_token_refiner.blocks.";

}  // namespace

TransformerConfig transformer_config_of(const Checkpoint& file) {
    refuse_other_families(file);
    const Shapes shapes(file, names_of(Part::kTransformer));
    if (!shapes.has(std::string(kRefiner) + "0.norm1.weight"))
        load::refuse_kind(file, "expected a HunyuanVideo transformer, got none (no tensor \"" + std::string(kRefiner) +
                                    "0.norm1.weight\")");
    TransformerConfig c;
    if (const auto architecture = file.text_value("general.architecture"); architecture && *architecture != "hyvid")
        load::refuse_kind(file, "general.architecture: expected \"hyvid\", got " + quote(*architecture));
    const std::string patch = "img_in.proj.weight";
    if (shapes.has(patch) && shapes.at(patch, 5).size() != 5)
        load::refuse_kind(file, "tensor \"img_in.proj.weight\": expected 5 dimensions, got others");
    const Shape& in = shapes.at(patch, 5);
    const int64_t width = in[0];
    c.in_channels = in[1];
    c.patch_t = in[2];
    c.patch = in[3];
    if (c.in_channels == 32) load::refuse_kind(file, "expected 16 or 33 input channels, got 32 (SkyReels)");
    if (c.in_channels != 16 && c.in_channels != 33)
        load::refuse_kind(file, "expected 16 or 33 input channels, got " + std::to_string(c.in_channels));
    c.kind = c.in_channels == 33 ? Kind::kLatentConcat : Kind::kTextToVideo;
    c.layers = shapes.count("double_blocks.");
    c.single_layers = shapes.count("single_blocks.");
    c.refiner_layers = shapes.count(kRefiner);
    const std::string norm = c.layers > 0 ? "double_blocks.0.img_attn_q_norm.weight" : "single_blocks.0.q_norm.weight";
    c.head_dim = shapes.at(norm, 1)[0];
    if (width % c.head_dim != 0 || c.head_dim % 8 != 0)
        load::refuse_kind(file, "tensor " + quote(norm) + ": expected a head size that divides " +
                                    std::to_string(width) + ", got " + std::to_string(c.head_dim));
    c.heads = width / c.head_dim;
    // An eighth of the head for time, rounded up to an even number, the rest for height and width.
    const int64_t time = 2 * ((c.head_dim + 15) / 16);
    c.rope_axes = {time, (c.head_dim - time) / 2, (c.head_dim - time) / 2};
    if (c.rope_axes[1] % 2 != 0)
        load::refuse_kind(file, "tensor " + quote(norm) + ": expected a head size whose rotary parts are known, got " +
                                    std::to_string(c.head_dim));
    if (c.layers > 0)
        c.mlp_ratio =
            static_cast<double>(shapes.at("double_blocks.0.img_mlp.fc1.weight", 2)[0]) / static_cast<double>(width);
    c.out_channels = shapes.at("final_layer.linear.weight", 2)[0] / (c.patch * c.patch * c.patch_t);
    c.guidance_embeds = shapes.has("guidance_in.mlp.0.weight");
    c.text_dim = shapes.at("txt_in.input_embedder.weight", 2)[1];
    c.pooled_dim = shapes.at("vector_in.in_layer.weight", 2)[1];
    if (const TransformerConfig published; width == published.width()) {
        load::check_published(file, "double_blocks.", width, c.layers, published.layers);
        load::check_published(file, "single_blocks.", width, c.single_layers, published.single_layers);
        load::check_published(file, kRefiner, width, c.refiner_layers, published.refiner_layers);
    }
    return c;
}

void check_blocks(const TransformerConfig& config, const Checkpoint& file) {
    const Shapes shapes(file, names_of(Part::kTransformer));
    load::check_count(file, "double_blocks.", shapes.count("double_blocks."), config.layers);
    load::check_count(file, "single_blocks.", shapes.count("single_blocks."), config.single_layers);
    load::check_count(file, kRefiner, shapes.count(kRefiner), config.refiner_layers);
    if (shapes.has("guidance_in.mlp.0.weight") != config.guidance_embeds)
        throw Error(ZT_ERROR_WEIGHTS,
                    file.name() + ": guidance_in: expected " +
                        (config.guidance_embeds ? "tensors (config.json)" : "no tensors (config.json)") + ", got " +
                        (config.guidance_embeds ? "none" : "some"));
}

VaeConfig vae_config_of(const Checkpoint& file) {
    const Shapes shapes(file, names_of(Part::kVae));
    VaeConfig c;
    c.block_out.clear();
    const int64_t stages = shapes.count("decoder.up_blocks.");
    if (stages != 4)
        load::refuse_kind(file, "expected a HunyuanVideo VAE with 4 decoder stages, got " + std::to_string(stages));
    for (int64_t i = 0; i < stages; ++i) {
        const std::string first =
            "decoder.up_blocks." + std::to_string(stages - 1 - i) + ".resnets.0.conv1.conv.weight";
        c.block_out.push_back(shapes.at(first, 5)[0]);
        if (c.block_out.back() % c.norm_groups != 0)
            load::refuse_kind(file, "tensor " + quote(first) +
                                        ": expected a multiple of 32 rows, or a config.json beside the file, got " +
                                        std::to_string(c.block_out.back()));
    }
    c.layers_per_block = 0;
    for (int64_t i = 0; i < stages; ++i)
        c.layers_per_block =
            std::max(c.layers_per_block, shapes.count("decoder.up_blocks." + std::to_string(i) + ".resnets.") - 1);
    if (c.layers_per_block < 1)
        load::refuse_kind(file, "expected at least 2 resnets in a stage of the decoder, got fewer");
    c.latent_channels = shapes.at("post_quant_conv.weight", 5)[0];
    c.image_channels = shapes.at("decoder.conv_out.conv.weight", 5)[0];
    if (c.image_channels != 3)
        load::refuse_kind(
            file, "tensor \"decoder.conv_out.conv.weight\": expected 3 rows, got " + std::to_string(c.image_channels));
    return c;
}

void check_blocks(const VaeConfig& config, const Checkpoint& file) {
    const Shapes shapes(file, names_of(Part::kVae));
    const auto check = [&](const std::string& prefix, int64_t expected) {
        const int64_t got = shapes.count(prefix);
        if (got != expected)
            throw Error(ZT_ERROR_WEIGHTS, file.name() + ": " + prefix + "*: expected " + std::to_string(expected) +
                                              " blocks in every stage, got " + std::to_string(got));
    };
    for (size_t i = 0; i < config.block_out.size(); ++i) {
        check("decoder.up_blocks." + std::to_string(i) + ".resnets.", config.layers_per_block + 1);
        // A VAE for text to video alone may have no encoder.
        if (shapes.count("encoder.down_blocks.") > 0)
            check("encoder.down_blocks." + std::to_string(i) + ".resnets.", config.layers_per_block);
    }
}

}  // namespace zt::hunyuan_video
