// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One clip, or with a storyboard one for each shot: text, transformer, decode (residency.h tells what is
// in memory in which). All latents are made in the first call of next() of a clip; frames leave as each
// tile of the decoder is final. A shot of any length is cut from a clip of the next length that the model
// has. Without a cut it goes on from the last frame of the shot before, as image to video.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "families/family.h"
#include "families/hunyuan_video/model.h"

namespace zt::hunyuan_video {

// Frames of the longest clip that is made for a request, with those that are not given.
[[nodiscard]] int64_t longest_clip(const OpenedModel& model, const families::GenerationRequest& request);

// One thread at a time.
class Generation final : public families::Generation {
public:
    Generation(std::shared_ptr<const OpenedModel> model, const families::GenerationRequest& request);

    void limit_next(int64_t most) override { most_ = most; }
    [[nodiscard]] int64_t next_frames() const override;
    void skip(int64_t frames) override { done_ += frames; }
    std::optional<families::FrameBatch> next(const families::Direction& direction, const Cancel& cancel,
                                             const families::ProgressFn& progress) override;

private:
    [[nodiscard]] int64_t shot_frames() const { return std::min(most_, request_.frames - done_); }  // if it begins now
    [[nodiscard]] int64_t skipped_frames() const;  // at the beginning of the next clip
    [[nodiscard]] int64_t latent_frames() const;   // of the next clip
    void begin_clip(const families::Direction& direction, const Cancel& cancel, const families::ProgressFn& progress);
    void end_clip(const at::Tensor& last);
    [[nodiscard]] at::Tensor make_latents(const families::Direction& direction, const Cancel& cancel,
                                          const families::ProgressFn& progress);

    std::shared_ptr<const OpenedModel> model_;
    families::GenerationRequest request_;  // its picture becomes the one the next clip begins with
    load::Budget budget_;
    int64_t done_ = 0;                           // frames handed out
    int64_t most_ = INT64_MAX;                   // frames up to the next shot
    int64_t left_ = 0;                           // of the clip in the making
    std::shared_ptr<const VaeDecoder> decoder_;  // outlives stream_
    std::optional<StreamingDecoder> stream_;     // while there are latents
};

}  // namespace zt::hunyuan_video
