// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How large the frames are where the model takes its size from the picture (pipeline/size.h). What is refused
// of a size that was asked for: plan_test.cpp.
#include "pipeline/size.h"

#include <gtest/gtest.h>

#include <vector>

#include "pipeline/fake_model.h"
#include "pipeline/plan.h"

namespace {

using zt::families::Limits;
using zt::pipeline::size_text;

// A model of any size from 64 to 4096, even or odd.
Limits any_size() {
    Limits limits;
    limits.width = 640, limits.height = 360;
    limits.min_width = limits.min_height = 64;
    limits.max_width = limits.max_height = 4096;
    limits.first_image = ZT_USE_REQUIRED;
    limits.history_images = 4;
    limits.size_of_picture = true;
    return limits;
}

zt_image image_of(int width, int height, zt_image_role role = ZT_IMAGE_FIRST, int orientation = 0) {
    zt_image image = {};
    image.struct_size = sizeof(image);
    image.role = role;
    image.width = width;
    image.height = height;
    image.orientation = orientation;
    return image;
}

// "1283x721", and behind it what was logged.
std::string size_of(const std::vector<zt_image>& images, zt_pixel_format format = ZT_PIXEL_RGB24,
                    const Limits& limits = any_size()) {
    zt_request request = {};
    request.images = images.data();
    request.image_count = images.size();
    std::string logged;
    const auto size = zt::pipeline::resolve_size(request, limits, format,
                                                 [&](zt_log_level, const std::string& line) { logged += " " + line; });
    return size_text(size.width, size.height) + logged;
}

std::string size_of(int width, int height, zt_pixel_format format = ZT_PIXEL_RGB24) {
    return size_of({image_of(width, height)}, format);
}

TEST(PictureSize, ThePicturesOwnWhereItCanBe) {
    EXPECT_EQ(size_of(1283, 721), "1283x721");
    EXPECT_EQ(size_of(64, 64), "64x64");
    EXPECT_EQ(size_of(3840, 2160), "3840x2160");
    EXPECT_EQ(size_of(4096, 2160), "4096x2160");
    for (int orientation = 0; orientation <= 8; ++orientation)
        EXPECT_EQ(size_of({image_of(300, 200, ZT_IMAGE_FIRST, orientation)}), orientation >= 5 ? "200x300" : "300x200")
            << orientation;
    // The mask and the picture at the end do not count; of frames that came before, the newest does.
    EXPECT_EQ(size_of({image_of(70, 70, ZT_IMAGE_MASK), image_of(300, 200), image_of(80, 80, ZT_IMAGE_LAST)}),
              "300x200");
    EXPECT_EQ(size_of({image_of(90, 90, ZT_IMAGE_HISTORY), image_of(320, 180, ZT_IMAGE_HISTORY),
                       image_of(70, 70, ZT_IMAGE_MASK)}),
              "320x180");
}

TEST(PictureSize, AModelMayHaveARuleOfItsOwn) {
    Limits limits = any_size();
    limits.size_for = [](int width, int height) { return width > height ? std::pair(640, 360) : std::pair(360, 640); };
    EXPECT_EQ(size_of({image_of(1000, 500)}, ZT_PIXEL_RGB24, limits),
              "640x360 size: 640x360 for a picture of 1000x500");
    EXPECT_EQ(size_of({image_of(1000, 500, ZT_IMAGE_FIRST, 6)}, ZT_PIXEL_RGB24, limits),
              "360x640 size: 360x640 for a picture of 500x1000");
    EXPECT_EQ(size_of({image_of(300, 500, ZT_IMAGE_LAST)}, ZT_PIXEL_RGB24, limits),
              "360x640 size: 360x640 for a picture of 300x500");
    EXPECT_EQ(size_of({image_of(300, 500, ZT_IMAGE_LAST), image_of(900, 500)}, ZT_PIXEL_RGB24, limits),
              "640x360 size: 640x360 for a picture of 900x500");
}

TEST(PictureSize, EvenWhereTheFormatNeedsIt) {
    EXPECT_EQ(size_of(1283, 721, ZT_PIXEL_YUV420P),
              "1282x720 size: rounded down to 1282x720 from the picture's 1283x721");
    EXPECT_EQ(size_of(1283, 721, ZT_PIXEL_YUV422P10),
              "1282x721 size: rounded down to 1282x721 from the picture's 1283x721");
    EXPECT_EQ(size_of(1283, 721, ZT_PIXEL_YUV444P), "1283x721");
    Limits odd = any_size();
    odd.min_width = odd.min_height = 65;  // no even side below it
    EXPECT_EQ(size_of({image_of(65, 65)}, ZT_PIXEL_YUV420P, odd).substr(0, 5), "66x66");
}

TEST(PictureSize, BroughtWithinTheLimitsInItsShape) {
    EXPECT_EQ(size_of(8192, 4096), "4096x2048 size: shrunk to 4096x2048 from the picture's 8192x4096");
    EXPECT_EQ(size_of(5000, 10), "4096x64 size: enlarged to 4096x64 from the picture's 5000x10");  // cut: no such shape
    EXPECT_EQ(size_of(1, 1), "64x64 size: enlarged to 64x64 from the picture's 1x1");
    EXPECT_EQ(size_of(20, 40), "64x128 size: enlarged to 64x128 from the picture's 20x40");
    EXPECT_EQ(size_of(40, 25).substr(0, 6), "102x64");
    EXPECT_EQ(size_of(16384, 1).substr(0, 7), "4096x64");
    // The most pixels of all, in every shape.
    for (int width = 3000; width <= 16384; width += 61) {
        for (const int height : {3000, 3001, 4033, 4096}) {
            zt_request request = {};
            const zt_image image = image_of(width, height);
            request.images = &image;
            request.image_count = 1;
            const auto size =
                zt::pipeline::resolve_size(request, any_size(), ZT_PIXEL_RGB24, zt::make_log(nullptr, nullptr));
            const double pixels = static_cast<double>(size.width) * size.height;
            ASSERT_LE(size.width, 4096);
            ASSERT_LE(pixels, zt::pipeline::kMaxPixels) << width << "x" << height;
            ASSERT_NEAR(static_cast<double>(size.width) / size.height / width * height, 1.0, 2e-3);
            if (size.width < 4095) {
                ASSERT_GE(pixels, 0.999 * static_cast<double>(zt::pipeline::kMaxPixels));
            }
        }
    }
    Limits coarse = any_size();
    coarse.size_step = 16;
    EXPECT_EQ(size_of({image_of(1283, 721)}, ZT_PIXEL_YUV420P, coarse).substr(0, 8), "1280x720");
}

TEST(PictureSize, NotWhereASizeIsAskedOrTheModelHasItsOwn) {
    const zt_image image = image_of(300, 200);
    zt_request request = {};
    request.images = &image;
    request.image_count = 1;
    request.width = 320, request.height = 180;
    const auto silent = zt::make_log(nullptr, nullptr);
    EXPECT_EQ(zt::pipeline::resolve_size(request, any_size(), ZT_PIXEL_YUV420P, silent).width, 320);
    request.width = request.height = 0;
    Limits own = any_size();
    own.size_of_picture = false;
    EXPECT_EQ(zt::pipeline::resolve_size(request, own, ZT_PIXEL_YUV420P, silent).width, 640);
    request.image_count = 0;
    EXPECT_EQ(zt::pipeline::resolve_size(request, any_size(), ZT_PIXEL_YUV420P, silent).height, 360);
}

TEST(PictureSize, APlanHasItBeforeThereArePixels) {
    zt::test::FakeModel model;  // 16 to 64 in steps of 16
    model.change_limits().size_of_picture = true;
    model.change_limits().first_image = ZT_USE_OPTIONAL;
    const zt_image image = image_of(50, 33, ZT_IMAGE_FIRST, 6);
    zt_request request = {};
    request.struct_size = sizeof(request);
    request.guidance = -1;
    request.strength = 1;
    request.prompt = "fox";
    request.images = &image;
    request.image_count = 1;
    const auto plan =
        zt::pipeline::make_plan(request, model, zt::make_log(nullptr, nullptr), zt::pipeline::Purpose::kAsk);
    EXPECT_EQ(plan.generation.width, 32);
    EXPECT_EQ(plan.generation.height, 48);
    // A picture that is none is told of as one, not as a size.
    zt_image wrong = image;
    wrong.width = -5;
    request.images = &wrong;
    try {
        (void)zt::pipeline::make_plan(request, model, zt::make_log(nullptr, nullptr), zt::pipeline::Purpose::kAsk);
        FAIL();
    } catch (const zt::Error& error) {
        EXPECT_EQ(std::string(error.what()).rfind("first image: size: expected 1 to 16384", 0), 0U) << error.what();
    }
}

}  // namespace
