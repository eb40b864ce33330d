// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The tables; see name_map.h. Sources: docs/internals/hunyuan-video.md.
#include "families/hunyuan_video/name_map.h"

#include "encoders/clip_config.h"
#include "encoders/llm_config.h"

namespace zt::hunyuan_video {
namespace {

using load::NameRow;
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
        {"txt_in.t_embedder.mlp.0",
         {"txt_in.t_embedder.in_layer", "context_embedder.time_text_embed.timestep_embedder.linear_1"}},
        {"txt_in.t_embedder.mlp.2",
         {"txt_in.t_embedder.out_layer", "context_embedder.time_text_embed.timestep_embedder.linear_2"}},
        {"txt_in.c_embedder.linear_1",
         {"txt_in.c_embedder.in_layer", "context_embedder.time_text_embed.text_embedder.linear_1"}},
        {"txt_in.c_embedder.linear_2",
         {"txt_in.c_embedder.out_layer", "context_embedder.time_text_embed.text_embedder.linear_2"}},
        {"txt_in.individual_token_refiner.blocks.{}.norm1", {"context_embedder.token_refiner.refiner_blocks.{}.norm1"}},
        {"txt_in.individual_token_refiner.blocks.{}.norm2", {"context_embedder.token_refiner.refiner_blocks.{}.norm2"}},
        {"txt_in.individual_token_refiner.blocks.{}.self_attn_qkv",
         {"txt_in.individual_token_refiner.blocks.{}.self_attn.qkv",
          "context_embedder.token_refiner.refiner_blocks.{}.attn.to_q,attn.to_k,attn.to_v"}},
        {"txt_in.individual_token_refiner.blocks.{}.self_attn_proj",
         {"txt_in.individual_token_refiner.blocks.{}.self_attn.proj",
          "context_embedder.token_refiner.refiner_blocks.{}.attn.to_out.0"}},
        {"txt_in.individual_token_refiner.blocks.{}.mlp.fc1",
         {"txt_in.individual_token_refiner.blocks.{}.mlp.0",
          "context_embedder.token_refiner.refiner_blocks.{}.ff.net.0.proj"}},
        {"txt_in.individual_token_refiner.blocks.{}.mlp.fc2",
         {"txt_in.individual_token_refiner.blocks.{}.mlp.2",
          "context_embedder.token_refiner.refiner_blocks.{}.ff.net.2"}},
        {"txt_in.individual_token_refiner.blocks.{}.adaLN_modulation.1",
         {"context_embedder.token_refiner.refiner_blocks.{}.norm_out.linear"}},
        // clang-format off
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
        // clang-format on
        {"single_blocks.{}.modulation.linear",
         {"single_blocks.{}.modulation.lin", "single_transformer_blocks.{}.norm.linear"}},
        {"final_layer.linear", {"proj_out"}},
        // The original stores shift, scale; diffusers scale, shift.
        {"final_layer.adaLN_modulation.1", {"norm_out.linear"}, RowOrder::kSwapHalves},
    };
    return rows;
}

const TableNames& transformer_names() {
    static const auto& names =
        *new TableNames({.title = "a HunyuanVideo transformer",
                         .rows = transformer_rows(),
                         .prefixes = {"model.diffusion_model.", "diffusion_model.", "model.model.", "model."},
                         .lists = {"blocks", "double_blocks", "single_blocks", "transformer_blocks",
                                   "single_transformer_blocks", "refiner_blocks"},
                         .alone = true,
                         .blocks = {"double_blocks.", "single_blocks."}});
    return names;
}

// The VAE's names are the same everywhere, and known by how they begin.
class VaeNames final : public load::PartNames {
public:
    [[nodiscard]] std::string_view title() const noexcept override { return "a HunyuanVideo VAE"; }
    [[nodiscard]] std::optional<Placed> place(std::string_view name) const override {
        const size_t dot = name.rfind('.');
        const bool known = name.starts_with("encoder.") || name.starts_with("decoder.") ||
                           name.starts_with("quant_conv.") || name.starts_with("post_quant_conv.");
        if (!known || dot == name.npos) return std::nullopt;
        const std::string_view leaf = name.substr(dot + 1);
        if (leaf != "weight" && leaf != "bias") return std::nullopt;
        return Placed{std::string(name.substr(0, dot)), std::string(leaf)};
    }
    [[nodiscard]] bool is_ignored(std::string_view name) const override { return name == "scaled_fp8"; }
};

}  // namespace

const load::PartNames& names_of(Part part) {
    // Never destroyed: a session may end after static destructors have run.
    static const auto& vae = *new VaeNames;
    static const auto& projector = *new TableNames(
        // Its own names are too plain to be recognised without a prefix among others; TableNames tries that last.
        {.title = "an image projector",
         .rows = {{"linear_1"}, {"linear_2"}},
         .prefixes = {"model.multi_modal_projector.", "multi_modal_projector."},
         .lists = {}});
    switch (part) {
        case Part::kTransformer: return transformer_names();
        case Part::kVae: return vae;
        case Part::kLlm: return encoders::llm_names();
        case Part::kClipText: return encoders::clip_names(encoders::Tower::kText);
        case Part::kClipVision: return encoders::clip_names(encoders::Tower::kVision);
        case Part::kProjector: break;
    }
    return projector;
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
    switch (part) {
        case Part::kTransformer:
        case Part::kVae: break;
        case Part::kLlm: return encoders::llm_tensors(layers);
        case Part::kClipText: return encoders::clip_tensors(encoders::Tower::kText, layers);
        case Part::kClipVision: return encoders::clip_tensors(encoders::Tower::kVision, layers);
        case Part::kProjector: return {"linear_1.weight", "linear_1.bias", "linear_2.weight", "linear_2.bias"};
    }
    return {};
}

std::vector<load::Spelled> all_spellings(int64_t layers, int64_t single_layers, int64_t refiner_layers) {
    return transformer_names().spellings([=](std::string_view module) {
        return module.starts_with("double_blocks")   ? layers
               : module.starts_with("single_blocks") ? single_layers
                                                     : refiner_layers;
    });
}

}  // namespace zt::hunyuan_video
