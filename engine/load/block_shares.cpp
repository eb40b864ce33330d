// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See block_shares.h.
#include "load/block_shares.h"

#include <algorithm>

#include "core/error.h"
#include "ranks/pieces.h"
#include "ranks/traffic.h"

namespace zt::load {

PlaceInRun place_in_run(const at::Tensor& tensor, int64_t at) {
    if (!tensor.is_non_overlapping_and_dense())
        throw Error(ZT_ERROR_INTERNAL, "shares: expected weights without holes, got a tensor with some");
    return {tensor.sizes().vec(), tensor.strides().vec(), tensor.scalar_type(), at,
            static_cast<int64_t>(tensor.nbytes())};
}

int64_t end_of(const PlaceInRun& place) { return ranks::in_units(place.at + place.bytes) * ranks::kPieceUnit; }

at::Tensor bytes_of(const at::Tensor& tensor) {
    return tensor.as_strided({tensor.numel()}, {1}, tensor.storage_offset()).view(at::kByte);
}

at::Tensor tensor_at(const PlaceInRun& place, const at::Tensor& run) {
    const at::Tensor typed = run.narrow(0, place.at, place.bytes).view(place.type);
    return typed.as_strided(place.sizes, place.strides, typed.storage_offset());
}

at::Tensor stand_in() { return at::empty({0}); }

at::Tensor cut_piece(const std::vector<at::Tensor>& tensors, const std::vector<PlaceInRun>& places, int64_t run_bytes,
                     int rank, int ranks) {
    const ranks::Share own = ranks::piece_of(run_bytes, rank, ranks);
    const at::Device device = tensors.empty() ? at::Device(at::kCPU) : tensors.front().device();
    at::Tensor piece = weight_memory({own.count}, at::kByte, device);
    piece.zero_();  // what lies between tensors
    for (size_t i = 0; i < tensors.size(); i++) {
        const int64_t from = std::max(places[i].at, own.first),
                      to = std::min(places[i].at + places[i].bytes, own.first + own.count);
        if (from < to)
            piece.narrow(0, from - own.first, to - from)
                .copy_(bytes_of(tensors[i]).narrow(0, from - places[i].at, to - from));
    }
    return piece;
}

}  // namespace zt::load
