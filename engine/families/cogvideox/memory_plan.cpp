// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The formulas; see memory_plan.h. Each line names the tensors it counts.
#include "families/cogvideox/memory_plan.h"

#include <algorithm>
#include <string_view>

#include "families/cogvideox/names.h"

namespace zt::cogvideox {
namespace {

using load::Phase;
using load::Resident;
using weights::Checkpoint;

constexpr const char* kBlocks = "transformer_blocks.";

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

// What is used before the first step only: of blocks one after the other, and the rest.
bool is_modulator(std::string_view name) { return name.find(".linear.") != name.npos && name.starts_with(kBlocks); }
bool is_embedder(std::string_view name) {
    return name.starts_with("patch_embed.text_proj") || name.starts_with("patch_embed.pos_embedding") ||
           name.starts_with("time_embedding.") || name.starts_with("ofs_embedding.") ||
           name.starts_with("norm_out.linear");
}
bool is_denoising(std::string_view name) { return !is_modulator(name) && !is_embedder(name); }
// What a block decodes before it goes over its tokens, after the attention that the fused projection is for.
bool is_after_attention(std::string_view name) { return is_denoising(name) && name.find(".attn1.qkv.") == name.npos; }

struct Clip {
    int64_t latent_frames, latent_height, latent_width, tokens;  // as they are denoised, with the text
};
Clip clip_of(const ModelParts& parts, const PlanRequest& r) {
    const TransformerConfig& t = parts.transformer;
    Clip c{t.latent_frames(r.frames), r.height / kSpaceCompression, r.width / kSpaceCompression, 0};
    c.tokens = t.text_tokens + c.latent_frames / t.patch_time * (c.latent_height / kPatch) * (c.latent_width / kPatch);
    return c;
}

// What levels and prompts become, which stays until the clip is made.
uint64_t prepared_bytes(const ModelParts& parts, const PlanRequest& r, const Clip& clip) {
    const TransformerConfig& t = parts.transformer;
    const uint64_t h = u(t.width());
    const uint64_t added = !t.rotary || t.learned ? u(clip.tokens) * h : 0;
    return (u(r.steps) * (u(t.layers) * 12 * h + 2 * h) + u(r.prompts) * u(t.text_tokens) * h + added) *
           u(r.element_bytes);
}

Phase prepare_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip, const Resident& as) {
    const Checkpoint& file = *parts.transformer_file.checkpoint;
    Phase phase{.name = "prepare"};
    phase.weights = phase.least_weights = load::resident_bytes(file, transformer_names(), as, is_embedder) +
                                          load::two_blocks(file, transformer_names(), as, kBlocks, is_modulator);
    // Sines are made in fp64.
    phase.data = prepared_bytes(parts, r, clip) +
                 (parts.transformer.rotary ? 0 : 2 * u(clip.tokens) * u(parts.transformer.width()) * 8) +
                 load::decoded_matrix(&file, as) + (as.loras != nullptr ? as.loras->most_bytes_to_apply() : 0);
    return phase;
}

Phase denoise_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip, const Resident& as) {
    const Checkpoint& file = *parts.transformer_file.checkpoint;
    const TransformerConfig& t = parts.transformer;
    Phase phase{.name = "denoise"};
    phase.weights = load::resident_bytes(file, transformer_names(), as, is_denoising);
    phase.least_weights =
        std::min(phase.weights, load::two_blocks(file, transformer_names(), as, kBlocks, is_denoising));
    phase.blocks = load::all_blocks(file, transformer_names(), as, kBlocks, is_denoising);
    const uint64_t row = u(t.width()) * u(r.element_bytes);
    const ranks::PassShape pass = pass_shape(parts, r);
    const int64_t own = ranks::most_tokens(pass, r.ranks);
    const uint64_t stream = 2 * u(own) * row,                // x and its making
        attention = ranks::attention_memory(pass, r.ranks);  // q, k, v, the answer
    const uint64_t chunk = u(std::min(kTokenChunk, own)) * (2 * 4 + 6) * row;
    const uint64_t rope = t.rotary ? u(clip.tokens) * u(t.head_dim) * 4 : 0;
    const uint64_t latents = u(clip.latent_frames * clip.latent_height * clip.latent_width) *
                             u(10 * t.out_channels + 2 * t.in_channels) * 4;  // solver, velocities, patches
    const uint64_t decoded = std::max(load::decoded_matrix(&file, as),
                                      load::decoded_block(&file, transformer_names(), as, kBlocks, is_after_attention));
    phase.data = stream + attention + chunk + rope + latents + prepared_bytes(parts, r, clip) + decoded +
                 (as.loras != nullptr ? as.loras->most_bytes_to_apply() : 0);
    return phase;
}

Phase coding_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip, bool decodes) {
    Phase phase{.name = decodes ? "decode" : "picture"};
    const std::string_view half = decodes ? "decoder." : "encoder.";
    if (const Checkpoint* file = parts.vae_file.checkpoint.get())
        phase.weights = phase.least_weights =
            load::resident_bytes(*file, vae_names(), {r.vae_element_bytes, false, nullptr},
                                 [&](std::string_view name) { return name.starts_with(half); });
    phase.data = coding_bytes(parts.vae, decodes, clip.latent_frames, clip.latent_height, clip.latent_width,
                              r.vae_element_bytes, r.coding) +
                 u(clip.latent_frames * clip.latent_height * clip.latent_width * parts.vae.latent_channels) * 4 * 2;
    return phase;
}

}  // namespace

ranks::PassShape pass_shape(const ModelParts& parts, const PlanRequest& r) {
    const TransformerConfig& t = parts.transformer;
    const int64_t video = clip_of(parts, r).tokens - t.text_tokens;
    const int64_t columns = t.out_channels * t.patch_time * kPatch * kPatch;
    return {.parts = {t.text_tokens, video},
            .heads = t.heads,
            .head_dim = t.head_dim,
            .layers = t.layers,
            .element_bytes = r.element_bytes,
            .end_tokens = video,
            .end_columns = columns,
            .passes = r.prompts,
            .velocity_bytes = video * columns * 4};
}

load::MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& r) {
    const Clip clip = clip_of(parts, r);
    const Resident as{r.element_bytes, r.keep_packed, r.loras};
    load::MemoryPlan plan{{encoders::t5_phase(parts.text, parts.text_encoder.checkpoint.get(),
                                              parts.transformer.text_tokens, {r.element_bytes, r.keep_packed, nullptr}),
                           prepare_phase(parts, r, clip, as), denoise_phase(parts, r, clip, as),
                           coding_phase(parts, r, clip, true)}};
    if (parts.transformer.takes_picture()) plan.phases.push_back(coding_phase(parts, r, clip, false));
    return plan;
}

load::MemoryPlan plan_within(const ModelParts& parts, PlanRequest& r, uint64_t limit) {
    load::MemoryPlan plan;
    for (const bool tiled : {false, true}) {
        if (parts.tiling.value_or(tiled) != tiled) continue;
        if (tiled && !parts.tiling && !(r.may_tile && autoencoders::batched::has_tiles(parts.vae))) continue;
        for (const bool half : {false, true}) {
            r.coding = {tiled, half};
            plan = plan_memory(parts, r);
            if (plan.least_peak() <= limit) return plan;
        }
    }
    return plan;
}

}  // namespace zt::cogvideox
