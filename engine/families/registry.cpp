// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The families, in the order in which they look at a path. The only place outside a family's folder
// that knows its name.
#include "families/family.h"
#include "families/testcard/testcard.h"
#ifndef ZT_WITHOUT_TORCH  // tests/sanitize: the test card alone
#include "families/cogvideox/cogvideox.h"
#endif
#ifdef ZT_FAMILY_HUNYUAN_VIDEO
#include "families/hunyuan_video/hunyuan_video.h"
#endif
#ifdef ZT_FAMILY_MINIMAX_H3
#include "families/minimax_h3/minimax_h3.h"
#endif
#ifdef ZT_FAMILY_STORYBOOK
#include "families/storybook/storybook.h"
#endif
#ifdef ZT_FAMILY_WAN
#include "families/wan/wan.h"
#endif
#ifdef ZT_FAMILY_TABLEAU
#include "families/tableau/tableau.h"
#endif

namespace zt::families {

const std::vector<const Family*>& registry() {
    static const auto& families = *std::make_unique<std::vector<const Family*>>(std::vector<const Family*>{
#ifdef ZT_FAMILY_STORYBOOK
                                                                                    &storybook_family(),
#endif
#ifdef ZT_FAMILY_TABLEAU
                                                                                    &tableau_family(),
#endif
#ifdef ZT_FAMILY_HUNYUAN_VIDEO
                                                                                    &hunyuan_video_family(),
#endif
#ifdef ZT_FAMILY_MINIMAX_H3
                                                                                    &minimax_h3_family(),
#endif
#ifdef ZT_FAMILY_WAN
                                                                                    &wan_family(),
#endif
#ifndef ZT_WITHOUT_TORCH
                                                                                    &cogvideox_family(),
#endif
                                                                                    &testcard_family(),
                                                                                })
                                       .release();  // never destroyed: sessions may outlive static destructors
    return families;
}

std::string_view default_model(bool with_picture) { return with_picture ? "tableau" : "storybook"; }

}  // namespace zt::families
