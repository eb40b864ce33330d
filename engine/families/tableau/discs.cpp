// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See discs.h.
#include "families/tableau/discs.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "families/tableau/channel.h"

namespace zt::tableau {
namespace {

constexpr int kSide = 224;  // worked on along the longer side
constexpr std::array<float, 3> kHigh{1, 0.77F, 0.57F};
constexpr float kEdge = 0.02F;  // the least change of brightness or colour from one value to the next, of full scale
constexpr int kLooks = 96;      // places of a rim
constexpr float kLeast = 0.6F;  // of a rim must be seen,
constexpr float kSize = 1.8F,
                kLeastWorth = 1.3F;  // and more of a small one: with kSize times the root of half its width
constexpr float kSmallest = 0.05F, kLargest = 0.5F;  // radii, of the picture's shorter side
constexpr size_t kMost = 4, kMostInAFace = 12;
constexpr int kMostOfARadius = 6;
constexpr float kClearEye = 0.65F;   // of an eye's rim is seen
constexpr float kOtherEye = 0.2F;    // of full scale, at most, is one eye darker, or redder, than the other
constexpr float kFaceHeight = 0.6F;  // of somebody, from above: where eyes are looked for

struct Edges {
    int width, height;
    std::vector<float> dx, dy, size;  // of the gradient, unit direction and length
    std::vector<float> gradients;     // of the three channels, x and y
    [[nodiscard]] size_t at(int x, int y) const {
        return static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x);
    }
};

// Gradients of all channels; direction and size are those of the channel where it is largest.
Edges edges_of(const Texture& t, int w, int h) {
    Edges e{w, h, std::vector<float>(static_cast<size_t>(w) * static_cast<size_t>(h)), {}, {}, {}};
    e.dy = e.size = e.dx;
    e.gradients.resize(6 * e.size.size());
    for (size_t c = 0; c < 3; c++) {
        // Without a blur, or as many pixels in a value, a hard edge has the direction of its pixels' corners.
        const Map m = blurred(channel_of(t, c, w, h), t.width < 2 * w ? 1 : 0);
        for (int y = 1; y + 1 < h; y++)
            for (int x = 1; x + 1 < w; x++) {
                const auto v = [&](int i, int j) { return m.row(y + j)[x + i]; };
                const float gx = (v(1, -1) + 2 * v(1, 0) + v(1, 1) - v(-1, -1) - 2 * v(-1, 0) - v(-1, 1)) / 8,
                            gy = (v(-1, 1) + 2 * v(0, 1) + v(1, 1) - v(-1, -1) - 2 * v(0, -1) - v(1, -1)) / 8;
                const float size = std::hypot(gx, gy);
                const size_t i = e.at(x, y);
                e.gradients[6 * i + 2 * c] = gx, e.gradients[6 * i + 2 * c + 1] = gy;
                if (size > e.size[i])
                    e.size[i] = size, e.dx[i] = gx / std::max(size, 1e-6F), e.dy[i] = gy / std::max(size, 1e-6F);
            }
    }
    return e;
}

// How much of a circle's rim is an edge from one colour to another, all round the same two ways, less what goes the
// other way; 0..1. What lies outside the picture is not seen. Texture has edges everywhere, but not all from dark to
// light.
float seen_of_rim(const Edges& e, float x, float y, float r) {
    std::array<std::array<float, 3>, kLooks> looks{};
    std::array<float, 3> sum{};
    for (int k = 0; k < kLooks; k++) {
        const float a = 6.2831853F * static_cast<float>(k) / kLooks, c = std::cos(a), s = std::sin(a);
        size_t i = 0;
        float clearest = 0;
        for (const float off : {-0.7F, 0.F, 0.7F}) {
            const int u = static_cast<int>(std::lround(x + (r + off) * c)),
                      v = static_cast<int>(std::lround(y + (r + off) * s));
            if (u < 1 || v < 1 || u + 1 >= e.width || v + 1 >= e.height) continue;
            const size_t at = e.at(u, v);
            if (e.size[at] >= std::max(clearest, 0.5F * kEdge) && std::abs(e.dx[at] * c + e.dy[at] * s) >= 0.85F)
                clearest = e.size[at], i = at;
        }
        if (clearest == 0) continue;
        for (size_t ch = 0; ch < 3; ch++) {
            looks[static_cast<size_t>(k)][ch] = e.gradients[6 * i + 2 * ch] * c + e.gradients[6 * i + 2 * ch + 1] * s;
            sum[ch] += std::clamp(looks[static_cast<size_t>(k)][ch], -4 * kEdge, 4 * kEdge);
        }
    }
    const float length = std::sqrt(sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]);
    if (length <= 0) return 0;
    float agree = 0;
    for (const auto& look : looks) {
        const float along = (look[0] * sum[0] + look[1] * sum[1] + look[2] * sum[2]) / length;
        agree += along > 0.7F * kEdge ? 1.F : along < -0.7F * kEdge ? -1.F : 0.F;
    }
    return std::max(0.F, agree / kLooks);
}

