// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The sheets of the plan (families/storybook/plan.h) in closed form. Scenes are few: 144 backdrops in two phases, in
// fair weather, rain and snow. Encoded once as each camera sees them at home, their principal components are
// the sheets, and every scene has its codes.
#pragma once

#include "checkpoint.h"
#include "families/storybook/plan.h"
#include "families/storybook/vae.h"
#include "world/attributes.h"

namespace zt::training {

// samples = codes weightᵀ + bias, as well as so many components can; entries of `weight` have size one.
struct Components {
    at::Tensor weight, bias, codes;   // [numbers, count], [numbers], [samples, count]
};
[[nodiscard]] Components components(const at::Tensor& samples, int64_t count);

struct Scenery {
    Tensors stage;      // "stage.scenes.*", as the plan has them
    at::Tensor empty;   // [row, 18, 32, channels], normalised latents of the empty scenes
    // Scene, light, layout, style and weather of a clip as one number: which of the plan's scenes it is.
    [[nodiscard]] static int64_t combination(const world::Clip& clip) {
        return (((clip.scene * world::kTimes + clip.time) * world::kLayouts + clip.layout) * world::kStyles + clip.style) * world::kWeathers + clip.weather;
    }
    // The row of `empty` behind a clip at a clock; -1: it has none.
    [[nodiscard]] static int64_t row(const world::Clip& clip, int64_t clock) {
        constexpr int64_t standing = int64_t{world::kScenes} * world::kTimes * world::kLayouts * world::kStyles * world::kWeathers;
        const bool shaken = clip.camera == world::kShake && clip.weather == world::kClear;
        if (!shaken && clip.camera != world::kStatic) return -1;
        return (shaken ? standing + combination(clip) / world::kWeathers : combination(clip)) * storybook::kSceneClock + clock % storybook::kSceneClock;
    }
};

// Painted and encoded unless the file has it, of the same encoder and as many codes.
[[nodiscard]] Scenery make_scenery(const storybook::Vae& vae, const storybook::PlanConfig& shape, int workers, at::Device device, const std::string& file);

}  // namespace zt::training
