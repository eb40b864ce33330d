// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See specks.h.
#include "families/tableau/specks.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "families/tableau/channel.h"

namespace zt::tableau {
namespace {

constexpr int kSide = 512;         // worked on along the longer side
constexpr float kUnlike = 0.09F;   // of full scale, from the mean around
constexpr float kEven = 0.045F;    // the most that surroundings may vary, on average
constexpr float kLargest = 0.12F;  // of the picture's height
constexpr size_t kFewest = 4;

}  // namespace

Map find_specks(const Texture& picture) {
    const auto [w, h] = small_size(picture, kSide);
    // How unlike each place is to the mean around it, in the channel where it is most so.
    const int around = std::max(2, static_cast<int>(0.05F * static_cast<float>(h)));
    Map unlike(w, h);
    for (size_t c = 0; c < 3; c++) {
        const Map channel = channel_of(picture, c, w, h);
        const Map mean = blurred(channel, around);
        for (size_t i = 0; i < unlike.values.size(); i++)
            unlike.values[i] = std::max(unlike.values[i], std::abs(channel.values[i] - mean.values[i]));
    }
    Map found(w, h);
    std::vector<uint8_t> seen(unlike.values.size());
    size_t count = 0;
    const int largest = std::max(4, static_cast<int>(kLargest * static_cast<float>(h)));
    std::vector<int> piece;
    for (int begin = 0; begin < w * h; begin++) {
        if (seen[static_cast<size_t>(begin)] != 0 || unlike.values[static_cast<size_t>(begin)] < kUnlike) continue;
        piece.assign(1, begin);
        seen[static_cast<size_t>(begin)] = 1;
        int left = w, right = 0, top = h, bottom = 0;
        for (size_t i = 0; i < piece.size(); i++) {
            const int x = piece[i] % w, y = piece[i] / w;
            left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
            const std::array<std::array<int, 2>, 4> beside{{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}}};
            for (const auto& [u, v] : beside) {
                if (u < 0 || v < 0 || u >= w || v >= h) continue;
                const auto at = static_cast<size_t>(v * w + u);
                if (seen[at] == 0 && unlike.values[at] >= kUnlike) seen[at] = 1, piece.push_back(static_cast<int>(at));
            }
        }
        const int across = right - left + 1, high = bottom - top + 1;
        if (std::max(across, high) > largest || piece.size() < 2 ||
            static_cast<float>(piece.size()) < 0.15F * static_cast<float>(across * high))
            continue;
        // Its surroundings, half as far as it is large.
        const int margin = 2 + std::max(across, high) / 2;
        float sum = 0;
        int places = 0;
        for (int y = std::max(0, top - margin); y <= std::min(h - 1, bottom + margin); y++)
            for (int x = std::max(0, left - margin); x <= std::min(w - 1, right + margin); x++)
                if (x < left - 1 || x > right + 1 || y < top - 1 || y > bottom + 1)
                    sum += std::min(unlike.row(y)[x], 0.2F), places++;
        if (places == 0 || sum > kEven * static_cast<float>(places)) continue;
        // With what its rim goes round: a bubble is as pale within as the ground.
        for (int y = top; y <= bottom; y++) {
            int from = w, to = -1;
            for (const int at : piece)
                if (at / w == y) from = std::min(from, at % w), to = std::max(to, at % w);
            if (to >= from) std::fill(found.row(y) + from, found.row(y) + to + 1, 1.F);
        }
        count++;
    }
    return count >= kFewest ? found : Map{};
}

}  // namespace zt::tableau
