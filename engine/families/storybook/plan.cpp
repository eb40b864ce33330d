// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of the plan.
#include "families/storybook/plan.h"

namespace zt::storybook {
namespace {

constexpr int64_t kRows = 9, kColumns = 16, kWindow = 8;   // tokens

// Weights of the two neighbours that each place of a row reads between. source: [..., count], in
// places -> [..., count, count]
at::Tensor neighbours(const at::Tensor& source) {
    return (1 - (source.unsqueeze(-1) - at::arange(source.size(-1), source.options())).abs()).clamp_min(0);
}

// The clock of each slot, [batch, kSlots].
at::Tensor times(const at::Tensor& clock) { return (clock.unsqueeze(1) + at::arange(kSlots, clock.options())).remainder(kClock); }

// Where the rows and columns of a zoomed picture come from, in tokens, [..., 9] and [..., 16]; t: fp32 [..., 1].
struct Zoom {
    at::Tensor rows, columns;
};
Zoom zoom(const at::Tensor& t) {
    constexpr double middle = (kColumns - 1) / 2.0, eye = 84 / 16.0 - 0.5;   // towards line 84
    // The middle of a latent's four frames; 64 frames there and back, 1.34 in between.
    const at::Tensor scale = 1 + 0.17 * (1 - ((t + 0.375) * (2 * M_PI / kClock)).cos());
    return {eye + (at::arange(kRows, t.options()) - eye) / scale, middle + (at::arange(kColumns, t.options()) - middle) / scale};
}

// What a picture shows at other places. picture: [..., 9, 16, features]; rows [..., 9], columns [..., 16],
// leading dimensions broadcast.
at::Tensor read_at(const at::Tensor& picture, const at::Tensor& rows, const at::Tensor& columns) {
    const at::Tensor across = at::matmul(neighbours(columns).to(picture.scalar_type()).unsqueeze(-3), picture);
    return at::matmul(neighbours(rows).to(picture.scalar_type()), across.flatten(-2)).reshape(across.sizes());
}

// Puppets of all places as one picture, [batch * kSlots, 9, 16, features].
at::Tensor puppets(const Plan& plan, const at::Tensor& sentence, const at::Tensor& t) {
    const PlanConfig& config = plan.config;
    const int64_t batch = sentence.size(0), features = config.puppet_features + config.zoomed_features;
    const at::Tensor at_place = nn::forward(plan.puppet_hidden, sentence).reshape({batch, 1, kPlaces, config.puppet_width});
    at::Tensor h = at::silu(at_place + at::embedding(plan.puppet_clock, t).unsqueeze(2));                       // [batch, slots, places, puppet_width]
    h = h + nn::forward(plan.puppet_deeper_project, at::silu(nn::forward(plan.puppet_deeper_in, h)));
    const at::Tensor gain = 1 + nn::forward(plan.puppet_gain, sentence).reshape({batch, 1, kPlaces, 1, 1, features});
    const at::Tensor windows = nn::forward(plan.puppet_project, h).reshape({batch, kSlots, kPlaces, kRows, kWindow, features}) * gain;
    const at::Tensor sides = at::cat({windows.select(2, 1), windows.select(2, 2)}, 3);                          // [batch, slots, 9, 16, features]
    const at::Tensor all = sides + at::constant_pad_nd(windows.select(2, 0), {0, 0, 4, 4});
    if (config.zoomed_features == 0) return all.flatten(0, 1);
    const Zoom source = zoom(t.to(at::kFloat).unsqueeze(2));
    return at::cat({all.slice(4, 0, config.puppet_features), read_at(all.slice(4, config.puppet_features), source.rows, source.columns)}, 4).flatten(0, 1);
}

// Features times the phase between tokens that each place of a zoomed picture is read at, which is 0 where
// nothing is enlarged. features: [batch * kSlots, 9, 16, n] -> n * 4
at::Tensor times_phase(const at::Tensor& features, const at::Tensor& t) {
    const Zoom source = zoom(t.to(at::kFloat).unsqueeze(2));
    const auto grid = [](const at::Tensor& phase) { return phase.expand({phase.size(0), phase.size(1), kRows, kColumns}); };
    const auto sine = [](const at::Tensor& place) { return (place * (2 * M_PI)).sin(); };
    const auto hump = [](const at::Tensor& place) { return 1 - (place * (2 * M_PI)).cos(); };
    const at::Tensor rows = source.rows.unsqueeze(3), columns = source.columns.unsqueeze(2);
    const at::Tensor phases = at::stack({grid(sine(rows)), grid(hump(rows)), grid(sine(columns)), grid(hump(columns))}, 4);    // [batch, slots, 9, 16, 4]
    return (features.unsqueeze(4) * phases.flatten(0, 1).unsqueeze(3).to(features.scalar_type())).flatten(3);
}

// Features times how much the camera shakes, and the same times 1 or -1 by turns: it goes sideways to the
// right in one latent and to the left in the next, up and down alike in all. -> n * 2
at::Tensor times_shake(const at::Tensor& features, const at::Tensor& shake, const at::Tensor& t) {
    const at::Tensor turns = (1 - 2 * t.remainder(2)).to(features.scalar_type()), much = shake.expand_as(turns);                // [batch, slots]
    return (features.unsqueeze(4) * at::stack({much, much * turns}, 2).reshape({-1, 1, 1, 1, 2})).flatten(3);
}

}  // namespace

Plan make_plan(const PlanConfig& c, int64_t text_width, int64_t width) {
    Plan p;
    p.config = c;
    p.position = at::empty({kSlots, kRows, kColumns, width});
    p.clock = at::empty({kClock, c.width});
    p.hidden = nn::make_linear(text_width, c.width);
    if (c.deeper > 0) {
        p.deeper_in = nn::make_linear(c.width, c.deeper);
        p.deeper_project = nn::make_linear(c.deeper, c.width);
    }
    p.project = nn::make_linear(c.width, kSlots * kRows * kColumns * c.features);
    p.in = nn::make_linear(c.features, width);
    if (c.moving_features > 0) {
        p.moving_project = nn::make_linear(c.width, kPaths * kRows * kColumns * c.moving_features);
        p.moving_in = nn::make_linear(kPaths * c.moving_features, width);
    }
    if (c.puppet_width > 0) {
        const int64_t features = c.puppet_features + c.zoomed_features;
        p.puppet_clock = at::empty({kClock, c.puppet_width});
        p.puppet_hidden = nn::make_linear(text_width, kPlaces * c.puppet_width);
        p.puppet_deeper_in = nn::make_linear(c.puppet_width, c.puppet_width / 2);
        p.puppet_deeper_project = nn::make_linear(c.puppet_width / 2, c.puppet_width);
        p.puppet_project = nn::make_linear(c.puppet_width, kRows * kWindow * features);
        p.puppet_gain = nn::make_linear(text_width, kPlaces * features);
        p.puppet_in = nn::make_linear(features, width);
    }
    if (c.steered) {
        p.zoom_steer = nn::make_linear(4 * (c.moving_features + c.zoomed_features), width);
        p.shake_steer = nn::make_linear(2 * (c.features + kPaths * c.moving_features + c.puppet_features + c.zoomed_features), width);
        p.shake = nn::make_linear(text_width, 1);
    }
    return p;
}

at::Tensor move_along(const at::Tensor& home, const at::Tensor& clock) {
    const int64_t batch = home.size(0), features = home.size(4);
    const auto f32 = home.options().dtype(at::kFloat);
    const at::Tensor t = times(clock).to(at::kFloat).unsqueeze(2);   // [batch, slots, 1]
    const at::Tensor column = at::arange(kColumns, f32), row = at::arange(kRows, f32).expand({batch, kSlots, kRows});
    constexpr double reach = 4, half = kClock / 2;
    const at::Tensor pan = (column + t).remainder(kColumns);
    const at::Tensor stroll = at::where(t.lt(half), column - (t - reach), (kColumns - 1) - (column + (t - half) - reach));
    const Zoom zoomed = zoom(t);
    const at::Tensor rows = at::stack({row, row, zoomed.rows}, 2), columns = at::stack({pan, stroll, zoomed.columns}, 2);         // [batch, slots, paths, ..]
    return read_at(home.unsqueeze(1), rows, columns).permute({0, 1, 3, 4, 2, 5}).reshape({batch * kSlots, kRows, kColumns, kPaths * features});
}

at::Tensor forward(const Plan& plan, const at::Tensor& sentence, const at::Tensor& clock) {
    const PlanConfig& config = plan.config;
    const int64_t batch = sentence.size(0);
    at::Tensor hidden = at::silu(nn::forward(plan.hidden, sentence) + at::embedding(plan.clock, clock));        // [batch, width]
    if (plan.deeper_in.weight.defined()) hidden = hidden + nn::forward(plan.deeper_project, at::silu(nn::forward(plan.deeper_in, hidden)));
    const at::Tensor t = times(clock), still = nn::forward(plan.project, hidden).reshape({batch * kSlots, kRows, kColumns, config.features});
    at::Tensor sum = plan.position.unsqueeze(0).expand({batch, -1, -1, -1, -1}).flatten(0, 1) + nn::forward(plan.in, still);
    at::Tensor moved, puppet;
    if (plan.moving_in.weight.defined()) {
        moved = move_along(nn::forward(plan.moving_project, hidden).reshape({batch, kPaths, kRows, kColumns, config.moving_features}), clock);
        sum = sum + nn::forward(plan.moving_in, moved);
    }
    if (plan.puppet_in.weight.defined()) {
        puppet = puppets(plan, sentence, t);
        sum = sum + nn::forward(plan.puppet_in, puppet);
    }
    if (plan.shake.weight.defined()) {
        const at::Tensor zoomed = at::cat({moved.slice(3, kZoom * config.moving_features, (kZoom + 1) * config.moving_features), puppet.slice(3, config.puppet_features)}, 3);
        sum = sum + nn::forward(plan.zoom_steer, times_phase(zoomed, t));
        sum = sum + nn::forward(plan.shake_steer, times_shake(at::cat({still, moved, puppet}, 3), nn::forward(plan.shake, sentence), t));
    }
    return sum;
}

}  // namespace zt::storybook
