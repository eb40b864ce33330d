// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The tables; see name_map.h. Sources: docs/internals/hunyuan-video.md.
#include "families/hunyuan_video/name_map.h"

#include <array>

namespace zt::hunyuan_video {
namespace {

using load::NameRow;
using load::NameTable;
using load::Placed;
using load::RowOrder;
using load::TableNames;

// Ours as in the original, then ComfyUI's where it differs, then diffusers'.
const std::vector<NameRow>& transformer_rows() {
    static const auto& rows = *new std::vector<NameRow>{
        {"img_in.proj", {"x_embedder.proj"}},
        {"time_in.mlp.0", {"time_in.in_layer", "time_text_embed.timestep_embedder.linear_1"}},
        {"time_in.mlp.2", {"time_in.out_layer", "time_text_embed.timestep_embedder.linear_2"}},
        {"guidance_in.mlp.0", {"guidance_in.in_layer", "time_text_embed.guidance_embedder.linear_1"}},
        {"guidance_in.mlp.2", {"guidance_in.out_layer", "time_text_embed.guidance_embedder.linear_2"}},
        {"vector_in.in_layer", {"time_text_embed.text_embedder.linear_1"}},
        {"vector_in.out_layer", {"time_text_embed.text_embedder.linear_2"}},
        {"txt_in.input_embedder", {"context_embedder.proj_in"}},
        {"txt_in.t_embedder.mlp.0", {"txt_in.t_embedder.in_layer", "context_embedder.time_text_embed.timestep_embedder.linear_1"}},
        {"txt_in.t_embedder.mlp.2", {"txt_in.t_embedder.out_layer", "context_embedder.time_text_embed.timestep_embedder.linear_2"}},
        {"txt_in.c_embedder.linear_1", {"txt_in.c_embedder.in_layer", "context_embedder.time_text_embed.text_embedder.linear_1"}},
        {"txt_in.c_embedder.linear_2", {"txt_in.c_embedder.out_layer", "context_embedder.time_text_embed.text_embedder.linear_2"}},
        {"txt_in.individual_token_refiner.blocks.{}.norm1", {"context_embedder.token_refiner.refiner_blocks.{}.norm1"}},
        {"txt_in.individual_token_refiner.blocks.{}.norm2", {"context_embedder.token_refiner.refiner_blocks.{}.norm2"}},
        {"txt_in.individual_token_refiner.blocks.{}.self_attn_qkv",
         {"txt_in.individual_token_refiner.blocks.{}.self_attn.qkv", "context_embedder.token_refiner.refiner_blocks.{}.attn.to_q,attn.to_k,attn.to_v"}},
        {"txt_in.individual_token_refiner.blocks.{}.self_attn_proj",
         {"txt_in.individual_token_refiner.blocks.{}.self_attn.proj", "context_embedder.token_refiner.refiner_blocks.{}.attn.to_out.0"}},
        {"txt_in.individual_token_refiner.blocks.{}.mlp.fc1",
         {"txt_in.individual_token_refiner.blocks.{}.mlp.0", "context_embedder.token_refiner.refiner_blocks.{}.ff.net.0.proj"}},
        {"txt_in.individual_token_refiner.blocks.{}.mlp.fc2",
         {"txt_in.individual_token_refiner.blocks.{}.mlp.2", "context_embedder.token_refiner.refiner_blocks.{}.ff.net.2"}},
        {"txt_in.individual_token_refiner.blocks.{}.adaLN_modulation.1", {"context_embedder.token_refiner.refiner_blocks.{}.norm_out.linear"}},
        {"double_blocks.{}.img_mod.linear", {"double_blocks.{}.img_mod.lin", "transformer_blocks.{}.norm1.linear"}},
        {"double_blocks.{}.txt_mod.linear", {"double_blocks.{}.txt_mod.lin", "transformer_blocks.{}.norm1_context.linear"}},
        {"double_blocks.{}.img_attn_qkv", {"double_blocks.{}.img_attn.qkv", "transformer_blocks.{}.attn.to_q,attn.to_k,attn.to_v"}},
        {"double_blocks.{}.txt_attn_qkv", {"double_blocks.{}.txt_attn.qkv", "transformer_blocks.{}.attn.add_q_proj,attn.add_k_proj,attn.add_v_proj"}},
        {"double_blocks.{}.img_attn_q_norm", {"double_blocks.{}.img_attn.norm.query_norm", "transformer_blocks.{}.attn.norm_q"}},
        {"double_blocks.{}.img_attn_k_norm", {"double_blocks.{}.img_attn.norm.key_norm", "transformer_blocks.{}.attn.norm_k"}},
        {"double_blocks.{}.txt_attn_q_norm", {"double_blocks.{}.txt_attn.norm.query_norm", "transformer_blocks.{}.attn.norm_added_q"}},
        {"double_blocks.{}.txt_attn_k_norm", {"double_blocks.{}.txt_attn.norm.key_norm", "transformer_blocks.{}.attn.norm_added_k"}},
        {"double_blocks.{}.img_attn_proj", {"double_blocks.{}.img_attn.proj", "transformer_blocks.{}.attn.to_out.0"}},
        {"double_blocks.{}.txt_attn_proj", {"double_blocks.{}.txt_attn.proj", "transformer_blocks.{}.attn.to_add_out"}},
        {"double_blocks.{}.img_mlp.fc1", {"double_blocks.{}.img_mlp.0", "transformer_blocks.{}.ff.net.0.proj"}},
        {"double_blocks.{}.img_mlp.fc2", {"double_blocks.{}.img_mlp.2", "transformer_blocks.{}.ff.net.2"}},
        {"double_blocks.{}.txt_mlp.fc1", {"double_blocks.{}.txt_mlp.0", "transformer_blocks.{}.ff_context.net.0.proj"}},
        {"double_blocks.{}.txt_mlp.fc2", {"double_blocks.{}.txt_mlp.2", "transformer_blocks.{}.ff_context.net.2"}},
        {"single_blocks.{}.linear1", {"single_transformer_blocks.{}.attn.to_q,attn.to_k,attn.to_v,proj_mlp"}},
        {"single_blocks.{}.linear2", {"single_transformer_blocks.{}.proj_out"}},
        {"single_blocks.{}.q_norm", {"single_blocks.{}.norm.query_norm", "single_transformer_blocks.{}.attn.norm_q"}},
        {"single_blocks.{}.k_norm", {"single_blocks.{}.norm.key_norm", "single_transformer_blocks.{}.attn.norm_k"}},
        {"single_blocks.{}.modulation.linear", {"single_blocks.{}.modulation.lin", "single_transformer_blocks.{}.norm.linear"}},
        {"final_layer.linear", {"proj_out"}},
        // The original stores shift, scale; diffusers scale, shift.
        {"final_layer.adaLN_modulation.1", {"norm_out.linear"}, RowOrder::kSwapHalves},
    };
    return rows;
}

const std::vector<NameRow>& llm_rows() {
    static const auto& rows = *new std::vector<NameRow>{
        {"embed_tokens", {"token_embd"}}, {"norm", {"output_norm"}},
        {"layers.{}.input_layernorm", {"blk.{}.attn_norm"}}, {"layers.{}.post_attention_layernorm", {"blk.{}.ffn_norm"}},
        {"layers.{}.self_attn.q_proj", {"blk.{}.attn_q"}, RowOrder::kLlamaQuery}, {"layers.{}.self_attn.k_proj", {"blk.{}.attn_k"}, RowOrder::kLlamaKey},
        {"layers.{}.self_attn.v_proj", {"blk.{}.attn_v"}}, {"layers.{}.self_attn.o_proj", {"blk.{}.attn_output"}},
        {"layers.{}.mlp.gate_proj", {"blk.{}.ffn_gate"}}, {"layers.{}.mlp.up_proj", {"blk.{}.ffn_up"}}, {"layers.{}.mlp.down_proj", {"blk.{}.ffn_down"}},
    };
    return rows;
}
constexpr std::array<std::string_view, 8> kClipLayer = {
    "encoder.layers.{}.layer_norm1", "encoder.layers.{}.layer_norm2",
    "encoder.layers.{}.self_attn.q_proj", "encoder.layers.{}.self_attn.k_proj", "encoder.layers.{}.self_attn.v_proj",
    "encoder.layers.{}.self_attn.out_proj", "encoder.layers.{}.mlp.fc1", "encoder.layers.{}.mlp.fc2"};
constexpr std::array<std::string_view, 3> kClipText = {"embeddings.token_embedding", "embeddings.position_embedding", "final_layer_norm"};
constexpr std::array<std::string_view, 4> kClipVision = {"embeddings.patch_embedding", "embeddings.position_embedding", "pre_layrnorm", "post_layernorm"};
constexpr std::string_view kClassEmbedding = "embeddings.class_embedding";   // a tensor without a module
constexpr std::array<std::string_view, 2> kProjector = {"linear_1", "linear_2"};

std::vector<NameRow> clip_rows(std::span<const std::string_view> own) {
    std::vector<NameRow> rows;
    for (const std::string_view name : kClipLayer) rows.push_back({name});
    for (const std::string_view name : own) rows.push_back({name});
    return rows;
}

NameTable table_of(Part part) {
    switch (part) {
    case Part::kTransformer:
        return {.title = "a HunyuanVideo transformer", .rows = transformer_rows(), .prefixes = {"model.diffusion_model.", "diffusion_model.", "model.model.", "model."},
                .lists = {"blocks", "double_blocks", "single_blocks", "transformer_blocks", "single_transformer_blocks", "refiner_blocks"},
                .alone = true, .blocks = {"double_blocks.", "single_blocks."}};
    case Part::kVae: break;
    case Part::kLlm:
        return {.title = "a LLaMA text encoder", .rows = llm_rows(), .prefixes = {"model.language_model.", "language_model.model.", "language_model.", "model."},
                .lists = {"layers", "blk"}};
    case Part::kClipText: return {.title = "a CLIP text encoder", .rows = clip_rows(kClipText), .prefixes = {"text_model."}, .lists = {"layers"}};
    case Part::kClipVision: {
        std::vector<NameRow> rows = clip_rows(kClipVision);
        rows.push_back({.ours = kClassEmbedding, .bare = true});
        return {.title = "a CLIP image encoder", .rows = std::move(rows),
                .prefixes = {"model.vision_tower.vision_model.", "vision_tower.vision_model.", "model.vision_tower.", "vision_tower.", "vision_model."},
                .lists = {"layers"}};
    }
    case Part::kProjector:
        // Its own names are too plain to be recognised without a prefix among others; TableNames tries that last.
        return {.title = "an image projector", .rows = {{kProjector[0]}, {kProjector[1]}}, .prefixes = {"model.multi_modal_projector.", "multi_modal_projector."}, .lists = {}};
    }
    return {};
}

// The VAE's names are the same everywhere, and known by how they begin.
class VaeNames final : public load::PartNames {
public:
    [[nodiscard]] std::string_view title() const noexcept override { return "a HunyuanVideo VAE"; }
    [[nodiscard]] std::optional<Placed> place(std::string_view name) const override {
        const size_t dot = name.rfind('.');
        const bool known = name.starts_with("encoder.") || name.starts_with("decoder.") || name.starts_with("quant_conv.") || name.starts_with("post_quant_conv.");
        if (!known || dot == name.npos) return std::nullopt;
        const std::string_view leaf = name.substr(dot + 1);
        if (leaf != "weight" && leaf != "bias") return std::nullopt;
        return Placed{std::string(name.substr(0, dot)), std::string(leaf)};
    }
    [[nodiscard]] bool is_ignored(std::string_view name) const override { return name == "scaled_fp8"; }
};

// Never destroyed: a session may end after static destructors have run.
const TableNames& tables_of(Part part) {
    static const auto& all = *new std::array<TableNames, 6>{TableNames(table_of(Part::kTransformer)), TableNames({}), TableNames(table_of(Part::kLlm)),
                                                            TableNames(table_of(Part::kClipText)), TableNames(table_of(Part::kClipVision)),
                                                            TableNames(table_of(Part::kProjector))};
    return all[static_cast<size_t>(part)];
}

}  // namespace

const load::PartNames& names_of(Part part) {
    static const auto& vae = *new VaeNames;
    if (part == Part::kVae) return vae;
    return tables_of(part);
}

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

std::vector<std::string> encoder_tensors(Part part, int64_t layers) {
    std::vector<std::string> names;
    const auto add = [&](std::string_view module, bool bias) {
        const bool numbered = module.find("{}") != module.npos;
        for (int64_t i = 0; i < (numbered ? layers : 1); ++i) {
            const std::string name = load::with_number(module, std::to_string(i));
            names.push_back(name + ".weight");
            if (bias) names.push_back(name + ".bias");
        }
    };
    switch (part) {
    case Part::kTransformer:
    case Part::kVae: break;
    case Part::kLlm:
        for (const NameRow& row : llm_rows())
            if (row.ours != "norm") add(row.ours, false);   // the last norm is not used
        break;
    case Part::kClipText:
        for (const std::string_view name : kClipLayer) add(name, true);
        for (const std::string_view name : kClipText) add(name, name == "final_layer_norm");
        break;
    case Part::kClipVision:
        for (const std::string_view name : kClipLayer) add(name, true);
        names.emplace_back(kClassEmbedding);
        for (const char* name : {"embeddings.patch_embedding", "embeddings.position_embedding"}) add(name, false);
        add("pre_layrnorm", true);
        break;
    case Part::kProjector:
        for (const std::string_view name : kProjector) add(name, true);
        break;
    }
    return names;
}

std::vector<load::Spelled> all_spellings(int64_t layers, int64_t single_layers, int64_t refiner_layers) {
    return tables_of(Part::kTransformer).spellings([=](std::string_view module) {
        return module.starts_with("double_blocks") ? layers : module.starts_with("single_blocks") ? single_layers : refiner_layers;
    });
}

}  // namespace zt::hunyuan_video
