// SPDX-License-Identifier: LGPL-2.1-or-later
//
// clips - each clip of a list twice, on the CPU and on the device `fake`, and what passed between host and device:
//   fake_device_clips LIST
// A line of LIST is a clip: key=value, separated by tabs. name, model, prompt, negative, width, height, frames, steps,
// seed, guidance, flow_shift, precision (fp32 bf16), device (fake:0), lora; opt.KEY: of engine_opts; first=1, last=1:
// with pictures; memory=least: within as little as the model takes. On stdout, for each, in the same form:
//   name, near: |fake - cpu| / |cpu| over all frames, spread: of the CPU's frames, log: what the model said of memory;
//   of models that sound also sound_near, the same over all samples;
//   in bf16 also off and off_cpu: how far both are from the CPU's frames in fp32;
//   before: waited-for transfers before the first step; waited, up, down, up_bytes: of each step, separated by commas:
//   waited-for, to the device, to the host; decode, chunks: waited-for transfers behind the last step, pieces of
//   frames.
// With ZT_FAKE_DEVICE_TRACE=1 each transfer that is waited for is on stderr, with the clip's stage.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "backend/fake_device.h"
#include "core/error.h"
#include "device/worker_scope.h"
#include "families/family.h"
#include "load/memory.h"

namespace {

using zt::fake_device::Transfers;
using Clip = std::map<std::string, std::string>;

Clip read_clip(const std::string& line) {
    Clip clip;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');) {
        const size_t cut = field.find('=');
        clip[field.substr(0, cut)] = field.substr(cut + 1);
    }
    return clip;
}

std::string text(const Clip& clip, const std::string& key, const std::string& otherwise = "") {
    const auto found = clip.find(key);
    return found == clip.end() ? otherwise : found->second;
}
int number(const Clip& clip, const std::string& key, int otherwise) {
    return std::stoi(text(clip, key, std::to_string(otherwise)));
}

// Different in every corner, and smooth.
zt::families::Picture picture(zt_image_role role) {
    constexpr int kWidth = 80, kHeight = 60;
    auto rgb = std::make_shared<std::vector<uint8_t>>();
    for (int y = 0; y < kHeight; y++)
        for (int x = 0; x < kWidth; x++)
            for (int c = 0; c < 3; c++) {
                const double turn = role == ZT_IMAGE_LAST ? 1.7 : 0.3;
                rgb->push_back(static_cast<uint8_t>(127.5 + 127 * std::sin(turn + 0.06 * x * (c + 1) + 0.09 * y)));
            }
    return {role, kWidth, kHeight, rgb};
}

const zt::families::Family& family_of(const std::string& path) {
    std::string reasons;
    for (const zt::families::Family* family : zt::families::registry()) {
        const auto found = family->detect(path);
        if (found.fit == zt::families::Detection::Fit::kOurs) return *family;
        reasons += found.reason + "; ";
    }
    throw std::runtime_error(path + ": " + reasons);
}

zt::families::LoadOptions load_options(const Clip& clip, const std::string& device, const std::string& precision) {
    zt::families::LoadOptions options;
    options.path = text(clip, "model");
    options.device = device;
    options.precision = precision;
    options.lora = text(clip, "lora");
    for (const auto& [key, value] : clip)
        if (key.starts_with("opt.")) options.engine_opts.emplace_back(key.substr(4), value);
    options.log = [](zt_log_level, const std::string&) {};
    return options;
}

zt::families::GenerationRequest request_of(const Clip& clip, const zt::families::Model& model, std::string& log) {
    zt::families::GenerationRequest request;
    request.width = number(clip, "width", 64), request.height = number(clip, "height", 48);
    request.rate = model.limits().rates.front();
    request.frames = request.shot_frames = number(clip, "frames", 9);
    request.steps = number(clip, "steps", 3);
    request.flow_shift = std::stod(text(clip, "flow_shift", "0"));
    request.first.prompt = text(clip, "prompt", "A cat walks on the grass, realistic style.");
    request.first.negative_prompt = text(clip, "negative");
    request.first.seed = number(clip, "seed", 1);
    request.first.guidance = std::stod(text(clip, "guidance", std::to_string(model.limits().default_guidance)));
    request.log = [&log](zt_log_level, const std::string& message) {
        if (message.find("blocks in memory") != message.npos) log = message;
    };
    if (clip.contains("first")) request.images.push_back(picture(ZT_IMAGE_FIRST));
    if (clip.contains("last")) request.images.push_back(picture(ZT_IMAGE_LAST));
    request.fit = ZT_FIT_STRETCH;
    request.sound = model.limits().sample_rate > 0;
    return request;
}

struct Made {
    std::vector<float> rgb, sound;
    std::string log;
    Transfers before, decode;
    std::vector<Transfers> steps;
    int chunks = 0;
    double seconds = 0;
};

std::string stage_now;  // for the trace

