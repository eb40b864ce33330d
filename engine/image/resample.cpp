// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See resample.h. A pass makes each output sample from at most ceil(support) * 2 + 1 input samples of its
// row or column.
#include "image/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "core/error.h"

namespace zt::image {
namespace {

// 32 bits hold a sum of products with 8 bit samples; two bits are kept for sums of weights above one.
constexpr int kPrecisionBits = 32 - 8 - 2;

double bilinear(double x) {
    x = std::abs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

// Keys 1981, a = -0.5.
double bicubic(double x) {
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

double sinc(double x) {
    if (x == 0.0) return 1.0;
    x *= std::numbers::pi;
    return std::sin(x) / x;
}

double lanczos(double x) { return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0; }

struct Kernel {
    double (*weight)(double);
    double support;
};

Kernel kernel_of(Filter filter) {
    switch (filter) {
        case Filter::kBilinear: return {bilinear, 1.0};
        case Filter::kBicubic: return {bicubic, 2.0};
        case Filter::kLanczos: return {lanczos, 3.0};
    }
    return {bilinear, 1.0};
}

// Weights of one axis: output sample i is made of inputs first[i] .. first[i] + count[i] - 1.
struct Weights {
    int64_t most = 0;  // of one sample
    std::vector<int64_t> first, count;
    std::vector<int32_t> fixed;  // [out, most], scaled by 1 << kPrecisionBits
};

int32_t to_fixed(double weight) {
    return static_cast<int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << kPrecisionBits));
}

// The part [from, to) of `in` samples becomes `out` samples.
Weights weights_of(int64_t in, float from, float to, int64_t out, const Kernel& kernel) {
    const double scale = static_cast<double>(to - from) / static_cast<double>(out);
    const double widened = std::max(scale, 1.0);
    const double support = kernel.support * widened;
    const double narrowed = 1.0 / widened;
    Weights w;
    w.most = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
    w.fixed.assign(static_cast<size_t>(out * w.most), 0);
    std::vector<double> exact(static_cast<size_t>(w.most));
    for (int64_t i = 0; i < out; ++i) {
        const double centre = from + (static_cast<double>(i) + 0.5) * scale;
        const int64_t first = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
        const int64_t count = std::min(static_cast<int64_t>(centre + support + 0.5), in) - first;
        double sum = 0.0;
        for (int64_t k = 0; k < count; ++k) {
            const double x = (static_cast<double>(k + first) - centre + 0.5) * narrowed;
            sum += exact[static_cast<size_t>(k)] = kernel.weight(x);
        }
        for (int64_t k = 0; k < count; ++k) {
            const double weight = exact[static_cast<size_t>(k)];
            w.fixed[static_cast<size_t>(i * w.most + k)] = to_fixed(sum != 0.0 ? weight / sum : weight);
        }
        w.first.push_back(first);
        w.count.push_back(count);
    }
    return w;
}

uint8_t to_byte(int32_t sum) noexcept { return static_cast<uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255)); }

constexpr int32_t kHalf = 1 << (kPrecisionBits - 1);

Picture resize_rows(const Picture& in, const Weights& w, int64_t width) {
    Picture out{width, in.height, std::vector<uint8_t>(static_cast<size_t>(width * in.height * 3))};
    for (int64_t y = 0; y < in.height; ++y) {
        const uint8_t* row = in.rgb.data() + y * in.width * 3;
        uint8_t* made = out.rgb.data() + y * width * 3;
        for (int64_t x = 0; x < width; ++x) {
            const int32_t* weight = w.fixed.data() + x * w.most;
            const uint8_t* from = row + w.first[static_cast<size_t>(x)] * 3;
            int32_t r = kHalf, g = kHalf, b = kHalf;
            for (int64_t k = 0; k < w.count[static_cast<size_t>(x)]; ++k, from += 3) {
                r += from[0] * weight[k];
                g += from[1] * weight[k];
                b += from[2] * weight[k];
            }
            *made++ = to_byte(r);
            *made++ = to_byte(g);
            *made++ = to_byte(b);
        }
    }
    return out;
}

