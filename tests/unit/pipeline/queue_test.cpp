// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The bounded queue (pipeline/queue.h): how far ahead, what the reader is told, and in which order.
#include "pipeline/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace {

using zt::Failure;
using zt::pipeline::FramePtr;
using zt::pipeline::FrameQueue;

FramePtr a_frame(int64_t chunk) {
    FramePtr frame(
        std::make_unique<zt_frame>(ZT_PIXEL_YUV420P, 16, 16, std::make_shared<const zt::pipeline::PromptTag>())
            .release());
    frame->info.chunk = chunk;
    return frame;
}

zt_status read_now(FrameQueue& queue) {
    FramePtr frame;
    Failure failure;
    return queue.read(0, frame, failure);
}

// How many chunks a worker may begin before the reader takes anything.
int chunks_without_reader(int prefetch) {
    FrameQueue queue(prefetch);
    std::atomic<int> begun = 0;
    std::jthread worker([&] {
        while (queue.wait_to_begin(begun)) queue.push(a_frame(begun++));
    });
    // The worker either goes on or blocks for good: the count stops moving.
    for (int seen = -1; seen != begun;) {
        seen = begun;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    queue.cancel();
    return begun;
}

TEST(FrameQueue, WorkerStaysPrefetchChunksAhead) {
    for (int prefetch = 0; prefetch <= 4; ++prefetch) EXPECT_EQ(chunks_without_reader(prefetch), prefetch);
}

TEST(FrameQueue, ReadingTheFirstFrameOfAChunkLetsTheNextBegin) {
    FrameQueue queue(1);
    ASSERT_TRUE(queue.wait_to_begin(0));
    queue.push(a_frame(0));
    queue.push(a_frame(0));
    EXPECT_EQ(read_now(queue), ZT_OK);
    ASSERT_TRUE(queue.wait_to_begin(1));  // would block for ever otherwise
}

TEST(FrameQueue, WithoutPrefetchAWaitingReaderStartsAChunk) {
    FrameQueue queue(0);
    EXPECT_EQ(read_now(queue), ZT_AGAIN);
    ASSERT_TRUE(queue.wait_to_begin(0));
    queue.push(a_frame(0));
    EXPECT_EQ(read_now(queue), ZT_OK);
}

TEST(FrameQueue, SkippedChunksCountAsRead) {
    FrameQueue queue(1);
    ASSERT_TRUE(queue.wait_to_begin(0));
    queue.skip_chunk(0);
    ASSERT_TRUE(queue.wait_to_begin(1));
}

TEST(FrameQueue, FailureComesAfterTheFramesBeforeItAndStays) {
    FrameQueue queue(1);
    queue.push(a_frame(0));
    queue.finish(Failure{ZT_ERROR_NUMERIC, "chunk 1: expected finite"});
    EXPECT_EQ(read_now(queue), ZT_OK);
    EXPECT_EQ(read_now(queue), ZT_ERROR_NUMERIC);
    queue.cancel();
    EXPECT_EQ(read_now(queue), ZT_ERROR_NUMERIC);
}

TEST(FrameQueue, EndStaysTheEndAfterCancel) {
    FrameQueue queue(1);
    queue.finish({});
    EXPECT_EQ(read_now(queue), ZT_END);
    queue.cancel();
    EXPECT_EQ(read_now(queue), ZT_END);
}

TEST(FrameQueue, CancelDropsFramesAndWakesBothSides) {
    FrameQueue queue(1);
    queue.push(a_frame(0));
    queue.cancel();
    EXPECT_EQ(read_now(queue), ZT_ERROR_CANCELLED);
    EXPECT_EQ(read_now(queue), ZT_ERROR_CANCELLED);
    EXPECT_FALSE(queue.wait_to_begin(7));

    FrameQueue waiting(0);
    std::jthread canceller([&] { waiting.cancel(); });
    FramePtr frame;
    Failure failure;
    EXPECT_EQ(waiting.read(-1, frame, failure), ZT_ERROR_CANCELLED);
    EXPECT_EQ(failure.message, "session: cancelled");
}

TEST(FrameQueue, ReadTimesOut) {
    FrameQueue queue(1);
    FramePtr frame;
    Failure failure;
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(queue.read(30'000, frame, failure), ZT_AGAIN);
    EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(30));
    EXPECT_EQ(frame, nullptr);
}

}  // namespace
