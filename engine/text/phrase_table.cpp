// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The table, and splitting, spelling repair and longest match; see phrase_table.h.
#include "text/phrase_table.h"

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"
#include "text/common_words.h"
#include "text/word_list.h"

namespace zt::text {
namespace {

constexpr size_t kMostWords = 10, kMostBytes = 64;  // of a phrase
constexpr size_t kFewestLetters = 5;                // of a word that is read as one without effect
constexpr size_t kMostRepairs = 64;  // words looked at: a prompt of nothing but unknown words must not cost much

struct Token {
    enum Kind { kWord, kCharacter, kComma, kStop } kind;
    std::string text;   // as phrases are written
    size_t begin, end;  // where it stands in the prompt
};

char32_t code_point(std::string_view text, size_t at, size_t bytes) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
    if (bytes == 1) return byte(0);
    char32_t c = byte(0) & (0x7F >> bytes);
    for (size_t i = 1; i < bytes; i++) c = c << 6 | (byte(i) & 0x3F);
    return c;
}

constexpr char32_t kTimes = 0xD7;  // the sign of "fish ×3"

bool letter_or_digit(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

class Splitter {
public:
    Splitter(const PhraseTable& table, std::string_view prompt) : table_(table), prompt_(prompt) {}

    std::vector<Token> split() {
        for (size_t i = 0; i < prompt_.size();) {
            const size_t n = utf8_sequence_bytes(prompt_, i);
            if (n == 0) {
                end_word();
                i++;
                continue;
            }
            char32_t c = code_point(prompt_, i, n);
            if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;
            take(c, i, n);
            i += n;
        }
        end_word();
        tokens_.push_back({Token::kStop, "", prompt_.size(), prompt_.size()});
        return std::move(tokens_);
    }

private:
    void take(char32_t c, size_t at, size_t bytes) {
        if (letter_or_digit(c) || (c >= 0xC0 && c < 0x2000 && c != kTimes)) {
            if (word_.empty()) begin_ = at;
            end_ = at + bytes;
            if (c < 0x80)
                word_ += static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
            else
                word_ += prompt_.substr(at, bytes);
            return;
        }
        if ((c == '\'' || c == 0x2019) && !word_.empty()) return apostrophe(at + bytes);
        const auto digit_at = [&](size_t i) { return i < prompt_.size() && prompt_[i] >= '0' && prompt_[i] <= '9'; };
        if ((c == ':' || c == '.') && end_ == at && !word_.empty() && digit_at(at - 1) &&
            digit_at(at + bytes)) {  // "16:9", "1.5"
            word_ += static_cast<char>(c);
            end_ = at + bytes;
            return;
        }
        // "3 a.m.", "U.F.O.": one word.
        const auto letter_at = [&](size_t i) {
            return i < prompt_.size() && letter_or_digit(static_cast<unsigned char>(prompt_[i]));
        };
        if (c == '.' && end_ == at && !word_.empty() && letter_at(at + 1) && !letter_at(at + 2) &&
            (at < 2 || !letter_at(at - 2)))
            return;
        end_word();
        if ((c == kTimes || c == '*') && at + bytes < prompt_.size() && prompt_[at + bytes] >= '0' &&
            prompt_[at + bytes] <= '9')
            word_ = "x", begin_ = at, end_ = at + bytes;
        if (c == '&' || c == '+') tokens_.push_back({Token::kWord, "and", at, at + bytes});
        if (std::u32string_view(U".!?\n\u3002\u2026").find(c) != std::u32string_view::npos)
            tokens_.push_back({Token::kStop, "", at, at + bytes});
        if (std::u32string_view(U",;:=()[]{}|\"/\u3001\u2014\u2013\u201C\u201D\u300A\u300B\u300C\u300D\u3010\u3011")
                .find(c) != std::u32string_view::npos)
            tokens_.push_back({Token::kComma, "", at, at + bytes});
        // CJK and what lies beyond, without its marks and the selectors of variants.
        if (c >= 0x2E80 && !(c >= 0x3000 && c <= 0x303F) && !(c >= 0xFE00 && c <= 0xFE0F) &&
            !(c >= 0xFF00 && c <= 0xFFEF) && c < 0xE0000)
            tokens_.push_back(
                {Token::kCharacter, std::string(table_.simplified(prompt_.substr(at, bytes))), at, at + bytes});
    }
    // "isn't" is the word isnt; "the dog's" are two words.
    void apostrophe(size_t next) {
        const auto at = [&](size_t i) { return i < prompt_.size() ? static_cast<unsigned char>(prompt_[i]) : 0; };
        if ((at(next) | 0x20) == 's' && !letter_or_digit(at(next + 1))) end_word();
    }
    void end_word() {
        // "1girl" is "1 girl"; "4k" stays.
        const size_t digits = std::min(word_.find_first_not_of("0123456789"), word_.size());
        if (digits > 0 && digits + 2 < word_.size() && !table_.has_word(word_) &&
            table_.has_word(word_.substr(digits))) {
            tokens_.push_back({Token::kWord, word_.substr(0, digits), begin_, begin_ + digits});
            word_.erase(0, digits), begin_ += digits;
        }
        if (!word_.empty()) tokens_.push_back({Token::kWord, std::move(word_), begin_, end_});
        word_.clear();
    }

    const PhraseTable& table_;
    std::string_view prompt_;
    std::vector<Token> tokens_;
    std::string word_;
    size_t begin_ = 0, end_ = 0;
};

// Misspelt words become the ones that were meant.
void repair(const PhraseTable& table, std::string_view prompt, std::vector<Token>& tokens,
            std::vector<std::string>& repairs) {
    std::unordered_map<std::string, std::string> seen;
    for (size_t i = 0; i < tokens.size(); i++) {
        Token& t = tokens[i];
        const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
        if (t.kind != Token::kWord || table.has_word(t.text) || !std::all_of(t.text.begin(), t.text.end(), small))
            continue;
        const bool name = prompt[t.begin] >= 'A' && prompt[t.begin] <= 'Z' && i + 1 < tokens.size() &&
                          tokens[i + 1].text == "the" && (i == 0 || tokens[i - 1].kind == Token::kStop);
        if (name) continue;  // "Rosie the elephant"
        auto found = seen.find(t.text);
        if (found == seen.end()) {
            if (seen.size() >= kMostRepairs) continue;
            found = seen.emplace(t.text, table.repaired(t.text)).first;
            if (!found->second.empty()) repairs.push_back("'" + t.text + "' is read as '" + found->second + "'");
        }
        if (!found->second.empty()) t.text = found->second;
    }
}

// Also of "x3" and "3x".
int number_in(std::string_view text) {
    if (text.size() > 1 && text.front() == 'x') text.remove_prefix(1);
    if (text.size() > 1 && text.back() == 'x') text.remove_suffix(1);
    int n = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return 0;
        n = std::min(n * 10 + (c - '0'), 99);
    }
    return n;
}

// Every letter once where it stands more than once in a row.
std::string single_letters(std::string word) {
    word.erase(std::unique(word.begin(), word.end()), word.end());
    return word;
}

bool ascii(std::string_view phrase) { return static_cast<unsigned char>(phrase[0]) < 0x80; }

bool chinese_character(std::string_view c) { return c >= "\xE2\xBA\x80"; }

// How many words or characters, and the first of them.
size_t parts_of(std::string_view phrase, std::string& first) {
    size_t n = 0;
    if (ascii(phrase)) {
        first = phrase.substr(0, phrase.find(' '));
        return static_cast<size_t>(std::count(phrase.begin(), phrase.end(), ' ')) + 1;
    }
    for (size_t i = 0; i < phrase.size(); n++) i += std::max<size_t>(1, utf8_sequence_bytes(phrase, i));
    first = phrase.substr(0, utf8_sequence_bytes(phrase, 0));
    return n;
}

}  // namespace

