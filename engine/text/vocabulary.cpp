// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See vocabulary.h.
#include "text/vocabulary.h"

#include <algorithm>

#include "core/utf8.h"

namespace zt::text {
namespace {

// Orders as the text does; equal for texts that begin alike.
uint64_t head_of(std::string_view text) noexcept {
    uint64_t head = 0;
    for (size_t i = 0; i < 8; ++i) head = head << 8 | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0U);
    return head;
}

}  // namespace

void Vocabulary::add(std::string_view token, int32_t id) {
    tokens_.push_back({head_of(token), static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(token.size()), id});
    text_ += token;
}

std::optional<std::string> Vocabulary::finish() {
    int32_t end = 0;
    for (const Token& t : tokens_) end = std::max(end, t.id + 1);
    taken_.assign(static_cast<size_t>(end), false);
    for (const Token& t : tokens_) {
        if (taken_[static_cast<size_t>(t.id)])
            return "token " + quote(text_of(t)) + ": expected an id of its own, got " + std::to_string(t.id) + " again";
        taken_[static_cast<size_t>(t.id)] = true;
    }
    std::sort(tokens_.begin(), tokens_.end(),
              [this](const Token& a, const Token& b) { return before(a, b.head, text_of(b)); });
    const auto twice = std::adjacent_find(tokens_.begin(), tokens_.end(),
                                          [this](const Token& a, const Token& b) { return text_of(a) == text_of(b); });
    if (twice != tokens_.end()) return "expected each token once, got " + quote(text_of(*twice)) + " twice";
    return std::nullopt;
}

std::optional<int32_t> Vocabulary::id(std::string_view token) const noexcept {
    const auto at = std::lower_bound(
        tokens_.begin(), tokens_.end(), token,
        [this, head = head_of(token)](const Token& t, std::string_view wanted) { return before(t, head, wanted); });
    if (at == tokens_.end() || text_of(*at) != token) return std::nullopt;
    return at->id;
}

bool Vocabulary::has_id(int32_t id) const noexcept {
    return id >= 0 && id < id_end() && taken_[static_cast<size_t>(id)];
}

}  // namespace zt::text
