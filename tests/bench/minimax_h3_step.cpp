// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Steps of a MiniMax-H3 transformer from the files of a model, timed one by one: STAGE as in tests/parity.
// Prints "first SECONDS" (from the start of the program to the first step), "step SECONDS" and "cpu SECONDS" (of all
// threads) for each step, and "peak KIB".
#include <ATen/Parallel.h>

#include <chrono>
#include <ctime>

#include "../parity/minimax_h3_case.h"

namespace {

using namespace zt;
using namespace zt::parity;
using Clock = std::chrono::steady_clock;

const Clock::time_point kStart = Clock::now();

double since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void steps(Case& c) {
    at::set_num_threads(static_cast<int>(number(c, "threads")));
    TransformerFile file;
    open_file(c, file);
    Request request = request_of(c);
    const sample::Levels video = levels_of(number(c, "steps"), kVideoShift),
                         audio = levels_of(number(c, "steps"), kAudioShift);
    request.video_times = video.t, request.audio_times = audio.t;
    sample::Noise noise(number(c, "seed"));
    const Start start = draw_start(file.config, request.geometry, noise, {});
    const Cancel never;
    const Prepared p = prepare(file, request, never, kSilent);
    Denoiser denoiser(file, {.resident_blocks = number(c, "resident", file.config.layers), .ahead = {}, .alone = {}},
                      never, kSilent, Log());
    Clock::time_point begun;
    double spent = 0;
    const Rows made = make_latents(denoiser, p, start.noise, video, audio, never, [&](const char*, int step, int) {
        if (step == 0)
            std::printf("first %.4f\n", since(kStart));
        else
            std::printf("step %.4f\ncpu %.4f\n", since(begun), cpu_seconds() - spent);
        begun = Clock::now();
        spent = cpu_seconds();
    });
    std::printf("peak %lld\n", static_cast<long long>(status_kib("VmHWM")));
    c.out["video"] = made.video, c.out["audio"] = made.audio;
}

}  // namespace

int main(int argc, char** argv) { return zt::parity::run(argc, argv, {{"steps", steps}}); }
