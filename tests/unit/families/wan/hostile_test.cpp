// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Files of Wan that want to hurt: mutants, prefixes and flipped bits of each configuration, of every layout's names and
// of shapes that lost sizes. What is accepted is sound, what is refused says so in the usual form and in no time.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "autoencoders/causal_names.h"
#include "checkpoint_draft.h"
#include "encoders/t5_config.h"
#include "encoders/t5_tokenizer.h"
#include "families/hostile_files.h"
#include "families/wan/detection.h"
#include "families/wan/names.h"
#include "families/wan/parts.h"
#include "gguf_draft.h"
#include "load/part_checks.h"
#include "load/standard_form.h"
#include "probe.h"
#include "seed.h"

namespace zt::wan {
namespace {

using Shape = std::vector<int64_t>;

// ---- Shapes that containers took apart ----

TEST(StandardForm, ShapesAreRestored) {
    const Shape patch = {-1, -1, 1, 2, 2}, table = {1, 6, -1}, places = {1, -1, -1};
    using load::restored_shape;
    EXPECT_EQ(restored_shape({1536 * 16, 1, 2, 2}, patch, 1536), (Shape{1536, 16, 1, 2, 2}));
    EXPECT_EQ(restored_shape({1536, 64}, patch, 1536), (Shape{1536, 16, 1, 2, 2}));
    EXPECT_EQ(restored_shape({1536 * 64}, patch, 1536), (Shape{1536, 16, 1, 2, 2}));
    EXPECT_EQ(restored_shape({6, 1536}, table, 0), (Shape{1, 6, 1536}));
    EXPECT_EQ(restored_shape({6 * 1536}, table, 0), (Shape{1, 6, 1536}));
    EXPECT_EQ(restored_shape({514, 1280}, places, 0), (Shape{1, 514, 1280}));
    for (const auto& [got, wanted, rows] : std::vector<std::tuple<Shape, Shape, int64_t>>{
             {{1536 * 16, 1, 2, 2}, patch, 0},    // without a bias the two sizes are one number
             {{1536 * 64 + 1}, patch, 1536},      // does not divide
             {{514 * 1280}, places, 0},           // two sizes, one number
             {{5, 1536}, table, 0},               // not six rows
             {{1536, 16, 1, 2, 2}, patch, 1536},  // whole already
             {{0}, patch, 1536},
             {{}, patch, 1536},
             {{6, 1536}, {}, 0}})
        EXPECT_FALSE(restored_shape(got, wanted, rows).has_value());
}

// ---- Configurations ----

void judge(const std::function<void()>& call) {
    test::judge(call, {ZT_ERROR_WEIGHTS, ZT_ERROR_UNSUPPORTED, ZT_ERROR_NOT_FOUND});
}

std::vector<test::ConfigReader> readers() {
    return {
        {R"({"_class_name":"WanTransformer3DModel","num_attention_heads":12,"attention_head_dim":128,"in_channels":16,
"out_channels":16,"num_layers":30,"ffn_dim":8960,"text_dim":4096,"freq_dim":256,"image_dim":null,"pos_embed_seq_len":null,
"patch_size":[1,2,2],"qk_norm":"rms_norm_across_heads","cross_attn_norm":true})",
         [](const std::string& text) {
             const TransformerConfig c = parse_transformer_config(text, "config.json");
             EXPECT_LE(c.width() * c.ffn_dim, int64_t{1} << 61);  // far from overflowing
             EXPECT_GE(c.head_dim, 6);
         }},
        {R"({"_class_name":"WanModel","dim":1536,"num_heads":12,"model_type":"t2v","in_dim":16})",
         [](const std::string& text) { EXPECT_GE(parse_original_heads(text, "config.json"), 0); }},
        {R"({"_class_name":"AutoencoderKLWan","base_dim":96,"z_dim":2,"dim_mult":[1,2,4,4],"num_res_blocks":2,
"temperal_downsample":[false,true,true],"is_residual":false,"patch_size":1,"latents_mean":[0.5,1],"latents_std":[1,2]})",
         [](const std::string& text) {
             const VaeConfig c = parse_vae_config(text, "config.json");
             EXPECT_EQ(c.mean.size(), static_cast<size_t>(c.z_dim));
             EXPECT_EQ(c.std.size(), static_cast<size_t>(c.z_dim));
             EXPECT_FALSE(vae_tensors(c).empty());
         }},
        {R"({"model_type":"umt5","vocab_size":256384,"d_model":4096,"d_kv":64,"num_heads":64,"d_ff":10240,"num_layers":24,
"relative_attention_num_buckets":32,"relative_attention_max_distance":128,"feed_forward_proj":"gated-gelu"})",
         [](const std::string& text) { EXPECT_GT(encoders::parse_t5_config(text, "config.json").width(), 0); }}};
}

