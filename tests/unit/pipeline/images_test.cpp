// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pictures of a request: what is refused, and what the model gets (pipeline/images.h, picture.h).
// Colours against an independent converter: tests/media/color.
#include "pipeline/images.h"

#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <cstring>
#include <random>

#include "pipeline/color.h"
#include "pipeline/fake_model.h"
#include "pipeline/picture.h"
#include "pipeline/plan.h"
#include "seed.h"

namespace {

using zt::families::Limits;
using zt::pipeline::check_images;
using zt::pipeline::to_rgb;

Limits taking_all() {
    Limits limits;
    limits.first_image = limits.last_image = ZT_USE_OPTIONAL;
    limits.history_images = 2;
    limits.strength = true;
    return limits;
}

zt_image image_of(zt_pixel_format format, const std::vector<uint8_t>& bytes, int width, int height) {
    zt_image image = {};
    image.struct_size = sizeof(image);
    image.role = ZT_IMAGE_FIRST;
    image.format = format;
    image.width = width;
    image.height = height;
    const uint8_t* at = bytes.data();
    for (int plane = 0; plane < zt::pipeline::plane_count(format); ++plane) {
        const auto extent = zt::pipeline::plane_extent(format, plane, width, height);
        image.data[plane] = at;
        image.stride[plane] = extent.row_bytes;
        at += extent.rows * extent.row_bytes;
    }
    EXPECT_LE(at, bytes.data() + bytes.size());
    return image;
}

struct Case {
    std::vector<uint8_t> bytes = std::vector<uint8_t>(12 * 8 * 3, 100);
    std::vector<zt_image> images = {image_of(ZT_PIXEL_RGB24, bytes, 12, 8)};
    zt_request request = {};
    Limits limits = taking_all();
};

std::string refusal(zt_status expected, const std::function<void(Case&)>& edit) {
    Case c;
    c.request.strength = 1.0;
    edit(c);
    c.request.images = c.images.data();
    c.request.image_count = c.images.size();
    try {
        check_images(c.request, c.limits, true);
    } catch (const zt::Error& error) {
        EXPECT_EQ(error.status(), expected) << error.what();
        return error.what();
    }
    return "accepted";
}

TEST(Images, WrongOnesAreNamed) {
    const auto wrong = [](const std::function<void(zt_image&)>& edit) {
        return refusal(ZT_ERROR_ARGUMENT, [&](Case& c) { edit(c.images[0]); });
    };
    EXPECT_EQ(wrong([](auto&) {}), "accepted");
    EXPECT_EQ(wrong([](auto& i) { i.role = static_cast<zt_image_role>(0); }),
              "image: role: expected first, last, mask or history, got 0");
    EXPECT_EQ(wrong([](auto& i) { i.format = static_cast<zt_pixel_format>(15); }),
              "first image: format: expected a zt_pixel_format, got 15");
    EXPECT_EQ(wrong([](auto& i) { i.width = 0; }),
              "first image: size: expected 1 to 16384 pixels per side and at most 67108864 in all, "
              "got 0x8");
    for (const auto& [width, height] : {std::pair(16385, 1), std::pair(1, 16385), std::pair(-1, 8),
                                        std::pair(16384, 4097), std::pair(2147483647, 2147483647)})
        EXPECT_NE(wrong([&](auto& i) {
                      i.width = width;
                      i.height = height;
                  }).find("first image: size: expected"),
                  std::string::npos);
    EXPECT_EQ(wrong([](auto& i) { i.data[0] = nullptr; }), "first image: data[0]: expected a pointer, got NULL");
    EXPECT_EQ(wrong([](auto& i) { i.stride[0] = 0; }),
              "first image: stride[0]: expected at least 36 bytes, up or down, got 0");
    EXPECT_NE(wrong([](auto& i) { i.stride[0] = PTRDIFF_MIN; }), "accepted");
    EXPECT_EQ(wrong([](auto& i) { i.stride[0] = -36; }), "accepted");
    EXPECT_NE(wrong([](auto& i) { i.format = ZT_PIXEL_GBRP; }).find("first image: data[1]"), std::string::npos);
    // A fourth plane is looked at where the format has three.
    const auto planar = [&](int stride) {
        return wrong([&](auto& i) {
            i.format = ZT_PIXEL_GBRP;
            for (int plane = 0; plane < 4; ++plane) {
                i.data[plane] = i.data[0];
                i.stride[plane] = plane == 3 ? stride : 12;
            }
        });
    };
    EXPECT_EQ(planar(12), "accepted");
    EXPECT_EQ(planar(11), "first image: stride[3]: expected at least 12 bytes, up or down, got 11");
    EXPECT_EQ(wrong([](auto& i) { i.alpha = static_cast<zt_alpha>(3); }),
              "first image: alpha: expected a zt_alpha, got 3");
    for (const int orientation : {-1, 9})
        EXPECT_EQ(wrong([&](auto& i) { i.orientation = orientation; }),
                  "first image: orientation: expected 1 to 8 as in EXIF, or 0 for not turned, got " +
                      std::to_string(orientation));
}

TEST(Images, AModelTakesWhatItSays) {
    const auto with = [](zt_status status, const std::function<void(Case&)>& edit) { return refusal(status, edit); };
    EXPECT_EQ(with(ZT_ERROR_UNSUPPORTED, [](Case& c) { c.limits = {}; }),
              "image: expected none (this model takes no picture), got 1");
    EXPECT_EQ(with(ZT_ERROR_ARGUMENT,
                   [](Case& c) {
                       c.images.clear();
                       c.limits.first_image = ZT_USE_REQUIRED;
                   }),
              "first image: expected one (this model needs such a picture), got none");
    EXPECT_EQ(with(ZT_ERROR_UNSUPPORTED,
                   [](Case& c) {
                       c.images[0].role = ZT_IMAGE_LAST;
                       c.limits.last_image = ZT_USE_NEVER;
                   }),
              "last image: expected none (this model takes no such picture), got 1");
    EXPECT_EQ(with(ZT_ERROR_ARGUMENT, [](Case& c) { c.images.push_back(c.images[0]); }),
              "first image: expected one, got 2");
    EXPECT_EQ(with(ZT_ERROR_UNSUPPORTED,
                   [](Case& c) {
                       c.images[0].role = ZT_IMAGE_HISTORY;
                       c.images.resize(3, c.images[0]);
                   }),
              "history: expected at most 2 pictures, got 3");
    EXPECT_EQ(with(ZT_ERROR_UNSUPPORTED,
                   [](Case& c) {
                       c.images[0].role = ZT_IMAGE_HISTORY;
                       c.limits.history_images = 0;
                   }),
              "history: expected none (this model cannot go on from given frames), got 1");
    EXPECT_EQ(with(ZT_ERROR_UNSUPPORTED,
                   [](Case& c) {
                       c.limits.first_image = ZT_USE_NEVER;
                       c.limits.no_first = "it is blind";
                   }),
              "first image: expected none (it is blind), got 1");
    EXPECT_EQ(with(ZT_ERROR_ARGUMENT, [](Case& c) { c.images.resize(68, c.images[0]); }),
              "image: expected at most 67, got 68");
    EXPECT_EQ(with(ZT_ERROR_ARGUMENT,
                   [](Case& c) {
                       c.images.clear();
                       c.request.fit = ZT_FIT_PAD;
                   }),
              "fit: expected a picture to fit, got none");
    EXPECT_EQ(with(ZT_ERROR_ARGUMENT,
                   [](Case& c) {
                       c.images.clear();
                       c.request.background = "black";
                   }),
              "background: expected a picture to lay on it, got none");
    EXPECT_EQ(with(ZT_ERROR_ARGUMENT, [](Case& c) { c.request.background = "paper"; }),
              "background: expected #RRGGBB, 0xRRGGBB, white, gray or black, got \"paper\"");
}

// Two pictures, the first of the given role, the second of another.
std::string together(zt_image_role first, zt_image_role second, zt_use use = ZT_USE_OPTIONAL) {
    return refusal(ZT_ERROR_ARGUMENT, [&](Case& c) {
        c.images[0].role = first;
        c.images.push_back(c.images[0]);
        c.images[1].role = second;
        c.limits.first_image = use;
    });
}

TEST(Images, WhatBelongsTogether) {
    EXPECT_EQ(together(ZT_IMAGE_FIRST, ZT_IMAGE_MASK), "accepted");
    EXPECT_EQ(together(ZT_IMAGE_MASK, ZT_IMAGE_HISTORY), "accepted");
    EXPECT_EQ(together(ZT_IMAGE_HISTORY, ZT_IMAGE_LAST, ZT_USE_REQUIRED), "accepted");
    EXPECT_EQ(together(ZT_IMAGE_HISTORY, ZT_IMAGE_FIRST), "history: expected none beside a first image, got 1");
    EXPECT_EQ(together(ZT_IMAGE_MASK, ZT_IMAGE_MASK), "mask: expected one, got 2");
    EXPECT_EQ(together(ZT_IMAGE_LAST, ZT_IMAGE_MASK), "mask: expected a first image or history to keep, got none");
}

TEST(Images, StrengthNeedsAPictureAndAModelThatHasIt) {
    const Limits all = taking_all();
    EXPECT_EQ(zt::pipeline::resolve_strength(0.25, all, true), 0.25);
    EXPECT_EQ(zt::pipeline::resolve_strength(0.0, all, true), 0.0);
    EXPECT_EQ(zt::pipeline::resolve_strength(0.0, all, false), 1.0);
    EXPECT_EQ(zt::pipeline::resolve_strength(1.0, {}, true), 1.0);
    EXPECT_THROW((void)zt::pipeline::resolve_strength(0.5, all, false), zt::Error);
    EXPECT_THROW((void)zt::pipeline::resolve_strength(0.5, {}, true), zt::Error);
    EXPECT_THROW((void)zt::pipeline::resolve_strength(1.5, all, true), zt::Error);
    EXPECT_THROW((void)zt::pipeline::resolve_strength(std::nan(""), all, true), zt::Error);
}

TEST(Images, ThePlanHoldsItsOwnCopy) {
    zt::test::FakeModel model;
    model.change_limits().first_image = ZT_USE_OPTIONAL;
    std::vector<uint8_t> bytes(5 * 3 * 3);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
    const zt_image image = image_of(ZT_PIXEL_RGB24, bytes, 5, 3);
    zt_request request = {};
    request.struct_size = sizeof(request);
    request.guidance = -1;
    request.prompt = "fox";
    request.images = &image;
    request.image_count = 1;
    request.strength = 1.0;
    request.fit = ZT_FIT_PAD;
    const auto log = zt::make_log(nullptr, nullptr);
    const auto plan = zt::pipeline::make_plan(request, model, log);
    const std::vector<uint8_t> before = bytes;
    std::fill(bytes.begin(), bytes.end(), uint8_t{0});
    ASSERT_EQ(plan.generation.images.size(), 1U);
    EXPECT_EQ(plan.generation.images[0].width, 5);
    EXPECT_EQ(*plan.generation.images[0].rgb, before);
    EXPECT_EQ(plan.generation.fit, ZT_FIT_PAD);
    EXPECT_FALSE(plan.mask);

    // A mask is the pipeline's; the model has it only where it says that it looks at it.
    zt_image with_mask[] = {image, image};
    with_mask[0].role = ZT_IMAGE_MASK;
    request.images = with_mask;
    request.image_count = 2;
    const auto masked = zt::pipeline::make_plan(request, model, log);
    EXPECT_TRUE(masked.mask);
    ASSERT_EQ(masked.generation.images.size(), 1U);
    EXPECT_EQ(masked.generation.images[0].role, ZT_IMAGE_FIRST);
    EXPECT_FALSE(masked.generation.mask);
    model.change_limits().sees_mask = true;
    const auto seen = zt::pipeline::make_plan(request, model, log);
    ASSERT_TRUE(seen.mask && seen.generation.mask);
    EXPECT_EQ(seen.generation.mask->rgb, seen.mask->rgb);
    EXPECT_EQ(seen.generation.images.size(), 1U);
    request.image_count = 1;

    // Asked before the pixels are there: the same size, no copy, no seed.
    zt_image later = image;
    later.data[0] = nullptr;
    later.stride[0] = 0;
    request.images = &later;
    request.seed = -1;
    EXPECT_THROW((void)zt::pipeline::make_plan(request, model, log), zt::Error);
    const auto asked = zt::pipeline::make_plan(request, model, log, zt::pipeline::Purpose::kAsk);
    EXPECT_EQ(asked.generation.width, plan.generation.width);
    EXPECT_EQ(asked.generation.first.seed, -1);
    EXPECT_TRUE(asked.generation.images.empty());
}

// ---- Pixels ----

std::vector<uint8_t> random_bytes(size_t count) {
    std::mt19937 random(zt::test::test_seed());
    std::vector<uint8_t> bytes(count);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    return bytes;
}

TEST(Picture, RgbArrivesAsItWas) {
    constexpr int kWidth = 7, kHeight = 5;
    const std::vector<uint8_t> rgb = random_bytes(kWidth * kHeight * 3);
    EXPECT_EQ(to_rgb(image_of(ZT_PIXEL_RGB24, rgb, kWidth, kHeight)), rgb);

    std::vector<uint8_t> rgba, gbr(rgb.size()), deep(rgb.size() * 2), ten(rgb.size() * 2);
    for (size_t i = 0; i < rgb.size() / 3; ++i) {
        rgba.insert(rgba.end(), {rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2], 255});
        for (const auto& [plane, component] : {std::pair(0, 1), std::pair(1, 2), std::pair(2, 0)}) {
            const size_t at = static_cast<size_t>(plane) * (rgb.size() / 3) + i;
            const uint8_t value = rgb[3 * i + static_cast<size_t>(component)];
            gbr[at] = value;
            const auto of_16 = static_cast<uint16_t>(value * 257 + (value < 255 ? 128 : 0));
            const auto of_10 = static_cast<uint16_t>((value * 1023 + 127) / 255);
            std::memcpy(&deep[2 * at], &of_16, 2);
            std::memcpy(&ten[2 * at], &of_10, 2);
        }
    }
    EXPECT_EQ(to_rgb(image_of(ZT_PIXEL_RGBA, rgba, kWidth, kHeight)), rgb);
    EXPECT_EQ(to_rgb(image_of(ZT_PIXEL_GBRP, gbr, kWidth, kHeight)), rgb);
    EXPECT_EQ(to_rgb(image_of(ZT_PIXEL_GBRP16, deep, kWidth, kHeight)), rgb);
    EXPECT_EQ(to_rgb(image_of(ZT_PIXEL_GBRP10, ten, kWidth, kHeight)), rgb);
}

