// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See t5.h.
#include "encoders/t5.h"

#include <cmath>
#include <vector>

#include "encoders/t5_names.h"
#include "load/read_ahead.h"

namespace zt::encoders {
namespace {

constexpr double kEps = 1e-6;

// x / rms(x), in fp32, times the weight.
at::Tensor normed(const at::Tensor& x, const at::Tensor& weight) {
    const at::Tensor wide = x.to(at::kFloat);
    return (wide * at::rsqrt(wide.square().mean(-1, true) + kEps)).to(x.scalar_type()) * weight.to(x.scalar_type());
}

// [tokens, width] -> [heads, tokens, d_kv]
at::Tensor by_head(const at::Tensor& rows, const T5Config& c) {
    return rows.view({rows.size(0), c.heads, c.d_kv}).transpose(0, 1);
}

// The embeddings, of which rows are read one by one, and the last norm.
struct Ends {
    std::string embedding;  // its name
    at::Tensor rows, norm;
    template <class F>
    void visit(F&& f) {
        f(embedding, rows);
        f(kT5FinalNorm, norm);
    }
};

}  // namespace

T5Layer make_t5_layer(const T5Config& c, int64_t index) {
    T5Layer l;
    l.norm1 = at::empty({c.d_model}), l.norm2 = at::empty({c.d_model});
    l.q = nn::make_packed_linear(c.d_model, c.width(), false), l.k = l.q, l.v = l.q;
    l.o = nn::make_packed_linear(c.width(), c.d_model, false);
    l.gate = nn::make_packed_linear(c.d_model, c.d_ff, false), l.up = l.gate;
    l.down = nn::make_packed_linear(c.d_ff, c.d_model, false);
    if (c.own_positions || index == 0) l.positions = at::empty({c.buckets, c.heads});
    return l;
}

at::Tensor t5_buckets(const T5Config& c, int64_t tokens) {
    const at::Tensor at = at::arange(tokens, at::kLong), distance = at.unsqueeze(0) - at.unsqueeze(1);
    const int64_t half = c.buckets / 2, exact = half / 2;
    const at::Tensor n = distance.abs();
    const at::Tensor far = exact + ((n.to(at::kFloat) / static_cast<double>(exact)).log() /
                                    std::log(static_cast<double>(c.max_distance) / static_cast<double>(exact)) *
                                    static_cast<double>(half - exact))
                                       .to(at::kLong);
    return distance.gt(0).to(at::kLong) * half + at::where(n.lt(exact), n, far.clamp_max(half - 1));
}

at::Tensor t5_states(const T5Config& c, const at::Tensor& embedded, const std::function<const T5Layer&(int64_t)>& layer,
                     const at::Tensor& final_norm, const Cancel& cancel) {
    at::Tensor x = embedded, bias;
    const at::Tensor buckets = t5_buckets(c, x.size(0)).to(x.device());
    for (int64_t i = 0; i < c.layers; i++) {
        cancel.poll();
        const T5Layer& l = layer(i);
        if (l.positions.defined())
            bias = at::embedding(l.positions.to(x.scalar_type()), buckets).permute({2, 0, 1});  // [heads, query, key]
        const at::Tensor h = normed(x, l.norm1);
        const at::Tensor q = by_head(nn::forward(l.q, h), c), k = by_head(nn::forward(l.k, h), c),
                         v = by_head(nn::forward(l.v, h), c);
        // No division by the root of the size: the weights have it.
        const at::Tensor weights =
            at::softmax(at::matmul(q.to(at::kFloat), k.to(at::kFloat).transpose(1, 2)) + bias, -1);
        x = x + nn::forward(l.o, at::matmul(weights, v.to(at::kFloat))
                                     .to(x.scalar_type())
                                     .transpose(0, 1)
                                     .reshape({x.size(0), c.width()}));
        const at::Tensor g = normed(x, l.norm2);
        x = x + nn::forward(l.down, nn::forward_gelu(l.gate, g) * nn::forward(l.up, g));
    }
    return normed(x, final_norm);
}

at::Tensor read_t5_states(const T5Config& c, const load::PartReader& reader, std::span<const int32_t> ids,
                          at::ScalarType type, const Cancel& cancel) {
    const at::Tensor embedded = reader.rows(t5_embedding(reader), std::vector<int64_t>(ids.begin(), ids.end()), type);
    load::ReadAhead<T5Layer> layers([&](int64_t i) {
        T5Layer layer = make_t5_layer(c, i);
        reader.fill(layer, type, true, i);
        return layer;
    });
    const auto layer = [&](int64_t i) -> const T5Layer& { return layers.take(i, i + 1 < c.layers ? i + 1 : -1); };
    return t5_states(c, embedded, layer, reader.dense(kT5FinalNorm, type), cancel);
}

void expect_t5(const T5Config& c, const load::PartReader& reader) {
    Ends ends{t5_embedding(reader), at::empty({c.vocab, c.d_model}, at::kMeta), at::empty({c.d_model})};
    reader.expect(ends);
    for (int64_t i = 0; i < c.layers; i++) {
        T5Layer layer = make_t5_layer(c, i);
        reader.expect(layer, i);
    }
}

}  // namespace zt::encoders
