// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The loop both stages share: workers, gradients, optimiser, averaged weights, checkpoints, curves.
#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "checkpoint.h"
#include "initialise.h"
#include "parallel.h"
#include "settings.h"
#include "step.h"

namespace zt::training {

// Steps after which every tensor that learns must have had a gradient: layers that start at zero wake
// one after the other, from the end to the beginning.
inline constexpr int64_t kAwake = 6;

struct LoopConfig {
    std::string out;
    int64_t steps = 0, seed = 1, save_every = 200, warm = 200;
    int workers = 2;
    double decay_from = 0.6;  // share of the run after which the learning rate falls to nothing
    double minutes = 0;       // stop after this much time with a checkpoint; 0: never
    int64_t stop_at = 0;      // stop at this step with a checkpoint; 0: never
    double budget_minutes =
        0;  // the whole run, restarts included, has this much time: progress is time, not steps; 0: steps
    double average = 0.998;  // of the averaged weights; 0: the last weights are the result
    std::string frozen;      // tensors whose names begin so stay as they are, see learns(); empty: none
    std::string may_rest;    // tensors whose names begin so may go without a gradient; empty: none. Set by the stage
    at::Device device{at::kCPU};
    OptimizerConfig optimizer;
};

inline LoopConfig loop_config(Settings& settings, const std::string& out, LoopConfig c) {
    c.out = settings.text("out", out);
    c.steps = settings.integer("steps", c.steps);
    c.seed = settings.integer("seed", c.seed);
    c.device = at::Device(settings.text("device", "cpu"));
    c.workers = c.device.is_cpu() ? static_cast<int>(settings.integer("workers", c.workers)) : 1;
    c.save_every = settings.integer("save_every", c.save_every);
    c.warm = settings.integer("warm", c.warm);
    c.average = settings.number("average", c.average);
    c.decay_from = settings.number("decay_from", c.decay_from);
    c.minutes = settings.number("minutes", c.minutes);
    c.stop_at = settings.integer("stop_at", c.stop_at);
    c.frozen = settings.text("frozen", c.frozen);
    c.budget_minutes = settings.number("budget_minutes", c.budget_minutes);
    c.optimizer.muon_lr = settings.number("muon_lr", c.optimizer.muon_lr);
    c.optimizer.adam_lr = settings.number("adam_lr", c.optimizer.adam_lr);
    // Nothing here calls CUDA by name, so the linker leaves that half of LibTorch out; it registers
    // itself when it is loaded.
    const bool loaded = !c.device.is_cuda() || dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) != nullptr;
    if (!loaded)
        throw std::runtime_error("device: expected cpu (no CUDA half of LibTorch: " + std::string(dlerror()) +
                                 "), got " + c.device.str());
    if (!c.device.is_cpu() && !at::globalContext().hasCUDA())
        throw std::runtime_error("device: expected cpu (LibTorch sees no GPU here), got " + c.device.str());
    return c;
}

// What one worker needs to know of its step.
struct Step {
    int64_t number;
    int worker;
    double progress;  // 0..1 of the run
    uint64_t seed;    // of everything random in it
};

// What it gives back. values: fp32 [names], logged as means over the steps since the last line; not a number: not asked
// in this step.
struct StepLoss {
    at::Tensor total, values;
};

