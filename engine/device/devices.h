// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which processor computes, and how much memory it has free. The CUDA half of LibTorch is mapped only
// when a device is asked for or seems to be there, so that machines without one never touch it.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>

namespace zt::device {

// "cpu"; "cuda", "cuda:N", or in place of cuda any backend that has_backend() (backends.h); "auto" = the first CUDA
// device, or the CPU where there is none. Always with a number but the CPU. Throws ZT_ERROR_DEVICE when a device is
// asked for by name and cannot be had, saying why. Thread-safe.
[[nodiscard]] at::Device resolve_device(const std::string& wish);

// "auto" -> bf16 on devices and where the processor has it, else fp32; explicit choices as asked.
// Throws ZT_ERROR_UNSUPPORTED for what models of this size are not computed in.
[[nodiscard]] at::ScalarType resolve_precision(const std::string& wish, at::Device device);

// Bytes that can be allocated on a device now: what its allocator says is free, of a CUDA device its driver; of the
// host what the kernel calls available, within the limits of this process's control groups. device: with its number.
[[nodiscard]] uint64_t free_bytes(at::Device device);

// Gives the operating system back what the host's allocator holds of tensors that are gone; between
// phases, because glibc keeps blocks below 32 MiB for its own next caller. Any thread; milliseconds.
void return_freed_memory();

}  // namespace zt::device
