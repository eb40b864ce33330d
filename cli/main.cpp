// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The program zoetrope: finds the command, prints errors.
#include <signal.h>

#include <cstdio>
#include <exception>
#include <span>
#include <string_view>

#include "cache.h"
#include "core/error.h"
#include "detect.h"
#include "doctor.h"
#include "generate.h"
#include "inspect.h"
#include "launch.h"
#include "shots.h"
#include "zoetrope/version.h"

namespace {

struct Command {
    std::string_view name;
    const char* usage;
    int (*run)(std::span<char*> arguments);  // what follows the name; returns the exit status
};

constexpr Command kCommands[] = {
    {"generate", "generate PROMPT -o FILE  a clip as a y4m file, or into a pipe", zt::cli::generate},
    {"doctor", "doctor                   what is installed, what is missing, what to do", zt::cli::doctor},
    {"detect", "detect FILE              whether a video carries the invisible mark", zt::cli::detect},
    {"inspect", "inspect PATH             what a model is, has and lacks, the memory it needs", zt::cli::inspect},
    {"cache", "cache list|clear|verify  clips that were made and are kept", zt::cli::cache},
    {"shots", "shots FILE.srt           a storyboard's shots as jobs for many machines", zt::cli::shots},
    {"launch", "launch -n N PROGRAM...   a program whose clips several processes or GPUs make together",
     zt::cli::launch},
};

void print_help(std::FILE* to) {
    std::fputs("usage: zoetrope COMMAND [argument]...\n\n", to);
    for (const Command& command : kCommands) std::fprintf(to, "  %s\n", command.usage);
    std::fputs(
        "\nzoetrope COMMAND --help tells more; zoetrope --version the version. In FFmpeg and GStreamer the\n"
        "same video comes from the source t2vsrc.\n",
        to);
}

int run(std::span<char*> arguments) {
    const std::string_view name = arguments.empty() ? std::string_view() : arguments.front();
    if (name == "--version") return std::printf("zoetrope %s\n", ZT_VERSION_STRING), 0;
    if (name == "--help" || name == "-h") return print_help(stdout), 0;
    for (const Command& command : kCommands) {
        if (command.name == name) return command.run(arguments.subspan(1));
    }
    if (name == "rank") return zt::cli::serve_rank(arguments.subspan(1));  // of launch, for itself
    print_help(stderr);
    return 2;
}

}  // namespace

// 0: done. 1: failed. 2: not understood. 130: interrupted.
int main(int argc, char** argv) {
    signal(SIGCHLD, SIG_DFL);  // who started us may ignore it: then the kernel keeps no status of our children
    try {
        return run(std::span(argv, static_cast<size_t>(argc)).subspan(argc > 0 ? 1 : 0));
    } catch (const zt::Error& error) {
        std::fprintf(stderr, "zoetrope: %s\n", error.what());
        return error.status() == ZT_ERROR_ARGUMENT || error.status() == ZT_ERROR_PROMPT ? 2 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "zoetrope: %s\n", error.what());
        return 1;
    }
}
