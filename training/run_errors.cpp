// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zt-train errors`: where a model's latents are wrong. Mean squared error, of latents with a spread of one, of
// what the plan shows and of what the layers make of it from pure noise, behind puppets and where they are, by what the clips show.
// Then how often the plan's cues were right: an error of latents is of the pictures or of what was read.
#include <array>
#include <atomic>
#include <cstdio>
#include <mutex>

#include "cast.h"
#include "encoder.h"
#include "families/storybook/model_files.h"
#include "parallel.h"
#include "parts.h"
#include "scenery.h"
#include "scope.h"
#include "stages.h"
#include "world/captions.h"
#include "world/render.h"

namespace zt::training {
namespace {

using namespace world;
using storybook::kSlots;

// Sums of squares behind puppets and on them: of the plan's errors, of the layers', and of what there is.
struct Sums {
    std::array<std::array<double, 3>, 2> squares{};
    std::array<double, 2> count{};
    Sums& operator+=(const Sums& o) {
        for (size_t p = 0; p < 2; p++) {
            count[p] += o.count[p];
            for (size_t k = 0; k < 3; k++) squares[p][k] += o.squares[p][k];
        }
        return *this;
    }
};

at::Tensor encode_clip(const storybook::Weights& weights, Renderer& renderer, const Clip& clip, int first, int64_t groups, bool empty) {
    const at::Tensor bytes = at::empty({groups, kGroupFrames, kHeight, kWidth, 3}, at::kByte);
    for (int64_t g = 0; g < groups; g++)
        for (int f = 0; f < kGroupFrames; f++) {
            const int frame = (first + static_cast<int>(g)) * kGroupFrames + f;
            uint8_t* out = bytes[g][f].data_ptr<uint8_t>();
            empty ? renderer.empty_frame(clip, frame, out) : renderer.frame(clip, frame, out);
        }
    return storybook::encode(weights.vae, from_bytes(bytes));
}

}  // namespace

void run_errors(Settings& settings) {
    const std::string folder = settings.text("model", "models/storybook");
    const int64_t count = settings.integer("clips", 100), seed = settings.integer("seed", 7);
    const bool seen = settings.integer("seen", 0) != 0;
    const Scope& scope = scope_setting(settings);
    const int workers = static_cast<int>(settings.integer("workers", 2));
    settings.done();
    const storybook::Weights weights = storybook::load_weights(folder, at::kFloat);
    const storybook::Denoiser& net = weights.denoiser;
    std::mt19937 dice(static_cast<uint32_t>(seed));
    std::vector<Clip> clips;
    while (static_cast<int64_t>(clips.size()) < count) clips.push_back(random_clip(scope, dice, !seen));
    Sums all;
    std::array<Sums, std::size(kParts)> parts;
    std::array<int64_t, 5> right{};   // scene, camera, stroll, acts, looks
    Renderer renderer;
    std::mutex mutex;
    std::atomic<size_t> next{0};
    on_workers(workers, [&](int) {
        const at::NoGradGuard no_grad;
        for (size_t i = next++; i < clips.size(); i = next++) {
            const Clip& clip = clips[i];
            text::WordIds words = weights.words.encode(plain_caption(clip, i % 2 == 0 ? kEnglish : kChinese), static_cast<size_t>(net.config.text.max_tokens - 1));
            words.ids.push_back(weights.words.id_of(layout_word(clip.layout)));
            const at::Tensor sentence = storybook::forward(net.text, at::tensor(words.ids).unsqueeze(0));
            const int first = i % 4 < 2 ? 0 : 7;   // from nothing, from the latent before
            const at::Tensor real = encode_clip(weights, renderer, clip, first, kSlots, false), bare = encode_clip(weights, renderer, clip, first, kSlots, true);
            const at::Tensor context = first == 0 ? at::zeros_like(real.slice(0, 0, 1)) : encode_clip(weights, renderer, clip, first - 1, 1, false);
            const at::Tensor clock = at::full({1}, first, at::kLong);
            at::Generator generator = at::detail::createCPUGenerator(static_cast<uint64_t>(i));
            const at::Tensor noise = at::empty({1, kSlots, real.size(1), real.size(2), real.size(3)}).normal_(0, 1, generator);
            const storybook::Cues cues = storybook::cues(net.plan, sentence);
            const storybook::Planned plan = storybook::forward(net.plan, cues, clock);
            const at::Tensor made = storybook::forward(net, noise, context, at::full({1}, first == 0 ? 0.f : 1.f), at::ones({1}), sentence, clock, plan)[0];
            const at::Tensor on = puppet_places(real, bare);
            Sums sums;
            for (size_t part = 0; part < 2; part++) {
                const at::Tensor mask = part == 0 ? 1 - on : on;
                sums.count[part] = mask.sum().item<double>();
                const std::array<at::Tensor, 3> errors{plan.latents - real, made - real, real};
                for (size_t k = 0; k < 3; k++) sums.squares[part][k] = (errors[k].square().mean(-1, true) * mask).sum().item<double>();
            }
            const Cast cast = cast_of(clip);
            const auto same = [&](const at::Tensor& got, const std::array<int64_t, storybook::kPlaces>& wanted) {   // where somebody is to be seen
                for (size_t place = 0; place < wanted.size(); place++)
                    if (cast.acts[place] != 0 && got[0][static_cast<int64_t>(place)].item<int64_t>() != wanted[place]) return false;
                return true;
            };
            const std::array<bool, 5> good{cues.scene.item<int64_t>() == Scenery::combination(clip), cues.views[0][clip.camera].item<float>() == 1, cues.strolls.item<bool>() == (clip.motion == kStroll),
                                           same(cues.acts, cast.acts), same(cues.looks, cast.looks)};
            const std::lock_guard lock(mutex);
            for (size_t k = 0; k < good.size(); k++) right[k] += good[k] ? 1 : 0;
            all += sums;
            for (size_t p = 0; p < parts.size(); p++)
                if (kParts[p].of(clip)) parts[p] += sums;
        }
    });
    std::printf("%-10s %8s | behind: %7s %7s %7s | cast: %7s %7s %7s | %7s %7s\n", "", "cast", "plan", "layers", "real", "plan", "layers", "real", "plan", "layers");
    const auto print = [](const char* name, const Sums& s) {
        const double latents = s.count[0] + s.count[1];
        if (latents == 0) return;
        const auto mean = [&](size_t part, size_t k) { return s.squares[part][k] / std::max(s.count[part], 1.0); };
        std::printf("%-10s %7.1f%% | behind: %7.3f %7.3f %7.3f | cast: %7.3f %7.3f %7.3f | %7.3f %7.3f\n", name, 100 * s.count[1] / latents, mean(0, 0), mean(0, 1), mean(0, 2), mean(1, 0),
                    mean(1, 1), mean(1, 2), (s.squares[0][0] + s.squares[1][0]) / latents, (s.squares[0][1] + s.squares[1][1]) / latents);
    };
    print("all", all);
    for (size_t p = 0; p < parts.size(); p++) print(kParts[p].name, parts[p]);
    const auto share = [&](size_t k) { return 100.0 * static_cast<double>(right[k]) / static_cast<double>(clips.size()); };
    std::printf("cues right: scene %.1f %%, camera %.1f %%, stroll %.1f %%, acts %.1f %%, looks %.1f %%\n", share(0), share(1), share(2), share(3), share(4));
}

}  // namespace zt::training
