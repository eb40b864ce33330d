// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the sessions of a process share of an opened model beside its files. Torch-free.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace zt::load {

// One part as all sessions of a process share it: loaded by the first that asks, freed by the last
// that lets go, or never when it is to stay. Thread-safe.
template <class T>
class Shared {
public:
    std::shared_ptr<const T> get(bool stay, const std::function<std::shared_ptr<const T>()>& load) {
        const std::lock_guard lock(mutex_);  // others wait: they want the same
        if (auto there = weak_.lock()) return there;
        const auto made = load();
        weak_ = made;
        if (stay) kept_ = made;
        return made;
    }

    // Null where nobody has it.
    [[nodiscard]] std::shared_ptr<const T> there() {
        const std::lock_guard lock(mutex_);
        return weak_.lock();
    }
    // It stays no longer than somebody uses it.
    void unpin() {
        const std::lock_guard lock(mutex_);
        kept_.reset();
    }
    // The next who asks loads it anew; whoever has it keeps it.
    void forget() {
        const std::lock_guard lock(mutex_);
        weak_.reset(), kept_.reset();
    }

private:
    std::mutex mutex_;
    std::weak_ptr<const T> weak_;
    std::shared_ptr<const T> kept_;
};

// The last few results by all that decides them, as text. Thread-safe.
template <class T>
class Recent {
public:
    [[nodiscard]] std::shared_ptr<const T> find(const std::string& key) {
        const std::lock_guard lock(mutex_);
        const auto at =
            std::find_if(entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.first == key; });
        if (at == entries_.end()) return nullptr;
        entries_.splice(entries_.begin(), entries_, at);
        return entries_.front().second;
    }
    void keep(const std::string& key, std::shared_ptr<const T> result) {
        const std::lock_guard lock(mutex_);
        entries_.emplace_front(key, std::move(result));
        if (entries_.size() > kMost) entries_.pop_back();
    }

private:
    static constexpr size_t kMost = 8;
    std::mutex mutex_;
    std::list<std::pair<std::string, std::shared_ptr<const T>>> entries_;  // last used first
};

}  // namespace zt::load
