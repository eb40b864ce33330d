// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See queue.h.
#include "pipeline/queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace zt::pipeline {

bool FrameQueue::may_begin(int64_t chunk) const {
    const int64_t ahead = chunk - 1 - reading_chunk_;  // begun, not yet being read
    return ahead < prefetch_ || (reader_waits_ && frames_.empty());
}

bool FrameQueue::wait_to_begin(int64_t chunk) {
    std::unique_lock lock(mutex_);
    worker_wakes_.wait(lock, [&] { return cancelled_ || may_begin(chunk); });
    return !cancelled_;
}

void FrameQueue::push(FramePtr frame) {
    {
        const std::lock_guard lock(mutex_);
        if (cancelled_) return;
        frames_.push_back(std::move(frame));
        reader_waits_ = false;
    }
    reader_wakes_.notify_one();
}

void FrameQueue::skip_chunk(int64_t chunk) {
    const std::lock_guard lock(mutex_);
    reading_chunk_ = std::max(reading_chunk_, chunk);
}

void FrameQueue::finish(std::optional<Failure> failure) {
    {
        const std::lock_guard lock(mutex_);
        finished_ = true;
        failure_ = std::move(failure);
    }
    reader_wakes_.notify_one();
}

zt_status FrameQueue::read(int64_t timeout_us, FramePtr& frame, Failure& failure) {
    std::unique_lock lock(mutex_);
    if (told_end_) return ZT_END;
    if (told_) {
        failure = *told_;
        return failure.status;
    }
    if (!readable()) {
        reader_waits_ = true;
        worker_wakes_.notify_one();
        const auto ready = [&] { return readable(); };
        // Longer waits than a year overflow clocks and mean the same as no limit.
        constexpr int64_t kYearUs = int64_t{365} * 24 * 3600 * 1'000'000;
        if (timeout_us < 0 || timeout_us > kYearUs) {
            reader_wakes_.wait(lock, ready);
        } else if (!reader_wakes_.wait_for(lock, std::chrono::microseconds(timeout_us), ready)) {
            return ZT_AGAIN;
        }
    }
    if (cancelled_) {
        told_ = Failure{ZT_ERROR_CANCELLED, "session: cancelled"};
    } else if (!frames_.empty()) {
        frame = std::move(frames_.front());
        frames_.pop_front();
        reading_chunk_ = std::max(reading_chunk_, frame->info.chunk);
        worker_wakes_.notify_one();
        return ZT_OK;
    } else if (failure_) {
        told_ = failure_;
    } else {
        told_end_ = true;
        return ZT_END;
    }
    failure = *told_;
    return failure.status;
}

void FrameQueue::cancel() {
    {
        const std::lock_guard lock(mutex_);
        cancelled_ = true;
        frames_.clear();
    }
    worker_wakes_.notify_one();
    reader_wakes_.notify_one();
}

}  // namespace zt::pipeline
