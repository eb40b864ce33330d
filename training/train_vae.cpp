// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stage 1: the video VAE, on crops of two consecutive groups so that the decoder's memory is used.
//
// The loss is squared error weighted by motion plus squared error of the frame differences: with
// plain L1 the decoder learns sharp but still groups. Late in the run L1 and gradient terms sharpen.
// With frozen=encoder. only the decoder learns: latents stay what they were, so that can go on beside
// or after the denoiser.
#include <cstdio>
#include <future>

#include "encoder.h"
#include "flops.h"
#include "scope.h"
#include "stages.h"
#include "train_loop.h"
#include "world/render.h"

namespace zt::training {
namespace {

using storybook::kGroup;

struct Crop {
    int64_t height, width;
};

// u8 [batch, 2 * 4, height, width, 3]: two consecutive groups of random clips, cropped around
// the subject more often than not.
at::Tensor sample(world::Renderer& renderer, const world::Scope& scope, std::mt19937 rng, int64_t batch, Crop crop) {
    at::Tensor out = at::empty({batch, 2 * kGroup, crop.height, crop.width, 3}, at::kByte);
    std::vector<uint8_t> whole(static_cast<size_t>(2 * kGroup) * world::kHeight * world::kWidth * 3);
    for (int64_t b = 0; b < batch; b++) {
        const world::Clip clip = world::random_clip(scope, rng);
        const int group = static_cast<int>(rng() % 16u);
        const bool still = rng() % 8 == 0;   // a picture is a group of four equal frames
        for (int f = 0; f < 2 * kGroup; f++)
            renderer.frame(clip, group * 4 + (still ? 0 : f), &whole[static_cast<size_t>(f) * world::kHeight * world::kWidth * 3]);
        const world::Pose p = world::pose(clip, group * 4, clip.companion >= 0 ? static_cast<int>(rng() % 2) : 0);
        const bool near = rng() % 3 != 0;
        const auto place = [&](float centre, int64_t size, int64_t limit) {
            const int64_t jitter = static_cast<int64_t>(rng() % static_cast<unsigned>(size)) - size / 2;
            const int64_t at = near ? static_cast<int64_t>(centre) - size / 2 + jitter / 2
                                    : static_cast<int64_t>(rng() % static_cast<unsigned>(limit - size + 1));
            return std::clamp<int64_t>(at / 8 * 8, 0, limit - size);
        };
        const int64_t x = place(p.x, crop.width, world::kWidth), y = place(p.y, crop.height, world::kHeight);
        const at::Tensor view = at::from_blob(whole.data(), {2 * kGroup, world::kHeight, world::kWidth, 3}, at::kByte);
        out[b].copy_(view.slice(1, y, y + crop.height).slice(2, x, x + crop.width));
    }
    return out;
}

// frames [n, 4, h, w, 3] in the order decode_blocks writes: [n, h/2, w/2, 4 positions, 4 frames, 3].
at::Tensor as_blocks(const at::Tensor& frames) {
    const int64_t n = frames.size(0), h = frames.size(2), w = frames.size(3);
    return nn::space_to_depth(frames.permute({0, 2, 3, 1, 4}).reshape({n, h, w, kGroup * 3}), 2).reshape({n, h / 2, w / 2, 4, kGroup, 3});
}

// group losses; `sharpen` 0..1 moves weight from squared error to L1 and gradients; `edges`: weight of the squared
// error of gradients.
at::Tensor picture_loss(const at::Tensor& prediction, const at::Tensor& target, double sharpen, double edges, at::Tensor& mse) {
    const at::Tensor error = prediction - target;
    const at::Tensor motion = target.slice(4, 1) - target.slice(4, 0, kGroup - 1);            // [.., 3 steps, 3]
    const at::Tensor moved = motion.abs().amax(-1, true);                                      // [.., 3, 1]
    const at::Tensor weight = 1 + 3 * at::maximum(at::cat({moved, moved.slice(4, 2)}, 4), at::cat({moved.slice(4, 0, 1), moved}, 4));
    const at::Tensor squared = error * error;
    mse = mse + 0.5 * squared.detach().mean();
    const at::Tensor error_motion = error.slice(4, 1) - error.slice(4, 0, kGroup - 1);
    at::Tensor loss = (weight * squared).mean() + 4 * (error_motion * error_motion).mean() + (0.02 + 0.1 * sharpen) * (weight * error.abs()).mean();
    const at::Tensor gx = error.slice(2, 1) - error.slice(2, 0, -1), gy = error.slice(1, 1) - error.slice(1, 0, -1);
    loss = loss + edges * ((gx * gx).mean() + (gy * gy).mean());
    if (sharpen > 0) loss = loss + 0.05 * sharpen * (gx.abs().mean() + gy.abs().mean());
    return loss;
}

// kl: of the divergence from a normal distribution. noise: added to the latents, in units of their own
// spread; what the decoder forgives here is what the denoiser may do wrong.
struct Weights {
    double kl, noise, edges;
};

// frames of bytes [batch, 8, h, w, 3] through encoder and decoder. values: squared error, KL, and how
// much of the real frame difference and of the real gradient there is (1 = all).
StepLoss clip_loss(const storybook::Vae& vae, const at::Tensor& bytes, at::Generator noise, double sharpen, const Weights& weights) {
    const at::Tensor frames = from_bytes(bytes);
    const at::ScalarType dtype = vae.decoder.in.weight.scalar_type();
    const int64_t batch = frames.size(0), c = vae.config.channels;
    const at::Tensor groups = frames.reshape({batch * 2, kGroup, frames.size(2), frames.size(3), 3});
    const at::Tensor moments = storybook::encode_moments(vae, groups.to(dtype)).to(at::kFloat);
    const at::Tensor mean = moments.slice(-1, 0, c), logvar = moments.slice(-1, c).clamp(-12.0, 4.0);
    const at::Tensor spread = (logvar * 0.5).exp() + weights.noise * mean.detach().std(at::IntArrayRef{0, 1, 2});
    const at::Tensor noisy = mean + spread * at::empty_like(mean, at::MemoryFormat::Contiguous).normal_(0, 1, std::move(noise));
    const at::Tensor z = noisy.reshape({batch, 2, mean.size(1), mean.size(2), c}).to(dtype);
    const at::Tensor target = as_blocks(groups).reshape({batch, 2, frames.size(2) / 2, frames.size(3) / 2, 4, kGroup, 3});
    storybook::DecoderState state;
    StepLoss loss;
    const at::Tensor kl = 0.5 * (mean * mean + logvar.exp() - 1 - logvar).mean();
    loss.total = weights.kl * kl;
    at::Tensor mse = at::zeros({}, kl.options()), motion = mse, motion_real = mse, edges = mse, edges_real = mse;
    for (int64_t g = 0; g < 2; g++) {
        const at::Tensor t = target.select(1, g);
        const at::Tensor p = storybook::decode_blocks(vae, z.select(1, g), state).to(at::kFloat).reshape(t.sizes());
        loss.total = loss.total + 0.5 * picture_loss(p, t, sharpen, weights.edges, mse);
        const at::NoGradGuard no_grad;
        const auto project = [](const at::Tensor& a, const at::Tensor& real, at::Tensor& part, at::Tensor& whole) {
            part = part + (a * real).sum();
            whole = whole + (real * real).sum();
        };
        project(p.slice(4, 1) - p.slice(4, 0, 3), t.slice(4, 1) - t.slice(4, 0, 3), motion, motion_real);
        project(p.slice(2, 1) - p.slice(2, 0, -1), t.slice(2, 1) - t.slice(2, 0, -1), edges, edges_real);
    }
    loss.values = at::stack({mse / 4, kl.detach(), motion / (motion_real + 1e-6), edges / (edges_real + 1e-6)});
    return loss;
}

// Renders the next step's crops while this step computes: on a fast device painting would be
// what the step waits for. Each thread paints its share, so the result does not depend on timing.
class Painter {
public:
    Painter(const world::Scope& scope, int64_t seed, int64_t batch, Crop crop, int threads) : scope_(scope), seed_(seed), batch_(batch), crop_(crop), threads_(threads) {}
    at::Tensor take(int64_t step) {
        if (!parts_.empty() && step != step_) parts_.clear();
        if (parts_.empty()) start(step);
        std::vector<at::Tensor> list;
        for (auto& p : parts_) list.push_back(p.get());
        start(step + 1);
        return at::cat(list, 0);
    }

private:
    void start(int64_t step) {
        parts_.clear();
        step_ = step;
        for (int t = 0; t < threads_; t++)
            parts_.push_back(std::async(std::launch::async, [this, step, t] { return sample(renderer_, scope_, step_dice(step_seed(seed_, step, 1000 + t)), batch_ / threads_, crop_); }));
    }
    world::Renderer renderer_;
    const world::Scope& scope_;
    int64_t seed_, batch_;
    Crop crop_;
    int threads_;
    int64_t step_ = -1;
    std::vector<std::future<at::Tensor>> parts_;
};

}  // namespace

void train_vae(Settings& settings) {
    LoopConfig defaults;
    defaults.steps = 6000, defaults.warm = 100, defaults.decay_from = 0.5, defaults.average = 0.995;
    defaults.optimizer.muon_lr = defaults.optimizer.adam_lr = 2e-3;
    const LoopConfig config = loop_config(settings, "build/training/vae.safetensors", defaults);
    const world::Scope& scope = scope_setting(settings);
    const int64_t batch = settings.integer("batch", 4);
    const Crop crop{settings.integer("crop_height", 96), settings.integer("crop_width", 112)};
    const int painters = static_cast<int>(settings.integer("painters", 8));
    const Weights weights{settings.number("kl_weight", 1e-5), settings.number("noise", 0.1), settings.number("edge_weight", 1)};
    const double sharpen_from = settings.number("sharpen_from", 0.5);
    storybook::VaeConfig shape;
    shape.channels = settings.integer("channels", shape.channels);
    settings.done();

    storybook::Vae vae = storybook::make_vae(shape);
    const double pixels = static_cast<double>(2 * crop.height * crop.width);   // of both groups
    const double forward = forward_flops(vae, [&](const std::string& name) {
        const auto has = [&](const char* s) { return name.find(s) != std::string::npos; };
        return pixels / (has("decoder.stages.2") || has("decoder.out") ? 4 : has("quarter") || has("stages.1") || has("encoder.in") || has("up.1") ? 16 : 64);
    });
    world::Renderer renderer;
    std::unique_ptr<Painter> painter;
    if (!config.device.is_cpu()) painter = std::make_unique<Painter>(scope, config.seed, batch, crop, painters);
    train(vae, config, {"mse", "kl", "motion", "sharp"}, "groups", static_cast<double>(config.workers * batch * 2), 3 * forward * static_cast<double>(config.workers * batch),
          [&](const storybook::Vae& model, const Step& step) {
              const at::Tensor bytes = painter ? painter->take(step.number).to(config.device) : sample(renderer, scope, step_dice(step.seed), batch, crop);
              return clip_loss(model, bytes, step_noise(config.device, step.seed), std::clamp((step.progress - sharpen_from) / 0.2, 0.0, 1.0), weights);
          });
}

}  // namespace zt::training
