// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See marking.h.
#include "pipeline/marking.h"

#include <algorithm>

#include "core/error.h"
#include "text/han.h"

namespace zt::pipeline {

namespace {

void check_word(const char* name, int value, int most) {
    if (value < 0 || value > most)
        refuse(ZT_ERROR_ARGUMENT, name, "0 to " + std::to_string(most), std::to_string(value));
}

marks::LabelText text_of(zt_label_language language, const std::string& prompt) {
    const bool chinese = language == ZT_LABEL_AUTO ? text::has_han(prompt) : language == ZT_LABEL_CHINESE;
    return chinese ? marks::LabelText::kChinese : marks::LabelText::kEnglish;
}

marks::LabelPlace place_of(zt_label_place place) {
    switch (place) {
        case ZT_LABEL_BOTTOM_LEFT: return marks::LabelPlace::kBottomLeft;
        case ZT_LABEL_BOTTOM_RIGHT: return marks::LabelPlace::kBottomRight;
        case ZT_LABEL_TOP_LEFT: return marks::LabelPlace::kTopLeft;
        case ZT_LABEL_TOP_RIGHT: return marks::LabelPlace::kTopRight;
    }
    return marks::LabelPlace::kBottomLeft;
}

}  // namespace

Marking resolve_marking(const zt_request& request, int width, int height, const std::string& prompt) {
    check_word("label", request.label, ZT_LABEL_ALWAYS);
    check_word("label_language", request.label_language, ZT_LABEL_CHINESE);
    check_word("label_place", request.label_place, ZT_LABEL_TOP_RIGHT);
    check_word("watermark", request.watermark, ZT_WATERMARK_DCT);
    if (request.label != ZT_LABEL_NONE && std::min(width, height) < kMinLabelSide)
        refuse(ZT_ERROR_ARGUMENT, "label", "none in pictures below 64x64",
               "a label in " + std::to_string(width) + "x" + std::to_string(height));
    const bool watermark = request.watermark != ZT_WATERMARK_NONE;
    if (watermark) (void)marks::layout_for(width, height);
    return {request.label, text_of(request.label_language, prompt), place_of(request.label_place), watermark};
}

Marker::Marker(const Marking& marking, int width, int height, zt_rational rate, const std::string& model_sha256)
    : samples_(size_t{3} * static_cast<size_t>(width) * static_cast<size_t>(height)),
      always_(marking.label == ZT_LABEL_ALWAYS), rate_(rate) {
    if (marking.label != ZT_LABEL_NONE) label_.emplace(width, height, marking.text, marking.place);
    if (marking.watermark) watermark_.emplace(width, height, marks::model_number(model_sha256));
}

bool Marker::shows_label(int64_t pts) const noexcept {
    return label_ && (always_ || pts * rate_.den < int64_t{kLabelSeconds} * rate_.num);
}

Marker::Picture Marker::apply(Picture picture, int64_t pts) {
    const bool label = shows_label(pts);
    if (!label && !watermark_) return picture;
    marked_.resize(samples_);
    if (label) {
        std::copy_n(picture.rgb, samples_, marked_.data());
        picture.rgb = marked_.data();
        if (picture.alpha == nullptr) {
            label_->draw(marked_.data());
        } else {
            marked_alpha_.assign(picture.alpha, picture.alpha + samples_ / 3);
            label_->draw(marked_.data(), marked_alpha_.data());
            picture.alpha = marked_alpha_.data();
        }
    }
    if (watermark_) watermark_->apply(picture.rgb, marked_.data());
    return {marked_.data(), picture.alpha};
}

}  // namespace zt::pipeline
