// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The device through the C API: asked for by name, told of, refused; and a clip of the shipped tableau made on it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "api/client.h"
#include "backend/fake_device.h"

namespace {

using namespace zt::test;

constexpr int kWidth = 160, kHeight = 96, kFrames = 9;

// A ball on a ground with stripes.
struct Drawn {
    std::vector<uint8_t> rgb;
    zt_image image;
    zt_request request = a_request();

    Drawn() {
        for (int y = 0; y < kHeight; y++)
            for (int x = 0; x < kWidth; x++) {
                const bool ball = std::hypot(x - 80, y - 50) < 26, stripe = (x / 5 + y / 7) % 2 == 0;
                rgb.insert(rgb.end(),
                           {static_cast<uint8_t>(ball ? 230 : 90 + y / 2), static_cast<uint8_t>(stripe ? 150 : 110),
                            static_cast<uint8_t>(ball ? 40 : 200)});
            }
        zt_image_init(&image);
        image.role = ZT_IMAGE_FIRST, image.format = ZT_PIXEL_RGB24;
        image.width = kWidth, image.height = kHeight;
        image.data[0] = rgb.data(), image.stride[0] = 3 * kWidth;
        request.prompt = "the ball spins and jumps";
        request.images = &image, request.image_count = 1;
        request.width = kWidth, request.height = kHeight, request.frames = kFrames, request.format = ZT_PIXEL_RGB24;
        request.seed = 3;
    }
};

zt_model_params tableau_on(const char* device) {
    zt_model_params params;
    zt_model_params_init(&params);
    params.model = "tableau", params.device = device, params.precision = "fp32";
    return params;
}

std::vector<double> frames_on(const char* device) {
    const Drawn drawn;
    const ModelPtr model = open_model(tableau_on(device));
    EXPECT_STREQ(zt_model_get_info(model.get())->device, device);
    const SessionPtr session = start(model, drawn.request);
    std::vector<double> values;
    for (FramePtr frame; read(session, frame) == ZT_OK;) {
        const zt_frame_info* info = zt_frame_get_info(frame.get());
        for (int y = 0; y < kHeight; y++)
            for (int x = 0; x < 3 * kWidth; x++) values.push_back(info->data[0][y * info->stride[0] + x] / 255.0);
    }
    return values;
}

TEST(FakeDeviceApi, AClipOfAPictureIsTheSameOnADevice) {
    const std::vector<double> cpu = frames_on("cpu");
    const zt::fake_device::Transfers before = zt::fake_device::transfers();
    const std::vector<double> fake = frames_on("fake:1");
    const zt::fake_device::Transfers t = zt::fake_device::transfers() - before;
    EXPECT_LE(t.waited, kFrames) << "each frame is waited for when it is whole";
    EXPECT_GE(t.to_host, kFrames - 2) << "frames in which nothing moves are the picture itself";
    ASSERT_EQ(cpu.size(), size_t{3} * kWidth * kHeight * kFrames);
    ASSERT_EQ(fake.size(), cpu.size());
    double sum = 0, moved = 0;
    for (size_t i = 0; i < cpu.size(); i++) {
        // A place between two steps of 1/256 pixel may be rounded either way, and so may a level.
        ASSERT_NEAR(fake[i], cpu[i], 0.03);
        sum += std::abs(fake[i] - cpu[i]);
        moved += std::abs(cpu[i] - cpu[i % (cpu.size() / kFrames)]);
    }
    EXPECT_LT(sum / static_cast<double>(cpu.size()), 2e-4);
    EXPECT_GT(moved / static_cast<double>(cpu.size()), 0.005);
}

TEST(FakeDeviceApi, NamesThatAreNoDeviceAreRefused) {
    const auto refused = [](const char* device, zt_status expected) -> std::string {
        const zt_model_params params = tableau_on(device);
        zt_model* model = nullptr;
        zt_error error = ZT_ERROR_INIT;
        EXPECT_EQ(zt_model_open(&params, &model, &error), expected) << device;
        EXPECT_EQ(model, nullptr);
        return error.message;
    };
    EXPECT_EQ(refused("fake:2", ZT_ERROR_DEVICE), "device: expected a fake device for \"fake:2\", got 2 devices");
    for (const char* none : {"fakes", "fake:", "fake:x", "fake:-1", "meta", "Fake", ":0"})
        EXPECT_EQ(refused(none, ZT_ERROR_ARGUMENT),
                  "device: expected auto, cpu, cuda or cuda:N, got \"" + std::string(none) + "\"");
}

}  // namespace
