// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names, configurations and parts of HunyuanVideo files, without LibTorch. That the tensors behind
// the names are the right ones is proven against the reference in tests/parity.
#include <gtest/gtest.h>

#include <set>

#include "checkpoint_draft.h"
#include "families/hunyuan_video/config.h"
#include "families/hunyuan_video/detection.h"
#include "families/hunyuan_video/memory_plan.h"
#include "families/hunyuan_video/name_map.h"
#include "families/hunyuan_video/parts.h"
#include "load/lora_names.h"
#include "probe.h"
#include "seed.h"

namespace zt::hunyuan_video {
namespace {

using namespace encoders;
using namespace load;

using Fit = families::Detection::Fit;

std::string placed(Part part, std::string_view name) {
    const auto p = names_of(part).place(name);
    return p ? p->name() + " " + std::to_string(p->piece) + "/" + std::to_string(p->pieces) : "";
}

TEST(NameMap, the_published_model_has_856_tensors_under_our_names_and_1264_under_those_of_diffusers) {
    std::set<std::string> ours, diffusers;
    size_t originals = 0, theirs = 0;
    for (const load::Spelled& s : all_spellings(20, 40, 2)) {
        const bool norm = s.placed.module.ends_with("q_norm") || s.placed.module.ends_with("k_norm");
        const size_t leaves = norm ? 1 : 2;
        if (ours.insert(s.placed.module).second) originals += leaves;
        const bool is_diffusers = s.spelling.find("transformer_blocks") != s.spelling.npos ||
                                  s.spelling.starts_with("context_embedder") ||
                                  s.spelling.starts_with("time_text_embed") || s.spelling == "x_embedder.proj" ||
                                  s.spelling == "proj_out" || s.spelling == "norm_out.linear";
        if (is_diffusers && diffusers.insert(s.spelling).second) theirs += leaves;
    }
    EXPECT_EQ(originals, 856u);
    EXPECT_EQ(theirs, 1264u);
}

TEST(NameMap, every_spelling_is_placed_where_the_list_says) {
    for (const load::Spelled& s : all_spellings(3, 3, 2)) {
        const auto found = names_of(Part::kTransformer).place(s.spelling + ".weight");
        ASSERT_TRUE(found) << s.spelling;
        EXPECT_EQ(found->module, s.placed.module);
        EXPECT_EQ(found->piece, s.placed.piece);
        EXPECT_EQ(found->pieces, s.placed.pieces);
        EXPECT_EQ(found->order, s.placed.order);
    }
}

TEST(NameMap, examples_of_each_spelling) {
    EXPECT_EQ(placed(Part::kTransformer, "single_transformer_blocks.39.proj_mlp.bias"),
              "single_blocks.39.linear1.bias 3/4");
    EXPECT_EQ(placed(Part::kTransformer, "model.model.double_blocks.7.img_attn.norm.query_norm.scale"),
              "double_blocks.7.img_attn_q_norm.weight 0/1");
    EXPECT_EQ(placed(Part::kLlm, "blk.31.attn_q.weight"), "layers.31.self_attn.q_proj.weight 0/1");
    EXPECT_EQ(placed(Part::kLlm, "language_model.model.layers.0.mlp.up_proj.weight_scale"),
              "layers.0.mlp.up_proj.weight_scale 0/1");
    EXPECT_EQ(placed(Part::kClipVision, "model.vision_tower.vision_model.embeddings.class_embedding"),
              "embeddings.class_embedding 0/1");
    EXPECT_EQ(placed(Part::kVae, "decoder.up_blocks.0.resnets.1.conv1.conv.weight"),
              "decoder.up_blocks.0.resnets.1.conv1.conv.weight 0/1");
    for (const char* name :
         {"double_blocks.00.img_attn_qkv.weight", "double_blocks.x.img_attn_qkv.weight", "double_blocks.0.img_attn_qkv",
          "weight", "", ".", "..weight", "double_blocks.99999.img_attn_qkv.weight", "lm_head.weight",
          "double_blocks.{}.img_attn_qkv.weight"})
        EXPECT_EQ(placed(Part::kTransformer, name), "") << name;
}

TEST(LoraNames, spellings_of_one_matrix) {
    const load::LoraNames names(all_spellings(20, 40, 2), {"Hunyuan_video_I2V_lora_"});
    for (const char* key : {"diffusion_model.double_blocks.3.img_attn_qkv.lora_A.weight",
                            "diffusion_model.double_blocks.3.img_attn.qkv.lora_down.weight",
                            "lora_unet_double_blocks_3_img_attn_qkv.lora_down.weight",
                            "Hunyuan_video_I2V_lora_double_blocks_3_img_attn_qkv.lora_down.weight",
                            "transformer.double_blocks.3.img_attn_qkv.lora_A.default.weight"}) {
        const auto found = names.resolve(key);
        ASSERT_TRUE(found) << key;
        EXPECT_EQ(found->placed.module, "double_blocks.3.img_attn_qkv");
        EXPECT_EQ(found->role, LoraRole::kDown);
    }
    const auto piece = names.resolve("transformer.transformer_blocks.3.attn.to_k.lora_B.weight");
    ASSERT_TRUE(piece);
    EXPECT_EQ(piece->placed.piece, 1);
    for (const char* key : {"base_model.model.transformer_blocks.3.attn.to_k.lora_A.weight",
                            "base_model.model.transformer.transformer_blocks.3.attn.to_k.lora_A.weight",
                            "transformer.transformer_blocks.3.attn.to_k.lora_A.motion.weight",
                            "transformer.transformer_blocks.3.attn.to_k.lora.down.weight",
                            "lora_transformer_transformer_blocks_3_attn_to_k.lora_down.weight"}) {
        const auto found = names.resolve(key);
        ASSERT_TRUE(found) << key;
        EXPECT_EQ(found->placed.module + " " + std::to_string(found->placed.piece), "double_blocks.3.img_attn_qkv 1")
            << key;
        EXPECT_EQ(found->role, LoraRole::kDown);
        EXPECT_EQ(found->module.find("transformer_blocks"), 0u) << found->module;
        EXPECT_EQ(found->adapter, std::string_view(key).find("motion") != std::string_view::npos ? "motion" : "");
        EXPECT_EQ(found->peft, std::string_view(key).starts_with("base_model."));
    }
    EXPECT_EQ(names.resolve("lora_unet_double_blocks_20_img_attn_qkv.alpha"), std::nullopt);
    EXPECT_EQ(names.resolve("lora_te_double_blocks_1_img_attn_qkv.alpha"), std::nullopt);
}

constexpr const char* kConfig =
    R"({"_class_name":"HunyuanVideoTransformer3DModel","in_channels":16,"out_channels":16,"num_attention_heads":4,
"attention_head_dim":24,"num_layers":2,"num_single_layers":3,"num_refiner_layers":2,"mlp_ratio":4.0,"patch_size":2,"patch_size_t":1,"qk_norm":"rms_norm",
"guidance_embeds":true,"text_embed_dim":64,"pooled_projection_dim":32,"rope_theta":256.0,"rope_axes_dim":[4,10,10],"image_condition_type":null})";

