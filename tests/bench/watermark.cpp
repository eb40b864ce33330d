// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The invisible mark by itself: how long it takes, and what the detector says of many short pieces of a video.
//   watermark speed [WIDTH HEIGHT]         milliseconds a frame, to write and to read, on one thread
//   watermark pieces WIDTH HEIGHT FRAMES   gray frames (full range) on the standard input, a verdict every FRAMES of
//                                          them: found, probability, model or -, whether it was another view
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "marks/detector.h"
#include "marks/watermark.h"

namespace {

using namespace zt::marks;

int speed(int width, int height) {
    const size_t pixels = static_cast<size_t>(width) * static_cast<size_t>(height);
    std::vector<float> in(3 * pixels), out(3 * pixels);
    std::mt19937 dice(1);
    for (float& value : in) value = static_cast<float>(dice() >> 8) * 0x1p-24F;
    const std::vector<uint8_t> gray(pixels, 128);
    Watermark watermark(width, height, 1);
    Detector detector(width, height);
    constexpr int kRounds = 30;
    const auto best = [](auto&& work) {
        double least = 1e9;
        for (int round = 0; round < kRounds; ++round) {
            const auto begin = std::chrono::steady_clock::now();
            work();
            const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
            if (took.count() < least) least = took.count();
        }
        return least;
    };
    std::printf("%dx%d: write %.1f ms, read %.1f ms a frame (the fastest of %d)\n", width, height,
                best([&] { watermark.apply(in.data(), out.data()); }), best([&] { detector.add(gray.data(), width); }),
                kRounds);
    return 0;
}

int pieces(int width, int height, int frames) {
    std::vector<uint8_t> gray(static_cast<size_t>(width) * static_cast<size_t>(height));
    for (;;) {
        Detector detector(width, height);
        for (int n = 0; n < frames; ++n) {
            if (std::fread(gray.data(), 1, gray.size(), stdin) != gray.size()) return 0;
            detector.add(gray.data(), width);
        }
        const Detection detection = detector.finish();
        std::printf("%d %.3g ", detection.found ? 1 : 0, detection.probability);
        if (detection.model)
            std::printf("%04x", static_cast<unsigned>(*detection.model));
        else
            std::printf("-");
        std::printf(" %d\n", detection.changed ? 1 : 0);
        std::fflush(stdout);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const auto number = [&](int n, int otherwise) { return argc > n ? std::atoi(argv[n]) : otherwise; };
    if (argc > 1 && std::strcmp(argv[1], "speed") == 0) return speed(number(2, 1920), number(3, 1080));
    if (argc == 5 && std::strcmp(argv[1], "pieces") == 0) return pieces(number(2, 0), number(3, 0), number(4, 0));
    std::fprintf(stderr, "usage: watermark speed [WIDTH HEIGHT] | pieces WIDTH HEIGHT FRAMES\n");
    return 2;
}
