// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A limit of the work spent on one text, shared by all steps of a tokenizer. A file can ask for many steps that are
// each cheap, so a limit of each alone would not do. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/cancel.h"

namespace zt::text {

// All steps together may make this many times the bytes of a text (NFC: 3 times, the byte alphabet:
// twice), and take this much time of the processor. A prompt of 16 KiB takes some hundredths of it.
inline constexpr size_t kMostGrowth = 64;
inline constexpr int64_t kMostNanoseconds = 2'000'000'000;

// One thread at a time: the one that made it.
class TextBudget {
public:
    // `cancel` may be null; else it must outlive the budget.
    explicit TextBudget(size_t text_bytes, const Cancel* cancel = nullptr);

    // Counts steps of work; each is short (a place in the text, a byte). Every few thousand of them
    // it polls the cancel and looks at the clock. Throws CANCELLED, or WEIGHTS: the file is to blame.
    void work(size_t steps = 1) {
        if ((done_ += steps) >= kStepsBetween) look();
    }
    // The same for a step that may take a millisecond.
    void slow_work() { look(); }
    // Counts bytes that a step made. Throws WEIGHTS.
    void grow(size_t bytes);

private:
    static constexpr size_t kStepsBetween = 1 << 14;
    void look();

    const Cancel* cancel_;
    size_t bytes_left_, done_ = 0;
    int64_t end_;  // of this thread's processor time, ns
};

}  // namespace zt::text