void PhraseTable::add(const std::string& phrase, PhraseEntry entry, const std::string& where,
                      const std::function<bool(uint32_t)>& keeps_first) {
    std::string first;
    const size_t n = phrase.empty() ? 0 : parts_of(phrase, first);
    const bool clean = n > 0 && (!ascii(phrase) || std::all_of(phrase.begin(), phrase.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ' ';
                       }));
    if (n == 0 || n > kMostWords || phrase.size() > kMostBytes || !clean || first.empty() ||
        phrase.find("  ") != phrase.npos)
        throw Error(ZT_ERROR_WEIGHTS, where + ": expected phrases of at most " + std::to_string(kMostWords) +
                                          " words in lower case without signs, got " + quote(phrase));
    const auto [found, fresh] = entries_.emplace(phrase, entry);
    if (!fresh && found->second.meaning != entry.meaning) {
        if (keeps_first && keeps_first(found->second.meaning)) return;
        throw Error(ZT_ERROR_WEIGHTS,
                    where + ": expected one meaning of each phrase, got another one of " + quote(phrase));
    }
    size_t& longest = longest_[first];
    longest = std::max(longest, n);
}

bool PhraseTable::add_variants(std::string_view pairs) {
    for (const std::string& pair : split_list(pairs, ' ')) {
        const size_t half = utf8_sequence_bytes(pair, 0);
        if (half == 0 || half * 2 != pair.size() || !chinese_character(pair)) return false;
        variants_.emplace(pair.substr(0, half), pair.substr(half));
    }
    return true;
}