Made make(const Clip& clip, const std::string& device, const std::string& precision, uint64_t memory) {
    const auto start = std::chrono::steady_clock::now();
    zt::families::LoadOptions options = load_options(clip, device, precision);
    options.memory_bytes = memory;
    const Transfers begin = zt::fake_device::transfers();
    const auto model = family_of(options.path).load(options);
    if (!model->device().starts_with(device)) throw std::runtime_error("device: " + model->device());
    Made made;
    const auto request = request_of(clip, *model, made.log);
    model->check_request(request);
    const auto generation = model->begin(request);
    Transfers last = begin;
    int told = -1;
    const zt::families::ProgressFn progress = [&](const char* stage, int step, int steps) {
        stage_now = std::string(stage) + " " + std::to_string(step) + "/" + std::to_string(steps);
        if (std::string_view(stage) != "denoise" || step == told) return;  // a step that loads weights is told twice
        told = step;
        const Transfers now = zt::fake_device::transfers();
        if (step == 0)
            made.before = now - begin;
        else
            made.steps.push_back(now - last);
        last = now;
    };
    const zt::Cancel cancel;
    const int64_t values = int64_t{3} * request.width * request.height;
    for (int64_t frames = 0; frames < request.frames; made.chunks++) {
        const auto batch = generation->next(request.first, cancel, progress);
        if (!batch) throw std::runtime_error("fewer frames than asked for");
        made.rgb.insert(made.rgb.end(), batch->rgb, batch->rgb + batch->frames * values);
        if (batch->samples != nullptr)
            made.sound.insert(made.sound.end(), batch->samples,
                              batch->samples + batch->sample_count * model->limits().channels);
        frames += batch->frames;
    }
    made.decode = zt::fake_device::transfers() - last;
    made.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return made;
}

// On the CPU, beside the program; within 2 %.
uint64_t least_memory(const Clip& clip, const std::string& precision) {
    double low = 1e3, high = 1e11;
    while (high / low > 1.02) {
        const double middle = std::sqrt(low * high);
        zt::families::LoadOptions options = load_options(clip, "cpu", precision);
        options.memory_bytes = zt::load::kProcessBytes + static_cast<uint64_t>(middle);
        const auto model = family_of(options.path).load(options);
        std::string log;
        try {
            const auto request = request_of(clip, *model, log);
            model->check_request(request);
            (void)model->begin(request);
            high = middle;
        } catch (const zt::Error& error) {
            if (error.status() != ZT_ERROR_MEMORY) throw;
            low = middle;
        }
    }
    return static_cast<uint64_t>(high);
}

// |a - b| / |b|
double off(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size() || a.empty()) return INFINITY;
    double difference = 0, size = 0;
    for (size_t i = 0; i < a.size(); i++) {
        difference += std::pow(static_cast<double>(a[i]) - b[i], 2);
        size += std::pow(static_cast<double>(b[i]), 2);
    }
    return std::isfinite(difference) ? std::sqrt(difference / size) : INFINITY;
}

double spread(const std::vector<float>& a) {
    double sum = 0, squares = 0;
    for (const float v : a) sum += v, squares += static_cast<double>(v) * v;
    const double n = static_cast<double>(a.size());
    return std::sqrt(std::max(0.0, squares / n - sum / n * (sum / n)));
}

std::string joined(const std::vector<Transfers>& steps, int64_t Transfers::*what) {
    std::string all;
    for (const Transfers& t : steps) all += (all.empty() ? "" : ",") + std::to_string(t.*what);
    return all;
}

void compare(const Clip& clip) {
    const std::string precision = text(clip, "precision", "fp32");
    const uint64_t memory = text(clip, "memory") == "least" ? least_memory(clip, precision) : uint64_t{1} << 40;
    stage_now = text(clip, "name");
    const Made cpu = make(clip, "cpu", precision, zt::load::kProcessBytes + memory);
    stage_now = text(clip, "name");
    const Made fake = make(clip, text(clip, "device", "fake:0"), precision, memory);
    std::ostringstream out;
    out << "name=" << text(clip, "name") << "\tnear=" << off(fake.rgb, cpu.rgb) << "\tspread=" << spread(cpu.rgb);
    if (!cpu.sound.empty()) out << "\tsound_near=" << off(fake.sound, cpu.sound);
    if (precision != "fp32") {
        const Made exact = make(clip, "cpu", "fp32", 0);
        out << "\toff=" << off(fake.rgb, exact.rgb) << "\toff_cpu=" << off(cpu.rgb, exact.rgb);
    }
    out << "\tlog=" << fake.log << "\tbefore=" << fake.before.waited;
    out << "\twaited=" << joined(fake.steps, &Transfers::waited) << "\tup=" << joined(fake.steps, &Transfers::to_device)
        << "\tdown=" << joined(fake.steps, &Transfers::to_host)
        << "\tup_bytes=" << joined(fake.steps, &Transfers::to_device_bytes);
    out << "\tdecode=" << fake.decode.waited << "\tchunks=" << fake.chunks;
    out << "\tseconds=" << cpu.seconds << "," << fake.seconds;
    std::cout << out.str() << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    if (std::getenv("ZT_FAKE_DEVICE_TRACE") != nullptr)
        zt::fake_device::on_wait([](const std::string& name, int64_t bytes) {
            std::fprintf(stderr, "waited: %s of %lld bytes (%s)\n", name.c_str(), static_cast<long long>(bytes),
                         stage_now.c_str());
        });
    const zt::device::WorkerScope worker(1);
    std::ifstream list(argv[1]);
    for (std::string line; std::getline(list, line);) {
        const Clip clip = read_clip(line);
        try {
            compare(clip);
        } catch (const std::exception& error) {
            std::string what = error.what();
            std::replace(what.begin(), what.end(), '\n', ' ');
            std::cout << "name=" << text(clip, "name") << "\terror=" << what << std::endl;
        }
    }
    return 0;
}
