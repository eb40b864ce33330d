// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One clip on disk: a header, a record for each frame, an index. Written once, from front to back; others may read
// along before it is finished. Numbers have the byte order of the machine, since pixels are not meant for another.
//
//   "ZTCLIP1\n"  u32 state  u32 bytes  u32 hash   then the text that says what it is, `bytes` long
//   per frame    u32 tag  u32 flags  u32 chunk_frames  u32 samples  u32 bytes  u32 hash   then a packed frame
//   at the end   u32 tag  u32 0  u32 0  u32 frames  u32 bytes  u32 hash  then the index: an Entry for each frame
//                u64 place of that record  "ZTCLIPE\n"
//
// hash: of the fields before it (of the header: of the text); packed frames have zstd's own.
#pragma once

#include <cstdint>
#include <future>
#include <span>
#include <string>
#include <vector>

#include "cache/frame_coder.h"
#include "core/file.h"

namespace zt::cache {

inline constexpr int64_t kKeyFrames = 16;  // every so many frames one is readable by itself
inline constexpr uint32_t kMaxAbout = 1 << 20;
inline constexpr uint32_t kMaxClipFrames = 1 << 24;

// A frame's place in the file.
struct Entry {
    uint64_t offset = 0;
    uint32_t chunk_frames = 0;  // of the chunk that begins with it; 0: it is inside of one
    uint32_t samples = 0;       // numbers of sound, all channels together
};

// A file in the making. One thread at a time. Every function throws zt::Error(IO) when the disk does.
class ClipWriter {
public:
    // fd: empty, open for reading and writing. about: what the clip is, for people and for checks.
    ClipWriter(Fd fd, const std::string& about, const Planes& planes);

    // Frames in order. chunk_frames: as above.
    void append(const FrameData& frame, std::span<const float> sound, uint32_t chunk_frames);
    // Tells those who read along that the writer waits for its own reader, and for how long nobody can say.
    void set_waiting(bool waiting);
    // Writes the index and waits for the disk.
    void finish();

    [[nodiscard]] int64_t frames() const noexcept { return static_cast<int64_t>(index_.size()); }
    [[nodiscard]] uint64_t bytes() const noexcept { return size_; }
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

private:
    void write(std::span<const std::byte> bytes);

    Fd fd_;
    FrameCoder coder_;
    uint64_t size_ = 0;
    std::vector<Entry> index_;
    std::vector<std::byte> record_;
    bool waiting_ = false;
};

// What stands in front of any clip. Throws zt::Error(IO) for another file.
[[nodiscard]] std::string read_about(int fd);

// A clip that nobody writes to: any frame in any order. In order it is quickest: the next frame is unpacked by another
// thread meanwhile. One thread at a time.
class ClipReader {
public:
    // kWhole: throws zt::Error(IO) unless the file is. kHead: what an unfinished one has, from the beginning on.
    enum class Extent : uint8_t { kWhole, kHead };
    ClipReader(Fd fd, const Planes& planes, Extent extent = Extent::kWhole);

    [[nodiscard]] const std::vector<Entry>& index() const noexcept { return index_; }
    // sound: of index()[frame].samples. Throws zt::Error(IO): damaged.
    void read(int64_t frame, const FrameData& to, std::span<float> sound);

private:
    void read_index();
    void walk();
    void unpack(int64_t frame);
    void read_one(int64_t frame, const FrameData& to, std::span<float> sound);

    Fd fd_;
    FrameCoder coder_;
    std::vector<Entry> index_;
    int64_t next_ = 0;  // the frame that the coder can take
    std::vector<float> mute_;
    std::vector<uint8_t> now_;  // unpacked
    // The other thread's while it runs.
    std::vector<std::byte> packed_;
    std::vector<uint8_t> unpacked_;
    int64_t ahead_frame_ = -1;  // the frame that it unpacks or has unpacked; -1: none
    std::future<void> ahead_;   // the last member: its end is waited for before the others go
};

// A clip that somebody else writes: its frames one after the other. One thread at a time.
class ClipFollower {
public:
    ClipFollower(Fd fd, const Planes& planes);

    enum class Next : uint8_t { kFrame, kEnd, kNotYet };
    // Of the next frame; may be asked again and again. Throws zt::Error(IO): damaged.
    [[nodiscard]] Next next(Entry& entry);
    // That frame, after kFrame.
    void read(const FrameData& to, std::span<float> sound);
    // Its writer waits for its own reader, see ClipWriter.
    [[nodiscard]] bool writer_waits() const;
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

private:
    Fd fd_;
    FrameCoder coder_;
    uint64_t at_ = 0;  // of the next record
    int64_t number_ = 0;
    uint32_t bytes_ = 0;
    std::vector<std::byte> packed_;
};

}  // namespace zt::cache
