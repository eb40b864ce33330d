// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A safetensors file in parts, as text, so that tests can make any part wrong and write the rest
// as it was. Shared by the unit tests, the fault tests and the maker of golden verdicts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace zt::test {

// The same numbers on every machine and library (splitmix64, Steele et al. 2014).
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}
    uint64_t next();
    size_t below(size_t n) { return static_cast<size_t>(next() % n); }
    bool one_in(size_t n) { return below(n) == 0; }
    template <typename List>
    const auto& pick(const List& list) {
        return list[below(std::size(list))];
    }

private:
    uint64_t state_;
};

struct DraftTensor {
    std::string name;
    // JSON text of each key's value, in writing order; normally dtype, shape, data_offsets.
    std::vector<std::pair<std::string, std::string>> keys;

    std::string* find(const std::string& key);
};

struct Draft {
    std::string metadata;  // JSON text after "__metadata__":, empty for none
    std::vector<DraftTensor> tensors;
    std::string before, after;  // around the tensors, inside the braces
    std::string padding;        // after the closing brace
    std::string data;
    std::optional<uint64_t> header_length;  // instead of the true one

    [[nodiscard]] std::string header() const;
    [[nodiscard]] std::string file() const;
};

// A tensor whose bytes lie at begin.
DraftTensor draft_tensor(const std::string& name, const std::string& dtype, const std::string& shape, uint64_t begin,
                         uint64_t end);

// A valid checkpoint with `count` tensors of all dtypes, ranks 0 to 5 and one empty tensor; data is
// a pattern, so that bytes read from a wrong place differ.
Draft tiny_checkpoint(size_t count);

std::string little_endian(uint64_t value);

}  // namespace zt::test
