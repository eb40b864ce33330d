// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Arithmetic on sizes that come from outside. A CheckedSize remembers that some step of a
// calculation left the range of 64 bits, so a chain of sums and products is checked once, at its
// end, and no later step can hide an earlier overflow.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>

namespace zt {

// Immutable value type.
class CheckedSize {
public:
    constexpr CheckedSize(uint64_t value) noexcept : value_(value) {}

    // Nothing once any step overflowed or went below zero.
    [[nodiscard]] constexpr std::optional<uint64_t> get() const noexcept {
        if (!valid_) return std::nullopt;
        return value_;
    }

    friend constexpr CheckedSize operator+(CheckedSize a, CheckedSize b) noexcept {
        CheckedSize r(0);
        r.valid_ = !__builtin_add_overflow(a.value_, b.value_, &r.value_) && a.valid_ && b.valid_;
        return r;
    }
    friend constexpr CheckedSize operator-(CheckedSize a, CheckedSize b) noexcept {
        CheckedSize r(0);
        r.valid_ = !__builtin_sub_overflow(a.value_, b.value_, &r.value_) && a.valid_ && b.valid_;
        return r;
    }
    friend constexpr CheckedSize operator*(CheckedSize a, CheckedSize b) noexcept {
        CheckedSize r(0);
        r.valid_ = !__builtin_mul_overflow(a.value_, b.value_, &r.value_) && a.valid_ && b.valid_;
        return r;
    }

private:
    uint64_t value_;
    bool valid_ = true;
};

// A value in another integer type, or nothing when it does not fit.
template <std::integral To, std::integral From>
[[nodiscard]] constexpr std::optional<To> narrow(From value) noexcept {
    if (!std::in_range<To>(value)) return std::nullopt;
    return static_cast<To>(value);
}

}  // namespace zt
