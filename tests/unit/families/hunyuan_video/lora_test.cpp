// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How strongly an adapter changes a model, what it is refused for, what memory it takes. That every spelling
// reaches its layer is tests/parity's.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint_draft.h"
#include "core/file.h"
#include "families/hunyuan_video/memory_plan.h"
#include "load/lora.h"
#include "probe.h"
#include "seed.h"
#include "weights/safetensors.h"

namespace zt::hunyuan_video {
namespace {

using namespace load;

constexpr int64_t kOut = 6, kIn = 4, kRank = 2;
const std::string kModule = "double_blocks.0.img_attn_proj", kMatrix = kModule + ".weight";
using Named = std::vector<std::pair<std::string, at::Tensor>>;

// A file of fp32 tensors.
std::string write(const test::TemporaryFolder& folder, const std::string& name, const Named& tensors,
                  const std::map<std::string, std::string>& metadata = {}) {
    std::vector<at::Tensor> kept;
    std::vector<weights::TensorSource> sources;
    for (const auto& [key, tensor] : tensors) kept.push_back(tensor.to(at::kFloat).contiguous());
    for (size_t i = 0; i < kept.size(); ++i)
        sources.push_back({tensors[i].first,
                           weights::Dtype::kF32,
                           {kept[i].sizes().data(), kept[i].sizes().size()},
                           {static_cast<const std::byte*>(kept[i].data_ptr()), kept[i].nbytes()}});
    weights::write_safetensors(folder.path(name), sources, metadata);
    return folder.path(name);
}

LoraBase base() { return {all_spellings(1, 1, 1), {}, {{kMatrix, {kOut, kIn}}, {kModule + ".bias", {kOut}}}}; }

struct Opened {
    std::shared_ptr<const LoraSet> set;
    std::vector<std::string> said, told;  // warnings, the rest
};
Opened open(const std::string& option, const LoraBase& on = base()) {
    Opened opened;
    opened.set = LoraSet::open(parse_lora_option(option), on, [&](zt_log_level level, const std::string& text) {
        EXPECT_TRUE(text.starts_with("lora "));
        (level == ZT_LOG_WARNING ? opened.said : opened.told).push_back(text);
    });
    return opened;
}

// What is added to a matrix: merged into a dense one, and computed beside an encoded one.
void expect_added(const std::string& option, const at::Tensor& want) {
    const Opened opened = open(option);
    EXPECT_TRUE(opened.said.empty()) << opened.said.front();
    const at::Tensor dense = at::ones({kOut, kIn});
    merge_loras(*opened.set, kMatrix, dense);
    EXPECT_TRUE(at::allclose(dense - 1, want, 1e-5, 1e-5)) << option << "\n" << dense - 1 << "\nwanted\n" << want;
    at::Tensor beside = at::zeros({kOut, kIn});
    for (const nn::LowRank& part : loras_beside(*opened.set, kMatrix, kOut, at::kFloat, at::kCPU))
        beside = beside + at::mm(part.up, part.down) * part.scale;
    EXPECT_TRUE(at::allclose(beside, want, 1e-5, 1e-5)) << option << "\n" << beside << "\nwanted\n" << want;
}

class Lora : public testing::Test {
protected:
    Lora() {
        at::manual_seed(3);
        down = at::randn({kRank, kIn});
        up = at::randn({kOut, kRank});
        change = at::mm(up, down);
    }
    [[nodiscard]] Named pair(const std::string& spelling = kModule) const {
        return {{spelling + ".lora_A.weight", down}, {spelling + ".lora_B.weight", up}};
    }
    [[nodiscard]] std::string file(Named tensors, const std::map<std::string, std::string>& metadata = {}) {
        return write(folder, std::to_string(count++) + ".safetensors", tensors, metadata);
    }
    [[nodiscard]] std::string with_alpha(double alpha) {
        Named tensors = pair();
        tensors.emplace_back(kModule + ".alpha", at::tensor(alpha));
        return file(std::move(tensors));
    }

