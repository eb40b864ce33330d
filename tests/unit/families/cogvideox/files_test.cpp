// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names, configurations, detection, refusals and memory plans of CogVideoX files, and files that want to hurt, without
// LibTorch. That the tensors behind the names are the right ones is proven against the reference in tests/parity.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "autoencoders/batched_names.h"
#include "autoencoders/batched_plan.h"
#include "families/cogvideox/memory_plan.h"
#include "families/cogvideox/names.h"
#include "families/cogvideox/parts.h"
#include "families/hostile_files.h"
#include "probe.h"
#include "seed.h"

namespace zt::cogvideox {
namespace {

using Fit = families::Detection::Fit;
using Tensor = test::ShapedTensor;
namespace batched = autoencoders::batched;

// Two blocks of a kind as far as names and the shapes that decide go.
struct Kind {
    int64_t width = 3072, channels = 16;
    bool pairs = false, table = false, ofs = false;
};
std::vector<Tensor> transformer(const Kind& kind) {
    TransformerConfig c;
    c.layers = 2, c.learned = kind.table, c.ofs_dim = kind.ofs ? 2 : 0;
    std::vector<Tensor> all;
    for (const std::string& name : transformer_tensors(c)) {
        std::vector<int64_t> shape = {2, 2};
        if (name.ends_with(".bias") || name.find("norm_final") != name.npos) shape = {2};
        if (name == "norm_final.weight") shape = {kind.width};
        if (name == "patch_embed.pos_embedding") shape = {1, 2, 2};
        if (name == "patch_embed.proj.weight") {
            shape = {2, kind.channels, 2, 2};
            if (kind.pairs) shape = {2, 8 * kind.channels};
        }
        if (name == "proj_out.weight") shape = {kind.pairs ? 128 : 64, 2};
        all.push_back({name, shape});
    }
    return all;
}

std::string refusal_of(const test::TemporaryFolder& folder, const std::vector<Tensor>& tensors) {
    const std::string path = folder.write("m.safetensors", test::safetensors_of_ones(tensors));
    const auto error = test::refusal([&] { static_cast<void>(find_parts(path, {})); });
    if (error) {
        EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
    }
    return error ? error->what() : "";
}

TEST(CogVideoXNames, PrefixesAndFusedMatrices) {
    const auto placed = [](std::string_view name) -> std::string {
        const auto p = transformer_names().place(name);
        return p ? p->name() + " " + std::to_string(p->piece) + "/" + std::to_string(p->pieces) : "";
    };
    for (const char* prefix : {"", "model.diffusion_model.", "diffusion_model.", "transformer.", "_orig_mod."})
        EXPECT_EQ(placed(std::string(prefix) + "transformer_blocks.7.attn1.to_v.weight"),
                  "transformer_blocks.7.attn1.qkv.weight 2/3");
    EXPECT_EQ(placed("patch_embed.pos_embedding"), "patch_embed.pos_embedding 0/1");
    for (const char* other : {"", "pos_embedding", "transformer_blocks.x.norm1.linear.weight", "norm_out.weight"})
        EXPECT_EQ(placed(other), "") << other;
    batched::VaeConfig vae;
    const auto names = batched::vae_tensors(vae);
    EXPECT_EQ(names.size(), 436U);  // of the published autoencoder
    for (const std::string& name : names) EXPECT_TRUE(batched::vae_names().place(name)) << name;
}

TEST(CogVideoXDetection, FiveKindsByNamesAndShapes) {
    const test::TemporaryFolder folder;
    const std::pair<Kind, const char*> rows[] = {{{1920, 16}, "2B"},
                                                 {{3072, 16}, "5B"},
                                                 {{3072, 32, false, true}, "5B-I2V"},
                                                 {{3072, 16, true}, "1.5-5B"},
                                                 {{3072, 32, true, false, true}, "1.5-5B-I2V"}};
    for (const auto& [kind, name] : rows) {
        const std::string path = folder.write("m.safetensors", test::safetensors_of_ones(transformer(kind)));
        EXPECT_EQ(detect(path).fit, Fit::kOurs) << name;
        const ModelParts parts = find_parts(path, {});
        EXPECT_EQ(parts.kind().substr(0, parts.kind().find(':')), name);
        EXPECT_EQ(parts.licence().empty(), kind.width == 1920);
        EXPECT_EQ(parts.snr_shift, kind.width == 1920 ? 3.0 : 1.0);
        EXPECT_EQ(parts.missing.size(), 3U);
        EXPECT_EQ(parts.usual_size().width, kind.pairs ? 1360 : 720);
        EXPECT_EQ(parts.made_frames(10), kind.table ? 49 : 17);
    }
}

TEST(CogVideoXDetection, OtherKindsAreRefusedByName) {
    const test::TemporaryFolder folder;
    const std::pair<Kind, const char*> rows[] = {{{3072, 33}, "Fun for inpainting"},
                                                 {{1920, 32}, "2B from a picture"},
                                                 {{3072, 32}, "without \"patch_embed.pos_embedding\""},
                                                 {{3072, 32, true}, "without \"ofs_embedding\""},
                                                 {{3072, 48}, "another kind"},
                                                 {{2048, 16}, "expected 1920 (2B) or 3072 (5B)"}};
    for (const auto& [kind, words] : rows)
        EXPECT_NE(refusal_of(folder, transformer(kind)).find(words), std::string::npos) << words;
    const auto with = [&](const char* name) {
        auto tensors = transformer({3072, 16});
        tensors.push_back({name, {2}});
        return refusal_of(folder, tensors);
    };
    EXPECT_NE(with("pos_embedding").find("CogVideoX-Fun Pose"), std::string::npos);
    EXPECT_NE(with("local_facial_extractor.proj.weight").find("ConsisID"), std::string::npos);
    EXPECT_NE(with("transformer_blocks.0.ff.net.2.Q4_0_qweight").find("Q4_0"), std::string::npos);
    EXPECT_NE(with("unknown.weight").find("unknown.weight"), std::string::npos);
}

TEST(CogVideoXDetection, PicklesAreNamed) {
    const test::TemporaryFolder folder;
    std::filesystem::create_directories(folder.path("sat/transformer/1000"));
    folder.write("sat/transformer/1000/mp_rank_00_model_states.pt", "PK\x03\x04");
    for (const char* path : {"sat", "sat/transformer", "sat/transformer/1000/mp_rank_00_model_states.pt"}) {
        const auto found = detect(folder.path(path));
        EXPECT_EQ(found.fit, Fit::kOther) << path;
        EXPECT_NE(found.reason.find("pickle"), std::string::npos) << found.reason;
        EXPECT_EQ(test::message_fault(found.reason), "") << found.reason;
    }
    EXPECT_EQ(detect(folder.path("nowhere")).fit, Fit::kNone);
}

std::vector<test::ConfigReader> readers() {
    return {
        {R"({"_class_name":"CogVideoXTransformer3DModel","num_attention_heads":48,"attention_head_dim":64,"in_channels":32,
"out_channels":16,"num_layers":42,"time_embed_dim":512,"ofs_embed_dim":null,"text_embed_dim":4096,"patch_size":2,
"patch_size_t":null,"sample_height":60,"sample_width":90,"sample_frames":49,"max_text_seq_length":226,
"use_rotary_positional_embeddings":true,"use_learned_positional_embeddings":true,"spatial_interpolation_scale":1.875,
"activation_fn":"gelu-approximate","norm_eps":1e-5,"freq_shift":0})",
         [](const std::string& text) {
             const TransformerConfig c = parse_transformer_config(text, "config.json");
             EXPECT_LE(c.width() * 4 * c.width(), int64_t{1} << 61);  // far from overflowing
             EXPECT_GE(c.head_dim, 16);
             EXPECT_GT(c.table_rows(), 0);
             EXPECT_GE(c.latent_frames(49), 13);
         }},
        {R"({"_class_name":"AutoencoderKLCogVideoX","block_out_channels":[128,256,256,512],"layers_per_block":3,
"latent_channels":16,"norm_num_groups":32,"sample_height":480,"sample_width":720,"scaling_factor":0.7,"norm_eps":1e-6,
"invert_scale_latents":true,"act_fn":"silu","use_quant_conv":false,"shift_factor":null})",
         [](const std::string& text) {
             const VaeConfig c = batched::parse_vae_config(text, "config.json");
             EXPECT_FALSE(batched::vae_tensors(c).empty());
             static_cast<void>(test::refusal([&] { batched::check_tiles(c); }));
         }}};
}

