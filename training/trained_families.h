// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The families whose models are trained here, the only place in this folder that names them: the compositor draws clips
// of learnt layers from a sentence, the animator looks at a picture and moves it.
#pragma once

#include "families/storybook/decoder.h"
#include "families/storybook/generation.h"
#include "families/storybook/layers.h"
#include "families/storybook/model_files.h"
#include "families/storybook/stage.h"
#include "families/storybook/wish.h"
#include "families/tableau/network.h"
#include "families/tableau/outline_network.h"

namespace zt::training {

namespace compositor = zt::storybook;
namespace animator = zt::tableau;

inline constexpr const char *kCompositorName = "storybook", *kCompositorModel = "models/storybook";
inline constexpr const char *kAnimatorName = "tableau", *kAnimatorModel = "models/tableau";

}  // namespace zt::training
