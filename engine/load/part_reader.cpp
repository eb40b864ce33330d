// SPDX-License-Identifier: LGPL-2.1-or-later
//
// From entries of a checkpoint to tensors under our names; see part_reader.h.
#include "load/part_reader.h"

#include <sys/mman.h>

#include <algorithm>
#include <sstream>

#include "core/utf8.h"
#include "load/lora.h"
#include "load/part_checks.h"
#include "load/quantised.h"
#include "load/weight_memory.h"
#include "weights/decode_tensor.h"
#include "weights/nvfp4.h"

namespace zt::load {
namespace {

using weights::CheckpointEntry;
using weights::Encoding;

// What is read before it is converted: large enough for the disk, small beside any model.
constexpr int64_t kChunkBytes = 4 << 20;
constexpr int64_t kParts = 3;  // of a matrix in RowOrder::kPerHead: q, k, v
// AWQ: factors of a matrix's inputs, one for each column.
constexpr std::string_view kInputFactors = "pre_quant_scale";

// Memory of the host for what goes to `device`. For another device than the host it is page-locked, so that it travels
// while more is read: LibTorch's allocator of such memory hands it out again only when the copy that reads it is over.
at::TensorOptions host_memory(at::ScalarType type, at::Device device) {
    return at::TensorOptions(type).pinned_memory(!device.is_cpu());
}

// Memory of the host that the kernel gives and takes back. The C library would cut what has less than 32 MiB from its
// heaps, one for each thread that reads: a block of the next pass does not fit where one was, and the heaps grow.
at::Tensor mapped(at::IntArrayRef sizes, at::ScalarType type) {
    const size_t bytes = static_cast<size_t>(c10::multiply_integers(sizes)) * c10::elementSize(type);
    void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        throw Error(ZT_ERROR_MEMORY, "memory: expected " + std::to_string(bytes) + " bytes for weights, got none");
    return at::from_blob(
        memory, sizes, [bytes](void* p) { munmap(p, bytes); }, at::TensorOptions(type));
}

// What a chunk is read into.
at::Tensor chunk_buffer(int64_t rows, int64_t row_bytes, at::Device device) {
    if (!device.is_cpu()) return at::empty({rows, row_bytes}, host_memory(at::kByte, device));
    return mapped({rows, row_bytes}, at::kByte);
}

// Smaller ones lie on the heap, where they take no whole pages.
constexpr int64_t kMappedBytes = 1 << 20;
}  // namespace

at::Tensor weight_memory(at::IntArrayRef sizes, at::ScalarType type, at::Device device) {
    const int64_t bytes = c10::multiply_integers(sizes) * static_cast<int64_t>(c10::elementSize(type));
    if (device.is_cpu() && bytes >= kMappedBytes) return mapped(sizes, type);
    return at::empty(sizes, at::TensorOptions(device).dtype(type));
}

namespace {

struct TypePair {
    weights::Dtype file;
    at::ScalarType tensor;
};
constexpr TypePair kTypes[] = {{weights::Dtype::kF32, at::kFloat},
                               {weights::Dtype::kBF16, at::kBFloat16},
                               {weights::Dtype::kF16, at::kHalf},
                               {weights::Dtype::kF64, at::kDouble}};

[[noreturn]] void refuse(const weights::Checkpoint& file, const std::string& what) {
    throw Error(ZT_ERROR_WEIGHTS, file.name() + ": " + what);
}

std::string shown(at::IntArrayRef sizes) {
    std::ostringstream out;
    out << sizes;
    return out.str();
}

at::ScalarType dense_type(const weights::Checkpoint& file, const CheckpointEntry& entry) {
    for (const TypePair& t : kTypes)
        if (t.file == entry.dtype) return t.tensor;
    refuse(file, "tensor " + quote(entry.name) + ": expected a number type with arithmetic, got " + entry.type_name());
}

// An entry as rows: its first size, or one row of all for what has blocks and one size.
struct RowLayout {
    int64_t rows, columns, row_bytes;
};
RowLayout layout_of(const CheckpointEntry& entry) {
    const int64_t numel = c10::multiply_integers(entry.shape);
    const bool flat = entry.shape.size() < 2;
    const int64_t rows = flat && entry.encoding != Encoding::kDense ? 1 : entry.rows();
    return {rows, rows == 0 ? 0 : numel / rows, rows == 0 ? 0 : static_cast<int64_t>(entry.size_bytes) / rows};
}

// The factors of a matrix's inputs; null where there are none.
const CheckpointEntry* input_factors(const weights::Checkpoint& file, const CheckpointEntry& weight) {
    constexpr std::string_view kWeight = "weight";
    if (weight.encoding != Encoding::kNvfp4 || !weight.name.ends_with(kWeight)) return nullptr;
    return file.find(weight.name.substr(0, weight.name.size() - kWeight.size()) + std::string(kInputFactors));
}

// The same as numbers, fp32 [columns]; undefined where there are none.
at::Tensor column_factors(const weights::Checkpoint& file, const CheckpointEntry& weight, at::Device device) {
    const CheckpointEntry* entry = input_factors(file, weight);
    if (entry == nullptr) return {};
    const at::Tensor read =
        at::empty({c10::multiply_integers(entry->shape)}, host_memory(dense_type(file, *entry), device));
    file.read(*entry, 0, {static_cast<std::byte*>(read.data_ptr()), read.nbytes()});
    return read.to(device, at::kFloat, /*non_blocking=*/true);
}

// Makers put them beside NVFP4 alone. Of a matrix that is several in the file each would have its own.
void check_input_factors(const weights::Checkpoint& file, const CheckpointEntry& factors, const CheckpointEntry& weight,
                         size_t pieces) {
    if (input_factors(file, weight) != &factors)
        refuse(file, "tensor " + quote(factors.name) + ": expected NVFP4 beside factors of inputs (AWQ), got " +
                         weight.type_name());
    if (pieces > 1)
        refuse(file, "tensor " + quote(factors.name) +
                         ": expected factors of inputs (AWQ) of a whole matrix, got those of one of " +
                         std::to_string(pieces) + " that become one");
    if (factors.encoding != Encoding::kDense || c10::multiply_integers(factors.shape) != weight.shape[1])
        refuse(file, "tensor " + quote(factors.name) + ": expected " + std::to_string(weight.shape[1]) +
                         " factors, got " + std::to_string(c10::multiply_integers(factors.shape)) + " of " +
                         factors.type_name());
    static_cast<void>(dense_type(file, factors));
}

}  // namespace

PartReader::PartReader(std::shared_ptr<const weights::Checkpoint> checkpoint, const PartNames& part,
                       ReaderOptions options)
    : checkpoint_(std::move(checkpoint)), options_(std::move(options)) {
    const Scales scales = place_tensors(part);
    check_quantisation(*checkpoint_);
    check_scales(*checkpoint_, part);
    place_scales(scales);
    check_pieces();
}

PartReader::Scales PartReader::place_tensors(const PartNames& part) {
    const weights::Checkpoint& file = *checkpoint_;
    Scales scales;
    for (const CheckpointEntry& entry : file.entries()) {
        const std::optional<Placed> placed = part.place(entry.name);
        if (!placed) {
            if (part.is_ignored(entry.name)) continue;
            refuse(file, "tensor " + quote(entry.name) + ": expected only tensors of " + std::string(part.title()) +
                             ", got one more");
        }
        if (is_scale(placed->leaf) || placed->leaf == kSecondScale || placed->leaf == kInputFactors)
            scales[placed->module + ".weight"].emplace_back(&entry, *placed);
        if (!placed->is_tensor()) continue;
        Source& source = sources_[placed->name()];
        const size_t pieces = static_cast<size_t>(placed->pieces), piece = static_cast<size_t>(placed->piece);
        if (source.pieces.empty()) {
            source.pieces.resize(pieces);
            source.scales.resize(pieces);
            source.second_scales.resize(pieces);
            source.order = placed->order;
        }
        if (source.pieces.size() != pieces || source.pieces[piece] != nullptr)
            refuse(file, "tensor " + quote(entry.name) + ": expected " + quote(placed->name()) +
                             " once, got it in two spellings");
        source.pieces[piece] = &entry;
    }
    return scales;
}

void PartReader::place_scales(const Scales& scales) {
    const weights::Checkpoint& file = *checkpoint_;
    for (const auto& [name, list] : scales) {
        for (const auto& [entry, placed] : list) {
            const auto found = sources_.find(name);
            const size_t piece = static_cast<size_t>(placed.piece);
            const bool fits = found != sources_.end() &&
                              found->second.pieces.size() == static_cast<size_t>(placed.pieces) &&
                              found->second.pieces[piece] != nullptr;
            if (!fits) refuse(file, "tensor " + quote(entry->name) + ": expected a weight beside the scale, got none");
            Source& source = found->second;
            const CheckpointEntry& weight = *source.pieces[piece];
            if (placed.leaf == kInputFactors) {
                check_input_factors(file, *entry, weight, source.pieces.size());
                continue;
            }
            if (!weights::needs_scale(weight.encoding))
                refuse(file, "tensor " + quote(weight.name) + ": expected fp8 or int8 beside a scale, got " +
                                 weight.type_name());
            const int64_t numel = c10::multiply_integers(entry->shape);
            const bool second = placed.leaf == kSecondScale, tiled = weight.encoding == Encoding::kNvfp4 && !second;
            if (second && weight.encoding != Encoding::kNvfp4)
                refuse(file, "tensor " + quote(weight.name) + ": expected NVFP4 beside a second scale, got " +
                                 weight.type_name());
            if (!tiled && numel != 1 && (second || numel != weight.rows()))
                refuse(file, "tensor " + quote(entry->name) + ": expected 1 or " + std::to_string(weight.rows()) +
                                 " factors, got " + std::to_string(numel));
            (second ? source.second_scales : source.scales)[piece] = entry;
            source.round_scale = placed.leaf == "fp8_scale";
        }
    }
}

void PartReader::check_pieces() {
    const weights::Checkpoint& file = *checkpoint_;
    for (const auto& [name, source] : sources_) {
        for (const CheckpointEntry* piece : source.pieces) {
            const CheckpointEntry* first = source.pieces.front();
            if (piece != nullptr && piece->encoding == Encoding::kDense) static_cast<void>(dense_type(file, *piece));
            if (piece == nullptr || first == nullptr)
                refuse(file, "tensor " + quote(name) + ": expected all " + std::to_string(source.pieces.size()) +
                                 " parts of it, got fewer");
            const bool same = piece->shape.size() == first->shape.size() && !piece->shape.empty() &&
                              std::equal(piece->shape.begin() + 1, piece->shape.end(), first->shape.begin() + 1);
            if (source.pieces.size() > 1 && !same)
                refuse(file, "tensor " + quote(piece->name) + ": expected rows like those of " + quote(first->name) +
                                 " " + shown(first->shape) + ", got " + shown(piece->shape));
            if (source.order == RowOrder::kSwapHalves && layout_of(*piece).rows % 2 != 0)
                refuse(file, "tensor " + quote(piece->name) + ": expected an even number of rows, got " +
                                 shown(piece->shape));
            if (piece != nullptr && weights::needs_table(piece->encoding) && !table_.defined())
                table_ = weights::decoding_table(options_.device);
        }
    }
}

const PartReader::Source& PartReader::source(const std::string& name) const {
    const auto found = sources_.find(name);
    if (found == sources_.end()) refuse(*checkpoint_, "tensor " + quote(name) + ": expected one in the file, got none");
    return found->second;
}

std::vector<int64_t> PartReader::shape(const std::string& name) const {
    const Source& from = source(name);
    std::vector<int64_t> shape = from.pieces.front()->shape;
    for (size_t i = 1; i < from.pieces.size(); ++i) shape[0] += from.pieces[i]->shape[0];
    return shape;
}

std::vector<std::string> PartReader::names() const {
    std::vector<std::string> names;
    for (const auto& [name, from] : sources_) names.push_back(name);
    return names;
}

void PartReader::check(const Wanted& wanted) const {
    std::string first;
    size_t others = 0;
    for (const auto& [name, expected] : wanted.tensors) {
        const bool there = has(name);
        if (there && shape(name) == expected) continue;
        if (!first.empty())
            ++others;
        else
            first = "tensor " + quote(name) + ": expected " + shown(expected) + ", got " +
                    (there ? shown(shape(name)) : "none");
    }
    if (!first.empty()) refuse(*checkpoint_, first + (others == 0 ? "" : " (and " + std::to_string(others) + " more)"));
}

// Rows in our order. llama.cpp interleaved those of one head for its own rotary layout.
at::Tensor PartReader::in_order(const at::Tensor& rows, const Source& source) const {
    const int64_t n = rows.size(0);
    switch (source.order) {
        case RowOrder::kSame: return rows;
        case RowOrder::kSwapHalves: return at::cat({rows.slice(0, n / 2), rows.slice(0, 0, n / 2)});
        case RowOrder::kLlamaQuery:
        case RowOrder::kLlamaKey: {
            const int64_t head = head_rows(source);
            std::vector<int64_t> split = {n / head, head / 2, 2};
            split.insert(split.end(), rows.sizes().begin() + 1, rows.sizes().end());
            return rows.view(split).transpose(1, 2).reshape(rows.sizes());
        }
        case RowOrder::kPerHead: {
            std::vector<int64_t> split = {options_.heads, kParts, head_rows(source)};
            split.insert(split.end(), rows.sizes().begin() + 1, rows.sizes().end());
            return rows.view(split).transpose(0, 1).reshape(rows.sizes());
        }
    }
    return rows;
}

int64_t PartReader::head_rows(const Source& source) const {
    const bool per_head = source.order == RowOrder::kPerHead;
    const int64_t heads = source.order == RowOrder::kLlamaKey ? options_.kv_heads : options_.heads;
    const int64_t rows = layout_of(*source.pieces.front()).rows;
    if (heads <= 0 || rows % ((per_head ? kParts : 2) * heads) != 0)
        refuse(*checkpoint_, "tensor " + quote(source.pieces.front()->name) + ": expected rows for " +
                                 std::to_string(heads) + " heads, got " + std::to_string(rows));
    return rows / heads / (per_head ? kParts : 1);
}

at::Tensor PartReader::piece_scale(const Source& source, size_t piece, at::Device device) const {
    // Of NVFP4 the scales are among the bytes; what stays beside them is the factor of the matrix.
    const bool among = source.pieces[piece]->encoding == Encoding::kNvfp4;
    const CheckpointEntry* entry = (among ? source.second_scales : source.scales)[piece];
    if (entry == nullptr) return {};
    const int64_t factors = c10::multiply_integers(entry->shape);
    at::Tensor scale = at::empty({factors}, host_memory(dense_type(*checkpoint_, *entry), device));
    checkpoint_->read(*entry, 0, {static_cast<std::byte*>(scale.data_ptr()), scale.nbytes()}, options_.cancel);
    scale = scale.to(device, scale.scalar_type(), /*non_blocking=*/true);
    if (source.round_scale) scale = scale.to(at::kBFloat16);
    scale = scale.to(at::kFloat);
    return scale.numel() == 1 ? scale.squeeze(0) : scale;
}

// Some rows of a matrix, each scale put in front of its values.
void PartReader::read_nvfp4(const Source& source, size_t piece, int64_t from, const at::Tensor& out, bool raw) const {
    const CheckpointEntry &entry = *source.pieces[piece], &scales = *source.scales[piece];
    const RowLayout layout = layout_of(entry);
    const int64_t tile_bytes = weights::nvfp4_tile_bytes(layout.columns), rows = out.size(0);
    const int64_t row_bytes = layout.columns / weights::kNvfp4Values * weights::kNvfp4Bytes;
    const at::Tensor factor = raw ? at::Tensor() : piece_scale(source, piece, out.device());
    const at::Tensor columns = raw ? at::Tensor() : column_factors(*checkpoint_, entry, out.device());
    std::vector<std::byte> tile(static_cast<size_t>(tile_bytes));
    for (int64_t done = 0; done < rows;) {
        const int64_t row = from + done, in_tile = row % weights::kNvfp4TileRows,
                      count = std::min(rows - done, weights::kNvfp4TileRows - in_tile);
        checkpoint_->read(scales, static_cast<uint64_t>(row / weights::kNvfp4TileRows * tile_bytes), tile,
                          options_.cancel);
        std::vector<std::byte> values(static_cast<size_t>(count * layout.row_bytes));
        checkpoint_->read(entry, static_cast<uint64_t>(row * layout.row_bytes), values, options_.cancel);
        const at::Tensor blocks = at::empty({count, row_bytes}, host_memory(at::kByte, out.device()));
        for (int64_t i = 0; i < count; ++i)
            weights::nvfp4_row(values.data() + i * layout.row_bytes, tile.data(), in_tile + i, layout.columns,
                               static_cast<std::byte*>(blocks.data_ptr()) + i * row_bytes);
        const at::Tensor there = blocks.to(out.device(), at::kByte, /*non_blocking=*/true),
                         place = out.narrow(0, done, count);
        place.copy_((raw ? there
                         : weights::decode_tensor(there, entry.encoding, {count, layout.columns}, factor,
                                                  out.scalar_type(), columns))
                        .view(place.sizes()),
                    /*non_blocking=*/true);
        done += count;
    }
}

// Reads rows [from, from + out.size(0)) of an entry, converts them a chunk at a time.
void PartReader::read_rows(const Source& source, size_t piece, int64_t from, at::Tensor out, bool raw) const {
    const CheckpointEntry& entry = *source.pieces[piece];
    const RowLayout layout = layout_of(entry);
    const bool dense = raw || entry.encoding == Encoding::kDense;
    const at::ScalarType type = raw                                  ? at::kByte
                                : entry.encoding == Encoding::kDense ? dense_type(*checkpoint_, entry)
                                                                     : at::kByte;
    const bool reordered = source.order == RowOrder::kLlamaQuery || source.order == RowOrder::kLlamaKey;
    const int64_t rows = out.size(0);
    const auto at_row = [&](int64_t row) { return static_cast<uint64_t>((from + row) * layout.row_bytes); };
    if (rows == 0 || out.numel() == 0) return;
    if (entry.encoding == Encoding::kNvfp4) return read_nvfp4(source, piece, from, out, raw);
    if (dense && !reordered && out.is_cpu() && out.scalar_type() == type && out.is_contiguous()) {
        checkpoint_->read(entry, at_row(0), {static_cast<std::byte*>(out.data_ptr()), out.nbytes()}, options_.cancel);
        return;
    }
    const bool as_it_lies = dense && !reordered && out.scalar_type() == type;
    const int64_t unit = reordered ? head_rows(source) : 1;
    const int64_t step = std::max<int64_t>(1, kChunkBytes / std::max<int64_t>(1, layout.row_bytes) / unit) * unit;
    const at::Tensor scale = raw ? at::Tensor() : piece_scale(source, piece, out.device());
    at::Tensor buffer;
    for (int64_t done = 0; done < rows; done += step) {
        const int64_t count = std::min(step, rows - done);
        if (!buffer.defined() || !out.is_cpu())
            buffer = chunk_buffer(std::min(step, rows), layout.row_bytes, out.device());
        const at::Tensor bytes = buffer.narrow(0, 0, count);
        checkpoint_->read(entry, at_row(done), {static_cast<std::byte*>(bytes.data_ptr()), bytes.nbytes()},
                          options_.cancel);
        at::Tensor values = bytes.view(type);
        // What is to be changed is changed where it goes: of a copy that also converts, LibTorch does the
        // converting on the host first and then waits for the device.
        if (!as_it_lies) values = values.to(out.device(), type, /*non_blocking=*/true);
        if (!dense) {
            const at::Tensor factor = scale.defined() && scale.dim() == 1 ? scale.narrow(0, from + done, count) : scale;
            values = weights::decode_tensor(values, entry.encoding, {count, layout.columns}, factor, out.scalar_type(),
                                            table_);
        }
        const at::Tensor place = out.narrow(0, done, count);
        place.copy_((reordered ? in_order(values, source) : values).view(place.sizes()), /*non_blocking=*/true);
    }
}

// All pieces, one below the other, in our order.
void PartReader::read_all(const Source& source, const at::Tensor& out, bool raw) const {
    int64_t at = 0;
    for (size_t i = 0; i < source.pieces.size(); ++i) {
        const int64_t rows = layout_of(*source.pieces[i]).rows;
        const at::Tensor place = out.narrow(0, at, rows);
        if (source.order == RowOrder::kSwapHalves) {
            read_rows(source, i, rows / 2, place.narrow(0, 0, rows / 2), raw);
            read_rows(source, i, 0, place.narrow(0, rows / 2, rows / 2), raw);
        } else if (source.order == RowOrder::kPerHead) {
            const int64_t dim = head_rows(source);
            for (int64_t row = 0; row < rows / dim; ++row)  // of q, k or v of one head
                read_rows(source, i, row * dim,
                          place.narrow(0, (row % kParts * options_.heads + row / kParts) * dim, dim), raw);
        } else {
            read_rows(source, i, 0, place, raw);
        }
        at += rows;
    }
}

at::Tensor PartReader::dense(const std::string& name, at::ScalarType type) const {
    const Source& from = source(name);
    const std::vector<int64_t> sizes = shape(name);
    at::Tensor out = weight_memory(sizes, type, options_.device);
    if (sizes.size() >= 2)
        read_all(from, out, false);
    else if (from.pieces.front()->encoding == Encoding::kDense)
        read_all(from, out.view({out.numel(), 1}), false);
    else
        read_all(from, out.view({1, out.numel()}), false);
    if (options_.loras) merge_loras(*options_.loras, name, out, options_.cancel);
    return out;
}

at::Tensor PartReader::rows(const std::string& name, std::span<const int64_t> rows, at::ScalarType type) const {
    const Source& from = source(name);
    const CheckpointEntry& entry = *from.pieces.front();
    const RowLayout layout = layout_of(entry);
    if (from.pieces.size() != 1 || from.order != RowOrder::kSame || entry.shape.size() != 2)
        throw Error(ZT_ERROR_INTERNAL, checkpoint_->name() + ": tensor " + quote(name) +
                                           ": expected a matrix stored as it is used, got another");
    at::Tensor out = at::empty({static_cast<int64_t>(rows.size()), layout.columns}, host_memory(type, options_.device));
    for (size_t i = 0; i < rows.size(); ++i) {
        if (rows[i] < 0 || rows[i] >= layout.rows)
            throw Error(ZT_ERROR_INTERNAL, checkpoint_->name() + ": tensor " + quote(name) + ": expected a row below " +
                                               std::to_string(layout.rows) + ", got " + std::to_string(rows[i]));
        read_rows(from, 0, rows[i], out.narrow(0, static_cast<int64_t>(i), 1), false);
    }
    return out.to(options_.device, type, /*non_blocking=*/true);
}

nn::PackedLinear PartReader::linear(const std::string& name, at::ScalarType type, bool keep_packed) const {
    const Source& from = source(name + ".weight");
    const std::vector<int64_t> sizes = shape(name + ".weight");
    if (sizes.size() != 2)
        refuse(*checkpoint_, "tensor " + quote(name + ".weight") + ": expected a matrix, got " + shown(sizes));
    const Encoding encoding = from.pieces.front()->encoding;
    const bool same = std::all_of(from.pieces.begin(), from.pieces.end(),
                                  [&](const auto* piece) { return piece->encoding == encoding; });
    const bool changed = options_.loras && options_.loras->changes_whole(name + ".weight");
    nn::PackedLinear layer;
    layer.out = sizes[0];
    layer.in = sizes[1];
    if (keep_packed && same && encoding != Encoding::kDense && !changed) {
        layer.encoding = encoding;
        const int64_t row_bytes = encoding == Encoding::kNvfp4 ? layer.in / weights::kNvfp4Values * weights::kNvfp4Bytes
                                                               : layout_of(*from.pieces.front()).row_bytes;
        layer.weight = weight_memory({layer.out, row_bytes}, at::kByte, options_.device);
        read_all(from, layer.weight, true);
        layer.scale = scale_of(from);
        layer.table = weights::needs_table(encoding)
                          ? table_
                          : column_factors(*checkpoint_, *from.pieces.front(), options_.device);
        if (options_.loras)
            layer.adapters =
                loras_beside(*options_.loras, name + ".weight", layer.out, type, options_.device, options_.cancel);
    } else {
        layer.weight = dense(name + ".weight", type);
    }
    if (has(name + ".bias")) layer.bias = dense(name + ".bias", type);
    return layer;
}

// One factor, or one per row in our order.
at::Tensor PartReader::scale_of(const Source& source) const {
    const bool any =
        std::any_of(source.scales.begin(), source.scales.end(), [](const auto* s) { return s != nullptr; });
    if (!any) return {};
    if (source.pieces.size() == 1) {
        const at::Tensor scale = piece_scale(source, 0, options_.device);
        return scale.dim() == 0 ? scale : in_order(scale, source);
    }
    std::vector<at::Tensor> all;
    for (size_t i = 0; i < source.pieces.size(); ++i) {
        const at::Tensor scale = piece_scale(source, i, options_.device);
        all.push_back(scale.defined() ? scale.expand({source.pieces[i]->rows()})
                                      : at::ones({source.pieces[i]->rows()}, options_.device));
    }
    return at::cat(all);
}

}  // namespace zt::load
