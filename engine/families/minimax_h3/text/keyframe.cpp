// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See keyframe.h.
#include "families/minimax_h3/text/keyframe.h"

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "image/fit.h"
#include "load/config_json.h"
#include "load/part_file.h"

namespace zt::minimax_h3 {

image::Picture fit_keyframe(const image::Picture& picture, int64_t width, int64_t height, Keyframe which) {
    image::check(picture);
    image::check_size(width, height);
    if (picture.width == width && picture.height == height) return picture;
    if (which == Keyframe::kAnchor) return image::resize(picture, width, height, image::Filter::kLanczos);
    const auto w = static_cast<double>(picture.width), h = static_cast<double>(picture.height);
    const double scale = std::max(static_cast<double>(width) / w, static_cast<double>(height) / h);
    const int64_t covering_width = std::max(width, image::round_half_even(w * scale)),
                  covering_height = std::max(height, image::round_half_even(h * scale));
    return image::centre_crop(image::resize(picture, covering_width, covering_height, image::Filter::kLanczos), width,
                              height);
}

PictureLimits parse_picture_limits(std::string_view text, const std::string& name) {
    const load::ConfigJson config(text, name);
    PictureLimits limits;
    const json::Field root = config.section("image_processor");
    constexpr uint64_t kMost = 1 << 28;
    if (const auto size = root.find("size"); size && !size->is_null()) {
        load::read(*size, "shortest_edge", limits.least, kMost);
        load::read(*size, "longest_edge", limits.most, kMost);
    }
    return limits;
}

PictureLimits read_picture_limits(const std::string& folder) {
    for (const char* name : {"processor_config.json", "preprocessor_config.json"}) {
        const std::filesystem::path file = std::filesystem::path(folder) / name;
        if (!folder.empty() && load::is_there(file))
            return parse_picture_limits(load::read_json_text(file.string(), name), name);
    }
    return {};
}

void check_picture_size(const PictureLimits& limits, int64_t width, int64_t height) {
    if (width * height >= limits.least && width * height <= limits.most) return;
    throw Error(ZT_ERROR_ARGUMENT, "size: expected " + std::to_string(limits.least) + " to " +
                                       std::to_string(limits.most) + " pixels with a picture, got " +
                                       std::to_string(width) + "x" + std::to_string(height));
}

}  // namespace zt::minimax_h3
