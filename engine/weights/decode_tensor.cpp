// SPDX-License-Identifier: LGPL-2.1-or-later
//
// fp8 by ATen's own types; see decode_tensor.h.
#include "weights/decode_tensor.h"

#include "core/error.h"

namespace zt::weights {

at::Tensor decode_tensor(const at::Tensor& bytes, Encoding encoding, at::IntArrayRef shape,
                         const at::Tensor& scale, at::ScalarType type) {
    if (encoding != Encoding::kF8E4M3 && encoding != Encoding::kF8E5M2)
        throw Error(ZT_ERROR_INTERNAL, "decode_tensor: expected fp8, got another encoding");
    const at::Tensor codes = bytes.view(encoding == Encoding::kF8E4M3 ? at::kFloat8_e4m3fn : at::kFloat8_e5m2).view(shape);
    if (!scale.defined()) return codes.to(type);
    const at::Tensor factor = scale.dim() == 1 ? scale.unsqueeze(1) : scale;
    return (codes.to(at::kFloat) * factor).to(type);
}

}  // namespace zt::weights
