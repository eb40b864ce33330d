// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The decoders that work in tiles, their tiles made by several ranks: bit for bit the frames of one, in as many pieces,
// and other ranks leave each piece as it is over.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autoencoders/batched_vae.h"
#include "core/cancel.h"
#include "families/hunyuan_video/vae/tiling.h"
#include "families/minimax_h3/video_vae/stream.h"
#include "ranks/threads_as_ranks.h"
#include "ranks/tiles.h"

namespace {

using zt::ranks::PartDone;
using zt::ranks::Team;
using zt::ranks::TeamScope;
using zt::test::with_teams;

// One piece after the other; an undefined one is the end.
using Stream = std::function<at::Tensor()>;

// A model of seeded numbers, the same for all ranks.
template <class Module>
void fill(Module&& module) {
    int64_t seed = 1;
    module.visit([&](const std::string&, at::Tensor& weight) {
        at::Generator generator = at::detail::createCPUGenerator(static_cast<uint64_t>(seed++));
        const double scale = weight.dim() > 1 ? 1 / std::sqrt(static_cast<double>(weight[0].numel())) : 0.3;
        weight = at::randn(weight.sizes(), generator, at::TensorOptions(at::kFloat)) * scale;
    });
}

at::Tensor latents_of(at::IntArrayRef shape) {
    return at::randn(shape, at::detail::createCPUGenerator(7), at::TensorOptions(at::kFloat));
}

std::vector<at::Tensor> alone(const std::function<Stream()>& begin) {
    const c10::InferenceMode inference;
    at::set_num_threads(1);
    std::vector<at::Tensor> pieces;
    const Stream next = begin();
    for (at::Tensor piece; (piece = next()).defined();) pieces.push_back(piece);
    return pieces;
}

// The pieces that rank 0 has of `size`, all of them made by all. spread: how many of the first pieces are.
std::vector<at::Tensor> together(int size, size_t spread, const std::function<Stream()>& begin) {
    std::vector<at::Tensor> pieces;
    with_teams(size, [&](Team& team) {
        const zt::Cancel cancel;
        std::optional<Stream> next;
        bool more = true;
        size_t parts = 0;
        while (more) {
            const TeamScope scope(team, cancel, [&](bool again) { more = again; });
            try {
                if (!next) next = begin();
                const at::Tensor piece = (*next)();
                ASSERT_EQ(team.rank(), 0);
                pieces.push_back(piece);
            } catch (const PartDone& end) {
                ASSERT_NE(team.rank(), 0);
                more = end.more;
            }
            parts++;
        }
        EXPECT_EQ(parts, spread);
        if (team.rank() != 0) return;
        EXPECT_GT(team.tiles().came, 0);
        for (at::Tensor piece; (piece = (*next)()).defined();) pieces.push_back(piece);
    });
    return pieces;
}

void expect_equal(const std::vector<at::Tensor>& got, const std::vector<at::Tensor>& wanted, const std::string& what) {
    ASSERT_EQ(got.size(), wanted.size()) << what;
    for (size_t i = 0; i < got.size(); i++) EXPECT_TRUE(at::equal(got[i], wanted[i])) << what << ", piece " << i;
}

TEST(Spread, HunyuanVideo) {
    using namespace zt::hunyuan_video;
    VaeConfig config;
    config.block_out = {8, 8, 8, 8}, config.layers_per_block = 1, config.norm_groups = 4;
    Tiling tiling = find_tiling("diffusers");
    tiling.size = 64, tiling.stride = 48;
    const c10::InferenceMode inference;
    const at::Tensor latents = latents_of({config.latent_channels, 8, 11, 18});  // 2 x 3 tiles, pieces of 13, 12, 4
    const auto begin = [&]() -> Stream {
        const auto decoder = std::make_shared<VaeDecoder>(make_vae_decoder(config));
        if (tiles_of(tiling, config, 11, 18).any_here()) {
            fill(*decoder);
            prepare(*decoder);
        }
        const auto stream = std::make_shared<StreamingDecoder>(*decoder, latents, tiling);
        return [decoder, stream] { return stream->next(); };
    };
    const std::vector<at::Tensor> wanted = alone(begin);
    ASSERT_EQ(wanted.size(), 3U);
    for (const int size : {2, 3, 4, 9}) expect_equal(together(size, 3, begin), wanted, std::to_string(size) + " ranks");
}

TEST(Spread, CogVideoX) {
    using namespace zt::autoencoders::batched;
    VaeConfig config;
    config.channels = {8, 8, 8, 8}, config.layers = 1, config.groups = 4;
    config.sample_height = 96, config.sample_width = 160;
    const c10::InferenceMode inference;
    const at::Tensor latents =
        latents_of({5, config.latent_channels, 8, 18});  // 2 x 3 tiles of a clip of 9 and 8 frames
    const CodingOptions options{.tiled = true};
    const auto begin = [&]() -> Stream {
        const auto decoder = std::make_shared<Coder>(make_coder(config, true));
        if (decoder_tiles(config, 8, 18, options).any_here()) fill(*decoder);
        const auto stream = std::make_shared<StreamingDecoder>(*decoder, latents, options);
        return [decoder, stream] {
            const zt::Cancel cancel;
            return stream->next_frames() > 0 ? stream->next(cancel) : at::Tensor();
        };
    };
    const std::vector<at::Tensor> wanted = alone(begin);
    ASSERT_EQ(wanted.size(), 2U);
    for (const int size : {2, 3, 4, 9}) expect_equal(together(size, 1, begin), wanted, std::to_string(size) + " ranks");
}

TEST(Spread, MiniMaxH3) {
    using namespace zt::minimax_h3;
    VideoVaeConfig config = published_video_vae();
    config.layers = 1, config.heads = 2, config.head_dim = 32, config.ffn_mult = 2;
    const c10::InferenceMode inference;
    const at::Tensor latents = latents_of({config.latent_channels, 12, 18, 28});  // 2 x 2 tiles, pieces of 17 and 22
    const auto begin = [&](int64_t most) -> Stream {
        const auto decoder = std::make_shared<VideoVaeDecoder>(make_video_vae_decoder(config));
        if (tile_groups(config, 288, 448, true).groups.any_here()) {
            auto typed = decoder->typed();
            auto exact = decoder->exact();
            fill(typed);
            fill(exact);
        }
        const auto stream = std::make_shared<VideoStream>(*decoder, latents);
        return [decoder, stream, most] { return stream->next({.most_tiles = most}); };
    };
    for (const int size : {2, 3, 4, 9}) {  // as many tiles in one product as with these ranks
        const int64_t most = size == 2 || size == 3 ? 2 : 1;
        const std::vector<at::Tensor> wanted = alone([&] { return begin(most); });
        ASSERT_EQ(wanted.size(), 2U);
        expect_equal(together(size, 2, [&] { return begin(0); }), wanted, std::to_string(size) + " ranks");
    }
}

}  // namespace
