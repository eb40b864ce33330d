// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Configurations from tensors; see config.h.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include "core/text_number.h"
#include "core/utf8.h"
#include "families/hunyuan_video/config.h"
#include "families/hunyuan_video/name_map.h"
#include "load/shapes.h"
#include "weights/checkpoint.h"

namespace zt::hunyuan_video {
namespace {

using weights::Checkpoint;
using load::Shape;
using load::Shapes;

[[noreturn]] void refuse(const Checkpoint& file, const std::string& what) {
    throw Error(ZT_ERROR_UNSUPPORTED, file.name() + ": " + what);
}

void refuse_other_families(const Checkpoint& file) {
    constexpr std::array<std::string_view, 5> kMarks = {"cond_type_embedding.weight", "vision_in.proj.0.weight", "byt5_in.fc1.weight",
                                                        "time_r_in.mlp.0.weight", "time_r_in.in_layer.weight"};
    for (const std::string_view mark : kMarks) {
        for (const weights::CheckpointEntry& entry : file.entries()) {
            if (entry.name == mark || entry.name.ends_with("." + std::string(mark)))
                refuse(file, "expected HunyuanVideo 1.0, got a HunyuanVideo 1.5 checkpoint (tensor " + quote(entry.name) + ")");
        }
    }
}

// Nothing in a file without config.json says how many blocks there should be, but its width does: there is one model.
void check_published(const Checkpoint& file, const std::string& prefix, int64_t width, int64_t got, int64_t expected) {
    if (got != expected)
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": " + prefix + "*: expected " + std::to_string(expected) + " blocks, as the model of width " + std::to_string(width) +
                                          " has (a config.json beside the file can say another number), got " + std::to_string(got));
}

void check_count(const Checkpoint& file, const std::string& prefix, int64_t got, int64_t expected) {
    if (got != expected)
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": " + prefix + "*: expected " + std::to_string(expected) + " blocks (config.json), got " + std::to_string(got));
}

constexpr const char* kRefiner = "txt_in.individual_token_refiner.blocks.";

}  // namespace

TransformerConfig transformer_config_of(const Checkpoint& file) {
    refuse_other_families(file);
    const Shapes shapes(file, names_of(Part::kTransformer));
    if (!shapes.has(std::string(kRefiner) + "0.norm1.weight"))
        refuse(file, "expected a HunyuanVideo transformer, got none (no tensor \"" + std::string(kRefiner) + "0.norm1.weight\")");
    TransformerConfig c;
    if (const auto architecture = file.text_value("general.architecture"); architecture && *architecture != "hyvid")
        refuse(file, "general.architecture: expected \"hyvid\", got " + quote(*architecture));
    const std::string patch = "img_in.proj.weight";
    if (shapes.has(patch) && shapes.at(patch, 5).size() != 5) refuse(file, "tensor \"img_in.proj.weight\": expected 5 dimensions, got others");
    const Shape& in = shapes.at(patch, 5);
    const int64_t width = in[0];
    c.in_channels = in[1];
    c.patch_t = in[2];
    c.patch = in[3];
    if (c.in_channels == 32) refuse(file, "expected 16 or 33 input channels, got 32 (SkyReels)");
    if (c.in_channels != 16 && c.in_channels != 33) refuse(file, "expected 16 or 33 input channels, got " + std::to_string(c.in_channels));
    c.kind = c.in_channels == 33 ? Kind::kLatentConcat : Kind::kTextToVideo;
    c.layers = shapes.count("double_blocks.");
    c.single_layers = shapes.count("single_blocks.");
    c.refiner_layers = shapes.count(kRefiner);
    const std::string norm = c.layers > 0 ? "double_blocks.0.img_attn_q_norm.weight" : "single_blocks.0.q_norm.weight";
    c.head_dim = shapes.at(norm, 1)[0];
    if (width % c.head_dim != 0 || c.head_dim % 8 != 0) refuse(file, "tensor " + quote(norm) + ": expected a head size that divides " + std::to_string(width) + ", got " + std::to_string(c.head_dim));
    c.heads = width / c.head_dim;
    // An eighth of the head for time, rounded up to an even number, the rest for height and width.
    const int64_t time = 2 * ((c.head_dim + 15) / 16);
    c.rope_axes = {time, (c.head_dim - time) / 2, (c.head_dim - time) / 2};
    if (c.rope_axes[1] % 2 != 0) refuse(file, "tensor " + quote(norm) + ": expected a head size whose rotary parts are known, got " + std::to_string(c.head_dim));
    if (c.layers > 0) c.mlp_ratio = static_cast<double>(shapes.at("double_blocks.0.img_mlp.fc1.weight", 2)[0]) / static_cast<double>(width);
    c.out_channels = shapes.at("final_layer.linear.weight", 2)[0] / (c.patch * c.patch * c.patch_t);
    c.guidance_embeds = shapes.has("guidance_in.mlp.0.weight");
    c.text_dim = shapes.at("txt_in.input_embedder.weight", 2)[1];
    c.pooled_dim = shapes.at("vector_in.in_layer.weight", 2)[1];
    if (const TransformerConfig published; width == published.width()) {
        check_published(file, "double_blocks.", width, c.layers, published.layers);
        check_published(file, "single_blocks.", width, c.single_layers, published.single_layers);
        check_published(file, kRefiner, width, c.refiner_layers, published.refiner_layers);
    }
    return c;
}

