// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The visible label: white letters on a dark, half transparent plate, so that it can be read on any picture. Its
// capitals are at least 5 % of the shorter side high (GB 45438-2025, 5.2), and it lies within the middle 90 % of the
// picture that every screen shows (the safe area of EBU R 95 and SMPTE ST 2046-1).
#pragma once

#include <vector>

namespace zt::marks {

enum class LabelText { kEnglish, kChinese };
enum class LabelPlace { kBottomLeft, kBottomRight, kTopLeft, kTopRight };

// One size. Immutable once made; thread-safe.
class Label {
public:
    // Sides of at least 16 pixels. Below some 100 pixels of height the letters are larger than 5 %, as far as they fit.
    Label(int width, int height, LabelText text, LabelPlace place);
    // rgb: [3, height, width]. Under the label values are clamped to 0..1.
    void draw(float* rgb) const;
    // The same over a picture with straight alpha, [height, width]: plate and letters cover what is transparent, too.
    void draw(float* rgb, float* alpha) const;

    // The plate, in pixels, and the height of a capital.
    [[nodiscard]] int left() const noexcept { return left_; }
    [[nodiscard]] int top() const noexcept { return top_; }
    [[nodiscard]] int plate_width() const noexcept { return plate_width_; }
    [[nodiscard]] int plate_height() const noexcept { return plate_height_; }
    [[nodiscard]] double capital_height() const noexcept;

private:
    const int width_, height_;
    double em_ = 0.0;
    int left_ = 0, top_ = 0, plate_width_ = 0, plate_height_ = 0;
    std::vector<float> kept_, added_;  // [plate_height, plate_width]: out = in * kept + added
};

}  // namespace zt::marks
