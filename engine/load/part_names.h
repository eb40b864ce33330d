// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The only place where the tensor names of files meet ours. One part of a model (its transformer, its VAE, an
// encoder) has one name and one layout per tensor in memory; files spell both in several ways. A part brings a table of
// its modules (TableNames), or code where a table does not do. Torch-free.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace zt::load {

// How the rows of a matrix lie in the file.
enum class RowOrder : uint8_t {
    kSame,
    kSwapHalves,  // the second half first
    kLlamaQuery,  // llama.cpp: rows of each head interleaved; heads of the query
    kLlamaKey,    // the same with the number of key-value heads
    kPerHead      // queries, keys and values in one: those of the first head, then of the second ...
};

// Where a tensor of a file belongs.
struct Placed {
    std::string module;  // ours: "double_blocks.3.img_attn_qkv"
    std::string leaf;    // "weight", "bias", something that belongs to a weight ("weight_scale"), or empty: a tensor
                         // that has no module
    int piece = 0, pieces = 1;  // fused of several: which one, in the order of the rows
    RowOrder order = RowOrder::kSame;

    [[nodiscard]] std::string name() const { return leaf.empty() ? module : module + "." + leaf; }
    // A tensor of the model, and nothing that belongs to one.
    [[nodiscard]] bool is_tensor() const { return leaf.empty() || leaf == "weight" || leaf == "bias"; }
};

// A module under one of its names.
struct Spelled {
    std::string spelling;
    Placed placed;  // leaf empty
};

// Immutable, thread-safe.
class PartNames {
public:
    virtual ~PartNames() = default;
    // In messages: "a HunyuanVideo transformer".
    [[nodiscard]] virtual std::string_view title() const noexcept = 0;
    // Nothing for a name that this part does not have.
    [[nodiscard]] virtual std::optional<Placed> place(std::string_view file_name) const = 0;
    // What of a file is not this part's and no mistake: markers, other parts in the same file.
    [[nodiscard]] virtual bool is_ignored(std::string_view file_name) const = 0;
    // Matrices outside the blocks, which some conventions leave plain fp8 while those of the blocks have scales.
    [[nodiscard]] virtual bool may_be_unscaled(std::string_view module) const {
        (void)module;
        return false;
    }
    // The shape that the part's layers have, -1 for sizes that depend on the model; empty where nothing is known. See
    // standard_form.h.
    [[nodiscard]] virtual std::vector<int64_t> shape_of(const Placed& placed) const {
        (void)placed;
        return {};
    }
    // The names, as files spell them, of the pieces whose rows lie one below the other in a tensor that is one matrix
    // in the file and several here; empty for any other tensor.
    [[nodiscard]] virtual std::vector<std::string> split(std::string_view file_name) const {
        (void)file_name;
        return {};
    }
};

// One module. "{}" stands for the number of its block; a name has at most one.
struct NameRow {
    std::string_view ours;
    // Other spellings. Commas separate the pieces of a fused module; they share the name up to and including "}.".
    std::vector<std::string_view> others = {};
    RowOrder order = RowOrder::kSame;  // of the last of `others`
    bool bare = false;                 // a tensor, not a module that has some
    bool bias = true;                  // a module with a bias beside its weight
    std::vector<int64_t> shape = {};   // of the tensor or the module's weight, -1 for any size; empty: not told
    std::vector<std::string_view> weights = {};  // other spellings of the weight itself, without ".weight"
};

// A matrix of a file whose rows are those of several modules here, in this order. "{}" as above.
struct SplitRow {
    std::string_view file;
    std::vector<std::string_view> pieces;  // in any spelling of the table
};

struct NameTable {
    std::string_view title;
    std::vector<NameRow> rows;
    std::vector<std::string_view> prefixes;  // that files put in front; longest first, so that none hides a longer one
    std::vector<std::string_view> wrappers = {};  // of parts of a name, that training left in the file: taken out
    std::vector<std::string_view> lists;          // names that a block's number follows
    std::vector<std::string_view> ignored = {};   // how names end that are no mistake and not used
    bool alone = false;                           // a file holds this part only: what is not placed is a mistake
    std::vector<std::string_view> blocks = {};    // how modules of blocks begin; see may_be_unscaled
    std::vector<std::string_view> unused = {};    // how names begin of what published files hold beside the part
    std::vector<SplitRow> splits = {};
};

class TableNames final : public PartNames {
public:
    explicit TableNames(NameTable table);
    [[nodiscard]] std::string_view title() const noexcept override { return table_.title; }
    [[nodiscard]] std::optional<Placed> place(std::string_view file_name) const override;
    [[nodiscard]] bool is_ignored(std::string_view file_name) const override;
    [[nodiscard]] bool may_be_unscaled(std::string_view module) const override;
    [[nodiscard]] std::vector<int64_t> shape_of(const Placed& placed) const override;
    [[nodiscard]] std::vector<std::string> split(std::string_view file_name) const override;
    // Not this part's, and known all the same: is_ignored() of a file that holds this part only.
    [[nodiscard]] bool is_unused(std::string_view file_name) const;
    // The module alone, without any prefix of a file.
    [[nodiscard]] std::optional<Placed> place_module(std::string_view module) const;
    // All modules in every spelling, for names in which the dots are flattened. count: of the blocks of a module of
    // ours with "{}".
    [[nodiscard]] std::vector<Spelled> spellings(const std::function<int64_t(std::string_view)>& count) const;
    // The tensors of a model under our names. count: as above; 0 for a module that the model does not have.
    [[nodiscard]] std::vector<std::string> tensors(const std::function<int64_t(std::string_view)>& count) const;

private:
    struct Pattern {
        std::string_view module;  // ours, with {}
        int piece = 0, pieces = 1;
        RowOrder order = RowOrder::kSame;
        bool bare = false;    // the name is a tensor's
        bool weight = false;  //   the weight's of a module
    };
    [[nodiscard]] const Pattern* find(std::string_view module, std::string& number) const;
    [[nodiscard]] std::optional<Placed> place_stripped(std::string_view name) const;
    [[nodiscard]] std::string without_wrappers(std::string_view name) const;
    [[nodiscard]] std::optional<Placed> place_prefixed(std::string_view name) const;
    [[nodiscard]] bool is_listed(std::string_view file_name) const;

    NameTable table_;
    std::unordered_map<std::string, Pattern> patterns_;
    std::unordered_map<std::string_view, size_t> ours_;  // places in table_.rows
};

// "{}" replaced.
[[nodiscard]] std::string with_number(std::string_view pattern, std::string_view number);
// True for a leaf that holds the factors of fp8 numbers: "scale_weight", "weight_scale", "fp8_scale".
[[nodiscard]] bool is_scale(std::string_view leaf) noexcept;
// The leaf of the factor of a whole NVFP4 matrix.
inline constexpr std::string_view kSecondScale = "weight_scale_2";

}  // namespace zt::load
