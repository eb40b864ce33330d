// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Marks of quantised matrices; see quantised.h.
#include "load/quantised.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "core/utf8.h"
#include "weights/nvfp4.h"

namespace zt::load {
namespace {

using weights::Checkpoint;
using weights::CheckpointEntry;
using weights::Encoding;

constexpr std::string_view kMark = ".comfy_quant", kWeight = ".weight", kMetadata = "_quantization_metadata";
constexpr uint64_t kMostBytes = 4096;  // of a mark; those in circulation have 72
constexpr int64_t kMostGroup = 1 << 20;

[[noreturn]] void refuse(const Checkpoint& file, const std::string& what) {
    throw Error(ZT_ERROR_WEIGHTS, file.name() + ": " + what);
}

struct Mark {
    std::string_view format;
    int64_t group = 0;  // columns turned together; 0: none are
};

Mark read_mark(const Checkpoint& file, const json::Field& layer) {
    const auto format = layer.find("format");
    const std::string_view name = format ? std::string_view(format->string()) : "";
    for (const std::string_view known : {"float8_e4m3fn", "float8_e5m2"})
        if (name == known) return {known};
    if (name == "nvfp4") return {"nvfp4"};
    if (name != "int8_tensorwise")
        refuse(file, "quantization: expected the format float8_e4m3fn, float8_e5m2, int8_tensorwise or nvfp4, got " +
                         (format ? quote(format->string()) : "none"));
    Mark mark{"int8_tensorwise"};
    if (const auto turned = layer.find("convrot"); turned && turned->boolean())
        mark.group = static_cast<int64_t>(layer.at("convrot_groupsize").integer(1, kMostGroup));
    return mark;
}

// Two values a byte: the shape becomes that of the numbers.
void apply_nvfp4(const Checkpoint& file, const std::string& name, CheckpointEntry& entry,
                 const std::map<std::string_view, size_t>& places) {
    if (entry.encoding == Encoding::kNvfp4) return;  // marked twice
    if (entry.encoding != Encoding::kDense || entry.dtype != weights::Dtype::kU8 || entry.shape.size() != 2 ||
        entry.shape[1] % (weights::kNvfp4Values / 2) != 0 || entry.shape[0] < 1)
        refuse(file, "tensor " + quote(name) +
                         ": expected U8 in rows of whole blocks of 16 values, as its mark says, got " +
                         entry.type_name());
    entry.encoding = Encoding::kNvfp4;
    entry.shape[1] *= 2;
    const auto beside = [&](const char* leaf) {
        const auto found = places.find(name.substr(0, name.size() - kWeight.size()) + leaf);
        if (found == places.end())
            refuse(file, "tensor " + quote(name) + ": expected a tensor" + leaf + " beside it, got none");
        return found->second;
    };
    const CheckpointEntry& scale = file.entries()[beside(".weight_scale")];
    const std::vector<int64_t> tiled = {weights::nvfp4_scale_rows(entry.shape[0]),
                                        weights::nvfp4_scale_columns(entry.shape[1])};
    if (scale.encoding != Encoding::kF8E4M3 || scale.shape != tiled)
        refuse(file, "tensor " + quote(scale.name) + ": expected F8_E4M3 [" + std::to_string(tiled[0]) + ", " +
                         std::to_string(tiled[1]) + "], got another type or shape");
    static_cast<void>(beside(".weight_scale_2"));
}

void apply(const Checkpoint& file, const std::string& module, const Mark& mark, std::vector<CheckpointEntry>& entries,
           const std::map<std::string_view, size_t>& places) {
    if (mark.format != "int8_tensorwise" && mark.format != "nvfp4") return;
    const std::string name = module + std::string(kWeight);
    const auto found = places.find(name);
    if (found == places.end()) refuse(file, "tensor " + quote(name) + ": expected one beside its mark, got none");
    CheckpointEntry& entry = entries[found->second];
    if (mark.format == "nvfp4") return apply_nvfp4(file, name, entry, places);
    const bool marked = weights::is_int8(entry.encoding);
    if (!marked && (entry.encoding != Encoding::kDense || entry.dtype != weights::Dtype::kI8))
        refuse(file, "tensor " + quote(name) + ": expected I8, as its mark says, got " + entry.type_name());
    const std::optional<Encoding> encoding = weights::int8_encoding(mark.group);
    if (!encoding)
        refuse(file, "tensor " + quote(name) + ": convrot_groupsize: expected 4, 16, 64, 256 or 1024, got " +
                         std::to_string(mark.group));
    if (entry.shape.size() != 2 || (mark.group > 0 && entry.shape[1] % mark.group != 0))
        refuse(file, "tensor " + quote(name) + ": expected a matrix of whole groups of " + std::to_string(mark.group) +
                         " columns, got others");
    if (marked && entry.encoding != *encoding)
        refuse(file, "tensor " + quote(name) + ": expected one mark, got two that differ");
    entry.encoding = *encoding;
}

json::Value parsed(const std::string& text, const json::Origin& origin) { return json::parse_value(text, {}, origin); }

// What the marks make of a file's tensors; nothing where it has no marks.
std::optional<std::vector<CheckpointEntry>> marked_entries(const Checkpoint& file) {
    std::vector<CheckpointEntry> entries(file.entries().begin(), file.entries().end());
    std::map<std::string_view, size_t> places;
    for (size_t i = 0; i < file.entries().size(); ++i) places.emplace(file.entries()[i].name, i);
    bool any = false;
    for (const CheckpointEntry& entry : file.entries()) {
        if (!entry.name.ends_with(kMark)) continue;
        if (entry.size_bytes > kMostBytes)
            refuse(file, "tensor " + quote(entry.name) + ": expected at most 4096 bytes, got " +
                             std::to_string(entry.size_bytes));
        std::string text(entry.size_bytes, '\0');
        file.read(entry, 0, std::as_writable_bytes(std::span(text)));
        const json::Origin origin{file.name() + ": tensor " + quote(entry.name), ZT_ERROR_WEIGHTS};
        const json::Value value = parsed(text, origin);
        apply(file, entry.name.substr(0, entry.name.size() - kMark.size()), read_mark(file, json::Field(value, origin)),
              entries, places);
        any = true;
    }
    if (const auto found = file.metadata().find(std::string(kMetadata)); found != file.metadata().end()) {
        const json::Origin origin{file.name() + ": " + std::string(kMetadata), ZT_ERROR_WEIGHTS};
        const json::Value value = parsed(found->second, origin);
        const json::Field layers = json::Field(value, origin).at("layers");
        for (const std::string_view layer : layers.keys())
            apply(file, std::string(layer), read_mark(file, layers.at(layer)), entries, places);
        any = true;
    }
    return any ? std::optional(std::move(entries)) : std::nullopt;
}

}  // namespace

void apply_quantisation(Checkpoint& file) {
    if (auto entries = marked_entries(file)) file.set_entries(std::move(*entries));
}

void check_quantisation(const Checkpoint& file) { static_cast<void>(marked_entries(file)); }

}  // namespace zt::load
