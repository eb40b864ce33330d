// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See byte_level.h.
#include "text/byte_level.h"

#include <array>
#include <cstdint>

namespace zt::text {
namespace {

// Printable bytes of Latin-1 stand for themselves, the others follow from U+0100 on. All below U+0800.
constexpr std::array<uint16_t, 256> make_alphabet() {
    std::array<uint16_t, 256> alphabet{};
    uint16_t next = 0x100;
    for (unsigned b = 0; b < 256; ++b) {
        const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
        alphabet[b] = printable ? static_cast<uint16_t>(b) : next++;
    }
    return alphabet;
}
constexpr std::array<uint16_t, 256> kAlphabet = make_alphabet();

}  // namespace

std::string to_byte_level(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char byte : bytes) {
        const unsigned c = kAlphabet[static_cast<uint8_t>(byte)];
        if (c < 0x80) {
            out += static_cast<char>(c);
        } else {
            out += static_cast<char>(static_cast<uint8_t>(0xC0U | c >> 6));
            out += static_cast<char>(static_cast<uint8_t>(0x80U | (c & 0x3FU)));
        }
    }
    return out;
}

}  // namespace zt::text
