// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much memory a clip needs, before any of it is taken: phase by phase, from the shapes of the
// model, the types in its files and the size of the clip (load/memory.h). Torch-free.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "families/hunyuan_video/parts.h"
#include "load/memory.h"
#include "ranks/traffic.h"

namespace zt::hunyuan_video {

struct PlanRequest {
    int64_t width = 1280, height = 720, frames = 129;  // of the clip that comes out
    int64_t steps = 50;
    int64_t element_bytes = 2;  // of the arithmetic of transformer and encoders: 4 fp32, 2 bf16
    int64_t vae_element_bytes = 2;
    bool keep_packed = true;  // fp8 and GGUF matrices stay as they are in the file
    int64_t token_chunk = kTokenChunk;
    int64_t prompts = 1;  // 2 with true guidance
    int ranks = 1;        // that make the clip together
    std::string tiling = "diffusers";
    const load::LoraSet* loras = nullptr;  // adapters of the transformer; borrowed, may be null
};

// Parts that are missing count as nothing. Sizes need not be ones the model allows.
[[nodiscard]] load::MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& request);

// A pass of the transformer as several ranks share it.
[[nodiscard]] ranks::PassShape pass_shape(const ModelParts& parts, const PlanRequest& request);

}  // namespace zt::hunyuan_video
