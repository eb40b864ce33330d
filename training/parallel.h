// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Data-parallel steps inside one process: each worker thread builds its own graph with one
// intra-op thread. On small models this beats splitting every operator over the cores.
#pragma once

#include <ATen/Parallel.h>

#include <barrier>
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

}  // namespace zt::training
