// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What of MiniMax-H3's autoencoders needs no LibTorch: tiles, clips, samples, memory, names, and configurations that
// want to hurt. That the numbers behind the names are the right ones is proven in tests/parity.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "checkpoint_draft.h"
#include "families/hostile_files.h"
#include "families/minimax_h3/audio_vae/config.h"
#include "families/minimax_h3/audio_vae/names.h"
#include "families/minimax_h3/audio_vae/plan.h"
#include "families/minimax_h3/video_vae/config.h"
#include "families/minimax_h3/video_vae/files.h"
#include "families/minimax_h3/video_vae/names.h"
#include "families/minimax_h3/video_vae/plan.h"
#include "probe.h"
#include "seed.h"

namespace zt::minimax_h3 {
namespace {

using Numbers = std::vector<int64_t>;

// ---- Tiles and clips ----

TEST(VideoPlan, TilesOfTheSizesThatWereTrained) {
    const struct {
        int64_t pixels;
        Numbers starts, overlaps;
    } rows[] = {{256, {0}, {}},
                {32, {0}, {}},
                {272, {0, 16}, {240}},
                {288, {0, 32}, {224}},
                {544, {0, 144, 288}, {112, 112}},
                {768, {0, 160, 336, 512}, {96, 80, 80}},
                {1024, {0, 192, 384, 576, 768}, {64, 64, 64, 64}},
                {1344, {0, 176, 352, 528, 704, 896, 1088}, {80, 80, 80, 80, 64, 64}}};
    for (const auto& [pixels, starts, overlaps] : rows) {
        const TileAxis axis = tile_axis(pixels, 16);
        EXPECT_EQ(axis.starts, starts) << pixels;
        EXPECT_EQ(axis.overlaps, overlaps) << pixels;
        EXPECT_EQ(axis.length, std::min<int64_t>(pixels, 256));
    }
}

TEST(VideoPlan, TilesCoverEverySizeExactly) {
    for (int64_t pixels = 16; pixels <= 5000; pixels += 16) {
        const TileAxis axis = tile_axis(pixels, 16);
        ASSERT_EQ(axis.starts.back() + axis.length, pixels);
        ASSERT_EQ(axis.overlaps.size() + 1, axis.starts.size());
        for (size_t i = 0; i < axis.overlaps.size(); i++) {
            ASSERT_GE(axis.overlaps[i], kTileOverlap);
            ASSERT_LT(axis.overlaps[i], kTileSize);
            ASSERT_EQ(axis.starts[i + 1], axis.starts[i] + axis.length - axis.overlaps[i]);
            ASSERT_EQ(axis.starts[i + 1] % 16, 0);
        }
    }
}

TEST(VideoPlan, FramesOfLatentsAndBack) {
    const ClipPlan plan(published_video_vae());
    EXPECT_EQ(
        (Numbers{plan.step, plan.overlap, plan.latents, plan.decoded, plan.before, plan.own, plan.fade, plan.tail}),
        (Numbers{5, 2, 7, 28, 3, 17, 5, 23}));
    const std::pair<int64_t, int64_t> rows[] = {{7, 22}, {12, 39}, {37, 124}, {102, 345}};
    for (const auto& [latents, frames] : rows) {
        EXPECT_EQ(plan.frames(latents), frames);
        EXPECT_EQ(plan.latents_of(frames), latents);
    }
    for (const int64_t other : {-5, 0, 1, 2, 3, 6, 8, 36, 38}) {
        const auto error = test::refusal([&] { (void)plan.clips(other); });
        ASSERT_TRUE(error) << other;
        EXPECT_EQ(error->status(), ZT_ERROR_ARGUMENT);
        EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
    }
    const auto error = test::refusal([&] { (void)plan.latents_of(123); });
    ASSERT_TRUE(error);
    EXPECT_STREQ(error->what(), "frames: expected 17 n + 5, such as 124, got 123");
    EXPECT_TRUE(test::refusal([&] { (void)plan.latents_of(5); }));
}

TEST(VideoPlan, MemoryGrowsWithThePictureOnly) {
    const VideoVaeConfig c = published_video_vae();
    VideoDecodingSize small{256, 256}, wide{768, 1344}, half = wide;
    half.element_bytes = half.kept_bytes = 2;
    // One tile: 1797 tokens, of which the widest layer has 16384 numbers each, is some 200 MB.
    EXPECT_GT(video_decoding_bytes(c, small), 150'000'000U);
    EXPECT_LT(video_decoding_bytes(c, small), 500'000'000U);
    EXPECT_GT(video_decoding_bytes(c, wide), video_decoding_bytes(c, small) + 3U * 4 * 768 * 1344 * 22);
    EXPECT_LT(video_decoding_bytes(c, half), video_decoding_bytes(c, wide));
    half.element_bytes = 4;
    EXPECT_GT(video_decoding_bytes(c, half), video_decoding_bytes(c, wide));  // matrices in two types
    EXPECT_GT(video_encoding_bytes(c, 768, 1344), video_encoding_bytes(c, 256, 256));
    EXPECT_EQ(tiles_at_once(c, 256, 256, true), 1);
    EXPECT_EQ(tiles_at_once(c, 768, 1344, true), 2);
    EXPECT_EQ(tiles_at_once(c, 768, 1344, false), 9);
}

// ---- Sound ----

TEST(AudioPlan, LatentsOfFrames) {
    const AudioVaeConfig c = published_audio_vae();
    ASSERT_EQ(c.samples_per_latent(), 800);
    const std::pair<int64_t, int64_t> rows[] = {{22, 37}, {39, 65}, {124, 207}, {345, 575}, {3, 5}, {12, 20}, {1, 2}};
    for (const auto& [frames, latents] : rows) EXPECT_EQ(audio_latents(c, frames), latents) << frames;
    EXPECT_TRUE(test::refusal([&] { (void)audio_latents(c, 0); }));
    EXPECT_TRUE(test::refusal([&] { (void)audio_latents(c, int64_t{1} << 62); }));
}

TEST(AudioPlan, TiesGoToTheEvenNumber) {
    AudioVaeConfig c;
    c.rates = {2}, c.sampling_rate = 24;  // half a latent each frame
    const Numbers expected = {0, 1, 2, 2, 2, 3, 4, 4};
    for (size_t i = 0; i < expected.size(); i++)
        EXPECT_EQ(audio_latents(c, static_cast<int64_t>(i) + 1), expected[i]) << i + 1;
}

TEST(AudioPlan, EverySampleBelongsToOneFrame) {
    const AudioVaeConfig c = published_audio_vae();
    EXPECT_EQ(first_sample(c, 0), 0);
    EXPECT_EQ(first_sample(c, 1), 1333);
    EXPECT_EQ(first_sample(c, 2), 2667);
    EXPECT_EQ(first_sample(c, 3), 4000);
    for (int64_t i = 0; i < 1000; i++) {
        const int64_t count = first_sample(c, i + 1) - first_sample(c, i);
        ASSERT_TRUE(count == 1333 || count == 1334) << i;
    }
    EXPECT_EQ(first_sample(c, 24 * 3600), 32'000 * 3600);
}

// ---- Names ----

std::string placed(const load::PartNames& names, std::string_view name) {
    const auto p = names.place(name);
    return p ? p->name() + " " + std::to_string(p->piece) + "/" + std::to_string(p->pieces) : "";
}

TEST(VideoNames, BothSpellingsOfEachTensor) {
    const std::pair<const char*, const char*> rows[] = {
        {"encoder.down.3.block.1.conv2.bias", "encoder.down_blocks.3.resnets.1.conv2.bias"},
        {"encoder.down.3.block.0.nin_shortcut.weight", "encoder.down_blocks.3.resnets.0.conv_shortcut.weight"},
        {"encoder.down.2.downsample.conv.weight", "encoder.down_blocks.2.downsamplers.0.conv.weight"},
        {"decoder.x_embedder.weight", "decoder.proj_in.weight"},
        {"decoder.transformer_blocks.7.attn.to_out.bias", "decoder.transformer_blocks.7.attn.to_out.0.bias"},
        {"decoder.transformer_blocks.7.ff.w1.weight", "decoder.transformer_blocks.7.ff.net.0.proj.weight"},
        {"decoder.transformer_blocks.7.ff.w2.weight", "decoder.transformer_blocks.7.ff.net.2.weight"},
        {"decoder.transformer_blocks.7.scale1", "decoder.transformer_blocks.7.scale1"}};
    for (const auto& [original, diffusers] : rows) {
        EXPECT_NE(placed(video_vae_names(), original), "") << original;
        EXPECT_EQ(placed(video_vae_names(), original), placed(video_vae_names(), diffusers)) << diffusers;
        EXPECT_EQ(placed(video_vae_names(), std::string("vae.") + original), placed(video_vae_names(), original));
    }
    EXPECT_EQ(placed(video_vae_names(), "decoder.transformer_blocks.7.attn.to_v.bias"),
              "decoder.blocks.7.qkv.bias 2/3");
    using load::RowOrder;
    const auto order = [](const char* name) { return video_vae_names().place(name)->order; };
    EXPECT_EQ(order("decoder.transformer_blocks.7.attn.to_qkv.weight"), RowOrder::kPerHead);
    EXPECT_EQ(order("decoder.transformer_blocks.7.ff.w1.bias"), RowOrder::kSwapHalves);
    EXPECT_EQ(order("decoder.transformer_blocks.7.ff.net.0.proj.weight"), RowOrder::kSame);
    EXPECT_TRUE(video_vae_names().is_ignored("decoder.mask_token"));
    for (const char* other : {"", "decoder.transformer_blocks.x.scale1", "decoder.transformer_blocks.1.scale3",
                              "encoder.down.3.block.4.conv2.bias"}) {
        EXPECT_EQ(placed(video_vae_names(), other), "") << other;
        EXPECT_FALSE(video_vae_names().is_ignored(other)) << other;
    }
}

TEST(VideoNames, AsManyTensorsAsThePublishedModelHas) {
    // diffusers has 703, queries, keys and values apart.
    EXPECT_EQ(video_vae_tensors(published_video_vae()).size(), 703U - 36 * 4);
}

TEST(AudioNames, KernelsMultipliedOrNot) {
    for (const char* name : {"decoder.ups.6.0.weight_g", "decoder.ups.6.0.weight", "decoder.resblocks.20.convs1.2.bias",
                             "decoder.resblocks.20.activations.5.act.beta", "decoder.conv_post.weight_v"})
        EXPECT_NE(placed(audio_vae_names(), name), "") << name;
    for (const char* name : {"decoder.resblocks.20.activations.5.upsample.filter", "encoder.block.0.bias",
                             "pre_block.attn.qkv.weight", "latents_std", "logs_proj.bias"})
        EXPECT_TRUE(audio_vae_names().is_ignored(name)) << name;
    EXPECT_FALSE(audio_vae_names().is_ignored("decoder.resblocks.20.convs3.2.bias"));
    const AudioVaeConfig c = published_audio_vae();
    const size_t kernels = 1 + 7 + 7 * 3 * 6 + 1;
    EXPECT_EQ(audio_vae_tensors(c, false).size(), audio_vae_tensors(c, true).size() + kernels);
}

// ---- Configurations ----

void is_sound(const VideoVaeConfig& c) {
    EXPECT_EQ(c.mean.size(), static_cast<size_t>(c.latent_channels));
    EXPECT_EQ(c.std.size(), static_cast<size_t>(c.latent_channels));
    EXPECT_LE(c.width() * c.ffn_width(), int64_t{1} << 61);  // far from overflowing
    const ClipPlan plan(c);
    EXPECT_GT(plan.fade, 0);
    EXPECT_LE(plan.tail + plan.fade, plan.decoded);
    EXPECT_GT(c.turned(), 0);
    EXPECT_LE(2 * c.turned(), c.head_dim);
    EXPECT_EQ(kTileOverlap % c.spatial_compression(), 0);
    EXPECT_FALSE(video_vae_tensors(c).empty());
}

constexpr const char* kVideo =
    R"({"_class_name":"AutoencoderKLMiniMaxH3","in_channels":3,"latent_channels":2,"block_out_channels":[32,64],
"spatial_downsample_factors":[2,2],"temporal_downsample_factors":[2,2],"layers_per_block":2,"norm_num_groups":32,
"decoder_num_layers":3,"decoder_num_attention_heads":2,"decoder_attention_head_dim":32,"decoder_num_register_tokens":4,
"decoder_ffn_mult":4,"decoder_rope_dim_ratio":0.75,"spatial_padding_mode":"reflect","clip_length":17,"token_drop":3,
"latents_mean":[0.5,1],"latents_std":[1,2]})";
constexpr const char* kWrapper = R"({"source_path":"source","vae_clip_length":17,"vae_token_drop":3,"vae_tile_size":256,
"vae_tile_overlap_min":64,"latent_channels":2,"latents_mean":[0.5,1],"latents_std":[1,2]})";
constexpr const char* kSource = R"({"ch":32,"ch_mult":[1,2],"num_res_blocks":2,"space_down":[2,2],"time_down":[2,2],
"z_channels":2,"embed_dim":2,"causal_encoder":true,"padding_mode":"reflect","vit_decoder_kwargs":{"heads":2,
"dim_head":32,"num_layers":3,"rope_theta":100.0,"rope_dim_ratio":0.75,"qk_norm_affine":false}})";
constexpr const char* kAudio = R"({"_class_name":"AutoencoderKLMiniMaxH3Audio","latent_dim":8,"latent_channels":2,
"decoder_dim":8,"decoder_rates":[5,2],"decoder_kernel_sizes":[9,4],"resblock_kernel_sizes":[3,5],
"resblock_dilation_sizes":[[1,2],[3]],"sampling_rate":32000,"latents_mean":[0.5,1],"latents_std":[1,2]})";
constexpr const char* kMetadata = R"({"metadata":{"kwargs":{"latent_dim":8,"vae_latent_channels":2,"decoder_dim":8,
"decoder_rates":[5,2],"decoder_type":"bigvgan","sample_rate":32000}}})";
constexpr const char* kAudioWrapper =
    R"({"latent_channels":2,"sample_rate":32000,"latents_mean":[0.5,1],"latents_std":[1,2]})";

