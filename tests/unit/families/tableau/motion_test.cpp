// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Warps, motions and cameras (families/tableau), without LibTorch.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "families/tableau/choreography.h"
#include "families/tableau/layer.h"
#include "families/tableau/open_sky.h"
#include "families/tableau/specks.h"
#include "shipped.h"

namespace {

using namespace zt::tableau;

constexpr int kWidth = 160, kHeight = 96;

Texture texture() {
    Texture t;
    t.width = kWidth, t.height = kHeight;
    const std::vector<uint8_t> rgb = shipped::drawn(kWidth, kHeight);
    for (size_t i = 0; i < rgb.size() / 3; i++)
        for (size_t c = 0; c < 4; c++) t.pixels.push_back(c < 3 ? static_cast<float>(rgb[3 * i + c]) / 255.F : 0.F);
    return t;
}

Sight sight() {
    Sight s = expect(kWidth, kHeight);
    for (int y = 0; y < s.subject.height; y++)
        for (int x = 0; x < s.subject.width; x++) {
            const float u = ((static_cast<float>(x) + 0.5F) / static_cast<float>(s.subject.width) - 0.5F) * kWidth /
                            kHeight,
                        v = (static_cast<float>(y) + 0.5F) / static_cast<float>(s.subject.height) - 0.55F;
            s.subject.row(y)[x] = std::hypot(u, v) < 0.28F ? 1.F : 0.F;
            s.sky.row(y)[x] = v < 0.1F ? 1.F - s.subject.row(y)[x] : 0.F;
        }
    s.sure = 1;
    return s;
}

Look look_at(const Choreography& c, double seconds) {
    Look look;
    c.prepare(look);
    c.fill(look, seconds, 0, look.first.rows);
    return look;
}

// In pixels: the mean way that places inside of the ball (of its layer, where it has one) or outside have gone.
double moved(const Look& look, bool inside) {
    double sum = 0;
    int count = 0;
    const Net& n = inside && look.layer.columns > 0 ? look.layer : look.first;
    for (int j = 0; j <= n.rows; j++)
        for (int i = 0; i <= n.columns; i++) {
            const double x = static_cast<double>(i) * kWidth / n.columns, y = static_cast<double>(j) * kHeight / n.rows;
            const double far = std::hypot((x - 0.5 * kWidth) / kHeight, (y - 0.55 * kHeight) / kHeight);
            if (inside ? far > 0.25 : far < 0.36) continue;
            const size_t at = static_cast<size_t>(j) * static_cast<size_t>(n.columns + 1) + static_cast<size_t>(i);
            sum += std::hypot(n.x[at] + 0.5F - x, n.y[at] + 0.5F - y), count++;
        }
    return sum / count;
}

std::vector<float> warped(const Texture& t, const Look& look) {
    std::vector<float> rgb(3 * static_cast<size_t>(t.width) * static_cast<size_t>(t.height));
    if (look.weight.empty())
        warp_rows(t, look.first, rgb.data(), 0, t.height);
    else
        warp_rows(t, look.first, look.second, look.weight, rgb.data(), 0, t.height);
    return rgb;
}

// clang-format off
const char* const kAll[] = {"sway", "bounce", "hop", "the ball drifts", "the sky flows", "the ball waves", "breathe", "pulse", "blink", "wind", "spin", "turn the head", "nod", "tremble", "grow", "shrink", "swim", "flap its wings", "ripples",
                            "zoom in", "zoom out", "pan left", "pan right", "tilt up", "tilt down", "dolly in", "dolly out", "orbit", "handheld", "the camera rotates", "", "the clouds drift to the left and the ball sways, zoom in"};
// clang-format on

TEST(Warp, WholePlacesAreThePixelsThemselves) {
    const Texture t = texture();
    Net net(40, 24);
    for (int j = 0; j <= 24; j++)
        for (int i = 0; i <= 40; i++) {
            const size_t at = static_cast<size_t>(j) * 41 + static_cast<size_t>(i);
            net.x[at] = static_cast<float>(i) * kWidth / 40 - 0.5F + 3,
            net.y[at] = static_cast<float>(j) * kHeight / 24 - 0.5F - 2;
        }
    Look look;
    look.first = net;
    const std::vector<float> rgb = warped(t, look);
    for (int y = 0; y < kHeight; y++)
        for (int x = 0; x < kWidth; x++)
            for (size_t c = 0; c < 3; c++) {
                const size_t from =
                    static_cast<size_t>(std::max(0, y - 2)) * kWidth + static_cast<size_t>(std::min(kWidth - 1, x + 3));
                EXPECT_NEAR(255 * rgb[c * kWidth * kHeight + static_cast<size_t>(y) * kWidth + static_cast<size_t>(x)],
                            255 * t.pixels[4 * from + c], 0.05);
            }
}

// Hostile or not, no place outside is read.
TEST(Warp, OutsideThePictureIsMirrored) {
    const Texture t = texture();
    const auto looked_at = [&](float x, float y) {
        Look look;
        look.first = Net(4, 4);
        std::fill(look.first.x.begin(), look.first.x.end(), x), std::fill(look.first.y.begin(), look.first.y.end(), y);
        return warped(t, look)[0];
    };
    for (const float far : {-1e30F, -1e5F, 1e5F, 1e30F, std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()}) {
        const float got = looked_at(far, far);
        EXPECT_TRUE(got >= -0.1F && got <= 1.1F) << far;
    }
    for (const float beyond : {1.F, 4.5F, 30.F}) {
        EXPECT_NEAR(looked_at(-beyond, -beyond), looked_at(beyond, beyond), 1e-5);
        EXPECT_NEAR(looked_at(kWidth - 1 + beyond, 3), looked_at(kWidth - 1 - beyond, 3), 1e-5);
        EXPECT_NEAR(looked_at(3 * (kWidth - 1) + beyond, 3), looked_at(kWidth - 1 - beyond, 3), 1e-4);
    }
}

TEST(Motion, BeginsWithThePictureItself) {
    const Texture t = texture();
    for (const char* prompt : kAll)
        for (const double loop : {0.0, 3.0}) {
            const Choreography c(shipped::words().read(prompt), sight(), kWidth, kHeight, 7, {1, 1, loop, 3});
            EXPECT_TRUE(c.at_rest(0));
            const std::vector<float> rgb = warped(t, look_at(c, 0));
            float most = 0;
            for (size_t k = 0; k < 3; k++)
                for (size_t i = 0; i < rgb.size() / 3; i++)
                    most = std::max(most, 255 * std::abs(rgb[k * rgb.size() / 3 + i] - t.pixels[4 * i + k]));
            EXPECT_LT(most, 0.5F) << prompt << ", loop " << loop << ": another byte";
        }
}

// Whoever is lifted out leaves no hole, and what is there at rest is the picture.
TEST(Motion, ALayerAtRestIsThePicture) {
    const Texture t = texture();
    const Choreography c(shipped::words().read("the ball hops"), sight(), kWidth, kHeight, 7, {});
    ASSERT_EQ(c.lifted(), Choreography::kWhoeverItIsOf);
    const Layer layer = lift(t, sight().subject, kGuessed);
    const auto frame = [&](double seconds) {
        const Look look = look_at(c, seconds);
        std::vector<float> rgb(3 * kWidth * kHeight);
        warp_rows(layer.behind, look.first, rgb.data(), 0, kHeight);
        lay_rows(layer, look.layer, rgb.data(), 0, kHeight);
        return rgb;
    };
    const std::vector<float> rest = frame(0);
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < rest.size() / 3; i++)
            ASSERT_NEAR(255 * rest[k * kWidth * kHeight + i], 255 * t.pixels[4 * i + k], 0.49) << i;
    // In the air: where the ball's foot was there is ground (green) and none of the ball's red.
    const double top = 0.5 / 0.95;
    const std::vector<float> air = frame(top);
    double most = 0;
    for (double s = 0; s < 2; s += 0.1) most = std::max(most, moved(look_at(c, s), true));
    EXPECT_GT(most, 4);
    const size_t foot = static_cast<size_t>(0.81 * kHeight) * kWidth + kWidth / 2;
    EXPECT_LT(air[foot], 0.7F * rest[foot]) << "red of the ball where it no longer is";
}

