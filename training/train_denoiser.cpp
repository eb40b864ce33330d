// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stage 2: the denoiser with its text encoder, by x-prediction flow matching.
//
//   x_sigma = (1 - sigma) x + sigma noise;   loss = w(sigma) |net(x_sigma) - x|^2
//
// A sample is a window of three latents: with the latent before it as context (continuation), or
// from the start of a clip without one. The context is sometimes given with a little noise, so
// that at play-back the network forgives its own errors. A small extra loss asks the text feature
// for the attributes the sentence names; its heads exist in training only.
#include <chrono>
#include <cstdio>
#include <random>

#include "checkpoint.h"
#include "families/storybook/denoiser.h"
#include "initialise.h"
#include "latent_bank.h"
#include "parallel.h"
#include "settings.h"
#include "stages.h"
#include "text/word_tokenizer.h"
#include "world/captions.h"

namespace zt::training {
namespace {

using storybook::kSlots;

// The denoiser plus the heads of the extra loss.
struct Student {
    storybook::Denoiser net;
    std::array<nn::Linear, world::kAttributes> heads;
    template <class F>
    void visit(F&& f) {
        net.visit(f);
        for (size_t i = 0; i < heads.size(); i++) heads[i].visit(f, std::string("heads.") + world::kAttributeNames[i]);
    }
};

struct Batch {
    at::Tensor target;     // [batch, 3, 18, 32, channels]
    at::Tensor context;    // [batch, 18, 32, channels]
    at::Tensor present;    // [batch]
    at::Tensor sigma;      // [batch]
    at::Tensor ids;        // [batch, max_tokens]
    at::Tensor clock;      // [batch]
    at::Tensor labels;     // [batch, attributes], -1 where the sentence is silent
};

Batch sample(const LatentBank& bank, const text::WordTokenizer& words, const storybook::DenoiserConfig& config, std::mt19937& rng,
             int64_t batch, double missing) {
    const auto uniform = [&] { return std::uniform_real_distribution<double>(0, 1)(rng); };
    std::vector<at::Tensor> targets, contexts;
    Batch b;
    b.present = at::zeros({batch});
    b.sigma = at::zeros({batch});
    b.clock = at::zeros({batch}, at::kLong);
    b.ids = at::zeros({batch, config.text.max_tokens}, at::kLong);
    b.labels = at::full({batch, world::kAttributes}, -1, at::kLong);
    for (int64_t i = 0; i < batch; i++) {
        const world::Clip& clip = bank.clip(rng());
        const bool continued = uniform() < 0.55;
        const int first = continued ? static_cast<int>(rng() % 16u) + 16 : world::start_group(clip);
        b.clock[i] = (first + storybook::kClock - world::start_group(clip)) % storybook::kClock;
        std::vector<at::Tensor> window;
        for (int64_t s = 0; s < kSlots; s++) window.push_back(bank.latent(clip, first + static_cast<int>(s)));
        targets.push_back(at::stack(window));
        at::Tensor context = at::zeros_like(window[0]);
        if (continued) {
            context = bank.latent(clip, first - 1);
            if (uniform() < 0.6) context = context + at::randn_like(context) * (0.25 * uniform());
            b.present[i] = 1;
        }
        contexts.push_back(context);
        // Noise level: mostly logit-normal, some uniform so that both ends are seen.
        const double z = std::normal_distribution<double>(0.3, 1.2)(rng);
        b.sigma[i] = uniform() < 0.6 ? 1.0 / (1.0 + std::exp(-z)) : uniform() < 0.3 ? 1.0 : uniform();
        const world::Caption c = world::caption(clip, rng() % 2 ? world::kEnglish : world::kChinese, missing, rng);
        const std::vector<int64_t> ids = words.encode(c.text, static_cast<size_t>(config.text.max_tokens)).ids;
        for (size_t k = 0; k < ids.size(); k++) b.ids[i][static_cast<int64_t>(k)] = ids[k];
        const auto values = world::attributes(clip);
        for (size_t a = 0; a < values.size(); a++)
            if (c.said[a]) b.labels[i][static_cast<int64_t>(a)] = values[a];
    }
    b.target = at::stack(targets);
    b.context = at::stack(contexts);
    return b;
}

struct Loss {
    at::Tensor total;
    double error = 0, words = 0;
};

Loss batch_loss(const Student& student, const Batch& b) {
    const at::ScalarType dtype = student.net.patch_in.weight.scalar_type();
    const at::Tensor sigma = b.sigma.reshape({-1, 1, 1, 1, 1});
    const at::Tensor noisy = b.target * (1 - sigma) + at::randn_like(b.target) * sigma;
    const at::Tensor feature = storybook::forward(student.net.text, b.ids);
    const at::Tensor x = storybook::forward(student.net, noisy.to(dtype), b.context.to(dtype), b.present, b.sigma, feature, b.clock).to(at::kFloat);
    const at::Tensor error = (x - b.target).square().mean({1, 2, 3, 4});
    Loss loss;
    loss.error = error.mean().item<double>();
    loss.total = (error * (1.0 - 0.9 * b.sigma + 0.1 * b.sigma)).mean();
    for (size_t a = 0; a < student.heads.size(); a++) {
        const at::Tensor logits = nn::forward(student.heads[a], feature).to(at::kFloat);
        const at::Tensor ce = at::cross_entropy_loss(logits, b.labels.select(1, static_cast<int64_t>(a)), {}, at::Reduction::Sum, -1) / b.ids.size(0);
        loss.words += ce.item<double>();
        loss.total = loss.total + 0.03 * ce;
    }
    return loss;
}

}  // namespace

void train_denoiser(Settings& settings) {
    const std::string out = settings.text("out", "build/training/denoiser.safetensors");
    const std::string vae_path = settings.text("vae", "build/training/vae.safetensors");
    const int64_t steps = settings.integer("steps", 10000), batch = settings.integer("batch", 8), seed = settings.integer("seed", 1);
    const int workers = static_cast<int>(settings.integer("workers", 2));
    const int64_t save_every = settings.integer("save_every", 250);
    const double missing = settings.number("missing", 0.06), decay_from = settings.number("decay_from", 0.6);
    const std::string bank_path = settings.text("bank", out + ".bank");
    storybook::DenoiserConfig config;
    config.width = settings.integer("width", config.width);
    config.layers = settings.integer("layers", config.layers);
    OptimizerConfig oc;
    oc.muon_lr = settings.number("muon_lr", 2e-3);
    oc.adam_lr = settings.number("adam_lr", 1.5e-3);
    settings.done();

    const text::WordTokenizer words(world::vocabulary());
    config.text.vocabulary = static_cast<int64_t>(words.words().size());
    torch::manual_seed(static_cast<uint64_t>(seed));
    storybook::Vae vae = storybook::make_vae({});
    assign(vae, load_tensors(vae_path));
    config.channels = vae.config.channels;
    world::Renderer renderer;
    const LatentBank bank(vae, renderer, workers, bank_path);
    save_tensors(vae_path, tensors_of(vae), {{"step", "final"}});   // now with the latent statistics
    std::printf("bank: %ld latents; vocabulary: %zu\n", static_cast<long>(bank.latents()), words.words().size());

    Student student{storybook::make_denoiser(config), {}};
    for (size_t a = 0; a < student.heads.size(); a++) student.heads[a] = nn::make_linear(config.text.width, world::kAttributeSizes[a]);
    initialise(student, static_cast<uint64_t>(seed));
    Optimizer optimizer(trainable(student), oc);
    Tensors average;   // exponential moving average of the weights: what is shipped
    int64_t step = 0;
    std::map<std::string, std::string> meta;
    if (const Tensors saved = load_tensors(out + ".live", &meta); !saved.empty()) {
        assign(student, saved);
        const Tensors state = load_tensors(out + ".state");
        take_state(state, optimizer.parameters());
        for (const auto& [name, t] : load_tensors(out)) average[name] = t;
        step = std::stoll(meta.at("step"));
        std::printf("resumed at step %ld\n", static_cast<long>(step));
    } else {
        for (const auto& [name, t] : tensors_of(student)) average[name] = t.clone();
    }
    int64_t parameters = 0;
    for (const auto& p : optimizer.parameters()) parameters += p.master->numel();
    std::printf("%.2f M parameters\n", static_cast<double>(parameters) / 1e6);

    const auto started = std::chrono::steady_clock::now();
    const int64_t first = step;
    double error = 0, word_loss = 0;
    std::vector<std::vector<at::Tensor>> worker_grads(static_cast<size_t>(workers));
    std::vector<Loss> worker_loss(static_cast<size_t>(workers));
    while (step < steps) {
        const double progress = static_cast<double>(step) / static_cast<double>(steps);
        const double warm = std::min(1.0, static_cast<double>(step + 1) / 200.0);
        const double lr = warm * std::min(1.0, std::max(0.01, (1.0 - progress) / (1.0 - decay_from)));
        std::vector<at::Tensor> list;
        const Student model = leaves(student, at::kBFloat16, list);
        on_workers(workers, [&](int w) {
            std::mt19937 rng(static_cast<uint32_t>(seed * 1000003 + step * 64 + w));
            const Loss loss = batch_loss(model, sample(bank, words, config, rng, batch, missing));
            worker_grads[static_cast<size_t>(w)] = torch::autograd::grad({loss.total}, list);
            worker_loss[static_cast<size_t>(w)] = {{}, loss.error, loss.words};
        });
        step++;
        const GradientSum grads = sum_gradients(worker_grads);
        TORCH_CHECK(std::isfinite(grads.norm), "step ", step, ": expected finite gradients");
        const double decay = std::min(0.998, 1.0 - 4.0 / static_cast<double>(step + 4));
        auto& parameter_list = optimizer.parameters();
        on_workers(workers, [&](int w) {
            optimizer.update(grads.tensors, lr, step, static_cast<size_t>(w), static_cast<size_t>(workers));
            for (size_t i = static_cast<size_t>(w); i < parameter_list.size(); i += static_cast<size_t>(workers))
                average.at(parameter_list[i].name).mul_(decay).add_(*parameter_list[i].master, 1.0 - decay);
        });
        for (const Loss& l : worker_loss) error += l.error / workers, word_loss += l.words / workers;
        if (step % 50 == 0) {
            const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
            const double per_step = seconds / static_cast<double>(step - first);
            std::printf("step %ld/%ld  error %.4f  words %.3f  grad %.3f  lr %.3f  %.3f s/step  %.1f latents/s  eta %.1f min\n", static_cast<long>(step),
                        static_cast<long>(steps), error / 50, word_loss / 50, grads.norm, lr, per_step,
                        static_cast<double>(workers * batch * kSlots) / per_step, per_step * static_cast<double>(steps - step) / 60);
            std::fflush(stdout);
            error = word_loss = 0;
        }
        if (step % save_every == 0 || step == steps) {
            Tensors state;
            add_state(state, optimizer.parameters());
            save_tensors(out + ".state", state, {});
            save_tensors(out, average, {{"step", std::to_string(step)}});
            save_tensors(out + ".live", tensors_of(student), {{"step", std::to_string(step)}});
        }
    }
}

}  // namespace zt::training
