// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One storybook generation: chunk after chunk of up to twelve frames, for ever if asked, at
// constant cost. What it carries from chunk to chunk is one latent and the decoder's memory.
#pragma once

#include <memory>
#include <string>

#include "families/family.h"
#include "families/storybook/beginning.h"
#include "families/storybook/model_files.h"
#include "sample/noise.h"

namespace zt::storybook {

// One thread at a time.
class Generation final : public families::Generation {
public:
    Generation(std::shared_ptr<const Weights> weights, const families::GenerationRequest& request);
    void limit_next(int64_t most) override { most_ = most; }
    [[nodiscard]] int64_t next_frames() const override;
    std::optional<families::FrameBatch> next(const families::Direction& direction, const Cancel& cancel,
                                             const families::ProgressFn& progress) override;

private:
    void obey(const families::Direction& direction, const Cancel& cancel, const families::ProgressFn& progress);
    // Lets the made frames, [n, 3, height, width], follow on from the last given one.
    void join(at::Tensor made);
    // Takes over what the clip begins with: context, clock, layout and the decoder's memory.
    void begin(const std::vector<int64_t>& ids, const Cancel& cancel, const families::ProgressFn& progress);
    // Throws UNSUPPORTED where the newest given frame is far from what the VAE keeps of it.
    void check_world(const at::Tensor& kept, const Beginning& beginning) const;
    // Appends at least `frames` new pictures to groups, [4, 3, height, width] each.
    void make(int64_t frames, std::vector<at::Tensor>& groups, const Cancel& cancel, const families::ProgressFn& progress);

    std::shared_ptr<const Weights> weights_;
    const int64_t frames_;               // -1 = endless
    const std::vector<float> sigmas_;
    const families::LogFn log_;
    std::vector<families::Picture> pictures_;   // what the clip begins with, until the first chunk
    const zt_fit fit_;
    int64_t done_ = 0;                   // frames handed out
    int64_t most_ = INT64_MAX;           // frames up to the next shot
    at::Tensor spare_;                   // made past the end of a chunk that a shot cut short, [1..3, 3, height, width]
    sample::Noise noise_;
    int64_t seed_;
    std::string prompt_;
    std::optional<size_t> layout_;       // found in the beginning, in force up to a cut; else the seed draws one
    at::Tensor sentence_;                // text feature of prompt_, [1, width]
    at::Tensor context_;                 // last latent, [1, 18, 32, channels]; undefined at the start of a shot
    bool still_ = false;                 // it is of a still picture
    bool of_picture_ = false;            // newest_ is one
    DecoderState decoder_;
    at::Tensor newest_;                  // the last given frame, until the first one is made, [3, height, width]
    at::Tensor detail_;                  // what was lost of it, until that has faded
    int64_t clock_ = 0;                  // latents since the shot began
};

// Words the model does not know are left out; says so in the log. Never an error.
void report_unknown(const text::WordIds& ids, const families::LogFn& log);

}  // namespace zt::storybook
