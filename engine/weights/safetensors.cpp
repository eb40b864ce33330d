// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reader and writer of safetensors; see safetensors.h for what is promised.
#include "weights/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <utility>

#include "core/checked.h"
#include "core/json.h"
#include "core/utf8.h"
#include "weights/foreign_file.h"

namespace zt::weights {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kHeaderStepBytes = 1 << 20;
constexpr std::string_view kMetadataKey = "__metadata__";
constexpr uint64_t kMaxSize = std::numeric_limits<int64_t>::max();

struct DtypeRow {
    Dtype dtype;
    std::string_view name;
    uint64_t bytes;
};
// clang-format off
constexpr std::array<DtypeRow, 15> kDtypes = {{
    {Dtype::kBool, "BOOL", 1}, {Dtype::kU8, "U8", 1}, {Dtype::kI8, "I8", 1},
    {Dtype::kF8E4M3, "F8_E4M3", 1}, {Dtype::kF8E5M2, "F8_E5M2", 1},
    {Dtype::kU16, "U16", 2}, {Dtype::kI16, "I16", 2}, {Dtype::kF16, "F16", 2}, {Dtype::kBF16, "BF16", 2},
    {Dtype::kU32, "U32", 4}, {Dtype::kI32, "I32", 4}, {Dtype::kF32, "F32", 4},
    {Dtype::kU64, "U64", 8}, {Dtype::kI64, "I64", 8}, {Dtype::kF64, "F64", 8},
}};
// clang-format on

[[noreturn]] void refuse(const std::string& file, const std::string& what) {
    throw Error(ZT_ERROR_WEIGHTS, file + ": " + what);
}

std::string tensor_label(std::string_view name) { return "tensor " + quote(name); }

std::string shape_text(std::span<const int64_t> shape) {
    std::string text = "[";
    for (size_t i = 0; i < shape.size(); ++i) {
        if (i > 0) text += ", ";
        text += std::to_string(shape[i]);
    }
    return text += ']';
}

// Reads the header's events into a table whose offsets count from the start of the data. Checks
// every value on its own; check_layout() then checks them against each other.
class HeaderReader final : public json::Events {
public:
    explicit HeaderReader(const std::string& file) : file_(file) {}

    TensorTable take() { return std::move(table_); }

    void null() override { unexpected("null"); }
    void boolean(bool value) override { unexpected(value ? "true" : "false"); }
    void number(double value) override { unexpected(json::to_text(json::Value(value))); }
    void begin_object() override {
        if (place_ == Place::kStart) {
            place_ = Place::kRoot;
        } else if (place_ == Place::kRoot && key_ == kMetadataKey) {
            place_ = Place::kMetadata;
        } else if (place_ == Place::kRoot) {
            begin_tensor();
        } else {
            unexpected("an object");
        }
    }
    void end_object() override {
        if (place_ == Place::kTensor) end_tensor();
        place_ = place_ == Place::kRoot ? Place::kStart : Place::kRoot;
    }
    void begin_array() override {
        if (place_ != Place::kTensor || (key_ != "shape" && key_ != "data_offsets")) unexpected("an array");
        const bool is_shape = key_ == "shape";
        place_ = is_shape ? Place::kShape : Place::kOffsets;
        (is_shape ? has_shape_ : has_offsets_) = true;
    }
    void end_array() override {
        if (place_ == Place::kOffsets && offset_count_ != 2)
            refuse_field("two integers", std::to_string(offset_count_));
        place_ = Place::kTensor;
    }
    void key(std::string_view value) override {
        if (place_ == Place::kTensor && value != "dtype" && value != "shape" && value != "data_offsets") {
            refuse(file_, tensor_label(table_.tensors.back().name) + ": expected dtype, shape and data_offsets, got " +
                              quote(value));
        }
        key_ = value;
    }
    void string(std::string_view value) override {
        if (place_ == Place::kMetadata) {
            table_.metadata.emplace(key_, value);
        } else if (place_ == Place::kTensor && key_ == "dtype") {
            read_dtype(value);
        } else {
            unexpected(quote(value));
        }
    }
    void unsigned_integer(uint64_t value) override {
        TensorEntry* tensor = table_.tensors.empty() ? nullptr : &table_.tensors.back();
        if (place_ == Place::kShape) {
            if (tensor->shape.size() == kMaxRank) {
                refuse_field("at most " + std::to_string(kMaxRank) + " dimensions", "more");
            }
            if (value > kMaxSize) refuse_field("sizes of at most " + std::to_string(kMaxSize), std::to_string(value));
            tensor->shape.push_back(static_cast<int64_t>(value));
        } else if (place_ == Place::kOffsets) {
            if (offset_count_ == 2) refuse_field("two integers", "more");
            if (offset_count_++ == 0) {
                tensor->offset = value;
            } else {
                if (value < tensor->offset) {
                    refuse_field("an end at or after " + std::to_string(tensor->offset), std::to_string(value));
                }
                tensor->size_bytes = value - tensor->offset;
            }
        } else {
            unexpected(std::to_string(value));
        }
    }

private:
    enum class Place { kStart, kRoot, kMetadata, kTensor, kShape, kOffsets };

