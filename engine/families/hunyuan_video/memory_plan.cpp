// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The formulas; see memory_plan.h. Each line names the tensors it counts.
#include "families/hunyuan_video/memory_plan.h"

#include <algorithm>
#include <initializer_list>

#include "core/checked.h"
#include "families/hunyuan_video/text/prompt_layout.h"
#include "families/hunyuan_video/vae/plan.h"

namespace zt::hunyuan_video {
namespace {

using load::block_number;
using load::decoded_matrix;
using load::MemoryPlan;
using load::Phase;
using load::Resident;
using load::resident_bytes;
using load::two_blocks;
using weights::Checkpoint;

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

Resident transformer_of(const PlanRequest& r) { return {r.element_bytes, r.keep_packed, r.loras}; }
Resident encoder_of(const PlanRequest& r) { return {r.element_bytes, r.keep_packed}; }
Resident vae_of(const PlanRequest& r) { return {r.vae_element_bytes, false}; }

bool starts_with_any(std::string_view name, std::initializer_list<std::string_view> prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) { return name.starts_with(p); });
}

// What is used before the first step only: its results are computed for all steps at once.
bool is_preparation(std::string_view name) {
    return starts_with_any(name,
                           {"time_in.", "guidance_in.", "vector_in.", "txt_in.", "final_layer.adaLN_modulation."}) ||
           name.find("_mod.linear.") != name.npos || name.find(".modulation.linear.") != name.npos;
}
bool is_denoising(std::string_view name) { return !is_preparation(name); }
// What one half of a double block decodes before it goes over its tokens, once their attention is computed.
bool is_after_attention(std::string_view name) {
    return name.find(".img_attn_proj.") != name.npos || name.find(".img_mlp.") != name.npos;
}
bool is_decoder(std::string_view name) { return starts_with_any(name, {"decoder.", "post_quant_conv."}); }
bool is_encoder(std::string_view name) { return starts_with_any(name, {"encoder.", "quant_conv."}); }

// Layers of the LLM that are run; rows of its embedding table are read from the file as needed.
bool is_used_llm(std::string_view name, const ModelParts& parts) {
    const int64_t layer = block_number(name, "layers.");
    return layer >= 0 && layer < parts.llm.layers - parts.llm.skip_layers;
}
bool is_used_vision(std::string_view name, const ModelParts& parts) {
    return block_number(name, "encoder.layers.") < parts.clip_vision.layers - 1 && !name.starts_with("post_layernorm");
}

struct Clip {
    int64_t frames, latent_frames, latent_height, latent_width;  // as computed: latent_concat makes 4 more
    int64_t video_tokens, text_tokens, tokens;
};
Clip clip_of(const ModelParts& parts, const PlanRequest& r) {
    const TransformerConfig& t = parts.transformer;
    Clip c{};
    c.frames = r.frames + (t.kind == Kind::kLatentConcat ? 4 : 0);
    c.latent_frames = (c.frames - 1) / parts.vae.temporal_compression + 1;
    c.latent_height = r.height / parts.vae.spatial_compression;
    c.latent_width = r.width / parts.vae.spatial_compression;
    c.video_tokens = (c.latent_frames / t.patch_t) * (c.latent_height / t.patch) * (c.latent_width / t.patch);
    const int64_t pictures = encoders::picture_tokens(parts.clip_vision);
    c.text_tokens = kMaxPromptTokens + (t.kind == Kind::kTextToVideo ? 0 : pictures / image_stride(t.kind, false));
    c.tokens = c.video_tokens + c.text_tokens;
    return c;
}

