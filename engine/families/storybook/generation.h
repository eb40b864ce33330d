// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One storybook generation: draws the clip chunk by chunk. Memory and time per chunk do not grow with its length, so it
// may be endless.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/broadcast_rates.h"
#include "families/family.h"
#include "families/storybook/model_files.h"
#include "families/storybook/stage.h"
#include "image/resample.h"

namespace zt::storybook {

// Broadcast rates; the first is the native one. At 24000/1001 the frames of 24 are played 0.1 % slower, as with film;
// at all other rates motion keeps its speed.
inline constexpr auto& kRates = families::kBroadcastRates;
inline constexpr int64_t kChunkFrames = 12;  // at the native rate; above it as many as take as long
[[nodiscard]] int64_t chunk_frames(zt_rational rate);

// Reads the prompt and casts it (casting.h); logs how it was understood.
[[nodiscard]] CastResult understand(const Weights& weights, const std::string& prompt, int64_t seed, const Play* before,
                                    const families::LogFn& log);

// What of a clip is shown: all of it, or its actors without the world, as colours (fill) and as their alpha (key).
enum class Layers : uint8_t { kAll, kFill, kKey };

// One thread at a time.
class Generation final : public families::Generation {
public:
    // layers: kAll where the request has pictures or is for a cutout, which has none either.
    Generation(std::shared_ptr<const Weights> weights, const families::GenerationRequest& request,
               Layers layers = Layers::kAll);
    void limit_next(int64_t most) override { most_ = most; }
    [[nodiscard]] int64_t next_frames() const override;
    std::optional<families::FrameBatch> next(const families::Direction& direction, const Cancel& cancel,
                                             const families::ProgressFn& progress) override;

private:
    // A play that is shown, and the frame that shows its time 0.
    struct Shown {
        std::shared_ptr<const Stage> stage;
        int64_t begin = 0;
    };

    void obey(const families::Direction& direction, const Cancel& cancel, const families::ProgressFn& progress);
    // Starts the clip on the pictures of the request: a first image becomes the backdrop, a history is gone on from.
    void begin(const CastResult& drawn, const Cancel& cancel, const families::ProgressFn& progress);
    // Looks for the frame of this play that equals the newest frame of the history; the frame after it, or -1 where
    // none does, so the history shows something else.
    [[nodiscard]] int64_t find(const Stage& stage, const image::Picture& newest, const Cancel& cancel) const;
    [[nodiscard]] std::shared_ptr<const Stage> stage_of(const Play& play, LayerPtr backdrop,
                                                        const Cancel& cancel) const;
    [[nodiscard]] LayerPtr backdrop_of(const image::Picture& fitted) const;
    [[nodiscard]] double seconds(int64_t frames) const;

    std::shared_ptr<const Weights> weights_;
    const int width_, height_;
    const zt_rational rate_;
    const int64_t frames_;  // -1 = endless
    const families::LogFn log_;
    std::vector<families::Picture> pictures_;  // what the clip begins with, until the first chunk
    const zt_fit fit_;
    const Layers layers_;
    const bool cutout_;
    int64_t done_ = 0;          // frames handed out
    int64_t most_ = INT64_MAX;  // frames up to the next shot
    int64_t seed_ = 0;
    std::string prompt_;
    Shown now_, before_;   // before_: the play that is faded out while a change is under way
    int64_t changed_ = 0;  // frame at which that change began
};

}  // namespace zt::storybook
