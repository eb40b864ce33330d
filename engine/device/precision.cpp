// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Precision by processor; see precision.h.
#include "device/precision.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <stdlib.h>

#include <string_view>

#include "core/error.h"

namespace zt::device {
namespace {

// CPUID leaf 7: AVX512-BF16 is sub-leaf 1 EAX bit 5; AMX-BF16 is sub-leaf 0 EDX bit 22. The
// operating system's consent is implied by AVX-512 state, which the builtin checks.
bool processor_has_amx_bf16() {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx512bw")) return false;
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1u);
#else
    return false;
#endif
}
bool processor_has_bf16() {
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx512bw")) return false;
    unsigned a = 0, b = 0, c = 0, d = 0;
    return processor_has_amx_bf16() || (__get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1u));
#else
    return false;
#endif
}

// What the environment holds oneDNN's kernels to; empty: nothing.
std::string_view instruction_limit() {
    const char* limit = secure_getenv("ONEDNN_MAX_CPU_ISA");
    const std::string_view isa = limit ? limit : "";
    return isa == "ALL" || isa == "DEFAULT" ? std::string_view() : isa;
}

}  // namespace

bool native_bf16() {
    static const bool native = [] {
        const std::string_view isa = instruction_limit();
        const bool allowed =
            isa.empty() || isa.find("BF16") != isa.npos || isa.find("FP16") != isa.npos || isa.find("AMX") != isa.npos;
        return allowed && processor_has_bf16();
    }();
    return native;
}

bool fast_bf16() {
    static const bool fast = [] {
        const std::string_view isa = instruction_limit();
        return (isa.empty() || isa.find("AMX") != isa.npos) && processor_has_amx_bf16();
    }();
    return fast;
}

at::ScalarType cpu_precision(const std::string& precision) {
    if (precision == "auto") return native_bf16() ? at::kBFloat16 : at::kFloat;
    if (precision == "bf16") return at::kBFloat16;
    if (precision == "fp32") return at::kFloat;
    throw Error(ZT_ERROR_UNSUPPORTED, "precision: expected auto, fp32 or bf16 on the CPU, got " + precision);
}

}  // namespace zt::device