TEST(Picture, RowsMayRunUpwardsAndLieUnaligned) {
    std::vector<uint8_t> bytes = random_bytes(1 + 2 * (6 * 4 + 3 * 2 * 2));
    zt_image image = image_of(ZT_PIXEL_YUV420P10, bytes, 6, 4);
    const std::vector<uint8_t> straight = to_rgb(image);
    std::vector<uint8_t> shifted(1);
    shifted.insert(shifted.end(), bytes.begin(), bytes.end() - 1);
    zt_image odd = image_of(ZT_PIXEL_YUV420P10, shifted, 6, 4);
    for (int plane = 0; plane < 3; ++plane) odd.data[plane] += 1;
    EXPECT_EQ(to_rgb(odd), straight);
    const std::vector<uint8_t> rgb = random_bytes(6 * 4 * 3);
    zt_image up = image_of(ZT_PIXEL_RGB24, rgb, 6, 4);
    up.data[0] += 3 * 18;
    up.stride[0] = -18;
    const std::vector<uint8_t> turned = to_rgb(up);
    for (int y = 0; y < 4; ++y)
        EXPECT_TRUE(std::equal(turned.begin() + y * 18, turned.begin() + (y + 1) * 18, rgb.begin() + (3 - y) * 18));
}

TEST(Picture, WhiteGreyAndRedOfEachMatrix) {
    struct Colour {
        zt_matrix matrix;
        zt_range range;
        uint8_t y, cb, cr;
        std::vector<uint8_t> rgb;
    };
    const Colour colours[] = {
        {ZT_MATRIX_BT709, ZT_RANGE_LIMITED, 235, 128, 128, {255, 255, 255}},
        {ZT_MATRIX_BT709, ZT_RANGE_FULL, 255, 128, 128, {255, 255, 255}},
        {ZT_MATRIX_BT601, ZT_RANGE_FULL, 77, 128, 128, {77, 77, 77}},
        {ZT_MATRIX_BT709, ZT_RANGE_LIMITED, 63, 102, 240, {255, 1, 0}},
        {ZT_MATRIX_BT601, ZT_RANGE_LIMITED, 81, 90, 240, {254, 0, 0}},
        {ZT_MATRIX_BT2020, ZT_RANGE_LIMITED, 74, 97, 240, {255, 0, 1}},
    };
    for (const Colour& colour : colours) {
        const std::vector<uint8_t> bytes = {colour.y, colour.cb, colour.cr};
        zt_image image = image_of(ZT_PIXEL_YUV420P, bytes, 1, 1);
        image.matrix = colour.matrix;
        image.range = colour.range;
        EXPECT_EQ(to_rgb(image), colour.rgb) << "matrix " << colour.matrix;
    }
}

