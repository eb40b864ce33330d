// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Data-parallel steps inside one process: each worker thread builds its own graph with one
// intra-op thread. On small models this beats splitting every operator over the cores.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

namespace zt::training {

// Runs body(worker) on `count` threads and waits. The first exception is thrown again here.
inline void on_workers(int count, const std::function<void(int)>& body) {
    std::vector<std::exception_ptr> errors(static_cast<size_t>(count));
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < count; i++)
            threads.emplace_back([&, i] {
                try {
                    at::set_num_threads(1);
                    body(i);
                } catch (...) {
                    errors[static_cast<size_t>(i)] = std::current_exception();
                }
            });
    }
    for (const auto& e : errors)
        if (e) std::rethrow_exception(e);
}

// Deals items to workers so that all have about the same cost: the largest first, each to who has least.
inline std::vector<std::vector<size_t>> deal(const std::vector<double>& cost, int workers) {
    std::vector<size_t> order(cost.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return cost[a] > cost[b]; });
    std::vector<std::vector<size_t>> hands(static_cast<size_t>(workers));
    std::vector<double> load(hands.size());
    for (const size_t i : order) {
        const auto least = static_cast<size_t>(std::min_element(load.begin(), load.end()) - load.begin());
        hands[least].push_back(i);
        load[least] += cost[i];
    }
    return hands;
}

// Gradients averaged over the workers, in fp32, clipped to norm 1; norm is the one before. Undefined where no
// worker's loss had to do with the parameter.
struct GradientSum {
    std::vector<at::Tensor> tensors;
    double norm = 0;
};

// workers: [worker][parameter], undefined for the same parameters in all; shares: the parameters each worker's thread
// adds up.
inline GradientSum sum_gradients(const std::vector<std::vector<at::Tensor>>& workers,
                                 const std::vector<std::vector<size_t>>& shares) {
    const size_t count = workers.size(), parameters = workers[0].size();
    GradientSum sum;
    sum.tensors.resize(parameters);
    std::vector<at::Tensor> squares(parameters);
    on_workers(static_cast<int>(count), [&](int w) {
        for (const size_t i : shares[static_cast<size_t>(w)]) {
            if (!workers[0][i].defined()) continue;
            at::Tensor g = workers[0][i].to(at::kFloat);
            for (size_t k = 1; k < count; k++) g.add_(workers[k][i]);
            sum.tensors[i] = g.div_(static_cast<double>(count));
            squares[i] = sum.tensors[i].square().sum();
        }
    });
    std::erase_if(squares, [](const at::Tensor& t) { return !t.defined(); });
    sum.norm = std::sqrt(at::stack(squares).sum().item<double>());  // the one wait of a step
    if (sum.norm > 1.0)
        for (at::Tensor& g : sum.tensors)
            if (g.defined()) g.mul_(1.0 / sum.norm);
    return sum;
}

}  // namespace zt::training
