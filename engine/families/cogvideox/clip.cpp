// SPDX-License-Identifier: LGPL-2.1-or-later
#include "families/cogvideox/clip.h"

#include <algorithm>
#include <array>
#include <vector>

#include "device/devices.h"
#include "encoders/t5.h"
#include "encoders/vae_pixels.h"
#include "load/read_ahead.h"
#include "sample/loop.h"
#include "sample/noise.h"

namespace zt::cogvideox {
namespace {

using families::GenerationRequest;

// What levels, prompts and places become before the first step.
struct Prepared {
    Modulations modulations;
    at::Tensor positive, negative;  // the text's tokens; negative undefined without guidance
    Positions positions;
};

Prepared prepare(const OpenedModel& model, const Work& work, const std::vector<float>& t, at::IntArrayRef latents) {
    const TransformerConfig& config = model.parts.transformer;
    const auto positive = encode_text(model, work.direction.prompt, "prompt", work);
    std::shared_ptr<const TextStates> negative;
    if (work.direction.guidance > 1)
        negative = encode_text(model, work.direction.negative_prompt, "negative_prompt", work);
    device::return_freed_memory();
    work.progress("load", 0, 1);
    const load::PartReader reader = model.transformer(work.cancel);
    Embedders embedders = make_embedders(config);
    reader.fill(embedders, model.type, true);
    Prepared p;
    p.positive = embed_text(embedders, positive->states, model.type);
    if (negative != nullptr) p.negative = embed_text(embedders, negative->states, model.type);
    p.positions =
        make_positions(config, embedders.positions, latents[0], latents[2], latents[3], model.type, model.device);
    const at::Tensor times = embed_times(config, embedders, t, model.type);
    const int64_t steps = times.size(0), h = config.width();
    p.modulations.out = nn::forward(embedders.out, times).view({steps, 2, h});
    p.modulations.blocks = at::empty({config.layers, steps, 2, 6, h}, times.options());
    load::ReadAhead<Modulators> read([&](int64_t i) {
        Modulators made = make_modulators(config);
        reader.fill(made, model.type, true, i);
        return made;
    });
    for (int64_t i = 0; i < config.layers; i++) {
        work.cancel.poll();
        const Modulators& m = read.take(i, i + 1 < config.layers ? i + 1 : -1);
        const at::Tensor to = p.modulations.blocks[i];
        to.select(1, 0).copy_(nn::forward(m.attention, times).view({steps, 6, h}));
        to.select(1, 1).copy_(nn::forward(m.feed_forward, times).view({steps, 6, h}));
    }
    return p;
}

// The picture that the clip begins with, as latents beside the noise [T, latent_channels, h, w]: drawn from the
// distribution that the autoencoder gives, and zeros behind it.
at::Tensor picture_latents(const OpenedModel& model, const Work& work, sample::Noise& noise, at::IntArrayRef latents) {
    work.progress("picture", 0, 1);
    const VaeConfig& vae = model.parts.vae;
    const at::Tensor pixels = encoders::vae_pixels(families::pixels_of(work.request.images.back()), work.request.width,
                                                   work.request.height, work.request.fit);
    const at::Tensor moments =
        autoencoders::batched::encode(*read_coder(model, false, work.cancel), pixels.to(model.device, model.vae_type),
                                      work.plan.coding, work.cancel)
            .to(at::kFloat);
    constexpr double kLeast = -30, kMost = 20;  // of the logarithm of a variance
    const at::Tensor mean = moments.narrow(1, 0, vae.latent_channels),
                     spread =
                         (moments.narrow(1, vae.latent_channels, vae.latent_channels).clamp(kLeast, kMost) * 0.5).exp();
    const at::Tensor drawn = mean + spread * noise.draw(mean.sizes()).to(mean.device());
    const at::Tensor made = at::zeros(latents, drawn.options());
    // 1.5 was trained with the factor the wrong way round.
    made.narrow(0, 0, 1).copy_(drawn * (vae.invert_scale_latents ? 1.0 / vae.scaling_factor : vae.scaling_factor));
    return made;
}

}  // namespace

std::shared_ptr<const TextStates> encode_text(const OpenedModel& model, const std::string& prompt, const char* option,
                                              const Work& work) {
    const auto most = static_cast<size_t>(model.parts.transformer.text_tokens);
    auto text = model.texts.find(prompt);
    if (text == nullptr) {
        work.progress("text", 0, 1);
        text::TokenIds tokens = model.tokenizer->encode(prompt, most, &work.cancel);
        const int32_t unknown = model.tokenizer->id("<unk>").value_or(-1);
        const auto unread = std::count(tokens.ids.begin(), tokens.ids.end(), unknown);
        auto made = std::make_shared<TextStates>();
        made->mostly_unknown = 3 * static_cast<size_t>(unread) > tokens.ids.size();
        made->dropped = tokens.dropped;
        tokens.ids.resize(most, 0);  // pads, which attend and are attended like words
        made->states = encoders::read_t5_states(model.parts.text, model.text_encoder(work.cancel), tokens.ids,
                                                model.type, work.cancel);
        model.texts.keep(prompt, made);
        text = made;
    }
    const Log& log = work.request.log;
    if (text->dropped > 0)
        log(ZT_LOG_WARNING, std::string(option) + ": model reads " + std::to_string(most) + " tokens; the last " +
                                std::to_string(text->dropped) + " have no effect");
    if (text->mostly_unknown)
        log(ZT_LOG_WARNING, std::string(option) + ": expected English, got a text of which T5 knows few characters");
    return text;
}

at::Tensor make_latents(const OpenedModel& model, const Work& work, int64_t frames) {
    const ModelParts& parts = model.parts;
    const TransformerConfig& config = parts.transformer;
    const GenerationRequest& request = work.request;
    const std::array<int64_t, 4> size = {config.latent_frames(frames), config.out_channels,
                                         request.height / kSpaceCompression, request.width / kSpaceCompression};
    const sample::Levels levels = sample::make_levels("trailing", request.steps, parts.snr_shift);
    if (levels.abar_next.back() < 1.0)
        request.log(ZT_LOG_INFO, "steps: " + std::to_string(request.steps) +
                                     " do not divide the 1000 levels evenly: a little noise is left, as in diffusers");
    sample::Noise noise(work.direction.seed);
    at::Tensor beside;
    if (config.takes_picture()) beside = picture_latents(model, work, noise, size);
    device::return_freed_memory();
    const Prepared p = prepare(model, work, levels.t, size);
    device::return_freed_memory();

    const load::PartReader reader = model.transformer(work.cancel);
    const auto ends = model.ends.get(work.plan.budget.keep, [&] {
        auto made = std::make_shared<Ends>(make_ends(config));
        reader.fill(*made, model.type, true);
        return made;
    });
    const load::HeldBlocks<Block> held = load::hold_blocks<Block>(
        model.blocks, work.plan.budget, config.layers, [&](int64_t i) { return read_block(model, reader, i); },
        [&](int64_t i, int64_t n) { work.progress("load", static_cast<int>(i), static_cast<int>(n)); }, request.log);
    load::PartlyResident<Block> blocks(held.whole, config.layers, held.others, held.ahead);
    const sample::VelocityFn network = [&](const at::Tensor& latents, int64_t step, bool away) {
        const Pass pass{&p.modulations, step, away ? &p.negative : &p.positive, &p.positions};
        return velocity(
                   config, *ends, [&](int64_t i) -> const Block& { return blocks(i); }, pass,
                   beside.defined() ? at::cat({latents, beside}, 1) : latents, work.cancel)
            .to(at::kFloat);
    };
    const auto solver =
        sample::make_solver(parts.dpm ? "dpm_sde_2m_v" : "ddim_v", levels, sample::Rounding::kFp32, &noise);
    const sample::Loop loop{
        levels, *solver,
        [&](int64_t step) {
            const double w = work.direction.guidance;
            return w > 1 && parts.dynamic_guidance
                       ? sample::dynamic_guidance(w, static_cast<double>(levels.t[static_cast<size_t>(step)]),
                                                  request.steps)
                       : w;
        },
        [&](int64_t i, int64_t n) { work.progress("denoise", static_cast<int>(i), static_cast<int>(n)); }};
    const at::Tensor made = sample::denoise(loop, noise.draw(size).to(model.device), network, work.cancel);
    if (!at::isfinite(made).all().item<bool>())
        throw Error(ZT_ERROR_NUMERIC,
                    "denoise: expected finite latents, got NaN or infinity; precision=fp32 has more range");
    const int64_t latents = (frames - 1) / kTimeCompression + 1;
    return made.narrow(0, size[0] - latents, latents);
}

}  // namespace zt::cogvideox
