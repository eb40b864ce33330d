// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One function per block type; see gguf_blocks.h. Inner loops run over 16 or 32 values with one
// scale, which compilers turn into vectors, once for each instruction set. Where a layout is unusual, the comment gives
// it.
#include "weights/gguf_blocks.h"

#include <array>
#include <bit>
#include <cstring>

#include "weights/nvfp4.h"

namespace zt::weights {
namespace {

using Byte = uint8_t;
constexpr int kSmall = 32, kLarge = 256;

float half_at(const Byte* p) noexcept { return half_to_float(static_cast<uint16_t>(p[0] | p[1] << 8)); }
uint32_t word_at(const Byte* p) noexcept {
    return static_cast<uint32_t>(p[0]) | static_cast<uint32_t>(p[1]) << 8 | static_cast<uint32_t>(p[2]) << 16 |
           static_cast<uint32_t>(p[3]) << 24;
}
int low(Byte b) noexcept { return b & 15; }
int high(Byte b) noexcept { return b >> 4; }

[[gnu::always_inline]] inline void q4_0(const Byte* b, float* y) noexcept {
    const float d = half_at(b);
    for (int i = 0; i < 16; ++i) {
        y[i] = d * static_cast<float>(low(b[2 + i]) - 8);
        y[16 + i] = d * static_cast<float>(high(b[2 + i]) - 8);
    }
}

[[gnu::always_inline]] inline void q4_1(const Byte* b, float* y) noexcept {
    const float d = half_at(b), m = half_at(b + 2);
    for (int i = 0; i < 16; ++i) {
        y[i] = d * static_cast<float>(low(b[4 + i])) + m;
        y[16 + i] = d * static_cast<float>(high(b[4 + i])) + m;
    }
}

// The fifth bits of 32 values lie in one word, value e at bit e.
[[gnu::always_inline]] inline void q5_0(const Byte* b, float* y) noexcept {
    const float d = half_at(b);
    const uint32_t fifth = word_at(b + 2);
    for (int i = 0; i < 16; ++i) {
        y[i] = d * static_cast<float>((low(b[6 + i]) | static_cast<int>(fifth >> i & 1) << 4) - 16);
        y[16 + i] = d * static_cast<float>((high(b[6 + i]) | static_cast<int>(fifth >> (16 + i) & 1) << 4) - 16);
    }
}

[[gnu::always_inline]] inline void q5_1(const Byte* b, float* y) noexcept {
    const float d = half_at(b), m = half_at(b + 2);
    const uint32_t fifth = word_at(b + 4);
    for (int i = 0; i < 16; ++i) {
        y[i] = d * static_cast<float>(low(b[8 + i]) | static_cast<int>(fifth >> i & 1) << 4) + m;
        y[16 + i] = d * static_cast<float>(high(b[8 + i]) | static_cast<int>(fifth >> (16 + i) & 1) << 4) + m;
    }
}

[[gnu::always_inline]] inline void q8_0(const Byte* b, float* y) noexcept {
    const float d = half_at(b);
    for (int i = 0; i < kSmall; ++i) y[i] = static_cast<float>(static_cast<int8_t>(b[2 + i])) * d;
}

// In the 256-value types with 2-bit parts, byte l of a half holds the values l, 32+l, 64+l, 96+l.
[[gnu::always_inline]] inline void q2k(const Byte* b, float* y) noexcept {
    const Byte *scales = b, *qs = b + 16;
    const float d = half_at(b + 80), dmin = half_at(b + 82);
    for (int group = 0; group < 16; ++group, y += 16) {
        const float dl = d * static_cast<float>(low(scales[group])),
                    ml = dmin * static_cast<float>(high(scales[group]));
        const Byte* q = qs + 32 * (group / 8) + 16 * (group & 1);
        const int shift = 2 * (group % 8 / 2);
        for (int i = 0; i < 16; ++i) y[i] = dl * static_cast<float>(q[i] >> shift & 3) - ml;
    }
}

[[gnu::always_inline]] inline void q3k(const Byte* b, float* y) noexcept {
    const Byte *third = b, *qs = b + 32, *packed = b + 96;
    const float d = half_at(b + 108);
    for (int group = 0; group < 16; ++group, y += 16) {
        const int low4 = group < 8 ? low(packed[group]) : high(packed[group - 8]);
        const int high2 = packed[8 + group % 4] >> 2 * (group / 4) & 3;
        const float dl = d * static_cast<float>((low4 | high2 << 4) - 32);
        const Byte *q = qs + 32 * (group / 8) + 16 * (group & 1), *t = third + 16 * (group & 1);
        const int shift = 2 * (group % 8 / 2), bit = group / 2;  // a cleared bit takes 4 away
        for (int i = 0; i < 16; ++i) y[i] = dl * static_cast<float>((q[i] >> shift & 3) - 4 * (1 - (t[i] >> bit & 1)));
    }
}

// Eight 6-bit scales and minima in 12 bytes.
struct ScaleMin {
    std::array<float, 8> scale, min;
};
[[gnu::always_inline]] inline ScaleMin scale_min(const Byte* s, float d, float dmin) noexcept {
    ScaleMin r;
    for (size_t j = 0; j < 8; ++j) {
        const int scale = j < 4 ? s[j] & 63 : (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
        const int min = j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | s[j] >> 6 << 4;
        r.scale[j] = d * static_cast<float>(scale);
        r.min[j] = dmin * static_cast<float>(min);
    }
    return r;
}

[[gnu::always_inline]] inline void q4k(const Byte* b, float* y) noexcept {
    const ScaleMin s = scale_min(b + 4, half_at(b), half_at(b + 2));
    const Byte* q = b + 16;
    for (size_t j = 0; j < 8; j += 2, q += 32, y += 64) {
        for (int i = 0; i < 32; ++i) {
            y[i] = s.scale[j] * static_cast<float>(low(q[i])) - s.min[j];
            y[32 + i] = s.scale[j + 1] * static_cast<float>(high(q[i])) - s.min[j + 1];
        }
    }
}

[[gnu::always_inline]] inline void q5k(const Byte* b, float* y) noexcept {
    const ScaleMin s = scale_min(b + 4, half_at(b), half_at(b + 2));
    const Byte *fifth = b + 16, *q = b + 48;
    for (size_t j = 0; j < 8; j += 2, q += 32, y += 64) {
        for (int i = 0; i < 32; ++i) {
            y[i] = s.scale[j] * static_cast<float>(low(q[i]) | (fifth[i] >> j & 1) << 4) - s.min[j];
            y[32 + i] = s.scale[j + 1] * static_cast<float>(high(q[i]) | (fifth[i] >> (j + 1) & 1) << 4) - s.min[j + 1];
        }
    }
}

[[gnu::always_inline]] inline void q6k(const Byte* b, float* y) noexcept {
    const Byte *ql = b, *qh = b + 128, *scales = b + 192;
    const float d = half_at(b + 208);
    for (int group = 0; group < 16; ++group, y += 16) {
        const float dl = d * static_cast<float>(static_cast<int8_t>(scales[group]));
        const int half = group / 8, quarter = group % 8 / 2, from = 16 * (group & 1);
        const Byte *l = ql + 64 * half + 32 * (quarter & 1) + from, *h = qh + 32 * half + from;
        const int low_shift = 4 * (quarter >> 1), high_shift = 2 * quarter;
        for (int i = 0; i < 16; ++i)
            y[i] = dl * static_cast<float>(((l[i] >> low_shift & 15) | (h[i] >> high_shift & 3) << 4) - 32);
    }
}

// Non-linear 4-bit types look their values up.
constexpr std::array<float, 16> kCurve = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

[[gnu::always_inline]] inline void iq4nl(const Byte* b, float* y) noexcept {
    const float d = half_at(b);
    for (int i = 0; i < 16; ++i) {
        y[i] = d * kCurve[static_cast<size_t>(low(b[2 + i]))];
        y[16 + i] = d * kCurve[static_cast<size_t>(high(b[2 + i]))];
    }
}

[[gnu::always_inline]] inline void iq4xs(const Byte* b, float* y) noexcept {
    const float d = half_at(b);
    const int high_scales = b[2] | b[3] << 8;
    const Byte *low_scales = b + 4, *q = b + 8;
    for (int j = 0; j < 8; ++j, q += 16, y += 32) {
        const int nibble = (j & 1) != 0 ? high(low_scales[j / 2]) : low(low_scales[j / 2]);
        const float dl = d * static_cast<float>((nibble | (high_scales >> 2 * j & 3) << 4) - 32);
        for (int i = 0; i < 16; ++i) {
            y[i] = dl * kCurve[static_cast<size_t>(low(q[i]))];
            y[16 + i] = dl * kCurve[static_cast<size_t>(high(q[i]))];
        }
    }
}

// ---- Rounding to the type that is asked for ----
[[gnu::always_inline]] inline void write(const float* values, int64_t count, float* out) noexcept {
    std::memcpy(out, values, static_cast<size_t>(count) * sizeof(float));
}
// To the nearest, ties to even; every NaN becomes the same one, as c10::BFloat16 does it.
[[gnu::always_inline]] inline void write(const float* values, int64_t count, Bf16* out) noexcept {
    for (int64_t i = 0; i < count; ++i) {
        const auto bits = std::bit_cast<uint32_t>(values[i]);
        const uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        out[i].bits = static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
    }
}

// A block is copied first: the compiler then knows that what is written does not change what is read.
template <auto decode, size_t values, size_t bytes, class Number>
[[gnu::always_inline]] inline void decode_all(const Byte* from, int64_t count, Number* out) noexcept {
    for (int64_t i = 0; i < count; ++i, from += bytes, out += values) {
        Byte block[bytes];
        alignas(64) float room[values];
        std::memcpy(block, from, bytes);
        decode(block, room);
        write(room, static_cast<int64_t>(values), out);
    }
}

// ---- The instruction sets: the same operations in the same order, so the same bits ----
template <class Number>
using DecodeAll = void (*)(const Byte*, int64_t, Number*) noexcept;

template <auto decode, size_t values, size_t bytes, class Number>
void decode_plain(const Byte* from, int64_t count, Number* out) noexcept {
    decode_all<decode, values, bytes>(from, count, out);
}
#if defined(__x86_64__)
template <auto decode, size_t values, size_t bytes, class Number>
[[gnu::target("avx2")]] void decode_avx2(const Byte* from, int64_t count, Number* out) noexcept {
    decode_all<decode, values, bytes>(from, count, out);
}
template <auto decode, size_t values, size_t bytes, class Number>
[[gnu::target("avx512f,avx512bw,avx512dq,avx512vl")]] void decode_avx512(const Byte* from, int64_t count,
                                                                         Number* out) noexcept {
    decode_all<decode, values, bytes>(from, count, out);
}
#endif

struct BlockRow {
    Encoding encoding;
    std::string_view name;
    BlockShape shape;
    std::array<DecodeAll<float>, 3> to_float;  // by Vectors
    std::array<DecodeAll<Bf16>, 3> to_bf16;
};
template <auto decode, size_t values, size_t bytes>
constexpr BlockRow row(Encoding encoding, std::string_view name) {
#if defined(__x86_64__)
    return {encoding,
            name,
            {values, bytes},
            {decode_plain<decode, values, bytes, float>, decode_avx2<decode, values, bytes, float>,
             decode_avx512<decode, values, bytes, float>},
            {decode_plain<decode, values, bytes, Bf16>, decode_avx2<decode, values, bytes, Bf16>,
             decode_avx512<decode, values, bytes, Bf16>}};
#else
    return {encoding,
            name,
            {values, bytes},
            {decode_plain<decode, values, bytes, float>},
            {decode_plain<decode, values, bytes, Bf16>}};
#endif
}
constexpr std::array<BlockRow, 22> kBlocks = {{
    {Encoding::kDense, "dense", {0, 0}, {}, {}},
    {Encoding::kF8E4M3, "F8_E4M3", {1, 1}, {}, {}},
    {Encoding::kF8E5M2, "F8_E5M2", {1, 1}, {}, {}},
    row<q4_0, kSmall, 18>(Encoding::kQ4_0, "Q4_0"),
    row<q4_1, kSmall, 20>(Encoding::kQ4_1, "Q4_1"),
    row<q5_0, kSmall, 22>(Encoding::kQ5_0, "Q5_0"),
    row<q5_1, kSmall, 24>(Encoding::kQ5_1, "Q5_1"),
    row<q8_0, kSmall, 34>(Encoding::kQ8_0, "Q8_0"),
    row<q2k, kLarge, 84>(Encoding::kQ2K, "Q2_K"),
    row<q3k, kLarge, 110>(Encoding::kQ3K, "Q3_K"),
    row<q4k, kLarge, 144>(Encoding::kQ4K, "Q4_K"),
    row<q5k, kLarge, 176>(Encoding::kQ5K, "Q5_K"),
    row<q6k, kLarge, 210>(Encoding::kQ6K, "Q6_K"),
    row<iq4nl, kSmall, 18>(Encoding::kIQ4NL, "IQ4_NL"),
    row<iq4xs, kLarge, 136>(Encoding::kIQ4XS, "IQ4_XS"),
    {Encoding::kI8, "I8", {1, 1}, {}, {}},
    {Encoding::kI8Turned4, "I8 (ConvRot 4)", {4, 4}, {}, {}},
    {Encoding::kI8Turned16, "I8 (ConvRot 16)", {16, 16}, {}, {}},
    {Encoding::kI8Turned64, "I8 (ConvRot 64)", {64, 64}, {}, {}},
    {Encoding::kI8Turned256, "I8 (ConvRot 256)", {256, 256}, {}, {}},
    {Encoding::kI8Turned1024, "I8 (ConvRot 1024)", {1024, 1024}, {}, {}},
    {Encoding::kNvfp4, "NVFP4", {kNvfp4Values, kNvfp4Bytes}, {}, {}},
}};

const BlockRow& row_of(Encoding encoding) noexcept { return kBlocks[static_cast<size_t>(encoding)]; }

}  // namespace

BlockShape block_shape(Encoding encoding) noexcept { return row_of(encoding).shape; }

std::string_view encoding_name(Encoding encoding) noexcept { return row_of(encoding).name; }

float half_to_float(uint16_t bits) noexcept {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16, magnitude = bits & 0x7fff;
    if (magnitude >= 0x7c00) return std::bit_cast<float>(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
    if (magnitude >= 0x400) return std::bit_cast<float>(sign | ((magnitude << 13) + (112U << 23)));
    const float subnormal = static_cast<float>(magnitude) * 0x1p-24F;  // exact
    return sign != 0 ? -subnormal : subnormal;
}

Vectors widest_vectors() noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return Vectors::kAvx512;
    if (__builtin_cpu_supports("avx2")) return Vectors::kAvx2;
#endif
    return Vectors::kPlain;
}

void decode_blocks(Encoding encoding, const std::byte* blocks, int64_t count, float* out, Vectors vectors) noexcept {
    row_of(encoding).to_float[static_cast<size_t>(vectors)](reinterpret_cast<const Byte*>(blocks), count, out);
}

void decode_blocks(Encoding encoding, const std::byte* blocks, int64_t count, Bf16* out, Vectors vectors) noexcept {
    row_of(encoding).to_bf16[static_cast<size_t>(vectors)](reinterpret_cast<const Byte*>(blocks), count, out);
}

}  // namespace zt::weights