TEST(CogVideoXHostile, ConfigurationsAreRefusedOrSound) {
    test::Random random(test::test_seed());
    for (const test::ConfigReader& reader : readers()) test::read_hostile_configs(reader, random);
}

// Each would divide by zero, overflow or fail in the middle of a clip.
TEST(CogVideoXHostile, ConfigurationsThatNoModelCanHave) {
    const auto refused = [](const std::string& text, const char* key) {
        const auto error = test::refusal([&] { static_cast<void>(parse_transformer_config(text, "config.json")); });
        ASSERT_TRUE(error) << text;
        EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
        EXPECT_NE(std::string(error->what()).find(key), std::string::npos) << error->what();
    };
    const std::string table = R"("use_rotary_positional_embeddings": true, "use_learned_positional_embeddings": true)";
    refused("{" + table + R"(, "sample_frames": 1})", "sample_frames");
    refused("{" + table + R"(, "sample_width": 91})", "sample_width");
    refused(R"({"patch_size_t": 2})", "use_rotary_positional_embeddings");
    refused(R"({"num_attention_heads": 1024, "attention_head_dim": 128})", "num_attention_heads");
    refused(R"({"num_layers": 1025})", "num_layers");
    refused(R"({"sample_height": 513})", "sample_height");
    refused(R"({"sample_frames": 4097})", "sample_frames");
    const auto vae = [](const std::string& text) {
        return test::refusal([&] { static_cast<void>(batched::parse_vae_config(text, "config.json")); });
    };
    EXPECT_TRUE(vae(R"({"block_out_channels": [8193, 8, 8, 8], "norm_num_groups": 1})"));
    EXPECT_TRUE(vae(R"({"latent_channels": 1025})"));
    EXPECT_TRUE(vae(R"({"sample_width": 4097})"));
}

