// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reading, checking and writing of manifest.json; see manifest.h for its form.
#include "weights/manifest.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <utility>

#include "core/sha256.h"
#include "core/utf8.h"

namespace zt::weights {
namespace {

constexpr std::string_view kFormat = "zoetrope-manifest-1";
constexpr size_t kHashStepBytes = 1 << 20;

std::string hash_of(const File& file, const Cancel* cancel) {
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kHashStepBytes);
    Sha256 sha;
    for (uint64_t offset = 0; offset < file.size();) {
        const auto step = std::span(buffer.get(), std::min<uint64_t>(kHashStepBytes, file.size() - offset));
        file.read_exact(offset, step, cancel);
        sha.update(step);
        offset += step.size();
    }
    return sha.finish();
}

bool is_sha256(std::string_view text) noexcept {
    return text.size() == 64 && std::all_of(text.begin(), text.end(),
                                            [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Only the keys this version knows: a manifest that means more than we check must not pass.
void require_keys(const json::Field& object, std::initializer_list<std::string_view> known) {
    for (std::string_view key : object.keys()) {
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            std::string names;
            for (std::string_view name : known) (names += names.empty() ? "" : ", ") += name;
            object.refuse_key("only " + names, key);
        }
    }
}

ManifestFile read_file_entry(std::string_view name, const json::Field& field) {
    require_keys(field, {"size", "sha256"});
    ManifestFile file{std::string(name), field.at("size").integer(0, std::numeric_limits<int64_t>::max()),
                      field.at("sha256").string()};
    if (!is_sha256(file.sha256)) field.at("sha256").refuse("64 lower-case hex digits");
    return file;
}

std::string path_in(const std::string& folder, std::string_view name) { return folder + '/' + std::string(name); }

}  // namespace

const ManifestFile* Manifest::find(std::string_view name) const noexcept {
    const auto found = std::find_if(files.begin(), files.end(), [&](const ManifestFile& f) { return f.name == name; });
    return found == files.end() ? nullptr : &*found;
}

const ManifestFile& Manifest::at(std::string_view name) const {
    const ManifestFile* found = find(name);
    if (found == nullptr)
        throw Error(ZT_ERROR_WEIGHTS, "manifest.json: files: expected " + std::string(name) + ", got none");
    return *found;
}

Manifest read_manifest(const std::string& folder) {
    const std::string text = read_whole_file(path_in(folder, kManifestName), kMaxManifestBytes);
    const json::Origin origin{std::string(kManifestName), ZT_ERROR_WEIGHTS};
    json::Value value = json::parse_value(text, {.bytes = kMaxManifestBytes, .values = 20'000}, origin);
    const json::Field root(value, origin);
    require_keys(root, {"format", "files", "metadata"});
    if (root.at("format").string() != kFormat) root.at("format").refuse(quote(kFormat));

    Manifest manifest;
    manifest.sha256 = sha256_hex(text);
    const json::Field files = root.at("files");
    const std::vector<std::string_view> names = files.keys();
    if (names.empty() || names.size() > kMaxManifestFiles) {
        files.refuse_key("1 to " + std::to_string(kMaxManifestFiles) + " files", std::to_string(names.size()));
    }
    for (std::string_view name : names) {
        if (!is_bare_file_name(name)) files.refuse_key("a file name in this folder", name);
        manifest.files.push_back(read_file_entry(name, files.at(name)));
    }
    manifest.metadata.data = json::Value::Object{};
    if (const auto metadata = root.find("metadata")) static_cast<void>(metadata->keys());  // refuses all but objects
    for (auto& [key, member] : std::get<json::Value::Object>(value.data)) {
        if (key == "metadata") manifest.metadata = std::move(member);
    }
    return manifest;
}

void verify(const ManifestFile& expected, const File& file, const Cancel* cancel) {
    if (file.size() != expected.size_bytes) {
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": expected " + std::to_string(expected.size_bytes) +
                                          " bytes (manifest.json), got " + std::to_string(file.size()));
    }
    const std::string got = hash_of(file, cancel);
    file.check_unchanged();
    if (got != expected.sha256) {
        throw Error(ZT_ERROR_WEIGHTS, file.name() + ": expected SHA-256 " + expected.sha256 + " (manifest.json), got " +
                                          got + "; the file is damaged");
    }
}

std::string read_verified(const Manifest& manifest, const std::string& folder, const std::string& name) {
    const ManifestFile& expected = manifest.at(name);
    const File file = File::open(path_in(folder, name));
    verify(expected, file);
    return read_whole_file(file, json::Limits{}.bytes);
}

void verify(const Manifest& manifest, const std::string& folder, const Cancel* cancel) {
    for (const ManifestFile& expected : manifest.files) {
        verify(expected, File::open(path_in(folder, expected.name)), cancel);
    }
}

void write_manifest(const std::string& folder, const std::vector<std::string>& names, json::Value metadata) {
    json::Value::Object files;
    for (const std::string& name : names) {
        if (!is_bare_file_name(name)) {
            throw Error(ZT_ERROR_ARGUMENT, "manifest.json: expected a file name in its folder, got " + quote(name));
        }
        const File file = File::open(path_in(folder, name));
        json::Value::Object entry;
        entry.emplace_back("size", json::Value(file.size()));
        entry.emplace_back("sha256", json::Value(hash_of(file, nullptr)));
        files.emplace_back(name, json::Value(std::move(entry)));
    }
    json::Value::Object root;
    root.emplace_back("format", json::Value(std::string(kFormat)));
    root.emplace_back("files", json::Value(std::move(files)));
    root.emplace_back("metadata", std::move(metadata));
    AtomicFile file(path_in(folder, kManifestName));
    file.write(json::to_text(json::Value(std::move(root))) + '\n');
    file.commit();
}

}  // namespace zt::weights
