// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The plan: what sentence and clock say about every latent of a chunk before its noise is looked at. A
// small network would need far longer to learn shapes from the sentence through its layers alone, and a
// latent has more numbers than their narrow tokens carry: so the plan is a picture in latents already,
// and the layers correct it.
//
// It is made like a paper theatre. The scene is painted on sheets: what a camera sees of it that stands, that
// pans and that shakes. A pan turns its sheet round a ring, a zoom enlarges the first one. Puppets are made in a
// window that is put at three places, in the middle or, of two, to the left and to the right; they stroll, and
// the zoom enlarges them. So each backdrop is learned once and not for every place in time, and each puppet once
// and not for every company. Rain and snow fall on the lens: a tile that no camera moves.
//
// A puppet hides the scene latent by latent. What that gets wrong, edges above all, and what moves by less than
// a latent, blocks of convolutions at latent size mend (`mend`), told how the camera moves each place.
#pragma once

#include <array>
#include <vector>

#include "nn/layers.h"

namespace zt::storybook {

inline constexpr int64_t kSlots = 3;           // latents made at once
inline constexpr int64_t kClock = 16;          // the clock counts latents since the shot began, modulo this
inline constexpr int64_t kSceneClock = 2;      // .. and the scene itself moves in two, like rain and snow
inline constexpr int64_t kPlaces = 3;          // of puppets: middle, left, right; windows of 16 columns from 8, 0 and 16
inline constexpr int64_t kCover = 4;           // numbers per latent that say what a puppet hides
inline constexpr int64_t kTileRows = 6;        // of rain and snow, which repeat downwards
// What a camera does to the scene. A pan goes two latents to the left per latent of time, a zoom enlarges by a third and
// back, both in kClock latents; a shake is back after two.
enum View { kStays, kPans, kZooms, kShakes, kViews };
inline constexpr std::array<View, 3> kSheets{kStays, kPans, kShakes};   // views with a sheet of their own

struct PlanConfig {
    int64_t width = 640;               // hidden units of the scene
    int64_t codes = 128;               // numbers that say what is on a sheet
    int64_t lens_codes = 16;           // .. and on the lens
    int64_t puppet_width = 512;        // hidden units of a puppet
    int64_t puppet_features = 96;      // per 2 x 2 latents of a window
    int64_t tint = 128;                // hidden units of a puppet's colours
    int64_t spread = 256;              // hidden units from features to latents
    int64_t mend = 64, mend_blocks = 3;   // channels of the convolutions, blocks
};

// x + conv2(silu(conv1(norm(x)) * (1 + steer(motion))))
struct MendBlock {
    nn::Norm norm;
    nn::Conv conv1, conv2;
    nn::Linear steer;                  // how the camera moves a place -> mend channels
    template <class F>
    void visit(F&& f, const std::string& name) {
        norm.visit(f, name + ".norm");
        conv1.visit(f, name + ".conv1");
        conv2.visit(f, name + ".conv2");
        steer.visit(f, name + ".steer.project");
    }
};

struct Plan {
    PlanConfig config;
    nn::Linear camera;                 // text feature -> kViews, before a softmax: what the camera does
    nn::Linear stroll;                 // text feature -> 1, before a sigmoid: whether puppets stroll
    at::Tensor clock;                  // [kSceneClock, width]
    nn::Linear hidden;                 // text feature -> width
    nn::Linear code;                   // width -> codes of each sheet, then of the lens
    std::array<nn::Linear, kSheets.size()> sheets;   // codes -> [18, 32, channels]
    nn::Linear lens;                   // lens_codes -> [kTileRows, 32, channels]
    at::Tensor puppet_clock;           // [kClock, puppet_width]
    nn::Linear puppet_hidden;          // text feature -> [kPlaces, puppet_width]
    nn::Linear puppet_deeper_in, puppet_deeper_project;   // puppet_width -> half of it -> added to puppet_width
    nn::Linear puppet_project;         // puppet_width -> [9, 8, puppet_features], the same for all places: shape and pose
    nn::Linear puppet_gain;            // text feature -> [kPlaces, puppet_features], times 1 + this and the tint: colour
    nn::Linear tint_hidden, tint_project;   // text feature -> [kPlaces, tint]; tint -> puppet_features, for colours that light and style mix
    nn::Linear spread_hidden, spread_out;   // puppet_features -> spread -> [2, 2, channels + kCover]
    nn::Linear spread_steer;           // a shake, the same by turns -> spread, times 1 + this: a puppet that is shaken is another picture
    nn::Linear cover;                  // kCover -> channels: how much of the scene a puppet hides
    nn::Linear mend_in;                // scene with puppets, puppets -> mend channels
    std::vector<MendBlock> mend;
    nn::Norm mend_norm;
    nn::Linear mend_project;           // mend channels -> channels
    template <class F>
    void visit(F&& f) {
        camera.visit(f, "plan.camera.sentence");
        stroll.visit(f, "puppets.stroll.sentence");
        f("plan.scene.clock.table", clock);
        hidden.visit(f, "plan.scene.hidden");
        code.visit(f, "plan.scene.project");
        for (size_t i = 0; i < sheets.size(); i++) sheets[i].visit(f, "plan.sheets." + std::to_string(i));
        lens.visit(f, "plan.sheets.lens");
        f("puppets.clock.embedding", puppet_clock);
        puppet_hidden.visit(f, "puppets.hidden");
        puppet_deeper_in.visit(f, "puppets.deeper.in");
        puppet_deeper_project.visit(f, "puppets.deeper.project");
        puppet_project.visit(f, "puppets.project");
        puppet_gain.visit(f, "puppets.gain.project");
        tint_hidden.visit(f, "puppets.tint.hidden");
        tint_project.visit(f, "puppets.tint.project");
        spread_hidden.visit(f, "puppets.spread.hidden");
        spread_out.visit(f, "puppets.spread.out");
        spread_steer.visit(f, "puppets.spread.steer.project");
        cover.visit(f, "puppets.cover");
        mend_in.visit(f, "plan.mend.in");
        for (size_t i = 0; i < mend.size(); i++) mend[i].visit(f, "plan.mend." + std::to_string(i));
        mend_norm.visit(f, "plan.mend.norm");
        mend_project.visit(f, "plan.mend.project");
    }
};

// text_width: of the sentence's feature; channels: of a latent.
[[nodiscard]] Plan make_plan(const PlanConfig& config, int64_t text_width, int64_t channels);

// When the slots of a chunk are, and where everything is then, in latents; fp32 where nothing else is said.
struct Moment {
    at::Tensor clock;                         // int64 [batch, slots]
    at::Tensor panned;                        // the column that each column shows, [batch, slots, 32]
    at::Tensor zoomed_rows, zoomed_columns;   // .. and of an enlarged picture, [batch, slots, 18] and [batch, slots, 32]
    at::Tensor zooming;                       // how fast it is enlarged, [batch, slots]
    at::Tensor strolled;                      // to the right of home who strolls alone is; of two each goes half as far, [batch, slots]
};
// first: clock of the first slot, [batch] int64
[[nodiscard]] Moment moment(const at::Tensor& first, int64_t slots = kSlots);

// Text features, [batch, text width] each: of how things move, of the scene and of the cast. One sentence says
// all three; in training each is told of by one that is right in its own part only, so that no other part can
// have a say in it.
struct Sentences {
    at::Tensor moves, scene, cast;
    [[nodiscard]] static Sentences of(const at::Tensor& sentence) { return {sentence, sentence, sentence}; }
};

// What is on the sheets and on the lens: features of sentences [n, text width], clocks [n, m] int64 -> [n, m, sheets * codes + lens_codes]
[[nodiscard]] at::Tensor codes(const Plan& plan, const at::Tensor& sentence, const at::Tensor& clock);

// Puppets of all places as one picture, and what they hide, [batch, slots, 18, 32, channels + kCover].
//   sentence of the cast; zooms, shakes, strolls: how much of it the camera and puppets do, 0 to 1, [batch, 1, 1, 1, 1]
[[nodiscard]] at::Tensor puppets(const Plan& plan, const at::Tensor& sentence, const at::Tensor& zooms, const at::Tensor& shakes, const at::Tensor& strolls, const Moment& now);
// .. in front of a scene, [.., 18, 32, channels]
[[nodiscard]] at::Tensor in_front(const Plan& plan, const at::Tensor& cast, const at::Tensor& scene);

// The plan of a chunk; the same at every noise level.
struct Planned {
    at::Tensor latents;   // what is to be seen, [batch * kSlots, 18, 32, channels]
    at::Tensor cast;      // the puppets in it and what they hide, [batch * kSlots, 18, 32, channels + kCover]
};
// clock: [batch] int64, of the first slot, modulo kClock
[[nodiscard]] Planned forward(const Plan& plan, const Sentences& sentences, const at::Tensor& clock);

}  // namespace zt::storybook
