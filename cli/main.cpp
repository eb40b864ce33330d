// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The program zoetrope: finds the command, prints errors.
#include <cstdio>
#include <exception>
#include <span>
#include <string_view>

#include "core/error.h"
#include "include/zoetrope/version.h"
#include "inspect.h"

namespace {

constexpr const char* kHelp =
    "usage: zoetrope COMMAND [argument]...\n"
    "\n"
    "  inspect PATH   what a model is, which parts it has and lacks, the memory it needs\n"
    "\n"
    "zoetrope COMMAND --help tells more; --version the version. Video itself comes from the FFmpeg\n"
    "filters and GStreamer elements t2vsrc and i2v.\n";

int run(std::span<char*> arguments) {
    const std::string_view command = arguments.empty() ? std::string_view() : arguments.front();
    if (command == "inspect") return zt::cli::inspect(arguments.subspan(1));
    if (command == "--version") return std::printf("zoetrope %s\n", ZT_VERSION_STRING), 0;
    if (command == "--help" || command == "-h") return std::fputs(kHelp, stdout), 0;
    std::fputs(kHelp, stderr);
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(std::span(argv, static_cast<size_t>(argc)).subspan(argc > 0 ? 1 : 0));
    } catch (const zt::Error& error) {
        std::fprintf(stderr, "zoetrope: %s\n", error.what());
        return error.status() == ZT_ERROR_ARGUMENT ? 2 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "zoetrope: %s\n", error.what());
        return 1;
    }
}
