// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The samplers of warp.h and layer.h as tensor operations; see painter.h. The library's own cubic sampler has another
// kernel (a = -3/4), so the sixteen neighbours are gathered here.
#include <algorithm>

#include "families/tableau/cubic.h"
#include "families/tableau/painter.h"

namespace zt::tableau {
namespace {

class TensorPainter final : public Painter {
public:
    TensorPainter(const Texture& texture, at::Device device)
        : width_(texture.width), height_(texture.height), device_(device),
          picture_(upload({&texture.pixels}, {height_ * width_, 4}).slice(1, 0, 3).t().contiguous()) {
        // Where pixel centres lie between the first and last corner of a net, -1 to 1.
        const auto centres = [&](int64_t n) {
            return (at::arange(n, picture_.options()) + 0.5) * (2.0 / static_cast<double>(n)) - 1;
        };
        grid_ = at::stack({centres(width_).expand({height_, width_}),
                           centres(height_).unsqueeze(1).expand({height_, width_})},
                          -1)
                    .unsqueeze(0);
    }
    void take(Layer layer) override {
        wraps_ = layer.wraps, goes_on_below_ = layer.goes_on_below, goes_on_ = layer.goes_on;
        layer_ = upload({&layer.pixels}, {height_ * width_, 4}).t().contiguous();
        behind_ = upload({&layer.behind.pixels}, {height_ * width_, 4}).slice(1, 0, 3).t().contiguous();
    }
    void paint(const Look& look, float* rgb, const Cancel& cancel) override {
        cancel.poll();
        const bool lifted = look.layer.columns > 0;
        const at::Tensor& ground = lifted ? behind_ : picture_;
        at::Tensor frame = sample(ground, places(look.first));
        if (!look.weight.empty()) {
            cancel.poll();
            frame = at::lerp(frame, sample(ground, places(look.second)), spread({&look.weight}, look.first)[0]);
        }
        if (lifted) {
            cancel.poll();
            const at::Tensor his = sample_layer(places(look.layer));
            frame = his.slice(0, 0, 3) + (1 - his[3].clamp(0, 1)) * frame;
        }
        at::from_blob(rgb, {3, height_, width_}, at::kFloat).copy_(frame);
    }

private:
    // One behind the other, in one copy from page-locked memory, so that the host need not wait for the device.
    [[nodiscard]] at::Tensor upload(std::initializer_list<const std::vector<float>*> values,
                                    at::IntArrayRef shape) const {
        const at::Tensor host = at::empty(shape, at::TensorOptions(at::kFloat).pinned_memory(!device_.is_cpu()));
        float* to = host.data_ptr<float>();
        for (const auto* v : values) to = std::copy(v->begin(), v->end(), to);
        return host.to(device_, at::kFloat, /*non_blocking=*/true);
    }
    // Values at the corners of a net's cells, at every pixel: [n, height, width].
    [[nodiscard]] at::Tensor spread(std::initializer_list<const std::vector<float>*> values, const Net& net) const {
        const at::Tensor corners =
            upload(values, {1, static_cast<int64_t>(values.size()), net.rows + 1, net.columns + 1});
        constexpr int64_t kBilinear = 0, kBorder = 1;
        return at::grid_sampler_2d(corners, grid_, kBilinear, kBorder, /*align_corners=*/true)[0];
    }
    [[nodiscard]] at::Tensor places(const Net& net) const { return spread({&net.x, &net.y}, net); }

    // image: [c, height * width]. Gathers the neighbour of column x and row y, both whole numbers of any size.
    [[nodiscard]] at::Tensor gather(const at::Tensor& image, const at::Tensor& x, const at::Tensor& y) const {
        const at::Tensor at = (y.clamp(0, height_ - 1) * width_ + x.clamp(0, width_ - 1)).flatten();
        return image.index_select(1, at).view({image.size(0), height_, width_});
    }
    [[nodiscard]] at::Tensor cubic(const at::Tensor& image, const at::Tensor& u, const at::Tensor& v,
                                   bool only_inside) const {
        const at::Tensor left = u.floor(), upper = v.floor();
        const auto across = cubic_weights<at::Tensor>(u - left), down = cubic_weights<at::Tensor>(v - upper);
        const at::Tensor x = left.to(at::kLong), y = upper.to(at::kLong);
        at::Tensor sum;
        for (int64_t k = 0; k < 4; k++)
            for (int64_t j = 0; j < 4; j++) {
                const at::Tensor column = only_inside && goes_on_ ? (x + (j - 1)).clamp(0, width_ - 1) : x + (j - 1),
                                 row = !only_inside     ? y + (k - 1)
                                       : wraps_         ? at::remainder(y + (k - 1), height_)
                                       : goes_on_       ? (y + (k - 1)).clamp(0, height_ - 1)
                                       : goes_on_below_ ? (y + (k - 1)).clamp_max(height_ - 1)
                                                        : y + (k - 1);
                at::Tensor weight = down.w[k] * across.w[j];
                if (only_inside) weight = weight * (column.ge(0) & column.lt(width_) & row.ge(0) & row.lt(height_));
                const at::Tensor part = weight * gather(image, column, row);
                sum = sum.defined() ? sum.add_(part) : part;
            }
        return sum;
    }
    // Outside the picture it is mirrored; places are rounded as in warp.cpp.
    [[nodiscard]] at::Tensor sample(const at::Tensor& image, const at::Tensor& places) const {
        const auto rounded = [](const at::Tensor& at, int64_t n) {
            const auto most = static_cast<double>(n - 1);
            const at::Tensor folded =
                most == 0 ? at::zeros_like(at) : most - (at::remainder(at, 2 * most) - most).abs();
            return (at::where(at.lt(0) | at.gt(most), folded, at) * kSteps + 0.5).floor() / kSteps;
        };
        return cubic(image, rounded(places[0], width_), rounded(places[1], height_), false);
    }
    // Outside the layer there is nothing.
    [[nodiscard]] at::Tensor sample_layer(const at::Tensor& where) const {
        const at::Tensor places =
            at::where(where.abs().lt(1e6), (where * kSteps + 0.5).floor() / kSteps, where);  // as in layer.cpp
        const int64_t above = goes_on_ ? 0 : -4, below = goes_on_ || goes_on_below_ ? height_ - 1 : height_ + 4;
        const at::Tensor v = wraps_ ? at::remainder(places[1], height_) : places[1].clamp(above, below);
        return cubic(layer_, goes_on_ ? places[0].clamp(0, width_ - 1) : places[0].clamp(-4, width_ + 4), v, true);
    }

    int64_t width_, height_;
    at::Device device_;
    at::Tensor picture_, behind_, layer_;  // fp32 [3 or 4, height * width]
    at::Tensor grid_;
    bool wraps_ = false, goes_on_below_ = false, goes_on_ = false;
};

}  // namespace

std::unique_ptr<Painter> make_tensor_painter(const Texture& texture, at::Device device) {
    return std::make_unique<TensorPainter>(texture, device);
}

}  // namespace zt::tableau