// Sorted, so that what a misspelt word is read as does not hang on the order of a hash table.
void PhraseTable::finish(const std::function<bool(uint32_t)>& effective) {
    const auto words_of = [&](bool all) {
        std::vector<std::string> words;
        for (const auto& [phrase, entry] : entries_)
            if (ascii(phrase) && (all || effective(entry.meaning)))
                for (std::string& word : split_list(phrase, ' ')) words.push_back(std::move(word));
        std::sort(words.begin(), words.end());
        words.erase(std::unique(words.begin(), words.end()), words.end());
        return Spelling(std::move(words));
    };
    spelling_ = words_of(true), effective_ = words_of(false);
    for (const Spelling* words : {&effective_, &spelling_})
        for (const std::string& word : words->words()) {
            const auto [found, fresh] = single_.emplace(single_letters(word), word);
            if (!fresh && found->second.size() > word.size()) found->second = word;
        }
}

std::string PhraseTable::repaired(const std::string& word) const {
    const std::string first = effective_.nearest_word(word);
    if (!first.empty() || word.size() < kFewestLetters - 1) return first;
    // "rabitt", "sooo": letters that stand once too often, or too rarely.
    if (const auto found = single_.find(single_letters(word));
        found != single_.end() && !common_word(word) &&
        (word.size() >= kFewestLetters || found->second.size() + 2 <= word.size()))
        return found->second;
    return word.size() >= kFewestLetters ? spelling_.nearest_word(word) : first;
}

const PhraseEntry* PhraseTable::find(std::string_view phrase) const {
    const auto found = entries_.find(std::string(phrase));
    return found == entries_.end() ? nullptr : &found->second;
}

size_t PhraseTable::longest(std::string_view first) const {
    const auto found = longest_.find(std::string(first));
    return found == longest_.end() ? 0 : found->second;
}

std::string_view PhraseTable::simplified(std::string_view character) const {
    const auto found = variants_.find(std::string(character));
    return found == variants_.end() ? character : std::string_view(found->second);
}

PhraseRow find_phrases(const PhraseTable& table, std::string_view prompt) {
    PhraseRow out;
    std::vector<Token> tokens = Splitter(table, prompt).split();
    repair(table, prompt, tokens, out.repairs);
    const auto typed = [&](size_t first, size_t last) {
        return one_line(prompt.substr(tokens[first].begin, tokens[last].end - tokens[first].begin), kShownTextBytes);
    };
    for (size_t i = 0; i < tokens.size();) {
        const Token& t = tokens[i];
        PhrasePiece piece;
        size_t used = 1;
        if (t.kind == Token::kComma || t.kind == Token::kStop) {
            piece.kind = t.kind == Token::kStop ? PhrasePiece::kStop : PhrasePiece::kComma;
        } else {
            piece.chinese = t.kind == Token::kCharacter;
            std::vector<std::string> phrases;  // of one token, of two ..
            const size_t most = table.longest(t.text);
            for (size_t n = 0; n < most && i + n < tokens.size() && tokens[i + n].kind == t.kind; n++)
                phrases.push_back(n == 0 ? t.text : phrases.back() + (piece.chinese ? "" : " ") + tokens[i + n].text);
            const PhraseEntry* entry = nullptr;
            for (size_t n = phrases.size(); n > 0 && entry == nullptr; n--)
                if ((entry = table.find(phrases[n - 1])) != nullptr) used = n;
            if (entry != nullptr) {
                piece.kind = PhrasePiece::kPhrase;
                piece.entry = *entry;
            } else if (t.text.find_first_of(":.") != t.text.npos) {
                piece.kind = t.text.find(':') != t.text.npos ? PhrasePiece::kRatio : PhrasePiece::kDecimal;
            } else if (const int number = number_in(t.text); number > 0) {
                piece.kind = PhrasePiece::kNumber;
                piece.number = number;
            }
            piece.text = typed(i, i + used - 1);
            // Unknown characters in a row are one word.
            if (piece.kind == PhrasePiece::kUnknown && piece.chinese && !out.pieces.empty() &&
                out.pieces.back().kind == PhrasePiece::kUnknown && out.pieces.back().chinese &&
                out.pieces.back().text.size() < kShownTextBytes) {
                out.pieces.back().text += piece.text;
                i++;
                continue;
            }
        }
        out.pieces.push_back(std::move(piece));
        i += used;
    }
    return out;
}

}  // namespace zt::text
