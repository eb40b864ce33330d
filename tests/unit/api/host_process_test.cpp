// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a generation leaves behind in its host's process: nothing. Every allocation of the process is
// counted here, so that a few KiB lost per clip show after some dozen clips instead of after days; and
// what belongs to the host (signals, environment, locale, rounding, descriptors) is compared before and after.
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cfenv>
#include <clocale>
#include <filesystem>
#include <string>

#include "api/client.h"

// ---- Counted allocations: glibc's own functions do the work ----

extern "C" {
void* __libc_malloc(size_t bytes);
void* __libc_calloc(size_t count, size_t bytes);
void* __libc_realloc(void* block, size_t bytes);
void* __libc_memalign(size_t align, size_t bytes);
void __libc_free(void* block);
}

namespace {

std::atomic<long> living_blocks{0}, living_bytes{0};

void* counted(void* block) {
    if (block == nullptr) return nullptr;
    living_blocks += 1;
    living_bytes += static_cast<long>(malloc_usable_size(block));
    return block;
}

void forget(void* block) {
    if (block == nullptr) return;
    living_blocks -= 1;
    living_bytes -= static_cast<long>(malloc_usable_size(block));
}

}  // namespace

extern "C" {
void* malloc(size_t bytes) { return counted(__libc_malloc(bytes)); }
void* calloc(size_t count, size_t bytes) { return counted(__libc_calloc(count, bytes)); }
void* memalign(size_t align, size_t bytes) { return counted(__libc_memalign(align, bytes)); }
void* aligned_alloc(size_t align, size_t bytes) { return counted(__libc_memalign(align, bytes)); }
int posix_memalign(void** block, size_t align, size_t bytes) {
    void* const got = counted(__libc_memalign(align, bytes));
    if (got == nullptr) return ENOMEM;
    *block = got;
    return 0;
}
void* realloc(void* block, size_t bytes) {
    forget(block);
    void* const moved = __libc_realloc(block, bytes);
    if (moved != nullptr) return counted(moved);
    if (bytes != 0) counted(block);  // it failed and the old block lives on
    return nullptr;
}
void free(void* block) {
    forget(block);
    __libc_free(block);
}
}

extern char** environ;

namespace zt {
namespace {

// A clip of testcard, each frame referenced twice more, with a change of the prompt on the way.
void make_clip() {
    const test::ModelPtr model = test::open_model();
    zt_request request = test::a_request();
    request.frames = 12;
    const test::SessionPtr session = test::start(model, request);
    int64_t first_frame = 0;
    for (test::FramePtr frame; test::read(session, frame) == ZT_OK;) {
        const test::FramePtr again(zt_frame_ref(frame.get())), third(zt_frame_ref(frame.get()));
        zt_session_set_prompt(session.get(), "an owl", &first_frame, nullptr);
    }
}

TEST(HostProcess, clips_leave_no_memory_behind) {
    constexpr int kWarmUp = 5, kClips = 60;
    for (int i = 0; i < kWarmUp; ++i) make_clip();
    const long blocks = living_blocks, bytes = living_bytes;
    for (int i = 0; i < kClips; ++i) make_clip();
    // What a thread or stream of the C library sets aside once is no leak; one block per clip is.
    EXPECT_LT(living_blocks - blocks, kClips / 2);
    EXPECT_LT(living_bytes - bytes, kClips * 1024);
}

TEST(HostProcess, abandoned_and_refused_generations_leave_no_memory_behind) {
    constexpr int kWarmUp = 5, kRounds = 60;
    const auto round = [] {
        const test::ModelPtr model = test::open_model();
        zt_request request = test::a_request();
        request.frames = -1;
        {
            const test::SessionPtr session = test::start(model, request);
            test::FramePtr frame;
            ASSERT_EQ(test::read(session, frame), ZT_OK);
            zt_session_cancel(session.get());
        }
        request.width = 17;
        zt_session* none = nullptr;
        zt_error error = ZT_ERROR_INIT;
        ASSERT_EQ(zt_session_create(model.get(), &request, &none, &error), ZT_ERROR_ARGUMENT);
    };
    for (int i = 0; i < kWarmUp; ++i) round();
    const long blocks = living_blocks, bytes = living_bytes;
    for (int i = 0; i < kRounds; ++i) round();
    EXPECT_LT(living_blocks - blocks, kRounds / 2);
    EXPECT_LT(living_bytes - bytes, kRounds * 1024);
}

TEST(HostProcess, the_count_sees_a_planted_leak) {
    const long blocks = living_blocks, bytes = living_bytes;
    void* const lost = malloc(4096);
    EXPECT_EQ(living_blocks - blocks, 1);
    EXPECT_GE(living_bytes - bytes, 4096);
    free(lost);
    EXPECT_EQ(living_blocks, blocks);
    EXPECT_EQ(living_bytes, bytes);
}

// ---- What belongs to the host ----

struct ProcessState {
    std::string signals, environment, locale, folder;
    std::fenv_t floating{};
    int rounding = 0;
    mode_t mask = 0;
    size_t descriptors = 0;
};

std::string signal_state() {
    std::string state;
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction action {};
        if (sigaction(number, nullptr, &action) != 0) continue;
        state += std::to_string(number) + ":" + std::to_string(reinterpret_cast<uintptr_t>(action.sa_handler)) + ":" +
                 std::to_string(action.sa_flags) + " ";
    }
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    for (int number = 1; number < NSIG; ++number) state += sigismember(&blocked, number) == 1 ? '1' : '0';
    return state;
}

ProcessState look() {
    ProcessState state;
    state.signals = signal_state();
    for (char** entry = environ; *entry != nullptr; ++entry) state.environment += std::string(*entry) + '\n';
    state.locale = std::setlocale(LC_ALL, nullptr);
    state.folder = std::filesystem::current_path().string();
    state.rounding = std::fegetround();
    state.mask = umask(0);
    umask(state.mask);
    state.descriptors = static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
    return state;
}

void expect_untouched(const ProcessState& before) {
    const ProcessState after = look();
    EXPECT_EQ(after.signals, before.signals);
    EXPECT_EQ(after.environment, before.environment);
    EXPECT_EQ(after.locale, before.locale);
    EXPECT_EQ(after.folder, before.folder);
    EXPECT_EQ(after.rounding, before.rounding);
    EXPECT_EQ(after.mask, before.mask);
    EXPECT_EQ(after.descriptors, before.descriptors);
}

TEST(HostProcess, stays_as_it_was) {
    // Not the defaults, so that a library which resets them shows as well.
    struct sigaction own {};
    own.sa_handler = [](int) {};
    sigaction(SIGUSR1, &own, nullptr);
    std::fesetround(FE_UPWARD);
    const ProcessState before = look();
    make_clip();
    expect_untouched(before);

    zt_model_params params;
    zt_model_params_init(&params);  // the built-in model, which computes
    const test::ModelPtr model = test::open_model(params);
    ASSERT_NE(model, nullptr);
    zt_request request = test::a_request();
    request.frames = 4;
    const std::string bytes = test::clip(model, request);
    EXPECT_GT(bytes.size(), 100'000U);
    expect_untouched(before);
    std::fesetround(FE_TONEAREST);
}

}  // namespace
}  // namespace zt
