// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Transparent and turned pictures through the C API, on the test card, which shows the picture under its
// moving marks; and the alpha that no model makes.
#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "api/client.h"

namespace {

using namespace zt::test;

constexpr int kWidth = 64, kHeight = 48;

// Half of every column: opaque above, transparent below, with another colour hidden there.
struct Transparent {
    std::vector<uint16_t> rgba = std::vector<uint16_t>(size_t{4} * kWidth * kHeight);
    zt_image image;
    zt_request request = a_request();

    Transparent() {
        for (size_t i = 0; i < rgba.size() / 4; ++i) {
            const bool above = i < rgba.size() / 8;
            const uint16_t pixel[4] = {above ? uint16_t{51400} : uint16_t{65535}, 25700, 0,
                                       above ? uint16_t{65535} : uint16_t{0}};
            std::memcpy(&rgba[4 * i], pixel, sizeof(pixel));
        }
        zt_image_init(&image);
        image.role = ZT_IMAGE_FIRST;
        image.format = ZT_PIXEL_RGBA64;
        image.width = kWidth;
        image.height = kHeight;
        image.data[0] = reinterpret_cast<const uint8_t*>(rgba.data());
        image.stride[0] = 8 * kWidth;
        request.images = &image;
        request.image_count = 1;
        request.width = kWidth;
        request.height = kHeight;
        request.frames = 1;
        request.format = ZT_PIXEL_RGB24;
    }
};

// The first pixel of two rows above the counter: one of the upper half, one of the lower.
std::vector<uint8_t> two_pixels(const ModelPtr& model, const zt_request& request) {
    const SessionPtr session = start(model, request);
    FramePtr frame;
    EXPECT_EQ(read(session, frame), ZT_OK);
    const zt_frame_info* info = zt_frame_get_info(frame.get());
    const uint8_t* const upper = info->data[0];
    const uint8_t* const lower = upper + info->stride[0] * (kHeight / 2 + 12) + 3 * (kWidth - 1);
    return {upper[0], upper[1], upper[2], lower[0], lower[1], lower[2]};
}

TEST(ApiPicture, TransparentOnesLieOnTheBackground) {
    const ModelPtr model = open_model();
    Transparent given;
    EXPECT_EQ(two_pixels(model, given.request), (std::vector<uint8_t>{200, 100, 0, 255, 255, 255}));
    ASSERT_EQ(zt_set_option(nullptr, &given.request, "background", "0x0a0b0c", nullptr), ZT_OK);
    EXPECT_EQ(two_pixels(model, given.request), (std::vector<uint8_t>{200, 100, 0, 10, 11, 12}));
    // Premultiplied, a colour without alpha is light that is added.
    given.image.alpha = ZT_ALPHA_PREMULTIPLIED;
    EXPECT_EQ(two_pixels(model, given.request), (std::vector<uint8_t>{200, 100, 0, 255, 111, 12}));
}

TEST(ApiPicture, TurnedOnesStandUpright) {
    const ModelPtr model = open_model();
    Transparent given;
    given.image.orientation = 3;
    EXPECT_EQ(two_pixels(model, given.request), (std::vector<uint8_t>{255, 255, 255, 200, 100, 0}));
    given.image.orientation = 9;
    zt_session* session = nullptr;
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_session_create(model.get(), &given.request, &session, &error), ZT_ERROR_ARGUMENT);
    EXPECT_STREQ(error.message, "first image: orientation: expected 1 to 8 as in EXIF, or 0 for not turned, got 9");
}

// A client whose zt_image ends before the fields of alpha and orientation.
TEST(ApiPicture, OlderClientsHaveStraightAlpha) {
    const ModelPtr model = open_model();
    Transparent given;
    given.image.struct_size = offsetof(zt_image, alpha);
    given.image.alpha = ZT_ALPHA_PREMULTIPLIED;
    given.image.orientation = 3;
    EXPECT_EQ(two_pixels(model, given.request), (std::vector<uint8_t>{200, 100, 0, 255, 255, 255}));
}

// The test card may be one of the models whose clips are as large as their picture.
TEST(ApiPicture, AClipIsAsLargeAsItsPicture) {
    zt_model_params params = testcard_params();
    params.engine_opts = "size=picture";
    const ModelPtr model = open_model(params);
    EXPECT_EQ(zt_model_get_info(model.get())->picture_size, 1);
    Transparent given;
    given.request.width = given.request.height = 0;
    const auto size = [&](zt_status expected = ZT_OK) {
        zt_session_info info = {};
        info.struct_size = sizeof(info);
        zt_error error = ZT_ERROR_INIT;
        EXPECT_EQ(zt_session_plan(model.get(), &given.request, &info, &error), expected) << error.message;
        return expected == ZT_OK ? std::to_string(info.width) + "x" + std::to_string(info.height) : error.message;
    };
    EXPECT_EQ(size(), "64x48");
    EXPECT_EQ(two_pixels(model, given.request), (std::vector<uint8_t>{200, 100, 0, 255, 255, 255}));
    given.image.orientation = 6;
    EXPECT_EQ(size(), "48x64");
    given.image.orientation = 0;
    given.request.width = 32, given.request.height = 16;
    EXPECT_EQ(size(), "32x16");
    given.request.height = 0;
    EXPECT_EQ(size(ZT_ERROR_ARGUMENT), "size: expected width and height, or neither, got 32x0");
    given.request.width = 0;
    given.request.image_count = 0;
    EXPECT_EQ(size(), "256x144");
    params.engine_opts = "size=large";
    zt_model* wrong = nullptr;
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_model_open(&params, &wrong, &error), ZT_ERROR_ARGUMENT);
    EXPECT_STREQ(error.message, "engine_opts: size: expected own or picture, got \"large\"");
}

// A client whose zt_request ends before loop, motion and tempo.
TEST(ApiPicture, OlderClientsHaveTheModelsOwnMotion) {
    const ModelPtr model = open_model();
    Transparent given;
    given.request.struct_size = offsetof(zt_request, loop);
    given.request.loop = 1;
    given.request.motion = given.request.tempo = 2.0;
    EXPECT_EQ(two_pixels(model, given.request), (std::vector<uint8_t>{200, 100, 0, 255, 255, 255}));
    given.request.struct_size = sizeof(given.request);
    zt_session* session = nullptr;
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_session_create(model.get(), &given.request, &session, &error), ZT_ERROR_UNSUPPORTED);
    EXPECT_STREQ(error.message, "loop: expected 0 (this model cannot close a clip), got 1");
}

TEST(ApiPicture, AlphaIsMadeOfACutoutAlone) {
    const ModelPtr model = open_model();
    zt_request request = a_request();
    request.format = ZT_PIXEL_RGBA;
    zt_session* session = nullptr;
    zt_error error = ZT_ERROR_INIT;
    EXPECT_EQ(zt_session_create(model.get(), &request, &session, &error), ZT_ERROR_UNSUPPORTED);
    EXPECT_STREQ(error.message, "format: expected one without alpha (only cutout=1 makes an alpha channel), got rgba");
}

}  // namespace
