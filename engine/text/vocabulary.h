// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The tokens of a model and their ids, as a sorted table. It is not a hash table, because a hostile file could make all
// of its tokens collide. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zt::text {

// Ids of one file stay below; the largest vocabularies in use have 262,144.
inline constexpr uint64_t kMaxTokenIds = 1 << 20;
inline constexpr size_t kMaxTokenBytes = 4096;

// Filled with add(), then finish()ed; after that immutable and thread-safe.
class Vocabulary {
public:
    void add(std::string_view token, int32_t id);  // at most kMaxTokenIds of them
    // "token \"a\": expected an id of its own, got 7 again", if two tokens or two ids are the same.
    [[nodiscard]] std::optional<std::string> finish();

    [[nodiscard]] std::optional<int32_t> id(std::string_view token) const noexcept;
    [[nodiscard]] size_t size() const noexcept { return tokens_.size(); }
    [[nodiscard]] int32_t id_end() const noexcept { return static_cast<int32_t>(taken_.size()); }
    [[nodiscard]] bool has_id(int32_t id) const noexcept;

private:
    struct Token {
        uint64_t head;  // the first eight bytes, the first one highest: most comparisons end here
        uint32_t start, length;
        int32_t id;
    };
    [[nodiscard]] std::string_view text_of(const Token& t) const noexcept {
        return std::string_view(text_).substr(t.start, t.length);
    }

    [[nodiscard]] bool before(const Token& token, uint64_t head, std::string_view text) const noexcept {
        return token.head != head ? token.head < head : text_of(token) < text;
    }

    std::string text_;           // all tokens, one after another
    std::vector<Token> tokens_;  // by text
    std::vector<bool> taken_;    // by id
};

}  // namespace zt::text
