// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope generate`; see generate.h. The options are those of the engine's table.
#include "generate.h"

#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "core/utf8.h"
#include "engine.h"
#include "engine_options.h"
#include "interrupt.h"
#include "reporter.h"
#include "wav.h"
#include "y4m.h"

namespace zt::cli {
namespace {

constexpr const char* kHelp =
    "usage: zoetrope generate PROMPT [-o FILE] [--OPTION VALUE]...\n"
    "       zoetrope generate --storyboard shots.srt [-o FILE] [--OPTION VALUE]...\n"
    "\n"
    "Makes a clip and writes it as YUV4MPEG2, which every player and encoder reads; its sound, where\n"
    "--sound 1 asks for it, as WAV beside it.\n"
    "\n"
    "  -o FILE          where to (zoetrope.y4m); - is the standard output. FILE.wav: the sound alone.\n"
    "                   With --sound 1 the sound of NAME.y4m goes to NAME.wav\n"
    "  --format NAME    yuv420p yuv422p yuv444p yuv420p10 yuv422p10 yuv444p10 (yuv420p)\n"
    "  -q, --quiet      no progress, only warnings and errors\n"
    "\n"
    "and the options of every front end (docs/options.md), '-' or '_' inside, '=' or a blank before\n"
    "the value:\n"
    "\n";

constexpr const char* kExamples =
    "\n"
    "  zoetrope generate \"a red fox runs through the snow at night\" -o fox.y4m --duration 6\n"
    "  zoetrope generate --storyboard shots.srt -o - | ffmpeg -i - \\\n"
    "      -vf setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709 shots.mp4\n"
    "  zoetrope generate \"a blue fish\" --frames -1 -o - | mpv --vf=format:colormatrix=bt.709 -\n"
    "\n"
    "y4m has no word for the colour matrix, BT.709: hence the arguments of the readers.\n"
    "\n"
    "Ctrl-C ends it within a second; a file gets its name only when it is complete. Exit status: 0 done,\n"
    "1 failed, 2 not understood, 130 interrupted.\n";

// ---- Arguments ----

void print_help() {
    std::fputs(kHelp, stdout);
    print_engine_options();
    std::fputs(kExamples, stdout);
}

struct Arguments {
    GivenOptions options;
    std::string output = "zoetrope.y4m", format = "yuv420p", prompt;
    bool has_prompt = false, quiet = false, help = false;
};

Arguments parse(std::span<char*> arguments) {
    Arguments parsed;
    bool only_words = false;
    for (size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        if (only_words || word.size() < 2 || word.front() != '-') {
            if (parsed.has_prompt)
                throw Error(ZT_ERROR_ARGUMENT, "generate: expected one prompt (in quotes), got also " + quote(word));
            parsed.prompt = word;
            parsed.has_prompt = true;
            continue;
        }
        const size_t equals = word.starts_with("--") ? word.find('=') : std::string_view::npos;
        const std::string_view name = word.substr(0, equals);
        const auto value = [&]() -> std::string {
            if (equals != std::string_view::npos) return std::string(word.substr(equals + 1));
            if (i + 1 == arguments.size())
                throw Error(ZT_ERROR_ARGUMENT, std::string(name) + ": expected a value, got none");
            return arguments[++i];
        };
        if (word == "--")
            only_words = true;
        else if (word == "-h" || word == "--help")
            parsed.help = true;
        else if (word == "-q" || word == "--quiet")
            parsed.quiet = true;
        else if (name == "-o" || name == "--output")
            parsed.output = value();
        else if (name == "--format")
            parsed.format = value();
        else if (word.starts_with("--"))
            parsed.options.emplace_back(name.substr(2), value());
        else
            throw Error(ZT_ERROR_ARGUMENT,
                        quote(word) + ": expected an option of zoetrope generate --help, got no such option");
    }
    return parsed;
}

// ---- Running ----

// What the clip is written to: pictures, sound, or both.
struct Outputs {
    std::optional<Y4mWriter> pictures;
    std::optional<WavWriter> sound;

