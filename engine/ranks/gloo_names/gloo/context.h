// SPDX-License-Identifier: LGPL-2.1-or-later
//
// LibTorch carries Gloo inside libtorch_cpu and ships c10d's headers, but not Gloo's own. These few names are what
// c10d/ProcessGroupGloo.hpp needs to be read; all of them are defined in libtorch_cpu.
#pragma once

#include <chrono>

namespace gloo {

class Context {
public:
    void setTimeout(std::chrono::milliseconds timeout);
    void closeConnections();  // whoever waits for this rank gets an error
};

}  // namespace gloo
