// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The tables; see name_map.h. One row per module, "{}" for the block's number (a name has at most
// one). Sources: docs/internals/hunyuan-video.md.
#include "families/hunyuan_video/name_map.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

namespace zt::hunyuan_video {
namespace {

// One module of the transformer in the three spellings. Commas separate the pieces of a fused one
// in diffusers' spelling; they share the prefix up to and including "}.".
struct TransformerRow {
    std::string_view original, comfy, diffusers;
    RowOrder order = RowOrder::kSame;
};
constexpr std::array<TransformerRow, 39> kTransformer = {{
    {"img_in.proj", "img_in.proj", "x_embedder.proj"},
    {"time_in.mlp.0", "time_in.in_layer", "time_text_embed.timestep_embedder.linear_1"},
    {"time_in.mlp.2", "time_in.out_layer", "time_text_embed.timestep_embedder.linear_2"},
    {"guidance_in.mlp.0", "guidance_in.in_layer", "time_text_embed.guidance_embedder.linear_1"},
    {"guidance_in.mlp.2", "guidance_in.out_layer", "time_text_embed.guidance_embedder.linear_2"},
    {"vector_in.in_layer", "vector_in.in_layer", "time_text_embed.text_embedder.linear_1"},
    {"vector_in.out_layer", "vector_in.out_layer", "time_text_embed.text_embedder.linear_2"},
    {"txt_in.input_embedder", "txt_in.input_embedder", "context_embedder.proj_in"},
    {"txt_in.t_embedder.mlp.0", "txt_in.t_embedder.in_layer", "context_embedder.time_text_embed.timestep_embedder.linear_1"},
    {"txt_in.t_embedder.mlp.2", "txt_in.t_embedder.out_layer", "context_embedder.time_text_embed.timestep_embedder.linear_2"},
    {"txt_in.c_embedder.linear_1", "txt_in.c_embedder.in_layer", "context_embedder.time_text_embed.text_embedder.linear_1"},
    {"txt_in.c_embedder.linear_2", "txt_in.c_embedder.out_layer", "context_embedder.time_text_embed.text_embedder.linear_2"},
    {"txt_in.individual_token_refiner.blocks.{}.norm1", "txt_in.individual_token_refiner.blocks.{}.norm1",
     "context_embedder.token_refiner.refiner_blocks.{}.norm1"},
    {"txt_in.individual_token_refiner.blocks.{}.norm2", "txt_in.individual_token_refiner.blocks.{}.norm2",
     "context_embedder.token_refiner.refiner_blocks.{}.norm2"},
    {"txt_in.individual_token_refiner.blocks.{}.self_attn_qkv", "txt_in.individual_token_refiner.blocks.{}.self_attn.qkv",
     "context_embedder.token_refiner.refiner_blocks.{}.attn.to_q,attn.to_k,attn.to_v"},
    {"txt_in.individual_token_refiner.blocks.{}.self_attn_proj", "txt_in.individual_token_refiner.blocks.{}.self_attn.proj",
     "context_embedder.token_refiner.refiner_blocks.{}.attn.to_out.0"},
    {"txt_in.individual_token_refiner.blocks.{}.mlp.fc1", "txt_in.individual_token_refiner.blocks.{}.mlp.0",
     "context_embedder.token_refiner.refiner_blocks.{}.ff.net.0.proj"},
    {"txt_in.individual_token_refiner.blocks.{}.mlp.fc2", "txt_in.individual_token_refiner.blocks.{}.mlp.2",
     "context_embedder.token_refiner.refiner_blocks.{}.ff.net.2"},
    {"txt_in.individual_token_refiner.blocks.{}.adaLN_modulation.1", "txt_in.individual_token_refiner.blocks.{}.adaLN_modulation.1",
     "context_embedder.token_refiner.refiner_blocks.{}.norm_out.linear"},
    {"double_blocks.{}.img_mod.linear", "double_blocks.{}.img_mod.lin", "transformer_blocks.{}.norm1.linear"},
    {"double_blocks.{}.txt_mod.linear", "double_blocks.{}.txt_mod.lin", "transformer_blocks.{}.norm1_context.linear"},
    {"double_blocks.{}.img_attn_qkv", "double_blocks.{}.img_attn.qkv", "transformer_blocks.{}.attn.to_q,attn.to_k,attn.to_v"},
    {"double_blocks.{}.txt_attn_qkv", "double_blocks.{}.txt_attn.qkv",
     "transformer_blocks.{}.attn.add_q_proj,attn.add_k_proj,attn.add_v_proj"},
    {"double_blocks.{}.img_attn_q_norm", "double_blocks.{}.img_attn.norm.query_norm", "transformer_blocks.{}.attn.norm_q"},
    {"double_blocks.{}.img_attn_k_norm", "double_blocks.{}.img_attn.norm.key_norm", "transformer_blocks.{}.attn.norm_k"},
    {"double_blocks.{}.txt_attn_q_norm", "double_blocks.{}.txt_attn.norm.query_norm", "transformer_blocks.{}.attn.norm_added_q"},
    {"double_blocks.{}.txt_attn_k_norm", "double_blocks.{}.txt_attn.norm.key_norm", "transformer_blocks.{}.attn.norm_added_k"},
    {"double_blocks.{}.img_attn_proj", "double_blocks.{}.img_attn.proj", "transformer_blocks.{}.attn.to_out.0"},
    {"double_blocks.{}.txt_attn_proj", "double_blocks.{}.txt_attn.proj", "transformer_blocks.{}.attn.to_add_out"},
    {"double_blocks.{}.img_mlp.fc1", "double_blocks.{}.img_mlp.0", "transformer_blocks.{}.ff.net.0.proj"},
    {"double_blocks.{}.img_mlp.fc2", "double_blocks.{}.img_mlp.2", "transformer_blocks.{}.ff.net.2"},
    {"double_blocks.{}.txt_mlp.fc1", "double_blocks.{}.txt_mlp.0", "transformer_blocks.{}.ff_context.net.0.proj"},
    {"double_blocks.{}.txt_mlp.fc2", "double_blocks.{}.txt_mlp.2", "transformer_blocks.{}.ff_context.net.2"},
    {"single_blocks.{}.linear1", "single_blocks.{}.linear1",
     "single_transformer_blocks.{}.attn.to_q,attn.to_k,attn.to_v,proj_mlp"},
    {"single_blocks.{}.linear2", "single_blocks.{}.linear2", "single_transformer_blocks.{}.proj_out"},
    {"single_blocks.{}.q_norm", "single_blocks.{}.norm.query_norm", "single_transformer_blocks.{}.attn.norm_q"},
    {"single_blocks.{}.k_norm", "single_blocks.{}.norm.key_norm", "single_transformer_blocks.{}.attn.norm_k"},
    {"single_blocks.{}.modulation.linear", "single_blocks.{}.modulation.lin", "single_transformer_blocks.{}.norm.linear"},
    {"final_layer.linear", "final_layer.linear", "proj_out"},
}};
// The original stores shift, scale; diffusers scale, shift.
constexpr TransformerRow kLastModulation = {"final_layer.adaLN_modulation.1", "final_layer.adaLN_modulation.1", "norm_out.linear",
                                            RowOrder::kSwapHalves};

// Encoders: our module, other spellings of it.
struct EncoderRow {
    std::string_view ours, other;
    RowOrder order = RowOrder::kSame;          // of `other`
};
constexpr std::array<EncoderRow, 11> kLlm = {{
    {"embed_tokens", "token_embd"}, {"norm", "output_norm"},
    {"layers.{}.input_layernorm", "blk.{}.attn_norm"}, {"layers.{}.post_attention_layernorm", "blk.{}.ffn_norm"},
    {"layers.{}.self_attn.q_proj", "blk.{}.attn_q", RowOrder::kLlamaQuery}, {"layers.{}.self_attn.k_proj", "blk.{}.attn_k", RowOrder::kLlamaKey},
    {"layers.{}.self_attn.v_proj", "blk.{}.attn_v"}, {"layers.{}.self_attn.o_proj", "blk.{}.attn_output"},
    {"layers.{}.mlp.gate_proj", "blk.{}.ffn_gate"}, {"layers.{}.mlp.up_proj", "blk.{}.ffn_up"}, {"layers.{}.mlp.down_proj", "blk.{}.ffn_down"},
}};
constexpr std::array<std::string_view, 8> kClipLayer = {
    "encoder.layers.{}.layer_norm1", "encoder.layers.{}.layer_norm2",
    "encoder.layers.{}.self_attn.q_proj", "encoder.layers.{}.self_attn.k_proj", "encoder.layers.{}.self_attn.v_proj",
    "encoder.layers.{}.self_attn.out_proj", "encoder.layers.{}.mlp.fc1", "encoder.layers.{}.mlp.fc2"};
constexpr std::array<std::string_view, 3> kClipText = {"embeddings.token_embedding", "embeddings.position_embedding", "final_layer_norm"};
// The class embedding is a tensor of its own: "class_embedding" stands where a leaf would.
constexpr std::array<std::string_view, 5> kClipVision = {"embeddings.patch_embedding", "embeddings.position_embedding", "embeddings",
                                                         "pre_layrnorm", "post_layernorm"};
constexpr std::array<std::string_view, 2> kProjector = {"linear_1", "linear_2"};

// Prefixes to strip, longest first, so that none hides a longer one. The empty one is always tried last.
constexpr std::array<std::string_view, 4> kTransformerPrefixes = {"model.diffusion_model.", "diffusion_model.", "model.model.", "model."};
constexpr std::array<std::string_view, 4> kLlmPrefixes = {"model.language_model.", "language_model.model.", "language_model.", "model."};
constexpr std::array<std::string_view, 1> kClipTextPrefixes = {"text_model."};
constexpr std::array<std::string_view, 5> kVisionPrefixes = {"model.vision_tower.vision_model.", "vision_tower.vision_model.",
                                                             "model.vision_tower.", "vision_tower.", "vision_model."};
constexpr std::array<std::string_view, 2> kProjectorPrefixes = {"model.multi_modal_projector.", "multi_modal_projector."};

std::span<const std::string_view> prefixes_of(Part part) noexcept {
    switch (part) {
    case Part::kTransformer: return kTransformerPrefixes;
    case Part::kVae: return {};
    case Part::kLlm: return kLlmPrefixes;
    case Part::kClipText: return kClipTextPrefixes;
    case Part::kClipVision: return kVisionPrefixes;
    case Part::kProjector: return kProjectorPrefixes;
    }
    return {};
}

struct Pattern {
    std::string_view module;   // ours, with {}
    int piece = 0, pieces = 1;
    RowOrder order = RowOrder::kSame;
};
using Patterns = std::unordered_map<std::string, Pattern>;

// "a.{}.b,c" -> "a.{}.b", "a.{}.c"
std::vector<std::string> split_pieces(std::string_view text) {
    std::vector<std::string> pieces;
    const size_t brace = text.find("}.");
    const std::string_view head = brace == text.npos ? std::string_view() : text.substr(0, brace + 2);
    for (text.remove_prefix(head.size());;) {
        const size_t comma = text.find(',');
        pieces.push_back(std::string(head) + std::string(text.substr(0, comma)));
        if (comma == text.npos) return pieces;
        text.remove_prefix(comma + 1);
    }
}

void add_row(Patterns& patterns, const TransformerRow& row) {
    patterns.emplace(row.original, Pattern{row.original});
    patterns.emplace(row.comfy, Pattern{row.original});
    const std::vector<std::string> pieces = split_pieces(row.diffusers);
    for (size_t i = 0; i < pieces.size(); ++i)
        patterns.emplace(pieces[i], Pattern{row.original, static_cast<int>(i), static_cast<int>(pieces.size()), row.order});
}

Patterns make_patterns(Part part) {
    Patterns patterns;
    const auto add = [&](std::string_view name) { patterns.emplace(name, Pattern{name}); };
    switch (part) {
    case Part::kTransformer:
        for (const TransformerRow& row : kTransformer) add_row(patterns, row);
        add_row(patterns, kLastModulation);
        break;
    case Part::kVae: break;
    case Part::kLlm:
        for (const EncoderRow& row : kLlm) {
            add(row.ours);
            patterns.emplace(row.other, Pattern{row.ours, 0, 1, row.order});
        }
        break;
    case Part::kClipText:
        for (const std::string_view name : kClipLayer) add(name);
        for (const std::string_view name : kClipText) add(name);
        break;
    case Part::kClipVision:
        for (const std::string_view name : kClipLayer) add(name);
        for (const std::string_view name : kClipVision) add(name);
        break;
    case Part::kProjector:
        for (const std::string_view name : kProjector) add(name);
        break;
    }
    return patterns;
}

// Never destroyed: a session may end after static destructors have run.
const Patterns& patterns_of(Part part) {
    static const auto& all = *new std::array<Patterns, 6>{make_patterns(Part::kTransformer), make_patterns(Part::kVae),
                                                          make_patterns(Part::kLlm), make_patterns(Part::kClipText),
                                                          make_patterns(Part::kClipVision), make_patterns(Part::kProjector)};
    return all[static_cast<size_t>(part)];
}

bool is_number(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 4 && (text.size() == 1 || text[0] != '0') &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "layers.12.mlp" -> "layers.{}.mlp" and "12": the first number between dots that follows a name of a
// list of blocks. Other numbers ("mlp.0", "to_out.0") are part of the name.
struct Numbered {
    std::string pattern;
    std::string number;
};
Numbered without_number(std::string_view module) {
    constexpr std::array<std::string_view, 8> kLists = {"blocks", "double_blocks", "single_blocks", "transformer_blocks",
                                                        "single_transformer_blocks", "refiner_blocks", "layers", "blk"};
    for (size_t start = 0; start < module.size();) {
        const size_t dot = module.find('.', start);
        if (dot == module.npos) break;
        const size_t next = std::min(module.find('.', dot + 1), module.size());
        const std::string_view list = module.substr(start, dot - start), number = module.substr(dot + 1, next - dot - 1);
        if (std::find(kLists.begin(), kLists.end(), list) != kLists.end() && is_number(number))
            return {std::string(module.substr(0, dot + 1)) + "{}" + std::string(module.substr(next)), std::string(number)};
        start = dot + 1;
    }
    return {std::string(module), {}};
}

std::string with_number(std::string_view pattern, std::string_view number) {
    const size_t at = pattern.find("{}");
    if (at == pattern.npos) return std::string(pattern);
    return std::string(pattern.substr(0, at)) + std::string(number) + std::string(pattern.substr(at + 2));
}

std::optional<Placed> place_vae(std::string_view name) {
    const size_t dot = name.rfind('.');
    const bool known = name.starts_with("encoder.") || name.starts_with("decoder.") || name.starts_with("quant_conv.") || name.starts_with("post_quant_conv.");
    if (!known || dot == name.npos) return std::nullopt;
    const std::string_view leaf = name.substr(dot + 1);
    if (leaf != "weight" && leaf != "bias") return std::nullopt;
    return Placed{std::string(name.substr(0, dot)), std::string(leaf)};
}

// What may stand after a module.
bool is_leaf(std::string_view leaf) noexcept {
    constexpr std::array<std::string_view, 10> kLeaves = {"weight", "bias", "scale", "class_embedding", "fp8_scale", "scale_weight",
                                                          "scale_input", "weight_scale", "input_scale", "comfy_quant"};
    return std::find(kLeaves.begin(), kLeaves.end(), leaf) != kLeaves.end();
}

std::optional<Placed> place_stripped(Part part, std::string_view name) {
    const size_t dot = name.rfind('.');
    if (dot == name.npos || !is_leaf(name.substr(dot + 1))) return std::nullopt;
    std::optional<Placed> placed = place_module(part, name.substr(0, dot));
    if (!placed) return std::nullopt;
    placed->leaf = name.substr(dot + 1);
    if (placed->leaf == "scale") {               // some files call the weight of a norm so
        if (!placed->module.ends_with("_norm")) return std::nullopt;
        placed->leaf = "weight";
    }
    if ((placed->module == "embeddings") != (placed->leaf == "class_embedding")) return std::nullopt;
    return placed;
}

}  // namespace

std::string_view part_name(Part part) noexcept {
    switch (part) {
    case Part::kTransformer: return "transformer";
    case Part::kVae: return "vae";
    case Part::kLlm: return "text encoder (LLM)";
    case Part::kClipText: return "second text encoder (CLIP)";
    case Part::kClipVision: return "image encoder (CLIP vision)";
    case Part::kProjector: return "image projector";
    }
    return "";
}

std::optional<Placed> place_module(Part part, std::string_view module) {
    if (module.find('{') != module.npos) return std::nullopt;   // a pattern is no name
    const Numbered numbered = without_number(module);
    const Patterns& patterns = patterns_of(part);
    const auto found = patterns.find(numbered.pattern);
    if (found == patterns.end()) return std::nullopt;
    const Pattern& p = found->second;
    return Placed{with_number(p.module, numbered.number), {}, p.piece, p.pieces, p.order};
}

std::optional<Placed> place(Part part, std::string_view file_name) {
    if (part == Part::kVae) return place_vae(file_name);
    for (const std::string_view prefix : prefixes_of(part)) {
        if (!file_name.starts_with(prefix)) continue;
        if (auto placed = place_stripped(part, file_name.substr(prefix.size()))) return placed;
    }
    // A projector's own names are too plain to be recognised without a prefix among others.
    return place_stripped(part, file_name);
}

bool is_ignored(Part part, std::string_view file_name) {
    if (part != Part::kTransformer && part != Part::kVae) return true;   // files of encoders hold more than one part
    for (const std::string_view prefix : prefixes_of(part)) {
        if (file_name.starts_with(prefix)) {
            file_name.remove_prefix(prefix.size());
            break;
        }
    }
    return file_name == "scaled_fp8";
}

bool is_scale(std::string_view leaf) noexcept { return leaf == "fp8_scale" || leaf == "scale_weight" || leaf == "weight_scale"; }

std::vector<std::string> encoder_tensors(Part part, int64_t layers) {
    std::vector<std::string> names;
    const auto add = [&](std::string_view module, bool bias) {
        const bool numbered = module.find("{}") != module.npos;
        for (int64_t i = 0; i < (numbered ? layers : 1); ++i) {
            const std::string name = with_number(module, std::to_string(i));
            names.push_back(name + ".weight");
            if (bias) names.push_back(name + ".bias");
        }
    };
    switch (part) {
    case Part::kTransformer:
    case Part::kVae: break;
    case Part::kLlm:
        for (const EncoderRow& row : kLlm)
            if (row.ours != "norm") add(row.ours, false);   // the last norm is not used
        break;
    case Part::kClipText:
        for (const std::string_view name : kClipLayer) add(name, true);
        for (const std::string_view name : kClipText) add(name, name == "final_layer_norm");
        break;
    case Part::kClipVision:
        for (const std::string_view name : kClipLayer) add(name, true);
        names.emplace_back("embeddings.class_embedding");
        for (const char* name : {"embeddings.patch_embedding", "embeddings.position_embedding"}) add(name, false);
        add("pre_layrnorm", true);
        break;
    case Part::kProjector:
        for (const std::string_view name : kProjector) add(name, true);
        break;
    }
    return names;
}

std::vector<Spelled> all_spellings(int64_t layers, int64_t single_layers, int64_t refiner_layers) {
    std::vector<Spelled> all;
    const auto add = [&](const TransformerRow& row) {
        const int64_t count = row.original.starts_with("double_blocks")   ? layers
                              : row.original.starts_with("single_blocks") ? single_layers
                              : row.original.find("{}") != row.original.npos ? refiner_layers
                                                                             : 1;
        const std::vector<std::string> pieces = split_pieces(row.diffusers);
        for (int64_t i = 0; i < count; ++i) {
            const std::string number = std::to_string(i), ours = with_number(row.original, number);
            all.push_back({ours, {ours, {}}});
            if (row.comfy != row.original) all.push_back({with_number(row.comfy, number), {ours, {}}});
            for (size_t p = 0; p < pieces.size(); ++p)
                all.push_back({with_number(pieces[p], number), {ours, {}, static_cast<int>(p), static_cast<int>(pieces.size()), row.order}});
        }
    };
    for (const TransformerRow& row : kTransformer) add(row);
    add(kLastModulation);
    return all;
}

}  // namespace zt::hunyuan_video
