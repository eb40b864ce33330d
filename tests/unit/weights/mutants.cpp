// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The kinds of damage a mutant can have; see mutants.h.
#include "mutants.h"

#include <algorithm>
#include <array>

#include "checkpoint_draft.h"

namespace zt::test {
namespace {

// Numbers at and around every border a reader may have.
// clang-format off
constexpr std::array<const char*, 28> kNumbers = {
    "0", "1", "-1", "-0", "2", "7", "8", "255", "65536", "2147483647", "2147483648", "4294967295", "4294967296",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "1e3", "1.0", "0.5",
    "1e400", "-1e400", "1e-400", "01", "+1", "0x10", "NaN", "36893488147419103232"};
// clang-format on
constexpr std::array<const char*, 16> kValues = {"null",  "true",   "\"\"",      "\"F32\"",     "[]",          "{}",
                                                 "[[1]]", "[null]", "{\"a\":1}", "\"\\u0000\"", "\"\\ud800\"", "[1,2",
                                                 "-",     "1,",     "[1,]",      "\"\xff\""};
constexpr std::array<const char*, 24> kDtypes = {"F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F64",  "I64",  "I32",
                                                 "I16", "I8",  "U8",   "U16",     "U32",     "U64",  "BOOL", "f32",
                                                 "F33", "",    "C64",  "F8_E8M0", "F4",      "Q4_0", "F32 ", "FLOAT"};
constexpr std::array<const char*, 14> kNames = {
    "__metadata__", "__metadata", "",      "../../etc/passwd",     "/dev/zero",
    "a\\u0000b",    "\\u202e",    "a\\/b", "\\ud83d\\ude00",       "\xf0\x9f\x98\x80",
    "\xc0\x80",     "\\ud800",    "a\\nb", "\\u0062locks.0.weight"};

std::string number(Random& random) {
    return random.one_in(2) ? random.pick(kNumbers) : std::to_string(random.below(300));
}

DraftTensor& any_tensor(Draft& draft, Random& random) {
    if (draft.tensors.empty()) draft.tensors.push_back(draft_tensor("only", "U8", "[1]", 0, 1));
    return draft.tensors[random.below(draft.tensors.size())];
}

// Replaces one decimal number inside a JSON text.
void change_number(std::string& text, Random& random) {
    std::vector<std::pair<size_t, size_t>> runs;
    for (size_t i = 0; i < text.size();) {
        size_t end = i;
        while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
        if (end > i && (i == 0 || (text[i - 1] != '_' && (text[i - 1] < 'A' || text[i - 1] > 'Z')))) {
            runs.emplace_back(i, end - i);
        }
        i = std::max(end, i + 1);
    }
    if (runs.empty()) return;
    const auto [start, length] = random.pick(runs);
    const std::string old = text.substr(start, length);
    std::string replacement = number(random);
    if (old.size() < 9 && random.one_in(2)) {
        const long long step = random.pick(std::array<int, 8>{1, -1, 2, -2, 4, 8, -8, 16});
        replacement = std::to_string(std::stoll(old) + step);
    }
    text.replace(start, length, replacement);
}

void damage_dtype(Draft& draft, Random& random) {
    if (std::string* value = any_tensor(draft, random).find("dtype"))
        *value = '"' + std::string(random.pick(kDtypes)) + '"';
}

void damage_shape(Draft& draft, Random& random) {
    std::string* shape = any_tensor(draft, random).find("shape");
    if (shape == nullptr || shape->size() < 2) return;
    switch (random.below(5)) {
        case 0: *shape = random.pick(kValues); break;
        case 1: shape->insert(1, number(random) + (*shape == "[]" ? "" : ",")); break;
        case 2: {  // ones change nothing but the rank
            const size_t ones = 1 + random.below(12);
            for (size_t i = 0; i < ones; ++i) shape->insert(1, *shape == "[]" ? "1" : "1,");
            break;
        }
        case 3: *shape = "[0," + number(random) + "," + number(random) + "]"; break;
        default: change_number(*shape, random); break;
    }
}

void damage_offsets(Draft& draft, Random& random) {
    DraftTensor& tensor = any_tensor(draft, random);
    std::string* offsets = tensor.find("data_offsets");
    if (offsets == nullptr) return;
    switch (random.below(5)) {
        case 0: *offsets = random.pick(kValues); break;
        case 1: *offsets = "[" + number(random) + "," + number(random) + "]"; break;
        case 2:  // lies on another tensor
            if (std::string* other = any_tensor(draft, random).find("data_offsets")) *offsets = *other;
            break;
        case 3: offsets->insert(1, number(random) + ","); break;
        default: change_number(*offsets, random); break;
    }
}

void damage_name(Draft& draft, Random& random) {
    DraftTensor& tensor = any_tensor(draft, random);
    switch (random.below(4)) {
        case 0: tensor.name = any_tensor(draft, random).name; break;  // possibly a double key
        case 1: tensor.name = std::string(500 + random.below(24), 'n'); break;
        default: tensor.name = random.pick(kNames); break;
    }
}

void damage_tensors(Draft& draft, Random& random) {
    DraftTensor& tensor = any_tensor(draft, random);
    if (tensor.keys.empty()) return;
    switch (random.below(6)) {
        case 0:
            tensor.keys.erase(tensor.keys.begin() + static_cast<ptrdiff_t>(random.below(tensor.keys.size())));
            break;
        case 1: tensor.keys.emplace_back(random.one_in(2) ? "extra" : "shape", random.pick(kValues)); break;
        case 2: tensor.keys.push_back(random.pick(tensor.keys)); break;
        case 3: draft.tensors.push_back(random.pick(draft.tensors)); break;
        case 4:
            draft.tensors.erase(draft.tensors.begin() + static_cast<ptrdiff_t>(random.below(draft.tensors.size())));
            break;
        default:  // no damage: any order of keys and tensors is legal
            std::reverse(tensor.keys.begin(), tensor.keys.end());
            std::reverse(draft.tensors.begin(), draft.tensors.end());
            break;
    }
}

void damage_metadata(Draft& draft, Random& random) {
    switch (random.below(6)) {
        case 0: draft.metadata = random.pick(kValues); break;
        case 1: draft.metadata = "{\"a\":" + std::string(random.pick(kValues)) + "}"; break;
        case 2: draft.metadata = "{\"a\":\"1\",\"a\":\"2\"}"; break;
        case 3: draft.metadata.clear(); break;
        case 4: draft.after += ",\"__metadata__\":{\"again\":\"yes\"}"; break;
        default: draft.metadata = "{\"long\":\"" + std::string(random.below(5000), 'm') + "\"}"; break;
    }
}

void damage_data(Draft& draft, Random& random) {
    const size_t bytes = 1 + random.below(40);
    switch (random.below(4)) {
        case 0: draft.data.resize(draft.data.size() - std::min(bytes, draft.data.size())); break;
        case 1: draft.data.append(bytes, '\0'); break;
        case 2:
            draft.tensors.push_back(draft_tensor("tail", "U8", '[' + std::to_string(bytes) + ']', draft.data.size(),
                                                 draft.data.size() + bytes));
            if (random.one_in(2)) draft.data.append(bytes, 't');  // then it is right
            break;
        default:
            draft.tensors.push_back(draft_tensor("empty", "F32", "[3,0]", draft.data.size(), draft.data.size()));
            break;
    }
}

void damage_text(Draft& draft, Random& random) {
    static constexpr std::array<const char*, 14> kSnippets = {",", "{",  "}",  "[",  "]",    "\"",           ":",
                                                              " ", "\t", "\n", "//", "/**/", "\xef\xbb\xbf", "\xff"};
    std::string nest;
    switch (random.below(6)) {
        case 0: draft.before = random.pick(kSnippets); break;
        case 1: draft.after = random.pick(kSnippets); break;
        case 2: draft.padding = random.pick(kSnippets); break;
        case 3: draft.padding = std::string(random.below(64), random.one_in(8) ? '\0' : ' '); break;
        case 4: {
            const size_t depth = random.below(200);
            any_tensor(draft, random).keys.emplace_back("nest", std::string(depth, '[') + std::string(depth, ']'));
            break;
        }
        default: draft.padding = std::string(1, random.pick(std::array<char, 5>{' ', '\n', '\t', '\r', 'x'})); break;
    }
}

void damage_length(Draft& draft, Random& random) {
    const uint64_t length = draft.header().size();
    switch (random.below(4)) {
        case 0: draft.header_length = length + 1 + random.below(16); break;
        case 1: draft.header_length = length - std::min<uint64_t>(length, 1 + random.below(16)); break;
        case 2: draft.header_length = random.next() >> random.below(64); break;
        default:
            draft.header_length = random.pick(
                std::array<uint64_t, 7>{0, 1, 2, 100'000'000, 100'000'001, 0x7fffffffffffffff, 0xffffffffffffffff});
    }
}

void damage_bytes(std::string& file, Random& random) {
    const size_t header_end = std::min<size_t>(file.size(), 8 + 700);
    switch (random.below(5)) {
        case 0: file[random.below(header_end)] ^= static_cast<char>(1 << random.below(8)); break;
        case 1: file[random.below(header_end)] = static_cast<char>(random.next()); break;
        case 2: file.resize(random.below(file.size())); break;
        case 3: {  // a piece of the header repeated elsewhere
            const std::string piece = file.substr(random.below(header_end), random.below(40));
            file.insert(8 + random.below(header_end - 8), piece);
            break;
        }
        default: file.erase(8 + random.below(header_end - 8), 1 + random.below(8)); break;
    }
}

uint64_t mix(uint64_t seed, uint64_t index) {
    Random random(seed * 0x2545f4914f6cdd1d + index);
    return random.next();
}

}  // namespace

std::string mutant_checkpoint(uint64_t seed, uint64_t index) {
    Random random(mix(seed, index));
    Draft draft = tiny_checkpoint(7);
    using Damage = void (*)(Draft&, Random&);
    static constexpr std::array<Damage, 9> kDamages = {damage_dtype, damage_shape,   damage_offsets,
                                                       damage_name,  damage_tensors, damage_metadata,
                                                       damage_data,  damage_text,    damage_length};
    const size_t count = random.one_in(3) ? 2 + random.below(2) : 1;
    for (size_t i = 0; i < count; ++i) random.pick(kDamages)(draft, random);
    std::string file = draft.file();
    if (random.one_in(5)) damage_bytes(file, random);
    return file;
}

std::string mutant_manifest(uint64_t seed, uint64_t index) {
    Random random(mix(~seed, index));
    std::string text = R"({"format": "zoetrope-manifest-1", "files": {"vae.safetensors": {"size": 12, "sha256": ")" +
                       std::string(64, 'a') + R"("}, "dit.safetensors": {"size": 7, "sha256": ")" +
                       std::string(64, '0') + R"("}}, "metadata": {"family": "storybook"}})";
    static constexpr std::array<const char*, 8> kPieces = {"../x", "/", "\"", "null", "{", "]", "1e9", "\xc3"};
    const size_t count = 1 + random.below(3);
    for (size_t i = 0; i < count; ++i) {
        const size_t at = random.below(text.size());
        switch (random.below(5)) {
            case 0: text[at] ^= static_cast<char>(1 << random.below(8)); break;
            case 1: text.insert(at, random.pick(kPieces)); break;
            case 2: text.erase(at, 1 + random.below(20)); break;
            case 3: change_number(text, random); break;
            default: text.insert(at, text.substr(random.below(text.size()), random.below(60))); break;
        }
        if (text.empty()) text = "{}";
    }
    return text;
}

}  // namespace zt::test