Phase text_phase(const ModelParts& parts, const PlanRequest& r, const Clip&) {
    Phase phase{.name = "text"};
    const encoders::LlmConfig& llm = parts.llm;
    const bool pictures = parts.transformer.kind != Kind::kTextToVideo;
    uint64_t texts = 0, others = 0;
    if (const Checkpoint* clip = parts.text_encoder_2.checkpoint.get())
        texts += resident_bytes(*clip, names_of(Part::kClipText), encoder_of(r));
    if (const Checkpoint* file = parts.text_encoder.checkpoint.get())
        texts += two_blocks(*file, names_of(Part::kLlm), encoder_of(r), "layers.",
                            [&](std::string_view name) { return is_used_llm(name, parts); });
    if (pictures && parts.image_encoder.checkpoint != nullptr) {
        const Checkpoint& file = *parts.image_encoder.checkpoint;
        others = std::max(others, resident_bytes(file, names_of(Part::kClipVision), encoder_of(r),
                                                 [&](std::string_view name) { return is_used_vision(name, parts); }) +
                                      resident_bytes(file, names_of(Part::kProjector), encoder_of(r)));
    }
    if (pictures && parts.vae_file.checkpoint != nullptr)
        others =
            std::max(others, resident_bytes(*parts.vae_file.checkpoint, names_of(Part::kVae), vae_of(r), is_encoder));
    phase.weights = phase.least_weights = std::max(texts, others);
    // Template, prompt and picture, all at once: states, q, k, v, two halves of the MLP.
    const int64_t tokens = 104 + kMaxPromptTokens + (pictures ? encoders::picture_tokens(parts.clip_vision) : 0);
    phase.data = u(r.prompts) * u(tokens) * u(6 * llm.hidden + 3 * llm.intermediate) * u(r.element_bytes) +
                 decoded_matrix(parts.text_encoder.checkpoint.get(), encoder_of(r));
    if (pictures) {  // one picture through the VAE encoder, mirror of the decoder
        const Tiling& tiling = find_tiling(r.tiling);
        phase.data =
            std::max(phase.data, u(decode_bytes(tiling, parts.vae, 1, r.height / parts.vae.spatial_compression,
                                                r.width / parts.vae.spatial_compression, r.vae_element_bytes)));
    }
    return phase;
}

// Factors of adapters while a matrix is changed by them; the files keep them otherwise.
uint64_t to_apply(const PlanRequest& r) { return r.loras != nullptr ? r.loras->most_bytes_to_apply() : 0; }

// Modulation of every block and refined text, for all steps.
uint64_t prepared_bytes(const ModelParts& parts, const PlanRequest& r, const Clip& clip) {
    const TransformerConfig& t = parts.transformer;
    const int64_t rows = r.steps + (t.kind == Kind::kTokenReplace ? 1 : 0);
    const int64_t per_row = (12 * t.layers + 3 * t.single_layers + 2) * t.width();
    return u(r.prompts) * (u(rows) * u(per_row) + u(r.steps) * u(clip.text_tokens) * u(t.width())) * u(r.element_bytes);
}

Phase prepare_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip) {
    Phase phase{.name = "prepare"};
    if (const Checkpoint* file = parts.transformer_file.checkpoint.get()) {
        phase.weights = resident_bytes(*file, names_of(Part::kTransformer), transformer_of(r), is_preparation);
        phase.least_weights = phase.weights;
    }
    const TransformerConfig& t = parts.transformer;
    // Text states of all prompts, and the refiner's q, k, v and MLP of a chunk.
    phase.data = prepared_bytes(parts, r, clip) +
                 u(r.prompts) * u(clip.text_tokens) * u(t.text_dim) * u(r.element_bytes) +
                 u(std::max(r.token_chunk, clip.text_tokens)) * u(9 * t.width()) * u(r.element_bytes) + to_apply(r);
    return phase;
}

