// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zt-train gate`: what the VAE keeps of held-out clips, whole pictures, by style. PSNR, and of the
// real gradient and the real frame difference the share that is there: its projection (grain does
// not raise it), and beside it the plain ratio of sums (grain does).
#include <cmath>
#include <cstdio>

#include "encoder.h"
#include "parallel.h"
#include "scope.h"
#include "stages.h"
#include "world/render.h"

namespace zt::training {
namespace {

constexpr int64_t kGroups = 6;   // of one clip, 24 frames

struct Kept {
    double frames = 0, squares = 0, values = 0, part[2] = {}, whole[2] = {}, size[2] = {}, real_size[2] = {};
    // what: 0 gradient, 1 motion
    void change(int what, const at::Tensor& made, const at::Tensor& real) {
        part[what] += (made * real).sum().item<double>();
        whole[what] += (real * real).sum().item<double>();
        size[what] += made.abs().sum().item<double>();
        real_size[what] += real.abs().sum().item<double>();
    }
    void add(const at::Tensor& made, const at::Tensor& real) {   // [frames, 3, height, width], 0..1
        squares += (made - real).square().sum().item<double>();
        values += static_cast<double>(real.numel());
        frames += static_cast<double>(real.size(0));
        for (const int64_t axis : {2, 3}) change(0, made.diff(1, axis), real.diff(1, axis));
        change(1, made.diff(1, 0), real.diff(1, 0));
    }
    Kept& operator+=(const Kept& o) {
        frames += o.frames, squares += o.squares, values += o.values;
        for (int i = 0; i < 2; i++) part[i] += o.part[i], whole[i] += o.whole[i], size[i] += o.size[i], real_size[i] += o.real_size[i];
        return *this;
    }
    void print(const char* name) const {
        if (values == 0) return;
        std::printf("%-8s %5.0f frames  %6.2f dB  sharpness %.3f (sums %.3f)  motion %.3f (sums %.3f)\n", name, frames, -10 * std::log10(squares / values), part[0] / whole[0],
                    size[0] / real_size[0], part[1] / whole[1], size[1] / real_size[1]);
    }
};

}  // namespace

void gate(Settings& settings) {
    const std::string path = settings.text("vae", "build/training/vae.safetensors");
    const int64_t count = settings.integer("clips", 60), seed = settings.integer("seed", 7);
    const int workers = static_cast<int>(settings.integer("workers", 2));
    const world::Scope& scope = scope_setting(settings);
    settings.done();
    std::vector<at::Tensor> list;
    storybook::Vae vae = leaves(load_vae(path), work_type(at::kCPU), list, false);
    nn::prepare(vae);

    std::mt19937 dice(static_cast<uint32_t>(seed));
    std::vector<world::Clip> clips;
    for (int64_t i = 0; i < count; i++) clips.push_back(world::random_clip(scope, dice, true));
    std::vector<std::array<Kept, world::kStyles>> kept(static_cast<size_t>(workers));
    world::Renderer renderer;
    on_workers(workers, [&](int w) {
        const at::NoGradGuard no_grad;
        for (auto i = static_cast<size_t>(w); i < clips.size(); i += static_cast<size_t>(workers)) {
            storybook::DecoderState state;
            std::vector<at::Tensor> made, real;
            for (int g = 0; g < kGroups; g++) {
                const at::Tensor bytes = at::empty({1, world::kGroupFrames, world::kHeight, world::kWidth, 3}, at::kByte);
                renderer.group(clips[i], g, bytes.data_ptr<uint8_t>());
                const at::Tensor frames = from_bytes(bytes);
                made.push_back(storybook::decode(vae, storybook::encode(vae, frames.to(work_type(at::kCPU))), state));
                real.push_back(frames[0].permute({0, 3, 1, 2}).mul(0.5).add_(0.5));
            }
            kept[static_cast<size_t>(w)][static_cast<size_t>(clips[i].style)].add(at::cat(made).clamp(0, 1), at::cat(real));
        }
    });
    Kept all;
    constexpr std::array<const char*, world::kStyles> names{"paper", "neon", "sketch"};
    for (size_t s = 0; s < names.size(); s++) {
        Kept style;
        for (const auto& k : kept) style += k[s];
        style.print(names[s]);
        all += style;
    }
    all.print("all");
}

}  // namespace zt::training
