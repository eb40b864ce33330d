// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stages of MiniMax-H3's transformer on tensors from Python; minimax_h3_transformer_test.py says what each takes and
// gives. Weights come from the files of a model, through the loader.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "minimax_h3_case.h"
#include "sample/solver.h"

namespace {

using namespace zt;
using namespace zt::minimax_h3;
using namespace zt::parity;

// ---- Without weights ----

at::Tensor indices(const Layout& layout, std::initializer_list<Role> roles) {
    std::vector<int64_t> rows;
    for (const Segment& s : layout.segments)
        if (std::find(roles.begin(), roles.end(), s.role) != roles.end())
            for (int64_t i = s.begin; i < s.begin + s.count; i++) rows.push_back(i);
    return at::tensor(rows);
}

void layout_stage(Case& c) {
    const Layout layout = make_layout(tags_of(c), geometry_in(c), anchors_of(c));
    std::vector<double> positions;
    std::vector<int64_t> tags;
    for (const auto& p : layout.positions) positions.insert(positions.end(), p.begin(), p.end());
    for (const Tag tag : layout.tags) tags.push_back(static_cast<int64_t>(tag));
    c.out["position_ids"] = at::tensor(positions, at::kDouble).view({-1, 3}), c.out["token_tags"] = at::tensor(tags);
    c.out["video_indices"] = indices(layout, {Role::kKeyframe, Role::kVideo});
    c.out["audio_indices"] = indices(layout, {Role::kAudio});
    c.out["text_indices"] = indices(layout, {Role::kText});
    const std::vector<float> video = floats(c.input("video_times")), audio = floats(c.input("audio_times"));
    for (size_t step = 0; step < video.size(); step++) {
        const Times times = times_of(layout, {&video[step], 1}, {&audio[step], 1});
        std::vector<int64_t> rows;
        for (const Segment& s : layout.segments)
            if (s.count > 0)
                rows.insert(rows.end(), static_cast<size_t>(s.count),
                            times.index_of(time_of(s.role, video[step], audio[step])));
        const std::string name = "plan" + std::to_string(step) + ".";
        c.out[name + "timestep"] = at::tensor(times.distinct);
        c.out[name + "timestep_indices"] = at::tensor(rows);
    }
}

void levels_stage(Case& c) {
    const sample::Levels levels = levels_of(number(c, "steps"), parse_double(c.option("shift")).value());
    c.out["sigmas"] = at::tensor(levels.sigmas), c.out["t"] = at::tensor(levels.t);
}

// Each step on its own, from what the reference had before it.
void euler_stage(Case& c) {
    const sample::Levels levels = levels_of(number(c, "steps"), parse_double(c.option("shift")).value());
    const auto solver = sample::make_solver("euler-mix", levels, sample::Rounding::kFp32);
    for (int64_t i = 0; i < levels.steps(); i++) {
        const std::string step = std::to_string(i);
        c.out["after" + step] = solver->step(i, c.input("before" + step), c.input("velocity" + step));
    }
}

void noise_stage(Case& c) {
    TransformerConfig config;
    config.channels = number(c, "channels"), config.audio_channels = number(c, "audio_channels");
    const Geometry geometry = geometry_in(c);
    sample::Noise noise(number(c, "seed"));
    const Start start = draw_start(config, geometry, noise, keyframes_of(c));
    if (start.keyframes.defined()) c.out["condition_rows"] = start.keyframes;
    c.out["video"] = start.noise.video, c.out["audio"] = start.noise.audio;
    c.out["latents"] = latents_of(start.noise.video, geometry);
    c.out["audio_latents"] = audio_latents_of(start.noise.audio);
}

// ---- With a model's files ----

// What the reference's folder holds, under our names; dequantised.
void weights_stage(Case& c) {
    TransformerFile file;
    open_file(c, file);
    const Cancel never;
    const load::PartReader reader = file.reader(never);
    constexpr std::string_view kWeight = ".weight";
    for (const std::string& name : transformer_tensors(file.config)) {
        // packed=1: as a model keeps its matrices, decoded when they are used.
        const bool layer = c.option("packed") == "1" && name.ends_with(kWeight) && reader.shape(name).size() == 2;
        c.out[name] =
            layer ? reader.linear(name.substr(0, name.size() - kWeight.size()), at::kFloat, true).dense(at::kFloat)
                  : reader.dense(name, at::kFloat);
    }
}

void forward_stage(Case& c) {
    TransformerFile file;
    open_file(c, file);
    Request request = request_of(c);
    if (c.in.contains("keyframes")) request.keyframes = c.input("keyframes");
    request.video_times = floats(c.input("video_times")), request.audio_times = floats(c.input("audio_times"));
    const Cancel never;
    const Prepared p = prepare(file, request, never, kSilent);
    const load::PartReader reader = file.reader(never);
    TimeEmbedder embedder = make_time_embedder(file.config);
    reader.fill(embedder, at::kFloat, false);
    const float video = request.video_times.back(), audio = request.audio_times.back();  // of the pass
    const Times now = times_of(p.layout, {&video, 1}, {&audio, 1});
    c.out["activated"] = time_vectors(file.config, embedder, now.distinct);
    std::vector<at::Tensor> adaln;
    for (const float t : now.distinct) adaln.push_back(p.blocks[0][p.times.index_of(t)].flatten(1));
    c.out["block0.adaln"] = at::cat(adaln).to(at::kFloat);
    c.out["rope.cos"] = p.rope.cos, c.out["rope.sin"] = p.rope.sin;
    c.out["text"] = p.text.to(at::kFloat);
    if (p.keyframes.defined()) c.out["keyframes"] = p.keyframes.to(at::kFloat);
    std::vector<Block> blocks;
    for (int64_t i = 0; i < file.config.layers; i++) {
        blocks.push_back(make_block(file.config));
        reader.fill(blocks.back(), file.type, true, i);
    }
    Ends ends = make_ends(file.config);
    reader.fill(ends, at::kFloat, false);
    FinalNorm norm = make_final_norm(file.config);
    reader.fill(norm, file.type, false);
    const Rows v = velocity(
        file.config, ends, norm, [&](int64_t i) -> const Block& { return blocks[static_cast<size_t>(i)]; }, p,
        {c.input("video"), c.input("audio")}, video, audio, never, number(c, "chunk", kTokenChunk),
        [&](int64_t i, const at::Tensor& x) { c.out["block" + std::to_string(i)] = x.to(at::kFloat, false, true); });
    c.out["velocity.video"] = v.video, c.out["velocity.audio"] = v.audio;
}

// A clip of our own from the seed on, `resident` blocks in memory.
void loop_stage(Case& c) {
    TransformerFile file;
    open_file(c, file);
    Request request = request_of(c);
    const sample::Levels video = levels_of(number(c, "steps"), kVideoShift),
                         audio = levels_of(number(c, "steps"), kAudioShift);
    request.video_times = video.t, request.audio_times = audio.t;
    sample::Noise noise(number(c, "seed"));
    const Start start = draw_start(file.config, request.geometry, noise, keyframes_of(c));
    request.keyframes = start.keyframes;
    const Cancel never;
    const Prepared p = prepare(file, request, never, kSilent);
    Denoiser denoiser(file, {.resident_blocks = number(c, "resident", file.config.layers), .ahead = {}, .alone = {}},
                      never, kSilent, Log());
    const Rows made = make_latents(denoiser, p, start.noise, video, audio, never, kSilent);
    c.out["latents"] = latents_of(made.video, request.geometry);
    c.out["audio_latents"] = audio_latents_of(made.audio);
}

}  // namespace

int main(int argc, char** argv) {
    return zt::parity::run(argc, argv,
                           {{"layout", layout_stage},
                            {"levels", levels_stage},
                            {"euler", euler_stage},
                            {"noise", noise_stage},
                            {"weights", weights_stage},
                            {"forward", forward_stage},
                            {"loop", loop_stage}});
}
