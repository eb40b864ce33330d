// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The outline of a picture's subject by the small form of U-2-Net (Qin et al. 2020, "U^2-Net: going
// deeper with nested U-structure for salient object detection"). Its published weights are Apache-2.0
// and lie in a file of their own.
//
// A U-Net whose every stage is a small U-Net with residual: wide views at each size, few channels. The
// published one goes on to the full size and costs twice as much there; its guesses at 1/2 and 1/4 are
// as right, and their mean is a little better, so it ends here with those. Immutable while in use;
// thread-safe to share.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "nn/layers.h"

namespace zt::tableau {

// A small U-Net of `down.size() + 1` levels, added to its first convolution. Flat ones do not halve the size but widen
// the kernels' steps instead.
struct Nest {
    bool flat = false;
    nn::Conv in;
    std::vector<nn::Conv> down, up;  // up begins at the lowest level; its last convolution gives the result
    template <class F>
    void visit(F&& f, const std::string& name) {
        in.visit(f, name + ".in");
        for (size_t i = 0; i < down.size(); i++) down[i].visit(f, name + ".down." + std::to_string(i));
        for (size_t i = 0; i < up.size(); i++) up[i].visit(f, name + ".up." + std::to_string(i));
    }
};

struct OutlineNetwork {
    std::array<Nest, 6> down;
    std::array<Nest, 4> up;         // begins at the lowest level but one, ends at 1/2
    std::array<nn::Conv, 2> sides;  // guesses at 1/2 and 1/4
    template <class F>
    void visit(F&& f) {
        for (size_t i = 0; i < down.size(); i++) down[i].visit(f, "down." + std::to_string(i));
        for (size_t i = 0; i < up.size(); i++) up[i].visit(f, "up." + std::to_string(i));
        for (size_t i = 0; i < sides.size(); i++) sides[i].visit(f, "sides." + std::to_string(i));
    }
};

// Undefined values, to be loaded. 1.0 M parameters.
[[nodiscard]] OutlineNetwork make_outline_network();

struct Outline {
    at::Tensor mask;        // fp32 0..1 [n, height / 2, width / 2]: how much of the subject each place is
    at::Tensor confidence;  // fp32 0..1 [n]: the overlap (intersection over union) that the mask is expected to have;
                            // 0: no subject
};

// pictures: RGB 0..1 [n, height, width, 3], sides multiples of 32, squeezed into that shape.
[[nodiscard]] Outline outline(const OutlineNetwork& network, const at::Tensor& pictures);

// The overlap to expect of masks [n, height, width], by how decided they are.
[[nodiscard]] at::Tensor expected_overlap(const at::Tensor& masks);

}  // namespace zt::tableau
