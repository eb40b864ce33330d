// SPDX-License-Identifier: LGPL-2.1-or-later
//
// tokenizer.json with a byte pair model, in the format of the package `tokenizers` 0.23 and before; see
// tokenizer_parts.h. The names of parts and keys are those of the package's own reader.
#include <optional>
#include <utility>

#include "core/utf8.h"
#include "text/tokenizer_fields.h"
#include "text/tokenizer_parts.h"

namespace zt::text {
namespace {

using json::Field;

BpeModel read_model(const Field& root, RawModel raw) {
    const Field field = root.at("model");
    if (const auto type = find(field, "type"); type && type->string() != "BPE")
        unsupported(field, "type BPE", quote(type->string()));
    check_keys(field, {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
                       "byte_fallback", "ignore_merges", "vocab", "merges"});
    if (!raw.has_vocabulary) field.at("vocab").refuse("an object of tokens and ids");
    if (!raw.has_merges) field.at("merges").refuse("an array of pairs");
    require_off(field, "byte_fallback");
    if (const auto dropout = find(field, "dropout"); dropout && dropout->number() != 0)
        unsupported(field, "no dropout", std::to_string(dropout->number()));
    if (const std::string prefix = text_of(field, "continuing_subword_prefix"); !prefix.empty())
        unsupported(field, "no continuing_subword_prefix", quote(prefix));
    BpeRules rules;
    rules.end_of_word_suffix = text_of(field, "end_of_word_suffix");
    if (rules.end_of_word_suffix.size() > 64) field.at("end_of_word_suffix").refuse("at most 64 bytes");
    rules.fuse_unknown = flag(field, "fuse_unk", false);
    rules.ignore_merges = flag(field, "ignore_merges", false);
    return make_model(std::move(raw), std::move(rules), text_of(field, "unk_token"), field.name());
}

}  // namespace

ModelTokens tokens_of(const BpeModel& model) {
    const Vocabulary& tokens = model.vocabulary();
    return {[&](std::string_view token) { return tokens.id(token); }, [&](int32_t id) { return tokens.has_id(id); },
            tokens.id_end()};
}

TokenizerParts read_tokenizer_json(std::string_view text, const std::string& name,
                                   const std::vector<ExtraToken>& extra) {
    const json::Origin origin{name, ZT_ERROR_WEIGHTS};
    RawModel raw = read_raw_model(text, origin);
    const json::Value rest = std::move(raw.rest);
    const Field root(rest, origin);
    TokenizerParts parts;
    parts.model = read_model(root, std::move(raw));
    read_steps(root, tokens_of(parts.model), parts, extra);
    return parts;
}

}  // namespace zt::text
