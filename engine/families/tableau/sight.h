// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What is seen in a picture: soft maps of its parts, worked on small. Torch-free.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace zt::tableau {

// Values over a picture, whatever its size. Place (0, 0) is the picture's upper left corner, (1, 1) its lower right
// one.
struct Map {
    int width = 0, height = 0;
    std::vector<float> values;  // [height, width]
    Map() = default;
    Map(int w, int h, float value = 0)
        : width(w), height(h), values(static_cast<size_t>(w) * static_cast<size_t>(h), value) {}
    [[nodiscard]] float* row(int y) { return values.data() + static_cast<size_t>(y) * static_cast<size_t>(width); }
    [[nodiscard]] const float* row(int y) const {
        return values.data() + static_cast<size_t>(y) * static_cast<size_t>(width);
    }
    // Between the values, linearly; outside the nearest one.
    [[nodiscard]] float at(float x, float y) const;
    [[nodiscard]] float mean() const;
};

// Something round, seen from the front or from above: an ellipse that does not lean. In units of the picture's height.
struct Disc {
    float x = 0, y = 0, across = 0, high = 0;  // its middle, half its width and half its height
    float rim = 0;                             // share of its rim that is seen, 0..1
    [[nodiscard]] bool operator==(const Disc&) const = default;
};

// The parts of a picture, 0..1, all maps of one size.
struct Sight {
    Map subject;  // who or what the picture is of
    Map depth;    // 0 far, 1 near
    Map sky, water, foliage;
    Map specks;    // small things that may fall, of a size of its own; without cells where there are none or they were
                   // not looked for
    Map open_sky;  // see open_sky.h; without cells where it was not looked for
    Map fire;      // flames; without cells where there are none or they were not looked for
    std::vector<Disc> discs;  // round things, the clearest first; none where they were not looked for
    std::vector<Disc> eyes;   // two or none; likewise
    float sure = 0;           // how far `subject` is to be trusted, 0..1
    bool given = false;       // `subject` came with the picture (a mask, an alpha channel)
    bool exact = false;       // ... or was cut out along its edge: it ends where it ends
};

// Maps have so many values along the longer side of the picture.
inline constexpr int kSightSide = 320;
// Sky, water or leaves are there from such a mean on.
inline constexpr float kLeastOfAPart = 0.025F;

// A map of width x height values from a picture of any size: each is the mean of the samples it covers, at least one,
// divided by `full`. Sum: what sample(x, y) is added up in.
template <class Sum, class Sample>
[[nodiscard]] Map means_of(int from_width, int from_height, int width, int height, float full, Sample sample) {
    Map out(width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const auto first = [](int i, int n, int from) {
                return static_cast<int>(static_cast<int64_t>(i) * from / n);
            };
            const int x0 = first(x, width, from_width), x1 = std::max(x0 + 1, first(x + 1, width, from_width));
            const int y0 = first(y, height, from_height), y1 = std::max(y0 + 1, first(y + 1, height, from_height));
            Sum sum = 0;
            for (int v = y0; v < y1; v++)
                for (int u = x0; u < x1; u++) sum += sample(u, v);
            out.row(y)[x] = static_cast<float>(sum) / (full * static_cast<float>((x1 - x0) * (y1 - y0)));
        }
    return out;
}

// The values, 0..255, [height, width] of any size, as a map of a sight's size.
[[nodiscard]] Map map_of(const std::vector<uint8_t>& values, int width, int height, const Map& like);

// What can be said of any picture unseen: somebody stands in the middle, what is lower is nearer. Nothing is sure.
[[nodiscard]] Sight expect(int width, int height);

// Somebody's rectangle and whether the picture's edge cuts him, from a map of where he is.
struct Body {
    float left = 0, top = 0, right = 1, bottom = 1;  // of the picture's sides
    float area = 0;                                  // share of the picture
    bool cut_below = false, cut_beside = false;
    float round = 0;  // how much of its rectangle's ellipse it fills and keeps to, 0..1
};
// exact: the map ends where he ends; guessed outlines end a little before the picture's edge though he does not.
[[nodiscard]] Body body_of(const Map& subject, bool exact = false);

// 0 up to t = 0, 1 from t = 1 on, without a corner between.
[[nodiscard]] inline float smooth(float t) {
    t = std::clamp(t, 0.F, 1.F);
    return t * t * (3 - 2 * t);
}

// Grows by `radius` (in widths of a value) and then fades over as much.
[[nodiscard]] Map spread(const Map& map, float radius);
// Mean over a square of 2 * radius + 1 values, three times: nearly a Gaussian.
[[nodiscard]] Map blurred(const Map& map, int radius);

}  // namespace zt::tableau
