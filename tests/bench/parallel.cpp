// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Several generations at once beside one alone: frames per second, processor time per frame, memory per
// session, and whether every byte is the same. Rounds take turns, the best of each counts.
//
//   parallel [MODEL [FRAMES [ROUNDS [OPTION=VALUE...]]]]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "zoetrope/zoetrope.h"

namespace {

constexpr int kCounts[] = {1, 2, 3, 5};

[[noreturn]] void die(const char* what, const char* why) {
    std::fprintf(stderr, "%s: %s\n", what, why);
    std::exit(1);
}

double processor_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double resident_mib() {
    int64_t pages = 0, resident = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident;
    return static_cast<double>(resident) * 4 / 1024;
}

// FNV-1a over the visible bytes of a YUV 4:2:0 frame.
uint64_t add_frame(uint64_t digest, const zt_frame_info& info) {
    for (int plane = 0; plane < 3; plane++) {
        const int half = plane == 0 ? 1 : 2;
        for (int y = 0; y < info.height / half; y++) {
            const uint8_t* row = info.data[plane] + info.stride[plane] * y;
            for (int x = 0; x < info.width / half; x++) digest = (digest ^ row[x]) * 0x100000001B3U;
        }
    }
    return digest;
}

// One whole clip; its digest.
uint64_t play(zt_model* model, zt_request request, int64_t seed) {
    zt_error error = ZT_ERROR_INIT;
    zt_session* session = nullptr;
    zt_frame* frame = nullptr;
    request.seed = seed;
    if (zt_session_create(model, &request, &session, &error) < 0) die("start", error.message);
    uint64_t digest = 0xCBF29CE484222325U;
    zt_status status;
    while ((status = zt_session_read(session, -1, &frame, &error)) == ZT_OK) {
        digest = add_frame(digest, *zt_frame_get_info(frame));
        zt_frame_unref(&frame);
    }
    if (status != ZT_END) die("read", error.message);
    zt_session_destroy(&session);
    return digest;
}

struct Best {
    double frames_per_second = 0, processor_ms = 1e9;  // of the whole; per frame
    double resident = 0;                               // MiB after it
    bool same = true;
};

}  // namespace

int main(int argc, char** argv) {
    zt_model_params params;
    zt_request request;
    zt_error error = ZT_ERROR_INIT;
    zt_model* model = nullptr;
    zt_model_params_init(&params);
    zt_request_init(&request);
    params.model = argc > 1 ? argv[1] : "storybook";
    request.prompt = "a red fox runs through the snow at night";
    request.frames = argc > 2 ? std::atoll(argv[2]) : 144;
    const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
    for (int i = 4; i < argc; i++) {
        const std::string option = argv[i];
        const size_t sign = option.find('=');
        if (sign == std::string::npos) die(argv[i], "expected OPTION=VALUE");
        argv[i][sign] = '\0';
        if (zt_set_option(&params, &request, argv[i], argv[i] + sign + 1, &error) < 0) die("option", error.message);
    }
    if (zt_model_open(&params, &model, &error) < 0) die("model", error.message);

    std::vector<uint64_t> alone;
    for (int seed = 0; seed < kCounts[3]; seed++) alone.push_back(play(model, request, seed));
    std::map<int, Best> best;
    for (int round = 0; round < rounds; round++) {
        for (const int count : kCounts) {
            Best& kept = best[count];
            std::vector<uint64_t> digests(static_cast<size_t>(count));
            const double used = processor_seconds();
            const auto began = std::chrono::steady_clock::now();
            {
                std::vector<std::jthread> threads;
                for (int i = 0; i < count; i++)
                    threads.emplace_back([&, i] { digests[static_cast<size_t>(i)] = play(model, request, i); });
            }
            const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
            const double frames = static_cast<double>(request.frames) * count;
            kept.frames_per_second = std::max(kept.frames_per_second, frames / seconds);
            kept.processor_ms = std::min(kept.processor_ms, 1000 * (processor_seconds() - used) / frames);
            kept.resident = std::max(kept.resident, resident_mib());
            kept.same = kept.same && std::equal(digests.begin(), digests.end(), alone.begin());
        }
    }
    bool good = true;
    std::printf("sessions,frames_per_second,times_one,processor_ms_per_frame,resident_mib,same_bytes\n");
    for (const auto& [count, kept] : best) {
        std::printf("%d,%.1f,%.2f,%.2f,%.0f,%s\n", count, kept.frames_per_second,
                    kept.frames_per_second / best[1].frames_per_second, kept.processor_ms, kept.resident,
                    kept.same ? "yes" : "no");
        good = good && kept.same;
    }
    zt_model_unref(&model);
    return good ? 0 : 1;
}
