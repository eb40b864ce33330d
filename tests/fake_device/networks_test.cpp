// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The networks of the built-in models on the device `fake`. (storybook and tableau run them on the CPU: they are
// small.)
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "backend/fake_device.h"
#include "families/storybook/decoder.h"
#include "families/tableau/network.h"
#include "families/tableau/outline_network.h"

namespace {

using namespace zt;
using fake_device::Transfers;
using fake_device::transfers;

const at::Device kFake(at::DeviceType::PrivateUse1, 0);

double off(const at::Tensor& a, const at::Tensor& b) { return ((a.to(at::kCPU) - b).norm() / b.norm()).item<double>(); }

template <class Model>
void with_values(Model& model) {
    at::Generator generator = at::detail::createCPUGenerator(7);
    model.visit([&](const std::string&, at::Tensor& t) {
        t.normal_(0, t.dim() > 1 ? 1.0 / std::sqrt(static_cast<double>(t.numel() / t.size(0))) : 0.1, generator);
    });
}
template <class Model>
Model on_device(Model model) {
    model.visit([&](const std::string&, at::Tensor& t) { t = t.to(kFake); });
    nn::prepare(model);  // does nothing there
    return model;
}
// The transfers of `call`, which gives a tensor of the device.
template <class F>
Transfers counted(const F& call, at::Tensor& made) {
    const Transfers before = transfers();
    made = call();
    return transfers() - before;
}

TEST(FakeDeviceNetworks, TheLayerDecoderRunsOnADevice) {
    const c10::InferenceMode inference;
    storybook::Decoder decoder = storybook::make_decoder({.channels = 4, .widths = {16, 8, 8}, .blocks = {1, 2, 1}});
    with_values(decoder);
    const storybook::Decoder there = on_device(decoder);
    const at::Tensor z = at::randn({2, 5, 6, 4}, at::detail::createCPUGenerator(3)), moved = z.to(kFake);
    at::Tensor made;
    const Transfers t = counted([&] { return forward(there, moved); }, made);
    EXPECT_EQ(t.waited + t.to_device + t.to_host, 0);
    EXPECT_LT(off(made, forward(decoder, z)), 1e-4);
}

TEST(FakeDeviceNetworks, TheNetworksThatLookAtPicturesRunOnADevice) {
    const c10::InferenceMode inference;
    tableau::Network network = tableau::make_network({});
    tableau::OutlineNetwork outliner = tableau::make_outline_network();
    with_values(network), with_values(outliner);
    const tableau::Network network_there = on_device(network);
    const tableau::OutlineNetwork outliner_there = on_device(outliner);
    const at::Tensor pictures = at::rand({1, 64, 96, 3}, at::detail::createCPUGenerator(3)), moved = pictures.to(kFake);
    at::Tensor made;
    Transfers t = counted([&] { return see(network_there, moved).places; }, made);
    EXPECT_EQ(t.waited + t.to_device + t.to_host, 0);
    EXPECT_LT(off(made, see(network, pictures).places), 1e-4);
    t = counted([&] { return outline(outliner_there, moved).mask; }, made);
    EXPECT_LE(t.to_device, 2) << "mean and spread of photographs";
    EXPECT_EQ(t.to_host, 0);
    EXPECT_LT(off(made, outline(outliner, pictures).mask), 1e-4);
}

}  // namespace
