// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward pass of the LLM. In half precision each operation rounds where transformers rounds: the
// norm is taken in fp32 and rounded before its weight is applied, cos and sin are rounded before use.
#include "encoders/llm.h"

#include <cmath>

namespace zt::encoders {
namespace {

// cos and sin of every position and pair, [tokens, 1, head_dim / 2] in `like`'s type.
struct Rotation {
    at::Tensor cos, sin;
};

// Which axis turns each pair of a head, [1, 1, head_dim / 2]: the sections of rows and columns are spread over the
// first pairs, one after the other (M-RoPE, interleaved); all others are time's.
at::Tensor axes_of_pairs(const LlmConfig& c) {
    std::vector<int64_t> axes(static_cast<size_t>(c.head_dim / 2), 0);
    for (size_t pair = 0; pair < axes.size(); pair++) {
        const size_t axis = pair % 3;
        if (static_cast<int64_t>(pair) < 3 * c.sections[axis]) axes[pair] = static_cast<int64_t>(axis);
    }
    return at::tensor(axes, at::kLong).view({1, 1, c.head_dim / 2});
}

Rotation make_rotation(const LlmConfig& c, const LlmSequence& sequence) {
    const at::Tensor& like = sequence.states;
    const int64_t tokens = like.size(0);
    const at::TensorOptions options = like.options().dtype(at::kFloat);
    const at::Tensor exponent = at::arange(0, c.head_dim, 2, options) / static_cast<double>(c.head_dim);
    const at::Tensor frequency = at::reciprocal(at::pow(c.rope_theta, exponent));
    at::Tensor angle;
    if (sequence.positions.defined()) {
        const at::Tensor all = sequence.positions.to(options).unsqueeze(2) * frequency;  // [3, tokens, pairs]
        const at::Tensor axes = axes_of_pairs(c).to(all.device()).expand({1, tokens, c.head_dim / 2});
        angle = at::gather(all, 0, axes).squeeze(0);
    } else {
        angle = at::arange(tokens, options).unsqueeze(1) * frequency;
    }
    return {angle.cos().to(like.scalar_type()).unsqueeze(1), angle.sin().to(like.scalar_type()).unsqueeze(1)};
}

// x: [tokens, heads, head_dim]; pair i is (x[i], x[i + head_dim / 2]), unlike in the video transformer.
at::Tensor rotate(const at::Tensor& x, const Rotation& r) {
    const std::vector<at::Tensor> half = x.chunk(2, -1);
    return at::cat({half[0] * r.cos - half[1] * r.sin, half[1] * r.cos + half[0] * r.sin}, -1);
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
    const at::Tensor wide = x.to(at::kFloat);
    const at::Tensor scale = at::rsqrt(wide.square().mean(-1, true) + eps);
    return (wide * scale).to(x.scalar_type()) * weight.to(x.scalar_type());
}

at::Tensor attention(const LlmConfig& c, const LlmLayer& layer, const at::Tensor& x, const Rotation& rotation) {
    const int64_t n = x.size(0), d = c.head_dim, groups = c.heads / c.kv_heads;
    const auto turned = [&](const nn::PackedLinear& linear, int64_t heads, const at::Tensor& norm) {
        const at::Tensor by_head = nn::forward(linear, x).view({n, heads, d});
        return rotate(norm.defined() ? rms_norm(by_head, norm, c.rms_eps) : by_head, rotation);
    };
    const at::Tensor q = turned(layer.q, c.heads, layer.q_norm), k = turned(layer.k, c.kv_heads, layer.k_norm);
    const at::Tensor v = nn::forward(layer.v, x).view({n, c.kv_heads, d});
    // Query head h reads key head h / groups. The repeated keys are small beside a layer's weights,
    // and equal head counts let every device use its fused kernel.
    const auto heads_first = [&](const at::Tensor& t) {
        return t.unsqueeze(2).expand({n, c.kv_heads, groups, d}).reshape({n, c.heads, d}).transpose(0, 1).unsqueeze(0);
    };
    const double scale = 1.0 / std::sqrt(static_cast<double>(d));
    const at::Tensor y = at::scaled_dot_product_attention(q.transpose(0, 1).unsqueeze(0), heads_first(k),
                                                          heads_first(v), {}, 0.0, /*is_causal=*/true, scale);
    return nn::forward(layer.o, y.squeeze(0).transpose(0, 1).reshape({n, c.heads * d}));
}

at::Tensor mlp(const LlmLayer& layer, const at::Tensor& x) {
    at::Tensor gate = nn::forward(layer.gate, x);
    at::silu_(gate).mul_(nn::forward(layer.up, x));
    return nn::forward(layer.down, gate);
}

}  // namespace

LlmLayer make_llm_layer(const LlmConfig& c) {
    LlmLayer layer;
    layer.norm1 = at::empty({c.hidden});
    layer.norm2 = at::empty({c.hidden});
    layer.q = nn::make_packed_linear(c.hidden, c.heads * c.head_dim, false);
    layer.k = nn::make_packed_linear(c.hidden, c.kv_heads * c.head_dim, false);
    layer.v = nn::make_packed_linear(c.hidden, c.kv_heads * c.head_dim, false);
    layer.o = nn::make_packed_linear(c.heads * c.head_dim, c.hidden, false);
    if (c.head_norms) layer.q_norm = at::empty({c.head_dim}), layer.k_norm = at::empty({c.head_dim});
    layer.gate = nn::make_packed_linear(c.hidden, c.intermediate, false);
    layer.up = nn::make_packed_linear(c.hidden, c.intermediate, false);
    layer.down = nn::make_packed_linear(c.intermediate, c.hidden, false);
    return layer;
}

ResidentLlm::ResidentLlm(const LlmConfig& config, RowReader rows) : read_rows_(std::move(rows)) {
    if (!read_rows_) embedding_ = at::empty({config.vocab, config.hidden});
    for (int64_t i = 0; i < used_layers(config); i++) layers_.push_back(make_llm_layer(config));
}

at::Tensor ResidentLlm::rows(const std::vector<int32_t>& ids) {
    if (read_rows_) return read_rows_(ids);
    return at::embedding(embedding_, at::tensor(ids, at::kInt).to(embedding_.device()));
}

std::vector<at::Tensor> run_llm(const LlmConfig& config, LlmSource& source, std::vector<LlmSequence> sequences,
                                const Cancel* cancel) {
    std::vector<Rotation> rotations;
    for (const LlmSequence& sequence : sequences) rotations.push_back(make_rotation(config, sequence));
    for (int64_t i = 0; i < used_layers(config); i++) {
        if (cancel) cancel->poll();
        const LlmLayer& layer = source.layer(i);
        for (size_t s = 0; s < sequences.size(); s++) {
            LlmSequence& sequence = sequences[s];
            at::Tensor& x = sequence.states;
            x = x + attention(config, layer, rms_norm(x, layer.norm1, config.rms_eps), rotations[s]);
            x = x + mlp(layer, rms_norm(x, layer.norm2, config.rms_eps));
            if (static_cast<size_t>(i) < sequence.taps.size())
                x = x.index_add(0, sequence.picture_rows, sequence.taps[static_cast<size_t>(i)]);
        }
    }
    std::vector<at::Tensor> states;
    for (LlmSequence& sequence : sequences) states.push_back(std::move(sequence.states));
    return states;
}

}  // namespace zt::encoders
