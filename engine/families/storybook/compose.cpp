// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See compose.h.
#include "families/storybook/compose.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <optional>

namespace zt::storybook {
namespace {

// Four floats that are worked on at once. A layer's pixel is two of them: fixed colour and tint; rim, cover, shade and
// nothing.
using Four = float __attribute__((vector_size(16)));
struct Pixel {
    Four colour, rest;
};
constexpr size_t kRest = 4;  // the first channel of `rest`
static_assert(kPixelFloats == 8 && kTint < kRest && kPaperEdge >= kRest);

[[gnu::always_inline]] inline Pixel load(const float* p) {
    Pixel pixel;
    std::memcpy(&pixel, p, sizeof pixel);
    return pixel;
}
[[gnu::always_inline]] inline bool shows(const Pixel& p) {
    return p.rest[kAlpha - kRest] > 0 || p.rest[kShadow - kRest] > 0;
}

// Of a pixel that has a colour of its own. What covers less, its neighbours colour: the quotient would be noise.
constexpr float kLeastAlpha = 0.04F;
// More than the pixels that colours go on. Of a fill: 4:2:0 looks at two. Of a cutout: a lossy codec's block, or a
// scaler's reach when it makes the picture a quarter as wide.
constexpr uint8_t kFar = 5, kCutoutFar = 17;
// So near to nothing or to all the decoder's alpha is noise: a haze around a sprite that is seen on a white ground.
constexpr float kNoise = 3.F / 255.F;

// From the picture's pixels to the layer's: u = a x + b y + c, v = d x + e y + f, centres at half numbers.
struct Map {
    double a, b, c, d, e, f;
};

struct Box {
    double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
    void add(double x, double y) {
        left = std::min(left, x), right = std::max(right, x), top = std::min(top, y), bottom = std::max(bottom, y);
    }
};

// Layer units to picture pixels is: size, lean, turn about the pivot, shift, view.
struct Forward {
    double xx, xy, yx, yy, x0, y0;  // picture = (xx u + xy v + x0, yx u + yy v + y0), u and v in units from the anchor
};
Forward forward_of(const View& view, const Placed& p) {
    const double c = std::cos(p.turn), s = std::sin(p.turn);
    // Sized and leant: (wide u - lean high v, high v); the anchor stays where it is.
    const double ax = p.wide, ay = -p.lean * p.high, by = p.high, pivot = p.pivot * p.high;
    Forward f{};
    f.xx = view.scale * c * ax, f.xy = view.scale * (c * ay - s * by);
    f.yx = view.scale * s * ax, f.yy = view.scale * (s * ay + c * by);
    f.x0 = view.x + view.scale * (p.x + s * pivot);
    f.y0 = view.y + view.scale * (p.y + pivot - c * pivot);
    return f;
}

// What a level shows at places along a row of the picture. Outside there is nothing.
class Sampler {
public:
    Sampler(const Layer& layer, const Level& level) : level_(level), ring_(layer.ring), down_(layer.reaches_down) {}

    // u, v: pixels of the level, centres at half numbers. Adds what is there, times weight.
    [[gnu::always_inline]] inline void add(double u, double v, float weight, Pixel& sum) const {
        u -= 0.5, v -= 0.5;
        const double fu = std::floor(u), fv = std::floor(v);
        const auto tu = static_cast<float>(u - fu), tv = static_cast<float>(v - fv);
        int x0 = static_cast<int>(fu), y0 = static_cast<int>(fv), x1 = x0 + 1, y1 = y0 + 1;
        if (ring_) {
            if (x0 < 0 || x0 >= level_.width) x0 %= level_.width, x0 += x0 < 0 ? level_.width : 0;
            x1 = x0 + 1 == level_.width ? 0 : x0 + 1;
        }
        if (down_) y0 = std::min(y0, level_.height - 1), y1 = std::min(y1, level_.height - 1);
        const float left = weight * (1 - tu), right = weight * tu;
        const float weights[4] = {left * (1 - tv), right * (1 - tv), left * tv, right * tv};
        if (x0 >= 0 && y0 >= 0 && x1 < level_.width && y1 < level_.height) {  // nearly always
            const Pixel a = load(at(x0, y0)), b = load(at(x1, y0)), c = load(at(x0, y1)), d = load(at(x1, y1));
            sum.colour += weights[0] * a.colour + weights[1] * b.colour + weights[2] * c.colour + weights[3] * d.colour;
            sum.rest += weights[0] * a.rest + weights[1] * b.rest + weights[2] * c.rest + weights[3] * d.rest;
            return;
        }
        const int xs[4] = {x0, x1, x0, x1}, ys[4] = {y0, y0, y1, y1};
        for (size_t i = 0; i < 4; i++) {
            if (static_cast<unsigned>(xs[i]) >= static_cast<unsigned>(level_.width) ||
                static_cast<unsigned>(ys[i]) >= static_cast<unsigned>(level_.height))
                continue;
            const Pixel p = load(at(xs[i], ys[i]));
            sum.colour += weights[i] * p.colour, sum.rest += weights[i] * p.rest;
        }
    }

