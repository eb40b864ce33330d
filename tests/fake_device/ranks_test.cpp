// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What ranks exchange of tensors on the device `fake`: Gloo takes it through the host's memory, and it comes back to
// the device.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "backend/fake_device.h"
#include "nn/attention.h"
#include "ranks/sequence.h"
#include "ranks/threads_as_ranks.h"

namespace {

using namespace zt;

const at::Device kFake(at::DeviceType::PrivateUse1, 0);

double error(const at::Tensor& got, const at::Tensor& wanted) {
    return ((got.to(at::kCPU) - wanted).norm() / wanted.norm()).item<double>();
}

TEST(FakeDeviceRanks, ASequenceStaysOnItsDevice) {
    at::Generator generator = at::detail::createCPUGenerator(1);
    // Heads exchanged, keys and values gathered, both.
    for (const auto& [ranks, heads] : {std::tuple{2, 4}, std::tuple{3, 4}, std::tuple{4, 6}}) {
        const at::Tensor all = at::randn({57, 3, heads, 16}, generator), turned = all.permute({1, 2, 0, 3});
        const at::Tensor whole = nn::attention(turned[0], turned[1], turned[2]);
        test::with_ranks(ranks, [&](ranks::Team&, int) {
            const ranks::Sequence sequence({50, 7});
            const auto mine = [&](const at::Tensor& rows) {
                return at::cat({sequence.mine(rows.narrow(0, 0, 50)), sequence.mine(rows.narrow(0, 50, 7))});
            };
            const at::Tensor own = mine(all).permute({1, 2, 0, 3}).contiguous().to(kFake);
            const at::Tensor attended = sequence.attention(own);
            EXPECT_EQ(attended.device(), kFake);
            EXPECT_LT(error(attended, mine(whole)), 1e-6) << ranks << " ranks, " << heads << " heads";
            const at::Tensor rows = whole.narrow(0, 0, 50);
            const at::Tensor gathered = sequence.gather(sequence.mine(rows).to(kFake), 50);
            EXPECT_EQ(gathered.device(), kFake);
            EXPECT_TRUE(at::equal(gathered.to(at::kCPU), rows));
        });
    }
}

TEST(FakeDeviceRanks, HalvesSwapOnTheirDevice) {
    test::with_ranks(2, [](ranks::Team&, int rank) {
        const ranks::Halves halves(true);
        const at::Tensor own = at::full({3, 2}, static_cast<float>(rank)).to(kFake);
        const std::vector<at::Tensor> other = halves.swap({own});
        EXPECT_EQ(other[0].device(), kFake);
        EXPECT_TRUE(at::equal(other[0].to(at::kCPU), at::full({3, 2}, static_cast<float>(1 - rank))));
    });
}

}  // namespace
