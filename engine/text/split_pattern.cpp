// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See split_pattern.h.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "text/split_pattern.h"

#include <array>
#include <new>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "text/pattern_syntax.h"
#include "text/unicode.h"
#include "text/unicode_versions.h"

namespace zt::text {
namespace {

// Of one attempt at one place. The published expressions need about one step per character of a
// run of blanks, and a prompt has 16 KiB.
constexpr uint32_t kMostSteps = 100'000;
constexpr uint32_t kMostHeapKib = 16 << 10;

struct FreeMatch {
    void operator()(pcre2_match_data* data) const noexcept { pcre2_match_data_free(data); }
};
struct FreeCompile {
    void operator()(pcre2_compile_context* context) const noexcept { pcre2_compile_context_free(context); }
};

template <typename T>
T* made(T* pointer) {
    if (pointer == nullptr) throw std::bad_alloc();
    return pointer;
}

}  // namespace

void SplitPattern::Free::operator()(pcre2_real_code_8* code) const noexcept { pcre2_code_free(code); }
void SplitPattern::Free::operator()(pcre2_real_match_context_8* context) const noexcept {
    pcre2_match_context_free(context);
}

SplitPattern::SplitPattern(std::string_view expression, std::string where) : where_(std::move(where)) {
    if (expression.size() > kMaxPatternBytes || !is_valid_utf8(expression)) {
        throw Error(ZT_ERROR_WEIGHTS, where_ + ": expected at most " + std::to_string(kMaxPatternBytes) +
                                          " bytes of UTF-8, got " + std::to_string(expression.size()));
    }
    const std::string rewritten = to_pcre2(expression, where_);
    const std::unique_ptr<pcre2_compile_context, FreeCompile> how(made(pcre2_compile_context_create(nullptr)));
    pcre2_set_newline(how.get(), PCRE2_NEWLINE_LF);
    int error = 0;
    PCRE2_SIZE at = 0;
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(rewritten.data()), rewritten.size(),
                              PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &at, how.get()));
    if (code_ == nullptr) {
        if (error == PCRE2_ERROR_NOMEMORY) throw std::bad_alloc();
        std::array<PCRE2_UCHAR, 160> text{};
        pcre2_get_error_message(error, text.data(), text.size());
        throw Error(ZT_ERROR_WEIGHTS, where_ + ": expected a regular expression, got " + quote(expression) + " (" +
                                          reinterpret_cast<const char*>(text.data()) + ")");
    }
    uint32_t empty = 0;
    pcre2_pattern_info(code_.get(), PCRE2_INFO_MATCHEMPTY, &empty);
    if (empty != 0)
        throw Error(ZT_ERROR_UNSUPPORTED,
                    where_ + ": expected an expression that matches no empty text, got " + quote(expression));
    limits_.reset(made(pcre2_match_context_create(nullptr)));
    pcre2_set_match_limit(limits_.get(), kMostSteps);
    pcre2_set_depth_limit(limits_.get(), kMostSteps);
    pcre2_set_heap_limit(limits_.get(), kMostHeapKib);
}

std::vector<SplitPattern::Range> SplitPattern::matches(std::string_view text, TextBudget& budget) const {
    const auto refuse = [&] {
        throw Error(
            ZT_ERROR_WEIGHTS,
            where_ + ": expected an expression that is quick on every text, got one that is not on " + quote(text));
    };
    const std::unique_ptr<pcre2_match_data, FreeMatch> found(
        made(pcre2_match_data_create_from_pattern(code_.get(), nullptr)));
    std::vector<Range> ranges;
    const std::string subject = with_older_letters(text);
    for (size_t at = 0; at < text.size();) {
        // Anchored, so that the limits hold for each place and the clock is looked at between them.
        // The text is known to be UTF-8; checking it again at each place would be quadratic.
        const int count = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), at,
                                      PCRE2_ANCHORED | PCRE2_NO_UTF_CHECK, found.get(), limits_.get());
        if (count == PCRE2_ERROR_NOMEMORY) throw std::bad_alloc();
        if (count < 0 && count != PCRE2_ERROR_NOMATCH) refuse();
        budget.slow_work();
        const size_t end = count >= 0 ? pcre2_get_ovector_pointer(found.get())[1] : at;
        if (end > at) {
            ranges.push_back({at, end});
            at = end;
        } else {
            (void)next_code_point(text, at);
        }
    }
    return ranges;
}

}  // namespace zt::text