void is_sound(const AudioVaeConfig& c) {
    EXPECT_EQ(c.mean.size(), static_cast<size_t>(c.latent_channels));
    EXPECT_EQ(c.rates.size(), c.kernels.size());
    EXPECT_EQ(c.dilations.size(), c.block_kernels.size());
    EXPECT_GE(c.channels(c.rates.size() - 1), 1);
    EXPECT_GE(audio_latents(c, 1), 0);
    EXPECT_FALSE(audio_vae_tensors(c, false).empty());
}

std::vector<test::ConfigReader> readers() {
    return {{kVideo, [](const std::string& t) { is_sound(parse_video_vae_config(t, "config.json")); }},
            {kWrapper,
             [](const std::string& t) {
                 is_sound(parse_original_video_vae_config(t, "config.json", kSource, "source/config.json"));
             }},
            {kSource,
             [](const std::string& t) {
                 is_sound(parse_original_video_vae_config(kWrapper, "config.json", t, "source/config.json"));
             }},
            {kAudio, [](const std::string& t) { is_sound(parse_audio_vae_config(t, "config.json")); }},
            {kMetadata,
             [](const std::string& t) {
                 is_sound(parse_original_audio_vae_config(t, "metadata.json", kAudioWrapper, "config.json"));
             }},
            {kAudioWrapper, [](const std::string& t) {
                 is_sound(parse_original_audio_vae_config(kMetadata, "metadata.json", t, "config.json"));
             }}};
}

