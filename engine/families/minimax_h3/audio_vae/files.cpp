// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See files.h.
#include "families/minimax_h3/audio_vae/files.h"

#include <filesystem>
#include <optional>

#include "families/minimax_h3/audio_vae/names.h"
#include "load/part_checks.h"

namespace zt::minimax_h3 {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kClassMark = "AutoencoderKLMiniMaxH3Audio";  // of a config.json beside a single file
constexpr const char* kMetadata = "metadata.json";

fs::path metadata_of(const std::string& path) { return fs::path(path) / kMetadata; }

}  // namespace

AudioVaePart open_audio_vae(const std::string& path) {
    AudioVaePart part;
    part.file = load::open_part(path, audio_vae_names(), {}, "audio_vae");
    const std::optional<load::ConfigText> config = load::config_of(path, kClassMark);
    if (config && load::is_folder(path) && load::is_there(metadata_of(path))) {
        const std::string name = config->name.substr(0, config->name.rfind('/') + 1) + kMetadata;
        part.config = parse_original_audio_vae_config(load::read_json_text(metadata_of(path).string(), name), name,
                                                      config->text, config->name);
    } else {
        load::read_config(part.file, kClassMark, part.config, parse_audio_vae_config, audio_vae_config_of);
    }
    part.folded = is_folded(*part.file.checkpoint);
    load::check_names(*part.file.checkpoint, audio_vae_names(), audio_vae_tensors(part.config, part.folded));
    return part;
}

void add_audio_vae_files(const std::string& path, std::vector<std::string>& files) {
    load::add_files(path, files);
    if (load::is_folder(path) && load::is_there(metadata_of(path))) files.push_back(metadata_of(path).string());
}

}  // namespace zt::minimax_h3
