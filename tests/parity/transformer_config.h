// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A transformer's configuration from the options of a stage.
#pragma once

#include <sstream>
#include <string>

#include "families/hunyuan_video/transformer/transformer.h"
#include "stage.h"

namespace zt::parity {

inline int64_t number(const Case& c, const std::string& name) { return std::stoll(c.option(name)); }

inline at::ScalarType type_of(const Case& c) { return c.option("type") == "bf16" ? at::kBFloat16 : at::kFloat; }

inline hunyuan_video::TransformerConfig config_of(const Case& c) {
    using hunyuan_video::Kind;
    hunyuan_video::TransformerConfig config;
    const std::string kind = c.option("kind");
    config.kind = kind == "token_replace"   ? Kind::kTokenReplace
                  : kind == "latent_concat" ? Kind::kLatentConcat
                                            : Kind::kTextToVideo;
    config.in_channels = number(c, "in_channels");
    config.out_channels = number(c, "out_channels");
    config.heads = number(c, "heads");
    config.head_dim = number(c, "head_dim");
    config.layers = number(c, "layers");
    config.single_layers = number(c, "single_layers");
    config.refiner_layers = number(c, "refiner_layers");
    config.mlp_ratio = std::stod(c.option("mlp_ratio"));
    config.patch = number(c, "patch");
    config.patch_t = number(c, "patch_t");
    config.guidance_embeds = number(c, "guidance_embeds") != 0;
    config.text_dim = number(c, "text_dim");
    config.pooled_dim = number(c, "pooled_dim");
    config.rope_theta = std::stod(c.option("rope_theta"));
    std::istringstream axes(c.option("rope_axes"));
    char comma = 0;
    axes >> config.rope_axes[0] >> comma >> config.rope_axes[1] >> comma >> config.rope_axes[2];
    hunyuan_video::check_supported(config, "options");
    return config;
}

}  // namespace zt::parity
