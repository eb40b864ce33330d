// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Wan's stages on tensors from Python; wan_test.py says what each takes and gives. Weights come under "w." and the
// names of the original files.
#include <string>
#include <vector>

#include "autoencoders/causal_names.h"
#include "autoencoders/causal_vae.h"
#include "core/text_number.h"
#include "encoders/t5.h"
#include "encoders/t5_names.h"
#include "families/wan/names.h"
#include "families/wan/transformer/transformer.h"
#include "nn/sinusoid.h"
#include "sample/loop.h"
#include "stage.h"
#include "t5_stage.h"
#include "wan_weights.h"

namespace {

using namespace zt;
using namespace zt::wan;
using namespace zt::autoencoders;
using namespace zt::parity;

std::vector<float> floats(const at::Tensor& t) {
    const at::Tensor f = t.to(at::kFloat).contiguous();
    return {f.const_data_ptr<float>(), f.const_data_ptr<float>() + f.numel()};
}
std::vector<float> list(const std::string& text) {
    std::vector<float> values;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find(',', at), text.size());
        values.push_back(static_cast<float>(parse_double(text.substr(at, end - at)).value()));
        at = end + 1;
    }
    return values;
}

void forward_stage(Case& c) {
    const TransformerConfig config = transformer_of(c);
    const at::ScalarType type = type_of(c);
    const WanTransformer made = transformer_in(c, config, type);
    const Embedders& embedders = made.embedders;
    const at::Tensor latents = c.input("latents");
    const std::vector<float> t = floats(c.input("t"));
    const bool per_frame = t.size() > 1;
    const float now = t.back(), before = t.front();
    const Times times = embed_times(config, embedders, {&now, 1}, type);
    c.out["temb"] =
        nn::forward(embedders.tables.time_out,
                    at::silu(nn::forward(embedders.tables.time_in, nn::sinusoid(at::tensor(t), config.freq_dim))));
    c.out["e6"] = embed_times(config, embedders, t, type).modulation;
    const at::Tensor image = c.in.contains("image") ? c.input("image") : at::Tensor();
    const at::Tensor context = embed_context(config, embedders, c.input("states"), image, type);
    c.out["ctx"] = context.to(at::kFloat);
    const Rope rope = make_rope(config, 0, latents.size(1), latents.size(2) / 2, latents.size(3) / 2, at::kCPU);
    Pass pass{times, per_frame ? embed_times(config, embedders, {&before, 1}, type) : Times{}, &context, nullptr,
              &rope};
    for (int64_t i = 0; i < config.layers; i++) {
        const std::string name = "block" + std::to_string(i);
        if (!c.in.contains(name + ".x")) continue;
        const Block& block = made.blocks[static_cast<size_t>(i)];
        const at::Tensor x = c.input(name + ".x").to(type, false, true);
        const nn::Modulation m =
            nn::modulation_of(block.tables.modulation[0] + times.modulation[0],
                              per_frame ? block.tables.modulation[0] + pass.clean.modulation[0] : at::Tensor(), 6,
                              x.size(0) / latents.size(1));
        CrossContext cross = cross_contexts(config, 1, context)[0];
        fill(config, block, context, cross);
        forward(config, block, x, rope, cross, m, nullptr, number(c, "chunk", kTokenChunk));
        c.out[name] = x.to(at::kFloat);
    }
    c.out["velocity"] =
        velocity(config, made.ends, made.source(), pass, latents, {}, number(c, "chunk", kTokenChunk)).to(at::kFloat);
}

void levels_stage(Case& c) {
    const sample::Levels levels =
        sample::make_levels(c.option("schedule", "unipc"), number(c, "steps"), parse_double(c.option("shift")).value());
    c.out["sigmas"] = at::tensor(levels.sigmas), c.out["t"] = at::tensor(levels.t);
}

void unipc_stage(Case& c) {
    const sample::Levels levels =
        sample::make_levels("unipc", number(c, "steps"), parse_double(c.option("shift")).value());
    const at::ScalarType type = type_of(c);
    const auto solver =
        sample::make_solver("unipc", levels, type == at::kFloat ? sample::Rounding::kFp32 : sample::Rounding::kProduct);
    const at::Tensor velocities = c.input("velocities").to(type);
    const sample::Loop loop{levels, *solver, [](int64_t) { return 1.0; }, [](int64_t, int64_t) {}};
    c.out["latents"] =
        sample::denoise(loop, c.input("noise"), [&](const at::Tensor&, int64_t i, bool) { return velocities[i]; }, {});
}

VaeConfig vae_of(const Case& c) {
    VaeConfig config = c.option("kind") == "2.2" ? autoencoders::residual_vae() : autoencoders::plain_vae();
    config.base_dim = number(c, "base_dim"), config.decoder_base_dim = number(c, "decoder_base_dim", config.base_dim),
    config.z_dim = number(c, "z_dim");
    const std::vector<float> mult = list(c.option("dim_mult", "1,2,4,4"));
    config.dim_mult.assign(mult.begin(), mult.end());
    config.mean = list(c.option("mean")), config.std = list(c.option("std"));
    return config;
}

template <class Half>
void fill(const Case& c, Half& half) {
    const weights::Tensors w = ours(c, vae_names());
    half.visit(Put{w, type_of(c)});
    autoencoders::order_kernels(half);
}

void decode_stage(Case& c) {
    VaeDecoder decoder = make_vae_decoder(vae_of(c));
    fill(c, decoder);
    StreamingDecoder stream(decoder, c.option("history") == "half");
    std::vector<at::Tensor> frames;
    const at::Tensor latents = c.input("latents");
    for (int64_t i = 0; i < latents.size(1); i++) frames.push_back(stream.next(latents.narrow(1, i, 1), {}));
    c.out["frames"] = at::cat(frames);
}

void encode_stage(Case& c) {
    VaeEncoder encoder = make_vae_encoder(vae_of(c));
    fill(c, encoder);
    c.out["latents"] = encode(encoder, c.input("pixels"), c.option("history") == "half", {});
}

}  // namespace

int main(int argc, char** argv) {
    return zt::parity::run(argc, argv,
                           {{"levels", levels_stage},
                            {"unipc", unipc_stage},
                            {"umt5", [](Case& c) { t5_stage(c, true); }},
                            {"forward", forward_stage},
                            {"decode", decode_stage},
                            {"encode", encode_stage}});
}