    // The same along a row, v being the same for all of it: one sample per pixel, from a place where all four
    // neighbours are there.
    struct Row {
        const float *upper, *lower;
        float down;
    };
    [[nodiscard]] std::optional<Row> row(double v) const {
        v -= 0.5;
        const double fv = std::floor(v);
        int y0 = static_cast<int>(fv), y1 = y0 + 1;
        if (down_) y0 = std::min(y0, level_.height - 1), y1 = std::min(y1, level_.height - 1);
        if (y0 < 0 || y1 >= level_.height) return std::nullopt;
        return Row{at(0, y0), at(0, y1), static_cast<float>(v - fv)};
    }
    // u: from 0.5 to width - 0.5
    [[gnu::always_inline]] static inline Pixel get(const Row& row, double u) {
        u -= 0.5;
        const int x = static_cast<int>(u);
        const float right = static_cast<float>(u - x);
        const float *upper = row.upper + static_cast<size_t>(x) * kPixelFloats,
                    *lower = row.lower + static_cast<size_t>(x) * kPixelFloats;
        const Pixel a = load(upper), b = load(upper + kPixelFloats), c = load(lower), d = load(lower + kPixelFloats);
        const auto between = [&](const Four& p, const Four& q, const Four& r, const Four& s) {
            const Four up = p + (q - p) * right, low = r + (s - r) * right;
            return up + (low - up) * row.down;
        };
        return {between(a.colour, b.colour, c.colour, d.colour), between(a.rest, b.rest, c.rest, d.rest)};
    }
    [[nodiscard]] int width() const { return level_.width; }

