// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Weights that do not fit into memory: read again at every pass, from the disk or from what several ranks keep
// (block_shares.h), one layer ahead of their use.
#pragma once

#include <c10/core/InferenceMode.h>

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "device/devices.h"
#include "device/worker_scope.h"

namespace zt::load {

// Items that are read one ahead of their use: while one computes, the next is read by a thread of its own, so two are
// in memory at a time, and one where nothing is told to follow. One thread at a time.
template <class T>
class ReadAhead {
public:
    // `read` gives item i; it runs on other threads and must be able to until this object is gone.
    explicit ReadAhead(std::function<T(int64_t)> read) : read_(std::move(read)) {}
    ~ReadAhead() { finish(); }
    ReadAhead(const ReadAhead&) = delete;
    ReadAhead& operator=(const ReadAhead&) = delete;

    // Item `index`, good until the next call; begins to read `following` (-1: none). Throws what reading throws.
    const T& take(int64_t index, int64_t following) {
        current_ = T();                       // gives its memory back before the next one is there
        device::return_freed_memory();        // and the heap that of activations, whose pieces grow apart
        if (reading_ != index) begin(index);  // nothing was to follow, or another pass was given up
        reading_ = -1;
        current_ = next_.get();
        if (following >= 0) begin(following);
        return current_;
    }

private:
    void begin(int64_t index) {
        finish();
        reading_ = index;
        next_ = std::async(std::launch::async, [this, index] {
            const c10::InferenceMode inference;  // a property of a thread
            if (!device::try_start_pool()) device::compute_alone();
            return read_(index);
        });
    }
    void finish() noexcept {
        if (next_.valid()) next_.wait();
    }

    std::function<T(int64_t)> read_;
    int64_t reading_ = -1;  // what `next_` will hold
    std::future<T> next_;
    T current_;
};

// The first layers as they stay in memory. progress: (0, count), (1, count) ... before each.
template <class T>
[[nodiscard]] std::shared_ptr<const std::vector<T>> read_first(int64_t count, const std::function<T(int64_t)>& read,
                                                               const std::function<void(int64_t, int64_t)>& progress) {
    auto made = std::make_shared<std::vector<T>>();
    for (int64_t i = 0; i < count; i++) {
        progress(i, count);
        made->push_back(read(i));
    }
    return made;
}

// Layers in the order of use, pass after pass: the first ones from memory, the others read, again at every pass.
// One thread at a time.
template <class T>
class PartlyResident {
public:
    // count: of all layers; read: as above; ahead: of their use, else when they are used.
    PartlyResident(std::shared_ptr<const std::vector<T>> resident, int64_t count, std::function<T(int64_t)> read,
                   bool ahead)
        : resident_(std::move(resident)), first_streamed_(static_cast<int64_t>(resident_->size())), count_(count),
          ahead_(ahead), streamed_(std::move(read)) {}
    // Good until the next call.
    const T& operator()(int64_t i) {
        if (i < first_streamed_) return (*resident_)[static_cast<size_t>(i)];
        const int64_t next = i + 1 < count_ ? i + 1 : first_streamed_;
        return streamed_.take(i, ahead_ ? next : -1);
    }

private:
    std::shared_ptr<const std::vector<T>> resident_;
    int64_t first_streamed_, count_;
    bool ahead_;
    ReadAhead<T> streamed_;
};

}  // namespace zt::load
