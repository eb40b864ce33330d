// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Spelling rules; see inflection.h.
#include "text/inflection.h"

#include <algorithm>

#include "text/word_list.h"

namespace zt::text {
namespace {

bool vowel(char c) { return std::string_view("aeiou").find(c) != std::string_view::npos; }

// -s of nouns and of verbs.
std::string with_s(const std::string& word) {
    const size_t n = word.size();
    if (n > 1 && word.back() == 'y' && !vowel(word[n - 2])) return word.substr(0, n - 1) + "ies";
    for (const char* end : {"s", "x", "z", "ch", "sh", "do", "go"})
        if (word.ends_with(end)) return word + "es";
    return word + "s";
}

// Before -ing and -ed: the last letter of "run" and "stop" doubles, the e of "dance" goes.
std::string before_ending(const std::string& word, bool ing) {
    const size_t n = word.size();
    if (ing && word.ends_with("ie")) return word.substr(0, n - 2) + "y";
    if (word.back() == 'e' && !(ing && (word.ends_with("ee") || word.ends_with("oe")))) return word.substr(0, n - 1);
    if (!ing && n > 1 && word.back() == 'y' && !vowel(word[n - 2])) return word.substr(0, n - 1) + "i";
    const bool one_vowel = std::count_if(word.begin(), word.end(), vowel) == 1;
    if (n >= 3 && one_vowel && !vowel(word[n - 1]) && vowel(word[n - 2]) && !vowel(word[n - 3]) &&
        std::string_view("wxy").find(word.back()) == std::string_view::npos)
        return word + word.back();
    return word;
}

}  // namespace

std::vector<InflectedForm> inflected(std::string_view item, Inflects how) {
    const std::vector<std::string> parts = split_list(item, '|');
    if (parts.empty()) return {};
    const std::string& base = parts.front();
    std::vector<InflectedForm> forms{{base}};
    if (how == Inflects::kAsNoun) {
        if (parts.size() == 1) {
            const size_t last = base.rfind(' ') + 1;
            forms.push_back({base.substr(0, last) + with_s(base.substr(last)), true});
        }
        for (size_t i = 1; i < parts.size(); i++) forms.push_back({parts[i], parts[i] != base});
    } else if (how == Inflects::kAsVerb) {
        const size_t end = std::min(base.find(' '), base.size());
        const std::string word = base.substr(0, end), rest = base.substr(end);
        forms.push_back({with_s(word) + rest});
        forms.push_back({before_ending(word, true) + "ing" + rest, false, true});
        if (parts.size() == 1) forms.push_back({before_ending(word, false) + "ed" + rest});
        for (size_t i = 1; i < parts.size(); i++)
            forms.push_back({parts[i], false, parts[i].substr(0, parts[i].find(' ')).ends_with("ing")});
    }
    return forms;
}

}  // namespace zt::text
