// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Forward passes of the two kinds of block. Single blocks compute the feed-forward rows of linear1
// after the attention, chunk by chunk, so that their result is never whole in memory.
#include "families/hunyuan_video/transformer/blocks.h"

#include <algorithm>

#include "nn/modulation.h"
#include "nn/token_ops.h"

namespace zt::hunyuan_video {
namespace {

// Heads of tokens from `begin` on. Only video tokens turn.
void split(const at::Tensor& qkv, const at::Tensor& q_norm, const at::Tensor& k_norm, const Tokens& tokens,
           int64_t begin, const at::Tensor& heads) {
    const int64_t count = qkv.size(0), video = std::clamp<int64_t>(tokens.video - begin, 0, count);
    if (video > 0)
        nn::split_heads(qkv.narrow(0, 0, video), q_norm, k_norm, tokens.rope->cos.narrow(0, begin, video),
                        tokens.rope->sin.narrow(0, begin, video), heads, begin);
    if (video < count)
        nn::split_heads(qkv.narrow(0, video, count - video), q_norm, k_norm, {}, {}, heads, begin + video);
}

at::Tensor empty_heads(const at::Tensor& x, const Tokens& tokens) {
    return at::empty({3, tokens.heads, x.size(0), x.size(1) / tokens.heads}, x.options());
}

void into_heads(const Stream& stream, const at::Tensor& x, const Tokens& tokens, int64_t begin, int64_t end,
                const nn::Modulation& v, const at::Tensor& heads) {
    const nn::PackedLinear qkv = stream.qkv.decoded(x.scalar_type());
    nn::by_chunk(begin, end, tokens.chunk, [&](int64_t at, int64_t count) {
        split(nn::forward(qkv, nn::norm_modulated(x, at, count, v, 0)), stream.q_norm, stream.k_norm, tokens, at,
              heads);
    });
}

void finish(const Stream& stream, const at::Tensor& x, const Tokens& tokens, int64_t begin, int64_t end,
            const nn::Modulation& v, const at::Tensor& attended) {
    const at::ScalarType type = x.scalar_type();
    const nn::PackedLinear project = stream.project.decoded(type), fc1 = stream.fc1.decoded(type),
                           fc2 = stream.fc2.decoded(type);
    nn::by_chunk(begin, end, tokens.chunk, [&](int64_t at, int64_t count) {
        nn::add_gated(x, at, nn::forward(project, attended.narrow(0, at, count)), v, 2);
        nn::add_gated(x, at, nn::forward(fc2, nn::forward_gelu(fc1, nn::norm_modulated(x, at, count, v, 3))), v, 5);
    });
}

Stream make_stream(const TransformerConfig& config) {
    const int64_t h = config.width(), mlp = config.mlp_width();
    return {nn::make_packed_linear(h, 3 * h), nn::make_packed_linear(h, h), nn::make_packed_linear(h, mlp),
            nn::make_packed_linear(mlp, h),   at::empty({config.head_dim}), at::empty({config.head_dim})};
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
    const nn::Modulation video = nn::modulation_of(modulation.video, modulation.clean, 6, tokens.first_frame),
                         text = nn::modulation_of(modulation.text, {}, 6, 0);
    at::Tensor heads = empty_heads(x, tokens);  // [3, heads, all, dim]
    into_heads(block.image, x, tokens, 0, tokens.video, video, heads);
    into_heads(block.text, x, tokens, tokens.video, all, text, heads);
    const at::Tensor attended = tokens.sequence.attention(heads);  // [all, h]
    heads.reset();
    finish(block.image, x, tokens, 0, tokens.video, video, attended);
    finish(block.text, x, tokens, tokens.video, all, text, attended);
}

void forward(const SingleBlock& block, at::Tensor& x, const Tokens& tokens, const BlockModulation& modulation) {
    const int64_t all = tokens.video + tokens.text, h = x.size(1), mlp = block.linear2.in - h;
    const nn::Modulation v = nn::modulation_of(modulation.video, modulation.clean, 3, tokens.first_frame);
    const nn::PackedLinear linear1 = block.linear1.decoded(x.scalar_type()),
                           linear2 = block.linear2.decoded(x.scalar_type());
    const nn::PackedLinear qkv = linear1.rows(0, 3 * h), feed = linear1.rows(3 * h, mlp);
    at::Tensor heads = empty_heads(x, tokens);
    nn::by_chunk(0, all, tokens.chunk, [&](int64_t at, int64_t count) {
        split(nn::forward(qkv, nn::norm_modulated(x, at, count, v, 0)), block.q_norm, block.k_norm, tokens, at, heads);
    });
    const at::Tensor attended = tokens.sequence.attention(heads);
    heads.reset();
    const at::Tensor joint = at::empty({std::min(tokens.chunk, all), h + mlp}, x.options());  // attention, feed-forward
    nn::by_chunk(0, all, tokens.chunk, [&](int64_t at, int64_t count) {
        const at::Tensor in = joint.narrow(0, 0, count);
        in.narrow(1, 0, h).copy_(attended.narrow(0, at, count));
        in.narrow(1, h, mlp).copy_(nn::forward_gelu(feed, nn::norm_modulated(x, at, count, v, 0)));
        nn::add_gated(x, at, nn::forward(linear2, in), v, 2);
    });
}

}  // namespace zt::hunyuan_video
