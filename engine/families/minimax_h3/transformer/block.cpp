// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/minimax_h3/transformer/block.h"

#include "nn/token_ops.h"

namespace zt::minimax_h3 {
namespace {

constexpr size_t kAttention = 0, kFeedForward = 3, kGate = 2;  // places of their vectors

struct Parts {
    const TransformerConfig& c;
    const nn::Modulation* m;
    [[nodiscard]] at::Tensor normed(const at::Tensor& x, int64_t at, int64_t count, const at::Tensor& weight,
                                    size_t first) const {
        if (m != nullptr) return nn::rms_modulated(x, at, count, weight, c.norm_eps, *m, first);
        at::Tensor out = at::empty({count, x.size(1)}, x.options());
        nn::rms_modulate(x.narrow(0, at, count), weight, {}, {}, c.norm_eps, out);
        return out;
    }
    void add(const at::Tensor& x, int64_t at, const at::Tensor& y, size_t first) const {
        if (m != nullptr)
            nn::add_gated(x, at, y, *m, first + kGate);
        else
            x.narrow(0, at, y.size(0)).add_(y);
    }
};

// All rows to all rows -> [rows, inner].
at::Tensor attended(const TransformerConfig& c, const Block& block, const at::Tensor& x, const nn::Rope* rope,
                    const Parts& parts, int64_t chunk, const ranks::Sequence& sequence) {
    const nn::HeadStyle style{.eps = c.qk_norm_eps, .halves = true, .rounds = nn::Rounds::kEach};
    const at::Tensor heads = at::empty({3, c.heads, x.size(0), c.head_dim}, x.options());
    const nn::PackedLinear qkv = block.qkv.decoded(x.scalar_type());
    nn::by_chunk(0, x.size(0), chunk, [&](int64_t at, int64_t count) {
        const at::Tensor made = nn::forward(qkv, parts.normed(x, at, count, block.norm1, kAttention));
        const at::Tensor cos = rope != nullptr ? rope->cos.narrow(0, at, count) : at::Tensor(),
                         sin = rope != nullptr ? rope->sin.narrow(0, at, count) : at::Tensor();
        nn::split_heads(made, block.q_norm, block.k_norm, cos, sin, heads, at, style);
    });
    return sequence.attention(heads);
}

}  // namespace

Block make_block(const TransformerConfig& c) {
    Block b;
    b.norm1 = at::empty({c.hidden}), b.norm2 = at::empty({c.hidden});
    b.q_norm = at::empty({c.head_dim}), b.k_norm = at::empty({c.head_dim});
    b.qkv = nn::make_packed_linear(c.hidden, 3 * c.inner(), false);
    b.out = nn::make_packed_linear(c.inner(), c.hidden, false);
    b.fc1 = nn::make_packed_linear(c.hidden, 2 * c.ffn_dim, false);
    b.fc2 = nn::make_packed_linear(c.ffn_dim, c.hidden, false);
    return b;
}

void forward(const TransformerConfig& c, const Block& block, const at::Tensor& x, const nn::Rope* rope,
             const nn::Modulation* m, int64_t chunk, const ranks::Sequence& sequence) {
    const at::ScalarType type = x.scalar_type();
    const Parts parts{c, m};
    const at::Tensor over = attended(c, block, x, rope, parts, chunk, sequence);
    const nn::PackedLinear out = block.out.decoded(type), fc1 = block.fc1.decoded(type), fc2 = block.fc2.decoded(type);
    // As two products, each of which gives rows without gaps.
    const nn::PackedLinear gate = fc1.rows(0, c.ffn_dim), value = fc1.rows(c.ffn_dim, c.ffn_dim);
    nn::by_chunk(0, x.size(0), chunk, [&](int64_t at, int64_t count) {
        parts.add(x, at, nn::forward(out, over.narrow(0, at, count)), kAttention);
        const at::Tensor in = parts.normed(x, at, count, block.norm2, kFeedForward);
        at::Tensor hidden = nn::forward(gate, in);
        at::silu_(hidden).mul_(nn::forward(value, in));
        parts.add(x, at, nn::forward(fc2, hidden), kFeedForward);
    });
}

}  // namespace zt::minimax_h3
