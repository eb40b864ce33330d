// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The formulas; see memory_plan.h. Each line names the tensors it counts.
#include "families/minimax_h3/memory_plan.h"

#include <algorithm>
#include <string_view>

#include "families/minimax_h3/audio_vae/names.h"
#include "families/minimax_h3/audio_vae/plan.h"
#include "families/minimax_h3/layout.h"
#include "families/minimax_h3/names.h"
#include "families/minimax_h3/video_vae/names.h"
#include "families/minimax_h3/video_vae/plan.h"

namespace zt::minimax_h3 {
namespace {

using load::Phase;
using load::Resident;
using weights::Checkpoint;

uint64_t u(int64_t n) { return n > 0 ? static_cast<uint64_t>(n) : 0; }

// What works once for a clip: the modulation, one matrix at a time, and the text reader.
bool is_modulation(std::string_view name) {
    return name.find("adaln_proj") != name.npos || name.starts_with("adaln_t_table") ||
           name.starts_with("time_embedder.");
}
bool is_text_reader(std::string_view name) {
    return name.starts_with("condition_proj") || name.starts_with("token_refiner.");
}
bool is_step(std::string_view name) { return !is_modulation(name) && !is_text_reader(name); }
// What a block decodes before it goes over its rows, after the attention that the fused projection is for.
bool is_after_attention(std::string_view name) { return is_step(name) && name.find(".attn.qkv.") == name.npos; }
bool is_encoder(std::string_view name) { return name.starts_with("encoder.") || name.starts_with("quant_conv"); }
bool is_decoder(std::string_view name) { return name.starts_with("decoder.") || name.starts_with("post_quant_conv"); }

struct Rows {
    int64_t text = 0, video = 0, keyframes = 0, audio = 0;
    [[nodiscard]] int64_t all() const { return text + video + keyframes + audio; }
};
Rows rows_of(const PlanRequest& r) {
    const Geometry g = geometry_of(r.frames, {r.width, r.height});
    Rows rows;
    // A keyframe adds its label, a block of tokens with two ends, and the rows of its latent.
    rows.text = r.text_rows + r.keyframes * (8 + g.rows_per_frame());
    rows.keyframes = r.keyframes * g.rows_per_frame();
    rows.video = g.frames * g.rows_per_frame();
    rows.audio = kAudioChannels * g.audio;
    return rows;
}

// Tables of all steps, positions, and the text, which stay until the clip is made.
uint64_t prepared_bytes(const ModelParts& parts, const PlanRequest& r, const Rows& rows) {
    const TransformerConfig& t = parts.transformer;
    const int64_t times = 2 * r.steps + (r.keyframes > 0 ? 1 : 0);
    return u(times) * u(t.layers * kModalities * 6 + 2) * u(t.hidden) * u(r.element_bytes) +
           u(rows.all()) * u(2 * 3 * t.rope_frequencies) * 4 +
           u(rows.text + rows.keyframes) * u(t.hidden) * u(r.element_bytes);
}

// Attention and feed-forward of `rows` rows, at most a chunk of which is in the latter at a time.
uint64_t block_bytes(const TransformerConfig& t, int64_t rows, int64_t element_bytes, uint64_t attention) {
    const uint64_t e = u(element_bytes), stream = u(rows) * u(t.hidden) * e;
    const uint64_t chunk = u(std::min(kTokenChunk, rows)) *
                           (u(3 * t.ffn_dim) * e + u(3 * t.inner()) * e + u(4 * t.hidden) * e + u(2 * t.hidden) * 4);
    return 2 * stream + attention + chunk;
}

Phase prepare_phase(const ModelParts& parts, const PlanRequest& r, const Rows& rows) {
    Phase phase{.name = "prepare"};
    const TransformerConfig& t = parts.transformer;
    const load::TableNames& names = transformer_names(parts.order);
    const Resident as{r.element_bytes, r.keep_packed, r.loras};
    if (const Checkpoint* file = parts.transformer_file.checkpoint.get()) {
        const uint64_t all = load::resident_bytes(*file, names, as, is_modulation);
        const uint64_t one = all / u(t.layers + 1) * 2;  // of a block, and room to decode it
        phase.weights = phase.least_weights = std::max(load::resident_bytes(*file, names, as, is_text_reader), one);
    }
    phase.data = prepared_bytes(parts, r, rows) +
                 block_bytes(t, rows.text, r.element_bytes, 4 * u(rows.text * t.inner() * r.element_bytes)) +
                 u(rows.text) * u(t.text_dim) * u(r.element_bytes);
    return phase;
}

Phase denoise_phase(const ModelParts& parts, const PlanRequest& r, const Rows& rows) {
    Phase phase{.name = "denoise"};
    const TransformerConfig& t = parts.transformer;
    const load::TableNames& names = transformer_names(parts.order);
    const Resident as{r.element_bytes, r.keep_packed, r.loras};
    const Checkpoint* file = parts.transformer_file.checkpoint.get();
    if (file != nullptr) {
        phase.weights = load::resident_bytes(*file, names, as, is_step);
        phase.least_weights = std::min(phase.weights, load::two_blocks(*file, names, as, "blocks.", is_step));
        phase.blocks = load::all_blocks(*file, names, as, "blocks.", is_step);
    }
    const uint64_t latents = (u(rows.video) * u(t.video_row()) + u(rows.audio) * u(t.audio_channels)) * 4 * 6;
    const uint64_t attention = ranks::attention_memory(pass_shape(parts, r), r.ranks);
    phase.data =
        prepared_bytes(parts, r, rows) + block_bytes(t, rows.all(), r.element_bytes, attention) + latents +
        std::max(load::decoded_matrix(file, as), load::decoded_block(file, names, as, "blocks.", is_after_attention)) +
        (r.loras != nullptr ? r.loras->most_bytes_to_apply() : 0);
    return phase;
}

Phase decode_phase(const ModelParts& parts, const PlanRequest& r, const Rows& rows) {
    Phase phase{.name = "decode"};
    if (const Checkpoint* file = parts.video_vae.file.checkpoint.get())
        phase.weights = phase.least_weights =
            load::resident_bytes(*file, video_vae_names(), {r.vae_kept_bytes, r.keep_packed, nullptr}, is_decoder);
    const VideoVaeConfig& c = parts.video_vae.config;
    phase.data = video_decoding_bytes(c, {r.height, r.width, r.vae_element_bytes, r.vae_kept_bytes,
                                          tiles_at_once(c, r.height, r.width, r.on_host)}) +
                 u(rows.video) * u(parts.transformer.video_row()) * 4 * 2;
    return phase;
}

Phase sound_phase(const ModelParts& parts, const PlanRequest& r) {
    Phase phase{.name = "sound"};
    const AudioVaeConfig& c = parts.audio_vae.config;
    phase.weights = phase.least_weights =
        load::resident_bytes(*parts.audio_vae.file.checkpoint, audio_vae_names(), {4, false, nullptr},
                             [](std::string_view name) { return name.starts_with("dec"); });
    phase.data = audio_decoding_bytes(c, audio_latents(r.frames), kAudioChannels);
    return phase;
}

// Keyframes through the vision tower, and one by one through the VAE's encoder.
Phase picture_phase(const ModelParts& parts, const PlanRequest& r) {
    Phase phase{.name = "picture"};
    if (const Checkpoint* file = parts.video_vae.file.checkpoint.get())
        phase.weights = phase.least_weights =
            load::resident_bytes(*file, video_vae_names(), {4, false, nullptr}, is_encoder);
    phase.data = video_encoding_bytes(parts.video_vae.config, r.height, r.width) + u(3 * r.width * r.height) * 5;
    return phase;
}

}  // namespace

ranks::PassShape pass_shape(const ModelParts& parts, const PlanRequest& r) {
    const TransformerConfig& t = parts.transformer;
    const int64_t rows = rows_of(r).all();
    return {.parts = {rows},
            .heads = t.heads,
            .head_dim = t.inner() / t.heads,
            .layers = t.layers,
            .element_bytes = r.element_bytes,
            .end_tokens = rows,
            .end_columns = t.hidden};
}

load::MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& r) {
    const Rows rows = rows_of(r);
    const Resident encoder{r.element_bytes, r.keep_packed, nullptr};
    load::MemoryPlan plan{
        {encoders::llm_phase(parts.text, parts.text_encoder.checkpoint.get(), rows.text, rows.text, encoder),
         prepare_phase(parts, r, rows), denoise_phase(parts, r, rows), decode_phase(parts, r, rows)}};
    if (r.sound && parts.sounds()) plan.phases.push_back(sound_phase(parts, r));
    if (r.keyframes > 0 && parts.takes_picture()) {
        plan.phases.push_back(picture_phase(parts, r));
        plan.phases.push_back(encoders::qwen3_vl_vision_phase(parts.vision, parts.vision_file.checkpoint.get(), r.width,
                                                              r.height, r.keyframes, encoder));
    }
    return plan;
}

}  // namespace zt::minimax_h3