bool judge(const std::string& text) {
    const auto error = test::refusal([&] {
        const TransformerConfig c = parse_transformer_config(text, "transformer/config.json");
        // Products of sizes are used in the engine: they must be far from overflowing.
        EXPECT_LE(c.width() * c.mlp_width(), int64_t{1} << 50);
        EXPECT_EQ(c.rope_axes[0] + c.rope_axes[1] + c.rope_axes[2], c.head_dim);
    });
    if (!error) return true;
    EXPECT_TRUE(error->status() == ZT_ERROR_WEIGHTS || error->status() == ZT_ERROR_UNSUPPORTED) << error->what();
    EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
    return false;
}

TEST(Config, a_valid_one_is_read) {
    const TransformerConfig c = parse_transformer_config(kConfig, "config.json");
    EXPECT_EQ(c.width(), 96);
    EXPECT_EQ(c.rope_axes[2], 10);
    EXPECT_EQ(c.kind, Kind::kTextToVideo);
}

TEST(Config, wrong_values_are_refused_by_key) {
    const std::vector<std::array<std::string, 3>> cases = {
        {"\"in_channels\":16", "\"in_channels\":-1", "in_channels: expected an integer from 1"},
        {"\"num_layers\":2", "\"num_layers\":1e9", "num_layers: expected an integer"},
        {"[4,10,10]", "[4,10]", "rope_axes_dim: expected three numbers"},
        {"[4,10,10]", "[5,9,10]", "three even numbers"},
        {"[4,10,10]", "[4,10,12]", "sum to attention_head_dim = 24"},
        {"rms_norm", "layer_norm", "qk_norm: expected \"rms_norm\""},
        {"\"image_condition_type\":null", "\"image_condition_type\":\"x\"", "image_condition_type"},
        {"HunyuanVideoTransformer3DModel", "HunyuanVideo15Transformer3DModel",
         "_class_name: expected HunyuanVideoTransformer3DModel"},
    };
    for (const auto& [from, to, message] : cases) {
        std::string text = kConfig;
        text.replace(text.find(from), from.size(), to);
        const auto error = test::refusal([&] { static_cast<void>(parse_transformer_config(text, "config.json")); });
        ASSERT_TRUE(error) << to;
        EXPECT_NE(std::string(error->what()).find(message), std::string::npos) << error->what();
    }
}

