// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/cogvideox/transformer/transformer.h"

#include <limits>

#include "nn/sinusoid.h"
#include "nn/token_ops.h"

namespace zt::cogvideox {
namespace {

constexpr double kNormEps = 1e-5, kHeadEps = 1e-6;
constexpr float kOfs = 2.0F;  // what 1.5 with a picture is always told
constexpr int64_t kVectors = 3;

// [T, C, H, W] -> [tokens, C * pt * 2 * 2], channel slowest, pt frames of a patch together
at::Tensor patches(const at::Tensor& x, int64_t pt) {
    return x.reshape({x.size(0) / pt, pt, x.size(1), x.size(2) / kPatch, kPatch, x.size(3) / kPatch, kPatch})
        .permute({0, 3, 5, 2, 1, 4, 6})
        .reshape({-1, x.size(1) * pt * kPatch * kPatch});
}
at::Tensor video(const at::Tensor& y, int64_t channels, int64_t pt, at::IntArrayRef latents) {
    return y.view({latents[0] / pt, latents[2] / kPatch, latents[3] / kPatch, channels, pt, kPatch, kPatch})
        .permute({0, 4, 3, 1, 5, 2, 6})
        .reshape({latents[0], channels, latents[2], latents[3]});
}

// Shift, scale and gate with the norm's weight and bias worked into the first two: fp32.
std::vector<at::Tensor> with_affine(const nn::Norm& norm, const at::Tensor& vectors) {
    const at::Tensor v = vectors.to(at::kFloat), scale = v[1] + 1, weight = norm.weight.to(at::kFloat);
    std::vector<at::Tensor> made = {at::addcmul(v[0], norm.bias.to(at::kFloat), scale), weight * scale - 1};
    if (v.size(0) > 2) made.push_back(v[2]);
    return made;
}

// rows [6, h]: of the video, then of the text, whose tokens come first.
nn::Modulation modulation_of(const nn::Norm& norm, const at::Tensor& rows, int64_t text_tokens) {
    nn::Modulation m;
    m.eps = kNormEps;
    m.runs.push_back({text_tokens, with_affine(norm, rows.narrow(0, kVectors, kVectors))});
    m.runs.push_back({std::numeric_limits<int64_t>::max(), with_affine(norm, rows.narrow(0, 0, kVectors))});
    return m;
}

}  // namespace

Embedders make_embedders(const TransformerConfig& c) {
    const int64_t h = c.width();
    Embedders e{nn::make_packed_linear(c.text_dim, h),
                nn::make_packed_linear(h, c.time_dim),
                nn::make_packed_linear(c.time_dim, c.time_dim),
                {},
                {},
                nn::make_packed_linear(c.time_dim, 2 * h),
                {}};
    if (c.ofs_dim > 0)
        e.ofs_in = nn::make_packed_linear(c.ofs_dim, c.ofs_dim),
        e.ofs_out = nn::make_packed_linear(c.ofs_dim, c.ofs_dim);
    if (c.learned) e.positions = at::empty({1, c.table_rows(), h}, at::kMeta);
    return e;
}

Modulators make_modulators(const TransformerConfig& c) {
    return {nn::make_packed_linear(c.time_dim, 2 * kVectors * c.width()),
            nn::make_packed_linear(c.time_dim, 2 * kVectors * c.width())};
}

Block make_block(const TransformerConfig& c) {
    const int64_t h = c.width();
    return {nn::make_norm(h),
            nn::make_norm(h),
            nn::make_norm(c.head_dim),
            nn::make_norm(c.head_dim),
            nn::make_packed_linear(h, 3 * h),
            nn::make_packed_linear(h, h),
            nn::make_packed_linear(h, 4 * h),
            nn::make_packed_linear(4 * h, h)};
}

Ends make_ends(const TransformerConfig& c) {
    const int64_t h = c.width(), in = c.in_channels;
    return {{c.is_15() ? at::empty({h, in * c.patch_values()}) : at::empty({h, in, kPatch, kPatch}), at::empty({h})},
            nn::make_norm(h),
            nn::make_norm(h),
            nn::make_packed_linear(h, c.out_channels * c.patch_values())};
}

at::Tensor embed_times(const TransformerConfig& c, const Embedders& e, std::span<const float> t, at::ScalarType type) {
    const at::Device device = e.time_in.bias.device();
    const auto mlp = [&](const nn::PackedLinear& in, const nn::PackedLinear& out, const at::Tensor& levels, int64_t n) {
        return nn::forward(out, at::silu(nn::forward(in, nn::sinusoid(levels, n).to(type))));
    };
    at::Tensor vector =
        mlp(e.time_in, e.time_out, at::tensor(std::vector<float>(t.begin(), t.end())).to(device), c.width());
    if (c.ofs_dim > 0) vector = vector + mlp(e.ofs_in, e.ofs_out, at::full({1}, kOfs).to(device), c.ofs_dim);
    return at::silu(vector);
}

at::Tensor embed_text(const Embedders& e, const at::Tensor& states, at::ScalarType type) {
    const at::Tensor text = nn::forward(e.text, states.to(type));
    return e.positions.defined() ? text + e.positions[0].narrow(0, 0, text.size(0)).to(type) : text;
}

void forward(const TransformerConfig& c, const Block& block, const at::Tensor& x, const at::Tensor& modulation,
             const nn::Rope& rope, int64_t chunk, const ranks::Sequence& sequence) {
    const int64_t tokens = x.size(0), text = sequence.share(c.text_tokens).count;
    const at::ScalarType type = x.scalar_type();
    const nn::Modulation before = modulation_of(block.norm1, modulation[0], text),
                         after = modulation_of(block.norm2, modulation[1], text);
    nn::HeadStyle style;
    style.eps = kHeadEps, style.q_bias = block.q_norm.bias, style.k_bias = block.k_norm.bias;
    at::Tensor heads = at::empty({3, c.heads, tokens, c.head_dim}, x.options());
    const nn::PackedLinear qkv = block.qkv.decoded(type);
    const auto project = [&](int64_t at, int64_t count) {
        // The text does not turn.
        const bool turns = at >= text && rope.cos.defined();
        nn::split_heads(nn::forward(qkv, nn::norm_modulated(x, at, count, before, 0)), block.q_norm.weight,
                        block.k_norm.weight, turns ? rope.cos.narrow(0, at - text, count) : at::Tensor(),
                        turns ? rope.sin.narrow(0, at - text, count) : at::Tensor(), heads, at, style);
    };
    nn::by_chunk(0, text, chunk, project);
    nn::by_chunk(text, tokens, chunk, project);
    const at::Tensor attended = sequence.attention(heads);  // [tokens, h]
    heads.reset();
    const nn::PackedLinear out = block.out.decoded(type), fc1 = block.fc1.decoded(type), fc2 = block.fc2.decoded(type);
    nn::by_chunk(0, tokens, chunk, [&](int64_t at, int64_t count) {
        nn::add_gated(x, at, nn::forward(out, attended.narrow(0, at, count)), before, 2);
        nn::add_gated(x, at, nn::forward(fc2, nn::forward_gelu(fc1, nn::norm_modulated(x, at, count, after, 0))), after,
                      2);
    });
}

at::Tensor velocity(const TransformerConfig& c, const Ends& ends, const BlockSource& blocks, const Pass& pass,
                    const at::Tensor& latents, const Cancel& cancel, int64_t chunk) {
    const at::ScalarType type = pass.text->scalar_type();
    const at::Tensor seen = patches(latents.to(type), c.patch_time);
    const int64_t all = seen.size(0);
    const ranks::Sequence sequence({pass.text->size(0), all});
    at::Tensor tokens =
        at::linear(sequence.mine(seen), ends.patch.weight.flatten(1), ends.patch.bias);  // [own video tokens, h]
    if (pass.positions->added.defined()) tokens.add_(sequence.mine(pass.positions->added));
    nn::Rope rope = pass.positions->rope;
    if (rope.cos.defined()) rope = {sequence.mine(rope.cos), sequence.mine(rope.sin)};
    const at::Tensor x = at::cat({sequence.mine(*pass.text), tokens});
    const int64_t count = tokens.size(0), text = x.size(0) - count;
    tokens.reset();
    for (int64_t i = 0; i < c.layers; i++) {
        cancel.poll();
        forward(c, blocks(i), x, pass.modulations->blocks[i][pass.step], rope, chunk, sequence);
    }
    nn::Modulation m;
    m.eps = kNormEps;
    m.runs.push_back(
        {std::numeric_limits<int64_t>::max(), with_affine(ends.out_norm, pass.modulations->out[pass.step])});
    const nn::PackedLinear out = ends.out.decoded(type);
    const at::Tensor y = at::empty({count, out.out}, x.options());
    nn::by_chunk(0, count, chunk, [&](int64_t at, int64_t rows) {
        const at::Tensor normed = at::layer_norm(x.narrow(0, text + at, rows), {c.width()}, ends.final_norm.weight,
                                                 ends.final_norm.bias, kNormEps);
        y.narrow(0, at, rows).copy_(nn::forward(out, nn::norm_modulated(normed, 0, rows, m, 0)));
    });
    return video(sequence.gather(y, all), c.out_channels, c.patch_time, latents.sizes());
}

}  // namespace zt::cogvideox
