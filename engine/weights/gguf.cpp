// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reader of GGUF; see gguf.h for what is promised.
#include "weights/gguf.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "core/checked.h"
#include "core/utf8.h"

namespace zt::weights {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr uint64_t kWindowBytes = 1 << 20;
constexpr uint64_t kMaxSize = std::numeric_limits<int64_t>::max();
constexpr std::string_view kAlignmentKey = "general.alignment";
constexpr uint64_t kDefaultAlignment = 32;

[[noreturn]] void refuse(const std::string& file, const std::string& what) {
    throw Error(ZT_ERROR_WEIGHTS, file + ": " + what);
}

// Types of values, by number.
enum class Kind : uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kString, kArray, kU64, kI64, kF64 };
constexpr std::array<uint64_t, 13> kKindBytes = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};  // at least
constexpr uint32_t kKinds = kKindBytes.size();

// Types of tensors, by number.
struct TypeRow {
    uint32_t number;
    Encoding encoding;
    Dtype dtype;
};
constexpr std::array<TypeRow, 20> kTypes = {{
    {0, Encoding::kDense, Dtype::kF32},  {1, Encoding::kDense, Dtype::kF16},  {30, Encoding::kDense, Dtype::kBF16},
    {28, Encoding::kDense, Dtype::kF64}, {24, Encoding::kDense, Dtype::kI8},  {25, Encoding::kDense, Dtype::kI16},
    {26, Encoding::kDense, Dtype::kI32}, {27, Encoding::kDense, Dtype::kI64}, {2, Encoding::kQ4_0, Dtype::kU8},
    {3, Encoding::kQ4_1, Dtype::kU8},    {6, Encoding::kQ5_0, Dtype::kU8},    {7, Encoding::kQ5_1, Dtype::kU8},
    {8, Encoding::kQ8_0, Dtype::kU8},    {10, Encoding::kQ2K, Dtype::kU8},    {11, Encoding::kQ3K, Dtype::kU8},
    {12, Encoding::kQ4K, Dtype::kU8},    {13, Encoding::kQ5K, Dtype::kU8},    {14, Encoding::kQ6K, Dtype::kU8},
    {20, Encoding::kIQ4NL, Dtype::kU8},  {23, Encoding::kIQ4XS, Dtype::kU8},
}};

// Reads a file from its start through a window; every read is checked against what is left.
// One thread at a time.
class Cursor {
public:
    explicit Cursor(const File& file) : file_(file) {}

    [[nodiscard]] uint64_t at() const noexcept { return at_; }
    [[nodiscard]] uint64_t left() const noexcept { return file_.size() - at_; }
    // The next bytes, gone with the next call. bytes <= kMaxGgufStringBytes.
    std::string_view take(uint64_t bytes, const std::string& what) {
        if (bytes > left())
            refuse(file_.name(), what + ": expected " + std::to_string(bytes) + " bytes, got " +
                                     std::to_string(left()) + " (end of the file)");
        if (at_ - start_ + bytes > window_.size()) {
            start_ = at_;
            window_.resize(std::min(std::max(kWindowBytes, bytes), left()));
            file_.read_exact(at_, std::as_writable_bytes(std::span(window_)));
        }
        const std::string_view taken(window_.data() + (at_ - start_), bytes);
        at_ += bytes;
        return taken;
    }
    void skip(uint64_t bytes, const std::string& what) {
        if (bytes > left())
            refuse(file_.name(), what + ": expected " + std::to_string(bytes) + " bytes, got " +
                                     std::to_string(left()) + " (end of the file)");
        const uint64_t inside = std::min(bytes, window_.size() - (at_ - start_));
        at_ += bytes;
        if (inside < bytes) {
            window_.clear();
            start_ = at_;
        }
    }
    uint64_t number(size_t bytes, const std::string& what) {
        const std::string_view taken = take(bytes, what);
        uint64_t value = 0;
        for (size_t i = 0; i < bytes; ++i)
            value |= static_cast<uint64_t>(static_cast<unsigned char>(taken[i])) << (8 * i);
        return value;
    }
    // A string that becomes a name: UTF-8, 1 to kMaxNameBytes.
    std::string name(const std::string& what) {
        const uint64_t bytes = number(8, what);
        if (bytes == 0 || bytes > kMaxNameBytes)
            refuse(file_.name(), what + ": expected a name of 1 to " + std::to_string(kMaxNameBytes) + " bytes, got " +
                                     std::to_string(bytes));
        const std::string_view text = take(bytes, what);
        if (const auto fault = find_text_fault(text))
            refuse(file_.name(), what + ": expected a name in UTF-8, got " + fault->got);
        return std::string(text);
    }

private:
    const File& file_;
    std::string window_;
    uint64_t start_ = 0, at_ = 0;  // of the window; of the next byte
};

