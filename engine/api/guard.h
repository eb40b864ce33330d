// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The boundary of the C API: every function of zoetrope.h that can fail runs inside guard(), which catches all
// exceptions and writes the caller's zt_error.
#pragma once

#include <cstddef>
#include <string>

#include "core/failure.h"
#include "include/zoetrope/zoetrope.h"

namespace zt::api {

// Writes *error (may be NULL) and returns the failure's status.
zt_status report(zt_error* error, const Failure& failure) noexcept;

// Runs work; what it returns, or what it throws as a status, with its sentence in *error.
template <typename Work>
[[nodiscard]] zt_status guard(zt_error* error, const Work& work) noexcept {
    zt_status status = ZT_ERROR_INTERNAL;
    const auto failure = attempt([&] { status = work(); });
    return failure ? report(error, *failure) : status;
}

// Throws ZT_ERROR_ARGUMENT "<name>: expected a pointer, got NULL".
void check_pointer(const void* pointer, const char* name);

// A params struct of a client that may be older or newer: copied into `ours`, whose fields past the
// client's size stay zero. A newer client may pass more, as long as it is all zero.
void copy_params(const void* theirs, void* ours, size_t our_size, const char* name);

}  // namespace zt::api
