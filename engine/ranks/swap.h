// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How ranks tell each other the few words that connections begin with. Torch-free.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace zt::ranks {

// Gives one text of every rank, in order, for one of this rank.
using Swap = std::function<std::vector<std::string>(const std::string&)>;

}  // namespace zt::ranks
