// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The open HunyuanVideo models as a family: text to video, and image to video of both kinds.
#pragma once

#include "families/family.h"

namespace zt::families {

const Family& hunyuan_video_family();

}  // namespace zt::families
