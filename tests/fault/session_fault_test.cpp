// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Through the C API: threads that cannot be started (reliability.md B5) and allocations that fail
// anywhere in opening a model and making a clip (B1). A documented status, no hang, nothing lost,
// and the next run gives the same bytes. Uses testcard, which has all stages and no weights.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <string_view>

#include "api/client.h"
#include "probe.h"
#include "shim.h"

namespace {

std::atomic<long> g_fail_in{0};  // 1: the next allocation of any thread fails; 0: none does

void* allocate(std::size_t bytes) {
    if (g_fail_in.load(std::memory_order_relaxed) > 0 && g_fail_in.fetch_sub(1) == 1) throw std::bad_alloc();
    if (void* block = std::malloc(bytes == 0 ? 1 : bytes)) return block;
    throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }

namespace {

constexpr size_t kClipBytes = 1 << 20;  // room for two small frames

// Opens testcard, makes a clip of two frames and compares or keeps its bytes, all without
// allocating here: what fails is the library's. Returns the first status that is not ZT_OK.
struct Clip {
    char bytes[kClipBytes];
    size_t size = 0;

    zt_status make(zt_error* error) {
        size = 0;
        zt_model_params params;
        zt_model_params_init(&params);
        params.model = "testcard";
        zt_request request;
        zt_request_init(&request);
        request.prompt = "a red fox";
        request.frames = 2;
        request.seed = 7;
        zt_model* model = nullptr;
        zt_session* session = nullptr;
        zt_status status = zt_model_open(&params, &model, error);
        if (status == ZT_OK) status = zt_session_create(model, &request, &session, error);
        while (status == ZT_OK) {
            zt_frame* frame = nullptr;
            status = zt_session_read(session, -1, &frame, error);
            if (status == ZT_OK) append(zt_frame_get_info(frame));
            zt_frame_unref(&frame);
        }
        zt_session_destroy(&session);
        zt_model_unref(&model);
        return status == ZT_END ? ZT_OK : status;
    }

    void append(const zt_frame_info* info) {
        for (int y = 0; y < info->height; ++y) {
            if (size + static_cast<size_t>(info->width) > kClipBytes) std::abort();
            std::copy_n(info->data[0] + y * info->stride[0], info->width, bytes + size);
            size += static_cast<size_t>(info->width);
        }
    }

    [[nodiscard]] std::string_view view() const { return {bytes, size}; }
};

class SessionFault : public testing::Test {
protected:
    SessionFault() {
        ::alarm(100);  // a hang ends the program
        zt_error error = ZT_ERROR_INIT;
        EXPECT_EQ(good_.make(&error), ZT_OK) << error.message;
        EXPECT_GT(good_.size, 1000u);
        descriptors_ = zt::test::open_descriptors();
    }
    ~SessionFault() override {
        g_fail_in = 0;
        zt_shim_disarm();
        ::alarm(0);
        EXPECT_EQ(zt::test::open_descriptors(), descriptors_);
    }

    void expect_as_before() {
        zt_error error = ZT_ERROR_INIT;
        ASSERT_EQ(next_.make(&error), ZT_OK) << error.message;
        ASSERT_EQ(next_.view(), good_.view());
    }

    static inline Clip good_, next_;  // large
    size_t descriptors_ = 0;
};

TEST_F(SessionFault, a_thread_that_cannot_be_started_is_an_error) {
    for (int fault : {EAGAIN, ENOMEM}) {
        long refused = 0;
        for (long call = 1;; ++call) {
            zt_error error = ZT_ERROR_INIT;
            zt_shim_arm("pthread_create", fault, call);
            const zt_status status = next_.make(&error);
            const long faults = zt_shim_faults();
            zt_shim_disarm();
            if (faults == 0) break;
            if (status == ZT_OK) {  // one thread read the weights
                ASSERT_EQ(next_.view(), good_.view()) << call;
            } else {
                ASSERT_EQ(status, ZT_ERROR_MEMORY) << call;
                ASSERT_NE(error.message[0], '\0');
                ++refused;
            }
            expect_as_before();
        }
        EXPECT_GE(refused, 1) << "a session starts at least its worker";
    }
}

TEST_F(SessionFault, an_allocation_that_fails_is_an_error_and_the_next_clip_is_the_same) {
    long k = 1, failed = 0;
    for (;; ++k) {
        zt_error error = ZT_ERROR_INIT;
        g_fail_in = k;
        const zt_status status = next_.make(&error);
        const bool reached = g_fail_in.exchange(0) <= 0;
        if (!reached) break;
        if (status == ZT_OK) {
            // Threads share the count: it may fall on an allocation nobody depends on.
            ASSERT_EQ(next_.view(), good_.view()) << "allocation " << k;
        } else {
            ASSERT_EQ(status, ZT_ERROR_MEMORY) << "allocation " << k << ": " << error.message;
            ++failed;
        }
        expect_as_before();
    }
    EXPECT_GT(failed, 10);
    RecordProperty("allocations", static_cast<int>(k - 1));
}

}  // namespace