// Trains `model` (fp32, on config.device) and leaves the result in it and in config.out.
//   step_loss(leaves of the model in the type of the work, Step) -> StepLoss, called by all workers at once
//   names: of the logged values; flops: of one step over all workers; samples: per step, called `unit`
// Returns true when the run is complete, false when `minutes` or `stop_at` ended it early.
template <class Model, class LossFn>
bool train(Model& model, const LoopConfig& config, const std::vector<std::string>& names, const char* unit,
           double samples, double flops, LossFn step_loss) {
    using Clock = std::chrono::steady_clock;
    initialise(model, static_cast<uint64_t>(config.seed));
    move_to(model, config.device);
    Optimizer optimizer(trainable(model, config.frozen), config.optimizer);
    Tensors average;
    int64_t step = 0;
    double spent = 0;  // seconds, restarts included
    std::map<std::string, std::string> meta;
    if (const Tensors live = load_tensors(config.out + ".live", &meta); !live.empty()) {
        assign(model, live);
        std::map<std::string, std::string> more;
        take_state(load_tensors(config.out + ".state", &more), optimizer.parameters());
        for (const auto& [name, t] : load_tensors(config.out))
            average[name] = t.to(config.device, t.scalar_type(), false, true);
        step = std::stoll(meta.at("step"));
        spent = std::stod(more.at("spent"));
        std::printf("resumed at step %ld\n", static_cast<long>(step));
    } else if (const Tensors start = load_tensors(config.out + ".start"); !start.empty()) {
        // Weights to begin with: from another scope of the world, or from a shipped model.
        const std::vector<std::string> fresh = begin_with(model, start);
        std::printf("started from %s.start, %zu tensors fresh\n", config.out.c_str(), fresh.size());
    }
    if (average.empty())
        for (const auto& [name, t] : tensors_of(model)) average[name] = t.clone();
    int64_t parameters = 0;
    for (const auto& p : optimizer.parameters()) parameters += p.master->numel();
    const double rate = matmul_rate(config.device) * (config.device.is_cpu() ? config.workers : 1);
    std::printf("%.2f M parameters in %s on %s; matmul rate %.0f GFLOP/s, a step has %.0f GFLOP\n",
                static_cast<double>(parameters) / 1e6, work_type(config.device) == at::kFloat ? "fp32" : "bf16",
                config.device.str().c_str(), rate / 1e9, flops / 1e9);
    std::FILE* curve = std::fopen((config.out + ".csv").c_str(), "a");
    TORCH_CHECK(curve != nullptr, config.out, ".csv: expected a file to write to");
    if (step == 0) {
        std::fprintf(curve, "step,%s", unit);
        for (const auto& name : names) std::fprintf(curve, ",%s", name.c_str());
        std::fprintf(curve, ",grad,seconds\n");
    }
    const auto started = Clock::now();
    auto lap = started;
    const auto since = [](Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); };
    const auto progress_now = [&] {
        return config.budget_minutes > 0 ? std::min(1.0, (spent + since(started)) / (60 * config.budget_minutes))
                                         : static_cast<double>(step) / static_cast<double>(config.steps);
    };
    const auto save = [&](bool complete) {
        Tensors state;
        add_state(state, optimizer.parameters());
        const std::map<std::string, std::string> info{{"step", std::to_string(step)},
                                                      {"complete", complete ? "1" : "0"}};
        save_tensors(config.out + ".state", state, {{"spent", std::to_string(spent + since(started))}});
        save_tensors(config.out, average, info);
        save_tensors(config.out + ".live", tensors_of(model), info);
    };
    const std::vector<std::vector<size_t>> shares = deal(optimizer.costs(), config.workers);
    std::vector<std::vector<at::Tensor>> grads(static_cast<size_t>(config.workers));
    std::vector<StepLoss> losses(static_cast<size_t>(config.workers));
    at::Tensor sums, counts;
    int64_t summed = 0;
    bool complete = progress_now() >= 1.0;
    while (!complete) {
        const double progress = progress_now();
        const double lr = std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(config.warm)) *
                          std::min(1.0, std::max(0.01, (1.0 - progress) / (1.0 - config.decay_from)));
        std::vector<at::Tensor> list;
        const Model copy = leaves(model, work_type(config.device), list, true, config.frozen);
        on_workers(config.workers, [&](int w) {
            const auto i = static_cast<size_t>(w);
            Model mine = copy;  // its convolutions are prepared in this worker's own graph
            nn::prepare(mine);
            losses[i] = step_loss(mine, Step{step, w, progress, step_seed(config.seed, step, w)});
            grads[i] = torch::autograd::grad({losses[i].total}, list, {}, std::nullopt, false, /*allow_unused=*/true);
            losses[i].total = at::Tensor();
        });
        const GradientSum sum = sum_gradients(grads, shares);
        TORCH_CHECK(std::isfinite(sum.norm), "step ", step, ": expected finite gradients");
        step++;
        const double keep = std::min(config.average, 1.0 - 4.0 / static_cast<double>(step + 4));
        auto& parameter_list = optimizer.parameters();
        on_workers(config.workers, [&](int w) {
            const std::vector<size_t>& share = shares[static_cast<size_t>(w)];
            optimizer.update(sum.tensors, lr, step, share);
            for (const size_t i : share)
                average.at(parameter_list[i].name).mul_(keep).add_(*parameter_list[i].master, 1.0 - keep);
        });
        if (step == kAwake)
            for (const auto& p : parameter_list)
                TORCH_CHECK((!config.may_rest.empty() && p.name.starts_with(config.may_rest)) ||
                                p.momentum.ne(0).any().template item<bool>(),
                            p.name, ": expected a gradient within ", step, " steps, got none: it can never learn");
        for (const StepLoss& l : losses) {
            if (!sums.defined()) sums = at::zeros_like(l.values), counts = at::zeros_like(l.values);
            sums += l.values.nan_to_num(0.0), counts += l.values.isfinite();
        }
        summed += config.workers;
        complete = progress_now() >= 1.0;
        const bool stop =
            !complete && ((config.minutes > 0 && since(started) > 60 * config.minutes) || step == config.stop_at);
        if (step % 50 == 0 || complete || stop) {
            const at::Tensor means = (sums / counts.clamp_min(1)).to(at::kCPU, at::kFloat);
            const double seconds =
                since(lap) * static_cast<double>(config.workers) / static_cast<double>(summed);  // per step
            const double left = config.budget_minutes > 0 ? config.budget_minutes * (1 - progress)
                                                          : seconds * static_cast<double>(config.steps - step) / 60;
            std::printf("step %ld (%.1f %%)", static_cast<long>(step), 100 * progress_now());
            std::fprintf(curve, "%ld,%.0f", static_cast<long>(step), static_cast<double>(step) * samples);
            for (size_t k = 0; k < names.size(); k++) {
                const double v = means[static_cast<int64_t>(k)].item<double>();
                std::printf("  %s %.4f", names[k].c_str(), v);
                std::fprintf(curve, ",%.5f", v);
            }
            std::printf("  grad %.3f  lr %.3f  %.3f s/step  %.1f %s/s  %.0f %% of matmul  eta %.1f min\n", sum.norm, lr,
                        seconds, samples / seconds, unit, 100 * flops / seconds / rate, left);
            std::fprintf(curve, ",%.4f,%.1f\n", sum.norm, spent + since(started));
            std::fflush(stdout), std::fflush(curve);
            sums = at::Tensor();
            summed = 0;
            lap = Clock::now();
        }
        if (step % config.save_every == 0 || complete || stop) save(complete);
        if (stop) break;
    }
    std::fclose(curve);
    return complete;
}

}  // namespace zt::training
