// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The training loop of all networks: data-parallel workers, optimiser, exponential moving average of the weights (EMA),
// checkpoints, learning curve.
#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "checkpoint.h"
#include "curve.h"
#include "initialise.h"
#include "parallel.h"
#include "settings.h"
#include "step.h"

namespace zt::training {

// After so many steps every trainable tensor must have had a gradient. It takes more than one, because layers that
// start at zero pass none on, and leave zero one after the other, from the network's end to its beginning.
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
    double average = 0.998;  // decay of the EMA, which is the result; 0: the last weights are
    std::string frozen;      // tensors whose names begin so are not trained, see learns(); empty: none
    std::string may_rest;    // tensors whose names begin so need not get a gradient (kAwake). Set by the stage
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

// One worker's part of a training step.
struct Step {
    int64_t number;
    int worker;
    double progress;  // 0..1 of the run
    uint64_t seed;    // of all random numbers in it
};

// One run of training, from its start or its last checkpoint.
template <class Model>
class Run {
public:
    Run(Model& model, const LoopConfig& config)
        : model_(begun(model, config)), config_(config),
          optimizer_(trainable(model_, config.frozen), config.optimizer) {
        if (!resume()) take_start_weights();
        if (average_.empty())
            for (const auto& [name, t] : tensors_of(model_)) average_[name] = t.clone();
        shares_ = deal(optimizer_.costs(), config_.workers);
        started_ = std::chrono::steady_clock::now();
    }

    [[nodiscard]] int64_t step() const { return step_; }
    [[nodiscard]] int64_t parameters() {
        int64_t count = 0;
        for (const auto& p : optimizer_.parameters()) count += p.master->numel();
        return count;
    }
    // Since the run began, restarts included.
    [[nodiscard]] double seconds() const { return spent_ + seconds_here(); }
    // 0..1
    [[nodiscard]] double progress() const {
        return config_.budget_minutes > 0 ? std::min(1.0, seconds() / (60 * config_.budget_minutes))
                                          : static_cast<double>(step_) / static_cast<double>(config_.steps);
    }
    [[nodiscard]] double minutes_left(double progress, double seconds_per_step) const {
        return config_.budget_minutes > 0 ? config_.budget_minutes * (1 - progress)
                                          : seconds_per_step * static_cast<double>(config_.steps - step_) / 60;
    }
    // Whether it is to end here, to be resumed later.
    [[nodiscard]] bool is_to_pause() const {
        return (config_.minutes > 0 && seconds_here() > 60 * config_.minutes) || step_ == config_.stop_at;
    }
    // Share of the optimiser's learning rate: it rises in the first steps and falls at the end.
    [[nodiscard]] double learning_rate(double progress) const {
        return std::min(1.0, static_cast<double>(step_ + 1) / static_cast<double>(config_.warm)) *
               std::min(1.0, std::max(0.01, (1.0 - progress) / (1.0 - config_.decay_from)));
    }

    // All workers' losses, and the gradients averaged over them.
    template <class LossFn>
    [[nodiscard]] GradientSum gradients(LossFn& step_loss, double progress, std::vector<StepLoss>& losses) {
        std::vector<at::Tensor> list;
        const Model copy = leaves(model_, work_type(config_.device), list, true, config_.frozen);
        std::vector<std::vector<at::Tensor>> grads(losses.size());
        on_workers(config_.workers, [&](int w) {
            const auto i = static_cast<size_t>(w);
            Model mine = copy;  // its convolutions are prepared in this worker's own graph
            nn::prepare(mine);
            losses[i] = step_loss(mine, Step{step_, w, progress, step_seed(config_.seed, step_, w)});
            grads[i] = torch::autograd::grad({losses[i].total}, list, {}, std::nullopt, false, /*allow_unused=*/true);
            losses[i].total = at::Tensor();
        });
        GradientSum sum = sum_gradients(grads, shares_);
        TORCH_CHECK(std::isfinite(sum.norm), "step ", step_, ": expected finite gradients");
        return sum;
    }

    // Ends the step: weights and averaged weights.
    void update(const GradientSum& sum, double learning_rate) {
        step_++;
        const double keep = std::min(config_.average, 1.0 - 4.0 / static_cast<double>(step_ + 4));
        auto& parameters = optimizer_.parameters();
        on_workers(config_.workers, [&](int w) {
            const std::vector<size_t>& share = shares_[static_cast<size_t>(w)];
            optimizer_.update(sum.tensors, learning_rate, step_, share);
            for (const size_t i : share)
                average_.at(parameters[i].name).mul_(keep).add_(*parameters[i].master, 1.0 - keep);
        });
        if (step_ == kAwake) check_awake();
    }

