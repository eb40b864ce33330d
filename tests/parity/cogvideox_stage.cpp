// SPDX-License-Identifier: LGPL-2.1-or-later
//
// CogVideoX's stages on tensors from Python; cogvideox_test.py says what each takes and gives. Weights come under "w."
// and diffusers' names.
#include <cstring>
#include <string>
#include <vector>

#include "autoencoders/batched_names.h"
#include "autoencoders/batched_vae.h"
#include "core/text_number.h"
#include "encoders/t5.h"
#include "encoders/t5_names.h"
#include "encoders/t5_tokenizer.h"
#include "families/cogvideox/clip.h"
#include "families/cogvideox/names.h"
#include "families/cogvideox/transformer/transformer.h"
#include "sample/loop.h"
#include "stage.h"
#include "t5_stage.h"
#include "wan_weights.h"

namespace {

using namespace zt;
using namespace zt::cogvideox;
using namespace zt::parity;
namespace batched = zt::autoencoders::batched;

at::Tensor doubles(const std::vector<double>& values) {
    return at::tensor(values, at::TensorOptions().dtype(at::kDouble));
}

// Of 1 step, of 2 ... and of `most`, one behind the other.
void levels_stage(Case& c) {
    std::vector<float> t;
    std::vector<double> abar, abar_next, guidance;
    for (int64_t steps = 1; steps <= number(c, "most"); steps++) {
        const sample::Levels levels = sample::make_levels("trailing", steps, parse_double(c.option("shift")).value());
        t.insert(t.end(), levels.t.begin(), levels.t.end());
        abar.insert(abar.end(), levels.abar.begin(), levels.abar.end());
        abar_next.insert(abar_next.end(), levels.abar_next.begin(), levels.abar_next.end());
        for (const float at : levels.t)
            guidance.push_back(sample::dynamic_guidance(6.0, static_cast<double>(at), steps));
    }
    c.out["t"] = at::tensor(t);
    c.out["abar"] = doubles(abar), c.out["abar_next"] = doubles(abar_next), c.out["guidance"] = doubles(guidance);
}

void solver_stage(Case& c) {
    const sample::Levels levels =
        sample::make_levels("trailing", number(c, "steps"), parse_double(c.option("shift")).value());
    sample::Noise noise(number(c, "seed"));
    const auto solver = sample::make_solver(c.option("solver"), levels, sample::Rounding::kFp32, &noise);
    const at::Tensor velocities = c.input("velocities");
    const sample::Loop loop{levels, *solver, [](int64_t) { return 1.0; }, [](int64_t, int64_t) {}};
    c.out["latents"] = sample::denoise(loop, noise.draw(velocities[0].sizes()),
                                       [&](const at::Tensor&, int64_t i, bool) { return velocities[i]; }, {});
}

// texts: u8, each ended by a zero -> ids, each text ended by -1
void tokens_stage(Case& c) {
    constexpr int32_t kExtraIds = 100;
    const auto tokenizer = encoders::open_t5_tokenizer(c.option("file"), kExtraIds);
    const at::Tensor bytes = c.input("texts");
    const auto* at = reinterpret_cast<const char*>(bytes.const_data_ptr<uint8_t>());
    const auto* const end = at + bytes.numel();
    std::vector<int64_t> ids;
    for (; at < end; at += std::strlen(at) + 1) {
        for (const int32_t id : tokenizer.encode(at, static_cast<size_t>(number(c, "most", 226))).ids)
            ids.push_back(id);
        ids.push_back(-1);
    }
    c.out["ids"] = at::tensor(ids, at::TensorOptions().dtype(at::kLong));
}

// Norms are layers of their own here: Put takes tensors and matrices.
struct PutAll {
    Put put;
    template <class T>
    void operator()(const std::string& name, T& value) const {
        if constexpr (std::is_same_v<T, at::Tensor> || std::is_same_v<T, nn::PackedLinear>)
            put(name, value);
        else
            value.visit(*this, name);
    }
};

void forward_stage(Case& c) {
    const TransformerConfig config = parse_transformer_config(c.option("config"), "config.json");
    const at::ScalarType type = type_of(c);
    const weights::Tensors w = ours(c, transformer_names());
    const PutAll put{{w, type}};
    Embedders embedders = make_embedders(config);
    embedders.each(put);
    Ends ends = make_ends(config);
    ends.each(put);
    const at::Tensor t = c.input("t").to(at::kFloat), latents = c.input("latents");
    const at::Tensor times =
        embed_times(config, embedders, {t.const_data_ptr<float>(), static_cast<size_t>(t.numel())}, type);
    Modulations m{at::empty({config.layers, t.numel(), 2, 6, config.width()}, times.options()),
                  nn::forward(embedders.out, times).view({t.numel(), 2, config.width()})};
    std::vector<Block> blocks;
    for (int64_t i = 0; i < config.layers; i++) {
        Modulators one = make_modulators(config);
        one.each(put, i);
        for (const int64_t part : {0, 1})
            m.blocks[i].select(1, part).copy_(
                nn::forward(part == 0 ? one.attention : one.feed_forward, times).view({t.numel(), 6, config.width()}));
        blocks.push_back(make_block(config));
        blocks.back().each(put, i);
    }
    const Positions positions =
        make_positions(config, embedders.positions, latents.size(0), latents.size(2), latents.size(3), type, at::kCPU);
    if (positions.rope.cos.defined()) c.out["cos"] = positions.rope.cos, c.out["sin"] = positions.rope.sin;
    if (positions.added.defined()) c.out["added"] = positions.added.to(at::kFloat);
    const at::Tensor text = embed_text(embedders, c.input("states"), type);
    c.out["text"] = text.to(at::kFloat);
    const int64_t chunk = number(c, "chunk", kTokenChunk);
    for (int64_t i = 0; i < config.layers; i++) {
        const std::string name = "block" + std::to_string(i);
        const at::Tensor x = c.input(name + ".x").to(type, false, true);
        forward(config, blocks[static_cast<size_t>(i)], x, m.blocks[i][0], positions.rope, chunk);
        c.out[name] = x.to(at::kFloat);
    }
    const Pass pass{&m, 0, &text, &positions};
    c.out["velocity"] = velocity(
                            config, ends, [&](int64_t i) -> const Block& { return blocks[static_cast<size_t>(i)]; },
                            pass, latents, {}, chunk)
                            .to(at::kFloat);
}

batched::Coder coder_of(const Case& c, bool decodes) {
    batched::Coder coder = batched::make_coder(batched::parse_vae_config(c.option("config"), "config.json"), decodes);
    const weights::Tensors w = ours(c, batched::vae_names());
    coder.visit(Put{w, type_of(c)});
    return coder;
}
batched::CodingOptions options_of(const Case& c) { return {c.option("tiled") == "1", c.option("history") == "half"}; }

void decode_stage(Case& c) {
    const batched::Coder coder = coder_of(c, true);
    batched::StreamingDecoder stream(coder, c.input("latents"), options_of(c));
    std::vector<at::Tensor> frames;
    std::vector<int64_t> counts;
    while (const int64_t count = stream.next_frames()) {
        counts.push_back(count);
        frames.push_back(stream.next({}));
    }
    c.out["frames"] = at::cat(frames);
    c.out["counts"] = at::tensor(counts, at::TensorOptions().dtype(at::kLong));
}

void encode_stage(Case& c) {
    c.out["moments"] = batched::encode(coder_of(c, false), c.input("pixels"), options_of(c), {});
}

}  // namespace

int main(int argc, char** argv) {
    return zt::parity::run(argc, argv,
                           {{"levels", levels_stage},
                            {"solver", solver_stage},
                            {"tokens", tokens_stage},
                            {"t5", [](Case& c) { t5_stage(c, false); }},
                            {"forward", forward_stage},
                            {"decode", decode_stage},
                            {"encode", encode_stage}});
}
