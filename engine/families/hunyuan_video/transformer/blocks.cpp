// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward passes of the two kinds of block. Single blocks compute the feed-forward rows of linear1
// after the attention, chunk by chunk, so that their result is never whole in memory.
#include "families/hunyuan_video/transformer/blocks.h"

#include <algorithm>
#include <vector>

#include "nn/attention.h"
#include "nn/token_ops.h"

namespace zt::hunyuan_video {
namespace {

// A run of tokens that share a modulation.
struct Part {
    int64_t begin, end;
    bool clean;
};

// Calls f(begin, count) for chunks of [begin, end).
template <class F>
void by_chunk(int64_t begin, int64_t end, int64_t chunk, const F& f) {
    for (int64_t at = begin; at < end; at += chunk) f(at, std::min(chunk, end - at));
}

// The first frame's tokens and the others within [begin, begin + count).
std::vector<Part> parts(const Tokens& tokens, int64_t begin, int64_t count) {
    const int64_t end = begin + count, cut = std::clamp(tokens.first_frame, begin, end);
    std::vector<Part> found;
    if (cut > begin) found.push_back({begin, cut, true});
    if (end > cut) found.push_back({cut, end, false});
    return found;
}

// The vectors of one stream: `index` counts them within a row of the modulation.
struct Vectors {
    std::vector<at::Tensor> plain, clean;   // [h] each
    [[nodiscard]] const at::Tensor& at(size_t index, bool first_frame) const { return (first_frame ? clean : plain)[index]; }
};

Vectors vectors_of(const at::Tensor& plain, const at::Tensor& clean, int64_t count) {
    Vectors v;
    v.plain = plain.view({-1}).chunk(count);
    if (clean.defined()) v.clean = clean.view({-1}).chunk(count);
    return v;
}

// layer_norm(x) (1 + scale) + shift of tokens [begin, begin + count). -> [count, h]
at::Tensor normed(const at::Tensor& x, const Tokens& tokens, int64_t begin, int64_t count, const Vectors& v, size_t shift) {
    at::Tensor out = at::empty({count, x.size(1)}, x.options());
    for (const Part& p : parts(tokens, begin, count))
        nn::norm_modulate(x.narrow(0, p.begin, p.end - p.begin), v.at(shift, p.clean), v.at(shift + 1, p.clean),
                          out.narrow(0, p.begin - begin, p.end - p.begin));
    return out;
}

void add(const at::Tensor& x, const Tokens& tokens, int64_t begin, const at::Tensor& y, const Vectors& v, size_t gate) {
    for (const Part& p : parts(tokens, begin, y.size(0)))
        nn::add_gated(x.narrow(0, p.begin, p.end - p.begin), y.narrow(0, p.begin - begin, p.end - p.begin), v.at(gate, p.clean));
}

// Heads of tokens from `begin` on. Only video tokens turn.
void split(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm, const Tokens& tokens, int64_t begin,
           const at::Tensor& heads) {
    const int64_t count = qkv.size(0), video = std::clamp<int64_t>(tokens.video - begin, 0, count);
    if (video > 0)
        nn::split_heads(qkv.narrow(0, 0, video), q_norm, k_norm, tokens.rope->cos.narrow(0, begin, video),
                        tokens.rope->sin.narrow(0, begin, video), heads, begin);
    if (video < count) nn::split_heads(qkv.narrow(0, video, count - video), q_norm, k_norm, {}, {}, heads, begin + video);
}

at::Tensor empty_heads(const at::Tensor& x, const Tokens& tokens) {
    return at::empty({3, tokens.heads, x.size(0), x.size(1) / tokens.heads}, x.options());
}

void into_heads(const Stream& stream, const at::Tensor& x, const Tokens& tokens, int64_t begin, int64_t end, const Vectors& v,
                const at::Tensor& heads) {
    const nn::PackedLinear qkv = stream.qkv.decoded(x.scalar_type());
    by_chunk(begin, end, tokens.chunk, [&](int64_t at, int64_t count) {
        split(nn::forward(qkv, normed(x, tokens, at, count, v, 0)), stream.q_norm, stream.k_norm, tokens, at, heads);
    });
}

void finish(const Stream& stream, const at::Tensor& x, const Tokens& tokens, int64_t begin, int64_t end, const Vectors& v,
            const at::Tensor& attended) {
    const at::ScalarType type = x.scalar_type();
    const nn::PackedLinear project = stream.project.decoded(type), fc1 = stream.fc1.decoded(type), fc2 = stream.fc2.decoded(type);
    by_chunk(begin, end, tokens.chunk, [&](int64_t at, int64_t count) {
        add(x, tokens, at, nn::forward(project, attended.narrow(0, at, count)), v, 2);
        add(x, tokens, at, nn::forward(fc2, nn::forward_gelu(fc1, normed(x, tokens, at, count, v, 3))), v, 5);
    });
}

Stream make_stream(const TransformerConfig& config) {
    const int64_t h = config.width(), mlp = config.mlp_width();
    return {nn::make_packed_linear(h, 3 * h), nn::make_packed_linear(h, h), nn::make_packed_linear(h, mlp),
            nn::make_packed_linear(mlp, h), at::empty({config.head_dim}), at::empty({config.head_dim})};
}

}  // namespace

DoubleBlock make_double_block(const TransformerConfig& config) { return {make_stream(config), make_stream(config)}; }

SingleBlock make_single_block(const TransformerConfig& config) {
    const int64_t h = config.width(), mlp = config.mlp_width();
    return {nn::make_packed_linear(h, 3 * h + mlp), nn::make_packed_linear(h + mlp, h), at::empty({config.head_dim}),
            at::empty({config.head_dim})};
}

void forward(const DoubleBlock& block, at::Tensor& x, const Tokens& tokens, const BlockModulation& modulation) {
    const int64_t all = tokens.video + tokens.text;
    const Vectors video = vectors_of(modulation.video, modulation.clean, 6), text = vectors_of(modulation.text, {}, 6);
    at::Tensor heads = empty_heads(x, tokens);                                            // [3, heads, all, dim]
    into_heads(block.image, x, tokens, 0, tokens.video, video, heads);
    into_heads(block.text, x, tokens, tokens.video, all, text, heads);
    const at::Tensor attended = nn::attention(heads[0], heads[1], heads[2]);              // [all, h]
    heads.reset();
    finish(block.image, x, tokens, 0, tokens.video, video, attended);
    finish(block.text, x, tokens, tokens.video, all, text, attended);
}

void forward(const SingleBlock& block, at::Tensor& x, const Tokens& tokens, const BlockModulation& modulation) {
    const int64_t all = tokens.video + tokens.text, h = x.size(1), mlp = block.linear2.in - h;
    const Vectors v = vectors_of(modulation.video, modulation.clean, 3);
    const nn::PackedLinear linear1 = block.linear1.decoded(x.scalar_type()), linear2 = block.linear2.decoded(x.scalar_type());
    const nn::PackedLinear qkv = linear1.rows(0, 3 * h), feed = linear1.rows(3 * h, mlp);
    at::Tensor heads = empty_heads(x, tokens);
    by_chunk(0, all, tokens.chunk, [&](int64_t at, int64_t count) {
        split(nn::forward(qkv, normed(x, tokens, at, count, v, 0)), block.q_norm, block.k_norm, tokens, at, heads);
    });
    const at::Tensor attended = nn::attention(heads[0], heads[1], heads[2]);
    heads.reset();
    const at::Tensor joint = at::empty({std::min(tokens.chunk, all), h + mlp}, x.options());   // attention, feed-forward
    by_chunk(0, all, tokens.chunk, [&](int64_t at, int64_t count) {
        const at::Tensor in = joint.narrow(0, 0, count);
        in.narrow(1, 0, h).copy_(attended.narrow(0, at, count));
        in.narrow(1, h, mlp).copy_(nn::forward_gelu(feed, normed(x, tokens, at, count, v, 0)));
        add(x, tokens, at, nn::forward(linear2, in), v, 2);
    });
}

}  // namespace zt::hunyuan_video
