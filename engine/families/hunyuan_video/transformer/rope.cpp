// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See rope.h.
#include "families/hunyuan_video/transformer/rope.h"

namespace zt::hunyuan_video {

Rope make_rope(const TransformerConfig& config, int64_t frames, int64_t rows, int64_t columns, at::Device device) {
    const auto& channels = config.rope_axes;
    return nn::make_rope({{{channels[0], frames}, {channels[1], rows}, {channels[2], columns}}}, config.rope_theta,
                         at::TensorOptions().dtype(at::kFloat).device(device));
}

}  // namespace zt::hunyuan_video
