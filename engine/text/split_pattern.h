// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The regular expression of a tokenizer, run by PCRE2. The files are written for Oniguruma, so an
// expression is first read by us: what both understand alike passes (classes of general categories
// and white space, groups, look ahead, repeats), everything else is refused by name, and what
// differs is rewritten (\s is Unicode's White_Space). The interpreter is used, not the JIT: no
// writable code appears in the host's process, and its limits hold. Torch-free.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/text_budget.h"

struct pcre2_real_code_8;
struct pcre2_real_match_context_8;

namespace zt::text {

inline constexpr size_t kMaxPatternBytes = 4096;

// Immutable; thread-safe.
class SplitPattern {
public:
    struct Range {
        size_t start, end;
    };

    // `where` starts messages. Throws UNSUPPORTED for what is not done, WEIGHTS for what is no
    // expression at all.
    SplitPattern(std::string_view expression, std::string where);

    // The matches in a valid UTF-8 text, left to right; none is empty. Throws WEIGHTS when the
    // expression backtracks without end on it, and what the budget throws, looked at in every place.
    [[nodiscard]] std::vector<Range> matches(std::string_view text, TextBudget& budget) const;

private:
    struct Free {
        void operator()(pcre2_real_code_8* code) const noexcept;
        void operator()(pcre2_real_match_context_8* context) const noexcept;
    };
    std::string where_;
    std::unique_ptr<pcre2_real_code_8, Free> code_;
    std::unique_ptr<pcre2_real_match_context_8, Free> limits_;
};

}  // namespace zt::text
