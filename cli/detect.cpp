// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope detect`; see detect.h. The video is decoded by the ffmpeg of this machine: any format it reads. It gets the
// file by its descriptor, so that no name is ever taken for an option, a pattern or a protocol, and it may open nothing
// but files.
#include "detect.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "child.h"
#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "file_marks.h"
#include "marks/detector.h"

namespace zt::cli {
namespace {

constexpr const char* kHelp =
    "usage: zoetrope detect FILE [--json]\n"
    "\n"
    "Looks for the invisible mark that watermark=dct leaves in generated pictures, in any file that the\n"
    "program ffmpeg reads; - is the standard input. Tells beside it what the file says of itself: its\n"
    "comment, and the SEI of H.264 and H.265.\n"
    "\n"
    "  --json    one object, for programs\n"
    "\n"
    "  zoetrope detect fox.mp4\n"
    "  ffmpeg -i https://example.org/fox.mp4 -f yuv4mpegpipe - | zoetrope detect -\n"
    "\n"
    "Exit status: 0 the mark is there, 1 it is not, 2 it could not be looked for. Of videos without it at\n"
    "most one in a thousand is told to have it. docs/marks.md says what it survives and what removes it.\n";

struct Arguments {
    std::string path;
    bool json = false, help = false;
};

Arguments parse(std::span<char*> words) {
    Arguments parsed;
    bool only_paths = false, has_path = false;
    for (const std::string_view word : words) {
        if (!only_paths && word == "--") {
            only_paths = true;
        } else if (!only_paths && (word == "--help" || word == "-h")) {
            parsed.help = true;
        } else if (!only_paths && word == "--json") {
            parsed.json = true;
        } else if (!only_paths && word.size() > 1 && word.front() == '-') {
            refuse(ZT_ERROR_ARGUMENT, "zoetrope detect", "an option of --help (or -- before a name that begins with -)",
                   quote(word));
        } else if (has_path) {
            refuse(ZT_ERROR_ARGUMENT, "zoetrope detect", "one file", "also " + quote(word));
        } else {
            parsed.path = word;
            has_path = true;
        }
    }
    if (!parsed.help && parsed.path.empty()) refuse(ZT_ERROR_ARGUMENT, "zoetrope detect", "a file, or -", "none");
    return parsed;
}

// ---- Frames ----

// An open file, under a name that means it and nothing else in every program this one starts.
class Source {
public:
    explicit Source(const std::string& path) {
        if (path == "-") return;
        file_ = open(path.c_str(), O_RDONLY | O_NOCTTY);
        if (file_ < 0)
            throw Error(errno == ENOENT ? ZT_ERROR_NOT_FOUND : ZT_ERROR_IO,
                        quote(path) + ": expected a file, got " + std::strerror(errno));
        struct stat status {};
        if (fstat(file_, &status) == 0 && S_ISDIR(status.st_mode))
            refuse(ZT_ERROR_IO, quote(path), "a file", "a folder");
        again_ = S_ISREG(status.st_mode);
        name_ = "file:/proc/self/fd/" + std::to_string(file_);
    }
    ~Source() {
        if (file_ >= 0) close(file_);
    }
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    [[nodiscard]] bool is_stdin() const { return file_ < 0; }
    [[nodiscard]] bool can_be_read_again() const { return again_; }
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    int file_ = -1;
    bool again_ = false;
    std::string name_ = "pipe:0";
};

// YUV4MPEG2's header says the size; after it come lines and frames.
class Frames {
public:
    Frames(Child& child, const std::string& path) : child_(child), path_(path) {
        const std::string header = line();
        if (header.empty()) return;
        if (!header.starts_with("YUV4MPEG2 ") || header.find(" Cmono") == std::string::npos) fail(header);
        width_ = field(header, " W");
        height_ = field(header, " H");
    }
    [[nodiscard]] int width() const { return width_; }
    [[nodiscard]] int height() const { return height_; }
    // False at the end, also in the middle of a frame.
    bool next(std::vector<uint8_t>& luma) {
        const std::string header = line();
        if (header.empty()) return false;
        if (!header.starts_with("FRAME")) fail(header);
        luma.resize(static_cast<size_t>(width_) * static_cast<size_t>(height_));
        return child_.read(luma.data(), luma.size()) == luma.size();
    }

private:
    [[noreturn]] void fail(const std::string& got) const {
        refuse(ZT_ERROR_IO, quote(path_), "gray frames from ffmpeg", quote(got));
    }
    // Empty at the end.
    std::string line() {
        constexpr size_t kMost = 512;
        std::string text;
        for (char letter = 0; child_.read(&letter, 1) == 1;) {
            if (letter == '\n') return text;
            text += letter;
            if (text.size() > kMost) fail(text);
        }
        return {};
    }
    [[nodiscard]] int field(const std::string& header, const char* name) const {
        const size_t begin = header.find(name);
        if (begin == std::string::npos) fail(header);
        const size_t end = header.find(' ', begin + 2);
        const auto value =
            parse_int64(std::string_view(header).substr(begin + 2, end == std::string::npos ? end : end - begin - 2));
        if (!value || *value < 1 || *value > marks::kMaxPictureSide) fail(header);
        return static_cast<int>(*value);
    }

