// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shipped model (models/storybook): whole, refused when damaged, obeys seed and prompt.
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "core/error.h"
#include "families/storybook/generation.h"
#include "families/storybook/storybook.h"
#include "weights/manifest.h"

namespace {

namespace fs = std::filesystem;
using zt::families::Direction;
using zt::families::GenerationRequest;

std::string shipped() {
    const char* models = std::getenv("ZT_TEST_MODELS");
    return std::string(models ? models : "models") + "/storybook";
}

// A copy of the shipped folder that a test may damage.
class Copy {
public:
    Copy() : path_(fs::temp_directory_path() / ("zt-model-" + std::to_string(::getpid()))) {
        fs::remove_all(path_);
        fs::copy(shipped(), path_);
    }
    ~Copy() { fs::remove_all(path_); }
    [[nodiscard]] std::string path() const { return path_.string(); }
    void flip(const std::string& name, size_t byte) const {
        std::fstream file(path_ / name, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(static_cast<std::streamoff>(byte));
        const char c = static_cast<char>(file.get() ^ 1);
        file.seekp(static_cast<std::streamoff>(byte));
        file.put(c);
    }

private:
    fs::path path_;
};

std::string refusal(const std::string& folder) {
    try {
        (void)zt::storybook::load_weights(folder, at::kFloat);
    } catch (const zt::Error& e) {
        return e.what();
    }
    return "";
}

std::shared_ptr<const zt::storybook::Weights> weights() {
    static const auto loaded = std::make_shared<const zt::storybook::Weights>(zt::storybook::load_weights(shipped(), at::kFloat));
    return loaded;
}

// All frames of a generation, [frames, 3, 144, 256].
at::Tensor generate(const std::string& prompt, int64_t seed, int64_t frames) {
    const c10::InferenceMode inference;
    GenerationRequest request;
    request.width = 256, request.height = 144, request.rate = {24, 1}, request.frames = frames, request.steps = 4;
    request.first.prompt = prompt, request.first.seed = seed;
    request.log = [](zt_log_level, const std::string&) {};
    zt::storybook::Generation generation(weights(), request);
    std::vector<at::Tensor> out;
    while (const auto batch = generation.next(request.first, {}, [](const char*, int, int) {}))
        out.push_back(at::from_blob(const_cast<float*>(batch->rgb), {batch->frames, 3, 144, 256}).clone());
    return at::cat(out);
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().mean().item<double>(); }

TEST(StorybookModel, FlippedBytesAreRefusedByName) {
    const Copy copy;
    for (const char* name : {"vae.safetensors", "denoiser.safetensors", "config.json"}) {
        const size_t middle = fs::file_size(fs::path(copy.path()) / name) / 2;
        copy.flip(name, middle);
        EXPECT_NE(refusal(copy.path()).find(name), std::string::npos) << name;
        copy.flip(name, middle);
        EXPECT_EQ(refusal(copy.path()), "") << name;
    }
}

TEST(StorybookModel, PlansThatDoNotHoldTogetherAreRefused) {
    const Copy copy;
    const fs::path file = fs::path(copy.path()) / "config.json";
    std::ifstream in(file);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    const auto refused = [&](const std::string& field, const std::string& value) {
        const std::regex pattern("\"" + field + "\": [0-9]+");
        EXPECT_TRUE(std::regex_search(whole, pattern)) << field;
        std::ofstream(file, std::ios::trunc) << std::regex_replace(whole, pattern, "\"" + field + "\": " + value);
        zt::weights::write_manifest(copy.path(), {"config.json", "vae.safetensors", "denoiser.safetensors"}, {zt::json::Value::Object{{"family", {std::string("storybook")}}}});
        return refusal(copy.path());
    };
    EXPECT_NE(refused("puppet_codes", "0").find("config.json: denoiser: plan: puppet_codes: expected"), std::string::npos);
    EXPECT_NE(refused("shade", "64").find("denoiser.safetensors: "), std::string::npos) << "weights of another shape";
}

TEST(StorybookModel, MissingFilesAreRefusedByName) {
    for (const char* name : {"vae.safetensors", "denoiser.safetensors", "config.json", "manifest.json"}) {
        const Copy copy;
        fs::remove(fs::path(copy.path()) / name);
        EXPECT_NE(refusal(copy.path()).find(name), std::string::npos) << name;
    }
}

TEST(StorybookModel, SeedAndPromptDecideThePicture) {
    const at::Tensor fox = generate("a red fox runs in the snow at night", 1, 12);
    EXPECT_EQ(difference(fox, generate("a red fox runs in the snow at night", 1, 12)), 0.0);
    // Another seed is another picture of the same sentence, another sentence more so.
    EXPECT_GT(difference(fox, generate("a red fox runs in the snow at night", 2, 12)), 1e-3);
    EXPECT_GT(difference(fox, generate("a blue car drives on the beach by day", 1, 12)), 0.05);
}

TEST(StorybookModel, CountsAreExactAndClipsGrowByTheirEnd) {
    const at::Tensor clip = generate("a green bird flies", 3, 29);
    EXPECT_EQ(clip.size(0), 29);
    EXPECT_TRUE(at::equal(generate("a green bird flies", 3, 14), clip.slice(0, 0, 14)));
}

// Frames of a clip whose first chunk a shot cuts short after five.
at::Tensor with_a_shot_at_five(bool cut) {
    const c10::InferenceMode inference;
    GenerationRequest request;
    request.width = 256, request.height = 144, request.rate = {24, 1}, request.frames = 26, request.steps = 4;
    request.first.prompt = "a red fox runs in the snow", request.first.seed = 5;
    request.log = [](zt_log_level, const std::string&) {};
    zt::storybook::Generation generation(weights(), request);
    std::vector<at::Tensor> out;
    Direction direction = request.first;
    for (int64_t done = 0; done < 26;) {
        generation.limit_next(done == 0 ? 5 : INT64_MAX);
        direction.cut = cut && done == 5;
        if (direction.cut) direction.prompt = "a red fox runs on the beach by day";
        const int64_t frames = generation.next_frames();
        EXPECT_EQ(frames, done == 0 ? 5 : std::min<int64_t>(12, 26 - done));
        const auto batch = generation.next(direction, {}, [](const char*, int, int) {});
        EXPECT_EQ(batch->frames, frames);
        out.push_back(at::from_blob(const_cast<float*>(batch->rgb), {frames, 3, 144, 256}).clone());
        done += frames;
    }
    return at::cat(out);
}

TEST(StorybookModel, AChunkMayEndAtAnyFrame) {
    const at::Tensor whole = generate("a red fox runs in the snow", 5, 26), morph = with_a_shot_at_five(false),
                     cut = with_a_shot_at_five(true);
    // Pictures come four at a time: without a cut those made but not shown yet follow.
    EXPECT_TRUE(at::equal(morph.slice(0, 0, 8), whole.slice(0, 0, 8)));
    EXPECT_LT(difference(morph[7], morph[8]), 3 * difference(morph[6], morph[7]) + 0.01);
    EXPECT_TRUE(at::equal(cut.slice(0, 0, 5), whole.slice(0, 0, 5)));
    EXPECT_GT(difference(cut[5], whole[5]), 3 * difference(whole[4], whole[5]));
}

TEST(StorybookModel, PicturesMoveAndAreNotFlat) {
    const at::Tensor clip = generate("a yellow rabbit jumps in the forest", 4, 24);
    EXPECT_GT(clip.std().item<double>(), 0.1);
    EXPECT_GT(difference(clip[2], clip[9]), 2e-3);
}

TEST(StorybookModel, UnknownWordsAreLoggedNotRefused) {
    std::vector<std::string> lines;
    const zt::text::WordIds ids = weights()->words.encode("a red quetzalcoatl runs", 40);
    zt::storybook::report_unknown(ids, [&](zt_log_level, const std::string& line) { lines.push_back(line); });
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines[0].find("quetzalcoatl"), std::string::npos);
}

TEST(StorybookModel, ForeignSettingsAreRefused) {
    zt::families::LoadOptions options;
    options.path = shipped();
    const auto refused = [&](auto change, zt_status status) {
        zt::families::LoadOptions o = options;
        change(o);
        try {
            (void)zt::families::storybook_family().load(o);
        } catch (const zt::Error& e) {
            return e.status() == status;
        }
        return false;
    };
    EXPECT_TRUE(refused([](auto& o) { o.device = "cuda"; }, ZT_ERROR_DEVICE));
    EXPECT_TRUE(refused([](auto& o) { o.precision = "fp8"; }, ZT_ERROR_UNSUPPORTED));
    EXPECT_TRUE(refused([](auto& o) { o.engine_opts = {{"vae", "x"}}; }, ZT_ERROR_ARGUMENT));
}

}  // namespace
