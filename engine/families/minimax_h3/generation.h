// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One clip, or with a storyboard one for each shot: text, pictures, transformer, sound, pictures again. All latents are
// made in the first call of next() of a clip, and its sound is decoded at once; frames leave clip by clip of the video
// autoencoder, 17 at a time, each with the samples of its time. A shot of any length is cut from a clip of the next
// length that the model has.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "families/family.h"
#include "families/minimax_h3/model.h"
#include "families/minimax_h3/video_vae/stream.h"

namespace zt::minimax_h3 {

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
    void begin_clip(const families::Direction& direction, const Cancel& cancel, const families::ProgressFn& progress);
    [[nodiscard]] at::Tensor sound_of(const at::Tensor& rows, const Cancel& cancel) const;
    void add_sound(families::FrameBatch& batch, int64_t first);

    std::shared_ptr<const OpenedModel> model_;
    families::GenerationRequest request_;
    load::Budget budget_;
    int64_t done_ = 0;                                // frames handed out
    int64_t most_ = INT64_MAX;                        // frames up to the next shot
    int64_t left_ = 0;                                // of the clip in the making
    int64_t begun_ = 0;                               // frame that it began at
    at::Tensor sound_;                                // [samples, 2] of it; undefined: none is wanted
    std::shared_ptr<const VideoVaeDecoder> decoder_;  // outlives stream_
    std::optional<VideoStream> stream_;               // while there is something to decode
};

}  // namespace zt::minimax_h3