    Child& child_;
    const std::string& path_;
    int width_ = 0, height_ = 0;
};

struct Looked {
    marks::Detection detection;
    int64_t frames = 0;
    int width = 0, height = 0;
};

// The luma that the engine makes: BT.709. RGB becomes it, and YUV is taken as it. Some converters, ffmpeg's own among
// them, make BT.601 of RGB that nobody told them about: so that is looked at as well.
constexpr const char* kAsItIs = "scale=in_color_matrix=bt709:out_color_matrix=bt709:out_range=full,format=gray";
constexpr const char* kFromBt601 =
    "scale=in_color_matrix=bt601:out_color_matrix=bt709:out_range=full,format=yuv444p,extractplanes=y";

Looked look(const Source& source, const std::string& path, const char* filter) {
    Child child({"ffmpeg",
                 "-nostdin",
                 "-v",
                 "error",
                 "-protocol_whitelist",
                 "file,pipe",
                 "-max_pixels",
                 std::to_string(int64_t{marks::kMaxPictureSide} * marks::kMaxPictureSide),
                 "-i",
                 source.name(),
                 "-map",
                 "0:v:0",
                 "-vf",
                 filter,
                 "-fps_mode",
                 "passthrough",
                 "-pix_fmt",
                 "gray",
                 "-f",
                 "yuv4mpegpipe",
                 "-"},
                source.is_stdin());
    Looked looked;
    Frames frames(child, path);
    if (frames.width() > 0) {
        marks::Detector detector(frames.width(), frames.height());
        std::vector<uint8_t> luma;
        while (frames.next(luma)) detector.add(luma.data(), frames.width());
        looked.frames = detector.frames();
        looked.width = frames.width();
        looked.height = frames.height();
        if (looked.frames > 0) looked.detection = detector.finish();
    }
    (void)child.wait();
    if (looked.frames == 0) refuse(ZT_ERROR_IO, quote(path), "a video that ffmpeg can read", child.first_error());
    return looked;
}

// ---- Telling ----

// A JSON string of what a file says; control characters and broken bytes become \n, \x1b ….
std::string json_string(std::string_view text) {
    std::string out = "\"";
    for (const char letter : one_line(text, 8192)) {
        if (letter == '"' || letter == '\\') out += '\\';
        out += letter;
    }
    return out + "\"";
}

std::string model_text(const marks::Detection& detection) {
    if (!detection.model) return {};
    char text[8];
    std::snprintf(text, sizeof(text), "%04x", static_cast<unsigned>(*detection.model));
    return text;
}

void print_json(const std::string& path, const Looked& looked, const FileMarks& marks) {
    const marks::Detection& found = looked.detection;
    const std::string model = model_text(found);
    std::printf("{\"file\": %s, \"found\": %s, \"probability\": %.3g", json_string(path).c_str(),
                found.found ? "true" : "false", found.probability);
    if (found.found) {
        std::printf(", \"model\": %s, \"first_frame\": %lld, \"last_frame\": %lld, \"strength\": %.2f, \"changed\": %s",
                    model.empty() ? "null" : json_string(model).c_str(), static_cast<long long>(found.first_frame),
                    static_cast<long long>(found.last_frame), found.strength, found.changed ? "true" : "false");
    }
    std::printf(", \"frames\": %lld, \"width\": %d, \"height\": %d, \"comment\": %s, \"sei\": %s}\n",
                static_cast<long long>(looked.frames), looked.width, looked.height,
                marks.comment.empty() ? "null" : json_string(marks.comment).c_str(),
                marks.sei.empty() ? "null" : json_string(marks.sei).c_str());
}

void print_text(const Looked& looked, const FileMarks& marks) {
    const marks::Detection& found = looked.detection;
    if (found.found) {
        const std::string model = model_text(found);
        std::printf("watermark  found, %s, frames %lld to %lld%s\n",
                    model.empty() ? "too small for a model's number"
                                  : ("of a model whose SHA-256 begins with " + model).c_str(),
                    static_cast<long long>(found.first_frame), static_cast<long long>(found.last_frame),
                    found.changed ? ", in a picture that was cut, mirrored or framed" : "");
        std::printf("           a video without it looks so with a probability of at most %.1g\n", found.probability);
    } else {
        std::printf("watermark  not found in %lld frames of %dx%d\n", static_cast<long long>(looked.frames),
                    looked.width, looked.height);
    }
    std::printf("comment    %s\n", marks.comment.empty() ? "none" : one_line(marks.comment, 1024).c_str());
    std::printf("SEI        %s\n", marks.sei.empty() ? "none" : one_line(marks.sei, 1024).c_str());
}

int run(const Arguments& arguments) {
    const Source source(arguments.path);
    Looked looked = look(source, arguments.path, kAsItIs);
    if (!looked.detection.found && source.can_be_read_again()) {
        const Looked again = look(source, arguments.path, kFromBt601);
        if (again.detection.found) looked = again;
    }
    const FileMarks marks = source.can_be_read_again() ? read_file_marks(source.name()) : FileMarks();
    if (arguments.json)
        print_json(arguments.path, looked, marks);
    else
        print_text(looked, marks);
    return looked.detection.found ? 0 : 1;
}

}  // namespace

int detect(std::span<char*> words) {
    try {
        const Arguments arguments = parse(words);
        if (arguments.help) return std::fputs(kHelp, stdout), 0;
        return run(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "zoetrope: %s\n", error.what());
        return 2;
    }
}

}  // namespace zt::cli
