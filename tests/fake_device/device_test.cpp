// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The device itself: what it counts, what it refuses, and that its memory cannot be reached from outside. Without this
// the other tests could pass by not looking.
#include "backend/fake_device.h"

#include <ATen/ATen.h>
#include <ATen/DeviceAccelerator.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "device/backends.h"
#include "device/devices.h"

namespace {

using zt::fake_device::Transfers;
using zt::fake_device::transfers;

const at::Device kFake(at::DeviceType::PrivateUse1, 0), kOther(at::DeviceType::PrivateUse1, 1);

at::Tensor numbers(at::IntArrayRef shape) {
    return at::arange(c10::multiply_integers(shape), at::kFloat).view(shape).sin();
}
at::Tensor pinned(at::IntArrayRef shape) {
    const at::Tensor t = at::empty(shape, at::TensorOptions(at::kFloat).pinned_memory(true));
    t.copy_(numbers(shape));
    return t;
}
at::Tensor home(const at::Tensor& t) { return t.to(at::kCPU); }

// What one call copies.
template <class F>
Transfers counted(const F& call) {
    const Transfers before = transfers();
    call();
    return transfers() - before;
}

TEST(FakeDevice, ComputesWhatTheCpuComputes) {
    const c10::InferenceMode inference;
    const at::Tensor a = numbers({3, 4, 5}), b = numbers({5, 6}), x = numbers({1, 2, 4, 8, 8}),
                     w = numbers({3, 2, 3, 3, 3});
    const auto on = [](const at::Tensor& t) { return t.to(kFake); };
    EXPECT_TRUE(at::equal(home(at::matmul(on(a), on(b))), at::matmul(a, b)));
    EXPECT_TRUE(at::allclose(home(at::conv3d(on(x), on(w))), at::conv3d(x, w)));
    EXPECT_TRUE(at::allclose(home(at::scaled_dot_product_attention(on(a), on(a), on(a))),
                             at::scaled_dot_product_attention(a, a, a), 1e-5, 1e-6));
    EXPECT_TRUE(at::equal(home(on(a).permute({2, 0, 1}).reshape({5, 12}).narrow(1, 2, 7)),
                          a.permute({2, 0, 1}).reshape({5, 12}).narrow(1, 2, 7)));
    EXPECT_TRUE(at::equal(home(at::arange(7, kFake)), at::arange(7)));
    EXPECT_TRUE(at::equal(home(on(a).to(at::kBFloat16)), a.to(at::kBFloat16)));
    EXPECT_TRUE(at::equal(home(on(a).contiguous().view(at::kByte)), a.view(at::kByte)));
}

TEST(FakeDevice, WritesInPlaceThroughViews) {
    const c10::InferenceMode inference;
    const at::Tensor a = at::zeros({4, 6}, kFake), b = at::zeros({4, 6});
    for (const at::Tensor& t : {a, b}) {
        t.narrow(1, 2, 3).add_(1.0);
        t.select(0, 2).copy_(t.select(0, 1) * 3);
        t.transpose(0, 1).narrow(0, 0, 1).fill_(7);
    }
    EXPECT_TRUE(at::equal(home(a), b));
}

TEST(FakeDevice, MemoryThatWasNotWrittenIsNotANumber) {
    const c10::InferenceMode inference;
    EXPECT_TRUE(home(at::empty({9}, kFake)).isnan().all().item<bool>());
    EXPECT_TRUE(home(at::empty({9}, at::TensorOptions(kFake).dtype(at::kBFloat16))).isnan().all().item<bool>());
    EXPECT_TRUE(at::empty({9}, at::TensorOptions(at::kFloat).pinned_memory(true)).isnan().all().item<bool>());
}

TEST(FakeDeviceDeathTest, TheCpuCannotTouchItsMemory) {
    const at::Tensor t = at::ones({4}, kFake);
    EXPECT_DEATH((void)*static_cast<const volatile float*>(t.const_data_ptr()), "only the device's own operators");
    EXPECT_DEATH(*static_cast<volatile float*>(t.mutable_data_ptr()) = 1, "only the device's own operators");
}

TEST(FakeDevice, TensorsOfTwoDevicesDoNotMeet) {
    const c10::InferenceMode inference;
    const at::Tensor a = numbers({4}).to(kFake), cpu = numbers({4}), other = numbers({4}).to(kOther);
    EXPECT_THROW((void)(a + cpu), c10::Error);
    EXPECT_THROW((void)(a + other), c10::Error);
    EXPECT_THROW((void)at::cat({a, cpu}), c10::Error);
    EXPECT_THROW((void)at::conv1d(a.view({1, 1, 4}), cpu.view({1, 1, 4})), c10::Error);
    EXPECT_THROW((void)a.index_select(0, at::tensor({1L})), c10::Error);
    EXPECT_NO_THROW((void)(a * 2.0 + at::scalar_tensor(1.0F)));  // a number goes along with the kernel
    EXPECT_EQ((other + 1).device(), kOther);
}

TEST(FakeDevice, CopiesFromTheHostAreWaitedForUnlessPinnedAndAsItLies) {
    const c10::InferenceMode inference;
    const at::Tensor page = numbers({6, 4}), locked = pinned({6, 4});
    const auto waited = [](const auto& call) {
        const Transfers t = counted(call);
        EXPECT_EQ(t.to_device, 1);
        return t.waited;
    };
    EXPECT_EQ(waited([&] { (void)page.to(kFake); }), 1);
    EXPECT_EQ(waited([&] { (void)page.to(kFake, at::kFloat, true); }), 1);
    EXPECT_EQ(waited([&] { (void)locked.to(kFake); }), 1);
    EXPECT_EQ(waited([&] { (void)locked.to(kFake, at::kFloat, true); }), 0);
    EXPECT_EQ(waited([&] { (void)locked.narrow(0, 2, 3).to(kFake, at::kFloat, true); }), 0);
    EXPECT_EQ(waited([&] {
                  (void)at::empty({6, 4}, at::TensorOptions(kFake).dtype(at::kBFloat16)).copy_(locked, true);
              }),
              1);
    EXPECT_EQ(waited([&] { (void)locked.t().to(kFake, at::kFloat, true, false, at::MemoryFormat::Contiguous); }), 1);
    EXPECT_EQ(waited([&] { (void)at::empty({4, 6}, kFake).t().copy_(locked, true); }), 0);  // put in order there
    EXPECT_EQ(waited([&] { (void)at::tensor({1.0F, 2.0F}, kFake); }), 1);
    EXPECT_EQ(counted([&] { (void)at::zeros({3}, kFake).fill_(2).add_(at::arange(3, kFake)); }).to_device, 0);
}

TEST(FakeDevice, CopiesToTheHostAreWaitedFor) {
    const c10::InferenceMode inference;
    const at::Tensor a = numbers({8}).to(kFake);
    const auto waited = [](const auto& call) {
        const Transfers t = counted(call);
        EXPECT_EQ(t.to_host, 1);
        return t.waited;
    };
    EXPECT_EQ(waited([&] { (void)a.to(at::kCPU); }), 1);
    EXPECT_EQ(waited([&] { (void)pinned({8}).copy_(a); }), 1);
    EXPECT_EQ(waited([&] { (void)pinned({8}).copy_(a, true); }), 0);
    EXPECT_EQ(waited([&] { (void)a.sum().item<float>(); }), 1);
    EXPECT_EQ(waited([&] { (void)a.gt(0).nonzero(); }), 1);
    EXPECT_EQ(waited([&] { (void)a.masked_select(a.gt(0)); }), 1);
    EXPECT_EQ(waited([&] { (void)at::equal(a, a); }), 1);
    EXPECT_EQ(waited([&] { (void)a.index({a.gt(0)}); }), 1);
    EXPECT_EQ(waited([&] { (void)a.clone().index_put_({a.gt(0)}, at::zeros({}, kFake)); }), 1);
    EXPECT_EQ(counted([&] { (void)a.index({at::arange(3, kFake)}); }).to_host, 0);
    EXPECT_EQ(counted([&] { (void)at::where(a.gt(0), a, 0.0).repeat_interleave(2, 0).mean(); }).to_host, 0);
}

TEST(FakeDevice, ACopyThatNobodyWaitsForTakesWhatIsThereWhenItIsMade) {
    const c10::InferenceMode inference;
    const at::Tensor locked = pinned({4});
    const at::Tensor early = locked.to(kFake, at::kFloat, true);
    locked.fill_(5);  // too soon
    EXPECT_EQ(home(early).sum().item<float>(), 20);
    at::Tensor given_back = pinned({4});
    const at::Tensor late = given_back.to(kFake, at::kFloat, true);
    given_back = at::Tensor();  // LibTorch keeps it until the copy is made
    EXPECT_TRUE(at::equal(home(late), numbers({4})));
}

TEST(FakeDevice, IsAskedForByName) {
    using zt::device::resolve_device;
    EXPECT_TRUE(zt::device::has_backend("fake"));
    EXPECT_TRUE(zt::device::has_backend("cuda"));
    for (const char* none : {"", "fak", "meta", "cpu", "xpu", "privateuseone", "FAKE"})
        EXPECT_FALSE(zt::device::has_backend(none)) << none;
    EXPECT_EQ(resolve_device("fake"), kFake);
    EXPECT_EQ(resolve_device("fake:1"), kOther);
    const auto refused = [](const char* wish) -> std::string {
        try {
            (void)resolve_device(wish);
        } catch (const zt::Error& error) {
            EXPECT_EQ(error.status(), ZT_ERROR_DEVICE);
            return error.what();
        }
        return "";
    };
    EXPECT_EQ(refused("fake:2"), "device: expected a fake device for \"fake:2\", got 2 devices");
    EXPECT_EQ(refused("fake:x"),
              "device: expected a fake device for \"fake:x\", got no number of a device after fake:");
    EXPECT_EQ(refused("xpu"), "device: expected a xpu device for \"xpu\", got a LibTorch without them");
    zt::fake_device::set_free_bytes(12345);
    EXPECT_EQ(zt::device::free_bytes(resolve_device("fake:1")), 12345U);
    zt::fake_device::set_free_bytes(0);
}

}  // namespace
