// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Indexes of sharded checkpoints, and checkpoints that are folders.
#include "weights/shards.h"

#include <gtest/gtest.h>

#include "checkpoint_draft.h"
#include "probe.h"
#include "seed.h"
#include "weights/checkpoint.h"

namespace zt::weights {
namespace {

constexpr const char* kGood =
    R"({"metadata":{"total_size":16},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}})";

std::string one_tensor(const std::string& name) {
    test::Draft draft;
    draft.tensors.push_back(test::draft_tensor(name, "F32", "[2]", 0, 8));
    draft.data = "12345678";
    return draft.file();
}

struct Shards {
    test::TemporaryFolder folder;
    Shards() {
        folder.write("m-1.safetensors", one_tensor("a"));
        folder.write("m-2.safetensors", one_tensor("b"));
        folder.write("m.safetensors.index.json", kGood);
    }
    std::optional<Error> refusal(const std::string& index) const {
        folder.write("m.safetensors.index.json", index);
        return test::refusal([&] { static_cast<void>(Checkpoint::open(folder.path())); });
    }
};

TEST(Shards, a_folder_of_shards_is_one_checkpoint) {
    const Shards shards;
    const Checkpoint checkpoint = Checkpoint::open(shards.folder.path());
    EXPECT_EQ(checkpoint.container(), Container::kShards);
    ASSERT_EQ(checkpoint.entries().size(), 2u);
    std::string bytes(8, '\0');
    checkpoint.read(*checkpoint.find("b"), 0, std::as_writable_bytes(std::span(bytes)));
    EXPECT_EQ(bytes, "12345678");
    EXPECT_EQ(checkpoint.find("c"), nullptr);
}

TEST(Shards, what_does_not_fit_is_refused_by_name) {
    const Shards shards;
    const std::vector<std::pair<std::string, std::string>> cases = {
        {R"({"weight_map":{"a":"../m-1.safetensors"}})",
         "expected a file name in this folder, got \"../m-1.safetensors\""},
        {R"({"weight_map":{"a":"/etc/passwd"}})", "expected a file name in this folder"},
        {R"({"weight_map":{"a":".."}})", "expected a file name in this folder"},
        {R"({"weight_map":{"a":"x\u0000y"}})", "expected a file name in this folder"},
        {R"({"weight_map":{"a":5}})", "expected a file name in this folder"},
        {R"({"weight_map":{}})", "expected at least one tensor"},
        {R"({"weight_map":[]})", "expected an object"},
        {R"({"metadata":{}})", "expected a key \"weight_map\""},
        {R"({"weight_map":{"a":"m-1.safetensors","a":"m-2.safetensors"}})", "\"a\" twice"},
        {R"({"weight_map":{"a":"m-1.safetensors","b":"m-1.safetensors"}})", "\"b\" in \"m-1.safetensors\", got none"},
        {R"({"weight_map":{"a":"m-2.safetensors","b":"m-1.safetensors"}})", "which holds it, got"},
        {R"({"weight_map":{"b":"m-1.safetensors"}})", "which holds it, got none"},
        {"[", "index.json"},
    };
    for (const auto& [index, message] : cases) {
        const auto error = shards.refusal(index);
        ASSERT_TRUE(error) << index;
        EXPECT_EQ(error->status(), ZT_ERROR_WEIGHTS) << error->what();
        EXPECT_NE(std::string(error->what()).find(message), std::string::npos) << error->what();
        EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
    }
    const auto missing = shards.refusal(R"({"weight_map":{"a":"gone.safetensors"}})");
    ASSERT_TRUE(missing);
    EXPECT_EQ(missing->status(), ZT_ERROR_NOT_FOUND);
}

TEST(Shards, ten_thousand_mutants_and_every_prefix_are_refused_or_legal) {
    const std::string good = kGood;
    test::Random random(test::test_seed());
    const auto judge = [](const std::string& text) {
        const auto error = test::refusal([&] { static_cast<void>(parse_shard_index(text, "index.json")); });
        if (!error) return true;
        EXPECT_EQ(error->status(), ZT_ERROR_WEIGHTS) << error->what();
        EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
        return false;
    };
    for (size_t i = 0; i < good.size(); ++i) EXPECT_FALSE(judge(good.substr(0, i)));
    for (size_t bit = 0; bit < good.size() * 8; ++bit) {
        std::string text = good;
        text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
        judge(text);
    }
    for (int i = 0; i < 10'000 && !HasFailure(); ++i) {
        std::string text = good;
        for (size_t n = 1 + random.below(3); n-- > 0;) {
            const size_t at = random.below(text.size());
            if (random.one_in(3))
                text.erase(at, 1 + random.below(8));
            else if (random.one_in(2))
                text.insert(at, text.substr(random.below(text.size()), random.below(20)));
            else
                text[at] = static_cast<char>(random.next());
            if (text.empty()) text.push_back('x');
        }
        judge(text);
    }
}

TEST(Shards, more_files_than_the_limit_are_refused) {
    std::string text = "{\"weight_map\":{";
    for (size_t i = 0; i <= kMaxShards; ++i)
        text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":\"" + std::to_string(i) + ".safetensors\"";
    const auto error = test::refusal([&] { static_cast<void>(parse_shard_index(text + "}}", "index.json")); });
    ASSERT_TRUE(error);
    EXPECT_NE(std::string(error->what()).find("at most 1024 files"), std::string::npos) << error->what();
}

TEST(CheckpointFolder, several_checkpoints_are_ambiguous_variants_are_not) {
    const test::TemporaryFolder folder;
    EXPECT_EQ(test::refusal([&] { static_cast<void>(Checkpoint::open(folder.path())); })->status(), ZT_ERROR_NOT_FOUND);
    folder.write("model.safetensors", one_tensor("a"));
    folder.write("model.fp16.safetensors", one_tensor("b"));
    EXPECT_NE(Checkpoint::open(folder.path()).find("a"), nullptr);
    folder.write("other.safetensors", one_tensor("c"));
    const auto error = test::refusal([&] { static_cast<void>(Checkpoint::open(folder.path())); });
    ASSERT_TRUE(error);
    EXPECT_NE(std::string(error->what()).find("expected one checkpoint, got 2"), std::string::npos) << error->what();
    EXPECT_NE(Checkpoint::open(folder.path("other.safetensors")).find("c"), nullptr);
}

TEST(CheckpointFolder, a_pickle_is_never_opened) {
    const test::TemporaryFolder folder;
    const std::string path = folder.write("model.safetensors", "PK\x03\x04 and so on");
    const auto error = test::refusal([&] { static_cast<void>(Checkpoint::open(path)); });
    ASSERT_TRUE(error);
    EXPECT_STREQ(
        error->what(),
        "model.safetensors: expected safetensors or GGUF, got a pickle archive (can run code, is never opened)");
}

}  // namespace
}  // namespace zt::weights