void check_blocks(const TransformerConfig& config, const Checkpoint& file) {
    const Shapes shapes(file, names_of(Part::kTransformer));
    check_count(file, "double_blocks.", shapes.count("double_blocks."), config.layers);
    check_count(file, "single_blocks.", shapes.count("single_blocks."), config.single_layers);
    check_count(file, kRefiner, shapes.count(kRefiner), config.refiner_layers);
    if (shapes.has("guidance_in.mlp.0.weight") != config.guidance_embeds)
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": guidance_in: expected " + (config.guidance_embeds ? "tensors (config.json)" : "no tensors (config.json)") + ", got " + (config.guidance_embeds ? "none" : "some"));
}

VaeConfig vae_config_of(const Checkpoint& file) {
    const Shapes shapes(file, names_of(Part::kVae));
    VaeConfig c;
    c.block_out.clear();
    const int64_t stages = shapes.count("decoder.up_blocks.");
    if (stages != 4) refuse(file, "expected a HunyuanVideo VAE with 4 decoder stages, got " + std::to_string(stages));
    for (int64_t i = 0; i < stages; ++i) {
        const std::string first = "decoder.up_blocks." + std::to_string(stages - 1 - i) + ".resnets.0.conv1.conv.weight";
        c.block_out.push_back(shapes.at(first, 5)[0]);
        if (c.block_out.back() % c.norm_groups != 0)
            refuse(file, "tensor " + quote(first) + ": expected a multiple of 32 rows, or a config.json beside the file, got " + std::to_string(c.block_out.back()));
    }
    c.layers_per_block = 0;
    for (int64_t i = 0; i < stages; ++i)
        c.layers_per_block = std::max(c.layers_per_block, shapes.count("decoder.up_blocks." + std::to_string(i) + ".resnets.") - 1);
    if (c.layers_per_block < 1) refuse(file, "expected at least 2 resnets in a stage of the decoder, got fewer");
    c.latent_channels = shapes.at("post_quant_conv.weight", 5)[0];
    c.image_channels = shapes.at("decoder.conv_out.conv.weight", 5)[0];
    if (c.image_channels != 3) refuse(file, "tensor \"decoder.conv_out.conv.weight\": expected 3 rows, got " + std::to_string(c.image_channels));
    return c;
}

void check_blocks(const VaeConfig& config, const Checkpoint& file) {
    const Shapes shapes(file, names_of(Part::kVae));
    const auto check = [&](const std::string& prefix, int64_t expected) {
        const int64_t got = shapes.count(prefix);
        if (got != expected)
            throw Error(ZT_ERROR_WEIGHTS, file.name() + ": " + prefix + "*: expected " + std::to_string(expected) + " blocks in every stage, got " + std::to_string(got));
    };
    for (size_t i = 0; i < config.block_out.size(); ++i) {
        check("decoder.up_blocks." + std::to_string(i) + ".resnets.", config.layers_per_block + 1);
        // A VAE for text to video alone may have no encoder.
        if (shapes.count("encoder.down_blocks.") > 0) check("encoder.down_blocks." + std::to_string(i) + ".resnets.", config.layers_per_block);
    }
}