// Who falls or drives off goes out of the picture and comes back from the other side, where he was after one round.
TEST(Motion, WhoGoesOnLeavesThePictureAndComesBack) {
    for (const char* prompt : {"the ball falls down", "the ball flies to the left"}) {
        const bool down = std::string(prompt).find("down") != std::string::npos;
        const Choreography c(shipped::words().read(prompt), sight(), kWidth, kHeight, 7, {1, 1, 4, 4});
        ASSERT_EQ(c.lifted(), Choreography::kWhoeverItIsOf) << prompt;
        const auto place = [&](double seconds) {  // of the middle of the ball, relative to where it was
            const Look look = look_at(c, seconds);
            const size_t middle = look.layer.x.size() / 2;
            return down ? look_at(c, 0).layer.y[middle] - look.layer.y[middle]
                        : look_at(c, 0).layer.x[middle] - look.layer.x[middle];
        };
        float least = 0, most = 0;
        for (double s = 0; s < 4; s += 0.05) least = std::min(least, place(s)), most = std::max(most, place(s));
        EXPECT_GT(most - least, down ? kHeight : kWidth) << prompt;
        EXPECT_LT(std::abs(place(4)), 0.01) << prompt;
        EXPECT_GT(down ? place(0.3) : -place(0.3), 1) << prompt << ": the right way";
    }
}