    // Where something is between two lines of the level, in its pixels; from >= to: nothing.
    [[nodiscard]] std::pair<double, double> painted(double v_from, double v_to) const {
        const auto row = [&](double v) { return std::clamp(static_cast<int>(std::floor(v)), 0, level_.height - 1); };
        if (v_to < -0.5 || (v_from > level_.height + 0.5 && !down_)) return {0, 0};
        int from = level_.width, to = 0;
        for (int y = row(v_from - 0.5); y <= row(v_to + 0.5); y++) {
            const auto& span = level_.spans[static_cast<size_t>(y)];
            if (span.first < span.second) from = std::min(from, span.first), to = std::max(to, span.second);
        }
        return {from - 1.0, to + 1.0};
    }

private:
    [[nodiscard]] const float* at(int x, int y) const {
        return level_.pixels.data() +
               (static_cast<size_t>(y) * static_cast<size_t>(level_.width) + static_cast<size_t>(x)) * kPixelFloats;
    }
    const Level& level_;
    bool ring_, down_;
};

// What a layer's channels are worth on the picture.
struct Paint {
    Four mul, add, tint, rim;
    explicit Paint(const Placed& p) : mul(four(p.mul)), add(four(p.add)), tint(four(p.tint)), rim(four(p.rim)) {}

private:
    static Four four(const Rgb& c) { return Four{c[0], c[1], c[2], 0}; }
};

[[gnu::always_inline]] inline void lay(float* o, const Pixel& s, const Paint& p) {
    const float cover = s.rest[kAlpha - kRest], under = (1 - s.rest[kShadow - kRest]) * (1 - cover);
    Four out;
    std::memcpy(&out, o, sizeof out);
    out =
        out * under + p.mul * s.colour + p.add * cover + p.tint * s.colour[kTint] + p.rim * s.rest[kPaperEdge - kRest];
    std::memcpy(o, &out, sizeof out);
}

// The level whose pixels are nearest to the picture's, but not larger.
const Level& level_for(const Layer& layer, double picture_per_unit) {
    const Level* best = &layer.levels.front();
    for (const Level& level : layer.levels)
        if (level.scale >= 0.95 * picture_per_unit) best = &level;
    return *best;
}

// Compiled for processors with wider registers too; the same sums in the same order, so the same bytes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("avx2", "default")))
#endif
void draw_rows(Canvas& canvas, const Sampler& sampler, const Map& m, const Placed& p, int x0, int x1, int y0, int y1, int n, bool ring) {
    const float weight = p.opacity / static_cast<float>(n * n);
    const Paint paint(p);
    const bool level_rows = std::abs(m.d) < 1e-12 && std::abs(m.b) < 1e-12;  // neither turned nor leant
    for (int y = y0; y < y1; y++) {
        int from = x0, to = x1;
        if (level_rows) {
            const double v0 = m.e * y + m.f, v1 = m.e * (y + 1) + m.f;
            const auto [u0, u1] = sampler.painted(std::min(v0, v1), std::max(v0, v1));
            if (u0 >= u1) continue;
            if (!ring) {
                const double a = (u0 - m.c) / m.a, b = (u1 - m.c) / m.a;
                from = std::max<int>(from, static_cast<int>(std::floor(std::max(std::min(a, b) - 1, -1e6)))),
                to = std::min<int>(to, static_cast<int>(std::ceil(std::min(std::max(a, b) + 1, 1e6))));
            }
        }
        if (from >= to) continue;
        float* const line = canvas.row(y);
        const auto row = level_rows && n == 1 && p.opacity >= 1 ? sampler.row(m.e * (y + 0.5) + m.f) : std::nullopt;
        for (int x = from; x < to; x++) {
            if (row) {
                const double at = m.a * (x + 0.5) + m.c;
                const double c =
                    ring ? m.c - sampler.width() * std::floor(at / sampler.width()) : m.c;  // from here, once round
                for (double u = m.a * (x + 0.5) + c; x < to && u >= 0.5 && u < sampler.width() - 0.5;
                     u = m.a * (++x + 0.5) + c) {
                    const Pixel there = Sampler::get(*row, u);
                    if (shows(there)) lay(line + 4 * static_cast<size_t>(x), there, paint);
                }
                if (x == to) break;
            }
            Pixel sum{};
            for (int j = 0; j < n; j++)
                for (int i = 0; i < n; i++) {
                    const double px = x + (i + 0.5) / n, py = y + (j + 0.5) / n;
                    sampler.add(m.a * px + m.b * py + m.c, m.d * px + m.e * py + m.f, weight, sum);
                }
            if (shows(sum)) lay(line + 4 * static_cast<size_t>(x), sum, paint);
        }
    }
}

}  // namespace

void complete(Layer& layer, int count) {
    while (static_cast<int>(layer.levels.size()) < count) {
        const Level& from = layer.levels.back();
        Level half;
        half.width = from.width / 2, half.height = from.height / 2, half.scale = from.scale / 2;
        half.pixels.resize(static_cast<size_t>(half.width) * static_cast<size_t>(half.height) * kPixelFloats);
        for (int y = 0; y < half.height; y++)
            for (int x = 0; x < half.width; x++)
                for (size_t k = 0; k < kPixelFloats; k++) {
                    const auto at = [&](int i, int j) {
                        return from.pixels[(static_cast<size_t>(2 * y + j) * static_cast<size_t>(from.width) +
                                            static_cast<size_t>(2 * x + i)) *
                                               kPixelFloats +
                                           k];
                    };
                    half.pixels[(static_cast<size_t>(y) * static_cast<size_t>(half.width) + static_cast<size_t>(x)) *
                                    kPixelFloats +
                                k] = 0.25F * (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1));
                }
        layer.levels.push_back(std::move(half));
    }
    for (Level& level : layer.levels)
        for (int y = 0; y < level.height; y++) {
            int from = level.width, to = 0;
            for (int x = 0; x < level.width; x++) {
                const float* p =
                    level.pixels.data() +
                    (static_cast<size_t>(y) * static_cast<size_t>(level.width) + static_cast<size_t>(x)) * kPixelFloats;
                if (p[kAlpha] > 0 || p[kShadow] > 0) from = std::min(from, x), to = x + 1;
            }
            level.spans.emplace_back(from, to);
        }
}