TEST(Picture, WhatWeHandOutComesBack) {
    constexpr int kSide = 32;
    // Smooth, so that subsampled chroma holds it.
    std::vector<float> rgb(size_t{3} * kSide * kSide);
    for (size_t i = 0; i < rgb.size(); ++i)
        rgb[i] = 0.2F + 0.5F * static_cast<float>(i % kSide + i / kSide % kSide) / (2.0F * kSide);
    for (int format = ZT_PIXEL_YUV420P; format <= ZT_PIXEL_RGB24; ++format) {
        const auto pixels = static_cast<zt_pixel_format>(format);
        zt::pipeline::Converter converter(pixels, kSide, kSide);
        const auto layout = zt::pipeline::plane_layout(pixels, kSide, kSide);
        std::vector<uint8_t> bytes(layout.total_bytes);
        zt_image image = {};
        image.struct_size = sizeof(image);
        image.role = ZT_IMAGE_FIRST;
        image.format = pixels;
        image.width = image.height = kSide;
        uint8_t* planes[4] = {};
        for (int plane = 0; plane < layout.planes; ++plane) {
            image.data[plane] = planes[plane] = bytes.data() + layout.offset[plane];
            image.stride[plane] = layout.stride[plane];
        }
        converter.convert(rgb.data(), planes);
        const std::vector<uint8_t> back = to_rgb(image);
        for (size_t i = 0; i < back.size(); ++i) {
            const float wanted = 255.0F * rgb[i % 3 * kSide * kSide + i / 3];
            ASSERT_NEAR(back[i], wanted, 3.0F) << "format " << format << " at " << i;
        }
    }
}

