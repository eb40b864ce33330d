// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much memory the parts of a model need, from the headers of their files, and a clip phase by phase. A phase's
// weights are given back before the next one's are read, unless there is room to keep them for the next clip.
// Arithmetic only; torch-free.
//
// The phases do not count the program itself and LibTorch's libraries, which fit_into() takes from the limit on the
// host (kProcessBytes), nor what the C library's heaps hold back of activations below 32 MiB.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "load/lora_set.h"
#include "load/part_names.h"
#include "weights/checkpoint.h"

namespace zt::load {

inline constexpr uint64_t kProcessBytes =
    250'000'000;  // about; ffmpeg with LibTorch 2.11 and its work buffers, on Linux

// How the tensors of a part are in memory.
struct Resident {
    int64_t element_bytes = 4;       // of the arithmetic
    bool keep_packed = false;        // fp8 and GGUF matrices stay as they are in the file
    const LoraSet* loras = nullptr;  // borrowed, may be null
};

// Chooses tensors by our names.
using Wanted = std::function<bool(std::string_view)>;

// Bytes of the tensors of a part in memory; without `wanted` of all.
[[nodiscard]] uint64_t resident_bytes(const weights::Checkpoint& file, const PartNames& names, const Resident& as,
                                      const Wanted& wanted = nullptr);
// Twice the largest block of a list ("blocks."): one computes, the next is read.
[[nodiscard]] uint64_t two_blocks(const weights::Checkpoint& file, const PartNames& names, const Resident& as,
                                  std::string_view list, const Wanted& wanted = nullptr);
// The largest matrix that is packed, decoded: so it is before it is used. 0 for a null file.
[[nodiscard]] uint64_t decoded_matrix(const weights::Checkpoint* file, const Resident& as);
// The packed matrices of the largest block of a list, decoded together, as where a block goes over its tokens chunk by
// chunk; wanted: those that are in use at the same time. 0 for a null file.
[[nodiscard]] uint64_t decoded_block(const weights::Checkpoint* file, const PartNames& names, const Resident& as,
                                     std::string_view list, const Wanted& wanted = nullptr);
// The tensors of all blocks of a list.
[[nodiscard]] uint64_t all_blocks(const weights::Checkpoint& file, const PartNames& names, const Resident& as,
                                  std::string_view list, const Wanted& wanted = nullptr);
// The number of a block, -1 for what belongs to none.
[[nodiscard]] int64_t block_number(std::string_view name, std::string_view list);

struct Phase {
    std::string_view name;       // "text", "prepare", "denoise", "decode"
    uint64_t weights = 0;        // all of the phase's at once, but for what is always streamed
    uint64_t least_weights = 0;  // streamed: two blocks at a time
    uint64_t data = 0;           // activations, tables, latents, frames
    uint64_t blocks = 0;         // of the weights: all blocks, of which ranks may keep shares; 0: all of them

    [[nodiscard]] uint64_t all_blocks() const noexcept { return blocks > 0 ? blocks : weights; }
    [[nodiscard]] uint64_t bytes() const noexcept { return weights + data; }
    [[nodiscard]] uint64_t least_bytes() const noexcept { return least_weights + data; }
};

struct MemoryPlan {
    std::vector<Phase> phases;  // in the order of time

    [[nodiscard]] uint64_t peak() const noexcept;        // everything of a phase resident
    [[nodiscard]] uint64_t least_peak() const noexcept;  // with streaming
    [[nodiscard]] uint64_t kept_peak() const noexcept;   // blocks and decoder stay for the next clip
    [[nodiscard]] const Phase& phase(std::string_view name) const;
};

// Several ranks, and a denoise phase that does not fit into one: the first blocks are in the memory of each, of the
// others each keeps a share (block_shares.h).
struct SharesBudget {
    int64_t first = -1;  // block that is shared; -1: not even shares of all fit
    bool keep = false;   // blocks and shares stay in memory for the next generation
    uint64_t peak = 0;   // as below
};
// Whether the next block is gathered while one computes, or each when it is needed, so that one is whole at a time.
enum class Gather { kAhead, kAlone };

// What stays in memory within a limit, decided before a generation starts.
struct Budget {
    bool keep = false;            // parts stay in memory for the next generation
    int64_t resident_blocks = 0;  // the first of them; the others are read at every step
    uint64_t peak = 0;            // bytes foreseen, with the program where the limit counts it
    bool counts_kept = false;     // as in MemoryLimit
    int ranks = 1;                // with several these three hold where the ranks do not agree on one of those:
    SharesBudget ahead, alone;    // by Gather

    [[nodiscard]] const SharesBudget& shares(Gather gather) const noexcept {
        return gather == Gather::kAhead ? ahead : alone;
    }
};

struct MemoryLimit {
    uint64_t bytes = 0;
    uint64_t program = 0;  // of them, for what no phase counts
    // What earlier clips left in memory is counted, too; not where `bytes` is what is free beside it.
    bool counts_kept = false;
};
// budget: the option `memory`, which on the host is the whole process's; 0: what is free, where the program is already.
[[nodiscard]] constexpr MemoryLimit limit_of(uint64_t budget, bool on_host, uint64_t free_bytes) {
    if (budget == 0) return {free_bytes, 0, false};
    return {budget, on_host ? kProcessBytes : 0, true};
}

// block_share: of the denoise phase's weights, one for each block in the order of use; they sum up to at most 1. clip:
// in messages, "848x480, 49 frames". ranks: how many may share what does not fit. Throws ZT_ERROR_MEMORY, naming the
// phase and both figures, when not even one streamed block fits.
[[nodiscard]] Budget fit_into(const MemoryPlan& plan, const MemoryLimit& limit, const std::vector<double>& block_share,
                              const std::string& clip, int ranks = 1);
// The most memory of a rank of so many that keeps a share of each block, and the same where these also stay for the
// next clip.
[[nodiscard]] uint64_t shares_peak(const MemoryPlan& plan, int ranks, Gather gather, bool keep);

// For the log. blocks: of the model.
[[nodiscard]] std::string budget_text(const Budget& budget, int64_t blocks);

// "13.2 GB" (1e9 bytes), "512 MB", "3 kB".
[[nodiscard]] std::string size_text(uint64_t bytes);

}  // namespace zt::load
