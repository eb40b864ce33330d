// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Exceptions become failures; see failure.h. LibTorch's exceptions arrive as std::exception, with
// a C++ backtrace behind the first line, which is cut off.
#include "core/failure.h"

#include <exception>
#include <new>
#include <string_view>
#include <system_error>

#include "core/error.h"
#include "core/utf8.h"

namespace zt {

namespace {

// zt_error has room for 507 bytes; "…" takes three.
constexpr size_t kMessageBytes = 504;

// LibTorch reports exhausted host memory as a plain error, told apart by its text only. Where there is not even
// memory for the text, it breaks off within its first words, which are the allocator's.
bool tells_of_memory(std::string_view text) {
    constexpr std::string_view kAllocator = "[enforce fail at alloc_cpu";
    constexpr size_t kFewWords = 13;  // "[enforce fail"
    if (text.size() >= kFewWords && kAllocator.starts_with(text)) return true;
    // oneDNN has chosen how to compute and finds no memory for the code that it writes for it. What it cannot compute
    // at all has other words: "could not create a primitive descriptor ...".
    if (text == "could not create a primitive") return true;
    return text.find("can't allocate memory") != std::string_view::npos ||
           text.find("not enough memory") != std::string_view::npos ||
           text.find("out of memory") != std::string_view::npos;
}

Failure describe(const std::exception& error) {
    std::string_view text = error.what();
    text = text.substr(0, text.find('\n'));
    if (tells_of_memory(text)) return {ZT_ERROR_MEMORY, one_line("memory: " + std::string(text), kMessageBytes)};
    return {ZT_ERROR_INTERNAL, one_line("internal: " + std::string(text), kMessageBytes)};
}

Failure describe_current() {
    try {
        throw;
    } catch (const Error& error) {
        return {error.status(), one_line(error.what(), kMessageBytes)};
    } catch (const std::bad_alloc&) {
        return {ZT_ERROR_MEMORY, "memory: expected enough for this request, got none left"};
    } catch (const std::system_error& error) {
        // Threads that cannot be started are the only system errors that reach this place.
        return {
            ZT_ERROR_MEMORY,
            one_line("threads: expected to start one more, got none (" + error.code().message() + ")", kMessageBytes)};
    } catch (const std::exception& error) {
        return describe(error);
    } catch (...) {
        return {ZT_ERROR_INTERNAL, "internal: expected a known exception, got one of unknown type"};
    }
}

}  // namespace

std::optional<Failure> attempt_call(void (*call)(void* work), void* work) noexcept {
    try {
        call(work);
        return std::nullopt;
    } catch (...) {
        try {
            return describe_current();
        } catch (...) {
            return Failure{ZT_ERROR_MEMORY, {}};  // no memory even for the sentence
        }
    }
}

}  // namespace zt
