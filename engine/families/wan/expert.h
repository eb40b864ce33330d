// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One transformer of a model at work: the only one, or the expert for high or low noise.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "families/family.h"
#include "families/wan/model.h"
#include "load/held_blocks.h"
#include "load/read_ahead.h"

namespace zt::wan {

struct Conditions {
    const TextStates* positive = nullptr;
    const TextStates* negative = nullptr;  // null without guidance
    at::Tensor first;   // [z, 1, h, w]: the first frame's latent where it is known (TI2V-5B), else undefined
    at::Tensor clip;    // [tokens, image_dim]: what CLIP sees (2.1 with pictures), else undefined
    at::Tensor beside;  // [20, T, h, w]: what stands beside the noise (36 channels), else undefined
};

// What a transformer makes of levels and prompts before the first step. Each expert has its own.
struct Prepared {
    std::vector<Times> steps;
    Times clean;                   // of level 0
    at::Tensor context, negative;  // of the prompts; negative undefined without guidance
};
// t: the levels, 0 to 1000. The embedders are in memory only here.
[[nodiscard]] Prepared prepare(const OpenedModel& model, bool low, std::span<const float> t,
                               const Conditions& conditions, const Cancel& cancel);

// What is in memory from pass to pass.
struct ResidentWeights {
    std::shared_ptr<const Ends> ends;
    load::HeldBlocks<Block> blocks;
};
// Reads blocks of a transformer from its file. model and cancel: borrowed.
[[nodiscard]] std::function<Block(int64_t)> block_reader(const OpenedModel& model, bool low, const Cancel& cancel);
// model and cancel: borrowed by what is given back.
[[nodiscard]] ResidentWeights read_weights(const OpenedModel& model, bool low, const load::Budget& budget,
                                           const Cancel& cancel, const families::ProgressFn& progress, const Log& log);

// One thread at a time.
class Expert {
public:
    // model and cancel: borrowed.
    Expert(const OpenedModel& model, const ResidentWeights& weights, const Cancel& cancel);
    // input [in_channels, T, h, w] -> [out_channels, T, h, w]
    [[nodiscard]] at::Tensor velocity(const Pass& pass, const at::Tensor& input);

private:
    const OpenedModel& model_;
    const Cancel& cancel_;
    std::shared_ptr<const Ends> ends_;
    load::PartlyResident<Block> blocks_;
};

}  // namespace zt::wan
