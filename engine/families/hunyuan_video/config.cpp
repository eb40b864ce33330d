// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shapes from config.json; see config.h. Keys are those that diffusers 0.42 and transformers 4 and 5
// write; a key that is missing has the default of their class. Those from tensors are in shapes.cpp.
#include "families/hunyuan_video/config.h"

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"
#include "load/config_json.h"

namespace zt::hunyuan_video {
namespace {

Kind kind_of(const json::Field& root) {
    const auto type = root.find("image_condition_type");
    if (!type || type->is_null()) return Kind::kTextToVideo;
    if (type->string() == "token_replace") return Kind::kTokenReplace;
    if (type->string() == "latent_concat") return Kind::kLatentConcat;
    type->refuse("null, \"token_replace\" or \"latent_concat\"");
}

}  // namespace

TransformerConfig parse_transformer_config(std::string_view text, const std::string& file) {
    const load::ConfigJson config(text, file);
    config.check_class("HunyuanVideoTransformer3DModel");
    const json::Field root = config.root();
    TransformerConfig c;
    c.kind = kind_of(root);
    load::read(root, "in_channels", c.in_channels, 1024);
    load::read(root, "out_channels", c.out_channels, 1024);
    load::read(root, "num_attention_heads", c.heads, 1024);
    load::read(root, "attention_head_dim", c.head_dim, 1024);
    load::read(root, "num_layers", c.layers, load::kMaxBlocks, 0);
    load::read(root, "num_single_layers", c.single_layers, load::kMaxBlocks, 0);
    load::read(root, "num_refiner_layers", c.refiner_layers, load::kMaxBlocks, 0);
    load::read(root, "mlp_ratio", c.mlp_ratio, 0.1, 64.0);
    load::read(root, "patch_size", c.patch, 16);
    load::read(root, "patch_size_t", c.patch_t, 16);
    load::read(root, "text_embed_dim", c.text_dim, load::kMaxWidth);
    load::read(root, "pooled_projection_dim", c.pooled_dim, load::kMaxWidth);
    load::read(root, "rope_theta", c.rope_theta, 1.0, 1e9);
    load::demand(root, "qk_norm", "rms_norm");
    if (const auto guidance = root.find("guidance_embeds")) c.guidance_embeds = guidance->boolean();
    if (const auto axes = root.find("rope_axes_dim")) {
        if (axes->size() != c.rope_axes.size()) axes->refuse("three numbers");
        for (size_t i = 0; i < c.rope_axes.size(); ++i)
            c.rope_axes[i] = static_cast<int64_t>(axes->at(i).integer(2, 1024));
    }
    const bool even = std::all_of(c.rope_axes.begin(), c.rope_axes.end(), [](int64_t axis) { return axis % 2 == 0; });
    if (!even || c.rope_axes[0] + c.rope_axes[1] + c.rope_axes[2] != c.head_dim)
        root.at("rope_axes_dim")
            .refuse("three even numbers that sum to attention_head_dim = " + std::to_string(c.head_dim));
    return c;
}

VaeConfig parse_vae_config(std::string_view text, const std::string& file) {
    const load::ConfigJson config(text, file);
    config.check_class("AutoencoderKLHunyuanVideo");
    const json::Field root = config.root();
    VaeConfig c;
    load::read(root, "in_channels", c.image_channels, 3, 3);
    load::read(root, "latent_channels", c.latent_channels, 1024);
    load::read(root, "layers_per_block", c.layers_per_block, 16);
    load::read(root, "norm_num_groups", c.norm_groups, 1024);
    load::read(root, "scaling_factor", c.scaling_factor, 1e-6, 1e6);
    load::read(root, "spatial_compression_ratio", c.spatial_compression, 8, 8);
    load::read(root, "temporal_compression_ratio", c.temporal_compression, 4, 4);
    load::demand(root, "act_fn", "silu");
    load::demand_flag(root, "mid_block_add_attention", true);
    if (const auto widths = root.find("block_out_channels")) {
        if (widths->size() != 4) widths->refuse("four numbers");
        for (size_t i = 0; i < 4; ++i) {
            c.block_out[i] = static_cast<int64_t>(widths->at(i).integer(1, load::kMaxWidth));
            if (c.block_out[i] % c.norm_groups != 0)
                widths->refuse("multiples of norm_num_groups = " + std::to_string(c.norm_groups));
        }
    }
    return c;
}

Kind parse_kind(std::string_view name) {
    for (const Kind kind : {Kind::kTextToVideo, Kind::kTokenReplace, Kind::kLatentConcat})
        if (name == kind_name(kind)) return kind;
    throw Error(ZT_ERROR_ARGUMENT,
                "engine_opts: kind: expected t2v, token_replace or latent_concat, got " + quote(name));
}

std::string_view kind_name(Kind kind) noexcept {
    switch (kind) {
        case Kind::kTextToVideo: return "t2v";
        case Kind::kTokenReplace: return "token_replace";
        case Kind::kLatentConcat: return "latent_concat";
    }
    return "";
}

}  // namespace zt::hunyuan_video
