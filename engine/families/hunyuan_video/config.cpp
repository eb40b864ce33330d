// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shapes from config.json; see config.h. Keys are those that diffusers 0.42 and transformers 4 and 5
// write; a key that is missing has the default of their class. Those from tensors are in shapes.cpp.
#include "families/hunyuan_video/config.h"

#include <algorithm>

#include "core/json.h"
#include "core/utf8.h"

namespace zt::hunyuan_video {
namespace {

// Ranges: far above any published model, small enough that products stay far below 2^63.
constexpr uint64_t kMaxWidth = 65'536, kMaxBlocks = 1024, kMaxVocabulary = 4'000'000;

// A parsed text and where to look in it.
class Reader {
public:
    Reader(std::string_view text, const std::string& file)
        : origin_{file, ZT_ERROR_WEIGHTS}, value_(json::parse_value(text, {}, origin_)) {
        const auto packed = root().find("quantization_config");
        if (!packed || packed->is_null()) return;
        std::string got = "one";
        for (const std::string_view key : {"quant_method", "bnb_4bit_quant_type"})
            if (const auto field = packed->find(key); field && std::holds_alternative<std::string>(field->value().data)) got += ", " + std::string(key) + " " + quote(field->string());
        throw Error(ZT_ERROR_UNSUPPORTED, file + ": quantization_config: expected none (fp8 and GGUF are read as their files are), got " + got);
    }

