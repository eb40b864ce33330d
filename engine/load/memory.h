// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much memory the parts of a model need, from the headers of their files, and a clip phase by phase. A phase's
// weights are given back before the next one's are read, unless there is room to keep them for the next clip.
// Arithmetic only; torch-free.
//
// Not counted: the program itself and LibTorch's libraries (kProcessBytes on the host), and what the C library's
// allocator holds back of tensors below 32 MiB, which only small models feel.
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

inline constexpr uint64_t kProcessBytes = 120'000'000;  // about; measured with LibTorch 2.11 on Linux

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
// The number of a block, -1 for what belongs to none.
[[nodiscard]] int64_t block_number(std::string_view name, std::string_view list);

struct Phase {
    std::string_view name;       // "text", "prepare", "denoise", "decode"
    uint64_t weights = 0;        // all of the phase's at once, but for what is always streamed
    uint64_t least_weights = 0;  // streamed: two blocks at a time
    uint64_t data = 0;           // activations, tables, latents, frames

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

// What stays in memory within a limit, decided before a generation starts.
struct Budget {
    bool keep = false;            // parts stay in memory for the next generation
    int64_t resident_blocks = 0;  // the first of them; the others are read at every step
    uint64_t peak = 0;            // bytes foreseen, beside the program
};

// block_share: of the denoise phase's weights, one for each block in the order of use; they sum up to at most 1. clip:
// in messages, "848x480, 49 frames". Throws ZT_ERROR_MEMORY, naming the phase and both figures, when not even one
// streamed block fits.
[[nodiscard]] Budget fit_into(const MemoryPlan& plan, uint64_t limit, const std::vector<double>& block_share,
                              const std::string& clip);

// For the log. blocks: of the model.
[[nodiscard]] std::string budget_text(const Budget& budget, int64_t blocks);

// "13.2 GB" (1e9 bytes), "512 MB", "3 kB".
[[nodiscard]] std::string size_text(uint64_t bytes);

}  // namespace zt::load
