// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a path holds that is no HunyuanVideo model: named as what it is, or with what is wrong with it.
#include "families/hunyuan_video/detection.h"

#include <gtest/gtest.h>

#include <array>

#include "checkpoint_draft.h"
#include "gguf_draft.h"
#include "probe.h"

namespace zt::hunyuan_video {
namespace {

using Fit = families::Detection::Fit;

// One tensor of one byte for each name.
std::string checkpoint(const std::vector<std::string>& names) {
    test::Draft draft;
    for (const std::string& name : names) {
        const size_t at = draft.tensors.size();
        draft.tensors.push_back(test::draft_tensor(name, "U8", "[1]", at, at + 1));
    }
    draft.data.assign(names.size(), 'x');
    return draft.file();
}

constexpr const char* kOurTensor = "txt_in.individual_token_refiner.blocks.0.norm1.weight";

TEST(Detection, files_that_are_no_checkpoint_are_named_with_what_is_wrong) {
    const test::TemporaryFolder folder;
    const std::string whole = checkpoint({kOurTensor, "img_in.proj.weight"});
    struct Row {
        std::string content, words;
    };
    const std::vector<Row> rows = {
        {whole.substr(0, whole.size() - 1),
         "m.safetensors: data: expected to end at 2 (last tensor), got 1 (end of the file); the file is cut, download "
         "it again"},
        {whole.substr(0, 20), "m.safetensors: header length: expected at most 12 (file size), got"},
        {"", "m.safetensors: expected at least 10 bytes, got 0 (an empty file)"},
        {std::string(5000, '\0'),
         "m.safetensors: header length: expected at least 2, got 0 (zero bytes at the beginning; the download is not "
         "complete)"},
        {"<!DOCTYPE html>\n<html><body>Not found",
         "m.safetensors: expected safetensors or GGUF, got an HTML page, as servers send in place of a file; download "
         "it again"},
        {"\xef\xbb\xbf \r\n<HTML>", "m.safetensors: expected safetensors or GGUF, got an HTML page"},
        {"<?xml version=\"1.0\"?><Error>AccessDenied</Error>",
         "m.safetensors: expected safetensors or GGUF, got an XML text"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 25600000000\n",
         "m.safetensors: expected safetensors or GGUF, got a pointer of Git LFS; the file itself was not downloaded "
         "(git lfs pull fetches it)"},
        {"Entry not found", "m.safetensors: expected safetensors or GGUF, got the text \"Entry not found\""},
        {"{\"error\": \"gated\"}", "m.safetensors: expected safetensors or GGUF, got a JSON text"},
        {"PK\x03\x04 and more", "m.safetensors: expected safetensors or GGUF, got a pickle archive"},
    };
    for (const Row& row : rows) {
        const families::Detection found = detect(folder.write("m.safetensors", row.content));
        EXPECT_EQ(found.fit, Fit::kBroken) << row.words;
        EXPECT_EQ(found.status, ZT_ERROR_WEIGHTS);
        EXPECT_TRUE(found.reason.starts_with(row.words)) << found.reason;
        EXPECT_EQ(test::message_fault(found.reason), "") << found.reason;
    }
    EXPECT_EQ(detect(folder.write("m.safetensors", whole)).fit, Fit::kOurs);
}

TEST(Detection, a_cut_gguf_is_named_as_one) {
    const test::TemporaryFolder folder;
    const std::string whole = test::tiny_gguf().file();
    for (const size_t kept : {whole.size() - 1, whole.size() / 2, size_t{5}}) {
        const families::Detection found = detect(folder.write("m.gguf", whole.substr(0, kept)));
        EXPECT_EQ(found.fit, Fit::kBroken) << kept;
        EXPECT_TRUE(found.reason.starts_with("m.gguf: ")) << found.reason;
        EXPECT_NE(found.reason.find("end of the file"), std::string::npos) << found.reason;
    }
}

TEST(Detection, a_folder_of_another_pipeline_is_named_as_what_it_is) {
    const test::TemporaryFolder folder;
    for (const char* name : {"WanPipeline", "StableDiffusionPipeline", "LTXPipeline"}) {
        folder.write("model_index.json", std::string(R"({"_class_name":")") + name + "\"}");
        const families::Detection found = detect(folder.path());
        EXPECT_EQ(found.fit, Fit::kOther);
        EXPECT_EQ(found.reason, std::string("model_index.json: _class_name: expected HunyuanVideoPipeline or "
                                            "HunyuanVideoImageToVideoPipeline, got \"") +
                                    name + "\", another pipeline");
    }
    const std::vector<std::array<const char*, 2>> broken = {
        {R"({"_class_name":"Hunyuan)", "model_index.json: expected JSON, got a mistake at byte"},
        {"<html>", "model_index.json: expected JSON, got an HTML page"},
        {"version https://git-lfs.github.com/spec/v1\n", "model_index.json: expected JSON, got a pointer of Git LFS"},
        {"", "model_index.json: expected JSON, got an empty file"},
        {"{}",
         "model_index.json: _class_name: expected HunyuanVideoPipeline or HunyuanVideoImageToVideoPipeline, got none"},
        {R"({"_class_name":3})", "model_index.json: _class_name: expected a string"}};
    for (const auto& [text, words] : broken) {
        folder.write("model_index.json", text);
        const families::Detection found = detect(folder.path());
        EXPECT_EQ(found.fit, Fit::kBroken) << text;
        EXPECT_TRUE(found.reason.starts_with(words)) << found.reason;
    }
}

TEST(Detection, other_folders_and_other_checkpoints_are_named) {
    const test::TemporaryFolder empty, part, two, one;
    EXPECT_EQ(detect(empty.path()).fit, Fit::kNone);
    EXPECT_NE(
        detect(empty.path())
            .reason.find(
                "expected model_index.json, config.json or one safetensors or GGUF file in this folder, got none"),
        std::string::npos);
    part.write("config.json", R"({"_class_name":"WanTransformer3DModel"})");
    EXPECT_EQ(detect(part.path()).reason,
              "config.json: _class_name: expected HunyuanVideoTransformer3DModel, got \"WanTransformer3DModel\", a "
              "part of another model");
    for (const char* name : {"a.safetensors", "b.safetensors"}) two.write(name, "x");
    EXPECT_NE(detect(two.path()).reason.find("expected one checkpoint, got 2"), std::string::npos)
        << detect(two.path()).reason;
    one.write("a.safetensors", checkpoint({kOurTensor}));
    EXPECT_EQ(detect(one.path()).fit, Fit::kOurs);
    const std::vector<std::array<const char*, 2>> files = {
        {"transformer.single_blocks.0.linear1.lora_A.weight",
         "got an adapter (tensor \"transformer.single_blocks.0.linear1.lora_A.weight\"); the option lora takes it"},
        {"model.embed_tokens.weight", "got a text encoder; engine_opts text_encoder takes it"},
        {"text_model.embeddings.token_embedding.weight", "got CLIP's text model"},
        {"decoder.conv_out.conv.weight", "got a VAE; engine_opts vae takes it"},
        {"blocks.0.ffn.0.weight", "got 1 tensors of another model, first \"blocks.0.ffn.0.weight\""}};
    for (const auto& [tensor, words] : files) {
        const families::Detection found = detect(one.write("a.safetensors", checkpoint({tensor})));
        EXPECT_EQ(found.fit, Fit::kOther);
        EXPECT_TRUE(
            found.reason.starts_with(std::string("a.safetensors: expected the transformer of HunyuanVideo, ") + words))
            << found.reason;
    }
}

}  // namespace
}  // namespace zt::hunyuan_video
