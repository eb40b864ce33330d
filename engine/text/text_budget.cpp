// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See text_budget.h.
#include "text/text_budget.h"

#include <ctime>
#include <string>

#include "core/error.h"

namespace zt::text {
namespace {

// Of this thread alone: a busy machine does not make a file look slow.
int64_t processor_time() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

TextBudget::TextBudget(size_t text_bytes, const Cancel* cancel)
    : cancel_(cancel), bytes_left_((text_bytes + 64) * kMostGrowth), end_(processor_time() + kMostNanoseconds) {}

void TextBudget::look() {
    done_ = 0;
    if (cancel_ != nullptr) cancel_->poll();
    if (processor_time() > end_)
        throw Error(ZT_ERROR_WEIGHTS, "tokenizer: expected steps that take at most 2 s on a text, got slower ones");
}

void TextBudget::grow(size_t bytes) {
    if (bytes > bytes_left_)
        throw Error(ZT_ERROR_WEIGHTS, "tokenizer: expected steps that make at most " + std::to_string(kMostGrowth) +
                                          " times the bytes of a text, got more");
    bytes_left_ -= bytes;
    work(bytes / 16);
}

}  // namespace zt::text
