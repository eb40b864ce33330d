// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/cogvideox/config.h"

#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "families/cogvideox/names.h"
#include "load/config_json.h"
#include "load/shapes.h"

namespace zt::cogvideox {
namespace {

using weights::Checkpoint;

constexpr uint64_t kMostSide = 512, kMostFrames = 4096;  // latents: of 4096 pixels; of a clip
constexpr int64_t k5bWidth = 3072;

}  // namespace

TransformerConfig parse_transformer_config(std::string_view text, const std::string& name) {
    const load::ConfigJson config(text, name);
    config.check_class("CogVideoXTransformer3DModel");
    const json::Field root = config.root();
    TransformerConfig c;
    c.heads = 30, c.layers = 30;  // where the class has other values than the 5B
    using Row = std::pair<const char*, int64_t*>;
    for (const auto& [key, value] :
         {Row("num_attention_heads", &c.heads), Row("attention_head_dim", &c.head_dim),
          Row("in_channels", &c.in_channels), Row("out_channels", &c.out_channels), Row("time_embed_dim", &c.time_dim),
          Row("ofs_embed_dim", &c.ofs_dim), Row("text_embed_dim", &c.text_dim),
          Row("max_text_seq_length", &c.text_tokens), Row("patch_size_t", &c.patch_time)})
        load::read(root, key, *value, load::kMaxWidth);
    load::read(root, "num_layers", c.layers, load::kMaxBlocks);
    load::read(root, "sample_height", c.sample_height, kMostSide, kPatch);
    load::read(root, "sample_width", c.sample_width, kMostSide, kPatch);
    load::read(root, "sample_frames", c.sample_frames, kMostFrames);
    if (c.width() > int64_t{load::kMaxWidth})
        root.at("num_attention_heads").refuse("a width of at most " + std::to_string(load::kMaxWidth));
    load::read(root, "spatial_interpolation_scale", c.space_scale, 1e-3, 1e3);
    load::read(root, "temporal_interpolation_scale", c.time_scale, 1e-3, 1e3);
    c.rotary = load::flag_of(root, "use_rotary_positional_embeddings", false);
    c.learned = load::flag_of(root, "use_learned_positional_embeddings", false);
    load::demand(root, "activation_fn", "gelu-approximate");
    load::demand(root, "timestep_activation_fn", "silu");
    for (const char* key : {"attention_bias", "norm_elementwise_affine", "flip_sin_to_cos"})
        load::demand_flag(root, key, true);
    load::demand_number(root, "freq_shift", 0);
    load::demand_number(root, "patch_size", kPatch);
    load::demand_number(root, "norm_eps", 1e-5);
    load::demand_number(root, "temporal_compression_ratio", kTimeCompression);
    if (c.head_dim % 16 != 0) root.at("attention_head_dim").refuse("a multiple of 16");
    if (c.patch_time > 2 || (root.find("patch_size_t") && !root.at("patch_size_t").is_null() && c.patch_time != 2))
        root.at("patch_size_t").refuse("2 or null");
    if (c.ofs_dim % 2 != 0 || (c.ofs_dim > 0 && c.ofs_dim != c.time_dim))
        root.at("ofs_embed_dim").refuse("time_embed_dim or null");
    if (c.learned && !c.rotary) root.at("use_learned_positional_embeddings").refuse("false where nothing turns");
    if (c.learned && c.is_15()) root.at("use_learned_positional_embeddings").refuse("false beside patch_size_t");
    if (c.is_15() && !c.rotary)
        throw Error(ZT_ERROR_UNSUPPORTED,
                    name + ": use_rotary_positional_embeddings: expected true beside patch_size_t, got false or none");
    for (const auto& [key, value] : {Row("sample_height", &c.sample_height), Row("sample_width", &c.sample_width)})
        if (c.learned && *value % kPatch != 0) root.at(key).refuse("an even number");
    if (c.learned && (c.sample_frames <= kVideoStep || c.sample_frames % kVideoStep != 1))
        root.at("sample_frames").refuse("8 k + 1, from 9");
    return c;
}

TransformerConfig transformer_config_of(const Checkpoint& file) {
    const load::Shapes shapes(file, transformer_names());
    const std::string patch = "patch_embed.proj.weight";
    if (!shapes.has(patch) || !shapes.has("transformer_blocks.0.norm2.linear.weight"))
        load::refuse_kind(file, "expected a CogVideoX transformer, got none (no tensor " + quote(patch) + ")");
    TransformerConfig c;
    const int64_t width = shapes.at("norm_final.weight", 1)[0];
    if (width != k2bWidth && width != k5bWidth)
        load::refuse_kind(file,
                          "tensor \"norm_final.weight\": expected 1920 (2B) or 3072 (5B) values, or a config.json "
                          "beside the file, got " +
                              std::to_string(width));
    c.heads = width / c.head_dim;
    c.rotary = width == k5bWidth;  // no tensor tells: the sines of the 2B are not in its files
    c.learned = shapes.has("patch_embed.pos_embedding");
    c.layers = shapes.count("transformer_blocks.");
    c.time_dim = shapes.at("time_embedding.linear_2.weight", 2)[0];
    if (shapes.has("ofs_embedding.linear_1.weight")) c.ofs_dim = shapes.at("ofs_embedding.linear_1.weight", 2)[1];
    c.text_dim = shapes.at("patch_embed.text_proj.weight", 2)[1];
    const size_t rank = shapes.rank(patch);  // of the kernel: 1.5 has a matrix
    if (rank == 2 && !c.rotary) load::refuse_kind(file, "expected a width of 3072 beside pairs of frames, got 1920");
    if (rank == 2) c.patch_time = 2, c.sample_height = 96, c.sample_width = 170, c.sample_frames = 81;
    const load::Shape& kernel = shapes.at(patch, rank == 2 ? 2 : 4);
    c.in_channels = rank == 2 ? kernel[1] / c.patch_values() : kernel[1];
    c.out_channels = shapes.at("proj_out.weight", 2)[0] / c.patch_values();
    return c;
}

void set_scaling(const TransformerConfig& transformer, VaeConfig& vae) {
    vae.scaling_factor = transformer.width() == k2bWidth ? 1.15258426 : 0.7;
    vae.invert_scale_latents = transformer.is_15();
}

void refuse_other_kinds(const Checkpoint& file) {
    const std::string expected = "CogVideoX or CogVideoX1.5, text or a picture to video";
    constexpr load::KindMark kOthers[] = {{"local_facial_extractor.", "ConsisID"},
                                          {"traj_extractor.", "Tora"},
                                          {"Q4_0_qweight", "matrices in Q4_0 (take the bf16 or fp8 file)"},
                                          {"Q8_0_qweight", "matrices in Q8_0 (take the bf16 or fp8 file)"}};
    load::refuse_marked(file, kOthers, expected);
    for (const weights::CheckpointEntry& entry : file.entries())
        if (entry.name.ends_with("pos_embedding") && !entry.name.ends_with("patch_embed.pos_embedding"))
            load::refuse_kind(file,
                              "expected " + expected + ", got CogVideoX-Fun Pose (tensor " + quote(entry.name) + ")");
}

void refuse_other_channels(const TransformerConfig& c, const Checkpoint& file) {
    std::string got;
    if (c.in_channels == 2 * c.out_channels + 1)
        got = "CogVideoX-Fun for inpainting";
    else if (c.in_channels != c.out_channels && !c.takes_picture())
        got = "another kind";
    else if (c.takes_picture() && !c.rotary)
        got = "2B from a picture";
    else if (c.takes_picture() && !c.is_15() && !c.learned)
        got = "a 5B from a picture without \"patch_embed.pos_embedding\" (an export that lost it, or another kind)";
    else if (c.takes_picture() && c.is_15() && c.ofs_dim == 0)
        got = "a 1.5 from a picture without \"ofs_embedding\"";
    if (!got.empty())
        load::refuse_kind(file, "expected CogVideoX 2B or 5B, 5B-I2V, 1.5-5B or 1.5-5B-I2V, got " + got + " (" +
                                    std::to_string(c.in_channels) + " channels in)");
}

}  // namespace zt::cogvideox
