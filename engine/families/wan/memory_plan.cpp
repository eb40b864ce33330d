// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The formulas; see memory_plan.h. Each line names the tensors it counts.
#include "families/wan/memory_plan.h"

#include <algorithm>
#include <string_view>

#include "autoencoders/causal_memory.h"
#include "encoders/clip_config.h"
#include "families/wan/names.h"

namespace zt::wan {
namespace {

using load::Phase;
using load::Resident;
using weights::Checkpoint;

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

// One of the experts, or the only transformer.
struct Transformer {
    const Checkpoint* file;
    Resident as;
};
Transformer transformer_of(const ModelParts& parts, const PlanRequest& r, bool low) {
    return {(low ? parts.transformer_2_file : parts.transformer_file).checkpoint.get(),
            {r.element_bytes, r.keep_packed, r.loras[low ? 1 : 0]}};
}
Resident encoder_of(const PlanRequest& r) { return {r.element_bytes, r.keep_packed, nullptr}; }

// What is used before the first step only.
bool is_preparation(std::string_view name) {
    return name.starts_with("time_") || name.starts_with("text_embedding.") || name.starts_with("img_emb.");
}
bool is_denoising(std::string_view name) { return !is_preparation(name); }
// What a block decodes before it goes over its tokens, after the attention that the fused projection is for.
bool is_after_attention(std::string_view name) {
    return name.find(".self_attn.qkv.") == name.npos && name.find(".cross_attn.kv") == name.npos;
}
bool is_encoder(std::string_view name) { return name.starts_with("encoder.") || name.starts_with("quant_conv."); }
bool is_decoder(std::string_view name) { return name.starts_with("decoder.") || name.starts_with("post_quant_conv."); }

struct Clip {
    int64_t latent_frames, latent_height, latent_width, tokens;
};
Clip clip_of(const ModelParts& parts, const PlanRequest& r) {
    Clip c{};
    c.latent_frames = (r.frames - 1) / VaeConfig::temporal_compression + 1;
    c.latent_height = r.height / parts.vae.spatial_compression(),
    c.latent_width = r.width / parts.vae.spatial_compression();
    c.tokens =
        c.latent_frames * (c.latent_height / TransformerConfig::patch) * (c.latent_width / TransformerConfig::patch);
    return c;
}

// Levels of all steps and the text, which stay until the clip is made.
uint64_t prepared_bytes(const ModelParts& parts, const PlanRequest& r) {
    const int64_t h = parts.transformer.width();
    return u(r.steps + 1) * u(7 * h) * 4 + u(r.prompts) * u(kTextTokens) * u(h) * u(r.element_bytes);
}

Phase prepare_phase(const ModelParts& parts, const PlanRequest& r, const Transformer& model) {
    Phase phase{.name = "prepare"};
    if (model.file != nullptr)
        phase.weights = phase.least_weights =
            load::resident_bytes(*model.file, transformer_names(), model.as, is_preparation);
    phase.data = prepared_bytes(parts, r) +
                 u(kTextTokens) * u(parts.transformer.text_dim + 2 * parts.transformer.width()) * u(r.element_bytes);
    return phase;
}

Phase denoise_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip, const Transformer& model) {
    Phase phase{.name = "denoise"};
    const TransformerConfig& t = parts.transformer;
    if (model.file != nullptr) {
        phase.weights = load::resident_bytes(*model.file, transformer_names(), model.as, is_denoising);
        phase.least_weights =
            std::min(phase.weights, load::two_blocks(*model.file, transformer_names(), model.as, "blocks."));
        phase.blocks = load::all_blocks(*model.file, transformer_names(), model.as, "blocks.");
    }
    const uint64_t row = u(t.width()) * u(r.element_bytes);
    const ranks::PassShape pass = pass_shape(parts, r);
    const int64_t own = ranks::most_tokens(pass, r.ranks);
    const uint64_t stream = u(own) * row, attention = ranks::attention_memory(pass, r.ranks);  // x; q, k, v, the answer
    const uint64_t chunk =
        u(std::min(kTokenChunk, own)) * (6 * row + 2 * u(t.ffn_dim) * u(r.element_bytes) + 2 * u(t.width()) * 4);
    const uint64_t rope = u(clip.tokens) * u(t.head_dim) * 4;
    const int64_t pictures =
        parts.reads_clip() ? std::max(t.image_tokens, 1 + encoders::picture_tokens(parts.clip)) : 0;
    const uint64_t cross =  // keys and values of text and pictures, kept from step to step
        u(r.prompts) * u(t.layers) * 2 * u(kTextTokens + pictures) * row;
    const uint64_t latents = u(clip.latent_frames) * u(clip.latent_height) * u(clip.latent_width) *
                             u(10 * t.out_channels) * 4;  // solver, velocities, patches
    const uint64_t decoded =
        std::max(load::decoded_matrix(model.file, model.as),
                 load::decoded_block(model.file, transformer_names(), model.as, "blocks.", is_after_attention));
    const uint64_t past =  // keys, values and the latents that they are made of
        u(r.kept_latents) * u(clip.latent_height) * u(clip.latent_width) *
        (u(2 * t.layers) * row / (TransformerConfig::patch * TransformerConfig::patch) + u(4 * t.out_channels));
    phase.data = stream + attention + chunk + rope + cross + latents + past + prepared_bytes(parts, r) + decoded +
                 (model.as.loras != nullptr ? model.as.loras->most_bytes_to_apply() : 0);
    return phase;
}

autoencoders::Coding coding_of(const PlanRequest& r, const Clip& clip) {
    return {clip.latent_height, clip.latent_width, r.vae_element_bytes, r.half_history ? 2 : r.vae_element_bytes};
}

Phase decode_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip) {
    Phase phase{.name = "decode"};
    if (const Checkpoint* file = parts.vae_file.checkpoint.get())
        phase.weights = phase.least_weights =
            load::resident_bytes(*file, vae_names(), {r.vae_element_bytes, false, nullptr}, is_decoder);
    phase.data = autoencoders::decoding_bytes(parts.vae, coding_of(r, clip)) +
                 u(clip.latent_frames * clip.latent_height * clip.latent_width * parts.vae.z_dim) * 4;
    return phase;
}

