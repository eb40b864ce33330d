// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See charsmap.h. Decoded: the bytes of the double array in four bytes, low byte first; the array, a
// unit in four bytes; the replacements.
#include "text/charsmap.h"

#include <utility>

#include "core/error.h"
#include "text/grapheme.h"
#include "text/unicode.h"

namespace zt::text {
namespace {

constexpr size_t kLongestWholeCluster = 5;  // bytes; longer ones are looked up character by character

int value_of(char c) noexcept {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

// Base64 without line breaks, padded; nullopt if it is not.
std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
    std::string out;
    out.reserve(text.size() / 4 * 3);
    uint32_t bits = 0;
    int count = 0;
    for (const char c : text.substr(0, text.size() - padding)) {
        const int value = value_of(c);
        if (value < 0) return std::nullopt;
        bits = bits << 6 | static_cast<uint32_t>(value);
        if ((count += 6) < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xFF);
    }
    const bool rest = (bits & ((1U << count) - 1)) != 0;  // bits that belong to no byte
    return rest ? std::nullopt : std::optional(std::move(out));
}

uint32_t little_endian(std::string_view bytes) noexcept {
    uint32_t value = 0;
    for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
    return value;
}

// The parts of a unit.
constexpr uint32_t kIsValue = 1U << 31;
bool has_leaf(uint32_t unit) noexcept { return (unit >> 8 & 1) != 0; }
uint32_t label(uint32_t unit) noexcept { return unit & (kIsValue | 0xFF); }
size_t offset(uint32_t unit) noexcept { return size_t{unit >> 10} << ((unit & 0x200) >> 6); }

}  // namespace

Charsmap::Charsmap(std::string_view base64, std::string where) : where_(std::move(where)) {
    if (base64.size() / 4 * 3 > kMaxCharsmapBytes)
        refuse(ZT_ERROR_WEIGHTS, where_, "at most " + std::to_string(kMaxCharsmapBytes) + " bytes",
               std::to_string(base64.size() / 4 * 3));
    const auto decoded = decode_base64(base64);
    if (!decoded) refuse(ZT_ERROR_WEIGHTS, where_, "base64", "something else");
    read(*decoded);
}

Charsmap Charsmap::from_bytes(std::string_view bytes, std::string where) {
    Charsmap map;
    map.where_ = std::move(where);
    if (bytes.size() > kMaxCharsmapBytes)
        refuse(ZT_ERROR_WEIGHTS, map.where_, "at most " + std::to_string(kMaxCharsmapBytes) + " bytes",
               std::to_string(bytes.size()));
    map.read(bytes);
    return map;
}

void Charsmap::read(std::string_view bytes) {
    const size_t size = bytes.size() < 4 ? 0 : little_endian(bytes);
    if (size == 0 || size % 4 != 0 || size > bytes.size() - 4)
        refuse(ZT_ERROR_WEIGHTS, where_, "a double array and what it stands for",
               std::to_string(bytes.size()) + " bytes that end before");
    units_.reserve(size / 4);
    for (size_t i = 4; i < 4 + size; i += 4) units_.push_back(little_endian(bytes.substr(i)));
    replacements_ = bytes.substr(4 + size);
    if (!is_valid_utf8(replacements_)) refuse(ZT_ERROR_WEIGHTS, where_, "replacements in UTF-8", "something else");
}

uint32_t Charsmap::unit(size_t at) const {
    if (at >= units_.size())
        refuse(ZT_ERROR_WEIGHTS, where_, "units below " + std::to_string(units_.size()), std::to_string(at));
    return units_[at];
}

std::optional<std::string_view> Charsmap::shortest_match(std::string_view text) const {
    size_t at = offset(unit(0));
    for (const char c : text) {
        const auto byte = static_cast<uint8_t>(c);
        if (byte == 0) break;
        at ^= byte;
        const uint32_t here = unit(at);
        if (label(here) != byte) break;
        at ^= offset(here);
        if (!has_leaf(here)) continue;
        const size_t start = unit(at) & ~kIsValue;
        const bool inside =
            start < replacements_.size() && (static_cast<uint8_t>(replacements_[start]) & 0xC0U) != 0x80;
        if (!inside && start != replacements_.size())
            refuse(ZT_ERROR_WEIGHTS, where_, "the start of a replacement", std::to_string(start));
        const std::string_view rest = std::string_view(replacements_).substr(start);
        return rest.substr(0, rest.find('\0'));
    }
    return std::nullopt;
}

std::string Charsmap::normalize(std::string_view text, TextBudget& budget) const {
    std::string out;
    out.reserve(text.size());
    const auto put = [&](std::string_view part) {
        budget.grow(part.size());
        out += part;
    };
    for (size_t at = 0; at < text.size();) {
        const size_t end = grapheme_end(text, at);
        budget.work(end - at);
        const std::string_view cluster = text.substr(at, end - at);
        at = end;
        if (cluster.size() <= kLongestWholeCluster) {
            if (const auto match = shortest_match(cluster)) {
                put(*match);
                continue;
            }
        }
        for (size_t i = 0; i < cluster.size();) {
            const size_t start = i;
            (void)next_code_point(cluster, i);
            const std::string_view character = cluster.substr(start, i - start);
            put(shortest_match(character).value_or(character));
        }
    }
    return out;
}

}  // namespace zt::text
