// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Threads that are ranks to each other, over Gloo on the loopback address.
#pragma once

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <barrier>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "core/cancel.h"
#include "core/failure.h"
#include "ranks/team.h"

namespace zt::test {

// c10d's recorder of what groups do takes a group's first exchange from one thread only; elsewhere a rank is a process.
inline const int no_recorder = setenv("TORCH_FR_BUFFER_SIZE", "0", 1);

// What all threads say to each other before they are connected.
class Table {
public:
    explicit Table(int size) : said_(static_cast<size_t>(size)), all_here_(size) {}
    std::vector<std::string> swap(int rank, const std::string& text) {
        said_[static_cast<size_t>(rank)] = text;
        all_here_.arrive_and_wait();
        std::vector<std::string> all = said_;
        all_here_.arrive_and_wait();
        return all;
    }

private:
    std::vector<std::string> said_;
    std::barrier<> all_here_;
};

// `work` of every rank in a thread of its own that computes alone. It opens its scopes itself.
inline void with_teams(int size, const std::function<void(ranks::Team&)>& work,
                       std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
    Table table(size);
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < size; rank++)
        threads.emplace_back([&, rank] {
            const c10::InferenceMode inference;
            (void)at::get_num_threads();
            at::set_num_threads(1);
            ranks::Team team(rank, size, "127.0.0.1", timeout,
                             [&](const std::string& text) { return table.swap(rank, text); });
            work(team);
        });
}

// The same in the scope of the team; the test fails where `work` throws.
inline void with_ranks(int size, const std::function<void(ranks::Team&, int rank)>& work) {
    with_teams(size, [&](ranks::Team& team) {
        const Cancel cancel;
        const int rank = team.rank();
        const auto failure = attempt([&] {
            const ranks::TeamScope scope(team, cancel);
            work(team, rank);
        });
        EXPECT_FALSE(failure) << "rank " << rank << ": " << failure->message;
    });
}

}  // namespace zt::test
