// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See size.h.
#include "pipeline/size.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "pipeline/color.h"
#include "pipeline/plan.h"

namespace zt::pipeline {

namespace {

using families::Limits;

int nearest_on_grid(int64_t value, int low, int high, int step) {
    const int64_t clamped = std::clamp<int64_t>(value, low, high);
    const int64_t steps = (clamped - low + (step - 1) / 2) / step;  // to nearest, half down
    return static_cast<int>(std::min<int64_t>(low + steps * step, high));
}

// ---- The picture's own ----

// Of the picture that the clip begins with, upright; none where the size does not come from it.
std::optional<Size> wanted_picture(const zt_request& request, const Limits& limits) {
    if (!limits.size_of_picture || request.width != 0 || request.height != 0) return std::nullopt;
    const zt_image *found = nullptr, *last = nullptr;
    for (size_t i = 0; i < request.image_count; ++i) {  // the newest of the history comes last
        const zt_image& image = request.images[i];
        if (image.role == ZT_IMAGE_FIRST || image.role == ZT_IMAGE_HISTORY) found = &image;
        if (image.role == ZT_IMAGE_LAST) last = &image;
    }
    if (found == nullptr && limits.size_for != nullptr) found = last;
    if (found == nullptr) return std::nullopt;
    return found->orientation >= 5 ? Size{found->height, found->width} : Size{found->width, found->height};
}

// One side of the model's grid that `multiple` divides: the largest that is not above `side`, or the smallest.
// Where there is none the model's own check tells.
int side_on_grid(int64_t side, int low, int high, int step, int multiple) {
    int on = low;
    on += static_cast<int>(std::clamp<int64_t>(side, low, high) - low) / step * step;
    if (on % multiple == 0) return on;
    return on - step >= low ? on - step : on + step;
}

Size own_size(const Size& picture, const Limits& limits, const Subsampling& sub, const Log& log) {
    if (limits.size_for != nullptr) {
        const auto [wide, high] = limits.size_for(picture.width, picture.height);
        log(ZT_LOG_INFO,
            "size: " + size_text(wide, high) + " for a picture of " + size_text(picture.width, picture.height));
        return {wide, high};
    }
    const int low_width = std::max(limits.min_width, kMinSide), low_height = std::max(limits.min_height, kMinSide);
    const int high_width = std::min(limits.max_width, kMaxSide), high_height = std::min(limits.max_height, kMaxSide);
    const double width = picture.width, height = picture.height;
    // Where a picture is too long and too narrow at once, it is the narrow side that counts: the long one
    // is then cut to what is possible.
    const double shrunk = std::min(
        {1.0, high_width / width, high_height / height, std::sqrt(static_cast<double>(kMaxPixels) / (width * height))});
    const double scale = std::max({shrunk, low_width / width, low_height / height});
    // Down, so that the most pixels stay the most; the slack is far above what a double loses on the way.
    const auto scaled = [&](double side) { return static_cast<int64_t>(side * scale + 1e-6); };
    const Size size{side_on_grid(scaled(width), low_width, high_width, limits.size_step, sub.horizontal),
                    side_on_grid(scaled(height), low_height, high_height, limits.size_step, sub.vertical)};
    if (size.width != picture.width || size.height != picture.height) {
        const char* const how = scale < 1.0 ? "shrunk" : scale > 1.0 ? "enlarged" : "rounded down";
        log(ZT_LOG_INFO, std::string("size: ") + how + " to " + size_text(size.width, size.height) +
                             " from the picture's " + size_text(picture.width, picture.height));
    }
    return size;
}

}  // namespace

std::string size_text(int64_t width, int64_t height) { return std::to_string(width) + "x" + std::to_string(height); }

Size resolve_size(const zt_request& request, const Limits& limits, zt_pixel_format format, const Log& log) {
    const Subsampling sub = subsampling(format);
    if (const auto picture = wanted_picture(request, limits)) return own_size(*picture, limits, sub, log);
    const Size out{request.width != 0 ? request.width : limits.width,
                   request.height != 0 ? request.height : limits.height};
    const std::string got = size_text(request.width, request.height);
    if ((request.width == 0) != (request.height == 0))
        refuse(ZT_ERROR_ARGUMENT, "size", "width and height, or neither", got);
    const auto within = [](int side) { return side >= kMinSide && side <= kMaxSide; };
    if (!within(out.width) || !within(out.height) || int64_t{out.width} * out.height > kMaxPixels) {
        refuse(ZT_ERROR_ARGUMENT, "size", "16 to 4096 pixels per side and at most 4096x2160 in all", got);
    }
    const bool fits = out.width >= limits.min_width && out.width <= limits.max_width &&
                      out.height >= limits.min_height && out.height <= limits.max_height &&
                      (out.width - limits.min_width) % limits.size_step == 0 &&
                      (out.height - limits.min_height) % limits.size_step == 0;
    if (!fits) {
        const std::string nearest =
            size_text(nearest_on_grid(out.width, limits.min_width, limits.max_width, limits.size_step),
                      nearest_on_grid(out.height, limits.min_height, limits.max_height, limits.size_step));
        const bool single = limits.min_width == limits.max_width && limits.min_height == limits.max_height;
        refuse(ZT_ERROR_ARGUMENT, "size",
               single ? nearest + " (the model's only size)"
                      : "a multiple of " + std::to_string(limits.size_step) + " between " +
                            size_text(limits.min_width, limits.min_height) + " and " +
                            size_text(limits.max_width, limits.max_height),
               single ? got : got + "; nearest is " + nearest);
    }
    if (out.width % sub.horizontal != 0 || out.height % sub.vertical != 0) {
        refuse(ZT_ERROR_ARGUMENT, "size", "even sides for this pixel format", got);
    }
    return out;
}

}  // namespace zt::pipeline
