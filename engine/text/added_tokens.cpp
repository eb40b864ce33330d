// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See added_tokens.h.
#include "text/added_tokens.h"

#include <algorithm>

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

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
    std::erase_if(tokens_, [](const AddedToken& t) { return t.content.empty(); });
    std::stable_sort(tokens_.begin(), tokens_.end(),
                     [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; });
    // A node is a stretch of tokens that begin alike. Of equal ones the first counts.
    struct Stretch {
        uint32_t from, to;
    };
    std::vector<Stretch> level = {{0, static_cast<uint32_t>(tokens_.size())}}, below;
    bytes_.push_back(0);
    for (size_t depth = 0; !level.empty(); ++depth, level.swap(below), below.clear()) {
        const size_t next_level = bytes_.size();
        for (auto [at, to] : level) {
            first_.push_back(static_cast<uint32_t>(next_level + below.size()));
            // The shortest of the stretch stand first.
            ends_.push_back(at < to && tokens_[at].content.size() == depth ? static_cast<int32_t>(at) : -1);
            while (at < to && tokens_[at].content.size() == depth) ++at;
            while (at < to) {
                const char byte = tokens_[at].content[depth];
                const uint32_t from = at;
                while (at < to && tokens_[at].content[depth] == byte) ++at;
                below.push_back({from, at});
                bytes_.push_back(static_cast<uint8_t>(byte));
            }
        }
    }
    first_.push_back(static_cast<uint32_t>(bytes_.size()));
}

AddedTokens::Walk AddedTokens::longest_at(std::string_view rest) const noexcept {
    const AddedToken* longest = nullptr;
    size_t node = 0, depth = 0;
    while (depth < rest.size()) {
        const auto byte = static_cast<uint8_t>(rest[depth]);
        const auto begin = bytes_.begin() + first_[node], end = bytes_.begin() + first_[node + 1];
        const auto at = std::lower_bound(begin, end, byte);
        if (at == end || *at != byte) break;
        node = static_cast<size_t>(at - bytes_.begin());
        ++depth;
        if (ends_[node] >= 0) longest = &tokens_[static_cast<size_t>(ends_[node])];
    }
    return {longest, depth + 1};
}

std::vector<TextPart> AddedTokens::split(std::string_view text, TextBudget& budget) const {
    std::vector<TextPart> parts;
    size_t done = 0;  // up to here the text is in parts
    for (size_t at = 0; !tokens_.empty() && at < text.size();) {
        const auto [token, steps] = longest_at(text.substr(at));
        budget.work(steps);
        if (token == nullptr) {
            ++at;  // a token never starts inside a character: both are UTF-8
            continue;
        }
        size_t start = at, end = at + token->content.size();
        at = end;
        if (token->single_word && (word_ends(text.substr(0, start)) || word_begins(text.substr(end)))) continue;
        if (token->lstrip) {
            for (size_t before = start; before > done && is_white_space(previous_code_point(text, before));) {
                budget.work();
                start = before;
            }
        }
        if (token->rstrip) {
            for (size_t behind = end; behind < text.size() && is_white_space(next_code_point(text, behind));) {
                budget.work();
                end = behind;
            }
        }
        if (done < start) parts.push_back({text.substr(done, start - done), std::nullopt});
        parts.push_back({text.substr(start, end - start), token->id});
        done = end;
    }
    if (done < text.size()) parts.push_back({text.substr(done), std::nullopt});
    return parts;
}

}  // namespace zt::text