TEST(Picture, HostsRoundingModeDoesNotMatter) {
    const std::vector<uint8_t> bytes = random_bytes(64 * 64 * 3);
    const zt_image image = image_of(ZT_PIXEL_YUV420P, bytes, 64, 64);
    const std::vector<uint8_t> plain = to_rgb(image);
    std::fesetround(FE_UPWARD);
    const std::vector<uint8_t> upward = to_rgb(image);
    EXPECT_EQ(std::fegetround(), FE_UPWARD);
    std::fesetround(FE_TONEAREST);
    EXPECT_EQ(upward, plain);
}

TEST(Picture, EverySmallSizeIsReadWithinItsPlanes) {
    // Exactly as many bytes as the planes hold: a sanitizer sees one read too far.
    for (int format = ZT_PIXEL_YUV420P; format <= ZT_PIXEL_RGBA64; ++format) {
        for (int width = 1; width <= 5; ++width) {
            for (int height = 1; height <= 5; ++height) {
                const auto pixels = static_cast<zt_pixel_format>(format);
                int64_t size = 0;
                for (int plane = 0; plane < zt::pipeline::plane_count(pixels); ++plane) {
                    const auto extent = zt::pipeline::plane_extent(pixels, plane, width, height);
                    size += extent.rows * extent.row_bytes;
                }
                const std::vector<uint8_t> bytes(static_cast<size_t>(size), 0xFF);
                for (const auto site : {ZT_CHROMA_LEFT, ZT_CHROMA_CENTER, ZT_CHROMA_TOP_LEFT}) {
                    zt_image image = image_of(pixels, bytes, width, height);
                    image.chroma_site = site;
                    EXPECT_EQ(to_rgb(image).size(), static_cast<size_t>(3 * width * height));
                }
            }
        }
    }
}

}  // namespace
