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

#include "core/model_folders.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "families/hunyuan_video/detection.h"
#include "families/hunyuan_video/inspect.h"
#include "families/storybook/inspect.h"
#include "weights/checkpoint.h"

namespace zt::cli {
namespace {

namespace fs = std::filesystem;
using Fit = families::Detection::Fit;
using hunyuan_video::EngineOptions;
using hunyuan_video::PlanRequest;

constexpr int kMaxSide = 4096, kMaxFrames = 100'000, kMaxSteps = 1000;  // sizes as in pipeline/plan.h

constexpr const char* kHelp =
    "usage: zoetrope inspect PATH [option]...\n"
    "       zoetrope inspect storybook\n"
    "\n"
    "Tells what lies at PATH (a diffusers folder, a safetensors or a GGUF file): family, kind, parts\n"
    "found and missing, types, sizes, and the memory that a clip needs. Reads headers and a few KiB\n"
    "of each matrix, to warn of those that are zero. Of the built-in model storybook (or another\n"
    "folder with one): its size and every word it knows.\n"
    "\n"
    "  --size WxH        of the clip (1280x720)\n"
    "  --frames N        that come out (129)\n"
    "  --steps N         (50)\n"
    "  --precision P     bf16 or fp32, of the arithmetic (bf16)\n"
    "  --unpack          fp8 and GGUF matrices as numbers in memory, instead of as in the file\n"
    "  --lora FILE[:SCALE][|FILE...]  adapters, as the filters take them\n"
    "  --engine-opts K=V:K=V...  as the filters take them; keys:\n";

void print_help() {
    std::fputs(kHelp, stdout);
    for (const auto& row : hunyuan_video::option_rows())
        std::printf("      %-15.*s %.*s\n", static_cast<int>(row.key.size()), row.key.data(),
                    static_cast<int>(row.help.size()), row.help.data());
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
    std::string path;
    EngineOptions options;
    PlanRequest plan;
    std::string lora;
    bool help = false;
};

Arguments parse(std::span<char*> arguments) {
    Arguments a;
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
            a.plan.width = size->first;
            a.plan.height = size->second;
        } else if (option == "--frames") {
            a.plan.frames = number_of(option, value(), kMaxFrames);
        } else if (option == "--steps") {
            a.plan.steps = number_of(option, value(), kMaxSteps);
        } else if (option == "--precision") {
            const std::string_view text = value();
            if (text != "bf16" && text != "fp32") refuse(option, "bf16 or fp32", text);
            a.plan.element_bytes = a.plan.vae_element_bytes = text == "fp32" ? 4 : 2;
        } else if (option == "--unpack") {
            a.plan.keep_packed = false;
        } else if (option == "--lora") {
            a.lora = value();
        } else if (option == "--engine-opts") {
            a.options = parse_engine_opts(value());
        } else if (option.starts_with("-") && option.size() > 1) {
            refuse("zoetrope inspect", "an option of --help", option);
        } else if (a.path.empty()) {
            a.path = option;
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

// A path, or the built-in model of that name where the engine looks for it.
std::string resolve(const std::string& path) {
    if (path != "storybook") return path;
    std::error_code ignored;
    std::string looked;
    for (const fs::path& folder : model_folders(fs::read_symlink("/proc/self/exe", ignored).parent_path())) {
        const std::string model = (folder / path).lexically_normal().string();
        if (storybook::detect(model).fit == Fit::kOurs) return model;
        looked += (looked.empty() ? "" : ", ") + quote(model);
    }
    throw Error(ZT_ERROR_NOT_FOUND, "zoetrope inspect: expected the weights of storybook in " + looked +
                                        ", got no such folder; set ZOETROPE_MODEL_PATH to the folder that holds it");
}

}  // namespace

int inspect(std::span<char*> arguments) {
    const Arguments a = parse(arguments);
    if (a.help) return print_help(), 0;
    if (a.path.empty()) refuse("zoetrope inspect", "a path", "none");
    const std::string path = resolve(a.path);
    const families::Detection small = storybook::detect(path), large = hunyuan_video::detect(path);
    if (small.fit == Fit::kOurs) {
        std::fputs(storybook::inspect(path).c_str(), stdout);
    } else if (large.fit == Fit::kOurs) {
        std::fputs(hunyuan_video::inspect(path, a.options, a.plan, a.lora).c_str(), stdout);
    } else {
        const families::Detection& better = large.fit > small.fit ? large : small;
        std::error_code ignored;
        // Any other checkpoint in one file has types to tell of; the rest has the reason that every front end gives.
        if (better.fit != Fit::kBroken && !fs::is_directory(path, ignored))
            print_checkpoint(path);
        else
            throw Error(better.status, better.reason);
    }
    return 0;
}

}  // namespace zt::cli