    [[nodiscard]] json::Field root() const { return {value_, origin_}; }

private:
    json::Origin origin_;
    json::Value value_;
};

bool is_null(const json::Field& field) { return std::holds_alternative<std::monostate>(field.value().data); }

void read(const json::Field& from, std::string_view key, int64_t& out, uint64_t most, uint64_t least = 1) {
    if (const auto field = from.find(key); field && !is_null(*field)) out = static_cast<int64_t>(field->integer(least, most));
}
void read(const json::Field& from, std::string_view key, double& out, double least, double most) {
    const auto field = from.find(key);
    if (!field || is_null(*field)) return;
    out = field->number();
    if (!(out >= least && out <= most)) field->refuse("a number from " + std::to_string(least) + " to " + std::to_string(most));
}
// A setting of which only one value is computed.
void demand(const json::Field& from, std::string_view key, std::string_view value) {
    const auto field = from.find(key);
    if (field && !is_null(*field) && field->string() != value) field->refuse("\"" + std::string(value) + "\"");
}
void demand_flag(const json::Field& from, std::string_view key, bool value) {
    const auto field = from.find(key);
    if (field && !is_null(*field) && field->boolean() != value) field->refuse(value ? "true" : "false");
}

void check_class(const json::Field& root, const std::string& file, std::string_view wanted) {
    const auto name = root.find("_class_name");
    if (name && name->string() != wanted)
        throw Error(ZT_ERROR_UNSUPPORTED, file + ": _class_name: expected " + std::string(wanted) + ", got " + quote(name->string()));
}

Kind kind_of(const json::Field& root) {
    const auto type = root.find("image_condition_type");
    if (!type || is_null(*type)) return Kind::kTextToVideo;
    if (type->string() == "token_replace") return Kind::kTokenReplace;
    if (type->string() == "latent_concat") return Kind::kLatentConcat;
    type->refuse("null, \"token_replace\" or \"latent_concat\"");
}

}  // namespace

TransformerConfig parse_transformer_config(std::string_view text, const std::string& file) {
    const Reader reader(text, file);
    const json::Field root = reader.root();
    check_class(root, file, "HunyuanVideoTransformer3DModel");
    TransformerConfig c;
    c.kind = kind_of(root);
    read(root, "in_channels", c.in_channels, 1024);
    read(root, "out_channels", c.out_channels, 1024);
    read(root, "num_attention_heads", c.heads, 1024);
    read(root, "attention_head_dim", c.head_dim, 1024);
    read(root, "num_layers", c.layers, kMaxBlocks, 0);
    read(root, "num_single_layers", c.single_layers, kMaxBlocks, 0);
    read(root, "num_refiner_layers", c.refiner_layers, kMaxBlocks, 0);
    read(root, "mlp_ratio", c.mlp_ratio, 0.1, 64.0);
    read(root, "patch_size", c.patch, 16);
    read(root, "patch_size_t", c.patch_t, 16);
    read(root, "text_embed_dim", c.text_dim, kMaxWidth);
    read(root, "pooled_projection_dim", c.pooled_dim, kMaxWidth);
    read(root, "rope_theta", c.rope_theta, 1.0, 1e9);
    demand(root, "qk_norm", "rms_norm");
    if (const auto guidance = root.find("guidance_embeds")) c.guidance_embeds = guidance->boolean();
    if (const auto axes = root.find("rope_axes_dim")) {
        if (axes->size() != c.rope_axes.size()) axes->refuse("three numbers");
        for (size_t i = 0; i < c.rope_axes.size(); ++i) c.rope_axes[i] = static_cast<int64_t>(axes->at(i).integer(2, 1024));
    }
    const bool even = std::all_of(c.rope_axes.begin(), c.rope_axes.end(), [](int64_t axis) { return axis % 2 == 0; });
    if (!even || c.rope_axes[0] + c.rope_axes[1] + c.rope_axes[2] != c.head_dim)
        root.at("rope_axes_dim").refuse("three even numbers that sum to attention_head_dim = " + std::to_string(c.head_dim));
    return c;
}

VaeConfig parse_vae_config(std::string_view text, const std::string& file) {
    const Reader reader(text, file);
    const json::Field root = reader.root();
    check_class(root, file, "AutoencoderKLHunyuanVideo");
    VaeConfig c;
    read(root, "in_channels", c.image_channels, 3, 3);
    read(root, "latent_channels", c.latent_channels, 1024);
    read(root, "layers_per_block", c.layers_per_block, 16);
    read(root, "norm_num_groups", c.norm_groups, 1024);
    read(root, "scaling_factor", c.scaling_factor, 1e-6, 1e6);
    read(root, "spatial_compression_ratio", c.spatial_compression, 8, 8);
    read(root, "temporal_compression_ratio", c.temporal_compression, 4, 4);
    demand(root, "act_fn", "silu");
    demand_flag(root, "mid_block_add_attention", true);
    if (const auto widths = root.find("block_out_channels")) {
        if (widths->size() != 4) widths->refuse("four numbers");
        for (size_t i = 0; i < 4; ++i) {
            c.block_out[i] = static_cast<int64_t>(widths->at(i).integer(1, kMaxWidth));
            if (c.block_out[i] % c.norm_groups != 0) widths->refuse("multiples of norm_num_groups = " + std::to_string(c.norm_groups));
        }
    }
    return c;
}

LlmConfig parse_llm_config(std::string_view text, const std::string& file) {
    const Reader reader(text, file);
    const json::Field whole = reader.root();
    const json::Field root = whole.find("text_config").value_or(whole);
    // What a file leaves out is the default of transformers' class, not of the published model.
    LlmConfig c;
    c.vocab = 32'000;
    c.intermediate = 11'008;
    c.rms_eps = 1e-6;
    c.rope_theta = 10'000.0;
    demand(root, "model_type", "llama");
    demand(root, "hidden_act", "silu");
    demand_flag(root, "attention_bias", false);
    demand_flag(root, "mlp_bias", false);
    read(root, "vocab_size", c.vocab, kMaxVocabulary);
    read(root, "hidden_size", c.hidden, kMaxWidth);
    read(root, "intermediate_size", c.intermediate, 4 * kMaxWidth);
    read(root, "num_hidden_layers", c.layers, kMaxBlocks, 3);
    read(root, "num_attention_heads", c.heads, 1024);
    c.kv_heads = c.heads;
    read(root, "num_key_value_heads", c.kv_heads, 1024);
    read(root, "rms_norm_eps", c.rms_eps, 0.0, 1.0);
    read(root, "rope_theta", c.rope_theta, 1.0, 1e12);
    for (const std::string_view key : {"rope_parameters", "rope_scaling"}) {
        const auto rope = root.find(key);
        if (!rope || is_null(*rope)) continue;
        read(*rope, "rope_theta", c.rope_theta, 1.0, 1e12);
        demand(*rope, "rope_type", "default");
    }
    if (c.hidden % c.heads != 0) root.at("num_attention_heads").refuse("a divisor of hidden_size = " + std::to_string(c.hidden));
    if (c.heads % c.kv_heads != 0) root.at("num_key_value_heads").refuse("a divisor of num_attention_heads = " + std::to_string(c.heads));
    c.head_dim = c.hidden / c.heads;
    read(root, "head_dim", c.head_dim, 1024);
    return c;
}

namespace {

ClipConfig parse_clip(const json::Field& root, ClipConfig c) {
    demand(root, "hidden_act", "quick_gelu");
    read(root, "hidden_size", c.hidden, kMaxWidth);
    read(root, "intermediate_size", c.intermediate, 4 * kMaxWidth);
    read(root, "num_hidden_layers", c.layers, kMaxBlocks);
    read(root, "num_attention_heads", c.heads, 1024);
    read(root, "layer_norm_eps", c.norm_eps, 0.0, 1.0);
    if (c.hidden % c.heads != 0) root.at("num_attention_heads").refuse("a divisor of hidden_size = " + std::to_string(c.hidden));
    return c;
}

}  // namespace

ClipConfig parse_clip_text_config(std::string_view text, const std::string& file) {
    const Reader reader(text, file);
    const json::Field whole = reader.root();
    const json::Field root = whole.find("text_config").value_or(whole);
    ClipConfig c = parse_clip(root, {.hidden = 512, .intermediate = 2048, .layers = 12, .heads = 8});
    read(root, "vocab_size", c.vocab, kMaxVocabulary);
    read(root, "max_position_embeddings", c.positions, kMaxWidth);
    c.eos = c.vocab - 1;
    read(root, "eos_token_id", c.eos, static_cast<uint64_t>(c.vocab) - 1, 0);
    if (c.eos == 2) c.eos = c.vocab - 1;   // legacy: the largest id of the prompt is meant
    return c;
}

ClipConfig parse_clip_vision_config(std::string_view text, const std::string& file) {
    const Reader reader(text, file);
    const json::Field whole = reader.root();
    const json::Field root = whole.find("vision_config").value_or(whole);
    ClipConfig c = parse_clip(root, {.hidden = 768, .intermediate = 3072, .layers = 12, .heads = 12, .image_size = 224, .patch = 32});
    read(root, "image_size", c.image_size, 4096);
    read(root, "patch_size", c.patch, 1024);
    if (c.patch > c.image_size) root.at("patch_size").refuse("at most image_size = " + std::to_string(c.image_size));
    return c;
}

Kind parse_kind(std::string_view name) {
    for (const Kind kind : {Kind::kTextToVideo, Kind::kTokenReplace, Kind::kLatentConcat})
        if (name == kind_name(kind)) return kind;
    throw Error(ZT_ERROR_ARGUMENT, "engine_opts: kind: expected t2v, token_replace or latent_concat, got " + quote(name));
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
