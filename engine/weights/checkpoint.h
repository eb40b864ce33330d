// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A checkpoint, however it is stored: one safetensors file, several with an index, or GGUF. One table
// of tensors with one way to read them. Recognised by content, not by name; pickles are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "weights/gguf.h"
#include "weights/safetensors.h"

namespace zt::weights {

struct CheckpointEntry {
    std::string name;
    Encoding encoding = Encoding::kDense;
    Dtype dtype = Dtype::kF32;  // when dense
    std::vector<int64_t> shape;
    uint64_t offset = 0;  // in its file
    uint64_t size_bytes = 0;
    uint32_t file = 0;  // index into the checkpoint's files

    [[nodiscard]] int64_t rows() const noexcept { return shape.empty() ? 1 : shape.front(); }
    [[nodiscard]] uint64_t row_bytes() const noexcept {
        return rows() == 0 ? 0 : size_bytes / static_cast<uint64_t>(rows());
    }
    [[nodiscard]] std::string type_name() const;  // "BF16", "Q4_K"
};

enum class Container : uint8_t { kSafetensors, kShards, kGguf };

// Immutable once set_entries() was called, if it is; thread-safe then. Holds its files open.
class Checkpoint {
public:
    // `path`: a safetensors or GGUF file, an index (*.index.json), or a folder that holds exactly one
    // checkpoint: an index, or one *.safetensors file, or one *.gguf file, in that order.
    // Throws ZT_ERROR_NOT_FOUND, ZT_ERROR_IO, ZT_ERROR_WEIGHTS, ZT_ERROR_MEMORY.
    [[nodiscard]] static Checkpoint open(const std::string& path);

    [[nodiscard]] const std::string& name() const noexcept { return name_; }  // starts messages
    [[nodiscard]] const std::string& path() const noexcept { return path_; }  // of the file or index that was opened
    [[nodiscard]] Container container() const noexcept { return container_; }
    [[nodiscard]] std::span<const CheckpointEntry> entries() const noexcept { return entries_; }  // sorted by name
    [[nodiscard]] const CheckpointEntry* find(std::string_view name) const noexcept;
    [[nodiscard]] uint64_t data_bytes() const noexcept;  // of all tensors
    // The same bytes under other names or shapes, or less of them: each lies in one of those that were there.
    void set_entries(std::vector<CheckpointEntry> entries);
    // "__metadata__" of safetensors (shards: of the first that has the key).
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const noexcept { return metadata_; }
    // The file itself, null for another container.
    [[nodiscard]] const GgufFile* gguf() const noexcept { return gguf_ ? &*gguf_ : nullptr; }
    // Keys of GGUF.
    [[nodiscard]] const std::map<std::string, GgufValue>& values() const noexcept { return values_; }
    [[nodiscard]] std::optional<std::string> text_value(const std::string& key) const;
    [[nodiscard]] std::optional<double> number_value(const std::string& key) const;

    // Fills `out`, which lies inside the entry's bytes at `from`, and polls cancel per 64 MiB. Throws
    // ZT_ERROR_IO when the file was cut or overwritten since open(); `out` is undefined then.
    void read(const CheckpointEntry& entry, uint64_t from, std::span<std::byte> out,
              const Cancel* cancel = nullptr) const;

private:
    Checkpoint() = default;
    void add(SafetensorsFile file);
    void add(GgufFile file);
    void add_shards(const std::string& index_path);
    void sort_entries();

    std::string name_, path_;
    Container container_ = Container::kSafetensors;
    std::vector<SafetensorsFile> files_;
    std::optional<GgufFile> gguf_;
    std::vector<CheckpointEntry> entries_;
    std::map<std::string, std::string> metadata_;
    std::map<std::string, GgufValue> values_;
};

// The checkpoint a folder holds (see open), or nothing.
[[nodiscard]] std::optional<std::string> find_checkpoint(const std::string& folder);

}  // namespace zt::weights
