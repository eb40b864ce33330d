// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names, configurations and detection of Wan files, without LibTorch. That the tensors behind the names are the right
// ones is proven against the reference in tests/parity.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <set>

#include "autoencoders/causal_names.h"
#include "checkpoint_draft.h"
#include "encoders/t5_config.h"
#include "families/wan/config.h"
#include "families/wan/detection.h"
#include "families/wan/names.h"
#include "families/wan/parts.h"
#include "probe.h"
#include "weights/checkpoint.h"

namespace zt::wan {
namespace {

using Fit = families::Detection::Fit;

std::string placed(const load::PartNames& names, std::string_view name) {
    const auto p = names.place(name);
    return p ? p->name() + " " + std::to_string(p->piece) + "/" + std::to_string(p->pieces) : "";
}

TEST(WanNames, BothSpellingsOfEachTensor) {
    const std::pair<const char*, const char*> rows[] = {
        {"blocks.7.self_attn.k.bias", "blocks.7.attn1.to_k.bias"},
        {"blocks.7.self_attn.o.weight", "blocks.7.attn1.to_out.0.weight"},
        {"blocks.7.norm3.weight", "blocks.7.norm2.weight"},
        {"blocks.7.cross_attn.v.weight", "blocks.7.attn2.to_v.weight"},
        {"blocks.7.cross_attn.v_img.weight", "blocks.7.attn2.add_v_proj.weight"},
        {"blocks.7.ffn.2.weight", "blocks.7.ffn.net.2.weight"},
        {"blocks.7.modulation", "blocks.7.scale_shift_table"},
        {"head.modulation", "scale_shift_table"},
        {"head.head.weight", "proj_out.weight"},
        {"time_projection.1.weight", "condition_embedder.time_proj.weight"},
        {"img_emb.emb_pos", "condition_embedder.image_embedder.pos_embed"}};
    for (const auto& [original, diffusers] : rows) {
        EXPECT_NE(placed(transformer_names(), original), "") << original;
        EXPECT_EQ(placed(transformer_names(), original), placed(transformer_names(), diffusers)) << diffusers;
        for (const char* prefix :
             {"model.diffusion_model.", "diffusion_model.", "generator_ema.model.", "generator_ema.",
              "generator.model.", "generator.", "model.", "transformer.", "generator_ema._fsdp_wrapped_module.",
              "_orig_mod.model.", "model._fsdp_wrapped_module._checkpoint_wrapped_module."})
            EXPECT_EQ(placed(transformer_names(), std::string(prefix) + original),
                      placed(transformer_names(), original))
                << prefix;
    }
    EXPECT_EQ(placed(transformer_names(), "blocks.7.self_attn.v.weight"), "blocks.7.self_attn.qkv.weight 2/3");
    EXPECT_EQ(placed(transformer_names(), "blocks._orig_mod.7._fsdp_wrapped_module.self_attn._orig_mod.v.weight"),
              "blocks.7.self_attn.qkv.weight 2/3");
    EXPECT_EQ(placed(transformer_names(), "blocks.7.self_attn.q.scale_weight"),
              "blocks.7.self_attn.qkv.scale_weight 0/3");
    for (const char* other : {"", ".", "blocks.x.norm3.weight", "blocks.7.norm3", "vace_blocks.0.norm3.weight",
                              "blocks.7.modulation.weight", "blocks.7.own_orig_mod.norm3.weight"})
        EXPECT_EQ(placed(transformer_names(), other), "") << other;
    EXPECT_TRUE(transformer_names().is_ignored("blocks.0.attn2.norm_added_q.weight"));
    EXPECT_FALSE(transformer_names().is_ignored("blocks.0.other.weight"));
}

TEST(WanNames, AutoencodersInFourSpellings) {
    const std::pair<const char*, const char*> rows[] = {
        {"encoder.downsamples.4.residual.6.weight", "encoder.down_blocks.4.conv2.weight"},  // 2.1
        {"encoder.downsamples.5.time_conv.bias", "encoder.down_blocks.5.time_conv.bias"},
        {"encoder.downsamples.3.shortcut.weight", "encoder.down_blocks.3.conv_shortcut.weight"},
        {"decoder.upsamples.9.residual.0.gamma", "decoder.up_blocks.2.resnets.1.norm1.gamma"},
        {"decoder.upsamples.7.resample.1.weight", "decoder.up_blocks.1.upsamplers.0.resample.1.weight"},
        {"decoder.upsamples.14.residual.2.bias", "decoder.up_blocks.3.resnets.2.conv1.bias"},
        {"decoder.middle.1.to_qkv.weight", "decoder.mid_block.attentions.0.to_qkv.weight"},
        {"decoder.middle.2.residual.3.gamma", "decoder.mid_block.resnets.1.norm2.gamma"},
        {"conv1.weight", "quant_conv.weight"},
        {"conv2.bias", "post_quant_conv.bias"},
        {"encoder.conv1.weight", "encoder.conv_in.weight"},
        {"decoder.head.0.gamma", "decoder.norm_out.gamma"},
        {"encoder.downsamples.1.downsamples.0.residual.2.weight",
         "encoder.down_blocks.1.resnets.0.conv1.weight"},  // 2.2
        {"encoder.downsamples.1.downsamples.2.time_conv.weight", "encoder.down_blocks.1.downsampler.time_conv.weight"},
        {"decoder.upsamples.2.upsamples.3.resample.1.bias", "decoder.up_blocks.2.upsampler.resample.1.bias"}};
    for (const auto& [original, diffusers] : rows) {
        EXPECT_NE(placed(vae_names(), original), "") << original;
        EXPECT_EQ(placed(vae_names(), original), placed(vae_names(), diffusers)) << diffusers;
        EXPECT_EQ(placed(vae_names(), std::string("vae.") + original), placed(vae_names(), original));
    }
    for (const char* other :
         {"", "encoder.", "decoder.upsamples.", "decoder.upsamples.9", "decoder.upsamples.-1.residual.2.bias",
          "decoder.upsamples.99999999999.residual.2.bias", "blocks.0.modulation"})
        EXPECT_EQ(placed(vae_names(), other), "") << other;
}

std::string checkpoint(const std::vector<std::pair<std::string, std::string>>& tensors) {
    test::Draft draft;
    for (const auto& [name, shape] : tensors) {
        const size_t at = draft.tensors.size();
        draft.tensors.push_back(test::draft_tensor(name, "U8", shape, at, at + 1));
    }
    draft.data.assign(tensors.size(), 'x');
    return draft.file();
}

TEST(WanDetection, ByOneTensorInEverySpelling) {
    const test::TemporaryFolder folder;
    for (const char* name : {"blocks.0.cross_attn.norm_q.weight",
                             "model.diffusion_model.blocks.0.cross_attn.norm_q.weight", "blocks.0.attn2.norm_q.weight"})
        EXPECT_EQ(detect(folder.write("m.safetensors", checkpoint({{name, "[1]"}}))).fit, Fit::kOurs) << name;
    for (const char* name : {"blocks.0.norm1.weight", "double_blocks.0.img_attn_qkv.weight"})
        EXPECT_EQ(detect(folder.write("m.safetensors", checkpoint({{name, "[1]"}}))).fit, Fit::kNone) << name;
    EXPECT_EQ(detect(folder.write("m.safetensors", "PK\x03\x04 and more")).fit, Fit::kNone);
    EXPECT_EQ(detect(folder.path("nowhere")).fit, Fit::kNone);
    // The original repository's folder of A14B.
    std::filesystem::create_directories(folder.path("a14b/high_noise_model"));
    EXPECT_EQ(detect(folder.path("a14b")).fit, Fit::kNone);
    folder.write("a14b/high_noise_model/config.json", R"({"_class_name":"WanModel","num_heads":40})");
    EXPECT_EQ(detect(folder.path("a14b")).fit, Fit::kOurs);
}

TEST(WanDetection, OtherKindsAreRefusedByName) {
    const test::TemporaryFolder folder;
    const auto refusal = [&](const std::vector<std::pair<std::string, std::string>>& tensors) -> std::string {
        try {
            (void)find_parts(folder.write("m.safetensors", checkpoint(tensors)), {});
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    EXPECT_NE(refusal({{"blocks.0.cross_attn.norm_q.weight", "[1]"}, {"vace_blocks.0.norm3.weight", "[1]"}})
                  .find("got VACE (tensor \"vace_blocks.0.norm3.weight\")"),
              std::string::npos);
    EXPECT_NE(refusal({{"control_adapter.conv.weight", "[1]"}, {"blocks.0.cross_attn.norm_q.weight", "[1]"}})
                  .find("Fun (camera)"),
              std::string::npos);
    EXPECT_NE(refusal({{"blocks.0.cross_attn.norm_q.weight", "[1]"}}).find("expected a Wan transformer, got none"),
              std::string::npos);
}

TEST(WanConfig, WrongKeysAreNamed) {
    const auto refusal = [](const std::function<void()>& parse) -> std::string {
        try {
            parse();
        } catch (const Error& error) {
            return error.what();
        }
        return "";
    };
    const auto transformer = [&](const std::string& text) {
        return refusal([&] { (void)parse_transformer_config(text, "c"); });
    };
    EXPECT_EQ(transformer("{}"), "");
    EXPECT_NE(transformer(R"({"patch_size": [1, 4, 4]})").find("c: patch_size"), std::string::npos);
    EXPECT_NE(transformer(R"({"qk_norm": "layer_norm"})").find("c: qk_norm"), std::string::npos);
    EXPECT_NE(transformer(R"({"num_layers": -1})").find("c: num_layers"), std::string::npos);
    EXPECT_NE(transformer(R"({"attention_head_dim": 4})").find("c: attention_head_dim"), std::string::npos);
    const auto vae = [&](const std::string& text) { return refusal([&] { (void)parse_vae_config(text, "v"); }); };
    EXPECT_EQ(vae("{}"), "");
    EXPECT_EQ(
        parse_vae_config(
            R"({"is_residual": true, "base_dim": 160, "decoder_base_dim": 256, "z_dim": 48, "patch_size": 2})", "v")
            .mean.size(),
        48U);
    EXPECT_NE(vae(R"({"z_dim": 8})").find("latents_mean"), std::string::npos);
    EXPECT_NE(vae(R"({"latents_std": [1, 2]})").find("v: latents_std"), std::string::npos);
    EXPECT_NE(vae(R"({"temperal_downsample": [true, true, true]})").find("v: temperal_downsample"), std::string::npos);
}

// The embeddings under either name, or both.
TEST(WanTextEncoder, ShapesTellInEverySpelling) {
    const test::TemporaryFolder folder;
    const auto config = [&](const std::vector<std::string>& embeddings, const std::string& layer,
                            const std::string& bias, const std::string& query, const std::string& gate) {
        test::Draft draft;
        const auto add = [&](const std::string& name, int64_t rows, int64_t columns) {
            const auto size = static_cast<uint64_t>(rows * columns), at = static_cast<uint64_t>(draft.data.size());
            draft.tensors.push_back(test::draft_tensor(
                name, "U8", "[" + std::to_string(rows) + ", " + std::to_string(columns) + "]", at, at + size));
            draft.data.append(size, 'x');
        };
        for (const std::string& name : embeddings) add(name, 9, 4);
        for (int i = 0; i < 2; i++) {
            const std::string number = std::to_string(i);
            add(layer + number + bias, 8, 2), add(layer + number + query, 6, 4), add(layer + number + gate, 5, 4);
        }
        return encoders::t5_config_of(weights::Checkpoint::open(folder.write("t5.safetensors", draft.file())));
    };
    const auto transformers = [&](const std::vector<std::string>& embeddings) {
        return config(embeddings, "encoder.block.", ".layer.0.SelfAttention.relative_attention_bias.weight",
                      ".layer.0.SelfAttention.q.weight", ".layer.1.DenseReluDense.wi_0.weight");
    };
    for (const encoders::T5Config& c :
         {transformers({"shared.weight"}), transformers({"encoder.embed_tokens.weight"}),
          transformers({"shared.weight", "encoder.embed_tokens.weight"}),
          config({"token_embedding.weight"}, "blocks.", ".pos_embedding.embedding.weight", ".attn.q.weight",
                 ".ffn.gate.0.weight"),
          config({"token_embd.weight"}, "enc.blk.", ".attn_rel_b.weight", ".attn_q.weight", ".ffn_gate.weight")}) {
        EXPECT_EQ(c.vocab, 9);
        EXPECT_EQ(c.d_model, 4);
        EXPECT_EQ(c.layers, 2);
        EXPECT_EQ(c.buckets, 8);
        EXPECT_EQ(c.heads, 2);
        EXPECT_EQ(c.d_kv, 3);
        EXPECT_EQ(c.d_ff, 5);
        EXPECT_TRUE(c.own_positions);
    }
}

}  // namespace
}  // namespace zt::wan
