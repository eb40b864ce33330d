// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the safetensors reader and writer do with good files, and that a file may change under them.
// Hostile files have safetensors_hostile_test.cpp.
#include "weights/safetensors.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "checkpoint_draft.h"
#include "probe.h"
#include "seed.h"

namespace zt::weights {
namespace {

using test::refusal;

std::vector<std::byte> read_tensor(const SafetensorsFile& file, const TensorEntry& entry) {
    std::vector<std::byte> bytes(entry.size_bytes);
    file.read(entry, bytes);
    return bytes;
}

std::string all_bytes(const SafetensorsFile& file) {
    std::string bytes;
    for (const TensorEntry& entry : file.tensors()) {
        const auto tensor = read_tensor(file, entry);
        bytes.append(reinterpret_cast<const char*>(tensor.data()), tensor.size());
    }
    return bytes;
}

TEST(Safetensors, reads_the_table_of_a_valid_file) {
    const test::MemoryFile file(test::tiny_checkpoint(12).file());
    const SafetensorsFile checkpoint = SafetensorsFile::open(file.path());

    ASSERT_EQ(checkpoint.tensors().size(), 12u);
    const TensorEntry* entry = checkpoint.find("blocks.0.bias");
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->dtype, Dtype::kBF16);
    EXPECT_EQ(entry->shape, (std::vector<int64_t>{2, 1}));
    EXPECT_EQ(entry->size_bytes, 4u);
    EXPECT_EQ(checkpoint.metadata().at("note"),
              "zwei \xc3\x9c"
              "bungen \xf0\x9f\x8e\xac");
    EXPECT_EQ(checkpoint.find("blocks.0.bia"), nullptr);
    EXPECT_EQ(checkpoint.find(""), nullptr);
}

TEST(Safetensors, reads_every_byte_of_every_tensor) {
    const test::Draft draft = test::tiny_checkpoint(45);
    const test::MemoryFile file(draft.file());
    EXPECT_EQ(all_bytes(SafetensorsFile::open(file.path())), draft.data);
}

TEST(Safetensors, scalars_and_empty_tensors_are_legal) {
    const test::MemoryFile file(test::tiny_checkpoint(12).file());
    const SafetensorsFile checkpoint = SafetensorsFile::open(file.path());
    EXPECT_EQ(checkpoint.find("blocks.0.qkv.weight")->shape.size(), 0u);
    EXPECT_EQ(checkpoint.find("blocks.0.scale")->size_bytes, 0u);
    EXPECT_TRUE(read_tensor(checkpoint, *checkpoint.find("blocks.0.scale")).empty());
}

TEST(Safetensors, dtype_names_and_sizes) {
    EXPECT_EQ(dtype_name(Dtype::kF8E4M3), "F8_E4M3");
    EXPECT_EQ(dtype_name(Dtype::kF64), "F64");
    EXPECT_EQ(dtype_bytes(Dtype::kBF16), 2u);
    EXPECT_EQ(dtype_bytes(Dtype::kI64), 8u);
}

TEST(Safetensors, read_refuses_room_of_another_size) {
    const test::MemoryFile file(test::tiny_checkpoint(3).file());
    const SafetensorsFile checkpoint = SafetensorsFile::open(file.path());
    std::vector<std::byte> room(checkpoint.tensors()[0].size_bytes + 1);
    const auto error = refusal([&] { checkpoint.read(checkpoint.tensors()[0], room); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_INTERNAL);
}

TEST(Safetensors, cancel_stops_a_read) {
    const test::MemoryFile file(test::tiny_checkpoint(3).file());
    const SafetensorsFile checkpoint = SafetensorsFile::open(file.path());
    Cancel cancel;
    cancel.request();
    std::vector<std::byte> room(checkpoint.tensors()[0].size_bytes);
    const auto error = refusal([&] { checkpoint.read(checkpoint.tensors()[0], room, &cancel); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_CANCELLED);
}

// ---- A file that changes (reliability.md A8) ----

TEST(SafetensorsFileChanges, deleted_after_open_reads_the_same) {
    const test::TemporaryFolder folder;
    const test::Draft draft = test::tiny_checkpoint(20);
    const std::string path = folder.write("m.safetensors", draft.file());
    const SafetensorsFile checkpoint = SafetensorsFile::open(path);
    std::filesystem::remove(path);
    EXPECT_EQ(all_bytes(checkpoint), draft.data);
}

TEST(SafetensorsFileChanges, replaced_after_open_reads_the_old_one) {
    const test::TemporaryFolder folder;
    const test::Draft draft = test::tiny_checkpoint(20);
    const std::string path = folder.write("m.safetensors", draft.file());
    for (int i = 0; i < 50; ++i) {
        const SafetensorsFile checkpoint = SafetensorsFile::open(path);
        std::filesystem::rename(folder.write("new", draft.file()), path);
        ASSERT_EQ(all_bytes(checkpoint), draft.data);
    }
}

TEST(SafetensorsFileChanges, truncated_after_open_is_an_error_not_a_signal) {
    const std::string bytes = test::tiny_checkpoint(20).file();
    test::Random random(test::test_seed());
    for (int i = 0; i < 50; ++i) {
        test::MemoryFile file(bytes);
        const SafetensorsFile checkpoint = SafetensorsFile::open(file.path());
        file.resize(random.below(bytes.size()));
        const auto error = refusal([&] { static_cast<void>(all_bytes(checkpoint)); });
        ASSERT_TRUE(error);
        ASSERT_EQ(error->status(), ZT_ERROR_IO);
        ASSERT_EQ(test::message_fault(error->what()), "") << error->what();
    }
}

TEST(SafetensorsFileChanges, overwritten_after_open_is_an_error_not_other_weights) {
    const test::TemporaryFolder folder;
    const std::string bytes = test::tiny_checkpoint(20).file();
    const std::string path = folder.write("m.safetensors", bytes);
    const SafetensorsFile checkpoint = SafetensorsFile::open(path);
    std::fstream(path, std::ios::binary | std::ios::in | std::ios::out) << std::string(bytes.size(), '\0');
    const auto error = refusal([&] { static_cast<void>(all_bytes(checkpoint)); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_IO);
}

struct OddFile {
    const char* name;
    void (*make)(const std::string& path);
    zt_status status;
    const char* message;
};

class SafetensorsOddFile : public testing::TestWithParam<OddFile> {};

TEST_P(SafetensorsOddFile, is_refused_at_once) {
    const test::TemporaryFolder folder;
    const std::string path = folder.path("m.safetensors");
    GetParam().make(path);
    const double start = test::cpu_seconds();
    const auto error = refusal([&] { static_cast<void>(SafetensorsFile::open(path)); });
    const double seconds = test::cpu_seconds() - start;
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), GetParam().status) << error->what();
    EXPECT_NE(std::string(error->what()).find(GetParam().message), std::string::npos) << error->what();
    EXPECT_LT(seconds, 1.0 * test::time_slack());  // of the processor: a header of 100 MB may have to be read
}

INSTANTIATE_TEST_SUITE_P(
    all, SafetensorsOddFile,
    testing::Values(
        OddFile{"missing", [](const std::string&) {}, ZT_ERROR_NOT_FOUND, "got: No such file"},
        OddFile{"below_a_file", [](const std::string& p) { ASSERT_EQ(::symlink("/proc/self/status/x", p.c_str()), 0); },
                ZT_ERROR_NOT_FOUND, "got: Not a directory"},
        OddFile{"directory", [](const std::string& p) { std::filesystem::create_directory(p); }, ZT_ERROR_IO,
                "expected a regular file, got a directory"},
        // Opening a pipe for reading would wait for a writer.
        OddFile{"pipe", [](const std::string& p) { ASSERT_EQ(::mkfifo(p.c_str(), 0600), 0); }, ZT_ERROR_IO,
                "expected a regular file, got a pipe"},
        OddFile{"device", [](const std::string& p) { ASSERT_EQ(::symlink("/dev/zero", p.c_str()), 0); }, ZT_ERROR_IO,
                "expected a regular file, got a device"},
        OddFile{"link_loop", [](const std::string& p) { ASSERT_EQ(::symlink("m.safetensors", p.c_str()), 0); },
                ZT_ERROR_IO, "got: Too many levels of symbolic links"},
        OddFile{"proc_file", [](const std::string& p) { ASSERT_EQ(::symlink("/proc/self/status", p.c_str()), 0); },
                ZT_ERROR_WEIGHTS, "expected at least 10 bytes, got 0"},
        OddFile{"sparse_1_tib",
                [](const std::string& p) {
                    std::ofstream(p).close();
                    ASSERT_EQ(::truncate(p.c_str(), off_t{1} << 40), 0);
                },
                ZT_ERROR_WEIGHTS, "header length: expected at least 2, got 0"},
        OddFile{"sparse_1_tib_long_header",
                [](const std::string& p) {
                    std::ofstream(p) << test::little_endian(100'000'000) << '{';
                    ASSERT_EQ(::truncate(p.c_str(), off_t{1} << 40), 0);
                },
                ZT_ERROR_WEIGHTS, "header: expected JSON, got a zero byte at 1"}),
    [](const auto& tested) { return tested.param.name; });

// ---- The writer ----

TensorSource source(const char* name, Dtype dtype, std::span<const int64_t> shape, std::string_view bytes) {
    return {name, dtype, shape, std::as_bytes(std::span(bytes))};
}

TEST(SafetensorsWriter, writes_what_the_reader_reads) {
    const test::TemporaryFolder folder;
    const std::vector<int64_t> pair = {2}, none = {}, empty = {3, 0};
    const std::vector<TensorSource> tensors = {source("b\"\n\xc3\x9c", Dtype::kU8, pair, "yz"),
                                               source("a", Dtype::kF32, none, "wxyz"),
                                               source("c", Dtype::kF64, empty, "")};
    write_safetensors(folder.path("m.safetensors"), tensors, {{"k\\", "v\t"}});

    const SafetensorsFile file = SafetensorsFile::open(folder.path("m.safetensors"));
    EXPECT_EQ(all_bytes(file), "wxyzyz");
    ASSERT_NE(file.find("b\"\n\xc3\x9c"), nullptr);
    EXPECT_EQ(file.find("c")->shape, empty);
    EXPECT_EQ(file.find("a")->offset % 8, 0u);
    EXPECT_EQ(file.metadata(), (std::map<std::string, std::string>{{"k\\", "v\t"}}));
}

TEST(SafetensorsWriter, leaves_no_other_file_and_keeps_the_old_one_when_refused) {
    const test::TemporaryFolder folder;
    const std::string path = folder.write("m.safetensors", "old");
    const std::vector<int64_t> three = {3};
    const std::vector<TensorSource> wrong = {source("a", Dtype::kF32, three, "not 12 bytes")};
    write_safetensors(path, wrong);  // "not 12 bytes" is 12 bytes long
    const std::vector<TensorSource> twice = {source("a", Dtype::kU8, three, "xyz"),
                                             source("a", Dtype::kU8, three, "xyz")};
    const std::vector<TensorSource> size = {source("a", Dtype::kF32, three, "short")};
    for (const auto& tensors : {twice, size}) {
        const auto error = refusal([&] { write_safetensors(path, tensors); });
        ASSERT_TRUE(error);
        EXPECT_EQ(error->status(), ZT_ERROR_WEIGHTS);
    }
    EXPECT_EQ(all_bytes(SafetensorsFile::open(path)), "not 12 bytes");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(SafetensorsWriter, says_why_it_cannot_write) {
    const std::vector<TensorSource> none;
    const auto error = refusal([&] { write_safetensors("no-such-folder/m.safetensors", none); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_IO);
    EXPECT_EQ(test::message_fault(error->what()), "") << error->what();
}

}  // namespace
}  // namespace zt::weights
