// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the built-in model costs on one core, fp32: the first picture of a clip, whose layers are decoded for it, and
// each further one, at three sizes; the best of some rounds counts.
//
//   storybook-parts [MODEL FOLDER [ROUNDS]]
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "families/storybook/generation.h"

namespace {

using namespace zt::storybook;

double milliseconds(const std::function<void()>& work) {
    const auto started = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

}  // namespace

int main(int argc, char** argv) {
    const c10::InferenceMode inference;
    at::set_num_threads(1);
    const std::string folder =
        argc > 1 ? argv[1]
                 : std::string(std::getenv("ZOETROPE_MODEL_PATH") ? std::getenv("ZOETROPE_MODEL_PATH") : "models") +
                       "/storybook";
    const int rounds = std::max(1, argc > 2 ? std::atoi(argv[2]) : 5);
    constexpr int kFrames = 24;
    for (const auto& [width, height] : {std::pair{256, 144}, std::pair{512, 288}, std::pair{1280, 720}}) {
        double first = 1e9, next = 1e9;
        for (int round = 0; round < rounds; round++) {
            const auto weights = load_weights(folder, at::kFloat);  // anew: nothing is decoded yet
            const Play play = understand(*weights, "a red fox runs in the snow at night", 3, nullptr,
                                         [](zt_log_level, const std::string&) {})
                                  .play;
            Canvas canvas(width, height);
            std::unique_ptr<Stage> stage;
            first = std::min(first, milliseconds([&] {
                                 stage = std::make_unique<Stage>(weights->world, play, *weights->layers, nullptr, false,
                                                                 [] {});
                                 stage->draw(canvas, 0);
                             }));
            next = std::min(next, milliseconds([&] {
                                      for (int i = 0; i < kFrames; i++) stage->draw(canvas, i / 24.0);
                                  }) / kFrames);
        }
        std::printf("%4dx%-4d first picture %6.0f ms, each further one %6.2f ms, %.1f x real time\n", width, height,
                    first, next, 1000 / 24.0 / next);
    }
    return 0;
}
