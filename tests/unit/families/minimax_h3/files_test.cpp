// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names, configurations and shapes of MiniMax-H3's transformer, without LibTorch; hostile ones too. That the tensors
// behind the names are the right ones is proven against the reference in tests/parity.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "checkpoint_draft.h"
#include "families/hostile_files.h"
#include "families/minimax_h3/config.h"
#include "families/minimax_h3/names.h"
#include "load/standard_form.h"
#include "probe.h"
#include "seed.h"
#include "weights/checkpoint.h"

namespace zt::minimax_h3 {
namespace {

using Shape = std::vector<int64_t>;

std::string placed(std::string_view name, QkvOrder order = QkvOrder::kStacked) {
    const auto p = transformer_names(order).place(name);
    if (!p) return "";
    return p->name() + " " + std::to_string(p->piece) + "/" + std::to_string(p->pieces);
}

TEST(MiniMaxH3Names, BothSpellingsOfEachTensor) {
    const std::pair<const char*, const char*> rows[] = {
        {"video_patch_proj.weight", "proj_in.weight"},
        {"audio_patch_proj.bias", "audio_proj_in.bias"},
        {"condition_proj.weight", "context_embedder.weight"},
        {"time_embedder.proj_in.weight", "time_embedder.linear_1.weight"},
        {"time_embedder.proj_out.bias", "time_embedder.linear_2.bias"},
        {"token_refiner.blocks.1.norm2.weight", "token_refiner.refiner_blocks.1.norm2.weight"},
        {"token_refiner.blocks.1.mlp.fc1.weight", "token_refiner.refiner_blocks.1.ff.net.0.proj.weight"},
        {"blocks.49.attn.q_norm.weight", "transformer_blocks.49.attn.norm_q.weight"},
        {"blocks.7.attn.out_proj.weight", "transformer_blocks.7.attn.to_out.0.weight"},
        {"blocks.7.mlp.fc2.weight", "transformer_blocks.7.ff.net.2.weight"},
        {"blocks.7.adaln_proj.linear.bias", "transformer_blocks.7.adaln_proj.linear.bias"},
        {"final_layer.adaln_proj.linear.weight", "norm_out.linear.weight"},
        {"final_layer.norm.weight", "norm_out.norm.weight"},
        {"final_layer.video_out.weight", "proj_out.weight"},
        {"final_layer.audio_out.bias", "audio_proj_out.bias"}};
    for (const auto& [original, diffusers] : rows) {
        EXPECT_NE(placed(original), "") << original;
        EXPECT_EQ(placed(original), placed(diffusers)) << diffusers;
        for (const char* prefix : {"model.diffusion_model.", "diffusion_model.", "transformer."})
            EXPECT_EQ(placed(std::string(prefix) + original), placed(original)) << prefix;
    }
    EXPECT_EQ(placed("blocks.7.attn.qkv_proj.weight"), "blocks.7.attn.qkv.weight 0/1");
    EXPECT_EQ(placed("transformer_blocks.7.attn.to_v.weight"), "blocks.7.attn.qkv.weight 2/3");
    EXPECT_EQ(placed("blocks.7.attn.qkv_proj.weight_scale"), "blocks.7.attn.qkv.weight_scale 0/1");
    EXPECT_EQ(placed("model.diffusion_model.adaln_t_table"), "adaln_t_table 0/1");
    for (const char* other :
         {"", ".", "blocks.x.norm1.weight", "blocks.7.norm1", "blocks.7.attn.to_gate_compress.weight",
          "double_blocks.0.norm1.weight", "adaln_t_table.weight"})
        EXPECT_EQ(placed(other), "") << other;
    EXPECT_TRUE(transformer_names(QkvOrder::kStacked).is_ignored("model.diffusion_model.rope.inv_freq"));
    EXPECT_FALSE(transformer_names(QkvOrder::kStacked).is_ignored("blocks.0.other.weight"));
}

TEST(MiniMaxH3Names, OrderOfRowsIsThatOfTheFile) {
    using load::RowOrder;
    const auto order = [](std::string_view name, QkvOrder qkv) { return transformer_names(qkv).place(name)->order; };
    for (const char* list : {"blocks.3.", "token_refiner.blocks.1."}) {
        const std::string name = std::string(list) + "attn.qkv_proj.weight";
        EXPECT_EQ(order(name, QkvOrder::kStacked), RowOrder::kSame) << list;
        EXPECT_EQ(order(name, QkvOrder::kPerHead), RowOrder::kPerHead) << list;
        EXPECT_EQ(order(std::string(list) + "mlp.fc1.weight", QkvOrder::kPerHead), RowOrder::kSame);
    }
    for (const QkvOrder qkv : {QkvOrder::kStacked, QkvOrder::kPerHead}) {
        EXPECT_EQ(order("transformer_blocks.3.attn.to_q.weight", qkv), RowOrder::kSame);
        EXPECT_EQ(order("transformer_blocks.3.ff.net.0.proj.weight", qkv), RowOrder::kSwapHalves);
    }
}

TEST(MiniMaxH3Names, CountOfTensors) {
    TransformerConfig c;
    const std::vector<std::string> all = transformer_tensors(c);
    EXPECT_EQ(all.size(), 534U);  // the release has one more: frequencies, which are computed
    EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
    c.table_points = 1025;
    EXPECT_EQ(transformer_tensors(c).size(), 531U);  // of the 532 of a pruned file
}

TEST(MiniMaxH3Names, KindIsTakenFromThePath) {
    for (const char* path : {"/m/MiniMax-H3/transformer_ref", "minimax_h3_ref2va_bf16.safetensors",
                             "/x/Ref2VA/transformer", "/fl2va-and-others/MiniMax-H3-REF2VA.gguf"})
        EXPECT_TRUE(is_reference_model(path)) << path;
    for (const char* path : {"", "/m/transformer", "minimax_h3_fl2va_bf16.safetensors", "/m/FL2VA/transformer",
                             "/ref2va/minimax_h3_fl2va.safetensors", "/preferences/h3.safetensors"})
        EXPECT_FALSE(is_reference_model(path)) << path;
}

// ---- Whole files ----

TransformerConfig tiny() {
    TransformerConfig c;
    c.heads = 3, c.head_dim = 16, c.hidden = 20, c.layers = 2, c.refiner_layers = 1, c.ffn_dim = 6, c.channels = 5;
    c.audio_channels = 7, c.text_dim = 9, c.freq_dim = 4, c.time_hidden = 10, c.time_dim = 8, c.rope_frequencies = 2;
    return c;
}

using Tensor = test::ShapedTensor;
std::vector<Tensor> transformer(const TransformerConfig& c) {
    const std::pair<const char*, Shape> ends[] = {{"video_patch_proj.weight", {c.hidden, c.video_row()}},
                                                  {"audio_patch_proj.weight", {c.hidden, c.audio_channels}},
                                                  {"condition_proj.weight", {c.hidden, c.text_dim}},
                                                  {"time_embedder.proj_in.weight", {c.time_hidden, c.freq_dim}},
                                                  {"time_embedder.proj_out.weight", {c.time_dim, c.time_hidden}},
                                                  {"video_out.weight", {c.video_row(), c.hidden}},
                                                  {"audio_out.weight", {c.audio_channels, c.hidden}},
                                                  {"final_layer.adaln_proj.linear.weight", {2 * c.hidden, c.time_dim}},
                                                  {"adaln_proj.linear.weight", {18 * c.hidden, c.time_dim}},
                                                  {"attn.qkv.weight", {3 * c.inner(), c.hidden}},
                                                  {"attn.out_proj.weight", {c.hidden, c.inner()}},
                                                  {"mlp.fc1.weight", {2 * c.ffn_dim, c.hidden}},
                                                  {"mlp.fc2.weight", {c.hidden, c.ffn_dim}},
                                                  {"q_norm.weight", {c.head_dim}},
                                                  {"k_norm.weight", {c.head_dim}},
                                                  {"adaln_t_table", {c.table_points, c.time_dim}}};
    std::vector<Tensor> all;
    for (const std::string& name : transformer_tensors(c)) {
        Shape shape = {c.hidden};
        const std::string weight = name.ends_with(".bias") ? name.substr(0, name.size() - 4) + "weight" : name;
        for (const auto& [end, size] : ends)
            if (weight.ends_with(end)) {
                shape = size;
                break;
            }
        if (name.ends_with(".bias")) shape.resize(1);
        std::string spelled = name;
        if (const size_t at = spelled.find("attn.qkv."); at != spelled.npos) spelled.replace(at, 9, "attn.qkv_proj.");
        all.push_back({spelled, shape});
    }
    return all;
}

TransformerConfig config_in(const std::string& path) {
    load::PartFile part = load::open_part(path, transformer_names(QkvOrder::kStacked), {}, "transformer");
    return read_transformer_config(part);
}

TEST(MiniMaxH3Config, ShapesTellAllOfIt) {
    const test::TemporaryFolder folder;
    EXPECT_EQ(config_in(folder.write("a.safetensors", test::safetensors_of_ones(transformer(tiny())))), tiny());
    TransformerConfig pruned = tiny();
    pruned.table_points = 5, pruned.freq_dim = pruned.time_hidden = 0;
    EXPECT_EQ(config_in(folder.write("b.safetensors", test::safetensors_of_ones(transformer(pruned)))), pruned);
    const auto file =
        weights::Checkpoint::open(folder.write("c.safetensors", test::safetensors_of_ones(transformer(tiny()))));
    EXPECT_EQ(qkv_order_of(file, ""), QkvOrder::kStacked);
    EXPECT_EQ(qkv_order_of(file, "per-head"), QkvOrder::kPerHead);
    EXPECT_TRUE(test::refusal([&] { (void)qkv_order_of(file, "other"); }));
}

TEST(MiniMaxH3Hostile, ConfigurationsAreRefusedOrSound) {
    test::Random random(test::test_seed());
    const char* good =
        R"({"_class_name":"MiniMaxH3Transformer3DModel","num_attention_heads":3,"attention_head_dim":16,"hidden_size":20,
"num_layers":2,"num_refiner_layers":1,"ffn_dim":6,"in_channels":5,"audio_in_channels":7,"patch_size":[1,2,2],"text_dim":9,
"freq_dim":4,"time_embed_hidden_dim":10,"time_embed_dim":8,"rope_freq_dim":2,"rope_theta":10000.0,"norm_eps":1e-05,
"qk_norm_eps":1e-05,"final_norm_eps":1e-05})";
    const auto read = [](const std::string& text) {
        const TransformerConfig c = parse_transformer_config(text, "config.json");
        EXPECT_LE(6 * c.rope_frequencies, c.head_dim);
        EXPECT_GE(c.heads, 1);
        EXPECT_GT(c.norm_eps, 0);
        EXPECT_EQ(c.freq_dim % 2, 0);
    };
    EXPECT_EQ(parse_transformer_config(good, "config.json"), tiny());
    test::read_hostile_configs({good, read}, random);
}

