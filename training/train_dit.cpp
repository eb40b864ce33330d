// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train dit, dit-sample, ship: the diffusion transformer.
#include "clips.h"
#include "dit.h"
#include "flops.h"
#include "sample/schedule.h"
#include "sheet.h"
#include "stages.h"
#include "train_loop.h"

namespace zt::training {
namespace {

LayerAutoencoder load_frames(const std::string& path, at::Device device) {
    const Tensors tensors = load_tensors(path);
    TORCH_CHECK(!tensors.empty(), "frames: expected a file, got ", path);
    LayerAutoencoder model = make_layer_autoencoder(decoder_config_of(tensors), 3);
    assign(model, tensors);
    move_to(model, device);
    nn::prepare(model);
    return model;
}

at::Tensor stacked(const std::vector<Clip>& clips) {
    std::vector<at::Tensor> pixels;
    for (const Clip& clip : clips) pixels.push_back(clip.pixels);
    return at::stack(pixels);
}

// What latents look like, of the same clips in every run: the model scales them to mean 0 and deviation 1.
void measure_latents(Dit& model, const LayerAutoencoder& frames, const ClipSource& source, at::Device device) {
    const at::NoGradGuard no_grad;
    std::vector<Clip> clips;
    for (uint64_t seed = 0; seed < 16; seed++) clips.push_back(source.draw(seed));
    const at::Tensor z = encode(frames.encoder, stacked(clips).flatten(0, 1).to(device).to(at::kFloat).div(255))
                             .flatten(0, 2)
                             .to(at::kCPU);
    model.latent_mean = z.mean(0), model.latent_deviation = z.std(0).clamp_min(1e-3);
}

// Flow matching: the model sees latents with noise and gives the velocity from them to the noise.
StepLoss velocity_loss(const Dit& m, const LayerAutoencoder& frames, const std::vector<Clip>& clips,
                       const std::vector<at::Tensor>& words, at::Device device, uint64_t seed) {
    at::Tensor z;
    {
        const at::NoGradGuard no_grad;
        z = to_latents(frames, m, stacked(clips).to(device));
    }
    at::Generator generator = step_noise(device, seed);
    const at::Tensor noise = at::empty_like(z, at::MemoryFormat::Contiguous).normal_(0, 1, generator);
    const at::Tensor sigma = at::empty({z.size(0)}, z.options()).normal_(0, 1, generator).sigmoid();
    const at::Tensor part = sigma.view({-1, 1, 1, 1, 1});
    const at::Tensor velocity = forward(m, z * (1 - part) + noise * part, sigma, at::stack(words).to(device));
    StepLoss loss;
    loss.total = (velocity.to(at::kFloat) - (noise - z)).square().mean();
    loss.values = loss.total.detach().reshape({1});
    return loss;
}

}  // namespace

void train_dit(Settings& settings) {
    LoopConfig defaults;
    defaults.steps = 60000, defaults.warm = 500, defaults.average = 0.999, defaults.save_every = 1000;
    defaults.optimizer.muon_lr = 1e-3, defaults.optimizer.adam_lr = 1e-3;
    const LoopConfig config = loop_config(settings, "build/training/dit.safetensors", defaults);
    const std::string folder = settings.text("model", kCompositorModel),
                      path = settings.text("frames_model", "build/training/frames.safetensors");
    ClipShape shape;
    shape.width = static_cast<int>(settings.integer("width", shape.width)),
    shape.height = static_cast<int>(settings.integer("height", shape.height));
    shape.frames = static_cast<int>(settings.integer("frames", shape.frames));
    TORCH_CHECK(shape.frames % kFramesPerToken == 0, "frames: expected a multiple of ", kFramesPerToken, ", got ",
                shape.frames);
    const int64_t batch = settings.integer("batch", config.device.is_cpu() ? 1 : 64),
                  only = settings.integer("only", 0), repeat = settings.integer("repeat", 1);
    const int renderers = static_cast<int>(settings.integer("renderers", config.device.is_cpu() ? 0 : 15));
    DitConfig dit;
    dit.width = settings.integer("dit_width", dit.width), dit.blocks = settings.integer("blocks", dit.blocks);
    dit.heads = std::max<int64_t>(1, dit.width / 64);
    settings.done();
    const LayerAutoencoder frames = load_frames(path, config.device);
    dit.channels = frames.decoder.in.weight.size(1);
    dit.times = shape.frames / kFramesPerToken, dit.rows = shape.height / 8, dit.columns = shape.width / 8;
    Dit model = make_dit(dit);
    const ClipSource source(folder, shape);
    measure_latents(model, frames, source, config.device);
    ClipQueue queue(source, config.seed, config.workers, batch, renderers, only, repeat);
    const double tokens = static_cast<double>(dit.times * dit.rows * dit.columns + kWords);
    const double matrices = forward_flops(model, [&](const std::string& name) {
        return name.ends_with(".weight") && !name.starts_with("sigma") && name.find("modulation") == std::string::npos
                   ? tokens
                   : 0;
    });
    const double forward_cost = matrices + 4 * tokens * tokens * static_cast<double>(dit.width * dit.blocks);
    const double samples = static_cast<double>(config.workers * batch);
    train(model, config, {"velocity"}, "clips", samples, 3 * forward_cost * samples,
          [&](const Dit& m, const Step& step) {
              const std::vector<Clip> clips = queue.take(step.number, step.worker);
              std::mt19937 dice = step_dice(step.seed);
              std::vector<at::Tensor> words;
              for (const Clip& clip : clips)
                  words.push_back(
                      word_rows(dice() % 10 == 0 ? std::string() : clip.sentence));  // without words: for guidance
              return velocity_loss(m, frames, clips, words, config.device, step.seed);
          });
}

void sample_dit(Settings& settings) {
    const std::string from = settings.text("dit", "build/training/dit.safetensors"),
                      path = settings.text("frames_model", "build/training/frames.safetensors");
    const std::string out = settings.text("out", "build/training/sheet.ppm");
    std::string prompts = settings.text("prompts",
                                        "a red fox runs, forest, day, paper;a blue cat jumps, beach, sunset;a yellow "
                                        "balloon flies, city, night, neon;一只白色的兔子跳，雪地");
    const int steps = static_cast<int>(settings.integer("steps", 32)),
              columns = static_cast<int>(settings.integer("columns", 8));
    const double guidance = settings.number("guidance", 3), shift = settings.number("shift", 1);
    const int64_t seed = settings.integer("seed", 1), only = settings.integer("only", 0);
    const std::string folder = settings.text("model", kCompositorModel);
    settings.done();
    const at::NoGradGuard no_grad;
    at::set_num_threads(static_cast<int>(std::thread::hardware_concurrency()));
    const LayerAutoencoder frames = load_frames(path, at::kCPU);
    const Tensors tensors = load_tensors(from);
    TORCH_CHECK(!tensors.empty(), "dit: expected a file, got ", from);
    Dit model = make_dit(dit_config_of(tensors));
    assign(model, tensors);
    const DitConfig& c = model.config;
    std::vector<Clip>
        real;  // only > 0: the clips that a run with this setting was trained on, above what is made of their sentences
    if (only > 0) {
        const ClipSource source(folder, {static_cast<int>(c.columns * 8), static_cast<int>(c.rows * 8),
                                         static_cast<int>(c.times * kFramesPerToken), 8});
        prompts.clear();
        for (int64_t i = 0; i < only; i++)
            real.push_back(source.draw(static_cast<uint64_t>(i))), prompts += real.back().sentence + ";";
    }
    const std::vector<float> sigmas = sample::flow_sigmas(steps, shift);
    std::vector<at::Tensor> rows;
    const auto show = [&](const at::Tensor& clip) { rows.push_back(film_strip(clip, columns)); };
    for (size_t at = 0; at < prompts.size();) {
        const size_t end = std::min(prompts.find(';', at), prompts.size());
        const std::string prompt = prompts.substr(at, end - at);
        at = end + 1;
        at::Tensor x = at::empty({1, c.times * kFramesPerToken, c.rows, c.columns, c.channels})
                           .normal_(0, 1, at::detail::createCPUGenerator(static_cast<uint64_t>(seed)));
        const at::Tensor words = at::stack({word_rows(prompt), word_rows("")});
        for (size_t i = 0; i + 1 < sigmas.size(); i++) {
            const at::Tensor v =
                forward(model, x.expand({2, -1, -1, -1, -1}), at::full({2}, static_cast<double>(sigmas[i])), words);
            x = x + (v[1] + guidance * (v[0] - v[1])) * static_cast<double>(sigmas[i + 1] - sigmas[i]);
        }
        if (rows.size() / 2 < real.size()) show(real[rows.size() / 2].pixels.to(at::kFloat).div(255));
        show(to_pixels(frames, model, x)[0]);
        std::printf("%s\n", prompt.c_str());
    }
    TORCH_CHECK(!rows.empty(), "prompts: expected sentences with ; between them, got none");
    write_ppm(out, at::cat(rows, 0));
}

void ship_weights(Settings& settings) {
    const std::string from = settings.text("weights", "build/training/dit.safetensors"),
                      out = settings.text("out", "build/training/dit-bf16.safetensors");
    settings.done();
    std::map<std::string, std::string> meta;
    Tensors tensors = load_tensors(from, &meta);
    TORCH_CHECK(!tensors.empty(), "weights: expected a file, got ", from);
    for (auto& [name, t] : tensors)
        if (!name.starts_with("latent_")) t = t.to(at::kBFloat16);
    save_tensors(out, tensors, meta);
}

}  // namespace zt::training
