// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The visible label: size, place, contrast, and its letters' outlines.
#include "marks/label.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "core/error.h"
#include "marks/label_text.h"

namespace {

using namespace zt::marks;

constexpr LabelText kTexts[] = {LabelText::kEnglish, LabelText::kChinese};
constexpr LabelPlace kPlaces[] = {LabelPlace::kBottomLeft, LabelPlace::kBottomRight, LabelPlace::kTopLeft,
                                  LabelPlace::kTopRight};

std::vector<float> on_ground(const Label& label, int width, int height, float level) {
    std::vector<float> rgb(size_t{3} * static_cast<size_t>(width) * static_cast<size_t>(height), level);
    label.draw(rgb.data());
    return rgb;
}

TEST(Label, IsLargeEnoughAndWhereEveryScreenShowsIt) {
    for (const auto& [width, height] :
         {std::pair(64, 64), {128, 72}, {64, 512}, {512, 64}, {512, 288}, {288, 512}, {1920, 1080}, {4096, 2160}})
        for (const LabelText text : kTexts)
            for (const LabelPlace place : kPlaces) {
                const Label label(width, height, text, place);
                EXPECT_GE(label.capital_height(), 0.05 * std::min(width, height)) << width << "x" << height;
                EXPECT_GE(label.left() + 1, width / 20) << width << "x" << height;
                EXPECT_GE(label.top() + 1, height / 20) << width << "x" << height;
                EXPECT_LE(label.left() + label.plate_width(), width - width / 20 + 1) << width << "x" << height;
                EXPECT_LE(label.top() + label.plate_height(), height - height / 20 + 1) << width << "x" << height;
            }
}

TEST(Label, StandsInTheCornerAskedFor) {
    const auto corner = [](LabelPlace place) {
        const Label label(512, 288, LabelText::kEnglish, place);
        return std::pair(label.left() > 200, label.top() > 140);
    };
    EXPECT_EQ(corner(LabelPlace::kBottomLeft), std::pair(false, true));
    EXPECT_EQ(corner(LabelPlace::kBottomRight), std::pair(true, true));
    EXPECT_EQ(corner(LabelPlace::kTopLeft), std::pair(false, false));
    EXPECT_EQ(corner(LabelPlace::kTopRight), std::pair(true, false));
}

// WCAG 2.1 asks for a contrast of 4.5 : 1.
TEST(Label, CanBeReadOnAnyGround) {
    for (const float ground : {0.0F, 0.5F, 1.0F, 7.0F}) {
        const Label label(512, 288, LabelText::kChinese, LabelPlace::kBottomLeft);
        const std::vector<float> rgb = on_ground(label, 512, 288, ground);
        const size_t row = static_cast<size_t>(label.top() + label.plate_height() / 2) * 512;
        const auto first = rgb.begin() + static_cast<ptrdiff_t>(row) + label.left() + 3;
        const auto [darkest, lightest] = std::minmax_element(first, first + label.plate_width() - 6);
        EXPECT_GT(*lightest, 0.99F);
        const auto light = [](float value) { return std::pow((value + 0.055) / 1.055, 2.4); };
        EXPECT_GE((light(*lightest) + 0.05) / (light(*darkest) + 0.05), 4.5) << ground;
    }
}

TEST(Label, TouchesNothingElse) {
    const Label label(320, 200, LabelText::kEnglish, LabelPlace::kTopRight);
    const std::vector<float> rgb = on_ground(label, 320, 200, 1.5F);
    int changed = 0;
    for (int plane = 0; plane < 3; ++plane)
        for (int y = 0; y < 200; ++y)
            for (int x = 0; x < 320; ++x) {
                const bool inside = x >= label.left() && x < label.left() + label.plate_width() && y >= label.top() &&
                                    y < label.top() + label.plate_height();
                const float value = rgb[static_cast<size_t>((plane * 200 + y) * 320 + x)];
                changed += value != 1.5F;
                if (!inside) {
                    ASSERT_EQ(value, 1.5F);
                }
            }
    EXPECT_EQ(changed, 3 * label.plate_width() * label.plate_height());
}

// Laid over any ground, a cutout with the label shows what the label on that cutout's composite would.
TEST(Label, CoversWhatIsTransparent) {
    constexpr int kWidth = 320, kHeight = 180;
    constexpr size_t kPlane = size_t{kWidth} * kHeight;
    const Label label(kWidth, kHeight, LabelText::kEnglish, LabelPlace::kBottomLeft);
    for (const float ground : {0.0F, 0.4F, 1.0F}) {
        std::vector<float> rgb(3 * kPlane), alpha(kPlane), composite(3 * kPlane);
        for (size_t i = 0; i < kPlane; i++) {
            alpha[i] = i % 3 == 0 ? 0.0F : static_cast<float>(i % kWidth) / kWidth;
            for (size_t k = 0; k < 3; k++) {
                rgb[k * kPlane + i] = 0.3F * static_cast<float>(k);
                composite[k * kPlane + i] = rgb[k * kPlane + i] * alpha[i] + ground * (1 - alpha[i]);
            }
        }
        const std::vector<float> before = alpha;
        label.draw(composite.data());
        label.draw(rgb.data(), alpha.data());
        for (size_t i = 0; i < kPlane; i++) {
            ASSERT_GE(alpha[i], before[i] - 1e-6F);
            for (size_t k = 0; k < 3; k++)
                ASSERT_NEAR(rgb[k * kPlane + i] * alpha[i] + ground * (1 - alpha[i]), composite[k * kPlane + i], 1e-5F);
        }
        const size_t middle = static_cast<size_t>((label.top() + label.plate_height() / 2) * kWidth + label.left() + 2);
        EXPECT_GT(alpha[middle], 0.6F);  // the plate
    }
}

// The letter I of this font is a rectangle of 148 by 741 units: whatever the size and place, so much is covered.
TEST(LabelText, CoversWhatItsOutlineHolds) {
    for (const double em : {9.0, 20.0, 33.3, 120.0})
        for (const double x : {0.0, 0.25, 3.7}) {
            std::vector<float> coverage(200 * 200);
            draw_text(U"I", x, 150.4, em, 200, 200, coverage);
            EXPECT_NEAR(std::accumulate(coverage.begin(), coverage.end(), 0.0), 0.148 * 0.741 * em * em, 0.01) << em;
        }
}

TEST(LabelText, IsSmoothAtItsEdges) {
    std::vector<float> coverage(300 * 60);
    draw_text(U"AI 生成", 2.0, 40.0, 40.0, 300, 60, coverage);
    const auto between =
        std::count_if(coverage.begin(), coverage.end(), [](float c) { return c > 0.05F && c < 0.95F; });
    const auto full = std::count_if(coverage.begin(), coverage.end(), [](float c) { return c >= 0.95F; });
    EXPECT_GT(between, 200);
    EXPECT_GT(full, 600);
    EXPECT_EQ(std::count_if(coverage.begin(), coverage.end(), [](float c) { return c < 0.0F || c > 1.0F; }), 0);
}

// The hole of a letter is a hole.
TEST(LabelText, HasHoles) {
    std::vector<float> coverage(120 * 120);
    draw_text(U"e", 10.0, 100.0, 120.0, 120, 120, coverage);
    EXPECT_LT(coverage[static_cast<size_t>(58 * 120 + 46)], 0.01F);
    EXPECT_GT(*std::max_element(coverage.begin(), coverage.end()), 0.99F);
}

TEST(LabelText, IsCutAtTheEdgeOfItsRoom) {
    std::vector<float> coverage(20 * 20);
    draw_text(U"AI generated", -15.0, 25.0, 40.0, 20, 20, coverage);
    EXPECT_GT(std::accumulate(coverage.begin(), coverage.end(), 0.0), 10.0);
    EXPECT_THROW(draw_text(U"?", 0, 0, 10, 20, 20, coverage), zt::Error);
}

}  // namespace