TEST(Hostile, ConfigurationsAreRefusedOrSound) {
    test::Random random(test::test_seed());
    for (const test::ConfigReader& reader : readers()) test::read_hostile_configs(reader, random);
}

// One value of a configuration changed, and what must be said.
void refuses(const char* good, const std::string& from, const std::string& to, const std::string& words,
             const std::function<void(const std::string&)>& read) {
    std::string text = good;
    const size_t at = text.find(from);
    ASSERT_NE(at, text.npos) << from;
    text.replace(at, from.size(), to);
    const auto error = test::refusal([&] { read(text); });
    ASSERT_TRUE(error) << to;
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
}

TEST(Hostile, WhatIsNotComputedIsRefusedByName) {
    const auto video = [](const std::string& t) { (void)parse_video_vae_config(t, "config.json"); };
    refuses(kVideo, "AutoencoderKLMiniMaxH3", "AutoencoderKLWan", "_class_name", video);
    refuses(kVideo, "\"in_channels\":3", "\"in_channels\":4", "in_channels: expected 3", video);
    refuses(kVideo, "reflect", "replicate", "spatial_padding_mode", video);
    refuses(kVideo, "[2,2],\"temporal", "[2,8],\"temporal", "spatial_downsample_factors", video);
    refuses(kVideo, "[2,2],\"temporal", "[1,2],\"temporal", "spatial_downsample_factors", video);
    refuses(kVideo, "head_dim\":32", "head_dim\":20", "decoder_attention_head_dim", video);
    refuses(kVideo, "\"token_drop\":3", "\"token_drop\":5", "token_drop", video);
    refuses(kVideo, "\"norm_num_groups\":32", "\"norm_num_groups\":24", "block_out_channels", video);
    refuses(kVideo, "std\":[1,2]", "std\":[1,0]", "latents_std", video);
    refuses(kVideo, "mean\":[0.5,1]", "mean\":[0.5]", "latents_mean", video);
    const auto wrapper = [](const std::string& t) {
        (void)parse_original_video_vae_config(t, "config.json", kSource, "source/config.json");
    };
    refuses(kWrapper, "256", "512", "vae_tile_size: expected 256", wrapper);
    refuses(kWrapper, ":64", ":96", "vae_tile_overlap_min: expected 64", wrapper);
    const auto where = [](const std::string& t) { (void)parse_original_video_vae(t, "config.json"); };
    for (const char* outside : {"..", "/etc", "a/b", ""})
        refuses(kWrapper, "\"source\"", "\"" + std::string(outside) + "\"", "source_path", where);
    const auto audio = [](const std::string& t) { (void)parse_audio_vae_config(t, "config.json"); };
    refuses(kAudio, "[9,4]", "[8,4]", "decoder_kernel_sizes", audio);
    refuses(kAudio, "\"decoder_dim\":8", "\"decoder_dim\":6", "decoder_dim", audio);
    refuses(kAudio, "[3,5]", "[4,5]", "resblock_kernel_sizes", audio);
    const auto metadata = [](const std::string& t) {
        (void)parse_original_audio_vae_config(t, "metadata.json", kAudioWrapper, "config.json");
    };
    refuses(kMetadata, "bigvgan", "dac", "decoder_type", metadata);
    refuses(kMetadata, "\"sample_rate\":32000", "\"sample_rate\":44100", "sample_rate", metadata);
}

TEST(Hostile, FilesOfAnotherKindAreRefused) {
    test::MemoryFile file;
    test::Draft draft = test::tiny_checkpoint(8);
    file.assign(draft.file());
    const auto error = test::refusal([&] { (void)open_video_vae(file.path()); });
    ASSERT_TRUE(error);
    EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
}

}  // namespace
}  // namespace zt::minimax_h3
