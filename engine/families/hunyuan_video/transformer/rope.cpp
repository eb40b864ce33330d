// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The rotary tables, in the reference's order of operations: frequencies and angles in fp32.
#include "families/hunyuan_video/transformer/rope.h"

namespace zt::hunyuan_video {
namespace {

// Angles of one axis. -> [count, channels / 2]
at::Tensor angles(int64_t count, int64_t channels, double theta, const at::TensorOptions& options) {
    const at::Tensor exponent = at::arange(0, channels, 2, options) / static_cast<double>(channels);
    const at::Tensor frequency = 1.0 / at::pow(theta, exponent);
    return at::outer(at::arange(count, options), frequency);
}

}  // namespace

Rope make_rope(const TransformerConfig& config, int64_t frames, int64_t rows, int64_t columns, at::Device device) {
    const at::TensorOptions options = at::TensorOptions().dtype(at::kFloat).device(device);
    const int64_t sizes[3] = {frames, rows, columns};
    at::Tensor all = at::empty({frames, rows, columns, config.head_dim / 2}, options);
    int64_t at_pair = 0;
    for (int64_t axis = 0; axis < 3; axis++) {
        const int64_t channels = config.rope_axes[static_cast<size_t>(axis)];
        int64_t shape[4] = {1, 1, 1, channels / 2};
        shape[axis] = sizes[axis];
        all.narrow(3, at_pair, channels / 2)
            .copy_(angles(sizes[axis], channels, config.rope_theta, options).view(shape));
        at_pair += channels / 2;
    }
    all = all.view({frames * rows * columns, config.head_dim / 2});
    return {all.cos(), all.sin()};
}

}  // namespace zt::hunyuan_video
