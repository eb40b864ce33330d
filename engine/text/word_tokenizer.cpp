// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Splitting and look-up.
#include "text/word_tokenizer.h"

#include <algorithm>

#include "core/error.h"
#include "text/common_words.h"

namespace zt::text {
namespace {

bool letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Bytes of the UTF-8 character at text[i], or 0 if there is no whole one.
size_t character_bytes(std::string_view text, size_t i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t n = lead < 0x80 ? 1 : lead >= 0xF0 && lead < 0xF8 ? 4 : lead >= 0xE0 ? (lead < 0xF0 ? 3 : 0) : lead >= 0xC2 ? 2 : 0;
    if (n == 0 || i + n > text.size()) return 0;
    for (size_t k = 1; k < n; k++)
        if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return 0;
    return n;
}

constexpr size_t kLongestCorrected = 32, kMostCorrected = 64;

// Edits (insert, remove, replace, swap neighbours) between two words.
size_t edits(const std::string& a, const std::string& b) {
    std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); j++) last[j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.size(); j++) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

}  // namespace

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    std::string word;
    const auto flush = [&] {
        if (!word.empty()) words.push_back(std::move(word));
        word.clear();
    };
    for (size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (letter(c)) {
            word += static_cast<char>(c | 0x20);
            i++;
            continue;
        }
        flush();
        const size_t n = character_bytes(text, i);
        // Three bytes and more with a lead of 0xE2 0xBA and up: CJK and what lies beyond.
        // CJK punctuation and full-width forms separate like their ASCII sisters.
        if (n >= 3) {
            const std::string_view character = text.substr(i, n);
            const bool cjk = character >= "\xE2\xBA\x80" && !(character >= "\xE3\x80\x80" && character <= "\xE3\x80\xBF") &&
                             !(character >= "\xEF\xBC\x80" && character <= "\xEF\xBF\xBF");
            if (cjk) words.emplace_back(character);
        }
        i += std::max<size_t>(n, 1);
    }
    flush();
    return words;
}

WordTokenizer::WordTokenizer(std::vector<std::string> words) : words_(std::move(words)) {
    for (size_t i = 0; i < words_.size(); i++) {
        if (words_[i].empty() || !ids_.emplace(words_[i], static_cast<int64_t>(i) + 1).second)
            throw Error(ZT_ERROR_WEIGHTS, "vocabulary: expected different, non-empty words, got \"" + words_[i] + "\" at line " + std::to_string(i + 1));
    }
}

int64_t WordTokenizer::id_of(const std::string& word) const {
    const auto found = ids_.find(word);
    return found == ids_.end() ? 0 : found->second;
}

// Id of the known word that was probably meant, or 0.
int64_t WordTokenizer::nearest(const std::string& word) const {
    if (word.size() < 4 || word.size() > kLongestCorrected || !letter(static_cast<unsigned char>(word[0]))) return 0;
    for (const char* ending : {"s", "es"})
        if (word.ends_with(ending))
            if (const int64_t id = id_of(word.substr(0, word.size() - std::string_view(ending).size())); id > 0 && words_[static_cast<size_t>(id) - 1].size() > 2) return id;
    size_t least = word.size() >= 7 ? 3 : 2;   // one more than allowed
    int64_t best = 0;
    bool alone = true;                         // no other is as near as the best
    for (size_t i = 0; i < words_.size(); i++) {
        const std::string& known = words_[i];
        if (known.size() < 3 || known[0] != word[0] || known.size() + 2 < word.size() || known.size() > word.size() + 2) continue;
        const size_t d = edits(word, known);
        if (best != 0 && d == least) alone = false;
        if (d < least) least = d, best = static_cast<int64_t>(i) + 1, alone = true;
    }
    // Whoever writes a real word means it, so nothing but its number changes: "tree" is read as "trees", but
    // "stand" is not, which is as near to "sand".
    if (common_word(word) && !(best != 0 && alone && words_[static_cast<size_t>(best) - 1] == word + "s")) return 0;
    return best;
}

WordIds WordTokenizer::encode(std::string_view text, size_t max_ids) const {
    WordIds out;
    for (const std::string& word : split_words(text)) {
        int64_t id = id_of(word);
        if (id == 0) {
            const auto same = [&](const auto& c) { return c.first == word; };
            const auto known = std::find_if(out.corrected.begin(), out.corrected.end(), same);
            if (known != out.corrected.end()) {
                id = id_of(known->second);
            } else if (std::find(out.unknown.begin(), out.unknown.end(), word) == out.unknown.end()) {
                // A prompt made of nothing but unknown words must not cost much.
                if (out.unknown.size() + out.corrected.size() < kMostCorrected) id = nearest(word);
                if (id > 0)
                    out.corrected.emplace_back(word, words_[static_cast<size_t>(id) - 1]);
                else
                    out.unknown.push_back(word);
            }
            if (id == 0) continue;
        }
        if (out.ids.size() < max_ids) {
            out.ids.push_back(id);
        } else {
            out.dropped++;
        }
    }
    return out;
}

}  // namespace zt::text
