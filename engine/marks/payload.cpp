// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See payload.h.
#include "marks/payload.h"

#include <algorithm>
#include <bit>

namespace zt::marks {

namespace {

constexpr int kModelBits = 16, kCheckBits = 8, kMemory = 6;
constexpr int kInputBits = kModelBits + kCheckBits + kMemory;
static_assert(2 * kInputBits == kCodeBits);
constexpr unsigned kGenerators[2] = {0171, 0133};
constexpr unsigned kStates = 1U << kMemory;
// 36 bits of the tag: any constant would do, since each carrier turns its bit over by a sign of its own.
constexpr uint64_t kTag = 0x9'4C3B'51D7U;

uint32_t check_bits(uint16_t model) {
    uint32_t rest = static_cast<uint32_t>(model) << kCheckBits;
    for (int bit = kModelBits + kCheckBits - 1; bit >= kCheckBits; --bit)
        if ((rest >> bit & 1U) != 0) rest ^= 0x107U << (bit - kCheckBits);
    return rest;
}

// Of the six bits before and the new one, newest highest.
int output(unsigned window, int generator) {
    return (std::popcount(window & kGenerators[generator]) & 1) != 0 ? 1 : -1;
}

int hex_digit(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : 0;
}

}  // namespace

uint16_t model_number(std::string_view sha256) {
    int number = 0;
    for (const char letter : sha256.substr(0, 4)) number = number * 16 + hex_digit(letter);
    return static_cast<uint16_t>(number);
}

CodeWord encode(uint16_t model) {
    CodeWord word{};
    for (int bit = 0; bit < kTagBits; ++bit) word[static_cast<size_t>(bit)] = (kTag >> bit & 1U) != 0 ? 1 : -1;
    const uint32_t message = (static_cast<uint32_t>(model) << kCheckBits | check_bits(model)) << kMemory;
    unsigned before = 0;
    for (int n = 0; n < kInputBits; ++n) {
        const unsigned window = (message >> (kInputBits - 1 - n) & 1U) << kMemory | before;
        for (int generator = 0; generator < 2; ++generator)
            word[static_cast<size_t>(kTagBits + 2 * n + generator)] = static_cast<int8_t>(output(window, generator));
        before = window >> 1;
    }
    return word;
}

std::optional<uint16_t> decode(const float* soft) {
    constexpr float kNever = -1e30F;
    std::array<float, kStates> score;
    score.fill(kNever);
    score[0] = 0.0F;
    // The oldest of the seven bits that led into a state: it alone is not in the state itself.
    std::array<std::array<uint8_t, kStates>, kInputBits> came{};
    for (int n = 0; n < kInputBits; ++n) {
        std::array<float, kStates> next;
        next.fill(kNever);
        for (unsigned window = 0; window < 2 * kStates; ++window) {
            if (n >= kInputBits - kMemory && window >= kStates) break;  // the tail is zeros
            const float gain = score[window & (kStates - 1)] + soft[2 * n] * static_cast<float>(output(window, 0)) +
                               soft[2 * n + 1] * static_cast<float>(output(window, 1));
            if (gain <= next[window >> 1]) continue;
            next[window >> 1] = gain;
            came[static_cast<size_t>(n)][window >> 1] = static_cast<uint8_t>(window & 1U);
        }
        score = next;
    }
    uint32_t message = 0;
    unsigned state = 0;
    for (int n = kInputBits - 1; n >= 0; --n) {
        message |= (state >> (kMemory - 1) & 1U) << (kInputBits - 1 - n);
        state = (state << 1 | came[static_cast<size_t>(n)][state]) & (kStates - 1);
    }
    message >>= kMemory;
    const auto model = static_cast<uint16_t>(message >> kCheckBits);
    if (check_bits(model) != (message & 0xFFU)) return std::nullopt;
    return model;
}

}  // namespace zt::marks
