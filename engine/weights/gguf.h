// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The GGUF checkpoint format (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md), versions 2
// and 3: typed key-value pairs, a table of tensors with the innermost size first, then their bytes,
// each at a multiple of the alignment. Reading is the same three steps as for safetensors.h: open()
// validates everything the file claims, the caller allocates, read() fills with pread.
//
// What passes open() holds: each tensor's bytes equal its shape times its type, lie inside the file
// and share no byte with another tensor. Files of video models break two limits of the stock reader,
// names of 64 bytes and four dimensions; ours are those of safetensors.h. Torch-free.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/cancel.h"
#include "core/file.h"
#include "weights/encoding.h"
#include "weights/safetensors.h"

namespace zt::weights {

inline constexpr uint64_t kMaxGgufKeys = 65'536;
inline constexpr uint64_t kMaxGgufStringBytes = 1 << 20;
inline constexpr uint64_t kMaxGgufArray = 4 << 20;   // largest real: merges of a tokenizer, 280,147
inline constexpr uint64_t kMaxGgufKeptBytes = 4096;  // values longer than this are checked, not kept
inline constexpr uint64_t kMaxGgufAlignment = 1 << 20;

struct GgufTensor {
    std::string name;  // any UTF-8; never use it as a path
    Encoding encoding = Encoding::kDense;
    Dtype dtype = Dtype::kF32;   // when dense
    std::vector<int64_t> shape;  // outermost first, as everywhere else here
    uint64_t offset = 0;         // bytes from the start of the file
    uint64_t size_bytes = 0;

    friend bool operator==(const GgufTensor&, const GgufTensor&) = default;
};

// Scalars and short strings; arrays are validated, and stay in the file.
using GgufValue = std::variant<bool, int64_t, uint64_t, double, std::string>;

// Where an array of scalars or strings lies.
struct GgufArray {
    uint32_t type = 0;                    // of its values: 0 u8, 1 i8, 5 i32, 6 f32, 8 strings ...
    uint64_t count = 0;                   // of values
    uint64_t offset = 0, size_bytes = 0;  // from the start of the file
};

// Immutable, thread-safe. Holds the file open: deleting or replacing it later does no harm.
class GgufFile {
public:
    // Throws ZT_ERROR_NOT_FOUND, ZT_ERROR_IO, ZT_ERROR_WEIGHTS.
    [[nodiscard]] static GgufFile open(const std::string& path);

    [[nodiscard]] const File& file() const noexcept { return file_; }
    [[nodiscard]] std::span<const GgufTensor> tensors() const noexcept {
        return tensors_;
    }  // in the order of their bytes
    [[nodiscard]] const std::map<std::string, GgufValue>& values() const noexcept { return values_; }
    [[nodiscard]] const std::map<std::string, GgufArray>& arrays() const noexcept { return arrays_; }
    // The strings of an array, one after another as they are written: a length in 8 bytes before each. Numbers as they
    // are written, little endian. Throws ZT_ERROR_IO when the file was cut or overwritten since open().
    [[nodiscard]] std::string read(const GgufArray& array) const;

private:
    explicit GgufFile(File file) : file_(std::move(file)) {}

    File file_;
    std::vector<GgufTensor> tensors_;
    std::map<std::string, GgufValue> values_;
    std::map<std::string, GgufArray> arrays_;
};

}  // namespace zt::weights
