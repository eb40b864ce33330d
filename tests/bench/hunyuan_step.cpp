// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Steps of a HunyuanVideo transformer on given weights, timed one by one: STAGE as in tests/parity.
// Prints "first SECONDS" (from the start of the program to the first step), "step SECONDS" and "cpu SECONDS" (of all
// threads) for each step, and "peak KIB".
#include <ATen/Parallel.h>

#include <chrono>
#include <ctime>
#include <fstream>

#include "../parity/transformer_config.h"
#include "families/hunyuan_video/transformer/sampler.h"

namespace {

using namespace zt::hunyuan_video;
using Clock = std::chrono::steady_clock;

const Clock::time_point kStart = Clock::now();

double since(Clock::time_point then) { return std::chrono::duration<double>(Clock::now() - then).count(); }

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// The largest resident size of this program alone (getrusage also remembers the process that started it).
long peak_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        long value = 0;
        if (word == "VmHWM:" && status >> value) return value;
    }
    return 0;
}

void steps(zt::parity::Case& c) {
    at::set_num_threads(static_cast<int>(zt::parity::number(c, "threads")));
    const TransformerConfig config = zt::parity::config_of(c);
    const at::ScalarType type = zt::parity::type_of(c);
    TransformerWeights weights = make_transformer(config);
    zt::weights::assign(weights, c.under("w."), type, "w");
    const zt::sample::Levels schedule =
        make_schedule(SamplerMode::kDiffusers, zt::parity::number(c, "steps"), 7.0, type, config.kind);
    Precomputed prompt = precompute(config, weights.embedders, c.input("states"), c.input("pooled"), schedule.t,
                                    guidance_input(6.0, type), {});
    weights.embedders = {};
    const at::Tensor sizes = c.input("sizes");
    const at::Tensor noise = make_noise(1, {sizes.const_data_ptr<int64_t>(), 4}, SamplerMode::kDiffusers, at::kCPU);
    c.in.clear();
    const Rope rope = rope_for(config, noise.sizes(), at::kCPU);
    ResidentBlocks blocks(weights);
    Sampling sampling;
    Clock::time_point begun;
    double spent = 0;
    const at::Tensor latents = denoise(
        sampling, schedule, noise, {},
        [&](const at::Tensor& input, int64_t step, bool) {
            return velocity(config, weights.ends, blocks, prompt, step, input, rope, {});
        },
        [&](int64_t step, int64_t) {
            if (step == 0)
                std::printf("first %.4f\n", since(kStart));
            else
                std::printf("step %.4f\ncpu %.4f\n", since(begun), cpu_seconds() - spent);
            begun = Clock::now();
            spent = cpu_seconds();
        },
        {});
    std::printf("peak %ld\n", peak_kib());
    c.out["latents"] = latents;
}

}  // namespace

int main(int argc, char** argv) { return zt::parity::run(argc, argv, {{"steps", steps}}); }
