// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Checkpoints that lack something: what the headers tell is refused by name, what only values tell is
// warned of. Each file here is made from a whole one, which passes.
#include "families/hunyuan_video/completeness.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "checkpoint_draft.h"
#include "probe.h"

namespace zt::hunyuan_video {
namespace {

struct Tensor {
    std::string dtype;
    std::vector<int64_t> shape;
    char fill;              // every byte
    std::string text = {};  // all bytes, in place of it
};
using Tensors = std::map<std::string, Tensor>;

std::string file_of(const Tensors& tensors, const std::string& metadata = "") {
    test::Draft draft;
    draft.metadata = metadata;
    for (const auto& [name, tensor] : tensors) {
        uint64_t bytes = tensor.dtype == "F32" ? 4 : tensor.dtype == "BF16" ? 2 : 1;
        std::string shape;
        for (const int64_t size : tensor.shape) {
            bytes *= static_cast<uint64_t>(size);
            shape += (shape.empty() ? "" : ",") + std::to_string(size);
        }
        draft.tensors.push_back(
            test::draft_tensor(name, tensor.dtype, "[" + shape + "]", draft.data.size(), draft.data.size() + bytes));
        draft.data += tensor.text.empty() ? std::string(bytes, tensor.fill) : tensor.text;
    }
    return draft.file();
}

// A transformer as far as names go, and the shapes that tell its configuration; other matrices have two rows.
Tensors transformer(int64_t width, int64_t layers, int64_t single_layers) {
    Tensors tensors;
    for (const load::Spelled& s : all_spellings(layers, single_layers, 2)) {
        const std::string& module = s.placed.module;
        const bool norm = module.ends_with("q_norm") || module.ends_with("k_norm");
        const bool block = module.starts_with("double_blocks") || module.starts_with("single_blocks");
        tensors[module + ".weight"] =
            norm ? Tensor{"F32", {width == 48 ? 24 : 128}, 'w'} : Tensor{block ? "F8_E4M3" : "F32", {2, 96}, '\x20'};
        if (!norm) tensors[module + ".bias"] = {"F32", {2}, '\0'};
    }
    tensors["img_in.proj.weight"] = {"F32", {width, 16, 1, 2, 2}, 'w'};
    tensors["double_blocks.0.img_mlp.fc1.weight"].shape = {4 * width, 96};
    tensors["final_layer.linear.weight"] = {"F32", {64, 1}, 'w'};
    return tensors;
}

std::string refused(const std::string& content, const EngineOptions& options = {}) {
    const test::TemporaryFolder folder;
    const std::string path = folder.write("m.safetensors", content);
    const auto error = test::refusal([&] { static_cast<void>(find_parts(path, options)); });
    if (!error) return "accepted";
    EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
    return error->what();
}

std::vector<std::string> warned(const std::string& content) {
    const test::TemporaryFolder folder;
    return value_warnings(find_parts(folder.write("m.safetensors", content), {}));
}

TEST(Completeness, a_tensor_or_a_block_that_is_missing_is_refused_by_name) {
    const Tensors whole = transformer(48, 2, 3);
    EXPECT_EQ(refused(file_of(whole)), "accepted");
    for (const char* name : {"single_blocks.2.linear2.bias", "double_blocks.1.txt_attn_k_norm.weight",
                             "txt_in.individual_token_refiner.blocks.1.mlp.fc2.weight", "time_in.mlp.2.weight",
                             "final_layer.adaLN_modulation.1.bias"}) {
        Tensors less = whole;
        ASSERT_EQ(less.erase(name), 1u) << name;
        EXPECT_EQ(refused(file_of(less)),
                  std::string("m.safetensors: tensor \"") + name + "\": expected one in the file, got none");
        less.erase("img_in.proj.bias");
        EXPECT_NE(refused(file_of(less)).find("(and 1 more)"), std::string::npos);
    }
}

TEST(Completeness, a_file_of_the_published_width_has_the_published_blocks) {
    EXPECT_EQ(refused(file_of(transformer(3072, 20, 40))), "accepted");
    EXPECT_EQ(refused(file_of(transformer(3072, 20, 39))),
              "m.safetensors: single_blocks.*: expected 40 blocks, as the model of width 3072 has (a config.json "
              "beside the file can say another number), got 39");
    EXPECT_TRUE(
        refused(file_of(transformer(3072, 19, 40))).starts_with("m.safetensors: double_blocks.*: expected 20 blocks"));
    // Of any other width the file is all there is to go by, and that is said.
    const test::TemporaryFolder folder;
    const ModelParts parts = find_parts(folder.write("m.safetensors", file_of(transformer(48, 2, 2))), {});
    ASSERT_EQ(parts.warnings.size(), 1u);
    EXPECT_NE(parts.warnings[0].find(
                  "says how many blocks it has, got none; those that are there are taken: 2 double, 2 single"),
              std::string::npos)
        << parts.warnings[0];
    EXPECT_TRUE(find_parts(folder.write("m.safetensors", file_of(transformer(3072, 20, 40))), {}).warnings.empty());
}

// Gives every fp8 matrix a scale, in one convention.
Tensors with_scales(Tensors tensors, const std::string& leaf) {
    for (const auto& [name, tensor] : transformer(48, 2, 3))
        if (tensor.dtype == "F8_E4M3") tensors[name.substr(0, name.size() - 6) + leaf] = {"F32", {1}, 'w'};
    return tensors;
}

TEST(Completeness, fp8_that_lacks_one_or_all_of_its_scales_is_refused_by_name) {
    const Tensors plain = transformer(48, 2, 3);
    const size_t matrices = 2 * 10 + 3 * 3;
    const std::string first =
        "m.safetensors: tensor \"double_blocks.0.img_attn_proj.weight\": expected a scale beside fp8 numbers, as ";
    Tensors marked = plain;
    marked["scaled_fp8"] = {"F8_E4M3", {2}, '\0'};
    EXPECT_EQ(refused(file_of(marked)),
              first + "the mark \"scaled_fp8\" says, got none (and " + std::to_string(matrices - 1) + " more)");
    Tensors quantised = plain;
    quantised["double_blocks.0.img_mod.linear.comfy_quant"] = {"U8", {26}, ' ', R"({"format":"float8_e4m3fn"})"};
    EXPECT_EQ(refused(file_of(quantised)),
              first + "tensor \"double_blocks.0.img_mod.linear.comfy_quant\" says, got none (and " +
                  std::to_string(matrices - 1) + " more)");
    EXPECT_EQ(refused(file_of(plain, R"({"_quantization_metadata":"{\"layers\":{}}"})")),
              first + "_quantization_metadata says, got none (and " + std::to_string(matrices - 1) + " more)");
    for (const char* leaf : {"scale_weight", "weight_scale", "fp8_scale"}) {
        Tensors scaled = with_scales(plain, leaf);
        EXPECT_EQ(refused(file_of(scaled)), "accepted") << leaf;
        ASSERT_EQ(scaled.erase(std::string("single_blocks.1.linear2.") + leaf), 1u);
        EXPECT_EQ(refused(file_of(scaled)),
                  "m.safetensors: tensor \"single_blocks.1.linear2.weight\": expected a scale beside fp8 numbers, as "
                  "others have, got none");
    }
    // The wrapper scales the blocks alone; ComfyUI every matrix that is fp8.
    Tensors outside = with_scales(plain, "fp8_scale");
    outside["final_layer.linear.weight"].dtype = "F8_E4M3";
    EXPECT_EQ(refused(file_of(outside)), "accepted");
    outside = with_scales(plain, "scale_weight");
    outside["final_layer.linear.weight"].dtype = "F8_E4M3";
    EXPECT_EQ(refused(file_of(outside)),
              "m.safetensors: tensor \"final_layer.linear.weight\": expected a scale beside fp8 numbers, as others "
              "have, got none");
}

TEST(Completeness, packings_that_are_not_read_are_named) {
    const std::vector<std::pair<const char*, const char*>> rows = {
        {"double_blocks.0.img_mod.linear.weight.quant_state.bitsandbytes__nf4", "NF4 of bitsandbytes"},
        {"double_blocks.0.img_mod.linear.weight.absmax", "4 bits of bitsandbytes"},
        {"double_blocks.0.img_mod.linear.SCB", "8 bits of bitsandbytes"},
        {"double_blocks.0.img_mod.linear.qweight", "GPTQ, AWQ or SVDQuant"}};
    for (const auto& [tensor, name] : rows) {
        Tensors tensors = transformer(48, 1, 1);
        tensors[tensor] = {"U8", {4}, 'x'};
        EXPECT_EQ(refused(file_of(tensors)),
                  std::string("m.safetensors: expected fp32, bf16, fp16, fp8 or GGUF, got ") + name + " (tensor \"" +
                      tensor + "\")");
    }
    const auto error = test::refusal([] {
        static_cast<void>(encoders::parse_llm_config(
            R"({"quantization_config":{"quant_method":"bitsandbytes","bnb_4bit_quant_type":"nf4"}})",
            "text_encoder/config.json"));
    });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_UNSUPPORTED);
    EXPECT_STREQ(error->what(),
                 "text_encoder/config.json: quantization_config: expected none (fp8 and GGUF are read as their files "
                 "are), got one, quant_method \"bitsandbytes\", bnb_4bit_quant_type \"nf4\"");
}

TEST(Completeness, matrices_of_zero_bytes_are_warned_of_in_one_line) {
    const Tensors whole = transformer(48, 2, 3);  // its biases are zero, as they may be
    EXPECT_TRUE(warned(file_of(whole)).empty());
    Tensors one = whole;
    one["single_blocks.1.linear1.weight"].fill = '\0';
    EXPECT_EQ(warned(file_of(one)),
              std::vector<std::string>{"m.safetensors: tensor \"single_blocks.1.linear1.weight\": expected weights, "
                                       "got zero bytes; the file is not complete, download it again"});
    // What a download that stopped half way leaves of a file that got its full length first.
    std::string half = file_of(whole);
    std::fill(half.begin() + static_cast<ptrdiff_t>(half.size() * 9 / 10), half.end(), '\0');
    ASSERT_EQ(warned(half).size(), 1u);
    EXPECT_NE(warned(half)[0].find("more such tensors"), std::string::npos) << warned(half)[0];
    // The end of one large matrix, larger than all windows together.
    Tensors large = whole;
    large["single_blocks.2.linear2.weight"].shape = {2, 100'000};
    std::string cut = file_of(large);
    EXPECT_TRUE(warned(cut).empty());
    const size_t end = cut.rfind(std::string(50'000, '\x20')) + 50'000;
    std::fill_n(cut.begin() + static_cast<ptrdiff_t>(end - 3000), 3000, '\0');
    EXPECT_TRUE(warned(cut).empty()) << "some zeros are no fault";
    std::fill_n(cut.begin() + static_cast<ptrdiff_t>(end - 80'000), 80'000, '\0');
    EXPECT_EQ(warned(cut).size(), 1u) << "the last two fifths are one";
    // A factor of zero makes the whole matrix zero.
    Tensors scaled = with_scales(whole, "scale_weight");
    scaled["double_blocks.1.img_mod.linear.scale_weight"].fill = '\0';
    EXPECT_EQ(warned(file_of(scaled)).size(), 1u);
}

TEST(Completeness, scales_that_no_header_announces_are_missed_by_the_values) {
    Tensors tensors = transformer(48, 2, 3);
    for (auto& [name, tensor] : tensors)
        if (tensor.dtype == "F8_E4M3") tensor.fill = '\x68';  // 64
    const std::vector<std::string> warnings = warned(file_of(tensors));
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_EQ(warnings[0],
              "m.safetensors: tensor \"double_blocks.0.img_attn_proj.weight\": expected fp8 weights, got numbers of 16 "
              "and more (and 28 more such tensors); their scales are not in the file");
    EXPECT_TRUE(warned(file_of(with_scales(tensors, "scale_weight"))).empty());
    // A mark in a file without a single fp8 matrix: either made dense rightly, or its scales were lost.
    for (auto& [name, tensor] : tensors)
        if (tensor.dtype == "F8_E4M3") tensor.dtype = "BF16";
    tensors["model.model.scaled_fp8"] = {"F32", {}, '\0'};
    ASSERT_EQ(warned(file_of(tensors)).size(), 1u);
    EXPECT_TRUE(
        warned(file_of(tensors))[0].starts_with("m.safetensors: tensor \"model.model.scaled_fp8\": expected fp8 "
                                                "matrices with scales in a file with this mark, got none"));
}

// ---- Text encoders ----

Tensors llm(int64_t width, int64_t layers) {
    Tensors tensors;
    for (const std::string& name : encoder_tensors(Part::kLlm, layers))
        tensors["model." + name] = {
            name.ends_with("layernorm.weight") || name.starts_with("embed") ? "F32" : "F8_E4M3", {2, width}, '\x20'};
    for (const char* name : {"self_attn.q_proj", "self_attn.k_proj"})
        tensors[std::string("model.layers.0.") + name + ".weight"].shape = {128, 1};
    return tensors;
}

TEST(Completeness, text_encoders_are_asked_the_same) {
    const test::TemporaryFolder folder;
    const auto tell = [&](const Tensors& encoder, const char* key = "text_encoder") {
        Tensors model = transformer(48, 1, 1);
        model["txt_in.input_embedder.weight"] = {"F32", {1, 64}, 'w'};
        model["vector_in.in_layer.weight"] = {"F32", {1, 64}, 'w'};
        const std::string path = folder.write("m.safetensors", file_of(model)),
                          part = folder.write("encoder.safetensors", file_of(encoder));
        const auto error = test::refusal([&] { static_cast<void>(find_parts(path, {{key, part}})); });
        return error ? std::string(error->what()) : std::string("accepted");
    };
    EXPECT_EQ(tell(llm(64, 4)), "accepted");
    EXPECT_EQ(tell(llm(48, 4)),
              "text_encoder: expected the width 64 (text_embed_dim of the transformer), got 48 in encoder.safetensors");
    EXPECT_EQ(tell(llm(4096, 31)),
              "encoder.safetensors: layers.*: expected 32 blocks, as the model of width 4096 has (a config.json beside "
              "the file can say another number), got 31");
    Tensors less = llm(64, 4);
    less.erase("model.layers.1.mlp.down_proj.weight");
    EXPECT_EQ(tell(less),
              "encoder.safetensors: tensor \"layers.1.mlp.down_proj.weight\": expected one in the file, got none");
    less = llm(64, 4);
    less["scaled_fp8"] = {"F8_E4M3", {2}, '\0'};
    EXPECT_EQ(tell(less),
              "encoder.safetensors: tensor \"model.layers.0.mlp.down_proj.weight\": expected a scale beside fp8 "
              "numbers, as the mark \"scaled_fp8\" says, got none (and 27 more)");
    for (const std::string& name : encoder_tensors(Part::kLlm, 4))
        if (less["model." + name].dtype == "F8_E4M3")
            less["model." + name.substr(0, name.size() - 6) + "scale_weight"] = {"F32", {1}, 'w'};
    EXPECT_EQ(tell(less), "accepted");

    const auto clip = [](int64_t width) {
        Tensors tensors;
        for (const std::string& name : encoder_tensors(Part::kClipText, 2))
            tensors["text_model." + name] = {"F32", {77, width}, 'w'};
        return tensors;
    };
    EXPECT_EQ(tell(clip(64), "text_encoder_2"), "accepted");
    EXPECT_EQ(tell(clip(128), "text_encoder_2"),
              "text_encoder_2: expected the width 64 (pooled_projection_dim of the transformer), got 128 in "
              "encoder.safetensors");
}

}  // namespace
}  // namespace zt::hunyuan_video
