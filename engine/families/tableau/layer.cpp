// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See layer.h.
#include "families/tableau/layer.h"

#include <algorithm>
#include <cmath>

#include "families/tableau/cubic.h"
#include "families/tableau/inpaint.h"
#include "families/tableau/matte.h"

namespace zt::tableau {
namespace {

constexpr float kRim = 0.012F;  // of the longer side, about somebody
constexpr float kLike = 0.3F;   // of full scale: how far his edge may be from his colours within

// Where the map ends he ends, and a little of the ground about him goes along, less and less: a step would be seen as a
// line that moves.
std::vector<float> with_rim(const Texture& picture, const Map& subject, const Map& around) {
    std::vector<float> his;
    for (int y = 0; y < picture.height; y++)
        for (int x = 0; x < picture.width; x++) {
            const float u = (static_cast<float>(x) + 0.5F) / static_cast<float>(picture.width),
                        v = (static_cast<float>(y) + 0.5F) / static_cast<float>(picture.height);
            his.push_back(std::max(std::clamp((subject.at(u, v) - 0.06F) / 0.88F, 0.F, 1.F),
                                   smooth(1.3F * around.at(u, v) - 0.3F)));
        }
    return his;
}

}  // namespace

Layer lift(const Texture& picture, const Map& subject, Outline outline) {
    Layer l;
    l.wraps = outline == kOfSpecks;
    l.width = picture.width, l.height = picture.height, l.behind = picture;
    const size_t count = static_cast<size_t>(l.width) * static_cast<size_t>(l.height);
    // Whatever may be his, and a little more, is not to be seen behind him; around that what is made up becomes the
    // picture again, softly, since a step would be seen as a line.
    const Map around = spread(subject, kRim * static_cast<float>(std::max(subject.width, subject.height)));
    const std::vector<float> his =
        outline == kGuessed || outline == kBeforeSky ? matte_of(picture, subject) : with_rim(picture, subject, around);
    std::vector<uint8_t> keep(count), own(count);
    l.left = l.width, l.top = l.height, l.right = l.bottom = -1;
    for (int y = 0; y < l.height; y++)
        for (int x = 0; x < l.width; x++) {
            const float u = (static_cast<float>(x) + 0.5F) / static_cast<float>(l.width),
                        v = (static_cast<float>(y) + 0.5F) / static_cast<float>(l.height);
            const size_t i = static_cast<size_t>(y) * static_cast<size_t>(l.width) + static_cast<size_t>(x);
            keep[i] = static_cast<uint8_t>(
                std::lround(255 * (1 - std::max(smooth(2 * around.at(u, v)), std::min(1.F, 8 * his[i])))));
            own[i] = his[i] > 0.97F ? 255 : 0;
            if (his[i] > 0)
                l.left = std::min(l.left, x), l.right = std::max(l.right, x), l.top = std::min(l.top, y), l.bottom = y;
        }
    if (outline == kBeforeSky || l.wraps)
        fill_in(l.behind, keep);
    else
        inpaint(l.behind, keep);
    Texture within = picture;  // his colours, going on over his edge
    fill_in(within, own);
    l.pixels.resize(4 * count);
    for (size_t i = 0; i < count; i++) {
        const float a = his[i];
        for (size_t c = 0; c < 3; c++) {
            // At his edge a pixel is a mix, p = F + (1 - a) B. What is left for F when the fill is taken for B can be
            // far from any colour of his, and would be seen as a coloured line that goes with him. So B takes over what
            // is not like his colours or the pixel's own.
            const float p = picture.pixels[4 * i + c], f = within.pixels[4 * i + c];
            float& b = l.behind.pixels[4 * i + c];
            const float left = p - (1 - a) * b;
            b += left -
                 std::clamp(left, a * std::min(p, std::max(0.F, f - kLike)), a * std::max(p, std::min(1.F, f + kLike)));
            if (a == 0) b = p;  // exactly, so that the layer is empty there
            l.pixels[4 * i + c] = p - (1 - a) * b;
        }
        l.pixels[4 * i + 3] = a;
    }
    return l;
}

Layer lift(const Texture& picture, const std::vector<Disc>& discs) {
    Layer l;
    l.width = picture.width, l.height = picture.height, l.behind = picture;
    l.pixels.resize(picture.pixels.size());
    const auto unit = static_cast<float>(l.height);
    for (int y = 0; y < l.height; y++)
        for (int x = 0; x < l.width; x++) {
            float in = 0;
            for (const Disc& d : discs) {
                const float dx = (static_cast<float>(x) + 0.5F) / unit - d.x,
                            dy = (static_cast<float>(y) + 0.5F) / unit - d.y;
                in = std::max(in, std::clamp((1 - std::hypot(dx / d.across, dy / d.high)) * d.high * unit + 0.5F, 0.F,
                                             1.F));  // a pixel wide
            }
            const size_t i = 4 * (static_cast<size_t>(y) * static_cast<size_t>(l.width) + static_cast<size_t>(x));
            for (size_t c = 0; c < 3; c++) l.pixels[i + c] = in * picture.pixels[i + c];
            l.pixels[i + 3] = in;
        }
    return l;
}

namespace {

// To the steps of the sampler of whole pictures (warp.cpp); places far outside stay what they are.
[[gnu::always_inline]] inline float stepped(float at) {
    return std::abs(at) < 1e6F ? std::floor(at * kSteps + 0.5F) / kSteps : at;
}

// Outside the layer there is nothing. Compiled for processors with wider registers too; the same sums in the same
// order, so the same bytes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("avx2", "default")))
#endif
void sample_layer(const Layer& l, const float* xs, const float* ys, int count, float* out) {
    for (int i = 0; i < count; i++, out += 4) {
        Four sum{};
        const auto high = static_cast<float>(l.height);
        const float px = stepped(xs[i]), py = stepped(ys[i]);  // so that most places of what stands are whole
        const float u = l.goes_on ? std::clamp(px, 0.F, static_cast<float>(l.width - 1)) : px,
                    v = l.wraps           ? py - high * std::floor(py / high)
                        : l.goes_on       ? std::clamp(py, 0.F, high - 1)
                        : l.goes_on_below ? std::min(py, high - 1)
                                          : py;
        if (u > -2 && v > -2 && u < static_cast<float>(l.width + 1) && v < static_cast<float>(l.height + 1)) {
            const int x = static_cast<int>(std::floor(u)), y = static_cast<int>(std::floor(v));
            const bool empty =
                !l.wraps && !l.goes_on &&
                (x + 2 < l.left || x - 1 > l.right || y + 2 < l.top || (y - 1 > l.bottom && !l.goes_on_below));
            if (empty) {
                std::memcpy(out, &sum, sizeof sum);
                continue;
            }
            if (u == static_cast<float>(x) && v == static_cast<float>(y) && x >= 0 && x < l.width && y >= 0 &&
                y < l.height) {  // a whole place: the pixel itself
                std::memcpy(out,
                            l.pixels.data() +
                                4 * (static_cast<size_t>(y) * static_cast<size_t>(l.width) + static_cast<size_t>(x)),
                            sizeof sum);
                continue;
            }
            const auto a = cubic_weights(u - static_cast<float>(x)), b = cubic_weights(v - static_cast<float>(y));
            for (int k = 0; k < 4; k++) {
                const int at = y - 1 + k, row = l.wraps           ? (at + l.height) % l.height
                                                : l.goes_on       ? std::clamp(at, 0, l.height - 1)
                                                : l.goes_on_below ? std::min(at, l.height - 1)
                                                                  : at;
                if (row < 0 || row >= l.height) continue;
                for (int j = 0; j < 4; j++) {
                    const int column = l.goes_on ? std::clamp(x - 1 + j, 0, l.width - 1) : x - 1 + j;
                    if (column < 0 || column >= l.width) continue;
                    Four p;
                    std::memcpy(&p,
                                l.pixels.data() + 4 * (static_cast<size_t>(row) * static_cast<size_t>(l.width) +
                                                       static_cast<size_t>(column)),
                                sizeof p);
                    sum += b.w[k] * a.w[j] * p;
                }
            }
        }
        std::memcpy(out, &sum, sizeof sum);
    }
}

}  // namespace

void lay_rows(const Layer& l, const Net& net, float* rgb, int from, int to) {
    const size_t plane = static_cast<size_t>(l.width) * static_cast<size_t>(l.height);
    NetLine line;
    std::vector<float> four(4 * static_cast<size_t>(l.width));
    for (int y = from; y < to; y++) {
        line.read(net, y, l.width, l.height);
        sample_layer(l, line.x.data(), line.y.data(), l.width, four.data());
        for (size_t c = 0; c < 3; c++) {
            float* const out = rgb + c * plane + static_cast<size_t>(y) * static_cast<size_t>(l.width);
            for (int x = 0; x < l.width; x++) {
                const float* p = four.data() + 4 * static_cast<size_t>(x);
                out[x] = p[c] + (1 - std::clamp(p[3], 0.F, 1.F)) * out[x];
            }
        }
    }
}

}  // namespace zt::tableau