struct Circle {
    float x, y, r, rim;
};

// Circles of radius r: the places that most edges point to, one radius away.
void find_circles(const Edges& e, int r, std::vector<float>& votes, std::vector<Circle>& out) {
    std::fill(votes.begin(), votes.end(), 0.F);
    const auto radius = static_cast<float>(r);
    for (int y = 1; y + 1 < e.height; y++)
        for (int x = 1; x + 1 < e.width; x++) {
            const size_t i = e.at(x, y);
            if (e.size[i] < kEdge) continue;
            for (const float side : {-radius, radius}) {
                const int u = static_cast<int>(std::lround(static_cast<float>(x) + side * e.dx[i])),
                          v = static_cast<int>(std::lround(static_cast<float>(y) + side * e.dy[i]));
                if (u >= 0 && v >= 0 && u < e.width && v < e.height) votes[e.at(u, v)]++;
            }
        }
    for (int n = 0; n < kMostOfARadius; n++) {
        float best = 0;
        int bx = 0, by = 0;
        for (int y = 1; y + 1 < e.height; y++)
            for (int x = 1; x + 1 < e.width; x++) {
                float sum = 0;
                for (int v = -1; v <= 1; v++)
                    for (int u = -1; u <= 1; u++) sum += votes[e.at(x + u, y + v)];
                if (sum > best) best = sum, bx = x, by = y;
            }
        if (best < 3 * radius) return;  // half of its rim
        Circle c{};
        for (float dr = -1; dr <= 1; dr++)
            for (float dy = -1; dy <= 1; dy++)
                for (float dx = -1; dx <= 1; dx++) {
                    const Circle near{static_cast<float>(bx) + dx, static_cast<float>(by) + dy, radius + dr, 0};
                    if (const float rim = seen_of_rim(e, near.x, near.y, near.r); rim > c.rim) c = near, c.rim = rim;
                }
        if (c.rim >= kLeast) out.push_back(c);
        const int reach = std::max(3, r / 3);
        for (int y = std::max(0, by - reach); y <= std::min(e.height - 1, by + reach); y++)
            for (int x = std::max(0, bx - reach); x <= std::min(e.width - 1, bx + reach); x++) votes[e.at(x, y)] = 0;
    }
}

}  // namespace

