// SPDX-License-Identifier: LGPL-2.1-or-later
//
// See clip_file.h.
#include "cache/clip_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "core/error.h"

namespace zt::cache {
namespace {

constexpr std::array<char, 8> kMagic = {'Z', 'T', 'C', 'L', 'I', 'P', '1', '\n'},
                              kEnd = {'Z', 'T', 'C', 'L', 'I', 'P', 'E', '\n'};
constexpr uint32_t kFrameTag = 0x454D5246, kIndexTag = 0x58444E49;  // "FRME", "INDX"
constexpr uint32_t kKey = 1;                                        // a flag: decoded without the frame before
constexpr uint64_t kStateAt = kMagic.size();

struct Head {
    std::array<char, 8> magic = kMagic;
    uint32_t state = 0, bytes = 0, hash = 0;
};
struct Record {
    uint32_t tag = kFrameTag, flags = 0, chunk_frames = 0, samples = 0, bytes = 0, hash = 0;
};
struct Tail {
    uint64_t index_at = 0;
    std::array<char, 8> magic = kEnd;
};

// FNV-1a, 32 bits.
uint32_t hash_of(const void* data, size_t bytes) {
    uint32_t hash = 0x811C9DC5U;
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ static_cast<const uint8_t*>(data)[i]) * 0x01000193U;
    return hash;
}
uint32_t hash_of(const Record& record) { return hash_of(&record, offsetof(Record, hash)); }

[[noreturn]] void damaged(const char* what) { throw Error(ZT_ERROR_IO, std::string("cache: expected ") + what); }
[[noreturn]] void failed(const char* doing) {
    throw Error(ZT_ERROR_IO, std::string("cache: expected to ") + doing + ", got " + std::strerror(errno));
}

uint64_t size_of(int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0) failed("see the size of a clip");
    return static_cast<uint64_t>(status.st_size);
}

// False at the end of the file.
bool read_at(int fd, uint64_t offset, void* out, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        const ssize_t got = pread(fd, static_cast<char*>(out) + done, bytes - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) failed("read a clip");
        if (got == 0) return false;
        done += static_cast<size_t>(got);
    }
    return true;
}

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

Head read_head(int fd) {
    Head head;
    if (!read_at(fd, 0, &head, sizeof(head)) || head.magic != kMagic || head.bytes > kMaxAbout)
        damaged("a clip of this cache, got another file");
    return head;
}

// A record with a good hash, nothing at the end of what is written.
std::optional<Record> read_record(int fd, uint64_t at) {
    Record record;
    if (at + sizeof(record) > size_of(fd) || !read_at(fd, at, &record, sizeof(record))) return std::nullopt;
    if (record.hash != hash_of(record) || (record.tag != kFrameTag && record.tag != kIndexTag))
        damaged("a frame or the index, got other bytes");
    return record;
}

}  // namespace

// ---- Writing ----

ClipWriter::ClipWriter(Fd fd, const std::string& about, const Planes& planes) : fd_(std::move(fd)), coder_(planes) {
    const std::string text = about.substr(0, kMaxAbout);
    const Head head{kMagic, 0, static_cast<uint32_t>(text.size()), hash_of(text.data(), text.size())};
    const auto bytes = bytes_of(head);
    record_.assign(bytes.begin(), bytes.end());
    record_.insert(record_.end(), std::as_bytes(std::span(text)).begin(), std::as_bytes(std::span(text)).end());
    write(record_);
}

