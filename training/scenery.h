// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The sheets of the plan (families/storybook/plan.h) in closed form. Scenes are few: 144 backdrops in two phases, in
// fair weather, rain and snow. Encoded once as each camera sees them at home, their principal components are
// the sheets, and what is left to learn by steps is which sentence has which codes.
#pragma once

#include "checkpoint.h"
#include "families/storybook/plan.h"
#include "families/storybook/vae.h"
#include "world/attributes.h"

namespace zt::training {

struct Scenery {
    Tensors sheets;     // "plan.sheets.*", as the plan has them
    at::Tensor empty;   // [row, 18, 32, channels], normalised latents of the empty scenes
    at::Tensor codes;   // [combination, kSceneClock, codes of the plan], fp32 on the device
    // Scene, light, layout, style and weather of a clip as one number.
    [[nodiscard]] static int64_t combination(const world::Clip& clip) {
        return (((clip.scene * world::kTimes + clip.time) * world::kLayouts + clip.layout) * world::kStyles + clip.style) * world::kWeathers + clip.weather;
    }
    // The row of `empty` behind a clip at a clock; -1: it has none.
    [[nodiscard]] static int64_t row(const world::Clip& clip, int64_t clock) {
        constexpr int64_t standing = world::kScenes * world::kTimes * world::kLayouts * world::kStyles * world::kWeathers;
        const bool shaken = clip.camera == world::kShake && clip.weather == world::kClear;
        if (!shaken && clip.camera != world::kStatic) return -1;
        return (shaken ? standing + combination(clip) / world::kWeathers : combination(clip)) * storybook::kSceneClock + clock % storybook::kSceneClock;
    }
    // Squared error of latents, mean over a sheet, of codes [.., codes of the plan] -> [..]
    [[nodiscard]] static at::Tensor error(const at::Tensor& codes, const at::Tensor& wanted);
};

// Painted and encoded unless the file has it.
[[nodiscard]] Scenery make_scenery(const storybook::Vae& vae, const storybook::PlanConfig& shape, int workers, at::Device device, const std::string& file);

}  // namespace zt::training
