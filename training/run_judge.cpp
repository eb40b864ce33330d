// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zt-train judge`: generates clips for held-out combinations, English and Chinese apart, through
// the engine as hosts use it, and prints how often each attribute is what the sentence says.
#include <cstdio>
#include <filesystem>
#include <random>

#include "core/error.h"
#include "families/storybook/model_files.h"
#include "judge.h"
#include "stages.h"
#include "world/captions.h"

namespace zt::training {
namespace {

using namespace world;
using Frames = std::vector<uint8_t>;

constexpr size_t kFrameBytes = static_cast<size_t>(kWidth) * kHeight * 3;

std::vector<Clip> held_out_clips(int64_t count, uint32_t seed) {
    std::mt19937 rng(seed);
    const auto pick = [&](int n) { return static_cast<int>(rng() % static_cast<unsigned>(n)); };
    std::vector<Clip> clips;
    while (static_cast<int64_t>(clips.size()) < count) {
        const Clip c{pick(kSubjects), pick(kColours), pick(kMotions), pick(kScenes), pick(kTimes), pick(kLayouts), pick(kPlaces)};
        if (held_out(c)) clips.push_back(c);
    }
    return clips;
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
        renderer.group(clip, start_group(clip) + g, bytes.data_ptr<uint8_t>());
        const at::Tensor z = storybook::encode(weights.vae, bytes.to(at::kFloat).mul_(2.0 / 255.0).sub_(1.0).to(dtype));
        const at::Tensor u8 = storybook::decode(weights.vae, z, state).clamp(0, 1).mul(255).round().to(at::kByte).permute({0, 2, 3, 1}).contiguous();
        out.insert(out.end(), u8.data_ptr<uint8_t>(), u8.data_ptr<uint8_t>() + u8.numel());
    }
    return out;
}

struct Score {
    int clips = 0, all = 0;
    std::array<int, kAttributes> right{};
    double psnr = 0, sharpness = 0, motion = 0;
    void add(const Clip& asked, const Verdict& v) {
        const auto want = attributes(asked), got = attributes(v.nearest);
        bool every = true;
        for (size_t a = 0; a < want.size(); a++) {
            right[a] += want[a] == got[a];
            every = every && want[a] == got[a];
        }
        all += every;
        clips++;
        psnr += v.psnr, sharpness += v.sharpness, motion += v.motion;
    }
    void print(const char* name) const {
        std::printf("%-10s", name);
        for (const int r : right) std::printf(" %7.1f%%", 100.0 * r / clips);
        std::printf(" %7.1f%% %8.2f %8.2f %8.2f\n", 100.0 * all / clips, psnr / clips, sharpness / clips, motion / clips);
        std::fflush(stdout);
    }
};

}  // namespace

void run_judge(Settings& settings) {
    const std::string folder = settings.text("model", "models/storybook");
    const int64_t count = settings.integer("clips", 200), seed = settings.integer("seed", 7);
    const int steps = static_cast<int>(settings.integer("steps", 0));
    settings.done();
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_model_params_init(&params);
    params.model = folder.c_str();
    zt_model* model = nullptr;
    if (zt_model_open(&params, &model, &error) != ZT_OK) throw Error(error.status, error.message);
    const storybook::Weights weights = storybook::load_weights(folder, at::kFloat);

    Renderer renderer;
    Judge judge(renderer);
    std::printf("%-10s", "");
    for (const char* name : kAttributeNames) std::printf(" %8s", name);
    std::printf(" %8s %8s %8s %8s\n", "all", "psnr dB", "sharp", "motion");
    Score real, vae, english, chinese;
    const std::vector<Clip> clips = held_out_clips(count, static_cast<uint32_t>(seed));
    for (size_t i = 0; i < clips.size(); i++) {
        const Clip& c = clips[i];
        if (i < 40) {   // real and decoded clips: exact, a few suffice
            Frames frames(kFrameBytes * kJudgedFrames);
            for (int f = 0; f < kJudgedFrames; f++) renderer.frame(c, start_group(c) * kGroupFrames + f, &frames[static_cast<size_t>(f) * kFrameBytes]);
            real.add(c, judge.judge(frames.data()));
            vae.add(c, judge.judge(through_vae(weights, renderer, c).data()));
        }
        const int64_t clip_seed = seed * 1000 + static_cast<int64_t>(i);
        english.add(c, judge.judge(generate(model, plain_caption(c, kEnglish), clip_seed, steps).data()));
        chinese.add(c, judge.judge(generate(model, plain_caption(c, kChinese), clip_seed, steps).data()));
    }
    real.print("real");
    vae.print("VAE");
    english.print("English");
    chinese.print("Chinese");
    zt_model_unref(&model);
}

}  // namespace zt::training
