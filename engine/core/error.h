// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The one exception of the engine. Thrown with a status of zoetrope.h and a sentence of the form
// "<option or file: field>: expected <x>, got <y>"; turned into a zt_status in api/guard.h only.
#pragma once

#include <stdexcept>
#include <string>

#include "include/zoetrope/zoetrope.h"

namespace zt {

class Error : public std::runtime_error {
public:
    Error(zt_status status, const std::string& message) : std::runtime_error(message), status_(status) {}
    [[nodiscard]] zt_status status() const noexcept { return status_; }

private:
    zt_status status_;
};

// Throws "<what>: expected <expected>, got <got>".
[[noreturn]] inline void refuse(zt_status status, const std::string& what, const std::string& expected,
                                const std::string& got) {
    throw Error(status, what + ": expected " + expected + ", got " + got);
}

}  // namespace zt
