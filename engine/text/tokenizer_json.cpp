// SPDX-License-Identifier: LGPL-2.1-or-later
//
// tokenizer.json, the format of the package `tokenizers` 0.23 and before; see tokenizer_parts.h. The
// names of parts and keys are those of the package's own reader.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/utf8.h"
#include "text/tokenizer_parts.h"
#include "text/unicode.h"

namespace zt::text {
namespace {

using json::Field;

[[noreturn]] void unsupported(const Field& field, const std::string& expected, const std::string& got) {
    throw Error(ZT_ERROR_UNSUPPORTED, field.name() + ": expected " + expected + ", got " + got);
}

// Every key is known: what we do not know could change ids.
void check_keys(const Field& field, std::initializer_list<std::string_view> known) {
    for (const std::string_view key : field.keys())
        if (std::find(known.begin(), known.end(), key) == known.end()) unsupported(field, "known settings", quote(key));
}

std::optional<Field> find(const Field& field, std::string_view key) {
    std::optional<Field> found = field.find(key);
    return found && found->is_null() ? std::nullopt : std::move(found);
}

bool flag(const Field& field, std::string_view key, bool otherwise) {
    const auto found = find(field, key);
    return found ? found->boolean() : otherwise;
}

std::string text_of(const Field& field, std::string_view key) {
    const auto found = find(field, key);
    return found ? found->string() : std::string();
}

void require_off(const Field& field, std::string_view key) {
    if (flag(field, key, false)) unsupported(field, quote(key) + " to be off", "it on");
}

// The list of a `Sequence`, or the one field itself; nested sequences flattened.
void flatten(const Field& field, std::string_view list_key, std::vector<Field>& out) {
    if (field.at("type").string() == "Sequence") {
        check_keys(field, {"type", list_key});
        const Field list = field.at(list_key);
        for (size_t i = 0; i < list.size(); ++i) flatten(list.at(i), list_key, out);
    } else {
        out.push_back(field);
    }
    if (out.size() > kMaxSteps) field.refuse("at most " + std::to_string(kMaxSteps) + " steps");
}

std::vector<Field> steps_of(const Field& root, std::string_view key, std::string_view list_key) {
    std::vector<Field> steps;
    if (const auto field = find(root, key)) flatten(*field, list_key, steps);
    return steps;
}

// {"Regex": …} or {"String": …}.
SplitPattern pattern_of(const Field& step) {
    const Field field = step.at("pattern");
    check_keys(field, {"Regex", "String"});
    if (const auto expression = find(field, "Regex")) return SplitPattern(expression->string(), field.name());
    const std::string& literal = field.at("String").string();
    std::string escaped;
    for (const char c : literal) {
        const bool plain = c <= ' ' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c > '~';
        if (!plain && static_cast<unsigned char>(c) < 0x80) escaped += '\\';
        escaped += c;
    }
    return SplitPattern(escaped, field.name());
}

std::vector<NormalStep> read_normalizer(const Field& root) {
    std::vector<NormalStep> steps;
    for (const Field& field : steps_of(root, "normalizer", "normalizers")) {
        const std::string& type = field.at("type").string();
        if (type == "NFC" || type == "Lowercase") {
            check_keys(field, {"type"});
            steps.push_back({type == "NFC" ? NormalStep::Kind::kNfc : NormalStep::Kind::kLowercase, std::nullopt, {}});
        } else if (type == "Replace") {
            check_keys(field, {"type", "pattern", "content"});
            steps.push_back({NormalStep::Kind::kReplace, pattern_of(field), field.at("content").string()});
        } else {
            unsupported(field, "NFC, Replace, Lowercase or Sequence", quote(type));
        }
    }
    return steps;
}

std::vector<PieceStep> read_splits(const Field& root) {
    std::vector<PieceStep> steps;
    for (const Field& field : steps_of(root, "pre_tokenizer", "pretokenizers")) {
        const std::string& type = field.at("type").string();
        if (type == "ByteLevel") {
            check_keys(field, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
            require_off(field, "add_prefix_space");
            std::optional<SplitPattern> pattern;
            if (flag(field, "use_regex", true)) pattern.emplace(kByteLevelSplit, field.name());
            steps.push_back({PieceStep::Kind::kByteLevel, std::move(pattern), false});
        } else if (type == "Split") {
            check_keys(field, {"type", "pattern", "behavior", "invert"});
            const std::string& behavior = field.at("behavior").string();
            if (behavior != "Isolated" && behavior != "Removed")
                unsupported(field, "behavior Isolated or Removed", quote(behavior));
            steps.push_back({behavior == "Removed" ? PieceStep::Kind::kRemove : PieceStep::Kind::kIsolate, pattern_of(field),
                flag(field, "invert", false)});
        } else {
            unsupported(field, "Split, ByteLevel or Sequence", quote(type));
        }
    }
    return steps;
}

BpeModel read_model(const Field& root, RawModel raw) {
    const Field field = root.at("model");
    if (const auto type = find(field, "type"); type && type->string() != "BPE") unsupported(field, "type BPE", quote(type->string()));
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

void read_added_tokens(const Field& root, TokenizerParts& parts) {
    std::vector<AddedToken> first, second;
    const auto list = find(root, "added_tokens");
    if (list && list->size() > kMaxAddedTokens) list->refuse("at most " + std::to_string(kMaxAddedTokens));
    size_t bytes = 0, normal_bytes = 0;
    for (size_t i = 0; list && i < list->size(); ++i) bytes += list->at(i).at("content").string().size();
    if (bytes > kMaxAddedTokensBytes) list->refuse("at most " + std::to_string(kMaxAddedTokensBytes) + " bytes of tokens");
    TextBudget budget(bytes);   // for all of them together
    for (size_t i = 0; list && i < list->size(); ++i) {
        const Field field = list->at(i);
        check_keys(field, {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
        AddedToken token;
        token.content = field.at("content").string();
        token.id = static_cast<int32_t>(field.at("id").integer(0, kMaxTokenIds - 1));
        token.single_word = flag(field, "single_word", false);
        token.lstrip = flag(field, "lstrip", false);
        token.rstrip = flag(field, "rstrip", false);
        token.normalized = flag(field, "normalized", false);
        (void)flag(field, "special", false);   // matters for decoding alone
        if (token.content.size() > kMaxAddedTokenBytes)
            field.at("content").refuse("at most " + std::to_string(kMaxAddedTokenBytes) + " bytes");
        const auto known = parts.model.vocabulary().id(token.content);
        if (known ? *known != token.id : parts.model.vocabulary().has_id(token.id))
            field.at("id").refuse(known ? "the vocabulary's " + std::to_string(*known) : "an id that no other token has");
        parts.added.add(token.content, token.id);
        if (!known) ++parts.added_alone;
        if (token.normalized) token.content = normalize(parts.normalizer, token.content, budget);
        if ((normal_bytes += token.content.size()) > kMaxAddedTokensBytes)
            list->refuse("at most " + std::to_string(kMaxAddedTokensBytes) + " bytes of tokens once normalised");
        (token.normalized ? second : first).push_back(std::move(token));
    }
    if (const auto wrong = parts.added.finish()) throw Error(ZT_ERROR_WEIGHTS, list->name() + ": " + *wrong);
    parts.first = AddedTokens(std::move(first));
    parts.second = AddedTokens(std::move(second));
}

// An id of the post-processor must be one of ours.
int32_t special_id(const Field& field, const TokenizerParts& parts) {
    const auto id = static_cast<int32_t>(field.integer(0, kMaxTokenIds - 1));
    if (!parts.model.vocabulary().has_id(id) && !parts.added.has_id(id)) field.refuse("the id of a token");
    return id;
}

// The tokens before and behind the text; those of pairs of texts are not for us.
void read_template(const Field& field, const TokenizerParts& parts, std::vector<int32_t>& before, std::vector<int32_t>& after) {
    check_keys(field, {"type", "single", "pair", "special_tokens"});
    const Field single = field.at("single");
    bool behind = false;
    for (size_t i = 0; i < single.size(); ++i) {
        const Field item = single.at(i);
        check_keys(item, {"SpecialToken", "Sequence"});
        if (const auto sequence = find(item, "Sequence")) {
            if (behind || sequence->at("id").string() != "A") unsupported(*sequence, "the text once", "another template");
            behind = true;
            continue;
        }
        const Field ids = field.at("special_tokens").at(item.at("SpecialToken").at("id").string()).at("ids");
        if (ids.size() > kMaxSteps) ids.refuse("at most " + std::to_string(kMaxSteps) + " ids");
        for (size_t k = 0; k < ids.size(); ++k) (behind ? after : before).push_back(special_id(ids.at(k), parts));
    }
    if (!behind) unsupported(single, "a place for the text", "none");
    if (before.size() + after.size() > kMaxSteps) single.refuse("at most " + std::to_string(kMaxSteps) + " tokens");
}

void read_post_processor(const Field& root, TokenizerParts& parts) {
    for (const Field& field : steps_of(root, "post_processor", "processors")) {
        const std::string& type = field.at("type").string();
        std::vector<int32_t> before, after;
        if (type == "TemplateProcessing") {
            read_template(field, parts, before, after);
        } else if (type == "RobertaProcessing") {
            check_keys(field, {"type", "sep", "cls", "trim_offsets", "add_prefix_space"});   // the flags are about offsets
            before.push_back(special_id(field.at("cls").at(1), parts));
            after.push_back(special_id(field.at("sep").at(1), parts));
        } else if (type != "ByteLevel") {
            unsupported(field, "TemplateProcessing, RobertaProcessing, ByteLevel or Sequence", quote(type));
        }
        // A later one goes around what is there.
        parts.before.insert(parts.before.begin(), before.begin(), before.end());
        parts.after.insert(parts.after.end(), after.begin(), after.end());
    }
}

}  // namespace

TokenizerParts read_tokenizer_json(std::string_view text, const std::string& name) {
    const json::Origin origin{name, ZT_ERROR_WEIGHTS};
    RawModel raw = read_raw_model(text, origin);
    const json::Value rest = std::move(raw.rest);
    const Field root(rest, origin);
    check_keys(root, {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor",
        "decoder", "model"});
    TokenizerParts parts;
    parts.model = read_model(root, std::move(raw));
    parts.normalizer = read_normalizer(root);
    parts.splits = read_splits(root);
    read_added_tokens(root, parts);
    read_post_processor(root, parts);
    return parts;
}

}  // namespace zt::text