Kind read_kind(Cursor& in, const std::string& file, const std::string& what) {
    const uint64_t number = in.number(4, what);
    if (number >= kKinds) refuse(file, what + ": type: expected 0 to 12, got " + std::to_string(number));
    return static_cast<Kind>(number);
}

std::string_view read_string(Cursor& in, const std::string& file, const std::string& what) {
    const uint64_t bytes = in.number(8, what);
    if (bytes > kMaxGgufStringBytes)
        refuse(file, what + ": expected a string of at most " + std::to_string(kMaxGgufStringBytes) + " bytes, got " +
                         std::to_string(bytes));
    return in.take(bytes, what);
}

template <class Signed>
int64_t signed_value(uint64_t bits) {
    return static_cast<Signed>(bits);
}

GgufValue read_scalar(Cursor& in, Kind kind, const std::string& file, const std::string& what) {
    switch (kind) {
        case Kind::kU8: return in.number(1, what);
        case Kind::kU16: return in.number(2, what);
        case Kind::kU32: return in.number(4, what);
        case Kind::kU64: return in.number(8, what);
        case Kind::kI8: return signed_value<int8_t>(in.number(1, what));
        case Kind::kI16: return signed_value<int16_t>(in.number(2, what));
        case Kind::kI32: return signed_value<int32_t>(in.number(4, what));
        case Kind::kI64: return signed_value<int64_t>(in.number(8, what));
        case Kind::kF32: return static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(in.number(4, what))));
        case Kind::kF64: return std::bit_cast<double>(in.number(8, what));
        case Kind::kBool: {
            const uint64_t value = in.number(1, what);
            if (value > 1) refuse(file, what + ": expected a boolean of 0 or 1, got " + std::to_string(value));
            return value == 1;
        }
        case Kind::kString: return std::string(read_string(in, file, what));
        case Kind::kArray: break;
    }
    refuse(file, what + ": expected a value, got an array");
}

GgufArray skip_array(Cursor& in, const std::string& file, const std::string& what) {
    const Kind kind = read_kind(in, file, what);
    if (kind == Kind::kArray) refuse(file, what + ": expected an array of scalars or strings, got one of arrays");
    const uint64_t count = in.number(8, what), least = kKindBytes[static_cast<size_t>(kind)];
    if (count > kMaxGgufArray)
        refuse(file, what + ": expected an array of at most " + std::to_string(kMaxGgufArray) + " values, got " +
                         std::to_string(count));
    if (count > in.left() / least)
        refuse(file, what + ": expected " + std::to_string(count) + " values, got " + std::to_string(in.left()) +
                         " bytes (end of the file)");
    GgufArray array{static_cast<uint32_t>(kind), count, in.at(), 0};
    if (kind != Kind::kString)
        in.skip(count * least, what);
    else
        for (uint64_t i = 0; i < count; ++i) static_cast<void>(read_string(in, file, what));
    array.size_bytes = in.at() - array.offset;
    return array;
}

