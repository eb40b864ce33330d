// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See file_marks.h.
#include "file_marks.h"

#include <array>
#include <string_view>
#include <vector>

#include "child.h"
#include "core/error.h"

namespace zt::cli {

namespace {

constexpr size_t kTagBytes = 64 << 10, kStreamBytes = 16 << 20, kMostSei = 4096;
constexpr std::string_view kToken = "AI-generated";
// 35947fc0-37e0-4031-884a-7697f43bcead
constexpr std::array<unsigned char, 16> kUuid{0x35, 0x94, 0x7F, 0xC0, 0x37, 0xE0, 0x40, 0x31,
                                              0x88, 0x4A, 0x76, 0x97, 0xF4, 0x3B, 0xCE, 0xAD};

// Up to `most` bytes of what the program writes; empty where it fails.
std::string output_of(const std::vector<std::string>& arguments, size_t most) {
    std::string text;
    try {
        Child child(arguments, false);
        text.resize(most);
        text.resize(child.read(text.data(), most));
        if (text.size() < most && child.wait() != 0) text.clear();
    } catch (const Error&) {
        text.clear();  // without these programs the file is not read, which is no error of the mark in the picture
    }
    return text;
}

bool is_word(char letter) {
    constexpr std::string_view kOthers = "+-./:_";
    return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
           kOthers.find(letter) != std::string_view::npos;
}

std::string find_comment(const std::string& tags) {
    const size_t begin = tags.find(kToken);
    if (begin == std::string::npos) return {};
    size_t end = begin;
    while (end < tags.size() && is_word(tags[end])) ++end;
    return tags.substr(begin, end - begin);
}

std::vector<std::string> copy_of(const std::string& source, const char* format) {
    return {"ffmpeg",    "-nostdin", "-v",   "error", "-protocol_whitelist",
            "file,pipe", "-i",       source, "-map",  "0:v:0",
            "-t",        "3",        "-c",   "copy",  "-f",
            format,      "-"};
}

}  // namespace

std::string find_sei(const std::string& stream) {
    // Without the bytes that keep start codes out of a payload.
    std::string plain;
    plain.reserve(stream.size());
    int zeros = 0;
    for (const char byte : stream) {
        const bool kept = !(zeros >= 2 && byte == 3);
        zeros = byte == 0 && kept ? zeros + 1 : 0;
        if (kept) plain += byte;
    }
    const std::string_view uuid(reinterpret_cast<const char*>(kUuid.data()), kUuid.size());
    const size_t found = plain.find(uuid);
    if (found == std::string::npos) return {};
    const size_t begin = found + uuid.size();
    size_t end = begin;
    // The text ends with the payload's stop bit, or a zero.
    while (end < plain.size() && end - begin < kMostSei && static_cast<unsigned char>(plain[end]) >= 0x20 &&
           static_cast<unsigned char>(plain[end]) != 0x80)
        ++end;
    return plain.substr(begin, end - begin);
}

FileMarks read_file_marks(const std::string& source) {
    FileMarks marks;
    const std::string tags = output_of({"ffprobe", "-v", "error", "-protocol_whitelist", "file,pipe", "-show_entries",
                                        "format_tags:stream_tags:stream=codec_name", "-of", "default=nw=1", source},
                                       kTagBytes);
    marks.comment = find_comment(tags);
    for (const char* const codec : {"h264", "hevc"})
        if (tags.find(std::string("codec_name=") + codec + "\n") != std::string::npos)
            marks.sei = find_sei(output_of(copy_of(source, codec), kStreamBytes));
    return marks;
}

}  // namespace zt::cli