    void write(const zt_frame_info& frame) {
        if (pictures) pictures->write(frame);
        if (sound) sound->write(frame);
    }
    void finish() {
        if (pictures) pictures->finish();
        if (sound) sound->finish();
    }
};

bool is_wav(std::string_view path) { return path.ends_with(".wav"); }

// Any name will do but one that promises another kind of file.
void check_output(std::string_view path) {
    for (const std::string_view other :
         {".mp4", ".mkv", ".mov", ".webm", ".avi", ".gif", ".png", ".jpg", ".webp", ".ts", ".mxf", ".mp3", ".flac"}) {
        if (path.ends_with(other))
            throw Error(ZT_ERROR_ARGUMENT, "-o: expected a name ending in .y4m or .wav, got " + quote(path) +
                                               "; ffmpeg -i FILE.y4m makes " + std::string(other) + " of it");
    }
}

// NAME.wav beside NAME.y4m. Throws where there is no place beside it.
std::string sound_path(const std::string& output) {
    if (is_wav(output)) return output;
    if (output == "-")
        throw Error(ZT_ERROR_ARGUMENT, "-o: expected a file with --sound 1 (the sound is a file beside it), got -");
    const size_t slash = output.rfind('/'), dot = output.rfind('.');
    const bool has_ending = dot != std::string::npos && (slash == std::string::npos || dot > slash + 1) && dot > 0;
    return (has_ending ? output.substr(0, dot) : output) + ".wav";
}

// False when interrupted.
bool write_frames(const ZtEngine& engine, zt_session* session, int64_t timeout_us, Outputs& outputs,
                  Reporter& reporter) {
    constexpr int64_t kSliceUs = 100'000;  // lets Ctrl-C and progress through
    int64_t waited_us = 0;
    for (;;) {
        zt_error error = ZT_ERROR_INIT;
        zt_frame* frame = nullptr;
        const zt_status status = engine.session_read(session, kSliceUs, &frame, &error);
        if (interrupted()) {
            engine.frame_unref(&frame);
            return false;
        }
        zt_progress progress{};
        progress.struct_size = sizeof(progress);
        engine.session_get_progress(session, &progress);
        reporter.progress(progress);
        if (status == ZT_END) return true;
        check(status, error);
        waited_us = status == ZT_OK ? 0 : waited_us + kSliceUs;
        if (timeout_us > 0 && waited_us >= timeout_us)
            throw Error(ZT_ERROR_IO,
                        "timeout: expected a frame within " + std::to_string(timeout_us / 1000) + " ms, got none");
        if (status != ZT_OK) continue;
        const std::unique_ptr<zt_frame, void (*)(zt_frame*)> holder(
            frame, [](zt_frame* one) { load_engine().frame_unref(&one); });
        outputs.write(*engine.frame_get_info(frame));
    }
}

std::string summary(const zt_model_info& model, const zt_session_info& info) {
    return std::string(model.name) + ": " + std::to_string(info.width) + "x" + std::to_string(info.height) + ", " +
           std::to_string(info.rate.num) + "/" + std::to_string(info.rate.den) + " fps, " +
           (info.frames < 0 ? std::string("endless") : std::to_string(info.frames) + " frames") + ", seed " +
           std::to_string(info.seed) + ", " + model.device + " " + model.precision;
}

}  // namespace

int generate(std::span<char*> words) {
    const Arguments arguments = parse(words);
    if (arguments.help) return print_help(), 0;
    const Y4mFormat& format = find_y4m_format(arguments.format);
    check_output(arguments.output);
    if (arguments.output == "-" && isatty(STDOUT_FILENO) != 0)
        throw Error(ZT_ERROR_ARGUMENT, "-o: expected a file or a pipe behind -, got a terminal");
    catch_signals();

    const ZtEngine& engine = load_engine();
    Reporter reporter(arguments.quiet);
    zt_model_params params;
    zt_request request;
    engine.model_params_init_sized(&params, sizeof(params));
    engine.request_init_sized(&request, sizeof(request));
    params.log = Reporter::log;
    params.log_opaque = &reporter;
    request.format = format.format;
    set_options(engine, arguments.options, params, request);
    if (arguments.has_prompt) request.prompt = arguments.prompt.c_str();

    if (is_wav(arguments.output)) request.sound = 1;
    if (request.sound != 0) (void)sound_path(arguments.output);  // before anything is computed

    zt_error error = ZT_ERROR_INIT;
    zt_model* opened = nullptr;
    check(engine.model_open(&params, &opened, &error), error);
    const ModelHandle model(opened, {&engine});
    zt_session* started = nullptr;
    check(engine.session_create(opened, &request, &started, &error), error);
    const SessionHandle session(started, {&engine});
    const zt_session_info& info = *engine.session_get_info(started);
    reporter.line(ZT_LOG_INFO, summary(*engine.model_get_info(opened), info).c_str());

    Outputs outputs;
    if (!is_wav(arguments.output)) outputs.pictures.emplace(arguments.output, format, info);
    if (info.sample_rate > 0) outputs.sound.emplace(sound_path(arguments.output), info);
    const bool whole = write_frames(engine, started, request.timeout_us, outputs, reporter);
    reporter.done();
    if (!whole) {
        reporter.line(ZT_LOG_WARNING, "interrupted");
        return 130;
    }
    outputs.finish();
    return 0;
}

}  // namespace zt::cli
