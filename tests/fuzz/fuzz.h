/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a fuzz target defines (the interface of libFuzzer) and how it reports a broken promise.
 * Each target is built twice: with libFuzzer, and as a program that replays files (replay.cpp).
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace zt::fuzz {

// Stops the process, so that the fuzzer keeps the input. Not assert(): release builds check too.
inline void require(bool promise, const char* what) {
    if (promise) return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

}  // namespace zt::fuzz