    void begin_tensor() {
        if (key_.size() > kMaxNameBytes) {
            refuse(file_, tensor_label(key_) + ": expected a name of at most " + std::to_string(kMaxNameBytes) +
                              " bytes, got " + std::to_string(key_.size()));
        }
        if (table_.tensors.size() == kMaxTensors) {
            refuse(file_, "header: expected at most " + std::to_string(kMaxTensors) + " tensors, got more");
        }
        table_.tensors.emplace_back().name = std::move(key_);
        place_ = Place::kTensor;
        has_dtype_ = has_shape_ = has_offsets_ = false;
        offset_count_ = 0;
    }
    void end_tensor() {
        const char* missing = !has_dtype_ ? "dtype" : !has_shape_ ? "shape" : !has_offsets_ ? "data_offsets" : nullptr;
        if (missing != nullptr) {
            refuse(file_, tensor_label(table_.tensors.back().name) + ": " + missing + ": expected a value, got none");
        }
    }
    void read_dtype(std::string_view value) {
        const auto row =
            std::find_if(kDtypes.begin(), kDtypes.end(), [&](const DtypeRow& r) { return r.name == value; });
        if (row == kDtypes.end()) {
            std::string names;
            for (const DtypeRow& r : kDtypes) (names += names.empty() ? "" : " ") += r.name;
            refuse_field("one of " + names, quote(value));
        }
        table_.tensors.back().dtype = row->dtype;
        has_dtype_ = true;
    }
    [[noreturn]] void refuse_field(const std::string& expected, const std::string& got) const {
        refuse(file_,
               tensor_label(table_.tensors.back().name) + ": " + key_ + ": expected " + expected + ", got " + got);
    }
    // A value of a kind that has no meaning where it stands.
    [[noreturn]] void unexpected(const std::string& got) const {
        switch (place_) {
            case Place::kStart: refuse(file_, "header: expected an object, got " + got);
            case Place::kRoot: refuse(file_, tensor_label(key_) + ": expected an object, got " + got);
            case Place::kMetadata: refuse(file_, "__metadata__: " + quote(key_) + ": expected a string, got " + got);
            case Place::kTensor: refuse_field(key_ == "dtype" ? "a string" : "an array of integers", got);
            case Place::kShape:
            case Place::kOffsets: break;
        }
        refuse_field("integers from 0 to " + std::to_string(kMaxSize), got);
    }

    const std::string& file_;
    TensorTable table_;
    Place place_ = Place::kStart;
    std::string key_;  // the last one read
    bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
    int offset_count_ = 0;
};

void check_size(const TensorEntry& tensor, const std::string& file) {
    // A size of 0 must not hide that the others overflow: strides are computed from them too.
    CheckedSize spread = dtype_bytes(tensor.dtype);
    bool is_empty = false;
    for (int64_t size : tensor.shape) {
        is_empty = is_empty || size == 0;
        if (size != 0) spread = spread * static_cast<uint64_t>(size);
    }
    const std::string claim = std::string(dtype_name(tensor.dtype)) + " " + shape_text(tensor.shape);
    const std::optional<uint64_t> bytes = spread.get();
    if (!bytes || *bytes > kMaxSize) {
        refuse(file, tensor_label(tensor.name) + ": shape: expected at most " + std::to_string(kMaxSize) +
                         " bytes for " + claim + ", got more");
    }
    const uint64_t expected = is_empty ? 0 : *bytes;
    if (tensor.size_bytes != expected) {
        refuse(file, tensor_label(tensor.name) + ": expected " + std::to_string(expected) + " bytes for " + claim +
                         ", got " + std::to_string(tensor.size_bytes));
    }
}

// Sorts the tensors by their bytes and checks that these cover the data exactly once.
void check_layout(std::vector<TensorEntry>& tensors, uint64_t data_bytes, const std::string& file) {
    std::sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
        if (a.offset != b.offset) return a.offset < b.offset;
        return a.size_bytes != b.size_bytes ? a.size_bytes < b.size_bytes : a.name < b.name;
    });
    uint64_t end = 0;
    for (const TensorEntry& tensor : tensors) {
        if (tensor.offset != end) {
            refuse(file, tensor_label(tensor.name) + ": data: expected to start at " + std::to_string(end) + ", got " +
                             std::to_string(tensor.offset));
        }
        end += tensor.size_bytes;  // end - begin of the same pair: cannot overflow
    }
    if (end != data_bytes) {
        refuse(file, "data: expected to end at " + std::to_string(end) + " (last tensor), got " +
                         std::to_string(data_bytes) + " (end of the file)" +
                         (data_bytes < end ? "; the file is cut, download it again" : ""));
    }
}