// A frame as the painter makes it.
std::vector<float> painted(const Texture& ground, const Layer& layer, const Look& look) {
    std::vector<float> rgb(3 * kWidth * kHeight);
    warp_rows(ground, look.first, rgb.data(), 0, kHeight);
    lay_rows(layer, look.layer, rgb.data(), 0, kHeight);
    return rgb;
}

// Two wheels: each turns about its own middle, and outside their rims every pixel stays, at every angle.
TEST(Motion, DiscsTurnWithinTheirRims) {
    const Texture t = texture();
    Sight s = sight();
    s.discs = {{0.45F, 0.5F, 0.2F, 0.2F, 1}, {1.2F, 0.55F, 0.22F, 0.2F, 1}, {0.1F, 0.1F, 0.05F, 0.05F, 0.9F}};
    const Choreography c(shipped::words().read("the wheels turn"), s, kWidth, kHeight, 7, {});
    ASSERT_EQ(c.lifted(), Choreography::kDiscs) << c.told();
    ASSERT_EQ(c.turning().size(), 2U) << "the two that are alike";
    const Layer layer = lift(t, c.turning());
    const std::vector<float> rest = painted(layer.behind, layer, look_at(c, 0));
    double inside = 0;
    for (double seconds = 0.2; seconds < 8; seconds += 0.37) {
        const std::vector<float> now = painted(layer.behind, layer, look_at(c, seconds));
        for (int y = 0; y < kHeight; y++)
            for (int x = 0; x < kWidth; x++) {
                double rim = 9;
                for (const Disc& d : c.turning())
                    rim = std::min<double>(
                        rim, std::hypot(((x + 0.5) / kHeight - d.x) / d.across, ((y + 0.5) / kHeight - d.y) / d.high));
                const size_t i = static_cast<size_t>(y * kWidth + x);
                if (rim > 1.25)
                    ASSERT_NEAR(now[i], rest[i], 1e-3) << x << ", " << y << " after " << seconds << " s";
                else
                    inside += std::abs(now[i] - rest[i]);
            }
    }
    EXPECT_GT(inside, 100);
}

// Somebody upright turns like a card: seen from the edge he is not seen.
TEST(Motion, WhoIsTallTurnsLikeACard) {
    Sight s = sight();
    for (int y = 0; y < s.subject.height; y++)
        for (int x = 0; x < s.subject.width; x++)
            s.subject.row(y)[x] = std::abs(x - 0.5 * s.subject.width) < 0.06 * s.subject.width &&
                                          y > 0.1 * s.subject.height && y < 0.85 * s.subject.height
                                      ? 1.F
                                      : 0.F;
    const Texture t = texture();
    const Choreography c(shipped::words().read("she spins"), s, kWidth, kHeight, 7, {});
    ASSERT_EQ(c.lifted(), Choreography::kWhoeverItIsOf);
    const Layer layer = lift(t, c.subject(), kGuessed);
    const auto seen = [&](double seconds) {
        const Look look = look_at(c, seconds);
        std::vector<float> alone(3 * kWidth * kHeight, 0.F), on_white(alone.size(), 1.F);
        lay_rows(layer, look.layer, alone.data(), 0, kHeight), lay_rows(layer, look.layer, on_white.data(), 0, kHeight);
        double sum = 0;  // of his alpha
        for (size_t i = 0; i < kWidth * kHeight; i++) sum += 1 - (on_white[i] - alone[i]);
        return sum;
    };
    double least = 1e9;
    for (double seconds = 0; seconds < 5; seconds += 0.02) least = std::min(least, seen(seconds));
    EXPECT_GT(seen(0), 500);
    EXPECT_LT(least, 0.1 * seen(0));
}