Picture resize_columns(const Picture& in, const Weights& w, int64_t height) {
    const int64_t samples = in.width * 3;
    Picture out{in.width, height, std::vector<uint8_t>(static_cast<size_t>(samples * height))};
    std::vector<int32_t> sums(static_cast<size_t>(samples));
    for (int64_t y = 0; y < height; ++y) {
        std::fill(sums.begin(), sums.end(), kHalf);
        const uint8_t* from = in.rgb.data() + w.first[static_cast<size_t>(y)] * samples;
        for (int64_t k = 0; k < w.count[static_cast<size_t>(y)]; ++k, from += samples) {
            const int32_t weight = w.fixed[static_cast<size_t>(y * w.most + k)];
            for (int64_t i = 0; i < samples; ++i) sums[static_cast<size_t>(i)] += from[i] * weight;
        }
        uint8_t* made = out.rgb.data() + y * samples;
        for (int64_t i = 0; i < samples; ++i) made[i] = to_byte(sums[static_cast<size_t>(i)]);
    }
    return out;
}

// Since version 13 Pillow begins with the columns of a picture that loses more than twice as many rows
// as columns (Pillow #9549). It decides how bytes are rounded between the passes.
bool columns_first(const Picture& picture, int64_t width, int64_t height) {
    return picture.height > height && picture.height - height > 2 * (picture.width - width);
}

[[noreturn]] void refuse(const std::string& expected, int64_t width, int64_t height) {
    throw Error(ZT_ERROR_ARGUMENT,
                "image: expected " + expected + ", got " + std::to_string(width) + "x" + std::to_string(height));
}

}  // namespace

void check_size(int64_t width, int64_t height) {
    if (width < 1 || height < 1 || width > kMaxSide || height > kMaxSide || width * height > kMaxPixels) {
        refuse("1 to " + std::to_string(kMaxSide) + " pixels a side and at most " + std::to_string(kMaxPixels), width,
               height);
    }
}

void check(const Picture& picture) {
    check_size(picture.width, picture.height);
    if (picture.rgb.size() != static_cast<size_t>(picture.width * picture.height * 3)) {
        throw Error(ZT_ERROR_ARGUMENT, "image: expected " + std::to_string(picture.width * picture.height * 3) +
                                           " bytes, got " + std::to_string(picture.rgb.size()));
    }
}

Picture resize(const Picture& picture, int64_t width, int64_t height, Filter filter) {
    const Box whole{0, 0, static_cast<float>(picture.width), static_cast<float>(picture.height)};
    return resize(picture, whole, width, height, filter);
}

Picture resize(const Picture& picture, const Box& box, int64_t width, int64_t height, Filter filter) {
    check(picture);
    check_size(width, height);
    // The picture between the passes.
    columns_first(picture, width, height) ? check_size(picture.width, height) : check_size(width, picture.height);
    const auto full_width = static_cast<float>(picture.width), full_height = static_cast<float>(picture.height);
    const bool inside = box.left >= 0 && box.top >= 0 && box.right <= full_width && box.bottom <= full_height &&
                        box.right > box.left && box.bottom > box.top;
    if (!inside)
        refuse("a part inside " + std::to_string(picture.width) + "x" + std::to_string(picture.height), width, height);
    const Kernel kernel = kernel_of(filter);
    // A side that stays is not filtered.
    const bool rows = width != picture.width || box.left != 0 || box.right != full_width;
    const bool columns = height != picture.height || box.top != 0 || box.bottom != full_height;
    if (!rows && !columns) return picture;
    const auto across = [&](const Picture& from) {
        return resize_rows(from, weights_of(picture.width, box.left, box.right, width, kernel), width);
    };
    const auto down = [&](const Picture& from) {
        return resize_columns(from, weights_of(picture.height, box.top, box.bottom, height, kernel), height);
    };
    if (!columns) return across(picture);
    if (!rows) return down(picture);
    return columns_first(picture, width, height) ? across(down(picture)) : down(across(picture));
}

Picture crop(const Picture& picture, int64_t left, int64_t top, int64_t width, int64_t height) {
    check(picture);
    const bool inside = left >= 0 && top >= 0 && width >= 1 && height >= 1 && width <= picture.width &&
                        height <= picture.height && left <= picture.width - width && top <= picture.height - height;
    if (!inside)
        refuse("a rectangle inside " + std::to_string(picture.width) + "x" + std::to_string(picture.height), width,
               height);
    Picture out{width, height, {}};
    out.rgb.reserve(static_cast<size_t>(width * height * 3));
    for (int64_t y = 0; y < height; ++y) {
        const uint8_t* from = picture.rgb.data() + ((top + y) * picture.width + left) * 3;
        out.rgb.insert(out.rgb.end(), from, from + width * 3);
    }
    return out;
}

Picture centre_crop(const Picture& picture, int64_t width, int64_t height) {
    check(picture);
    check_size(width, height);
    return crop(picture, (picture.width - width) / 2, (picture.height - height) / 2, width, height);
}

}  // namespace zt::image
