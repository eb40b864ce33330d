// SPDX-License-Identifier: LGPL-2.1-or-later
//
// manifest.json beside the built-in weights: which files belong to the model, their sizes and
// SHA-256, and free metadata. Verifying it refuses weights in which a single bit differs from
// those that were shipped.
//
//   {"format": "zoetrope-manifest-1",
//    "files": {"vae.safetensors": {"size": 1234, "sha256": "<64 hex digits>"}},
//    "metadata": {"family": "storybook"}}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/cancel.h"
#include "core/file.h"
#include "core/json.h"

namespace zt::weights {

inline constexpr std::string_view kManifestName = "manifest.json";
inline constexpr uint64_t kMaxManifestBytes = 1 << 20;  // as any configuration file
inline constexpr size_t kMaxManifestFiles = 1024;       // as shards of one model

struct ManifestFile {
    std::string name;  // a bare file name in the manifest's folder
    uint64_t size_bytes = 0;
    std::string sha256;  // 64 lower-case hex digits
};

struct Manifest {
    std::string sha256;  // of manifest.json itself: the identity of the whole model
    std::vector<ManifestFile> files;
    json::Value metadata;  // an object

    // nullptr when there is none.
    [[nodiscard]] const ManifestFile* find(std::string_view name) const noexcept;
    // Throws ZT_ERROR_WEIGHTS when there is none.
    [[nodiscard]] const ManifestFile& at(std::string_view name) const;
};

// Reads and validates FOLDER/manifest.json; opens no other file. Throws ZT_ERROR_NOT_FOUND,
// ZT_ERROR_IO, ZT_ERROR_WEIGHTS.
[[nodiscard]] Manifest read_manifest(const std::string& folder);

// Compares an open file with its entry, size first. Pass the very File the tensors are read from,
// so that nothing can be exchanged between check and use. Throws ZT_ERROR_WEIGHTS naming the file.
void verify(const ManifestFile& expected, const File& file, const Cancel* cancel = nullptr);
// The text of a small file of the manifest, as long as a JSON file may be: the very bytes that were compared.
[[nodiscard]] std::string read_verified(const Manifest& manifest, const std::string& folder, const std::string& name);
// Compares every file of the folder. Throws also ZT_ERROR_NOT_FOUND, ZT_ERROR_IO.
void verify(const Manifest& manifest, const std::string& folder, const Cancel* cancel = nullptr);

// Measures the named files of the folder and writes its manifest. metadata must be an object.
void write_manifest(const std::string& folder, const std::vector<std::string>& names, json::Value metadata);

}  // namespace zt::weights