uint64_t little_endian(std::span<const std::byte> bytes) noexcept {
    uint64_t value = 0;
    for (size_t i = 0; i < kLengthBytes; ++i) value |= std::to_integer<uint64_t>(bytes[i]) << (8 * i);
    return value;
}

// What a file that is no safetensors is, when its first bytes tell.
[[noreturn]] void refuse_start(const File& file, std::string_view start, uint64_t length) {
    const bool zip = start.starts_with("PK\x03\x04") || start.starts_with("PK\x05\x06");
    const bool raw_pickle = start.size() >= 2 && start[0] == '\x80' && start[1] >= 0 && start[1] <= 5;
    if (zip || raw_pickle) {
        refuse(file.name(), "expected safetensors or GGUF, got a pickle archive (can run code, is never opened)");
    }
    if (start.starts_with("GGUF")) {
        throw Error(ZT_ERROR_UNSUPPORTED, file.name() + ": expected safetensors, got GGUF");
    }
    const std::optional<std::string> foreign = start.starts_with('{') ? "a JSON text" : foreign_file(start);
    if (foreign && length != 0) refuse(file.name(), "expected safetensors or GGUF, got " + *foreign);
    if (file.size() < kLengthBytes) {
        refuse(file.name(), "expected at least 10 bytes, got " + std::to_string(file.size()) +
                                (file.size() == 0 ? " (an empty file)" : ""));
    }
    const uint64_t left = file.size() - kLengthBytes;
    if (length > left) {
        refuse(file.name(), "header length: expected at most " + std::to_string(left) + " (file size), got " +
                                std::to_string(length));
    }
    if (length > kMaxHeaderBytes) {
        refuse(file.name(), "header length: expected at most " + std::to_string(kMaxHeaderBytes) + ", got " +
                                std::to_string(length));
    }
    if (length < 2) {
        refuse(file.name(), "header length: expected at least 2, got " + std::to_string(length) +
                                (foreign ? " (" + *foreign + ")" : ""));
    }
    refuse(file.name(), "header: expected a JSON object, got " + quote(start.substr(kLengthBytes, 1)) + " first");
}

}  // namespace

std::string_view dtype_name(Dtype dtype) noexcept { return kDtypes[static_cast<size_t>(dtype)].name; }

uint64_t dtype_bytes(Dtype dtype) noexcept { return kDtypes[static_cast<size_t>(dtype)].bytes; }

TensorTable parse_table(std::string_view header, uint64_t data_bytes, const std::string& file) {
    // Metadata of LoRAs can be long; the event parser holds one string at a time.
    constexpr json::Limits kLimits = {.bytes = kMaxHeaderBytes, .values = kMaxHeaderBytes, .string_bytes = 4 << 20};
    HeaderReader reader(file);
    json::parse(header, kLimits, {file + ": header", ZT_ERROR_WEIGHTS}, reader);
    TensorTable table = reader.take();
    for (const TensorEntry& tensor : table.tensors) check_size(tensor, file);
    check_layout(table.tensors, data_bytes, file);
    return table;
}

SafetensorsFile::SafetensorsFile(File file, TensorTable table)
    : file_(std::move(file)), table_(std::move(table)), by_name_(table_.tensors.size()) {
    std::iota(by_name_.begin(), by_name_.end(), 0U);
    std::sort(by_name_.begin(), by_name_.end(),
              [&](uint32_t a, uint32_t b) { return table_.tensors[a].name < table_.tensors[b].name; });
}

