// SPDX-License-Identifier: LGPL-2.1-or-later
//
// tokenizer.json without its model; see tokenizer_parts.h. The names of parts and keys are those of the
// package `tokenizers`.
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "core/utf8.h"
#include "text/tokenizer_fields.h"
#include "text/tokenizer_parts.h"
#include "text/unicode.h"

namespace zt::text {
namespace {

using json::Field;

// {"Regex": …} or {"String": …}.
SplitPattern pattern_of(const Field& step) {
    const Field field = step.at("pattern");
    check_keys(field, {"Regex", "String"});
    if (const auto expression = find(field, "Regex")) return SplitPattern(expression->string(), field.name());
    const std::string& literal = field.at("String").string();
    std::string escaped;
    for (const char c : literal) {
        const bool plain =
            c <= ' ' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c > '~';
        if (!plain && static_cast<unsigned char>(c) < 0x80) escaped += '\\';
        escaped += c;
    }
    return SplitPattern(escaped, field.name());
}

std::vector<NormalStep> read_normalizer(const Field& root) {
    std::vector<NormalStep> steps;
    for (const Field& field : steps_of(root, "normalizer", "normalizers")) {
        const std::string& type = field.at("type").string();
        NormalStep step;
        if (type == "NFC" || type == "Lowercase") {
            check_keys(field, {"type"});
            step.kind = type == "NFC" ? NormalStep::Kind::kNfc : NormalStep::Kind::kLowercase;
        } else if (type == "Replace") {
            check_keys(field, {"type", "pattern", "content"});
            step.kind = NormalStep::Kind::kReplace;
            step.pattern = pattern_of(field);
            step.content = field.at("content").string();
        } else if (type == "Strip") {
            check_keys(field, {"type", "strip_left", "strip_right"});
            step.kind = NormalStep::Kind::kStrip;
            step.left = field.at("strip_left").boolean();
            step.right = field.at("strip_right").boolean();
        } else if (type == "Precompiled") {
            check_keys(field, {"type", "precompiled_charsmap"});
            const Field map = field.at("precompiled_charsmap");
            step.kind = NormalStep::Kind::kCharsmap;
            step.charsmap = std::make_unique<const Charsmap>(map.string(), map.name());
        } else {
            unsupported(field, "NFC, Replace, Lowercase, Strip, Precompiled or Sequence", quote(type));
        }
        steps.push_back(std::move(step));
    }
    return steps;
}

void read_metaspace(const Field& field, PieceStep& step) {
    check_keys(field, {"type", "replacement", "add_prefix_space", "prepend_scheme", "split", "str_rep"});
    step.kind = PieceStep::Kind::kMetaspace;
    step.mark = field.at("replacement").string();
    size_t end = 0;
    if (!step.mark.empty()) (void)next_code_point(step.mark, end);
    if (end == 0 || end != step.mark.size()) field.at("replacement").refuse("one character");
    const auto scheme = find(field, "prepend_scheme");
    if (scheme && scheme->string() != "always" && scheme->string() != "never")
        unsupported(*scheme, "always or never", quote(scheme->string()));
    step.prepend = !scheme || scheme->string() == "always";
    // An older name of the same; the reference refuses two that differ.
    if (step.prepend && !flag(field, "add_prefix_space", true))
        field.at("add_prefix_space").refuse("what prepend_scheme says");
    step.split = flag(field, "split", true);
}

std::vector<PieceStep> read_splits(const Field& root) {
    std::vector<PieceStep> steps;
    for (const Field& field : steps_of(root, "pre_tokenizer", "pretokenizers")) {
        const std::string& type = field.at("type").string();
        PieceStep step;
        if (type == "ByteLevel") {
            check_keys(field, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
            require_off(field, "add_prefix_space");
            step.kind = PieceStep::Kind::kByteLevel;
            if (flag(field, "use_regex", true)) step.pattern.emplace(kByteLevelSplit, field.name());
        } else if (type == "Split") {
            check_keys(field, {"type", "pattern", "behavior", "invert"});
            const std::string& behavior = field.at("behavior").string();
            if (behavior != "Isolated" && behavior != "Removed")
                unsupported(field, "behavior Isolated or Removed", quote(behavior));
            step.kind = behavior == "Removed" ? PieceStep::Kind::kRemove : PieceStep::Kind::kIsolate;
            step.pattern = pattern_of(field);
            step.invert = flag(field, "invert", false);
        } else if (type == "WhitespaceSplit") {
            check_keys(field, {"type"});
            step.kind = PieceStep::Kind::kWhitespace;
        } else if (type == "Metaspace") {
            read_metaspace(field, step);
        } else {
            unsupported(field, "Split, ByteLevel, WhitespaceSplit, Metaspace or Sequence", quote(type));
        }
        steps.push_back(std::move(step));
    }
    return steps;
}

// The tokens of a file, checked against its model.
std::vector<AddedToken> read_added_tokens(const Field& root, const ModelTokens& model) {
    std::vector<AddedToken> tokens;
    const auto list = find(root, "added_tokens");
    if (list && list->size() > kMaxAddedTokens) list->refuse("at most " + std::to_string(kMaxAddedTokens));
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
        (void)flag(field, "special", false);  // matters for decoding alone
        if (token.content.size() > kMaxAddedTokenBytes)
            field.at("content").refuse("at most " + std::to_string(kMaxAddedTokenBytes) + " bytes");
        const auto known = model.id(token.content);
        if (known ? *known != token.id : model.has_id(token.id))
            field.at("id").refuse(known ? "the vocabulary's " + std::to_string(*known)
                                        : "an id that no other token has");
        tokens.push_back(std::move(token));
    }
    return tokens;
}

// An id of the post-processor must be one of ours.
int32_t special_id(const Field& field, const ModelTokens& model, const TokenizerSteps& steps) {
    const auto id = static_cast<int32_t>(field.integer(0, kMaxTokenIds - 1));
    if (!model.has_id(id) && !steps.added.has_id(id)) field.refuse("the id of a token");
    return id;
}

// The tokens before and behind the text; those of pairs of texts are not for us.
void read_template(const Field& field, const ModelTokens& model, const TokenizerSteps& steps,
                   std::vector<int32_t>& before, std::vector<int32_t>& after) {
    check_keys(field, {"type", "single", "pair", "special_tokens"});
    const Field single = field.at("single");
    bool behind = false;
    for (size_t i = 0; i < single.size(); ++i) {
        const Field item = single.at(i);
        check_keys(item, {"SpecialToken", "Sequence"});
        if (const auto sequence = find(item, "Sequence")) {
            if (behind || sequence->at("id").string() != "A")
                unsupported(*sequence, "the text once", "another template");
            behind = true;
            continue;
        }
        const Field ids = field.at("special_tokens").at(item.at("SpecialToken").at("id").string()).at("ids");
        if (ids.size() > kMaxSteps) ids.refuse("at most " + std::to_string(kMaxSteps) + " ids");
        for (size_t k = 0; k < ids.size(); ++k)
            (behind ? after : before).push_back(special_id(ids.at(k), model, steps));
    }
    if (!behind) unsupported(single, "a place for the text", "none");
    if (before.size() + after.size() > kMaxSteps) single.refuse("at most " + std::to_string(kMaxSteps) + " tokens");
}

void read_post_processor(const Field& root, const ModelTokens& model, TokenizerSteps& steps) {
    for (const Field& field : steps_of(root, "post_processor", "processors")) {
        const std::string& type = field.at("type").string();
        std::vector<int32_t> before, after;
        if (type == "TemplateProcessing") {
            read_template(field, model, steps, before, after);
        } else if (type == "RobertaProcessing") {
            check_keys(field,
                       {"type", "sep", "cls", "trim_offsets", "add_prefix_space"});  // the flags are about offsets
            before.push_back(special_id(field.at("cls").at(1), model, steps));
            after.push_back(special_id(field.at("sep").at(1), model, steps));
        } else if (type != "ByteLevel") {
            unsupported(field, "TemplateProcessing, RobertaProcessing, ByteLevel or Sequence", quote(type));
        }
        // A later one goes around what is there.
        steps.before.insert(steps.before.begin(), before.begin(), before.end());
        steps.after.insert(steps.after.end(), after.begin(), after.end());
    }
}

}  // namespace

void read_steps(const Field& root, const ModelTokens& model, TokenizerSteps& steps,
                const std::vector<ExtraToken>& extra) {
    check_keys(root, {"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
                      "post_processor", "decoder", "model"});
    steps.normalizer = read_normalizer(root);
    steps.splits = read_splits(root);
    add_tokens(read_added_tokens(root, model), extra, model, root.name() + ": added_tokens", steps);
    read_post_processor(root, model, steps);
}

}  // namespace zt::text
