// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/minimax_h3/transformer/transformer.h"

#include <algorithm>
#include <utility>

#include "nn/token_ops.h"

namespace zt::minimax_h3 {
namespace {

// Rows that follow each other and share a time and a kind.
struct Run {
    int64_t end = 0, time = 0;
    Tag tag = Tag::kVideo;
};
std::vector<Run> runs_of(const Prepared& p, float video_time, float audio_time) {
    std::vector<Run> runs;
    for (const Segment& s : p.layout.segments) {
        const int64_t time = s.count > 0 ? p.times.index_of(time_of(s.role, video_time, audio_time)) : 0;
        for (int64_t i = s.begin; i < s.begin + s.count; i++) {
            const Tag tag = p.layout.tags[static_cast<size_t>(i)];
            if (runs.empty() || runs.back().time != time || runs.back().tag != tag) runs.push_back({i, time, tag});
            runs.back().end = i + 1;
        }
    }
    return runs;
}

// Of this rank's rows.
nn::Modulation modulation_of(const std::vector<Run>& runs, const at::Tensor& table, const ranks::Share& own) {
    nn::Modulation m;
    m.rounds = nn::Rounds::kEach;
    for (const Run& run : runs)
        if (const int64_t end = std::min(run.end - own.first, own.count);
            end > 0 && (m.runs.empty() || end > m.runs.back().end))
            m.runs.push_back({end, table[run.time][static_cast<int64_t>(run.tag)].unbind()});
    return m;
}

// All rows in their order, in the type of the model.
at::Tensor packed(const Ends& ends, const Prepared& p, const Rows& latents) {
    const at::Tensor x = at::empty({p.layout.rows(), p.text.size(1)}, p.text.options());
    const auto put = [&](Role role, const at::Tensor& rows) {
        x.narrow(0, p.layout.begin_of(role), rows.size(0)).copy_(rows);
    };
    put(Role::kText, p.text);
    if (p.keyframes.defined()) put(Role::kKeyframe, p.keyframes);
    put(Role::kAudio, nn::forward(ends.audio_in, latents.audio));
    put(Role::kVideo, nn::forward(ends.video_in, latents.video));
    return x;
}

// The velocity of the rows of one kind.
at::Tensor end_of(const TransformerConfig& c, const nn::Linear& head, const FinalNorm& norm, const Prepared& p,
                  const at::Tensor& x, Role role, int64_t time, int64_t chunk) {
    const int64_t begin = p.layout.begin_of(role), count = p.layout.count_of(role);
    const at::Tensor vectors = p.end[time],
                     made = at::empty({count, head.weight.size(0)}, x.options().dtype(at::kFloat));
    nn::by_chunk(0, count, chunk, [&](int64_t at, int64_t some) {
        const at::Tensor normed = at::empty({some, x.size(1)}, x.options());
        nn::rms_modulate(x.narrow(0, begin + at, some), norm.weight, vectors[0], vectors[1], c.final_norm_eps, normed,
                         nn::Rounds::kEach);
        made.narrow(0, at, some).copy_(nn::forward(head, normed.to(at::kFloat)));
    });
    return made;
}

}  // namespace

TextReader make_text_reader(const TransformerConfig& c) {
    TextReader r;
    r.in = nn::make_packed_linear(c.text_dim, c.hidden);
    for (int64_t i = 0; i < c.refiner_layers; i++) r.blocks.push_back(make_block(c));
    r.norm = at::empty({c.hidden});
    return r;
}

at::Tensor read_text(const TransformerConfig& c, const TextReader& reader, const at::Tensor& states,
                     at::ScalarType type, const Cancel& cancel) {
    const at::Tensor x = nn::forward(reader.in, states.to(type));
    for (const Block& block : reader.blocks) {
        cancel.poll();
        forward(c, block, x, nullptr, nullptr);
    }
    at::Tensor out = at::empty_like(x);
    nn::rms_modulate(x, reader.norm, {}, {}, c.final_norm_eps, out);
    return out;
}

Ends make_ends(const TransformerConfig& c) {
    return {nn::make_linear(c.video_row(), c.hidden), nn::make_linear(c.audio_channels, c.hidden),
            nn::make_linear(c.hidden, c.video_row()), nn::make_linear(c.hidden, c.audio_channels)};
}

FinalNorm make_final_norm(const TransformerConfig& c) { return {at::empty({c.hidden})}; }

nn::Rope rope_of(const TransformerConfig& c, const Layout& layout, at::Device device) {
    // The layout outlives the view: the table is made at once.
    const at::Tensor positions =
        at::from_blob(const_cast<double*>(layout.positions.front().data()), {layout.rows(), 3},  // not written to
                      at::TensorOptions().dtype(at::kDouble));
    const nn::Rope rope = nn::rope_at(positions, c.rope_frequencies, c.rope_theta);
    return {rope.cos.to(device), rope.sin.to(device)};
}

Rows velocity(const TransformerConfig& c, const Ends& ends, const FinalNorm& norm, const BlockSource& blocks,
              const Prepared& p, const Rows& latents, float video_time, float audio_time, const Cancel& cancel,
              int64_t chunk, const LookFn& look) {
    at::Tensor x = packed(ends, p, latents);
    const int64_t rows = x.size(0);
    const ranks::Sequence sequence({rows});
    const nn::Rope rope = {sequence.mine(p.rope.cos), sequence.mine(p.rope.sin)};
    x = sequence.mine(x);
    const std::vector<Run> runs = runs_of(p, video_time, audio_time);
    for (int64_t i = 0; i < c.layers; i++) {
        cancel.poll();
        const nn::Modulation m = modulation_of(runs, p.blocks[static_cast<size_t>(i)], sequence.share(rows));
        forward(c, blocks(i), x, &rope, &m, chunk, sequence);
        if (look) look(i, x);
    }
    x = sequence.gather(x, rows);
    return {end_of(c, ends.video_out, norm, p, x, Role::kVideo, p.times.index_of(video_time), chunk),
            end_of(c, ends.audio_out, norm, p, x, Role::kAudio, p.times.index_of(audio_time), chunk)};
}

}  // namespace zt::minimax_h3
