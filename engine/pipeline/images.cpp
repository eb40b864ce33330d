// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See images.h.
#include "pipeline/images.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "image/turn.h"
#include "pipeline/picture.h"

namespace zt::pipeline {

namespace {

using families::Limits;

void check_word(const std::string& what, int value, int low, int high, const char* words) {
    if (value < low || value > high) refuse(ZT_ERROR_ARGUMENT, what, words, std::to_string(value));
}

const char* role_name(zt_image_role role) {
    switch (role) {
        case ZT_IMAGE_FIRST: return "first image";
        case ZT_IMAGE_LAST: return "last image";
        case ZT_IMAGE_MASK: return "mask";
        case ZT_IMAGE_HISTORY: return "history";
    }
    return "image";
}

// ---- One picture ----

void check_size(const std::string& name, const zt_image& image) {
    const auto within = [](int side) { return side >= 1 && side <= kMaxImageSide; };
    if (!within(image.width) || !within(image.height) || int64_t{image.width} * image.height > kMaxImagePixels) {
        refuse(ZT_ERROR_ARGUMENT, name + ": size",
               "1 to " + std::to_string(kMaxImageSide) + " pixels per side and at most " +
                   std::to_string(kMaxImagePixels) + " in all",
               std::to_string(image.width) + "x" + std::to_string(image.height));
    }
}

void check_planes(const std::string& name, const zt_image& image) {
    const int planes = plane_count(image.format);
    for (int plane = 0; plane < planes + (has_alpha_plane(image) ? 1 : 0); ++plane) {
        const std::string index = "[" + std::to_string(plane) + "]";
        if (image.data[plane] == nullptr) refuse(ZT_ERROR_ARGUMENT, name + ": data" + index, "a pointer", "NULL");
        const int64_t needed = plane_extent(image.format, plane, image.width, image.height).row_bytes;
        // Too far apart is a stride that was never set; rows of 4 GiB do not exist.
        constexpr int64_t kMaxStride = int64_t{1} << 32;
        const int64_t stride = image.stride[plane];
        if (stride > kMaxStride || stride < -kMaxStride || std::abs(stride) < needed) {
            refuse(ZT_ERROR_ARGUMENT, name + ": stride" + index,
                   "at least " + std::to_string(needed) + " bytes, up or down", std::to_string(stride));
        }
    }
}

void check_image(const zt_image& image, bool with_pixels) {
    check_word("image: role", image.role, ZT_IMAGE_FIRST, ZT_IMAGE_HISTORY, "first, last, mask or history");
    const std::string name = role_name(image.role);
    check_word(name + ": format", image.format, ZT_PIXEL_DEFAULT, ZT_PIXEL_RGBA64, "a zt_pixel_format");
    check_word(name + ": matrix", image.matrix, ZT_MATRIX_DEFAULT, ZT_MATRIX_BT2020, "a zt_matrix");
    check_word(name + ": range", image.range, ZT_RANGE_DEFAULT, ZT_RANGE_FULL, "a zt_range");
    check_word(name + ": chroma_site", image.chroma_site, ZT_CHROMA_DEFAULT, ZT_CHROMA_TOP_LEFT, "a zt_chroma_site");
    check_word(name + ": alpha", image.alpha, ZT_ALPHA_DEFAULT, ZT_ALPHA_PREMULTIPLIED, "a zt_alpha");
    check_word(name + ": orientation", image.orientation, 0, 8, "1 to 8 as in EXIF, or 0 for not turned");
    check_size(name, image);
    if (with_pixels) check_planes(name, image);
}

// ---- All together ----

// How many of a role came, against how the model uses it.
void check_use(zt_image_role role, size_t count, zt_use use, const char* why = "this model takes no such picture") {
    const std::string name = role_name(role);
    if (count > 1) refuse(ZT_ERROR_ARGUMENT, name, "one", std::to_string(count));
    if (count == 1 && use == ZT_USE_NEVER) refuse(ZT_ERROR_UNSUPPORTED, name, std::string("none (") + why + ")", "1");
    if (count == 0 && use == ZT_USE_REQUIRED)
        refuse(ZT_ERROR_ARGUMENT, name, "one (this model needs such a picture)", "none");
}

bool takes_none(const Limits& limits) {
    return limits.first_image == ZT_USE_NEVER && limits.last_image == ZT_USE_NEVER && limits.history_images == 0;
}

void check_uses(const size_t (&counts)[ZT_IMAGE_HISTORY + 1], const Limits& limits) {
    const size_t first = counts[ZT_IMAGE_FIRST], history = counts[ZT_IMAGE_HISTORY];
    const auto most = static_cast<size_t>(limits.history_images);
    if (history > most) {
        refuse(ZT_ERROR_UNSUPPORTED, role_name(ZT_IMAGE_HISTORY),
               most == 0 ? "none (this model cannot go on from given frames)"
                         : "at most " + std::to_string(most) + " pictures",
               std::to_string(history));
    }
    if (first > 0 && history > 0)
        refuse(ZT_ERROR_ARGUMENT, role_name(ZT_IMAGE_HISTORY), "none beside a first image", std::to_string(history));
    const bool begun = limits.first_image == ZT_USE_REQUIRED && history > 0;
    check_use(ZT_IMAGE_FIRST, first, begun ? ZT_USE_OPTIONAL : limits.first_image, limits.no_first);
    check_use(ZT_IMAGE_LAST, counts[ZT_IMAGE_LAST], limits.last_image);
    check_use(ZT_IMAGE_MASK, counts[ZT_IMAGE_MASK], ZT_USE_OPTIONAL);
    if (counts[ZT_IMAGE_MASK] > 0 && first + history == 0)
        refuse(ZT_ERROR_ARGUMENT, role_name(ZT_IMAGE_MASK), "a first image or history to keep", "none");
}

}  // namespace

void check_images(const zt_request& request, const Limits& limits, bool with_pixels) {
    check_word("fit", request.fit, ZT_FIT_CROP, ZT_FIT_PAD, "crop, stretch or pad");
    if (request.image_count > kMaxImages) {
        refuse(ZT_ERROR_ARGUMENT, "image", "at most " + std::to_string(kMaxImages),
               std::to_string(request.image_count));
    }
    if (request.image_count > 0 && takes_none(limits)) {
        refuse(ZT_ERROR_UNSUPPORTED, "image", "none (this model takes no picture)",
               std::to_string(request.image_count));
    }
    if (request.image_count == 0 && request.fit != ZT_FIT_CROP)
        refuse(ZT_ERROR_ARGUMENT, "fit", "a picture to fit", "none");
    (void)resolve_background(request.background);
    if (request.image_count == 0 && request.background != nullptr)
        refuse(ZT_ERROR_ARGUMENT, "background", "a picture to lay on it", "none");
    size_t counts[ZT_IMAGE_HISTORY + 1] = {};
    for (size_t i = 0; i < request.image_count; ++i) {
        check_image(request.images[i], with_pixels);
        ++counts[request.images[i].role];
    }
    check_uses(counts, limits);
}

Rgb resolve_background(const char* text) {
    if (text == nullptr) return kWhite;
    const std::optional<std::array<uint8_t, 3>> color = parse_color(text);
    if (!color) {
        refuse(ZT_ERROR_ARGUMENT, "background", "#RRGGBB, 0xRRGGBB, white, gray or black", quote(text));
    }
    return *color;
}

bool takes_mask(const Limits& limits) { return limits.first_image != ZT_USE_NEVER || limits.history_images > 0; }

namespace {

// Turned as the colours are; NULL where there is nothing to know.
std::shared_ptr<const std::vector<uint8_t>> take_alpha(const zt_image& image) {
    if (image.role == ZT_IMAGE_MASK) return nullptr;
    std::vector<uint8_t> alpha = to_alpha(image);
    if (alpha.empty()) return nullptr;
    return std::make_shared<const std::vector<uint8_t>>(
        image::turn_plane(std::move(alpha), image.width, image.height, image.orientation));
}

}  // namespace

std::vector<families::Picture> take_images(const zt_request& request) {
    const Rgb background = resolve_background(request.background);
    std::vector<families::Picture> pictures;
    for (size_t i = 0; i < request.image_count; ++i) {
        const zt_image& image = request.images[i];
        // What nobody painted in a mask was not marked to move.
        const Rgb behind = image.role == ZT_IMAGE_MASK ? Rgb{} : background;
        image::Picture upright = image::turn({image.width, image.height, to_rgb(image, behind)}, image.orientation);
        pictures.push_back({image.role, static_cast<int>(upright.width), static_cast<int>(upright.height),
                            std::make_shared<const std::vector<uint8_t>>(std::move(upright.rgb)), take_alpha(image)});
    }
    return pictures;
}

double resolve_strength(double strength, const Limits& limits, bool has_images) {
    if (!(strength >= 0.0 && strength <= 1.0)) refuse(ZT_ERROR_ARGUMENT, "strength", "0 to 1", to_text(strength));
    if (strength == 1.0 || (!has_images && strength == 0.0)) return 1.0;
    if (!has_images) refuse(ZT_ERROR_ARGUMENT, "strength", "a picture to weigh", "none");
    if (!limits.strength) refuse(ZT_ERROR_UNSUPPORTED, "strength", "1 (this model has no other)", to_text(strength));
    return strength;
}

}  // namespace zt::pipeline
