// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Our colour conversion against an independent one: zscale (zimg) inside the machine's own ffmpeg.
// The same random picture goes through both; every plane of every YUV format must agree to 55 dB or
// better, and a wrong chroma site must not (the control). Skips (77) without ffmpeg or its zscale.
//
//   color-zscale FOLDER     working files go into FOLDER
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "pipeline/color.h"
#include "pipeline/frame.h"

namespace {

constexpr int kWidth = 96, kHeight = 54;
constexpr double kLeastDecibel = 55.0;

struct Format {
    zt_pixel_format format;
    const char* name;  // ffmpeg's
    int bits, horizontal, vertical;
};

constexpr Format kFormats[] = {
    {ZT_PIXEL_YUV420P, "yuv420p", 8, 2, 2},        {ZT_PIXEL_YUV422P, "yuv422p", 8, 2, 1},
    {ZT_PIXEL_YUV444P, "yuv444p", 8, 1, 1},        {ZT_PIXEL_YUV420P10, "yuv420p10le", 10, 2, 2},
    {ZT_PIXEL_YUV422P10, "yuv422p10le", 10, 2, 1}, {ZT_PIXEL_YUV444P10, "yuv444p10le", 10, 1, 1}};

std::vector<float> random_rgb() {
    std::mt19937 random(7);
    std::uniform_real_distribution<float> level(0.0F, 1.0F);
    std::vector<float> rgb(size_t{3} * kWidth * kHeight);
    for (float& value : rgb) value = level(random);
    return rgb;
}

void write_gbr(const std::string& path, const std::vector<float>& rgb) {
    std::ofstream file(path, std::ios::binary);
    constexpr size_t kPlane = size_t{kWidth} * kHeight;
    for (const size_t component : {size_t{1}, size_t{2}, size_t{0}}) {
        file.write(reinterpret_cast<const char*>(rgb.data() + component * kPlane), kPlane * sizeof(float));
    }
}

// One frame of planes without padding, or nothing when ffmpeg cannot.
std::vector<char> through_zscale(const std::string& folder, const Format& format, const char* chroma_site) {
    const std::string out = folder + "/zscale.raw";
    std::remove(out.c_str());
    const std::string command =
        "ffmpeg -v error -y -f rawvideo -pix_fmt gbrpf32le -s " + std::to_string(kWidth) + "x" +
        std::to_string(kHeight) + " -i '" + folder +
        "/picture.gbr' -vf zscale=matrixin=gbr:rangein=full:matrix=709:range=limited:chromal=" + chroma_site +
        ":f=bilinear:d=none,format=" + format.name + " -f rawvideo '" + out + "' 2>'" + folder + "/ffmpeg.log'";
    if (std::system(command.c_str()) != 0) return {};
    std::ifstream file(out, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

int sample(const uint8_t* row, int x, int bits) {
    if (bits == 8) return row[x];
    uint16_t value = 0;
    std::memcpy(&value, row + 2 * x, sizeof(value));
    return value;
}

constexpr double kIdentical = 999.0;

std::string shown(double decibel) { return decibel >= kIdentical ? "identical" : std::to_string(decibel) + " dB"; }

// The worst plane.
double decibel(const zt_frame_info& ours, const std::vector<char>& theirs, const Format& format) {
    const auto* their_row = reinterpret_cast<const uint8_t*>(theirs.data());
    double worst = kIdentical;
    for (int plane = 0; plane < 3; ++plane) {
        const int width = plane == 0 ? kWidth : kWidth / format.horizontal,
                  height = plane == 0 ? kHeight : kHeight / format.vertical;
        double sum = 0.0;
        for (int y = 0; y < height; ++y, their_row += width * (format.bits == 8 ? 1 : 2)) {
            for (int x = 0; x < width; ++x) {
                const double difference = sample(ours.data[plane] + ours.stride[plane] * y, x, format.bits) -
                                          sample(their_row, x, format.bits);
                sum += difference * difference;
            }
        }
        const double most = (1 << format.bits) - 1, mean = sum / (width * height);
        if (mean > 0.0) worst = std::min(worst, 10.0 * std::log10(most * most / mean));
    }
    return worst;
}

}  // namespace

int main(int count, char** arguments) {
    const std::string folder = count > 1 ? arguments[1] : ".";
    if (std::system("ffmpeg -v quiet -h filter=zscale 2>/dev/null | grep -q chromal") != 0) {
        std::puts("ffmpeg with zscale: not on this machine");
        return 77;
    }
    const std::vector<float> rgb = random_rgb();
    write_gbr(folder + "/picture.gbr", rgb);
    int failed = 0;
    for (const Format& format : kFormats) {
        zt_frame frame(format.format, kWidth, kHeight, std::make_shared<const zt::pipeline::PromptTag>());
        zt::pipeline::Converter(format.format, kWidth, kHeight).convert(rgb.data(), frame.info.data);
        const std::vector<char> left = through_zscale(folder, format, "left"),
                                centre = through_zscale(folder, format, "center");
        const auto samples =
            static_cast<size_t>(kWidth * kHeight + 2 * (kWidth / format.horizontal) * (kHeight / format.vertical));
        if (left.size() != samples * (format.bits == 8 ? 1 : 2) || centre.size() != left.size()) {
            std::printf("%-12s expected %zu samples from ffmpeg, got %zu bytes (see ffmpeg.log)\n", format.name,
                        samples, left.size());
            return 1;
        }
        const double right = decibel(frame.info, left, format), wrong = decibel(frame.info, centre, format);
        const bool good = right >= kLeastDecibel && (format.horizontal == 1 || wrong < kLeastDecibel);
        std::printf("%-12s %s (chroma in the centre: %s) %s\n", format.name, shown(right).c_str(), shown(wrong).c_str(),
                    good ? "ok" : "FAILED");
        failed += good ? 0 : 1;
    }
    return failed == 0 ? 0 : 1;
}
