// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A sequence of tokens spread over the ranks of a team: each computes the blocks of a transformer for its own tokens.
// In the attention, neighbouring ranks exchange tokens for heads (Jacobs et al. 2309.14509, "Ulysses"): as many as
// divide the heads evenly. Where that is not all of them, such groups of ranks gather each other's keys and values
// (as for training in Llama Team 2407.21783, 3.3.2), those of some heads while the heads before are attended to. A ring
// (Liu et al. 2310.01889) sends as many bytes, but adds in another order than one process does. Tokens need not divide
// evenly: the first ranks have one more, and any may have none.
//
// Bytes that a rank sends: docs/many-machines.md.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "ranks/share.h"

namespace zt::ranks {

class Group;

// One thread at a time; not longer than the team of that thread. Throws zt::Error(NETWORK, CANCELLED).
class Sequence {
public:
    Sequence() = default;  // not spread: everything is this rank's
    // parts: tokens of each kind (picture, text), each spread by itself. Not spread without a team.
    explicit Sequence(std::vector<int64_t> parts);

    [[nodiscard]] bool spread() const noexcept { return group_ != nullptr; }
    // This rank's of a part that has `all` tokens.
    [[nodiscard]] Share share(int64_t all) const;
    // This rank's rows of all [tokens, ...]; a view.
    [[nodiscard]] at::Tensor mine(const at::Tensor& rows) const;
    // All rows of one part of `all` tokens, from every rank's [tokens, columns].
    [[nodiscard]] at::Tensor gather(const at::Tensor& rows, int64_t all) const;
    // nn::attention of the whole sequence with itself: queries, keys and values [3, heads, own tokens, dim] -> [own
    // tokens, heads * dim]. Own tokens are those of every part, in the order of the parts. Memory that it takes:
    // traffic.h.
    [[nodiscard]] at::Tensor attention(const at::Tensor& own) const;

private:
    // Where this rank stands: neighbours [first, first + split.exchange) exchange heads.
    struct Stand;
    [[nodiscard]] at::Tensor to_heads(const at::Tensor& own, const Stand& stand) const;
    [[nodiscard]] at::Tensor to_tokens(const at::Tensor& attended, const Stand& stand) const;
    [[nodiscard]] at::Tensor to_all_keys(const at::Tensor& q, const at::Tensor& kv, const Stand& stand) const;

    Group* group_ = nullptr;
    std::vector<int64_t> parts_;
};

// Guidance's two passes on the two halves of a team, while it lives. One thread at a time.
class Halves {
public:
    // wanted: that two passes will be made. Nothing happens without it, without a team or with an odd one.
    explicit Halves(bool wanted);
    ~Halves();
    Halves(const Halves&) = delete;
    Halves& operator=(const Halves&) = delete;
    explicit operator bool() const noexcept { return on_; }
    [[nodiscard]] bool second() const;  // this rank makes the second pass
    // The other half's tensors, of the same shapes as these.
    [[nodiscard]] std::vector<at::Tensor> swap(const std::vector<at::Tensor>& own) const;

private:
    bool on_ = false;
};

}  // namespace zt::ranks
