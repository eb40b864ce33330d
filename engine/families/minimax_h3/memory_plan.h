// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much memory a clip needs, before any of it is taken: phase by phase, from the shapes of the model, the types in
// its files and the size of the clip (load/memory.h). Torch-free.
#pragma once

#include <cstdint>

#include "families/minimax_h3/parts.h"
#include "load/memory.h"
#include "ranks/traffic.h"

namespace zt::minimax_h3 {

struct PlanRequest {
    int64_t width = 1344, height = 768, frames = 124;  // of the clip that is made, 17 n + 5
    int64_t steps = 49;
    int64_t text_rows = 300;  // of the prompt, without what keyframes add
    int64_t keyframes = 0;    // 0 to 2
    bool sound = true;
    int64_t element_bytes = 2;  // of the arithmetic of transformer and text encoder: 4 fp32, 2 bf16
    int64_t vae_element_bytes = 4, vae_kept_bytes = 2;  // of the video decoder's products, and of its matrices
    bool keep_packed = true;                            // fp8 and GGUF matrices stay as they are in the file
    bool on_host = true;
    int ranks = 1;                         // that make the clip together
    const load::LoraSet* loras = nullptr;  // borrowed, may be null
};

// Parts that are missing count as nothing.
[[nodiscard]] load::MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& request);

// A pass of the transformer as several ranks share it.
[[nodiscard]] ranks::PassShape pass_shape(const ModelParts& parts, const PlanRequest& request);

}  // namespace zt::minimax_h3
