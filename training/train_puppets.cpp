// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stage 2: the puppets of the plan (families/storybook/puppets.h), by themselves.
//
// Every act in each of its moments, before a camera that stands and one that shakes, is painted in some looks before
// some scenes. As latents of its window such a picture is puppet + (1 - hidden) scene with the scene known: so code,
// sheet and shading are fitted to windows without a sentence, a clock or a layer, some thousand pictures a second. The codes
// and the sheet begin as principal components of the pictures' means.
#include <atomic>
#include <cstdio>
#include <filesystem>

#include "cast.h"
#include "encoder.h"
#include "flops.h"
#include "latent_pool.h"
#include "scenery.h"
#include "scope.h"
#include "stages.h"
#include "train_loop.h"
#include "world/render.h"

namespace zt::training {
namespace {

using storybook::kBlock, storybook::kHeld, storybook::kLatentHeight, storybook::kLatentWidth, storybook::kPhases;
constexpr int64_t kWindow = kLatentWidth / 2;

// One act in one of its moments.
struct Picture {
    world::Clip clip;       // of one look before one scene
    int64_t act, shaken, phase;
    int clock;              // when it is seen, and where its window begins then
    int64_t column;
};

std::vector<Picture> pictures(const world::Scope& scope) {
    std::vector<Picture> list;
    for (int style = 0; style < scope.styles; style++)
        for (int subject = 0; subject < scope.subjects; subject++)
            for (int motion = 0; motion < kActMotions; motion++) {
                const bool pair = motion == world::kMotions;
                if (!pair && motion >= scope.motions) continue;
                for (int64_t shaken = 0; shaken < (scope.cameras > world::kShake ? kHeld : 1); shaken++)
                    for (int64_t phase = 0; phase < kPhases; phase++) {
                        Picture p{{}, act_of(style, subject, motion, pair), shaken, phase, static_cast<int>(phase), kWindow / 2};
                        p.clip.style = style, p.clip.subject = subject, p.clip.motion = pair ? int{world::kStroll} : motion;
                        p.clip.camera = shaken != 0 ? world::kShake : world::kStatic;
                        if (pair) p.clip.companion = (subject + 1) % world::kSubjects;
                        if (p.clip.motion == world::kStroll) {   // where the whole window is in the picture
                            constexpr std::array<int, kPhases> near{4, 5, 12, 11};
                            p.clock = near[static_cast<size_t>(phase)];
                            const auto reach = static_cast<int64_t>(storybook::moment(at::full({1}, p.clock, at::kLong)).strolled[0][0].item<float>());
                            p.column = pair ? reach / 2 : kWindow / 2 + reach;
                        }
                        list.push_back(p);
                    }
            }
    return list;
}

// Windows of the pictures in some looks each.
struct Windows {
    at::Tensor seen;                                   // bf16 [pictures, looks, 18, 16, channels]
    at::Tensor act, shaken, phase, look, row, column;  // int64 [pictures, looks]; row: of Scenery::empty
};

Windows paint(const Encoder& encoder, const world::Scope& scope, const std::vector<Picture>& list, int64_t looks, int64_t seed, int workers, const std::string& file) {
    const auto count = static_cast<int64_t>(list.size());
    Windows w;
    w.act = at::zeros({count, looks}, at::kLong);
    w.shaken = at::zeros_like(w.act), w.phase = at::zeros_like(w.act), w.look = at::zeros_like(w.act), w.row = at::zeros_like(w.act), w.column = at::zeros_like(w.act);
    std::mt19937 dice = step_dice(step_seed(seed, 0, 78));
    std::vector<world::Clip> clips;
    for (int64_t p = 0; p < count; p++)
        for (int64_t l = 0; l < looks; l++) {
            const Picture& picture = list[static_cast<size_t>(p)];
            const world::Clip clip = world::random_clip_with(scope, dice, [&](world::Clip& c) {
                const world::Clip any = c;
                c = picture.clip;
                c.colour = any.colour, c.scene = any.scene, c.time = any.time, c.layout = any.layout, c.companion_colour = any.colour;
            });
            clips.push_back(clip);
            const Cast cast = cast_of(clip);
            const auto set = [&](const at::Tensor& t, int64_t v) { t.data_ptr<int64_t>()[p * looks + l] = v; };
            set(w.act, picture.act), set(w.shaken, picture.shaken), set(w.phase, picture.phase), set(w.look, cast.looks[clip.companion < 0 ? 0 : 1]);
            set(w.row, Scenery::row(clip, picture.clock)), set(w.column, picture.column);
        }
    const std::string key = encoder.key() + ", " + scope.name + ", " + std::to_string(count) + " pictures in " + std::to_string(looks) + " looks, seed " + std::to_string(seed);
    std::map<std::string, std::string> meta;
    if (Tensors saved = load_tensors(file, &meta); !saved.empty() && meta["key"] == key) {
        w.seen = saved.at("seen").to(encoder.device());
    } else {
        w.seen = at::empty({count, looks, kLatentHeight, kWindow, encoder.channels()}, at::TensorOptions().dtype(at::kBFloat16).device(encoder.device()));
        world::Renderer renderer;
        std::atomic<int64_t> next{0};
        on_workers(workers, [&](int) {
            const at::NoGradGuard no_grad;
            for (int64_t p = next++; p < count; p = next++) {
                const Picture& picture = list[static_cast<size_t>(p)];
                const at::Tensor bytes = at::empty({looks, world::kGroupFrames, world::kHeight, world::kWidth, 3}, at::kByte);
                for (int64_t l = 0; l < looks; l++) renderer.group(clips[static_cast<size_t>(p * looks + l)], picture.clock, bytes[l].data_ptr<uint8_t>());
                w.seen[p].copy_(encoder.normalised(bytes).slice(2, picture.column, picture.column + kWindow));
                if (p % 200 == 0) std::printf("pictures %ld/%ld\n", static_cast<long>(p), static_cast<long>(count)), std::fflush(stdout);
            }
        });
        save_tensors(file, {{"seen", w.seen}}, {{"key", key}});
    }
    for (at::Tensor* t : {&w.act, &w.shaken, &w.phase, &w.look, &w.row, &w.column}) *t = t->to(encoder.device());
    return w;
}

// The scenes behind windows: row, column [n] -> [n, 18, 16, channels]
at::Tensor scenes(const Scenery& scenery, const at::Tensor& row, const at::Tensor& column) {
    const at::Tensor columns = column.unsqueeze(1) + at::arange(kWindow, column.options());   // [n, 16]
    const at::Tensor whole = scenery.empty.index_select(0, row);
    return whole.gather(2, columns.reshape({-1, 1, kWindow, 1}).expand({-1, kLatentHeight, -1, whole.size(3)}));
}

// Codes and sheet as principal components: of each picture its mean over the looks, less what it lets through of the scenes.
void begin(storybook::Puppets& puppets, const Windows& w, const Scenery& scenery) {
    const at::NoGradGuard no_grad;
    const int64_t count = w.seen.size(0), channels = w.seen.size(4);
    at::Tensor means = at::empty({count, kLatentHeight, kWindow, channels + 1}, w.seen.device());
    constexpr double kWeight = 2;   // of what is hidden, beside channels
    for (int64_t p = 0; p < count; p++) {
        const at::Tensor seen = w.seen[p].to(at::kFloat), scene = scenes(scenery, w.row[p], w.column[p]);
        const auto spread = [](const at::Tensor& t) { return t - t.mean(0, true); };
        // The slope of what is seen against what is behind it.
        const at::Tensor through = ((spread(seen) * spread(scene)).sum(at::IntArrayRef{0, 3}, true) / spread(scene).square().sum(at::IntArrayRef{0, 3}, true).clamp_min(1)).clamp(0, 1);
        const at::Tensor hidden = (1 - through) * puppet_places(seen, scene).amax(0, true);
        means[p] = at::cat({(seen - (1 - hidden) * scene).mean(0), kWeight * hidden[0]}, 2);
    }
    const Components c = components(nn::space_to_depth(means, kBlock).reshape({count, -1}), puppets.config.codes);
    const auto unweighted = [&](const at::Tensor& t) {   // [blocks * block, ..]
        at::Tensor of_latents = t.reshape({-1, channels + 1, t.numel() / t.size(0)});
        of_latents.select(1, channels).div_(kWeight);
        return of_latents.reshape(t.sizes());
    };
    puppets.sheet.weight.copy_(unweighted(c.weight.clone()));
    puppets.sheet.bias.copy_(unweighted(c.bias.clone()));
    puppets.codes.zero_();
    const auto first = [](const at::Tensor& t) { return t.select(1, 0); };
    puppets.codes.view({-1, puppets.config.codes}).index_copy_(0, (first(w.act) * kHeld + first(w.shaken)) * kPhases + first(w.phase), c.codes * std::sqrt(static_cast<double>(puppets.config.codes)));
}

// The model of the stage: names as in the plan.
struct Troupe {
    storybook::Puppets puppets;
    template <class F>
    void visit(F&& f) {
        puppets.visit(f, "stage.puppets");
    }
};

}  // namespace

void train_puppets(Settings& settings) {
    LoopConfig defaults;
    defaults.steps = 3000, defaults.decay_from = 0.2, defaults.warm = 20, defaults.average = 0.99;
    defaults.optimizer.muon_lr = 1e-2, defaults.optimizer.adam_lr = 2e-3;
    const LoopConfig config = loop_config(settings, "build/training/puppets.safetensors", defaults);
    const world::Scope& scope = scope_setting(settings);
    const std::string vae_path = settings.text("vae", "build/training/vae.safetensors");
    const int64_t batch = settings.integer("batch", 128), looks = settings.integer("looks", 12);
    const double subject_weight = settings.number("subject_weight", 8);
    const std::string pictures_path = settings.text("pictures", config.out + ".pictures"), scenery_path = settings.text("scenery", config.out + ".scenery");
    storybook::PuppetsConfig shape;
    shape.codes = settings.integer("codes", shape.codes), shape.shade = settings.integer("shade", shape.shade);
    settings.done();

    std::map<std::string, std::string> vae_meta;
    storybook::Vae vae = load_vae(vae_path, &vae_meta);
    if (vae.latent_std.eq(1).all().item<bool>()) {   // a pool measures the latent statistics
        const LatentPool pool(vae, {scope, 200, config.seed, config.workers, config.device, ""});
        save_tensors(vae_path, tensors_of(vae), vae_meta);
    }
    const Scenery scenery = make_scenery(vae, storybook::PlanConfig{}, config.workers, config.device, scenery_path);
    const std::vector<Picture> list = pictures(scope);
    const Windows windows = paint(Encoder(vae, config.device), scope, list, looks, config.seed, config.workers, pictures_path);
    Troupe troupe{storybook::make_puppets(shape, vae.config.channels)};
    if (!std::filesystem::exists(config.out + ".start")) {
        Troupe first = troupe;
        initialise(first, static_cast<uint64_t>(config.seed));
        move_to(first, config.device);
        begin(first.puppets, windows, scenery);
        save_tensors(config.out + ".start", tensors_of(first), {});
    }
    const auto blocks = static_cast<double>(kLatentHeight * kWindow / (kBlock * kBlock));
    const double forward = forward_flops(troupe, [&](const std::string& name) { return name.find(".shade.") != std::string::npos ? blocks : name.find(".sheet.") != std::string::npos ? 1.0 : 0.0; });
    const int64_t all = windows.act.numel();
    const auto samples = static_cast<double>(config.workers * batch);
    // values: squared error where puppets are, elsewhere.
    train(troupe, config, {"subject", "behind"}, "windows", samples, 3 * forward * samples, [&](const Troupe& model, const Step& step) {
        at::Generator dice = at::detail::createCPUGenerator(step.seed);
        const at::Tensor drawn = at::randint(all, {batch}, dice, at::kLong).to(config.device);
        const auto of = [&](const at::Tensor& t) { return t.flatten().index_select(0, drawn); };
        const at::Tensor seen = windows.seen.flatten(0, 1).index_select(0, drawn).to(at::kFloat), scene = scenes(scenery, of(windows.row), of(windows.column));
        const at::Tensor cast = storybook::forward(model.puppets, of(windows.act), of(windows.shaken), of(windows.phase), of(windows.look)).to(at::kFloat);
        const at::Tensor error = (storybook::in_front(cast, scene) - seen).square().mean(-1, true), there = puppet_places(seen, scene), e = error.detach();
        return StepLoss{(error * (1 + (subject_weight - 1) * there)).mean(), at::stack({(e * there).sum() / there.sum(), (e * (1 - there)).sum() / (1 - there).sum()})};
    });
}

}  // namespace zt::training
