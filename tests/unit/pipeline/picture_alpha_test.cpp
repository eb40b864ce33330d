// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Transparent pictures on their background, and turned ones upright (pipeline/picture.h, images.h). What
// is expected is computed here, in fractions or in doubles.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "pipeline/fake_model.h"
#include "pipeline/images.h"
#include "pipeline/picture.h"
#include "pipeline/plan.h"
#include "seed.h"

namespace {

using zt::pipeline::Rgb;
using zt::pipeline::to_rgb;

constexpr Rgb kGround = {200, 100, 7};

// One pixel: R, G, B or Y, Cb, Cr, then alpha, each from 0 to the format's largest.
struct Layout {
    zt_pixel_format format;
    int most;
    bool packed, gbr;
};
constexpr Layout kRgbLayouts[] = {{ZT_PIXEL_RGBA, 255, true, false},
                                  {ZT_PIXEL_RGBA64, 65535, true, false},
                                  {ZT_PIXEL_GBRP, 255, false, true},
                                  {ZT_PIXEL_GBRP10, 1023, false, true},
                                  {ZT_PIXEL_GBRP16, 65535, false, true}};

// A picture one pixel high, in one buffer of its own.
struct Row {
    zt_image image = {};
    std::vector<uint8_t> bytes;

    Row(const Layout& layout, const std::vector<std::array<int, 4>>& pixels) {
        const auto width = pixels.size();
        const size_t word = layout.most > 255 ? 2 : 1;
        bytes.resize(4 * width * word);
        const int order[4] = {layout.gbr ? 1 : 0, layout.gbr ? 2 : 1, layout.gbr ? 0 : 2, 3};
        for (size_t x = 0; x < width; ++x) {
            for (size_t i = 0; i < 4; ++i) {
                const auto value = static_cast<uint16_t>(pixels[x][static_cast<size_t>(order[i])]);
                const size_t at = layout.packed ? 4 * x + i : i * width + x;
                if (word == 2)
                    std::memcpy(&bytes[2 * at], &value, 2);
                else
                    bytes[at] = static_cast<uint8_t>(value);
            }
        }
        image.struct_size = sizeof(image);
        image.role = ZT_IMAGE_FIRST;
        image.format = layout.format;
        image.width = static_cast<int>(width);
        image.height = 1;
        for (size_t plane = 0; plane < (layout.packed ? 1U : 4U); ++plane) {
            image.data[plane] = bytes.data() + plane * width * word;
            image.stride[plane] = static_cast<ptrdiff_t>((layout.packed ? 4 : 1) * width * word);
        }
    }
};

// The nearest whole number to 255 * (colour * weight + background * (1 - alpha)), as a fraction.
int blended(int64_t colour, int64_t alpha, int64_t most, int64_t background, bool premultiplied) {
    const int64_t numerator = 255 * colour * (premultiplied ? most : alpha) + background * most * (most - alpha);
    const int64_t denominator = most * most, floor = numerator / denominator;
    return static_cast<int>(2 * (numerator - floor * denominator) > denominator ? floor + 1 : floor);
}

std::vector<std::array<int, 4>> random_pixels(int most, bool premultiplied) {
    std::mt19937 random(zt::test::test_seed());
    std::vector<std::array<int, 4>> pixels(2000);
    for (size_t i = 0; i < pixels.size(); ++i) {
        auto& pixel = pixels[i];
        const int any = static_cast<int>(random() % static_cast<unsigned>(most + 1));
        pixel[3] = i % 3 == 0 ? 0 : i % 3 == 1 ? most : any;
        const int limit = premultiplied ? pixel[3] : most;
        for (size_t c = 0; c < 3; ++c) pixel[c] = static_cast<int>(random() % static_cast<unsigned>(limit + 1));
    }
    return pixels;
}

TEST(PictureAlpha, ColoursAreBlendedToTheNearest) {
    for (const Layout& layout : kRgbLayouts) {
        for (const bool premultiplied : {false, true}) {
            const auto pixels = random_pixels(layout.most, premultiplied);
            Row row(layout, pixels);
            row.image.alpha = premultiplied ? ZT_ALPHA_PREMULTIPLIED : ZT_ALPHA_DEFAULT;
            const std::vector<uint8_t> rgb = to_rgb(row.image, kGround);
            for (size_t x = 0; x < pixels.size(); ++x) {
                for (size_t c = 0; c < 3; ++c) {
                    ASSERT_EQ(rgb[3 * x + c],
                              blended(pixels[x][c], pixels[x][3], layout.most, kGround[c], premultiplied))
                        << "format " << layout.format << " pixel " << x;
                }
            }
        }
    }
}

TEST(PictureAlpha, EveryPairOfEightBits) {
    constexpr Layout kLayout = {ZT_PIXEL_RGBA, 255, true, false};
    std::vector<std::array<int, 4>> pixels;
    for (int alpha = 0; alpha < 256; ++alpha)
        for (int value = 0; value < 256; ++value) pixels.push_back({value, 255 - value, 0, alpha});
    const std::vector<uint8_t> rgb = to_rgb(Row(kLayout, pixels).image, kGround);
    for (size_t x = 0; x < pixels.size(); ++x) {
        for (size_t c = 0; c < 3; ++c) {
            const int alpha = pixels[x][3];
            const double exact = (pixels[x][c] * alpha + kGround[c] * (255 - alpha)) / 255.0;
            ASSERT_EQ(rgb[3 * x + c], std::lround(exact)) << pixels[x][c] << " at " << alpha;
            if (alpha == 0) {
                ASSERT_EQ(rgb[3 * x + c], kGround[c]);
            }
            if (alpha == 255) {
                ASSERT_EQ(rgb[3 * x + c], pixels[x][c]);
            }
        }
    }
}

TEST(PictureAlpha, PremultipliedLightEndsAtWhite) {
    const Row row({ZT_PIXEL_RGBA, 255, true, false}, {{250, 250, 40, 0}});
    zt_image image = row.image;
    image.alpha = ZT_ALPHA_PREMULTIPLIED;
    EXPECT_EQ(to_rgb(image, {200, 0, 100}), (std::vector<uint8_t>{255, 250, 140}));
}

TEST(PictureAlpha, YuvWithAPlaneOfAlpha) {
    for (const Layout& layout :
         {Layout{ZT_PIXEL_YUV444P, 255, false, false}, Layout{ZT_PIXEL_YUV444P10, 1023, false, false}}) {
        const int unit = (layout.most + 1) / 256;
        for (const bool premultiplied : {false, true}) {
            // Greys, at every alpha: chroma stays in the middle, so one formula tells all three.
            std::vector<std::array<int, 4>> pixels;
            for (int alpha = 0; alpha <= layout.most; alpha += unit)
                for (int luma = 16; luma <= 235; luma += 3) {
                    const int most = premultiplied ? 16 + 219 * alpha / layout.most : 235;
                    pixels.push_back({std::min(luma, most) * unit, 128 * unit, 128 * unit, alpha});
                }
            Row row(layout, pixels);
            row.image.alpha = premultiplied ? ZT_ALPHA_PREMULTIPLIED : ZT_ALPHA_STRAIGHT;
            const std::vector<uint8_t> rgb = to_rgb(row.image, kGround);
            zt_image opaque = row.image;
            opaque.data[3] = nullptr;
            const std::vector<uint8_t> without = to_rgb(opaque, kGround);
            for (size_t x = 0; x < pixels.size(); ++x) {
                const double alpha = pixels[x][3] / static_cast<double>(layout.most);
                const double grey = (pixels[x][0] / static_cast<double>(unit) - 16) / 219;
                for (size_t c = 0; c < 3; ++c) {
                    const double exact = 255 * (premultiplied ? grey : alpha * grey) + (1 - alpha) * kGround[c];
                    ASSERT_NEAR(rgb[3 * x + c], exact, 0.501) << layout.format << " pixel " << x;
                    if (alpha == 0 && !premultiplied) {
                        ASSERT_EQ(rgb[3 * x + c], kGround[c]);
                    }
                    if (alpha == 1) {
                        ASSERT_EQ(rgb[3 * x + c], without[3 * x + c]);
                    }
                }
            }
        }
    }
}

TEST(PictureAlpha, AlphaOfSubsampledFormatsHasFullSize) {
    // 4:2:0, 5x3: exactly as many bytes as the planes hold, the last row of alpha transparent.
    std::vector<uint8_t> luma(15, 235), chroma(6, 128), alpha(15, 255);
    std::fill(alpha.end() - 5, alpha.end(), uint8_t{0});
    zt_image image = {};
    image.struct_size = sizeof(image);
    image.format = ZT_PIXEL_YUV420P;
    image.width = 5;
    image.height = 3;
    const uint8_t* const planes[4] = {luma.data(), chroma.data(), chroma.data(), alpha.data()};
    const ptrdiff_t strides[4] = {5, 3, 3, 5};
    std::copy(planes, planes + 4, image.data);
    std::copy(strides, strides + 4, image.stride);
    const std::vector<uint8_t> rgb = to_rgb(image, {1, 2, 3});
    for (size_t at = 0; at < 30; ++at) EXPECT_EQ(rgb[at], 255);
    for (size_t at = 30; at < 45; ++at) EXPECT_EQ(rgb[at], at % 3 + 1);
}

// ---- What the model gets ----

class AlphaPlan : public testing::Test {
protected:
    AlphaPlan() {
        model_.change_limits().first_image = ZT_USE_OPTIONAL;
        request_.struct_size = sizeof(request_);
        request_.guidance = -1;
        request_.prompt = "fox";
        request_.strength = 1.0;
    }
    zt::pipeline::Plan plan(const std::vector<zt_image>& images) {
        request_.images = images.data();
        request_.image_count = images.size();
        return zt::pipeline::make_plan(request_, model_, zt::make_log(nullptr, nullptr));
    }
    zt::test::FakeModel model_;
    zt_request request_ = {};
};

TEST_F(AlphaPlan, PicturesLieOnTheBackgroundAndMasksOnBlack) {
    const Row row({ZT_PIXEL_RGBA, 255, true, false}, {{9, 99, 199, 0}, {9, 99, 199, 255}});
    std::vector<zt_image> images(2, row.image);
    images[1].role = ZT_IMAGE_MASK;
    const struct {
        const char* background;
        Rgb shown;
    } cases[] = {{nullptr, {255, 255, 255}}, {"black", {0, 0, 0}}, {"0x010203", {1, 2, 3}}};
    for (const auto& c : cases) {
        request_.background = c.background;
        const auto made = plan(images);
        EXPECT_EQ(*made.generation.images[0].rgb,
                  (std::vector<uint8_t>{c.shown[0], c.shown[1], c.shown[2], 9, 99, 199}));
        EXPECT_EQ(*made.mask->rgb, (std::vector<uint8_t>{0, 0, 0, 9, 99, 199}));
    }
}

TEST_F(AlphaPlan, TurnedPicturesArriveUpright) {
    const Row row({ZT_PIXEL_RGBA, 255, true, false}, {{1, 1, 1, 255}, {2, 2, 2, 255}, {3, 3, 3, 255}});
    std::vector<zt_image> images(2, row.image);
    images[1].role = ZT_IMAGE_MASK;
    images[0].orientation = 6;  // the first row is the right-hand column, the first column the top row
    images[1].orientation = 8;
    const auto made = plan(images);
    EXPECT_EQ(made.generation.images[0].width, 1);
    EXPECT_EQ(made.generation.images[0].height, 3);
    EXPECT_EQ(*made.generation.images[0].rgb, (std::vector<uint8_t>{1, 1, 1, 2, 2, 2, 3, 3, 3}));
    EXPECT_EQ(*made.mask->rgb, (std::vector<uint8_t>{3, 3, 3, 2, 2, 2, 1, 1, 1}));
}

TEST_F(AlphaPlan, TheModelSeesWhatWasTransparent) {
    std::vector<Layout> layouts(std::begin(kRgbLayouts), std::end(kRgbLayouts));
    layouts.push_back({ZT_PIXEL_YUV444P, 255, false, false});
    layouts.push_back({ZT_PIXEL_YUV444P10, 1023, false, false});
    for (const Layout& layout : layouts) {
        auto pixels = random_pixels(layout.most, false);
        const Row row(layout, pixels);
        for (const int orientation : {0, 6, 8}) {  // the one row becomes a column, from the top or the bottom
            zt_image image = row.image;
            image.orientation = orientation;
            const auto made = plan({image});
            const auto& alpha = made.generation.images[0].alpha;
            ASSERT_TRUE(alpha) << layout.format;
            ASSERT_EQ(alpha->size(), pixels.size());
            for (size_t x = 0; x < pixels.size(); ++x) {
                const size_t at = orientation == 8 ? pixels.size() - 1 - x : x;
                ASSERT_EQ((*alpha)[at], std::lround(255.0 * pixels[x][3] / layout.most))
                    << layout.format << " pixel " << x;
            }
        }
        // Opaque, or as good as that in 8 bits: nothing to know.
        for (auto& pixel : pixels) pixel[3] = layout.most;
        if (layout.most > 255) pixels[5][3] = layout.most - 1;
        EXPECT_FALSE(plan({Row(layout, pixels).image}).generation.images[0].alpha) << layout.format;
        pixels.back()[3] = 0;
        EXPECT_TRUE(plan({Row(layout, pixels).image}).generation.images[0].alpha) << layout.format;
    }
    // A plane of alpha beside subsampled ones; no channel at all; a mask.
    const std::vector<uint8_t> luma(15, 100), chroma(6, 128),
        alpha = {0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 99, 255, 254, 253, 252};
    zt_image image = {};
    image.struct_size = sizeof(image);
    image.role = ZT_IMAGE_FIRST;
    image.format = ZT_PIXEL_YUV420P;
    image.width = 5;
    image.height = 3;
    const uint8_t* const planes[4] = {luma.data(), chroma.data(), chroma.data(), alpha.data()};
    const ptrdiff_t strides[4] = {5, 3, 3, 5};
    std::copy(planes, planes + 4, image.data);
    std::copy(strides, strides + 4, image.stride);
    zt_image mask = image;
    mask.role = ZT_IMAGE_MASK;
    const auto made = plan({image, mask});
    ASSERT_TRUE(made.generation.images[0].alpha);
    EXPECT_EQ(*made.generation.images[0].alpha, alpha);
    EXPECT_FALSE(made.mask->alpha);
    image.data[3] = nullptr;
    EXPECT_FALSE(plan({image}).generation.images[0].alpha);
}

}  // namespace
