// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every exception becomes one status and one line (core/failure.h).
#include "core/failure.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <system_error>

#include "core/error.h"

namespace {

TEST(Failure, NothingThrownIsNoFailure) {
    EXPECT_FALSE(zt::attempt([] {}));
}

TEST(Failure, OwnErrorsKeepStatusAndSentence) {
    const auto failure = zt::attempt([] { throw zt::Error(ZT_ERROR_WEIGHTS, "m.safetensors: expected 1, got 2"); });
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->status, ZT_ERROR_WEIGHTS);
    EXPECT_EQ(failure->message, "m.safetensors: expected 1, got 2");
}

TEST(Failure, AnAllocatorsMessageThatBreaksOffTellsOfMemory) {
    const auto status_of = [](const char* text) {
        return zt::attempt([&] { throw std::runtime_error(text); })->status;
    };
    EXPECT_EQ(status_of("[enforce fail a"), ZT_ERROR_MEMORY);
    EXPECT_EQ(status_of("[enforce fail at alloc_cpu"), ZT_ERROR_MEMORY);
    EXPECT_EQ(status_of("[enforce fail at Shape.cpp:12] a > 0"), ZT_ERROR_INTERNAL);
    EXPECT_EQ(status_of("["), ZT_ERROR_INTERNAL);
}

TEST(Failure, MemoryIsToldApart) {
    EXPECT_EQ(zt::attempt([] { throw std::bad_alloc(); })->status, ZT_ERROR_MEMORY);
    // As LibTorch's CPU allocator words it.
    EXPECT_EQ(zt::attempt([] {
                  throw std::runtime_error(
                      "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't "
                      "allocate memory: you tried to allocate 64 bytes.");
              })->status,
              ZT_ERROR_MEMORY);
    // As oneDNN does, and what is another fault of its.
    EXPECT_EQ(zt::attempt([] { throw std::runtime_error("could not create a primitive"); })->status, ZT_ERROR_MEMORY);
    EXPECT_EQ(zt::attempt([] {
                  throw std::runtime_error("could not create a primitive descriptor for a matmul primitive");
              })->status,
              ZT_ERROR_INTERNAL);
    EXPECT_EQ(zt::attempt([] { throw std::system_error(EAGAIN, std::generic_category()); })->status, ZT_ERROR_MEMORY);
}

TEST(Failure, ForeignErrorsAreOneLineWithoutBacktrace) {
    const auto failure = zt::attempt(
        [] { throw std::runtime_error("mat1 and mat2 differ\nException raised from here\nframe #0: 0x7f"); });
    EXPECT_EQ(failure->status, ZT_ERROR_INTERNAL);
    EXPECT_EQ(failure->message, "internal: mat1 and mat2 differ");
}

TEST(Failure, UnknownTypesAreCaughtToo) {
    EXPECT_EQ(zt::attempt([] { throw 42; })->status, ZT_ERROR_INTERNAL);
}

TEST(Failure, LongAndHostileTextIsBounded) {
    const auto failure = zt::attempt([] { throw zt::Error(ZT_ERROR_IO, std::string(5000, '\x1b')); });
    EXPECT_LE(failure->message.size(), 507U);
    EXPECT_EQ(failure->message.find('\x1b'), std::string::npos);
}

}  // namespace
