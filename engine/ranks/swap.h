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

// Throws where a rank is gone or has failed. From any thread. Gloo does not say so to who waits for the rest of a
// message that broke off.
using Look = std::function<void()>;

}  // namespace zt::ranks
