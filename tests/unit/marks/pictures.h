// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures to be marked, and what happens to videos on the way. All made from numbers, the same every time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "marks/area.h"
#include "marks/detector.h"
#include "marks/watermark.h"

namespace zt::test {

enum class Kind { kCutouts, kGradient, kNoise, kDrawing, kNight, kFlat };
inline constexpr Kind kKinds[] = {Kind::kCutouts, Kind::kGradient, Kind::kNoise,
                                  Kind::kDrawing, Kind::kNight,    Kind::kFlat};

struct Shape {
    float x, y, radius, level[3];
};

inline float background(Kind kind, float x, float y, int plane) {
    switch (kind) {
        case Kind::kCutouts: return 0.3F + 0.3F * y + 0.1F * static_cast<float>(plane);
        case Kind::kGradient: return 0.1F + 0.8F * (x + y) / 2.0F;
        case Kind::kDrawing: return 1.0F;
        case Kind::kNight: return 0.0F;
        default: return 0.5F;
    }
}

// [3, height, width] of frame `number` of the video `seed`: round things that move over a ground.
inline std::vector<float> picture(Kind kind, int width, int height, uint32_t seed, int number) {
    std::mt19937 dice(seed);
    std::uniform_real_distribution<float> unit(0.0F, 1.0F);
    std::vector<Shape> shapes(kind == Kind::kFlat || kind == Kind::kGradient ? 0 : 24);
    for (Shape& shape : shapes) {
        shape = {unit(dice) + 0.004F * unit(dice) * static_cast<float>(number),
                 unit(dice),
                 0.02F + 0.1F * unit(dice),
                 {unit(dice), unit(dice), unit(dice)}};
        if (kind == Kind::kDrawing) std::fill(shape.level, shape.level + 3, 0.1F);
    }
    std::mt19937 grain(seed * 7919U + static_cast<uint32_t>(number));
    const size_t pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
    std::vector<float> rgb(3 * pixels);
    const float aspect = static_cast<float>(width) / static_cast<float>(height);
    for (int row = 0; row < height; ++row) {
        for (int column = 0; column < width; ++column) {
            const float x = (static_cast<float>(column) + 0.5F) / static_cast<float>(width);
            const float y = (static_cast<float>(row) + 0.5F) / static_cast<float>(height);
            const Shape* on = nullptr;
            for (const Shape& shape : shapes) {
                const float far = std::hypot((x - shape.x) * aspect, y - shape.y);
                if (far < shape.radius && (kind != Kind::kDrawing || far > 0.85F * shape.radius)) on = &shape;
            }
            const size_t at = static_cast<size_t>(row) * static_cast<size_t>(width) + static_cast<size_t>(column);
            const float noise = kind == Kind::kNoise ? unit(grain) - 0.5F : 0.0F;
            for (int plane = 0; plane < 3; ++plane)
                rgb[static_cast<size_t>(plane) * pixels + at] =
                    (on != nullptr ? on->level[plane] : background(kind, x, y, plane)) + noise;
        }
    }
    return rgb;
}

struct Luma {
    int width, height;
    std::vector<uint8_t> samples;
};

// BT.709, full range, rounded after each plane was: as an 8-bit file has it.
inline Luma luma_of(const std::vector<float>& rgb, int width, int height) {
    const size_t pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
    Luma luma{width, height, std::vector<uint8_t>(pixels)};
    const auto level = [&](size_t at) { return std::round(255.0F * std::clamp(rgb[at], 0.0F, 1.0F)); };
    for (size_t at = 0; at < pixels; ++at)
        luma.samples[at] = static_cast<uint8_t>(
            std::lround(0.2126F * level(at) + 0.7152F * level(pixels + at) + 0.0722F * level(2 * pixels + at)));
    return luma;
}

// Scaled by averages of areas (enlarged: by the nearest).
inline Luma scaled(const Luma& luma, int width, int height) {
    const marks::AreaMap across(luma.width, 0.0, luma.width, width), down(luma.height, 0.0, luma.height, height);
    std::vector<float> rows(static_cast<size_t>(luma.height) * static_cast<size_t>(width)),
        in(static_cast<size_t>(luma.width));
    for (int y = 0; y < luma.height; ++y) {
        std::copy_n(luma.samples.begin() + static_cast<ptrdiff_t>(y) * luma.width, luma.width, in.begin());
        across.average(in.data(), rows.data() + static_cast<ptrdiff_t>(y) * width);
    }
    Luma out{width, height, std::vector<uint8_t>(static_cast<size_t>(width) * static_cast<size_t>(height))};
    std::vector<float> column(static_cast<size_t>(luma.height)), cells(static_cast<size_t>(height));
    for (int x = 0; x < width; ++x) {
        for (int y = 0; y < luma.height; ++y) column[static_cast<size_t>(y)] = rows[static_cast<size_t>(y * width + x)];
        down.average(column.data(), cells.data());
        for (int y = 0; y < height; ++y)
            out.samples[static_cast<size_t>(y * width + x)] =
                static_cast<uint8_t>(std::lround(cells[static_cast<size_t>(y)]));
    }
    return out;
}

inline Luma cut(const Luma& luma, int left, int top, int width, int height) {
    Luma out{width, height, {}};
    for (int y = 0; y < height; ++y) {
        const auto row = luma.samples.begin() + static_cast<ptrdiff_t>(top + y) * luma.width + left;
        out.samples.insert(out.samples.end(), row, row + width);
    }
    return out;
}

inline Luma mirrored(Luma luma) {
    for (auto row = luma.samples.begin(); row != luma.samples.end(); row += luma.width)
        std::reverse(row, row + luma.width);
    return luma;
}

// Between black bars above and below.
inline Luma letterboxed(const Luma& luma, int bar) {
    Luma out{luma.width, luma.height + 2 * bar, {}};
    const std::vector<uint8_t> black(static_cast<size_t>(luma.width) * static_cast<size_t>(bar));
    for (const std::vector<uint8_t>* part : {&black, &luma.samples, &black})
        out.samples.insert(out.samples.end(), part->begin(), part->end());
    return out;
}

inline void add_noise(Luma& luma, float deviation, uint32_t seed) {
    std::mt19937 dice(seed);
    std::normal_distribution<float> noise(0.0F, deviation);
    for (uint8_t& sample : luma.samples)
        sample = static_cast<uint8_t>(std::lround(std::clamp(static_cast<float>(sample) + noise(dice), 0.0F, 255.0F)));
}

// What becomes of each frame on the way.
using Way = Luma (*)(const Luma&);

// A video of so many frames, marked with 0xBEEF or not, as the detector sees it.
inline marks::Detection detect(Kind kind, int width, int height, uint32_t seed, int frames, bool marked, Way way) {
    marks::Watermark watermark(width, height, 0xBEEF);
    std::optional<marks::Detector> detector;
    for (int number = 0; number < frames; ++number) {
        std::vector<float> rgb = picture(kind, width, height, seed, number);
        if (marked) watermark.apply(rgb.data(), rgb.data());
        const Luma luma = way(luma_of(rgb, width, height));
        if (!detector) detector.emplace(luma.width, luma.height);
        detector->add(luma.samples.data(), luma.width);
    }
    return detector->finish();
}

inline Luma as_it_is(const Luma& luma) { return luma; }

}  // namespace zt::test
