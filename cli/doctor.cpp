// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope doctor`; see doctor.h. One function per section of the report.
#include "doctor.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/model_folders.h"
#include "core/utf8.h"
#include "engine.h"

namespace zt::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kHelp =
    "usage: zoetrope doctor\n"
    "\n"
    "Tells what is installed (engine, LibTorch, models), what this machine can run (processor, precision,\n"
    "memory) and whether ffmpeg and GStreamer see Zoetrope; for what is missing, what to type. Changes\n"
    "nothing. Exit status: 0 a clip can be made here, 1 it cannot.\n";

void row(const char* mark, std::string_view what, const std::string& text) {
    std::printf("%-7s %-10.*s %s\n", mark, static_cast<int>(what.size()), what.data(), text.c_str());
}
void good(std::string_view what, const std::string& text) { row("ok", what, text); }
void fact(std::string_view what, const std::string& text) { row("", what, text); }
void missing(std::string_view what, const std::string& text, const std::string& remedy) {
    row("missing", what, text);
    std::printf("%-7s %-10s -> %s\n", "", "", remedy.c_str());
}

// What to type: in an installed program's words, or in those of a tree that was built.
std::string remedy(const char* installed, const char* built) {
    std::error_code ignored;
    return fs::read_symlink("/proc/self/exe", ignored).parent_path().filename() == "bin" ? installed : built;
}

std::string first_line(const fs::path& path, std::string_view prefix) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with(prefix)) return line;
    }
    return "";
}

// What stands behind the colon of a line of /proc.
std::string proc_value(const char* file, std::string_view key) {
    const std::string line = first_line(file, key);
    const size_t at = line.find(':');
    const size_t begin = at == std::string::npos ? at : line.find_first_not_of(" \t", at + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
}

// ---- Engine ----

fs::path file_of(const void* address) {
    Dl_info info{};
    std::error_code ignored;
    return dladdr(address, &info) != 0 ? fs::weakly_canonical(info.dli_fname, ignored) : fs::path();
}

// The path of a loaded library whose file name begins so; empty if there is none.
fs::path loaded_library(const char* name) {
    struct Search {
        std::string_view name;
        fs::path found;
    } search{name, {}};
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* data) {
            auto& wanted = *static_cast<Search*>(data);
            const fs::path path = info->dlpi_name;
            if (path.filename().string().starts_with(wanted.name)) wanted.found = path;
            return wanted.found.empty() ? 0 : 1;
        },
        &search);
    return search.found;
}

// The Python package says its version in a file beside the libraries; the others do not.
std::string torch_version(const fs::path& library) {
    const std::string line = first_line(library.parent_path() / "../version.py", "__version__");
    const size_t from = line.find('\''), to = line.rfind('\'');
    return from < to && to != std::string::npos ? line.substr(from + 1, to - from - 1) : "of unknown version";
}

const ZtEngine* tell_engine() {
    const char* reason = nullptr;
    const ZtEngine* const engine = zt_loader_get(&reason);
    if (engine == nullptr) {
        missing("engine", reason,
                remedy("install the packages libzoetrope0 and zoetrope-libtorch",
                       "tools/quickstart builds it; tools/zt-env zoetrope doctor runs this program with a built tree"));
        return nullptr;
    }
    const uint32_t v = engine->version();
    good("engine", std::to_string(v >> 16) + "." + std::to_string(v >> 8 & 255) + "." + std::to_string(v & 255) + ", " +
                       file_of(reinterpret_cast<const void*>(engine->version)).string());
    const fs::path torch = loaded_library("libtorch_cpu.so");
    std::error_code ignored;
    if (!torch.empty()) good("LibTorch", torch_version(torch) + ", " + fs::weakly_canonical(torch, ignored).string());
    return engine;
}

// ---- Models ----

ModelHandle open_default_model(const ZtEngine& engine, bool with_picture) {
    zt_model_params params;
    engine.model_params_init_sized(&params, sizeof(params));
    params.with_picture = with_picture ? 1 : 0;
    zt_error error = ZT_ERROR_INIT;
    zt_model* opened = nullptr;
    if (engine.model_open(&params, &opened, &error) < 0)
        missing("model", error.message,
                remedy("install the package zoetrope-models",
                       "git lfs pull or a new checkout brings models/, tools/zt-env sets ZOETROPE_MODEL_PATH"));
    return ModelHandle(opened, {&engine});
}

void tell_model(const zt_model_info& info, const std::string& use) {
    const std::string size =
        info.picture_size ? "as large as the picture" : std::to_string(info.width) + "x" + std::to_string(info.height);
    const std::string weights(info.sha256);
    good("model",
         info.name + (" (" + use + "), ") + size + (weights.empty() ? "" : ", weights " + weights.substr(0, 16)));
}

