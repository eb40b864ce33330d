// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is seen in a picture without a network: round things, eyes, a plain ground; and what is made up behind somebody.
// Without LibTorch.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <random>

#include "families/tableau/discs.h"
#include "families/tableau/inpaint.h"
#include "families/tableau/matte.h"
#include "families/tableau/plain_ground.h"
#include "shipped.h"

namespace {

using namespace zt::tableau;

using Colour = std::array<float, 3>;

// colour(x, y) in pixels.
Texture painted(int width, int height, const std::function<Colour(int, int)>& colour) {
    Texture t{width, height, {}};
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const Colour c = colour(x, y);
            t.pixels.insert(t.pixels.end(), {c[0], c[1], c[2], 0});
        }
    return t;
}

bool in_ellipse(int x, int y, double cx, double cy, double rx, double ry) {
    return std::hypot((x - cx) / rx, (y - cy) / ry) < 1;
}

Colour stripes(int x, int y) {
    return (x / 6 + y / 9) % 2 == 0 ? Colour{0.35F, 0.55F, 0.2F} : Colour{0.45F, 0.6F, 0.25F};
}

TEST(Discs, AreFoundWhereTheyAre) {
    // A ball on stripes, and a plate seen from above and to the side beside it.
    const Texture t = painted(400, 240, [](int x, int y) {
        return in_ellipse(x, y, 110, 130, 48, 48)   ? Colour{0.8F, 0.2F, 0.1F}
               : in_ellipse(x, y, 300, 150, 70, 42) ? Colour{0.9F, 0.9F, 0.95F}
                                                    : stripes(x, y);
    });
    const std::vector<Disc> discs = find_discs(t);
    ASSERT_GE(discs.size(), 2U);
    const auto found = [&](double x, double y, double rx, double ry) {
        return std::any_of(discs.begin(), discs.end(), [&](const Disc& d) {
            return std::hypot(d.x * 240 - x, d.y * 240 - y) < 6 && std::abs(d.across * 240 - rx) < 6 &&
                   std::abs(d.high * 240 - ry) < 6;
        });
    };
    EXPECT_TRUE(found(110, 130, 48, 48)) << "the ball";
    EXPECT_TRUE(found(300, 150, 70, 42)) << "the plate";
    for (const Disc& d : discs) EXPECT_GE(d.rim, 0.6F);
}

TEST(Discs, AreNotSeenInNoiseAndStripes) {
    std::mt19937 random(3);
    std::uniform_real_distribution<float> value(0, 1);
    EXPECT_TRUE(find_discs(painted(240, 160, [&](int, int) {
                    return Colour{value(random), value(random), value(random)};
                })).empty());
    EXPECT_TRUE(find_discs(painted(240, 160, stripes)).empty());
    EXPECT_TRUE(find_discs(painted(16, 16, [](int, int) { return Colour{1, 1, 1}; })).empty());
    EXPECT_TRUE(find_discs(painted(4096, 17, stripes)).empty());
}

TEST(Discs, EyesArePairsInAFace) {
    const auto face = [](int x, int y) -> Colour {
        for (const int side : {-1, 1})
            if (in_ellipse(x, y, 160 + 40 * side, 110, 15, 15))
                return in_ellipse(x, y, 160 + 40 * side, 110, 6, 6) ? Colour{0, 0, 0} : Colour{1, 1, 1};
        return in_ellipse(x, y, 160, 130, 110, 120) ? Colour{0.85F, 0.65F, 0.5F} : Colour{0.2F, 0.3F, 0.5F};
    };
    Map head(320, 256);
    for (int y = 0; y < 256; y++)
        for (int x = 0; x < 320; x++) head.row(y)[x] = in_ellipse(x, y, 160, 130, 110, 120) ? 1.F : 0.F;
    const std::vector<Disc> eyes = find_eyes(painted(320, 256, face), head);
    ASSERT_EQ(eyes.size(), 2U);
    EXPECT_NEAR(eyes[0].x * 256, 120, 5);
    EXPECT_NEAR(eyes[0].y * 256, 110, 5);
    EXPECT_NEAR(eyes[1].x * 256, 200, 5);
    EXPECT_NEAR(eyes[1].y * 256, 110, 5);
    EXPECT_TRUE(find_eyes(painted(320, 256, [](int, int) { return Colour{0.5F, 0.5F, 0.5F}; }), head).empty());
    EXPECT_TRUE(find_eyes(painted(320, 256, face), Map(320, 256)).empty()) << "nobody, no eyes";
}

