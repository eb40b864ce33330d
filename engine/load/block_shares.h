// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Blocks of a transformer of which each rank keeps a piece. A block that is read as it will be used (cast, or packed
// with its scales and adapters) is a run of bytes, its tensors one after the other; the run is cut into one piece for
// each rank (ranks/traffic.h: kPieceUnit), and of what the rank does not keep only the outline stays: types, shapes,
// places. A block put together again is made of views of the run, so that it computes the same bits.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "load/weight_memory.h"
#include "nn/packed_linear.h"
#include "ranks/share.h"
#include "weights/decode_tensor.h"

namespace zt::load {

// Where a tensor lies in a run of bytes.
struct PlaceInRun {
    std::vector<int64_t> sizes, strides;
    at::ScalarType type = at::kByte;
    int64_t at = 0, bytes = 0;
};
// Of what a tensor shares with nobody; it must not have holes. Throws zt::Error(INTERNAL) for one that has.
[[nodiscard]] PlaceInRun place_in_run(const at::Tensor& tensor, int64_t at);
// Where the next one begins, in whole units.
[[nodiscard]] int64_t end_of(const PlaceInRun& place);
// Its bytes, [bytes] u8; a view.
[[nodiscard]] at::Tensor bytes_of(const at::Tensor& tensor);
// The tensor at its place; a view of the run.
[[nodiscard]] at::Tensor tensor_at(const PlaceInRun& place, const at::Tensor& run);
// A tensor of nothing that stands for another in an outline.
[[nodiscard]] at::Tensor stand_in();
// This rank's piece of the run of these tensors at these places. run_bytes: of the run.
[[nodiscard]] at::Tensor cut_piece(const std::vector<at::Tensor>& tensors, const std::vector<PlaceInRun>& places,
                                   int64_t run_bytes, int rank, int ranks);

// See each_tensor().
template <class F>
struct TensorVisitor {
    const F& f;
    void operator()(const std::string&, at::Tensor& tensor) const {
        if (tensor.defined()) f(tensor);
    }
    void operator()(const std::string& name, nn::PackedLinear& layer) const {
        (*this)(name, layer.weight), (*this)(name, layer.bias), (*this)(name, layer.scale);
        if (!weights::needs_table(layer.encoding)) (*this)(name, layer.table);  // else all layers share one
        for (nn::LowRank& adapter : layer.adapters) (*this)(name, adapter.down), (*this)(name, adapter.up);
    }
    template <class Layer>
    void operator()(const std::string& name, Layer& layer) const {
        layer.visit(*this, name);
    }
};
// Calls f(at::Tensor&) for every tensor of a block that is defined, always in the same order.
template <class Block, class F>
void each_tensor(Block& block, const F& f) {
    const TensorVisitor<F> visitor{f};
    if constexpr (requires { block.index(); }) {
        std::visit([&](auto& one) { each_tensor(one, f); }, block);
    } else {
        block.each(visitor, int64_t{0});
        if constexpr (requires { block.tables.each(visitor, int64_t{0}); }) block.tables.each(visitor, int64_t{0});
    }
}

// The pieces of one rank. Immutable; thread-safe to share.
template <class Block>
class BlockShares {
public:
    // Blocks first ... count - 1, each read whole and cut. before(i): told before block i is read.
    BlockShares(int64_t first, int64_t count, int rank, int ranks, const std::function<Block(int64_t)>& read,
                const std::function<void(int64_t)>& before)
        : first_(first) {
        for (int64_t i = first; i < count; i++) {
            before(i);
            cut(read(i), rank, ranks);
        }
    }
    [[nodiscard]] int64_t first() const noexcept { return first_; }
    // That this rank keeps.
    [[nodiscard]] uint64_t bytes() const {
        uint64_t sum = 0;
        for (const Cut& one : cuts_) sum += one.piece.nbytes();
        return sum;
    }
    // Block i. join(piece, run) fills the run, u8, with every rank's piece of it.
    [[nodiscard]] Block whole(int64_t i,
                              const std::function<void(const at::Tensor& piece, const at::Tensor& run)>& join) const {
        const Cut& cut = cuts_.at(static_cast<size_t>(i - first_));
        const at::Tensor run = weight_memory({cut.run_bytes}, at::kByte, cut.piece.device());
        join(cut.piece, run);
        Block block = cut.outline;
        auto place = cut.places.begin();
        each_tensor(block, [&](at::Tensor& tensor) { tensor = tensor_at(*place++, run); });
        return block;
    }

private:
    struct Cut {
        Block outline;  // its tensors stand_in()
        std::vector<PlaceInRun> places;
        at::Tensor piece;  // u8
        int64_t run_bytes = 0;
    };
    void cut(Block block, int rank, int ranks) {
        Cut made;
        std::vector<at::Tensor> tensors;
        each_tensor(block, [&](at::Tensor& tensor) {
            made.places.push_back(place_in_run(tensor, made.run_bytes));
            made.run_bytes = end_of(made.places.back());
            tensors.push_back(std::exchange(tensor, stand_in()));
        });
        made.piece = cut_piece(tensors, made.places, made.run_bytes, rank, ranks);
        made.outline = std::move(block);
        cuts_.push_back(std::move(made));
    }

    int64_t first_;
    std::vector<Cut> cuts_;
};

}  // namespace zt::load