namespace {

std::vector<Disc> search(const Texture& picture, size_t most, float least_worth) {
    const float scale =
        std::min(1.F, static_cast<float>(kSide) / static_cast<float>(std::max(picture.width, picture.height)));
    std::vector<Disc> found;
    for (const float high : kHigh) {
        // Drawn out upwards, what is seen from above is a circle.
        const int w = std::max(16, static_cast<int>(static_cast<float>(picture.width) * scale)),
                  h = std::max(16, static_cast<int>(static_cast<float>(picture.height) * scale / high));
        const Edges e = edges_of(picture, w, h);
        const auto shorter = static_cast<float>(std::min(w, h));
        std::vector<float> votes(e.size.size());
        std::vector<Circle> circles;
        for (int r = std::max(5, static_cast<int>(kSmallest * shorter)); r <= static_cast<int>(kLargest * shorter);
             r = std::max(r + 1, static_cast<int>(1.06F * static_cast<float>(r))))
            find_circles(e, r, votes, circles);
        const auto unit = static_cast<float>(h);
        for (const Circle& c : circles)
            found.push_back(
                {(c.x + 0.5F) / (unit * high), (c.y + 0.5F) / unit, c.r / (unit * high), c.r / unit, c.rim});
    }
    // Chance fits small rims to texture, seldom large ones.
    const auto worth = [](const Disc& d) { return d.rim + kSize * std::sqrt(d.across); };
    found.erase(std::remove_if(found.begin(), found.end(), [&](const Disc& d) { return worth(d) < least_worth; }),
                found.end());
    std::sort(found.begin(), found.end(), [&](const Disc& a, const Disc& b) { return worth(a) > worth(b); });
    std::vector<Disc> out;
    for (const Disc& d : found)
        if (out.size() < most && std::none_of(out.begin(), out.end(), [&](const Disc& o) {
                return std::hypot(o.x - d.x, o.y - d.y) < o.across + d.across;
            }))
            out.push_back(d);
    return out;
}

std::array<float, 3> mean_within(const Texture& t, const Disc& d) {
    std::array<float, 3> sum{};
    float count = 0;
    const auto unit = static_cast<float>(t.height);
    for (int y = std::max(0, static_cast<int>((d.y - d.high) * unit));
         y < std::min(t.height, static_cast<int>((d.y + d.high) * unit) + 1); y++)
        for (int x = std::max(0, static_cast<int>((d.x - d.across) * unit));
             x < std::min(t.width, static_cast<int>((d.x + d.across) * unit) + 1); x++) {
            for (size_t c = 0; c < 3; c++)
                sum[c] +=
                    t.pixels[4 * (static_cast<size_t>(y) * static_cast<size_t>(t.width) + static_cast<size_t>(x)) + c];
            count++;
        }
    for (float& s : sum) s /= std::max(1.F, count);
    return sum;
}

bool alike(const std::array<float, 3>& a, const std::array<float, 3>& b) {
    return std::abs(a[0] - b[0]) < kOtherEye && std::abs(a[1] - b[1]) < kOtherEye && std::abs(a[2] - b[2]) < kOtherEye;
}

}  // namespace

std::vector<Disc> find_discs(const Texture& picture) { return search(picture, kMost, kLeastWorth); }

