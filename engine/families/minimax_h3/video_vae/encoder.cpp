// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See encoder.h. A picture is [1, channels, height, width], contiguous: LibTorch's group norm takes its sums with twice
// the error where channels are last in memory.
#include "families/minimax_h3/video_vae/encoder.h"

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "families/minimax_h3/video_vae/plan.h"
#include "families/minimax_h3/video_vae/stream.h"

namespace zt::minimax_h3 {
namespace {

const at::TensorOptions kShapeOnly = at::TensorOptions(at::kFloat).device(at::kMeta);
constexpr int64_t kColours = 3;

EncoderConvolution make_convolution(int64_t in, int64_t out, int64_t kernel) {
    return {at::empty({out, in, kernel, kernel, kernel}, kShapeOnly), at::empty({out}, kShapeOnly)};
}
EncoderNorm make_norm(int64_t channels) {
    return {at::empty({channels}, kShapeOnly), at::empty({channels}, kShapeOnly)};
}
EncoderResnet make_resnet(int64_t in, int64_t out) {
    EncoderResnet r{make_norm(in), make_norm(out), make_convolution(in, out, 3), make_convolution(out, out, 3), {}};
    if (in != out) r.shortcut = make_convolution(in, out, 1);
    return r;
}

// The slice that meets the only frame there is.
void keep_last(EncoderConvolution& c) {
    if (c.weight.defined() && c.weight.dim() == 5) c.weight = c.weight.select(2, c.weight.size(2) - 1).contiguous();
}

class Pass {
public:
    Pass(const VideoVaeConfig& config, const Cancel* cancel) : config_(config), cancel_(cancel) {}

