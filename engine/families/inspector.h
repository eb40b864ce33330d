// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What `zoetrope inspect` asks of a family: the half of its contract (family.h) that needs no LibTorch, so that the
// program starts in milliseconds and runs where LibTorch does not. The list is in inspectors.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "families/family.h"

namespace zt::families {

// A model and a clip of it, whose memory is foreseen. 0: the family's own size, length or steps.
struct InspectRequest {
    [[nodiscard]] bool asks_for_a_plan() const {
        return ranks > 0 || width > 0 || frames > 0 || steps > 0 || guidance >= 0 || !lora.empty() ||
               !engine_opts.empty() || !keep_packed;
    }
    std::string path;  // of the model's files; empty for a family without any
    std::vector<std::pair<std::string, std::string>> engine_opts;
    std::string lora;  // as the option of that name has it
    int64_t width = 0, height = 0, frames = 0, steps = 0;
    double guidance = -1;       // -1: the model's own
    int64_t ranks = 0;          // that make the clip together; 0: nobody asks
    int64_t element_bytes = 2;  // of the arithmetic: 4 fp32, 2 bf16
    bool keep_packed = true;    // fp8 and GGUF matrices stay as in the file

    // Of a step of a model with true guidance. usual: the model's own guidance.
    [[nodiscard]] int64_t passes(double usual) const { return (guidance < 0 ? usual : guidance) > 1 ? 2 : 1; }
    // "1280x720, 129 frames, 50 steps, bf16"
    [[nodiscard]] std::string clip(int64_t w, int64_t h, int64_t f, int64_t s) const {
        return std::to_string(w) + "x" + std::to_string(h) + ", " + std::to_string(f) + " frames, " +
               std::to_string(s) + " steps, " + (element_bytes == 4 ? "fp32" : "bf16");
    }
};

struct Inspector {
    std::string_view name;
    bool built_in = false, has_weights = true;  // as in Family
    bool plans = true;                          // reads the request's clip and adapters, to foresee memory
    std::string_view licence = {};              // as Model::licence
    // Keys of engine_opts and what they mean.
    std::vector<std::pair<std::string_view, std::string_view>> options = {};
    // As Family::detect; null where there are no files.
    Detection (*detect)(const std::string& path) = nullptr;
    // Lines of text, the first of them "family     <name> ...". Throws zt::Error, in the words in which load() would.
    std::string (*report)(const InspectRequest& request) = nullptr;
};

// In the order of the registry.
const std::vector<Inspector>& inspectors();

}  // namespace zt::families
