// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See fire.h.
#include "families/tableau/fire.h"

#include <algorithm>
#include <array>

#include "families/tableau/channel.h"
#include "families/tableau/pieces.h"

namespace zt::tableau {
namespace {

constexpr float kBright = 0.75F, kWarm = 0.3F;  // of red; red above blue
constexpr float kGlow = 0.55F;                  // of red in what burns less brightly
constexpr float kMost = 0.25F;                  // of the picture
constexpr size_t kLeast = 6;                    // values

}  // namespace

Map find_fire(const Texture& picture, const Map& like) {
    std::array<Map, 3> c;
    for (size_t k = 0; k < 3; k++) c[k] = channel_of(picture, k, like.width, like.height);
    const auto warm = [&](size_t i) {
        return c[0].values[i] >= kGlow && c[0].values[i] >= c[1].values[i] - 0.02F &&
               c[1].values[i] >= c[2].values[i] && c[0].values[i] - c[2].values[i] >= kWarm;
    };
    std::vector<int> number;
    const std::vector<size_t> sizes = pieces(like.width, like.height, number, warm);
    // A piece burns where some of it is bright.
    std::vector<size_t> bright(sizes.size());
    for (size_t i = 0; i < number.size(); i++)
        if (number[i] != 0 && c[0].values[i] >= kBright && c[1].values[i] >= 0.4F)
            bright[static_cast<size_t>(number[i])]++;
    Map fire(like.width, like.height);
    size_t all = 0;
    for (size_t i = 0; i < number.size(); i++) {
        const auto n = static_cast<size_t>(number[i]);
        if (n == 0 || sizes[n] < kLeast || 8 * bright[n] < sizes[n]) continue;
        fire.values[i] = 1, all++;
    }
    const float share = static_cast<float>(all) / static_cast<float>(fire.values.size());
    return all == 0 || share > kMost ? Map{} : fire;
}

}  // namespace zt::tableau
