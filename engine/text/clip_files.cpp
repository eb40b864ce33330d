// SPDX-License-Identifier: LGPL-2.1-or-later
//
// vocab.json and merges.txt, CLIP's files before tokenizer.json; see tokenizer_parts.h. They say
// nothing of normalisation and splitting: those are CLIP's own (openai/CLIP, simple_tokenizer.py, in
// the form transformers gives them, models/clip/tokenization_clip.py).
#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "text/tokenizer_parts.h"
#include "text/unicode.h"

namespace zt::text {
namespace {

constexpr std::string_view kStart = "<|startoftext|>", kEnd = "<|endoftext|>";
constexpr std::string_view kSplit =
    R"(<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";

}  // namespace

void read_merges_txt(std::string_view text, RawModel& raw) {
    if (text.size() > kMaxTokenizerBytes || !is_valid_utf8(text))
        throw Error(ZT_ERROR_WEIGHTS, "merges.txt: expected at most " + std::to_string(kMaxTokenizerBytes) +
                                          " bytes of UTF-8, got another file");
    size_t number = 0;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || line.starts_with("#version")) continue;
        const auto refuse = [&](const std::string& expected, const std::string& got) {
            throw Error(ZT_ERROR_WEIGHTS,
                        "merges.txt:" + std::to_string(number) + ": expected " + expected + ", got " + got);
        };
        if (raw.merges.size() >= kMaxMerges) refuse("at most " + std::to_string(kMaxMerges) + " merges", "more");
        if (line.size() > 2 * kMaxTokenBytes || !add_written_merge(raw, line))
            refuse("two tokens and a blank between", quote(line));
    }
}

TokenizerParts read_clip_pair(std::string_view vocab_json, std::string_view merges_txt) {
    RawModel raw = read_raw_vocabulary(vocab_json, {"vocab.json", ZT_ERROR_WEIGHTS});
    read_merges_txt(merges_txt, raw);
    TokenizerParts parts;
    BpeRules rules;
    rules.end_of_word_suffix = "</w>";
    parts.model = make_model(std::move(raw), std::move(rules), std::string(kEnd), "merges.txt");
    std::vector<AddedToken> specials;
    for (const std::string_view token : {kStart, kEnd}) {
        const auto id = parts.model.vocabulary().id(token);
        if (!id) throw Error(ZT_ERROR_WEIGHTS, "vocab.json: expected a token " + quote(token) + ", got none");
        parts.added.add(token, *id);
        specials.push_back({.content = std::string(token), .id = *id});
        (token == kStart ? parts.before : parts.after).push_back(*id);
    }
    if (const auto wrong = parts.added.finish()) throw Error(ZT_ERROR_WEIGHTS, "vocab.json: " + *wrong);
    parts.first = AddedTokens(std::move(specials));
    parts.normalizer.push_back({});
    parts.normalizer.push_back({NormalStep::Kind::kReplace, SplitPattern(R"(\s+)", "white space"), " "});
    parts.normalizer.push_back({NormalStep::Kind::kLowercase, std::nullopt, {}});
    parts.splits.push_back({PieceStep::Kind::kRemove, SplitPattern(kSplit, "split"), true});
    parts.splits.push_back({PieceStep::Kind::kByteLevel, SplitPattern(kByteLevelSplit, "split"), false});
    return parts;
}

}  // namespace zt::text
