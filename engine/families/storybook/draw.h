// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Random draws from the seed. Each draw (which colour, where the third cloud is) has a key of its own instead of being
// the next number of a generator, so leaving one draw out does not change the others. Torch-free.
#pragma once

#include <cmath>
#include <cstdint>

namespace zt::storybook {

// The key of a draw: its purpose (below) and up to three numbers, such as the actor's slot.
[[nodiscard]] constexpr uint64_t draw_key(uint64_t purpose, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0) {
    uint64_t h = purpose + 0x9E3779B97F4A7C15u;
    for (const uint64_t part : {a, b, c}) {
        h = (h ^ part) * 0xBF58476D1CE4E5B9u;  // splitmix64's finaliser (Steele, Lea, Flood 2014)
        h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
        h ^= h >> 31;
    }
    return h;
}

// 0 <= u < 1, spread evenly over neighbouring seeds: an additive recurrence (a low-discrepancy sequence) whose step
// depends on the key. So the first few dozen seeds already show every colour and motion about equally often.
[[nodiscard]] inline double even_draw(int64_t seed, uint64_t asked) {
    constexpr double kGolden = 0.6180339887498949;
    const double start = static_cast<double>(asked >> 11) * 0x1p-53;
    const auto n =
        static_cast<double>(static_cast<uint64_t>(seed) % 1'000'003);  // a prime; keeps the product exact enough
    // Fractions of sqrt(key): so that steps of different keys are no multiples of each other.
    const double step = std::fmod(kGolden * (1.0 + std::sqrt(static_cast<double>(asked % 9973 + 2))), 1.0);
    const double big = static_cast<double>(draw_key(7, static_cast<uint64_t>(seed) / 1'000'003) >> 11) * 0x1p-53;
    return std::fmod(start + n * step + (static_cast<uint64_t>(seed) >= 1'000'003 ? big : 0.0), 1.0);
}

[[nodiscard]] inline double even_draw(int64_t seed, uint64_t asked, double low, double high) {
    return low + (high - low) * even_draw(seed, asked);
}

// 0 <= u < 1, independent for each seed and key: a hash.
[[nodiscard]] inline double random_draw(int64_t seed, uint64_t asked) {
    return static_cast<double>(draw_key(asked, static_cast<uint64_t>(seed), 0x5eed) >> 11) * 0x1p-53;
}
[[nodiscard]] inline double random_draw(int64_t seed, uint64_t asked, double low, double high) {
    return low + (high - low) * random_draw(seed, asked);
}

// Purposes.
// clang-format off
enum : uint64_t { kWho = 101, kWhichColour, kWhichMotion, kWhichScene, kWhichTime, kWhichWeather, kWhichCamera, kWhichStyle, kWhichWay,
                  kWhere, kHowBig, kWhen, kHowFast, kShape, kProp, kRingAt, kSkyObject, kDrop, kWander, kHigh };
// clang-format on

}  // namespace zt::storybook
