// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Data-parallel steps inside one process: each worker thread builds its own graph with one
// intra-op thread. On small models this beats splitting every operator over the cores.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <functional>
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

// Gradients averaged over the workers, in fp32, clipped to norm 1; norm is the one before.
struct GradientSum {
    std::vector<at::Tensor> tensors;
    double norm = 0;
};

// workers: [worker][parameter]. Uses as many threads as there are workers.
inline GradientSum sum_gradients(const std::vector<std::vector<at::Tensor>>& workers) {
    const size_t count = workers.size(), parameters = workers[0].size();
    GradientSum sum;
    sum.tensors.resize(parameters);
    std::vector<at::Tensor> squares(parameters);
    on_workers(static_cast<int>(count), [&](int w) {
        for (size_t i = static_cast<size_t>(w); i < parameters; i += count) {
            at::Tensor g = workers[0][i].to(at::kFloat);
            for (size_t k = 1; k < count; k++) g.add_(workers[k][i]);
            sum.tensors[i] = g.div_(static_cast<double>(count));
            squares[i] = sum.tensors[i].square().sum();
        }
    });
    sum.norm = std::sqrt(at::stack(squares).sum().item<double>());   // the one wait of a step
    if (sum.norm > 1.0)
        for (at::Tensor& g : sum.tensors) g.mul_(1.0 / sum.norm);
    return sum;
}

}  // namespace zt::training