    void save(bool complete) {
        Tensors state;
        add_state(state, optimizer_.parameters());
        const std::map<std::string, std::string> info{{"step", std::to_string(step_)},
                                                      {"complete", complete ? "1" : "0"}};
        save_tensors(config_.out + ".state", state, {{"spent", std::to_string(seconds())}});
        save_tensors(config_.out, average_, info);
        save_tensors(config_.out + ".live", tensors_of(model_), info);
    }

private:
    static Model& begun(Model& model, const LoopConfig& config) {
        initialise(model, static_cast<uint64_t>(config.seed));
        move_to(model, config.device);
        return model;
    }

    // False where there is no checkpoint.
    bool resume() {
        std::map<std::string, std::string> meta, more;
        const Tensors live = load_tensors(config_.out + ".live", &meta);
        if (live.empty()) return false;
        assign(model_, live);
        take_state(load_tensors(config_.out + ".state", &more), optimizer_.parameters());
        for (const auto& [name, t] : load_tensors(config_.out))
            average_[name] = t.to(config_.device, t.scalar_type(), false, true);
        step_ = std::stoll(meta.at("step"));
        spent_ = std::stod(more.at("spent"));
        std::printf("resumed at step %ld\n", static_cast<long>(step_));
        return true;
    }

    // Weights to begin with, if there are any: of another scope of the world, or of a shipped model.
    void take_start_weights() {
        const Tensors start = load_tensors(config_.out + ".start");
        if (start.empty()) return;
        const std::vector<std::string> fresh = begin_with(model_, start);
        std::printf("started from %s.start, %zu tensors fresh\n", config_.out.c_str(), fresh.size());
    }

    void check_awake() {
        for (const auto& p : optimizer_.parameters())
            TORCH_CHECK((!config_.may_rest.empty() && p.name.starts_with(config_.may_rest)) ||
                            p.momentum.ne(0).any().template item<bool>(),
                        p.name, ": expected a gradient within ", step_, " steps, got none: it can never learn");
    }

    [[nodiscard]] double seconds_here() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
    }

    Model& model_;
    const LoopConfig& config_;
    Optimizer optimizer_;
    Tensors average_;
    std::vector<std::vector<size_t>> shares_;  // of the parameters, for each worker
    int64_t step_ = 0;                         // steps done
    double spent_ = 0;                         // seconds before the last restart
    std::chrono::steady_clock::time_point started_;
};

// Trains `model` (fp32, on config.device) and leaves the result in it and in config.out.
//   step_loss(leaves of the model in the type of the work, Step) -> StepLoss, called by all workers at once
//   names: of the logged values; flops: of one step over all workers; samples: per step, called `unit`
// Returns true when the run is complete, false when `minutes` or `stop_at` ended it early.
template <class Model, class LossFn>
bool train(Model& model, const LoopConfig& config, const std::vector<std::string>& names, const char* unit,
           double samples, double flops, LossFn step_loss) {
    Run<Model> run(model, config);
    const double rate = matmul_rate(config.device) * (config.device.is_cpu() ? config.workers : 1);
    std::printf("%.2f M parameters in %s on %s; matmul rate %.0f GFLOP/s, a step has %.0f GFLOP\n",
                static_cast<double>(run.parameters()) / 1e6, work_type(config.device) == at::kFloat ? "fp32" : "bf16",
                config.device.str().c_str(), rate / 1e9, flops / 1e9);
    Curve curve(config.out, names, {unit, samples, flops, rate}, run.step() == 0);
    std::vector<StepLoss> losses(static_cast<size_t>(config.workers));
    bool complete = run.progress() >= 1.0;
    while (!complete) {
        const double progress = run.progress(), rate_now = run.learning_rate(progress);
        const GradientSum sum = run.gradients(step_loss, progress, losses);
        run.update(sum, rate_now);
        curve.add(losses);
        complete = run.progress() >= 1.0;
        const bool pause = !complete && run.is_to_pause();
        if (run.step() % 50 == 0 || complete || pause)
            curve.line({run.step(), run.progress(), run.minutes_left(progress, curve.seconds_per_step()), sum.norm,
                        rate_now, run.seconds()});
        if (run.step() % config.save_every == 0 || complete || pause) run.save(complete);
        if (pause) break;
    }
    return complete;
}

}  // namespace zt::training
