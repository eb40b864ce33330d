// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sentences with the clips that belong to them, drawn without end: the seed draws what is to be seen from what goes
// together in the world, says a part of it in the lexicon's words, and the engine's own stage shows what the engine
// reads in that sentence.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <ATen/ATen.h>

#include "trained_families.h"

namespace zt::training {

struct ClipShape {
    int width = 128, height = 72, frames = 16, rate = 8;  // pixels, multiples of 8; frames per second
};
struct Clip {
    std::string sentence;
    at::Tensor pixels;  // uint8 [frames, height, width, 3]
};

// Draws clips. Thread-safe; the same seed gives the same clip.
class ClipSource {
public:
    // model: a storybook model folder. Throws as load_weights does.
    ClipSource(const std::string& model, ClipShape shape);
    ~ClipSource();
    [[nodiscard]] Clip draw(uint64_t seed) const;
    // Of the layers decoded so far.
    [[nodiscard]] size_t held_bytes() const;

private:
    // Every layer that was asked for stays in memory, since decoding one costs more than a clip. A model file has
    // only so many: a latent becomes 2 KiB of pixels and a third more of smaller sizes, the 459,000 of the shipped one
    // 1.2 GiB.
    class Kept;
    [[nodiscard]] std::string sentence(std::mt19937& dice) const;
    [[nodiscard]] std::string word(std::mt19937& dice, int language, compositor::Attribute attribute, int value) const;

    ClipShape shape_;
    std::shared_ptr<const compositor::Weights> weights_;
    std::map<std::string, std::vector<std::string>> words_[2];  // "colour=red" -> English, Chinese
    std::unique_ptr<Kept> layers_;
};

// The batches of a run in order of (step, worker), drawn ahead by threads while the device computes. What a batch holds
// depends on the seed, the step and the worker alone, not on the threads. Where the device is faster than the threads,
// a clip can serve in several batches, kApart steps from each other: a batch is then put together from parts that were
// drawn at different times.
class ClipQueue {
public:
    static constexpr int64_t kApart = 50;
    // renderers: threads; 0: a batch is drawn by whoever takes it. only: draw from this many different clips; 0:
    // endless. repeat: batches that a clip serves in, a divisor of batch; a queue then holds up to kApart * batch clips
    // for each worker.
    ClipQueue(const ClipSource& source, int64_t seed, int workers, int64_t batch, int renderers, int64_t only = 0,
              int64_t repeat = 1);
    ~ClipQueue();
    ClipQueue(const ClipQueue&) = delete;
    ClipQueue& operator=(const ClipQueue&) = delete;
    // Throws what drawing threw. Each (step, worker) may be taken once, steps in order.
    [[nodiscard]] std::vector<Clip> take(int64_t step, int worker);

private:
    struct Part {
        std::vector<Clip> clips;
        std::exception_ptr error;
    };
    [[nodiscard]] Part draw(int64_t job) const;
    void work(const std::stop_token& stop);

    const ClipSource& source_;
    const int64_t seed_, only_, repeat_, part_;  // part_: clips of a part
    const int workers_, renderers_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    // A job is a part: step * workers + worker of the first batch that it serves in. Parts of steps before the first
    // are drawn too.
    std::map<int64_t, Part> ready_;
    int64_t next_ = 0;    // job that nobody draws yet
    int64_t wanted_ = 0;  // newest job that was asked for
    bool begun_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace zt::training
