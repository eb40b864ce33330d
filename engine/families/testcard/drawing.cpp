// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One picture of the test card; see drawing.h.
#include "families/testcard/drawing.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "image/fit.h"

namespace zt::families::testcard {

namespace {

constexpr int kBars = 8;
constexpr int kCounterBits = 32;

// SplitMix64 (Steele, Lea, Flood 2014): every bit of the seed moves every bit of the result.
uint64_t mixed(uint64_t& state) {
    state += 0x9E3779B97F4A7C15ULL;
    uint64_t value = state;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31);
}

// FNV-1a, 64 bits.
uint64_t digest(std::string_view text) {
    uint64_t hash = 0xCBF29CE484222325ULL;
    for (const char letter : text) hash = (hash ^ static_cast<uint8_t>(letter)) * 0x100000001B3ULL;
    return hash;
}

// Back and forth over 0..range.
int64_t bounce(uint64_t position, int64_t range) {
    if (range <= 0) return 0;
    const auto at = static_cast<int64_t>(position % static_cast<uint64_t>(2 * range));
    return at <= range ? at : 2 * range - at;
}

using Pixel = std::array<uint8_t, 3>;

Pixel pixel_of(const uint8_t (&color)[3]) { return {color[0], color[1], color[2]}; }

std::vector<Pixel> bar_row(const Card& card, uint64_t frame, int width) {
    std::vector<Pixel> row(static_cast<size_t>(width));
    const uint64_t shift = (card.bar_phase + card.bar_speed * frame) / 256;
    for (size_t x = 0; x < row.size(); ++x) {
        row[x] = pixel_of(card.bars[(x + shift) % static_cast<size_t>(width) * kBars / static_cast<size_t>(width)]);
    }
    return row;
}

std::vector<Pixel> counter_row(uint64_t frame, int width) {
    std::vector<Pixel> row(static_cast<size_t>(width));
    for (size_t x = 0; x < row.size(); ++x) {
        const size_t bit = kCounterBits - 1 - x * kCounterBits / row.size();
        const uint8_t level = ((frame >> bit) & 1U) != 0 ? 255 : 0;
        row[x] = {level, level, level};
    }
    return row;
}

// As planar floats: what each row of the picture is copied from.
std::vector<float> planar(const std::vector<Pixel>& row) {
    std::vector<float> out(3 * row.size());
    for (size_t component = 0; component < 3; ++component) {
        for (size_t x = 0; x < row.size(); ++x)
            out[component * row.size() + x] = static_cast<float>(row[x][component]) / 255.0F;
    }
    return out;
}

// Where the square is, and where the number begins below it.
struct Places {
    int counter_height, side;
    int64_t left, top;
};

Places places_of(const Card& card, uint64_t number, int width, int height) {
    Places places{};
    places.counter_height = std::max(2, height / 8);
    places.side = std::max(2, std::min(width, height - places.counter_height) / 4);
    places.left = bounce((card.square_x + card.square_dx * number) / 256, width - places.side);
    places.top = bounce((card.square_y + card.square_dy * number) / 256, height - places.counter_height - places.side);
    return places;
}

}  // namespace

Card make_card(int64_t seed, std::string_view prompt) {
    Card card{};
    uint64_t prompt_state = digest(prompt);
    for (auto& bar : card.bars) {
        const uint64_t bits = mixed(prompt_state);
        for (int component = 0; component < 3; ++component)
            bar[component] = static_cast<uint8_t>(bits >> (8 * component));
    }
    for (int component = 0; component < 3; ++component)
        card.square[component] = static_cast<uint8_t>(255 - card.bars[0][component]);
    uint64_t seed_state = static_cast<uint64_t>(seed);
    const auto draw = [&](uint32_t low, uint32_t range) {
        return low + static_cast<uint32_t>(mixed(seed_state) % range);
    };
    card.bar_phase = draw(0, 4096 * 256);
    card.bar_speed = draw(128, 512);
    card.square_x = draw(0, 4096 * 256);
    card.square_y = draw(0, 4096 * 256);
    card.square_dx = draw(256, 768);
    card.square_dy = draw(256, 768);
    return card;
}

Card blend_cards(const Card& from, const Card& to, int64_t done, int64_t whole) {
    done = std::min(done, whole);
    const auto mix = [&](uint8_t a, uint8_t b) {
        return static_cast<uint8_t>((a * (whole - done) + b * done) / whole);
    };
    Card card = to;
    for (int component = 0; component < 3; ++component) {
        for (int bar = 0; bar < kBars; ++bar)
            card.bars[bar][component] = mix(from.bars[bar][component], to.bars[bar][component]);
        card.square[component] = mix(from.square[component], to.square[component]);
    }
    return card;
}

std::vector<float> fit_picture(const Picture& picture, zt_fit fit, int width, int height) {
    const image::Picture fitted = image::fit({picture.width, picture.height, *picture.rgb}, width, height, fit);
    const size_t plane = static_cast<size_t>(width) * static_cast<size_t>(height);
    std::vector<float> out(3 * plane);
    for (size_t at = 0; at < plane; ++at) {
        for (size_t component = 0; component < 3; ++component)
            out[component * plane + at] = static_cast<float>(fitted.rgb[3 * at + component]) / 255.0F;
    }
    return out;
}

void draw_alpha(const Card& card, int64_t frame, int width, int height, float* alpha) {
    const Places places = places_of(card, static_cast<uint64_t>(frame), width, height);
    for (int y = 0; y < height; ++y, alpha += width) {
        for (int x = 0; x < width; ++x)
            alpha[x] =
                y >= height - places.counter_height ? 1.0F : (static_cast<float>(x) + 0.5F) / static_cast<float>(width);
        if (y >= places.top && y < places.top + places.side) std::fill_n(alpha + places.left, places.side, 1.0F);
    }
}

void draw_card(const Card& card, int64_t frame, int width, int height, float* rgb, const Backdrop& backdrop) {
    const auto number = static_cast<uint64_t>(frame);
    const Places places = places_of(card, number, width, height);
    const int counter_height = places.counter_height, side = places.side;
    const int64_t left = places.left, top = places.top;

    std::vector<Pixel> pixels = bar_row(card, number, width);
    const std::vector<float> bars = planar(pixels);
    std::fill_n(pixels.begin() + left, side, pixel_of(card.square));
    const std::vector<float> with_square = planar(pixels);
    const std::vector<float> counter = planar(counter_row(number, width));

    for (int component = 0; component < 3; ++component) {
        for (int y = 0; y < height; ++y, rgb += width) {
            const bool in_square = y >= top && y < top + side;
            const std::vector<float>& source = y >= height - counter_height ? counter : in_square ? with_square : bars;
            std::copy_n(source.begin() + ptrdiff_t{component} * width, width, rgb);
            if (backdrop.rgb.empty() || y >= height - counter_height) continue;
            const float* seen = backdrop.rgb.data() + (ptrdiff_t{component} * height + y) * width;
            for (int x = 0; x < width; ++x) {
                if (in_square && x >= left && x < left + side) continue;
                rgb[x] = backdrop.weight * seen[x] + (1.0F - backdrop.weight) * rgb[x];
            }
        }
    }
}

}  // namespace zt::families::testcard
