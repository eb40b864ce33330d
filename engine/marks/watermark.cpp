// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See watermark.h. The loops over samples are plain ones over restrict pointers, so that the compiler vectorises them.
#include "marks/watermark.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace zt::marks {

namespace {

constexpr float kRed = 0.2126F, kGreen = 0.7152F, kBlue = 0.0722F;
constexpr float kRoom = 1.5F / 255.0F;   // nearer to an end than this a sample cannot be moved towards it
constexpr float kMostDistortion = 3.7F;  // 42.4 dB
constexpr int kRounds = 4;

inline float clamp01(float value) {
    value = value < 0.0F ? 0.0F : value;
    return value > 1.0F ? 1.0F : value;
}

// Adds luma of one row, in levels of 255.
void add_luma(const float* __restrict red, const float* __restrict green, const float* __restrict blue, int width,
              float weight, float* __restrict luma) {
    const float r = weight * 255.0F * kRed, g = weight * 255.0F * kGreen, b = weight * 255.0F * kBlue;
    for (int x = 0; x < width; ++x) luma[x] += r * clamp01(red[x]) + g * clamp01(green[x]) + b * clamp01(blue[x]);
}

// Adds the share of luma that is full or empty already.
void add_ends(const float* __restrict red, const float* __restrict green, const float* __restrict blue, int width,
              float weight, float* __restrict full, float* __restrict empty) {
    for (int x = 0; x < width; ++x) {
        const float r = red[x], g = green[x], b = blue[x];
        full[x] += weight * ((r > 1.0F - kRoom ? kRed : 0.0F) + (g > 1.0F - kRoom ? kGreen : 0.0F) +
                             (b > 1.0F - kRoom ? kBlue : 0.0F));
        empty[x] += weight * ((r < kRoom ? kRed : 0.0F) + (g < kRoom ? kGreen : 0.0F) + (b < kRoom ? kBlue : 0.0F));
    }
}

void paint_row(const float* __restrict in, const float* __restrict change, int width, float* __restrict out) {
    for (int x = 0; x < width; ++x) out[x] = clamp01(in[x]) + change[x];
}

void paint_row(const float* __restrict change, int width, float* __restrict row) {
    for (int x = 0; x < width; ++x) row[x] = clamp01(row[x]) + change[x];
}

}  // namespace

Watermark::Watermark(int width, int height, uint16_t model)
    : width_(width), height_(height), layout_(layout_for(width, height)), word_(encode(model)),
      across_(width, 0.0, width, layout_.cells_across()), down_(height, 0.0, height, layout_.cells_down()),
      rows_(static_cast<size_t>(width) * 3), parts_(layout_.carriers.size()), amounts_(layout_.carriers.size()),
      sine_one_(static_cast<size_t>(width)), sine_two_(static_cast<size_t>(width)) {
    const size_t cells = static_cast<size_t>(layout_.cells_across()) * static_cast<size_t>(layout_.cells_down());
    for (std::vector<float>* const plane : {&luma_, &full_, &empty_, &field_}) plane->resize(cells);
    for (int x = 0; x < width; ++x) {
        const double at = (x + 0.5) * layout_.columns / width;
        const auto tile = static_cast<size_t>(at);
        while (tile_of_column_.size() <= tile) tile_of_column_.push_back(x);
        const double phase = std::numbers::pi * (at - static_cast<double>(tile));
        sine_one_[static_cast<size_t>(x)] = static_cast<float>(std::sin(phase));
        sine_two_[static_cast<size_t>(x)] = static_cast<float>(std::sin(2.0 * phase));
    }
    tile_of_column_.push_back(width);
}

void Watermark::apply(const float* in, float* out) {
    survey(in);
    choose_amounts();
    paint(in, out);
}

