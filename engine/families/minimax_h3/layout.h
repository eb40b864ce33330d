// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The one sequence that MiniMax-H3 attends over: which rows it has, where each lies in space and time, what each is,
// and how clean each is at a step. Bit-equal to diffusers 0.42.1 (modular_pipelines/minimax_h3). Torch-free; pure
// functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace zt::minimax_h3 {

inline constexpr int64_t kFramesPerSecond = 24;
inline constexpr int64_t kSizeStep = 32;  // pixels of a row of video: 16 of a latent, times 2
inline constexpr int64_t kLatentPixels = 16;
inline constexpr int64_t kClipFrames = 17;  // that 5 latents become
inline constexpr int64_t kClipLatents = 5;
inline constexpr int64_t kTailFrames = 5;  // behind the last clip, of 2 latents more
inline constexpr int64_t kTailLatents = 2;
inline constexpr int64_t kDefaultFrames = 124;
inline constexpr int64_t kLeastTrained = 124, kMostTrained = 345;  // 5 to 15 seconds
inline constexpr int64_t kMostFrames = 362;
inline constexpr int64_t kSamplesPerLatent = 800, kSampleRate = 32000, kAudioLatentsPerSecond = 40;
inline constexpr int64_t kAudioChannels = 2;  // left, then right
inline constexpr float kKeyframeTime = 0.999F;

struct Canvas {
    int64_t width = 0, height = 0;
    [[nodiscard]] bool operator==(const Canvas&) const = default;
};
// The trained canvas of an aspect ratio: a short side of 768, at most 768 x 1344 pixels, both sides whole steps. Throws
// zt::Error(ARGUMENT) outside of 1:4 to 4:1.
[[nodiscard]] Canvas canvas_of(double aspect_width, double aspect_height);
// Throws zt::Error(ARGUMENT) for sides that are not whole steps, naming the nearest that are.
void check_canvas(int64_t width, int64_t height);
// The next 17 n + 5 from `frames` on, n at least 1.
[[nodiscard]] int64_t clip_frames(int64_t frames);
// Throws zt::Error(ARGUMENT) for another number than 17 n + 5, or one above kMostFrames, naming the nearest.
void check_frames(int64_t frames);
[[nodiscard]] int64_t latent_frames(int64_t frames);  // of 17 n + 5: 5 n + 2
// For each channel: as many as 40 a second come nearest, halves to the even one.
[[nodiscard]] int64_t audio_latents(int64_t frames);

// What a row is; the number is its place in a block's table of modulations.
enum class Tag : uint8_t { kVideo = 0, kText = 1, kAudio = 2 };
enum class Anchor : uint8_t { kFirst, kLast };
// Rows that follow each other and are at one level of noise.
enum class Role : uint8_t { kText, kKeyframe, kAudio, kVideo };
struct Segment {
    Role role = Role::kText;
    int64_t begin = 0, count = 0;
};

struct Geometry {
    int64_t frames = 0, height = 0, width = 0;  // of the video's latents
    int64_t audio = 0;                          // latents of one channel
    [[nodiscard]] int64_t rows_per_frame() const { return (height / 2) * (width / 2); }
    [[nodiscard]] bool operator==(const Geometry&) const = default;
};
// frames: 17 n + 5; canvas: whole steps.
[[nodiscard]] Geometry geometry_of(int64_t frames, Canvas canvas);

// Immutable once made. Order of rows: text, keyframes, audio (all left, all right), video (by frame, row, column).
struct Layout {
    Geometry geometry;
    std::vector<std::array<double, 3>> positions;  // time, row, column of each
    std::vector<Tag> tags;
    std::vector<Segment> segments;  // in order, without gaps; one for each keyframe
    [[nodiscard]] int64_t rows() const { return static_cast<int64_t>(tags.size()); }
    [[nodiscard]] int64_t begin_of(Role role) const;  // of its first segment; -1: there is none
    [[nodiscard]] int64_t count_of(Role role) const;  // in all its segments
};
// text: what each row of the prompt's states is (kText; kVideo in what a picture became); anchors: of the keyframes, in
// packed order.
[[nodiscard]] Layout make_layout(std::span<const Tag> text, const Geometry& geometry, std::span<const Anchor> anchors);

// How clean the rows of a segment are at a step, from the times of its video and its audio: 0 noise, 1 clean.
[[nodiscard]] float time_of(Role role, float video, float audio);

// The distinct times of rows at one step or of a whole schedule, ascending.
struct Times {
    std::vector<float> distinct;
    // Throws zt::Error(INTERNAL) for a time that is not there.
    [[nodiscard]] int64_t index_of(float time) const;
};
// Times of the steps whose video and audio are so clean.
[[nodiscard]] Times times_of(const Layout& layout, std::span<const float> video, std::span<const float> audio);

}  // namespace zt::minimax_h3