TEST(WanHostile, ConfigurationsAreRefusedOrSound) {
    test::Random random(test::test_seed());
    for (const test::ConfigReader& reader : readers()) test::read_hostile_configs(reader, random);
}

// ---- Names and headers of whole files ----

// All parts of a model as far as names and shapes go; every tensor of bytes has the value 1.
using Tensor = test::ShapedTensor;
TransformerConfig tiny() {
    TransformerConfig c;
    c.heads = 1, c.layers = 2, c.ffn_dim = 4, c.text_dim = 3, c.freq_dim = 2, c.in_channels = 36, c.image_dim = 2;
    c.image_tokens = 4;
    return c;
}
std::vector<Tensor> transformer() {
    std::vector<Tensor> all;
    for (const std::string& name : transformer_tensors(tiny())) {
        const bool fused = name.find("qkv") != name.npos;
        Shape shape = {fused ? 3 * 128 : 128, 2};
        if (name == "patch_embedding.weight") shape = {128, 36, 1, 2, 2};
        if (name == "head.head.weight") shape = {64, 2};
        if (name == "blocks.0.ffn.0.weight") shape = {4, 2};
        if (name == "text_embedding.0.weight") shape = {128, 3};
        if (name.find("kv") != name.npos && !fused) shape = {256, 2};
        if (name == "head.modulation") shape = {1, 2, 128};
        if (name.ends_with(".modulation") && name[0] == 'b') shape = {1, 6, 128};
        if (name == "img_emb.emb_pos") shape = {1, 4, 2};
        if (name.ends_with(".bias") || name.find("norm") != name.npos) shape.resize(1);
        all.push_back({name, shape});
    }
    return all;
}

std::string gguf(const std::vector<Tensor>& tensors, bool four) {
    test::GgufDraft draft;
    for (const Tensor& t : tensors) {
        Shape shape = t.shape;
        while (four && shape.size() > 1 && shape.front() == 1) shape.erase(shape.begin());
        if (four && shape.size() > 4) shape = {shape[0] * shape[1], shape[2], shape[3], shape[4]};
        uint64_t size = 2;
        for (const int64_t n : shape) size *= static_cast<uint64_t>(n);
        draft.tensors.push_back({t.name, {shape.rbegin(), shape.rend()}, 1, draft.data.size(), {}});  // F16
        draft.data.append((size + 31) / 32 * 32, '\x3c');
    }
    return draft.file();
}

TEST(WanHostile, AWholeFilePassesInBothContainers) {
    const test::TemporaryFolder folder;
    for (const auto& [name, content] :
         {std::pair("m.safetensors", test::safetensors_of_ones(transformer())),
          std::pair("m.gguf", gguf(transformer(), false)), std::pair("four.gguf", gguf(transformer(), true))}) {
        const std::string path = folder.write(name, content);
        const auto error = test::refusal([&] {
            const ModelParts parts = find_parts(path, {});
            EXPECT_EQ(parts.transformer.in_channels, 36);
            EXPECT_EQ(parts.transformer.image_tokens, 4);
            EXPECT_EQ(parts.missing.size(), 4u);
        });
        EXPECT_FALSE(error) << name << ": " << error->what();
        EXPECT_EQ(detect(path).fit, families::Detection::Fit::kOurs);
    }
}

// One tensor is renamed, taken away, doubled or shaped otherwise.
std::vector<Tensor> mutant(std::vector<Tensor> tensors, test::Random& random) {
    constexpr std::array<const char*, 8> kWords = {"",   ".",          "x",        "blocks.9",
                                                   "{}", "modulation", "\xC3\xA9", "blocks.0.self_attn.q.weight"};
    for (size_t n = 1 + random.below(3); n > 0; --n) {
        const size_t at = random.below(tensors.size());
        switch (random.below(6)) {
            case 0: tensors.erase(tensors.begin() + static_cast<ptrdiff_t>(at)); break;
            case 1:
                tensors[at].name += ".";
                tensors[at].name += random.pick(kWords);
                break;
            case 2: tensors[at].name = std::string(random.pick(kWords)) + tensors[at].name; break;
            case 3: tensors[at].name.resize(random.below(tensors[at].name.size() + 1)); break;
            case 4: tensors[at].shape.push_back(static_cast<int64_t>(random.below(3))); break;
            default: tensors[at].shape = Shape(random.below(6), static_cast<int64_t>(random.below(4))); break;
        }
        for (Tensor& t : tensors)
            if (t.name.empty()) t.name = "n" + std::to_string(random.below(1000));
    }
    return tensors;
}

