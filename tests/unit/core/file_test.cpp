// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Reading and writing of files.
#include "core/file.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "weights/probe.h"

namespace zt {
namespace {

using test::refusal;

std::string content(const std::string& path) { return read_whole_file(path, 1 << 20); }

TEST(File, reads_any_piece_and_nothing_beyond) {
    const test::TemporaryFolder folder;
    const File file = File::open(folder.write("f", "0123456789"));
    EXPECT_EQ(file.size(), 10u);
    std::string room(4, '\0');
    file.read_exact(3, std::as_writable_bytes(std::span(room)));
    EXPECT_EQ(room, "3456");
    for (uint64_t offset : {uint64_t{7}, uint64_t{10}, uint64_t{1} << 63, ~uint64_t{0}}) {
        const auto error = refusal([&] { file.read_exact(offset, std::as_writable_bytes(std::span(room))); });
        ASSERT_TRUE(error);
        EXPECT_EQ(error->status(), ZT_ERROR_IO);
    }
    EXPECT_NO_THROW(file.read_exact(10, {}));
}

TEST(File, names_itself_by_the_last_part_of_its_path) {
    const test::TemporaryFolder folder;
    EXPECT_EQ(File::open(folder.write("m.safetensors", "x")).name(), "m.safetensors");
    EXPECT_EQ(File::open(folder.write("a\nb\xff", "x")).name(), "a\\nb\\xFF");
}

TEST(File, a_missing_file_is_told_with_its_path) {
    const auto error = refusal([] { static_cast<void>(File::open("no/such\x1b.file")); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_NOT_FOUND);
    EXPECT_STREQ(error->what(), R"("no/such\x1B.file": expected a readable file, got: No such file or directory)");
}

TEST(File, a_path_with_a_nul_is_refused) {
    const test::TemporaryFolder folder;
    const std::string path = folder.write("f", "x") + std::string("\0.safetensors", 13);
    EXPECT_EQ(refusal([&] { static_cast<void>(File::open(path)); }).value().status(), ZT_ERROR_ARGUMENT);
}

TEST(File, closes_its_descriptor_also_after_a_refusal) {
    const test::TemporaryFolder folder;
    const size_t before = test::open_descriptors();
    for (int i = 0; i < 10; ++i) {
        static_cast<void>(content(folder.write("f", "x")));
        EXPECT_TRUE(refusal([&] { static_cast<void>(read_whole_file(folder.path("f"), 0)); }));
        EXPECT_TRUE(refusal([&] { static_cast<void>(File::open(folder.path())); }));
        File moved = File::open(folder.path("f"));
        File target = File::open(folder.path("f"));
        target = std::move(moved);
    }
    EXPECT_EQ(test::open_descriptors(), before);
}

TEST(File, whole_files_have_a_limit) {
    const test::TemporaryFolder folder;
    const std::string path = folder.write("f", "0123456789");
    EXPECT_EQ(read_whole_file(path, 10), "0123456789");
    EXPECT_STREQ(refusal([&] { static_cast<void>(read_whole_file(path, 9)); }).value().what(),
                 "f: expected at most 9 bytes, got 10");
}

TEST(AtomicFile, replaces_only_when_committed) {
    const test::TemporaryFolder folder;
    const std::string path = folder.write("f", "old");
    {
        AtomicFile file(path);
        file.write("new");
        EXPECT_EQ(content(path), "old");
    }
    EXPECT_EQ(content(path), "old");
    {
        AtomicFile file(path);
        file.write("new");
        file.write(" text");
        file.commit();
    }
    EXPECT_EQ(content(path), "new text");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(AtomicFile, respects_the_umask) {
    const test::TemporaryFolder folder;
    const mode_t old = ::umask(0027);
    AtomicFile file(folder.path("f"));
    file.commit();
    ::umask(old);
    struct stat info {};
    ASSERT_EQ(::stat(folder.path("f").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0640u);
}

TEST(AtomicFile, a_name_it_cannot_take_is_an_error_and_leaves_nothing) {
    const test::TemporaryFolder folder;
    std::filesystem::create_directory(folder.path("f"));  // a file cannot take the name of a folder
    const auto error = refusal([&] {
        AtomicFile file(folder.path("f"));
        file.write("x");
        file.commit();
    });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_IO);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(BareFileName, means_an_entry_of_its_folder_only) {
    for (const char* name : {"a", "vae.safetensors", "..a", "a..", "\xe7\x8b\x90.bin", "a b"}) {
        EXPECT_TRUE(is_bare_file_name(name)) << name;
    }
    for (const char* name : {"", ".", "..", "/", "a/", "/a", "a/b", "a\\b", "a\nb", "\x7f"}) {
        EXPECT_FALSE(is_bare_file_name(name)) << name;
    }
    EXPECT_TRUE(is_bare_file_name(std::string(255, 'a')));
    EXPECT_FALSE(is_bare_file_name(std::string(256, 'a')));
    EXPECT_FALSE(is_bare_file_name(std::string("a\0b", 3)));
}

}  // namespace
}  // namespace zt
