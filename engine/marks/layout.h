// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where the invisible mark lies in a picture, and how strong it is. What both sides know: watermark.h writes it,
// detector.h reads it.
//
// The picture, of whatever size, is divided into tiles, and a tile into kCells x kCells cells of equal area. In each
// tile there are four patterns: half-waves across and down, (1,2) (2,1) (2,2) (2,3), products of sines that are zero at
// the tile's border (a discrete sine transform of type II), all of them blind to a tile's mean. A carrier is a weighted
// sum of one or two patterns of one tile, of length 1, and holds one bit by spread transform dither modulation:
// B. Chen, G. W. Wornell, "Quantization index modulation: a class of provably good methods for digital watermarking and
// information embedding", IEEE Transactions on Information Theory 47(4), 2001, section V.B. The picture's own part of
// the carrier is brought to the nearest point of one of two grids, that of 0 or that of 1, each of distance `step`; so
// what the picture shows does not disturb its mark. Carriers that stay within a tile keep the mark where a part of the
// picture is covered, by a logo or by subtitles.
//
// Amounts are in levels of 255 of luma (BT.709, full range), root mean square over the picture: moving a carrier by e
// changes the picture by a mean square error of e*e.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace zt::marks {

inline constexpr int kCells = 12;     // of a tile, either way
inline constexpr int kPatterns = 4;   // of a tile
inline constexpr int kTagBits = 36;   // of the code word: the same in every mark
inline constexpr int kCodeBits = 60;  // the others: the payload, coded (payload.h)
inline constexpr int kMinSide = 64;   // of a picture that takes a mark

// Half-waves of the patterns.
inline constexpr std::array<int, kPatterns> kAcross{1, 2, 2, 2}, kDown{2, 1, 2, 3};

struct Carrier {
    int tile = 0;  // from the left, then from the top
    std::array<float, kPatterns> weights{};
    float dither = 0.0F;  // of the grids, in steps: 0..1
    int bit = 0;          // of the code word: first the tag, then the payload
    int sign = 1;         // -1: the bit is turned over
};

// How a size of pictures is marked.
struct Layout {
    const char* name = "";
    bool portrait = false;
    int min_side = 0;  // the shortest side of a picture that gets it
    int columns = 0, rows = 0;
    float step = 0.0F;
    std::vector<Carrier> carriers;  // kTagBits, or kTagBits + kCodeBits

    [[nodiscard]] int cells_across() const noexcept { return columns * kCells; }
    [[nodiscard]] int cells_down() const noexcept { return rows * kCells; }
    [[nodiscard]] int tiles() const noexcept { return columns * rows; }
    [[nodiscard]] bool has_payload() const noexcept { return carriers.size() > kTagBits; }
};

// All, by falling size; of each size first that of pictures that are not higher than wide. Made once; thread-safe.
[[nodiscard]] const std::vector<Layout>& layouts();
// Throws ZT_ERROR_ARGUMENT "watermark: expected ..., got ..." where the picture is too small.
[[nodiscard]] const Layout& layout_for(int width, int height);

// The picture's part of each carrier. cells: [cells_down, cells_across], in levels of 255; parts: one for each carrier.
void measure(const Layout& layout, const float* cells, float* parts);
// Adds carriers, of the given amounts, to cells (the values in their middle).
void add_carriers(const Layout& layout, const float* amounts, float* cells);

// Amounts of carriers as amounts of patterns, and what each pattern weighs in a picture: [tiles][kPatterns], the height
// of the waves in levels.
void waves_of(const Layout& layout, const float* amounts, std::vector<float>& heights);

}  // namespace zt::marks
