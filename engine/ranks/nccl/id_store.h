// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What c10d's NCCL asks of a store: for a communicator rank 0 sets one value, NCCL's unique id, and the others get it,
// under a key of c10d's choice. One swap carries it. Whatever else is asked for is refused by its name, so that a
// LibTorch that talks more is noticed instead of hanging.
#pragma once

#include <torch/csrc/distributed/c10d/Store.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "ranks/swap.h"

namespace zt::ranks {

// One thread. swap: called once, by the first set (rank 0) or get (others), by every rank. Throws std::logic_error and
// what swap throws.
class IdStore final : public c10d::Store {
public:
    IdStore(Swap swap, int rank) : swap_(std::move(swap)), rank_(rank) {}
    // c10d words a failure anew. This one is as it was thrown; null without one.
    [[nodiscard]] std::exception_ptr failure() const noexcept { return failure_; }
    // No more swaps: they may refer to what ends now.
    void close() noexcept { swap_ = nullptr; }

    c10::intrusive_ptr<Store> clone() override { return c10::make_intrusive<IdStore>(*this); }
    void set(const std::string& key, const std::vector<uint8_t>& value) override {
        if (rank_ != 0) refuse("no value of another rank than 0", key);
        take(key, {value.begin(), value.end()});
    }
    std::vector<uint8_t> get(const std::string& key) override {
        if (key != key_ || key_.empty()) {
            if (rank_ == 0) refuse("rank 0 to set a value before it gets it", key);
            take(key, {});
        }
        return id_;
    }
    int64_t add(const std::string& key, int64_t) override { refuse("no counter", key); }
    bool deleteKey(const std::string&) override { return false; }
    bool check(const std::vector<std::string>& keys) override {
        return std::all_of(keys.begin(), keys.end(), [&](const auto& key) { return !key_.empty() && key == key_; });
    }
    int64_t getNumKeys() override { return key_.empty() ? 0 : 1; }
    void wait(const std::vector<std::string>& keys) override { wait(keys, timeout_); }
    void wait(const std::vector<std::string>& keys, const std::chrono::milliseconds&) override {
        for (const std::string& key : keys) (void)get(key);
    }

private:
    [[noreturn]] static void refuse(const std::string& expected, const std::string& key) {
        throw std::logic_error("ranks: expected " + expected + " in NCCL's store, got " + key);
    }
    void take(const std::string& key, const std::string& own) {
        if (!key_.empty() || !swap_) refuse("one communicator", key);
        try {
            const std::string id = swap_(own).at(0);
            id_.assign(id.begin(), id.end());
            key_ = key;
        } catch (const std::exception&) {
            failure_ = std::current_exception();
            throw;
        }
    }

    Swap swap_;
    const int rank_;
    std::string key_;  // of what was swapped; empty before
    std::vector<uint8_t> id_;
    std::exception_ptr failure_;
};

}  // namespace zt::ranks
