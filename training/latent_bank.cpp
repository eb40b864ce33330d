// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rendering and encoding of the whole world.
#include "latent_bank.h"

#include <atomic>
#include <chrono>
#include <cstdio>

#include "checkpoint.h"
#include "parallel.h"

namespace zt::training {
namespace {

using namespace world;

constexpr int kCombinations = int{kSubjects} * int{kColours} * int{kMotions} * int{kScenes} * int{kTimes} * kLayouts * kPlaces;

// Place 0 stands for all places where the place is only a phase of one path.
int path_place(const Clip& c) { return c.motion == kRun || c.motion == kFly ? 0 : c.place; }

}  // namespace

int LatentBank::key(const Clip& c) {
    return (((((c.subject * kColours + c.colour) * kMotions + c.motion) * kScenes + c.scene) * kTimes + c.time) * kLayouts + c.layout) * kPlaces + path_place(c);
}

LatentBank::LatentBank(storybook::Vae& vae, Renderer& renderer, int workers, const std::string& file) {
    const at::NoGradGuard no_grad;
    std::vector<Clip> unique;
    for (int i = 0; i < kCombinations; i++) {
        int r = i;
        const auto digit = [&](int n) { const int d = r % n; r /= n; return d; };
        Clip c;
        c.place = digit(kPlaces), c.layout = digit(kLayouts), c.time = digit(kTimes), c.scene = digit(kScenes);
        c.motion = digit(kMotions), c.colour = digit(kColours), c.subject = digit(kSubjects);
        if (held_out(c)) continue;
        clips_.push_back(c);
        if (path_place(c) == c.place) unique.push_back(c);
    }
    paths_.resize(kCombinations);
    const Tensors saved = file.empty() ? Tensors{} : load_tensors(file);
    if (saved.empty()) {
        encode_all(vae, renderer, workers, unique);
        Tensors bank;
        for (const Clip& c : unique) bank[std::to_string(key(c))] = paths_[static_cast<size_t>(key(c))];
        if (!file.empty()) save_tensors(file, bank, {});
    } else {
        for (const Clip& c : unique) paths_[static_cast<size_t>(key(c))] = saved.at(std::to_string(key(c)));
    }
    for (const Clip& c : unique) latents_ += period_groups(c.motion);
    at::Tensor sum = at::zeros({vae.config.channels}, at::kDouble), squares = at::zeros_like(sum);
    int64_t count = 0;
    for (size_t i = 0; i < paths_.size(); i += 7) {
        if (!paths_[i].defined()) continue;
        const at::Tensor x = paths_[i].to(at::kDouble).flatten(0, 2);
        sum += x.sum(0);
        squares += (x * x).sum(0);
        count += x.size(0);
    }
    mean_ = sum / count;
    deviation_ = (squares / count - mean_ * mean_).sqrt().to(at::kFloat);
    mean_ = mean_.to(at::kFloat);
    vae.latent_mean = mean_;
    vae.latent_std = deviation_;
}

void LatentBank::encode_all(const storybook::Vae& vae, Renderer& renderer, int workers, const std::vector<Clip>& unique) {
    std::vector<at::Tensor> list;
    const storybook::Vae encoder = leaves(vae, at::kBFloat16, list, false);
    std::atomic<size_t> next{0};
    std::atomic<int64_t> latents{0};
    const auto started = std::chrono::steady_clock::now();
    on_workers(workers, [&](int) {
        const at::NoGradGuard no_grad_here;
        for (size_t i = next++; i < unique.size(); i = next++) {
            const Clip& c = unique[i];
            const int period = period_groups(c.motion);
            at::Tensor bytes = at::empty({period, kGroupFrames, kHeight, kWidth, 3}, at::kByte);
            for (int g = 0; g < period; g++) renderer.group(c, g, bytes[g].data_ptr<uint8_t>());
            const at::Tensor frames = bytes.to(at::kFloat).mul_(2.0 / 255.0).sub_(1.0).to(at::kBFloat16);
            paths_[static_cast<size_t>(key(c))] = storybook::encode_moments(encoder, frames).slice(-1, 0, vae.config.channels).contiguous();
            latents += period;
            if (i % 200 == 0) {
                const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
                std::printf("bank %zu/%zu clips, %.0f latents/s\n", i, unique.size(), static_cast<double>(latents) / s);
                std::fflush(stdout);
            }
        }
    });
}

at::Tensor LatentBank::latent(const Clip& clip, int group) const {
    const at::Tensor& path = paths_[static_cast<size_t>(key(clip))];
    return (path[group % path.size(0)].to(at::kFloat) - mean_) / deviation_;
}

}  // namespace zt::training
