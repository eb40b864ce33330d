// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Training data of the diffusion transformer: pairs of a sentence and a clip, generated on the fly. For each seed a
// play is drawn at random from values that go together, some of it is written as a sentence in the lexicon's words, and
// the storybook engine renders the clip that it makes of that sentence.
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

// Renders clips. Thread-safe; the same seed gives the same clip.
class ClipSource {
public:
    // model: a storybook model folder. Throws as load_weights does.
    ClipSource(const std::string& model, ClipShape shape);
    ~ClipSource();
    [[nodiscard]] Clip draw(uint64_t seed) const;
    // Memory of the layers decoded so far.
    [[nodiscard]] size_t held_bytes() const;

private:
    // A cache that never evicts, since decoding a layer costs more than rendering a clip. Its size is bounded by the
    // model: a latent becomes 2 KiB of pixels and a third more of mip levels, the 459,000 of the shipped model 1.2 GiB.
    class Kept;
    [[nodiscard]] std::string sentence(std::mt19937& dice) const;
    [[nodiscard]] std::string word(std::mt19937& dice, int language, compositor::Attribute attribute, int value) const;

    ClipShape shape_;
    std::shared_ptr<const compositor::Weights> weights_;
    std::map<std::string, std::vector<std::string>> words_[2];  // "colour=red" -> English, Chinese
    std::unique_ptr<Kept> layers_;
};

// A data loader: batches in order of (step, worker), rendered ahead by threads while the device computes. The content
// of a batch depends on seed, step and worker alone, not on the threads. Where the device is faster than the threads, a
// clip can be reused in several batches, kApart steps from each other; a batch then consists of parts rendered at
// different times.
class ClipQueue {
public:
    static constexpr int64_t kApart = 50;
    // renderers: threads; 0: take() renders the batch itself. only: number of different clips; 0: unlimited. repeat: in
    // how many batches a clip is used, a divisor of batch; up to kApart * batch clips are then held for each worker.
    ClipQueue(const ClipSource& source, int64_t seed, int workers, int64_t batch, int renderers, int64_t only = 0,
              int64_t repeat = 1);
    ~ClipQueue();
    ClipQueue(const ClipQueue&) = delete;
    ClipQueue& operator=(const ClipQueue&) = delete;
    // Throws what rendering threw. Each (step, worker) may be taken once, steps in order.
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
    // A job renders one part. Its number: step * workers + worker of the first batch that uses it. Negative for parts
    // that batches before step 0 would have used first.
    std::map<int64_t, Part> ready_;
    int64_t next_ = 0;    // first job that no thread has taken
    int64_t wanted_ = 0;  // newest job that take() needs
    bool begun_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace zt::training
