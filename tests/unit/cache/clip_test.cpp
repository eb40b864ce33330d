// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The clip cache's files and folder: frames come back as they were, damage is seen, parts are never taken for clips.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <utime.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "cache/clip_store.h"
#include "checkpoint_draft.h"
#include "core/error.h"
#include "probe.h"
#include "seed.h"

namespace zt::cache {
namespace {

// Planes in memory of their own, with gaps between rows.
class Picture {
public:
    explicit Picture(const Planes& planes) {
        for (size_t p = 0; p < planes.size(); p++) {
            data_.push_back(
                std::vector<uint8_t>(static_cast<size_t>((planes[p].row_bytes + 8) * planes[p].rows), 0xAB));
            view.data[p] = data_[p].data();
            view.stride[p] = planes[p].row_bytes + 8;
        }
        planes_ = planes;
    }
    Picture(const Picture&) = delete;
    // Smooth in places, noise in others, and like the frame before in others still.
    void draw(test::Random& random, int frame) {
        for (size_t p = 0; p < planes_.size(); p++)
            for (int y = 0; y < planes_[p].rows; y++)
                for (int x = 0; x < planes_[p].row_bytes; x++) {
                    uint8_t& value = view.data[p][y * view.stride[p] + x];
                    if (y % 4 == 0) value = static_cast<uint8_t>(x + y + frame);
                    if (y % 4 == 1) value = static_cast<uint8_t>(random.below(256));
                }
    }
    [[nodiscard]] bool equals(const Picture& other) const { return data_ == other.data_; }
    FrameData view;

private:
    Planes planes_;
    std::vector<std::vector<uint8_t>> data_;
};

const std::vector<Planes> kKinds = {
    {{64, 40, 1}, {32, 20, 1}, {32, 20, 1}},  // yuv420p
    {{34, 5, 2}, {18, 5, 2}, {18, 5, 2}},     // yuv422p10, an odd width
    {{51, 7, 1}},                             // rgb24
    {{1, 1, 1}},
};

TEST(FrameCoder, FramesComeBackAsTheyWere) {
    test::Random random(test::test_seed());
    for (const Planes& planes : kKinds) {
        FrameCoder in(planes), out(planes);
        Picture picture(planes), got(planes);
        for (int frame = 0; frame < 40; frame++) {
            if (frame % 7 != 6) picture.draw(random, frame);  // else it stands still
            std::vector<float> sound(static_cast<size_t>(frame % 3) * 5, 0.25F * static_cast<float>(frame)),
                heard(sound.size());
            const bool key = frame % 8 == 0;
            const auto bytes = in.encode(picture.view, sound, key);
            out.decode(std::vector<std::byte>(bytes.begin(), bytes.end()), got.view, heard, key);
            ASSERT_TRUE(got.equals(picture)) << frame;
            EXPECT_EQ(heard, sound);
        }
    }
}

TEST(FrameCoder, OtherBytesAreRefused) {
    test::Random random(test::test_seed());
    const Planes& planes = kKinds[0];
    FrameCoder in(planes);
    Picture picture(planes), got(planes);
    picture.draw(random, 1);
    const auto whole = in.encode(picture.view, {}, true);
    const std::vector<std::byte> good(whole.begin(), whole.end());
    std::vector<float> sound(3);
    for (int i = 0; i < 300; i++) {
        std::vector<std::byte> bad = good;
        const size_t at = random.below(bad.size());
        if (i % 3 == 0)
            bad.resize(at);
        else
            bad[at] ^= std::byte{static_cast<unsigned char>(1U << random.below(8))};
        if (bad == good) continue;
        FrameCoder out(planes);
        const auto error = test::refusal([&] { out.decode(bad, got.view, {}, true); });
        // A flipped bit of zstd's header may change nothing that counts; then the frame is right.
        if (error)
            EXPECT_EQ(error->status(), ZT_ERROR_IO);
        else
            EXPECT_TRUE(got.equals(picture));
    }
    FrameCoder out(planes);
    EXPECT_TRUE(test::refusal([&] { out.decode(good, got.view, sound, true); }));  // it has no sound
}

class Store : public testing::Test {
protected:
    // Frame i of a clip, chunks of four.
    void write(PartClip& part, int from, int count) {
        for (int i = from; i < from + count; i++) {
            Picture picture(planes);
            draw(picture, i);
            part.writer().append(picture.view, {}, i % 4 == 0 ? 4 : 0);
        }
    }
    static void draw(Picture& picture, int i) {
        test::Random random(static_cast<uint64_t>(i) + 1);
        picture.draw(random, i);
    }
    void make(const ClipStore& to, const std::string& key, int frames = 40) {
        const auto part = to.begin(key, "prompt=" + key, planes);
        write(*part, 0, frames);
        part->commit();
    }
    void expect_frame(ClipReader& reader, int i) {
        Picture wanted(planes), got(planes);
        draw(wanted, i);
        reader.read(i, got.view, {});
        EXPECT_TRUE(got.equals(wanted)) << i;
    }
    [[nodiscard]] size_t files() const {
        size_t count = 0;
        for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder.path("clips"))) count++;
        return count;
    }