TEST(Discs, TheLargestCircleWithinSomebody) {
    Map subject(320, 160);  // a ball of 40 with a stalk
    for (int y = 0; y < 160; y++)
        for (int x = 0; x < 320; x++)
            subject.row(y)[x] = in_ellipse(x, y, 200, 60, 40, 40) || (std::abs(x - 200) < 4 && y > 60) ? 1.F : 0.F;
    const Disc d = disc_within(subject, 2);
    EXPECT_NEAR(d.x * 160, 200, 3);
    EXPECT_NEAR(d.y * 160, 60, 3);
    EXPECT_NEAR(d.across * 160, 40, 3);
    EXPECT_GT(d.rim, 0.75F);
    EXPECT_LT(d.rim, 0.95F);
    EXPECT_EQ(disc_within(Map(320, 160), 2).across, 0) << "nobody";
}

// A fish with a thin tail on paper, bubbles beside it.
TEST(PlainGround, WhoeverIsDrawnOnPaperIsCutOutAlongHisEdge) {
    const auto fish = [](int x, int y) {
        return in_ellipse(x, y, 150, 100, 70, 45) || (x > 200 && x < 280 && std::abs(y - 100) < 3 + (x - 200) / 4);
    };
    const Texture t = painted(320, 200, [&](int x, int y) {
        return fish(x, y) ? Colour{0.9F, 0.5F, 0.1F}
               : in_ellipse(x, y, 40, 40, 8, 8)
                   ? Colour{0.6F, 0.7F, 0.9F}
                   : Colour{0.97F + 0.005F * static_cast<float>((x + y) % 3), 0.96F, 0.94F};
    });
    const std::optional<Map> drawn = on_plain_ground(t, Map(320, 200));
    ASSERT_TRUE(drawn);
    int wrong = 0;
    for (int y = 0; y < 200; y++)
        for (int x = 0; x < 320; x++) wrong += (drawn->row(y)[x] > 0.5F) != fish(x, y) ? 1 : 0;
    EXPECT_LT(wrong, 64) << "of 64000; the bubble is none of it";
}

TEST(PlainGround, IsNotClaimedWhereItIsNot) {
    const Map like(320, 200);
    EXPECT_FALSE(on_plain_ground(painted(320, 200, stripes), like));
    EXPECT_FALSE(on_plain_ground(painted(320, 200,
                                         [](int, int y) {
                                             return Colour{0.3F, 0.5F, static_cast<float>(y) / 200};
                                         }),
                                 like))
        << "a gradient";
    EXPECT_FALSE(on_plain_ground(painted(320, 200,
                                         [](int, int) {
                                             return Colour{1, 1, 1};
                                         }),
                                 like))
        << "an empty sheet";
}

