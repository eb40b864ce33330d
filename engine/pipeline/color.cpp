// SPDX-License-Identifier: LGPL-2.1-or-later
//
// RGB to the host's pixels; see color.h. Matrix and ranges: ITU-R BT.709-6, items 3.2 to 3.5.
//
// Chroma is filtered in float and rounded once, at the end. Left siting puts a chroma sample on the
// luma column 2i: the triangle around it is [1 2 1]/4. Vertically (4:2:0) it lies half-way between
// rows 2j and 2j+1: the triangle of the same support is [1 3 3 1]/8. Borders are mirrored.
//
// The row functions are plain loops over restrict pointers so that the compiler vectorises them.
#include "pipeline/color.h"

#include <algorithm>
#include <bit>

namespace zt::pipeline {

namespace {

constexpr int kRingRows = 4;  // rows 2j-1 to 2j+2 are alive at once

// BT.709: luma weights, and the divisors that bring B-Y and R-Y to -0.5..0.5.
constexpr float kRed = 0.2126F, kGreen = 0.7152F, kBlue = 0.0722F;
constexpr float kCbDivisor = 2.0F * (1.0F - kBlue), kCrDivisor = 2.0F * (1.0F - kRed);

// Limited range: 16..235 and 16..240 at 8 bits, scaled by 2^(bits-8).
struct LimitedRange {
    float luma_scale, luma_offset, chroma_scale, chroma_offset;
};

LimitedRange limited_range(int bits) {
    const auto unit = static_cast<float>(1 << (bits - 8));
    return {219.0F * unit, 16.0F * unit, 224.0F * unit, 128.0F * unit};
}

inline float clamp01(float value) {
    value = value < 0.0F ? 0.0F : value;
    return value > 1.0F ? 1.0F : value;
}

// To nearest; value is never negative.
template <typename Sample>
inline Sample rounded(float value) {
    return static_cast<Sample>(static_cast<int>(value + 0.5F));
}

template <typename Sample>
void luma_and_chroma_row(const float* __restrict red, const float* __restrict green, const float* __restrict blue,
                         int width, const LimitedRange& range, Sample* __restrict luma, float* __restrict cb,
                         float* __restrict cr) {
    const float scale = range.luma_scale, offset = range.luma_offset;
    for (int x = 0; x < width; ++x) {
        const float r = clamp01(red[x]), g = clamp01(green[x]), b = clamp01(blue[x]);
        const float y = kRed * r + kGreen * g + kBlue * b;
        luma[x] = rounded<Sample>(y * scale + offset);
        cb[x] = (b - y) * (1.0F / kCbDivisor);
        cr[x] = (r - y) * (1.0F / kCrDivisor);
    }
}

// full: one sample of margin on the left, at full[0]; the row starts at full[1].
void halve_row(float* __restrict full, int width, float* __restrict half) {
    full[0] = full[1];
    for (int i = 0; i < width / 2; ++i) {
        half[i] = 0.25F * full[2 * i] + 0.5F * full[2 * i + 1] + 0.25F * full[2 * i + 2];
    }
}

template <typename Sample>
void store_chroma_row(const float* __restrict values, int width, const LimitedRange& range, Sample* __restrict out) {
    const float scale = range.chroma_scale, offset = range.chroma_offset;
    for (int x = 0; x < width; ++x) out[x] = rounded<Sample>(values[x] * scale + offset);
}

template <typename Sample>
void store_chroma_of_four_rows(const float* __restrict above, const float* __restrict upper,
                               const float* __restrict lower, const float* __restrict below, int width,
                               const LimitedRange& range, Sample* __restrict out) {
    const float scale = range.chroma_scale, offset = range.chroma_offset;
    for (int x = 0; x < width; ++x) {
        const float value = 0.125F * (above[x] + below[x]) + 0.375F * (upper[x] + lower[x]);
        out[x] = rounded<Sample>(value * scale + offset);
    }
}

template <typename Sample>
void full_range_row(const float* __restrict in, int width, float most, Sample* __restrict out) {
    for (int x = 0; x < width; ++x) out[x] = rounded<Sample>(clamp01(in[x]) * most);
}

template <typename Sample>
Sample* row_of(uint8_t* plane, ptrdiff_t stride, int row) {
    return reinterpret_cast<Sample*>(plane + stride * row);
}

// Of a packed format: of its pixels.
int bytes_per_sample(zt_pixel_format format) {
    switch (format) {
        case ZT_PIXEL_YUV420P10:
        case ZT_PIXEL_YUV422P10:
        case ZT_PIXEL_YUV444P10:
        case ZT_PIXEL_GBRP10:
        case ZT_PIXEL_GBRP16: return 2;
        case ZT_PIXEL_RGB24: return 3;
        case ZT_PIXEL_RGBA: return 4;
        case ZT_PIXEL_RGBA64: return 8;
        case ZT_PIXEL_DEFAULT:
        case ZT_PIXEL_YUV420P:
        case ZT_PIXEL_YUV422P:
        case ZT_PIXEL_YUV444P:
        case ZT_PIXEL_GBRP: return 1;
    }
    return 1;
}

bool is_packed(zt_pixel_format format) {
    return format == ZT_PIXEL_RGB24 || format == ZT_PIXEL_RGBA || format == ZT_PIXEL_RGBA64;
}

int bits_per_sample(zt_pixel_format format) {
    if (format == ZT_PIXEL_GBRP16 || format == ZT_PIXEL_RGBA64) return 16;
    return is_packed(format) || bytes_per_sample(format) == 1 ? 8 : 10;
}

}  // namespace

Subsampling subsampling(zt_pixel_format format) noexcept {
    switch (format) {
        case ZT_PIXEL_DEFAULT:
        case ZT_PIXEL_YUV420P:
        case ZT_PIXEL_YUV420P10: return {2, 2};
        case ZT_PIXEL_YUV422P:
        case ZT_PIXEL_YUV422P10: return {2, 1};
        case ZT_PIXEL_YUV444P:
        case ZT_PIXEL_YUV444P10:
        case ZT_PIXEL_GBRP:
        case ZT_PIXEL_GBRP10:
        case ZT_PIXEL_GBRP16:
        case ZT_PIXEL_RGB24:
        case ZT_PIXEL_RGBA:
        case ZT_PIXEL_RGBA64: return {1, 1};
    }
    return {1, 1};
}

PlaneLayout plane_layout(zt_pixel_format format, int width, int height, bool alpha) {
    const Subsampling sub = subsampling(format);
    PlaneLayout layout;
    layout.planes = is_packed(format) ? 1 : alpha ? 4 : 3;
    for (int plane = 0; plane < layout.planes; ++plane) {
        const bool chroma = plane == 1 || plane == 2;
        layout.width[plane] = chroma ? width / sub.horizontal : width;
        layout.height[plane] = chroma ? height / sub.vertical : height;
        layout.row_bytes[plane] = layout.width[plane] * bytes_per_sample(format);
        const size_t stride =
            (static_cast<size_t>(layout.row_bytes[plane]) + kPlaneAlign - 1) / kPlaneAlign * kPlaneAlign;
        layout.stride[plane] = static_cast<ptrdiff_t>(stride);
        layout.offset[plane] = layout.total_bytes;
        layout.total_bytes += stride * static_cast<size_t>(layout.height[plane]);
    }
    layout.total_bytes += kPlaneAlign;
    return layout;
}

bool all_finite(std::span<const float> values) noexcept {
    // An exponent of all ones is Inf or NaN; integers vectorise where isfinite() does not.
    constexpr uint32_t kExponent = 0x7F800000;
    uint32_t bad = 0;
    for (const float value : values)
        bad |= static_cast<uint32_t>((std::bit_cast<uint32_t>(value) & kExponent) == kExponent);
    return bad == 0;
}

Converter::Converter(zt_pixel_format format, int width, int height, bool alpha)
    : format_(format), width_(width), height_(height), layout_(plane_layout(format, width, height, alpha)),
      full_rows_(2 * (static_cast<size_t>(width) + 1)), chroma_rows_(2 * kRingRows * static_cast<size_t>(width)) {}

void Converter::convert(const float* rgb, uint8_t* const planes[4], const float* straight_alpha) {
    if (layout_.planes == 4) {
        const int bits = bits_per_sample(format_);
        if (bits == 8)
            to_alpha_plane<uint8_t>(straight_alpha, planes[3], bits);
        else
            to_alpha_plane<uint16_t>(straight_alpha, planes[3], bits);
    }
    switch (format_) {
        case ZT_PIXEL_DEFAULT:
        case ZT_PIXEL_YUV420P:
        case ZT_PIXEL_YUV422P:
        case ZT_PIXEL_YUV444P: return to_yuv<uint8_t>(rgb, planes, 8);
        case ZT_PIXEL_YUV420P10:
        case ZT_PIXEL_YUV422P10:
        case ZT_PIXEL_YUV444P10: return to_yuv<uint16_t>(rgb, planes, 10);
        case ZT_PIXEL_GBRP: return to_gbr<uint8_t>(rgb, planes, 8);
        case ZT_PIXEL_GBRP10: return to_gbr<uint16_t>(rgb, planes, 10);
        case ZT_PIXEL_GBRP16: return to_gbr<uint16_t>(rgb, planes, 16);
        case ZT_PIXEL_RGB24: return to_packed<uint8_t>(rgb, nullptr, planes);
        case ZT_PIXEL_RGBA: return to_packed<uint8_t>(rgb, straight_alpha, planes);
        case ZT_PIXEL_RGBA64: return to_packed<uint16_t>(rgb, straight_alpha, planes);
    }
}

template <typename Sample>
void Converter::to_yuv(const float* rgb, uint8_t* const planes[4], int bits) {
    const LimitedRange range = limited_range(bits);
    const Subsampling sub = subsampling(format_);
    const size_t plane_samples = static_cast<size_t>(width_) * static_cast<size_t>(height_);
    float* const full[2] = {full_rows_.data(), full_rows_.data() + width_ + 1};
    const auto chroma_out = [&](int component, int row) {
        return row_of<Sample>(planes[1 + component], layout_.stride[1 + component], row);
    };
    const auto store_four_rows = [&](int row) {  // chroma row `row`, of luma rows 2row-1 .. 2row+2
        for (int component = 0; component < 2; ++component) {
            store_chroma_of_four_rows(chroma_row(component, std::max(2 * row - 1, 0)), chroma_row(component, 2 * row),
                                      chroma_row(component, 2 * row + 1),
                                      chroma_row(component, std::min(2 * row + 2, height_ - 1)), layout_.width[1],
                                      range, chroma_out(component, row));
        }
    };

    for (int y = 0; y < height_; ++y) {
        const float* red = rgb + static_cast<size_t>(y) * static_cast<size_t>(width_);
        luma_and_chroma_row(red, red + plane_samples, red + 2 * plane_samples, width_, range,
                            row_of<Sample>(planes[0], layout_.stride[0], y), full[0] + 1, full[1] + 1);
        for (int component = 0; component < 2; ++component) {
            if (sub.horizontal == 1) {
                store_chroma_row(full[component] + 1, width_, range, chroma_out(component, y));
                continue;
            }
            halve_row(full[component], width_, chroma_row(component, y));
            if (sub.vertical == 1) {
                store_chroma_row(chroma_row(component, y), layout_.width[1], range, chroma_out(component, y));
            }
        }
        // Row 2j+2 completes chroma row j.
        if (sub.vertical == 2 && y >= 2 && y % 2 == 0) store_four_rows(y / 2 - 1);
    }
    if (sub.vertical == 2) store_four_rows(height_ / 2 - 1);
}

template <typename Sample>
void Converter::to_gbr(const float* rgb, uint8_t* const planes[4], int bits) {
    static constexpr int kSource[3] = {1, 2, 0};  // planes G, B, R from R, G, B
    const auto most = static_cast<float>((1 << bits) - 1);
    for (int plane = 0; plane < 3; ++plane) {
        const float* in =
            rgb + static_cast<size_t>(kSource[plane]) * static_cast<size_t>(width_) * static_cast<size_t>(height_);
        for (int y = 0; y < height_; ++y, in += width_) {
            full_range_row(in, width_, most, row_of<Sample>(planes[plane], layout_.stride[plane], y));
        }
    }
}

template <typename Sample>
void Converter::to_packed(const float* rgb, const float* straight_alpha, uint8_t* const planes[4]) {
    const size_t plane_samples = static_cast<size_t>(width_) * static_cast<size_t>(height_);
    const auto most = static_cast<float>((1 << bits_per_sample(format_)) - 1);
    for (int y = 0; y < height_; ++y) {
        auto* out = row_of<Sample>(planes[0], layout_.stride[0], y);
        const size_t row = static_cast<size_t>(y) * static_cast<size_t>(width_);
        const float* in = rgb + row;
        for (int x = 0; x < width_; ++x, ++in) {
            for (size_t component = 0; component < 3; ++component)
                *out++ = rounded<Sample>(clamp01(in[component * plane_samples]) * most);
            if (straight_alpha != nullptr)
                *out++ = rounded<Sample>(clamp01(straight_alpha[row + static_cast<size_t>(x)]) * most);
        }
    }
}

template <typename Sample>
void Converter::to_alpha_plane(const float* straight_alpha, uint8_t* plane, int bits) {
    const auto most = static_cast<float>((1 << bits) - 1);
    for (int y = 0; y < height_; ++y, straight_alpha += width_)
        full_range_row(straight_alpha, width_, most, row_of<Sample>(plane, layout_.stride[3], y));
}

float* Converter::chroma_row(int component, int row) {
    return chroma_rows_.data() + (static_cast<size_t>(component) * kRingRows + static_cast<size_t>(row % kRingRows)) *
                                     static_cast<size_t>(width_);
}

}  // namespace zt::pipeline
