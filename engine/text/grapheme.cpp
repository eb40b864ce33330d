// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See grapheme.h. Whether two neighbours belong together depends on what came before them in three
// rules (flags, emoji, Indic conjuncts); a few states carried along answer that, so each character is
// looked at once, however long its cluster is.
#include "text/grapheme.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "text/unicode.h"

namespace zt::text {
namespace {

// clang-format off
enum Class : uint8_t {
    kOther, kCr, kLf, kControl, kExtend, kZwj, kPrepend, kSpacingMark, kL, kV, kT, kLv, kLvt, kRegional, kPicture, kConsonant,
    kLinker   // an Extend that joins Indic consonants
};
// clang-format on

struct Range {
    char32_t first, last;
    Class is;
};
constexpr Range kRanges[] = {
#include "text/grapheme_classes.inc"
};

constexpr char32_t kNonJoiner = 0x200C;  // an Extend over which consonants are not joined

Class class_of(char32_t c) noexcept {
    if (c >= 0x20 && c < 0x7F) return kOther;
    if (c == '\r') return kCr;
    if (c == '\n') return kLf;
    if (c >= 0xAC00 && c <= 0xD7A3) return (c - 0xAC00) % 28 == 0 ? kLv : kLvt;
    const Range* at = std::lower_bound(std::begin(kRanges), std::end(kRanges), c,
                                       [](const Range& r, char32_t v) { return r.last < v; });
    return at != std::end(kRanges) && c >= at->first ? at->is : kOther;
}

bool extends(Class c) noexcept { return c == kExtend || c == kLinker; }

// What the cluster so far lets follow.
class Before {
public:
    void add(Class c, char32_t code_point) noexcept {
        last_ = c;
        flags_ = c == kRegional ? flags_ + 1 : 0;
        if (c == kPicture) {
            picture_ = Picture::kSeen;
        } else if (c == kZwj && picture_ == Picture::kSeen) {
            picture_ = Picture::kJoined;
        } else if (!extends(c) || picture_ == Picture::kJoined) {
            picture_ = Picture::kNone;
        }
        if (c == kConsonant) {
            consonant_ = Consonant::kSeen;
        } else if (c == kLinker && consonant_ != Consonant::kNone) {
            consonant_ = Consonant::kLinked;
        } else if (!(c == kZwj || (c == kExtend && code_point != kNonJoiner))) {
            consonant_ = Consonant::kNone;
        }
    }
    // The rules in the order of UAX 29; their numbers are its own.
    [[nodiscard]] bool joins(Class next) const noexcept {
        if (last_ == kCr && next == kLf) return true;                                                 // GB3
        if (last_ == kControl || last_ == kCr || last_ == kLf) return false;                          // GB4
        if (next == kControl || next == kCr || next == kLf) return false;                             // GB5
        if (last_ == kL && (next == kL || next == kV || next == kLv || next == kLvt)) return true;    // GB6
        if ((last_ == kLv || last_ == kV) && (next == kV || next == kT)) return true;                 // GB7
        if ((last_ == kLvt || last_ == kT) && next == kT) return true;                                // GB8
        if (extends(next) || next == kZwj || next == kSpacingMark || last_ == kPrepend) return true;  // GB9, 9a, 9b
        if (next == kConsonant && consonant_ == Consonant::kLinked) return true;                      // GB9c
        if (next == kPicture && picture_ == Picture::kJoined) return true;                            // GB11
        return next == kRegional && flags_ % 2 == 1;                                                  // GB12, 13
    }

private:
    enum class Picture : uint8_t { kNone, kSeen, kJoined };
    enum class Consonant : uint8_t { kNone, kSeen, kLinked };
    Class last_ = kOther;
    unsigned flags_ = 0;
    Picture picture_ = Picture::kNone;
    Consonant consonant_ = Consonant::kNone;
};

}  // namespace

size_t grapheme_end(std::string_view text, size_t at) noexcept {
    char32_t c = next_code_point(text, at);
    Before before;
    before.add(class_of(c), c);
    while (at < text.size()) {
        size_t behind = at;
        c = next_code_point(text, behind);
        const Class next = class_of(c);
        if (!before.joins(next)) break;
        before.add(next, c);
        at = behind;
    }
    return at;
}

}  // namespace zt::text
