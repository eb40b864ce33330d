// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zt-train judge`: generates clips for held-out combinations, English and Chinese apart, through
// the engine as hosts use it (or through a command, such as the stock ffmpeg), and prints how often
// each attribute is what the sentence says. `zt-train watch`: what one clip from a file shows.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>

#include "core/error.h"
#include "families/storybook/model_files.h"
#include "judge.h"
#include "scope.h"
#include "stages.h"
#include "world/captions.h"

namespace zt::training {
namespace {

using namespace world;
using Frames = std::vector<uint8_t>;

constexpr size_t kFrameBytes = static_cast<size_t>(kWidth) * kHeight * 3;

std::vector<Clip> held_out_clips(const Scope& scope, int64_t count, uint32_t seed) {
    std::mt19937 dice(seed);
    std::vector<Clip> clips;
    while (static_cast<int64_t>(clips.size()) < count) clips.push_back(random_clip(scope, dice, true));
    return clips;
}

Frames read_frames(std::FILE* file) {
    Frames out(kFrameBytes * kJudgedFrames);
    const size_t got = std::fread(out.data(), 1, out.size(), file);
    if (got != out.size())
        throw Error(ZT_ERROR_IO, "clip: expected " + std::to_string(kJudgedFrames) + " raw RGB frames of 256x144, got " + std::to_string(got / kFrameBytes));
    return out;
}

// The same through a program: `command` is run by the shell with PROMPT, SEED and FRAMES in its
// environment and writes raw RGB frames.
Frames generate_with(const std::string& command, const std::string& prompt, int64_t seed) {
    setenv("PROMPT", prompt.c_str(), 1);
    setenv("SEED", std::to_string(seed).c_str(), 1);
    setenv("FRAMES", std::to_string(kJudgedFrames).c_str(), 1);
    std::FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) throw Error(ZT_ERROR_IO, "command: expected a program that runs, got " + command);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> guard(pipe, pclose);
    return read_frames(pipe);
}

Frames generate(zt_model* model, const std::string& prompt, int64_t seed, int steps) {
    zt_error error = ZT_ERROR_INIT;
    zt_request request;
    zt_request_init(&request);
    request.prompt = prompt.c_str();
    request.frames = kJudgedFrames;
    request.seed = seed;
    request.steps = steps;
    request.format = ZT_PIXEL_RGB24;
    zt_session* session = nullptr;
    if (zt_session_create(model, &request, &session, &error) != ZT_OK) throw Error(error.status, error.message);
    Frames out;
    zt_frame* frame = nullptr;
    zt_status status;
    while ((status = zt_session_read(session, -1, &frame, &error)) == ZT_OK) {
        const zt_frame_info* info = zt_frame_get_info(frame);
        for (int y = 0; y < info->height; y++) out.insert(out.end(), info->data[0] + y * info->stride[0], info->data[0] + y * info->stride[0] + info->width * 3);
        zt_frame_unref(&frame);
    }
    zt_session_destroy(&session);
    if (status != ZT_END) throw Error(error.status, error.message);
    return out;
}

// The same real clip through the VAE: the best a denoiser could do.
Frames through_vae(const storybook::Weights& weights, Renderer& renderer, const Clip& clip) {
    const c10::InferenceMode inference;
    const at::ScalarType dtype = weights.vae.decoder.in.weight.scalar_type();
    storybook::DecoderState state;
    Frames out;
    for (int g = 0; g < kJudgedFrames / kGroupFrames; g++) {
        at::Tensor bytes = at::empty({1, kGroupFrames, kHeight, kWidth, 3}, at::kByte);
        renderer.group(clip, g, bytes.data_ptr<uint8_t>());
        const at::Tensor z = storybook::encode(weights.vae, bytes.to(at::kFloat).mul_(2.0 / 255.0).sub_(1.0).to(dtype));
        const at::Tensor u8 = storybook::decode(weights.vae, z, state).clamp(0, 1).mul(255).round().to(at::kByte).permute({0, 2, 3, 1}).contiguous();
        out.insert(out.end(), u8.data_ptr<uint8_t>(), u8.data_ptr<uint8_t>() + u8.numel());
    }
    return out;
}

struct Score {
    int clips = 0, all = 0;
    std::array<int, kAttributes> right{};
    double explained = 0, psnr = 0, sharpness = 0, motion = 0;
    void add(const Clip& asked, const Verdict& v) {
        const auto want = attributes(asked), got = attributes(v.nearest);
        bool every = true;
        for (size_t a = 0; a < want.size(); a++) {
            const bool hit = want[a] == got[a] && (a != 0 || v.recognised());
            right[a] += hit;
            every = every && hit;
        }
        all += every;
        clips++;
        explained += v.explained, psnr += v.psnr, sharpness += v.sharpness, motion += v.motion;
    }
    void print(const char* name) const {
        std::printf("%-8s", name);
        for (const int r : right) std::printf(" %10.1f%%", 100.0 * r / clips);
        std::printf(" %6.1f%% %9.3f %7.2f %6.2f %6.2f\n", 100.0 * all / clips, explained / clips, psnr / clips, sharpness / clips, motion / clips);
        std::fflush(stdout);
    }
};

void print_heading() {
    std::printf("%-8s", "");
    for (const char* name : kAttributeNames) std::printf(" %11s", name);
    std::printf(" %7s %9s %7s %6s %6s\n", "all", "explained", "dB", "sharp", "motion");
}

}  // namespace

