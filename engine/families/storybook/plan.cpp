// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of the plan.
#include "families/storybook/plan.h"

namespace zt::storybook {
namespace {

constexpr int64_t kRows = 9, kColumns = 16, kWindow = 8;   // tokens
constexpr int64_t kPhases = 4, kShakes = 2;

// Weights of the two neighbours that each place of a row reads between. source: [..., count], in
// places -> [..., count, count]
at::Tensor neighbours(const at::Tensor& source) {
    return (1 - (source.unsqueeze(-1) - at::arange(source.size(-1), source.options())).abs()).clamp_min(0);
}

// What a picture shows at other columns and rows. picture: [batch, slots, 9, 16, features]; fp32 [batch, slots, 16 or 9]
at::Tensor across(const at::Tensor& picture, const at::Tensor& columns) { return at::matmul(neighbours(columns).to(picture.scalar_type()).unsqueeze(2), picture); }
at::Tensor down(const at::Tensor& picture, const at::Tensor& rows) {
    return at::matmul(neighbours(rows).to(picture.scalar_type()), picture.flatten(3)).reshape(picture.sizes());
}

// The scene as the camera shows it, [batch, slots, 9, 16, features]; the last ones stay on the lens. views: [batch, kViews]
at::Tensor scene(const Plan& plan, const at::Tensor& sentence, const at::Tensor& views, const Moment& now) {
    const PlanConfig& config = plan.config;
    at::Tensor h = at::silu(nn::forward(plan.hidden, sentence).unsqueeze(1) + at::embedding(plan.clock, now.clock));        // [batch, slots, width]
    h = h + nn::forward(plan.deeper_project, at::silu(nn::forward(plan.deeper_in, h)));
    const at::Tensor all = nn::forward(plan.project, h).reshape({h.size(0), kSlots, kRows, kColumns, config.features});
    const at::Tensor home = all.slice(4, 0, config.features - config.lens_features);
    const auto share = [&](View view) { return views.select(1, view).reshape({-1, 1, 1, 1, 1}); };
    const at::Tensor shown = home * share(kStays) + across(home, now.panned) * share(kPans) + down(across(home, now.zoomed_columns), now.zoomed_rows) * share(kZooms);
    return at::cat({shown, all.slice(4, config.features - config.lens_features)}, 4);
}

// Puppets of all places as one picture, [batch, slots, 9, 16, features]. zooms, strolls: [batch, 1, 1, 1, 1]
at::Tensor puppets(const Plan& plan, const at::Tensor& sentence, const at::Tensor& zooms, const at::Tensor& strolls, const Moment& now) {
    const PlanConfig& config = plan.config;
    const int64_t batch = sentence.size(0), features = config.puppet_features;
    at::Tensor h = at::silu(nn::forward(plan.puppet_hidden, sentence).reshape({batch, 1, kPlaces, config.puppet_width}) +
                            at::embedding(plan.puppet_clock, now.clock).unsqueeze(2));                                      // [batch, slots, places, puppet_width]
    h = h + nn::forward(plan.puppet_deeper_project, at::silu(nn::forward(plan.puppet_deeper_in, h)));
    const at::Tensor tint = nn::forward(plan.tint_project, at::silu(nn::forward(plan.tint_hidden, sentence)).reshape({batch, 1, kPlaces, 1, 1, config.tint}));
    const at::Tensor gain = 1 + nn::forward(plan.puppet_gain, sentence).reshape({batch, 1, kPlaces, 1, 1, features}) + tint;
    const at::Tensor windows = nn::forward(plan.puppet_project, h).reshape({batch, kSlots, kPlaces, kRows, kWindow, features}) * gain;
    const at::Tensor one = at::constant_pad_nd(windows.select(2, 0), {0, 0, 4, 4}), two = at::cat({windows.select(2, 1), windows.select(2, 2)}, 3);
    const auto moved = [&](const at::Tensor& picture, double far) {
        return across(picture, at::arange(kColumns, now.strolled.options()) - far * now.strolled.unsqueeze(2));
    };
    at::Tensor all = one + two;
    all = all + strolls * (moved(one, 1) + moved(two, 0.5) - all);
    return all + zooms * (down(across(all, now.zoomed_columns), now.zoomed_rows) - all);
}

// Features times the phase between tokens that each place of a zoomed picture is read at, [.., n] -> [.., n * 4].
at::Tensor times_phase(const at::Tensor& features, const Moment& now) {
    const auto grid = [&](const at::Tensor& phase) { return phase.expand({phase.size(0), kSlots, kRows, kColumns}); };
    const auto sine = [](const at::Tensor& place) { return (place * (2 * M_PI)).sin(); };
    const auto hump = [](const at::Tensor& place) { return 1 - (place * (2 * M_PI)).cos(); };
    const at::Tensor rows = now.zoomed_rows.unsqueeze(3), columns = now.zoomed_columns.unsqueeze(2);
    const at::Tensor phases = at::stack({grid(sine(rows)), grid(hump(rows)), grid(sine(columns)), grid(hump(columns))}, 4);   // [batch, slots, 9, 16, 4]
    return (features.unsqueeze(5) * phases.unsqueeze(4).to(features.scalar_type())).flatten(4);
}

// Features times how much the camera shakes, and the same times 1 or -1 by turns: it goes sideways to the
// right in one latent and to the left in the next, up and down alike in all. [.., n] -> [.., n * 2]
at::Tensor times_shake(const at::Tensor& features, const at::Tensor& shake, const Moment& now) {
    const at::Tensor turns = (1 - 2 * now.clock.remainder(2)).to(features.scalar_type()), much = shake.expand_as(turns);       // [batch, slots]
    return (features.unsqueeze(5) * at::stack({much, much * turns}, 2).reshape({turns.size(0), kSlots, 1, 1, 1, kShakes})).flatten(4);
}

}  // namespace

Moment moment(const at::Tensor& first) {
    const at::Tensor clock = (first.unsqueeze(1) + at::arange(kSlots, first.options())).remainder(kClock), t = clock.to(at::kFloat).unsqueeze(2);
    const at::Tensor row = at::arange(kRows, t.options()), column = at::arange(kColumns, t.options());
    constexpr double middle = (kColumns - 1) / 2.0, eye = 84 / 16.0 - 0.5, reach = 4;   // a zoom goes towards line 84
    // The middle of a latent's four frames; 64 frames there and back, 1.34 in between.
    const at::Tensor scale = 1 + 0.17 * (1 - ((t + 0.375) * (2 * M_PI / kClock)).cos());
    return {clock, (column + t).remainder(kColumns), eye + (row - eye) / scale, middle + (column - middle) / scale, reach - (t.squeeze(2) - kClock / 2).abs()};
}

Plan make_plan(const PlanConfig& c, int64_t text_width, int64_t width) {
    Plan p;
    p.config = c;
    p.position = at::empty({kSlots, kRows, kColumns, width});
    p.clock = at::empty({kClock, c.width});
    p.hidden = nn::make_linear(text_width, c.width);
    p.deeper_in = nn::make_linear(c.width, c.deeper);
    p.deeper_project = nn::make_linear(c.deeper, c.width);
    p.project = nn::make_linear(c.width, kRows * kColumns * c.features);
    p.in = nn::make_linear(c.features, width);
    p.camera = nn::make_linear(text_width, kViews);
    p.puppet_clock = at::empty({kClock, c.puppet_width});
    p.puppet_hidden = nn::make_linear(text_width, kPlaces * c.puppet_width);
    p.puppet_deeper_in = nn::make_linear(c.puppet_width, c.puppet_width / 2);
    p.puppet_deeper_project = nn::make_linear(c.puppet_width / 2, c.puppet_width);
    p.puppet_project = nn::make_linear(c.puppet_width, kRows * kWindow * c.puppet_features);
    p.puppet_gain = nn::make_linear(text_width, kPlaces * c.puppet_features);
    p.tint_hidden = nn::make_linear(text_width, kPlaces * c.tint);
    p.tint_project = nn::make_linear(c.tint, c.puppet_features);
    p.stroll = nn::make_linear(text_width, 1);
    p.puppet_in = nn::make_linear(c.puppet_features, width);
    p.zoom_steer = nn::make_linear(kPhases * (c.features - c.lens_features + c.puppet_features), width);
    p.shake_steer = nn::make_linear(kShakes * (c.features + c.puppet_features), width);
    p.shake = nn::make_linear(text_width, 1);
    return p;
}

at::Tensor forward(const Plan& plan, const Sentences& sentences, const at::Tensor& clock) {
    const PlanConfig& config = plan.config;
    const Moment now = moment(clock);
    const at::Tensor views = nn::forward(plan.camera, sentences.moves).softmax(1), shake = nn::forward(plan.shake, sentences.moves);
    const at::Tensor zooms = views.select(1, kZooms).reshape({-1, 1, 1, 1, 1}), strolls = nn::forward(plan.stroll, sentences.moves).sigmoid().reshape({-1, 1, 1, 1, 1});
    const at::Tensor backdrop = scene(plan, sentences.scene, views, now), cast = puppets(plan, sentences.cast, zooms, strolls, now);
    const at::Tensor enlarged = at::cat({backdrop.slice(4, 0, config.features - config.lens_features), cast}, 4);
    const at::Tensor sum = nn::forward(plan.in, backdrop) + nn::forward(plan.puppet_in, cast) + nn::forward(plan.zoom_steer, times_phase(enlarged * zooms, now)) +
                           nn::forward(plan.shake_steer, times_shake(at::cat({backdrop, cast}, 4), shake, now)) + plan.position;
    return sum.flatten(0, 1);
}

}  // namespace zt::storybook
