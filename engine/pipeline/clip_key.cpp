// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See clip_key.h.
#include "pipeline/clip_key.h"

#include <elf.h>
#include <link.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <set>
#include <span>
#include <string_view>

#include "core/sha256.h"
#include "core/text_number.h"
#include "include/zoetrope/version.h"

namespace zt::pipeline {
namespace {

// ---- What computes ----

// The build ID that the linker wrote into a library (NT_GNU_BUILD_ID), as bytes; empty where there is none.
std::string build_id(const dl_phdr_info& info) {
    for (size_t i = 0; i < info.dlpi_phnum; i++) {
        const ElfW(Phdr)& segment = info.dlpi_phdr[i];
        if (segment.p_type != PT_NOTE) continue;
        const char* at = reinterpret_cast<const char*>(info.dlpi_addr + segment.p_vaddr);
        const char* const end = at + segment.p_memsz;
        while (end - at >= static_cast<ptrdiff_t>(sizeof(ElfW(Nhdr)))) {
            ElfW(Nhdr) note;
            std::memcpy(&note, at, sizeof(note));
            const auto padded = [](uint32_t size) { return ptrdiff_t{size} + (-ptrdiff_t{size} & 3); };
            const char* const text = at + sizeof(note) + padded(note.n_namesz);
            if (end - text < padded(note.n_descsz)) break;
            if (note.n_type == NT_GNU_BUILD_ID) return {text, note.n_descsz};
            at = text + padded(note.n_descsz);
        }
    }
    return {};
}

// LibTorch and its libraries choose kernels by the processor and by this variable.
std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    std::string all;
    for (std::string line; std::getline(file, line) && !line.empty();)
        if (line.starts_with("model name") || line.starts_with("flags") || line.starts_with("Features") ||
            line.starts_with("CPU part"))
            all += line + '\n';
    const char* most = std::getenv("ONEDNN_MAX_CPU_ISA");
    return all + (most != nullptr ? most : "");
}

// ---- What is asked ----

// Values after their names, each with its length, so that none can pass for another.
class Fields {
public:
    void add(std::string_view name, std::string_view value) {
        for (const std::string_view part : {name, value}) {
            digest_.update(std::to_string(part.size()) + ":");
            digest_.update(part);
        }
    }
    void add(std::string_view name, int64_t value) { add(name, std::to_string(value)); }
    void add(std::string_view name, double value) {
        char bytes[sizeof(value)];
        std::memcpy(bytes, &value, sizeof(value));
        add(name, std::string_view(bytes, sizeof(bytes)));
    }
    void add(std::string_view name, const std::shared_ptr<const std::vector<uint8_t>>& bytes) {
        add(name, bytes == nullptr ? std::string_view()
                                   : std::string_view(reinterpret_cast<const char*>(bytes->data()), bytes->size()));
    }
    [[nodiscard]] std::string finish() { return digest_.finish(); }

private:
    Sha256 digest_;
};

void add_picture(Fields& fields, const families::Picture& picture) {
    fields.add("role", int64_t{picture.role});
    fields.add("width", int64_t{picture.width});
    fields.add("height", int64_t{picture.height});
    fields.add("rgb", picture.rgb);
    fields.add("alpha", picture.alpha);
}

void add_direction(Fields& fields, const families::Direction& direction) {
    fields.add("negative_prompt", direction.negative_prompt);
    fields.add("seed", direction.seed);
    fields.add("guidance", direction.guidance);
    fields.add("strength", direction.strength);
}

// All but the prompts and the places of shots.
std::string base_key(const Plan& plan, const families::Model& model, const std::string& identity, int threads) {
    const families::GenerationRequest& request = plan.generation;
    Fields fields;
    fields.add("libraries", libraries());
    fields.add("processor", processor());
    fields.add("threads", int64_t{threads});
    fields.add("model", identity);
    fields.add("sha256", model.sha256());
    fields.add("device", model.device());
    fields.add("precision", model.precision());
    fields.add("width", int64_t{request.width});
    fields.add("height", int64_t{request.height});
    fields.add("rate", to_text(request.rate));
    fields.add("shot_frames", request.shot_frames);
    fields.add("steps", int64_t{request.steps});
    fields.add("flow_shift", request.flow_shift);
    fields.add("fit", int64_t{request.fit});
    fields.add("loop", int64_t{request.loop});
    fields.add("motion", request.motion);
    fields.add("tempo", request.tempo);
    fields.add("morph", int64_t{request.morph});
    fields.add("sound", int64_t{request.sound});
    fields.add("cutout", int64_t{request.cutout});
    fields.add("format", int64_t{plan.format});
    fields.add("label", int64_t{plan.marking.label});
    fields.add("label_text", static_cast<int64_t>(plan.marking.text));
    fields.add("label_place", static_cast<int64_t>(plan.marking.place));
    fields.add("watermark", int64_t{plan.marking.watermark});
    add_direction(fields, request.first);
    for (const families::Picture& picture : request.images) add_picture(fields, picture);
    if (plan.mask) add_picture(fields, *plan.mask);
    return fields.finish();
}

std::string about_of(const Plan& plan, const families::Model& model, const KeyedShot& shot, const std::string& prompt) {
    const families::GenerationRequest& request = plan.generation;
    return "model=" + plan.model_name + "\nsha256=" + model.sha256() + "\nsize=" + std::to_string(request.width) + "x" +
           std::to_string(request.height) + "\nrate=" + to_text(request.rate) +
           "\nframes=" + std::to_string(shot.frames) + "\nseed=" + std::to_string(request.first.seed) +
           "\nformat=" + std::to_string(plan.format) + (request.cutout ? "\nalpha=1" : "") +
           "\nmade=" + std::to_string(std::time(nullptr)) + "\nprompt=" + prompt;
}

}  // namespace

