// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The families as `zoetrope inspect` sees them; beside registry.cpp the only place outside a family's folder that knows
// its name.
#include "families/cogvideox/inspect.h"
#include "families/inspector.h"
#include "families/testcard/inspect.h"
#ifdef ZT_FAMILY_HUNYUAN_VIDEO
#include "families/hunyuan_video/inspect.h"
#endif
#ifdef ZT_FAMILY_MINIMAX_H3
#include "families/minimax_h3/inspect.h"
#endif
#ifdef ZT_FAMILY_STORYBOOK
#include "families/storybook/inspect.h"
#endif
#ifdef ZT_FAMILY_WAN
#include "families/wan/inspect.h"
#endif
#ifdef ZT_FAMILY_TABLEAU
#include "families/tableau/inspect.h"
#endif

namespace zt::families {

const std::vector<Inspector>& inspectors() {
    static const auto& all = *new std::vector<Inspector>{
#ifdef ZT_FAMILY_STORYBOOK
        storybook::inspector(),
#endif
#ifdef ZT_FAMILY_TABLEAU
        tableau::inspector(),
#endif
#ifdef ZT_FAMILY_HUNYUAN_VIDEO
        hunyuan_video::inspector(),
#endif
#ifdef ZT_FAMILY_MINIMAX_H3
        minimax_h3::inspector(),
#endif
#ifdef ZT_FAMILY_WAN
        wan::inspector(),
#endif
        cogvideox::inspector(),     testcard::inspector(),
    };
    return all;
}

}  // namespace zt::families
