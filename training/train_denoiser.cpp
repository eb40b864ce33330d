// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Stage 3: the denoiser with its text encoder, by x-prediction flow matching.
//
//   x_sigma = (1 - sigma) x + sigma noise;   loss = w(sigma) |net(x_sigma) - x|^2
//
// A sample is a window of three latents: from the start of a shot, from a still picture, or with
// the latent before it as context (continuation). The context is sometimes given with a little
// noise, sometimes that of the same clip with another cast, since sentence and clock decide and not
// what came before; late in the run it is replaced by what the network itself made of it, so that at
// play-back the network forgives its own errors; in the same way it is given states that it denoised
// that far itself. Where the sentence puts a subject the error counts more: it is a tenth of the picture
// and what everyone looks at. (The weight follows from the sentence and the clock, not from the picture,
// so what the network believes on average stays right.) Small extra losses ask the text feature for the
// attributes the sentence names, and the plan for the clip; their heads exist in training only.
#include <cstdio>

#include "cast.h"
#include "families/storybook/denoiser.h"
#include "flops.h"
#include "latent_pool.h"
#include "scenery.h"
#include "scope.h"
#include "stages.h"
#include "text/word_tokenizer.h"
#include "train_loop.h"
#include "world/captions.h"

namespace zt::training {
namespace {

using storybook::kSlots;

// The denoiser plus the heads of the extra losses.
struct Student {
    storybook::Denoiser net;
    std::array<nn::Linear, world::kAttributes> heads;   // text feature -> values of an attribute
    template <class F>
    void visit(F&& f) {
        net.visit(f);
        for (size_t i = 0; i < heads.size(); i++) heads[i].visit(f, std::string("heads.") + world::kAttributeNames[i]);
    }
};

// What the plan is to be told of each of some clips (storybook::Cues).
struct CueLabels {
    at::Tensor acts, looks;               // int64 [clips, kPlaces]
    at::Tensor views, strolls, scenes;    // int64 [clips]
    explicit CueLabels(int64_t count)
        : acts(at::zeros({count, storybook::kPlaces}, at::kLong)), looks(at::zeros_like(acts)), views(at::zeros({count}, at::kLong)), strolls(at::zeros_like(views)), scenes(at::zeros_like(views)) {}
    void set(int64_t i, const world::Clip& clip) {
        const Cast cast = cast_of(clip);
        std::copy(cast.acts.begin(), cast.acts.end(), acts[i].data_ptr<int64_t>()), std::copy(cast.looks.begin(), cast.looks.end(), looks[i].data_ptr<int64_t>());
        views.data_ptr<int64_t>()[i] = clip.camera, strolls.data_ptr<int64_t>()[i] = clip.motion == world::kStroll ? 1 : 0, scenes.data_ptr<int64_t>()[i] = Scenery::combination(clip);
    }
    void send(at::Device device) {
        for (at::Tensor* t : {&acts, &looks, &views, &strolls, &scenes}) *t = t->to(device);
    }
};

// A clip as a listener sees it who takes the first value of everything that is not said: "a red fox" runs in the forest by day.
world::Clip understood(world::Clip clip, const std::array<bool, world::kAttributes>& said) {
    const std::array<int*, world::kAttributes> values{&clip.subject, &clip.colour, &clip.motion, &clip.scene, &clip.time, &clip.weather, &clip.camera, &clip.style, &clip.companion, &clip.companion_colour};
    for (size_t a = 0; a < values.size(); a++)
        if (!said[a] && a != world::kCompanion) *values[a] = 0;   // who is one of two is not forgotten
    return clip;
}

struct Batch {
    at::Tensor target;     // [batch, 3, 18, 32, channels]
    at::Tensor places;     // [batch, 3, 18, 32, 1], 1 where subjects stand
    at::Tensor context;    // [batch, 18, 32, channels], zero where there is none
    at::Tensor present;    // [batch]: 0 none, 1 the latent before, -1 a still picture
    at::Tensor strange;    // [batch]: 1 where the context shows another cast
    at::Tensor sigma;      // [batch]
    at::Tensor ids;        // [kSaid * batch + more sentences, length of the longest]: of the clips, of the same with another cast, others
    CueLabels told;        // of every sentence, what is to be understood
    CueLabels shown;       // of the batch's clips
    at::Tensor clock;      // [batch]
    at::Tensor labels;     // [kSaid * batch + more sentences, attributes], -1 where the sentence is silent
    // The window before, where the network may make its own context; defined when history is asked for.
    at::Tensor past_target, past_context;
    at::Tensor stride;     // [batch]: how much noisier the state was that the network itself came from; undefined: none
};

struct Data {
    const LatentPool& pool;
    const text::WordTokenizer& words;
    const world::Scope& scope;
    int64_t batch, max_tokens, sentences;
    int64_t company;       // of the sentences: so many pairs, since who is what is the hard part
    double missing, subject_weight, coarse_weight, plan_weight, pure_noise, strange;
    at::Device device;
};

constexpr int64_t kSaid = 2;   // sentences of a window: of its clip, of the same with another cast

// A sentence and its layout as words, to a row [max_tokens] of zeros; gives back how many they are.
size_t write_words(const Data& data, const std::string& text, int layout, const at::Tensor& row) {
    std::vector<int64_t> words = data.words.encode(text, static_cast<size_t>(data.max_tokens - 1)).ids;
    words.push_back(data.words.id_of(world::layout_word(layout)));
    std::copy(words.begin(), words.end(), row.data_ptr<int64_t>());
    return words.size();
}

Batch sample(const Data& data, std::mt19937 dice, at::Generator& noise, bool history, bool own_steps) {
    const auto uniform = [&] { return std::uniform_real_distribution<double>(0, 1)(dice); };
    const int64_t n = data.batch;
    // Filled on the CPU, then sent as a whole.
    constexpr int64_t width = 2 * (kSlots + 1);
    at::Tensor rows = at::zeros({n, width}, at::kLong), present = at::zeros({n}), strange = at::zeros({n}), blur = at::zeros({n}), sigma = at::zeros({n}), stride = at::zeros({n});
    at::Tensor clock = at::zeros({n}, at::kLong), ids = at::zeros({kSaid * n + data.sentences, data.max_tokens}, at::kLong), labels = at::full({kSaid * n + data.sentences, world::kAttributes}, -1, at::kLong);
    CueLabels told(labels.size(0)), shown(n);
    size_t longest = 1;
    const auto say = [&](const world::Clip& clip, int64_t i, double missing) {
        const world::Caption c = world::caption(clip, dice() % 2 ? world::kEnglish : world::kChinese, missing, dice);
        longest = std::max(longest, write_words(data, c.text, clip.layout, ids[i]));
        const auto values = world::attributes(clip);
        told.set(i, understood(clip, c.said));
        bool complete = true;
        for (size_t a = 0; a < values.size(); a++) {
            if (!c.said[a] && (a == world::kSubject || a == world::kColour || (clip.companion >= 0 && a >= world::kCompanion))) complete = false;
            if (c.said[a]) labels.data_ptr<int64_t>()[i * world::kAttributes + static_cast<int64_t>(a)] = values[a];
        }
        return complete;   // all of the cast is in the sentence
    };
    for (int64_t i = 0; i < n; i++) {
        const double kind = uniform();
        const Begin begin = kind < 0.40 ? Begin::kShot : kind < 0.48 ? Begin::kPicture : Begin::kContinued;
        const Window w = data.pool.window(dice, begin);
        int64_t* row = rows.data_ptr<int64_t>() + i * width;
        row[0] = std::max<int64_t>(w.context, 0);
        std::copy(w.targets, w.targets + kSlots, row + 1);
        row[kSlots + 1] = w.past_context;
        std::copy(w.past_targets, w.past_targets + kSlots, row + kSlots + 2);
        present.data_ptr<float>()[i] = begin == Begin::kShot ? 0.f : begin == Begin::kPicture ? -1.f : 1.f;
        if (begin == Begin::kContinued && uniform() < 0.6) blur.data_ptr<float>()[i] = static_cast<float>(0.4 * uniform());
        clock.data_ptr<int64_t>()[i] = w.clock;
        // Noise level: often pure noise, where the sentence must decide everything; the others logit-normal or uniform.
        const double z = std::normal_distribution<double>(0.3, 1.2)(dice);
        sigma.data_ptr<float>()[i] = static_cast<float>(uniform() < data.pure_noise ? 1.0 : uniform() < 0.65 ? 1.0 / (1.0 + std::exp(-z)) : uniform());
        // Of two to ten steps, or from pure noise: then nothing of the truth is left in the state.
        if (own_steps) stride.data_ptr<float>()[i] = static_cast<float>(uniform() < 0.6 ? 1.0 : 0.1 + 0.4 * uniform());
        const world::Clip& clip = data.pool.clip(w.clip);
        shown.set(i, clip);
        const bool cast = say(clip, i, data.missing);
        if (begin == Begin::kContinued && cast && uniform() < data.strange) row[0] = w.twin_context, strange.data_ptr<float>()[i] = 1;
        say(world::recast(clip, data.scope, dice), n + i, data.missing);
    }
    world::Scope pairs = data.scope;
    pairs.duo = 1;
    for (int64_t i = 0; i < data.sentences; i++) say(world::random_clip(i < data.company ? pairs : data.scope, dice), kSaid * n + i, i < data.company ? 0 : data.missing);
    const auto send = [&](const at::Tensor& t) { return t.to(data.device); };
    told.send(data.device), shown.send(data.device);
    const int64_t used = history ? width : kSlots + 1;
    const at::Tensor latents = data.pool.latents(send(rows.slice(1, 0, used).flatten()));
    const at::Tensor windows = latents.reshape({n, used, latents.size(1), latents.size(2), latents.size(3)});
    const at::Tensor places = data.pool.subject_places(send(rows.slice(1, 1, kSlots + 1).flatten())).reshape({n, kSlots, latents.size(1), latents.size(2), 1});
    Batch b{windows.slice(1, 1, kSlots + 1).contiguous(), places, {}, send(present), send(strange), send(sigma), send(ids.slice(1, 0, static_cast<int64_t>(longest))), told, shown, send(clock), send(labels), {}, {}, {}};
    if (own_steps) b.stride = send(stride);
    if (history) b.past_context = windows.select(1, kSlots + 1).contiguous(), b.past_target = windows.slice(1, kSlots + 2).contiguous();
    const auto each = [&](const at::Tensor& t) { return t.reshape({n, 1, 1, 1}); };
    const at::Tensor context = windows.select(1, 0);
    b.context = (context + at::empty_like(context, at::MemoryFormat::Contiguous).normal_(0, 1, noise) * each(send(blur))) * each(b.present.ne(0).to(at::kFloat));
    return b;
}

// The plan is given what the clip shows, as if every sentence had been understood: that is learned beside (words_loss). So
// what a sentence leaves open does not become a mean of all that it may be.
storybook::Planned planned(const Student& student, const Batch& b, const at::Tensor& clock) {
    const CueLabels& shown = b.shown;
    const storybook::Cues cues{at::one_hot(shown.views, storybook::kViews).to(student.net.patch_in.weight.scalar_type()), shown.strolls.ne(0), shown.scenes, shown.acts, shown.looks};
    return storybook::forward(student.net.plan, cues, clock);
}

at::Tensor predict(const Student& student, const at::Tensor& noisy, const Batch& b, const at::Tensor& sigma, const at::Tensor& sentence, const storybook::Planned& plan) {
    const at::ScalarType dtype = student.net.patch_in.weight.scalar_type();
    return storybook::forward(student.net, noisy.to(dtype), b.context.to(dtype), b.present, sigma, sentence, b.clock, plan).to(at::kFloat);
}

// Puts the network's own last latent of the window before in the place of the real one: the window
// is given with much noise and cleaned in one step. That is about what it meets at play-back.
void use_own_history(const Student& student, Batch& b, const at::Tensor& sentence, at::Generator& noise) {
    const at::NoGradGuard no_grad;
    constexpr double level = 0.75;
    const at::Tensor noisy = b.past_target * (1 - level) + at::empty_like(b.past_target).normal_(0, 1, noise) * level;
    Batch past = b;
    past.context = b.past_context;
    past.present = at::ones_like(b.present);
    past.clock = (b.clock + storybook::kClock - kSlots) % storybook::kClock;
    const storybook::Planned plan = planned(student, b, past.clock);
    const at::Tensor own = predict(student, noisy, past, at::full_like(b.sigma, level), sentence, plan).select(1, kSlots - 1);
    b.context = at::where(b.present.gt(b.strange).reshape({-1, 1, 1, 1}), own, b.context);
}

// The states to clean. Without a stride those of the clean latents; with one what sampling meets: the
// state one Euler step of the network's own after a noisier one, its errors included. A network
// that only ever saw the truth under its noise believes what it reads there, its own first blur too;
// training/README.md has what this changes. (The answer must follow from sentence and clock, as it
// does in this world, or the network would learn the mean of several.)
at::Tensor noisy_states(const Student& student, const Batch& b, const at::Tensor& sentence, const storybook::Planned& plan, at::Generator& noise) {
    const at::Tensor e = at::empty_like(b.target, at::MemoryFormat::Contiguous).normal_(0, 1, noise);
    const auto each = [](const at::Tensor& t) { return t.reshape({-1, 1, 1, 1, 1}); };
    if (!b.stride.defined()) return b.target * (1 - each(b.sigma)) + e * each(b.sigma);
    const at::NoGradGuard no_grad;
    const at::Tensor before = (b.sigma + b.stride).clamp_max(1);
    const at::Tensor noisy = b.target * (1 - each(before)) + e * each(before);
    const at::Tensor own = predict(student, noisy, b, before, sentence, plan);
    return own + (noisy - own) * each(b.sigma / before);
}

// What a step is about. warming: the heads are new and learn to read before what they read hears from them.
// plan_only: the plan, without the layers.
struct Lesson {
    bool warming, plan_only;
};

// Loss of what the attributes' heads and the plan's cues read from the features of sentences.
at::Tensor words_loss(const Student& student, const at::Tensor& features, const Batch& b, bool warming) {
    const auto count = static_cast<double>(b.labels.size(0));
    const at::Tensor heard = warming ? features.detach() : features;
    at::Tensor loss = at::zeros({}, features.options().dtype(at::kFloat));
    const auto add = [&](const at::Tensor& logits, const at::Tensor& wanted) { loss = loss + at::cross_entropy_loss(logits.to(at::kFloat), wanted, {}, at::Reduction::Sum, -1) / count; };
    for (size_t a = 0; a < student.heads.size(); a++) add(nn::forward(student.heads[a], heard), b.labels.select(1, static_cast<int64_t>(a)));
    const storybook::Plan& plan = student.net.plan;
    const auto add_places = [&](const nn::Linear& layer, const at::Tensor& wanted) { add(nn::forward(layer, heard).reshape({wanted.numel(), -1}), wanted.flatten()); };
    add_places(plan.act, b.told.acts);
    add_places(plan.look, at::where(b.told.acts.eq(0), -1, b.told.looks));
    add(nn::forward(plan.camera, heard), b.told.views);
    add(nn::forward(plan.scene, heard), b.told.scenes);
    return loss + at::binary_cross_entropy_with_logits(nn::forward(plan.stroll, heard).to(at::kFloat).squeeze(1), b.told.strolls.to(at::kFloat));
}

// values: squared error, the same where subjects stand, of areas (weighted), at full noise (what the first step has to
// guess), of the plan alone, loss of the words.
StepLoss batch_loss(const Student& student, Batch b, const Data& data, at::Generator& noise, const Lesson& lesson) {
    const int64_t n = b.target.size(0);
    const at::Tensor features = storybook::forward(student.net.text, b.ids);
    const at::Tensor sentence = features.slice(0, n, 2 * n);   // with another cast, for the layers
    if (b.past_target.defined()) use_own_history(student, b, sentence, noise);
    const storybook::Planned plan = planned(student, b, b.clock);
    const at::Tensor weight = 1 + (data.subject_weight - 1) * b.places;
    // The plan should say all that can be known before the noise is looked at.
    const at::Tensor plan_error = (plan.latents.to(at::kFloat).reshape(b.target.sizes()) - b.target).square().mean(-1, true);
    const at::Tensor words = words_loss(student, features, b, lesson.warming), silent = at::full_like(words, NAN);
    StepLoss loss;
    loss.total = 0.1 * words + data.plan_weight * (plan_error * weight).mean();
    if (lesson.plan_only) {
        loss.values = at::stack({silent, silent, silent, silent, plan_error.detach().mean(), words.detach()});
        return loss;
    }
    const at::Tensor noisy = noisy_states(student, b, sentence, plan, noise);
    const at::Tensor error = predict(student, noisy, b, b.sigma, sentence, plan) - b.target;
    const at::Tensor squared = error.square().mean(-1, true);   // [batch, 3, 18, 32, 1]
    // The error of whole areas, 3 x 4 latents, once more: hues and lights are small next to edges and matter more. An
    // error without structure counts as much there as here.
    constexpr int64_t down = 3, across = 4;
    const auto areas = [&](const at::Tensor& t) { return t.reshape({n, kSlots, t.size(2) / down, down, t.size(3) / across, across, t.size(4)}).mean({3, 5}); };
    const at::Tensor coarse = areas(error).square().mean(-1, true) * areas(weight) * static_cast<double>(down * across);
    loss.total = loss.total + (((squared * weight).mean({1, 2, 3, 4}) + data.coarse_weight * coarse.mean({1, 2, 3, 4})) * (1.0 - 0.5 * b.sigma)).mean();
    const at::Tensor full = b.sigma.ge(0.999).to(at::kFloat), all = squared.detach(), e = all.mean({1, 2, 3, 4});
    const at::Tensor first = (e * full).sum() / full.sum();   // 0 / 0, silent, where nothing began with pure noise
    loss.values = at::stack({e.mean(), (all * b.places).sum() / (b.places.sum() + 1e-6), coarse.detach().mean(), first, plan_error.detach().mean(), words.detach()});
    return loss;
}

}  // namespace

void train_denoiser(Settings& settings) {
    LoopConfig defaults;
    defaults.steps = 10000;
    defaults.frozen = "stage.";   // in closed form, or fitted by themselves
    defaults.may_rest = "heads.";   // of the extra loss: one that is sure of its answer has no gradient, rightly
    defaults.optimizer.muon_lr = 2e-3, defaults.optimizer.adam_lr = 1.5e-3;
    const LoopConfig config = loop_config(settings, "build/training/denoiser.safetensors", defaults);
    const world::Scope& scope = scope_setting(settings);
    const std::string vae_path = settings.text("vae", "build/training/vae.safetensors");
    const int64_t batch = settings.integer("batch", 8), sentences = settings.integer("sentences", 160), clips = settings.integer("clips", 6000);
    const int painters = static_cast<int>(settings.integer("painters", config.workers));
    const double missing = settings.number("missing", 0.06), subject_weight = settings.number("subject_weight", 8),
                 coarse_weight = settings.number("coarse_weight", 0.25), plan_weight = settings.number("plan_weight", 0.3),
                 pure_noise = settings.number("pure_noise", 0.45), strange = settings.number("strange", 0.2),
                 history_from = settings.number("history_from", 0.8), own_from = settings.number("own_from", 0.5),
                 plan_until = settings.number("plan_until", 0.3);
    const int64_t plan_steps = settings.integer("plan_steps", 2), plan_batch = settings.integer("plan_batch", 3 * batch);
    const std::string pool_path = settings.text("pool", config.out + ".pool"), scenery_path = settings.text("scenery", config.out + ".scenery"), puppets_path = settings.text("puppets", "build/training/puppets.safetensors");
    storybook::DenoiserConfig shape;
    shape.width = settings.integer("width", shape.width);
    shape.layers = settings.integer("layers", shape.layers);
    shape.text.max_tokens = settings.integer("max_tokens", 64);
    settings.done();

    const text::WordTokenizer words(world::vocabulary());
    shape.text.vocabulary = static_cast<int64_t>(words.words().size());
    std::map<std::string, std::string> vae_meta;
    storybook::Vae vae = load_vae(vae_path, &vae_meta);
    shape.channels = vae.config.channels;
    const LatentPool pool(vae, {scope, clips, config.seed, painters, config.device, pool_path});
    save_tensors(vae_path, tensors_of(vae), vae_meta);   // now with the latent statistics
    std::printf("pool: %ld latents; vocabulary: %zu\n", static_cast<long>(pool.size()), words.words().size());

    // Where the first weights have no scenes or puppets, the run begins with those in closed form and those fitted by themselves.
    const Tensors scenes = make_scenery(vae, shape.plan, painters, config.device, scenery_path).stage;
    Tensors start = load_tensors(config.out + ".start");
    start.insert(scenes.begin(), scenes.end());
    const Tensors puppets = load_tensors(puppets_path);
    TORCH_CHECK(!puppets.empty() || start.contains("stage.puppets.sheet.weight"), "puppets: expected a file of that stage, got ", puppets_path);
    start.insert(puppets.begin(), puppets.end());
    shape.plan.puppets.codes = start.at("stage.puppets.codes.embedding").size(3), shape.plan.puppets.shade = start.at("stage.puppets.shade.hidden.weight").size(0);
    save_tensors(config.out + ".start", start, {});

    Student student{storybook::make_denoiser(shape), {}};
    for (size_t a = 0; a < student.heads.size(); a++) student.heads[a] = nn::make_linear(shape.text.width, world::kAttributeSizes[a]);
    const double tokens = storybook::kLatentHeight * storybook::kLatentWidth / 4.0;
    const double forward = forward_flops(student, [&](const std::string& name) {
        const auto has = [&](const char* s) { return name.find(s) != std::string::npos; };
        if (has("embedding") || has("table") || has("position")) return 0.0;
        if (has("text.")) return static_cast<double>(shape.text.max_tokens);
        if (has("plan.mend")) return 4 * tokens * kSlots;
        if (has(".shade.")) return tokens / 2 * static_cast<double>(kSlots);
        for (const char* once : {"modulation", "level", "sentence", "heads"})
            if (has(once)) return 1.0;
        if (has("stage.")) return static_cast<double>(kSlots);
        return has(".time.") ? tokens : tokens * kSlots;
    });
    const int64_t company = scope.duo > 0 ? sentences / 4 : 0;
    const Data data{pool, words, scope, batch, shape.text.max_tokens, sentences, company, missing, subject_weight, coarse_weight, plan_weight, pure_noise, strange, config.device};
    Data plan_data = data;   // of steps of the plan alone
    plan_data.batch = plan_batch, plan_data.company = 0;
    const auto windows = static_cast<double>(config.workers * batch);
    train(student, config, {"error", "subject", "coarse", "first", "plan", "words"}, "latents", windows * kSlots, 3 * forward * windows,
          [&](const Student& model, const Step& step) {
              // At first most steps may be of the plan alone: they cost less than those that go through the layers.
              const bool planning = step.progress < plan_until && step.number >= kAwake;   // what never had a gradient is found out first
              const int64_t round = planning ? 1 + plan_steps : 1, turn = step.number / round, place = step.number % round;
              const Lesson lesson{step.number < config.warm, place != 0};
              at::Generator noise = step_noise(config.device, step.seed);
              const bool history = !lesson.plan_only && step.progress > history_from && turn % 2 == 0;
              const bool own_steps = !lesson.plan_only && step.progress > own_from && turn % 2 != 0;
              const Data& use = lesson.plan_only ? plan_data : data;
              return batch_loss(model, sample(use, step_dice(step.seed), noise, history, own_steps), use, noise, lesson);
          });
}

}  // namespace zt::training
