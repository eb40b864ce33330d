// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Who plays what: the acts and looks of the plan's puppets (families/storybook/puppets.h) that clips of the world show.
#pragma once

#include "families/storybook/plan.h"
#include "world/attributes.h"

namespace zt::training {

inline constexpr int kActMotions = world::kMotions + 1;   // a stroll in company goes half as far, and looks otherwise
inline constexpr int64_t kActs = 1 + int64_t{world::kStyles} * world::kSubjects * kActMotions;
inline constexpr int64_t kLooks = int64_t{world::kStyles} * world::kColours * world::kTimes;
static_assert(storybook::PuppetsConfig{}.acts == kActs && storybook::PuppetsConfig{}.looks == kLooks);
static_assert(int{world::kStatic} == storybook::kStays && int{world::kFollow} == storybook::kPans && int{world::kZoom} == storybook::kZooms && int{world::kShake} == storybook::kShakes);   // one camera each

[[nodiscard]] inline int64_t act_of(int style, int subject, int motion, bool pair) {
    return 1 + (int64_t{style} * world::kSubjects + subject) * kActMotions + (pair && motion == world::kStroll ? int{world::kMotions} : motion);
}

// Where a puppet is to be seen, 1 or 0, in latents of a picture and of the same without puppets: [.., channels] -> [.., 1]
[[nodiscard]] inline at::Tensor puppet_places(const at::Tensor& seen, const at::Tensor& bare) { return (seen - bare).square().mean(-1, true).gt(0.01).to(at::kFloat); }

struct Cast {
    std::array<int64_t, storybook::kPlaces> acts{}, looks{};
};
[[nodiscard]] inline Cast cast_of(const world::Clip& c) {
    const bool pair = c.companion >= 0;
    const auto act = [&](int subject) { return act_of(c.style, subject, c.motion, pair); };
    const auto look = [&](int colour) { return (int64_t{c.style} * world::kColours + colour) * world::kTimes + c.time; };
    if (!pair) return {{act(c.subject), 0, 0}, {look(c.colour), 0, 0}};
    return {{0, act(c.subject), act(c.companion)}, {0, look(c.colour), look(c.companion_colour)}};
}

}  // namespace zt::training
