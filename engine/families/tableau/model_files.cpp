// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reading of a model folder; see model_files.h.
#include "families/tableau/model_files.h"

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "weights/manifest.h"
#include "weights/safetensors.h"

namespace zt::tableau {
namespace {

constexpr const char *kWords = "words.json", *kConfig = "config.json", *kOutline = "outline.safetensors",
                     *kNetwork = "network.safetensors";

}  // namespace

std::shared_ptr<const Weights> load_weights(const std::string& folder, bool bf16) {
    const weights::Manifest manifest = weights::read_manifest(folder);
    auto w = std::make_shared<Weights>();
    w->sha256 = manifest.sha256;
    w->words = Words(weights::read_verified(manifest, folder, kWords), kWords);
    if (manifest.find(kConfig) != nullptr) {
        const json::Origin origin{kConfig};
        const json::Value root = json::parse_value(weights::read_verified(manifest, folder, kConfig), {}, origin);
        const auto open = [&](const char* name) {
            const weights::ManifestFile& entry = manifest.at(name);
            weights::SafetensorsFile file = weights::SafetensorsFile::open(folder + "/" + name);
            weights::verify(entry, file.file());  // the very bytes that are read next
            return file;
        };
        w->eyes.emplace(json::Field(root, origin), open(kOutline), open(kNetwork), bf16);
    }
    return w;
}

}  // namespace zt::tableau
