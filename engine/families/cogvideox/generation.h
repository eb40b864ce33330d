// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One clip, or with a storyboard one for each shot: text, transformer, decode. All latents are made in the first call
// of next() of a clip; frames leave batch by batch, nine and then eight at a time. A shot of any length is cut from a
// clip of the next length that the model has.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "families/cogvideox/model.h"
#include "families/family.h"

namespace zt::cogvideox {

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

    std::shared_ptr<const OpenedModel> model_;
    families::GenerationRequest request_;
    ClipPlan plan_;
    int64_t done_ = 0;                      // frames handed out
    int64_t most_ = INT64_MAX;              // frames up to the next shot
    int64_t left_ = 0;                      // of the clip in the making
    std::shared_ptr<const Coder> decoder_;  // outlives stream_
    std::optional<autoencoders::batched::StreamingDecoder> stream_;
};

}  // namespace zt::cogvideox
