// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The safetensors checkpoint format (https://github.com/huggingface/safetensors): 8 bytes of header
// length, a JSON header, then the tensors' bytes without gaps. Reading is three steps in this order:
// open() validates everything the file claims, the caller allocates, read() fills with pread.
//
// What passes open() holds: each tensor's bytes equal its shape times its dtype, the tensors cover
// the data exactly once from its first to its last byte, and nothing else is in the file.
// Stricter than the format's own reader; the list is in docs/reliability.md. Pickles (.pt .pth
// .ckpt .bin) can run code; they are recognised by content and refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "core/file.h"

namespace zt::weights {

inline constexpr uint64_t kMaxHeaderBytes = 100'000'000;  // the reference implementation's own
inline constexpr size_t kMaxTensors = 100'000;            // largest real file: about 2,000
inline constexpr size_t kMaxNameBytes = 512;              // longest real name: about 90
inline constexpr size_t kMaxRank = 8;                     // highest real rank: 5

// clang-format off
enum class Dtype : uint8_t {
    kBool, kU8, kI8, kF8E4M3, kF8E5M2, kU16, kI16, kF16, kBF16, kU32, kI32, kF32, kU64, kI64, kF64
};
// clang-format on
[[nodiscard]] std::string_view dtype_name(Dtype dtype) noexcept;  // as in the file: "BF16"
[[nodiscard]] uint64_t dtype_bytes(Dtype dtype) noexcept;

struct TensorEntry {
    std::string name;  // any UTF-8; never use it as a path
    Dtype dtype = Dtype::kU8;
    std::vector<int64_t> shape;  // empty: a scalar. The product of the sizes that are not 0 fits int64
    uint64_t offset = 0;         // bytes from the start of the file, not necessarily aligned
    uint64_t size_bytes = 0;

    friend bool operator==(const TensorEntry&, const TensorEntry&) = default;
};

struct TensorTable {
    std::vector<TensorEntry> tensors;             // in the order of their bytes
    std::map<std::string, std::string> metadata;  // of "__metadata__"
};

// The first step alone: validates a header (the bytes after the length) against the number of data
// bytes that follow it. `file` starts each message. Throws ZT_ERROR_WEIGHTS.
[[nodiscard]] TensorTable parse_table(std::string_view header, uint64_t data_bytes, const std::string& file);

// Immutable, thread-safe. Holds the file open: deleting or replacing it later does no harm.
class SafetensorsFile {
public:
    // Throws ZT_ERROR_NOT_FOUND, ZT_ERROR_IO, ZT_ERROR_WEIGHTS, ZT_ERROR_MEMORY.
    [[nodiscard]] static SafetensorsFile open(const std::string& path);

    [[nodiscard]] const File& file() const noexcept { return file_; }
    [[nodiscard]] std::span<const TensorEntry> tensors() const noexcept { return table_.tensors; }
    [[nodiscard]] const std::map<std::string, std::string>& metadata() const noexcept { return table_.metadata; }
    // nullptr when there is none.
    [[nodiscard]] const TensorEntry* find(std::string_view name) const noexcept;

    // Fills `out`, which has exactly entry.size_bytes, and polls cancel per 64 MiB. Throws
    // ZT_ERROR_IO when the file was cut or overwritten since open(); `out` is undefined then.
    void read(const TensorEntry& entry, std::span<std::byte> out, const Cancel* cancel = nullptr) const;

private:
    SafetensorsFile(File file, TensorTable table);

    File file_;
    TensorTable table_;
    std::vector<uint32_t> by_name_;  // indices into tensors, sorted by name
};

// A tensor to write; all members are borrowed.
struct TensorSource {
    std::string_view name;
    Dtype dtype;
    std::span<const int64_t> shape;
    std::span<const std::byte> bytes;
};

// Writes a file that open() accepts: widest dtypes first and then by name, as the reference writer
// does, so that each tensor is aligned. Appears under its name only when complete. The same input
// gives the same bytes. Throws ZT_ERROR_WEIGHTS for input open() would refuse, ZT_ERROR_IO.
void write_safetensors(const std::string& path, std::span<const TensorSource> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace zt::weights
