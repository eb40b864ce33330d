// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tensors between ranks, over c10d's Gloo. One thread at a time. Bytes that leave this rank are counted.
#pragma once

#include <ATen/ATen.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/cancel.h"

namespace zt::ranks {

// Gives one text of every rank, in order, for one of this rank.
using Swap = std::function<std::vector<std::string>(const std::string&)>;

class Group {
public:
    // Connects every rank with every other; all make it at the same time. address: of this rank, numeric; Gloo listens
    // there and nowhere else. timeout: the longest wait for another rank. Throws zt::Error(NETWORK), as all that
    // follows.
    Group(int rank, int size, const std::string& address, std::chrono::milliseconds timeout, const Swap& swap);
    ~Group();  // whoever waits for this rank gets an error
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

    [[nodiscard]] int rank() const noexcept { return rank_; }
    [[nodiscard]] int size() const noexcept { return size_; }

    // What travels while this rank computes. Dropped without a wait it still ends, or breaks with the group.
    class Exchange {
    public:
        Exchange(Exchange&& other) noexcept;
        Exchange& operator=(Exchange&&) = delete;
        ~Exchange();
        // Once. cancel: polled while it waits.
        [[nodiscard]] std::vector<at::Tensor> wait(const Cancel& cancel);

    private:
        friend class Group;
        struct Travel;
        explicit Exchange(std::unique_ptr<Travel> travel);
        std::unique_ptr<Travel> travel_;
    };

    // send[r] goes to rank r; what rank r sends comes back at r, of shape shapes[r]. All of one type, on one device;
    // any may be empty, and none may change before it has been waited for. Every rank calls it at the same place of its
    // work: sizes are known, none are sent.
    [[nodiscard]] Exchange begin(const std::vector<at::Tensor>& send, const std::vector<std::vector<int64_t>>& shapes);
    [[nodiscard]] std::vector<at::Tensor> exchange(const std::vector<at::Tensor>& send,
                                                   const std::vector<std::vector<int64_t>>& shapes,
                                                   const Cancel& cancel) {
        return begin(send, shapes).wait(cancel);
    }
    [[nodiscard]] uint64_t bytes_sent() const noexcept { return sent_; }

private:
    class Gloo;
    const int rank_, size_;
    uint64_t sent_ = 0;
    std::unique_ptr<Gloo> gloo_;
};

}  // namespace zt::ranks
