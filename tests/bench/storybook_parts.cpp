// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a chunk of the built-in model costs on one core, fp32: its plan, one step of the denoiser and the decoding
// of one latent, with convolutions in the plain form and in the one with fewer products
// (nn/winograd.h), by turns; the best of each counts. Then the decoder's share. Ends with 1 where results differ.
//
//   storybook-parts [MODEL FOLDER [ROUNDS]]
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "families/storybook/model_files.h"

namespace {

using namespace zt;

double milliseconds(const std::function<at::Tensor()>& work, at::Tensor& result) {
    const auto started = std::chrono::steady_clock::now();
    result = work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - started).count();
}

// Best times of both in milliseconds; not both give the same: less than nothing.
std::array<double, 2> compare(const char* name, int rounds, const std::function<at::Tensor()>& plain, const std::function<at::Tensor()>& fewer) {
    double best[2] = {1e9, 1e9};
    at::Tensor results[2];
    for (int i = 0; i <= rounds; i++) {   // the first round warms up
        const double a = milliseconds(plain, results[0]), b = milliseconds(fewer, results[1]);
        if (i > 0) best[0] = std::min(best[0], a), best[1] = std::min(best[1], b);
    }
    const double difference = ((results[0] - results[1]).norm() / results[0].norm()).item<double>();
    std::printf("%-14s plain %7.2f ms   fewer products %7.2f ms   %.2f x   difference %.1e\n", name, best[0], best[1], best[0] / best[1], difference);
    return difference < 1e-4 ? std::array<double, 2>{best[0], best[1]} : std::array<double, 2>{-1, -1};
}

}  // namespace

int main(int argc, char** argv) {
    const std::string folder = argc > 1 ? argv[1] : std::string(std::getenv("ZOETROPE_MODEL_PATH") ? std::getenv("ZOETROPE_MODEL_PATH") : "models") + "/storybook";
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 10;
    at::set_num_threads(1);
    const c10::InferenceMode inference;
    const storybook::Weights fewer = storybook::load_weights(folder, at::kFloat);
    storybook::Weights plain = fewer;
    struct {
        void operator()(const std::string&, nn::Conv& layer) const { layer.winograd = at::Tensor(); }
        void operator()(const std::string&, at::Tensor&) const {}
    } forget;
    plain.vae.visit(forget);
    plain.denoiser.visit(forget);

    at::manual_seed(1);
    const int64_t channels = fewer.denoiser.config.channels;
    const at::Tensor noisy = at::randn({1, storybook::kSlots, storybook::kLatentHeight, storybook::kLatentWidth, channels});
    const at::Tensor latent = noisy.select(1, 0).contiguous(), sentence = at::randn({1, fewer.denoiser.config.text.width});
    const at::Tensor clock = at::zeros({1}, at::kLong);
    storybook::Cues cues = storybook::cues(fewer.denoiser.plan, sentence);
    cues.acts = at::tensor({1, 0, 0}, at::kLong).unsqueeze(0);   // one puppet, in the middle
    const auto plan = [&](const storybook::Weights& w) { return storybook::forward(w.denoiser.plan, cues, clock); };
    const storybook::Planned planned = plan(plain);
    const auto step = [&](const storybook::Weights& w) {
        return storybook::forward(w.denoiser, noisy, latent, at::ones({1}), at::full({1}, 0.5F), sentence, clock, planned);
    };
    const auto decode = [&](const storybook::Weights& w) {
        storybook::DecoderState state;
        return storybook::decode(w.vae, latent, state);
    };
    const auto plan_ms = compare("plan of chunk", rounds, [&] { return plan(plain).latents; }, [&] { return plan(fewer).latents; });
    const auto step_ms = compare("denoiser step", rounds, [&] { return step(plain); }, [&] { return step(fewer); });
    const auto decode_ms = compare("decode latent", rounds, [&] { return decode(plain); }, [&] { return decode(fewer); });
    const double decoding = storybook::kSlots * decode_ms[1];
    for (const int steps : {1, 2, 3, 4}) std::printf("%d steps: decoding is %.0f %% of a chunk of three latents\n", steps, 100 * decoding / (decoding + plan_ms[1] + steps * step_ms[1]));
    return plan_ms[1] > 0 && step_ms[1] > 0 && decode_ms[1] > 0 ? 0 : 1;
}
