// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What rank 0 tells the others comes out as it went in; whatever is cut, longer or not of its size is refused.
#include "pipeline/rank_orders.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"

namespace {

using zt::pipeline::ClipOrder;
using zt::pipeline::OpenOrder;
using zt::pipeline::PieceOrder;

// Whether it is refused as what another version says.
bool refusal(const std::function<void()>& call) {
    try {
        call();
    } catch (const zt::Error& error) {
        return error.status() == ZT_ERROR_NETWORK;
    }
    return false;
}

zt::families::Picture picture(int width, int height, uint8_t value, bool alpha) {
    const auto pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
    return {ZT_IMAGE_LAST, width, height, std::make_shared<const std::vector<uint8_t>>(3 * pixels, value),
            alpha ? std::make_shared<const std::vector<uint8_t>>(pixels, value) : nullptr};
}

ClipOrder full_order() {
    ClipOrder order;
    order.model = 7, order.clip = 11, order.fresh_team = true, order.done = 12,
    order.most = std::numeric_limits<int64_t>::max();
    order.direction = {"狐狸\n\x01", std::string("no\0thing", 8), -5, 4.5, true, 0.25};
    order.request.width = 640, order.request.height = 360, order.request.rate = {30000, 1001};
    order.request.frames = 49, order.request.steps = 8, order.request.flow_shift = 7.5;
    order.request.first.prompt = "first";
    order.request.images = {picture(3, 2, 9, true), picture(1, 1, 1, false)};
    order.request.mask = picture(2, 2, 5, false);
    order.request.fit = ZT_FIT_PAD, order.request.loop = true, order.request.motion = 0.5, order.request.tempo = 2;
    order.request.shot_frames = 20, order.request.morph = true, order.request.sound = true;
    order.request.cutout = true;
    return order;
}

TEST(RankOrders, AClipComesOutAsItWentIn) {
    const std::string bytes = to_bytes(full_order());
    const ClipOrder got = zt::pipeline::clip_order(bytes);
    EXPECT_EQ(to_bytes(got), bytes);
    EXPECT_EQ(got.clip, 11);
    EXPECT_EQ(got.direction.prompt, "狐狸\n\x01");
    EXPECT_EQ(got.direction.negative_prompt.size(), 8U);
    EXPECT_EQ(got.request.rate.den, 1001);
    ASSERT_EQ(got.request.images.size(), 2U);
    EXPECT_EQ(*got.request.images[0].alpha, std::vector<uint8_t>(6, 9));
    EXPECT_EQ(got.request.images[1].alpha, nullptr);
    ASSERT_TRUE(got.request.mask);
    EXPECT_EQ(*got.request.mask->rgb, std::vector<uint8_t>(12, 5));
    EXPECT_EQ(got.most, std::numeric_limits<int64_t>::max());
}

TEST(RankOrders, AModelComesOutAsItWentIn) {
    OpenOrder order{3, "/models/wan", {}, 4, true};
    order.options.device = "cuda", order.options.precision = "bf16", order.options.memory_bytes = 1ULL << 40;
    order.options.lora = "a:0.5|b", order.options.engine_opts = {{"vae", "x:y"}, {"", ""}};
    const OpenOrder got = zt::pipeline::open_order(to_bytes(order));
    EXPECT_EQ(to_bytes(got), to_bytes(order));
    EXPECT_EQ(got.options.engine_opts, order.options.engine_opts);
    EXPECT_EQ(got.threads, 4);
    EXPECT_TRUE(got.nccl);
}

TEST(RankOrders, APieceComesOutAsItWentIn) {
    const std::string bytes = to_bytes(PieceOrder{1LL << 40, true});
    EXPECT_EQ(zt::pipeline::piece_order(bytes).clip, 1LL << 40);
    EXPECT_TRUE(zt::pipeline::piece_order(bytes).fresh_team);
    EXPECT_FALSE(zt::pipeline::piece_order(to_bytes(PieceOrder{2, false})).fresh_team);
}

TEST(RankOrders, WhatIsCutOrLongerIsRefused) {
    const std::string clip = to_bytes(full_order()), open = to_bytes(OpenOrder{1, "m", {}, 1});
    for (size_t size = 0; size < clip.size(); size++)
        EXPECT_TRUE(refusal([&] { (void)zt::pipeline::clip_order(clip.substr(0, size)); })) << size;
    for (size_t size = 0; size < open.size(); size++)
        EXPECT_TRUE(refusal([&] { (void)zt::pipeline::open_order(open.substr(0, size)); })) << size;
    const std::string piece = to_bytes(PieceOrder{3, true});
    for (size_t size = 0; size < piece.size(); size++)
        EXPECT_TRUE(refusal([&] { (void)zt::pipeline::piece_order(piece.substr(0, size)); })) << size;
    EXPECT_TRUE(refusal([&] { (void)zt::pipeline::piece_order(piece + "x"); }));
    EXPECT_TRUE(refusal([&] { (void)zt::pipeline::clip_order(clip + "x"); }));
    EXPECT_TRUE(refusal([&] { (void)zt::pipeline::open_order(open + "x"); }));
    EXPECT_TRUE(refusal([&] { (void)zt::pipeline::unpack(std::string(8, '\xff')); }));
    EXPECT_EQ(zt::pipeline::unpack(zt::pipeline::pack({"a", "", "bc"})), (std::vector<std::string>{"a", "", "bc"}));
}

TEST(RankOrders, APictureIsOfItsSize) {
    for (const auto& change : std::vector<void (*)(zt::families::Picture&)>{
             [](zt::families::Picture& p) { p.width = 4; }, [](zt::families::Picture& p) { p.height = -2; },
             [](zt::families::Picture& p) { p.rgb = nullptr; },
             [](zt::families::Picture& p) { p.alpha = std::make_shared<const std::vector<uint8_t>>(5, 0); }}) {
        ClipOrder order = full_order();
        change(order.request.images[0]);
        EXPECT_TRUE(refusal([&] { (void)zt::pipeline::clip_order(to_bytes(order)); }));
        order = full_order();
        change(*order.request.mask);
        EXPECT_TRUE(refusal([&] { (void)zt::pipeline::clip_order(to_bytes(order)); }));
    }
}

}  // namespace
