// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The built-in model: a small world of paper-cut animals and things, trained in training/.
#pragma once

#include "families/family.h"

namespace zt::families {

[[nodiscard]] const Family& storybook_family();

}  // namespace zt::families
