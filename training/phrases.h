// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A test set for the understanding of prompts: free sentences with labels (phrases/*.tsv), written without sight of the
// lexicon. The lexicon has been improved on them since; the model card has the scores from before that.
//
// A line is `sentence<TAB>labels`, labels separated by blanks: key=value; 2.key=value, of the second actor; ?key=value,
// optional; not.key=value, must not be shown; subject=?dragon, a subject that the world does not have.
// Keys: subject colour motion direction size count scene time weather camera style.
#pragma once

#include <string>
#include <vector>

#include "trained_families.h"

namespace zt::training {

struct Label {
    int actor = 0;  // from 1; 0: of the whole picture, or of the only actor
    std::string key, value;
    bool optional = false, denied = false;
};
struct Phrase {
    std::string sentence;
    std::vector<Label> labels;
};

// Throws zt::Error naming file and line.
[[nodiscard]] std::vector<Phrase> read_phrases(const std::string& file);

struct Verdict {
    std::vector<std::string>
        wrong;  // "colour: expected black, got nothing", one for each label that is not met or value that nobody said
    std::vector<std::string> keys;  // of the firm labels, and ..
    std::vector<bool> met;          // .. whether each is met
    bool told = false;              // the reader notes something, or leaves words that it says it does not understand
};
[[nodiscard]] Verdict compare(const compositor::Lexicon& lexicon, const Phrase& phrase, const compositor::Wish& wish);

}  // namespace zt::training