Phase denoise_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip) {
    Phase phase{.name = "denoise"};
    const TransformerConfig& t = parts.transformer;
    if (const Checkpoint* file = parts.transformer_file.checkpoint.get()) {
        phase.weights = resident_bytes(*file, names_of(Part::kTransformer), transformer_of(r), is_denoising);
        phase.least_weights = std::min(
            phase.weights,
            std::max(
                two_blocks(*file, names_of(Part::kTransformer), transformer_of(r), "double_blocks.", is_denoising),
                two_blocks(*file, names_of(Part::kTransformer), transformer_of(r), "single_blocks.", is_denoising)));
        for (const char* const list : {"double_blocks.", "single_blocks."})
            phase.blocks +=
                load::all_blocks(*file, names_of(Part::kTransformer), transformer_of(r), list, is_denoising);
    }
    const uint64_t row = u(t.width()) * u(r.element_bytes), mlp_row = u(t.mlp_width()) * u(r.element_bytes);
    const ranks::PassShape pass = pass_shape(parts, r);
    const int64_t own = ranks::most_tokens(pass, r.ranks);              // S
    const uint64_t stream = u(own) * row;                               // x: [S, h]
    const uint64_t attention = ranks::attention_memory(pass, r.ranks);  // q, k, v and the result: [S, h] each
    const uint64_t chunk =
        u(std::min(r.token_chunk, own)) * (2 * (3 * row + mlp_row) + row);  // linear1 and linear2's input
    const uint64_t rope = u(clip.video_tokens) * u(t.head_dim) * 4;         // cos and sin of each pair, fp32
    const uint64_t places = u(clip.latent_frames) * u(clip.latent_height) * u(clip.latent_width);
    const uint64_t latents = places * u(3 * t.out_channels + 2 * t.in_channels) * 4;
    const Checkpoint* const packed = parts.transformer_file.checkpoint.get();
    const load::PartNames& names = names_of(Part::kTransformer);
    const uint64_t decoded =
        std::max({decoded_matrix(packed, transformer_of(r)),
                  load::decoded_block(packed, names, transformer_of(r), "double_blocks.", is_after_attention),
                  load::decoded_block(packed, names, transformer_of(r), "single_blocks.", is_denoising)});
    phase.data = stream + attention + chunk + rope + latents + prepared_bytes(parts, r, clip) + decoded + to_apply(r);
    // What adapters beside a packed matrix add to a chunk, plain and scaled.
    if (decoded > 0 && r.loras != nullptr && !r.loras->tensors().empty())
        phase.data += 2 * u(std::min(r.token_chunk, clip.tokens)) * (3 * row + mlp_row);
    return phase;
}

Phase decode_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip) {
    Phase phase{.name = "decode"};
    if (const Checkpoint* file = parts.vae_file.checkpoint.get()) {
        phase.weights = resident_bytes(*file, names_of(Part::kVae), vae_of(r), is_decoder);
        phase.least_weights = phase.weights;
    }
    const uint64_t latents =
        u(clip.latent_frames) * u(clip.latent_height) * u(clip.latent_width) * u(parts.vae.latent_channels) * 4;
    phase.data = 2 * latents + u(decode_bytes(find_tiling(r.tiling), parts.vae, clip.latent_frames, clip.latent_height,
                                              clip.latent_width, r.vae_element_bytes));
    return phase;
}

}  // namespace

ranks::PassShape pass_shape(const ModelParts& parts, const PlanRequest& request) {
    const TransformerConfig& t = parts.transformer;
    const Clip clip = clip_of(parts, request);
    const int64_t columns = t.out_channels * t.patch_t * t.patch * t.patch;
    return {.parts = {clip.video_tokens, clip.text_tokens},
            .heads = t.heads,
            .head_dim = t.head_dim,
            .layers = t.layers + t.single_layers,
            .element_bytes = request.element_bytes,
            .end_tokens = clip.video_tokens,
            .end_columns = columns,
            .passes = request.prompts,
            .velocity_bytes = clip.video_tokens * columns * request.element_bytes};
}

load::MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& request) {
    const Clip clip = clip_of(parts, request);
    return {{text_phase(parts, request, clip), prepare_phase(parts, request, clip), denoise_phase(parts, request, clip),
             decode_phase(parts, request, clip)}};
}

}  // namespace zt::hunyuan_video
