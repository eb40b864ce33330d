// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/wan/transformer/block.h"

#include <array>

#include "nn/attention.h"
#include "nn/token_ops.h"

namespace zt::wan {
namespace {

constexpr double kNormEps = 1e-6;

// Normalised keys and values of a context, from one product, into k and v [heads, tokens, dim].
void keys_and_values(const TransformerConfig& c, const nn::PackedLinear& kv, const at::Tensor& norm,
                     const at::Tensor& context, const at::Tensor& k, const at::Tensor& v) {
    const at::Tensor both = nn::forward(kv, context);  // [tokens, 2 h]
    nn::rms_heads(both.narrow(1, 0, c.width()), norm, {}, {}, k, 0);
    v.copy_(both.narrow(1, c.width(), c.width()).view({context.size(0), c.heads, -1}).transpose(0, 1));
}

}  // namespace

Block make_block(const TransformerConfig& c) {
    const int64_t h = c.width();
    Block b;
    b.tables = {at::empty({1, 6, h}), nn::make_norm(h)};
    b.qkv = nn::make_packed_linear(h, 3 * h), b.out = nn::make_packed_linear(h, h);
    b.cross_q = nn::make_packed_linear(h, h), b.cross_kv = nn::make_packed_linear(h, 2 * h),
    b.cross_out = nn::make_packed_linear(h, h);
    if (c.image_dim > 0) b.image_kv = nn::make_packed_linear(h, 2 * h), b.image_k_norm = at::empty({h});
    b.fc1 = nn::make_packed_linear(h, c.ffn_dim), b.fc2 = nn::make_packed_linear(c.ffn_dim, h);
    b.q_norm = at::empty({h}), b.k_norm = at::empty({h}), b.cross_q_norm = at::empty({h}),
    b.cross_k_norm = at::empty({h});
    return b;
}

std::vector<CrossContext> cross_contexts(const TransformerConfig& c, int64_t layers, const at::Tensor& context) {
    const int64_t tokens = context.size(0), image = tokens - kTextTokens;
    const at::Tensor all = at::empty({layers, 2, c.heads * tokens * c.head_dim}, context.options());
    std::vector<CrossContext> made(static_cast<size_t>(layers));
    for (int64_t i = 0; i < layers; i++) {
        const auto part = [&](int64_t which, int64_t first, int64_t count) {
            const int64_t row = c.heads * c.head_dim;
            return all[i][which].narrow(0, first * row, count * row).view({c.heads, count, c.head_dim});
        };
        CrossContext& context_of = made[static_cast<size_t>(i)];
        context_of.text_k = part(0, 0, kTextTokens), context_of.text_v = part(1, 0, kTextTokens);
        if (image > 0)
            context_of.image_k = part(0, kTextTokens, image), context_of.image_v = part(1, kTextTokens, image);
    }
    return made;
}

void fill(const TransformerConfig& c, const Block& block, const at::Tensor& context, CrossContext& into) {
    const int64_t image = context.size(0) - kTextTokens;
    keys_and_values(c, block.cross_kv, block.cross_k_norm, context.narrow(0, image, kTextTokens), into.text_k,
                    into.text_v);
    if (image > 0)
        keys_and_values(c, block.image_kv, block.image_k_norm, context.narrow(0, 0, image), into.image_k, into.image_v);
    into.filled = true;
}

Rope make_rope(const TransformerConfig& c, int64_t first_frame, int64_t frames, int64_t rows, int64_t columns,
               at::Device device) {
    constexpr double kTheta = 10000;
    const int64_t side = 2 * (c.head_dim / 6);
    const Rope rope = nn::make_rope({{{c.head_dim - 2 * side, frames, first_frame}, {side, rows}, {side, columns}}},
                                    kTheta, at::TensorOptions().dtype(at::kDouble));
    return {rope.cos.to(device), rope.sin.to(device)};
}

void forward(const TransformerConfig& c, const Block& block, const at::Tensor& x, const Rope& rope,
             const CrossContext& context, const nn::Modulation& m, const nn::KeyValues* past, int64_t chunk,
             const ranks::Sequence& sequence) {
    const int64_t tokens = x.size(0), h = c.width();
    const at::ScalarType type = x.scalar_type();
    at::Tensor heads = at::empty({past != nullptr ? 1 : 3, c.heads, tokens, c.head_dim}, x.options());
    at::Tensor q = heads[0];
    nn::KeyValues all = past != nullptr ? *past : nn::KeyValues{heads[1], heads[2], 0, tokens};
    const nn::PackedLinear qkv = block.qkv.decoded(type);
    nn::by_chunk(0, tokens, chunk, [&](int64_t at, int64_t count) {
        const at::Tensor made = nn::forward(qkv, nn::norm_modulated(x, at, count, m, 0));  // [count, 3 h]
        const at::Tensor cos = rope.cos.narrow(0, at, count), sin = rope.sin.narrow(0, at, count);
        nn::rms_heads(made.narrow(1, 0, h), block.q_norm, cos, sin, q, at);
        nn::rms_heads(made.narrow(1, h, h), block.k_norm, cos, sin, all.k, all.first + at);
        all.v.narrow(1, all.first + at, count)
            .copy_(made.narrow(1, 2 * h, h).view({count, c.heads, c.head_dim}).transpose(0, 1));
    });
    // What is kept of the past is never spread over ranks.
    const at::Tensor attended = past != nullptr
                                    ? nn::attention(q, all.k.narrow(1, 0, all.rows), all.v.narrow(1, 0, all.rows))
                                    : sequence.attention(heads);  // [tokens, h]
    heads.reset(), q.reset(), all = {};
    const nn::PackedLinear out = block.out.decoded(type), cross_q = block.cross_q.decoded(type),
                           cross_out = block.cross_out.decoded(type), fc1 = block.fc1.decoded(type),
                           fc2 = block.fc2.decoded(type);
    nn::by_chunk(0, tokens, chunk, [&](int64_t at, int64_t count) {
        nn::add_gated(x, at, nn::forward(out, attended.narrow(0, at, count)), m, 2);
        const at::Tensor rows = x.narrow(0, at, count);
        const at::Tensor normed = at::layer_norm(rows.to(at::kFloat), {h}, block.tables.cross_norm.weight,
                                                 block.tables.cross_norm.bias, kNormEps)
                                      .to(type);
        const at::Tensor asked = at::empty({c.heads, count, c.head_dim}, x.options());
        nn::rms_heads(nn::forward(cross_q, normed), block.cross_q_norm, {}, {}, asked, 0);
        at::Tensor across = nn::attention(asked, context.text_k, context.text_v);
        if (context.image_k.defined()) across = across + nn::attention(asked, context.image_k, context.image_v);
        rows.add_(nn::forward(cross_out, across));
        nn::add_gated(x, at, nn::forward(fc2, nn::forward_gelu(fc1, nn::norm_modulated(x, at, count, m, 3))), m, 5);
    });
}

}  // namespace zt::wan
