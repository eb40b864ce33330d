// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See t5_tokenizer.h.
#include "encoders/t5_tokenizer.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/utf8.h"
#include "encoders/t5_names.h"
#include "text/sentencepiece.h"

namespace zt::encoders {
namespace {

namespace fs = std::filesystem;
using weights::Checkpoint;
using weights::CheckpointEntry;

constexpr const char *kJson = "tokenizer.json", *kModel = "spiece.model";

const CheckpointEntry* tensor_of(const Checkpoint& file) {
    const auto found = std::find_if(file.entries().begin(), file.entries().end(), [](const CheckpointEntry& entry) {
        return entry.name == kSentencePieceTensor || entry.name.ends_with("." + std::string(kSentencePieceTensor));
    });
    return found == file.entries().end() ? nullptr : &*found;
}

bool is_checkpoint(const fs::path& file) {
    const std::string name = file.filename().string();
    return name.ends_with(".safetensors") || name.ends_with(".gguf") || name.ends_with(".safetensors.index.json");
}

std::string bytes_of(const Checkpoint& file, const CheckpointEntry& entry) {
    if (entry.dtype != weights::Dtype::kU8 && entry.dtype != weights::Dtype::kI8)
        throw Error(ZT_ERROR_WEIGHTS,
                    file.name() + ": tensor " + quote(entry.name) + ": expected bytes, got " + entry.type_name());
    if (entry.size_bytes > text::kMaxSentencePieceBytes)
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": tensor " + quote(entry.name) + ": expected at most " +
                                          std::to_string(text::kMaxSentencePieceBytes) + " bytes, got " +
                                          std::to_string(entry.size_bytes));
    std::string bytes(entry.size_bytes, '\0');
    file.read(entry, 0, std::as_writable_bytes(std::span(bytes)));
    return bytes;
}

// ---- Of GGUF ----

constexpr const char* kGguf = "tokenizer.ggml.";

const weights::GgufArray* array_of(const weights::GgufFile& file, const char* key, uint32_t type) {
    const auto found = file.arrays().find(std::string(kGguf) + key);
    return found == file.arrays().end() || found->second.type != type ? nullptr : &found->second;
}

bool has_pieces(const Checkpoint& file) {
    return file.gguf() != nullptr && file.text_value(std::string(kGguf) + "model") == "t5" &&
           array_of(*file.gguf(), "tokens", 8) != nullptr;
}

const weights::GgufArray* charsmap_of(const weights::GgufFile& file) {
    const auto* map = array_of(file, "precompiled_charsmap", 0);
    return map != nullptr ? map : array_of(file, "precompiled_charsmap", 1);  // bytes of either kind
}

// Numbers of four bytes each.
template <class T>
std::vector<T> numbers_of(const weights::GgufFile& file, const char* key, uint32_t type, size_t count) {
    const weights::GgufArray* array = array_of(file, key, type);
    if (array == nullptr || array->count != count)
        throw Error(ZT_ERROR_WEIGHTS, file.file().name() + ": " + kGguf + key + ": expected " + std::to_string(count) +
                                          " numbers, one for each token, got " +
                                          (array == nullptr ? "none" : std::to_string(array->count)));
    const std::string bytes = file.read(*array);
    std::vector<T> values(count);
    static_assert(sizeof(T) == 4);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

text::SentencePieceModel pieces_of(const Checkpoint& checkpoint) {
    const weights::GgufFile& file = *checkpoint.gguf();
    const weights::GgufArray& tokens = *array_of(file, "tokens", 8);
    const std::vector<float> scores = numbers_of<float>(file, "scores", 6, tokens.count);
    const std::vector<int32_t> types = numbers_of<int32_t>(file, "token_type", 5, tokens.count);
    text::SentencePieceModel model;
    const std::string bytes = file.read(tokens);
    size_t at = 0;
    for (size_t i = 0; i < tokens.count; ++i) {
        uint64_t length = 0;  // within the array: the file was checked
        std::memcpy(&length, bytes.data() + at, sizeof(length));
        at += sizeof(length);
        text::add_piece(model, std::string_view(bytes).substr(at, length), static_cast<double>(scores[i]),
                        static_cast<uint64_t>(types[i]),
                        file.file().name() + ": " + kGguf + "tokens[" + std::to_string(i) + "]");
        model.byte_fallback = model.byte_fallback || model.types.back() == text::PieceType::kByte;
        at += length;
    }
    const auto flag = [&](const char* key, bool otherwise) {
        const auto found = file.values().find(std::string(kGguf) + key);
        const bool* value = found == file.values().end() ? nullptr : std::get_if<bool>(&found->second);
        return value == nullptr ? otherwise : *value;
    };
    const auto id = [&](const char* key, int32_t otherwise) {
        const auto value = checkpoint.number_value(std::string(kGguf) + key);
        return value && *value >= 0 && *value < text::kMaxTokenIds ? static_cast<int32_t>(*value) : otherwise;
    };
    model.prefix = flag("add_space_prefix", true);
    model.collapse = flag("remove_extra_whitespaces", true);
    model.end = id("eos_token_id", 1);
    model.unknown = id("unknown_token_id", 2);
    if (const auto* map = charsmap_of(file); map != nullptr) model.charsmap = file.read(*map);
    return model;
}

}  // namespace

std::string find_t5_tokenizer(const std::string& key, const std::string& found, const load::PartFile& encoder,
                              std::vector<std::string>& warnings) {
    if (found.empty()) {
        const Checkpoint* file = encoder.checkpoint.get();
        if (file == nullptr || (tensor_of(*file) == nullptr && !has_pieces(*file))) return {};
        if (tensor_of(*file) == nullptr && charsmap_of(*file->gguf()) == nullptr)
            warnings.push_back(file->name() + ": expected " + kGguf +
                               "precompiled_charsmap, got none; full-width and composed characters may be read as "
                               "unknown ones (" +
                               key + "=PATH names another tokenizer)");
        return file->path();
    }
    if (load::is_folder(found)) {
        for (const char* name : {kJson, kModel})
            if (load::is_there(fs::path(found) / name)) return (fs::path(found) / name).string();
        throw Error(ZT_ERROR_NOT_FOUND,
                    key + ": expected " + kJson + " or " + kModel + " in " + quote(found) + ", got none");
    }
    const fs::path file(found);
    if (file.extension() == ".json" || file.extension() == ".model" || is_checkpoint(file)) return found;
    throw Error(ZT_ERROR_NOT_FOUND, key + ": expected " + kJson + ", " + kModel +
                                        " or a text encoder with the tensor " + std::string(kSentencePieceTensor) +
                                        ", got " + quote(file.filename().string()));
}

text::UnigramTokenizer open_t5_tokenizer(const std::string& file, int32_t extra_ids) {
    const std::string name = one_line(fs::path(file).filename().string(), kShownTextBytes);
    if (is_checkpoint(file)) {
        const Checkpoint checkpoint = Checkpoint::open(file);
        const CheckpointEntry* tensor = tensor_of(checkpoint);
        if (tensor == nullptr && has_pieces(checkpoint))
            return text::UnigramTokenizer::from_pieces(pieces_of(checkpoint), checkpoint.name());
        if (tensor == nullptr)
            throw Error(ZT_ERROR_NOT_FOUND, checkpoint.name() + ": expected the tensor " + quote(kSentencePieceTensor) +
                                                ", which holds a tokenizer, got none");
        return text::UnigramTokenizer::from_sentencepiece(bytes_of(checkpoint, *tensor),
                                                          checkpoint.name() + ": " + tensor->name, extra_ids);
    }
    if (fs::path(file).extension() == ".json")
        return text::UnigramTokenizer::from_json(read_whole_file(file, text::kMaxTokenizerBytes), name);
    return text::UnigramTokenizer::from_sentencepiece(read_whole_file(file, text::kMaxSentencePieceBytes), name,
                                                      extra_ids);
}

void check_t5_ids(const text::UnigramTokenizer& tokenizer, int64_t rows) {
    if (tokenizer.id_end() > rows)
        throw Error(ZT_ERROR_WEIGHTS, "tokenizer: expected ids below " + std::to_string(rows) +
                                          " (rows of the embedding), got " + std::to_string(tokenizer.id_end() - 1));
}

}  // namespace zt::encoders
