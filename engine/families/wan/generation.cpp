// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Everything of a clip meets here; see generation.h.
#include "families/wan/generation.h"

#include <string>
#include <utility>

#include "device/devices.h"
#include "families/wan/denoise.h"
#include "families/wan/memory_plan.h"
#include "families/wan/picture.h"
#include "families/wan/prompt.h"
#include "families/wan/wan.h"
#include "ranks/team.h"

namespace zt::wan {

using families::Direction;
using families::GenerationRequest;
using families::ProgressFn;

Generation::Generation(std::shared_ptr<const OpenedModel> model, const GenerationRequest& request)
    : model_(std::move(model)), request_(request), plan_(plan_clip(*model_, request)) {
    tell_plan(*model_, plan_, request_.log);
}

int64_t Generation::next_frames() const {
    if (latents_.defined()) return std::min<int64_t>(next_latent_ == 0 ? 1 : VaeConfig::temporal_compression, left_);
    return std::min<int64_t>(1, shot_frames());
}

void Generation::begin_clip(const Direction& direction, const Cancel& cancel, const ProgressFn& progress) {
    let_go(*model_, plan_.budget);
    const auto positive = encode_text(*model_, direction.prompt, "prompt", request_.log, cancel, progress);
    std::shared_ptr<const TextStates> negative;
    if (direction.guidance > 1)
        negative = encode_text(
            *model_, direction.negative_prompt.empty() ? std::string(kNegativePrompt) : direction.negative_prompt,
            "negative_prompt", request_.log, cancel, progress);
    Conditions conditions{positive.get(), negative.get(), {}, {}, {}};
    const int64_t frames = clip_frames(shot_frames());
    plan_.half_history = ranks::on_any_rank(plan_.half_history);  // those of other memory must code the picture alike
    if (!request_.images.empty() && model_->parts.known_frames())
        conditions.first = picture_latent(*model_, request_, plan_.half_history, cancel, progress);
    if (model_->parts.beside_noise())
        conditions.beside = picture_channels(*model_, request_, frames, plan_.half_history, cancel, progress);
    if (model_->parts.reads_clip()) conditions.clip = clip_features(*model_, request_, cancel);
    device::return_freed_memory();
    latents_ = make_latents(*model_, request_, direction, conditions,
                            (frames - 1) / VaeConfig::temporal_compression + 1, plan_.budget, cancel, progress);
    ranks::end_of_shared_work();  // the decoder makes whole frames, each from those before
    device::return_freed_memory();
    progress("load", 0, 1);
    decoder_ = read_decoder(*model_, plan_.budget, cancel);
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
