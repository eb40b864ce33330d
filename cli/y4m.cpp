// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames as YUV4MPEG2; see y4m.h.
#include "y4m.h"

#include <cstdio>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::cli {
namespace {

constexpr Y4mFormat kFormats[] = {
    {"yuv420p", ZT_PIXEL_YUV420P, "420mpeg2", 2, 2, 1},
    {"yuv422p", ZT_PIXEL_YUV422P, "422", 2, 1, 1},
    {"yuv444p", ZT_PIXEL_YUV444P, "444", 1, 1, 1},
    {"yuv420p10", ZT_PIXEL_YUV420P10, "420p10 XYSCSS=420P10", 2, 2, 2},
    {"yuv422p10", ZT_PIXEL_YUV422P10, "422p10 XYSCSS=422P10", 2, 1, 2},
    {"yuv444p10", ZT_PIXEL_YUV444P10, "444p10 XYSCSS=444P10", 1, 1, 2},
};

}  // namespace

const Y4mFormat& find_y4m_format(std::string_view name) {
    std::string known;
    for (const Y4mFormat& format : kFormats) {
        if (format.name == name) return format;
        known += " " + std::string(format.name);
    }
    throw Error(ZT_ERROR_ARGUMENT, "format: expected one of" + known + ", got " + quote(name));
}

Y4mWriter::Y4mWriter(std::string path, const Y4mFormat& format, const zt_session_info& info)
    : format_(format), file_(std::move(path)) {
    std::fprintf(file_.stream(), "YUV4MPEG2 W%d H%d F%d:%d Ip A1:1 C%s XCOLORRANGE=LIMITED XGENERATOR=zoetrope\n",
                 info.width, info.height, info.rate.num, info.rate.den, format.tag);
}

void Y4mWriter::write(const zt_frame_info& frame) {
    std::FILE* const file = file_.stream();
    std::fputs("FRAME\n", file);
    for (int plane = 0; plane < 3; ++plane) {
        const int across = plane == 0 ? 1 : format_.across, down = plane == 0 ? 1 : format_.down;
        const size_t row_bytes = static_cast<size_t>((frame.width + across - 1) / across * format_.sample_bytes);
        for (int y = 0; y < (frame.height + down - 1) / down; ++y)
            std::fwrite(frame.data[plane] + y * frame.stride[plane], 1, row_bytes, file);
    }
    file_.check();
}

}  // namespace zt::cli