LlmConfig llm_config_of(const Checkpoint& file) {
    const Shapes shapes(file, names_of(Part::kLlm));
    LlmConfig c;
    if (const auto architecture = file.text_value("general.architecture"); architecture && *architecture != "llama")
        refuse(file, "general.architecture: expected \"llama\", got " + quote(*architecture));
    const Shape& table = shapes.at("embed_tokens.weight", 2);
    c.vocab = table[0];
    c.hidden = table[1];
    c.layers = shapes.count("layers.");
    if (c.layers < 3) refuse(file, "expected an LLM of at least 3 layers, got " + std::to_string(c.layers));
    const std::optional<double> blocks = file.number_value("llama.block_count");
    if (blocks && *blocks != static_cast<double>(c.layers))
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": blk.*: expected " + to_text(*blocks) + " blocks (llama.block_count), got " + std::to_string(c.layers));
    if (const LlmConfig published; !blocks && c.hidden == published.hidden) check_published(file, "layers.", c.hidden, c.layers, published.layers);
    c.intermediate = shapes.at("layers.0.mlp.up_proj.weight", 2)[0];
    const int64_t query = shapes.at("layers.0.self_attn.q_proj.weight", 2)[0], key = shapes.at("layers.0.self_attn.k_proj.weight", 2)[0];
    const auto from_file = [&](const char* name, int64_t otherwise) {
        const std::optional<double> value = file.number_value(name);
        if (!value) return otherwise;
        if (!(*value >= 1 && *value <= 1024)) refuse(file, std::string(name) + ": expected 1 to 1024, got another");
        return static_cast<int64_t>(*value);
    };
    c.heads = from_file("llama.attention.head_count", query / c.head_dim);
    c.kv_heads = from_file("llama.attention.head_count_kv", key / c.head_dim);
    if (c.heads < 1 || c.kv_heads < 1 || query % c.heads != 0 || key % c.kv_heads != 0 || query / c.heads != key / c.kv_heads || c.heads % c.kv_heads != 0)
        refuse(file, "expected query and key rows that fit heads of one size, got " + std::to_string(query) + " and " + std::to_string(key) + " for " + std::to_string(c.heads) + " and " + std::to_string(c.kv_heads) + " heads");
    c.head_dim = query / c.heads;
    c.rms_eps = file.number_value("llama.attention.layer_norm_rms_epsilon").value_or(c.rms_eps);
    c.rope_theta = file.number_value("llama.rope.freq_base").value_or(c.rope_theta);
    if (!(c.rms_eps >= 0 && c.rms_eps < 1) || !(c.rope_theta >= 1 && c.rope_theta <= 1e12)) refuse(file, "expected a usable norm epsilon and rope base, got others");
    return c;
}

// The layers behind the last used one may be missing; one more than the configuration says would shift which that is.
void check_blocks(const LlmConfig& config, const Checkpoint& file) {
    const int64_t got = Shapes(file, names_of(Part::kLlm)).count("layers.");
    if (got < config.layers - config.skip_layers || got > config.layers) check_count(file, "layers.", got, config.layers);
}

void check_blocks(const ClipConfig& config, const Checkpoint& file, bool vision) {
    const std::string prefix = "encoder.layers.";
    const int64_t got = Shapes(file, names_of(vision ? Part::kClipVision : Part::kClipText)).count(prefix);
    if (got < config.layers - (vision ? 1 : 0) || got > config.layers) check_count(file, prefix, got, config.layers);
}

namespace {

// `published`: hidden size and layers of the model that is in circulation.
ClipConfig clip_of(const Checkpoint& file, const Shapes& shapes, int64_t hidden, std::pair<int64_t, int64_t> published) {
    constexpr int64_t kHeadDim = 64;
    ClipConfig c;
    c.hidden = hidden;
    c.layers = shapes.count("encoder.layers.");
    if (hidden == published.first) check_published(file, "encoder.layers.", hidden, c.layers, published.second);
    c.intermediate = shapes.at("encoder.layers.0.mlp.fc1.weight", 2)[0];
    if (hidden % kHeadDim != 0) refuse(file, "expected a CLIP width that is a multiple of 64, or a config.json beside the file, got " + std::to_string(hidden));
    c.heads = hidden / kHeadDim;
    return c;
}

}  // namespace

ClipConfig clip_text_config_of(const Checkpoint& file) {
    const Shapes shapes(file, names_of(Part::kClipText));
    const Shape& table = shapes.at("embeddings.token_embedding.weight", 2);
    ClipConfig c = clip_of(file, shapes, table[1], {768, 12});       // CLIP ViT-L/14
    c.vocab = table[0];
    c.eos = c.vocab - 1;
    c.positions = shapes.at("embeddings.position_embedding.weight", 2)[0];
    return c;
}

ClipConfig clip_vision_config_of(const Checkpoint& file) {
    const Shapes shapes(file, names_of(Part::kClipVision));
    const Shape& patches = shapes.at("embeddings.patch_embedding.weight", 4);
    ClipConfig c = clip_of(file, shapes, patches[0], {1024, 24});   // the same, its picture side
    c.patch = patches[3];
    const int64_t tokens = shapes.at("embeddings.position_embedding.weight", 2)[0] - 1;
    int64_t side = 1;
    while (side * side < tokens && side < 4096) ++side;
    if (side * side != tokens) refuse(file, "tensor \"embeddings.position_embedding.weight\": expected 1 more than a square number of rows, got " + std::to_string(tokens + 1));
    c.image_size = side * c.patch;
    return c;
}

}  // namespace zt::hunyuan_video
