// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The one place where every exception ends: attempt() runs a function and turns whatever it throws
// into a status and a sentence. api/guard.h uses it for calls, the worker for its thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "include/zoetrope/zoetrope.h"

namespace zt {

struct Failure {
    zt_status status = ZT_ERROR_INTERNAL;
    std::string message;   // one line; empty only if there was no memory for a sentence
};

[[nodiscard]] std::optional<Failure> attempt(const std::function<void()>& work) noexcept;

}  // namespace zt