// A compass drawn in lines, cut out by its alpha channel, turns as a wheel does.
TEST(Motion, WhatIsCalledRoundTurnsAsAWheel) {
    Sight s = sight();
    s.exact = true;
    for (int y = 0; y < s.subject.height; y++)
        for (int x = 0; x < s.subject.width; x++) {
            const int u = std::abs(x - s.subject.width / 2), v = std::abs(y - s.subject.height / 2);
            s.subject.row(y)[x] = u < 70 && v < 70 && std::min(u, v) < 3 ? 1.F : 0.F;
        }
    const Choreography c(shipped::words().read("the compass rotates"), s, kWidth, kHeight, 7, {});
    ASSERT_EQ(c.lifted(), Choreography::kWhoeverItIsOf);
    EXPECT_NE(look_at(c, 1).layer.y, look_at(c, 0).layer.y) << "a card's rows stay";
}

TEST(Motion, ABlinkClosesTheEyesAlone) {
    Sight s = sight();
    s.eyes = {{0.7F, 0.5F, 0.05F, 0.05F, 1}, {0.95F, 0.5F, 0.05F, 0.05F, 1}};
    const Choreography c(shipped::words().read("she blinks"), s, kWidth, kHeight, 7, {});
    double pressed = 0;
    for (double seconds = 0; seconds < 3; seconds += 0.05) {
        const Net net = look_at(c, seconds).first;
        for (int j = 0; j <= net.rows; j++)
            for (int i = 0; i <= net.columns; i++) {
                const size_t at = static_cast<size_t>(j * (net.columns + 1) + i);
                const double x = static_cast<double>(i) * kWidth / net.columns / kHeight,
                             y = static_cast<double>(j) / net.rows, gone = std::abs(net.y[at] + 0.5 - y * kHeight);
                const bool near = std::abs(y - 0.5) < 0.1 && (std::abs(x - 0.7) < 0.1 || std::abs(x - 0.95) < 0.1);
                if (near)
                    pressed = std::max(pressed, gone);
                else
                    ASSERT_LT(gone, 0.01) << x << ", " << y;
            }
    }
    EXPECT_GT(pressed, 1.5) << "pixels";
}

TEST(Motion, WhoComesNearerGrowsAndWhoWalksGoesAlong) {
    const auto spread_at = [](const Choreography& c,
                              double seconds) {  // how much of the picture a step over the ball's layer looks at
        const Net net = look_at(c, seconds).layer;
        const size_t middle = net.x.size() / 2;
        return net.x[middle + 4] - net.x[middle - 4];
    };
    const Choreography nearer(shipped::words().read("the fox runs towards the camera"), sight(), kWidth, kHeight, 7,
                              {});
    ASSERT_EQ(nearer.lifted(), Choreography::kWhoeverItIsOf);
    EXPECT_LT(spread_at(nearer, 4), 0.85 * spread_at(nearer, 0));
    const Choreography along(shipped::words().read("the fox runs to the right"), sight(), kWidth, kHeight, 7, {});
    ASSERT_EQ(along.lifted(), Choreography::kWhoeverItIsOf);
    const size_t middle = look_at(along, 0).layer.x.size() / 2;
    EXPECT_LT(look_at(along, 1.5).layer.x[middle], look_at(along, 0).layer.x[middle] - 8);
    const Choreography pronoun(shipped::words().read("it moves to the right"), sight(), kWidth, kHeight, 7, {});
    EXPECT_EQ(pronoun.told(), "drift of the subject; camera: still");
}

// A plant beside somebody else who is named does not make him go.
TEST(Motion, WhoIsNamedAloneGoes) {
    Sight s = sight();
    for (float& v : s.foliage.values) v = 0.3F;
    const Choreography c(shipped::words().read("the boy stands still and the flower hops"), s, kWidth, kHeight, 7, {});
    EXPECT_EQ(c.lifted(), Choreography::kNothing) << c.told();
}

