// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Painting and encoding of the pool, and its windows.
#include "latent_pool.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "encoder.h"
#include "parallel.h"
#include "step.h"

namespace zt::training {
namespace {

using namespace world;

// Marks the latents whose pixels a subject may cover in one group. out: u8 [18, 32].
void mark_places(const Clip& clip, int group, uint8_t* out) {
    constexpr float kReach = 44.f;   // of a puppet of scale 1, paper edge and shadow included
    const float lens = clip.camera == kZoom ? kZoomMost : 1.f;
    for (int f = 0; f < kGroupFrames; f++)
        for (int which = 0; which <= (clip.companion >= 0 ? 1 : 0); which++) {
            const Pose p = pose(clip, group * kGroupFrames + f, which);
            const float reach = kReach * p.scale * lens;
            const auto cell = [](float pixel, int64_t limit) { return std::clamp<int64_t>(static_cast<int64_t>(std::floor(pixel / 8.f)), 0, limit - 1); };
            for (int64_t y = cell(p.y - reach, storybook::kLatentHeight); y <= cell(p.y + reach, storybook::kLatentHeight); y++)
                for (int64_t x = cell(p.x - reach, storybook::kLatentWidth); x <= cell(p.x + reach, storybook::kLatentWidth); x++)
                    out[y * storybook::kLatentWidth + x] = 1;
        }
}

}  // namespace

LatentPool::LatentPool(storybook::Vae& vae, const Source& source) {
    const at::NoGradGuard no_grad;
    std::mt19937 dice = step_dice(step_seed(source.seed, 0, 77));
    int64_t rows = 0;
    for (int64_t i = 0; i < source.clips; i++) {
        if (i % 2 == 0) clips_.push_back(random_clip(source.scope, dice));
        else clips_.push_back(recast(clips_.back(), source.scope, dice, dice() % 2 == 0));
        first_row_.push_back(rows);
        rows += 1 + period_groups(clips_.back());
    }
    const std::string key = source.scope.name + " " + std::to_string(source.clips) + " " + std::to_string(source.seed) + " " + std::to_string(vae.config.channels) + " whole";
    std::map<std::string, std::string> meta;
    const Tensors saved = source.file.empty() ? Tensors{} : load_tensors(source.file, &meta);
    if (!saved.empty() && meta["key"] == key) {
        table_ = saved.at("latents").to(source.device);
    } else {
        table_ = at::empty({rows, storybook::kLatentHeight, storybook::kLatentWidth, vae.config.channels}, at::TensorOptions().dtype(at::kBFloat16).device(source.device));
        encode_all(vae, source);
        if (!source.file.empty()) save_tensors(source.file, {{"latents", table_}}, {{"key", key}});
    }
    if (vae.latent_std.eq(1).all().item<bool>()) {
        const at::Tensor some = table_.slice(0, 0, {}, std::max<int64_t>(1, table_.size(0) / 2000)).to(at::kFloat).flatten(0, 2);
        vae.latent_mean = some.mean(0).to(at::kCPU);
        vae.latent_std = some.std(0).to(at::kCPU);
    }
    places_ = at::zeros({rows, storybook::kLatentHeight, storybook::kLatentWidth}, at::kByte);
    for (size_t i = 0; i < clips_.size(); i++) {
        int64_t row = first_row_[i];
        mark_places(clips_[i], 0, places_[row++].data_ptr<uint8_t>());
        for (int group = 0; group < period_groups(clips_[i]); group++) mark_places(clips_[i], group, places_[row++].data_ptr<uint8_t>());
    }
    places_ = places_.to(source.device);
    mean_ = vae.latent_mean.to(source.device);
    deviation_ = vae.latent_std.to(source.device);
}

void LatentPool::encode_all(const storybook::Vae& vae, const Source& source) {
    const Encoder encoder(vae, source.device);
    Renderer renderer;
    std::atomic<size_t> next{0};
    std::atomic<int64_t> done{0};
    const auto started = std::chrono::steady_clock::now();
    on_workers(source.workers, [&](int) {
        const at::NoGradGuard no_grad_here;
        for (size_t i = next++; i < clips_.size(); i = next++) {
            const int64_t count = 1 + period_groups(clips_[i]);
            const at::Tensor bytes = at::empty({count, kGroupFrames, kHeight, kWidth, 3}, at::kByte);
            for (int f = 0; f < kGroupFrames; f++) renderer.frame(clips_[i], 0, bytes[0][f].data_ptr<uint8_t>());
            for (int64_t g = 1; g < count; g++) renderer.group(clips_[i], static_cast<int>(g - 1), bytes[g].data_ptr<uint8_t>());
            table_.slice(0, first_row_[i], first_row_[i] + count).copy_(encoder.raw(bytes));
            done += count;
            if (i % 500 == 0) {
                const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
                std::printf("pool %zu/%zu clips, %.0f latents/s\n", i, clips_.size(), static_cast<double>(done) / s);
                std::fflush(stdout);
            }
        }
    });
}

Window LatentPool::window(std::mt19937& dice, Begin begin) const {
    Window w{};
    const auto chance = [&] { return std::uniform_real_distribution<double>(0, 1)(dice); };
    do w.clip = static_cast<int>(dice() % static_cast<uint32_t>(clips_.size()));
    while (begin == Begin::kContinued && chance() > std::sqrt(period_groups(clips_[static_cast<size_t>(w.clip)]) / 16.0));
    const auto i = static_cast<size_t>(w.clip);
    const int64_t still = first_row_[i], groups = still + 1;
    const int period = period_groups(clips_[i]);
    if (begin != Begin::kContinued) {
        for (int64_t s = 0; s < 3; s++) w.targets[s] = groups + s % period;
        w.context = begin == Begin::kPicture ? still : -1;
        return w;
    }
    const int first = 1 + static_cast<int>(dice() % 16u), past = first + 16 - 3;
    for (int s = 0; s < 3; s++) w.targets[s] = groups + (first + s) % period, w.past_targets[s] = groups + (past + s) % period;
    w.context = groups + (first - 1) % period;
    const size_t twin = (i ^ 1) < clips_.size() ? i ^ 1 : i;
    w.twin_context = first_row_[twin] + 1 + (first - 1) % period;
    w.past_context = groups + (past - 1) % period;
    w.clock = first % 16;
    return w;
}

at::Tensor LatentPool::latents(const at::Tensor& rows) const { return (table_.index_select(0, rows).to(at::kFloat) - mean_) / deviation_; }

at::Tensor LatentPool::subject_places(const at::Tensor& rows) const { return places_.index_select(0, rows).to(at::kFloat); }

}  // namespace zt::training
