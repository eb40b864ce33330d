// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Label and watermark in the pipeline (pipeline/marking.h): what a request asks for, which frames get it, and that
// every pixel format carries it.
#include "pipeline/marking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "marks/detector.h"
#include "marks/pictures.h"
#include "pipeline/color.h"
#include "pipeline/frame.h"

namespace {

using namespace zt;
using pipeline::Marker;
using pipeline::Marking;

zt_request a_request() {
    zt_request request{};
    request.struct_size = sizeof(request);
    return request;
}

std::string refusal(const zt_request& request, int width, int height) {
    try {
        (void)pipeline::resolve_marking(request, width, height, "fox");
    } catch (const Error& error) {
        EXPECT_EQ(error.status(), ZT_ERROR_ARGUMENT);
        return error.what();
    }
    return "";
}

TEST(Marking, OfARequest) {
    zt_request request = a_request();
    Marking marking = pipeline::resolve_marking(request, 16, 16, "fox");
    EXPECT_EQ(marking.label, ZT_LABEL_NONE);
    EXPECT_FALSE(marking.watermark);
    request.label = ZT_LABEL_START;
    request.label_place = ZT_LABEL_TOP_RIGHT;
    request.watermark = ZT_WATERMARK_DCT;
    marking = pipeline::resolve_marking(request, 64, 64, "fox");
    EXPECT_EQ(marking.label, ZT_LABEL_START);
    EXPECT_EQ(marking.place, marks::LabelPlace::kTopRight);
    EXPECT_TRUE(marking.watermark);
}

TEST(Marking, IsRefusedByName) {
    zt_request request = a_request();
    request.label = ZT_LABEL_ALWAYS;
    EXPECT_EQ(refusal(request, 62, 64), "label: expected none in pictures below 64x64, got a label in 62x64");
    EXPECT_EQ(refusal(request, 64, 64), "");
    request.label = static_cast<zt_label>(3);
    EXPECT_EQ(refusal(request, 64, 64), "label: expected 0 to 2, got 3");
    request = a_request();
    request.watermark = ZT_WATERMARK_DCT;
    EXPECT_EQ(refusal(request, 64, 62), "watermark: expected none in pictures below 64x64, got dct in 64x62");
    request.watermark = static_cast<zt_watermark>(-1);
    EXPECT_EQ(refusal(request, 64, 64), "watermark: expected 0 to 1, got -1");
    request = a_request();
    request.label_language = static_cast<zt_label_language>(3);
    EXPECT_EQ(refusal(request, 64, 64), "label_language: expected 0 to 2, got 3");
    request = a_request();
    request.label_place = static_cast<zt_label_place>(4);
    EXPECT_EQ(refusal(request, 64, 64), "label_place: expected 0 to 3, got 4");
}

TEST(Marking, TheLabelSpeaksAsThePromptDoes) {
    zt_request request = a_request();
    const auto text = [&](const char* prompt) { return pipeline::resolve_marking(request, 64, 64, prompt).text; };
    for (const char* english : {"a red fox", "", "caf\xC3\xA9", "\xE3\x81\x82 \xE2\x80\x94", "\xF0\x9F\xA6\x8A"})
        EXPECT_EQ(text(english), marks::LabelText::kEnglish) << english;
    for (const char* chinese :
         {"\xE4\xB8\x80", "a fox \xE7\x8B\x90", "\xE3\x90\x80", "\xE9\xBF\xBF", "\xF0\xA0\x80\x80"})
        EXPECT_EQ(text(chinese), marks::LabelText::kChinese) << chinese;
    request.label_language = ZT_LABEL_CHINESE;
    EXPECT_EQ(text("fox"), marks::LabelText::kChinese);
    request.label_language = ZT_LABEL_ENGLISH;
    EXPECT_EQ(text("\xE7\x8B\x90"), marks::LabelText::kEnglish);
}

TEST(Marker, FramesWithoutAMarkAreNotTouched) {
    const std::vector<float> rgb(size_t{3} * 64 * 64, 0.5F);
    Marker none(Marking{}, 64, 64, {24, 1}, "");
    EXPECT_EQ(none.apply(rgb.data(), 0), rgb.data());
    Marking marking;
    marking.label = ZT_LABEL_START;
    for (const zt_rational rate : {zt_rational{24, 1}, {30000, 1001}, {1, 10}}) {
        Marker start(marking, 64, 64, rate, "");
        for (int64_t pts = 0; pts < 100; ++pts)
            EXPECT_EQ(start.apply(rgb.data(), pts) != rgb.data(),
                      static_cast<double>(pts) * rate.den / rate.num < pipeline::kLabelSeconds)
                << pts;
    }
    marking.label = ZT_LABEL_ALWAYS;
    EXPECT_NE(Marker(marking, 64, 64, {24, 1}, "").apply(rgb.data(), 1'000'000'000'000), rgb.data());
}

// Luma of BT.709 in full range, of a finished frame.
uint8_t full_luma(const zt_frame& frame, int x, int y) {
    const zt_frame_info& info = frame.info;
    const auto sample = [&](int plane, int at) {
        const uint8_t* const row = info.data[plane] + info.stride[plane] * y;
        switch (info.format) {
            case ZT_PIXEL_YUV420P10:
            case ZT_PIXEL_YUV422P10:
            case ZT_PIXEL_YUV444P10:
            case ZT_PIXEL_GBRP10: return static_cast<double>(reinterpret_cast<const uint16_t*>(row)[at]) / 4.0;
            case ZT_PIXEL_GBRP16: return static_cast<double>(reinterpret_cast<const uint16_t*>(row)[at]) / 257.0;
            default: return static_cast<double>(row[at]);
        }
    };
    const auto luma = [&](double red, double green, double blue) {
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    double value = 0.0;
    if (info.format == ZT_PIXEL_RGB24)
        value = luma(sample(0, 3 * x), sample(0, 3 * x + 1), sample(0, 3 * x + 2));
    else if (info.format == ZT_PIXEL_GBRP || info.format == ZT_PIXEL_GBRP10 || info.format == ZT_PIXEL_GBRP16)
        value = luma(sample(2, x), sample(0, x), sample(1, x));
    else
        value = (sample(0, x) - 16.0) * 255.0 / 219.0;
    return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

// Of a cutout the label is to be seen, so it has alpha of its own; the invisible mark lies in the colours.
TEST(Marker, OfACutoutTheLabelIsOpaque) {
    constexpr int kWidth = 256, kHeight = 144;
    Marking marking;
    marking.watermark = true;
    const std::vector<float> rgb = test::picture(test::Kind::kCutouts, kWidth, kHeight, 3, 0);
    const std::vector<float> alpha(size_t{kWidth} * kHeight, 0.0F);
    Marker invisible(marking, kWidth, kHeight, {24, 1}, "beef0123");
    const Marker::Picture watermarked = invisible.apply(Marker::Picture{rgb.data(), alpha.data()}, 0);
    EXPECT_EQ(watermarked.alpha, alpha.data());
    EXPECT_NE(watermarked.rgb, rgb.data());
    marking.label = ZT_LABEL_START;
    Marker both(marking, kWidth, kHeight, {24, 1}, "beef0123");
    const Marker::Picture labelled = both.apply(Marker::Picture{rgb.data(), alpha.data()}, 0);
    ASSERT_NE(labelled.alpha, alpha.data());
    EXPECT_GT(std::count_if(labelled.alpha, labelled.alpha + alpha.size(), [](float a) { return a > 0.6F; }), 200);
    EXPECT_EQ(both.apply(Marker::Picture{rgb.data(), alpha.data()}, 24 * 60).alpha, alpha.data());  // after 3 seconds
}

TEST(Marker, EveryPixelFormatCarriesTheWatermark) {
    constexpr int kWidth = 256, kHeight = 144;
    Marking marking;
    marking.label = ZT_LABEL_ALWAYS;
    marking.watermark = true;
    Marker marker(marking, kWidth, kHeight, {24, 1}, "beef0123");
    const std::vector<float> rgb = test::picture(test::Kind::kCutouts, kWidth, kHeight, 3, 0);
    const float* const marked = marker.apply(rgb.data(), 0);
    for (const zt_pixel_format format :
         {ZT_PIXEL_YUV420P, ZT_PIXEL_YUV422P, ZT_PIXEL_YUV444P, ZT_PIXEL_YUV420P10, ZT_PIXEL_YUV422P10,
          ZT_PIXEL_YUV444P10, ZT_PIXEL_GBRP, ZT_PIXEL_GBRP10, ZT_PIXEL_GBRP16, ZT_PIXEL_RGB24}) {
        zt_frame frame(format, kWidth, kHeight, std::make_shared<pipeline::PromptTag>());
        pipeline::Converter(format, kWidth, kHeight).convert(marked, frame.info.data);
        std::vector<uint8_t> luma;
        for (int y = 0; y < kHeight; ++y)
            for (int x = 0; x < kWidth; ++x) luma.push_back(full_luma(frame, x, y));
        marks::Detector detector(kWidth, kHeight);
        detector.add(luma.data(), kWidth);
        const marks::Detection found = detector.finish();
        EXPECT_EQ(found.model, 0xBEEF) << format << ": " << found.probability;
        EXPECT_GT(found.strength, 0.9) << format;
    }
}

}  // namespace
