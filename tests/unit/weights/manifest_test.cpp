// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The manifest refuses weights in which anything differs from what was shipped (reliability.md A7).
#include "weights/manifest.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "checkpoint_draft.h"
#include "core/sha256.h"
#include "hostile.h"
#include "mutants.h"
#include "probe.h"
#include "seed.h"
#include "weights/safetensors.h"

namespace zt::weights {
namespace {

using test::refusal;

class ManifestTest : public testing::Test {
protected:
    ManifestTest() : bytes_(test::tiny_checkpoint(20).file()) {
        folder_.write("vae.safetensors", bytes_);
        folder_.write("dit.safetensors", std::string(3'000'000, 'w'));
        write_manifest(folder_.path(), {"vae.safetensors", "dit.safetensors"}, metadata());
    }

    static json::Value metadata() {
        return json::parse_value(R"({"family": "storybook", "steps": 8})", {}, {"test", ZT_ERROR_INTERNAL});
    }

    test::TemporaryFolder folder_;
    std::string bytes_;
};

TEST_F(ManifestTest, what_was_written_is_read_and_verifies) {
    const Manifest manifest = read_manifest(folder_.path());
    ASSERT_EQ(manifest.files.size(), 2u);
    const ManifestFile* vae = manifest.find("vae.safetensors");
    ASSERT_NE(vae, nullptr);
    EXPECT_EQ(vae->size_bytes, bytes_.size());
    EXPECT_EQ(vae->sha256, sha256_hex(bytes_));
    EXPECT_EQ(manifest.find("other"), nullptr);
    EXPECT_EQ(json::to_text(manifest.metadata), json::to_text(metadata()));
    EXPECT_EQ(manifest.sha256, sha256_hex(read_whole_file(folder_.path("manifest.json"), 1 << 20)));
    EXPECT_NO_THROW(verify(manifest, folder_.path()));
}

TEST_F(ManifestTest, one_flipped_bit_is_refused_at_200_positions) {
    const Manifest manifest = read_manifest(folder_.path());
    test::Random random(test::test_seed());
    for (int i = 0; i < 200; ++i) {
        std::string changed = bytes_;
        const size_t at = random.below(changed.size());
        changed[at] ^= static_cast<char>(1 << random.below(8));
        folder_.write("vae.safetensors", changed);
        const auto error = refusal([&] { verify(manifest, folder_.path()); });
        ASSERT_TRUE(error) << at;
        ASSERT_EQ(error->status(), ZT_ERROR_WEIGHTS);
        ASSERT_EQ(std::string(error->what()).find("vae.safetensors: expected SHA-256 "), 0u) << error->what();
    }
    folder_.write("vae.safetensors", bytes_);
    EXPECT_NO_THROW(verify(manifest, folder_.path()));
}

TEST_F(ManifestTest, verifies_the_descriptor_that_is_read) {
    const Manifest manifest = read_manifest(folder_.path());
    const SafetensorsFile vae = SafetensorsFile::open(folder_.path("vae.safetensors"));
    std::filesystem::rename(folder_.write("new", "something else"), folder_.path("vae.safetensors"));
    EXPECT_NO_THROW(verify(*manifest.find("vae.safetensors"), vae.file()));
    EXPECT_TRUE(refusal([&] { verify(manifest, folder_.path()); }));
}

TEST_F(ManifestTest, another_size_and_a_missing_file_are_named) {
    const Manifest manifest = read_manifest(folder_.path());
    folder_.write("dit.safetensors", "short");
    auto error = refusal([&] { verify(manifest, folder_.path()); });
    ASSERT_TRUE(error);
    EXPECT_STREQ(error->what(), "dit.safetensors: expected 3000000 bytes (manifest.json), got 5");
    std::filesystem::remove(folder_.path("dit.safetensors"));
    error = refusal([&] { verify(manifest, folder_.path()); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_NOT_FOUND);
    EXPECT_NE(std::string(error->what()).find("dit.safetensors"), std::string::npos);
}

TEST_F(ManifestTest, cancel_stops_verification) {
    const Manifest manifest = read_manifest(folder_.path());
    Cancel cancel;
    cancel.request();
    const auto error = refusal([&] { verify(manifest, folder_.path(), &cancel); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_CANCELLED);
}

TEST_F(ManifestTest, only_names_inside_the_folder_are_written) {
    for (const char* name : {"../x", "a/b", "", "."}) {
        const auto error = refusal([&] { write_manifest(folder_.path(), {name}, metadata()); });
        ASSERT_TRUE(error) << name;
        EXPECT_EQ(error->status(), ZT_ERROR_ARGUMENT);
    }
}

TEST(ManifestHostile, mutants_are_refused_cleanly_or_name_files_inside_the_folder) {
    const test::TemporaryFolder folder;
    size_t accepted = 0;
    const uint64_t seed = test::test_seed();
    for (uint64_t i = 0; i < 2000; ++i) {
        folder.write("manifest.json", test::mutant_manifest(seed, i));
        std::vector<ManifestFile> files;
        const auto error = refusal([&] { files = read_manifest(folder.path()).files; });
        if (error) {
            ASSERT_EQ(error->status(), ZT_ERROR_WEIGHTS) << error->what();
            ASSERT_EQ(test::message_fault(error->what()), "") << error->what();
            continue;
        }
        ++accepted;
        for (const ManifestFile& file : files) {
            ASSERT_EQ(file.name.find('/'), std::string::npos);
            ASSERT_EQ(file.sha256.size(), 64u);
        }
    }
    EXPECT_GT(accepted, 0u);
    EXPECT_LT(accepted, 1000u);
}

class HandMadeManifest : public testing::TestWithParam<test::HostileFile> {};

TEST_P(HandMadeManifest, is_refused_with_the_right_words) {
    const test::TemporaryFolder folder;
    folder.write("manifest.json", GetParam().bytes);
    test::PeakMemory memory;
    memory.reset();
    const double start = test::cpu_seconds();
    const auto error = refusal([&] { static_cast<void>(read_manifest(folder.path())); });
    EXPECT_LT(test::cpu_seconds() - start, 0.1 * test::time_slack());
    if (!test::has_sanitizer()) {
        EXPECT_LE(memory.rise(), (16u << 20) + GetParam().bytes.size());
    }
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), GetParam().name == "too_long" ? ZT_ERROR_IO : ZT_ERROR_WEIGHTS);
    EXPECT_NE(std::string(error->what()).find(GetParam().message), std::string::npos) << error->what();
    EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
}

INSTANTIATE_TEST_SUITE_P(all, HandMadeManifest, testing::ValuesIn(test::hostile_manifests()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace zt::weights
