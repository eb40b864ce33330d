// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One picture of the test card: colour bars that drift sideways, a square that bounces, and below
// them the frame number as a row of 32 black or white blocks, most significant bit first.
#pragma once

#include <cstdint>
#include <string_view>

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

// rgb: [3, height, width], written.
void draw_card(const Card& card, int64_t frame, int width, int height, float* rgb);

}  // namespace zt::families::testcard
