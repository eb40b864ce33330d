// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Tensors between ranks, over c10d's Gloo. One thread at a time. Bytes that leave this rank are counted. Those of a GPU
// go through the host's memory, or over NCCL where that was asked for.
#pragma once

#include <ATen/ATen.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "ranks/swap.h"
#include "ranks/transport.h"

namespace zt::ranks {

class Group {
public:
    // Connects every rank with every other; all make it at the same time. address: of this rank, numeric; Gloo listens
    // there and nowhere else. timeout: the longest wait for another rank. transport: the same for all. look: asked
    // while it waits for an exchange, may be empty. Throws zt::Error(NETWORK), as all that follows.
    Group(int rank, int size, const std::string& address, std::chrono::milliseconds timeout, const Swap& swap,
          Transport transport = Transport::kGloo, Look look = nullptr);
    ~Group();  // whoever waits for this rank gets an error, but see Look
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
    // work: sizes are known, none are sent. cancel: polled while NCCL's connections are made, before the first tensors
    // of a GPU; throws zt::Error(UNSUPPORTED) too where they cannot be.
    [[nodiscard]] Exchange begin(const std::vector<at::Tensor>& send, const std::vector<std::vector<int64_t>>& shapes,
                                 const Cancel& cancel);
    [[nodiscard]] std::vector<at::Tensor> exchange(const std::vector<at::Tensor>& send,
                                                   const std::vector<std::vector<int64_t>>& shapes,
                                                   const Cancel& cancel) {
        return begin(send, shapes, cancel).wait(cancel);
    }
    // What is passed on from rank to rank, where it is sent from without another copy: NCCL takes it where it is, Gloo
    // from the host's memory.
    [[nodiscard]] at::Tensor as_sent(const at::Tensor& tensor) const;
    // What every rank says, of at most 64 KiB less 4 bytes. Not counted as sent.
    [[nodiscard]] std::vector<std::string> swap(const std::string& text, const Cancel& cancel);
    [[nodiscard]] uint64_t bytes_sent() const noexcept { return sent_; }

private:
    class Gloo;
    class Nccl;
    struct LeftBehind;
    struct UnderWay;
    [[nodiscard]] bool busy();
    [[nodiscard]] bool by_nccl(const at::Tensor& tensor) const;
    const int rank_, size_;
    const std::chrono::milliseconds timeout_;
    const Transport transport_;
    const Look look_;
    uint64_t sent_ = 0;
    std::vector<UnderWay> under_way_;
    std::unique_ptr<Gloo> gloo_;
    std::unique_ptr<Nccl> nccl_;  // null before the first tensors of a GPU
};

}  // namespace zt::ranks
