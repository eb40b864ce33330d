// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See guard.h.
#include "api/guard.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/error.h"

namespace zt::api {

namespace {
// No params struct will ever be longer; a larger struct_size is garbage.
constexpr size_t kMaxStructBytes = 4096;
}  // namespace

zt_status report(zt_error* error, const Failure& failure) noexcept {
    if (error != nullptr) {
        error->status = failure.status;
        // Without memory there is no sentence in the failure.
        const std::string_view text = failure.message.empty() ? "memory: expected enough for a message, got none left"
                                                              : std::string_view(failure.message);
        const size_t bytes = std::min(text.size(), sizeof(error->message) - 1);
        std::memcpy(error->message, text.data(), bytes);
        error->message[bytes] = '\0';
    }
    return failure.status;
}

void check_pointer(const void* pointer, const char* name) {
    if (pointer == nullptr) throw Error(ZT_ERROR_ARGUMENT, std::string(name) + ": expected a pointer, got NULL");
}

void copy_params(const void* theirs, void* ours, size_t our_size, const char* name) {
    check_pointer(theirs, name);
    size_t their_size = 0;  // the first field of every params struct
    std::memcpy(&their_size, theirs, sizeof(their_size));
    if (their_size < sizeof(size_t) || their_size > kMaxStructBytes) {
        throw Error(ZT_ERROR_ARGUMENT, std::string(name) +
                                           ": struct_size: expected the value its init function writes, got " +
                                           std::to_string(their_size));
    }
    std::memset(ours, 0, our_size);
    std::memcpy(ours, theirs, std::min(our_size, their_size));
    std::memcpy(ours, &our_size, sizeof(our_size));
    const auto* bytes = static_cast<const unsigned char*>(theirs);
    for (size_t at = our_size; at < their_size; ++at) {
        if (bytes[at] != 0) {
            throw Error(ZT_ERROR_UNSUPPORTED, std::string(name) + ": expected fields of version " ZT_VERSION_STRING
                                                                  ", got a newer one that is set");
        }
    }
}

}  // namespace zt::api