    const Planes planes = kKinds[0];
    const test::TemporaryFolder folder;
    const ClipStore store{folder.path("clips"), 1 << 30};
};

TEST_F(Store, AClipIsThereWhenItIsFinished) {
    EXPECT_EQ(store.find("aa", planes), nullptr);
    auto part = store.begin("aa", "prompt=fox", planes);
    write(*part, 0, 40);
    EXPECT_EQ(store.find("aa", planes), nullptr);
    EXPECT_FALSE(store.has("aa"));
    part->commit();
    EXPECT_TRUE(store.has("aa"));
    const auto reader = store.find("aa", planes);
    ASSERT_NE(reader, nullptr);
    ASSERT_EQ(reader->index().size(), 40U);
    for (const int i : {0, 1, 39, 17, 18, 3, 16, 15, 38}) expect_frame(*reader, i);
    test::Random random(test::test_seed());
    for (int i = 0; i < 100; i++) expect_frame(*reader, static_cast<int>(random.below(40)));
    ASSERT_EQ(store.list().size(), 1U);
    EXPECT_EQ(store.list()[0].about, "prompt=fox");
    struct stat status {};
    ASSERT_EQ(stat(folder.path("clips").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700U);
    store.remove("aa");
    EXPECT_FALSE(store.has("aa"));
}

TEST_F(Store, OneThatIsGivenUpLeavesNothing) {
    {
        auto part = store.begin("aa", "", planes);
        write(*part, 0, 9);
        EXPECT_EQ(files(), 1U);
    }
    EXPECT_EQ(files(), 0U);
}

// What a writer leaves is the beginning of the clip, whoever ends: the longest of each clip stays, until the clip is
// there.
TEST_F(Store, OneThatIsLeftIsABeginning) {
    size_t heads = 0;
    const auto leave = [&](const char* key, int frames) {
        auto part = store.begin(key, "", planes);
        write(*part, 0, frames);
        EXPECT_EQ(store.list().size(), heads);  // somebody writes it
        part->leave();
    };
    leave("aa", 0);
    EXPECT_EQ(files(), 0U);
    leave("aa", 21);
    heads = 1;
    leave("bb", 3);
    heads = 2;
    auto head = store.find_head("aa", planes);
    ASSERT_NE(head, nullptr);
    EXPECT_EQ(head->index().size(), 21U);
    for (const int i : {0, 1, 2, 20, 7, 17}) expect_frame(*head, i);
    EXPECT_EQ(store.find("aa", planes), nullptr);
    EXPECT_EQ(store.follow("aa", planes), nullptr);
    EXPECT_EQ(store.list().size(), 2U);
    EXPECT_FALSE(store.list()[0].whole);
    leave("aa", 9);
    heads = 3;
    leave("aa", 33);
    store.tidy();
    EXPECT_EQ(files(), 2U);
    EXPECT_EQ(store.find_head("aa", planes)->index().size(), 33U);
    make(store, "aa");
    store.tidy();
    EXPECT_EQ(files(), 2U);
    EXPECT_EQ(store.find_head("aa", planes), nullptr);
    store.remove("bb");
    EXPECT_EQ(files(), 1U);
}

// It may have been cut anywhere: what is read is right.
TEST_F(Store, ACutHeadHasTheFramesBeforeTheCut) {
    {
        auto part = store.begin("aa", "", planes);
        write(*part, 0, 20);
        part->leave();
    }
    std::string path;
    for (const auto& file : std::filesystem::directory_iterator(folder.path("clips"))) path = file.path();
    test::Random random(test::test_seed());
    for (uintmax_t bytes = std::filesystem::file_size(path); bytes > 0; bytes = random.below(bytes)) {
        std::filesystem::resize_file(path, bytes);
        const auto head = store.find_head("aa", planes);
        if (head == nullptr) break;
        for (int i = 0; i < std::ssize(head->index()); i++) expect_frame(*head, i);
    }
    EXPECT_EQ(files(), 0U);  // of no use any more
}

TEST_F(Store, OthersReadAlong) {
    auto part = store.begin("aa", "", planes);
    auto follower = store.follow("aa", planes);
    ASSERT_NE(follower, nullptr);
    EXPECT_EQ(store.follow("bb", planes), nullptr);
    Entry entry;
    EXPECT_EQ(follower->next(entry), ClipFollower::Next::kNotYet);
    for (int i = 0; i < 20; i++) {
        write(*part, i, 1);
        ASSERT_EQ(follower->next(entry), ClipFollower::Next::kFrame);
        EXPECT_EQ(entry.chunk_frames, i % 4 == 0 ? 4U : 0U);
        Picture wanted(planes), got(planes);
        draw(wanted, i);
        follower->read(got.view, {});
        EXPECT_TRUE(got.equals(wanted)) << i;
        EXPECT_EQ(follower->next(entry), ClipFollower::Next::kNotYet);
    }
    part->writer().set_waiting(true);
    EXPECT_TRUE(follower->writer_waits());
    EXPECT_EQ(store.follow("aa", planes), nullptr);
    part->writer().set_waiting(false);
    EXPECT_TRUE(ClipStore::is_written(*follower));
    part->commit();
    part.reset();
    EXPECT_EQ(follower->next(entry), ClipFollower::Next::kEnd);
    EXPECT_FALSE(ClipStore::is_written(*follower));
    EXPECT_EQ(store.follow("aa", planes), nullptr);
}

// Every byte of a clip may be wrong, and it may end anywhere: a frame is right, or the clip is refused.
TEST_F(Store, DamageIsSeen) {
    make(store, "aa", 20);
    std::ifstream file(folder.path("clips/aa.clip"), std::ios::binary);
    const std::string good((std::istreambuf_iterator<char>(file)), {});
    test::Random random(test::test_seed());
    int refused = 0;
    for (int i = 0; i < 400; i++) {
        std::string bad = good;
        const size_t at = i < 100 ? random.below(std::min<size_t>(good.size(), 64)) : random.below(good.size());
        if (i % 4 == 0)
            bad.resize(at);
        else
            bad[at] = static_cast<char>(bad[at] ^ static_cast<char>(1U << random.below(8)));
        std::ofstream(folder.path("clips/aa.clip"), std::ios::binary) << bad;
        const auto error = test::refusal([&] {
            const auto reader = store.find("aa", planes);
            if (reader == nullptr) throw Error(ZT_ERROR_IO, "none");
            for (int frame = 0; frame < 20; frame++) expect_frame(*reader, frame);
        });
        if (!error) continue;
        EXPECT_EQ(error->status(), ZT_ERROR_IO) << error->what();
        refused++;
    }
    EXPECT_GT(refused, 300);
}

TEST_F(Store, WhatWasUsedLongestAgoGoes) {
    for (const char* key : {"aa", "bb", "cc"}) make(store, key);
    const uint64_t bytes = store.list()[0].bytes;
    const auto age = [&](const char* key, int64_t seconds) {
        const utimbuf when{std::time(nullptr) - seconds, std::time(nullptr) - seconds};
        utime(folder.path(std::string("clips/") + key + ".clip").c_str(), &when);
    };
    age("aa", 300), age("bb", 200), age("cc", 100);
    EXPECT_NE(store.find("aa", planes), nullptr);  // used now
    const ClipStore small(store.folder(), 2 * bytes + bytes / 2);
    small.tidy();
    EXPECT_TRUE(small.has("aa") && small.has("cc"));
    EXPECT_FALSE(small.has("bb"));
}

TEST_F(Store, WhatDeadWritersLeftGoes) {
    const auto alive = store.begin("aa", "", planes);
    std::ofstream(folder.path("clips/bb.1-1.part")) << "ZT";
    std::ofstream(folder.path("clips/cc.1-1.part")) << "";
    const utimbuf long_ago{1000, 1000};
    store.tidy();
    EXPECT_EQ(files(), 3U);  // an empty one may be about to be locked
    utime(folder.path("clips/cc.1-1.part").c_str(), &long_ago);
    store.tidy();
    EXPECT_EQ(files(), 2U);
    EXPECT_EQ(store.find_head("bb", planes), nullptr);
    EXPECT_EQ(files(), 1U);
    alive->commit();
    EXPECT_TRUE(store.has("aa"));
}

TEST_F(Store, AFolderThatCannotBeWrittenIsNamed) {
    std::ofstream(folder.path("file")) << "x";
    const ClipStore none(folder.path("file/clips"), 1);
    const auto error = test::refusal([&] { static_cast<void>(none.begin("aa", "", planes)); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->status(), ZT_ERROR_IO);
    EXPECT_NE(std::string(error->what()).find("file/clips"), std::string::npos);
    EXPECT_EQ(none.find("aa", planes), nullptr);
    EXPECT_TRUE(none.list().empty());
}

}  // namespace
}  // namespace zt::cache
