// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Drafts of safetensors files; see checkpoint_draft.h.
#include "checkpoint_draft.h"

#include <array>
#include <numeric>

namespace zt::test {

uint64_t Random::next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

std::string* DraftTensor::find(const std::string& key) {
    for (auto& [own_key, value] : keys) {
        if (own_key == key) return &value;
    }
    return nullptr;
}

std::string Draft::header() const {
    std::string text = "{" + before;
    const auto separate = [&] {
        if (text.back() != '{') text += ',';
    };
    if (!metadata.empty()) {
        separate();
        text += "\"__metadata__\":" + metadata;
    }
    for (const DraftTensor& tensor : tensors) {
        separate();
        text += '"' + tensor.name + "\":{";
        for (const auto& [key, value] : tensor.keys) {
            separate();
            text += '"' + key + "\":" + value;
        }
        text += '}';
    }
    return text + after + '}' + padding;
}

std::string Draft::file() const {
    const std::string text = header();
    return little_endian(header_length.value_or(text.size())) + text + data;
}

DraftTensor draft_tensor(const std::string& name, const std::string& dtype, const std::string& shape, uint64_t begin,
                         uint64_t end) {
    return {name,
            {{"dtype", '"' + dtype + '"'},
             {"shape", shape},
             {"data_offsets", '[' + std::to_string(begin) + ',' + std::to_string(end) + ']'}}};
}

Draft tiny_checkpoint(size_t count) {
    struct Kind {
        const char* dtype;
        uint64_t bytes;
    };
    static constexpr std::array<Kind, 15> kKinds = {{{"F32", 4},
                                                     {"BF16", 2},
                                                     {"F16", 2},
                                                     {"F8_E4M3", 1},
                                                     {"F8_E5M2", 1},
                                                     {"F64", 8},
                                                     {"I64", 8},
                                                     {"I32", 4},
                                                     {"I16", 2},
                                                     {"I8", 1},
                                                     {"U8", 1},
                                                     {"U16", 2},
                                                     {"U32", 4},
                                                     {"U64", 8},
                                                     {"BOOL", 1}}};
    static constexpr std::array<const char*, 6> kParts = {"weight",     "bias",        "norm.weight",
                                                          "qkv.weight", "proj.weight", "scale"};
    Draft draft;
    draft.metadata = R"({"format":"pt","note":"zwei \u00dcbungen \ud83c\udfac"})";
    uint64_t end = 0;
    for (size_t i = 0; i < count; ++i) {
        const Kind kind = kKinds[i % kKinds.size()];
        std::vector<uint64_t> sizes;
        if (i % 7 != 3) {  // each seventh is a scalar
            for (size_t d = 0; d < 1 + i % 5; ++d) sizes.push_back(1 + (i * 5 + d * 3) % 4);
        }
        if (i == 5) sizes = {0};
        std::string shape = "[";
        uint64_t bytes = kind.bytes;
        for (uint64_t size : sizes) {
            if (shape.size() > 1) shape += ',';
            shape += std::to_string(size);
            bytes *= size;
        }
        const std::string name = "blocks." + std::to_string(i / kParts.size()) + '.' + kParts[i % kParts.size()];
        draft.tensors.push_back(draft_tensor(name, kind.dtype, shape + ']', end, end + bytes));
        end += bytes;
    }
    draft.data.resize(end);
    for (size_t i = 0; i < draft.data.size(); ++i) draft.data[i] = static_cast<char>(i * 37 + 11);
    draft.padding = std::string((8 - draft.header().size() % 8) % 8, ' ');
    return draft;
}

std::string little_endian(uint64_t value) {
    std::string bytes(8, '\0');
    for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (8 * i));
    return bytes;
}

}  // namespace zt::test