void ClipWriter::write(std::span<const std::byte> bytes) {
    for (size_t done = 0; done < bytes.size();) {
        const ssize_t put =
            pwrite(fd_.get(), bytes.data() + done, bytes.size() - done, static_cast<off_t>(size_ + done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) failed("write a clip");
        done += static_cast<size_t>(put);
    }
    size_ += bytes.size();
}

void ClipWriter::append(const FrameData& frame, std::span<const float> sound, uint32_t chunk_frames) {
    const bool key = frames() % kKeyFrames == 0;
    const auto packed = coder_.encode(frame, sound, key);
    Record record{kFrameTag,
                  key ? kKey : 0,
                  chunk_frames,
                  static_cast<uint32_t>(sound.size()),
                  static_cast<uint32_t>(packed.size()),
                  0};
    record.hash = hash_of(record);
    const auto bytes = bytes_of(record);
    record_.assign(bytes.begin(), bytes.end());
    record_.insert(record_.end(), packed.begin(), packed.end());
    index_.push_back({size_, chunk_frames, record.samples});
    write(record_);  // in one piece: who reads along sees all of it or too little
}

void ClipWriter::set_waiting(bool waiting) {
    if (waiting == waiting_) return;
    waiting_ = waiting;
    const uint32_t state = waiting ? 1 : 0;
    if (pwrite(fd_.get(), &state, sizeof(state), static_cast<off_t>(kStateAt)) != sizeof(state)) failed("write a clip");
}

void ClipWriter::finish() {
    const uint64_t index_at = size_;
    const auto table = std::as_bytes(std::span(index_));
    Record record{kIndexTag, 0, 0, static_cast<uint32_t>(index_.size()), static_cast<uint32_t>(table.size()), 0};
    record.flags = hash_of(table.data(), table.size());
    record.hash = hash_of(record);
    const Tail tail{index_at, kEnd};
    record_.assign(bytes_of(record).begin(), bytes_of(record).end());
    record_.insert(record_.end(), table.begin(), table.end());
    record_.insert(record_.end(), bytes_of(tail).begin(), bytes_of(tail).end());
    write(record_);
    set_waiting(false);
    if (fdatasync(fd_.get()) != 0) failed("write a clip");
}

// ---- Reading ----

std::string read_about(int fd) {
    const Head head = read_head(fd);
    std::string text(head.bytes, '\0');
    if (!read_at(fd, sizeof(head), text.data(), text.size()) || hash_of(text.data(), text.size()) != head.hash)
        damaged("the description of a clip, got other bytes");
    return text;
}

ClipReader::ClipReader(Fd fd, const Planes& planes, Extent extent) : fd_(std::move(fd)), coder_(planes) {
    if (extent == Extent::kWhole)
        read_index();
    else
        walk();
}

// What was written of a clip in the making. It may have been cut anywhere.
void ClipReader::walk() {
    const Head head = read_head(fd_.get());
    const uint64_t size = size_of(fd_.get());
    for (uint64_t at = sizeof(head) + head.bytes; index_.size() < kMaxClipFrames;) {
        const auto record = read_record(fd_.get(), at);
        if (!record || record->tag != kFrameTag || at + sizeof(Record) + record->bytes > size) return;
        index_.push_back({at, record->chunk_frames, record->samples});
        at += sizeof(Record) + record->bytes;
    }
}

void ClipReader::read_index() {
    const Head head = read_head(fd_.get());
    const uint64_t size = size_of(fd_.get()), first = sizeof(head) + head.bytes;
    Tail tail;
    if (size < first + sizeof(Record) + sizeof(tail) || !read_at(fd_.get(), size - sizeof(tail), &tail, sizeof(tail)) ||
        tail.magic != kEnd || tail.index_at < first || tail.index_at > size - sizeof(Record) - sizeof(tail))
        damaged("a whole clip, got a part of one");
    const auto record = read_record(fd_.get(), tail.index_at);
    const uint64_t table = size - sizeof(tail) - tail.index_at - sizeof(Record);
    if (!record || record->tag != kIndexTag || record->samples > kMaxClipFrames || record->bytes != table ||
        table != record->samples * sizeof(Entry))
        damaged("the index of a clip, got other bytes");
    index_.resize(record->samples);
    if (!read_at(fd_.get(), tail.index_at + sizeof(Record), index_.data(), table) ||
        hash_of(index_.data(), table) != record->flags)
        damaged("the index of a clip, got other bytes");
}

// Into unpacked_.
void ClipReader::unpack(int64_t frame) {
    const Entry& entry = index_[static_cast<size_t>(frame)];
    const auto record = read_record(fd_.get(), entry.offset);
    const bool key = frame % kKeyFrames == 0;
    if (!record || record->tag != kFrameTag || record->samples != entry.samples || record->bytes > size_of(fd_.get()) ||
        ((record->flags & kKey) != 0) != key)
        damaged("a frame of a clip, got other bytes");
    packed_.resize(record->bytes);
    if (!read_at(fd_.get(), entry.offset + sizeof(Record), packed_.data(), packed_.size()))
        damaged("a frame of a clip, got a part of one");
    coder_.unpack(packed_, entry.samples, unpacked_);
}

void ClipReader::read_one(int64_t frame, const FrameData& to, std::span<float> sound) {
    if (ahead_.valid()) {
        if (std::exchange(ahead_frame_, -1) == frame) {
            ahead_.get();  // throws what the other thread did
        } else {
            ahead_.wait();
            unpack(frame);
        }
    } else {
        unpack(frame);
    }
    now_.swap(unpacked_);
    if (frame + 1 < std::ssize(index_)) {
        // Where no thread is to be had the next call does it.
        ahead_ = std::async(std::launch::async | std::launch::deferred, [this, frame] { unpack(frame + 1); });
        ahead_frame_ = frame + 1;
    }
    coder_.restore(now_, to, sound, frame % kKeyFrames == 0);
    next_ = frame + 1;
}

void ClipReader::read(int64_t frame, const FrameData& to, std::span<float> sound) {
    if (frame < 0 || frame >= std::ssize(index_) || sound.size() != index_[static_cast<size_t>(frame)].samples)
        throw Error(ZT_ERROR_INTERNAL, "cache: expected a frame of the clip, got number " + std::to_string(frame));
    if (frame != next_) {  // from the nearest frame that is readable by itself
        const int64_t key = frame / kKeyFrames * kKeyFrames;
        for (int64_t i = next_ > key && next_ < frame ? next_ : key; i < frame; i++) {
            mute_.resize(index_[static_cast<size_t>(i)].samples);
            read_one(i, {}, mute_);
        }
    }
    read_one(frame, to, sound);
}

ClipFollower::ClipFollower(Fd fd, const Planes& planes) : fd_(std::move(fd)), coder_(planes) {
    const Head head = read_head(fd_.get());
    at_ = sizeof(head) + head.bytes;
}

ClipFollower::Next ClipFollower::next(Entry& entry) {
    const auto record = read_record(fd_.get(), at_);
    if (!record) return Next::kNotYet;
    if (record->tag == kIndexTag) return Next::kEnd;
    if (at_ + sizeof(Record) + record->bytes > size_of(fd_.get())) return Next::kNotYet;
    bytes_ = record->bytes;
    entry = {at_, record->chunk_frames, record->samples};
    return Next::kFrame;
}

void ClipFollower::read(const FrameData& to, std::span<float> sound) {
    packed_.resize(bytes_);
    if (!read_at(fd_.get(), at_ + sizeof(Record), packed_.data(), packed_.size()))
        damaged("a frame of a clip, got a part of one");
    coder_.decode(packed_, to, sound, number_ % kKeyFrames == 0);
    at_ += sizeof(Record) + bytes_;
    number_++;
}

bool ClipFollower::writer_waits() const { return read_head(fd_.get()).state != 0; }

}  // namespace zt::cache