TEST(WanHostile, MutantsOfNamesAndShapesAreRefusedOrSound) {
    const test::TemporaryFolder folder;
    test::Random random(test::test_seed());
    const std::vector<Tensor> whole = transformer();
    for (int i = 0; i < 600 && !HasFailure(); ++i) {
        const std::vector<Tensor> tensors = mutant(whole, random);
        const bool as_gguf = random.one_in(2);
        const std::string path =
            folder.write(as_gguf ? "m.gguf" : "m.safetensors",
                         as_gguf ? gguf(tensors, random.one_in(2)) : test::safetensors_of_ones(tensors));
        static_cast<void>(detect(path));
        judge([&] {
            const ModelParts parts = find_parts(path, {});
            static_cast<void>(load::warnings_of_values(part_rows(parts)));
            static_cast<void>(lora_base(parts, false));
        });
    }
}

TEST(WanHostile, PrefixesAndBitsOfAFileAreRefusedOrSound) {
    const test::TemporaryFolder folder;
    const std::string good = test::safetensors_of_ones(transformer());
    const size_t header = good.find('}', good.rfind("data_offsets")) + 1;
    test::Random random(test::test_seed());
    for (int i = 0; i < 200 && !HasFailure(); ++i) {
        const std::string path = folder.write("m.safetensors", good.substr(0, random.below(good.size())));
        EXPECT_TRUE(test::refusal([&] { static_cast<void>(find_parts(path, {})); }));
    }
    for (int i = 0; i < 1500 && !HasFailure(); ++i) {
        std::string text = good;
        const size_t bit = random.below(header * 8);
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
        const std::string path = folder.write("m.safetensors", text);
        static_cast<void>(detect(path));
        judge([&] { static_cast<void>(find_parts(path, {})); });
    }
}

// Merges: each section may be the one that is damaged.
TEST(WanHostile, MutantsOfMergesAreRefusedOrSound) {
    const test::TemporaryFolder folder;
    std::vector<Tensor> whole;
    for (Tensor t : transformer()) t.name = "model.diffusion_model." + t.name, whole.push_back(std::move(t));
    for (const std::string& name : vae_tensors(autoencoders::plain_vae())) {
        Shape shape = {2, 2, 1, 1, 1};
        if (name == "decoder.conv_in.weight") shape = {384, 16, 1, 1, 1};
        if (name.ends_with("bias")) shape = {2};
        whole.push_back({"vae." + name, shape});
    }
    const std::string t5 = "text_encoders.umt5xxl.transformer.encoder.";
    for (const char* name :
         {"block.0.layer.0.SelfAttention.q", "block.0.layer.0.SelfAttention.k", "block.0.layer.0.SelfAttention.v",
          "block.0.layer.0.SelfAttention.o", "block.0.layer.0.SelfAttention.relative_attention_bias",
          "block.0.layer.1.DenseReluDense.wi_0", "block.0.layer.1.DenseReluDense.wi_1",
          "block.0.layer.1.DenseReluDense.wo", "block.0.layer.0.layer_norm", "block.0.layer.1.layer_norm",
          "final_layer_norm", "embed_tokens"})
        whole.push_back({t5 + name + ".weight", {4, std::string(name) == "embed_tokens" ? 3 : 2}});
    whole.push_back({"text_encoders.spiece_model", {7}});
    const auto accepted = [&](const std::vector<Tensor>& tensors) {
        const std::string path = folder.write("m.safetensors", test::safetensors_of_ones(tensors));
        std::string said;
        judge([&] {
            try {
                static_cast<void>(find_parts(path, {}));
            } catch (const Error& error) {
                said = error.what();
                throw;
            }
        });
        return said;
    };
    EXPECT_EQ(accepted(whole), "");
    std::vector<Tensor> more = whole;
    more.push_back({"unknown.weight", {2}});
    EXPECT_NE(accepted(more).find("tensor \"unknown.weight\": expected the prefix of a part"), std::string::npos);
    test::Random random(test::test_seed());
    for (int i = 0; i < 200 && !HasFailure(); ++i) static_cast<void>(accepted(mutant(whole, random)));
}

TEST(WanHostile, ATokenizerIsNotGuessed) {
    const test::TemporaryFolder folder;
    std::vector<std::string> warnings;
    const auto refused = [&](const std::string& path, const char* words) {
        const auto error = test::refusal([&] {
            static_cast<void>(
                encoders::open_t5_tokenizer(encoders::find_t5_tokenizer("tokenizer", path, {}, warnings)));
        });
        ASSERT_TRUE(error) << path;
        EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
        EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
    };
    refused(folder.write("vocab.txt", "a\nb\n"), "expected tokenizer.json, spiece.model or a text encoder");
    refused(folder.write("tokenizer.json", "[]"), "tokenizer.json");
    refused(folder.write("spiece.model", "{}"), "spiece.model: expected");
    refused(folder.write("t.safetensors", test::safetensors_of_ones({{"shared.weight", {2, 2}}})), "spiece_model");
    refused(folder.write("t.safetensors", test::safetensors_of_ones({{"spiece_model", {9}}})),
            "expected bytes, got F8_E4M3");
    test::TemporaryFolder empty;
    refused(empty.path(), "expected tokenizer.json or spiece.model in");
}

}  // namespace
}  // namespace zt::wan
