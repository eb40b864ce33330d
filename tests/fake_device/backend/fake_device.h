// SPDX-License-Identifier: LGPL-2.1-or-later
//
// `fake`: a device of LibTorch that is not the CPU, without hardware. A program that links these files has the devices
// fake:0 and fake:1 (LibTorch's PrivateUse1), which compute what the CPU computes, on memory that only their own
// operators can reach (memory.h). What would be a mistake on a GPU is one here: an operator that is given tensors of
// two devices throws, the CPU that reads a tensor of the device ends the process, memory that was not written is NaN,
// and each copy across is counted, those apart for which the host has to wait.
//
// The rules are those of LibTorch's CUDA (aten/src/ATen/native/cuda/Copy.cu of 2.11):
//   - a copy from the host is not waited for when the host's memory is page-locked, the caller asked so
//     (non_blocking), and the host has nothing to convert: the type is the device's, and the values lie in one run;
//     else it converts first, into memory that is not page-locked, and waits;
//   - a copy to the host is waited for, unless it goes to page-locked memory in the same way;
//   - what needs a number of the device to know how large its result is (item, nonzero, a mask as an index) is waited
//     for.
// A copy that is not waited for is made as late as can be: before the next operator of the device. Whoever writes into
// the page-locked memory before that sends the wrong bytes, here as there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace zt::fake_device {

// Copies between host and device since the process began; numbers that only the host asks for (item) are copies to it.
struct Transfers {
    int64_t to_device = 0, to_device_bytes = 0;
    int64_t to_host = 0, to_host_bytes = 0;
    int64_t waited = 0;  // of both: the host waits until the device has done all that it was given before

    Transfers operator-(const Transfers& before) const {
        return {to_device - before.to_device, to_device_bytes - before.to_device_bytes, to_host - before.to_host,
                to_host_bytes - before.to_host_bytes, waited - before.waited};
    }
};
[[nodiscard]] Transfers transfers();  // thread-safe

// Called for each transfer that is waited for, with the operator's name and the bytes, on the thread that waits;
// nullptr: nobody is. To be set while nothing runs.
void on_wait(std::function<void(const std::string& name, int64_t bytes)> told);

// Bytes that the device says are free; 0: the default, 8 GiB. Thread-safe.
void set_free_bytes(int64_t bytes);

}  // namespace zt::fake_device
