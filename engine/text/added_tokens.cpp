// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See added_tokens.h.
#include "text/added_tokens.h"

#include <algorithm>
#include <functional>

#include "text/unicode.h"

namespace zt::text {
namespace {

bool word_ends(std::string_view text) noexcept {
    size_t end = text.size();
    return end > 0 && is_word(previous_code_point(text, end));
}

bool word_begins(std::string_view text) noexcept {
    size_t at = 0;
    return !text.empty() && is_word(next_code_point(text, at));
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)), starts_(256, false) {
    std::erase_if(tokens_, [](const AddedToken& t) { return t.content.empty(); });
    std::stable_sort(tokens_.begin(), tokens_.end(), [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; });
    for (const AddedToken& t : tokens_) {
        lengths_.push_back(t.content.size());
        starts_[static_cast<uint8_t>(t.content.front())] = true;
    }
    std::sort(lengths_.begin(), lengths_.end(), std::greater<>());
    lengths_.erase(std::unique(lengths_.begin(), lengths_.end()), lengths_.end());
}

const AddedToken* AddedTokens::longest_at(std::string_view rest) const noexcept {
    if (!starts_[static_cast<uint8_t>(rest.front())]) return nullptr;
    for (const size_t length : lengths_) {
        if (length > rest.size()) continue;
        const std::string_view wanted = rest.substr(0, length);
        const auto at = std::lower_bound(tokens_.begin(), tokens_.end(), wanted,
            [](const AddedToken& t, std::string_view w) { return t.content < w; });
        if (at != tokens_.end() && at->content == wanted) return &*at;
    }
    return nullptr;
}

std::vector<TextPart> AddedTokens::split(std::string_view text) const {
    std::vector<TextPart> parts;
    size_t done = 0;   // up to here the text is in parts
    for (size_t at = 0; !tokens_.empty() && at < text.size();) {
        const AddedToken* token = longest_at(text.substr(at));
        if (token == nullptr) {
            ++at;   // a token never starts inside a character: both are UTF-8
            continue;
        }
        size_t start = at, end = at + token->content.size();
        at = end;
        if (token->single_word && (word_ends(text.substr(0, start)) || word_begins(text.substr(end)))) continue;
        if (token->lstrip) {
            for (size_t before = start; before > done && is_white_space(previous_code_point(text, before));) start = before;
        }
        if (token->rstrip) {
            for (size_t behind = end; behind < text.size() && is_white_space(next_code_point(text, behind));) end = behind;
        }
        if (done < start) parts.push_back({text.substr(done, start - done), std::nullopt});
        parts.push_back({text.substr(start, end - start), token->id});
        done = end;
    }
    if (done < text.size()) parts.push_back({text.substr(done), std::nullopt});
    return parts;
}

}  // namespace zt::text
