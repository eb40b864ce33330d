// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The transformer of an opened model at work: what a clip needs once, what stays in memory, and the loop from noise to
// clean latents.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/cancel.h"
#include "families/minimax_h3/names.h"
#include "families/minimax_h3/transformer/modulation.h"
#include "families/minimax_h3/transformer/rows.h"
#include "families/minimax_h3/transformer/transformer.h"
#include "load/held_blocks.h"
#include "load/kept.h"
#include "load/lora_set.h"
#include "load/part_reader.h"
#include "load/read_ahead.h"
#include "sample/schedule.h"

namespace zt::minimax_h3 {

// Where a transformer lies and how it is read. Immutable but for what sessions share, which is thread-safe.
struct TransformerFile {
    TransformerConfig config;
    std::shared_ptr<const weights::Checkpoint> checkpoint;
    QkvOrder order = QkvOrder::kStacked;
    std::shared_ptr<const load::LoraSet> loras;  // may be null
    at::Device device = at::kCPU;
    at::ScalarType type = at::kFloat;

    mutable load::KeptBlocks<Block> blocks;
    mutable load::Shared<Ends> ends;

    // cancel: must outlive the reader.
    [[nodiscard]] load::PartReader reader(const Cancel& cancel) const;
};
// Names and shapes of all that a clip reads; no tensor is read. Throws zt::Error(WEIGHTS).
void check_transformer(const TransformerFile& file);

using ProgressFn = std::function<void(const char* phase, int done, int of)>;

// What a clip is made of.
struct Request {
    at::Tensor states;      // [L, text_dim] of the prompt and its pictures
    std::vector<Tag> text;  // of each of these rows
    Geometry geometry;
    std::vector<Anchor> anchors;                  // of the keyframes
    at::Tensor keyframes;                         // rows of draw_start, or undefined
    std::vector<float> video_times, audio_times;  // of each step
};
// Layout, tables and text of a clip. One matrix of the modulation and the text reader are in memory at a time, and none
// of it after. progress: "prepare".
[[nodiscard]] Prepared prepare(const TransformerFile& file, const Request& request, const Cancel& cancel,
                               const ProgressFn& progress);

// One thread at a time. file and cancel: borrowed.
class Denoiser {
public:
    // budget: what stays in memory from step to step, and beyond this object. progress: "load".
    Denoiser(const TransformerFile& file, const load::Budget& budget, const Cancel& cancel, const ProgressFn& progress,
             const Log& log);
    [[nodiscard]] Rows velocity(const Prepared& prepared, const Rows& latents, float video_time, float audio_time);

private:
    const TransformerFile& file_;
    const Cancel& cancel_;
    load::PartReader reader_;
    std::shared_ptr<const Ends> ends_;
    FinalNorm norm_;
    load::PartlyResident<Block> blocks_;  // reads through reader_
};

// From noise to clean rows: every step has one pass, after which video and audio each go down their own levels. noise:
// fp32. progress: "denoise".
[[nodiscard]] Rows make_latents(Denoiser& denoiser, const Prepared& prepared, const Rows& noise,
                                const sample::Levels& video, const sample::Levels& audio, const Cancel& cancel,
                                const ProgressFn& progress);
// Levels of a clip of so many evaluations, of video and audio.
inline constexpr double kVideoShift = 12.0, kAudioShift = 3.0;
[[nodiscard]] sample::Levels levels_of(int64_t steps, double shift);

}  // namespace zt::minimax_h3
