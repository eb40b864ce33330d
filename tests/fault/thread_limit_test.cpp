// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Threads that cannot be started, at each place where the engine or the tensor library starts one: by
// a call that fails, by the user's limit of processes, by the limit of address space (reliability.md
// B5). Each case is a process of its own that opens the shipped model and makes a clip on four
// threads. It must tell a clip with the right bytes or a status: the tensor library's pools would
// otherwise wait for ever, or end the process.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>

#include "api/client.h"
#include "shim.h"

namespace {

constexpr int kThreads = 4;            // of the session; the host's thread computes with two (OMP_NUM_THREADS)
constexpr unsigned kMostSeconds = 60;  // a hang; a clip takes one or two

struct Outcome {
    std::string text;  // "ok DIGEST CALLS LATE", "-N message" or how the process ended
    [[nodiscard]] bool made() const { return text.starts_with("ok "); }
    [[nodiscard]] bool refused() const { return text.starts_with(std::to_string(ZT_ERROR_MEMORY) + " "); }
    [[nodiscard]] std::string digest() const { return text.substr(3, 16); }
};

// Runs in the child.
std::string make_clip() {
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_model_params_init(&params);
    params.model = "storybook";
    params.precision = "fp32";
    params.cpu_threads = kThreads;
    zt_model* model = nullptr;
    zt_session* session = nullptr;
    zt_request request;
    zt_request_init(&request);
    request.prompt = "a red fox runs in the snow";
    request.frames = 14;  // two chunks
    request.steps = 1;
    zt_status status = zt_model_open(&params, &model, &error);
    if (status == ZT_OK) status = zt_session_create(model, &request, &session, &error);
    uint64_t digest = 1469598103934665603U;
    long before = -1;  // calls of pthread_create before the first frame
    while (status == ZT_OK) {
        zt_frame* frame = nullptr;
        status = zt_session_read(session, -1, &frame, &error);
        if (status == ZT_OK && before < 0) before = zt_shim_calls();
        if (status == ZT_OK) {
            const zt_frame_info* info = zt_frame_get_info(frame);
            for (int y = 0; y < info->height; ++y)
                for (int x = 0; x < info->width; ++x)
                    digest = (digest ^ info->data[0][y * info->stride[0] + x]) * 1099511628211U;
        }
        zt_frame_unref(&frame);
    }
    zt_session_cancel(session);
    zt_session_destroy(&session);
    zt_model_unref(&model);
    if (status != ZT_END) return std::to_string(status) + " " + error.message;
    char text[80];
    std::snprintf(text, sizeof(text), "ok %016lx %ld %ld", static_cast<unsigned long>(digest), before,
                  zt_shim_calls() - before);
    return text;
}

Outcome in_child(const std::function<bool()>& limit) {
    int ends[2];
    if (pipe(ends) != 0) return {"no pipe"};
    const pid_t child = fork();  // this process has never used the library
    if (child == 0) {
        ::alarm(kMostSeconds);
        const std::string text = limit() ? make_clip() : "skip";
        const bool told = write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
        _exit(told ? 0 : 3);
    }
    close(ends[1]);
    std::string text;
    char buffer[600];
    for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof(buffer))) > 0;)
        text.append(buffer, static_cast<size_t>(got));
    close(ends[0]);
    int how = 0;
    waitpid(child, &how, 0);
    if (WIFSIGNALED(how)) return {WTERMSIG(how) == SIGALRM ? "hung" : "signal " + std::to_string(WTERMSIG(how))};
    if (text.empty()) return {"ended the process with " + std::to_string(WEXITSTATUS(how))};
    return {text};
}

Outcome with_calls_failing(long first, bool all_behind) {
    return in_child([&] {
        (all_behind ? zt_shim_arm_from : zt_shim_arm)("pthread_create", EAGAIN, first);
        return true;
    });
}

bool limit_to(int resource, rlim_t most) {
    const rlimit limit{most, most};
    return setrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0;
}

rlim_t address_space() {
    unsigned long pages = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    if (file == nullptr || std::fscanf(file, "%lu", &pages) != 1) pages = 0;
    if (file != nullptr) std::fclose(file);
    return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

TEST(ThreadLimits, ACallThatFailsIsAnErrorOfTheEngine) {
    const Outcome good = with_calls_failing(1 << 30, false);
    ASSERT_TRUE(good.made()) << good.text;
    long calls = 0, late = 0;
    ASSERT_EQ(std::sscanf(good.text.c_str(), "ok %*s %ld %ld", &calls, &late), 2);
    // Each pool is preceded by a look whether there is room for its threads.
    constexpr long kLook = 1, kPool = kLook + 1, kWorker = kPool + 1, kItsLook = kWorker + 1,
                   kItsPool = kItsLook + kThreads - 1;
    EXPECT_EQ(calls, kItsPool + kThreads - 2) << good.text;
    EXPECT_EQ(late, 0) << "a thread was started while frames were made";
    for (long first = kLook; first < kItsPool; ++first) {
        if (first == kPool) continue;  // no system gives a thread to the look and refuses it to the pool a moment later
        for (const bool all_behind : {false, true}) {
            const Outcome outcome = with_calls_failing(first, all_behind);
            if (first == kLook && !all_behind) {  // weights are read by one thread then
                EXPECT_TRUE(outcome.made() && outcome.digest() == good.digest()) << outcome.text;
                continue;
            }
            EXPECT_TRUE(outcome.refused()) << "call " << first << ": " << outcome.text;
            EXPECT_NE(outcome.text.find("expected to start"), std::string::npos) << outcome.text;
        }
    }
}

TEST(ThreadLimits, TheUsersLimitOfProcesses) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to become a user without other processes";
    const uid_t nobody_else = 1'000'000'000U + static_cast<uid_t>(getpid());
    const Outcome good = with_calls_failing(1 << 30, false);
    ASSERT_TRUE(good.made()) << good.text;
    int refused = 0, made = 0;
    for (rlim_t most = 1; most <= kThreads + 3; ++most) {
        const Outcome outcome = in_child([&] {
            return limit_to(RLIMIT_NPROC, most) && setuid(nobody_else) == 0 &&
                   access(std::getenv("ZOETROPE_MODEL_PATH"), R_OK | X_OK) == 0;
        });
        if (outcome.text == "skip") GTEST_SKIP() << "no other user can be had here, or none can read the model";
        EXPECT_TRUE(outcome.refused() || (outcome.made() && outcome.digest() == good.digest()))
            << most << " processes: " << outcome.text;
        refused += outcome.refused() ? 1 : 0;
        made += outcome.made() ? 1 : 0;
    }
    EXPECT_GE(refused, kThreads);  // the host's thread, the worker and its three
    EXPECT_GE(made, 1);
}

TEST(ThreadLimits, TheLimitOfAddressSpace) {
    const Outcome good = with_calls_failing(1 << 30, false);
    ASSERT_TRUE(good.made()) << good.text;
    int refused = 0, made = 0;
    for (const rlim_t mib : {1, 4, 9, 12, 17, 20, 25, 30, 34, 40, 48, 64, 96, 128, 192, 256, 2048}) {
        const Outcome outcome = in_child([&] { return limit_to(RLIMIT_AS, address_space() + (mib << 20)); });
        EXPECT_TRUE(outcome.refused() || (outcome.made() && outcome.digest() == good.digest()))
            << mib << " MiB more: " << outcome.text;
        refused += outcome.refused() ? 1 : 0;
        made += outcome.made() ? 1 : 0;
    }
    EXPECT_GE(refused, 5);
    EXPECT_GE(made, 1);
}

}  // namespace
