// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much memory a clip needs, before any of it is taken: phase by phase, from the shapes of the
// model, the types in its files and the size of the clip. A phase's weights are given back before the
// next one's are read, unless there is room to keep them for the next clip. Arithmetic only; torch-free.
//
// Not counted: the program itself and LibTorch's libraries (kProcessBytes on the host), and what the
// C library's allocator holds back of tensors below 32 MiB, which only small models feel.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "families/hunyuan_video/lora_set.h"
#include "families/hunyuan_video/parts.h"

namespace zt::hunyuan_video {

inline constexpr uint64_t kProcessBytes = 120'000'000;   // about; measured with LibTorch 2.11 on Linux

struct PlanRequest {
    int64_t width = 1280, height = 720, frames = 129;    // of the clip that comes out
    int64_t steps = 50;
    int64_t element_bytes = 2;        // of the arithmetic of transformer and encoders: 4 fp32, 2 bf16
    int64_t vae_element_bytes = 2;
    bool keep_packed = true;          // fp8 and GGUF matrices stay as they are in the file
    int64_t token_chunk = 2048;       // tokens in a projection at once
    int64_t prompts = 1;              // 2 with true guidance
    std::string tiling = "diffusers";
    const LoraSet* loras = nullptr;   // adapters of the transformer; borrowed, may be null
};

struct Phase {
    std::string_view name;            // "text", "prepare", "denoise", "decode"
    uint64_t weights = 0;             // all of the phase's at once; of the LLM two layers, it is always streamed
    uint64_t least_weights = 0;       // streamed: two blocks at a time
    uint64_t data = 0;                // activations, tables, latents, frames

    [[nodiscard]] uint64_t bytes() const noexcept { return weights + data; }
    [[nodiscard]] uint64_t least_bytes() const noexcept { return least_weights + data; }
};

struct MemoryPlan {
    std::vector<Phase> phases;        // in the order of time

    [[nodiscard]] uint64_t peak() const noexcept;         // everything of a phase resident
    [[nodiscard]] uint64_t least_peak() const noexcept;   // with streaming
    [[nodiscard]] uint64_t kept_peak() const noexcept;    // blocks and decoder stay for the next clip
    [[nodiscard]] const Phase& phase(std::string_view name) const;
};

// Parts that are missing count as nothing. Sizes need not be ones the model allows.
[[nodiscard]] MemoryPlan plan_memory(const ModelParts& parts, const PlanRequest& request);

// "13.2 GB" (1e9 bytes), "512 MB", "3 kB".
[[nodiscard]] std::string size_text(uint64_t bytes);

}  // namespace zt::hunyuan_video
