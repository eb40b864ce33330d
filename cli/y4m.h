// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames as YUV4MPEG2, which every player and encoder reads.
#pragma once

#include <string>
#include <string_view>

#include "output_file.h"
#include "zoetrope/zoetrope.h"

namespace zt::cli {

// A pixel format y4m can hold: FFmpeg's name for it and y4m's.
struct Y4mFormat {
    std::string_view name;
    zt_pixel_format format;
    const char* tag;
    int across, down;  // divisors of the chroma planes
    int sample_bytes;
};
// Throws ZT_ERROR_ARGUMENT for a name it does not know.
[[nodiscard]] const Y4mFormat& find_y4m_format(std::string_view name);

// One thread at a time.
class Y4mWriter {
public:
    // "-" is the standard output. Throws ZT_ERROR_IO.
    Y4mWriter(std::string path, const Y4mFormat& format, const zt_session_info& info);
    void write(const zt_frame_info& frame);
    void finish() { file_.finish(); }

private:
    const Y4mFormat& format_;
    OutputFile file_;
};

}  // namespace zt::cli
