// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See pattern_syntax.h.
#include "text/pattern_syntax.h"

#include <array>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::text {
namespace {

// Property White_Space, as the inside of a class. PCRE2's own \s has U+180E besides.
constexpr std::string_view kWhiteSpace =
    R"(\x09-\x0d\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view kPunctuation = R"(\|.()[]{}*+?^$-/'"&#!,:;<=>@_`~% )";
constexpr std::array<std::string_view, 37> kCategories = {
    "C", "Cc", "Cf", "Cn", "Co", "L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",  "Mc", "Me", "Mn", "N",  "Nd", "Nl", "No",
    "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S",  "Sc", "Sk", "Sm", "So", "Z",  "Zl", "Zp", "Zs", "Cs"};

class Reader {
public:
    Reader(std::string_view text, const std::string& where) : text_(text), where_(where) {}

    std::string read() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '\\') {
                escape();
            } else if (c == '[') {
                character_class();
            } else if (c == '(') {
                group();
            } else if (c == '?' || c == '*' || c == '+') {
                take();
                if (at_ < text_.size() && (text_[at_] == '?' || text_[at_] == '+')) take();  // lazy, possessive
                if (at_ < text_.size() && (text_[at_] == '?' || text_[at_] == '*' || text_[at_] == '+')) refuse(1);
            } else if (c == '{') {
                counted();
            } else if (c == '^' || c == '$' || c == ']' || c == '}') {
                refuse(1);  // lines or text, and letters or mistakes: the two engines disagree
            } else {
                take();
            }
        }
        return std::move(out_);
    }

private:
    [[noreturn]] void refuse(size_t bytes) const {
        throw Error(ZT_ERROR_UNSUPPORTED, where_ + ": expected a regular expression without " +
                                              quote(text_.substr(at_, bytes)) + ", got it at byte " +
                                              std::to_string(at_));
    }
    void take() { out_ += text_[at_++]; }
    [[nodiscard]] bool next_is(std::string_view what) const { return text_.substr(at_).starts_with(what); }
    // What stands there becomes something else.
    void replace(size_t bytes, std::string_view by) {
        out_ += by;
        at_ += bytes;
    }

    // \p{Lu} and \P{Lu}: general categories alone.
    bool property() {
        const std::string_view rest = text_.substr(at_);
        if (!rest.starts_with("\\p{") && !rest.starts_with("\\P{")) return false;
        const size_t end = rest.find('}');
        for (const std::string_view name : kCategories) {
            if (end != std::string_view::npos && rest.substr(3, end - 3) == name) {
                replace(end + 1, rest.substr(0, end + 1));
                return true;
            }
        }
        refuse(end == std::string_view::npos || end > 40 ? 3 : end + 1);
    }

    // The same inside and outside of a class.
    bool plain_escape() {
        if (at_ + 1 >= text_.size()) refuse(1);
        const char c = text_[at_ + 1];
        if (c == 'r' || c == 'n' || c == 't' || kPunctuation.find(c) != std::string_view::npos) {
            replace(2, text_.substr(at_, 2));
            return true;
        }
        if (c == 'd') {
            replace(2, R"(\p{Nd})");
            return true;
        }
        return property();
    }

    void escape() {
        if (plain_escape()) return;
        if (next_is("\\s")) {
            replace(2, "[" + std::string(kWhiteSpace) + "]");
        } else if (next_is("\\S")) {
            replace(2, "[^" + std::string(kWhiteSpace) + "]");
        } else {
            refuse(2);
        }
    }

    void character_class() {
        take();
        if (next_is("^")) take();
        if (next_is("]")) refuse(1);
        while (!next_is("]")) {
            if (at_ >= text_.size()) refuse(0);
            if (next_is("[") || next_is("&&")) refuse(2);
            if (next_is("\\s")) {
                replace(2, kWhiteSpace);
            } else if (text_[at_] == '\\') {
                if (!plain_escape()) refuse(2);
            } else {
                take();
            }
        }
        take();
    }

    void group() {
        for (const std::string_view kind : {"(?:", "(?i:", "(?=", "(?!"}) {
            if (next_is(kind)) {
                replace(kind.size(), kind);
                return;
            }
        }
        if (next_is("(?") || next_is("(*")) refuse(3);
        replace(1, "(?:");  // nothing refers to what a group caught
    }

    // {n}, {n,}, {n,m} of one to three digits.
    void counted() {
        size_t end = at_ + 1, digits = 0, commas = 0;
        for (; end < text_.size() && text_[end] != '}'; ++end) {
            if (text_[end] == ',' && digits > 0 && commas == 0) {
                ++commas;
                digits = 0;
            } else if (text_[end] < '0' || text_[end] > '9' || ++digits > 3) {
                refuse(1);
            }
        }
        if (end >= text_.size() || (digits == 0 && commas == 0)) refuse(1);
        replace(end + 1 - at_, text_.substr(at_, end + 1 - at_));
        if (next_is("?") || next_is("+") || next_is("*") || next_is("{")) refuse(1);  // mean different things
    }

    std::string_view text_;
    const std::string& where_;
    size_t at_ = 0;
    std::string out_;
};

}  // namespace

std::string to_pcre2(std::string_view expression, const std::string& where) { return Reader(expression, where).read(); }

}  // namespace zt::text
