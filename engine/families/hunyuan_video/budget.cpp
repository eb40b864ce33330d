// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The decision; see budget.h.
#include "families/hunyuan_video/budget.h"

#include <algorithm>
#include <string>

#include "core/error.h"
#include "device/devices.h"
#include "families/hunyuan_video/memory_plan.h"
#include "families/hunyuan_video/model.h"

namespace zt::hunyuan_video {
namespace {

// Numbers in the matrices of a block.
double double_block_numbers(const TransformerConfig& c) {
    return 2.0 * static_cast<double>(4 * c.width() * c.width() + 2 * c.width() * c.mlp_width());
}
double single_block_numbers(const TransformerConfig& c) {
    return static_cast<double>((3 * c.width() + c.mlp_width()) * c.width() + (c.width() + c.mlp_width()) * c.width());
}

}  // namespace

Budget plan_budget(const OpenedModel& model, int64_t width, int64_t height, int64_t frames, int64_t steps) {
    Budget budget;
    PlanRequest wanted;
    wanted.width = width;
    wanted.height = height;
    wanted.frames = frames;
    wanted.steps = steps;
    wanted.element_bytes = static_cast<int64_t>(c10::elementSize(model.type));
    wanted.vae_element_bytes = static_cast<int64_t>(c10::elementSize(model.vae_type));
    wanted.token_chunk = budget.token_chunk;
    wanted.prompts = model.parts.true_cfg > 1.0 ? 2 : 1;
    wanted.tiling = std::string(model.tiling.name);
    wanted.loras = model.loras.get();
    const MemoryPlan plan = plan_memory(model.parts, wanted);

    const uint64_t limit = model.budget != 0 ? model.budget : device::free_bytes(model.device);
    for (const Phase& phase : plan.phases) {
        if (phase.least_bytes() <= limit) continue;
        throw Error(ZT_ERROR_MEMORY, "memory: expected at least " + size_text(phase.least_bytes()) + " for the phase \"" + std::string(phase.name) + "\" of " +
                                         std::to_string(width) + "x" + std::to_string(height) + ", " + std::to_string(frames) + " frames, got " + size_text(limit));
    }

    const Phase& denoise = plan.phase("denoise");
    const TransformerConfig& c = model.parts.transformer;
    const int64_t total = c.layers + c.single_layers;
    budget.keep = plan.kept_peak() <= limit;
    if (budget.keep || denoise.bytes() <= limit) {
        budget.resident_blocks = total;
        budget.peak = budget.keep ? plan.kept_peak() : plan.peak();
        return budget;
    }
    const double numbers = static_cast<double>(c.layers) * double_block_numbers(c) + static_cast<double>(c.single_layers) * single_block_numbers(c);
    double left = static_cast<double>(limit - denoise.least_bytes());
    for (int64_t i = 0; i < total; i++) {
        left -= static_cast<double>(denoise.weights) * (i < c.layers ? double_block_numbers(c) : single_block_numbers(c)) / numbers;
        if (left < 0) break;
        budget.resident_blocks = i + 1;
    }
    budget.peak = limit;   // filled up with blocks
    return budget;
}

}  // namespace zt::hunyuan_video