std::vector<Disc> find_eyes(const Texture& picture, const Map& subject) {
    const Body body = body_of(subject);
    const auto pixel = [](float at, int n) { return std::clamp(static_cast<int>(at * static_cast<float>(n)), 0, n); };
    const int left = pixel(body.left, picture.width), right = pixel(body.right, picture.width),
              top = pixel(body.top, picture.height),
              bottom = pixel(body.top + kFaceHeight * (body.bottom - body.top), picture.height);
    if (body.area <= 0 || right - left < 24 || bottom - top < 24) return {};
    Texture upper{right - left, bottom - top,
                  std::vector<float>(4 * static_cast<size_t>(right - left) * static_cast<size_t>(bottom - top))};
    for (int y = top; y < bottom; y++)
        std::copy_n(picture.pixels.data() +
                        4 * (static_cast<size_t>(y) * static_cast<size_t>(picture.width) + static_cast<size_t>(left)),
                    4 * static_cast<size_t>(upper.width),
                    upper.pixels.data() + 4 * static_cast<size_t>(y - top) * static_cast<size_t>(upper.width));
    const std::vector<Disc> all = search(upper, kMostInAFace, 0);
    const float scale = static_cast<float>(upper.height) / static_cast<float>(picture.height);  // of the crop's height
    const auto whole = [&](const Disc& d) {
        return Disc{d.x * scale + static_cast<float>(left) / static_cast<float>(picture.height),
                    d.y * scale + static_cast<float>(top) / static_cast<float>(picture.height), d.across * scale,
                    d.high * scale, d.rim};
    };
    const float aspect = static_cast<float>(picture.width) / static_cast<float>(picture.height);
    const auto is_his = [&](const Disc& d) {
        return d.rim >= kClearEye && subject.at(whole(d).x / aspect, whole(d).y) > 0.5F;
    };
    const Disc *one = nullptr, *other = nullptr;
    float best = 0;
    for (const Disc& a : all)
        for (const Disc& b : all) {
            if (!is_his(a) || !is_his(b)) continue;
            const float apart = b.x - a.x, size = std::max(a.across, b.across);
            if (apart < 2.4F * size || apart > 8 * size || std::abs(a.y - b.y) > 0.25F * apart ||
                std::min(a.across, b.across) < 0.65F * size)
                continue;
            if (!alike(mean_within(upper, a), mean_within(upper, b))) continue;
            if (const float worth = a.rim + b.rim + kSize * std::sqrt(a.across); worth > best)
                best = worth, one = &a, other = &b;
        }
    std::vector<Disc> eyes;
    if (one != nullptr)
        for (const Disc* d : {one, other}) eyes.push_back(whole(*d));
    return eyes;
}

Disc disc_within(const Map& subject, float aspect) {
    // How far each place is from the nearest that is not his: two sweeps (Borgefors 1986). Outside the picture nobody
    // is.
    const float across = aspect / static_cast<float>(subject.width), down = 1 / static_cast<float>(subject.height),
                both = std::hypot(across, down);
    Map far(subject.width, subject.height);
    const auto sweep = [&](int x, int y, int step) {
        float least = subject.row(y)[x] > 0.5F ? 1e3F : 0.F;
        const auto beside = [&](int u, int v, float way) {
            least = std::min(least, u < 0 || v < 0 || u >= far.width || v >= far.height ? way : far.row(v)[u] + way);
        };
        beside(x - step, y, across), beside(x, y - step, down), beside(x - step, y - step, both),
            beside(x + step, y - step, both);
        return least;
    };
    float area = 0;
    for (int y = 0; y < far.height; y++)
        for (int x = 0; x < far.width; x++)
            far.row(y)[x] = sweep(x, y, 1), area += subject.row(y)[x] > 0.5F ? across * down : 0.F;
    Disc best;
    for (int y = far.height - 1; y >= 0; y--)
        for (int x = far.width - 1; x >= 0; x--)
            if (far.row(y)[x] = std::min(far.row(y)[x], sweep(x, y, -1)); far.row(y)[x] > best.across)
                best = {(static_cast<float>(x) + 0.5F) * across, (static_cast<float>(y) + 0.5F) * down, far.row(y)[x],
                        far.row(y)[x], 0};
    best.rim = area > 0 ? std::min(1.F, 3.1415927F * best.across * best.across / area) : 0.F;
    return best;
}

Map map_of(const std::vector<Disc>& discs, const Map& like, float aspect) {
    Map out(like.width, like.height);
    const float soft = 1 / static_cast<float>(like.height);  // a value's height
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++)
            for (const Disc& d : discs) {
                const float dx = (static_cast<float>(x) + 0.5F) / static_cast<float>(out.width) * aspect - d.x,
                            dy = (static_cast<float>(y) + 0.5F) / static_cast<float>(out.height) - d.y;
                out.row(y)[x] =
                    std::max(out.row(y)[x],
                             std::clamp((1 - std::hypot(dx / d.across, dy / d.high)) * d.high / soft + 0.5F, 0.F, 1.F));
            }
    return out;
}

}  // namespace zt::tableau