void watch(Settings& settings) {
    const std::string path = settings.text("raw", "-");
    const Scope& scope = scope_setting(settings);
    settings.done();
    std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
    if (file == nullptr) throw Error(ZT_ERROR_IO, "raw: expected a file that can be read, got " + path);
    Renderer renderer;
    Judge judge(renderer, scope);
    const Verdict v = judge.judge(read_frames(file).data());
    std::printf("shows: %s\n", plain_caption(v.nearest, kEnglish).c_str());
    std::printf("explained %.3f%s  %.2f dB  sharpness %.2f  motion %.2f\n", v.explained, v.recognised() ? "" : " (no subject recognised)", v.psnr, v.sharpness, v.motion);
}

void run_judge(Settings& settings) {
    const std::string folder = settings.text("model", "models/storybook");
    const int64_t count = settings.integer("clips", 200), seed = settings.integer("seed", 7);
    const int steps = static_cast<int>(settings.integer("steps", 0));
    const Scope& scope = scope_setting(settings);
    const std::string command = settings.text("command", "");
    settings.done();
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_model_params_init(&params);
    params.model = folder.c_str();
    zt_model* model = nullptr;
    if (zt_model_open(&params, &model, &error) != ZT_OK) throw Error(error.status, error.message);
    const storybook::Weights weights = storybook::load_weights(folder, at::kFloat);

    Renderer renderer;
    Judge judge(renderer, scope);
    print_heading();
    Score real, vae, english, chinese;
    const std::vector<Clip> clips = held_out_clips(scope, count, static_cast<uint32_t>(seed));
    for (size_t i = 0; i < clips.size(); i++) {
        const Clip& c = clips[i];
        Frames frames(kFrameBytes * kJudgedFrames);
        for (int f = 0; f < kJudgedFrames; f++) renderer.frame(c, f, &frames[static_cast<size_t>(f) * kFrameBytes]);
        real.add(c, judge.judge(frames.data()));
        if (i < 60) vae.add(c, judge.judge(through_vae(weights, renderer, c).data()));   // the bound needs fewer
        const int64_t clip_seed = seed * 1000 + static_cast<int64_t>(i);
        const auto shown = [&](Language l) {
            const std::string prompt = plain_caption(c, l);
            return command.empty() ? generate(model, prompt, clip_seed, steps) : generate_with(command, prompt, clip_seed);
        };
        english.add(c, judge.judge(shown(kEnglish).data()));
        chinese.add(c, judge.judge(shown(kChinese).data()));
    }
    real.print("real");
    vae.print("VAE");
    english.print("English");
    chinese.print("Chinese");
    zt_model_unref(&model);
}

}  // namespace zt::training
