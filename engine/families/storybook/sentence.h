// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A sentence as the networks hear it, and what they show for one that names nobody.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/log.h"
#include "families/storybook/model_files.h"

namespace zt::storybook {

// What a sentence leaves open: models whose vocabulary has "<layout 0>", "<layout 1>" .. get one of
// them as the last word. Ids in that order, none for other models.
[[nodiscard]] std::vector<int64_t> layout_ids(const text::WordTokenizer& words);

// ids: of its words, at most max_tokens - 1 -> [1, text width]
[[nodiscard]] at::Tensor sentence_feature(const Weights& weights, std::vector<int64_t> ids, std::optional<int64_t> layout);

// What is shown for a sentence: found by asking the plan which of the subjects and colours it knows, put before the
// sentence, changes nothing of who is on the stage. "a red bird", "nobody" where the stage is empty, or empty where
// no subject is the answer.
[[nodiscard]] std::string shown_subject(const Weights& weights, const std::vector<int64_t>& ids, std::optional<int64_t> layout);

// One warning for a sentence without any known subject, which says what is shown instead. Weights that do not tell what they
// know get none. Never an error.
void report_shown(const Weights& weights, const std::string& prompt, const std::vector<int64_t>& ids, std::optional<int64_t> layout, const Log& log);

}  // namespace zt::storybook
