// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tokens that are added to a vocabulary: which id each has, and the two searches they become; see tokenizer_parts.h.
// The rules of ids are those of the package `tokenizers`, tokenizer/added_vocabulary.rs.
#include <algorithm>
#include <map>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"
#include "text/tokenizer_parts.h"

namespace zt::text {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& what) {
    throw Error(ZT_ERROR_WEIGHTS, name + ": " + what);
}

// Adds those of `extra` that are not there, with their ids.
void resolve(const std::vector<ExtraToken>& extra, const ModelTokens& model, const std::string& name,
             std::vector<AddedToken>& tokens) {
    std::map<std::string, int32_t, std::less<>> ids;
    int32_t end = model.id_end;
    for (const AddedToken& token : tokens) {
        ids.emplace(token.content, token.id);
        end = std::max(end, token.id + 1);
    }
    for (const ExtraToken& wanted : extra) {
        const auto there = ids.find(wanted.token.content);
        const std::optional<int32_t> known =
            there != ids.end() ? std::optional(there->second) : model.id(wanted.token.content);
        if (known && wanted.id && *known != *wanted.id)
            refuse(name, "token " + quote(wanted.token.content) + ": expected the id " + std::to_string(*wanted.id) +
                             ", got " + std::to_string(*known));
        if (there != ids.end()) continue;
        AddedToken token = wanted.token;
        token.id = known ? *known : wanted.id.value_or(end);
        if (static_cast<uint64_t>(token.id) >= kMaxTokenIds || (!known && model.has_id(token.id)))
            refuse(name, "token " + quote(token.content) + ": expected an id that no other token has, got " +
                             std::to_string(token.id));
        end = std::max(end, token.id + 1);
        ids.emplace(token.content, token.id);
        tokens.push_back(std::move(token));
    }
}

}  // namespace

void add_tokens(std::vector<AddedToken> tokens, const std::vector<ExtraToken>& extra, const ModelTokens& model,
                const std::string& name, TokenizerSteps& steps) {
    resolve(extra, model, name, tokens);
    size_t bytes = 0, normal_bytes = 0;
    for (const AddedToken& token : tokens) bytes += token.content.size();
    if (tokens.size() > kMaxAddedTokens)
        refuse(name,
               "expected at most " + std::to_string(kMaxAddedTokens) + " tokens, got " + std::to_string(tokens.size()));
    if (bytes > kMaxAddedTokensBytes)
        refuse(name, "expected at most " + std::to_string(kMaxAddedTokensBytes) + " bytes of tokens, got more");
    TextBudget budget(bytes);  // for all of them together
    std::vector<AddedToken> first, second;
    for (AddedToken& token : tokens) {
        steps.added.add(token.content, token.id);
        if (!model.id(token.content)) ++steps.added_alone;
        if (token.normalized) token.content = normalize(steps.normalizer, token.content, budget);
        if ((normal_bytes += token.content.size()) > kMaxAddedTokensBytes)
            refuse(name, "expected at most " + std::to_string(kMaxAddedTokensBytes) +
                             " bytes of tokens once normalised, got more");
        (token.normalized ? second : first).push_back(std::move(token));
    }
    if (const auto wrong = steps.added.finish()) refuse(name, *wrong);
    steps.first = AddedTokens(std::move(first));
    steps.second = AddedTokens(std::move(second));
}

}  // namespace zt::text
