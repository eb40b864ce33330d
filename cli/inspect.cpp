// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `zoetrope inspect`; see inspect.h.
#include "inspect.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model_folders.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "families/inspector.h"
#include "load/memory.h"
#include "weights/checkpoint.h"

namespace zt::cli {
namespace {

namespace fs = std::filesystem;
using Fit = families::Detection::Fit;
using EngineOptions = std::vector<std::pair<std::string, std::string>>;

constexpr double kMaxGuidance = 100;
constexpr int kMaxSide = 4096, kMaxFrames = 100'000, kMaxSteps = 1000, kMaxRanks = 1024;  // sizes as in pipeline/plan.h

constexpr const char* kHelp =
    "usage: zoetrope inspect PATH|NAME [option]...\n"
    "\n"
    "Tells what lies at PATH (a diffusers folder, a safetensors or a GGUF file): family, kind, parts\n"
    "found and missing, types, sizes, and the memory that a clip needs. Reads headers and a few KiB\n"
    "of each matrix, to warn of those that are zero. Of a built-in model, by its NAME or its folder,\n"
    "what it is and what it knows:";

constexpr const char* kOptions =
    "\n"
    "\n"
    "  --size WxH        of the clip, where the family's own is not meant\n"
    "  --frames N        that come out\n"
    "  --steps N\n"
    "  --guidance G      more than 1 makes two passes of a step (Wan, CogVideoX)\n"
    "  --ranks N         processes that make the clip together: what each has in memory and sends\n"
    "  --precision P     bf16 or fp32, of the arithmetic (bf16)\n"
    "  --unpack          fp8 and GGUF matrices as numbers in memory, instead of as in the file\n"
    "  --lora FILE[:SCALE][|FILE...]  adapters, as the filters take them\n"
    "  --engine-opts K=V:K=V...  as the filters take them; keys by family:\n";

void print_help() {
    std::fputs(kHelp, stdout);
    for (const families::Inspector& family : families::inspectors())
        if (family.built_in) std::printf(" %.*s", static_cast<int>(family.name.size()), family.name.data());
    std::fputs(kOptions, stdout);
    for (const families::Inspector& family : families::inspectors()) {
        if (family.options.empty()) continue;
        std::printf("    %.*s\n", static_cast<int>(family.name.size()), family.name.data());
        for (const auto& [key, help] : family.options)
            std::printf("      %-15.*s %.*s\n", static_cast<int>(key.size()), key.data(), static_cast<int>(help.size()),
                        help.data());
    }
    std::fputs(
        "\n  zoetrope inspect HunyuanVideo/ --size 960x544 --frames 65\n"
        "  zoetrope inspect hunyuan-video-t2v-720p-Q4_K_M.gguf --engine-opts vae=vae.safetensors\n",
        stdout);
}

[[noreturn]] void refuse(std::string_view option, const std::string& expected, std::string_view got) {
    throw Error(ZT_ERROR_ARGUMENT, std::string(option) + ": expected " + expected + ", got " + quote(got));
}

int64_t number_of(std::string_view option, std::string_view text, int64_t most) {
    const std::optional<int64_t> value = parse_int64(text);
    if (!value || *value < 1 || *value > most)
        refuse(option, "1 to " + std::to_string(most) + " (a whole number)", text);
    return *value;
}

// "key=value:key=value"; a backslash takes the next character as it is.
EngineOptions parse_engine_opts(std::string_view text) {
    EngineOptions options;
    std::string key, value;
    bool in_value = false;
    const auto end = [&] {
        if (!in_value || key.empty()) refuse("--engine-opts", "key=value:key=value", text);
        options.emplace_back(std::move(key), std::move(value));
        key.clear();
        value.clear();
        in_value = false;
    };
    for (size_t i = 0; i < text.size(); ++i) {
        std::string& out = in_value ? value : key;
        if (text[i] == '\\' && i + 1 < text.size())
            out += text[++i];
        else if (text[i] == '=' && !in_value)
            in_value = true;
        else if (text[i] == ':')
            end();
        else
            out += text[i];
    }
    end();
    return options;
}

struct Arguments {
    families::InspectRequest request;
    bool help = false;
};

Arguments parse(std::span<char*> arguments) {
    Arguments a;
    families::InspectRequest& r = a.request;
    for (size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view option = arguments[i];
        const auto value = [&]() -> std::string_view {
            if (i + 1 == arguments.size()) refuse(option, "a value", "none");
            return arguments[++i];
        };
        if (option == "--help" || option == "-h") {
            a.help = true;
        } else if (option == "--size") {
            const std::string_view text = value();
            const auto size = parse_size(text);
            if (!size || size->first < 16 || size->second < 16 || size->first > kMaxSide || size->second > kMaxSide)
                refuse(option, "a size like 1280x720", text);
            r.width = size->first;
            r.height = size->second;
        } else if (option == "--frames") {
            r.frames = number_of(option, value(), kMaxFrames);
        } else if (option == "--steps") {
            r.steps = number_of(option, value(), kMaxSteps);
        } else if (option == "--guidance") {
            const std::string_view text = value();
            const std::optional<double> guidance = parse_double(text);
            if (!guidance || *guidance < 0 || *guidance > kMaxGuidance) refuse(option, "0 to 100", text);
            r.guidance = *guidance;
        } else if (option == "--ranks") {
            r.ranks = number_of(option, value(), kMaxRanks);
        } else if (option == "--precision") {
            const std::string_view text = value();
            if (text != "bf16" && text != "fp32") refuse(option, "bf16 or fp32", text);
            r.element_bytes = text == "fp32" ? 4 : 2;
        } else if (option == "--unpack") {
            r.keep_packed = false;
        } else if (option == "--lora") {
            r.lora = value();
        } else if (option == "--engine-opts") {
            r.engine_opts = parse_engine_opts(value());
        } else if (option.starts_with("-") && option.size() > 1) {
            refuse("zoetrope inspect", "an option of --help", option);
        } else if (r.path.empty()) {
            r.path = option;
        } else {
            refuse("zoetrope inspect", "one path", option);
        }
    }
    return a;
}

// Any other checkpoint: what types it has.
void print_checkpoint(const std::string& path) {
    const weights::Checkpoint file = weights::Checkpoint::open(path);
    std::map<std::string, uint64_t> bytes;
    for (const weights::CheckpointEntry& entry : file.entries()) bytes[entry.type_name()] += entry.size_bytes;
    std::printf("family     unknown\ntensors    %zu in %s\n", file.entries().size(), file.name().c_str());
    for (const auto& [type, size] : bytes) std::printf("  %-8s %s\n", type.c_str(), load::size_text(size).c_str());
}

// Where the files of a built-in model are, if the engine finds them; else throws.
std::string folder_of(const families::Inspector& family) {
    std::error_code ignored;
    std::string looked;
    for (const fs::path& folder : model_folders(fs::read_symlink("/proc/self/exe", ignored).parent_path())) {
        const std::string model = (folder / family.name).lexically_normal().string();
        if (family.detect(model).fit == Fit::kOurs) return model;
        looked += (looked.empty() ? "" : ", ") + quote(model);
    }
    throw Error(ZT_ERROR_NOT_FOUND, "zoetrope inspect: expected the weights of " + std::string(family.name) + " in " +
                                        looked +
                                        ", got no such folder; set ZOETROPE_MODEL_PATH to the folder that holds it");
}

void print(const families::Inspector& family, const families::InspectRequest& request) {
    if (!family.plans && request.asks_for_a_plan())
        refuse("zoetrope inspect",
               "no option beside a " + std::string(family.name) + " model, whose memory is not planned", "one");
    std::fputs(family.report(request).c_str(), stdout);
    if (!family.licence.empty())
        std::printf("licence    %.*s\n", static_cast<int>(family.licence.size()), family.licence.data());
}

}  // namespace

int inspect(std::span<char*> arguments) {
    const Arguments a = parse(arguments);
    if (a.help) return print_help(), 0;
    families::InspectRequest request = a.request;
    if (request.path.empty()) refuse("zoetrope inspect", "a path", "none");
    for (const families::Inspector& family : families::inspectors()) {
        if (!family.built_in || request.path != family.name) continue;
        request.path = family.has_weights ? folder_of(family) : std::string();
        return print(family, request), 0;
    }
    families::Detection best;
    for (const families::Inspector& family : families::inspectors()) {
        if (family.detect == nullptr) continue;
        const families::Detection found = family.detect(request.path);
        if (found.fit == Fit::kOurs) return print(family, request), 0;
        if (found.fit > best.fit || best.reason.empty()) best = found;
    }
    std::error_code ignored;
    // Any other checkpoint in one file has types to tell of; the rest has the reason that every front end gives.
    if (best.fit == Fit::kBroken || fs::is_directory(request.path, ignored)) throw Error(best.status, best.reason);
    print_checkpoint(request.path);
    return 0;
}

}  // namespace zt::cli
