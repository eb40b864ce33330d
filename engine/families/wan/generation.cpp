// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Everything of a clip meets here; see generation.h.
#include "families/wan/generation.h"

#include <string>

#include "device/devices.h"
#include "families/wan/denoise.h"
#include "families/wan/picture.h"
#include "families/wan/prompt.h"
#include "families/wan/wan.h"

namespace zt::wan {
namespace {

using families::Direction;
using families::GenerationRequest;
using families::ProgressFn;

void report(const TextStates& text, const char* option, const Log& log) {
    if (text.dropped > 0)
        log(ZT_LOG_WARNING, std::string(option) + ": model reads " + std::to_string(kTextTokens) +
                                " tokens; the last " + std::to_string(text.dropped) + " have no effect");
}

}  // namespace

int64_t clip_frames(int64_t frames) {
    return (frames - 1 + VaeConfig::temporal_compression - 1) / VaeConfig::temporal_compression *
               VaeConfig::temporal_compression +
           1;
}

Generation::Generation(std::shared_ptr<const OpenedModel> model, const GenerationRequest& request)
    : model_(std::move(model)), request_(request),
      plan_(plan_clip(*model_, request.width, request.height, clip_frames(request.shot_frames), request.steps,
                      request.first.guidance > 1)) {
    request_.log(ZT_LOG_VERBOSE, "memory: about " + load::size_text(plan_.budget.peak) + " foreseen, " +
                                     std::to_string(plan_.budget.resident_blocks) + " of " +
                                     std::to_string(model_->parts.transformer.layers) + " blocks in memory" +
                                     (plan_.budget.keep ? ", kept for the next clip" : ""));
    if (plan_.half_history)
        request_.log(ZT_LOG_INFO,
                     "memory: what the decoder keeps of earlier frames is rounded to fp16, since it does "
                     "not fit otherwise");
}

int64_t Generation::next_frames() const {
    if (latents_.defined()) return std::min<int64_t>(next_latent_ == 0 ? 1 : VaeConfig::temporal_compression, left_);
    return std::min<int64_t>(1, shot_frames());
}

void Generation::begin_clip(const Direction& direction, const Cancel& cancel, const ProgressFn& progress) {
    const auto positive = encode_text(*model_, direction.prompt, cancel, progress);
    report(*positive, "prompt", request_.log);
    std::shared_ptr<const TextStates> negative;
    if (direction.guidance > 1) {
        negative = encode_text(
            *model_, direction.negative_prompt.empty() ? std::string(kNegativePrompt) : direction.negative_prompt,
            cancel, progress);
        report(*negative, "negative_prompt", request_.log);
    }
    Conditions conditions{positive.get(), negative.get(), {}, {}, {}};
    const int64_t frames = clip_frames(shot_frames());
    if (!request_.images.empty() && model_->parts.known_frames())
        conditions.first = picture_latent(*model_, request_, plan_.half_history, cancel, progress);
    if (model_->parts.beside_noise())
        conditions.beside = picture_channels(*model_, request_, frames, plan_.half_history, cancel, progress);
    if (model_->parts.reads_clip()) conditions.clip = clip_features(*model_, request_, cancel);
    device::return_freed_memory();
    latents_ = make_latents(*model_, request_, direction, conditions,
                            (frames - 1) / VaeConfig::temporal_compression + 1, plan_.budget, cancel, progress);
    device::return_freed_memory();
    progress("load", 0, 1);
    decoder_ = model_->decoder.get(plan_.budget.keep, [&] {
        auto made = std::make_shared<VaeDecoder>(make_vae_decoder(model_->parts.vae));
        model_->vae(cancel).fill(*made, model_->vae_type, false);
        return made;
    });
    stream_.emplace(*decoder_, plan_.half_history);
    next_latent_ = 0;
    left_ = shot_frames();
}

std::optional<families::FrameBatch> Generation::next(const Direction& direction, const Cancel& cancel,
                                                     const ProgressFn& progress) {
    if (next_frames() == 0) return std::nullopt;
    if (!latents_.defined()) begin_clip(direction, cancel, progress);
    progress("decode", static_cast<int>(next_latent_), static_cast<int>(latents_.size(1)));
    const auto made =
        std::make_shared<const at::Tensor>(stream_->next(latents_.narrow(1, next_latent_, 1), cancel).to(at::kCPU));
    next_latent_++;
    const int64_t frames = std::min(made->size(0), left_);
    done_ += frames;
    left_ -= frames;
    if (left_ == 0) stream_.reset(), decoder_.reset(), latents_.reset();
    return families::FrameBatch{made, made->const_data_ptr<float>(), frames};
}

}  // namespace zt::wan
