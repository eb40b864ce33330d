// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The setting world=narrow|broad|weather|wide.
#pragma once

#include "settings.h"
#include "world/attributes.h"

namespace zt::training {

inline const world::Scope& scope_named(const std::string& name) {
    for (const world::Scope& s : world::kScopes)
        if (s.name == name) return s;
    throw std::runtime_error("world: expected narrow, broad, weather or wide, got " + name);
}
inline const world::Scope& scope_setting(Settings& settings) { return scope_named(settings.text("world", "wide")); }

}  // namespace zt::training