TEST(CogVideoXHostile, FilesAreRefusedOrSound) {
    const test::TemporaryFolder folder;
    test::Random random(test::test_seed());
    const auto whole = transformer({3072, 32, true, false, true});
    EXPECT_EQ(refusal_of(folder, whole), "");
    for (int i = 0; i < 150 && !HasFailure(); ++i) {
        auto tensors = whole;
        Tensor& one = tensors[random.below(tensors.size())];
        switch (random.below(4)) {
            case 0: tensors.erase(tensors.begin() + (&one - tensors.data())); break;
            case 1: one.name += "x"; break;
            case 2: one.shape.push_back(1 + static_cast<int64_t>(random.below(3))); break;
            default: one.shape.front() = static_cast<int64_t>(random.below(5)); break;
        }
        static_cast<void>(refusal_of(folder, tensors));
    }
    const std::string bytes = test::safetensors_of_ones(whole);
    for (size_t cut = 0; cut < 4000; cut += 37) {
        const std::string path = folder.write("m.safetensors", bytes.substr(0, cut));
        test::judge([&] { static_cast<void>(find_parts(path, {})); },
                    {ZT_ERROR_WEIGHTS, ZT_ERROR_UNSUPPORTED, ZT_ERROR_NOT_FOUND});
    }
}

TEST(CogVideoXPlan, BatchesAndTiles) {
    EXPECT_EQ(batched::batch_at(true, 13, 0).count, 3);
    EXPECT_EQ(batched::batch_at(true, 13, 3).count, 2);
    EXPECT_EQ(batched::batch_at(true, 1, 0).count, 1);
    EXPECT_EQ(batched::batch_at(false, 17, 0).count, 9);
    EXPECT_EQ(batched::frames_of_batch(3) + 5 * batched::frames_of_batch(2), 49);
    const batched::Tiles t = batched::tiles({});
    EXPECT_EQ(t.height, 30);
    EXPECT_EQ(t.width, 45);
    EXPECT_EQ(t.stride_y, 25);
    EXPECT_EQ(t.stride_x, 36);
    EXPECT_EQ(t.blend_y(8), 40);
    EXPECT_EQ(t.blend_x(8), 72);
    EXPECT_FALSE(test::refusal([] { batched::check_tiles({}); }));
    batched::VaeConfig odd;
    odd.sample_height = 500;
    EXPECT_TRUE(test::refusal([&] { batched::check_tiles(odd); }));
}

// First what is kept is halved, then tiles; and never tiles that were refused.
TEST(CogVideoXPlan, TheAutoencoderFitsWhatThereIs) {
    const test::TemporaryFolder folder;
    ModelParts parts =
        find_parts(folder.write("m.safetensors", test::safetensors_of_ones(transformer({1920, 16}))), {});
    const auto coding = [&](uint64_t gigabytes) {
        PlanRequest request;
        const load::MemoryPlan plan = plan_within(parts, request, gigabytes * 1'000'000'000);
        return std::pair(request.coding, plan.least_peak() <= gigabytes * 1'000'000'000);
    };
    EXPECT_FALSE(coding(20).first.tiled || coding(20).first.half_history);
    EXPECT_TRUE(coding(10).first.half_history && !coding(10).first.tiled && coding(10).second);
    EXPECT_TRUE(coding(5).first.tiled && coding(5).second);
    parts.tiling = false;
    EXPECT_FALSE(coding(5).second);
    parts.tiling = true;
    EXPECT_TRUE(coding(20).first.tiled);
}

}  // namespace
}  // namespace zt::cogvideox