std::map<std::string, GgufValue> read_values(Cursor& in, uint64_t count, const std::string& file,
                                             std::map<std::string, GgufArray>& arrays) {
    std::map<std::string, GgufValue> values;
    std::set<std::string> keys;
    for (uint64_t i = 0; i < count; ++i) {
        std::string key = in.name("key " + std::to_string(i));
        if (!keys.insert(key).second) refuse(file, "keys: expected each once, got " + quote(key) + " twice");
        const std::string what = "key " + quote(key);
        const Kind kind = read_kind(in, file, what);
        if (kind == Kind::kArray) {
            arrays.emplace(std::move(key), skip_array(in, file, what));
            continue;
        }
        GgufValue value = read_scalar(in, kind, file, what);
        const auto* text = std::get_if<std::string>(&value);
        if (text == nullptr || text->size() <= kMaxGgufKeptBytes) values.emplace(std::move(key), std::move(value));
    }
    return values;
}

uint64_t alignment_of(const std::map<std::string, GgufValue>& values, const std::string& file) {
    const auto found = values.find(std::string(kAlignmentKey));
    if (found == values.end()) return kDefaultAlignment;
    const uint64_t* value = std::get_if<uint64_t>(&found->second);
    if (value == nullptr || !std::has_single_bit(*value) || *value > kMaxGgufAlignment)
        refuse(file, std::string(kAlignmentKey) + ": expected a power of two up to " +
                         std::to_string(kMaxGgufAlignment) + ", got " +
                         (value == nullptr ? "another type" : std::to_string(*value)));
    return *value;
}

// Bytes of a tensor from its shape and type, all steps checked.
uint64_t bytes_of(const GgufTensor& tensor, const std::string& file, const std::string& what) {
    CheckedSize spread = 1;  // also with zero sizes left out: strides come from them
    bool is_empty = false;
    for (const int64_t size : tensor.shape) {
        is_empty = is_empty || size == 0;
        if (size != 0) spread = spread * static_cast<uint64_t>(size);
    }
    const BlockShape block = block_shape(tensor.encoding);
    if (tensor.encoding != Encoding::kDense) {
        const int64_t inner = tensor.shape.empty() ? 1 : tensor.shape.back();
        if (inner % block.values != 0)
            refuse(file, what + ": innermost size: expected a multiple of " + std::to_string(block.values) + " for " +
                             std::string(encoding_name(tensor.encoding)) + ", got " + std::to_string(inner));
    }
    const CheckedSize bytes = tensor.encoding == Encoding::kDense
                                  ? spread * CheckedSize(dtype_bytes(tensor.dtype))
                                  : spread * CheckedSize(static_cast<uint64_t>(block.bytes));
    const std::optional<uint64_t> all = bytes.get();
    if (!all || *all > kMaxSize)
        refuse(file, what + ": shape: expected at most " + std::to_string(kMaxSize) + " bytes, got more");
    if (is_empty) return 0;
    return tensor.encoding == Encoding::kDense ? *all : *all / static_cast<uint64_t>(block.values);
}

GgufTensor read_tensor(Cursor& in, const std::string& file, uint64_t index, uint64_t alignment) {
    GgufTensor tensor;
    tensor.name = in.name("tensor " + std::to_string(index) + ": name");
    const std::string what = "tensor " + quote(tensor.name);
    const uint64_t rank = in.number(4, what);
    if (rank > kMaxRank)
        refuse(file,
               what + ": expected at most " + std::to_string(kMaxRank) + " dimensions, got " + std::to_string(rank));
    for (uint64_t i = 0; i < rank; ++i) {
        const uint64_t size = in.number(8, what);
        if (size > kMaxSize)
            refuse(file, what + ": shape: expected sizes of at most " + std::to_string(kMaxSize) + ", got " +
                             std::to_string(size));
        tensor.shape.push_back(static_cast<int64_t>(size));
    }
    std::reverse(tensor.shape.begin(), tensor.shape.end());
    const uint64_t number = in.number(4, what);
    const auto type =
        std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeRow& row) { return row.number == number; });
    if (type == kTypes.end())
        refuse(file, what +
                         ": type: expected F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_NL "
                         "IQ4_XS, got number " +
                         std::to_string(number));
    tensor.encoding = type->encoding;
    tensor.dtype = type->dtype;
    tensor.offset = in.number(8, what);
    if (tensor.offset % alignment != 0)
        refuse(file, what + ": offset: expected a multiple of " + std::to_string(alignment) + ", got " +
                         std::to_string(tensor.offset));
    tensor.size_bytes = bytes_of(tensor, file, what);
    return tensor;
}

