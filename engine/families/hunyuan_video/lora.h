// SPDX-License-Identifier: LGPL-2.1-or-later
//
// LoRA adapters: W' = W + m * (alpha / rank) * B A, from any of the spellings that lora_names.h
// knows. Merged into dense matrices when these are read, in fp32 and rounded once; kept beside
// encoded ones. Several files add up.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/cancel.h"
#include "nn/packed_linear.h"

namespace zt::hunyuan_video {

inline constexpr size_t kMaxLoras = 16;
inline constexpr double kMaxLoraScale = 10.0;

// One file of the option `lora`.
struct LoraFile {
    std::string path;
    double scale = 1.0;
};
// "path[:scale][|path...]". Throws ZT_ERROR_ARGUMENT.
[[nodiscard]] std::vector<LoraFile> parse_lora_option(const std::string& text);

// Block counts of the transformer the adapters are for.
struct LoraBase {
    int64_t layers = 0, single_layers = 0, refiner_layers = 0;
};

// Immutable, thread-safe.
class LoraSet {
public:
    // Every key of every file is used or refused. Throws ZT_ERROR_WEIGHTS, NOT_FOUND, IO; UNSUPPORTED
    // for DoRA.
    [[nodiscard]] static std::shared_ptr<const LoraSet> load(const std::vector<LoraFile>& files, const LoraBase& base,
                                                             const Cancel* cancel = nullptr);

    // Modules that any adapter changes, under our names.
    [[nodiscard]] std::vector<std::string> modules() const;
    // Adds everything that changes "<module>.weight" or "<module>.bias" to it, in place.
    void merge(const std::string& name, at::Tensor& tensor) const;
    // True if the matrix itself is changed by more than low rank parts, so that it cannot stay encoded.
    [[nodiscard]] bool changes_matrix(const std::string& module) const;
    // The low rank parts for "<module>.weight" [out, in], in `type` on `device`.
    [[nodiscard]] std::vector<nn::LowRank> adapters(const std::string& module, int64_t out, int64_t in, at::ScalarType type,
                                                    at::Device device) const;

private:
    struct Delta {
        std::string file;                 // for messages
        int piece = 0, pieces = 1;
        bool swap_halves = false;
        at::Tensor down, up;              // fp32 [rank, in], [rows, rank]; or
        at::Tensor full;                  // fp32, of the shape of the tensor
        double scale = 1.0;
    };
    struct Rows {
        int64_t first;                    // of the whole tensor
        at::Tensor values;                // in our order
    };
    [[nodiscard]] static Rows rows_of(const Delta& delta, const at::Tensor& rows, int64_t out, int64_t in, const std::string& module);

    std::map<std::string, std::vector<Delta>> deltas_;   // by "<module>.weight" or ".bias"
};

}  // namespace zt::hunyuan_video
