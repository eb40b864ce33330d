// SPDX-License-Identifier: LGPL-2.1-or-later
//
// zt-train STAGE [key=value ...]: trains the storybook model; training/README.md has the recipe.
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
    {"vae", zt::training::train_vae, "train the video VAE"},
    {"gate", zt::training::gate, "what the VAE keeps of held-out clips"},
    {"puppets", zt::training::train_puppets, "fit the puppets of the plan to the VAE's latents"},
    {"denoiser", zt::training::train_denoiser, "train the denoiser on the VAE's latents"},
    {"export", zt::training::export_model, "write the model folder from both"},
    {"unpack", zt::training::unpack_model, "write checkpoints to go on from, out of a model folder"},
    {"watch", zt::training::watch, "what a clip of raw RGB frames shows"},
    {"errors", zt::training::run_errors, "where a model's latents are wrong"},
    {"judge", zt::training::run_judge, "how often generated clips show what was asked"},
};

}  // namespace

int main(int argc, char** argv) {
    // Keep big blocks in the heap: with the default threshold every large tensor is mapped and
    // page-faulted anew, which costs more than the arithmetic on it.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_ARENA_MAX, 4);
    at::set_num_threads(1);   // parallelism is across workers, see parallel.h
    zt::training::differentiate_winograd();
    try {
        const char* stage = argc > 1 ? argv[1] : "";
        zt::training::Settings settings(argc, argv, 2);
        for (const Stage& s : kStages)
            if (std::strcmp(stage, s.name) == 0) return s.run(settings), 0;
        std::fprintf(stderr, "usage: zt-train STAGE [key=value ...]\n");
        for (const Stage& s : kStages) std::fprintf(stderr, "  %-10s %s\n", s.name, s.help);
        return 2;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "zt-train: %s\n", e.what());
        return 1;
    }
}
