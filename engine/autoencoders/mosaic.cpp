// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See mosaic.h.
#include "autoencoders/mosaic.h"

namespace zt::autoencoders {

std::vector<int64_t> TileGrid::areas() const {
    std::vector<int64_t> all;
    for (int64_t i = 0; i * stride_y < height; i++)
        for (int64_t j = 0; j < columns(); j++) all.push_back(height_of(i) * width_of(j));
    return all;
}

void blend(const at::Tensor& a, at::Tensor& b, int64_t dim, int64_t most) {
    const int64_t n = std::min({a.size(dim), b.size(dim), most});
    if (n <= 0) return;
    std::vector<int64_t> shape(static_cast<size_t>(b.dim()), 1);
    shape[static_cast<size_t>(dim)] = n;
    // The weights are computed in fp64 and used in fp32, and each product is rounded on its own: so
    // the reference's loop over single lines comes out bit for bit.
    const at::Tensor part = at::arange(n, b.options().dtype(at::kDouble)).div_(static_cast<double>(n)).view(shape);
    const at::Tensor of_b = part.to(at::kFloat), of_a = (1.0 - part).to(at::kFloat);
    at::Tensor begin = b.narrow(dim, 0, n);
    const at::Tensor end = a.narrow(dim, a.size(dim) - n, n);
    begin.copy_((end.to(at::kFloat) * of_a).to(b.scalar_type()) + (begin.to(at::kFloat) * of_b).to(b.scalar_type()));
}

}  // namespace zt::autoencoders
