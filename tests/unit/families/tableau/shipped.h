// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The shipped model, a picture that is drawn here, and clips of it, for the tests of this folder.
#pragma once

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "families/tableau/asked.h"

namespace zt::tableau::shipped {

inline std::string folder() {
    const char* models = std::getenv("ZT_TEST_MODELS");
    return std::string(models ? models : "models") + "/tableau";
}

inline const Words& words() {
    static const Words read = [] {
        std::ifstream file(folder() + "/words.json", std::ios::binary);
        return Words(std::string((std::istreambuf_iterator<char>(file)), {}), "words.json");
    }();
    return read;
}

// Sky above, a ground with stripes, and a striped ball that stands on it: [height, width, 3].
inline std::vector<uint8_t> drawn(int width, int height) {
    std::vector<uint8_t> rgb(3 * static_cast<size_t>(width) * static_cast<size_t>(height));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const double u = (x - 0.5 * width) / height, v = (y - 0.55 * height) / height;
            uint8_t* p =
                rgb.data() + 3 * (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x));
            const bool ball = std::hypot(u, v) < 0.28, stripe = (x / 5 + y / 7) % 2 == 0;
            p[0] = ball ? (stripe ? 230 : 180) : v > 0.2 ? 90 : 130;
            p[1] = ball ? 60 : v > 0.2 ? static_cast<uint8_t>(stripe ? 150 : 120) : 180;
            p[2] = ball      ? static_cast<uint8_t>(stripe ? 60 : 20)
                   : v > 0.2 ? 50
                             : static_cast<uint8_t>(200 + 40 * y / height);
        }
    return rgb;
}

}  // namespace zt::tableau::shipped
