// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See qwen_tokenizer.h.
#include "encoders/qwen_tokenizer.h"

#include <cstring>
#include <filesystem>
#include <span>

#include "core/error.h"
#include "core/file.h"
#include "core/utf8.h"
#include "text/vocabulary.h"
#include "weights/checkpoint.h"

namespace zt::encoders {
namespace {

namespace fs = std::filesystem;
using weights::Checkpoint;

constexpr uint64_t kMaxConfigBytes = 4 << 20;

// ---- Of GGUF ----

constexpr const char* kGguf = "tokenizer.ggml.";
constexpr uint32_t kI32 = 5, kStrings = 8;                                   // types of GGUF's arrays
constexpr int32_t kNormal = 1, kControl = 3, kUserDefined = 4, kUnused = 5;  // kinds of tokens

const weights::GgufArray* array_of(const weights::GgufFile& file, const char* key, uint32_t type) {
    const auto found = file.arrays().find(std::string(kGguf) + key);
    return found == file.arrays().end() || found->second.type != type ? nullptr : &found->second;
}

bool has_tokens(const Checkpoint& file) {
    return file.gguf() != nullptr && file.text_value(std::string(kGguf) + "model") == "gpt2" &&
           array_of(*file.gguf(), "tokens", kStrings) != nullptr;
}

const weights::GgufArray& require_array(const weights::GgufFile& file, const char* key, uint32_t type) {
    const weights::GgufArray* array = array_of(file, key, type);
    if (array == nullptr)
        throw Error(ZT_ERROR_WEIGHTS, file.file().name() + ": " + kGguf + key + ": expected an array of " +
                                          (type == kStrings ? "strings" : "numbers of 32 bits") + ", got none");
    return *array;
}

// The strings of an array, each told with its number.
template <class F>
void each_string(const weights::GgufFile& file, const weights::GgufArray& array, F&& f) {
    const std::string bytes = file.read(array);
    size_t at = 0;
    for (uint64_t i = 0; i < array.count; ++i) {
        uint64_t length = 0;  // within the array: the file was checked
        std::memcpy(&length, bytes.data() + at, sizeof(length));
        at += sizeof(length);
        f(i, std::string(bytes, at, length));
        at += length;
    }
}

// Special tokens are searched for in the text as it is; places that are only there to fill the embedding are left out.
text::BpePieces pieces_of(const Checkpoint& checkpoint) {
    const weights::GgufFile& file = *checkpoint.gguf();
    const std::string name = file.file().name() + ": " + kGguf;
    if (const auto pre = checkpoint.text_value(std::string(kGguf) + "pre"); pre && *pre != "qwen2")
        throw Error(ZT_ERROR_UNSUPPORTED, name + "pre: expected \"qwen2\", got " + quote(*pre));
    const weights::GgufArray& tokens = require_array(file, "tokens", kStrings);
    const weights::GgufArray& types = require_array(file, "token_type", kI32);
    if (types.count != tokens.count || tokens.count > text::kMaxTokenIds)
        throw Error(ZT_ERROR_WEIGHTS, name + "token_type: expected " + std::to_string(tokens.count) +
                                          " numbers, at most " + std::to_string(text::kMaxTokenIds) + ", got " +
                                          std::to_string(types.count));
    const std::string kinds = file.read(types);
    text::BpePieces pieces;
    each_string(file, tokens, [&](uint64_t i, std::string token) {
        int32_t kind = 0;
        std::memcpy(&kind, kinds.data() + i * sizeof(kind), sizeof(kind));
        const auto id = static_cast<int32_t>(i);
        if (kind == kNormal)
            pieces.tokens.emplace_back(std::move(token), id);
        else if (kind == kControl || kind == kUserDefined)
            pieces.added.push_back({.content = std::move(token), .id = id});
        else if (kind != kUnused)
            throw Error(ZT_ERROR_UNSUPPORTED, name + "token_type[" + std::to_string(i) +
                                                  "]: expected 1, 3, 4 or 5, got " + std::to_string(kind));
    });
    each_string(file, require_array(file, "merges", kStrings),
                [&](uint64_t, std::string pair) { pieces.merges.push_back(std::move(pair)); });
    return pieces;
}

// ---- Of a folder ----

// Empty: there is no such file.
std::string text_of(const fs::path& file, uint64_t most) {
    return load::is_there(file) ? read_whole_file(file.string(), most) : std::string();
}

}  // namespace

std::string find_qwen_tokenizer(const std::string& key, const std::string& found, const load::PartFile& encoder) {
    if (found.empty())
        return encoder.checkpoint != nullptr && has_tokens(*encoder.checkpoint) ? encoder.checkpoint->path()
                                                                                : std::string();
    if (fs::path(found).extension() == ".gguf") return found;
    return load::tokenizer_folder(key, found, true);
}

text::BpeTokenizer open_qwen_tokenizer(const std::string& place, const std::vector<text::ExtraToken>& extra) {
    if (!load::is_folder(place)) {
        const Checkpoint checkpoint = Checkpoint::open(place);
        if (!has_tokens(checkpoint))
            throw Error(ZT_ERROR_NOT_FOUND,
                        checkpoint.name() + ": expected " + kGguf + "tokens of a byte pair tokenizer, got none");
        return text::BpeTokenizer::from_qwen(pieces_of(checkpoint), checkpoint.name(), extra);
    }
    const fs::path folder(place);
    std::vector<text::ExtraToken> tokens;
    const std::string config = "tokenizer_config.json";
    if (const std::string text = text_of(folder / config, kMaxConfigBytes); !text.empty())
        tokens = text::tokenizer_config_tokens(text, config);
    tokens.insert(tokens.end(), extra.begin(), extra.end());
    if (const std::string json = text_of(folder / "tokenizer.json", text::kMaxTokenizerBytes); !json.empty())
        return text::BpeTokenizer::from_json(json, "tokenizer.json", tokens);
    return text::BpeTokenizer::from_qwen(read_whole_file((folder / "vocab.json").string(), text::kMaxTokenizerBytes),
                                         read_whole_file((folder / "merges.txt").string(), text::kMaxTokenizerBytes),
                                         tokens);
}

}  // namespace zt::encoders
