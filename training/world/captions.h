// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sentences for clips, English and Chinese, by a small grammar: synonyms, word order, missing
// attributes and filler words.
#pragma once

#include <array>
#include <random>
#include <string>
#include <vector>

#include "families/storybook/inspect.h"
#include "world/attributes.h"

namespace zt::world {

enum Language { kEnglish, kChinese };

struct Caption {
    std::string text;
    std::array<bool, kAttributes> said{};   // which attributes the sentence names
};

// missing: chance that an attribute other than the subject is left out (day: left out more often).
[[nodiscard]] Caption caption(const Clip& clip, Language language, double missing, std::mt19937& rng);

// Plain sentence with every attribute, the same each time; what the judge asks with.
[[nodiscard]] std::string plain_caption(const Clip& clip, Language language);

// The word that names a backdrop's layout. No sentence can write it: the engine picks one by the
// seed, so that the network need not guess (and mix) what the sentence leaves open.
[[nodiscard]] inline std::string layout_word(int layout) { return "<layout " + std::to_string(layout) + ">"; }

// What sentences can name: the words for every value of every attribute.
[[nodiscard]] std::vector<storybook::KnownWords> known(const Scope& scope);

// Every word the grammar can write about clips of a scope, in a fixed order. The whole world's is the
// vocabulary of training; a model that has seen less of it is exported with its scope's.
[[nodiscard]] std::vector<std::string> vocabulary(const Scope& scope = kScopes.back());

}  // namespace zt::world
