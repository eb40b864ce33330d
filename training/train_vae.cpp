// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stage 1: the video VAE, on crops of two consecutive groups so that the decoder's memory is used.
//
// The loss is squared error weighted by motion plus squared error of the frame differences: with
// plain L1 the decoder learns sharp but still groups. Late in the run L1 and gradient terms sharpen.
#include <chrono>
#include <cstdio>
#include <random>

#include "checkpoint.h"
#include "families/storybook/vae.h"
#include "initialise.h"
#include "parallel.h"
#include "settings.h"
#include "stages.h"
#include "world/render.h"

namespace zt::training {
namespace {

using storybook::kGroup;

// Any clip of the world; held-out combinations never appear.
world::Clip random_clip(std::mt19937& rng) {
    world::Clip c;
    const auto pick = [&](int n) { return static_cast<int>(rng() % static_cast<unsigned>(n)); };
    do {
        c = {pick(world::kSubjects), pick(world::kColours), pick(world::kMotions), pick(world::kScenes),
             pick(world::kTimes),    pick(world::kLayouts), pick(world::kPlaces)};
    } while (world::held_out(c));
    return c;
}

struct Crop {
    int64_t height, width;
};

// u8 [batch, 2 * 4, height, width, 3]: two consecutive groups of random clips, cropped around
// the subject more often than not.
at::Tensor sample(world::Renderer& renderer, std::mt19937& rng, int64_t batch, Crop crop) {
    at::Tensor out = at::empty({batch, 2 * kGroup, crop.height, crop.width, 3}, at::kByte);
    std::vector<uint8_t> whole(static_cast<size_t>(2 * kGroup) * world::kHeight * world::kWidth * 3);
    for (int64_t b = 0; b < batch; b++) {
        const world::Clip clip = random_clip(rng);
        const int group = static_cast<int>(rng() % 16u);
        const bool still = rng() % 8 == 0;   // a picture is a group of four equal frames
        for (int f = 0; f < 2 * kGroup; f++)
            renderer.frame(clip, group * 4 + (still ? 0 : f), &whole[static_cast<size_t>(f) * world::kHeight * world::kWidth * 3]);
        const world::Pose p = world::pose(clip, group * 4);
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

struct Loss {
    at::Tensor total;
    double mse = 0, kl = 0;
};

// group losses; `sharpen` 0..1 moves weight from squared error to L1 and gradients.
at::Tensor picture_loss(const at::Tensor& prediction, const at::Tensor& target, double sharpen, double& mse) {
    const at::Tensor error = prediction - target;
    const at::Tensor motion = target.slice(4, 1) - target.slice(4, 0, kGroup - 1);            // [.., 3 steps, 3]
    const at::Tensor moved = motion.abs().amax(-1, true);                                      // [.., 3, 1]
    const at::Tensor weight = 1 + 3 * at::maximum(at::cat({moved, moved.slice(4, 2)}, 4), at::cat({moved.slice(4, 0, 1), moved}, 4));
    const at::Tensor squared = error * error;
    mse += squared.mean().item<double>();
    const at::Tensor error_motion = error.slice(4, 1) - error.slice(4, 0, kGroup - 1);
    at::Tensor loss = (weight * squared).mean() + 4 * (error_motion * error_motion).mean() + (0.02 + 0.1 * sharpen) * (weight * error.abs()).mean();
    if (sharpen > 0) {
        const at::Tensor gx = error.slice(2, 1) - error.slice(2, 0, -1), gy = error.slice(1, 1) - error.slice(1, 0, -1);
        loss = loss + 0.05 * sharpen * (gx.abs().mean() + gy.abs().mean());
    }
    return loss;
}

Loss clip_loss(const storybook::Vae& vae, const at::Tensor& bytes, double sharpen, double kl_weight) {
    const at::Tensor frames = bytes.to(at::kFloat).mul_(2.0 / 255.0).sub_(1.0);
    const at::ScalarType dtype = vae.decoder.in.weight.scalar_type();
    const int64_t batch = frames.size(0), c = vae.config.channels;
    const at::Tensor groups = frames.reshape({batch * 2, kGroup, frames.size(2), frames.size(3), 3});
    const at::Tensor moments = storybook::encode_moments(vae, groups.to(dtype)).to(at::kFloat);
    const at::Tensor mean = moments.slice(-1, 0, c), logvar = moments.slice(-1, c).clamp(-12.0, 4.0);
    const at::Tensor z = (mean + (logvar * 0.5).exp() * at::randn_like(mean)).reshape({batch, 2, mean.size(1), mean.size(2), c}).to(dtype);
    const at::Tensor target = as_blocks(groups).reshape({batch, 2, frames.size(2) / 2, frames.size(3) / 2, 4, kGroup, 3});
    storybook::DecoderState state;
    Loss loss;
    const at::Tensor kl = 0.5 * (mean * mean + logvar.exp() - 1 - logvar).mean();
    loss.kl = kl.item<double>();
    loss.total = kl_weight * kl;
    for (int64_t g = 0; g < 2; g++) {
        const at::Tensor p = storybook::decode_blocks(vae, z.select(1, g), state).to(at::kFloat);
        const at::Tensor t = target.select(1, g);
        loss.total = loss.total + 0.5 * picture_loss(p.reshape(t.sizes()), t, sharpen, loss.mse);
    }
    loss.mse *= 0.5;
    return loss;
}

}  // namespace

void train_vae(Settings& settings) {
    const std::string out = settings.text("out", "build/training/vae.safetensors");
    const int64_t steps = settings.integer("steps", 6000), batch = settings.integer("batch", 4), seed = settings.integer("seed", 1);
    const int workers = static_cast<int>(settings.integer("workers", 2));
    const int64_t save_every = settings.integer("save_every", 200);
    const Crop crop{settings.integer("crop_height", 96), settings.integer("crop_width", 112)};
    OptimizerConfig oc;
    oc.muon_lr = settings.number("muon_lr", 2e-3);
    oc.adam_lr = settings.number("adam_lr", 2e-3);
    const double kl_weight = settings.number("kl_weight", 3e-5);
    settings.done();

    torch::manual_seed(static_cast<uint64_t>(seed));
    storybook::Vae vae = storybook::make_vae({});
    initialise(vae, static_cast<uint64_t>(seed));
    Optimizer optimizer(trainable(vae), oc);
    int64_t step = 0;
    std::map<std::string, std::string> meta;
    if (const Tensors saved = load_tensors(out, &meta); !saved.empty()) {
        assign(vae, saved);
        take_state(load_tensors(out + ".state"), optimizer.parameters());
        step = std::stoll(meta.at("step"));
        std::printf("resumed at step %ld\n", static_cast<long>(step));
    }
    world::Renderer renderer;
    const auto started = std::chrono::steady_clock::now();
    const int64_t first = step;
    double mse = 0, kl = 0;
    std::vector<std::vector<at::Tensor>> worker_grads(static_cast<size_t>(workers));
    std::vector<double> worker_mse(static_cast<size_t>(workers)), worker_kl(static_cast<size_t>(workers));
    while (step < steps) {
        const double progress = static_cast<double>(step) / static_cast<double>(steps);
        const double warm = std::min(1.0, static_cast<double>(step + 1) / 100.0);
        const double lr = warm * std::min(1.0, std::max(0.02, (1.0 - progress) / 0.5));
        const double sharpen = std::clamp((progress - 0.5) / 0.2, 0.0, 1.0);
        std::vector<at::Tensor> list;
        const storybook::Vae model = leaves(vae, at::kBFloat16, list);
        on_workers(workers, [&](int w) {
            std::mt19937 rng(static_cast<uint32_t>(seed * 1000003 + step * 64 + w));
            const at::Tensor bytes = sample(renderer, rng, batch, crop);
            const Loss loss = clip_loss(model, bytes, sharpen, kl_weight);
            worker_grads[static_cast<size_t>(w)] = torch::autograd::grad({loss.total}, list);
            worker_mse[static_cast<size_t>(w)] = loss.mse;
            worker_kl[static_cast<size_t>(w)] = loss.kl;
        });
        const GradientSum grads = sum_gradients(worker_grads);
        TORCH_CHECK(std::isfinite(grads.norm), "step ", step, ": expected finite gradients");
        step++;
        on_workers(workers, [&](int w) { optimizer.update(grads.tensors, lr, step, static_cast<size_t>(w), static_cast<size_t>(workers)); });
        for (int w = 0; w < workers; w++) mse += worker_mse[static_cast<size_t>(w)] / workers, kl += worker_kl[static_cast<size_t>(w)] / workers;
        if (step % 50 == 0) {
            const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
            const double per_step = seconds / static_cast<double>(step - first);
            std::printf("step %ld/%ld  psnr %.2f dB  kl %.2f  grad %.3f  lr %.3f  %.3f s/step  eta %.1f min\n", static_cast<long>(step),
                        static_cast<long>(steps), -10 * std::log10(mse / 50 / 4), kl / 50, grads.norm, lr, per_step,
                        per_step * static_cast<double>(steps - step) / 60);
            std::fflush(stdout);
            mse = kl = 0;
        }
        if (step % save_every == 0 || step == steps) {
            Tensors state;
            add_state(state, optimizer.parameters());
            save_tensors(out + ".state", state, {});
            save_tensors(out, tensors_of(vae), {{"step", std::to_string(step)}});
        }
    }
}

}  // namespace zt::training
