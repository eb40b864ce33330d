// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The options of every front end as the commands take them: --name value, '-' or '_' inside the name.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine.h"

namespace zt::cli {

using GivenOptions = std::vector<std::pair<std::string, std::string>>;  // in the order given, without --

// A line for each option that a command can take, for --help; needs no engine.
void print_engine_options();

// The strings stay with `options`. Throws what the engine says of a name or a value, and for options that a y4m file
// cannot carry.
void set_options(const ZtEngine& engine, const GivenOptions& options, zt_model_params& params, zt_request& request);

}  // namespace zt::cli
