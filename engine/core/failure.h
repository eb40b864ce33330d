// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The one place where every exception ends: attempt() runs a function and turns whatever it throws
// into a status and a sentence. api/guard.h uses it for calls, the worker for its thread.
#pragma once

#include <optional>
#include <string>
#include <type_traits>

#include "include/zoetrope/zoetrope.h"

namespace zt {

struct Failure {
    zt_status status = ZT_ERROR_INTERNAL;
    std::string message;  // one line; empty only if there was no memory for a sentence
};

// Nothing on this way allocates before the catch: std::function could throw outside of it.
[[nodiscard]] std::optional<Failure> attempt_call(void (*call)(void* work), void* work) noexcept;

template <typename Work>
[[nodiscard]] std::optional<Failure> attempt(Work&& work) noexcept {
    using Plain = std::remove_reference_t<Work>;
    return attempt_call([](void* it) { (*static_cast<Plain*>(it))(); }, &work);
}

}  // namespace zt
