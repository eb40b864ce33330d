// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The queue of finished frames between worker and reader, in order. Its size is limited in chunks: the worker may be
// `prefetch` chunks ahead of the chunk that the reader takes frames from. With prefetch 0 it makes a chunk only while
// the reader waits for one.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "core/failure.h"
#include "include/zoetrope/zoetrope.h"
#include "pipeline/frame.h"

namespace zt::pipeline {

// Thread-safe: one worker, one reader, cancel from anywhere.
class FrameQueue {
public:
    explicit FrameQueue(int prefetch) : prefetch_(prefetch) {}

    // Worker: waits until chunk number `chunk` may begin. False once cancelled.
    [[nodiscard]] bool wait_to_begin(int64_t chunk);
    void push(FramePtr frame);
    // All of this chunk's frames are before start_frame: the reader is past it without reading.
    void skip_chunk(int64_t chunk);
    // No frame follows: the end, or a failure that the reader meets after the frames made before
    // it.
    void finish(std::optional<Failure> failure);

    // Reader: ZT_OK and a frame, ZT_AGAIN, ZT_END, or what ended the generation, with its sentence
    // in *failure. Once it is not OK or AGAIN it stays so. timeout_us: -1 = for ever.
    [[nodiscard]] zt_status read(int64_t timeout_us, FramePtr& frame, Failure& failure);

    // Drops what is queued and wakes both sides.
    void cancel();

private:
    [[nodiscard]] bool may_begin(int64_t chunk) const;  // with mutex_ held
    [[nodiscard]] bool readable() const { return cancelled_ || finished_ || !frames_.empty(); }

    const int prefetch_;
    std::mutex mutex_;  // guards all below
    std::condition_variable worker_wakes_, reader_wakes_;
    std::deque<FramePtr> frames_;
    int64_t reading_chunk_ = -1;  // the chunk whose frame was read last
    bool reader_waits_ = false;   // a read found nothing since the last push
    bool finished_ = false, cancelled_ = false;
    std::optional<Failure> failure_;
    std::optional<Failure> told_;  // the final answer once given
    bool told_end_ = false;
};

}  // namespace zt::pipeline
