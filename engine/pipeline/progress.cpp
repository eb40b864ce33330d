// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See progress.h.
#include "pipeline/progress.h"

namespace zt::pipeline {

namespace {
double seconds_since(std::chrono::steady_clock::time_point then) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}
}  // namespace

void Progress::stage(const char* name, int step, int steps) {
    const std::lock_guard lock(mutex_);
    stage_ = name;
    step_ = steps > 1 ? step : 0;
    steps_ = steps > 1 ? steps : 0;
}

void Progress::begin_chunk(int64_t frames) {
    const std::lock_guard lock(mutex_);
    chunk_frames_ = frames;
    chunk_began_ = Clock::now();
    working_ = true;
}

void Progress::end_chunk(int64_t frames) {
    const std::lock_guard lock(mutex_);
    frames_done_ += frames;
    worked_seconds_ += seconds_since(chunk_began_);
    working_ = false;
    stage_ = "wait";
    step_ = steps_ = 0;
}

void Progress::finish() {
    const std::lock_guard lock(mutex_);
    working_ = false;
    stage_ = "done";
    step_ = steps_ = 0;
}

zt_progress Progress::snapshot() const {
    const std::lock_guard lock(mutex_);
    return {sizeof(zt_progress), stage_, step_, steps_, frames_done_, frames_total_, seconds_left()};
}

double Progress::seconds_left() const {
    if (frames_total_ < 0) return -1.0;
    if (frames_done_ >= frames_total_) return 0.0;
    double frames = static_cast<double>(frames_done_), seconds = worked_seconds_;
    if (working_) {
        seconds += seconds_since(chunk_began_);
        if (steps_ > 0) frames += static_cast<double>(chunk_frames_) * step_ / steps_;
    }
    if (frames <= 0.0) return -1.0;
    return seconds / frames * (static_cast<double>(frames_total_) - frames);
}

}  // namespace zt::pipeline
