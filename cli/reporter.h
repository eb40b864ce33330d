// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the commands tell while they work.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <mutex>
#include <string>

#include "engine.h"

namespace zt::cli {

// Lines on the standard error: on a terminal progress is one line that is written again and again,
// elsewhere a line every two seconds. Thread-safe: the engine's worker logs, too.
class Reporter {
public:
    explicit Reporter(bool quiet) : quiet_(quiet), terminal_(isatty(STDERR_FILENO) != 0) {}

    static void log(void* self, zt_log_level level, const char* message) {
        static_cast<Reporter*>(self)->line(level, message);
    }
    void line(zt_log_level level, const char* message) {
        if (level > (quiet_ ? ZT_LOG_WARNING : ZT_LOG_INFO)) return;
        const std::lock_guard lock(mutex_);
        clear();
        std::fprintf(stderr, "zoetrope: %s\n", message);
    }
    void progress(const zt_progress& now) {
        const std::lock_guard lock(mutex_);
        const auto gap = std::chrono::milliseconds(terminal_ ? 500 : 2000);
        if (quiet_ || Clock::now() - told_ < gap) return;
        told_ = Clock::now();
        char stage[ZT_STAGE_TEXT];
        std::string text = zt_stage_text(&now, stage, sizeof(stage));
        text += ", " + std::to_string(now.frames_done);
        if (now.frames_total >= 0) text += " of " + std::to_string(now.frames_total);
        text += " frames";
        if (now.seconds_left >= 0)
            text += ", " + std::to_string(static_cast<int64_t>(now.seconds_left) + 1) + " s left";
        clear();
        std::fprintf(stderr, terminal_ ? "%s" : "%s\n", text.c_str());
        shown_ = terminal_;
    }
    void done() {
        const std::lock_guard lock(mutex_);
        clear();
    }

private:
    using Clock = std::chrono::steady_clock;
    void clear() {  // with mutex_ held
        if (shown_) std::fputs("\r\x1b[K", stderr);
        shown_ = false;
    }

    const bool quiet_, terminal_;
    std::mutex mutex_;  // guards all below
    bool shown_ = false;
    Clock::time_point told_ = Clock::now();
};

}  // namespace zt::cli
