// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much memory a clip needs, before any of it is taken: phase by phase, from the shapes of the model, the types in
// its files and the size of the clip (load/memory.h). Torch-free.
#pragma once

#include <cstdint>

#include "families/wan/parts.h"
#include "load/memory.h"

namespace zt::wan {

struct PlanRequest {
    int64_t width = 832, height = 480, frames = 81;  // of the clip that comes out
    int64_t steps = 50;
    int64_t element_bytes = 2;  // of the arithmetic of transformer and text encoder: 4 fp32, 2 bf16
    int64_t vae_element_bytes = 4;
    bool half_history = false;             // what the autoencoder keeps of earlier frames is rounded to fp16
    int64_t prompts = 2;                   // 2 with guidance
    int64_t kept_latents = 0;              // causal models: whose keys and values are in memory; 0: it is none
    bool keep_packed = true;               // fp8 and GGUF matrices stay as they are in the file
    bool low = false;                      // the expert for low noise works, not the one for high noise
    const load::LoraSet* loras = nullptr;  // of that transformer; borrowed, may be null
};

// Parts that are missing count as nothing.
[[nodiscard]] load::MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& request);

}  // namespace zt::wan
