// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How we read a host's YUV against an independent reader: zscale (zimg) inside the machine's own ffmpeg.
// The same random planes go through both; each format, matrix, range and chroma site must agree to
// 55 dB or better, and a wrong matrix, range or site must not (the controls). Skips (77) without zscale.
//
//   picture-zscale FOLDER     working files go into FOLDER
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "pipeline/picture.h"

namespace {

constexpr int kWidth = 96, kHeight = 54;
constexpr double kLeastDecibel = 55.0;

struct Case {
    zt_pixel_format format;
    const char* name;  // ffmpeg's
    int bits;
    zt_matrix matrix;
    const char* matrix_name;  // zscale's
    zt_range range;
    zt_chroma_site site;
};

constexpr Case kCases[] = {
    {ZT_PIXEL_YUV420P, "yuv420p", 8, ZT_MATRIX_BT709, "709", ZT_RANGE_LIMITED, ZT_CHROMA_LEFT},
    {ZT_PIXEL_YUV420P, "yuv420p", 8, ZT_MATRIX_BT601, "470bg", ZT_RANGE_FULL, ZT_CHROMA_CENTER},
    {ZT_PIXEL_YUV420P, "yuv420p", 8, ZT_MATRIX_BT2020, "2020_ncl", ZT_RANGE_LIMITED, ZT_CHROMA_TOP_LEFT},
    {ZT_PIXEL_YUV422P, "yuv422p", 8, ZT_MATRIX_BT601, "470bg", ZT_RANGE_LIMITED, ZT_CHROMA_LEFT},
    {ZT_PIXEL_YUV422P, "yuv422p", 8, ZT_MATRIX_BT709, "709", ZT_RANGE_FULL, ZT_CHROMA_CENTER},
    {ZT_PIXEL_YUV444P, "yuv444p", 8, ZT_MATRIX_BT709, "709", ZT_RANGE_FULL, ZT_CHROMA_LEFT},
    {ZT_PIXEL_YUV420P10, "yuv420p10le", 10, ZT_MATRIX_BT2020, "2020_ncl", ZT_RANGE_LIMITED, ZT_CHROMA_TOP_LEFT},
    {ZT_PIXEL_YUV422P10, "yuv422p10le", 10, ZT_MATRIX_BT709, "709", ZT_RANGE_LIMITED, ZT_CHROMA_LEFT},
    {ZT_PIXEL_YUV444P10, "yuv444p10le", 10, ZT_MATRIX_BT601, "470bg", ZT_RANGE_FULL, ZT_CHROMA_LEFT},
};

const char* site_name(zt_chroma_site site) {
    switch (site) {
        case ZT_CHROMA_CENTER: return "center";
        case ZT_CHROMA_TOP_LEFT: return "topleft";
        case ZT_CHROMA_DEFAULT:
        case ZT_CHROMA_LEFT: return "left";
    }
    return "left";
}

// All three planes without padding, values in the allowed range.
std::vector<uint8_t> random_planes(const Case& c) {
    std::mt19937 random(7);
    std::vector<uint8_t> bytes;
    for (int plane = 0; plane < 3; ++plane) {
        const auto extent = zt::pipeline::plane_extent(c.format, plane, kWidth, kHeight);
        const int unit = 1 << (c.bits - 8);
        const bool full = c.range == ZT_RANGE_FULL;
        std::uniform_int_distribution<int> level(full ? 0 : 16 * unit, full ? 256 * unit - 1 : 235 * unit);
        for (int64_t i = 0; i < extent.rows * extent.row_bytes; i += c.bits == 8 ? 1 : 2) {
            const int value = level(random);
            bytes.push_back(static_cast<uint8_t>(value));
            if (c.bits > 8) bytes.push_back(static_cast<uint8_t>(value >> 8));
        }
    }
    return bytes;
}

std::vector<uint8_t> ours(const Case& c, const std::vector<uint8_t>& bytes) {
    zt_image image = {};
    image.struct_size = sizeof(image);
    image.role = ZT_IMAGE_FIRST;
    image.format = c.format;
    image.width = kWidth;
    image.height = kHeight;
    image.matrix = c.matrix;
    image.range = c.range;
    image.chroma_site = c.site;
    const uint8_t* at = bytes.data();
    for (int plane = 0; plane < 3; ++plane) {
        const auto extent = zt::pipeline::plane_extent(c.format, plane, kWidth, kHeight);
        image.data[plane] = at;
        image.stride[plane] = extent.row_bytes;
        at += extent.rows * extent.row_bytes;
    }
    return zt::pipeline::to_rgb(image);
}

// [height, width, 3], or nothing when ffmpeg cannot.
std::vector<char> through_zscale(const std::string& folder, const Case& c, const std::vector<uint8_t>& bytes) {
    const std::string in = folder + "/picture.yuv", out = folder + "/picture.rgb";
    std::remove(out.c_str());
    std::ofstream(in, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    const std::string command =
        "ffmpeg -v error -y -f rawvideo -pix_fmt " + std::string(c.name) + " -s " + std::to_string(kWidth) + "x" +
        std::to_string(kHeight) + " -i '" + in + "' -vf zscale=matrixin=" + c.matrix_name +
        ":rangein=" + (c.range == ZT_RANGE_FULL ? "full" : "limited") + ":chromalin=" + site_name(c.site) +
        ":matrix=gbr:range=full:f=bilinear:d=none,format=gbrp,format=rgb24 -f rawvideo '" + out + "' 2>'" + folder +
        "/picture.log'";
    if (std::system(command.c_str()) != 0) return {};
    std::ifstream file(out, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

double decibel(const std::vector<uint8_t>& a, const std::vector<char>& b) {
    double sum = 0.0;
    for (size_t i = 0; i < a.size(); ++i) {
        const double difference = a[i] - static_cast<uint8_t>(b[i]);
        sum += difference * difference;
    }
    return sum > 0.0 ? 10.0 * std::log10(255.0 * 255.0 * static_cast<double>(a.size()) / sum) : 999.0;
}

}  // namespace

int main(int count, char** arguments) {
    const std::string folder = count > 1 ? arguments[1] : ".";
    if (std::system("ffmpeg -v quiet -h filter=zscale 2>/dev/null | grep -q chromalin") != 0) {
        std::puts("ffmpeg with zscale: not on this machine");
        return 77;
    }
    int failed = 0;
    for (const Case& c : kCases) {
        const std::vector<uint8_t> bytes = random_planes(c);
        const std::vector<char> theirs = through_zscale(folder, c, bytes);
        if (theirs.size() != size_t{3} * kWidth * kHeight) {
            std::printf("%s: expected a picture from ffmpeg, got %zu bytes (see picture.log)\n", c.name, theirs.size());
            return 1;
        }
        const double right = decibel(ours(c, bytes), theirs);
        Case wrong = c;
        wrong.matrix = c.matrix == ZT_MATRIX_BT601 ? ZT_MATRIX_BT709 : ZT_MATRIX_BT601;
        double best_wrong = decibel(ours(wrong, bytes), theirs);
        wrong = c;
        wrong.range = c.range == ZT_RANGE_FULL ? ZT_RANGE_LIMITED : ZT_RANGE_FULL;
        best_wrong = std::max(best_wrong, decibel(ours(wrong, bytes), theirs));
        if (c.format != ZT_PIXEL_YUV444P && c.format != ZT_PIXEL_YUV444P10) {
            wrong = c;
            wrong.site = c.site == ZT_CHROMA_CENTER ? ZT_CHROMA_LEFT : ZT_CHROMA_CENTER;
            best_wrong = std::max(best_wrong, decibel(ours(wrong, bytes), theirs));
        }
        const bool good = right >= kLeastDecibel && best_wrong < kLeastDecibel;
        std::printf("%-12s %-8s %-7s %-7s %.1f dB (read wrongly: at most %.1f dB) %s\n", c.name, c.matrix_name,
                    c.range == ZT_RANGE_FULL ? "full" : "limited", site_name(c.site), right, best_wrong,
                    good ? "ok" : "FAILED");
        failed += good ? 0 : 1;
    }
    return failed == 0 ? 0 : 1;
}