// Opens the models that are used when none is named, which may be one; false if no clip can be made with them.
bool tell_default_models(const ZtEngine& engine) {
    const ModelHandle model = open_default_model(engine, false);
    const ModelHandle of_pictures = model ? open_default_model(engine, true) : nullptr;
    if (!of_pictures) return false;
    const zt_model_info& info = *engine.model_get_info(model.get());
    const zt_model_info& other = *engine.model_get_info(of_pictures.get());
    tell_model(info, "the default");
    if (other.name != std::string_view(info.name)) tell_model(other, "the default with a picture");
    good("auto", std::string("device ") + info.device + ", precision " + info.precision);
    return true;
}

void tell_models(const ZtEngine& engine) {
    for (const fs::path& folder : model_folders(file_of(reinterpret_cast<const void*>(engine.version)).parent_path())) {
        std::error_code ignored;
        std::string names;
        for (const auto& entry : fs::directory_iterator(folder, ignored)) {
            if (entry.is_directory(ignored)) names += (names.empty() ? "" : ", ") + entry.path().filename().string();
        }
        if (!names.empty()) fact("models", names + " in " + fs::weakly_canonical(folder, ignored).string());
    }
}

// ---- Machine ----

void tell_machine() {
    const std::string flags = " " + proc_value("/proc/cpuinfo", "flags") + " ";
    std::string known;
    for (const char* flag : {"avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "avx_vnni"}) {
        if (flags.find(std::string(" ") + flag + " ") != std::string::npos) known += std::string(" ") + flag;
    }
    fact("processor", std::to_string(sysconf(_SC_NPROCESSORS_ONLN)) + " x " +
                          proc_value("/proc/cpuinfo", "model name") +
                          (known.empty() ? ", no vector features known here" : "," + known));
    fact("memory",
         proc_value("/proc/meminfo", "MemTotal") + " in all, " + proc_value("/proc/meminfo", "MemAvailable") + " free");
    const std::string driver = first_line("/proc/driver/nvidia/version", "NVRM");
    fact("GPU", driver.empty() ? "no NVIDIA driver" : driver);
}

// ---- Front ends ----

struct Answer {
    int status = -1;  // 127: no such program
    std::string output;
};

// A fixed command line; a hanging program is given up.
Answer ask(const char* command) {
    Answer answer;
    std::FILE* const pipe = popen((std::string("timeout 60 ") + command + " 2>/dev/null </dev/null").c_str(), "r");
    if (pipe == nullptr) return answer;
    std::array<char, 4096> block{};
    while (const size_t bytes = std::fread(block.data(), 1, block.size(), pipe))
        answer.output.append(block.data(), bytes);
    const int status = pclose(pipe);
    if (WIFEXITED(status)) answer.status = WEXITSTATUS(status);
    return answer;
}

std::string words_after(const std::string& text, std::string_view prefix) {
    const size_t at = text.find(prefix);
    return at == std::string::npos ? "" : text.substr(at, text.find_first_of(" \n", at + prefix.size()) - at);
}

void tell_ffmpeg() {
    const Answer version = ask("ffmpeg -hide_banner -version");
    if (version.status != 0) return missing("ffmpeg", "expected it in PATH, got none", "apt-get install ffmpeg");
    const std::string name = words_after(version.output, "ffmpeg version ");
    const std::string filters = ask("ffmpeg -hide_banner -filters").output;
    if (filters.find(" t2vsrc ") == std::string::npos)
        return missing(
            "ffmpeg", name + ": expected the filter t2vsrc, got none",
            remedy("install the package zoetrope-ffmpeg; then zt-env ffmpeg ... and zt-env zoetrope doctor use it",
                   "tools/quickstart builds the overlay once; then tools/zt-env ffmpeg ... uses it"));
    good("ffmpeg", name + ": t2vsrc" + (filters.find(" i2v ") != std::string::npos ? ", i2v" : ""));
}

void tell_gstreamer() {
    const Answer version = ask("gst-inspect-1.0 --version");
    if (version.status != 0)
        return missing("GStreamer", "expected gst-inspect-1.0 in PATH, got none",
                       "apt-get install gstreamer1.0-tools gstreamer1.0-plugins-base");
    const std::string name = words_after(version.output, "GStreamer ");
    if (ask("gst-inspect-1.0 t2vsrc").status != 0)
        return missing("GStreamer", name + ": expected the element t2vsrc, got none",
                       remedy("install the package gstreamer1.0-zoetrope",
                              "apt-get install libgstreamer-plugins-base1.0-dev, tools/quickstart builds the plugin; "
                              "then tools/zt-env gst-launch-1.0 ... uses it"));
    good("GStreamer", name + ": t2vsrc" + (ask("gst-inspect-1.0 i2v").status == 0 ? ", i2v" : ""));
}

}  // namespace

int doctor(std::span<char*> arguments) {
    for (const std::string_view word : arguments) {
        if (word == "-h" || word == "--help") return std::fputs(kHelp, stdout), 0;
        throw Error(ZT_ERROR_ARGUMENT, "doctor: expected no argument, got " + quote(word));
    }
    const ZtEngine* const engine = tell_engine();
    const bool works = engine != nullptr && tell_default_models(*engine);
    if (engine != nullptr) tell_models(*engine);
    tell_machine();
    tell_ffmpeg();
    tell_gstreamer();
    return works ? 0 : 1;
}

}  // namespace zt::cli
