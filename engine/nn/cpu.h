// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the processor's vectors can do, for the loops of this room.
#pragma once

namespace zt::nn {

#ifdef __x86_64__
// 256-bit vectors.
inline bool has_avx2() {
    static const bool has = __builtin_cpu_supports("avx2");
    return has;
}

// 512-bit vectors of fp32 (the x86-64-v4 level).
inline bool has_avx512() {
    static const bool has = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    return has;
}

// And products of bf16 pairs.
inline bool has_avx512_bf16() {
    static const bool has = has_avx512() && __builtin_cpu_supports("avx512bf16");
    return has;
}
#endif

}  // namespace zt::nn
