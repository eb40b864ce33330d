// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/minimax_h3/transformer/denoiser.h"

#include <utility>

#include "sample/loop.h"
#include "sample/solver.h"

namespace zt::minimax_h3 {
namespace {

Block read_block(const TransformerFile& file, const load::PartReader& reader, int64_t index) {
    Block block = make_block(file.config);
    reader.fill(block, file.type, true, index);
    return block;
}

// The table of one block or of the end. Its matrix is in memory only here.
at::Tensor read_table(const TransformerFile& file, const load::PartReader& reader, const at::Tensor& vectors,
                      int64_t index) {
    TimeProjection projection = make_time_projection(file.config, index);
    reader.fill(projection, projection_type(file.config, file.type), true, index);
    return modulation_table(file.config, projection, vectors, index == TimeProjection::kFinal, file.type);
}

}  // namespace

load::PartReader TransformerFile::reader(const Cancel& cancel) const {
    load::ReaderOptions options;
    options.device = device;
    options.heads = config.heads;
    options.loras = loras;
    options.cancel = &cancel;
    return {checkpoint, transformer_names(order), options};
}

void check_transformer(const TransformerFile& file) {
    const Cancel never;
    const load::PartReader reader = file.reader(never);
    TextReader text = make_text_reader(file.config);
    reader.expect(text);
    TimeEmbedder time = make_time_embedder(file.config);
    reader.expect(time);
    Ends ends = make_ends(file.config);
    reader.expect(ends);
    FinalNorm norm = make_final_norm(file.config);
    reader.expect(norm);
    TimeProjection last = make_time_projection(file.config, TimeProjection::kFinal);
    reader.expect(last, TimeProjection::kFinal);
    Block block = make_block(file.config);
    TimeProjection projection = make_time_projection(file.config, 0);
    for (int64_t i = 0; i < file.config.layers; i++) reader.expect(block, i), reader.expect(projection, i);
}

Prepared prepare(const TransformerFile& file, const Request& request, const Cancel& cancel,
                 const ProgressFn& progress) {
    const TransformerConfig& c = file.config;
    const load::PartReader reader = file.reader(cancel);
    const int of = static_cast<int>(c.layers) + 1;
    Prepared p;
    p.layout = make_layout(request.text, request.geometry, request.anchors);
    p.rope = rope_of(c, p.layout, file.device);
    p.times = times_of(p.layout, request.video_times, request.audio_times);
    progress("prepare", 0, of);
    {
        TextReader text = make_text_reader(c);
        reader.fill(text, file.type, true);
        p.text = read_text(c, text, request.states.to(file.device), file.type, cancel);
    }
    if (request.keyframes.defined()) {
        Ends ends = make_ends(c);
        reader.fill(ends, at::kFloat, false);
        p.keyframes = nn::forward(ends.video_in, request.keyframes.to(file.device)).to(file.type);
    }
    TimeEmbedder embedder = make_time_embedder(c);
    reader.fill(embedder, at::kFloat, false);
    const at::Tensor vectors = time_vectors(c, embedder, p.times.distinct);
    for (int64_t i = 0; i < c.layers; i++) {
        cancel.poll();
        progress("prepare", static_cast<int>(i) + 1, of);
        p.blocks.push_back(read_table(file, reader, vectors, i));
    }
    p.end = read_table(file, reader, vectors, TimeProjection::kFinal);
    return p;
}

namespace {

load::PartlyResident<Block> blocks_of(const TransformerFile& file, const load::PartReader& reader,
                                      const load::Budget& budget, const ProgressFn& progress, const Log& log) {
    load::HeldBlocks<Block> held = load::hold_blocks<Block>(
        file.blocks, budget, file.config.layers, [&](int64_t i) { return read_block(file, reader, i); },
        [&](int64_t i, int64_t n) { progress("load", static_cast<int>(i), static_cast<int>(n)); }, log);
    return {std::move(held.whole), file.config.layers, std::move(held.others), held.ahead};
}

}  // namespace

Denoiser::Denoiser(const TransformerFile& file, const load::Budget& budget, const Cancel& cancel,
                   const ProgressFn& progress, const Log& log)
    : file_(file), cancel_(cancel), reader_(file.reader(cancel)),
      ends_(file.ends.get(budget.keep,
                          [&] {
                              auto made = std::make_shared<Ends>(make_ends(file.config));
                              reader_.fill(*made, at::kFloat, false);
                              return made;
                          })),
      norm_(make_final_norm(file.config)), blocks_(blocks_of(file, reader_, budget, progress, log)) {
    reader_.fill(norm_, file.type, false);
}

Rows Denoiser::velocity(const Prepared& prepared, const Rows& latents, float video_time, float audio_time) {
    return minimax_h3::velocity(
        file_.config, *ends_, norm_, [&](int64_t i) -> const Block& { return blocks_(i); }, prepared, latents,
        video_time, audio_time, cancel_);
}

sample::Levels levels_of(int64_t steps, double shift) { return sample::make_levels("euler-clean", steps, shift); }

Rows make_latents(Denoiser& denoiser, const Prepared& prepared, const Rows& noise, const sample::Levels& video,
                  const sample::Levels& audio, const Cancel& cancel, const ProgressFn& progress) {
    const auto picture = sample::make_solver("euler-mix", video, sample::Rounding::kFp32),
               sound = sample::make_solver("euler-mix", audio, sample::Rounding::kFp32);
    const sample::JointLoop loop{
        {{video, *picture}, {audio, *sound}},
        [](int64_t) { return 1.0; },  // guidance is in the weights
        [&](int64_t i, int64_t n) { progress("denoise", static_cast<int>(i), static_cast<int>(n)); }};
    const at::Device device = prepared.text.device();
    const std::vector<at::Tensor> made = sample::denoise(
        loop, {noise.video.to(device), noise.audio.to(device)},
        [&](std::span<const at::Tensor> x, int64_t step, bool) {
            const auto i = static_cast<size_t>(step);
            const Rows v = denoiser.velocity(prepared, {x[0], x[1]}, video.t[i], audio.t[i]);
            return std::vector<at::Tensor>{v.video, v.audio};
        },
        cancel);
    return {made[0], made[1]};
}

}  // namespace zt::minimax_h3
