// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tiles of drops and flakes.
#include "world/weather.h"

#include <vector>

#include "world/paint.h"

namespace zt::world {
namespace {

constexpr int kTile = 48, kFall = kTile / 8;   // pixels of a tile's height, and per frame

// Coverage 0..255 of one tile, [48, 256], a ring both ways.
std::vector<uint8_t> tile(int weather) {
    std::vector<uint8_t> out(static_cast<size_t>(kTile) * kWidth);
    constexpr int across = 8, down = 2;
    for (int i = 0; i < across * down; i++) {
        // A jittered grid: even, but not a pattern.
        const uint32_t h = static_cast<uint32_t>(i + 11) * 2654435761u;
        const float x = (static_cast<float>(i % across) + static_cast<float>(h >> 8 & 255u) / 340.f) * kWidth / across;
        const float y = (static_cast<float>(i / across) + static_cast<float>(h >> 16 & 255u) / 340.f) * kTile / down;
        const Shape s = weather == kRain ? line({{x, y}, {x - 3, y + 11}}, 0.7f, Rgb{}) : ellipse(x, y, 2.1f, 2.1f, Rgb{});
        for (int py = 0; py < kTile; py++)
            for (int px = 0; px < kWidth; px++)
                for (int wrap = 0; wrap < 9; wrap++) {
                    const float d = distance(s, {static_cast<float>(px + (wrap % 3 - 1) * kWidth) + 0.5f, static_cast<float>(py + (wrap / 3 - 1) * kTile) + 0.5f});
                    auto& o = out[static_cast<size_t>(py * kWidth + px)];
                    o = std::max(o, static_cast<uint8_t>(coverage(d) * 255.f));
                }
    }
    return out;
}

}  // namespace

void add_weather(int weather, int frame, uint8_t* picture) {
    if (weather == kClear) return;
    static const std::vector<uint8_t> rain = tile(kRain), flakes = tile(kSnowfall);
    const bool raining = weather == kRain;
    const std::vector<uint8_t>& cover = raining ? rain : flakes;
    // A veil first: rain greys, snow pales. In 1/256 of full strength.
    const int veil = raining ? 56 : 30, strength = raining ? 170 : 236;
    const int veil_colour[3] = {raining ? 104 : 236, raining ? 118 : 240, raining ? 140 : 248};
    const int drop_colour[3] = {raining ? 214 : 255, raining ? 226 : 255, raining ? 244 : 255};
    for (int y = 0; y < kHeight; y++) {
        const uint8_t* row = &cover[static_cast<size_t>((y + 8 * kTile - frame % 8 * kFall) % kTile) * kWidth];
        uint8_t* o = picture + static_cast<size_t>(y) * kWidth * 3;
        for (int x = 0; x < kWidth; x++, o += 3) {
            const int a = row[x] * strength / 255;
            for (int k = 0; k < 3; k++) {
                const int v = o[k] + ((veil_colour[k] - o[k]) * veil >> 8);
                o[k] = static_cast<uint8_t>(v + ((drop_colour[k] - v) * a >> 8));
            }
        }
    }
}

}  // namespace zt::world
