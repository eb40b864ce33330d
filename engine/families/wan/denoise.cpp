// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/wan/denoise.h"

#include <array>
#include <optional>
#include <vector>

#include "device/devices.h"
#include "families/wan/wan.h"
#include "sample/loop.h"
#include "sample/noise.h"

namespace zt::wan {

at::Tensor make_latents(const OpenedModel& model, const families::GenerationRequest& request,
                        const families::Direction& direction, const Conditions& conditions, int64_t latent_frames,
                        const load::Budget& budget, const Cancel& cancel, const families::ProgressFn& progress) {
    constexpr float kTimes = 1000;
    const ModelParts& parts = model.parts;
    const TransformerConfig& config = parts.transformer;
    const bool distilled = parts.sampler == "distilled", two = parts.has_experts();
    const sample::Levels levels =
        sample::make_levels(distilled ? "distilled" : "unipc", request.steps,
                            request.flow_shift > 0 ? request.flow_shift : parts.flow_shift.value_or(kFlowShift));
    const auto is_low = [&](int64_t step) {
        return two && levels.t[static_cast<size_t>(step)] < static_cast<float>(parts.boundary) * kTimes;
    };
    progress("load", 0, 1);
    std::array<Prepared, 2> prepared;
    for (const bool low : {false, true})
        if (!low || two) prepared[low ? 1 : 0] = prepare(model, low, levels.t, conditions, cancel);
    device::return_freed_memory();

    const std::array<int64_t, 4> size = {config.out_channels, latent_frames,
                                         request.height / parts.vae.spatial_compression(),
                                         request.width / parts.vae.spatial_compression()};
    const Rope rope = make_rope(config, 0, size[1], size[2] / TransformerConfig::patch,
                                size[3] / TransformerConfig::patch, model.device);
    std::optional<Expert> expert;
    std::optional<bool> at_work;
    std::array<std::vector<CrossContext>, 2> cross;
    const sample::VelocityFn network = [&](const at::Tensor& latents, int64_t step, bool away) {
        const bool low = is_low(step);
        if (at_work != low) {
            expert.reset(), cross = {};  // gives its memory back before the next one's is taken
            device::return_freed_memory();
            at_work = low;
            expert.emplace(model, read_weights(model, low, budget, cancel, progress, request.log), cancel);
            progress("denoise", static_cast<int>(step), static_cast<int>(request.steps));
        }
        const Prepared& p = prepared[low ? 1 : 0];
        const Pass pass{p.steps[static_cast<size_t>(step)], conditions.first.defined() ? p.clean : Times(),
                        away ? &p.negative : &p.context, &cross[away ? 1 : 0], &rope};
        at::Tensor input = latents;
        if (conditions.first.defined())
            input = at::cat({conditions.first, latents.narrow(1, 1, latents.size(1) - 1)}, 1);
        if (conditions.beside.defined()) input = at::cat({latents, conditions.beside});
        return expert->velocity(pass, input);
    };
    const auto solver =
        sample::make_solver(distilled ? "euler" : "unipc", levels,
                            model.type == at::kFloat ? sample::Rounding::kFp32 : sample::Rounding::kProduct);
    const sample::Loop loop{
        levels, *solver,
        [&](int64_t step) {
            return is_low(step) && direction.guidance > 1 ? parts.guidance_2.value_or(direction.guidance)
                                                          : direction.guidance;
        },
        [&](int64_t i, int64_t n) { progress("denoise", static_cast<int>(i), static_cast<int>(n)); }};
    const at::Tensor made =
        sample::denoise(loop, sample::Noise(direction.seed).draw(size).to(model.device), network, cancel);
    return conditions.first.defined() ? at::cat({conditions.first, made.narrow(1, 1, latent_frames - 1)}, 1) : made;
}

}  // namespace zt::wan
