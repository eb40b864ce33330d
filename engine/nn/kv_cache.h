// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What attention that looks back keeps of earlier tokens: their keys and values, layer by layer, of a bounded number of
// blocks of tokens.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace zt::nn {

// One layer in one pass: the pass writes rows [first, first + its tokens), and attends to rows [0, rows).
struct KeyValues {
    at::Tensor k, v;  // [heads, capacity, dim]
    int64_t first = 0, rows = 0;
};

struct KvCacheShape {
    int64_t layers = 0, heads = 0, dim = 0;
    int64_t block_tokens = 0;
    int64_t blocks = 1;  // in memory at once, the one in the making among them
    int64_t sink = 0;    // of them the first ones of all, which always stay; below `blocks`
};

// The order of keys changes no sum of attention, so a block stays where it was written; when all places are taken, a
// new block takes that of the oldest one that is no sink. One thread at a time.
class KvCache {
public:
    // options: type and device. Takes all of its memory at once.
    KvCache(const KvCacheShape& shape, const at::TensorOptions& options);
    void clear() { done_ = 0; }
    // The block in the making is as it will be remembered; passes are of the next one from here on. Until then each
    // pass overwrites what the one before it wrote.
    void advance() { done_++; }
    [[nodiscard]] KeyValues layer(int64_t index) const;

private:
    KvCacheShape shape_;
    std::vector<at::Tensor> k_, v_;
    int64_t done_ = 0;  // blocks
};

}  // namespace zt::nn
