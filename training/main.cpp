// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train STAGE [key=value ...]: trains the built-in models; training/README.md has the recipe.
#include <malloc.h>

#include <cstdio>
#include <cstring>
#include <exception>

#include <ATen/Parallel.h>

#include "stages.h"
#include "winograd_gradients.h"

namespace {

struct Stage {
    const char* name;
    void (*run)(zt::training::Settings&);
    const char* help;
};
constexpr Stage kStages[] = {
    {"paint", zt::training::paint_layers, "paint every layer of the world"},
    {"layers", zt::training::train_layers, "train the autoencoder of layers"},
    {"export", zt::training::export_layers, "write the model folder"},
    {"judge", zt::training::run_judge, "what of free phrases is understood, and how much seeds differ"},
    {"pictures", zt::training::train_pictures, "train the network that looks at pictures"},
    {"pictures-judge", zt::training::judge_pictures, "its masks beside known ones"},
    {"pictures-export", zt::training::export_pictures, "write its model folder"},
    {"fidelity", zt::training::run_fidelity, "clips beside the same ones of painted layers"},
    {"clips", zt::training::draw_clips, "clips of random sentences, to look at, and how fast they are drawn"},
    {"frames", zt::training::train_frames, "train the autoencoder of rendered frames"},
    {"dit", zt::training::train_dit, "train the diffusion transformer on their latents"},
    {"dit-sample", zt::training::sample_dit, "a sheet of clips that it makes"},
    {"ship", zt::training::ship_weights, "weights in sixteen bits, half as large"},
};

}  // namespace

int main(int argc, char** argv) {
    // Keep big blocks in the heap: with the default threshold every large tensor is mapped and
    // page-faulted anew, which costs more than the arithmetic on it.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_ARENA_MAX, 4);
    at::set_num_threads(1);  // parallelism is across workers, see parallel.h
    zt::training::differentiate_winograd();
    try {
        const char* stage = argc > 1 ? argv[1] : "";
        zt::training::Settings settings(argc, argv, 2);
        for (const Stage& s : kStages)
            if (std::strcmp(stage, s.name) == 0) return s.run(settings), 0;
        std::fprintf(stderr, "usage: zt-train STAGE [key=value ...]\n");
        for (const Stage& s : kStages) std::fprintf(stderr, "  %-15s %s\n", s.name, s.help);
        return 2;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "zt-train: %s\n", e.what());
        return 1;
    }
}
