// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The transformer and its loop on tensors from Python. Weights come under "w." and their original
// names; the configuration as options.
#include "stage.h"
#include "transformer_config.h"

#include "families/hunyuan_video/transformer/sampler.h"
#include "families/hunyuan_video/transformer/transformer.h"

namespace {

using namespace zt::hunyuan_video;
using zt::parity::Case;
using zt::parity::config_of;
using zt::parity::number;
using zt::parity::type_of;

struct Model {
    TransformerConfig config;
    TransformerWeights weights;
    explicit Model(const Case& c) : config(config_of(c)), weights(make_transformer(config)) {
        zt::weights::assign(weights, c.under("w."), type_of(c), "w");
    }
    [[nodiscard]] Precomputed prompt(const at::Tensor& states, const at::Tensor& pooled, const std::vector<float>& t,
                                     double guidance) const {
        return precompute(config, weights.embedders, states, pooled, t, guidance_input(guidance, pooled.scalar_type()),
                          {});
    }
};

std::vector<float> floats(const at::Tensor& t) {
    const at::Tensor f = t.to(at::kFloat).contiguous();
    return {f.const_data_ptr<float>(), f.const_data_ptr<float>() + f.numel()};
}

Tokens tokens_of(const TransformerConfig& config, const at::Tensor& video, const at::Tensor& text, int64_t first_frame,
                 const Rope& rope, int64_t chunk) {
    Tokens tokens;
    tokens.video = video.size(0);
    tokens.text = text.size(0);
    tokens.heads = config.heads;
    tokens.rope = &rope;
    tokens.chunk = chunk;
    tokens.first_frame = config.kind == Kind::kTokenReplace ? first_frame : 0;
    return tokens;
}

// Vectors, refined text, each block on given input, and one whole velocity.
void forward_stage(Case& c) {
    const at::ScalarType type = type_of(c);
    const Model model(c);
    const TransformerConfig& config = model.config;
    const int64_t chunk = c.option("chunk").empty() ? kTokenChunk : number(c, "chunk");
    const std::vector<float> t = floats(c.input("t"));
    const double guidance = c.input("guidance").item<double>();
    const at::Tensor states = c.input("states").to(type), pooled = c.input("pooled").to(type),
                     latents = c.input("latents");

    const Vectors vectors =
        condition(config, model.weights.embedders.conditioner, pooled, t, guidance_input(guidance, type));
    c.out["temb"] = vectors.steps.to(at::kFloat);
    if (vectors.clean.defined()) c.out["temb0"] = vectors.clean.to(at::kFloat);
    const Precomputed prompt =
        precompute(config, model.weights.embedders, states, pooled, t, guidance_input(guidance, type), {}, chunk);
    c.out["text"] = prompt.text.to(at::kFloat);

    const Rope rope = rope_for(config, latents.sizes(), at::kCPU);
    c.out["cos"] = rope.cos;
    c.out["sin"] = rope.sin;
    ResidentBlocks blocks(model.weights);
    const int64_t frames = latents.size(1) / config.patch_t, last = static_cast<int64_t>(t.size()) - 1;
    for (int64_t i = 0; i < config.layers + config.single_layers; i++) {
        const bool single = i >= config.layers;
        const std::string name = "block" + std::to_string(i);
        if (!c.in.contains(name + ".video")) continue;
        const at::Tensor video = c.input(name + ".video").to(type), text = c.input(name + ".text").to(type);
        at::Tensor x = at::cat({video, text}, 0);
        const Tokens tokens = tokens_of(config, video, text, video.size(0) / frames, rope, chunk);
        const at::Tensor& rows = single ? prompt.modulation.single[static_cast<size_t>(i - config.layers)]
                                        : prompt.modulation.image[static_cast<size_t>(i)];
        BlockModulation m{
            rows.narrow(0, last, 1), {}, tokens.first_frame > 0 ? rows.narrow(0, rows.size(0) - 1, 1) : at::Tensor()};
        if (!single) m.text = prompt.modulation.text[static_cast<size_t>(i)].narrow(0, last, 1);
        if (single)
            forward(blocks.single_block(i - config.layers), x, tokens, m);
        else
            forward(blocks.double_block(i), x, tokens, m);
        c.out[name] = x.to(at::kFloat);
    }
    c.out["velocity"] =
        velocity(config, model.weights.ends, blocks, prompt, last, latents, rope, {}, chunk).to(at::kFloat);
}

// The loop. With "velocities" in the input, those are used instead of the network's: the arithmetic alone.
void loop_stage(Case& c) {
    const at::ScalarType type = type_of(c);
    const SamplerMode mode = sampler_mode(c.option("mode", "diffusers"));
    const TransformerConfig config = config_of(c);
    const zt::sample::Levels schedule =
        make_schedule(mode, number(c, "steps"), std::stod(c.option("shift")), type, config.kind);
    c.out["sigmas"] = at::tensor(schedule.sigmas);
    c.out["t"] = at::tensor(schedule.t);
    const at::Tensor sizes = c.input("sizes").to(at::kLong);
    const at::Tensor noise = make_noise(number(c, "seed"), {sizes.const_data_ptr<int64_t>(), 4}, mode, at::kCPU);
    c.out["noise"] = noise;
    Sampling sampling;
    sampling.mode = mode;
    sampling.kind = config.kind;
    sampling.cfg = std::stod(c.option("cfg", "1"));
    sampling.image_in_noise = c.option("image_in_noise", "1") == "1";
    const at::Tensor image = c.in.contains("image") ? c.input("image") : at::Tensor();
    const auto told = [](int64_t, int64_t) {};
    if (c.in.contains("velocities")) {
        const at::Tensor all = c.input("velocities").to(type);
        std::vector<at::Tensor> inputs;
        c.out["latents"] = denoise(sampling, schedule, noise, image,
                                   [&](const at::Tensor& input, int64_t step, bool negative) {
                                       inputs.push_back(input.to(type).to(at::kFloat));
                                       return all[step][negative ? 1 : 0];
                                   },
                                   told, {});
        c.out["inputs"] = at::stack(inputs);
        return;
    }
    const Model model(c);
    const double guidance = c.input("guidance").item<double>();
    const Precomputed prompt =
        model.prompt(c.input("states").to(type), c.input("pooled").to(type), schedule.t, guidance);
    Precomputed away;
    if (sampling.cfg > 1)
        away = model.prompt(c.input("negative_states").to(type), c.input("negative_pooled").to(type), schedule.t,
                            guidance);
    const Rope rope = rope_for(config, noise.sizes(), at::kCPU);
    ResidentBlocks blocks(model.weights);
    c.out["latents"] = denoise(sampling, schedule, noise, image,
                               [&](const at::Tensor& input, int64_t step, bool negative) {
                                   return velocity(config, model.weights.ends, blocks, negative ? away : prompt, step,
                                                   input, rope, {});
                               },
                               told, {});
}

void guidance_stage(Case& c) {
    std::vector<float> values;
    for (const float g : floats(c.input("guidance"))) values.push_back(guidance_input(g, type_of(c)));
    c.out["fed"] = at::tensor(values);
}

}  // namespace

int main(int argc, char** argv) {
    return zt::parity::run(argc, argv,
                           {{"forward", forward_stage}, {"loop", loop_stage}, {"guidance", guidance_stage}});
}
