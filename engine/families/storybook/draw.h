// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a seed decides. Every question (which colour, where the third cloud is) has a number of its own, so the
// answer to one does not change when another is no longer asked. Torch-free.
#pragma once

#include <cmath>
#include <cstdint>

namespace zt::storybook {

// Which question: a purpose and up to three numbers.
[[nodiscard]] constexpr uint64_t question(uint64_t purpose, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0) {
    uint64_t h = purpose + 0x9E3779B97F4A7C15u;
    for (const uint64_t part : {a, b, c}) {
        h = (h ^ part) * 0xBF58476D1CE4E5B9u;  // splitmix64's finaliser (Steele, Lea, Flood 2014)
        h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
        h ^= h >> 31;
    }
    return h;
}

// 0 <= u < 1. Neighbouring seeds step evenly through it (an additive recurrence with a step that the question decides),
// so a few dozen of them in a row meet all answers about equally often.
[[nodiscard]] inline double by_seed(int64_t seed, uint64_t asked) {
    constexpr double kGolden = 0.6180339887498949;
    const double start = static_cast<double>(asked >> 11) * 0x1p-53;
    const auto n =
        static_cast<double>(static_cast<uint64_t>(seed) % 1'000'003);  // a prime; keeps the product exact enough
    // Steps of different questions are far from each other's multiples: fractions of sqrt(asked).
    const double step = std::fmod(kGolden * (1.0 + std::sqrt(static_cast<double>(asked % 9973 + 2))), 1.0);
    const double big = static_cast<double>(question(7, static_cast<uint64_t>(seed) / 1'000'003) >> 11) * 0x1p-53;
    return std::fmod(start + n * step + (static_cast<uint64_t>(seed) >= 1'000'003 ? big : 0.0), 1.0);
}

[[nodiscard]] inline double by_seed(int64_t seed, uint64_t asked, double low, double high) {
    return low + (high - low) * by_seed(seed, asked);
}

// 0 <= u < 1 without a pattern.
[[nodiscard]] inline double noise(int64_t seed, uint64_t asked) {
    return static_cast<double>(question(asked, static_cast<uint64_t>(seed), 0x5eed) >> 11) * 0x1p-53;
}
[[nodiscard]] inline double noise(int64_t seed, uint64_t asked, double low, double high) {
    return low + (high - low) * noise(seed, asked);
}

// Purposes.
// clang-format off
enum : uint64_t { kWho = 101, kWhichColour, kWhichMotion, kWhichScene, kWhichTime, kWhichWeather, kWhichCamera, kWhichStyle, kWhichWay,
                  kWhere, kHowBig, kWhen, kHowFast, kShape, kProp, kRingAt, kHeaven, kDrop, kWander, kHigh };
// clang-format on

}  // namespace zt::storybook