TEST(MiniMaxH3Hostile, FilesAreRefusedOrSound) {
    test::Random random(test::test_seed());
    const test::TemporaryFolder folder;
    constexpr std::array<const char*, 7> kWords = {
        "", ".", "x", "blocks.9.norm1.weight", "{}", "adaln_t_table", "blocks.0.attn.to_q.weight"};
    constexpr std::array<int64_t, 5> kSizes = {0, 1, 2, 3, 97};
    for (int i = 0; i < 1500 && !HasFailure(); ++i) {
        std::vector<Tensor> tensors = transformer(tiny());
        for (size_t n = 1 + random.below(3); n > 0; --n) {
            const size_t at = random.below(tensors.size());
            Tensor& t = tensors[at];
            switch (random.below(4)) {
                case 0: tensors.erase(tensors.begin() + static_cast<ptrdiff_t>(at)); break;
                case 1: t.name = random.pick(kWords); break;
                case 2: t.shape[random.below(t.shape.size())] = random.pick(kSizes); break;
                default: t.shape.insert(t.shape.begin(), random.pick(kSizes));
            }
        }
        const std::string path = folder.write("m.safetensors", test::safetensors_of_ones(tensors));
        test::judge([&] {
            const TransformerConfig c = config_in(path);
            EXPECT_GE(c.heads, 1);
            EXPECT_GE(c.layers, 1);
            EXPECT_LE(6 * c.rope_frequencies, std::max<int64_t>(6, c.head_dim));
        });
    }
}

}  // namespace
}  // namespace zt::minimax_h3
