// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A tokenizer as read from its files, and the readers. Nothing of the file is used before all of it
// was checked. Torch-free.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "text/added_tokens.h"
#include "text/bpe_model.h"
#include "text/bpe_tokenizer.h"
#include "text/text_steps.h"
#include "text/token_ids.h"
#include "text/unigram_model.h"

namespace zt::text {

// The expression of ByteLevel itself (GPT-2, encoder.py).
inline constexpr std::string_view kByteLevelSplit =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// All but the model.
struct TokenizerSteps {
    AddedTokens first;  // searched for in the text as it is
    std::vector<NormalStep> normalizer;
    AddedTokens second;  // searched for in the normalised text
    std::vector<PieceStep> splits;
    Vocabulary added;                    // all added tokens as written in the file
    size_t added_alone = 0;              //   those of them that the model does not have
    std::vector<int32_t> before, after;  // what the post-processor puts around
};
struct TokenizerParts : TokenizerSteps {
    BpeModel model;
};
struct UnigramParts : TokenizerSteps {
    UnigramModel model;
};

// Appends the ids of a piece.
using PieceIds = std::function<void(std::string_view piece, std::vector<int32_t>& ids, TextBudget& budget)>;
// Text to ids; see BpeTokenizer::encode.
[[nodiscard]] TokenIds encode_text(const TokenizerSteps& steps, const PieceIds& ids_of, std::string_view text,
                                   bool add_special, size_t most, const Cancel* cancel);

// What the other parts of a file ask of the model.
struct ModelTokens {
    std::function<std::optional<int32_t>(std::string_view token)> id;
    std::function<bool(int32_t id)> has_id;
    int32_t id_end = 0;  // the largest id + 1
};
// Everything of a tokenizer.json but its model. extra: tokens beside those of the file.
void read_steps(const json::Field& root, const ModelTokens& model, TokenizerSteps& steps,
                const std::vector<ExtraToken>& extra = {});
// The added tokens of a file, each with its id, and behind them those of `extra` that are not among them; the steps of
// the normaliser must be there. name starts messages. Throws WEIGHTS: too many, an id that another token has.
void add_tokens(std::vector<AddedToken> tokens, const std::vector<ExtraToken>& extra, const ModelTokens& model,
                const std::string& name, TokenizerSteps& steps);

// See BpeTokenizer for errors.
[[nodiscard]] TokenizerParts read_tokenizer_json(std::string_view text, const std::string& name,
                                                 const std::vector<ExtraToken>& extra = {});
[[nodiscard]] UnigramParts read_unigram_json(std::string_view text, const std::string& name);
[[nodiscard]] TokenizerParts read_clip_pair(std::string_view vocab_json, std::string_view merges_txt);
[[nodiscard]] TokenizerParts read_qwen_pair(std::string_view vocab_json, std::string_view merges_txt,
                                            const std::vector<ExtraToken>& extra);
[[nodiscard]] TokenizerParts read_qwen_pieces(const BpePieces& pieces, const std::string& name,
                                              const std::vector<ExtraToken>& extra);
// Adds the lines of a merges.txt. Throws WEIGHTS naming the line.
struct RawModel;
void read_merges_txt(std::string_view text, RawModel& raw);
// What the other parts of a file ask of a byte pair model, which it borrows.
[[nodiscard]] ModelTokens tokens_of(const BpeModel& model);

// The two large parts of a tokenizer.json, read while the JSON is: a tree of them would take half a
// gigabyte. The rest becomes a tree.
struct RawModel {
    Vocabulary vocabulary;   // not finished
    std::string merge_text;  // both halves of each pair, one after another
    struct Lengths {
        uint32_t left, right;
    };
    std::vector<Lengths> merges;
    bool has_vocabulary = false, has_merges = false;
    json::Value rest;  // null in place of the two
};
[[nodiscard]] RawModel read_raw_model(std::string_view text, const json::Origin& origin);
// A file that is the vocabulary alone.
[[nodiscard]] RawModel read_raw_vocabulary(std::string_view text, const json::Origin& origin);
// Adds a pair written "a b"; false if it is not one.
[[nodiscard]] bool add_written_merge(RawModel& raw, std::string_view pair);

// Finishes the vocabulary, turns pairs of text into pairs of ids; `name` starts the messages.
[[nodiscard]] BpeModel make_model(RawModel raw, BpeRules rules, const std::string& unknown_token,
                                  const std::string& name);

}  // namespace zt::text
