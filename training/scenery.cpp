// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Painting, encoding and principal components of the scenes.
#include "scenery.h"

#include <atomic>
#include <cstdio>

#include "encoder.h"
#include "parallel.h"
#include "world/render.h"

namespace zt::training {
namespace {

using namespace world;
using storybook::kLatentHeight, storybook::kLatentWidth, storybook::kSceneClock, storybook::kTileRows;

constexpr int64_t kBackdrops = int64_t{kScenes} * kTimes * kLayouts * kStyles;

Clip backdrop_clip(int64_t index) {
    Clip c;
    const auto digit = [&](int n) { const auto d = static_cast<int>(index % n); index /= n; return d; };
    c.style = digit(kStyles), c.layout = digit(kLayouts), c.time = digit(kTimes), c.scene = digit(kScenes);
    return c;
}

// Empty scenes as latents: of every backdrop the given groups. -> [backdrops, groups, 18, 32, channels]
at::Tensor encode_scenes(const Encoder& encoder, int weather, int camera, const std::vector<int>& groups, int workers) {
    const auto count = static_cast<int64_t>(groups.size());
    at::Tensor out = at::empty({kBackdrops, count, kLatentHeight, kLatentWidth, encoder.channels()}, encoder.device());
    Renderer renderer;
    std::atomic<int64_t> next{0};
    on_workers(workers, [&](int) {
        const at::NoGradGuard no_grad;
        for (int64_t i = next++; i < kBackdrops; i = next++) {
            Clip c = backdrop_clip(i);
            c.weather = weather, c.camera = camera;
            const at::Tensor bytes = at::empty({count, kGroupFrames, kHeight, kWidth, 3}, at::kByte);
            for (int64_t g = 0; g < count; g++)
                for (int f = 0; f < kGroupFrames; f++) renderer.empty_frame(c, groups[static_cast<size_t>(g)] * kGroupFrames + f, bytes[g][f].data_ptr<uint8_t>());
            out[i].copy_(encoder.normalised(bytes));
        }
    });
    return out;
}

// What a panning camera sees, turned back to where it began. At the rim of a picture the encoder sees less than inside, so
// every column is taken from the one of two views, half a ring apart, that has it inside.
at::Tensor turned_back(const at::Tensor& views) {   // [backdrops, 2 of the first half + 2 of the second, ..] -> [backdrops, 2, ..]
    std::vector<at::Tensor> homes;
    for (int64_t phase = 0; phase < kSceneClock; phase++) {
        const at::Tensor near = views.select(1, phase).roll(2 * phase, 2), far = views.select(1, kSceneClock + phase).roll(2 * phase + kLatentWidth / 2, 2);
        const at::Tensor place = (at::arange(kLatentWidth, near.options()) - 2 * static_cast<double>(phase)).remainder(kLatentWidth);
        homes.push_back(at::where(place.ge(8).logical_and(place.lt(24)).unsqueeze(1), near, far));
    }
    return at::stack(homes, 1);
}

}  // namespace

Components components(const at::Tensor& samples, int64_t count) {
    const at::Tensor mean = samples.mean(0), x = samples - mean;
    const auto [values, vectors] = at::linalg_eigh(at::matmul(x, x.t()).to(at::kCPU, at::kDouble));   // rising
    const int64_t kept = std::min(count, samples.size(0));
    const at::Tensor left = vectors.slice(1, vectors.size(1) - kept).to(x.device(), at::kFloat);
    const at::Tensor sizes = values.slice(0, values.size(0) - kept).clamp_min(1e-6).sqrt().to(x.device(), at::kFloat);
    const double unit = std::sqrt(static_cast<double>(samples.size(1)));
    const auto padded = [&](const at::Tensor& t) { return at::constant_pad_nd(t, {0, count - kept}).contiguous(); };
    return {padded(at::matmul(x.t(), left) / sizes * unit), mean, padded(left * sizes / unit)};
}

Scenery make_scenery(const storybook::Vae& vae, const storybook::PlanConfig& shape, int workers, at::Device device, const std::string& file) {
    const at::NoGradGuard no_grad;
    const Encoder encoder(vae, device);
    const std::string key = encoder.key() + ", " + std::to_string(shape.codes) + " + " + std::to_string(shape.lens_codes) + " codes";
    std::map<std::string, std::string> meta;
    if (Tensors saved = load_tensors(file, &meta); !saved.empty() && meta["key"] == key) {
        const at::Tensor empty = saved.extract("empty").mapped().to(device);
        return {std::move(saved), empty};
    }
    Scenery scenery;
    std::vector<at::Tensor> codes;
    const auto add = [&](const std::string& name, const Components& c) {
        scenery.stage["stage.scenes.sheet." + name + ".weight"] = c.weight, scenery.stage["stage.scenes.sheet." + name + ".bias"] = c.bias;
        // All by combination and phase; what is painted in fair weather only holds in every weather.
        at::Tensor t = c.codes.reshape({kBackdrops, -1, kSceneClock, c.codes.size(1)});
        codes.push_back(t.expand({kBackdrops, kWeathers, kSceneClock, c.codes.size(1)}));
    };
    std::vector<at::Tensor> weathers;
    for (int w = 0; w < kWeathers; w++) weathers.push_back(encode_scenes(encoder, w, kStatic, {0, 1}, workers));
    const at::Tensor stands = at::stack(weathers, 1);   // [backdrops, weathers, 2, 18, 32, channels]
    const int64_t channels = stands.size(5);
    const auto flat = [](const at::Tensor& t, int64_t numbers) { return t.reshape({-1, numbers}); };
    // What weather adds, the same every kTileRows rows.
    const at::Tensor added = (stands - stands.slice(1, 0, 1)).reshape({kBackdrops, kWeathers, kSceneClock, kLatentHeight / kTileRows, kTileRows, kLatentWidth, channels}).mean(3);
    const Components lens = components(flat(added, kTileRows * kLatentWidth * channels), shape.lens_codes);
    const at::Tensor tile = (at::matmul(lens.codes, lens.weight.t()) + lens.bias).reshape({kBackdrops, kWeathers, kSceneClock, 1, kTileRows, kLatentWidth, channels});
    const int64_t numbers = kLatentHeight * kLatentWidth * channels;
    const at::Tensor bare = stands - tile.expand({-1, -1, -1, kLatentHeight / kTileRows, -1, -1, -1}).reshape(stands.sizes());
    const std::array<at::Tensor, storybook::kSheets.size()> sheets{bare, turned_back(encode_scenes(encoder, kClear, kFollow, {0, 1, 8, 9}, workers)),
                                                                   encode_scenes(encoder, kClear, kShake, {0, 1}, workers)};
    for (size_t i = 0; i < sheets.size(); i++) {
        const at::Tensor samples = flat(sheets[i], numbers);
        const Components c = components(samples, shape.codes);
        std::printf("sheet %zu: %ld scenes, variance %.3f, of it outside %ld components %.4f\n", i, static_cast<long>(samples.size(0)), samples.var(0).mean().item<double>(), static_cast<long>(shape.codes),
                    (samples - at::matmul(c.codes, c.weight.t()) - c.bias).square().mean().item<double>() / samples.var(0).mean().item<double>());
        add(std::to_string(i), c);
    }
    add("lens", lens);
    scenery.stage["stage.scenes.codes.embedding"] = at::cat(codes, 3).flatten(0, 1).contiguous();
    Tensors saved = scenery.stage;
    saved["empty"] = scenery.empty = at::cat({stands.flatten(0, 2), sheets[2].flatten(0, 1)});
    save_tensors(file, saved, {{"key", key}});
    return scenery;
}

}  // namespace zt::training
