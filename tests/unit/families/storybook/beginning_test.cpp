// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Clips that begin with frames or a picture (families/storybook/beginning.h): with the shipped
// weights, and with a tiny model folder where any weights will do.
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "device/precision.h"
#include "families/storybook/generation.h"
#include "families/storybook/storybook.h"
#include "sample/noise.h"
#include "weights/tensor_store.h"

namespace {

namespace fs = std::filesystem;
using namespace zt::storybook;
using zt::families::Direction;
using zt::families::GenerationRequest;
using zt::families::Picture;

constexpr int64_t kPicture = kWidth * kHeight * 3;

std::shared_ptr<const Weights> shipped() {
    at::set_num_threads(1);   // what the family asks for
    const char* models = std::getenv("ZT_TEST_MODELS");
    static const auto loaded = std::make_shared<const Weights>(load_weights(std::string(models ? models : "models") + "/storybook", zt::device::cpu_precision("auto")));
    return loaded;
}

GenerationRequest request_of(const std::string& prompt, int64_t seed, int64_t frames) {
    GenerationRequest request;
    request.width = 256, request.height = 144, request.rate = {24, 1}, request.frames = frames, request.steps = 4;
    request.first.prompt = prompt, request.first.seed = seed;
    request.log = [](zt_log_level, const std::string&) {};
    return request;
}

// All frames, [frames, 3, 144, 256]; from frame `cut_at` on it is another shot.
at::Tensor generate(const std::shared_ptr<const Weights>& weights, const GenerationRequest& request, int64_t cut_at = INT64_MAX) {
    const c10::InferenceMode inference;
    Generation generation(weights, request);
    std::vector<at::Tensor> out;
    for (int64_t done = 0; done < request.frames;) {
        Direction direction = request.first;
        direction.cut = done == cut_at;
        if (cut_at != INT64_MAX) generation.limit_next(done < cut_at ? cut_at - done : INT64_MAX);
        const auto batch = generation.next(direction, {}, [](const char*, int, int) {});
        out.push_back(at::from_blob(const_cast<float*>(batch->rgb), {batch->frames, 3, 144, 256}).clone());
        done += batch->frames;
    }
    return at::cat(out);
}

// A frame as a host would give it back: 8 bits.
Picture picture_of(const at::Tensor& frame, zt_image_role role) {
    const at::Tensor bytes = frame.clamp(0, 1).mul(255).add(0.5).to(at::kByte).permute({1, 2, 0}).contiguous();
    return {role, 256, 144, std::make_shared<const std::vector<uint8_t>>(bytes.data_ptr<uint8_t>(), bytes.data_ptr<uint8_t>() + kPicture)};
}

std::vector<Picture> history_of(const at::Tensor& clip, int64_t count) {
    std::vector<Picture> history;
    for (int64_t i = clip.size(0) - count; i < clip.size(0); i++) history.push_back(picture_of(clip[i], ZT_IMAGE_HISTORY));
    return history;
}

double step(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().mean().item<double>(); }

TEST(StorybookBeginning, AClipGoesOnWithoutASeam) {
    constexpr int64_t kFrames = 48;
    const at::Tensor clip = generate(shipped(), request_of("a yellow rabbit jumps in the city", 4, kFrames));
    GenerationRequest request = request_of("a yellow rabbit jumps in the city", 0, 24);
    request.images = history_of(clip, 16);
    const at::Tensor more = generate(shipped(), request);
    const at::Tensor all = at::cat({clip, more}).clamp(0, 1);
    std::vector<double> steps;
    for (int64_t i = 1; i < all.size(0); i++) steps.push_back(step(all[i - 1], all[i]));
    const double seam = steps[kFrames - 1];
    std::sort(steps.begin(), steps.end());
    EXPECT_LT(seam, 2 * steps[steps.size() / 2]);
    EXPECT_GT(step(more[2], more[9]), 2e-3);
    request.frames = 12;   // and the same once more
    EXPECT_TRUE(at::equal(more.slice(0, 0, 12), generate(shipped(), request)));
}

TEST(StorybookBeginning, TheClockIsFound) {
    const GenerationRequest request = request_of("a yellow rabbit jumps in the city", 4, 76);
    const at::Tensor clip = generate(shipped(), request);
    const c10::InferenceMode inference;
    const int64_t tokens = shipped()->denoiser.config.text.max_tokens;
    std::vector<at::Tensor> sentences;   // one for each layout, as the engine tries them
    for (const char* layout : {"<layout 0>", "<layout 1>"}) {
        std::vector<int64_t> ids = shipped()->words.encode(request.first.prompt, static_cast<size_t>(tokens - 1)).ids;
        ids.push_back(shipped()->words.id_of(layout));
        at::Tensor padded = at::zeros({1, tokens}, at::kLong);
        for (size_t i = 0; i < ids.size(); i++) padded[0][static_cast<int64_t>(i)] = ids[i];
        sentences.push_back(forward(shipped()->denoiser.text, padded));
    }
    for (const int64_t end : {52, 64, 76}) {
        const Beginning beginning = encode_beginning(shipped()->vae, history_of(clip.slice(0, 0, end), 16), ZT_FIT_CROP);
        const Reading reading = read_beginning(shipped()->denoiser, beginning, sentences, {});
        EXPECT_EQ(reading.clock % 4, end / kGroup % 4) << end;   // a jump takes four latents, so four clocks look alike
    }
}

TEST(StorybookBeginning, KeptEdges) {
    const at::Tensor picture = zt::sample::Noise(1).draw({3, 144, 256}).mul(0.1).add(0.5).clamp(0, 1), flat = at::full({3, 144, 256}, 0.5);
    EXPECT_DOUBLE_EQ(kept_edges(picture, picture), 1);
    EXPECT_NEAR(kept_edges(picture, picture + 0.1), 1, 1e-3);   // another brightness is no other edge
    EXPECT_NEAR(kept_edges(picture, flat), 0, 1e-3);
    EXPECT_LT(kept_edges(flat, picture), -1);
    EXPECT_DOUBLE_EQ(kept_edges(flat, flat), 1);
}

std::string refusal(const std::vector<Picture>& images) {
    GenerationRequest request = request_of("a red fox runs", 1, 1);
    request.images = images;
    try {
        (void)generate(shipped(), request);
    } catch (const zt::Error& e) {
        EXPECT_EQ(e.status(), ZT_ERROR_UNSUPPORTED);
        return e.what();
    }
    return "";
}

TEST(StorybookBeginning, PicturesFarFromItsWorldAreRefused) {
    const at::Tensor x = at::arange(256).div(255.0).expand({3, 144, 256});
    const at::Tensor stripes = at::arange(256).remainder(6).lt(3).to(at::kFloat).expand({3, 144, 256});
    for (const at::Tensor& far : {zt::sample::Noise(1).draw({3, 144, 256}).mul(0.2).add(0.5), x.clone(), at::full({3, 144, 256}, 0.25), stripes.clone()}) {
        EXPECT_EQ(refusal({picture_of(far, ZT_IMAGE_FIRST)}).find("first image: expected a picture of this model's world, as it makes them, got one far from it (it keeps "), 0U);
        const std::vector<Picture> history(8, picture_of(far, ZT_IMAGE_HISTORY));
        EXPECT_EQ(refusal(history).find("history: expected a picture of this model's world"), 0U);
    }
}

TEST(StorybookBeginning, ItsOwnAreNotThoughTheySuffered) {
    for (const char* prompt : {"a yellow rabbit jumps in the city", "a blue cat dances in the snow at night, neon style", "a green fish swims under water, pencil sketch"}) {
        const at::Tensor frame = generate(shipped(), request_of(prompt, 4, 12))[11].clamp(0, 1);
        const at::Tensor small = at::avg_pool2d(frame.unsqueeze(0), 2), soft = at::upsample_bilinear2d(small, {144, 256}, false)[0];
        const at::Tensor grainy = frame + zt::sample::Noise(2).draw({3, 144, 256}).mul(2.0 / 255), dim = frame * 0.9;
        for (const at::Tensor& own : {frame, soft, grainy, dim}) {
            EXPECT_EQ(refusal({picture_of(own, ZT_IMAGE_FIRST)}), "") << prompt;
            EXPECT_EQ(refusal({picture_of(own, ZT_IMAGE_HISTORY)}), "") << prompt;
        }
    }
}

// ---- A model folder that knows pictures --------------------------------------------------------

class TinyFolder {
public:
    explicit TinyFolder(bool pictures) : path_(fs::temp_directory_path() / ("zt-tiny-" + std::to_string(::getpid()))) {
        fs::remove_all(path_);
        fs::create_directory(path_);
        ModelFiles files;
        files.vae.channels = files.denoiser.channels = 4;
        files.vae.encoder = {8, 16}, files.vae.decoder = {16, 8, 8};
        files.denoiser.width = 16, files.denoiser.heads = 2, files.denoiser.layers = 2, files.denoiser.pictures = pictures;
        files.words = zt::text::WordTokenizer({"fox", "runs", "<layout 0>", "<layout 1>"});
        files.denoiser.text = {.vocabulary = 4, .width = 8, .heads = 2, .layers = 1, .max_tokens = 6};
        Vae vae = make_vae(files.vae);
        Denoiser net = make_denoiser(files.denoiser);
        write(vae, "vae.safetensors", 1);
        write(net, "denoiser.safetensors", 2);
        write_model_files(path_.string(), files, "test");
    }
    ~TinyFolder() { fs::remove_all(path_); }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    template <class Model>
    void write(Model& model, const char* name, int64_t seed) {
        zt::sample::Noise noise(seed);
        zt::weights::Tensors tensors;
        model.visit([&](const std::string& tensor, at::Tensor& t) {
            const double fan_in = t.dim() > 1 ? static_cast<double>(t.numel() / t.size(0)) : 25.0;
            tensors[tensor] = tensor.starts_with("latent_") ? t : noise.draw(t.sizes()) / std::sqrt(fan_in);
        });
        zt::weights::write_tensors((path_ / name).string(), tensors, {});
    }
    fs::path path_;
};

std::shared_ptr<const Weights> tiny() {
    const TinyFolder folder(true);
    return std::make_shared<const Weights>(load_weights(folder.path(), at::kFloat));
}

TEST(StorybookBeginning, AnyHistoryWillDo) {
    const auto weights = tiny();
    const at::Tensor noise = zt::sample::Noise(1).draw({16, 3, 144, 256}).mul(0.2).add(0.5);
    for (const int64_t count : {1, 3, 5, 8, 16}) {
        GenerationRequest request = request_of("fox runs", 1, 13);
        request.images = history_of(noise, count);
        const at::Tensor clip = generate(weights, request);
        EXPECT_EQ(clip.size(0), 13);
        EXPECT_TRUE(clip.isfinite().all().item<bool>());
    }
}

TEST(StorybookBeginning, WeightsSayWhetherTheyKnowPictures) {
    zt::families::LoadOptions options;
    for (const bool pictures : {false, true}) {
        const TinyFolder folder(pictures);
        options.path = folder.path();
        const auto model = zt::families::storybook_family().load(options);
        EXPECT_EQ(model->limits().first_image, pictures ? ZT_USE_OPTIONAL : ZT_USE_NEVER);
        EXPECT_EQ(model->limits().history_images, 39);   // 16 frames at 24 a second, given at 60
        EXPECT_FALSE(model->limits().strength);
    }
}

TEST(StorybookBeginning, TheFirstFrameIsThePicture) {
    const auto weights = tiny();
    const at::Tensor drawing = zt::sample::Noise(3).draw({3, 144, 256}).mul(0.2).add(0.5).clamp(0, 1);
    GenerationRequest request = request_of("fox runs", 7, 30);
    const at::Tensor without = generate(weights, request);
    request.images = {picture_of(drawing, ZT_IMAGE_FIRST)};
    const at::Tensor clip = generate(weights, request);
    EXPECT_EQ(clip.size(0), 30);
    EXPECT_LT(step(clip[0], drawing), 0.5 / 255);
    EXPECT_GT(step(clip[20], drawing), 10 * step(clip[0], drawing));
    EXPECT_TRUE(at::equal(clip, generate(weights, request)));
    EXPECT_FALSE(at::equal(clip.slice(0, 12), without.slice(0, 12)));
    // Another size is fitted, and a wide one cut at the sides.
    Picture wide{ZT_IMAGE_FIRST, 512, 144, std::make_shared<const std::vector<uint8_t>>(static_cast<size_t>(2 * kPicture), uint8_t{200})};
    request.images = {wide};
    EXPECT_NEAR(generate(weights, request)[0].mean().item<double>(), 200.0 / 255, 1e-3);
}

TEST(StorybookBeginning, ACutLeavesThePictureBehind) {
    const auto weights = tiny();
    GenerationRequest request = request_of("fox runs", 7, 30);
    const at::Tensor plain = generate(weights, request, 5);
    request.images = {picture_of(at::full({3, 144, 256}, 0.25), ZT_IMAGE_FIRST)};
    const at::Tensor clip = generate(weights, request, 5);
    EXPECT_NEAR(clip[0].mean().item<double>(), 64.0 / 255, 1e-3);
    // The noise of the second shot is the same, and so is all that it begins with: nothing.
    EXPECT_FALSE(at::equal(clip.slice(0, 0, 5), plain.slice(0, 0, 5)));
    EXPECT_TRUE(at::equal(clip.slice(0, 5), plain.slice(0, 5)));
}

}  // namespace
