// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The elementwise work between the matrix products of a transformer block, one pass over memory
// each: sums in fp32, one rounding at the end. Own loops on CPUs in fp32 and bf16; elsewhere, and as
// the reference of the tests, the same formulas as tensor operations (plain::).
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace zt::nn {

// Which results are rounded to the type of the tokens: the last, or each, as where a reference computes with whole
// tensors. Without effect in fp32.
enum class Rounds : uint8_t { kLast, kEach };

// out = layer_norm(x) (1 + scale) + shift, no affine; eps is the norm's.
//   x, out [tokens, h], shift, scale [h], one type; out is overwritten, rows contiguous.
void norm_modulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale, const at::Tensor& out,
                   double eps = 1e-6);

// out = rms_norm(x) weight (1 + scale) + shift; the norm is rounded once.
//   x, out [tokens, h], weight, shift, scale [h], one type; shift and scale undefined: the norm alone; out is
//   overwritten, rows contiguous.
void rms_modulate(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& shift, const at::Tensor& scale,
                  double eps, const at::Tensor& out, Rounds rounds = Rounds::kLast);

// x += gate y.   x, y [tokens, h], gate [h]; x is overwritten.
void add_gated(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate, Rounds rounds = Rounds::kLast);

// How queries and keys are made out of a head's channels.
struct HeadStyle {
    double eps = 1e-6;  // of the norm
    // The pairs that turn are (i, i + n) of the first 2 n channels, n the columns of cos and sin, the others stay;
    // false: interleaved ones (2 i, 2 i + 1) of all channels.
    bool halves = false;
    Rounds rounds = Rounds::kLast;  // kEach: cos and sin too
    // Where defined [dim], of queries and keys: the norm is a layer norm with these biases.
    at::Tensor q_bias = {}, k_bias = {};
};

// Queries, keys and values of some tokens, by head, queries and keys normalised (RMS over a head's
// channels, or as the style says) and turned by their positions.
//   qkv              [tokens, 3 * heads * dim]
//   q_norm, k_norm   [dim]
//   cos, sin         [tokens, pairs] fp32; undefined = no turn
//   out              [3, heads, all tokens, dim]; rows [first, first + tokens) are overwritten
void split_heads(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm, const at::Tensor& cos,
                 const at::Tensor& sin, const at::Tensor& out, int64_t first, const HeadStyle& style = {});

// Some tokens by head, normalised over all heads together (RMS, eps 1e-6) and turned by their positions.
//   x         [tokens, heads * dim], rows contiguous
//   norm      [heads * dim]
//   cos, sin  as above, of interleaved pairs
//   out       [heads, all tokens, dim]; rows [first, first + tokens) are overwritten
void rms_heads(const at::Tensor& x, const at::Tensor& norm, const at::Tensor& cos, const at::Tensor& sin,
               const at::Tensor& out, int64_t first);

// out = x / max(|x|, 1e-12) sqrt(n) gamma: a root mean square norm without an epsilon in the root.
//   x, out [rows, n], gamma [n], one type; out is overwritten, rows contiguous.
void rms_rows(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& out);

namespace plain {
void rms_rows(const at::Tensor& x, const at::Tensor& gamma, const at::Tensor& out);
void rms_heads(const at::Tensor& x, const at::Tensor& norm, const at::Tensor& cos, const at::Tensor& sin,
               const at::Tensor& out, int64_t first);
void norm_modulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale, const at::Tensor& out,
                   double eps = 1e-6);
void rms_modulate(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& shift, const at::Tensor& scale,
                  double eps, const at::Tensor& out, Rounds rounds = Rounds::kLast);
void add_gated(const at::Tensor& x, const at::Tensor& y, const at::Tensor& gate, Rounds rounds = Rounds::kLast);
void split_heads(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm, const at::Tensor& cos,
                 const at::Tensor& sin, const at::Tensor& out, int64_t first, const HeadStyle& style = {});
}  // namespace plain

}  // namespace zt::nn
