// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sound as a WAV file of 32-bit floats: the samples as the model made them.
#pragma once

#include <cstdint>
#include <string>

#include "output_file.h"
#include "zoetrope/zoetrope.h"

namespace zt::cli {

// One thread at a time.
class WavWriter {
public:
    // Not the standard output: the sizes in its header are known at the end only. Throws ZT_ERROR_IO, as all below.
    WavWriter(std::string path, const zt_session_info& info);
    // The samples of a frame. A file holds at most 4 GiB, four and a half hours of stereo at 32 kHz.
    void write(const zt_frame_info& frame);
    void finish();

private:
    void write_header();

    const std::string path_;
    const int sample_rate_, channels_;
    uint64_t data_bytes_ = 0;
    OutputFile file_;
};

}  // namespace zt::cli
