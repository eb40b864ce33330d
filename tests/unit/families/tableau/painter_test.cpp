// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The two painters make the same frames.
#include "families/tableau/painter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "shipped.h"

namespace {

using namespace zt::tableau;

constexpr int kWidth = 75, kHeight = 48;

// A net that turns, stretches and leaves the picture on all sides.
Net net_of(float turn, float zoom) {
    Net net(20, 13);
    for (int j = 0; j <= net.rows; j++)
        for (int i = 0; i <= net.columns; i++) {
            const float x = kWidth * static_cast<float>(i) / static_cast<float>(net.columns) - kWidth / 2.F,
                        y = kHeight * static_cast<float>(j) / static_cast<float>(net.rows) - kHeight / 2.F;
            const size_t at = static_cast<size_t>(j * (net.columns + 1) + i);
            net.x[at] = kWidth / 2.F + zoom * (x - turn * y) + std::sin(0.3F * y),
            net.y[at] = kHeight / 2.F + zoom * (y + turn * x);
        }
    return net;
}

Texture texture_of(const std::vector<uint8_t>& rgb) {
    Texture t;
    t.width = kWidth, t.height = kHeight;
    for (size_t i = 0; i < rgb.size(); i += 3) {
        for (size_t c = 0; c < 3; c++) t.pixels.push_back(static_cast<float>(rgb[i + c]) / 255.F);
        t.pixels.push_back(0);
    }
    return t;
}

TEST(TableauPainter, TensorsMakeTheSameFrames) {
    const Texture texture = texture_of(shipped::drawn(kWidth, kHeight));
    Map subject(50, 32);
    for (int y = 0; y < subject.height; y++)
        for (int x = 0; x < subject.width; x++)
            subject.row(y)[x] = std::hypot(static_cast<float>(x) - 25.F, static_cast<float>(y) - 17.F) < 9 ? 1.F : 0.F;
    const auto cpu = make_cpu_painter(texture), tensors = make_tensor_painter(texture, at::kCPU);
    cpu->take(lift(texture, subject, kGuessed)), tensors->take(lift(texture, subject, kGuessed));

    std::vector<Look> looks(3);
    for (Look& look : looks) look.first = net_of(0.1F, 1.2F);
    looks[1].second = net_of(-0.2F, 0.7F), looks[1].weight.assign(looks[1].first.x.size(), 0.F);
    for (size_t i = looks[1].weight.size() / 2; i < looks[1].weight.size(); i++) looks[1].weight[i] = 0.6F;
    looks[2].layer = net_of(0.3F, 1.6F);
    std::vector<float> a(3 * kWidth * kHeight), b(a.size()), plain;
    for (const Look& look : looks) {
        cpu->paint(look, a.data(), {}), tensors->paint(look, b.data(), {});
        double most = 0, mean = 0;
        for (size_t i = 0; i < a.size(); i++)
            most = std::max(most, static_cast<double>(std::abs(a[i] - b[i]))), mean += std::abs(a[i] - b[i]);
        // A place between two steps of 1/256 pixel may be rounded either way.
        EXPECT_LT(most, 0.02);
        EXPECT_LT(mean / static_cast<double>(a.size()), 2e-4);
        EXPECT_NE(a, plain) << "each look shows something else";
        plain = a;
    }
    // Somebody cut off below goes on below.
    for (int y = 17; y < subject.height; y++)
        for (int x = 17; x < 34; x++) subject.row(y)[x] = 1;
    Layer cut = lift(texture, subject, kGuessed);
    cpu->take(cut), cpu->paint(looks[2], plain.data(), {});
    cut.goes_on_below = true;
    cpu->take(cut), tensors->take(cut);
    cpu->paint(looks[2], a.data(), {}), tensors->paint(looks[2], b.data(), {});
    for (size_t i = 0; i < a.size(); i++) ASSERT_NEAR(a[i], b[i], 0.02);
    EXPECT_NE(a, plain);
}

}  // namespace
