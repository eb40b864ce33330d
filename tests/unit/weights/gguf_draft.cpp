// SPDX-License-Identifier: LGPL-2.1-or-later
//
// GGUF files for tests; see gguf_draft.h.
#include "gguf_draft.h"

#include <algorithm>
#include <array>

#include "checkpoint_draft.h"

namespace zt::test {
namespace {

// clang-format off
constexpr std::array<uint64_t, 18> kNumbers = {0, 1, 2, 3, 7, 8, 31, 32, 33, 255, 256, 65'536, UINT32_MAX, uint64_t{UINT32_MAX} + 1,
                                               INT64_MAX, uint64_t{INT64_MAX} + 1, UINT64_MAX - 31, UINT64_MAX};
// clang-format on

template <class T>
T& any(std::vector<T>& list, Random& random) {
    return list[random.below(list.size())];
}

void damage(GgufDraft& draft, Random& random) {
    const uint64_t number = random.one_in(2) ? random.pick(kNumbers) : random.below(400);
    switch (random.below(14)) {
        case 0: draft.version = static_cast<uint32_t>(number); break;
        case 1: draft.tensor_count = number; break;
        case 2: draft.key_count = number; break;
        case 3: any(draft.keys, random).type = static_cast<uint32_t>(random.below(16)); break;
        case 4:
            any(draft.keys, random).value = random.one_in(2) ? u64(number) : std::string(random.below(20), '\xff');
            break;
        case 5: any(draft.keys, random).name = any(draft.keys, random).name; break;
        case 6: any(draft.tensors, random).type = static_cast<uint32_t>(random.below(36)); break;
        case 7: any(draft.tensors, random).offset = random.one_in(3) ? number * 32 : number; break;
        case 8:
            any(draft.tensors, random).name =
                random.one_in(2) ? any(draft.tensors, random).name : std::string(random.below(600), 'n');
            break;
        case 9: any(draft.tensors, random).rank = static_cast<uint32_t>(random.below(12)); break;
        case 10: {
            auto& sizes = any(draft.tensors, random).sizes;
            if (!sizes.empty()) any(sizes, random) = number;
            break;
        }
        case 11: any(draft.tensors, random).sizes.push_back(number); break;
        case 12: draft.data.resize(random.below(draft.data.size() + 64)); break;
        default: draft.keys.push_back({"general.alignment", 4, u32(static_cast<uint32_t>(number))}); break;
    }
}

GgufDraft one_tensor(std::vector<uint64_t> sizes, uint32_t type, uint64_t offset, size_t bytes) {
    GgufDraft draft;
    draft.tensors.push_back({"a", std::move(sizes), type, offset, {}});
    draft.data.assign(bytes, 'x');
    return draft;
}

}  // namespace

std::string u32(uint32_t value) { return little_endian(value).substr(0, 4); }
std::string u64(uint64_t value) { return little_endian(value); }
std::string gguf_string(const std::string& text) { return u64(text.size()) + text; }

std::string GgufDraft::header() const {
    std::string out =
        magic + u32(version) + u64(tensor_count.value_or(tensors.size())) + u64(key_count.value_or(keys.size()));
    for (const Key& key : keys) out += gguf_string(key.name) + u32(key.type) + key.value;
    for (const Tensor& tensor : tensors) {
        out += gguf_string(tensor.name) + u32(tensor.rank.value_or(static_cast<uint32_t>(tensor.sizes.size())));
        for (const uint64_t size : tensor.sizes) out += u64(size);
        out += u32(tensor.type) + u64(tensor.offset);
    }
    return out;
}

std::string GgufDraft::file() const {
    std::string out = header();
    out.resize((out.size() + alignment - 1) / alignment * alignment, '\0');
    return out + data;
}

GgufDraft tiny_gguf() {
    GgufDraft draft;
    draft.keys = {{"general.architecture", 8, gguf_string("hyvid")},
                  {"a.u8", 0, "\x07"},
                  {"a.i8", 1, "\xff"},
                  {"a.u16", 2, std::string("\x01\x02", 2)},
                  {"a.i16", 3, std::string("\xfe\xff", 2)},
                  {"a.u32", 4, u32(70'000)},
                  {"a.i32", 5, u32(UINT32_MAX)},
                  {"a.f32", 6, u32(0x3fc00000)},
                  {"a.bool", 7, std::string("\1", 1)},
                  {"a.u64", 10, u64(1ULL << 40)},
                  {"a.i64", 11, u64(UINT64_MAX)},
                  {"a.f64", 12, u64(0x3ff8000000000000)},
                  {"a.numbers", 9, u32(4) + u64(3) + u32(1) + u32(2) + u32(3)},
                  {"a.words", 9, u32(8) + u64(2) + gguf_string("x") + gguf_string("yz")}};
    draft.tensors = {{"double_blocks.0.img_mod.linear.weight.and.more.to.reach.sixty.six.bytes", {8, 4}, 0, 0, {}},
                     {"img_in.proj.weight", {2, 2, 1, 3, 5}, 1, 128, {}},
                     {"q8", {32, 3}, 8, 256, {}},
                     {"q4k", {256, 2}, 12, 384, {}},
                     {"bf16", {7}, 30, 672, {}},
                     {"scalar", {}, 0, 704, {}},
                     {"empty", {0, 5}, 0, 736, {}}};
    draft.data.resize(736);
    for (size_t i = 0; i < draft.data.size(); ++i) draft.data[i] = static_cast<char>(i * 7);
    return draft;
}

std::string mutant_gguf(uint64_t seed, uint64_t index) {
    Random random(seed * 1'000'003 + index);
    GgufDraft draft = tiny_gguf();
    const size_t changes = 1 + random.below(3);
    for (size_t i = 0; i < changes; ++i) damage(draft, random);
    std::string bytes = draft.file();
    if (random.one_in(4)) {
        const size_t header = std::min(draft.header().size(), bytes.size());
        for (size_t i = 1 + random.below(4); i-- > 0;) bytes[random.below(header)] = static_cast<char>(random.next());
    }
    if (random.one_in(10)) bytes.resize(random.below(bytes.size()));
    return bytes;
}

namespace {

// Collects the files.
struct Hostile {
    std::vector<HostileFile> files;
    void add(const std::string& name, const GgufDraft& draft, const std::string& message) {
        files.push_back({name, draft.file(), message});
    }
};

void add_headers(Hostile& to) {
    GgufDraft d = tiny_gguf();
    to.add("good", d, "");
    d.version = 2;
    to.add("version_2", d, "");
    d.version = 1;
    to.add("version_1", d, "version: expected 2 or 3, got 1");
    d.version = 0x03000000;
    to.add("big_endian", d, "version: expected 2 or 3");
    d = tiny_gguf();
    d.tensor_count = UINT64_MAX;
    to.add("many_tensors", d, "tensor count: expected at most");
    d = tiny_gguf();
    d.key_count = 1ULL << 60;
    to.add("many_keys", d, "key count: expected at most");
}

void add_keys(Hostile& to) {
    GgufDraft d = tiny_gguf();
    d.keys[0].value = u64(1ULL << 63);
    to.add("long_string", d, "expected a string of at most");
    d.keys[0].value = u64(1 << 19);
    to.add("string_past_the_end", d, "end of the file");
    d = tiny_gguf();
    d.keys[0].type = 13;
    to.add("key_type", d, "type: expected 0 to 12, got 13");
    d = tiny_gguf();
    d.keys[12].value = u32(0) + u64(UINT64_MAX);
    to.add("array_count", d, "expected an array of at most");
    d.keys[12].value = u32(10) + u64(4'000'000);
    to.add("array_past_the_end", d, "end of the file");
    d.keys[12].value = u32(9) + u64(1) + u32(9) + u64(1);
    to.add("nested_array", d, "got one of arrays");
    d = tiny_gguf();
    d.keys[8].value = "\2";
    to.add("boolean", d, "boolean of 0 or 1, got 2");
    d = tiny_gguf();
    d.keys.push_back(d.keys[1]);
    to.add("key_twice", d, "\"a.u8\" twice");
    d = tiny_gguf();
    d.keys[1].name = "";
    to.add("key_without_name", d, "expected a name of 1 to 512 bytes, got 0");
    d.keys[1].name = "\xff\xfe";
    to.add("key_not_utf8", d, "UTF-8");
    for (const uint32_t alignment : {0U, 3U, 48U, 1U << 21}) {
        d = tiny_gguf();
        d.keys.push_back({"general.alignment", 4, u32(alignment)});
        to.add("alignment_" + std::to_string(alignment), d, "general.alignment: expected a power of two");
    }
}

void add_tensors(Hostile& to) {
    GgufDraft d = tiny_gguf();
    d.tensors[1].name = d.tensors[0].name;
    to.add("tensor_twice", d, "twice");
    d = tiny_gguf();
    d.tensors[0].name = std::string(513, 'n');
    to.add("long_name", d, "expected a name of 1 to 512 bytes, got 513");
    to.add("rank", one_tensor({1, 1, 1, 1, 1, 1, 1, 1, 1}, 0, 0, 4), "at most 8 dimensions, got 9");
    to.add("unknown_type", one_tensor({32}, 16, 0, 64), "got number 16");
    to.add("removed_type", one_tensor({32}, 4, 0, 64), "got number 4");
    to.add("not_whole_blocks", one_tensor({33}, 8, 0, 64), "a multiple of 32 for Q8_0, got 33");
    to.add("not_whole_large_blocks", one_tensor({32, 8}, 12, 0, 512), "a multiple of 256 for Q4_K, got 32");
    to.add("scalar_block", one_tensor({}, 8, 0, 64), "a multiple of 32 for Q8_0, got 1");
    to.add("product_wraps", one_tensor({1ULL << 32, 1ULL << 32}, 0, 0, 64), "expected at most");
    to.add("product_wraps_to_small", one_tensor({1ULL << 32, 1ULL << 32, 4}, 0, 0, 64), "expected at most");
    to.add("empty_hides_overflow", one_tensor({0, 1ULL << 62, 1ULL << 62}, 0, 0, 0), "expected at most");
    to.add("size_over_int64", one_tensor({1ULL << 63}, 0, 0, 64), "sizes of at most");
    to.add("block_bytes_wrap", one_tensor({256, 1ULL << 54}, 12, 0, 64), "expected at most");
    to.add("offset_not_aligned", one_tensor({4}, 0, 4, 64), "multiple of 32, got 4");
    to.add("offset_wraps", one_tensor({16}, 0, UINT64_MAX - 31, 64), "end of the file");
    to.add("data_too_short", one_tensor({32}, 0, 0, 127), "end of the file");
    d = one_tensor({16}, 0, 0, 96);
    d.tensors.push_back({"b", {16}, 0, 32, {}});
    to.add("overlap", d, "expected to start at or after");
}

}  // namespace

// A file with another magic never reaches the reader of GGUF, as it is not recognised as one.
std::vector<HostileFile> hostile_ggufs() {
    Hostile hostile;
    add_headers(hostile);
    add_keys(hostile);
    add_tensors(hostile);
    return hostile.files;
}

}  // namespace zt::test
