// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What whoever uses MiniMax-H3's weights must have been told once, and the name that its output carries.
#pragma once

#include <string_view>

namespace zt::minimax_h3 {

inline constexpr std::string_view kCredit = "MiniMax H3";
inline constexpr std::string_view kLicence =
    "MiniMax H3 Community License of 2026-08-02: for use worldwide except in the EU, the UK, South Korea and the USA, "
    "outputs too; read it before use (the text encoder is Apache-2.0)";

}  // namespace zt::minimax_h3