// A picture through CLIP, and the video that it begins through the VAE's encoder, which is the decoder's mirror.
Phase picture_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip) {
    Phase phase = decode_phase(parts, r, clip);
    phase.name = "picture";
    uint64_t weights = load::resident_bytes(*parts.vae_file.checkpoint, vae_names(),
                                            {r.vae_element_bytes, false, nullptr}, is_encoder);
    if (const Checkpoint* file = parts.image_encoder.checkpoint.get())
        weights = std::max(weights,
                           load::resident_bytes(*file, encoders::clip_names(encoders::Tower::kVision), encoder_of(r)));
    phase.weights = phase.least_weights = weights;
    phase.data += 4 * autoencoders::frame_bytes(
                          parts.vae, coding_of(r, clip));  // the encoder takes the frames of a latent together
    const uint64_t frames = parts.beside_noise() ? u(r.frames) : 1;
    phase.data += frames * u(3 * r.width * r.height) * 4 * 2;  // on the host and in the VAE's type
    return phase;
}

load::MemoryPlan plan_with(const ModelParts& parts, const PlanRequest& r, const Transformer& model) {
    const Clip clip = clip_of(parts, r);
    load::MemoryPlan plan{
        {encoders::t5_phase(parts.text, parts.text_encoder.checkpoint.get(), kTextTokens, encoder_of(r)),
         prepare_phase(parts, r, model), denoise_phase(parts, r, clip, model), decode_phase(parts, r, clip)}};
    // A stream is decoded, and a new prompt is read, while all that the next latents need stays.
    if (r.kept_latents > 0)
        plan.phases[2].data += plan.phases[3].bytes() + std::max(plan.phases[0].bytes(), plan.phases[1].bytes());
    if ((parts.beside_noise() || parts.known_frames()) && parts.vae_file.checkpoint != nullptr)
        plan.phases.push_back(picture_phase(parts, r, clip));
    return plan;
}

}  // namespace

int64_t clip_frames(int64_t frames) {
    constexpr int64_t kGroup = VaeConfig::temporal_compression;
    return (frames - 1 + kGroup - 1) / kGroup * kGroup + 1;
}

int64_t kept_latents(const ModelParts& parts, int64_t frames) {
    if (frames < 0) return parts.window;
    const int64_t latents = (clip_frames(frames) - 1) / VaeConfig::temporal_compression + 1;
    return std::min(parts.window, (latents + kBlockLatents - 1) / kBlockLatents * kBlockLatents);
}

PlanRequest plan_request(const ModelParts& parts, int64_t frames) {
    PlanRequest request;
    request.steps = parts.usual_steps();
    if (parts.sampler == "causal") {
        request.frames = (kBlockLatents - 1) * VaeConfig::temporal_compression + 1;
        request.kept_latents = kept_latents(parts, frames);
    } else {
        request.frames = clip_frames(frames);
    }
    return request;
}

ranks::PassShape pass_shape(const ModelParts& parts, const PlanRequest& r) {
    const TransformerConfig& t = parts.transformer;
    const int64_t tokens = clip_of(parts, r).tokens;
    const int64_t columns = t.out_channels * TransformerConfig::patch * TransformerConfig::patch;
    return {.parts = {tokens},
            .heads = t.heads,
            .head_dim = t.head_dim,
            .layers = t.layers,
            .element_bytes = r.element_bytes,
            .end_tokens = tokens,
            .end_columns = columns,
            .passes = r.prompts,
            .velocity_bytes = tokens * columns * r.element_bytes};
}

load::MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& r) {
    load::MemoryPlan plan = plan_with(parts, r, transformer_of(parts, r, false));
    if (!parts.has_experts()) return plan;
    load::MemoryPlan low = plan_with(parts, r, transformer_of(parts, r, true));
    return low.peak() > plan.peak() ? low : plan;
}

}  // namespace zt::wan
