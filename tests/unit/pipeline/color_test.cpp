// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Colour (pipeline/color.h) against a slow reference in double arithmetic, written here from the
// standard: matrix, then a triangle filter around each chroma site, then range and rounding.
#include "pipeline/color.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "pipeline/frame.h"
#include "seed.h"

namespace {

using zt::pipeline::Converter;

struct Format {
    zt_pixel_format format;
    int bits, horizontal, vertical;  // 0 bits of chroma step = RGB
    bool yuv;
    const char* name;
};

constexpr Format kFormats[] = {
    {ZT_PIXEL_YUV420P, 8, 2, 2, true, "yuv420p"},      {ZT_PIXEL_YUV422P, 8, 2, 1, true, "yuv422p"},
    {ZT_PIXEL_YUV444P, 8, 1, 1, true, "yuv444p"},      {ZT_PIXEL_YUV420P10, 10, 2, 2, true, "yuv420p10"},
    {ZT_PIXEL_YUV422P10, 10, 2, 1, true, "yuv422p10"}, {ZT_PIXEL_YUV444P10, 10, 1, 1, true, "yuv444p10"},
    {ZT_PIXEL_GBRP, 8, 1, 1, false, "gbrp"},           {ZT_PIXEL_GBRP10, 10, 1, 1, false, "gbrp10"},
    {ZT_PIXEL_GBRP16, 16, 1, 1, false, "gbrp16"},      {ZT_PIXEL_RGB24, 8, 1, 1, false, "rgb24"}};

struct Picture {
    int width, height;
    std::vector<float> rgb;
    [[nodiscard]] double at(int component, int x, int y) const {
        const double value =
            rgb[(static_cast<size_t>(component) * static_cast<size_t>(height) + static_cast<size_t>(y)) *
                    static_cast<size_t>(width) +
                static_cast<size_t>(x)];
        return std::min(1.0, std::max(0.0, value));
    }
};

// A little beyond 0..1 on both sides, to meet the clamp.
Picture random_picture(int width, int height) {
    std::mt19937 random(zt::test::test_seed());
    std::uniform_real_distribution<float> level(-0.1F, 1.1F);
    Picture picture{width, height, std::vector<float>(static_cast<size_t>(3 * width * height))};
    for (float& value : picture.rgb) value = level(random);
    return picture;
}

// Y', Cb or Cr (0, 1, 2) of one pixel, in 0..1 and -0.5..0.5.
double component_at(const Picture& picture, int component, int x, int y) {
    const double r = picture.at(0, x, y), g = picture.at(1, x, y), b = picture.at(2, x, y);
    const double luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return component == 0 ? luma : component == 1 ? (b - luma) / 1.8556 : (r - luma) / 1.5748;
}

int mirrored(int at, int size) { return at < 0 ? -1 - at : at >= size ? 2 * size - 1 - at : at; }

// Triangle of half-width `step` luma samples around (cx, cy), in luma sample units.
double chroma_at(const Picture& picture, int component, double cx, double cy, int horizontal, int vertical) {
    double sum = 0, weights = 0;
    for (int y = static_cast<int>(std::floor(cy)) - vertical; y <= static_cast<int>(std::ceil(cy)) + vertical; ++y) {
        for (int x = static_cast<int>(std::floor(cx)) - horizontal; x <= static_cast<int>(std::ceil(cx)) + horizontal;
             ++x) {
            const double weight =
                std::max(0.0, 1 - std::abs(x - cx) / horizontal) * std::max(0.0, 1 - std::abs(y - cy) / vertical);
            sum += weight * component_at(picture, component, mirrored(x, picture.width), mirrored(y, picture.height));
            weights += weight;
        }
    }
    return sum / weights;
}

double expected(const Picture& picture, const Format& format, int plane, int x, int y) {
    if (!format.yuv) {
        const int component = format.format == ZT_PIXEL_RGB24 ? plane : (plane + 1) % 3;
        return picture.at(component, x, y) * ((1 << format.bits) - 1);
    }
    const double unit = 1 << (format.bits - 8);
    if (plane == 0) return (16 + 219 * component_at(picture, 0, x, y)) * unit;
    const double cy = format.vertical == 2 ? 2 * y + 0.5 : y;
    return (128 + 224 * chroma_at(picture, plane, x * format.horizontal, cy, format.horizontal, format.vertical)) *
           unit;
}

int sample(const zt_frame_info& info, const Format& format, int plane, int x, int y) {
    if (format.format == ZT_PIXEL_RGB24) return info.data[0][info.stride[0] * y + 3 * x + plane];
    const uint8_t* row = info.data[plane] + info.stride[plane] * y;
    if (format.bits == 8) return row[x];
    uint16_t value = 0;
    std::memcpy(&value, row + 2 * x, sizeof(value));
    return value;
}

class Color : public testing::TestWithParam<Format> {};

TEST_P(Color, EqualsTheReferenceToTheLastStep) {
    const Format& format = GetParam();
    for (const auto& [width, height] : {std::pair(38, 18), std::pair(16, 16), std::pair(2, 2), std::pair(130, 4)}) {
        const Picture picture = random_picture(width, height);
        zt_frame frame(format.format, width, height, std::make_shared<const zt::pipeline::PromptTag>());
        Converter(format.format, width, height).convert(picture.rgb.data(), frame.info.data);
        for (int plane = 0; plane < 3; ++plane) {
            const int columns = plane == 0 ? width : width / format.horizontal,
                      rows = plane == 0 ? height : height / format.vertical;
            for (int y = 0; y < rows; ++y) {
                for (int x = 0; x < columns; ++x) {
                    // Half a step is exact rounding; float against double may move a tie a little.
                    const double slack = format.bits == 16 ? 0.51 : 0.5 + 1e-3;
                    ASSERT_NEAR(sample(frame.info, format, plane, x, y), expected(picture, format, plane, x, y), slack)
                        << width << "x" << height << " plane " << plane << " at " << x << "," << y;
                }
            }
        }
    }
}

TEST_P(Color, LeavesPaddingAlone) {
    const Format& format = GetParam();
    const Picture picture = random_picture(34, 6);
    zt_frame frame(format.format, 34, 6, std::make_shared<const zt::pipeline::PromptTag>());
    const auto layout = zt::pipeline::plane_layout(format.format, 34, 6);
    std::vector<uint8_t> before(layout.total_bytes, 0xA5);
    std::memcpy(frame.pixels.data(), before.data(), before.size());
    Converter(format.format, 34, 6).convert(picture.rgb.data(), frame.info.data);
    for (int plane = 0; plane < layout.planes; ++plane) {
        EXPECT_EQ(reinterpret_cast<uintptr_t>(frame.info.data[plane]) % 64, 0U);
        EXPECT_EQ(frame.info.stride[plane] % 64, 0);
        for (int y = 0; y < layout.height[plane]; ++y) {
            for (ptrdiff_t x = layout.row_bytes[plane]; x < layout.stride[plane]; ++x) {
                ASSERT_EQ(frame.info.data[plane][layout.stride[plane] * y + x], 0xA5) << plane << " " << x << "," << y;
            }
        }
    }
}

// As zoetrope.h promises: a host may hand all planes on as one piece of memory.
TEST_P(Color, PlanesLieInOneBlock) {
    for (const auto& [width, height] : {std::pair(34, 6), std::pair(128, 64)}) {
        const zt_frame frame(GetParam().format, width, height, std::make_shared<const zt::pipeline::PromptTag>());
        const auto layout = zt::pipeline::plane_layout(GetParam().format, width, height);
        const uint8_t* next = frame.pixels.data();
        for (int plane = 0; plane < layout.planes; ++plane) {
            EXPECT_EQ(frame.info.data[plane], next);
            next += frame.info.stride[plane] * layout.height[plane];
        }
        EXPECT_LE(next, frame.pixels.data() + layout.total_bytes);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, Color, testing::ValuesIn(kFormats),
                         [](const auto& format) { return std::string(format.param.name); });

// ---- Alpha ----

// Colours and alpha of one frame with random alpha, a little beyond 0..1 too.
struct Cutout {
    Picture picture;
    std::vector<float> alpha;
    zt_frame frame;
    Cutout(zt_pixel_format format, int width, int height)
        : picture(random_picture(width, height)),
          frame(format, width, height, std::make_shared<const zt::pipeline::PromptTag>(), true) {
        std::mt19937 random(zt::test::test_seed() + 1);
        std::uniform_real_distribution<float> level(-0.1F, 1.1F);
        alpha.resize(static_cast<size_t>(width * height));
        for (float& value : alpha) value = level(random);
        Converter(format, width, height, true).convert(picture.rgb.data(), frame.info.data, alpha.data());
    }
    [[nodiscard]] double expected(int x, int y, double most) const {
        return std::min(1.0F, std::max(0.0F, alpha[static_cast<size_t>(y * picture.width + x)])) * most;
    }
};

class ColorAlpha : public testing::TestWithParam<Format> {};

// One value for each pixel, whatever becomes of chroma, and the colours are those without alpha.
TEST_P(ColorAlpha, IsAFourthPlaneOfFullSize) {
    const Format& format = GetParam();
    const bool even = format.horizontal * format.vertical > 1;
    for (const auto& [width, height] : {std::pair(38, 18), even ? std::pair(66, 2) : std::pair(37, 19)}) {
        const Cutout cutout(format.format, width, height);
        const zt_frame_info& info = cutout.frame.info;
        ASSERT_NE(info.data[3], nullptr);
        const double slack = format.bits == 16 ? 0.51 : 0.5 + 1e-3;
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x)
                ASSERT_NEAR(sample(info, format, 3, x, y), cutout.expected(x, y, (1 << format.bits) - 1), slack)
                    << width << "x" << height << " at " << x << "," << y;
        zt_frame opaque(format.format, width, height, std::make_shared<const zt::pipeline::PromptTag>());
        EXPECT_EQ(opaque.info.data[3], nullptr);
        Converter(format.format, width, height).convert(cutout.picture.rgb.data(), opaque.info.data);
        for (int plane = 0; plane < 3; ++plane) {
            const int rows = plane == 0 ? height : height / format.vertical;
            ASSERT_EQ(opaque.info.stride[plane], info.stride[plane]);
            EXPECT_EQ(
                std::memcmp(opaque.info.data[plane], info.data[plane], static_cast<size_t>(info.stride[plane] * rows)),
                0)
                << plane;
        }
        const auto layout = zt::pipeline::plane_layout(format.format, width, height, true);
        EXPECT_EQ(info.data[3], info.data[2] + info.stride[2] * layout.height[2]);
        EXPECT_LE(info.data[3] + info.stride[3] * height, cutout.frame.pixels.data() + layout.total_bytes);
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, ColorAlpha, testing::ValuesIn(kFormats, kFormats + std::size(kFormats) - 1),
                         [](const auto& format) { return std::string(format.param.name); });

TEST(ColorAlpha, OfPackedFormatsStandsBehindTheColours) {
    for (const auto& [width, height] : {std::pair(38, 18), std::pair(37, 19), std::pair(1, 1)}) {
        const Cutout eight(ZT_PIXEL_RGBA, width, height), sixteen(ZT_PIXEL_RGBA64, width, height);
        EXPECT_EQ(eight.frame.info.data[1], nullptr);
        for (int y = 0; y < height; ++y) {
            const uint8_t* bytes = eight.frame.info.data[0] + eight.frame.info.stride[0] * y;
            const auto* words =
                reinterpret_cast<const uint16_t*>(sixteen.frame.info.data[0] + sixteen.frame.info.stride[0] * y);
            for (int x = 0; x < width; ++x, bytes += 4, words += 4) {
                for (int component = 0; component < 3; ++component) {
                    ASSERT_NEAR(bytes[component], eight.picture.at(component, x, y) * 255, 0.501);
                    ASSERT_NEAR(words[component], eight.picture.at(component, x, y) * 65535, 0.51);
                }
                ASSERT_NEAR(bytes[3], eight.expected(x, y, 255), 0.501);
                ASSERT_NEAR(words[3], eight.expected(x, y, 65535), 0.51);
            }
        }
    }
}

// Published values of the BT.709 colour bars, 8 bits: white, black, and the six colours.
TEST(ColorBars, HaveTheirStandardCodes) {
    struct Bar {
        float r, g, b;
        int y, cb, cr;
    };
    for (const Bar& bar : {Bar{1, 1, 1, 235, 128, 128}, Bar{0, 0, 0, 16, 128, 128}, Bar{1, 0, 0, 63, 102, 240},
                           Bar{0, 1, 0, 173, 42, 26}, Bar{0, 0, 1, 32, 240, 118}, Bar{1, 1, 0, 219, 16, 138},
                           Bar{0, 1, 1, 188, 154, 16}, Bar{1, 0, 1, 78, 214, 230}}) {
        const float rgb[12] = {bar.r, bar.r, bar.r, bar.r, bar.g, bar.g, bar.g, bar.g, bar.b, bar.b, bar.b, bar.b};
        zt_frame frame(ZT_PIXEL_YUV420P, 2, 2, std::make_shared<const zt::pipeline::PromptTag>());
        Converter(ZT_PIXEL_YUV420P, 2, 2).convert(rgb, frame.info.data);
        EXPECT_EQ(frame.info.data[0][0], bar.y);
        EXPECT_EQ(frame.info.data[1][0], bar.cb);
        EXPECT_EQ(frame.info.data[2][0], bar.cr);
    }
}

TEST(AllFinite, SeesNanAndInfinityAnywhere) {
    std::vector<float> values(100, 1e30F);
    EXPECT_TRUE(zt::pipeline::all_finite(values));
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
        for (const size_t at : {size_t{0}, size_t{50}, size_t{99}}) {
            std::vector<float> broken = values;
            broken[at] = bad;
            EXPECT_FALSE(zt::pipeline::all_finite(broken)) << at;
        }
    }
}

}  // namespace
