// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much memory a clip needs, before any of it is taken: phase by phase, from the shapes of the model, the types in
// its files and the size of the clip (load/memory.h). Torch-free.
#pragma once

#include <array>
#include <cstdint>

#include "families/wan/parts.h"
#include "load/memory.h"
#include "ranks/traffic.h"

namespace zt::wan {

struct PlanRequest {
    int64_t width = 832, height = 480, frames = 81;  // of the clip that comes out
    int64_t steps = 50;
    int64_t element_bytes = 2;  // of the arithmetic of transformer and text encoder: 4 fp32, 2 bf16
    int64_t vae_element_bytes = 4;
    bool half_history = false;  // what the autoencoder keeps of earlier frames is rounded to fp16
    int64_t prompts = 2;        // 2 with guidance
    int ranks = 1;              // that make the clip together
    int64_t kept_latents = 0;   // causal models: whose keys and values are in memory; 0: it is none
    bool keep_packed = true;    // fp8 and GGUF matrices stay as they are in the file
    std::array<const load::LoraSet*, 2> loras = {};  // of each transformer; borrowed, may be null
};

// Frames of the clip that a shot of so many is cut from: 4 k + 1.
[[nodiscard]] int64_t clip_frames(int64_t frames);

// Causal models: latents whose keys and values are in memory at once: the window, or all where there are fewer up to
// the next cut. frames: up to that cut; -1: endless.
[[nodiscard]] int64_t kept_latents(const ModelParts& parts, int64_t frames);

// Of `frames` up to the next cut, in the model's own number of steps: the length of what is made at a time, and what is
// kept of before it.
[[nodiscard]] PlanRequest plan_request(const ModelParts& parts, int64_t frames);

// Of two experts one at a time is in memory: the larger one counts. Parts that are missing count as nothing.
[[nodiscard]] load::MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& request);

// A pass of the transformer as several ranks share it.
[[nodiscard]] ranks::PassShape pass_shape(const ModelParts& parts, const PlanRequest& request);

}  // namespace zt::wan
