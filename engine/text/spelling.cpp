// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Edit distance, and how large it may be; see spelling.h.
#include "text/spelling.h"

#include <algorithm>
#include <string_view>

#include "text/common_words.h"

namespace zt::text {
namespace {

constexpr size_t kLongestCorrected = 32;

bool letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Edits (insert, remove, replace, swap neighbours) between two words.
size_t edits(const std::string& a, const std::string& b) {
    std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); j++) last[j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

// Of two words as near, the one with letters in another order was meant: "hores" is "horse", not "hares".
bool same_letters(std::string a, std::string b) {
    std::sort(a.begin(), a.end());
    std::sort(b.begin(), b.end());
    return a == b;
}

bool vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

// A stem whose last letter doubles before -ing and -ed: "swim", "stop".
bool doubles(std::string_view stem) {
    const size_t n = stem.size();
    return n >= 3 && !vowel(stem[n - 1]) && vowel(stem[n - 2]) && !vowel(stem[n - 3]) &&
           std::string_view("wxy").find(stem[n - 1]) == std::string_view::npos;
}

// A regular form of a common word that the list of common words leaves out for its length.
bool regular_form(std::string_view word) {
    for (const std::string_view ending : {"ing", "ed", "er", "est"}) {
        if (!word.ends_with(ending)) continue;
        const std::string stem(word.substr(0, word.size() - ending.size()));
        if (stem.size() < 3) continue;
        if (common_word(stem + "e")) return true;
        if (common_word(stem) && stem.back() != 'e' && !(doubles(stem) && stem.size() < 5)) return true;
        if (stem.back() == 'i' && common_word(stem.substr(0, stem.size() - 1) + "y")) return true;
        const std::string single = stem.substr(0, stem.size() - 1);
        if (stem.back() == single.back() && doubles(single) && common_word(single)) return true;
    }
    for (const std::string_view ending : {"s", "es", "ly", "ness"})
        if (word.ends_with(ending) && common_word(word.substr(0, word.size() - ending.size()))) return true;
    return word.ends_with("ily") && common_word(std::string(word.substr(0, word.size() - 3)) + "y");
}

}  // namespace

Spelling::Spelling(std::vector<std::string> words) : words_(std::move(words)) {
    for (size_t i = 0; i < words_.size(); i++) places_.emplace(words_[i], static_cast<ptrdiff_t>(i));
}

ptrdiff_t Spelling::place(const std::string& word) const {
    const auto found = places_.find(word);
    return found == places_.end() ? -1 : found->second;
}

std::string Spelling::nearest_word(const std::string& word) const {
    if (common_word(word) || regular_form(word)) return "";  // whoever writes a real word means it
    if (word.size() < 4 || word.size() > kLongestCorrected || !letter(static_cast<unsigned char>(word[0]))) return "";
    for (const std::string_view ending : {"s", "es"})
        if (word.ends_with(ending))
            if (const ptrdiff_t i = place(word.substr(0, word.size() - ending.size()));
                i >= 0 && words_[static_cast<size_t>(i)].size() > 2)
                return words_[static_cast<size_t>(i)];
    size_t least = word.size() >= 7 ? 3 : 2;  // one more than allowed
    std::string best;
    for (const std::string& known : words_) {
        if (known.size() < 3 || known[0] != word[0] || known.size() + 2 < word.size() || known.size() > word.size() + 2)
            continue;
        const size_t d = edits(word, known);
        if (d < least || (d == least && !best.empty() && same_letters(word, known) && !same_letters(word, best)))
            least = d, best = known;
    }
    return best;
}

}  // namespace zt::text