void compose(Canvas& canvas, const View& view, const Placed& p) {
    const Layer& layer = *p.layer;
    const Forward f = forward_of(view, p);
    const double det = f.xx * f.yy - f.xy * f.yx;
    if (p.opacity <= 0 || !(std::abs(det) > 1e-6)) return;
    const Level& level = level_for(layer, std::min(std::hypot(f.xx, f.yx), std::hypot(f.xy, f.yy)));
    const double k = level.scale / det;
    const Map m{k * f.yy,  -k * f.xy, k * (f.xy * f.y0 - f.yy * f.x0) - layer.left * level.scale,
                -k * f.yx, k * f.xx,  k * (f.yx * f.x0 - f.xx * f.y0) - layer.top * level.scale};
    // What of the picture it can touch: a pixel's width more than its corners.
    Box box;
    const double right = layer.left + level.width / level.scale, bottom = layer.top + level.height / level.scale;
    for (const double u : {layer.left, right})
        for (const double v : {layer.top, bottom}) box.add(f.xx * u + f.xy * v + f.x0, f.yx * u + f.yy * v + f.y0);
    const int x0 = layer.ring ? 0 : static_cast<int>(std::max(0.0, std::floor(box.left - 1))),
              x1 = layer.ring ? canvas.width
                              : static_cast<int>(std::min<double>(canvas.width, std::ceil(box.right + 1)));
    const int y0 = static_cast<int>(std::max(0.0, std::floor(box.top - 1))),
              y1 = layer.reaches_down ? canvas.height
                                      : static_cast<int>(std::min<double>(canvas.height, std::ceil(box.bottom + 1)));
    // As many samples per pixel as a pixel of the picture covers of the level's, so that nothing flickers when it
    // moves.
    const int n =
        std::clamp(static_cast<int>(std::ceil(std::max(std::hypot(m.a, m.d), std::hypot(m.b, m.e)) - 0.35)), 1, 4);
    draw_rows(canvas, Sampler(layer, level), m, p, x0, x1, y0, y1, n, layer.ring);
}

void fill_sky(Canvas& canvas, const View& view, const Rgb& top, const Rgb& low, double horizon) {
    for (int y = 0; y < canvas.height; y++) {
        const auto t = static_cast<float>(std::clamp((y + 0.5 - view.y) / (view.scale * horizon), 0.0, 1.0));
        float* o = canvas.row(y);
        for (int x = 0; x < canvas.width; x++, o += 4)
            for (size_t k = 0; k < 3; k++) o[k] = top[k] + (low[k] - top[k]) * t;
    }
}

void veil(Canvas& canvas, const Rgb& colour, float strength) {
    for (size_t at = 0; at < canvas.pixels.size(); at += 4)
        for (size_t k = 0; k < 3; k++) canvas.pixels[at + k] += (colour[k] - canvas.pixels[at + k]) * strength;
}

void dash(Canvas& canvas, double x, double y, double dx, double dy, double radius, const Rgb& colour, float opacity) {
    const double reach = radius + 1, length = dx * dx + dy * dy;
    const int left = static_cast<int>(std::max(0.0, std::floor(std::min(x, x + dx) - reach))),
              right = static_cast<int>(std::min<double>(canvas.width, std::ceil(std::max(x, x + dx) + reach)));
    const int top = static_cast<int>(std::max(0.0, std::floor(std::min(y, y + dy) - reach))),
              bottom = static_cast<int>(std::min<double>(canvas.height, std::ceil(std::max(y, y + dy) + reach)));
    for (int py = top; py < bottom; py++)
        for (int px = left; px < right; px++) {
            const double ox = px + 0.5 - x, oy = py + 0.5 - y;
            const double t = length > 0 ? std::clamp((ox * dx + oy * dy) / length, 0.0, 1.0) : 0.0;
            const double d = std::hypot(ox - t * dx, oy - t * dy) - radius;
            const float a = opacity * static_cast<float>(std::clamp(0.5 - d / 1.5, 0.0, 1.0));
            if (a <= 0) continue;
            float* o = canvas.row(py) + static_cast<size_t>(px) * 4;
            for (size_t k = 0; k < 3; k++) o[k] += (colour[k] - o[k]) * a;
        }
}

