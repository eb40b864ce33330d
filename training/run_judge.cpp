// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zt-train judge`: makes clips for held-out combinations, English and Chinese apart, and prints how
// often each attribute is what the sentence says. test= chooses what is made:
//   prompts   clips from sentences, beside real renders and real renders through the VAE
//   pictures  clips that begin with the first picture of a real one
//   cuts      two shots with the same subject and colour, another scene and motion after the cut
//   endless   a long clip, looked at from its start and at its end
// `zt-train watch`: what one clip from a file shows.
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>

#include "core/error.h"
#include "encoder.h"
#include "families/storybook/model_files.h"
#include "judge.h"
#include "parallel.h"
#include "parts.h"
#include "scope.h"
#include "stages.h"
#include "studio.h"
#include "world/captions.h"

namespace zt::training {
namespace {

using namespace world;

constexpr size_t kFrameBytes = static_cast<size_t>(kWidth) * kHeight * 3;
constexpr int kCycle = 64;   // frames after which every motion and camera is where it began

// A row of the table. add() from any thread.
class Score {
public:
    void add(const Clip& asked, const Verdict& v) {
        const auto want = attributes(asked), got = attributes(v.nearest);
        const std::lock_guard lock(mutex_);
        bool every = true;
        for (size_t a = 0; a < want.size(); a++) {
            const bool hit = want[a] == got[a] && (a != 0 || v.recognised());
            right_[a] += hit;
            every = every && hit;
        }
        all_ += every;
        clips_++;
        explained_ += v.explained, psnr_ += v.psnr, sharpness_ += v.sharpness, behind_ += v.behind, cast_ += v.cast, motion_ += v.motion;
    }
    void print(const char* name) const {
        if (clips_ == 0) return;
        std::printf("%-8s %5d", name, clips_);
        for (const int r : right_) std::printf(" %10.1f%%", 100.0 * r / clips_);
        std::printf(" %6.1f%% %9.3f %7.2f %6.3f %6.3f %6.3f %6.3f\n", 100.0 * all_ / clips_, explained_ / clips_, psnr_ / clips_, sharpness_ / clips_, behind_ / clips_, cast_ / clips_, motion_ / clips_);
        std::fflush(stdout);
    }
    static void print_heading() {
        std::printf("%-8s %5s", "", "clips");
        for (const char* name : kAttributeNames) std::printf(" %11s", name);
        std::printf(" %7s %9s %7s %6s %6s %6s %6s\n", "all", "explained", "dB", "sharp", "behind", "cast", "motion");
    }

private:
    std::mutex mutex_;
    int clips_ = 0, all_ = 0;
    std::array<int, kAttributes> right_{};
    double explained_ = 0, psnr_ = 0, sharpness_ = 0, behind_ = 0, cast_ = 0, motion_ = 0;
};

double mean_square(const uint8_t* a, const uint8_t* b) {
    double sum = 0;
    for (size_t i = 0; i < kFrameBytes; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum / static_cast<double>(kFrameBytes);
}
double decibels(double mean_square_error) { return 10 * std::log10(255.0 * 255.0 / std::max(mean_square_error, 1e-3)); }

struct Test {
    const Studio& studio;
    const storybook::Weights& weights;
    Renderer& renderer;
    const Scope& scope;
    std::vector<Clip> clips;
    int64_t seed, frames;
    int steps, workers;
    std::string command;

    // body(index, clip, judge) for every clip, on all workers.
    void each(const std::function<void(size_t, const Clip&, Judge&)>& body) const {
        std::atomic<size_t> next{0};
        on_workers(workers, [&](int) {
            Judge judge(renderer, scope);
            for (size_t i = next++; i < clips.size(); i = next++) body(i, clips[i], judge);
        });
    }
    [[nodiscard]] Order order(size_t i) const {
        Order o;
        o.seed = seed * 1000 + static_cast<int64_t>(i);
        o.steps = steps;
        return o;
    }
    [[nodiscard]] Frames render(const Clip& clip) const {
        Frames shown(kFrameBytes * kJudgedFrames);
        for (int f = 0; f < kJudgedFrames; f++) renderer.frame(clip, f, &shown[static_cast<size_t>(f) * kFrameBytes]);
        return shown;
    }
    // Groups of pictures [n, 4, 144, 256, 3] through the VAE, from where a clip starts.
    [[nodiscard]] Frames through_vae(const uint8_t* pictures, int64_t groups) const {
        const c10::InferenceMode inference;
        const at::ScalarType dtype = weights.vae.decoder.in.weight.scalar_type();
        const at::Tensor bytes = at::from_blob(const_cast<uint8_t*>(pictures), {groups, kGroupFrames, kHeight, kWidth, 3}, at::kByte);
        storybook::DecoderState state;
        Frames out;
        for (int64_t g = 0; g < groups; g++) {
            const at::Tensor z = storybook::encode(weights.vae, from_bytes(bytes.slice(0, g, g + 1)).to(dtype));
            const at::Tensor u8 = storybook::decode(weights.vae, z, state).clamp(0, 1).mul(255).round().to(at::kByte).permute({0, 2, 3, 1}).contiguous();
            out.insert(out.end(), u8.data_ptr<uint8_t>(), u8.data_ptr<uint8_t>() + u8.numel());
        }
        return out;
    }
};

void test_prompts(const Test& t) {
    Score real, vae, english, chinese;
    std::array<Score, std::size(kParts)> parts;
    t.each([&](size_t i, const Clip& c, Judge& judge) {
        const Frames frames = t.render(c);
        real.add(c, judge.judge(frames.data()));
        if (i < 60) vae.add(c, judge.judge(t.through_vae(frames.data(), kJudgedFrames / kGroupFrames).data()));   // the bound needs fewer
        for (const Language l : {kEnglish, kChinese}) {
            Order o = t.order(i);
            o.prompt = plain_caption(c, l);
            const Frames made = t.command.empty() ? t.studio.make(o).front() : make_with(t.command, o.prompt, o.seed);
            const Verdict v = judge.judge(made.data());
            (l == kEnglish ? english : chinese).add(c, v);
            for (size_t p = 0; p < parts.size(); p++)
                if (kParts[p].of(c)) parts[p].add(c, v);
        }
    });
    Score::print_heading();
    real.print("real"), vae.print("VAE"), english.print("English"), chinese.print("Chinese");
    std::printf("of these, both languages:\n");
    for (size_t p = 0; p < parts.size(); p++) parts[p].print(kParts[p].name);
}

void test_pictures(const Test& t) {
    Score made;
    std::mutex mutex;
    double first = 0, bound = 0;
    t.each([&](size_t i, const Clip& c, Judge& judge) {
        Frames still(kFrameBytes * kGroupFrames);
        for (int f = 0; f < kGroupFrames; f++) t.renderer.frame(c, 0, &still[static_cast<size_t>(f) * kFrameBytes]);
        Order o = t.order(i);
        o.prompt = plain_caption(c, i % 2 == 0 ? kEnglish : kChinese);
        o.picture = still.data();
        const Frames frames = t.studio.make(o).front();
        made.add(c, judge.judge(frames.data()));
        const double a = decibels(mean_square(frames.data(), still.data())), b = decibels(mean_square(t.through_vae(still.data(), 1).data(), still.data()));
        const std::lock_guard lock(mutex);
        first += a, bound += b;
    });
    Score::print_heading();
    made.print("made");
    const auto n = static_cast<double>(t.clips.size());
    std::printf("first frame beside the picture: %.2f dB; the picture through the VAE alone: %.2f dB\n", first / n, bound / n);
}

void test_cuts(const Test& t) {
    Score before, after;
    const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("zt-judge-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    t.each([&](size_t i, const Clip& c, Judge& judge) {
        Clip next = c;
        next.scene = (c.scene + 1 + static_cast<int>(i % static_cast<size_t>(t.scope.scenes - 1))) % t.scope.scenes;
        next.motion = (c.motion + 1 + static_cast<int>(i % static_cast<size_t>(t.scope.motions - 1))) % t.scope.motions;
        const Language l = i % 2 == 0 ? kEnglish : kChinese;
        const std::string file = folder / (std::to_string(i) + ".srt");
        std::ofstream(file) << "1\n00:00:00,000 --> 00:00:02,000\n" << plain_caption(c, l) << "\n\n2\n00:00:02,000 --> 00:00:04,000\n" << plain_caption(next, l) << "\n";
        Order o = t.order(i);
        o.storyboard = file;
        o.frames = 96;
        o.looks = {0, 48};
        const std::vector<Frames> shots = t.studio.make(o);
        before.add(c, judge.judge(shots[0].data()));
        after.add(next, judge.judge(shots[1].data()));
    });
    std::filesystem::remove_all(folder);
    Score::print_heading();
    before.print("before"), after.print("after");
}

void test_endless(const Test& t) {
    Score start, end;
    t.each([&](size_t i, const Clip& c, Judge& judge) {
        Order o = t.order(i);
        o.prompt = plain_caption(c, i % 2 == 0 ? kEnglish : kChinese);
        o.frames = t.frames;
        o.looks = {0, (t.frames - kJudgedFrames) / kCycle * kCycle};
        const std::vector<Frames> looks = t.studio.make(o);
        start.add(c, judge.judge(looks[0].data()));
        end.add(c, judge.judge(looks[1].data()));
    });
    Score::print_heading();
    start.print("start"), end.print("end");
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
    const std::string test = settings.text("test", "prompts");
    const int64_t count = settings.integer("clips", test == "endless" ? 40 : 200), seed = settings.integer("seed", 7);
    const int steps = static_cast<int>(settings.integer("steps", 0));
    const int64_t frames = settings.integer("frames", 2000);
    const Scope& scope = scope_setting(settings);
    const bool seen = settings.integer("seen", 0) != 0;   // combinations that training shows, in place of those it holds out
    const std::string command = settings.text("command", "");
    const int workers = static_cast<int>(settings.integer("workers", command.empty() ? 2 : 1));
    settings.done();
    const std::map<std::string, void (*)(const Test&)> tests{{"prompts", test_prompts}, {"pictures", test_pictures}, {"cuts", test_cuts}, {"endless", test_endless}};
    if (!tests.contains(test)) throw std::runtime_error("test: expected prompts, pictures, cuts or endless, got " + test);

    const Studio studio(folder);
    const storybook::Weights weights = storybook::load_weights(folder, at::kFloat);
    Renderer renderer;
    std::mt19937 dice(static_cast<uint32_t>(seed));
    std::vector<Clip> clips;
    while (static_cast<int64_t>(clips.size()) < count) clips.push_back(random_clip(scope, dice, !seen));
    tests.at(test)({studio, weights, renderer, scope, clips, seed, frames, steps, workers, command});
}

}  // namespace zt::training
