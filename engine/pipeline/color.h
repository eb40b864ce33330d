// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Colour conversion of output: float RGB from a model becomes the pixel format that the host asked for, BT.709
// limited-range YUV with left-sited chroma, or full-range RGB. Chroma is filtered as zscale's bilinear filter does
// it, so a host that converts from RGB itself gets the same picture. Alpha is never filtered: one value a pixel, full
// range, of the format's sample depth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "include/zoetrope/zoetrope.h"

namespace zt::pipeline {

// Where the planes of a frame lie inside one buffer that starts 64-byte aligned.
struct PlaneLayout {
    int planes = 0;
    int width[4] = {}, height[4] = {};  // samples of each plane
    int row_bytes[4] = {};
    ptrdiff_t stride[4] = {};  // bytes, a multiple of kPlaneAlign
    size_t offset[4] = {};     // bytes
    size_t total_bytes = 0;    // with kPlaneAlign bytes behind the last row, for SIMD reads
};

inline constexpr size_t kPlaneAlign = 64;

// Width and height within the request limits; even where the format subsamples. alpha: whether frames have it, as a
// plane behind the three of the format; RGBA and RGBA64 have it in theirs, RGB24 has no place for it (resolve_format in
// plan.cpp sees to that).
[[nodiscard]] PlaneLayout plane_layout(zt_pixel_format format, int width, int height, bool alpha = false);

// Horizontal and vertical size of the block that shares one chroma sample.
struct Subsampling {
    int horizontal, vertical;
};
[[nodiscard]] Subsampling subsampling(zt_pixel_format format) noexcept;

[[nodiscard]] bool all_finite(std::span<const float> values) noexcept;

// One size and format. One thread at a time: holds rows of chroma in the making.
class Converter {
public:
    Converter(zt_pixel_format format, int width, int height, bool alpha = false);
    // rgb: [3, height, width], clamped to 0..1. planes: laid out by plane_layout. straight_alpha: [height, width], the
    // same; only where there is alpha.
    void convert(const float* rgb, uint8_t* const planes[4], const float* straight_alpha = nullptr);

private:
    template <typename Sample>
    void to_yuv(const float* rgb, uint8_t* const planes[4], int bits);
    template <typename Sample>
    void to_gbr(const float* rgb, uint8_t* const planes[4], int bits);
    template <typename Sample>
    void to_packed(const float* rgb, const float* straight_alpha, uint8_t* const planes[4]);
    template <typename Sample>
    void to_alpha_plane(const float* straight_alpha, uint8_t* plane, int bits);
    [[nodiscard]] float* chroma_row(int component, int row);

    zt_pixel_format format_;
    int width_, height_;
    PlaneLayout layout_;
    std::vector<float> full_rows_;    // Cb and Cr of one row, each with one sample of margin
    std::vector<float> chroma_rows_;  // [2 components, kRingRows, width], horizontally filtered
};

}  // namespace zt::pipeline
