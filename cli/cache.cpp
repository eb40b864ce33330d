// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See cache.h.
#include "cache.h"

#include <fcntl.h>

#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cache/clip_store.h"
#include "core/error.h"
#include "core/text_number.h"
#include "core/utf8.h"
#include "pipeline/kept_planes.h"

namespace zt::cli {
namespace {

using zt::cache::ClipStore;
using zt::cache::Listed;

constexpr const char* kHelp =
    "usage: zoetrope cache list|clear|verify [KEY]...\n"
    "\n"
    "Clips that were made are kept, so that the same one is read the next time (option cache).\n"
    "  list     them: key, size on disk, what it is; the one used last first\n"
    "  clear    removes all, or those whose KEY begins so\n"
    "  verify   reads every frame of all, or of those; removes what is damaged and exits with 1 then\n"
    "\n"
    "The folder is zoetrope/clips in XDG_CACHE_HOME or ~/.cache, ZOETROPE_CACHE names another or is off;\n"
    "ZOETROPE_CACHE_SIZE (4G) is what it may hold: then the clips used longest ago go.\n";

// "name=value" lines; the prompt comes last and goes to the end.
std::map<std::string, std::string> fields_of(const std::string& about) {
    std::map<std::string, std::string> fields;
    for (size_t at = 0; at < about.size();) {
        const size_t equals = about.find('=', at);
        if (equals == about.npos) break;
        const std::string name = about.substr(at, equals - at);
        const size_t end = name == "prompt" ? about.size() : std::min(about.find('\n', equals), about.size());
        fields[name] = about.substr(equals + 1, end - equals - 1);
        at = end + 1;
    }
    return fields;
}

std::string day_of(int64_t seconds) {
    const auto when = static_cast<time_t>(seconds);
    std::tm local{};
    char text[32] = "";
    if (localtime_r(&when, &local) != nullptr) std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &local);
    return text;
}

std::string megabytes(uint64_t bytes) { return std::to_string((bytes + 500'000) / 1'000'000) + " MB"; }

void list(const ClipStore& store, const std::vector<Listed>& clips) {
    uint64_t all = 0;
    for (const Listed& clip : clips) {
        all += clip.bytes;
        auto f = fields_of(clip.about);
        if (f.empty()) f["prompt"] = "(damaged)";
        std::printf("%.16s  %8s  %s  %s%s frames of %s at %s, %s, seed %s: %s\n", clip.key.c_str(),
                    megabytes(clip.bytes).c_str(), day_of(clip.used).c_str(), clip.whole ? "" : "the first of ",
                    f["frames"].c_str(), f["size"].c_str(), f["rate"].c_str(), f["model"].c_str(), f["seed"].c_str(),
                    quote(f["prompt"]).c_str());
    }
    std::printf("%zu clips, %s of %s in %s\n", clips.size(), megabytes(all).c_str(),
                megabytes(store.limit_bytes()).c_str(), store.folder().c_str());
}

int clear(const ClipStore& store, const std::vector<Listed>& clips) {
    uint64_t bytes = 0;
    for (const Listed& clip : clips) {
        store.remove(clip.key);
        bytes += clip.bytes;
    }
    std::printf("removed %zu clips, %s\n", clips.size(), megabytes(bytes).c_str());
    return 0;
}

// Every frame of it, into a frame of our own.
bool is_right(const ClipStore& store, const Listed& clip) {
    auto f = fields_of(clip.about);
    const auto size = parse_size(f["size"]);
    const auto format = parse_int64(f["format"]);
    if (!size || !format || *format <= ZT_PIXEL_DEFAULT || *format > ZT_PIXEL_RGBA64) return false;
    const auto kind = static_cast<zt_pixel_format>(*format);
    const bool alpha = f["alpha"] == "1";
    const auto planes = pipeline::kept_planes(kind, size->first, size->second, alpha);
    const auto reader = clip.whole ? store.find(clip.key, planes) : store.find_head(clip.key, planes);
    if (reader == nullptr) return false;
    zt_frame frame(kind, size->first, size->second, std::make_shared<const pipeline::PromptTag>(), alpha);
    try {
        for (size_t i = 0; i < reader->index().size(); i++) {
            frame.sound.resize(reader->index()[i].samples);
            reader->read(static_cast<int64_t>(i), pipeline::kept_data(frame), frame.sound);
        }
    } catch (const Error&) {
        return false;
    }
    return true;
}

int verify(const ClipStore& store, const std::vector<Listed>& clips) {
    size_t damaged = 0;
    for (const Listed& clip : clips) {
        if (is_right(store, clip)) continue;
        std::printf("%.16s  damaged, removed\n", clip.key.c_str());
        store.remove(clip.key);
        ++damaged;
    }
    std::printf("%zu clips are whole, %zu were damaged\n", clips.size() - damaged, damaged);
    return damaged == 0 ? 0 : 1;
}

}  // namespace

int cache(std::span<char*> arguments) {
    const std::string_view action = arguments.empty() ? std::string_view() : arguments.front();
    if (action == "--help" || action == "-h") return std::fputs(kHelp, stdout), 0;
    if (action != "list" && action != "clear" && action != "verify")
        throw Error(ZT_ERROR_ARGUMENT, "cache: expected list, clear or verify, got " +
                                           (action.empty() ? std::string("none") : quote(std::string(action))));
    const auto store = ClipStore::of_environment();
    if (!store) {
        std::puts("the clip cache is off (ZOETROPE_CACHE=off, or no HOME)");
        return 0;
    }
    std::vector<Listed> clips;
    for (const Listed& clip : store->list()) {
        bool named = arguments.size() == 1;
        for (const std::string_view key : arguments.subspan(1)) named = named || clip.key.starts_with(key);
        if (named) clips.push_back(clip);
    }
    if (arguments.size() > 1 && clips.empty())
        throw Error(ZT_ERROR_NOT_FOUND, "cache: expected the key of a clip, got " + quote(arguments[1]));
    if (action == "clear") return clear(*store, clips);
    if (action == "verify") return verify(*store, clips);
    list(*store, clips);
    return 0;
}

}  // namespace zt::cli
