// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See plan.h. One function for each field or group of fields, in the order of zt_request.
#include "pipeline/plan.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <numeric>
#include <random>
#include <string_view>

#include "core/error.h"
#include "core/frame_time.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "pipeline/clip_cache.h"
#include "pipeline/color.h"
#include "pipeline/images.h"
#include "pipeline/prompt_file.h"
#include "pipeline/size.h"
#include "text/frame_list.h"

namespace zt::pipeline {

namespace {

using families::Limits;

template <typename Number>
void check_range(const char* name, Number value, Number low, Number high) {
    if (value >= low && value <= high) return;  // false for NaN
    if constexpr (std::is_floating_point_v<Number>) {
        refuse(ZT_ERROR_ARGUMENT, name, to_text(low) + " to " + to_text(high), to_text(value));
    } else {
        refuse(ZT_ERROR_ARGUMENT, name, std::to_string(low) + " to " + std::to_string(high), std::to_string(value));
    }
}

bool given(const char* text) { return text != nullptr && text[0] != '\0'; }

// ---- Prompt ----

void check_one_source(const zt_request& request) {
    std::string got;
    const auto count = [&](const char* text, const char* name) {
        if (text != nullptr) got += (got.empty() ? "" : " and ") + std::string(name);
    };
    count(request.prompt, "prompt");
    count(request.prompt_file, "prompt_file");
    count(request.storyboard, "storyboard");
    if (got.empty()) refuse(ZT_ERROR_PROMPT, "prompt", "one of prompt, prompt_file, storyboard", "none");
    if (got.find(" and ") != std::string::npos)
        refuse(ZT_ERROR_ARGUMENT, "prompt", "one of prompt, prompt_file, storyboard", got);
}

std::string find_prompt(const zt_request& request, const Script& script) {
    if (request.storyboard != nullptr) return script.list.shots.front().prompt;
    std::string prompt =
        request.prompt != nullptr ? request.prompt : read_prompt_file(request.prompt_file, kPromptFileBytes);
    check_prompt(prompt);
    return prompt;
}

// ---- Rewriting ----

bool has_image(const zt_request& request, std::initializer_list<zt_image_role> roles) {
    for (size_t i = 0; i < request.image_count; ++i)
        if (std::find(roles.begin(), roles.end(), request.images[i].role) != roles.end()) return true;
    return false;
}

// The prompt, or all shots of the script together, as the model wants them: one prompt of one shot, in which its cuts
// are written.
void enhance(const zt_request& request, const families::Model& model, const Log& log, Plan& plan) {
    check_range("enhance", request.enhance, 0, 1);
    if (request.enhance == 0) return;
    if (!model.limits().enhance) refuse(ZT_ERROR_UNSUPPORTED, "enhance", "0 (this model has no form of its own)", "1");
    families::EnhanceRequest wanted;
    for (const text::Shot& shot : plan.script.list.shots) wanted.shots.push_back({shot.first_frame, shot.prompt});
    if (wanted.shots.empty()) wanted.shots.push_back({0, plan.generation.first.prompt});
    wanted.rate = plan.generation.rate;
    wanted.frames = plan.generation.frames;
    wanted.first_image = has_image(request, {ZT_IMAGE_FIRST, ZT_IMAGE_HISTORY});
    wanted.last_image = has_image(request, {ZT_IMAGE_LAST});
    plan.generation.first.prompt = model.enhance(wanted);
    if (const size_t bytes = plan.generation.first.prompt.size(); bytes > kPromptBytes)
        refuse(ZT_ERROR_PROMPT, "enhance", "at most 16384 bytes in the model's form, in which all shots are one prompt",
               std::to_string(bytes));
    check_prompt(plan.generation.first.prompt);
    log(ZT_LOG_INFO, "enhance: " + quote(plan.generation.first.prompt));
    if (plan.script.list.shots.empty()) return;
    plan.script.list.shots.resize(1);
    plan.script.list.shots[0].prompt = plan.generation.first.prompt;
    plan.generation.shot_frames = plan.generation.frames;
}

// ---- Shots ----

// The rate is resolved; the length is not, because a storyboard has one.
Script find_script(const zt_request& request, zt_rational rate, const Limits& limits) {
    check_range<int>("transition", request.transition, ZT_TRANSITION_CUT, ZT_TRANSITION_MORPH);
    const bool morph = request.transition == ZT_TRANSITION_MORPH;
    if (morph && !limits.morph)
        refuse(ZT_ERROR_UNSUPPORTED, "transition", "cut (this model cannot go on from a picture)", "morph");
    Script script;
    if (request.storyboard != nullptr) script = read_script(request.storyboard, rate);
    script.morph = morph;
    return script;
}

void tell_joined(const Script& script, const Log& log) {
    const auto& joined = script.list.joined;
    if (joined.empty()) return;
    log(ZT_LOG_INFO, script.name + ": line " + std::to_string(joined.front()) +
                         ": begins on the same frame as the cue before, so their texts are one prompt" +
                         (joined.size() == 1 ? "" : " (" + std::to_string(joined.size()) + " such cues)"));
}

int64_t longest_shot(const Script& script, int64_t frames) {
    const auto& shots = script.list.shots;
    if (shots.empty() || frames < 0) return frames;
    int64_t longest = frames - shots.back().first_frame;
    for (size_t i = 1; i < shots.size(); ++i)
        longest = std::max(longest, shots[i].first_frame - shots[i - 1].first_frame);
    return longest;
}

// What the model says against a shot's prompt is told with its place in the file.
void check_shots(const Script& script, families::Direction direction, const families::Model& model) {
    for (const text::Shot& shot : script.list.shots) {
        direction.prompt = shot.prompt;
        try {
            model.check(direction);
        } catch (const Error& error) {
            throw Error(error.status(), script.name + ": line " + std::to_string(shot.line) + ": " + error.what());
        }
    }
}

// Shots at or after the end never begin.
void drop_shots_past(int64_t frames, Script& script, const Log& log) {
    auto& shots = script.list.shots;
    size_t kept = shots.size();
    while (frames >= 0 && kept > 1 && shots[kept - 1].first_frame >= frames) --kept;
    if (kept == shots.size()) return;
    log(ZT_LOG_INFO, script.name + ": the clip ends with frame " + std::to_string(frames - 1) + "; " +
                         std::to_string(shots.size() - kept) + " of " + std::to_string(shots.size()) +
                         " shots begin after it and never come");
    shots.resize(kept);
}

// ---- Time ----

bool same_rate(zt_rational a, zt_rational b) { return int64_t{a.num} * b.den == int64_t{b.num} * a.den; }

zt_rational resolve_rate(zt_rational rate, const Limits& limits) {
    if (rate.num == 0 && rate.den == 0) return limits.rates.front();
    const std::string got = to_text(rate);
    // 1/10 to 240 frames per second, parts up to a million.
    constexpr int kMaxPart = 1'000'000;
    if (rate.num < 1 || rate.den < 1 || rate.num > kMaxPart || rate.den > kMaxPart ||
        int64_t{rate.num} * 10 < rate.den || rate.num > int64_t{240} * rate.den) {
        refuse(ZT_ERROR_ARGUMENT, "rate", "1/10 to 240 frames per second", got);
    }
    std::string all;
    zt_rational nearest = limits.rates.front();
    const auto value = [](zt_rational r) { return static_cast<double>(r.num) / r.den; };
    for (const zt_rational candidate : limits.rates) {
        if (same_rate(candidate, rate)) return candidate;
        if (std::abs(value(candidate) - value(rate)) < std::abs(value(nearest) - value(rate))) nearest = candidate;
        all += (all.empty() ? "" : " ") + to_text(candidate);
    }
    refuse(ZT_ERROR_ARGUMENT, "rate", "one of " + all, got + "; nearest is " + to_text(nearest));
}

// The grid's largest count that is not above `frames`, or its smallest.
int64_t floor_on_grid(int64_t frames, const Limits& limits) {
    const int64_t first = limits.frames_offset > 0 ? limits.frames_offset : limits.frames_step;
    if (frames <= first) return first;
    return first + (frames - first) / limits.frames_step * limits.frames_step;
}

void check_endless(const char* name, const Limits& limits) {
    if (!limits.endless) refuse(ZT_ERROR_UNSUPPORTED, name, "a length (this model has an end)", "-1");
}

int64_t frames_of_duration(int64_t duration_us, zt_rational rate, const Limits& limits, const Log& log) {
    const int64_t within = zt_frames_within(duration_us, rate.num, rate.den);
    const int64_t frames = floor_on_grid(within, limits);
    const std::string clip =
        std::to_string(frames) + (frames == 1 ? " frame" : " frames") + " at " + to_text(rate) + " frames per second";
    if (frames > within) refuse(ZT_ERROR_ARGUMENT, "duration", "at least " + clip, std::to_string(duration_us) + " us");
    // num is at most 1e6 and duration_us below 2^37: the products fit.
    const int64_t off = frames * rate.den * 1'000'000 - duration_us * rate.num;
    if (std::abs(off) > ZT_DURATION_SLACK_US * int64_t{rate.num})
        log(ZT_LOG_INFO, std::string("duration: rounded ") + (off < 0 ? "down" : "up") + " to " + clip);
    return frames;
}

// As long as at the native rate where motion keeps its speed, to the nearest frame.
int64_t default_frames(zt_rational rate, const Limits& limits) {
    if (!limits.keeps_time) return limits.default_frames;
    const zt_rational native = limits.rates.front();
    const int64_t to = int64_t{rate.num} * native.den, from = int64_t{rate.den} * native.num;
    return (2 * limits.default_frames * to + from) / (2 * from);
}

int64_t resolve_frames(const zt_request& request, const Script& script, zt_rational rate, Limits limits,
                       const Log& log) {
    // Shots are cut to their frames, so together they may have any number.
    if (request.storyboard != nullptr) limits.frames_step = 1, limits.frames_offset = 0;
    check_range<int64_t>("frames", request.frames, -1, kMaxFrames);
    check_range<int64_t>("duration", request.duration_us, -1, kMaxDurationUs);
    if (request.frames != 0 && request.duration_us != 0)
        refuse(ZT_ERROR_ARGUMENT, "frames", "frames or duration", "both");
    if (request.frames == -1 || request.duration_us == -1) {
        check_endless(request.frames == -1 ? "frames" : "duration", limits);
        return -1;
    }
    if (request.duration_us != 0) return frames_of_duration(request.duration_us, rate, limits, log);
    if (request.frames == 0 && request.storyboard != nullptr) return script.list.frames;
    if (request.frames == 0) return default_frames(rate, limits);
    const int64_t below = floor_on_grid(request.frames, limits);
    if (below != request.frames) {
        const bool up = below < request.frames && request.frames - below > limits.frames_step / 2;
        refuse(
            ZT_ERROR_ARGUMENT, "frames",
            std::to_string(limits.frames_step) + "*k+" + std::to_string(limits.frames_offset),
            std::to_string(request.frames) + "; nearest is " + std::to_string(up ? below + limits.frames_step : below));
    }
    return request.frames;
}

int64_t resolve_start(int64_t start_frame, int64_t frames) {
    check_range<int64_t>("start_frame", start_frame, 0, frames == -1 ? kMaxFrames : frames - 1);
    return start_frame;
}

// ---- Pictures ----

void check_last(const zt_request& request, int64_t frames) {
    for (size_t i = 0; i < request.image_count; ++i)
        if (request.images[i].role == ZT_IMAGE_LAST && frames < 0)
            refuse(ZT_ERROR_ARGUMENT, "last image", "a clip that has an end", "frames -1");
}

// The mask is the pipeline's own, and a model may see it; all others are the model's.
void take_pictures(const zt_request& request, Plan& plan) {
    for (families::Picture& picture : take_images(request)) {
        if (picture.role == ZT_IMAGE_MASK)
            plan.mask = std::move(picture);
        else
            plan.generation.images.push_back(std::move(picture));
    }
}

// ---- Motion ----

// Once the shots are those that come. Endless is possible: such a clip repeats.
bool resolve_loop(const zt_request& request, const Script& script, const Limits& limits) {
    check_range("loop", request.loop, 0, 1);
    if (request.loop == 0) return false;
    if (!limits.loop) refuse(ZT_ERROR_UNSUPPORTED, "loop", "0 (this model cannot close a clip)", "1");
    if (script.list.shots.size() > 1) refuse(ZT_ERROR_ARGUMENT, "loop", "0 with a storyboard of several shots", "1");
    for (size_t i = 0; i < request.image_count; ++i)
        if (request.images[i].role == ZT_IMAGE_LAST) refuse(ZT_ERROR_ARGUMENT, "loop", "0 beside a last image", "1");
    return true;
}

// Zero is what a host says that was built before the field was there.
double resolve_factor(const char* name, double value, double low, double high, const Limits& limits) {
    if (value == 0.0) return 1.0;
    check_range(name, value, low, high);
    if (value != 1.0 && !limits.motion)
        refuse(ZT_ERROR_UNSUPPORTED, name, "1 (this model has no other)", to_text(value));
    return value;
}

// ---- Sound ----

bool resolve_sound(const zt_request& request, const Limits& limits) {
    check_range("sound", request.sound, 0, 1);
    if (request.sound != 0 && limits.sample_rate == 0)
        refuse(ZT_ERROR_UNSUPPORTED, "sound", "0 (this model is mute)", "1");
    return request.sound != 0;
}

// ---- Sampler and queue ----

int resolve_steps(int steps, const Limits& limits) {
    check_range("steps", steps, 0, std::min(kMaxSteps, limits.max_steps));
    return steps != 0 ? steps : limits.default_steps;
}

// Whether frames have alpha. A mask would bring the backdrop back.
bool resolve_cutout(const zt_request& request, const Limits& limits) {
    check_range("cutout", request.cutout, 0, 1);
    if (request.cutout == 0) return false;
    if (!limits.cutout)
        refuse(ZT_ERROR_UNSUPPORTED, "cutout", "0 (this model has no subject apart from its backdrop)", "1");
    if (has_image(request, {ZT_IMAGE_MASK})) refuse(ZT_ERROR_ARGUMENT, "cutout", "0 beside a mask", "1");
    return true;
}

zt_pixel_format resolve_format(zt_pixel_format format, bool cutout) {
    check_range<int>("format", format, ZT_PIXEL_DEFAULT, ZT_PIXEL_RGBA64);
    if (!cutout && (format == ZT_PIXEL_RGBA || format == ZT_PIXEL_RGBA64))
        refuse(ZT_ERROR_UNSUPPORTED, "format", "one without alpha (only cutout=1 makes an alpha channel)",
               format == ZT_PIXEL_RGBA ? "rgba" : "rgba64");
    if (cutout && format == ZT_PIXEL_RGB24)
        refuse(ZT_ERROR_ARGUMENT, "format", "one with a place for alpha with cutout=1", "rgb24");
    return format == ZT_PIXEL_DEFAULT ? ZT_PIXEL_YUV420P : format;
}

int resolve_prefetch(int prefetch, const Plan& plan, const Limits& limits) {
    check_range("prefetch", prefetch, 0, kMaxPrefetch);
    const families::GenerationRequest& generation = plan.generation;
    const size_t chunk_bytes =
        plane_layout(plan.format, generation.width, generation.height, generation.cutout).total_bytes *
        static_cast<size_t>(limits.chunk_frames);
    const int most = std::max(1, static_cast<int>(std::min<size_t>(kMaxQueueBytes / chunk_bytes, kMaxPrefetch)));
    if (prefetch > most) {
        refuse(ZT_ERROR_ARGUMENT, "prefetch",
               "at most " + std::to_string(most) + " for " + size_text(plan.generation.width, plan.generation.height) +
                   " (256 MiB of frames)",
               std::to_string(prefetch));
    }
    return prefetch;
}

zt_cache resolve_cache(zt_cache cache, int64_t frames, bool start) {
    check_range<int>("cache", cache, ZT_CACHE_AUTO, ZT_CACHE_ON);
    if (start) check_cache(cache, frames);
    return cache;
}

// Not used by the engine, yet a wrong value is a mistake of the host it should hear about.
void check_front_end_fields(const zt_request& request) {
    check_range<int64_t>("timeout", request.timeout_us, 0, kMaxDurationUs);
    check_range("sei", request.sei, 0, 1);
    check_range("metadata_prompt", request.metadata_prompt, 0, 1);
}

}  // namespace

Plan make_plan(const zt_request& request, const families::Model& model, const Log& log, Purpose purpose) {
    const Limits& limits = model.limits();
    check_front_end_fields(request);

    const bool start = purpose == Purpose::kStart;
    check_images(request, limits, start);  // first: a clip may be as large as its picture

    Plan plan;
    families::GenerationRequest& generation = plan.generation;
    generation.cutout = resolve_cutout(request, limits);
    plan.format = resolve_format(request.format, generation.cutout);
    const Size size = resolve_size(request, limits, plan.format, log);
    generation.width = size.width;
    generation.height = size.height;
    generation.rate = resolve_rate(request.rate, limits);
    check_one_source(request);
    plan.script = find_script(request, generation.rate, limits);
    generation.frames = resolve_frames(request, plan.script, generation.rate, limits, log);
    drop_shots_past(generation.frames, plan.script, log);
    generation.shot_frames = longest_shot(plan.script, generation.frames);
    generation.morph = plan.script.morph;
    generation.steps = resolve_steps(request.steps, limits);
    check_range("flow_shift", request.flow_shift, 0.0, kMaxFlowShift);
    generation.flow_shift = request.flow_shift;
    generation.first.guidance = resolve_guidance(request.guidance, limits);
    check_last(request, generation.frames);
    generation.fit = request.fit;
    generation.first.strength = resolve_strength(request.strength, limits, request.image_count > 0);
    generation.sound = resolve_sound(request, limits);
    generation.loop = resolve_loop(request, plan.script, limits);
    generation.motion = resolve_factor("motion", request.motion, kMinMotion, kMaxMotion, limits);
    generation.tempo = resolve_factor("tempo", request.tempo, kMinTempo, kMaxTempo, limits);
    plan.start_frame = resolve_start(request.start_frame, generation.frames);
    plan.prefetch = resolve_prefetch(request.prefetch, plan, limits);
    generation.first.prompt = find_prompt(request, plan.script);
    plan.marking = resolve_marking(request, generation.width, generation.height, generation.first.prompt);
    enhance(request, model, log, plan);
    if (given(request.negative_prompt)) generation.first.negative_prompt = request.negative_prompt;
    check_negative_prompt(generation.first.negative_prompt, limits);
    if (start || request.seed != -1)
        generation.first.seed = resolve_seed(request.seed, log);
    else
        generation.first.seed = -1;
    plan.seed_drawn = request.seed == -1;
    plan.cache = resolve_cache(request.cache, generation.frames, start);
    generation.log = log;
    check_shots(plan.script, generation.first, model);
    if (start) {
        take_pictures(request, plan);
        if (limits.sees_mask) generation.mask = plan.mask;
        tell_joined(plan.script, log);
        if (request.storyboard == nullptr) hint_at_storyboard(generation.first.prompt, log);
    }
    model.check_request(generation);
    return plan;
}

namespace {

void check_text(const char* name, const std::string& text) {
    if (text.size() > kPromptBytes) refuse(ZT_ERROR_PROMPT, name, "at most 16384 bytes", std::to_string(text.size()));
    if (const auto fault = find_text_fault(text)) {
        refuse(ZT_ERROR_PROMPT, name, fault->encoding ? "UTF-8" : "no control characters", fault->got);
    }
}

}  // namespace

void check_prompt(const std::string& text) {
    if (text.empty()) refuse(ZT_ERROR_PROMPT, "prompt", "1 to 16384 bytes", "0");
    check_text("prompt", text);
}

void hint_at_storyboard(const std::string& prompt, const Log& log) {
    if (text::is_frame_list(prompt))
        log(ZT_LOG_WARNING, "prompt: looks like a list of frames, got " + quote(prompt) +
                                "; storyboard=FILE takes one prompt per time span");
}

void check_negative_prompt(const std::string& text, const Limits& limits) {
    if (text.empty()) return;
    if (!limits.true_guidance)
        refuse(ZT_ERROR_UNSUPPORTED, "negative_prompt", "none (this model has no true guidance)", quote(text));
    check_text("negative_prompt", text);
}

int64_t resolve_seed(int64_t seed, const Log& log) {
    if (seed < -1) refuse(ZT_ERROR_ARGUMENT, "seed", "-1 to 9223372036854775807", std::to_string(seed));
    if (seed >= 0) return seed;
    std::random_device entropy;
    const uint64_t drawn = (static_cast<uint64_t>(entropy()) << 32) | entropy();
    // 53 bits: FFmpeg and JSON readers keep numbers as doubles, and the seed must come back
    // unchanged.
    const auto chosen = static_cast<int64_t>(drawn >> 11);
    log(ZT_LOG_INFO, "seed: drew " + std::to_string(chosen));
    return chosen;
}

double resolve_guidance(double guidance, const Limits& limits) {
    if (guidance == -1.0) return limits.default_guidance;
    if (!(guidance >= 0.0 && guidance <= kMaxGuidance))
        refuse(ZT_ERROR_ARGUMENT, "guidance", "-1 or 0 to 100", to_text(guidance));
    return guidance;
}

}  // namespace zt::pipeline