// Puts offsets into the file and checks that the tensors lie inside it, apart from each other.
void check_layout(std::vector<GgufTensor>& tensors, uint64_t data_start, uint64_t file_bytes, const std::string& file) {
    for (GgufTensor& tensor : tensors) {
        const std::optional<uint64_t> end =
            (CheckedSize(data_start) + CheckedSize(tensor.offset) + CheckedSize(tensor.size_bytes)).get();
        if (!end || *end > file_bytes)
            refuse(file, "tensor " + quote(tensor.name) + ": data: expected to end at or before " +
                             std::to_string(file_bytes) + " (end of the file), got " +
                             (end ? std::to_string(*end) + "; the file is cut, download it again" : "more than 2^64"));
        tensor.offset += data_start;
    }
    std::sort(tensors.begin(), tensors.end(), [](const GgufTensor& a, const GgufTensor& b) {
        if (a.offset != b.offset) return a.offset < b.offset;
        return a.size_bytes != b.size_bytes ? a.size_bytes < b.size_bytes : a.name < b.name;
    });
    uint64_t end = data_start;
    for (const GgufTensor& tensor : tensors) {
        if (tensor.offset < end)
            refuse(file, "tensor " + quote(tensor.name) + ": data: expected to start at or after " +
                             std::to_string(end) + ", got " + std::to_string(tensor.offset));
        end = tensor.offset + tensor.size_bytes;
    }
    std::vector<std::string_view> names;
    for (const GgufTensor& tensor : tensors) names.push_back(tensor.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) refuse(file, "tensors: expected each once, got " + quote(*twice) + " twice");
}

}  // namespace

GgufFile GgufFile::open(const std::string& path) {
    GgufFile gguf(File::open(path));
    const std::string& file = gguf.file_.name();
    Cursor in(gguf.file_);
    const std::string magic(in.take(kMagic.size(), "magic"));
    if (magic != kMagic) refuse(file, "magic: expected GGUF, got " + quote(magic));
    const uint64_t version = in.number(4, "version");
    if (version != 2 && version != 3) refuse(file, "version: expected 2 or 3, got " + std::to_string(version));
    const uint64_t tensors = in.number(8, "tensor count"), keys = in.number(8, "key count");
    // The least a tensor or key takes in the file: a length, a name, sizes and type.
    constexpr uint64_t kLeastTensor = 8 + 1 + 4 + 4 + 8, kLeastKey = 8 + 1 + 4 + 1;
    if (tensors > kMaxTensors || tensors > in.left() / kLeastTensor)
        refuse(file, "tensor count: expected at most " +
                         std::to_string(std::min<uint64_t>(kMaxTensors, in.left() / kLeastTensor)) + ", got " +
                         std::to_string(tensors));
    if (keys > kMaxGgufKeys || keys > in.left() / kLeastKey)
        refuse(file, "key count: expected at most " + std::to_string(std::min(kMaxGgufKeys, in.left() / kLeastKey)) +
                         ", got " + std::to_string(keys));
    gguf.values_ = read_values(in, keys, file, gguf.arrays_);
    const uint64_t alignment = alignment_of(gguf.values_, file);
    for (uint64_t i = 0; i < tensors; ++i) gguf.tensors_.push_back(read_tensor(in, file, i, alignment));
    const uint64_t data_start = (in.at() + alignment - 1) / alignment * alignment;
    check_layout(gguf.tensors_, tensors == 0 ? 0 : data_start, gguf.file_.size(), file);
    return gguf;
}

std::string GgufFile::read(const GgufArray& array) const {
    std::string bytes(array.size_bytes, '\0');
    file_.read_exact(array.offset, std::as_writable_bytes(std::span(bytes)));
    file_.check_unchanged();
    return bytes;
}

}  // namespace zt::weights
