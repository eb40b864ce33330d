// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One part of a model (transformer, VAE, an encoder) as tensors under our names, from whatever file
// it lies in: spellings and fused layouts are part_names.h's, encodings are decode_tensor.h's. Bytes go
// by pread into the final allocation: there is never a second copy of a part on the host, only a
// buffer of kChunkBytes for what needs converting, or for its way to another device.
//
//   const PartReader reader(weights::Checkpoint::open(path), names, options);
//   reader.fill(transformer, dtype, keep_packed);            // every tensor that a struct names
//   reader.fill(block, dtype, keep_packed, 3);               // one block, as often as it is needed
//
// Immutable after construction and thread-safe: blocks can be read while others compute.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/cancel.h"
#include "load/part_names.h"
#include "nn/packed_linear.h"
#include "weights/checkpoint.h"

namespace zt::load {

class LoraSet;  // lora_set.h

struct ReaderOptions {
    at::Device device = at::kCPU;          // where the tensors are made
    int64_t heads = 0, kv_heads = 0;       // to undo the row orders of llama.cpp (kv_heads too) and kPerHead
    std::shared_ptr<const LoraSet> loras;  // applied to what is read; may be null
    const Cancel* cancel = nullptr;        // polled per 64 MiB; must outlive the reader
};

class PartReader {
public:
    // Maps every name of the checkpoint. Throws ZT_ERROR_WEIGHTS for a tensor that the part does not have
    // and its names do not ignore, for fused tensors that miss a piece, for types without arithmetic, for scales
    // without their weight and fp8 without its scales.
    PartReader(std::shared_ptr<const weights::Checkpoint> checkpoint, const PartNames& names,
               ReaderOptions options = {});  // names: borrowed

    [[nodiscard]] bool has(const std::string& name) const { return sources_.contains(name); }
    // The shape it will have (fused); throws ZT_ERROR_WEIGHTS when there is none.
    [[nodiscard]] std::vector<int64_t> shape(const std::string& name) const;
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] const weights::Checkpoint& checkpoint() const noexcept { return *checkpoint_; }

    // A whole tensor in `type`: decoded, scales and adapters applied. Throws ZT_ERROR_WEIGHTS (none of
    // that name, a type without arithmetic), IO, CANCELLED.
    [[nodiscard]] at::Tensor dense(const std::string& name, at::ScalarType type) const;
    // Some rows of a matrix: of an embedding table that need not be in memory. [rows.size(), columns].
    [[nodiscard]] at::Tensor rows(const std::string& name, std::span<const int64_t> rows, at::ScalarType type) const;
    // "<name>.weight" and "<name>.bias". keep_packed: a matrix that is fp8 or blocks in the file stays
    // so, with adapters beside it; a dense one is `type`, as is the bias.
    [[nodiscard]] nn::PackedLinear linear(const std::string& name, at::ScalarType type, bool keep_packed) const;

    // Loads everything that the model names: `model.each(f, where...)` if it has that (layers whole:
    // matrices may stay packed), else `model.visit(f, where...)`. Checks all names and shapes against
    // the struct's own before the first byte is read: the message names the first that is missing or
    // wrong, and counts the others.
    template <class Model, class... Where>
    void fill(Model& model, at::ScalarType type, bool keep_packed, const Where&... where) const {
        Wanted wanted;
        walk(model, wanted, where...);
        check(wanted);
        Filler filler{*this, type, keep_packed};
        walk(model, filler, where...);
    }
    // The check of fill() alone.
    template <class Model, class... Where>
    void expect(Model& model, const Where&... where) const {
        Wanted wanted;
        walk(model, wanted, where...);
        check(wanted);
    }

private:
    struct Source {  // one tensor of ours: its pieces in the order of the rows
        std::vector<const weights::CheckpointEntry*> pieces;
        std::vector<const weights::CheckpointEntry*> scales;         // fp8, int8, NVFP4: one per piece or null
        std::vector<const weights::CheckpointEntry*> second_scales;  // NVFP4: one per piece or null
        RowOrder order = RowOrder::kSame;
        bool round_scale = false;  // the convention multiplies in bf16
    };
    // Collects what a struct wants, refuses what does not fit, then reads.
    struct Wanted {
        std::vector<std::pair<std::string, std::vector<int64_t>>> tensors;
        void operator()(const std::string& name, at::Tensor& t) { tensors.emplace_back(name, t.sizes().vec()); }
        void operator()(const std::string& name, nn::PackedLinear& l) {
            tensors.emplace_back(name + ".weight", std::vector<int64_t>{l.out, l.in});
            if (l.bias.defined()) tensors.emplace_back(name + ".bias", std::vector<int64_t>{l.out});
        }
        template <class Layer>
        void operator()(const std::string& name, Layer& layer) {
            layer.visit(*this, name);
        }
    };
    struct Filler {
        const PartReader& reader;
        at::ScalarType type;
        bool keep_packed;
        void operator()(const std::string& name, at::Tensor& t) {
            t = at::Tensor();  // gives its memory back first
            t = reader.dense(name, type);
        }
        void operator()(const std::string& name, nn::PackedLinear& l) {
            l = nn::PackedLinear();
            l = reader.linear(name, type, keep_packed);
        }
        template <class Layer>
        void operator()(const std::string& name, Layer& layer) {
            layer.visit(*this, name);
        }
    };
    template <class Model, class F, class... Where>
    static void walk(Model& model, F& f, const Where&... where) {
        if constexpr (requires { model.each(f, where...); })
            model.each(f, where...);
        else
            model.visit(f, where...);
    }

    void check(const Wanted& wanted) const;
    // By the name of their weight.
    using Scales = std::map<std::string, std::vector<std::pair<const weights::CheckpointEntry*, Placed>>>;
    // The steps of the constructor: where each tensor of the file belongs; the scales beside their weights; pieces of
    // one tensor that fit each other.
    Scales place_tensors(const PartNames& part);
    void place_scales(const Scales& scales);
    void check_pieces();
    const Source& source(const std::string& name) const;
    [[nodiscard]] int64_t head_rows(const Source& source) const;
    [[nodiscard]] at::Tensor in_order(const at::Tensor& rows, const Source& source) const;
    [[nodiscard]] at::Tensor piece_scale(const Source& source, size_t piece, at::Device device) const;
    [[nodiscard]] at::Tensor scale_of(const Source& source) const;
    void read_rows(const Source& source, size_t piece, int64_t from, at::Tensor out, bool raw) const;
    void read_nvfp4(const Source& source, size_t piece, int64_t from, const at::Tensor& out, bool raw) const;
    void read_all(const Source& source, const at::Tensor& out, bool raw) const;

    std::shared_ptr<const weights::Checkpoint> checkpoint_;
    ReaderOptions options_;
    std::map<std::string, Source> sources_;  // by our names
    at::Tensor table_;                       // decoding_table() where the file needs it, else undefined
};

}  // namespace zt::load
