// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The decision; see budget.h.
#include "families/hunyuan_video/budget.h"

#include <string>
#include <vector>

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

load::Budget plan_budget(const OpenedModel& model, int64_t width, int64_t height, int64_t frames, int64_t steps,
                         int ranks) {
    PlanRequest wanted;
    wanted.width = width;
    wanted.height = height;
    wanted.frames = frames;
    wanted.steps = steps;
    wanted.element_bytes = static_cast<int64_t>(c10::elementSize(model.type));
    wanted.vae_element_bytes = static_cast<int64_t>(c10::elementSize(model.vae_type));
    wanted.prompts = model.parts.true_cfg > 1.0 ? 2 : 1, wanted.ranks = ranks;
    wanted.tiling = std::string(model.tiling.name);
    wanted.loras = model.loras.get();
    const TransformerConfig& c = model.parts.transformer;
    const double numbers = static_cast<double>(c.layers) * double_block_numbers(c) +
                           static_cast<double>(c.single_layers) * single_block_numbers(c);
    std::vector<double> share(static_cast<size_t>(c.layers), double_block_numbers(c) / numbers);
    share.insert(share.end(), static_cast<size_t>(c.single_layers), single_block_numbers(c) / numbers);
    const load::MemoryLimit limit = model.room.limit();
    return load::fit_into(
        plan_memory(model.parts, wanted), limit, share,
        std::to_string(width) + "x" + std::to_string(height) + ", " + std::to_string(frames) + " frames", ranks);
}

}  // namespace zt::hunyuan_video
