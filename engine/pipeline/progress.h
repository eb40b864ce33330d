// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The progress of a generation: written by the worker, read from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "include/zoetrope/zoetrope.h"

namespace zt::pipeline {

// Thread-safe.
class Progress {
public:
    explicit Progress(int64_t frames_total) : frames_total_(frames_total) {}

    // name: static storage. A stage of one step has no steps to tell: 0 of 0.
    void stage(const char* name, int step, int steps);
    void begin_chunk(int64_t frames);  // about so many; working time runs from here …
    void end_chunk(int64_t frames);    // … to here; waiting does not count
    void finish();
    [[nodiscard]] zt_progress snapshot() const;  // struct_size is the caller's business

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] double seconds_left() const;  // with mutex_ held

    const int64_t frames_total_;
    mutable std::mutex mutex_;  // guards all below
    const char* stage_ = "load";
    int step_ = 0, steps_ = 0;
    int64_t frames_done_ = 0, chunk_frames_ = 0;
    bool working_ = false;
    Clock::time_point chunk_began_{};
    double worked_seconds_ = 0.0;  // on finished chunks
};

}  // namespace zt::pipeline
