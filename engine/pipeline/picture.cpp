// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A host's pixels become 8-bit RGB; see picture.h. Matrices: ITU-R BT.601-7 item 2.5.1, BT.709-6
// item 3.2, BT.2020-2 table 4 (non-constant luminance); ranges: BT.709-6 item 3.4, JFIF for full.
#include "pipeline/picture.h"

#include <algorithm>
#include <cfenv>
#include <cstring>

#include "pipeline/color.h"

namespace zt::pipeline {

namespace {

int bits_of(zt_pixel_format format) {
    switch (format) {
        case ZT_PIXEL_YUV420P10:
        case ZT_PIXEL_YUV422P10:
        case ZT_PIXEL_YUV444P10:
        case ZT_PIXEL_GBRP10: return 10;
        case ZT_PIXEL_GBRP16:
        case ZT_PIXEL_RGBA64: return 16;
        case ZT_PIXEL_DEFAULT:
        case ZT_PIXEL_YUV420P:
        case ZT_PIXEL_YUV422P:
        case ZT_PIXEL_YUV444P:
        case ZT_PIXEL_GBRP:
        case ZT_PIXEL_RGB24:
        case ZT_PIXEL_RGBA: return 8;
    }
    return 8;
}

bool is_packed(zt_pixel_format format) {
    return format == ZT_PIXEL_RGB24 || format == ZT_PIXEL_RGBA || format == ZT_PIXEL_RGBA64;
}

bool is_gbr(zt_pixel_format format) {
    return format == ZT_PIXEL_GBRP || format == ZT_PIXEL_GBRP10 || format == ZT_PIXEL_GBRP16;
}

const uint8_t* row_of(const zt_image& image, int plane, int row) {
    return image.data[plane] + image.stride[plane] * row;
}

// Rows need not be aligned to their samples. Words beyond the format's bits count as its largest.
template <typename Sample>
int sample(const uint8_t* row, int x, int most) {
    Sample value;
    std::memcpy(&value, row + static_cast<size_t>(x) * sizeof(Sample), sizeof(Sample));
    return std::min<int>(value, most);
}

uint8_t byte_of(float value) { return static_cast<uint8_t>(std::clamp(value, 0.0F, 1.0F) * 255.0F + 0.5F); }

// ---- RGB ----

// One value over the background, as 8 bits, to nearest; the divisor is odd, so there are no ties.
// Colours brighter than their alpha, which premultiplied ones should not be, end at white.
uint8_t over(int value, int alpha, int most, int background, bool premultiplied) {
    const int64_t weight = premultiplied ? most : alpha, whole = int64_t{most} * most;
    const int64_t sum = 255 * value * weight + int64_t{background} * most * (most - alpha);
    return static_cast<uint8_t>(std::min<int64_t>((2 * sum + whole) / (2 * whole), 255));
}

// Where a row's samples of one component begin, and how many samples the next is further on.
struct Samples {
    const uint8_t* row;
    int step;
};

// R, G, B and alpha, whose row is NULL without one.
template <typename Sample>
std::array<Samples, 4> samples_of(const zt_image& image, int y) {
    if (is_packed(image.format)) {
        const uint8_t* const row = row_of(image, 0, y);
        const int step = image.format == ZT_PIXEL_RGB24 ? 3 : 4;
        return {{{row, step},
                 {row + sizeof(Sample), step},
                 {row + 2 * sizeof(Sample), step},
                 {step == 4 ? row + 3 * sizeof(Sample) : nullptr, step}}};
    }
    return {{{row_of(image, 2, y), 1},  // from G, B, R
             {row_of(image, 0, y), 1},
             {row_of(image, 1, y), 1},
             {has_alpha_plane(image) ? row_of(image, 3, y) : nullptr, 1}}};
}

template <typename Sample>
void from_rgb(const zt_image& image, const Rgb& background, uint8_t* out) {
    const int most = (1 << bits_of(image.format)) - 1;
    const bool premultiplied = image.alpha == ZT_ALPHA_PREMULTIPLIED;
    for (int y = 0; y < image.height; ++y) {
        const std::array<Samples, 4> from = samples_of<Sample>(image, y);
        for (int x = 0; x < image.width; ++x) {
            const int alpha = from[3].row == nullptr ? most : sample<Sample>(from[3].row, x * from[3].step, most);
            for (size_t component = 0; component < 3; ++component) {
                const auto [row, step] = from[component];
                const int value = sample<Sample>(row, x * step, most);
                *out++ = alpha == most  // to nearest; there are no ties
                             ? static_cast<uint8_t>((value * 510 + most) / (2 * most))
                             : over(value, alpha, most, background[component], premultiplied);
            }
        }
    }
}

// ---- Alpha ----

// Whether the format has the channel in its one plane, or the picture brings a plane of it.
bool has_alpha(const zt_image& image) {
    return image.format == ZT_PIXEL_RGBA || image.format == ZT_PIXEL_RGBA64 || has_alpha_plane(image);
}

template <typename Sample>
void from_alpha(const zt_image& image, uint8_t* out) {
    const int most = (1 << bits_of(image.format)) - 1;
    const bool packed = is_packed(image.format);
    const int step = packed ? 4 : 1, first = packed ? 3 : 0;
    for (int y = 0; y < image.height; ++y) {
        const uint8_t* const row = row_of(image, packed ? 0 : 3, y);
        for (int x = 0; x < image.width; ++x)  // to nearest; there are no ties
            *out++ = static_cast<uint8_t>((sample<Sample>(row, first + x * step, most) * 510 + most) / (2 * most));
    }
}

// ---- YUV ----

// Luma weights of red and blue.
struct Weights {
    float red, blue;
};

Weights weights_of(zt_matrix matrix) {
    switch (matrix) {
        case ZT_MATRIX_BT601: return {0.299F, 0.114F};
        case ZT_MATRIX_BT2020: return {0.2627F, 0.0593F};
        case ZT_MATRIX_DEFAULT:
        case ZT_MATRIX_BT709: return {0.2126F, 0.0722F};
    }
    return {0.2126F, 0.0722F};
}

// What brings samples to 0..1 and -0.5..0.5.
struct Range {
    float luma_offset, luma_scale, chroma_offset, chroma_scale;
};

Range range_of(zt_range range, int bits) {
    const auto unit = static_cast<float>(1 << (bits - 8));
    const auto most = static_cast<float>((1 << bits) - 1);
    if (range == ZT_RANGE_FULL) return {0.0F, 1.0F / most, 128.0F * unit, 1.0F / most};
    return {16.0F * unit, 1.0F / (219.0F * unit), 128.0F * unit, 1.0F / (224.0F * unit)};
}

// Between which two chroma samples a luma position lies, and how near to the second.
struct Tap {
    int first, second;
    float weight;
};

Tap tap_at(int at, bool halved, bool cosited, int count) {
    if (!halved) return {at, at, 0.0F};
    const int quarters = cosited ? 2 * at : 2 * at - 1;  // of a chroma sample
    const int first = (quarters + 4) / 4 - 1;            // floor, also for -1
    return {std::clamp(first, 0, count - 1), std::min(first + 1, count - 1),
            static_cast<float>(quarters - 4 * first) / 4.0F};
}

float between(const float* row, const Tap& tap) {
    return row[tap.first] + tap.weight * (row[tap.second] - row[tap.first]);
}

// One value over the background, all in 0..1.
float over(float value, float alpha, float background, bool premultiplied) {
    const float clamped = std::clamp(value, 0.0F, 1.0F);
    return (premultiplied ? clamped : alpha * clamped) + (1.0F - alpha) * background;
}

template <typename Sample>
void from_yuv(const zt_image& image, const Rgb& background, uint8_t* out) {
    const int bits = bits_of(image.format), most = (1 << bits) - 1;
    const Subsampling sub = subsampling(image.format);
    const Range range = range_of(image.range, bits);
    const auto [red, blue] = weights_of(image.matrix);
    const float green = 1.0F - red - blue;
    const float red_of_cr = 2.0F * (1.0F - red), blue_of_cb = 2.0F * (1.0F - blue);
    const float green_of_cb = blue * blue_of_cb / green, green_of_cr = red * red_of_cr / green;
    const bool premultiplied = image.alpha == ZT_ALPHA_PREMULTIPLIED;
    const bool left = image.chroma_site != ZT_CHROMA_CENTER;
    const bool top = image.chroma_site == ZT_CHROMA_TOP_LEFT;
    const int chroma_width = (image.width + sub.horizontal - 1) / sub.horizontal;
    const int chroma_height = (image.height + sub.vertical - 1) / sub.vertical;

    std::vector<Tap> taps;
    for (int x = 0; x < image.width; ++x) taps.push_back(tap_at(x, sub.horizontal == 2, left, chroma_width));
    std::vector<float> chroma(2 * static_cast<size_t>(chroma_width));
    float* const chroma_rows[2] = {chroma.data(), chroma.data() + chroma_width};
    for (int y = 0; y < image.height; ++y) {
        const Tap rows = tap_at(y, sub.vertical == 2, top, chroma_height);
        for (int component = 0; component < 2; ++component) {
            const uint8_t* first = row_of(image, 1 + component, rows.first);
            const uint8_t* second = row_of(image, 1 + component, rows.second);
            for (int x = 0; x < chroma_width; ++x) {
                const auto a = static_cast<float>(sample<Sample>(first, x, most));
                const auto b = static_cast<float>(sample<Sample>(second, x, most));
                chroma_rows[component][x] = (a + rows.weight * (b - a) - range.chroma_offset) * range.chroma_scale;
            }
        }
        const uint8_t* luma = row_of(image, 0, y);
        const uint8_t* const alphas = has_alpha_plane(image) ? row_of(image, 3, y) : nullptr;
        for (int x = 0; x < image.width; ++x, out += 3) {
            const float value =
                (static_cast<float>(sample<Sample>(luma, x, most)) - range.luma_offset) * range.luma_scale;
            const float cb = between(chroma_rows[0], taps[static_cast<size_t>(x)]);
            const float cr = between(chroma_rows[1], taps[static_cast<size_t>(x)]);
            float rgb[3] = {value + red_of_cr * cr, value - green_of_cb * cb - green_of_cr * cr,
                            value + blue_of_cb * cb};
            const int alpha = alphas == nullptr ? most : sample<Sample>(alphas, x, most);
            for (size_t component = 0; component < 3; ++component) {
                if (alpha != most) {
                    rgb[component] = over(rgb[component], static_cast<float>(alpha) / static_cast<float>(most),
                                          static_cast<float>(background[component]) / 255.0F, premultiplied);
                }
                out[component] = byte_of(rgb[component]);
            }
        }
    }
}

// The host's rounding mode and flush-to-zero away, and back at the end.
class DefaultFloats {
public:
    DefaultFloats() {
        std::fegetenv(&before_);
        std::fesetenv(FE_DFL_ENV);
    }
    ~DefaultFloats() { std::fesetenv(&before_); }
    DefaultFloats(const DefaultFloats&) = delete;
    DefaultFloats& operator=(const DefaultFloats&) = delete;

private:
    std::fenv_t before_{};
};

}  // namespace

int plane_count(zt_pixel_format format) noexcept { return is_packed(format) ? 1 : 3; }

PlaneExtent plane_extent(zt_pixel_format format, int plane, int width, int height) {
    const Subsampling sub = plane == 0 || plane == 3 ? Subsampling{1, 1} : subsampling(format);
    const int samples = format == ZT_PIXEL_RGB24 ? 3 : is_packed(format) ? 4 : 1;
    const int sample_bytes = bits_of(format) > 8 ? 2 * samples : samples;
    return {(height + sub.vertical - 1) / sub.vertical,
            int64_t{(width + sub.horizontal - 1) / sub.horizontal} * sample_bytes};
}

bool has_alpha_plane(const zt_image& image) noexcept { return !is_packed(image.format) && image.data[3] != nullptr; }

std::vector<uint8_t> to_rgb(const zt_image& image, const Rgb& background) {
    const DefaultFloats scope;
    std::vector<uint8_t> rgb(size_t{3} * static_cast<size_t>(image.width) * static_cast<size_t>(image.height));
    const bool wide = bits_of(image.format) > 8;
    if (is_packed(image.format) || is_gbr(image.format))
        wide ? from_rgb<uint16_t>(image, background, rgb.data()) : from_rgb<uint8_t>(image, background, rgb.data());
    else
        wide ? from_yuv<uint16_t>(image, background, rgb.data()) : from_yuv<uint8_t>(image, background, rgb.data());
    return rgb;
}

std::vector<uint8_t> to_alpha(const zt_image& image) {
    if (!has_alpha(image)) return {};
    std::vector<uint8_t> alpha(static_cast<size_t>(image.width) * static_cast<size_t>(image.height));
    bits_of(image.format) > 8 ? from_alpha<uint16_t>(image, alpha.data()) : from_alpha<uint8_t>(image, alpha.data());
    const bool opaque = std::all_of(alpha.begin(), alpha.end(), [](uint8_t level) { return level == 255; });
    return opaque ? std::vector<uint8_t>{} : alpha;
}

}  // namespace zt::pipeline
