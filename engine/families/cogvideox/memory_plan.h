// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much memory a clip needs, before any of it is taken: phase by phase, from the shapes of the model, the types in
// its files and the size of the clip (load/memory.h). Torch-free.
#pragma once

#include <cstdint>

#include "autoencoders/batched_plan.h"
#include "families/cogvideox/parts.h"
#include "load/memory.h"
#include "ranks/traffic.h"

namespace zt::cogvideox {

using autoencoders::batched::CodingOptions;

struct PlanRequest {
    int64_t width = 720, height = 480, frames = 49;  // of the clip that is made
    int64_t steps = 50;
    int64_t element_bytes = 2;  // of the arithmetic of transformer and text encoder: 4 fp32, 2 bf16
    int64_t vae_element_bytes = 4;
    int64_t prompts = 2;  // 2 with guidance
    int ranks = 1;        // that make the clip together
    bool keep_packed = true;
    CodingOptions coding;
    bool may_tile = true;                  // where nobody asked for tiles or against them
    const load::LoraSet* loras = nullptr;  // borrowed, may be null
};

// Parts that are missing count as nothing.
[[nodiscard]] load::MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& request);
// The same with the autoencoder as the model's parts ask for it, or as it fits: what is kept between batches rounded to
// fp16 before tiles, which are another function. limit: in bytes; sets request.coding.
[[nodiscard]] load::MemoryPlan plan_within(const ModelParts& parts, PlanRequest& request, uint64_t limit);

// A pass of the transformer as several ranks share it.
[[nodiscard]] ranks::PassShape pass_shape(const ModelParts& parts, const PlanRequest& request);

}  // namespace zt::cogvideox
