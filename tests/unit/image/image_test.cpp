// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What holds of every resampling, the shapes of fitted pictures, and refusals (image/). Bytes are compared
// with Pillow in tests/parity/image_test.py.
#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"
#include "image/clip_pixels.h"
#include "image/fit.h"
#include "image/turn.h"

namespace {

using namespace zt::image;

Picture plain(int64_t width, int64_t height, uint8_t value) {
    return {width, height, std::vector<uint8_t>(static_cast<size_t>(width * height * 3), value)};
}

bool all_are(const Picture& p, uint8_t value) {
    return std::all_of(p.rgb.begin(), p.rgb.end(), [value](uint8_t v) { return v == value; });
}

TEST(Resize, KeepsAPlainColourAtEverySize) {
    for (const Filter filter : {Filter::kBilinear, Filter::kBicubic, Filter::kLanczos})
        for (const int64_t size : {1, 2, 5, 64, 97, 500})
            for (const int level : {0, 1, 128, 254, 255}) {
                const auto value = static_cast<uint8_t>(level);
                const Picture made = resize(plain(33, 20, value), size, 98 - std::min<int64_t>(size, 97), filter);
                ASSERT_TRUE(all_are(made, value)) << size;
                ASSERT_EQ(made.rgb.size(), static_cast<size_t>(made.width * made.height * 3));
            }
}

TEST(Resize, SameSizeIsTheSamePicture) {
    Picture p = plain(5, 4, 0);
    for (size_t i = 0; i < p.rgb.size(); ++i) p.rgb[i] = static_cast<uint8_t>(i * 41);
    EXPECT_EQ(resize(p, 5, 4, Filter::kLanczos).rgb, p.rgb);
    EXPECT_EQ(fit(p, 5, 4, ZT_FIT_CROP, Filter::kBicubic).rgb, p.rgb);
    EXPECT_EQ(fit(p, 5, 4, ZT_FIT_PAD, Filter::kBicubic).rgb, p.rgb);
}

TEST(Fit, PadsWithBlackAndCropsTheSides) {
    const Picture padded = fit(plain(100, 50, 200), 40, 40, ZT_FIT_PAD, Filter::kBicubic);
    EXPECT_EQ(padded.rgb[0], 0);
    EXPECT_EQ(padded.rgb[(10 * 40 + 20) * 3], 200);
    EXPECT_EQ(padded.rgb[(29 * 40 + 20) * 3], 200);
    EXPECT_EQ(padded.rgb[(30 * 40 + 20) * 3], 0);
    EXPECT_TRUE(all_are(fit(plain(100, 50, 200), 40, 40, ZT_FIT_CROP, Filter::kBicubic), 200));
    EXPECT_TRUE(all_are(fit(plain(16384, 1, 9), 64, 64, ZT_FIT_CROP, Filter::kLanczos), 9));
    EXPECT_EQ(fit(plain(16384, 1, 9), 64, 64, ZT_FIT_PAD, Filter::kLanczos).rgb[(32 * 64 + 3) * 3], 9);
}

TEST(Picture, OddOnesAreRefused) {
    EXPECT_THROW((void)resize(plain(4, 4, 0), 0, 4, Filter::kBicubic), zt::Error);
    EXPECT_THROW((void)resize(plain(4, 4, 0), 4, kMaxSide + 1, Filter::kBicubic), zt::Error);
    EXPECT_THROW((void)resize(plain(4, 4, 0), 16384, 16384, Filter::kBicubic), zt::Error);
    EXPECT_THROW((void)resize(Picture{4, 4, {}}, 4, 4, Filter::kBicubic), zt::Error);
    EXPECT_THROW((void)resize(Picture{-4, 4, {}}, 4, 4, Filter::kBicubic), zt::Error);
    EXPECT_THROW((void)resize(Picture{INT64_MAX, INT64_MAX, {}}, 4, 4, Filter::kBicubic), zt::Error);
    EXPECT_THROW((void)crop(plain(4, 4, 0), 1, 0, 4, 4), zt::Error);
    EXPECT_THROW((void)crop(plain(4, 4, 0), -1, 0, 2, 2), zt::Error);
    EXPECT_THROW((void)crop(plain(4, 4, 0), INT64_MAX, 0, 2, 2), zt::Error);
    EXPECT_THROW((void)centre_crop(plain(4, 4, 0), 5, 4), zt::Error);
    EXPECT_THROW((void)clip_pixels(plain(1000, 2, 0), 336), zt::Error);
    EXPECT_THROW((void)clip_pixels(plain(10, 10, 0), 0), zt::Error);
}

TEST(ClipPixels, AreNormalisedPlanes) {
    const auto planes = clip_pixels(plain(50, 40, 255), 28);
    ASSERT_EQ(planes.size(), 3U * 28 * 28);
    EXPECT_NEAR(planes.front(), (1.0 - 0.48145466) / 0.26862954, 1e-6);
    EXPECT_NEAR(planes.back(), (1.0 - 0.40821073) / 0.27577711, 1e-6);
}

// The corners of a stored picture 3 wide and 2 high, a to f, written as they must stand.
TEST(Turn, EachOrientationOfExif) {
    const struct {
        int orientation;
        int64_t width;
        const char* upright;
    } cases[] = {{0, 3, "abcdef"}, {1, 3, "abcdef"}, {2, 3, "cbafed"}, {3, 3, "fedcba"}, {4, 3, "defabc"},
                 {5, 2, "adbecf"}, {6, 2, "daebfc"}, {7, 2, "fcebda"}, {8, 2, "cfbead"}};
    Picture stored{3, 2, {}};
    for (const char letter : std::string("abcdef"))
        for (int component = 0; component < 3; ++component)
            stored.rgb.push_back(static_cast<uint8_t>(letter + 50 * component));
    for (const auto& c : cases) {
        const Picture upright = zt::image::turn(stored, c.orientation);
        EXPECT_EQ(upright.width, c.width) << c.orientation;
        EXPECT_EQ(upright.height, 6 / c.width) << c.orientation;
        ASSERT_EQ(upright.rgb.size(), 18U);
        for (size_t i = 0; i < 18; ++i)
            EXPECT_EQ(upright.rgb[i], static_cast<uint8_t>(c.upright[i / 3] + 50 * (i % 3))) << c.orientation;
        const std::vector<uint8_t> plane = zt::image::turn_plane({'a', 'b', 'c', 'd', 'e', 'f'}, 3, 2, c.orientation);
        EXPECT_EQ(std::string(plane.begin(), plane.end()), c.upright) << c.orientation;
    }
    EXPECT_THROW((void)zt::image::turn_plane({1, 2, 3}, 3, 2, 6), zt::Error);
    EXPECT_THROW((void)zt::image::turn_plane({}, -3, 2, 6), zt::Error);
    EXPECT_THROW((void)zt::image::turn(Picture{3, 2, {}}, 6), zt::Error);
}

}  // namespace
