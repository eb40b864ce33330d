// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Rank 0's side of several ranks: a model whose clips all ranks make together. Sessions see no difference. Torch-free.
#pragma once

#include <memory>
#include <string>

#include "families/family.h"

namespace zt::pipeline {

// The model as it is without ranks (ranks/place.h), and where its shots are not made alone: then rank 0 makes it by
// itself. Else one that the others have opened as well; where they are at work on another session's clip, they open it
// for its first clip, which then has the errors of that. The first call of a process waits for them to come. name: a
// built-in one, or the path; options: as it was loaded. Throws zt::Error(NETWORK), naming the rank.
[[nodiscard]] std::shared_ptr<const families::Model> with_ranks(std::shared_ptr<const families::Model> model,
                                                                const std::string& name,
                                                                const families::LoadOptions& options);

// How many ranks make the clips of this model; 1 without others.
[[nodiscard]] int ranks_of(const families::Model& model);

}  // namespace zt::pipeline
