// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Names, configurations and sizes of MiniMax-H3's text encoder, positions of its tokens and limits of its pictures,
// without LibTorch. That the tensors behind the names are the right ones is proven against the reference in
// tests/parity.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "checkpoint_draft.h"
#include "encoders/llm_config.h"
#include "encoders/qwen3_vl_config.h"
#include "encoders/qwen3_vl_positions.h"
#include "families/minimax_h3/text/keyframe.h"
#include "families/minimax_h3/text/prompt_layout.h"
#include "load/part_checks.h"
#include "probe.h"
#include "weights/checkpoint.h"

namespace zt::minimax_h3 {
namespace {

using encoders::LlmKind;

std::string placed(const load::PartNames& names, std::string_view name) {
    const auto p = names.place(name);
    return p ? p->name() : "";
}

std::string refused(const std::function<void()>& call) {
    const auto error = test::refusal(call);
    return error ? error->what() : "";
}

TEST(Qwen3VlNames, TextInThreeSpellings) {
    const load::PartNames& names = encoders::llm_names(LlmKind::kQwen3Vl);
    const std::pair<const char*, const char*> rows[] = {
        {"layers.7.self_attn.q_proj.weight", "blk.7.attn_q.weight"},
        {"layers.7.self_attn.q_norm.weight", "blk.7.attn_q_norm.weight"},
        {"layers.7.self_attn.k_norm.weight", "blk.7.attn_k_norm.weight"},
        {"layers.7.self_attn.o_proj.weight", "blk.7.attn_output.weight"},
        {"layers.7.input_layernorm.weight", "blk.7.attn_norm.weight"},
        {"layers.7.post_attention_layernorm.weight", "blk.7.ffn_norm.weight"},
        {"layers.7.mlp.down_proj.weight", "blk.7.ffn_down.weight"},
        {"embed_tokens.weight", "token_embd.weight"},
        {"norm.weight", "output_norm.weight"}};
    for (const auto& [ours, llama] : rows) {
        EXPECT_EQ(placed(names, std::string("model.language_model.") + ours), ours);
        EXPECT_EQ(placed(names, std::string("model.") + ours), ours);
        EXPECT_EQ(placed(names, llama), ours) << llama;
        EXPECT_EQ(names.place(llama)->order, load::RowOrder::kSame) << llama;
    }
    for (const char* other : {"model.visual.blocks.0.norm1.weight", "visual.merger.norm.weight", "lm_head.weight"}) {
        EXPECT_EQ(placed(names, other), "") << other;
        EXPECT_TRUE(names.is_ignored(other)) << other;
    }
    EXPECT_FALSE(names.is_ignored("model.layers.0.cross_attn.weight"));
}

TEST(Qwen3VlNames, TowerInThreeSpellings) {
    const load::PartNames& names = encoders::qwen3_vl_vision_names();
    const std::pair<const char*, const char*> rows[] = {
        {"blocks.7.attn.qkv.bias", "v.blk.7.attn_qkv.bias"},
        {"blocks.7.attn.proj.weight", "v.blk.7.attn_out.weight"},
        {"blocks.7.norm1.weight", "v.blk.7.ln1.weight"},
        {"blocks.7.mlp.linear_fc2.bias", "v.blk.7.ffn_down.bias"},
        {"merger.norm.bias", "v.post_ln.bias"},
        {"merger.linear_fc1.weight", "mm.0.weight"},
        {"merger.linear_fc2.weight", "mm.2.weight"},
        {"deepstack_merger_list.8.linear_fc1.weight", "v.deepstack.8.fc1.weight"},
        {"pos_embed.weight", "v.position_embd.weight"},
        {"patch_embed.proj.bias", "v.patch_embd.bias"}};
    for (const auto& [ours, llama] : rows) {
        EXPECT_EQ(placed(names, std::string("model.visual.") + ours), ours);
        EXPECT_EQ(placed(names, std::string("visual.") + ours), ours);
        EXPECT_EQ(placed(names, llama), ours) << llama;
    }
    EXPECT_EQ(placed(names, "v.patch_embd.weight"), "patch_embed.first");
    EXPECT_EQ(placed(names, "v.patch_embd.weight.1"), "patch_embed.second");
    for (const char* other : {"model.language_model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight",
                              "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"})
        EXPECT_TRUE(names.is_ignored(other)) << other;
}

// The published model as ComfyUI has it, its header and a hole of 51 GB.
std::string published(const test::TemporaryFolder& folder) {
    test::Draft draft;
    uint64_t at = 0;
    const auto add = [&](const std::string& name, std::vector<int64_t> shape) {
        uint64_t bytes = 2;
        std::string text = "[";
        for (const int64_t size : shape) {
            bytes *= static_cast<uint64_t>(size);
            text += (text.size() > 1 ? ", " : "") + std::to_string(size);
        }
        draft.tensors.push_back(test::draft_tensor(name, "BF16", text + "]", at, at + bytes));
        at += bytes;
    };
    const auto module = [&](const std::string& name, int64_t out, int64_t in) {
        add(name + ".weight", {out, in}), add(name + ".bias", {out});
    };
    const auto norm = [&](const std::string& name, int64_t size) {
        add(name + ".weight", {size}), add(name + ".bias", {size});
    };
    add("model.embed_tokens.weight", {151'936, 5120});
    for (int i = 0; i < 50; i++) {
        const std::string layer = "model.layers." + std::to_string(i) + ".";
        add(layer + "input_layernorm.weight", {5120}), add(layer + "post_attention_layernorm.weight", {5120});
        add(layer + "self_attn.q_proj.weight", {8192, 5120}), add(layer + "self_attn.k_proj.weight", {1024, 5120});
        add(layer + "self_attn.v_proj.weight", {1024, 5120}), add(layer + "self_attn.o_proj.weight", {5120, 8192});
        add(layer + "self_attn.q_norm.weight", {128}), add(layer + "self_attn.k_norm.weight", {128});
        add(layer + "mlp.gate_proj.weight", {25'600, 5120}), add(layer + "mlp.up_proj.weight", {25'600, 5120});
        add(layer + "mlp.down_proj.weight", {5120, 25'600});
    }
    for (int i = 0; i < 27; i++) {
        const std::string block = "visual.blocks." + std::to_string(i) + ".";
        norm(block + "norm1", 1152), norm(block + "norm2", 1152);
        module(block + "attn.qkv", 3456, 1152), module(block + "attn.proj", 1152, 1152);
        module(block + "mlp.linear_fc1", 4304, 1152), module(block + "mlp.linear_fc2", 1152, 4304);
    }
    add("visual.patch_embed.proj.weight", {1152, 3, 2, 16, 16}), add("visual.patch_embed.proj.bias", {1152});
    add("visual.pos_embed.weight", {2304, 1152});
    norm("visual.merger.norm", 1152);
    module("visual.merger.linear_fc1", 4608, 4608), module("visual.merger.linear_fc2", 5120, 4608);
    for (int i = 0; i < 3; i++) {
        const std::string tap = "visual.deepstack_merger_list." + std::to_string(i) + ".";
        norm(tap + "norm", 4608);
        module(tap + "linear_fc1", 4608, 4608), module(tap + "linear_fc2", 5120, 4608);
    }
    const std::string header = draft.file();
    const std::string path = folder.write("qwen3vl_32b.safetensors", header);
    std::filesystem::resize_file(path, header.size() + at);
    return path;
}

TEST(Qwen3VlConfig, ShapesTellThePublishedModel) {
    const test::TemporaryFolder folder;
    const weights::Checkpoint file = weights::Checkpoint::open(published(folder));
    const encoders::LlmConfig text = encoders::qwen3_vl_text_config_of(file);
    EXPECT_EQ(text.vocab, 151'936);
    EXPECT_EQ(text.hidden, 5120);
    EXPECT_EQ(text.intermediate, 25'600);
    EXPECT_EQ(text.layers, 50);
    EXPECT_EQ(text.heads, 64);
    EXPECT_EQ(text.kv_heads, 8);
    EXPECT_EQ(text.head_dim, 128);
    EXPECT_EQ(text.rope_theta, 5e6);
    EXPECT_EQ(text.rms_eps, 1e-6);
    EXPECT_EQ(text.sections, (std::array<int64_t, 3>{24, 20, 20}));
    const encoders::Qwen3VlVisionConfig tower = encoders::qwen3_vl_vision_config_of(file);
    EXPECT_EQ(tower.hidden, 1152);
    EXPECT_EQ(tower.intermediate, 4304);
    EXPECT_EQ(tower.heads, 16);
    EXPECT_EQ(tower.out_hidden, 5120);
    EXPECT_EQ(tower.position_side, 48);
    EXPECT_EQ(tower.taps, (std::vector<int64_t>{8, 16, 24}));
    encoders::check_qwen3_vl_vision(tower, file);
    load::check_tensors(file, encoders::llm_names(LlmKind::kQwen3Vl), encoders::llm_tensors(50, LlmKind::kQwen3Vl));
    // Two layers of 487,598,336 numbers and the states, not the file's 51 GB.
    const load::Phase phase = encoders::llm_phase(text, &file, 300, 300, {2, true, nullptr});
    EXPECT_EQ(phase.weights, 2U * 2U * 487'598'336U);
    EXPECT_LT(phase.bytes(), 2'100'000'000U);
    const load::Phase seeing = encoders::qwen3_vl_vision_phase(tower, &file, 1344, 768, 2, {2, true, nullptr});
    EXPECT_GT(seeing.bytes(), 400'000'000U);
    EXPECT_LT(seeing.bytes(), 1'000'000'000U);
}

TEST(Qwen3VlConfig, WrongKeysAreNamed) {
    const auto text = [](const std::string& json) {
        return refused([&] { (void)encoders::parse_qwen3_vl_text_config(json, "c"); });
    };
    const auto tower = [](const std::string& json) {
        return refused([&] { (void)encoders::parse_qwen3_vl_vision_config(json, "c"); });
    };
    EXPECT_EQ(text("{}"), "");
    EXPECT_NE(text(R"({"model_type": "qwen2"})").find("c: model_type"), std::string::npos);
    EXPECT_NE(text(R"({"text_config": {"rope_scaling": {"mrope_interleaved": false}}})").find("mrope_interleaved"),
              std::string::npos);
    EXPECT_NE(text(R"({"text_config": {"rope_scaling": {"mrope_section": [1, 2]}}})").find("three sections"),
              std::string::npos);
    EXPECT_NE(text(R"({"text_config": {"rope_scaling": {"rope_type": "yarn"}}})").find("rope_type"), std::string::npos);
    EXPECT_NE(text(R"({"num_key_value_heads": 3})").find("num_key_value_heads"), std::string::npos);
    EXPECT_NE(text(R"({"head_dim": 15})").find("head_dim"), std::string::npos);
    EXPECT_EQ(encoders::parse_qwen3_vl_text_config(R"({"text_config": {"num_hidden_layers": 64}})", "c").layers, 64);
    EXPECT_EQ(tower("{}"), "");
    EXPECT_NE(tower(R"({"model_type": "clip"})").find("c: model_type"), std::string::npos);
    EXPECT_NE(tower(R"({"vision_config": {"spatial_merge_size": 4}})").find("spatial_merge_size: expected 2"),
              std::string::npos);
    EXPECT_NE(tower(R"({"num_position_embeddings": 50})").find("num_position_embeddings: expected a square"),
              std::string::npos);
    EXPECT_NE(tower(R"({"num_heads": 5})").find("num_heads"), std::string::npos);
    EXPECT_NE(tower(R"({"deepstack_visual_indexes": [3, 3]})").find("deepstack_visual_indexes"), std::string::npos);
    EXPECT_NE(tower(R"({"deepstack_visual_indexes": [27]})").find("deepstack_visual_indexes"), std::string::npos);
}

TEST(Qwen3VlTower, TheOneMmprojBesideAGgufIsFound) {
    const test::TemporaryFolder folder;
    const std::string model = folder.write("qwen3vl-32b-Q4_K.gguf", "x");
    EXPECT_EQ(encoders::find_mmproj(model), "");
    const std::string tower = folder.write("mmproj-F16.gguf", "x");
    EXPECT_EQ(encoders::find_mmproj(model), tower);
    EXPECT_EQ(encoders::find_mmproj(folder.path("model.safetensors")), "");
    folder.write("mmproj-BF16.gguf", "x");
    EXPECT_EQ(encoders::find_mmproj(model), "");
    EXPECT_EQ(encoders::find_mmproj("/nowhere/at/all.gguf"), "");
}

TEST(TokenPositions, PicturesAreGridsAndTextGoesOnBehindThem) {
    const encoders::PictureSpan spans[] = {{2, 2, 3}, {9, 1, 2}};
    const auto axes = encoders::token_positions(13, spans);
    using Axis = std::vector<int64_t>;
    EXPECT_EQ(axes[0], (Axis{0, 1, 2, 2, 2, 2, 2, 2, 5, 6, 6, 8, 9}));
    EXPECT_EQ(axes[1], (Axis{0, 1, 2, 2, 2, 3, 3, 3, 5, 6, 6, 8, 9}));
    EXPECT_EQ(axes[2], (Axis{0, 1, 2, 3, 4, 2, 3, 4, 5, 6, 7, 8, 9}));
    EXPECT_EQ(encoders::token_positions(3, {})[1], (Axis{0, 1, 2}));
}

TEST(PictureLimits, OfEitherFileOfAProcessor) {
    EXPECT_EQ(parse_picture_limits("{}", "p").least, 65'536);
    EXPECT_EQ(parse_picture_limits(R"({"size": {"shortest_edge": 1024, "longest_edge": 4096}})", "p").least, 1024);
    EXPECT_EQ(parse_picture_limits(R"({"image_processor": {"size": {"longest_edge": 4096}}})", "p").most, 4096);
    EXPECT_NE(refused([] { (void)parse_picture_limits(R"({"size": {"shortest_edge": -1}})", "p"); }).find("p: size"),
              std::string::npos);
    const test::TemporaryFolder folder;
    EXPECT_EQ(read_picture_limits(folder.path()).least, 65'536);
    folder.write("preprocessor_config.json", R"({"size": {"shortest_edge": 7}})");
    EXPECT_EQ(read_picture_limits(folder.path()).least, 7);
    EXPECT_EQ(refused([] { check_picture_size({}, 256, 256); }), "");
    EXPECT_EQ(refused([] { check_picture_size({}, 224, 256); }),
              "size: expected 65536 to 16777216 pixels with a picture, got 224x256");
}

TEST(Marks, AnotherQwensTokenizerIsRefused) {
    // The ids of the published vocabulary with four special tokens fewer, as Qwen2.5 has them.
    const auto tokenizer = [](int32_t specials) {
        text::BpePieces pieces;
        pieces.tokens.emplace_back("a", 151'642);
        pieces.added.push_back({.content = "<|endoftext|>", .id = 151'643});
        for (int32_t i = 1; i < specials; ++i)
            pieces.added.push_back({.content = i == 1   ? "<|vision_start|>"
                                               : i == 2 ? "<|vision_end|>"
                                               : i == 3 ? "<|image_pad|>"
                                                        : "<" + std::to_string(i) + ">",
                                    .id = 151'643 + i});
        return text::BpeTokenizer::from_qwen(pieces, "t", prompt_tokens());
    };
    EXPECT_EQ(refused([&] { check_tokenizer(tokenizer(26), 151'936); }), "");
    EXPECT_EQ(refused([&] { check_tokenizer(tokenizer(22), 151'936); }),
              "tokenizer: token \"<d>\": expected the id 151669 as in Qwen3-VL's vocabulary, got 151665");
    EXPECT_EQ(refused([&] { check_tokenizer(tokenizer(26), 151'675); }),
              "tokenizer: expected ids below 151675 (rows of the embedding), got 151675");
}

}  // namespace
}  // namespace zt::minimax_h3