    void poll() const {
        if (cancel_ != nullptr) cancel_->poll();
    }
    at::Tensor norm_silu(const EncoderNorm& n, const at::Tensor& x) const {
        at::Tensor y = at::group_norm(x, config_.norm_groups, n.weight, n.bias, config_.norm_eps);
        return at::silu_(y);
    }
    // The picture goes on as its mirror image beyond its edges.
    at::Tensor convolve(const EncoderConvolution& c, const at::Tensor& x) const {
        if (c.weight.size(3) == 1) return at::conv2d(x, c.weight, c.bias);
        return at::conv2d(at::reflection_pad2d(x, {1, 1, 1, 1}), c.weight, c.bias);
    }
    at::Tensor resnet(const EncoderResnet& r, const at::Tensor& x) const {
        const at::Tensor y = convolve(r.conv2, norm_silu(r.norm2, convolve(r.conv1, norm_silu(r.norm1, x))));
        return r.shortcut.weight.defined() ? convolve(r.shortcut, x) + y : x + y;
    }
    at::Tensor level(const EncoderLevel& l, at::Tensor x) const {
        poll();
        for (const EncoderResnet& r : l.resnets) x = resnet(r, x);
        if (!l.down.weight.defined()) return x;
        // Only the edges at the right and at the bottom are mirrored, and only where the size is halved.
        if (l.space > 1) x = at::reflection_pad2d(x, {0, 1, 0, 1});
        return at::conv2d(x, l.down.weight, l.down.bias, l.space);
    }

private:
    const VideoVaeConfig& config_;
    const Cancel* cancel_;
};

at::Tensor encode_tile(const VideoVaeEncoder& e, const at::Tensor& pixels, const Cancel* cancel) {
    const Pass pass(e.config, cancel);
    at::Tensor x = pass.convolve(e.conv_in, pixels.unsqueeze(0).contiguous());
    for (const EncoderLevel& level : e.levels) x = pass.level(level, std::move(x));
    return pass.convolve(e.quant, pass.convolve(e.conv_out, pass.norm_silu(e.norm_out, x)));
}

// The same tiles in latents.
TileAxis in_latents(TileAxis axis, int64_t step) {
    axis.length /= step;
    for (int64_t& start : axis.starts) start /= step;
    for (int64_t& overlap : axis.overlaps) overlap /= step;
    return axis;
}

at::Tensor of_colours(const std::array<float, 3>& values, const at::Tensor& like) {
    return at::tensor(std::vector<float>(values.begin(), values.end())).to(like).view({-1, 1, 1});
}

}  // namespace

VideoVaeEncoder make_video_vae_encoder(const VideoVaeConfig& c) {
    VideoVaeEncoder e;
    e.config = c;
    int64_t in = c.block_out.front();
    e.conv_in = make_convolution(kColours, in, 3);
    for (size_t i = 0; i < c.block_out.size(); i++) {
        EncoderLevel level;
        const int64_t out = c.block_out[i];
        for (int64_t k = 0; k < c.layers_per_block; k++) level.resnets.push_back(make_resnet(k == 0 ? in : out, out));
        level.space = c.space_down[i];
        if (c.space_down[i] * c.time_down[i] > 1) level.down = make_convolution(out, out, 3);
        e.levels.push_back(std::move(level));
        in = out;
    }
    e.norm_out = make_norm(in);
    e.conv_out = make_convolution(in, 2 * c.latent_channels, 3);
    e.quant = make_convolution(2 * c.latent_channels, 2 * c.latent_channels, 1);
    return e;
}

void prepare(VideoVaeEncoder& e) {
    for (EncoderConvolution* c : {&e.conv_in, &e.conv_out, &e.quant}) keep_last(*c);
    for (EncoderLevel& level : e.levels) {
        keep_last(level.down);
        for (EncoderResnet& r : level.resnets)
            for (EncoderConvolution* c : {&r.conv1, &r.conv2, &r.shortcut}) keep_last(*c);
    }
}

at::Tensor encode_moments(const VideoVaeEncoder& e, const at::Tensor& pixels, const Cancel* cancel) {
    const int64_t step = e.config.spatial_compression();
    if (pixels.dim() != 3 || pixels.size(0) != kColours || pixels.numel() == 0 || pixels.size(1) % step != 0 ||
        pixels.size(2) % step != 0 || pixels.size(1) == step || pixels.size(2) == step) {
        std::ostringstream got;
        got << pixels.sizes();
        refuse(ZT_ERROR_ARGUMENT, "picture",
               "[3, height, width] in multiples of " + std::to_string(step) + ", at least two of them", got.str());
    }
    const at::Tensor x = (pixels.to(at::kFloat) - of_colours(kColourMean, pixels)) / of_colours(kColourStd, pixels);
    const TileAxis rows = tile_axis(pixels.size(1), step), columns = tile_axis(pixels.size(2), step);
    return stitch(in_latents(rows, step), in_latents(columns, step),
                  [&](int64_t i, int64_t j) {
                      const int64_t y = rows.starts[static_cast<size_t>(i)], z = columns.starts[static_cast<size_t>(j)];
                      return encode_tile(e, x.narrow(1, y, rows.length).narrow(2, z, columns.length), cancel);
                  })
        .squeeze(0);
}

at::Tensor sample_latent(const VideoVaeConfig& c, const at::Tensor& moments, const at::Tensor& noise) {
    constexpr double kLeastLog = -30.0, kMostLog = 20.0;  // of the variance
    const at::Tensor mean = moments.narrow(0, 0, c.latent_channels).unsqueeze(1);
    const at::Tensor log = moments.narrow(0, c.latent_channels, c.latent_channels).unsqueeze(1);
    const at::Tensor z = mean + at::exp(0.5 * log.clamp(kLeastLog, kMostLog)) * noise;
    const auto of_channels = [&](const std::vector<float>& v) { return at::tensor(v).to(z).view({-1, 1, 1, 1}); };
    return (z.to(at::kHalf).to(at::kFloat) - of_channels(c.mean)) / of_channels(c.std);
}

}  // namespace zt::minimax_h3