// Stripes behind a square go on behind it; the smooth fill has none.
TEST(Inpaint, GoesOnWithTheTexture) {
    const Texture whole = painted(256, 192, [](int x, int) {
        return (x / 8) % 2 == 0 ? Colour{0.9F, 0.8F, 0.3F} : Colour{0.2F, 0.3F, 0.6F};
    });
    Texture t = whole, smooth = whole;
    std::vector<uint8_t> keep(256 * 192, 255);
    for (int y = 60; y < 130; y++)
        for (int x = 100; x < 180; x++) {
            keep[static_cast<size_t>(y * 256 + x)] = 0;
            for (size_t c = 0; c < 3; c++)
                t.pixels[4 * static_cast<size_t>(y * 256 + x) + c] =
                    smooth.pixels[4 * static_cast<size_t>(y * 256 + x) + c] = 0;
        }
    Texture again = t;
    inpaint(t, keep), inpaint(again, keep), fill_in(smooth, keep);
    EXPECT_EQ(t.pixels, again.pixels) << "always the same";
    const auto wrong = [&](const Texture& filled) {
        double sum = 0;
        for (size_t i = 0; i < keep.size(); i++)
            if (keep[i] == 0) sum += std::abs(filled.pixels[4 * i] - whole.pixels[4 * i]);
        return sum / (80 * 70);
    };
    EXPECT_LT(wrong(t), 0.1);
    EXPECT_GT(wrong(smooth), 0.2) << "or the test asks for nothing";
    for (size_t i = 0; i < keep.size(); i++)
        if (keep[i] == 255) {
            ASSERT_EQ(t.pixels[4 * i], whole.pixels[4 * i]) << "what is kept";
        }
}

TEST(Inpaint, AnySizeAndAnyHole) {
    for (const auto& [w, h] : std::vector<std::pair<int, int>>{{16, 16}, {17, 301}, {640, 16}, {1, 1}, {333, 222}})
        for (const int hole : {0, 50, 95, 100}) {  // percent, from the left
            Texture t = painted(w, h, stripes);
            std::vector<uint8_t> keep(static_cast<size_t>(w * h));
            for (int i = 0; i < w * h; i++) keep[static_cast<size_t>(i)] = 100 * (i % w) < hole * w ? 0 : 255;
            inpaint(t, keep);
            for (const float p : t.pixels) ASSERT_TRUE(p >= 0 && p <= 1) << w << "x" << h << ", " << hole << " %";
        }
}

// The map misses a red ball's edge by six pixels all round, too large or too small; the matte finds it. Where ball and
// ground look the same it can only be soft, and far from the edge the map is believed.
TEST(Matte, FindsTheEdgeThatTheMapMisses) {
    constexpr int kWide = 400, kHigh = 240;
    const auto map = [&](double radius) {
        Map m(160, 96);
        for (int y = 0; y < m.height; y++)
            for (int x = 0; x < m.width; x++)
                m.row(y)[x] = in_ellipse(x, y, 80, 48, radius / 2.5, radius / 2.5) ? 1.F : 0.F;
        return m;
    };
    const Texture ball = painted(kWide, kHigh, [](int x, int y) {
        return in_ellipse(x, y, 200, 120, 70, 70) ? Colour{0.8F, 0.2F, 0.1F} : stripes(x, y);
    });
    const Texture hidden = painted(kWide, kHigh, stripes);
    for (const double radius : {64.0, 76.0}) {
        const std::vector<float> his = matte_of(ball, map(radius)), unknown = matte_of(hidden, map(radius));
        int wrong = 0;
        for (int y = 0; y < kHigh; y++)
            for (int x = 0; x < kWide; x++) {
                const double far = std::hypot(x - 200, y - 120) - 70;
                const float a = his[static_cast<size_t>(y * kWide + x)];
                ASSERT_TRUE(a >= 0 && a <= 1);
                if (std::abs(far) > 2.5) wrong += (far < 0) != (a > 0.5F) ? 1 : 0;
            }
        EXPECT_LT(wrong, 200) << "of 5300 pixels within six of the edge";
        float step = 0;
        for (int x = 201; x < 399; x++)
            step = std::max(step, std::abs(unknown[120 * kWide + static_cast<size_t>(x)] -
                                           unknown[120 * kWide + static_cast<size_t>(x) - 1]));
        EXPECT_LT(step, 0.3F) << "no line in a ground that says nothing";
        EXPECT_GT(unknown[120 * kWide + 200], 0.99F);
        EXPECT_LT(unknown[120 * kWide + 10], 0.01F);
    }
}

}  // namespace
