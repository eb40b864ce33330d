// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The plan: what sentence and clock say about every token of a chunk before its noise is looked at. A
// small network would need far longer to learn shapes from the sentence through its layers alone.
//
// It is made like a paper theatre. The scene is planned where it stands at home, and the camera moves it: a
// pan turns it round a ring, a zoom enlarges it. Puppets are planned in a window that is put at three
// places, in the middle or, of two, to the left and to the right; they stroll, and the zoom enlarges them.
// So each backdrop is learned once and not for every camera, place and slot anew, and each puppet once and
// not for every company. What stays on the lens, as rain does, are a few features that no camera moves.
//
// Between two tokens a read picture is a mixture of both, and neither says how far it is from one to the
// other. Everything is therefore given once more times the phase between tokens where a zoom enlarges, and
// once more times how much the camera shakes: from there a linear map shifts by some pixels, to first order.
#pragma once

#include "nn/layers.h"

namespace zt::storybook {

inline constexpr int64_t kSlots = 3;           // latents made at once
inline constexpr int64_t kClock = 16;          // the clock counts latents since the shot began, modulo this
inline constexpr int64_t kPlaces = 3;          // of puppets: middle, left, right; windows of 8 columns from 4, 0 and 8
// What a camera does to the scene. A pan goes one token to the left per latent, a zoom enlarges by a third and
// back, both in kClock latents.
enum View { kStays, kPans, kZooms, kViews };

struct PlanConfig {
    int64_t width = 384, deeper = 256;         // hidden units of the scene, of a second layer
    int64_t features = 96, lens_features = 24; // of the scene per token; so many of them no camera moves
    int64_t puppet_width = 512;                // hidden units of a puppet
    int64_t puppet_features = 96;              // per token of a window
    int64_t tint = 128;                        // hidden units of a puppet's colours
};

struct Plan {
    PlanConfig config;
    at::Tensor position;               // [kSlots, 9, 16, token width]
    at::Tensor clock;                  // [kClock, width]
    nn::Linear hidden;                 // text feature -> width
    nn::Linear deeper_in, deeper_project;   // width -> deeper -> added to width
    nn::Linear project, in;            // width -> [9, 16, features], at home; features -> token width
    nn::Linear camera;                 // text feature -> kViews, before a softmax: what the camera does
    at::Tensor puppet_clock;           // [kClock, puppet_width]
    nn::Linear puppet_hidden;          // text feature -> [kPlaces, puppet_width]
    nn::Linear puppet_deeper_in, puppet_deeper_project;   // puppet_width -> half of it -> added to puppet_width
    nn::Linear puppet_project;         // puppet_width -> [9, 8, puppet_features], the same for all places: shape and pose
    nn::Linear puppet_gain;            // text feature -> [kPlaces, puppet_features], times 1 + this and the tint: colour
    nn::Linear tint_hidden, tint_project;   // text feature -> [kPlaces, tint]; tint -> puppet_features, for colours that light and style mix
    nn::Linear stroll;                 // text feature -> 1, before a sigmoid: whether puppets stroll
    nn::Linear puppet_in;              // puppet_features -> token width
    nn::Linear zoom_steer;             // (features that a zoom enlarges) * 4 phases -> token width
    nn::Linear shake_steer;            // (all features) * (alike, alternating) -> token width
    nn::Linear shake;                  // text feature -> 1, how much the camera shakes
    template <class F>
    void visit(F&& f) {
        f("position", position);
        f("clock.plan.table", clock);
        hidden.visit(f, "plan.hidden");
        deeper_in.visit(f, "plan.deeper.in");
        deeper_project.visit(f, "plan.deeper.project");
        project.visit(f, "plan.project");
        in.visit(f, "plan.in");
        camera.visit(f, "plan.camera.sentence");
        f("puppets.clock.embedding", puppet_clock);
        puppet_hidden.visit(f, "puppets.hidden");
        puppet_deeper_in.visit(f, "puppets.deeper.in");
        puppet_deeper_project.visit(f, "puppets.deeper.project");
        puppet_project.visit(f, "puppets.project");
        puppet_gain.visit(f, "puppets.gain.project");
        tint_hidden.visit(f, "puppets.tint.hidden");
        tint_project.visit(f, "puppets.tint.project");
        stroll.visit(f, "puppets.stroll.sentence");
        puppet_in.visit(f, "puppets.in");
        zoom_steer.visit(f, "plan.zoom.project");
        shake_steer.visit(f, "plan.shake.project");
        shake.visit(f, "plan.shake.sentence");
    }
};

// text_width: of the sentence's feature; width: of a token.
[[nodiscard]] Plan make_plan(const PlanConfig& config, int64_t text_width, int64_t width);

// When the slots of a chunk are, and where everything is then, in tokens; fp32 where nothing else is said.
struct Moment {
    at::Tensor clock;                         // int64 [batch, slots]
    at::Tensor panned;                        // the column that each column shows, [batch, slots, 16]
    at::Tensor zoomed_rows, zoomed_columns;   // .. and of an enlarged picture, [batch, slots, 9] and [batch, slots, 16]
    at::Tensor strolled;                      // to the right of home who strolls alone is; of two each goes half as far, [batch, slots]
};
// first: clock of the first slot, [batch] int64
[[nodiscard]] Moment moment(const at::Tensor& first);

// Text features, [batch, text width] each: of how things move, of the scene and of the cast. One sentence says
// all three; in training each is told of by one that is right in its own part only, so that no other part can
// have a say in it.
struct Sentences {
    at::Tensor moves, scene, cast;
    [[nodiscard]] static Sentences of(const at::Tensor& sentence) { return {sentence, sentence, sentence}; }
};

// The plan of a chunk; the same at every noise level.
//   clock    [batch] int64, of the first slot, modulo kClock -> [batch * kSlots, 9, 16, token width]
[[nodiscard]] at::Tensor forward(const Plan& plan, const Sentences& sentences, const at::Tensor& clock);

}  // namespace zt::storybook
