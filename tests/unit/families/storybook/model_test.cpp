// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shipped model (models/storybook): whole, refused when damaged, obeys seed and prompt.
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "core/error.h"
#include "families/storybook/storybook.h"
#include "shipped.h"
#include "weights/manifest.h"

namespace {

namespace fs = std::filesystem;
using namespace zt::storybook::shipped;
using zt::families::Direction;

// A copy of the shipped folder that a test may damage.
class Copy {
public:
    Copy() : path_(fs::temp_directory_path() / ("zt-model-" + std::to_string(::getpid()))) {
        fs::remove_all(path_);
        fs::copy(folder(), path_);
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

std::string refusal(const std::string& path) {
    try {
        (void)zt::storybook::load_weights(path, at::kFloat);
    } catch (const zt::Error& e) {
        return e.what();
    }
    return "";
}

TEST(StorybookModel, FlippedBytesAreRefusedByName) {
    const Copy copy;
    for (const char* name : {"layers.safetensors", "lexicon.json", "config.json"}) {
        const size_t middle = fs::file_size(fs::path(copy.path()) / name) / 2;
        copy.flip(name, middle);
        EXPECT_NE(refusal(copy.path()).find(name), std::string::npos) << name;
        copy.flip(name, middle);
        EXPECT_EQ(refusal(copy.path()), "") << name;
    }
}

TEST(StorybookModel, MissingFilesAreRefusedByName) {
    for (const char* name : {"layers.safetensors", "lexicon.json", "config.json", "manifest.json"}) {
        const Copy copy;
        fs::remove(fs::path(copy.path()) / name);
        EXPECT_NE(refusal(copy.path()).find(name), std::string::npos) << name;
    }
}

// Whoever makes the manifest anew has the digests right and the world wrong.
TEST(StorybookModel, WorldsThatDoNotHoldTogetherAreRefused) {
    const Copy copy;
    const fs::path file = fs::path(copy.path()) / "config.json";
    std::ifstream in(file);
    const std::string whole((std::istreambuf_iterator<char>(in)), {});
    const auto refused = [&](const std::string& pattern, const std::string& value) {
        EXPECT_TRUE(std::regex_search(whole, std::regex(pattern))) << pattern;
        std::ofstream(file, std::ios::trunc)
            << std::regex_replace(whole, std::regex(pattern), value, std::regex_constants::format_first_only);
        zt::weights::write_manifest(copy.path(), {"config.json", "lexicon.json", "layers.safetensors"},
                                    {zt::json::Value::Object{{"family", {std::string("storybook")}}}});
        return refusal(copy.path());
    };
    EXPECT_EQ(refused("\"beat\"", "\"beat\""), "");
    EXPECT_NE(refused("\"beat\": *[0-9.]+", "\"beat\": 0").find("beat: expected"), std::string::npos);
    EXPECT_NE(refused("\"beat\": *[0-9.]+", "\"beat\": 1e999").find("config.json"), std::string::npos);
    EXPECT_NE(refused("\"ring\": *\"[a-z.]+\"", "\"ring\": \"nowhere\"").find("the name of a ring"), std::string::npos);
    EXPECT_NE(refused("\"prop\": *\"[a-z.]+\"", "\"prop\": \"nothing\"").find("the name of a sprite"),
              std::string::npos);
    EXPECT_NE(refused("\"cells\": *\"move\"", "\"cells\": \"swim\"").find("pictures for \"swim\""), std::string::npos);
    EXPECT_NE(
        refused("\"box\": *\\[ *-?[0-9]+, *-?[0-9]+, *[0-9]+", "\"box\": [-64, -48, 8").find("layers.safetensors: "),
        std::string::npos)
        << "latents of another size";
    EXPECT_NE(refused("\"name\": *\"shake\"", "\"name\": \"tremble\"").find("lexicon.json"), std::string::npos)
        << "words of another world";
}

TEST(StorybookModel, SeedAndPromptDecideThePicture) {
    const at::Tensor fox = generate("a red fox runs in the snow at night", 1, 12);
    EXPECT_EQ(difference(fox, generate("a red fox runs in the snow at night", 1, 12)), 0.0);
    EXPECT_GT(difference(fox, generate("a red fox runs in the snow at night", 2, 12)), 0.02);
    EXPECT_GT(difference(fox, generate("a blue car drives on the beach by day", 1, 12)), 0.05);
}

TEST(StorybookModel, CountsAreExactAndClipsGrowByTheirEnd) {
    const at::Tensor clip = generate("a green bird flies", 3, 29);
    EXPECT_EQ(clip.size(0), 29);
    EXPECT_TRUE(at::equal(generate("a green bird flies", 3, 14), clip.slice(0, 0, 14)));
}

// Frames of a clip with a shot at frame 5, and how it begins.
at::Tensor with_a_shot_at_five(bool cut, const std::string& then,
                               const std::string& first = "a red fox runs in the snow") {
    const c10::InferenceMode inference;
    const auto asked = request(first, 5, 50);
    zt::storybook::Generation generation(weights(), asked);
    std::vector<at::Tensor> out;
    Direction direction = asked.first;
    for (int64_t done = 0; done < 50;) {
        generation.limit_next(done == 0 ? 5 : INT64_MAX);
        direction.cut = cut && done == 5;
        if (done == 5) direction.prompt = then;
        const int64_t frames = generation.next_frames();
        EXPECT_EQ(frames, done == 0 ? 5 : std::min<int64_t>(12, 50 - done));
        const auto batch = generation.next(direction, {}, [](const char*, int, int) {});
        EXPECT_EQ(batch->frames, frames);
        out.push_back(at::from_blob(const_cast<float*>(batch->rgb), {frames, 3, kHeight, kWidth}).clone().clamp_(0, 1));
        done += frames;
    }
    return at::cat(out);
}

TEST(StorybookModel, AChunkMayEndAtAnyFrame) {
    const at::Tensor whole = generate("a red fox runs in the snow", 5, 50);
    EXPECT_LT(difference(with_a_shot_at_five(false, "a red fox runs in the snow"), whole), 1e-6);
    const at::Tensor cut = with_a_shot_at_five(true, "a blue cat sleeps on the beach by day");
    EXPECT_LT(difference(cut.slice(0, 0, 5), whole.slice(0, 0, 5)), 1e-6);
    EXPECT_GT(difference(cut[5], cut[4]), 5 * difference(whole[4], whole[5]));
}

// A morph: no step from frame to frame that stands out, and at its end the new world.
TEST(StorybookModel, AMorphGoesOverGradually) {
    for (const char* then :
         {"a blue cat sleeps on the beach by day", "a red fox stands at night", "neon city, a yellow car is parked"}) {
        const at::Tensor clip = with_a_shot_at_five(
            false, then,
            "a red fox stands in the snow, static camera");  // what moves by itself would be measured with it
        std::vector<double> steps;
        for (int64_t i = 4; i < 41; i++) steps.push_back((clip[i] - clip[i + 1]).square().mean().sqrt().item<double>());
        std::vector<double> sorted = steps;
        std::sort(sorted.begin(), sorted.end());
        EXPECT_LE(sorted.back(), 2 * sorted[sorted.size() / 2]) << then;
        EXPECT_GT(difference(clip[4], clip[45]), 0.04) << then;
    }
}

TEST(StorybookModel, WhatTheWordsDoNotTouchStays) {
    const auto& world = weights()->world;
    std::vector<std::string> lines;
    const zt::families::LogFn log = [&](zt_log_level, const std::string& line) { lines.push_back(line); };
    const auto first = understand(*weights(), "a red fox runs in the snow at night", 3, nullptr, log).play;
    const auto second = understand(*weights(), "it sleeps on the beach", 3, &first, log).play;
    EXPECT_EQ(second.actors[0].subject, first.actors[0].subject);
    EXPECT_EQ(second.actors[0].colour, first.actors[0].colour);
    EXPECT_EQ(world.motions[static_cast<size_t>(second.actors[0].motion)].name, "rest");
    EXPECT_EQ(second.time, first.time);
    EXPECT_EQ(second.style, first.style);
    EXPECT_NE(second.scene, first.scene);
    // Of a sentence by itself too: what it leaves open is what it was with fewer words.
    for (int64_t seed = 0; seed < 20; seed++) {
        const auto fewer = understand(*weights(), "a fox", seed, nullptr, log).play,
                   more = understand(*weights(), "a blue fox", seed, nullptr, log).play;
        EXPECT_EQ(tell(world, fewer).substr(tell(world, fewer).find('(')),
                  tell(world, more).substr(tell(world, more).find('(')));
    }
}

TEST(StorybookModel, UnknownWordsAreLoggedNotRefused) {
    std::vector<std::string> lines;
    (void)understand(*weights(), "a red quetzalcoatl runs", 1, nullptr,
                     [&](zt_log_level level, const std::string& line) {
                         if (level == ZT_LOG_WARNING) lines.push_back(line);
                     });
    ASSERT_FALSE(lines.empty());
    EXPECT_NE(lines.back().find("no subject that this model knows"), std::string::npos) << lines.back();
    EXPECT_NE(lines.back().find("shown is a red "), std::string::npos) << lines.back();
}

zt::Error refusal_of(const zt::families::LoadOptions& options, const char* prompt = nullptr) {
    try {
        const auto model = zt::families::storybook_family().load(options);
        Direction direction;
        direction.guidance = model->limits().default_guidance;
        if (prompt != nullptr) direction.prompt = prompt, model->check(direction);
    } catch (const zt::Error& e) {
        return e;
    }
    return {ZT_OK, ""};
}

// What suffices for its own size does not for a larger one: said before anything is made.
// Forty frames of which the last twenty obey another prompt, without a cut.
at::Tensor shown_as(zt::storybook::Layers layers) {
    const c10::InferenceMode inference;
    const auto asked = request("a red fox dances in the forest by day, clear sky", 5, 40);
    zt::storybook::Generation generation(weights(), asked, layers);
    Direction direction = asked.first;
    std::vector<at::Tensor> out;
    for (int64_t done = 0; done < 40;) {
        generation.limit_next(done < 20 ? 20 - done : INT64_MAX);
        if (done == 20) direction.prompt = "a blue fish swims";
        const auto batch = generation.next(direction, {}, [](const char*, int, int) {});
        out.push_back(
            at::from_blob(const_cast<float*>(batch->rgb), {batch->frames, 3, kHeight, kWidth}).clone().clamp_(0, 1));
        done += batch->frames;
    }
    return at::cat(out);
}

TEST(StorybookModel, FillAndKeyAreTheActorsOfTheClip) {
    using zt::storybook::Layers;
    const at::Tensor all = shown_as(Layers::kAll), fill = shown_as(Layers::kFill), key = shown_as(Layers::kKey);
    EXPECT_TRUE(at::equal(key.select(1, 0), key.select(1, 2)));
    for (int64_t frame : {0, 19, 39}) {
        const double covered = key[frame].mean().item<double>();
        EXPECT_GT(covered, 0.02) << frame;
        EXPECT_LT(covered, 0.6) << frame;
    }
    // Behind what covers all of a pixel nothing of the world is seen: there the fill is the clip.
    const at::Tensor opaque = key > 0.999;
    EXPECT_GT(opaque.sum().item<int64_t>(), 3 * 40 * 100);
    EXPECT_LT(((fill - all).abs() * opaque).max().item<double>(), 2.0 / 255);
    // Elsewhere the world is: what is laid over black is not the clip.
    EXPECT_GT(((fill * key - all).abs() * (key < 0.01)).mean().item<double>(), 0.05);
    // Edges and shadows are neither.
    EXPECT_GT(((key > 0.05) & (key < 0.95)).sum().item<int64_t>(), 3 * 40 * 20);
    // Colours go on beyond the edge, for the chroma that pixels share, and then end.
    const at::Tensor outside = (key < 0.001) & (fill.sum(1, true) > 0);
    EXPECT_GT(outside.sum().item<int64_t>(), 0);
    EXPECT_LT(outside.sum().item<int64_t>(), (key < 0.001).sum().item<int64_t>() / 2);
}

// The same clip once more as a cutout: [frames, 4, height, width].
at::Tensor cut_out(const zt::families::GenerationRequest& plain) {
    const c10::InferenceMode inference;
    auto asked = plain;
    asked.cutout = true;
    zt::storybook::Generation generation(weights(), asked);
    std::vector<at::Tensor> out;
    while (const auto batch = generation.next(asked.first, {}, [](const char*, int, int) {})) {
        const auto pixels = [&](const float* data, int64_t planes) {
            return at::from_blob(const_cast<float*>(data), {batch->frames, planes, kHeight, kWidth}).clone();
        };
        out.push_back(at::cat({pixels(batch->rgb, 3), pixels(batch->alpha, 1)}, 1));
    }
    return at::cat(out);
}

TEST(StorybookModel, ACutoutIsFillAndKeyAtOnce) {
    using zt::storybook::Layers;
    const auto asked = request("a red fox dances in the forest by day, clear sky", 5, 20);
    const at::Tensor cut = cut_out(asked), rgb = cut.narrow(1, 0, 3), alpha = cut.narrow(1, 3, 1);
    const at::Tensor fill = shown_as(Layers::kFill).narrow(0, 0, 20), key = shown_as(Layers::kKey).narrow(0, 0, 20);
    EXPECT_LT((alpha - key.narrow(1, 0, 1)).abs().max().item<double>(), 3.1 / 255);
    // Nothing is nothing, and the body is all there, to the last step.
    EXPECT_GT((alpha == 0).to(at::kFloat).mean().item<double>(), 0.5);
    EXPECT_GT((alpha == 1).sum().item<int64_t>(), (key.narrow(1, 0, 1) > 0.98).sum().item<int64_t>() * 9 / 10);
    // The colours of a fill, and some more around them.
    const at::Tensor filled = fill.sum(1, true) > 0;
    EXPECT_TRUE(at::equal(rgb.clamp(0, 1) * filled, fill * filled));
    const at::Tensor more = (rgb.sum(1, true) > 0).logical_and(filled.logical_not());
    EXPECT_GT(more.sum().item<int64_t>(), filled.sum().item<int64_t>() / 20);
    // Nowhere do they end within reach of what is seen: a pixel with a colour and any alpha near it is not black.
    const at::Tensor bright = rgb.amax(1, true), near = at::max_pool2d(alpha, 9, 1, 4);
    const at::Tensor fur = at::max_pool2d(alpha * (bright > 0.2), 9, 1, 4) > 0.9;
    EXPECT_GT(fur.sum().item<int64_t>(), 1000);
    EXPECT_LT(((bright < 0.01) & (near < 0.01) & fur).sum().item<int64_t>(), 1);
}

// Colours are no longer multiplied by their alpha and go on so far; a haze too thin to be meant is none.
TEST(StorybookModel, ColoursOfACutoutGoOnAroundIt) {
    constexpr int kSize = 80;
    zt::storybook::Canvas canvas(kSize, kSize);
    zt::storybook::clear(canvas);
    const auto put = [&](int x, int y, float red, float alpha) {
        float* pixel = canvas.row(y) + static_cast<ptrdiff_t>(x) * 4;
        pixel[0] = red * alpha, pixel[1] = pixel[2] = 0, pixel[3] = 1 - alpha;
    };
    for (int y = 30; y < 50; y++)
        for (int x = 30; x < 50; x++) put(x, y, 0.8F, x == 30 || x == 49 ? 0.5F : 0.995F);
    put(2, 2, 1, 0.008F);
    std::vector<float> rgb(size_t{3} * kSize * kSize), alpha(size_t{kSize} * kSize);
    zt::storybook::write_cutout(canvas, rgb.data(), alpha.data());
    const auto at = [&](const std::vector<float>& plane, int x, int y) {
        return plane[static_cast<size_t>(y) * kSize + static_cast<size_t>(x)];
    };
    EXPECT_EQ(at(alpha, 2, 2), 0.F);
    EXPECT_EQ(at(alpha, 40, 40), 1.F);
    EXPECT_NEAR(at(alpha, 30, 40), 0.5F, 1e-6F);
    for (const int x : {14, 20, 29, 30, 40, 49, 60, 65}) EXPECT_NEAR(at(rgb, x, 40), 0.8F, 1e-6F) << x;
    for (const int x : {0, 13, 66, 79}) EXPECT_EQ(at(rgb, x, 40), 0.F) << x;
    EXPECT_NEAR(at(rgb, 22, 22), 0.8F, 1e-6F);  // beside a corner
}

TEST(StorybookModel, ACutoutIsRefusedWithAPictureAndWithLayers) {
    const auto refusal = [](const char* layers, bool picture) {
        zt::families::LoadOptions options;
        options.path = folder();
        if (layers != nullptr) options.engine_opts = {{"layers", layers}};
        const auto model = zt::families::storybook_family().load(options);
        EXPECT_TRUE(model->limits().cutout);
        auto asked = request("a fox", 1, 24);
        asked.cutout = true;
        if (picture) asked.images.push_back({ZT_IMAGE_FIRST, 1, 1, std::make_shared<std::vector<uint8_t>>(3)});
        try {
            model->check_request(asked);
        } catch (const zt::Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(refusal(nullptr, false), "");
    EXPECT_EQ(refusal("all", false), "");
    EXPECT_EQ(refusal("key", false), "cutout: expected 0 with layers=fill or layers=key, got 1");
    EXPECT_EQ(refusal(nullptr, true), "cutout: expected 0 with a picture, which is the backdrop, got 1");
}

TEST(StorybookModel, FillAndKeyHaveNoPictureBehindThem) {
    zt::families::LoadOptions options;
    options.path = folder();
    options.engine_opts = {{"layers", "key"}};
    const auto model = zt::families::storybook_family().load(options);
    auto asked = request("a fox", 1, 24);
    EXPECT_NO_THROW(model->check_request(asked));
    asked.images.push_back({ZT_IMAGE_FIRST, 1, 1, std::make_shared<std::vector<uint8_t>>(3)});
    EXPECT_THROW(model->check_request(asked), zt::Error);
}

TEST(StorybookModel, MemoryIsForTheSizeAsked) {
    zt::families::LoadOptions options;
    options.path = folder();
    options.memory_bytes = uint64_t{420} << 20;
    const auto model = zt::families::storybook_family().load(options);
    auto asked = request("a fox", 1, 24);
    EXPECT_NO_THROW(model->check_request(asked));
    asked.width = 1920, asked.height = 1080;
    EXPECT_THROW(model->check_request(asked), zt::Error);
}

TEST(StorybookModel, ForeignSettingsAreRefused) {
    const auto refused = [&](auto change) {
        zt::families::LoadOptions o;
        o.path = folder();
        change(o);
        return refusal_of(o).status();
    };
    EXPECT_EQ(refused([](auto& o) { o.device = "cuda"; }), ZT_ERROR_DEVICE);
    EXPECT_EQ(refused([](auto& o) { o.precision = "fp8"; }), ZT_ERROR_UNSUPPORTED);
    EXPECT_EQ(refused([](auto& o) { o.engine_opts = {{"vae", "x"}}; }), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(refused([](auto& o) { o.engine_opts = {{"strict", "2"}}; }), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(refused([](auto& o) { o.engine_opts = {{"layers", "matte"}}; }), ZT_ERROR_ARGUMENT);
    EXPECT_EQ(refused([](auto& o) { o.memory_bytes = uint64_t{300} << 20; }), ZT_ERROR_MEMORY);
}

TEST(StorybookModel, StrictRefusesWhomItDoesNotKnow) {
    zt::families::LoadOptions options;
    options.path = folder();
    EXPECT_EQ(refusal_of(options, "a dragon flies").status(), ZT_OK);
    options.engine_opts = {{"strict", "1"}};
    EXPECT_EQ(refusal_of(options, "a fox flies").status(), ZT_OK);
    EXPECT_EQ(refusal_of(options, "a dragon flies").status(), ZT_ERROR_UNSUPPORTED);
    EXPECT_NE(std::string(refusal_of(options, "a dragon flies").what()).find("got \"dragon\""), std::string::npos);
    EXPECT_EQ(refusal_of(options, "rain in the forest").status(), ZT_ERROR_UNSUPPORTED);
}

}  // namespace
