// SPDX-License-Identifier: LGPL-2.1-or-later
//
// at::parallel_for is a template that is serial unless compiled for one OpenMP runtime, which would be
// a second one beside LibTorch's. An iterator over a row of bytes runs inside the library: each part
// of the row that it hands out is a part of our range.
#include "device/parallel.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>

namespace zt::device {

void parallel(int64_t n, c10::function_ref<void(int64_t, int64_t)> f) {
    if (n <= 0) return;
    if (n == 1 || at::get_num_threads() == 1) return f(0, n);
    at::Tensor row = at::empty({n}, at::kByte);
    const char* begin = static_cast<const char*>(row.const_data_ptr());
    at::TensorIterator parts = at::TensorIterator::nullary_op(row);
    parts.for_each([&](char** at, const int64_t*, int64_t count,
                       int64_t times) { f(at[0] - begin, at[0] - begin + count * times); },
                   1);
}

}  // namespace zt::device