// The picture as cells.
void Watermark::survey(const float* rgb) {
    const size_t pixels = static_cast<size_t>(width_) * static_cast<size_t>(height_);
    float* const luma = rows_.data();
    float* const full = luma + width_;
    float* const empty = full + width_;
    for (int row = 0; row < down_.cells(); ++row) {
        std::fill(rows_.begin(), rows_.end(), 0.0F);
        const AreaMap::Cell& cell = down_.cell(row);
        for (int n = 0; n < cell.count; ++n) {
            const float* const red = rgb + static_cast<ptrdiff_t>(cell.first + n) * width_;
            add_luma(red, red + pixels, red + 2 * pixels, width_, down_.weight(cell, n), luma);
            // One row tells enough of the ends.
            if (n == cell.count / 2) add_ends(red, red + pixels, red + 2 * pixels, width_, 1.0F, full, empty);
        }
        const auto first = static_cast<ptrdiff_t>(row) * across_.cells();
        across_.average(luma, luma_.data() + first);
        across_.average(full, full_.data() + first);
        across_.average(empty, empty_.data() + first);
    }
}

// To the nearest point of the grid of each carrier's bit. Where the picture is white or black a change one way is lost,
// so that the rest is given more of it, until the carriers are where they should be.
void Watermark::choose_amounts() {
    measure(layout_, luma_.data(), parts_.data());
    std::vector<float> wanted(parts_.size());
    for (size_t n = 0; n < parts_.size(); ++n) {
        const Carrier& carrier = layout_.carriers[n];
        const bool one = word_[static_cast<size_t>(carrier.bit)] * carrier.sign > 0;
        const float steps = parts_[n] / layout_.step - carrier.dither - (one ? 0.0F : 0.5F);
        wanted[n] = (std::round(steps) - steps) * layout_.step;
    }
    amounts_ = wanted;
    std::vector<float> reached(parts_.size());
    for (int round = 0; round < kRounds; ++round) {
        std::fill(field_.begin(), field_.end(), 0.0F);
        add_carriers(layout_, amounts_.data(), field_.data());
        bool lost = false;
        for (size_t cell = 0; cell < field_.size(); ++cell) {
            const float share = field_[cell] > 0.0F ? full_[cell] : empty_[cell];
            lost = lost || share > 0.0F;
            field_[cell] *= 1.0F - std::min(share, 1.0F);
        }
        if (!lost || round == kRounds - 1) break;
        measure(layout_, field_.data(), reached.data());
        for (size_t n = 0; n < wanted.size(); ++n) amounts_[n] += wanted[n] - reached[n];
    }
    float distortion = 0.0F;
    for (const float value : field_) distortion += value * value;
    distortion /= static_cast<float>(field_.size());
    if (distortion <= kMostDistortion) return;
    const float weaker = std::sqrt(kMostDistortion / distortion);
    for (float& amount : amounts_) amount *= weaker;
}

void Watermark::paint(const float* in, float* out) {
    waves_of(layout_, amounts_.data(), heights_);
    const size_t pixels = static_cast<size_t>(width_) * static_cast<size_t>(height_);
    float* const change = rows_.data();
    for (int y = 0; y < height_; ++y) {
        const double at = (y + 0.5) * layout_.rows / height_;
        const int row = static_cast<int>(at);
        const double phase = std::numbers::pi * (at - row);
        for (int column = 0; column < layout_.columns; ++column) {
            const float* const height =
                heights_.data() + static_cast<ptrdiff_t>(row * layout_.columns + column) * kPatterns;
            float across[3] = {};
            for (size_t p = 0; p < kPatterns; ++p)
                across[kAcross[p]] += height[p] / 255.0F * static_cast<float>(std::sin(kDown[p] * phase));
            const int end = tile_of_column_[static_cast<size_t>(column) + 1];
            for (int x = tile_of_column_[static_cast<size_t>(column)]; x < end; ++x)
                change[x] =
                    across[1] * sine_one_[static_cast<size_t>(x)] + across[2] * sine_two_[static_cast<size_t>(x)];
        }
        const auto line = static_cast<ptrdiff_t>(y) * width_;
        for (size_t plane = 0; plane < 3; ++plane) {
            if (in == out)
                paint_row(change, width_, out + plane * pixels + line);
            else
                paint_row(in + plane * pixels + line, change, width_, out + plane * pixels + line);
        }
    }
}

}  // namespace zt::marks
