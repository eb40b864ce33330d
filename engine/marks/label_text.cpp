// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See label_text.h. Coverage is exact: each edge leaves, in every row it passes, the area between it and the right end
// of each pixel, with the sign of its direction; summed up from the left these are the shares of the pixels that lie
// inside. Curves are cut into lines much shorter than a pixel's error could be seen.
#include "marks/label_text.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"

namespace zt::marks {

namespace {

struct Glyph {
    char32_t character;
    int advance;         // to the next one, in units
    int first, numbers;  // of kOutlines
};

#include "marks/label_glyphs.inc"

constexpr double kUnits = 1000.0;  // of an em
constexpr int kPieces = 12;        // of a curve

struct Point {
    double x, y;
};

const Glyph& glyph_of(char32_t character) {
    for (const Glyph& glyph : kGlyphs)
        if (glyph.character == character) return glyph;
    refuse(ZT_ERROR_INTERNAL, "label", "a character that has an outline",
           "U+" + std::to_string(static_cast<uint32_t>(character)));
}

// The edges of one text, in pixels.
class Edges {
public:
    Edges(int width, int height)
        : width_(width), height_(height), area_((static_cast<size_t>(width) + 2) * static_cast<size_t>(height)) {}

    void add(Point from, Point to) {
        if (from.y == to.y) return;
        const double direction = from.y < to.y ? 1.0 : -1.0;
        if (from.y > to.y) std::swap(from, to);
        const double slope = (to.x - from.x) / (to.y - from.y);
        const int first = std::max(0, static_cast<int>(std::floor(from.y)));
        const int last = std::min(height_ - 1, static_cast<int>(std::ceil(to.y)) - 1);
        for (int row = first; row <= last; ++row) {
            const double top = std::max<double>(row, from.y), bottom = std::min<double>(row + 1, to.y);
            if (bottom <= top) continue;
            add_to_row(row, from.x + (top - from.y) * slope, from.x + (bottom - from.y) * slope,
                       direction * (bottom - top));
        }
    }

    // [height, width], added to coverage.
    void finish(std::vector<float>& coverage) const {
        for (int row = 0; row < height_; ++row) {
            double sum = 0.0;
            for (int x = 0; x < width_; ++x) {
                sum += area_[at(row, x)];
                float& out = coverage[static_cast<size_t>(row) * static_cast<size_t>(width_) + static_cast<size_t>(x)];
                out = std::min(1.0F, out + static_cast<float>(std::min(1.0, std::abs(sum))));
            }
        }
    }

private:
    [[nodiscard]] size_t at(int row, int x) const {
        return static_cast<size_t>(row) * (static_cast<size_t>(width_) + 2) + static_cast<size_t>(x);
    }

    // An edge that goes from x0 to x1 inside one row, `height` of it high.
    void add_to_row(int row, double x0, double x1, double height) {
        const double most = width_;
        x0 = std::clamp(x0, 0.0, most);
        x1 = std::clamp(x1, 0.0, most);
        if (x0 > x1) std::swap(x0, x1);
        const int first = static_cast<int>(x0);
        const int last = std::max(first, static_cast<int>(std::ceil(x1)) - 1);
        for (int x = first; x <= last; ++x) {
            const double left = std::max<double>(x0, x), right = std::min<double>(x1, x + 1);
            const double part = x1 > x0 ? height * (right - left) / (x1 - x0) : height;
            const double inside = part * (x + 1 - (left + right) / 2.0);
            area_[at(row, x)] += inside;
            area_[at(row, x + 1)] += part - inside;
        }
    }

    const int width_, height_;
    std::vector<double> area_;  // [height, width + 2]
};

// One glyph, its origin at x, y.
void add_glyph(const Glyph& glyph, double x, double y, double em, Edges& edges) {
    const int16_t* word = kOutlines + glyph.first;
    const int16_t* const end = word + glyph.numbers;
    const auto point = [&] {
        const Point read{x + word[0] * em / kUnits, y - word[1] * em / kUnits};
        word += 2;
        return read;
    };
    Point start{}, now{};
    while (word != end) {
        const int16_t command = *word++;
        if (command == 'M') {
            edges.add(now, start);
            start = now = point();
        } else if (command == 'L') {
            const Point to = point();
            edges.add(now, to);
            now = to;
        } else {
            const Point a = now, b = point(), c = point(), d = point();
            for (int n = 1; n <= kPieces; ++n) {
                const double t = static_cast<double>(n) / kPieces, s = 1.0 - t;
                const Point to{s * s * s * a.x + 3 * s * s * t * b.x + 3 * s * t * t * c.x + t * t * t * d.x,
                               s * s * s * a.y + 3 * s * s * t * b.y + 3 * s * t * t * c.y + t * t * t * d.y};
                edges.add(now, to);
                now = to;
            }
        }
    }
    edges.add(now, start);
}

}  // namespace

double text_width(std::u32string_view text) {
    int units = 0;
    for (const char32_t character : text) units += glyph_of(character).advance;
    return units / kUnits;
}

void draw_text(std::u32string_view text, double x, double y, double em, int width, int height,
               std::vector<float>& coverage) {
    Edges edges(width, height);
    for (const char32_t character : text) {
        const Glyph& glyph = glyph_of(character);
        add_glyph(glyph, x, y, em, edges);
        x += glyph.advance * em / kUnits;
    }
    edges.finish(coverage);
}

}  // namespace zt::marks
