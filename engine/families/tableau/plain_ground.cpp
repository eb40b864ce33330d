// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See plain_ground.h.
#include "families/tableau/plain_ground.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "families/tableau/channel.h"
#include "families/tableau/pieces.h"

namespace zt::tableau {
namespace {

constexpr int kSide = 640;                       // worked on along the longer side: lines a pixel or two wide must hold
constexpr float kAlike = 0.07F;                  // of full scale, from the ground's colour; compression adds noise
constexpr float kBorder = 0.75F;                 // of the picture's border has to be ground,
constexpr float kLeast = 0.15F, kMost = 0.985F;  // and so much of the picture
constexpr float kPiece = 0.1F;                   // of the largest piece

}  // namespace

std::optional<Map> on_plain_ground(const Texture& picture, const Map& like) {
    const SmallSize small = small_size(picture, kSide);
    const int w = small.width, h = small.height;
    std::array<Map, 3> channels;
    for (size_t c = 0; c < 3; c++) channels[c] = channel_of(picture, c, w, h);
    std::vector<size_t> border;
    for (int x = 0; x < w; x++)
        border.push_back(static_cast<size_t>(x)), border.push_back(static_cast<size_t>((h - 1) * w + x));
    for (int y = 0; y < h; y++)
        border.push_back(static_cast<size_t>(y * w)), border.push_back(static_cast<size_t>(y * w + w - 1));
    // The ground's colour is the border's median, so that whoever touches the border does not count.
    std::array<float, 3> ground{};
    for (size_t c = 0; c < 3; c++) {
        std::vector<float> values;
        for (const size_t i : border) values.push_back(channels[c].values[i]);
        std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
        ground[c] = values[values.size() / 2];
    }
    const auto alike = [&](size_t i) {
        float most = 0;
        for (size_t c = 0; c < 3; c++) most = std::max(most, std::abs(channels[c].values[i] - ground[c]));
        return most < kAlike;
    };
    if (static_cast<float>(std::count_if(border.begin(), border.end(), alike)) <
        kBorder * static_cast<float>(border.size()))
        return std::nullopt;

    // Pieces of the ground's colour that touch the border are ground; the others are parts of who is drawn.
    std::vector<int> number;
    const std::vector<size_t> sizes = pieces(w, h, number, alike);
    std::vector<uint8_t> outside(sizes.size());
    for (const size_t i : border) outside[static_cast<size_t>(number[i])] = 1;
    outside[0] = 0;
    std::vector<uint8_t> is_ground(number.size());
    for (size_t i = 0; i < number.size(); i++) is_ground[i] = outside[static_cast<size_t>(number[i])];
    const float share =
        static_cast<float>(std::count(is_ground.begin(), is_ground.end(), 1)) / static_cast<float>(is_ground.size());
    if (share < kLeast || share > kMost) return std::nullopt;

    const std::vector<size_t> drawn = pieces(w, h, number, [&](size_t i) { return is_ground[i] == 0; });
    const auto largest = static_cast<float>(*std::max_element(drawn.begin(), drawn.end()));
    return means_of<float>(w, h, like.width, like.height, 1.F, [&](int x, int y) {
        return static_cast<float>(drawn[static_cast<size_t>(number[static_cast<size_t>(y * w + x)])]) >=
                       kPiece * largest
                   ? 1.F
                   : 0.F;
    });
}

}  // namespace zt::tableau
