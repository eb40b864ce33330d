// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A prompt as the states that the transformer attends to.
#pragma once

#include <memory>
#include <string>

#include "families/family.h"
#include "families/wan/model.h"

namespace zt::wan {

// From the model's cache, or by UMT5, one layer at a time from disk; warns of words that have no room. option: where
// the prompt comes from, in the warning. Throws PROMPT for a text that is not UTF-8, and what reading throws.
[[nodiscard]] std::shared_ptr<const TextStates> encode_text(const OpenedModel& model, const std::string& prompt,
                                                            const char* option, const Log& log, const Cancel& cancel,
                                                            const families::ProgressFn& progress);

}  // namespace zt::wan
