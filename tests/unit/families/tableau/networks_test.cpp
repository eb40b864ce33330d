// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The two networks that look at pictures: shapes, refusals, and what an overlap is expected from.
#include "families/tableau/network.h"
#include "families/tableau/outline_network.h"

#include <cmath>

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

namespace zt::tableau {
namespace {

template <class Model>
Model with_values(Model model) {
    at::Generator generator = at::detail::createCPUGenerator(7);
    model.visit([&](const std::string&, at::Tensor& t) {
        t.normal_(0, t.dim() > 1 ? 1.0 / std::sqrt(static_cast<double>(t.numel() / t.size(0))) : 0.1, generator);
    });
    nn::prepare(model);
    return model;
}

template <class Model>
int64_t parameters(Model model) {
    int64_t sum = 0;
    model.visit([&](const std::string&, at::Tensor& t) { sum += t.numel(); });
    return sum;
}

at::Tensor pictures(at::IntArrayRef shape) { return at::rand(shape, at::detail::createCPUGenerator(3)); }

TEST(TableauNetwork, SeesEveryPlaceAtHalfSize) {
    const c10::InferenceMode no_grad;
    const Network network = with_values(make_network({}));
    EXPECT_LT(parameters(network), 5'000'000);
    const Seen seen = see(network, pictures({2, 64, 96, 3}));
    EXPECT_EQ(seen.places.sizes(), (at::IntArrayRef{2, 32, 48, kChannels}));
    EXPECT_EQ(seen.confidence.sizes(), (at::IntArrayRef{2}));
    EXPECT_TRUE(seen.places.ge(0).logical_and(seen.places.le(1)).all().item<bool>());
    EXPECT_GT(seen.places.std().item<double>(), 0.01);
}

TEST(TableauNetwork, PicturesOfABatchAreSeenAlone) {
    const c10::InferenceMode no_grad;
    const Network network = with_values(make_network({}));
    const OutlineNetwork outliner = with_values(make_outline_network());
    const at::Tensor two = pictures({2, 64, 64, 3});
    EXPECT_TRUE(at::allclose(see(network, two).places[1], see(network, two.slice(0, 1)).places[0], 1e-3, 1e-4));
    EXPECT_TRUE(at::allclose(outline(outliner, two).mask[1], outline(outliner, two.slice(0, 1)).mask[0], 1e-3, 1e-4));
}

TEST(TableauNetwork, RefusesOtherShapes) {
    const Network network = with_values(make_network({}));
    EXPECT_THROW((void)see(network, pictures({1, 60, 64, 3})), c10::Error);
    EXPECT_THROW((void)see(network, pictures({1, 64, 64, 4})), c10::Error);
    EXPECT_THROW((void)outline(with_values(make_outline_network()), pictures({1, 64, 60, 3})), c10::Error);
    NetworkConfig odd;
    odd.widths[1] = 12;
    EXPECT_THROW((void)make_network(odd), c10::Error);
    odd = {};
    odd.heads = 3;
    EXPECT_THROW((void)make_network(odd), c10::Error);
}

TEST(TableauOutline, GivesAMaskAtHalfSizeOfWideAndHighPictures) {
    const c10::InferenceMode no_grad;
    const OutlineNetwork outliner = with_values(make_outline_network());
    EXPECT_LT(parameters(outliner), 1'100'000);
    const Outline wide = outline(outliner, pictures({1, 32, 160, 3}));
    EXPECT_EQ(wide.mask.sizes(), (at::IntArrayRef{1, 16, 80}));
    EXPECT_EQ(wide.confidence.sizes(), (at::IntArrayRef{1}));
    EXPECT_TRUE(wide.mask.isfinite().all().item<bool>());
}

TEST(TableauOutline, ABlackPictureIsNoDivisionByZero) {
    const c10::InferenceMode no_grad;
    EXPECT_TRUE(
        outline(with_values(make_outline_network()), at::zeros({1, 64, 64, 3})).mask.isfinite().all().item<bool>());
}

// The brightest value of a picture counts as 1, so half the light makes no difference.
TEST(TableauOutline, DoesNotDependOnTheBrightestValue) {
    const c10::InferenceMode no_grad;
    const OutlineNetwork outliner = with_values(make_outline_network());
    const at::Tensor picture = pictures({1, 64, 64, 3});
    EXPECT_TRUE(at::allclose(outline(outliner, picture).mask, outline(outliner, picture * 0.5).mask, 1e-3, 1e-4));
}

TEST(TableauOutline, DecidedMasksAreExpectedToBeRight) {
    at::Tensor masks = at::zeros({4, 20, 20});
    masks[0].slice(0, 5, 15).slice(1, 5, 15).fill_(0.99);  // decided
    masks[1].slice(0, 5, 15).slice(1, 5, 15).fill_(0.75);  // less so
    masks[2].fill_(0.4);                                   // everywhere perhaps
    const at::Tensor expected = expected_overlap(masks);   // masks[3]: nothing
    EXPECT_GT(expected[0].item<double>(), 0.9);
    EXPECT_LT(expected[1].item<double>(), 0.5);
    EXPECT_GT(expected[1].item<double>(), 0.2);
    EXPECT_EQ(expected[2].item<double>(), 0);
    EXPECT_EQ(expected[3].item<double>(), 0);
}

}  // namespace
}  // namespace zt::tableau
