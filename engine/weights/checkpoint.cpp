// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One table over all containers; see checkpoint.h.
#include "weights/checkpoint.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <numeric>
#include <utility>

#include "core/utf8.h"
#include "weights/shards.h"

namespace zt::weights {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kIndexEnding = ".index.json";
// Somebody's home folder must not be read from end to end.
constexpr size_t kMaxFolderEntries = 10'000;

// The first bytes tell what a file is.
bool is_gguf(const std::string& path) {
    const File file = File::open(path);
    std::array<char, 4> start{};
    if (file.size() < start.size()) return false;
    file.read_exact(0, std::as_writable_bytes(std::span(start)));
    return std::string_view(start.data(), start.size()) == "GGUF";
}

[[noreturn]] void refuse(const std::string& file, const std::string& what) {
    throw Error(ZT_ERROR_WEIGHTS, file + ": " + what);
}

}  // namespace

std::string CheckpointEntry::type_name() const {
    return std::string(encoding == Encoding::kDense ? dtype_name(dtype) : encoding_name(encoding));
}

std::optional<std::string> find_checkpoint(const std::string& folder) {
    std::error_code error;
    std::array<std::vector<std::string>, 3> found;  // in the order of preference
    size_t seen = 0;
    for (fs::directory_iterator at(folder, error), end; !error && at != end && seen < kMaxFolderEntries;
         at.increment(error), ++seen) {
        const std::string name = at->path().filename().string();
        if (name.ends_with(std::string(".safetensors") + std::string(kIndexEnding))) found[0].push_back(name);
        if (name.ends_with(".safetensors")) found[1].push_back(name);
        if (name.ends_with(".gguf")) found[2].push_back(name);
    }
    for (std::vector<std::string>& names : found) {
        std::sort(names.begin(), names.end());
        // Folders of diffusers may hold the same weights twice, the second time as a variant ("fp16").
        if (names.size() > 1)
            std::erase_if(names, [](const std::string& n) {
                return std::count(n.begin(), n.end(), '.') > (n.ends_with(".json") ? 3 : 1);
            });
        if (names.size() > 1) {
            throw Error(ZT_ERROR_WEIGHTS, quote(folder) + ": expected one checkpoint, got " +
                                              std::to_string(names.size()) + ", first " + quote(names[0]) + " and " +
                                              quote(names[1]) + "; name the file");
        }
        if (!names.empty()) return folder + "/" + names.front();
    }
    return std::nullopt;
}

Checkpoint Checkpoint::open(const std::string& path) {
    Checkpoint checkpoint;
    std::error_code ignored;
    checkpoint.path_ = path;
    if (fs::is_directory(path, ignored)) {
        const std::optional<std::string> inside = find_checkpoint(path);
        if (!inside)
            throw Error(ZT_ERROR_NOT_FOUND,
                        quote(path) + ": expected a safetensors or GGUF file in this folder, got none");
        checkpoint.path_ = *inside;
    }
    if (checkpoint.path_.ends_with(kIndexEnding))
        checkpoint.add_shards(checkpoint.path_);
    else if (is_gguf(checkpoint.path_))
        checkpoint.add(GgufFile::open(checkpoint.path_));
    else
        checkpoint.add(SafetensorsFile::open(checkpoint.path_));
    checkpoint.sort_entries();
    return checkpoint;
}

void Checkpoint::add(SafetensorsFile file) {
    if (name_.empty()) name_ = file.file().name();
    for (const TensorEntry& tensor : file.tensors()) {
        const Encoding encoding = tensor.dtype == Dtype::kF8E4M3   ? Encoding::kF8E4M3
                                  : tensor.dtype == Dtype::kF8E5M2 ? Encoding::kF8E5M2
                                                                   : Encoding::kDense;
        entries_.push_back({tensor.name, encoding, tensor.dtype, tensor.shape, tensor.offset, tensor.size_bytes,
                            static_cast<uint32_t>(files_.size())});
    }
    metadata_.insert(file.metadata().begin(), file.metadata().end());
    files_.push_back(std::move(file));
}

void Checkpoint::add(GgufFile file) {
    container_ = Container::kGguf;
    name_ = file.file().name();
    for (const GgufTensor& tensor : file.tensors())
        entries_.push_back(
            {tensor.name, tensor.encoding, tensor.dtype, tensor.shape, tensor.offset, tensor.size_bytes, 0});
    values_ = file.values();
    gguf_ = std::move(file);
}

void Checkpoint::add_shards(const std::string& index_path) {
    container_ = Container::kShards;
    const fs::path at(index_path);
    name_ = one_line(at.filename().string(), kShownTextBytes);
    const ShardIndex index = parse_shard_index(read_whole_file(index_path, kMaxIndexBytes), name_);
    size_t listed = 0;
    for (size_t i = 0; i < index.files.size(); ++i) {
        SafetensorsFile shard = SafetensorsFile::open((at.parent_path() / index.files[i]).string());
        for (const TensorEntry& tensor : shard.tensors()) {
            const auto found = index.weight_map.find(tensor.name);
            if (found == index.weight_map.end() || found->second != i)
                refuse(name_, "weight_map: " + quote(tensor.name) + ": expected " + quote(index.files[i]) +
                                  ", which holds it, got " +
                                  (found == index.weight_map.end() ? "none" : quote(index.files[found->second])));
            ++listed;
        }
        add(std::move(shard));
    }
    if (listed == index.weight_map.size()) return;
    for (const auto& [tensor, number] : index.weight_map) {
        if (files_[number].find(tensor) == nullptr)
            refuse(name_, "weight_map: expected " + quote(tensor) + " in " + quote(index.files[number]) + ", got none");
    }
}

void Checkpoint::set_entries(std::vector<CheckpointEntry> entries) {
    entries_ = std::move(entries);
    sort_entries();
}

void Checkpoint::sort_entries() {
    std::sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
}

const CheckpointEntry* Checkpoint::find(std::string_view name) const noexcept {
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), name,
                                        [](const auto& entry, std::string_view n) { return entry.name < n; });
    return found == entries_.end() || found->name != name ? nullptr : &*found;
}

uint64_t Checkpoint::data_bytes() const noexcept {
    return std::accumulate(entries_.begin(), entries_.end(), uint64_t{0},
                           [](uint64_t sum, const auto& entry) { return sum + entry.size_bytes; });
}

std::optional<std::string> Checkpoint::text_value(const std::string& key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    const auto* text = std::get_if<std::string>(&found->second);
    return text == nullptr ? std::nullopt : std::optional(*text);
}

std::optional<double> Checkpoint::number_value(const std::string& key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    if (const auto* n = std::get_if<uint64_t>(&found->second)) return static_cast<double>(*n);
    if (const auto* n = std::get_if<int64_t>(&found->second)) return static_cast<double>(*n);
    if (const auto* n = std::get_if<double>(&found->second)) return *n;
    return std::nullopt;
}

void Checkpoint::read(const CheckpointEntry& entry, uint64_t from, std::span<std::byte> out,
                      const Cancel* cancel) const {
    const File& file = gguf_ ? gguf_->file() : files_[entry.file].file();
    if (from > entry.size_bytes || out.size() > entry.size_bytes - from)
        throw Error(ZT_ERROR_INTERNAL, file.name() + ": tensor " + quote(entry.name) + ": expected room inside its " +
                                           std::to_string(entry.size_bytes) + " bytes, got more");
    file.read_exact(entry.offset + from, out, cancel);
    file.check_unchanged();
}

}  // namespace zt::weights
