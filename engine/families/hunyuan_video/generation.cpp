// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The three phases of a clip; see generation.h.
#include "families/hunyuan_video/generation.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/sha256.h"
#include "core/text_number.h"
#include "device/devices.h"
#include "encoders/clip_vision.h"
#include "encoders/streamed_llm.h"
#include "families/hunyuan_video/memory_plan.h"
#include "families/hunyuan_video/text/picture.h"
#include "families/hunyuan_video/text/projector.h"
#include "ranks/place.h"
#include "ranks/team.h"

namespace zt::hunyuan_video {
namespace {

using families::Direction;
using families::GenerationRequest;
using families::ProgressFn;

// ---- Text phase ----

// Embeddings of the picture, and for true guidance of a black one.
struct PictureTokens {
    at::Tensor positive, negative;
};

PictureTokens picture_tokens(const OpenedModel& model, const families::Picture& picture, bool negative,
                             const Cancel& cancel) {
    const encoders::ClipConfig& config = model.parts.clip_vision;
    encoders::ClipVision vision = encoders::make_clip_vision(config);
    model.reader(Part::kClipVision, cancel).fill(vision, model.type, true);
    Projector projector = make_projector(config.hidden, model.parts.llm.hidden);
    model.reader(Part::kProjector, cancel).fill(projector, model.type, true);
    const auto tokens = [&](const at::Tensor& pixels) {
        return forward(projector,
                       encoders::picture_rows(forward(vision, pixels.to(model.device, model.type), &cancel)));
    };
    PictureTokens made;
    made.positive = tokens(clip_pixels(picture, config.image_size));
    if (negative) made.negative = tokens(clip_pixels(black_like(picture), config.image_size));
    return made;
}

// Everything that decides the features, as bytes.
std::string feature_key(const GenerationRequest& request, const Direction& direction,
                        const std::optional<std::string>& negative) {
    std::string key = direction.prompt + '\0' + (negative ? "-" + *negative : "");
    for (const families::Picture& picture : request.images) {
        Sha256 digest;
        digest.update(std::as_bytes(std::span(*picture.rgb)));
        key += '\0' + std::to_string(picture.width) + "x" + std::to_string(picture.height) + digest.finish();
    }
    return key;
}

void report(const TextFeatures& features, const char* option, const Log& log) {
    if (features.dropped > 0)
        log(ZT_LOG_WARNING, std::string(option) + ": model reads " + std::to_string(kMaxPromptTokens) +
                                " tokens; the last " + std::to_string(features.dropped) + " have no effect");
    if (features.pooled_dropped > 0)
        log(ZT_LOG_VERBOSE,
            std::string(option) + ": CLIP reads " + std::to_string(kMaxClipTokens) + " tokens of it; the LLM reads on");
}

std::shared_ptr<const PromptFeatures> prompt_features(const OpenedModel& model, const GenerationRequest& request,
                                                      const Direction& direction, const Cancel& cancel,
                                                      const ProgressFn& progress) {
    std::optional<std::string> negative;
    if (model.parts.true_cfg > 1.0)
        negative = direction.negative_prompt.empty()
                       ? std::string(default_negative_prompt(model.parts.transformer.kind))
                       : direction.negative_prompt;
    const std::string key = feature_key(request, direction, negative);
    auto features = model.features.find(key);
    if (features == nullptr) {
        progress("text", 0, 1);
        PictureTokens pictures;
        if (model.takes_picture())
            pictures = picture_tokens(model, request.images.front(), negative.has_value(), cancel);

        const load::PartReader llm_reader = model.reader(Part::kLlm, cancel);
        encoders::StreamedLlm llm(model.parts.llm, llm_reader, model.type);
        encoders::ClipText clip = encoders::make_clip_text(model.parts.clip_text);
        model.reader(Part::kClipText, cancel).fill(clip, model.type, true);
        const TextEncoders encoders{
            *model.llm_tokenizer, *model.clip_tokenizer, model.rules, model.parts.llm, llm, clip};
        const Kind kind = model.parts.transformer.kind;
        std::vector<Prompt> prompts{{direction.prompt, pictures.positive, image_stride(kind, false)}};
        if (negative) prompts.push_back({*negative, pictures.negative, image_stride(kind, true)});
        std::vector<TextFeatures> made = text_features(encoders, prompts, &cancel);

        auto kept = std::make_shared<PromptFeatures>();
        kept->positive = std::move(made[0]);
        if (negative) kept->negative = std::move(made[1]);
        model.features.keep(key, kept);
        features = kept;
    }
    report(features->positive, "prompt", request.log);
    if (features->negative) report(*features->negative, "negative_prompt", request.log);
    return features;
}

// The picture as the clean latent of the first frame, [channels, 1, h, w] fp32.
at::Tensor image_latent(const OpenedModel& model, const GenerationRequest& request, const Cancel& cancel,
                        const ProgressFn& progress) {
    progress("picture", 0, 1);
    VaeEncoder encoder = make_vae_encoder(model.parts.vae);
    model.reader(Part::kVae, cancel).fill(encoder, model.vae_type, true);
    prepare(encoder);
    const at::Tensor pixels = vae_pixels(request.images.front(), request.width, request.height, request.fit);
    TileRun run;
    run.cancel = &cancel;
    return encode(encoder, pixels.to(model.device, model.vae_type), model.tiling, run).to(at::kFloat);
}

// ---- Transformer phase ----

struct Prepared {
    Precomputed positive, negative;
};

// Every step's modulation and text. The embedders are in memory only here.
Prepared prepare_steps(const OpenedModel& model, const PromptFeatures& features, const sample::Levels& schedule,
                       double guidance, const Cancel& cancel, const ProgressFn& progress) {
    progress("load", 0, 1);
    Embedders embedders = make_embedders(model.parts.transformer);
    model.reader(Part::kTransformer, cancel).fill(embedders, model.type, true);
    const auto of = [&](const TextFeatures& f) {
        return precompute(model.parts.transformer, embedders, f.states.to(model.type), f.pooled.to(model.type),
                          schedule.t, guidance_input(guidance, model.type), cancel);
    };
    Prepared prepared{of(features.positive), {}};
    if (features.negative) prepared.negative = of(*features.negative);
    return prepared;
}

// The next length that the model has, of a clip that gives `frames` and skips some at its beginning.
int64_t clip_frames(const OpenedModel& model, int64_t frames, int64_t skipped) {
    const int64_t step = model.parts.vae.temporal_compression;
    return (frames + skipped - 1 + step - 1) / step * step + 1;
}

}  // namespace

int64_t longest_clip(const OpenedModel& model, const GenerationRequest& request) {
    return clip_frames(model, request.shot_frames, std::max<int64_t>(model.skipped_frames(), request.morph ? 1 : 0));
}

Generation::Generation(std::shared_ptr<const OpenedModel> model, const GenerationRequest& request)
    : model_(std::move(model)), request_(request),
      budget_(plan_budget(*model_, request.width, request.height,
                          longest_clip(*model_, request) - model_->skipped_frames(), request.steps,
                          request.morph ? 1 : ranks::company().all)) {
    const auto& transformer = model_->parts.transformer;
    load::tell_budget(request_.log, budget_, transformer.layers + transformer.single_layers);
}

int64_t Generation::skipped_frames() const {
    // A clip of token_replace begins with its picture, and that was given as the last of the shot before.
    return std::max<int64_t>(model_->skipped_frames(), request_.morph && done_ > 0 ? 1 : 0);
}

int64_t Generation::latent_frames() const {
    return (clip_frames(*model_, shot_frames(), skipped_frames()) - 1) / model_->parts.vae.temporal_compression + 1;
}

int64_t Generation::next_frames() const {
    if (stream_) return std::min(stream_->next_frames(), left_);
    if (shot_frames() == 0) return 0;
    const auto first = temporal_tile(model_->tiling, model_->parts.vae, latent_frames(), 0);
    return std::min(first.frames - skipped_frames(), shot_frames());
}

at::Tensor Generation::make_latents(const Direction& direction, const Cancel& cancel, const ProgressFn& progress) {
    const OpenedModel& model = *model_;
    const TransformerConfig& config = model.parts.transformer;
    const auto features = prompt_features(model, request_, direction, cancel, progress);
    const at::Tensor image = model.takes_picture() ? image_latent(model, request_, cancel, progress) : at::Tensor();
    device::return_freed_memory();
    const sample::Levels schedule =
        make_schedule(model.sampler, request_.steps,
                      request_.flow_shift > 0 ? request_.flow_shift : model.parts.flow_shift.value_or(kFlowShift),
                      model.type, config.kind);
    const Prepared prepared = prepare_steps(model, *features, schedule, direction.guidance, cancel, progress);
    device::return_freed_memory();

    const load::PartReader reader = model.reader(Part::kTransformer, cancel);
    const auto ends = model.ends.get(budget_.keep, [&] {
        auto made = std::make_shared<Ends>(make_ends(config));
        reader.fill(*made, model.type, true);
        return made;
    });
    StreamedBlocks source(
        config,
        load::hold_blocks<Block>(
            model.blocks, budget_, config.layers + config.single_layers,
            [&](int64_t i) { return read_block(config, reader, model.type, i); },
            [&](int64_t i, int64_t n) { progress("load", static_cast<int>(i), static_cast<int>(n)); }, request_.log));
    const VaeConfig& vae = model.parts.vae;
    const std::array<int64_t, 4> size = {config.out_channels, latent_frames(),
                                         request_.height / vae.spatial_compression,
                                         request_.width / vae.spatial_compression};
    const Rope rope = rope_for(config, size, model.device);
    const VelocityFn network = [&](const at::Tensor& input, int64_t step, bool negative) {
        return velocity(config, *ends, source, negative ? prepared.negative : prepared.positive, step, input, rope,
                        cancel, kTokenChunk);
    };
    const Sampling sampling{model.sampler, config.kind, features->negative ? model.parts.true_cfg : 1.0, true};
    const at::Tensor noise = make_noise(direction.seed, size, model.sampler, model.device);
    return denoise(
        sampling, schedule, noise, image, network,
        [&](int64_t i, int64_t n) { progress("denoise", static_cast<int>(i), static_cast<int>(n)); }, cancel);
}

void Generation::begin_clip(const Direction& direction, const Cancel& cancel, const ProgressFn& progress) {
    load::let_go(model_->blocks, model_->decoder, budget_);
    const at::Tensor latents = make_latents(direction, cancel, progress);
    device::return_freed_memory();
    const VaeConfig& vae = model_->parts.vae;
    const ranks::Tiles tiles = tiles_of(model_->tiling, vae, latents.size(2), latents.size(3));
    if (!tiles.spread()) ranks::end_of_shared_work();
    progress("load", 0, 1);
    const auto read = [&] {
        auto made = std::make_shared<VaeDecoder>(make_vae_decoder(vae));
        model_->reader(Part::kVae, cancel).fill(*made, model_->vae_type, true);
        prepare(*made);
        return made;
    };
    decoder_ = tiles.any_here() ? model_->decoder.get(budget_.keep, read)
                                : std::make_shared<const VaeDecoder>(make_vae_decoder(vae));
    stream_.emplace(*decoder_, latents, model_->tiling, skipped_frames());
    left_ = shot_frames();
}

// last: the shot's last frame, [3, height, width] fp32. Rounded to 8 bits, as a host would give it.
void Generation::end_clip(const at::Tensor& last) {
    stream_.reset();
    decoder_.reset();
    if (!request_.morph) return;
    const at::Tensor bytes = last.clamp(0, 1).mul(255).round().to(at::kByte).permute({1, 2, 0}).contiguous();
    const uint8_t* begin = bytes.const_data_ptr<uint8_t>();
    families::Picture& picture = request_.images.front();
    picture.width = request_.width;
    picture.height = request_.height;
    picture.rgb = std::make_shared<const std::vector<uint8_t>>(begin, begin + bytes.numel());
}

std::optional<families::FrameBatch> Generation::next(const Direction& direction, const Cancel& cancel,
                                                     const ProgressFn& progress) {
    if (next_frames() == 0) return std::nullopt;
    if (!stream_) begin_clip(direction, cancel, progress);
    const TileRun run{.cancel = &cancel, .progress = [&](int64_t done, int64_t total) {
                          progress("decode", static_cast<int>(done), static_cast<int>(total));
                      }};
    const at::Tensor made = stream_->next(run).to(at::kCPU);
    const int64_t frames = std::min(made.size(0), left_);
    done_ += frames;
    left_ -= frames;
    if (left_ == 0) end_clip(made[frames - 1]);
    const auto pixels = std::make_shared<const at::Tensor>(made.narrow(0, 0, frames));
    return families::FrameBatch{pixels, pixels->const_data_ptr<float>(), frames};
}

}  // namespace zt::hunyuan_video
