// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Strict UTF-8; see utf8.h.
#include "core/utf8.h"

#include <cstdint>

namespace zt {

namespace {

uint8_t byte_at(std::string_view text, size_t at) noexcept { return static_cast<uint8_t>(text[at]); }

// C0 but tab and newline, DEL, and C1 (U+0080..U+009F, the bytes C2 80..C2 9F).
bool is_control(std::string_view text, size_t at, size_t bytes) noexcept {
    const uint8_t first = byte_at(text, at);
    if (bytes == 1) return (first < 0x20 && first != '\t' && first != '\n') || first == 0x7F;
    return bytes == 2 && first == 0xC2 && byte_at(text, at + 1) < 0xA0;
}

std::string hex(unsigned value, int digits) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    std::string out;
    for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += kDigits[(value >> shift) & 15U];
    return out;
}

}  // namespace

size_t utf8_sequence_bytes(std::string_view text, size_t at) noexcept {
    const uint8_t first = byte_at(text, at);
    if (first < 0x80) return 1;
    size_t bytes = 0;
    uint8_t low = 0x80, high = 0xBF;  // range of the second byte: no overlong form, no surrogate
    if (first >= 0xC2 && first <= 0xDF) {
        bytes = 2;
    } else if (first >= 0xE0 && first <= 0xEF) {
        bytes = 3;
        if (first == 0xE0) low = 0xA0;
        if (first == 0xED) high = 0x9F;
    } else if (first >= 0xF0 && first <= 0xF4) {
        bytes = 4;
        if (first == 0xF0) low = 0x90;
        if (first == 0xF4) high = 0x8F;
    } else {
        return 0;
    }
    if (text.size() - at < bytes) return 0;
    if (byte_at(text, at + 1) < low || byte_at(text, at + 1) > high) return 0;
    for (size_t i = 2; i < bytes; ++i) {
        if ((byte_at(text, at + i) & 0xC0) != 0x80) return 0;
    }
    return bytes;
}

void append_code_point(std::string& text, char32_t c) {
    const auto put = [&text](char32_t byte) { text += static_cast<char>(static_cast<uint8_t>(byte)); };
    if (c < 0x80) {
        put(c);
        return;
    }
    if (c < 0x800) {
        put(0xC0 | c >> 6);
    } else {
        if (c < 0x10000) {
            put(0xE0 | c >> 12);
        } else {
            put(0xF0 | c >> 18);
            put(0x80 | (c >> 12 & 0x3F));
        }
        put(0x80 | (c >> 6 & 0x3F));
    }
    put(0x80 | (c & 0x3F));
}

bool append_utf16(std::string& out, std::string_view bytes, bool big_endian) {
    const auto unit = [&](size_t at) {
        const unsigned first = byte_at(bytes, at), second = byte_at(bytes, at + 1);
        return big_endian ? first << 8 | second : second << 8 | first;
    };
    for (size_t at = 0; at < bytes.size(); at += 2) {
        if (bytes.size() - at < 2) return false;
        unsigned code = unit(at);
        if (code >= 0xD800 && code < 0xE000) {
            if (code >= 0xDC00 || bytes.size() - at < 4) return false;
            const unsigned low = unit(at + 2);
            if (low < 0xDC00 || low >= 0xE000) return false;
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            at += 2;
        }
        append_code_point(out, code);
    }
    return true;
}

std::optional<TextFault> find_text_fault(std::string_view text) {
    for (size_t at = 0; at < text.size();) {
        const size_t bytes = utf8_sequence_bytes(text, at);
        if (bytes == 0) {
            return TextFault{true, "byte 0x" + hex(byte_at(text, at), 2) + " at " + std::to_string(at)};
        }
        if (is_control(text, at, bytes)) {
            const unsigned code = byte_at(text, at + bytes - 1);
            return TextFault{false, "control character U+" + hex(code, 4) + " at " + std::to_string(at)};
        }
        at += bytes;
    }
    return std::nullopt;
}

std::string one_line(std::string_view text, size_t most) {
    std::string out;
    for (size_t at = 0; at < text.size();) {
        const size_t bytes = utf8_sequence_bytes(text, at);
        std::string shown;
        if (bytes == 0) {
            shown = "\\x" + hex(byte_at(text, at), 2);
        } else if (text[at] == '\n') {
            shown = "\\n";
        } else if (text[at] == '\t') {
            shown = "\\t";
        } else if (is_control(text, at, bytes)) {
            shown = "\\x" + hex(byte_at(text, at + bytes - 1), 2);
        } else {
            shown = text.substr(at, bytes);
        }
        if (out.size() + shown.size() > most) return out + "…";
        out += shown;
        at += bytes == 0 ? 1 : bytes;
    }
    return out;
}

std::string quote(std::string_view text) { return '"' + one_line(text, kShownTextBytes) + '"'; }

}  // namespace zt