TEST(Motion, SpecksFallAndNothingElseDoes) {
    Texture t = texture();
    Sight plain = sight(), snowy = plain;
    EXPECT_EQ(find_specks(t).width, 0) << "a ball and stripes are no specks";
    for (int i = 0; i < 12; i++)  // flakes in the sky
        for (int y = 0; y < 2; y++)
            for (int x = 0; x < 2; x++)
                for (size_t k = 0; k < 3; k++)
                    t.pixels[4 * (static_cast<size_t>(3 + 9 * (i % 2) + y) * kWidth +
                                  static_cast<size_t>(6 + 12 * i + x)) +
                             k] = 1;
    snowy.specks = find_specks(t);
    ASSERT_GT(snowy.specks.width, 0);
    const Choreography none(shipped::words().read("snow is falling"), plain, kWidth, kHeight, 7, {});
    EXPECT_NE(none.lifted(), Choreography::kSpecks);
    ASSERT_EQ(none.notes().size(), 1U);
    const Choreography c(shipped::words().read("snow is falling"), snowy, kWidth, kHeight, 7, {});
    ASSERT_EQ(c.lifted(), Choreography::kSpecks);
    const Look look = look_at(c, 1);
    EXPECT_EQ(look.first.y, look_at(c, 0).first.y) << "the ground stands";
    EXPECT_LT(look.layer.y[0], -2) << "flakes come from above";
    // A whole round lower everything is as it was: what leaves below has come in above.
    const Layer layer = lift(t, snowy.specks, kOfSpecks);
    Net round = look_at(c, 0).layer;
    for (float& y : round.y) y += kHeight;
    std::vector<float> shown(3 * kWidth * kHeight);
    warp_rows(layer.behind, look_at(c, 0).first, shown.data(), 0, kHeight);
    lay_rows(layer, round, shown.data(), 0, kHeight);
    for (size_t i = 0; i < shown.size() / 3; i++) ASSERT_NEAR(shown[i], t.pixels[4 * i], 0.01) << i;
}

// Clouds pass behind what stands before the sky: it stands to the byte, is not seen twice, and the sky goes on for as
// long as one looks.
TEST(Motion, CloudsPassBehindATower) {
    Texture t = texture();
    Sight s = sight();
    const auto tower = [](int x, int y) { return y > 60 || (x > 70 && x < 90 && y > 20); };
    for (int y = 0; y < kHeight; y++)
        for (int x = 0; x < kWidth; x++) {
            const bool cloud = (x / 11 + y / 7) % 3 == 0;
            float* p = t.pixels.data() + 4 * (static_cast<size_t>(y) * kWidth + static_cast<size_t>(x));
            p[0] = tower(x, y) ? 0.8F
                   : cloud     ? 0.6F
                               : 0.3F,
            p[1] = tower(x, y) ? 0.2F : 0.6F, p[2] = tower(x, y) ? 0.1F : 0.9F;
        }
    s.subject = s.water = s.foliage = Map(s.sky.width, s.sky.height), s.sure = 0;
    for (int y = 0; y < s.sky.height; y++)
        for (int x = 0; x < s.sky.width; x++)
            s.sky.row(y)[x] = tower(x * kWidth / s.sky.width, y * kHeight / s.sky.height) ? 0.F : 1.F;
    s.open_sky = open_sky(t, s.sky);
    const Choreography c(shipped::words().read("clouds roll by"), s, kWidth, kHeight, 7, {});
    ASSERT_EQ(c.lifted(), Choreography::kAllButSky);
    Layer layer = lift(t, c.subject(), kBeforeSky);
    layer.goes_on = true;
    double moved_sky = 0;
    for (const double seconds : {0.0, 1.0, 5.0, 60.0}) {
        const std::vector<float> now = painted(layer.behind, layer, look_at(c, seconds));
        for (int y = 0; y < kHeight; y++)
            for (int x = 0; x < kWidth; x++) {
                const size_t i = static_cast<size_t>(y) * kWidth + static_cast<size_t>(x);
                const bool inside = tower(x, y) && tower(x - 3, y) && tower(x + 3, y) && tower(x, y - 3),
                           outside = !tower(x, y) && !tower(x - 3, y) && !tower(x + 3, y) && !tower(x, y + 3);
                if (inside) {
                    ASSERT_NEAR(255 * now[i], 255 * t.pixels[4 * i], 0.49)
                        << x << ", " << y << " after " << seconds << " s";
                }
                if (outside) {
                    ASSERT_LT(now[i], 0.68F) << "another tower at " << x << ", " << y << " after " << seconds << " s";
                }
                if (outside && seconds > 0) moved_sky += std::abs(now[i] - t.pixels[4 * i]);
            }
    }
    EXPECT_GT(moved_sky, 100);
}

