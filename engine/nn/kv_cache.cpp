// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See kv_cache.h.
#include "nn/kv_cache.h"

#include <algorithm>
#include <array>

namespace zt::nn {

KvCache::KvCache(const KvCacheShape& shape, const at::TensorOptions& options) : shape_(shape) {
    const std::array<int64_t, 3> sizes = {shape.heads, shape.blocks * shape.block_tokens, shape.dim};
    for (int64_t i = 0; i < shape.layers; i++) {
        k_.push_back(at::empty(sizes, options));
        v_.push_back(at::empty(sizes, options));
    }
}

KeyValues KvCache::layer(int64_t index) const {
    const int64_t place =
        done_ < shape_.blocks ? done_ : shape_.sink + (done_ - shape_.sink) % (shape_.blocks - shape_.sink);
    const auto i = static_cast<size_t>(index);
    return {k_[i], v_[i], place * shape_.block_tokens, std::min(done_ + 1, shape_.blocks) * shape_.block_tokens};
}

}  // namespace zt::nn
