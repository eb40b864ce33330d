// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Clips for the judge, through the engine as hosts use it or through another program.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "judge.h"

struct zt_model;

namespace zt::training {

using Frames = std::vector<uint8_t>;   // raw RGB, kJudgedFrames pictures of 256x144

// What is to be made, and which parts of it are looked at.
struct Order {
    std::string prompt, storyboard;          // one of them; storyboard is a file
    const uint8_t* picture = nullptr;        // RGB, 256x144: the clip begins with it
    int64_t seed = 0;
    int steps = 0;                           // 0: the model's own
    int64_t frames = kJudgedFrames;
    std::vector<int64_t> looks{0};           // kJudgedFrames frames from each of these on are kept
};

// Thread-safe: each call has a session of its own.
class Studio {
public:
    explicit Studio(const std::string& folder);
    ~Studio();
    Studio(const Studio&) = delete;
    Studio& operator=(const Studio&) = delete;
    // One element per look. Throws zt::Error.
    [[nodiscard]] std::vector<Frames> make(const Order& order) const;

private:
    zt_model* model_ = nullptr;
};

// The same clip through `command`, which the shell runs with PROMPT, SEED and FRAMES in its environment
// and which writes raw RGB frames. One thread at a time.
[[nodiscard]] Frames make_with(const std::string& command, const std::string& prompt, int64_t seed);

// kJudgedFrames frames from a file of raw RGB.
[[nodiscard]] Frames read_frames(std::FILE* file);

}  // namespace zt::training
