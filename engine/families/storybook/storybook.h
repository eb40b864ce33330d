// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The family `storybook`, the built-in text-to-video model: a compositor of learned sprites. Trained by training/.
#pragma once

#include "families/family.h"

namespace zt::families {

[[nodiscard]] const Family& storybook_family();

}  // namespace zt::families
