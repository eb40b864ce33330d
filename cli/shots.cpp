// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope shots`; see shots.h. A job is the whole storyboard begun at its shot: so everything that the clip cache
// knows a shot by is what it is for the film, and the film finds it. The reader asks for no frame beyond the shot, and
// with prefetch 0 none is made.
#include "shots.h"

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/clip_store.h"
#include "core/file.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "engine.h"
#include "engine_options.h"
#include "interrupt.h"
#include "reporter.h"
#include "text/storyboard.h"
#include "y4m.h"

namespace zt::cli {
namespace {

constexpr const char* kHelp =
    "usage: zoetrope shots FILE.srt [--OPTION VALUE]...             lists its shots as jobs\n"
    "       zoetrope shots FILE.srt --shot N [--OPTION VALUE]...    makes one and keeps it\n"
    "\n"
    "One command line for each shot, for GNU parallel, xargs, a Slurm array or a make file. Each job makes\n"
    "its shot and keeps it in the clip cache (ZOETROPE_CACHE, a folder that all machines share); a shot\n"
    "that is there already is only read. The film, asked for with the same options, then comes from there.\n"
    "\n"
    "  --shot N         the shot to make, from 0\n"
    "  --format NAME    of the film: yuv420p yuv422p yuv444p yuv420p10 yuv422p10 yuv444p10 (yuv420p)\n"
    "  -q, --quiet      no progress, only warnings and errors\n"
    "\n"
    "and the options of every front end, but prompt and storyboard:\n"
    "\n";

constexpr const char* kExamples =
    "\n"
    "  export ZOETROPE_CACHE=/shared/clips\n"
    "  zoetrope shots film.srt --model /shared/HunyuanVideo | parallel -j 1 --sshlogin node1,node2\n"
    "  ffmpeg -filter_complex \"t2vsrc=storyboard=film.srt:model=/shared/HunyuanVideo,format=yuv420p\" film.mp4\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 not understood, 130 interrupted.\n";

struct Arguments {
    GivenOptions options;
    std::vector<std::string> words;  // options and format as they were written, for the jobs
    std::string storyboard, format = "yuv420p";
    std::optional<int64_t> shot;
    bool quiet = false, help = false;
};

int64_t parse_shot(const std::string& text) {
    const auto shot = parse_int64(text);
    if (!shot || *shot < 0) throw Error(ZT_ERROR_ARGUMENT, "--shot: expected a number from 0, got " + quote(text));
    return *shot;
}

Arguments parse(std::span<char*> arguments) {
    Arguments parsed;
    for (size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        if (word == "-h" || word == "--help") {
            parsed.help = true;
        } else if (word == "-q" || word == "--quiet") {
            parsed.quiet = true;
        } else if (word.starts_with("--")) {
            const size_t equals = word.find('=');
            const std::string name(word.substr(2, equals == word.npos ? word.npos : equals - 2));
            if (equals == word.npos && i + 1 == arguments.size())
                throw Error(ZT_ERROR_ARGUMENT, std::string(word) + ": expected a value, got none");
            const std::string value = equals != word.npos ? std::string(word.substr(equals + 1)) : arguments[++i];
            if (name == "shot")
                parsed.shot = parse_shot(value);
            else if (name == "format")
                parsed.format = value;
            else if (name == "prompt" || name == "storyboard" || name == "prompt_file" || name == "prompt-file")
                throw Error(ZT_ERROR_ARGUMENT,
                            "shots: expected the storyboard alone to say what is seen, got --" + name);
            else
                parsed.options.emplace_back(name, value);
            if (name != "shot") parsed.words.insert(parsed.words.end(), {"--" + name, value});
        } else if (parsed.storyboard.empty()) {
            parsed.storyboard = word;
        } else {
            throw Error(ZT_ERROR_ARGUMENT, "shots: expected one storyboard, got also " + quote(word));
        }
    }
    if (parsed.storyboard.empty() && !parsed.help)
        throw Error(ZT_ERROR_ARGUMENT, "shots: expected an SRT or WebVTT file, got none");
    return parsed;
}

// As a POSIX shell reads it back.
std::string shell_word(const std::string& word) {
    constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (!word.empty() && word.find_first_not_of(kPlain) == word.npos) return word;
    std::string quoted = "'";
    for (const char letter : word) quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return quoted + "'";
}

struct Span {
    int64_t first = 0, end = 0;  // frames
};

// The shots of the film of `frames` frames that are seen in it.
std::vector<Span> spans_of(const std::string& path, zt_rational rate, int64_t frames) {
    const std::string name = File::open(path).name();
    const text::ShotList list =
        text::plan_shots(text::parse_storyboard(read_whole_file(path, text::kStoryboardBytes), name), rate, name);
    std::vector<Span> spans;
    for (const text::Shot& shot : list.shots) {
        if (shot.first_frame >= frames) break;
        if (!spans.empty()) spans.back().end = shot.first_frame;
        spans.push_back({shot.first_frame, frames});
    }
    return spans;
}

void print_jobs(const Arguments& arguments, size_t shots) {
    std::string rest;
    for (const std::string& word : arguments.words) rest += " " + shell_word(word);
    if (arguments.quiet) rest += " -q";
    for (size_t i = 0; i < shots; ++i)
        std::printf("zoetrope shots %s --shot %zu%s\n", shell_word(arguments.storyboard).c_str(), i, rest.c_str());
}

// ---- One job ----

enum class Outcome { kRead, kMade, kInterrupted };

// The frames of the span: read, or made.
Outcome pass(const ZtEngine& engine, zt_model* model, const zt_request& request, Span span, Reporter* reporter) {
    constexpr int64_t kSliceUs = 100'000;  // lets Ctrl-C and progress through
    zt_error error = ZT_ERROR_INIT;
    zt_session* started = nullptr;
    check(engine.session_create(model, &request, &started, &error), error);
    const SessionHandle session(started, {&engine});
    bool read = true;
    for (int64_t frame = span.first; frame < span.end;) {
        zt_frame* made = nullptr;
        const zt_status status = engine.session_read(started, kSliceUs, &made, &error);
        engine.frame_unref(&made);
        if (interrupted()) return Outcome::kInterrupted;
        zt_progress progress{};
        progress.struct_size = sizeof(progress);
        engine.session_get_progress(started, &progress);
        if (reporter != nullptr) reporter->progress(progress);
        const std::string_view stage = progress.stage != nullptr ? progress.stage : "";
        read = read && (stage == "read" || stage == "wait" || stage == "done" || stage.empty());
        if (reporter == nullptr && !read) break;  // only asked
        if (status == ZT_END)
            throw Error(ZT_ERROR_INTERNAL, "shots: expected frame " + std::to_string(frame) + ", got the end");
        check(status, error);
        frame += status == ZT_OK ? 1 : 0;
    }
    return read ? Outcome::kRead : Outcome::kMade;
}

int make(const ZtEngine& engine, zt_model* model, zt_request& request, Span span, int64_t shot, Reporter& reporter) {
    const std::string what = "shot " + std::to_string(shot) + ", frames " + std::to_string(span.first) + " to " +
                             std::to_string(span.end - 1);
    request.start_frame = span.first;
    request.prefetch = 0;
    Outcome outcome = pass(engine, model, request, span, &reporter);
    reporter.done();
    if (outcome == Outcome::kMade && pass(engine, model, request, span, nullptr) == Outcome::kMade)
        throw Error(ZT_ERROR_IO, what + ": expected to find it in the clip cache, got none; the lines above say why");
    if (interrupted()) outcome = Outcome::kInterrupted;
    reporter.line(outcome == Outcome::kInterrupted ? ZT_LOG_WARNING : ZT_LOG_INFO,
                  outcome == Outcome::kInterrupted ? "interrupted"
                  : outcome == Outcome::kRead      ? (what + ": was there").c_str()
                                                   : (what + ": made and kept").c_str());
    return outcome == Outcome::kInterrupted ? 130 : 0;
}

void check_request(const zt_request& request) {
    if (request.cache == ZT_CACHE_OFF)
        throw Error(ZT_ERROR_ARGUMENT, "cache: expected on or auto (a shot goes into the clip cache), got off");
    if (request.seed == -1)
        throw Error(ZT_ERROR_ARGUMENT, "seed: expected a number (each job would draw its own), got -1");
    if (request.transition == ZT_TRANSITION_MORPH)
        throw Error(ZT_ERROR_ARGUMENT, "transition: expected cut (a morph needs the shot before it), got morph");
}

}  // namespace

int shots(std::span<char*> words) {
    const Arguments arguments = parse(words);
    if (arguments.help) return std::fputs(kHelp, stdout), print_engine_options(), std::fputs(kExamples, stdout), 0;
    const Y4mFormat& format = find_y4m_format(arguments.format);
    const ZtEngine& engine = load_engine();
    Reporter reporter(arguments.quiet);
    zt_model_params params;
    zt_request request;
    engine.model_params_init_sized(&params, sizeof(params));
    engine.request_init_sized(&request, sizeof(request));
    params.log = Reporter::log;
    params.log_opaque = &reporter;
    request.format = format.format;
    request.storyboard = arguments.storyboard.c_str();
    set_options(engine, arguments.options, params, request);
    check_request(request);
    request.cache = ZT_CACHE_ON;
    if (arguments.shot) catch_signals();

    zt_error error = ZT_ERROR_INIT;
    zt_model* opened = nullptr;
    check(engine.model_open(&params, &opened, &error), error);
    const ModelHandle model(opened, {&engine});
    zt_session_info info{};
    info.struct_size = sizeof(info);
    check(engine.session_plan(opened, &request, &info, &error), error);
    const std::vector<Span> spans = spans_of(arguments.storyboard, info.rate, info.frames);
    if (!arguments.shot) return print_jobs(arguments, spans.size()), 0;
    if (*arguments.shot >= std::ssize(spans))
        throw Error(ZT_ERROR_ARGUMENT, "--shot: expected 0 to " + std::to_string(spans.size() - 1) + ", got " +
                                           std::to_string(*arguments.shot));
    return make(engine, opened, request, spans[static_cast<size_t>(*arguments.shot)], *arguments.shot, reporter);
}

}  // namespace zt::cli