namespace {

bool is_ours(const dl_phdr_info& info) {
    const auto here = reinterpret_cast<uintptr_t>(&keyed_shots);
    for (size_t i = 0; i < info.dlpi_phnum; i++) {
        const ElfW(Phdr)& segment = info.dlpi_phdr[i];
        const uintptr_t begin = info.dlpi_addr + segment.p_vaddr;
        if (segment.p_type == PT_LOAD && here >= begin && here < begin + segment.p_memsz) return true;
    }
    return false;
}

// The version and what `name_of` calls each library of this process, with its build ID; those with an empty name are
// left out.
std::string mapped(std::string (*name_of)(const dl_phdr_info&)) {
    std::pair<std::string (*)(const dl_phdr_info&), std::set<std::string>> seen(name_of, {});
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* out) {
            auto& [name, found] = *static_cast<decltype(seen)*>(out);
            if (const std::string text = name(*info); !text.empty()) found.insert(text + build_id(*info));
            return 0;
        },
        &seen);
    std::string all = ZT_VERSION_STRING;
    for (const std::string& one : seen.second) all += one + '\0';
    return all;
}

std::string_view path_of(const dl_phdr_info& info) { return info.dlpi_name != nullptr ? info.dlpi_name : ""; }
std::string_view file_of(const dl_phdr_info& info) { return path_of(info).substr(path_of(info).find_last_of('/') + 1); }

}  // namespace

std::string libraries() {
    return mapped([](const dl_phdr_info& info) -> std::string {
        if (is_ours(info)) return "engine";
        return file_of(info).starts_with("libtorch") || file_of(info).starts_with("libc10") ? std::string(path_of(info))
                                                                                            : "";
    });
}

std::string build() {
    return mapped([](const dl_phdr_info& info) -> std::string {
        if (is_ours(info)) return "engine";
        return file_of(info) == "libtorch_cpu.so" || file_of(info) == "libc10.so" ? std::string(file_of(info)) : "";
    });
}

std::vector<KeyedShot> keyed_shots(const Plan& plan, const families::Model& model, const std::string& identity,
                                   int threads) {
    const families::GenerationRequest& request = plan.generation;
    if (request.frames < 0) return {};
    struct Begin {
        int64_t frame;
        std::string prompt;
    };
    std::vector<Begin> begins;
    for (const text::Shot& shot : plan.script.list.shots) begins.push_back({shot.first_frame, shot.prompt});
    if (begins.empty()) begins.push_back({0, request.first.prompt});
    const bool alone = model.limits().shots_alone && !request.morph;
    const std::string base = base_key(plan, model, identity, threads);
    std::vector<KeyedShot> shots;
    std::string before;  // a digest of the shots up to this one, which it may depend on
    for (size_t i = 0; i < begins.size(); i++) {
        const int64_t end = i + 1 < begins.size() ? begins[i + 1].frame : request.frames;
        KeyedShot shot{begins[i].frame, end - begins[i].frame, {}, {}};
        Fields fields;
        fields.add("base", base);
        fields.add("prompt", begins[i].prompt);
        fields.add("frames", shot.frames);
        if (!alone) {
            fields.add("before", before);
            fields.add("of", request.frames);
        }
        if (!alone || request.sound || plan.marking.label == ZT_LABEL_START)
            fields.add("first_frame", shot.first_frame);
        if (!request.images.empty()) {  // they begin and end the clip
            fields.add("begins", int64_t{i == 0});
            fields.add("ends", int64_t{end == request.frames});
        }
        shot.key = fields.finish();
        before = shot.key;
        shot.about = about_of(plan, model, shot, begins[i].prompt);
        shots.push_back(std::move(shot));
    }
    return shots;
}

}  // namespace zt::pipeline
