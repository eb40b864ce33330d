// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The plan: what sentence and clock say about every latent of a chunk before its noise is looked at. A
// small network would need far longer to learn shapes from the sentence through its layers alone, and a
// latent has more numbers than their narrow tokens carry: so the plan is a picture in latents already,
// and the layers correct it.
//
// It is made like a paper theatre. Scenes are painted on sheets: what a camera sees of one that stands, that
// pans and that shakes. A pan turns its sheet round a ring, a zoom enlarges the first one. Puppets (puppets.h) are
// shown in a window that is put at three places, in the middle or, of two, to the left and to the right; they
// stroll, and the zoom enlarges them. So each backdrop is learned once and not for every place in time, and each puppet
// once and not for every company. Rain and snow fall on the lens: a tile that no camera moves.
//
// What can only be one thing or another is decided (`Cues`): which scene, which camera, who does what. A mixture of two
// puppets is a ghost. So pictures (`stage.*` among the weights) hear nothing of sentences; the training encodes renders
// of them and decomposes these (training/scenery.cpp, train_puppets.cpp).
//
// A puppet hides the scene latent by latent. What that gets wrong, edges above all, and what moves by less than
// a latent, blocks of convolutions at latent size mend (`mend`), told how the camera moves each place.
#pragma once

#include <array>
#include <vector>

#include "families/storybook/puppets.h"

namespace zt::storybook {

inline constexpr int64_t kSlots = 3;           // latents made at once
inline constexpr int64_t kClock = 16;          // the clock counts latents since the shot began, modulo this
inline constexpr int64_t kSceneClock = 2;      // .. and the scene itself moves in two, like rain and snow
inline constexpr int64_t kPlaces = 3;          // of puppets: middle, left, right; windows of 16 columns from 8, 0 and 16
inline constexpr int64_t kTileRows = 6;        // of rain and snow, which repeat downwards
// What a camera does to the scene. A pan goes two latents to the left per latent of time, a zoom enlarges by a third and
// back, both in kClock latents; a shake is back after two.
enum View { kStays, kPans, kZooms, kShakes, kViews };
inline constexpr std::array<View, 3> kSheets{kStays, kPans, kShakes};   // views with a sheet of their own

struct PlanConfig {
    int64_t scenes = 432;              // backdrops, each in every light, style and weather
    int64_t codes = 128;               // numbers that say what is on a sheet
    int64_t lens_codes = 16;           // .. and on the lens
    PuppetsConfig puppets;
    int64_t mend = 64, mend_blocks = 6;   // channels of the convolutions, blocks
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
    nn::Linear camera;                 // text feature -> kViews, the largest counts: what the camera does
    nn::Linear stroll;                 // text feature -> 1, above zero: puppets stroll
    nn::Linear scene;                  // text feature -> scenes, the largest counts
    nn::Linear act, look;              // text feature -> [kPlaces, acts], [kPlaces, looks], the largest counts: who does what at each place
    at::Tensor scenes;                 // [scenes, kSceneClock, sheets * codes + lens_codes]: what is on each sheet and on the lens
    std::array<nn::Linear, kSheets.size()> sheets;   // codes -> [18, 32, channels]
    nn::Linear lens;                   // lens_codes -> [kTileRows, 32, channels]
    Puppets puppets;
    nn::Linear mend_in;                // scene with puppets, puppets -> mend channels
    std::vector<MendBlock> mend;
    nn::Norm mend_norm;
    nn::Linear mend_project;           // mend channels -> channels
    template <class F>
    void visit(F&& f) {
        camera.visit(f, "plan.camera.sentence");
        stroll.visit(f, "plan.stroll.sentence");
        scene.visit(f, "plan.scene.sentence");
        act.visit(f, "plan.act.sentence");
        look.visit(f, "plan.look.sentence");
        f("stage.scenes.codes.embedding", scenes);
        for (size_t i = 0; i < sheets.size(); i++) sheets[i].visit(f, "stage.scenes.sheet." + std::to_string(i));
        lens.visit(f, "stage.scenes.sheet.lens");
        puppets.visit(f, "stage.puppets");
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
[[nodiscard]] Moment moment(const at::Tensor& first);

// What a sentence says, decided.
struct Cues {
    at::Tensor views;         // [batch, kViews], 1 for what the camera does, else 0
    at::Tensor strolls;       // bool [batch]
    at::Tensor scene;         // int64 [batch]
    at::Tensor acts, looks;   // int64 [batch, kPlaces]
};
// sentence: text feature, [batch, text width]
[[nodiscard]] Cues cues(const Plan& plan, const at::Tensor& sentence);

// The plan of a chunk; the same at every noise level.
struct Planned {
    at::Tensor latents;   // what is to be seen, [batch * kSlots, 18, 32, channels]
    at::Tensor cast;      // the puppets in it and what they hide, [batch * kSlots, 18, 32, channels + 1]
};
// clock: [batch] int64, of the first slot, modulo kClock
[[nodiscard]] Planned forward(const Plan& plan, const Cues& cues, const at::Tensor& clock);

}  // namespace zt::storybook
