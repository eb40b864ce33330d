// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See files.h.
#include "families/minimax_h3/video_vae/files.h"

#include <filesystem>
#include <optional>

#include "families/minimax_h3/video_vae/names.h"
#include "load/part_checks.h"

namespace zt::minimax_h3 {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kClassMark = "MiniMaxH3";  // of a config.json beside a single file

struct Original {
    load::ConfigText wrapper;
    OriginalVideoVae where;
};
// Nothing where the path is not a folder of the original layout.
std::optional<Original> original_of(const std::string& path) {
    if (!load::is_folder(path)) return std::nullopt;
    std::optional<load::ConfigText> config = load::config_of(path, kClassMark);
    if (!config || !is_original_video_vae(config->text, config->name)) return std::nullopt;
    OriginalVideoVae where = parse_original_video_vae(config->text, config->name);
    return Original{std::move(*config), std::move(where)};
}

}  // namespace

VideoVaePart open_video_vae(const std::string& path) {
    VideoVaePart part;
    if (const auto original = original_of(path)) {
        const fs::path folder = fs::path(path) / original->where.folder;
        part.file = load::open_part((folder / original->where.file).string(), video_vae_names(), {}, "vae");
        const std::string name = original->wrapper.name.substr(0, original->wrapper.name.rfind('/') + 1) +
                                 original->where.folder + "/config.json";
        part.config =
            parse_original_video_vae_config(original->wrapper.text, original->wrapper.name,
                                            load::read_json_text((folder / "config.json").string(), name), name);
    } else {
        part.file = load::open_part(path, video_vae_names(), {}, "vae");
        load::read_config(part.file, kClassMark, part.config, parse_video_vae_config, video_vae_config_of);
    }
    load::check_tensors(*part.file.checkpoint, video_vae_names(), video_vae_tensors(part.config));
    return part;
}

void add_video_vae_files(const std::string& path, std::vector<std::string>& files) {
    const auto original = original_of(path);
    if (!original) return load::add_files(path, files);
    const fs::path folder = fs::path(path) / original->where.folder;
    files.push_back((fs::path(path) / "config.json").string());
    load::add_files((folder / original->where.file).string(), files);
}

}  // namespace zt::minimax_h3
