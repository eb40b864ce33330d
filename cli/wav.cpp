// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See wav.h. The format: Multimedia Programming Interface and Data Specifications 1.0 (IBM, Microsoft, 1991), with
// format tag 3, IEEE float, and the chunk "fact" that every format but integer PCM needs.
#include "wav.h"

#include <bit>
#include <cstdio>
#include <utility>

#include "core/error.h"
#include "core/utf8.h"

namespace zt::cli {
namespace {

constexpr uint32_t kHeaderBytes = 56, kFormatBytes = 16, kFloat = 3, kSampleBytes = 4;

void put(std::FILE* file, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) std::fputc(static_cast<int>(value >> (8 * i) & 255), file);
}

}  // namespace

WavWriter::WavWriter(std::string path, const zt_session_info& info)
    : path_(std::move(path)), sample_rate_(info.sample_rate), channels_(info.channels), file_(path_) {
    write_header();
}

void WavWriter::write_header() {
    std::FILE* const file = file_.stream();
    const auto data = static_cast<uint32_t>(data_bytes_), rate = static_cast<uint32_t>(sample_rate_);
    const uint32_t block = static_cast<uint32_t>(channels_) * kSampleBytes;
    std::fputs("RIFF", file);
    put(file, kHeaderBytes - 8 + data, 4);
    std::fputs("WAVEfmt ", file);
    put(file, kFormatBytes, 4);
    put(file, kFloat, 2);
    put(file, static_cast<uint32_t>(channels_), 2);
    put(file, rate, 4);
    put(file, rate * block, 4);
    put(file, block, 2);
    put(file, kSampleBytes * 8, 2);
    std::fputs("fact", file);
    put(file, 4, 4);
    put(file, data / block, 4);
    std::fputs("data", file);
    put(file, data, 4);
    file_.check();
}

void WavWriter::write(const zt_frame_info& frame) {
    const auto values = static_cast<size_t>(frame.sample_count) * static_cast<size_t>(frame.channels);
    data_bytes_ += values * kSampleBytes;
    if (data_bytes_ > UINT32_MAX - kHeaderBytes)
        throw Error(ZT_ERROR_IO, quote(path_) + ": expected sound of less than 4 GiB, got more");
    for (size_t i = 0; i < values; ++i) put(file_.stream(), std::bit_cast<uint32_t>(frame.samples[i]), 4);
    file_.check();
}

void WavWriter::finish() {
    std::rewind(file_.stream());
    write_header();
    file_.finish();
}

}  // namespace zt::cli
