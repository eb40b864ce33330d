// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Qwen2's tokenizer from files that say nothing of normalisation and splitting: vocab.json and merges.txt, and the
// lists of a GGUF file; see tokenizer_parts.h. Both are those of transformers, models/qwen2/tokenization_qwen2.py.
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "text/tokenizer_fields.h"
#include "text/tokenizer_parts.h"

namespace zt::text {
namespace {

using json::Field;

// Words with what stands before them, single digits, runs of other characters, line ends, blanks.
constexpr std::string_view kSplit =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

TokenizerParts with_steps(BpeModel model, std::vector<AddedToken> added, const std::vector<ExtraToken>& extra,
                          const std::string& name) {
    TokenizerParts parts;
    parts.model = std::move(model);
    parts.normalizer.push_back({});  // NFC
    parts.splits.push_back({PieceStep::Kind::kIsolate, SplitPattern(kSplit, "split")});
    parts.splits.push_back({PieceStep::Kind::kByteLevel, std::nullopt});
    add_tokens(std::move(added), extra, tokens_of(parts.model), name, parts);
    return parts;
}

// One token of a tokenizer_config.json: its text, or an object.
ExtraToken token_of(const Field& field) {
    ExtraToken made;
    if (std::holds_alternative<std::string>(field.value().data)) {
        made.token.content = field.string();
    } else {
        check_keys(field, {"__type", "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
        made.token.content = field.at("content").string();
        made.token.single_word = flag(field, "single_word", false);
        made.token.lstrip = flag(field, "lstrip", false);
        made.token.rstrip = flag(field, "rstrip", false);
        made.token.normalized = flag(field, "normalized", false);
    }
    if (made.token.content.size() > kMaxAddedTokenBytes)
        field.refuse("at most " + std::to_string(kMaxAddedTokenBytes) + " bytes");
    return made;
}

// {"151643": {"content": ...}, ...}
void read_decoder(const Field& list, std::vector<ExtraToken>& tokens) {
    for (const std::string_view key : list.keys()) {
        int64_t id = 0;
        for (const char c : key) {
            if (c < '0' || c > '9' || id >= static_cast<int64_t>(kMaxTokenIds))
                list.refuse_key("an id from 0 to " + std::to_string(kMaxTokenIds - 1), key);
            id = id * 10 + (c - '0');
        }
        if (key.empty() || id >= static_cast<int64_t>(kMaxTokenIds))
            list.refuse_key("an id from 0 to " + std::to_string(kMaxTokenIds - 1), key);
        tokens.push_back(token_of(list.at(key)));
        tokens.back().id = static_cast<int32_t>(id);
    }
}

}  // namespace

TokenizerParts read_qwen_pair(std::string_view vocab_json, std::string_view merges_txt,
                              const std::vector<ExtraToken>& extra) {
    RawModel raw = read_raw_vocabulary(vocab_json, {"vocab.json", ZT_ERROR_WEIGHTS});
    read_merges_txt(merges_txt, raw);
    return with_steps(make_model(std::move(raw), {}, {}, "merges.txt"), {}, extra, "vocab.json");
}

TokenizerParts read_qwen_pieces(const BpePieces& pieces, const std::string& name,
                                const std::vector<ExtraToken>& extra) {
    RawModel raw;
    if (pieces.tokens.size() > kMaxTokenIds || pieces.merges.size() > kMaxMerges)
        throw Error(ZT_ERROR_WEIGHTS, name + ": expected at most " + std::to_string(kMaxTokenIds) + " tokens and " +
                                          std::to_string(kMaxMerges) + " merges, got more");
    for (const auto& [token, id] : pieces.tokens) raw.vocabulary.add(token, id);
    for (const std::string& pair : pieces.merges)
        if (!add_written_merge(raw, pair))
            throw Error(ZT_ERROR_WEIGHTS, name + ": merges[" + std::to_string(raw.merges.size()) +
                                              "]: expected two tokens and a blank between, got " + quote(pair));
    return with_steps(make_model(std::move(raw), {}, {}, name), pieces.added, extra, name);
}

std::vector<ExtraToken> tokenizer_config_tokens(std::string_view text, const std::string& name) {
    const json::Origin origin{name, ZT_ERROR_WEIGHTS};
    const json::Value value = json::parse_value(text, {}, origin);
    const Field root(value, origin);
    std::vector<ExtraToken> tokens;
    if (const auto list = find(root, "added_tokens_decoder")) read_decoder(*list, tokens);
    for (const std::string_view key : {"additional_special_tokens", "extra_special_tokens"}) {
        const auto list = find(root, key);
        if (!list) continue;
        if (std::holds_alternative<json::Value::Object>(list->value().data))
            for (const std::string_view role : list->keys()) tokens.push_back(token_of(list->at(role)));
        else
            for (size_t i = 0; i < list->size(); ++i) tokens.push_back(token_of(list->at(i)));
    }
    return tokens;
}

}  // namespace zt::text
