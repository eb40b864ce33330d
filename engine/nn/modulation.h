// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shift, scale and gate of a transformer block, over chunks of its tokens: the result does not depend on the chunk, the
// memory does.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "nn/token_ops.h"

namespace zt::nn {

// The vectors of one block, [h] each, of any float type: each run of tokens that follow each other has its own.
struct Modulation {
    struct Run {
        int64_t end = 0;  // one behind its last token; it begins where the run before ends
        std::vector<at::Tensor> vectors;
    };
    std::vector<Run> runs;
    Rounds rounds = Rounds::kLast;
    double eps = 1e-6;  // of norm_modulated
};
// Two runs: the first `clean_tokens` tokens (those of a frame that is known), and all others.
// rows: `count` vectors one after the other, [count * h] in all; clean may be undefined.
[[nodiscard]] Modulation modulation_of(const at::Tensor& rows, const at::Tensor& clean, int64_t count,
                                       int64_t clean_tokens);

// layer_norm(x) (1 + scale) + shift of tokens [begin, begin + count) of x [tokens, h]; the vectors are numbers `shift`
// and `shift` + 1. -> [count, h]
[[nodiscard]] at::Tensor norm_modulated(const at::Tensor& x, int64_t begin, int64_t count, const Modulation& m,
                                        size_t shift);

// rms_norm(x) weight (1 + scale) + shift, as above; eps is the norm's.
[[nodiscard]] at::Tensor rms_modulated(const at::Tensor& x, int64_t begin, int64_t count, const at::Tensor& weight,
                                       double eps, const Modulation& m, size_t shift);

// x[begin ...] += gate y; the gate is vector number `gate`.   y [count, h]; x is overwritten.
void add_gated(const at::Tensor& x, int64_t begin, const at::Tensor& y, const Modulation& m, size_t gate);

// Calls f(begin, count) for chunks of [begin, end).
template <class F>
void by_chunk(int64_t begin, int64_t end, int64_t chunk, const F& f) {
    for (int64_t at = begin; at < end; at += chunk) f(at, std::min(chunk, end - at));
}

}  // namespace zt::nn
