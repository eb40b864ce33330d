// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Decoding by the causal video autoencoder of Wan 2.1 with random weights, fp32: seconds for the first frame of a video
// and for every four after it.
//
//   causal-vae [WIDTH HEIGHT LATENTS]
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <sys/resource.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "autoencoders/causal_vae.h"

int main(int argc, char** argv) {
    using namespace zt::autoencoders;
    const c10::InferenceMode inference;
    const int64_t width = argc > 3 ? std::atoi(argv[1]) : 256, height = argc > 3 ? std::atoi(argv[2]) : 160,
                  latents = argc > 3 ? std::atoi(argv[3]) : 5;
    VaeDecoder decoder = make_vae_decoder(plain_vae());
    decoder.visit([](const std::string&, at::Tensor& t) {
        t.normal_(0, 1 / std::sqrt(static_cast<double>(t.dim() > 1 ? t[0].numel() : 100)));
        if (t.dim() > 1 && t[0].numel() == 1) t.fill_(1);  // the factors of a norm
    });
    order_kernels(decoder);
    StreamingDecoder stream(decoder, false);
    for (int64_t i = 0; i < latents; i++) {
        const at::Tensor latent = at::randn({16, 1, height / 8, width / 8});
        const auto started = std::chrono::steady_clock::now();
        const std::clock_t processor = std::clock();
        const at::Tensor frames = stream.next(latent, {});
        std::printf("%lld frames of %lldx%lld: %7.3f s, %7.3f s of processor time\n",
                    static_cast<long long>(frames.size(0)), static_cast<long long>(width),
                    static_cast<long long>(height),
                    std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count(),
                    static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC);
        std::fflush(stdout);
    }
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    std::printf("peak resident memory %.0f MB\n", static_cast<double>(used.ru_maxrss) / 1e3);
    return 0;
}
