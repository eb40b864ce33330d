// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The formulas; see memory_plan.h. Each line names the tensors it counts.
#include "families/wan/memory_plan.h"

#include <algorithm>
#include <string_view>

#include "encoders/clip_config.h"
#include "encoders/t5_names.h"
#include "families/wan/names.h"
#include "families/wan/vae/names.h"

namespace zt::wan {
namespace {

using load::Phase;
using load::Resident;
using weights::Checkpoint;

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

Resident transformer_of(const PlanRequest& r) { return {r.element_bytes, true, r.loras}; }
Resident encoder_of(const PlanRequest& r) { return {r.element_bytes, true, nullptr}; }

// What is used before the first step only.
bool is_preparation(std::string_view name) {
    return name.starts_with("time_") || name.starts_with("text_embedding.") || name.starts_with("img_emb.");
}
bool is_denoising(std::string_view name) { return !is_preparation(name); }
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

Phase text_phase(const ModelParts& parts, const PlanRequest& r) {
    Phase phase{.name = "text"};
    const encoders::T5Config& t = parts.text;
    if (const Checkpoint* file = parts.text_encoder.checkpoint.get())
        phase.weights = phase.least_weights =
            load::two_blocks(*file, encoders::t5_names(), encoder_of(r), "encoder.block.");
    // States, q, k, v, two halves of the MLP; scores in fp32, twice.
    phase.data = u(kTextTokens) * u(6 * t.width() + 3 * t.d_ff) * u(r.element_bytes) +
                 2 * u(kTextTokens) * u(kTextTokens) * u(t.heads) * 4 +
                 load::decoded_matrix(parts.text_encoder.checkpoint.get(), encoder_of(r));
    return phase;
}

// Levels of all steps and the text, which stay until the clip is made.
uint64_t prepared_bytes(const ModelParts& parts, const PlanRequest& r) {
    const int64_t h = parts.transformer.width();
    return u(r.steps + 1) * u(7 * h) * 4 + u(r.prompts) * u(kTextTokens) * u(h) * u(r.element_bytes);
}

Phase prepare_phase(const ModelParts& parts, const PlanRequest& r) {
    Phase phase{.name = "prepare"};
    if (const Checkpoint* file = parts.transformer_file.checkpoint.get())
        phase.weights = phase.least_weights =
            load::resident_bytes(*file, transformer_names(), transformer_of(r), is_preparation);
    phase.data = prepared_bytes(parts, r) +
                 u(kTextTokens) * u(parts.transformer.text_dim + 2 * parts.transformer.width()) * u(r.element_bytes);
    return phase;
}

Phase denoise_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip) {
    Phase phase{.name = "denoise"};
    const TransformerConfig& t = parts.transformer;
    if (const Checkpoint* file = parts.transformer_file.checkpoint.get()) {
        phase.weights = load::resident_bytes(*file, transformer_names(), transformer_of(r), is_denoising);
        phase.least_weights =
            std::min(phase.weights, load::two_blocks(*file, transformer_names(), transformer_of(r), "blocks."));
    }
    const uint64_t row = u(t.width()) * u(r.element_bytes);
    const uint64_t stream = u(clip.tokens) * row, attention = 4 * u(clip.tokens) * row;  // x; q, k, v and the result
    const uint64_t chunk = u(std::min(kTokenChunk, clip.tokens)) *
                           (6 * row + 2 * u(t.ffn_dim) * u(r.element_bytes) + 2 * u(t.width()) * 4);
    const uint64_t rope = u(clip.tokens) * u(t.head_dim) * 4;
    const uint64_t cross =
        u(r.prompts) * u(t.layers) * 2 * u(kTextTokens) * row;  // keys and values of the text, kept from step to step
    const uint64_t latents = u(clip.latent_frames) * u(clip.latent_height) * u(clip.latent_width) *
                             u(10 * t.out_channels) * 4;  // solver, velocities, patches
    const uint64_t decoded = load::decoded_matrix(parts.transformer_file.checkpoint.get(), transformer_of(r));
    phase.data = stream + attention + chunk + rope + cross + latents + prepared_bytes(parts, r) + decoded +
                 (r.loras != nullptr ? r.loras->most_bytes_to_apply() : 0);
    return phase;
}

Phase decode_phase(const ModelParts& parts, const PlanRequest& r, const Clip& clip) {
    Phase phase{.name = "decode"};
    if (const Checkpoint* file = parts.vae_file.checkpoint.get())
        phase.weights = phase.least_weights =
            load::resident_bytes(*file, vae_names(), {r.vae_element_bytes, false, nullptr}, is_decoder);
    const VaeConfig& v = parts.vae;
    const uint64_t places = u(clip.latent_height) * u(clip.latent_width);
    // The widest stage is the last: four frames at full size of the last width, of what comes in and goes out of it,
    // and of the convolution's copy.
    const int64_t out_pixels = v.spatial_compression() / v.patch_size;
    const uint64_t last = places * u(out_pixels * out_pixels) * 4 *
                          u(v.decoder_base_dim * std::max<int64_t>(v.dim_mult[0], v.dim_mult[1])) *
                          u(r.vae_element_bytes);
    // Two frames of the input of each convolution in time: of each stage three resnets with two of them.
    uint64_t kept = 0;
    int64_t side = 1;
    for (size_t i = v.dim_mult.size(); i-- > 0; side = std::min(2 * side, out_pixels))
        kept += places * u(side * side) * u(v.decoder_base_dim * v.dim_mult[i]) * 2 * 7;
    phase.data = 5 * last + kept * u(r.vae_element_bytes) + u(clip.latent_frames) * places * u(v.z_dim) * 4;
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
    const uint64_t frames = parts.beside_noise() ? u(r.frames) : 1;
    phase.data += frames * u(3 * r.width * r.height) * 4 * 2;  // on the host and in the VAE's type
    return phase;
}

}  // namespace

load::MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& r) {
    const Clip clip = clip_of(parts, r);
    load::MemoryPlan plan{
        {text_phase(parts, r), prepare_phase(parts, r), denoise_phase(parts, r, clip), decode_phase(parts, r, clip)}};
    if ((parts.beside_noise() || parts.known_frames()) && parts.vae_file.checkpoint != nullptr)
        plan.phases.push_back(picture_phase(parts, r, clip));
    return plan;
}

}  // namespace zt::wan
