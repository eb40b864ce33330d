// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See config.h.
#include "families/minimax_h3/video_vae/config.h"

#include <functional>
#include <numeric>

#include "core/error.h"
#include "families/minimax_h3/latent_statistics.h"
#include "families/minimax_h3/video_vae/names.h"
#include "families/minimax_h3/video_vae/plan.h"
#include "load/config_json.h"
#include "load/shapes.h"

namespace zt::minimax_h3 {
namespace {

constexpr uint64_t kMostLevels = 8, kMostFactor = 8, kMostHeadDim = 512;

int64_t product(const std::vector<int64_t>& factors) {
    return std::accumulate(factors.begin(), factors.end(), int64_t{1}, std::multiplies<>());
}

void read_list(const json::Field& from, std::string_view key, std::vector<int64_t>& out, uint64_t most) {
    const auto list = from.find(key);
    if (!list || list->is_null()) return;
    if (list->size() == 0 || list->size() > kMostLevels)
        list->refuse("1 to " + std::to_string(kMostLevels) + " numbers, one for each level");
    out.clear();
    for (size_t i = 0; i < list->size(); i++) out.push_back(static_cast<int64_t>(list->at(i).integer(1, most)));
}

void demand_number(const json::Field& from, std::string_view key, uint64_t value) {
    const auto field = from.find(key);
    if (field && !field->is_null() && field->integer(0, UINT64_MAX) != value) field->refuse(std::to_string(value));
}

// What the arithmetic of tiles, clips and heads needs of the numbers together; names of the keys of one kind of file.
struct Keys {
    std::string_view block_out, space, time, head_dim, drop;
};
void check(const VideoVaeConfig& c, const json::Field& shapes, const json::Field& lengths, const Keys& k) {
    const size_t levels = c.block_out.size();
    if (c.space_down.size() != levels) shapes.at(k.space).refuse(std::to_string(levels) + " levels");
    if (c.time_down.size() != levels) shapes.at(k.time).refuse(std::to_string(levels) + " levels");
    // Tiles and the steps between them are whole latents.
    if (kTileOverlap % c.spatial_compression() != 0)
        shapes.at(k.space).refuse("a product that divides " + std::to_string(kTileOverlap));
    for (size_t i = 0; i < levels; i++)
        if (c.space_down[i] > 2 || (c.space_down[i] == 1 && c.time_down[i] > 1))
            shapes.at(k.space).refuse("2 where time is shortened, else 1 or 2");
    for (const int64_t channels : c.block_out)
        if (channels % c.norm_groups != 0)
            shapes.at(k.block_out).refuse("multiples of " + std::to_string(c.norm_groups) + " groups");
    const double rotated = static_cast<double>(c.head_dim) * c.rope_ratio;
    if (static_cast<int64_t>(rotated) % 6 != 0 || rotated < 6)
        shapes.at(k.head_dim).refuse("channels of a head times rope_dim_ratio in sixes");
    const ClipPlan plan(c);
    // Every clip but the first begins with frames that the one before ended with.
    if (c.token_drop >= plan.step || plan.fade <= 0 || plan.fade > plan.own)
        lengths.at(k.drop).refuse("a number of latents that leaves clips an overlap");
}

}  // namespace

int64_t VideoVaeConfig::spatial_compression() const { return product(space_down); }
int64_t VideoVaeConfig::temporal_compression() const { return product(time_down); }
int64_t VideoVaeConfig::turned() const { return static_cast<int64_t>(static_cast<double>(head_dim) * rope_ratio) / 2; }

VideoVaeConfig published_video_vae() {
    VideoVaeConfig c;
    c.mean = {0.858090341091156F,    -0.9606591463088989F, 1.0661640167236328F,   -0.5090325474739075F,
              -0.2727581858634949F,  -1.3675414323806763F, -0.2553254961967468F,  -0.26907554268836975F,
              -0.5376840829849243F,  -0.0464097298681736F, 0.6657370328903198F,   0.19690127670764923F,
              -0.5460608005523682F,  -0.4035342037677765F, -0.23683024942874908F, 0.25928452610969543F,
              -0.30133944749832153F, 0.211341992020607F,   -1.1206848621368408F,  0.3581933379173279F,
              -0.04225143790245056F, 0.2604829967021942F,  0.22864092886447906F,  0.7056031823158264F};
    c.std = {1.2223774194717407F, 1.2767263650894165F,  1.68317747116088865F, 1.7549455165863037F,
             1.5636216402053833F, 2.194143533706665F,   0.96531379222869875F, 1.05698859691619875F,
             0.841948926448822F,  0.7729952931404114F,  1.8955937623977661F,  0.946841835975647F,
             0.7996809482574463F, 0.44988900423049925F, 0.7197399735450745F,  0.69362932443618775F,
             2.961095094680786F,  2.7694199085235595F,  3.0496184825897215F,  2.1088054180145265F,
             3.276226282119751F,  3.1627357006073F,     2.28168129920959475F, 2.6127843856811525F};
    return c;
}

VideoVaeConfig parse_video_vae_config(std::string_view text, const std::string& name) {
    const load::ConfigJson config(text, name);
    config.check_class("AutoencoderKLMiniMaxH3");
    const json::Field root = config.root();
    VideoVaeConfig c = published_video_vae();
    demand_number(root, "in_channels", 3);
    demand_number(root, "out_channels", 3);
    load::demand(root, "spatial_padding_mode", "reflect");
    load::read(root, "latent_channels", c.latent_channels, load::kMaxWidth);
    read_list(root, "block_out_channels", c.block_out, load::kMaxWidth);
    read_list(root, "spatial_downsample_factors", c.space_down, kMostFactor);
    read_list(root, "temporal_downsample_factors", c.time_down, kMostFactor);
    load::read(root, "layers_per_block", c.layers_per_block, kMostResnets);
    load::read(root, "norm_num_groups", c.norm_groups, load::kMaxWidth);
    load::read(root, "norm_eps", c.norm_eps, 0.0, 1.0);
    load::read(root, "decoder_num_layers", c.layers, load::kMaxBlocks);
    load::read(root, "decoder_num_attention_heads", c.heads, load::kMaxBlocks);
    load::read(root, "decoder_attention_head_dim", c.head_dim, kMostHeadDim);
    load::read(root, "decoder_num_register_tokens", c.registers, load::kMaxBlocks);
    load::read(root, "decoder_ffn_mult", c.ffn_mult, 64);
    load::read(root, "decoder_rope_theta", c.rope_theta, 1.0, 1e9);
    load::read(root, "decoder_rope_dim_ratio", c.rope_ratio, 0.0, 1.0);
    load::read(root, "decoder_norm_eps", c.decoder_eps, 0.0, 1.0);
    load::read(root, "clip_length", c.clip_length, 1024, 2);
    load::read(root, "token_drop", c.token_drop, 1024);
    read_statistics(root, c.latent_channels, c.mean, c.std);
    check(c, root, root,
          {"block_out_channels", "spatial_downsample_factors", "temporal_downsample_factors",
           "decoder_attention_head_dim", "token_drop"});
    return c;
}

bool is_original_video_vae(std::string_view text, const std::string& name) {
    return load::ConfigJson(text, name).root().find("source_path").has_value();
}

OriginalVideoVae parse_original_video_vae(std::string_view text, const std::string& name) {
    const load::ConfigJson config(text, name);
    OriginalVideoVae found{"source", "model.safetensors"};
    const auto read_name = [&](std::string_view key, std::string& out) {
        const auto field = config.root().find(key);
        if (!field || field->is_null()) return;
        out = field->string();
        // A configuration from elsewhere must not choose which file of this machine is read.
        if (out.empty() || out.find('/') != std::string::npos || out.find('\\') != std::string::npos || out[0] == '.')
            field->refuse("a plain name within the folder");
    };
    read_name("source_path", found.folder);
    read_name("source_safetensors_path", found.file);
    return found;
}

VideoVaeConfig parse_original_video_vae_config(std::string_view wrapper_text, const std::string& wrapper_name,
                                               std::string_view source_text, const std::string& source_name) {
    const load::ConfigJson outer(wrapper_text, wrapper_name), inner(source_text, source_name);
    const json::Field wrapper = outer.root(), source = inner.root();
    VideoVaeConfig c = published_video_vae();
    demand_number(source, "in_channels", 3);
    demand_number(source, "out_ch", 3);
    load::demand(source, "padding_mode", "reflect");
    load::demand(source, "pixel_norm_type", "imagenet");
    load::demand_flag(source, "causal_encoder", true);
    load::demand_flag(source, "causal_decoder", false);
    load::demand_flag(source, "use_3d_conv", true);
    load::demand_flag(source, "use_vit_decoder", true);
    load::demand_flag(source, "use_t_isolated_gn", true);
    load::read(source, "z_channels", c.latent_channels, load::kMaxWidth);
    demand_number(source, "embed_dim", static_cast<uint64_t>(c.latent_channels));
    demand_number(wrapper, "latent_channels", static_cast<uint64_t>(c.latent_channels));
    int64_t base = c.block_out.front();
    std::vector<int64_t> mult = {1, 2, 2, 4, 4, 8};
    load::read(source, "ch", base, load::kMaxWidth);
    read_list(source, "ch_mult", mult, 64);
    c.block_out.clear();
    for (const int64_t m : mult) c.block_out.push_back(base * m);
    read_list(source, "space_down", c.space_down, kMostFactor);
    read_list(source, "time_down", c.time_down, kMostFactor);
    load::read(source, "num_res_blocks", c.layers_per_block, kMostResnets);
    if (const auto vit = source.find("vit_decoder_kwargs"); vit && !vit->is_null()) {
        load::read(*vit, "num_layers", c.layers, load::kMaxBlocks);
        load::read(*vit, "heads", c.heads, load::kMaxBlocks);
        load::read(*vit, "dim_head", c.head_dim, kMostHeadDim);
        load::read(*vit, "rope_theta", c.rope_theta, 1.0, 1e9);
        load::read(*vit, "rope_dim_ratio", c.rope_ratio, 0.0, 1.0);
        load::demand(*vit, "norm_type", "rms_norm");
        load::demand(*vit, "qk_norm_type", "rms_norm");
        load::demand_flag(*vit, "qk_norm_affine", false);
        load::demand(*vit, "ffn_activation_fn", "silu");
        load::demand_flag(*vit, "ffn_use_gated", true);
    }
    load::read(wrapper, "vae_clip_length", c.clip_length, 1024, 2);
    load::read(wrapper, "vae_token_drop", c.token_drop, 1024);
    // The tiles are part of what was trained: another size would be another function.
    demand_number(wrapper, "vae_tile_size", kTileSize);
    demand_number(wrapper, "vae_tile_overlap_min", kTileOverlap);
    demand_number(wrapper, "vae_encoder_tiling", 1);
    demand_number(wrapper, "vae_decoder_tiling", 1);
    read_statistics(wrapper, c.latent_channels, c.mean, c.std);
    check(c, source, wrapper, {"ch_mult", "space_down", "time_down", "vit_decoder_kwargs", "vae_token_drop"});
    return c;
}

VideoVaeConfig video_vae_config_of(const weights::Checkpoint& file) {
    VideoVaeConfig c = published_video_vae();
    const load::Shapes shapes(file, video_vae_names());
    if (!shapes.has("decoder.proj_in.weight"))
        load::refuse_kind(file,
                          "expected a video VAE of MiniMax-H3, got none (no tensor \"decoder.x_embedder.weight\")");
    // Nothing in the shapes tells how wide a head is.
    const load::Shape& first = shapes.at("decoder.proj_in.weight", 2);
    if (first[0] != c.width() || first[1] != c.latent_channels)
        load::refuse_kind(file, "tensor \"decoder.proj_in.weight\": expected " + std::to_string(c.width()) + " x " +
                                    std::to_string(c.latent_channels) + ", or a config.json beside the file, got " +
                                    std::to_string(first[0]) + " x " + std::to_string(first[1]));
    read_statistics(file, c.latent_channels, c.mean, c.std);
    return c;
}

}  // namespace zt::minimax_h3
