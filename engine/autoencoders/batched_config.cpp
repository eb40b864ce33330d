// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See batched_config.h.
#include "autoencoders/batched_config.h"

#include "autoencoders/batched_names.h"
#include "core/error.h"
#include "load/config_json.h"
#include "load/shapes.h"

namespace zt::autoencoders::batched {
namespace {

using weights::Checkpoint;

constexpr uint64_t kMostChannels = 8192, kMostLatents = 1024, kMostSide = 4096;
}  // namespace

VaeConfig parse_vae_config(std::string_view text, const std::string& name) {
    const load::ConfigJson config(text, name);
    config.check_class("AutoencoderKLCogVideoX");
    const json::Field root = config.root();
    VaeConfig c;
    if (const auto channels = root.find("block_out_channels")) {
        if (channels->size() != 4) channels->refuse("four numbers");
        for (size_t i = 0; i < 4; i++) c.channels[i] = static_cast<int64_t>(channels->at(i).integer(1, kMostChannels));
    }
    load::read(root, "layers_per_block", c.layers, 64);
    load::read(root, "latent_channels", c.latent_channels, kMostLatents);
    load::read(root, "norm_num_groups", c.groups, kMostChannels);
    load::read(root, "sample_height", c.sample_height, kMostSide, 2);
    load::read(root, "sample_width", c.sample_width, kMostSide, 2);
    c.scaling_factor = 1.15258426;  // the class's own
    load::read(root, "scaling_factor", c.scaling_factor, 1e-3, 1e3);
    c.invert_scale_latents = load::flag_of(root, "invert_scale_latents", false);
    load::demand(root, "act_fn", "silu");
    for (const char* key : {"use_quant_conv", "use_post_quant_conv"}) load::demand_flag(root, key, false);
    for (const char* key : {"in_channels", "out_channels"}) load::demand_number(root, key, 3);
    load::demand_number(root, "norm_eps", 1e-6);
    load::demand_number(root, "temporal_compression_ratio", kTimeCompression);
    for (const char* key : {"shift_factor", "latents_mean", "latents_std"})
        if (const auto field = root.find(key); field && !field->is_null()) field->refuse("null");
    for (const int64_t n : c.channels)
        if (n % c.groups != 0) root.at("norm_num_groups").refuse("a divisor of block_out_channels");
    return c;
}

VaeConfig vae_config_of(const Checkpoint& file) {
    const load::Shapes shapes(file, vae_names());
    VaeConfig c;
    if (!shapes.has("decoder.norm_out.conv_y.conv.weight"))
        load::refuse_kind(file,
                          "expected the autoencoder of CogVideoX, got none (no tensor "
                          "\"decoder.norm_out.conv_y.conv.weight\")");
    for (size_t i = 0; i < c.channels.size(); i++)
        c.channels[i] = shapes.at("encoder.down_blocks." + std::to_string(i) + ".resnets.0.conv1.conv.bias", 1)[0];
    c.layers = shapes.count("encoder.down_blocks.0.resnets.");
    c.latent_channels = shapes.at("decoder.conv_in.conv.weight", 5)[1];
    for (const int64_t n : c.channels)
        if (n % c.groups != 0)
            load::refuse_kind(file, "expected channels in groups of " + std::to_string(c.groups) +
                                        ", or a config.json beside the file, got " + std::to_string(n));
    return c;
}

}  // namespace zt::autoencoders::batched
