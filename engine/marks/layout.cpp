// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See layout.h.
#include "marks/layout.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <string>

#include "core/error.h"

namespace zt::marks {

namespace {

constexpr int kMostWaves = 3;

// SplitMix64 (Steele, Lea, Flood 2014): the key of the mark is a constant, so that everyone can look for it.
class Key {
public:
    explicit Key(uint64_t seed) : state_(seed) {}
    uint64_t next() {
        state_ += 0x9E3779B97F4A7C15U;
        uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31);
    }
    int sign() { return (next() >> 63) != 0 ? 1 : -1; }
    float unit() { return static_cast<float>(next() >> 40) * 0x1p-24F; }
    template <typename Items>
    void shuffle(Items& items) {
        for (size_t left = items.size(); left > 1; --left) std::swap(items[left - 1], items[next() % left]);
    }

private:
    uint64_t state_;
};

struct Size {
    const char* name;
    int min_side;       // of the picture
    int longer, other;  // tiles along the longer side and the other
    int of_tile;        // carriers of a tile
    float distortion;   // mean square error where every amount is as likely
};
// More than one size: in a small picture an encoder keeps only what is coarse, and needs it stronger. The distortions
// are 49.7, 46.7 and 43.5 dB; single frames are a little above or below.
constexpr Size kSizes[] = {
    {"large", 480, 8, 6, 2, 0.7F},
    {"medium", 256, 8, 6, 2, 1.4F},
    {"coarse", 144, 6, 4, 4, 2.9F},
    {"small", kMinSide, 3, 3, 4, 2.9F},
};

Layout make_layout(const Size& size, bool portrait, uint64_t seed) {
    Layout layout;
    layout.name = size.name;
    layout.portrait = portrait;
    layout.min_side = size.min_side;
    layout.columns = portrait ? size.other : size.longer;
    layout.rows = portrait ? size.longer : size.other;
    const int count = layout.tiles() * size.of_tile, patterns = kPatterns / size.of_tile;
    // An amount is evenly spread over a step, so its mean square is step^2 / 12.
    layout.step = std::sqrt(12.0F * size.distortion / static_cast<float>(count));
    Key key(seed);
    std::vector<int> bits(static_cast<size_t>(count));
    std::iota(bits.begin(), bits.end(), 0);
    key.shuffle(bits);
    for (int tile = 0; tile < layout.tiles(); ++tile) {
        std::array<int, kPatterns> order{0, 1, 2, 3};
        key.shuffle(order);
        for (int n = 0; n < size.of_tile; ++n) {
            Carrier carrier;
            carrier.tile = tile;
            for (int p = 0; p < patterns; ++p)
                carrier.weights[static_cast<size_t>(order[static_cast<size_t>(n * patterns + p)])] =
                    static_cast<float>(key.sign()) / std::sqrt(static_cast<float>(patterns));
            carrier.dither = key.unit();
            carrier.sign = key.sign();
            carrier.bit = bits[layout.carriers.size()];
            layout.carriers.push_back(carrier);
        }
    }
    return layout;
}

// [half-waves][cell]: sines at the middle of the cells.
const std::array<std::array<float, kCells>, kMostWaves + 1>& sines() {
    static const auto table = [] {
        std::array<std::array<float, kCells>, kMostWaves + 1> made{};
        for (int waves = 0; waves <= kMostWaves; ++waves)
            for (int cell = 0; cell < kCells; ++cell)
                made[static_cast<size_t>(waves)][static_cast<size_t>(cell)] =
                    static_cast<float>(std::sin(std::numbers::pi * waves * (cell + 0.5) / kCells));
        return made;
    }();
    return table;
}

}  // namespace

const std::vector<Layout>& layouts() {
    static const std::vector<Layout> made = [] {
        std::vector<Layout> all;
        for (const Size& size : kSizes)
            for (const bool portrait : {false, true})
                all.push_back(make_layout(size, portrait, 0x5A6F6574726F7065U + all.size()));
        return all;
    }();
    return made;
}

const Layout& layout_for(int width, int height) {
    const int side = std::min(width, height);
    for (const Layout& layout : layouts())
        if (side >= layout.min_side && layout.portrait == (height > width)) return layout;
    refuse(ZT_ERROR_ARGUMENT, "watermark", "none in pictures below 64x64",
           "dct in " + std::to_string(width) + "x" + std::to_string(height));
}

void measure(const Layout& layout, const float* cells, float* parts) {
    const auto& sine = sines();
    const int stride = layout.cells_across();
    // The transform is orthonormal over the tile's cells; the root brings it to the mean of the picture.
    const float scale = 2.0F / static_cast<float>(kCells * kCells) / std::sqrt(static_cast<float>(layout.tiles()));
    std::vector<float> patterns(static_cast<size_t>(layout.tiles()) * kPatterns);
    for (int tile = 0; tile < layout.tiles(); ++tile) {
        const float* const corner =
            cells + static_cast<ptrdiff_t>(tile / layout.columns) * kCells * stride + tile % layout.columns * kCells;
        for (int y = 0; y < kCells; ++y) {
            float across[3] = {};
            for (int x = 0; x < kCells; ++x)
                for (size_t waves = 1; waves <= 2; ++waves)
                    across[waves] += sine[waves][static_cast<size_t>(x)] * corner[y * stride + x];
            for (size_t p = 0; p < kPatterns; ++p)
                patterns[static_cast<size_t>(tile) * kPatterns + p] +=
                    scale * sine[static_cast<size_t>(kDown[p])][static_cast<size_t>(y)] * across[kAcross[p]];
        }
    }
    for (size_t n = 0; n < layout.carriers.size(); ++n) {
        const Carrier& carrier = layout.carriers[n];
        float part = 0.0F;
        for (size_t p = 0; p < kPatterns; ++p)
            part += carrier.weights[p] * patterns[static_cast<size_t>(carrier.tile) * kPatterns + p];
        parts[n] = part;
    }
}

void waves_of(const Layout& layout, const float* amounts, std::vector<float>& heights) {
    heights.assign(static_cast<size_t>(layout.tiles()) * kPatterns, 0.0F);
    const float scale = 2.0F * std::sqrt(static_cast<float>(layout.tiles()));
    for (size_t n = 0; n < layout.carriers.size(); ++n) {
        const Carrier& carrier = layout.carriers[n];
        for (size_t p = 0; p < kPatterns; ++p)
            heights[static_cast<size_t>(carrier.tile) * kPatterns + p] += scale * amounts[n] * carrier.weights[p];
    }
}

void add_carriers(const Layout& layout, const float* amounts, float* cells) {
    const auto& sine = sines();
    const int stride = layout.cells_across();
    std::vector<float> heights;
    waves_of(layout, amounts, heights);
    for (int tile = 0; tile < layout.tiles(); ++tile) {
        float* const corner =
            cells + static_cast<ptrdiff_t>(tile / layout.columns) * kCells * stride + tile % layout.columns * kCells;
        const float* const height = heights.data() + static_cast<ptrdiff_t>(tile) * kPatterns;
        for (int y = 0; y < kCells; ++y) {
            float across[3] = {};
            for (size_t p = 0; p < kPatterns; ++p)
                across[kAcross[p]] += height[p] * sine[static_cast<size_t>(kDown[p])][static_cast<size_t>(y)];
            for (int x = 0; x < kCells; ++x)
                corner[y * stride + x] +=
                    across[1] * sine[1][static_cast<size_t>(x)] + across[2] * sine[2][static_cast<size_t>(x)];
        }
    }
}

}  // namespace zt::marks
