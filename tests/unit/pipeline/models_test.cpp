// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Shared models (pipeline/models.h): opened twice is one object, the last user frees it.
#include "pipeline/models.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <thread>
#include <tuple>

#include "core/error.h"

namespace {

using zt::families::LoadOptions;
using zt::pipeline::open_model;
using zt::pipeline::sharing_key;
namespace fs = std::filesystem;

LoadOptions with(const char* delay_ms) {
    LoadOptions options;
    options.engine_opts = {{"delay_ms", delay_ms}};
    options.log = zt::make_log(nullptr, nullptr);
    return options;
}

TEST(Models, SameSettingsAreOneObject) {
    const auto first = open_model("testcard", with("1")), second = open_model("testcard", with("1"));
    EXPECT_EQ(first.model, second.model);
    EXPECT_NE(first.model, open_model("testcard", with("2")).model);
}

TEST(Models, TheDefaultsAreBuiltIn) {
    for (const bool with_picture : {false, true}) {
        const std::string_view name = zt::families::default_model(with_picture);
        size_t found = 0;
        for (const zt::families::Family* family : zt::families::registry())
            found += family->built_in() && family->name() == name ? 1 : 0;
        EXPECT_EQ(found, 1U) << name;
    }
}

TEST(Models, TheLastUserFreesIt) {
    std::weak_ptr<const zt::families::Model> freed;
    {
        const auto first = open_model("testcard", with("3"));
        freed = first.model;
        { const auto second = open_model("testcard", with("3")); }
        EXPECT_FALSE(freed.expired());
    }
    EXPECT_TRUE(freed.expired());
    EXPECT_NE(open_model("testcard", with("3")).model, nullptr);
}

TEST(Models, AFailureIsToldEachTimeAndLeavesNothingBehind) {
    for (int i = 0; i < 3; ++i) EXPECT_THROW((void)open_model("testcard", with("-1")), zt::Error);
    EXPECT_NE(open_model("testcard", with("4")).model, nullptr);
}

TEST(Models, OpenedFromManyThreadsAtOnceIsOneObject) {
    for (int round = 0; round < 20; ++round) {
        std::vector<std::shared_ptr<const zt::families::Model>> opened(8);
        {
            std::vector<std::jthread> threads;
            for (auto& model : opened)
                threads.emplace_back([&model] { model = open_model("testcard", with("5")).model; });
        }
        EXPECT_EQ(std::set(opened.begin(), opened.end()).size(), 1U);
    }
}

// A folder of its own, removed with its content.
struct Folder {
    Folder() {
        std::string name = (fs::temp_directory_path() / "models-XXXXXX").string();
        path = mkdtemp(name.data());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { fs::remove_all(path); }
    [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
        fs::create_directories((path / name).parent_path());
        std::ofstream(path / name, std::ios::binary) << text;
        return (path / name).string();
    }
    fs::path path;
};

// The family that reads what `options` names, and what may share with it.
std::string key_of(const LoadOptions& options) {
    for (const auto* family : zt::families::registry())
        if (family->detect(options.path).fit == zt::families::Detection::Fit::kOurs)
            return sharing_key(*family, options);
    return "no family";
}

constexpr const char* kIndex = R"({"_class_name": "HunyuanVideoPipeline"})";

// Each part of the key alone: what one opening has and another has not must keep them apart.
TEST(SharingKey, EverySettingAloneMakesAnotherModel) {
    const Folder folder, other;
    for (const Folder* at : {&folder, &other}) (void)at->write("model_index.json", kIndex);
    LoadOptions options;
    options.path = folder.path.string();
    options.lora = folder.write("a.lora", "a");
    const std::string same = key_of(options);
    EXPECT_EQ(key_of(options), same);
    std::set<std::string> keys = {same};
    const std::vector<std::pair<const char*, std::function<void(LoadOptions&)>>> changes = {
        {"path", [&](LoadOptions& o) { o.path = other.path.string(); }},
        {"device", [](LoadOptions& o) { o.device = "cpu"; }},
        {"precision", [](LoadOptions& o) { o.precision = "fp32"; }},
        {"memory", [](LoadOptions& o) { o.memory_bytes = 1 << 30; }},
        {"another adapter", [&](LoadOptions& o) { o.lora = folder.write("b.lora", "a"); }},
        {"its scale", [](LoadOptions& o) { o.lora += ":0.5"; }},
        {"a second one", [&](LoadOptions& o) { o.lora += "|" + folder.write("b.lora", "a"); }},
        {"an option of the engine",
         [](LoadOptions& o) {
             o.engine_opts = {{"true_cfg", "2"}};
         }},
        {"another value of it",
         [](LoadOptions& o) {
             o.engine_opts = {{"true_cfg", "3"}};
         }},
        {"another key with it", [](LoadOptions& o) {
             o.engine_opts = {{"tiling", "3"}};
         }}};
    for (const auto& [what, change] : changes) {
        LoadOptions changed = options;
        change(changed);
        EXPECT_TRUE(keys.insert(key_of(changed)).second) << what;
    }
}

// The same name, another file: each way of changing one that a disk knows.
TEST(SharingKey, EveryFileThatIsReadAloneMakesAnotherModel) {
    const Folder folder, parts;
    (void)folder.write("model/model_index.json", kIndex);
    LoadOptions options;
    options.path = (folder.path / "model").string();
    std::vector<std::string> files = {
        folder.write("model/model_index.json", kIndex), folder.write("model/transformer/config.json", "{}"),
        folder.write("linked/weights.safetensors", "1"), parts.write("a.lora", "1"), parts.write("b.lora", "1")};
    fs::create_directory_symlink(folder.path / "linked", folder.path / "model/text_encoder_2");
    options.lora = files[3] + ":0.5|" + files[4];
    for (const char* key : {"vae", "text_encoder", "image_encoder"}) {
        files.push_back(parts.write(std::string(key) + ".safetensors", "1"));
        options.engine_opts.emplace_back(key, files.back());
    }
    for (const char* key : {"tokenizer", "tokenizer_2"}) {
        files.push_back(parts.write(std::string(key) + "/tokenizer.json", "1"));
        options.engine_opts.emplace_back(key, fs::path(files.back()).parent_path());
    }
    for (const std::string& file : files) {
        const std::string before = key_of(options);
        EXPECT_EQ(key_of(options), before) << file;
        struct stat was {};
        ASSERT_EQ(stat(file.c_str(), &was), 0);
        { std::ofstream(file, std::ios::app) << " "; }
        const std::string longer = key_of(options);
        EXPECT_NE(longer, before) << file << ": another size";
        const timespec times[2] = {{1, 0}, {1, 0}};
        utimensat(AT_FDCWD, file.c_str(), times, 0);
        const std::string older = key_of(options);
        EXPECT_NE(older, longer) << file << ": another time";
        fs::copy_file(file, file + ".new");
        utimensat(AT_FDCWD, (file + ".new").c_str(), times, 0);
        fs::rename(file + ".new", file);
        const std::string replaced = key_of(options);
        EXPECT_NE(replaced, older) << file << ": another file of the same size and time";
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // change times count in ticks of the kernel
        { std::fstream(file, std::ios::in | std::ios::out) << "{"; }
        utimensat(AT_FDCWD, file.c_str(), times, 0);
        EXPECT_NE(key_of(options), replaced) << file << ": overwritten in place, its time put back";
    }
}

// Parts that lie beside a single file are found by their names, not named by the user.
TEST(SharingKey, PartsFoundBesideAFileBelongToIt) {
    const Folder folder;
    LoadOptions options;
    // GGUF with one key: general.architecture = "hyvid".
    const auto number = [](uint64_t value, int bytes) {
        std::string text;
        for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> 8 * i);
        return text;
    };
    const auto text = [&](const std::string& value) { return number(value.size(), 8) + value; };
    options.path =
        folder.write("model/unet/hunyuan.gguf", "GGUF" + number(3, 4) + number(0, 8) + number(1, 8) +
                                                    text("general.architecture") + number(8, 4) + text("hyvid"));
    const std::string alone = key_of(options);
    ASSERT_NE(alone, "no family");
    std::set<std::string> keys = {alone};
    for (const char* name :
         {"model/vae/hunyuan_video_vae_bf16.safetensors", "model/text_encoders/llava_llama3_fp16.safetensors",
          "model/text_encoders/clip_l.safetensors", "model/unet/tokenizer/tokenizer.json", "model/unet/config.json"}) {
        (void)folder.write(name, "{}");
        EXPECT_TRUE(keys.insert(key_of(options)).second) << name;
    }
    (void)folder.write("model/unet/another.gguf", "x");
    EXPECT_TRUE(keys.contains(key_of(options))) << "a file that is not read";
}

// Whichever family knows best what is wrong with a path is heard, through this one door of all front ends.
TEST(Models, APathThatNoFamilyReadsIsRefusedWithTheReason) {
    const Folder folder;
    const auto refusal = [](const std::string& path) -> std::pair<std::string, zt_status> {
        try {
            (void)open_model(path, with("1"));
        } catch (const zt::Error& error) {
            return {error.what(), error.status()};
        }
        return {"accepted", ZT_OK};
    };
    (void)folder.write("ltx/model_index.json", R"({"_class_name": "LTXPipeline"})");
    (void)folder.write("book/manifest.json", "{}");
    (void)folder.write("book/layers.safetensors", "x");
    const std::string at = "\"" + folder.path.string();
    const std::vector<std::tuple<std::string, zt_status, std::string>> rows = {
        {folder.write("page.safetensors", "<!doctype html><title>404</title>"), ZT_ERROR_WEIGHTS,
         "page.safetensors: expected safetensors or GGUF, got an HTML page, as servers send in place of a file; "
         "download it again"},
        {folder.write("empty.gguf", ""), ZT_ERROR_WEIGHTS,
         "empty.gguf: expected at least 10 bytes, got 0 (an empty file)"},
        {folder.write("cut.gguf", "GGUF\3"), ZT_ERROR_WEIGHTS,
         "cut.gguf: version: expected 4 bytes, got 1 (end of the file)"},
        {(folder.path / "ltx").string(), ZT_ERROR_UNSUPPORTED,
         "model_index.json: _class_name: expected HunyuanVideoPipeline or HunyuanVideoImageToVideoPipeline, got "
         "\"LTXPipeline\", another pipeline"},
        {(folder.path / "book").string(), ZT_ERROR_NOT_FOUND,
         at + "/book\": expected config.json, as in every folder of a storybook model, got none"}};
    for (const auto& [path, status, words] : rows) {
        const auto [said, got] = refusal(path);
        EXPECT_EQ(said, words);
        EXPECT_EQ(got, status) << path;
    }
}

TEST(Models, UnknownNamesListWhatIsBuiltIn) {
    const auto refusal = [](const char* name) -> std::string {
        try {
            (void)open_model(name, with("1"));
        } catch (const zt::Error& error) {
            EXPECT_EQ(error.status(), ZT_ERROR_NOT_FOUND);
            return error.what();
        }
        return "accepted";
    };
    EXPECT_EQ(refusal("no-such-model"),
              "model: expected storybook, tableau, testcard or the path of a model, got \"no-such-model\"");
    EXPECT_EQ(refusal("a red fox"),
              "model: expected storybook, tableau, testcard or the path of a model, got "
              "\"a red fox\"; a sentence is written prompt='...'");
    EXPECT_EQ(refusal("./nosuch"),
              "model: expected storybook, tableau, testcard or the path of a model, got \"./nosuch\" (No "
              "such file or directory)");
}

}  // namespace