// reliability.md A1 to A3
TEST(Config, mutants_prefixes_and_flipped_bits_are_refused_or_sound) {
    const std::string good = kConfig;
    ASSERT_TRUE(judge(good));
    for (size_t i = 0; i < good.size(); ++i) EXPECT_FALSE(judge(good.substr(0, i)));
    for (size_t bit = 0; bit < good.size() * 8 && !HasFailure(); ++bit) {
        std::string text = good;
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
        judge(text);
    }
    test::Random random(test::test_seed());
    const std::array<std::string, 8> values = {"0", "-1", "1e308", "9223372036854775807", "null", "[]", "\"\"", "true"};
    for (int i = 0; i < 10'000 && !HasFailure(); ++i) {
        std::string text = good;
        size_t colon = text.find(':', random.below(text.size()));
        if (colon == text.npos) colon = text.find(':');
        text.replace(colon + 1, text.find_first_of(",}", colon) - colon - 1, random.pick(values));
        judge(text);
        static_cast<void>(test::refusal([&] { static_cast<void>(parse_vae_config(text, "c")); }));
        static_cast<void>(test::refusal([&] { static_cast<void>(parse_llm_config(text, "c")); }));
        static_cast<void>(test::refusal([&] { static_cast<void>(parse_clip_text_config(text, "c")); }));
        static_cast<void>(test::refusal([&] { static_cast<void>(parse_clip_vision_config(text, "c")); }));
    }
}

TEST(Config, the_rotary_base_is_read_in_both_spellings) {
    EXPECT_EQ(parse_llm_config(R"({"rope_theta":500000.0})", "c").rope_theta, 500000.0);
    EXPECT_EQ(
        parse_llm_config(R"({"text_config":{"rope_parameters":{"rope_theta":500000.0,"rope_type":"default"}}})", "c")
            .rope_theta,
        500000.0);
    EXPECT_EQ(parse_llm_config("{}", "c").rope_theta, 10000.0);
    EXPECT_TRUE(
        test::refusal([&] { static_cast<void>(parse_llm_config(R"({"rope_scaling":{"rope_type":"llama3"}})", "c")); }));
    EXPECT_TRUE(test::refusal([&] { static_cast<void>(parse_llm_config(R"({"model_type":"qwen2"})", "c")); }));
    EXPECT_EQ(parse_clip_text_config(R"({"vocab_size":49408,"eos_token_id":2})", "c").eos, 49407);
}

TEST(Parts, unknown_keys_and_values_of_engine_opts_are_refused) {
    const test::TemporaryFolder folder;
    for (const EngineOptions& options :
         {EngineOptions{{"wae", "x"}}, EngineOptions{{"vae", "x"}, {"vae", "y"}}, EngineOptions{{"true_cfg", "0.5"}},
          EngineOptions{{"true_cfg", "nan"}}, EngineOptions{{"sampler", "diffusers original"}},
          EngineOptions{{"tiling", "fast"}}}) {
        const auto error = test::refusal([&] { static_cast<void>(find_parts(folder.path(), options)); });
        ASSERT_TRUE(error);
        EXPECT_EQ(error->status(), ZT_ERROR_ARGUMENT) << error->what();
        EXPECT_TRUE(std::string(error->what()).starts_with("engine_opts: ")) << error->what();
    }
}

TEST(Parts, what_is_not_ours_is_not_claimed_and_newer_versions_are_named) {
    const test::TemporaryFolder folder;
    EXPECT_NE(detect(folder.path()).fit, Fit::kOurs);
    EXPECT_NE(detect(folder.path("nothing")).fit, Fit::kOurs);
    EXPECT_NE(detect(folder.write("x.pt", "PK\x03\x04")).fit, Fit::kOurs);
    folder.write("model_index.json", R"({"_class_name":"WanPipeline"})");
    EXPECT_NE(detect(folder.path()).fit, Fit::kOurs);
    folder.write("model_index.json", R"({"_class_name":"HunyuanVideo15Pipeline"})");
    EXPECT_EQ(detect(folder.path()).fit, Fit::kOurs);
    const auto error = test::refusal([&] { static_cast<void>(find_parts(folder.path(), {})); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_UNSUPPORTED);
    EXPECT_NE(std::string(error->what()).find("got \"HunyuanVideo15Pipeline\""), std::string::npos) << error->what();
}

TEST(MemoryPlan, longer_and_larger_clips_need_more_and_decoding_does_not_grow_with_length) {
    const ModelParts parts;  // no files: activations alone
    const MemoryPlan small = plan_memory(parts, {.width = 512, .height = 320, .frames = 61});
    const MemoryPlan large = plan_memory(parts, {.width = 1280, .height = 720, .frames = 129});
    const MemoryPlan twice = plan_memory(parts, {.width = 1280, .height = 720, .frames = 257});
    EXPECT_LT(small.peak(), large.peak());
    EXPECT_LT(large.phase("denoise").data, twice.phase("denoise").data);
    EXPECT_EQ(twice.phase("decode").data - large.phase("decode").data,
              2u * 32 * 90 * 160 * 16 * 4);  // the latents alone
    // hunyuan-video.md: 118,800 video tokens of 3072 bf16 values; x, q, k, v and the result.
    const uint64_t row = 3072 * 2, tokens = 118'800;
    EXPECT_GT(large.phase("denoise").data, 5 * row * tokens);
    EXPECT_LT(large.phase("denoise").data, 8 * row * tokens);
}

TEST(MemoryPlan, sizes_read_well) {
    EXPECT_EQ(size_text(0), "0 B");
    EXPECT_EQ(size_text(25'640'000'000), "25.6 GB");
    EXPECT_EQ(size_text(493'000'000), "493 MB");
}

}  // namespace
}  // namespace zt::hunyuan_video
