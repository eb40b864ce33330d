// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The marks that lie in the picture itself (marks/label.h, marks/watermark.h): which a request asks for, and putting
// them on finished frames. The invisible one comes last, so that the label is part of the picture that carries it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "include/zoetrope/zoetrope.h"
#include "marks/label.h"
#include "marks/watermark.h"

namespace zt::pipeline {

// GB 45438-2025 asks for at least 2 seconds; so long it stays that after a change of rate or a frame cut away.
inline constexpr int kLabelSeconds = 3;
inline constexpr int kMinLabelSide = 64;  // pixels: below it no letter can be read

struct Marking {
    zt_label label = ZT_LABEL_NONE;
    marks::LabelText text = marks::LabelText::kEnglish;
    marks::LabelPlace place = marks::LabelPlace::kBottomLeft;
    bool watermark = false;
};

// Throws ZT_ERROR_ARGUMENT, naming the option, for a value it does not know and for pictures that are too small.
// prompt: of the first shot, which says the label's language where the request leaves it open.
[[nodiscard]] Marking resolve_marking(const zt_request& request, int width, int height, const std::string& prompt);

// One size. One thread at a time.
class Marker {
public:
    // model_sha256: hex digits, or empty.
    Marker(const Marking& marking, int width, int height, zt_rational rate, const std::string& model_sha256);
    // rgb: [3, height, width], finite; pts: number of the frame in the clip. The same pointer where the frame gets no
    // mark; else valid until the next call.
    [[nodiscard]] const float* apply(const float* rgb, int64_t pts) { return apply(Picture{rgb}, pts).rgb; }

    struct Picture {
        const float* rgb;
        const float* alpha = nullptr;  // of a cutout: [height, width]
    };
    // The same: the label has alpha of its own, the invisible mark lies in the colours alone.
    [[nodiscard]] Picture apply(Picture picture, int64_t pts);

private:
    [[nodiscard]] bool shows_label(int64_t pts) const noexcept;

    const size_t samples_;
    const bool always_;
    const zt_rational rate_;
    std::optional<marks::Label> label_;
    std::optional<marks::Watermark> watermark_;
    std::vector<float> marked_, marked_alpha_;
};

}  // namespace zt::pipeline
