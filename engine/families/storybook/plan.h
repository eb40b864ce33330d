// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The plan: what sentence and clock say about every token of a chunk before its noise is looked at. A
// small network would need far longer to learn shapes from the sentence through its layers alone.
//
// It has three parts, added up. The still one says what belongs where, from one hidden vector. What
// crosses the picture or grows is planned once, where it stands at home, and moved by the clock along the
// three paths there are (Path): otherwise each of the sixteen places of a pan would have to be learned
// anew for every backdrop. Puppets are planned in a window that is put at three places, in the middle
// or, of two, to the left and to the right, so that one who was learned alone is known in company too.
//
// Between two tokens a read picture is a mixture of both, and neither says how far it is from one to the
// other. What zooms is therefore given once more times the phase between tokens, and everything once more
// times how much the camera shakes: from there a linear map shifts by some pixels, to first order.
#pragma once

#include "nn/layers.h"

namespace zt::storybook {

inline constexpr int64_t kSlots = 3;           // latents made at once
inline constexpr int64_t kClock = 16;          // the clock counts latents since the shot began, modulo this
// What moves as a whole: a backdrop that a camera passes (one token to the left per latent, round a ring),
// a subject that strolls (one token per latent from four to the left of its home to four to the right,
// and mirrored back), a picture that a zoom enlarges by a third and back. Periods of kClock latents.
enum Path { kPan, kStroll, kZoom, kPaths };
inline constexpr int64_t kPlaces = 3;          // of puppets: middle, left, right; windows of 8 columns from 4, 0 and 8

struct PlanConfig {
    int64_t width = 384, features = 32;        // hidden units; per token, of the still part
    int64_t deeper = 256;                      // units of a second hidden layer; 0: there is one only
    int64_t moving_features = 16;              // per token and path; 0: nothing moves
    int64_t puppet_width = 512;                // hidden units of a puppet; 0: no puppets
    int64_t puppet_features = 32, zoomed_features = 16;   // per token of a window, some of them read along the zoom
    bool steered = true;                       // by less than a token, along the zoom and the shake; needs moving and zoomed features
};

// Layers are undefined where the configuration has none.
struct Plan {
    PlanConfig config;
    at::Tensor position;               // [kSlots, 9, 16, token width]
    at::Tensor clock;                  // [kClock, width]
    nn::Linear hidden;                 // text feature -> width
    nn::Linear deeper_in, deeper_project;   // width -> deeper -> added to width
    nn::Linear project, in;            // width -> [kSlots, 9, 16, features]; features -> token width
    nn::Linear moving_project;         // width -> [kPaths, 9, 16, moving_features], at home
    nn::Linear moving_in;              // kPaths * moving_features, moved -> token width
    at::Tensor puppet_clock;           // [kClock, puppet_width]
    nn::Linear puppet_hidden;          // text feature -> [kPlaces, puppet_width]
    nn::Linear puppet_deeper_in, puppet_deeper_project;   // puppet_width -> half of it -> added to puppet_width
    nn::Linear puppet_project;         // puppet_width -> [9, 8, all features], the same for all places: shape and pose
    nn::Linear puppet_gain;            // text feature -> [kPlaces, all features], times 1 + this: colour
    nn::Linear puppet_in;              // all features -> token width
    nn::Linear zoom_steer;             // (moving and zoomed features) * 4 phases -> token width
    nn::Linear shake_steer;            // (all features of all parts) * (alike, alternating) -> token width
    nn::Linear shake;                  // text feature -> 1, how much the camera shakes
    template <class F>
    void visit(F&& f) {
        f("position", position);
        f("clock.plan.table", clock);
        hidden.visit(f, "plan.hidden");
        if (deeper_in.weight.defined()) {
            deeper_in.visit(f, "plan.deeper.in");
            deeper_project.visit(f, "plan.deeper.project");
        }
        project.visit(f, "plan.project");
        in.visit(f, "plan.in");
        if (moving_in.weight.defined()) {
            moving_project.visit(f, "plan.moving.project");
            moving_in.visit(f, "plan.moving.in");
        }
        if (puppet_in.weight.defined()) {
            f("puppets.clock.embedding", puppet_clock);
            puppet_hidden.visit(f, "puppets.hidden");
            puppet_deeper_in.visit(f, "puppets.deeper.in");
            puppet_deeper_project.visit(f, "puppets.deeper.project");
            puppet_project.visit(f, "puppets.project");
            puppet_gain.visit(f, "puppets.gain.project");
            puppet_in.visit(f, "puppets.in");
        }
        if (shake.weight.defined()) {
            zoom_steer.visit(f, "plan.zoom.project");
            shake_steer.visit(f, "plan.shake.project");
            shake.visit(f, "plan.shake.sentence");
        }
    }
};

// text_width: of the sentence's feature; width: of a token.
[[nodiscard]] Plan make_plan(const PlanConfig& config, int64_t text_width, int64_t width);

// The plan of a chunk; the same at every noise level.
//   sentence [batch, text width]
//   clock    [batch] int64, of the first slot, modulo kClock -> [batch * kSlots, 9, 16, token width]
[[nodiscard]] at::Tensor forward(const Plan& plan, const at::Tensor& sentence, const at::Tensor& clock);

// What each path shows at the time of each slot, from what it shows at home (unpanned; in the middle of the
// stroll, on its way out; not enlarged).
//   home   [batch, kPaths, 9, 16, features]
//   clock  [batch] int64, of the first slot -> [batch * kSlots, 9, 16, kPaths * features]
[[nodiscard]] at::Tensor move_along(const at::Tensor& home, const at::Tensor& clock);

}  // namespace zt::storybook
