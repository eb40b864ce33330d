// SPDX-License-Identifier: LGPL-2.1-or-later
//
// stage.h - one stage program's way in and out: PROGRAM STAGE IN.safetensors OUT.safetensors [KEY=VALUE]...
// Python writes the inputs (and weights where the stage is tested without the loader) under
// names, the stage writes its results under names, Python compares.
#pragma once

#include <ATen/ATen.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "weights/tensor_store.h"

namespace zt::parity {

struct Case {
    weights::Tensors in;
    weights::Tensors out;
    std::map<std::string, std::string> options;

    [[nodiscard]] const at::Tensor& input(const std::string& name) const { return in.at(name); }
    // Those whose names start with `prefix`, without it.
    [[nodiscard]] weights::Tensors under(const std::string& prefix) const {
        weights::Tensors found;
        for (const auto& [name, t] : in)
            if (name.starts_with(prefix)) found.emplace(name.substr(prefix.size()), t);
        return found;
    }
    [[nodiscard]] std::string option(const std::string& name, const std::string& otherwise = "") const {
        const auto at = options.find(name);
        return at == options.end() ? otherwise : at->second;
    }
};

// A line of /proc/self/status that counts memory, in KiB: "VmRSS", "VmHWM", "RssFile"; 0 where there is none.
inline int64_t status_kib(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (int64_t kib = 0; word == key + ":" && status >> kib) return kib;
    return 0;
}

// KiB that the process has asked malloc for and not given back, in all arenas: unlike VmRSS it does not move with what
// malloc keeps for later.
inline int64_t allocated_kib() {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<int64_t>((info.uordblks + info.hblkhd) / 1024);
}

using Stages = std::map<std::string, std::function<void(Case&)>>;

inline int run(int argc, char** argv, const Stages& stages) {
    if (argc < 4 || !stages.contains(argv[1])) {
        std::fprintf(stderr, "%s: expected STAGE IN OUT, got another\n", argv[0]);
        return 2;
    }
    try {
        const c10::InferenceMode inference;
        Case c;
        c.in = weights::read_tensors(weights::SafetensorsFile::open(argv[2]));
        for (int i = 4; i < argc; i++) {
            const std::string text = argv[i];
            const size_t cut = text.find('=');
            c.options[text.substr(0, cut)] = cut == std::string::npos ? "" : text.substr(cut + 1);
        }
        stages.at(argv[1])(c);
        weights::write_tensors(argv[3], c.out, {});
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}

}  // namespace zt::parity