    test::TemporaryFolder folder;
    int count = 0;
    at::Tensor down, up, change;
};

TEST_F(Lora, StrengthIsTheScaleTimesAlphaOverRank) {
    expect_added(file(pair()), change);  // no alpha: the rank is taken for it
    expect_added(file(pair()) + ":0.5", change * 0.5);
    expect_added(file(pair()) + ":-1.5", change * -1.5);
    expect_added(with_alpha(1), change / kRank);
    expect_added(with_alpha(6) + ":0.5", change * (0.5 * 6 / kRank));
    expect_added(with_alpha(-6) + ":-2", change * (2.0 * 6 / kRank));
    expect_added(with_alpha(1) + "|" + file(pair()) + ":-2", change / kRank - change * 2);
    const Opened without = open(file(pair()) + ":0.5");
    ASSERT_EQ(without.told.size(), 1u);
    EXPECT_NE(without.told[0].find("rank 2, taken with strength 0.5"), std::string::npos) << without.told[0];
    EXPECT_TRUE(open(with_alpha(1)).told.empty());
}

TEST_F(Lora, StrengthOfPeftsConfigurations) {
    const auto metadata = [&](const std::string& more) {
        return file(pair("transformer.transformer_blocks.0.attn.to_out.0"),
                    {{"lora_adapter_metadata", "{\"transformer.r\":2,\"transformer.lora_alpha\":6" + more + "}"}});
    };
    expect_added(metadata(""), change * 3);
    expect_added(metadata(",\"transformer.use_rslora\":true"), change * (6 / std::sqrt(2.0)));
    expect_added(metadata(",\"transformer.alpha_pattern\":{\"to_out.0\":1}"), change / 2);
    const std::string own = file(pair("base_model.model.transformer_blocks.0.attn.to_out.0"));
    const Opened alone = open(own);
    ASSERT_EQ(alone.said.size(), 1u);  // its alpha is nowhere
    EXPECT_NE(alone.said[0].find("adapter_config.json"), std::string::npos) << alone.said[0];
    folder.write("adapter_config.json",
                 R"({"peft_type":"LORA","r":2,"lora_alpha":6,"alpha_pattern":null,"use_dora":false})");
    expect_added(own, change * 3);
    for (const char* config : {R"({"peft_type":"IA3"})", R"({"use_dora":true})"}) {
        folder.write("adapter_config.json", config);
        const auto error = test::refusal([&] { open(own); });
        ASSERT_TRUE(error) << config;
        EXPECT_EQ(error->status(), ZT_ERROR_UNSUPPORTED) << error->what();
    }
}

TEST_F(Lora, ProductsAreScaledOnceByAlphaOverRank) {
    const at::Tensor a2 = at::randn({kOut, kRank}), b2 = at::randn({kRank, kIn}), alpha = at::tensor(5.0);
    const Named loha = {{kModule + ".hada_w1_a", up},
                        {kModule + ".hada_w1_b", down},
                        {kModule + ".hada_w2_a", a2},
                        {kModule + ".hada_w2_b", b2},
                        {kModule + ".alpha", alpha}};
    const auto merged = [&](const std::string& option) {
        const Opened opened = open(option);
        EXPECT_TRUE(opened.set->changes_whole(kMatrix));  // cannot stay beside an encoded one
        const at::Tensor dense = at::zeros({kOut, kIn});
        merge_loras(*opened.set, kMatrix, dense);
        return dense;
    };
    EXPECT_TRUE(at::allclose(merged(file(loha) + ":-0.5"), change * at::mm(a2, b2) * (-0.5 * 5 / kRank), 1e-5, 1e-5));
    const at::Tensor w1 = at::randn({3, 2}), w2 = at::randn({2, 2}), a = at::randn({2, 1}), b = at::randn({1, 2});
    EXPECT_TRUE(at::allclose(merged(file({{kModule + ".lokr_w1", w1},
                                          {kModule + ".lokr_w2_a", a},
                                          {kModule + ".lokr_w2_b", b},
                                          {kModule + ".alpha", alpha}})),
                             at::kron(w1, at::mm(a, b)) * 5, 1e-5, 1e-5));
    EXPECT_TRUE(at::allclose(
        merged(file({{kModule + ".lokr_w1", w1}, {kModule + ".lokr_w2", w2}, {kModule + ".alpha", alpha}})),
        at::kron(w1, w2), 1e-5, 1e-5));  // no rank
    folder.write("adapter_config.json", R"({"peft_type":"LOKR","r":4,"alpha":6})");
    const std::string peft = "base_model.model.transformer_blocks.0.attn.to_out.0";
    EXPECT_TRUE(at::allclose(merged(file({{peft + ".lokr_w1", w1}, {peft + ".lokr_w2", w2}})), at::kron(w1, w2) * 1.5,
                             1e-5, 1e-5));
}

TEST_F(Lora, WhatChangesNothingIsSaid) {
    const auto said = [&](const std::string& option) {
        const Opened opened = open(option);
        EXPECT_TRUE(opened.set->tensors().empty());
        return opened.said.size() == 1 ? opened.said[0] : std::to_string(opened.said.size()) + " warnings";
    };
    EXPECT_EQ(said(file(pair()) + ":0"), "lora 0.safetensors: changes nothing: its scale is 0");
    EXPECT_EQ(said(with_alpha(0)), "lora 1.safetensors: changes nothing: alpha is 0 in every layer");
    up = at::zeros_like(up);
    const std::string untrained =
        "lora 2.safetensors: changes nothing: in every layer one of its matrices is all zero, as before training";
    EXPECT_EQ(said(file(pair())), untrained);
    up = -up;  // zeros with a sign
    count = 2;
    EXPECT_EQ(said(file(pair())), untrained);
    up[kOut - 1][kRank - 1] = 1e-30;  // a number is a number
    EXPECT_TRUE(open(file(pair())).said.empty());
    EXPECT_TRUE(open(file({{kModule + ".diff_b", at::ones({kOut})}})).said.empty());
    const auto error = test::refusal([&] { open(file({})); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_WEIGHTS);
    EXPECT_NE(std::string(error->what()).find("expected keys of an adapter, got none"), std::string::npos)
        << error->what();
}

TEST_F(Lora, LayersThatTheModelLacksAreRefused) {
    for (const char* module : {"guidance_in.mlp.0", "double_blocks.1.img_attn_proj"}) {
        const auto error = test::refusal([&] { open(file(pair(module))); });
        ASSERT_TRUE(error) << module;
        EXPECT_NE(std::string(error->what()).find("got 2 of 2 without one"), std::string::npos) << error->what();
    }
}

// A file of nothing but a header and a hole.
TEST_F(Lora, AnImpossibleRankIsRefusedFromTheHeader) {
    constexpr uint64_t kClaimed = 8'000'000, kA = kClaimed * kIn * 4, kB = kClaimed * kOut * 4;
    test::Draft draft;
    draft.tensors = {test::draft_tensor(kModule + ".lora_A.weight", "F32", "[8000000,4]", 0, kA),
                     test::draft_tensor(kModule + ".lora_B.weight", "F32", "[6,8000000]", kA, kA + kB)};
    test::MemoryFile hole(draft.file());
    hole.resize(draft.file().size() + kA + kB);
    test::PeakMemory peak;
    peak.reset();
    const double before = test::cpu_seconds();
    const auto error = test::refusal([&] { open(hole.path()); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_WEIGHTS);
    EXPECT_NE(std::string(error->what()).find("expected a rank of 1 to 2048, got 8000000"), std::string::npos)
        << error->what();
    EXPECT_LT(peak.rise(), 16u << 20);
    EXPECT_LT(test::cpu_seconds() - before, 1.0 * test::time_slack());
}

// reliability.md A2: wrong headers are refused in the form of all messages, or what is accepted can be merged.
TEST_F(Lora, MutantsAreRefusedOrSound) {
    Named all = pair();
    all.emplace_back(kModule + ".alpha", at::tensor(3.0));
    for (const char* key : {".hada_w1_a", ".hada_w2_a", ".lokr_w1"})
        all.emplace_back(kModule + key, at::ones({kOut, kRank}));
    for (const char* key : {".hada_w1_b", ".hada_w2_b"}) all.emplace_back(kModule + key, at::ones({kRank, kIn}));
    all.emplace_back(kModule + ".lokr_w2", at::ones({1, kIn / kRank}));
    const std::string path = file(all);
    const std::string good = read_whole_file(path, 1 << 20);
    ASSERT_EQ(open(path).set->deltas(kMatrix).size(), 3u);
    const size_t header = good.find('}', good.rfind("data_offsets")) + 1;
    const std::array<std::string, 9> texts = {"0", "1", "2", "6", "9", "lora", "_a", "hada", "lokr"};
    test::Random random(test::test_seed());
    size_t accepted = 0;
    for (int i = 0; i < 3'000 && !HasFailure(); ++i) {
        std::string text = good;
        const std::string& put = random.pick(texts);
        const size_t at = 8 + random.below(header - 8);
        if (random.one_in(2))
            text[at] = static_cast<char>(text[at] ^ 1 << random.below(8));
        else if (at + put.size() < header)
            text.replace(at, put.size(), put);
        const test::MemoryFile mutant(text);
        const auto error = test::refusal([&] {
            const auto set = LoraSet::open({{mutant.path(), 1.0}}, base(), [](zt_log_level, const std::string&) {});
            const at::Tensor dense = at::zeros({kOut, kIn}), bias = at::zeros({kOut});
            merge_loras(*set, kMatrix, dense);
            merge_loras(*set, kModule + ".bias", bias);
            ++accepted;
        });
        if (error) {
            EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
        }
    }
    EXPECT_GT(accepted, 0u);
}

uint64_t bytes_of(const MemoryPlan& plan) {
    uint64_t sum = 0;
    for (const Phase& phase : plan.phases) sum += phase.weights + phase.data;
    return sum;
}

TEST_F(Lora, OpeningReadsNoFactorsAndThePlanCountsThem) {
    constexpr int64_t kWide = 1024, kLarge = 512;
    const auto zeros = [](std::initializer_list<int64_t> sizes) { return at::zeros(sizes); };
    ModelParts parts;  // a transformer of one matrix, as fp8
    std::string fp8(kWide * kWide, '\0');
    const std::array<int64_t, 2> shape = {kWide, kWide};
    const weights::TensorSource source{kMatrix, weights::Dtype::kF8E4M3, shape, std::as_bytes(std::span(fp8))};
    weights::write_safetensors(folder.path("model.safetensors"), {&source, 1});
    parts.transformer_file.checkpoint =
        std::make_shared<const weights::Checkpoint>(weights::Checkpoint::open(folder.path("model.safetensors")));
    const LoraBase on =
        lora_base({.layers = 1, .single_layers = 1, .refiner_layers = 1}, *parts.transformer_file.checkpoint);

    at::Tensor a = zeros({kLarge, kWide}), b = zeros({kWide, kLarge});
    a[0][0] = b[0][0] = 1;
    const std::string low = file({{kModule + ".lora_A.weight", a}, {kModule + ".lora_B.weight", b}});
    const std::string whole = file({{kModule + ".diff", at::ones({kWide, kWide})}});
    test::PeakMemory peak;
    peak.reset();
    const Opened beside = open(low, on), dense = open(whole, on), both = open(low + "|" + whole, on);
    EXPECT_LT(peak.rise(), 6u << 20);  // one buffer of the search for a number

    const auto planned = [&](const Opened* opened, bool keep_packed = true) {
        return plan_memory(parts, {.width = 64,
                                   .height = 64,
                                   .frames = 5,
                                   .keep_packed = keep_packed,
                                   .loras = opened != nullptr ? opened->set.get() : nullptr})
            .phase("denoise");
    };
    constexpr uint64_t kMatrixNumbers = kWide * kWide, kFactorNumbers = 2 * kLarge * kWide;
    EXPECT_EQ(planned(nullptr).weights, kMatrixNumbers);
    EXPECT_EQ(planned(&beside).weights, kMatrixNumbers + 2 * kFactorNumbers);  // bf16 beside fp8
    EXPECT_EQ(planned(&beside, false).weights, 2 * kMatrixNumbers);            // merged
    EXPECT_EQ(planned(&dense).weights, 2 * kMatrixNumbers);                    // no longer packed
    EXPECT_EQ(planned(&both).weights, 2 * kMatrixNumbers);
    EXPECT_GE(planned(&beside).data, planned(nullptr).data + 4 * kFactorNumbers);  // while they are read
    EXPECT_GE(planned(&both).data, planned(&beside).data);
    EXPECT_EQ(bytes_of(plan_memory(parts, {.loras = open(low + ":0", on).set.get()})),
              bytes_of(plan_memory(parts, {})));
}

// What the plan counts for a merge is what it takes.
TEST_F(Lora, MergingStaysWithinThePlan) {
    constexpr int64_t kWide = 2048, kLarge = 512;
    const LoraBase on{all_spellings(1, 1, 1), {}, {{kMatrix, {kWide, kWide}}}};
    const auto wide = [](int64_t rows, int64_t columns) { return at::randn({rows, columns}); };
    const Named low = {{kModule + ".lora_A.weight", wide(kLarge, kWide)},
                       {kModule + ".lora_B.weight", wide(kWide, kLarge)}};
    const Named loha = {{kModule + ".hada_w1_a", wide(kWide, kLarge)},
                        {kModule + ".hada_w1_b", wide(kLarge, kWide)},
                        {kModule + ".hada_w2_a", wide(kWide, kLarge)},
                        {kModule + ".hada_w2_b", wide(kLarge, kWide)}};
    const Named lokr = {{kModule + ".lokr_w1", wide(2, 2)}, {kModule + ".lokr_w2", wide(kWide / 2, kWide / 2)}};
    for (const Named& tensors : {low, loha, lokr}) {
        const Opened opened = open(file(tensors), on);
        const at::Tensor dense = at::zeros({kWide, kWide}, at::kBFloat16);
        test::PeakMemory peak;
        peak.reset();
        merge_loras(*opened.set, kMatrix, dense);
        EXPECT_LT(peak.rise(), opened.set->most_bytes_to_apply() + (8u << 20)) << tensors.front().first;
    }
}

}  // namespace
}  // namespace zt::hunyuan_video
