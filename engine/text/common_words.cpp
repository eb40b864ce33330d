// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Binary search in the list, which is kept as one text: an array of 24,000 pointers to strings would have to be
// relocated at the start of every process that loads the library.
#include "text/common_words.h"

namespace zt::text {
namespace {

constexpr std::string_view kList =
#include "text/common_words.inc"
    ;
static_assert(kList.front() == '\n' && kList.back() == '\n');

}  // namespace

bool common_word(std::string_view word) {
    size_t low = 1, high = kList.size();  // where lines begin: the first, and one past the last
    while (low < high) {
        const size_t begin = kList.rfind('\n', low + (high - low) / 2 - 1) + 1, end = kList.find('\n', begin);
        const int order = word.compare(kList.substr(begin, end - begin));
        if (order == 0) return true;
        if (order < 0)
            high = begin;
        else
            low = end + 1;
    }
    return false;
}

}  // namespace zt::text
