// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Logging; see log.h.
#include "core/log.h"

#include "core/utf8.h"

namespace zt {

namespace {
// A log line is longer than an error message may be, yet bounded: it can quote a prompt.
constexpr size_t kLogLineBytes = 2000;
}  // namespace

Log make_log(zt_log_fn callback, void* opaque) {
    if (callback == nullptr) return [](zt_log_level, const std::string&) {};
    return [callback, opaque](zt_log_level level, const std::string& message) {
        callback(opaque, level, one_line(message, kLogLineBytes).c_str());
    };
}

}  // namespace zt