void blend(Canvas& canvas, const Canvas& other, float weight) {
    for (size_t i = 0; i < canvas.pixels.size(); i++) canvas.pixels[i] += (other.pixels[i] - canvas.pixels[i]) * weight;
}

void clear(Canvas& canvas) {
    for (size_t at = 0; at < canvas.pixels.size(); at += 4)
        canvas.pixels[at] = canvas.pixels[at + 1] = canvas.pixels[at + 2] = 0, canvas.pixels[at + 3] = 1;
}

void write_key(const Canvas& canvas, float* rgb) {
    const size_t plane = static_cast<size_t>(canvas.width) * static_cast<size_t>(canvas.height);
    for (size_t i = 0; i < plane; i++)
        for (size_t k = 0; k < 3; k++) rgb[k * plane + i] = 1 - canvas.pixels[4 * i + 3];
}

namespace {

// far: pixels that colours go on.
void write_colours(const Canvas& canvas, uint8_t far, float* rgb) {
    const size_t plane = static_cast<size_t>(canvas.width) * static_cast<size_t>(canvas.height);
    std::vector<uint8_t> steps(plane);  // from something drawn; far: too many
    for (size_t i = 0; i < plane; i++) {
        const float alpha = 1 - canvas.pixels[4 * i + 3];
        const bool drawn = alpha >= kLeastAlpha;
        steps[i] = drawn ? 0 : far;
        for (size_t k = 0; k < 3; k++) rgb[k * plane + i] = drawn ? canvas.pixels[4 * i + k] / alpha : 0;
    }
    // Along a line of the picture, there and back: who has no colour takes that of the one before.
    const auto go_on = [&](size_t first, size_t count, std::ptrdiff_t step) {
        for (size_t n = 1, i = first; n < count; n++) {
            const size_t next = i + static_cast<size_t>(step);
            if (steps[i] + 1 < steps[next]) {
                steps[next] = static_cast<uint8_t>(steps[i] + 1);
                for (size_t k = 0; k < 3; k++) rgb[k * plane + next] = rgb[k * plane + i];
            }
            i = next;
        }
    };
    const auto w = static_cast<size_t>(canvas.width), h = static_cast<size_t>(canvas.height);
    const auto down = static_cast<std::ptrdiff_t>(w);
    for (size_t y = 0; y < h; y++) go_on(y * w, w, 1), go_on(y * w + w - 1, w, -1);
    for (size_t x = 0; x < w; x++) go_on(x, h, down), go_on(plane - w + x, h, -down);
}

}  // namespace

void write_fill(const Canvas& canvas, float* rgb) { write_colours(canvas, kFar, rgb); }

void write_cutout(const Canvas& canvas, float* rgb, float* alpha) {
    write_colours(canvas, kCutoutFar, rgb);
    const size_t plane = static_cast<size_t>(canvas.width) * static_cast<size_t>(canvas.height);
    for (size_t i = 0; i < plane; i++)
        alpha[i] = std::clamp((1 - canvas.pixels[4 * i + 3] - kNoise) / (1 - 2 * kNoise), 0.F, 1.F);
}

void write_planar(const Canvas& canvas, float* rgb) {
    const size_t plane = static_cast<size_t>(canvas.width) * static_cast<size_t>(canvas.height);
    for (size_t i = 0; i < plane; i++)
        for (size_t k = 0; k < 3; k++) rgb[k * plane + i] = canvas.pixels[4 * i + k];
}

}  // namespace zt::storybook
