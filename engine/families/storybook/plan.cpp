// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of the plan.
#include "families/storybook/plan.h"

#include "families/storybook/vae.h"

namespace zt::storybook {
namespace {

constexpr int64_t kRows = kLatentHeight, kColumns = kLatentWidth, kWindow = kColumns / 2;
constexpr int64_t kMotion = 10;   // numbers that say how the camera moves a place, see motion()

// Weights of the two neighbours that each place of a row reads between. source: [..., count], in
// places -> [..., count, count]
at::Tensor neighbours(const at::Tensor& source) {
    return (1 - (source.unsqueeze(-1) - at::arange(source.size(-1), source.options())).abs()).clamp_min(0);
}

// What a picture shows at other columns and rows. picture: [batch, slots, 18, 32, channels]; fp32 [batch, slots, 32 or 18]
at::Tensor across(const at::Tensor& picture, const at::Tensor& columns) { return at::matmul(neighbours(columns).to(picture.scalar_type()).unsqueeze(2), picture); }
at::Tensor down(const at::Tensor& picture, const at::Tensor& rows) {
    return at::matmul(neighbours(rows).to(picture.scalar_type()), picture.flatten(3)).reshape(picture.sizes());
}

// Enlarged: each place shows the nearest one, and motion() tells the convolutions how far off that is.
at::Tensor enlarged(const at::Tensor& picture, const Moment& now) { return down(across(picture, now.zoomed_columns.round()), now.zoomed_rows.round()); }

// One number per sample, to be multiplied with [batch, slots, 18, 32, channels].
at::Tensor each(const at::Tensor& t) { return t.reshape({-1, 1, 1, 1, 1}); }

// Puppets of all places as one picture, and what they hide, [batch, slots, 18, 32, channels + 1].
at::Tensor cast(const Plan& plan, const Cues& cues, const Moment& now) {
    const at::Tensor shaken = cues.views.select(1, kShakes).ne(0), zooms = cues.views.select(1, kZooms);
    const at::Tensor phase = phases(now.clock, cues.strolls.unsqueeze(1));   // [batch, slots]
    const int64_t batch = phase.size(0), slots = phase.size(1), block = plan.puppets.gain.size(1);
    const auto of_each = [&](const at::Tensor& t) { return t.expand({batch, slots, kPlaces}).flatten(); };
    const at::Tensor act = of_each(cues.acts.unsqueeze(1)), somebody = act.nonzero().squeeze(1);
    const auto of_somebody = [&](const at::Tensor& t) { return t.index_select(0, somebody); };
    const at::Tensor shown = forward(plan.puppets, of_somebody(act), of_somebody(of_each(shaken.reshape({batch, 1, 1}))), of_somebody(of_each(phase.unsqueeze(2))), of_somebody(of_each(cues.looks.unsqueeze(1))));
    const at::Tensor windows = at::zeros({batch * slots * kPlaces, kRows, kWindow, block / (kBlock * kBlock)}, shown.options()).index_copy(0, somebody, shown).reshape({batch, slots, kPlaces, kRows, kWindow, -1});
    const at::Tensor one = at::constant_pad_nd(windows.select(2, 0), {0, 0, kWindow / 2, kWindow / 2}), two = at::cat({windows.select(2, 1), windows.select(2, 2)}, 3);
    const auto moved = [&](const at::Tensor& picture, double far) {
        return across(picture, at::arange(kColumns, now.strolled.options()) - far * now.strolled.unsqueeze(2));
    };
    at::Tensor all = one + two;
    all = all + each(cues.strolls.to(all.scalar_type())) * (moved(one, 1) + moved(two, 0.5) - all);
    return all + each(zooms) * (enlarged(all, now) - all);
}

// The scene as the camera shows it, [batch, slots, 18, 32, channels].
at::Tensor scene(const Plan& plan, const Cues& cues, const Moment& now) {
    const at::Tensor all = at::embedding(plan.scenes.flatten(0, 1), cues.scene.unsqueeze(1) * kSceneClock + now.clock.remainder(kSceneClock));
    const int64_t batch = all.size(0), width = plan.config.codes;
    const auto sheet = [&](size_t i) {
        return nn::forward(plan.sheets[i], all.slice(2, static_cast<int64_t>(i) * width, static_cast<int64_t>(i + 1) * width)).reshape({batch, kSlots, kRows, kColumns, -1});
    };
    const auto share = [&](View view) { return each(cues.views.select(1, view)); };
    const at::Tensor stands = sheet(0);
    const at::Tensor tile = nn::forward(plan.lens, all.slice(2, static_cast<int64_t>(kSheets.size()) * width)).reshape({batch, kSlots, kTileRows, kColumns, -1});
    return stands * share(kStays) + across(sheet(1), now.panned) * share(kPans) + enlarged(stands, now) * share(kZooms) + sheet(2) * share(kShakes) +
           tile.repeat({1, 1, kRows / kTileRows, 1, 1});
}

// 1 and -1 by turns, as a shake goes to one side and to the other, [batch, slots]
at::Tensor by_turns(const Moment& now) { return 1 - 2 * now.clock.remainder(2); }

// How the camera moves each place, [batch, slots, 18, 32, kMotion]: how far off the nearest one is that a zoom enlarges, and its
// square; how fast the place moves away from the middle; how much nearer all is; a shake, which goes sideways to the right in
// one latent and to the left in the next, and up and down alike in all; a pan.
at::Tensor motion(const at::Tensor& views, const Moment& now) {
    const int64_t batch = views.size(0);
    const auto grid = [&](const at::Tensor& t) { return t.expand({batch, kSlots, kRows, kColumns}); };
    const auto share = [&](View view) { return views.select(1, view).to(at::kFloat).reshape({batch, 1, 1, 1}); };
    const at::Tensor rows = now.zoomed_rows.unsqueeze(3), columns = now.zoomed_columns.unsqueeze(2), zooms = share(kZooms), shakes = share(kShakes);
    const at::Tensor off_row = rows - rows.round(), off_column = columns - columns.round(), fast = now.zooming.reshape({batch, kSlots, 1, 1});
    const at::Tensor turns = by_turns(now).reshape({batch, kSlots, 1, 1});
    const auto from_middle = [](const at::Tensor& t) { return (t - t.mean(-1, true).mean(-2, true)) / (static_cast<double>(t.size(2) * t.size(3)) / 2); };
    return at::stack({grid(zooms * off_row * 2), grid(zooms * off_column * 2), grid(zooms * off_row.square() * 4), grid(zooms * off_column.square() * 4),
                      grid(zooms * fast * from_middle(rows)), grid(zooms * fast * from_middle(columns)), grid(zooms * (columns.select(3, 1) - columns.select(3, 0)).unsqueeze(3)),
                      grid(shakes), grid(shakes * turns), grid(share(kPans))}, 4);
}

at::Tensor forward(const MendBlock& block, const at::Tensor& x, const at::Tensor& moves) {
    const at::Tensor h = nn::forward(block.conv1, nn::forward(block.norm, x)) * (1 + nn::forward(block.steer, moves));
    return x + nn::forward(block.conv2, at::silu(h));
}

}  // namespace

Moment moment(const at::Tensor& first) {
    const at::Tensor clock = (first.unsqueeze(1) + at::arange(kSlots, first.options())).remainder(kClock), t = clock.to(at::kFloat).unsqueeze(2);
    const at::Tensor row = at::arange(kRows, t.options()), column = at::arange(kColumns, t.options());
    constexpr double middle = (kColumns - 1) / 2.0, eye = 84.0 / kSpatial - 0.5, reach = 8;   // a zoom goes towards line 84
    // The middle of a latent's four frames; 64 frames there and back, 1.34 in between.
    const at::Tensor turn = (t + 0.375) * (2 * M_PI / kClock), scale = 1 + 0.17 * (1 - turn.cos());
    return {clock, (column + 2 * t).remainder(kColumns), eye + (row - eye) / scale, middle + (column - middle) / scale, turn.sin().squeeze(2), reach - 2 * (t.squeeze(2) - kClock / 2).abs()};
}

Plan make_plan(const PlanConfig& c, int64_t text_width, int64_t channels) {
    Plan p;
    p.config = c;
    p.camera = nn::make_linear(text_width, kViews);
    p.stroll = nn::make_linear(text_width, 1);
    p.scene = nn::make_linear(text_width, c.scenes);
    p.act = nn::make_linear(text_width, kPlaces * c.puppets.acts);
    p.look = nn::make_linear(text_width, kPlaces * c.puppets.looks);
    p.scenes = at::empty({c.scenes, kSceneClock, static_cast<int64_t>(kSheets.size()) * c.codes + c.lens_codes});
    for (nn::Linear& sheet : p.sheets) sheet = nn::make_linear(c.codes, kRows * kColumns * channels);
    p.lens = nn::make_linear(c.lens_codes, kTileRows * kColumns * channels);
    p.puppets = make_puppets(c.puppets, channels);
    p.mend_in = nn::make_linear(2 * channels + 1, c.mend);
    for (int64_t i = 0; i < c.mend_blocks; i++) p.mend.push_back({nn::make_norm(c.mend), nn::make_conv(c.mend, c.mend), nn::make_conv(c.mend, c.mend), nn::make_linear(kMotion, c.mend)});
    p.mend_norm = nn::make_norm(c.mend);
    p.mend_project = nn::make_linear(c.mend, channels);
    return p;
}

Cues cues(const Plan& plan, const at::Tensor& sentence) {
    const at::Tensor camera = nn::forward(plan.camera, sentence).argmax(1, true);
    const auto largest = [&](const nn::Linear& layer) { return nn::forward(layer, sentence).reshape({sentence.size(0), kPlaces, -1}).argmax(2); };
    return {at::zeros({sentence.size(0), kViews}, sentence.options()).scatter(1, camera, 1), nn::forward(plan.stroll, sentence).squeeze(1).gt(0), nn::forward(plan.scene, sentence).argmax(1), largest(plan.act), largest(plan.look)};
}

Planned forward(const Plan& plan, const Cues& said, const at::Tensor& clock) {
    const Moment now = moment(clock);
    const at::Tensor backdrop = scene(plan, said, now).flatten(0, 1);
    const at::Tensor puppets = cast(plan, said, now).flatten(0, 1), shown = in_front(puppets, backdrop);
    const at::Tensor moves = motion(said.views, now).to(shown.scalar_type()).flatten(0, 1);
    at::Tensor x = nn::forward(plan.mend_in, at::cat({shown, puppets}, 3));
    for (const MendBlock& block : plan.mend) x = forward(block, x, moves);
    return {shown + nn::forward(plan.mend_project, nn::forward(plan.mend_norm, x)), puppets};
}

}  // namespace zt::storybook
