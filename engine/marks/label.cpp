// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See label.h.
#include "marks/label.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "marks/label_text.h"

namespace zt::marks {

namespace {

constexpr double kCapital = 0.741;              // of an em, in this font
constexpr double kShare = 0.055;                // height of a capital, of the shorter side: a little more than asked
constexpr double kLeastEm = 12.0;               // pixels: smaller letters cannot be read
constexpr double kMargin = 0.05;                // of a side, outside of the safe area
constexpr double kBeside = 0.35, kAbove = 0.1;  // of an em, from the text to the plate's edge
constexpr double kCorner = 0.2;                 // of an em
constexpr float kPlate = 0.65F;                 // how dark the plate is

// How much of a pixel lies on a plate with round corners.
float on_plate(int x, int y, int width, int height, double radius) {
    const double across = std::max({radius - (x + 0.5), (x + 0.5) - (width - radius), 0.0});
    const double down = std::max({radius - (y + 0.5), (y + 0.5) - (height - radius), 0.0});
    return static_cast<float>(std::clamp(radius - std::hypot(across, down) + 0.5, 0.0, 1.0));
}

}  // namespace

Label::Label(int width, int height, LabelText text, LabelPlace place) : width_(width), height_(height) {
    const std::u32string_view words = text == LabelText::kEnglish ? U"AI generated" : U"AI 生成";
    const double length = text_width(words) + 2.0 * kBeside;
    const double high = kAboveBaseline + kBelowBaseline + 2.0 * kAbove;
    const double room = 1.0 - 2.0 * kMargin;
    em_ = std::max(kShare / kCapital * std::min(width, height), kLeastEm);
    em_ = std::min({em_, room * width / length, room * height / high});
    plate_width_ = std::min(width, static_cast<int>(std::ceil(length * em_)));
    plate_height_ = std::min(height, static_cast<int>(std::ceil(high * em_)));
    const int beside = static_cast<int>(std::ceil(kMargin * width)),
              above = static_cast<int>(std::ceil(kMargin * height));
    const bool right = place == LabelPlace::kBottomRight || place == LabelPlace::kTopRight;
    const bool low = place == LabelPlace::kBottomLeft || place == LabelPlace::kBottomRight;
    left_ = std::max(0, right ? width - beside - plate_width_ : std::min(beside, width - plate_width_));
    top_ = std::max(0, low ? height - above - plate_height_ : std::min(above, height - plate_height_));

    const size_t pixels = static_cast<size_t>(plate_width_) * static_cast<size_t>(plate_height_);
    added_.resize(pixels);
    // The baseline on the edge of a row: letters stand on it.
    draw_text(words, kBeside * em_, std::round((kAbove + kAboveBaseline) * em_), em_, plate_width_, plate_height_,
              added_);
    kept_.reserve(pixels);
    for (int y = 0; y < plate_height_; ++y)
        for (int x = 0; x < plate_width_; ++x)
            kept_.push_back((1.0F - kPlate * on_plate(x, y, plate_width_, plate_height_, kCorner * em_)) *
                            (1.0F - added_[kept_.size()]));
}

double Label::capital_height() const noexcept { return kCapital * em_; }

void Label::draw(float* rgb) const {
    for (int plane = 0; plane < 3; ++plane) {
        for (int y = 0; y < plate_height_; ++y) {
            float* const row = rgb + (static_cast<ptrdiff_t>(plane) * height_ + top_ + y) * width_ + left_;
            const ptrdiff_t at = static_cast<ptrdiff_t>(y) * plate_width_;
            const float* const kept = kept_.data() + at;
            const float* const added = added_.data() + at;
            for (int x = 0; x < plate_width_; ++x) row[x] = std::clamp(row[x], 0.0F, 1.0F) * kept[x] + added[x];
        }
    }
}

// T. Porter, T. Duff, "Compositing digital images", SIGGRAPH 1984: the label `over` the picture, whose colours are
// multiplied by their alpha for it, and divided by the new one.
void Label::draw(float* rgb, float* alpha) const {
    const ptrdiff_t plane = static_cast<ptrdiff_t>(height_) * width_;
    for (int y = 0; y < plate_height_; ++y) {
        const ptrdiff_t row = static_cast<ptrdiff_t>(top_ + y) * width_ + left_;
        for (int x = 0; x < plate_width_; ++x) {
            const size_t at = static_cast<size_t>(y) * static_cast<size_t>(plate_width_) + static_cast<size_t>(x);
            const float below = std::clamp(alpha[row + x], 0.0F, 1.0F) * kept_[at];
            const float covered = 1.0F - kept_[at] + below;
            if (covered <= 0.0F) continue;  // a corner of the plate, with nothing behind
            alpha[row + x] = covered;
            for (int component = 0; component < 3; ++component) {
                float& value = rgb[component * plane + row + x];
                value = (std::clamp(value, 0.0F, 1.0F) * below + added_[at]) / covered;
            }
        }
    }
}

}  // namespace zt::marks
