// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One picture of the test card: colour bars that drift sideways, a square that bounces, and below
// them the frame number as a row of 32 black or white blocks, most significant bit first. A given
// picture stands still where the bars would drift.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "families/family.h"

namespace zt::families::testcard {

// What stays the same as long as seed and prompt do. Immutable.
struct Card {
    uint8_t bars[8][3];  // red, green, blue of each bar, chosen by the prompt
    uint8_t square[3];
    uint32_t bar_phase;  // start and speed of the motion, chosen by the seed, in 1/256 pixels
    uint32_t bar_speed;
    uint32_t square_x, square_y, square_dx, square_dy;
};

[[nodiscard]] Card make_card(int64_t seed, std::string_view prompt);

// `to`, its colours still on their way from those of `from`: `done` of `whole` steps, at most all.
[[nodiscard]] Card blend_cards(const Card& from, const Card& to, int64_t done, int64_t whole);

// A picture fitted as all families do it, [3, height, width], 0..1.
[[nodiscard]] std::vector<float> fit_picture(const Picture& picture, zt_fit fit, int width, int height);

// What is seen instead of the bars, or through them.
struct Backdrop {
    std::span<const float> rgb = {};  // [3, height, width], or empty
    float weight = 1.0F;              // 0..1, the rest are bars
};

// alpha: [height, width], written, 0..1: what a cutout of the card shows. Square and number are opaque, the bars come
// in from left to right: (x + 0.5) / width.
void draw_alpha(const Card& card, int64_t frame, int width, int height, float* alpha);

// rgb: [3, height, width], written.
void draw_card(const Card& card, int64_t frame, int width, int height, float* rgb, const Backdrop& backdrop = {});

}  // namespace zt::families::testcard