SafetensorsFile SafetensorsFile::open(const std::string& path) {
    File file = File::open(path);
    std::array<char, kForeignBytes> start{};
    const size_t start_bytes = std::min<uint64_t>(file.size(), start.size());
    file.read_exact(0, std::as_writable_bytes(std::span(start).first(start_bytes)));
    const uint64_t length = little_endian(std::as_bytes(std::span(start)));
    const bool plausible = start_bytes > kLengthBytes && start[kLengthBytes] == '{' && length >= 2 &&
                           length <= kMaxHeaderBytes && length <= file.size() - kLengthBytes;
    if (!plausible) refuse_start(file, {start.data(), start_bytes}, length);

    const auto header = std::make_unique_for_overwrite<char[]>(length);
    for (uint64_t done = 0; done < length;) {
        const auto step = std::span(header.get() + done, std::min(length - done, kHeaderStepBytes));
        file.read_exact(kLengthBytes + done, std::as_writable_bytes(step));
        done += step.size();
        // No JSON from here on, as in a sparse file that claims a long header: read no further.
        if (std::find(step.begin(), step.end(), '\0') != step.end()) {
            static_cast<void>(parse_table({header.get(), done}, 0, file.name()));
        }
    }
    const uint64_t data_start = kLengthBytes + length;
    TensorTable table = parse_table({header.get(), length}, file.size() - data_start, file.name());
    for (TensorEntry& tensor : table.tensors) tensor.offset += data_start;  // inside the file by now
    return {std::move(file), std::move(table)};
}

const TensorEntry* SafetensorsFile::find(std::string_view name) const noexcept {
    const auto found =
        std::lower_bound(by_name_.begin(), by_name_.end(), name,
                         [&](uint32_t index, std::string_view n) { return table_.tensors[index].name < n; });
    if (found == by_name_.end() || table_.tensors[*found].name != name) return nullptr;
    return &table_.tensors[*found];
}

void SafetensorsFile::read(const TensorEntry& entry, std::span<std::byte> out, const Cancel* cancel) const {
    if (out.size() != entry.size_bytes) {
        throw Error(ZT_ERROR_INTERNAL, file_.name() + ": " + tensor_label(entry.name) + ": expected room for " +
                                           std::to_string(entry.size_bytes) + " bytes, got " +
                                           std::to_string(out.size()));
    }
    file_.read_exact(entry.offset, out, cancel);
    file_.check_unchanged();
}

void write_safetensors(const std::string& path, std::span<const TensorSource> tensors,
                       const std::map<std::string, std::string>& metadata) {
    std::vector<const TensorSource*> order;
    order.reserve(tensors.size());
    for (const TensorSource& tensor : tensors) order.push_back(&tensor);
    std::sort(order.begin(), order.end(), [](const TensorSource* a, const TensorSource* b) {
        const uint64_t x = dtype_bytes(a->dtype), y = dtype_bytes(b->dtype);
        return x != y ? x > y : a->name < b->name;
    });

    std::string header = "{";
    if (!metadata.empty()) {
        header += json::to_text(kMetadataKey) + ":{";
        for (const auto& [key, value] : metadata) {
            if (header.back() != '{') header += ',';
            header += json::to_text(key) + ':' + json::to_text(value);
        }
        header += '}';
    }
    uint64_t end = 0;
    for (const TensorSource* tensor : order) {
        const uint64_t begin = std::exchange(end, end + tensor->bytes.size());
        if (header.size() > 1) header += ',';
        header += json::to_text(tensor->name) + ":{\"dtype\":\"" + std::string(dtype_name(tensor->dtype)) +
                  "\",\"shape\":" + shape_text(tensor->shape) + ",\"data_offsets\":[" + std::to_string(begin) + ',' +
                  std::to_string(end) + "]}";
    }
    header += '}';
    header.resize((header.size() + 7) / 8 * 8, ' ');  // data starts 8-byte aligned
    // Whoever reads the file will ask the same questions; better to fail now.
    static_cast<void>(parse_table(header, end, path));

    std::array<std::byte, kLengthBytes> length;
    for (size_t i = 0; i < length.size(); ++i) length[i] = static_cast<std::byte>(header.size() >> (8 * i));
    AtomicFile file(path);
    file.write(length);
    file.write(header);
    for (const TensorSource* tensor : order) file.write(tensor->bytes);
    file.commit();
}

}  // namespace zt::weights