TEST(Motion, EveryKindMoves) {
    for (const char* prompt : kAll) {
        const Choreography c(shipped::words().read(prompt), sight(), kWidth, kHeight, 7, {1, 1, 0, 4});
        double most = 0;
        for (int i = 1; i < 40; i++) {
            const Look look = look_at(c, i * 0.1);
            most = std::max({most, moved(look, true), moved(look, false)});
        }
        EXPECT_GT(most, 0.1) << prompt << ": " << c.told();
    }
}

// No step from frame to frame that the eye takes for a cut, from the first frame on.
TEST(Motion, IsSmooth) {
    for (const char* prompt : kAll)
        for (const double loop : {0.0, 4.0}) {
            const Choreography c(shipped::words().read(prompt), sight(), kWidth, kHeight, 7, {1, 1, loop, 4});
            Look before = look_at(c, 0);
            for (int i = 1; i <= 96; i++) {
                const Look now = look_at(c, i / 24.0 == 4 && loop > 0 ? 0 : i / 24.0);
                double most = 0;
                for (size_t k = 0; k < now.first.x.size(); k++)
                    most = std::max<double>(
                        most, std::hypot(now.first.x[k] - before.first.x[k], now.first.y[k] - before.first.y[k]));
                // Flow begins anew while its look does not show.
                if (now.weight.empty()) {
                    EXPECT_LT(most, 0.05 * kHeight) << prompt << " at frame " << i << ", loop " << loop;
                }
                before = now;
            }
        }
}

TEST(Motion, ALoopClosesExactly) {
    for (const char* prompt : kAll) {
        const Choreography c(shipped::words().read(prompt), sight(), kWidth, kHeight, 7, {1, 1, 4, 4});
        const Look begin = look_at(c, 0), end = look_at(c, 4);
        for (size_t k = 0; k < begin.first.x.size(); k++) {
            ASSERT_NEAR(begin.first.x[k], end.first.x[k], 2e-3) << prompt;
            ASSERT_NEAR(begin.first.y[k], end.first.y[k], 2e-3) << prompt;
        }
    }
}

// Under a still camera what should stand does, but for a ring round whoever moves.
TEST(Motion, WhatShouldStandStands) {
    for (const char* prompt : {"sway", "bounce", "breathe", "pulse", "blink", "turn the head", "nod", "tremble", "spin",
                               "swim", "flap its wings"}) {
        const Choreography c(shipped::words().read(prompt), sight(), kWidth, kHeight, 7, {1, 1, 0, 4});
        double outside = 0, inside = 0;
        for (int i = 1; i <= 40; i++) {
            const Look look = look_at(c, i * 0.1);
            outside += moved(look, false) / 40, inside += moved(look, true) / 40;
        }
        EXPECT_LT(outside, 0.3) << prompt;
        EXPECT_GT(inside, 3 * outside) << prompt;
    }
    const Choreography none(shipped::words().read("nothing moves"), sight(), kWidth, kHeight, 7, {});
    EXPECT_TRUE(none.at_rest(5));
}

TEST(Motion, SeedsAndWordsVaryIt) {
    const auto at = [&](const char* prompt, int64_t seed, Settings settings = {}) {
        return look_at(Choreography(shipped::words().read(prompt), sight(), kWidth, kHeight, seed, settings), 1.3);
    };
    EXPECT_NE(at("sway", 1).first.x, at("sway", 2).first.x);
    EXPECT_EQ(at("sway", 1).first.x, at("sway", 1).first.x);
    const auto most = [&](const char* prompt, Settings settings = {}) {
        const Choreography c(shipped::words().read(prompt), sight(), kWidth, kHeight, 3, settings);
        double m = 0;
        for (int i = 0; i < 60; i++) m = std::max(m, moved(look_at(c, i * 0.1), true));
        return m;
    };
    EXPECT_LT(most("sway slightly"), 0.8 * most("sway"));
    EXPECT_GT(most("sway wildly"), 1.3 * most("sway"));
    EXPECT_GT(most("sway", {2, 1, 0, 0}), 1.5 * most("sway"));
}

}  // namespace
