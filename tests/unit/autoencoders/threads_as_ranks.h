// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Threads that are ranks to each other, over Gloo on the loopback address.
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <barrier>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "ranks/team.h"

namespace zt::test {

// c10d's recorder of what groups do takes a group's first exchange from one thread only; elsewhere a rank is a process.
inline const int no_recorder = setenv("TORCH_FR_BUFFER_SIZE", "0", 1);

// `work` of every rank in a thread of its own that computes alone. It opens its scopes itself.
inline void with_teams(int size, const std::function<void(ranks::Team&)>& work,
                       std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
    std::vector<std::string> said(static_cast<size_t>(size));
    std::barrier<> all_here(size);
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < size; rank++)
        threads.emplace_back([&, rank] {
            const c10::InferenceMode inference;
            (void)at::get_num_threads();
            at::set_num_threads(1);
            ranks::Team team(rank, size, "127.0.0.1", timeout, [&](const std::string& text) {
                said[static_cast<size_t>(rank)] = text;
                all_here.arrive_and_wait();
                std::vector<std::string> all = said;
                all_here.arrive_and_wait();
                return all;
            });
            work(team);
        });
}

}  // namespace zt::test
