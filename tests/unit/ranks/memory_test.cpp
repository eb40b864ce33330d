// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The memory that an attention over ranks takes, counted at LibTorch's allocator, against what is foreseen.
#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <tuple>
#include <vector>

#include "ranks/sequence.h"
#include "ranks/traffic.h"
#include "threads_as_ranks.h"

namespace {

// Bytes of the tensors that one rank has made and that still are; Gloo's thread lets go of some.
struct Meter {
    std::atomic<int64_t> now = 0, most = 0;
};
thread_local Meter* meter = nullptr;

// What the default allocator gives, with who asked for it in front.
class Counting final : public c10::Allocator {
public:
    c10::DataPtr allocate(size_t bytes) override {
        constexpr size_t kFront = 64;  // LibTorch's alignment
        auto* const front = static_cast<Front*>(std::aligned_alloc(kFront, kFront + (bytes + 63) / 64 * 64));
        if (front == nullptr) throw std::bad_alloc();
        *front = {meter, static_cast<int64_t>(bytes)};
        if (meter != nullptr) meter->most = std::max<int64_t>(meter->most, meter->now += front->bytes);
        return {reinterpret_cast<char*>(front) + kFront, front, give_back, c10::Device(c10::kCPU)};
    }
    c10::DeleterFnPtr raw_deleter() const override { return nullptr; }
    void copy_data(void* to, const void* from, size_t bytes) const override { default_copy_data(to, from, bytes); }

private:
    struct Front {
        Meter* of;
        int64_t bytes;
    };
    static void give_back(void* context) {
        auto* const front = static_cast<Front*>(context);
        if (front->of != nullptr) front->of->now -= front->bytes;
        std::free(front);
    }
};

TEST(Memory, AroundAnAttentionIsAsForeseen) {
    static Counting counting;
    c10::SetCPUAllocator(&counting, 255);
    // Of ranks and heads: one rank, heads alone, keys gathered, both; and more heads than come at once.
    for (const auto& [ranks, heads] : {std::tuple{1, 4}, std::tuple{2, 4}, std::tuple{4, 8}, std::tuple{3, 4},
                                       std::tuple{2, 3}, std::tuple{4, 6}, std::tuple{6, 4}, std::tuple{3, 20}})
        for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
            const zt::ranks::PassShape shape{.parts = {3000, 107},
                                             .heads = heads,
                                             .head_dim = 64,
                                             .element_bytes = static_cast<int64_t>(c10::elementSize(type))};
            const auto foreseen = static_cast<double>(zt::ranks::attention_memory(shape, ranks));
            std::vector<Meter> meters(static_cast<size_t>(ranks));
            zt::test::with_ranks(ranks, [&](zt::ranks::Team&, int rank) {
                const zt::ranks::Sequence sequence(shape.parts);
                int64_t tokens = 0;
                for (const int64_t part : shape.parts) tokens += sequence.share(part).count;
                meter = &meters[static_cast<size_t>(rank)];
                const at::Tensor attended =
                    sequence.attention(at::zeros({3, shape.heads, tokens, shape.head_dim}, type));
                meter = nullptr;
                EXPECT_EQ(attended.size(0), tokens);
            });
            for (const Meter& one : meters) {
                EXPECT_LE(static_cast<double>(one.most), 1.03 * foreseen) << ranks << " ranks, " << heads << " heads";
                EXPECT_GE(static_cast<double>(one.most), 0.97 * foreseen) << ranks << " ranks, " << heads << " heads";
                RecordProperty(
                    std::to_string(ranks) + "x" + std::to_string(heads) + "x" + std::to_string(shape.element_bytes),
                    std::to_string(static_cast<double>(one.most) / foreseen));
            }
        }
}

}  // namespace
