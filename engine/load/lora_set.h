// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The adapters of the option `lora`, from the headers of their files: which matrices they change, how,
// and what memory that takes. Everything is checked against the model's shapes here; the numbers stay in
// the files, and lora.h reads them when a matrix is read. Torch-free.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "load/lora_names.h"
#include "load/part_names.h"
#include "weights/checkpoint.h"

namespace zt::load {

inline constexpr size_t kMaxLoras = 16;
inline constexpr double kMaxLoraScale = 10.0;
// Four times the largest in circulation. The factors of a rank near the width of the model (3072) are as large
// as the matrix that they change.
inline constexpr int64_t kMaxLoraRank = 2048;
inline constexpr int64_t kLoraRowsAtOnce = 1024;  // of a matrix in fp32 while it is changed

// One file of the option.
struct LoraFile {
    std::string path;
    double scale = 1.0;
};
// "path[:scale][|path...]". Throws ZT_ERROR_ARGUMENT.
[[nodiscard]] std::vector<LoraFile> parse_lora_option(const std::string& text);
// Where PEFT writes the rank and alpha of the adapter in this file or folder; there need not be such a file.
[[nodiscard]] std::string lora_config(const std::string& path);

// The files that the option reads; opens none. Throws ZT_ERROR_ARGUMENT.
void add_lora_files(const std::string& option, std::vector<std::string>& files);

// The transformer that the adapters are for.
struct LoraBase {
    std::vector<Spelled> spellings;                      // of all its modules
    std::vector<std::string_view> flat_prefixes;         // of the family's own; see lora_names.h
    std::map<std::string, std::vector<int64_t>> shapes;  // of every tensor, by our names
    // Heads of the attention, where an order of rows goes by them.
    int64_t heads = 0;
    // `spellings` for files that name their adapter (".lora_A.default."): tools that train the original code do, and
    // keep its order of rows. Empty: the same.
    std::vector<Spelled> named_spellings = {};
    // What diffusers calls this transformer in a pipeline that has two, and what the other: a file may hold adapters of
    // both, under these names.
    std::string network = "transformer", sibling = {};
};

enum class LoraKind : uint8_t {
    kLowRank,   // factors: up [rows, rank], down [rank, columns]
    kWhole,     // the change itself [rows, columns]
    kHadamard,  // w1_a [rows, rank], w1_b [rank, columns], w2_a, w2_b: (w1_a w1_b) times (w2_a w2_b), element by
                // element
    kKronecker  // w1_a [a, rank], w1_b [rank, b], w2_a, w2_b: the Kronecker product of w1_a w1_b and w2_a w2_b; without
                // a second factor the first is w1 or w2 itself
};

// What one adapter does to one tensor of ours: rows [first, first + rows) change by scale times what the factors
// give. A bias or a norm has one column.
struct LoraDelta {
    std::shared_ptr<const weights::Checkpoint> file;
    LoraKind kind = LoraKind::kLowRank;
    std::array<const weights::CheckpointEntry*, 4> factors{};  // of `file`; null: none
    int64_t first = 0, rows = 0, columns = 0;
    int64_t all_rows = 0;              // of the tensor
    RowOrder order = RowOrder::kSame;  // of the rows in the file; kSwapHalves, kPerHead
    int64_t heads = 0;                 // kPerHead
    int64_t rank = 0;                  // kLowRank
    double scale = 1.0;
};

// Immutable, thread-safe. Holds the files open.
class LoraSet {
public:
    // Every key of every file is used, refused, or said to be the sibling's. A file that changes nothing is said to
    // `log` as a warning. Throws ZT_ERROR_WEIGHTS, NOT_FOUND, IO; UNSUPPORTED for kinds of adapters that are not read.
    [[nodiscard]] static std::shared_ptr<const LoraSet> open(const std::vector<LoraFile>& files, const LoraBase& base,
                                                             const Log& log);

    // What changes a tensor of ours ("<module>.weight", "<module>.bias"), in the order of the files.
    [[nodiscard]] std::span<const LoraDelta> deltas(const std::string& tensor) const;
    // Tensors that any adapter changes.
    [[nodiscard]] std::vector<std::string> tensors() const;
    // True if a matrix is changed by more than low rank parts, so that it cannot stay encoded.
    [[nodiscard]] bool changes_whole(const std::string& tensor) const;
    // Numbers in the low rank parts that stay beside an encoded matrix; 0 for one that cannot stay encoded.
    [[nodiscard]] uint64_t numbers_beside(const std::string& tensor) const;
    // Bytes for a moment, while the tensor that needs most is changed or its parts are read.
    [[nodiscard]] uint64_t most_bytes_to_apply() const;

private:
    std::map<std::string, std::vector<LoraDelta>> deltas_;
};

}  // namespace zt::load
