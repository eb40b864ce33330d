// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See inspect.h.
#include "families/tableau/inspect.h"

#include <filesystem>

#include "core/file.h"
#include "load/memory.h"
#include "weights/manifest.h"

namespace zt::tableau {
namespace {

namespace fs = std::filesystem;
constexpr const char *kWords = "words.json", *kConfig = "config.json";

// Files against the manifest: sizes here, digests where the model is loaded.
std::string report(const families::InspectRequest& request) {
    const weights::Manifest manifest = weights::read_manifest(request.path);
    const bool sees = manifest.find(kConfig) != nullptr;
    std::string text = "family     tableau, moves the picture that it is given: nothing is denoised\n";
    text += "clips      as large as the picture, any length; begins with a picture or with the frames of a clip\n";
    text += std::string("pictures   ") + (sees ? "seen by its networks: subject, places, depth, outline\n"
                                               : "moved unseen: there are no networks\n");
    for (const weights::ManifestFile& file : manifest.files)
        text += "file       " + file.name + ", " +
                load::size_text(File::open((fs::path(request.path) / file.name).string()).size()) + "\n";
    return text;
}

}  // namespace

families::Detection detect(const std::string& path) {
    using Fit = families::Detection::Fit;
    std::error_code ignored;
    if (!fs::is_regular_file(fs::path(path) / kWords, ignored)) return {};
    if (!fs::is_regular_file(fs::path(path) / std::string(weights::kManifestName), ignored))
        return {Fit::kBroken, path + ": expected manifest.json beside words.json, got none", ZT_ERROR_WEIGHTS};
    return {Fit::kOurs, {}};
}

families::Inspector inspector() {
    return {.name = "tableau", .built_in = true, .plans = false, .detect = detect, .report = report};
}

}  // namespace zt::tableau
