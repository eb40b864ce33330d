// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A GGUF file in parts, so that tests can make any part wrong and write the rest as it was; mutants
// and hand-made files that want to hurt. The same seed and index give the same bytes everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hostile.h"

namespace zt::test {

struct GgufDraft {
    struct Key {
        std::string name;
        uint32_t type = 4;  // u32
        std::string value;  // as it is written
    };
    struct Tensor {
        std::string name;
        std::vector<uint64_t> sizes;  // innermost first
        uint32_t type = 0;            // F32
        uint64_t offset = 0;
        std::optional<uint32_t> rank;  // instead of the true one
    };
    std::string magic = "GGUF";
    uint32_t version = 3;
    std::vector<Key> keys;
    std::vector<Tensor> tensors;
    std::optional<uint64_t> tensor_count, key_count;
    std::string data;
    uint64_t alignment = 32;

    [[nodiscard]] std::string header() const;  // up to the padding before the data
    [[nodiscard]] std::string file() const;
};

std::string u32(uint32_t value);
std::string u64(uint64_t value);
std::string gguf_string(const std::string& text);

// A valid file: keys of all types, dense tensors, blocks, a long name, five dimensions, an empty tensor.
GgufDraft tiny_gguf();

[[nodiscard]] std::string mutant_gguf(uint64_t seed, uint64_t index);
[[nodiscard]] std::vector<HostileFile> hostile_ggufs();

}  // namespace zt::test
