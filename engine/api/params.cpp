// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Defaults of the params structs: zero is the default of every field but the few named here.
#include <algorithm>
#include <cstring>

#include "include/zoetrope/zoetrope.h"

namespace {

// The caller's struct has `size` bytes: fewer than ours where it was built with an older header,
// more where with a newer one. Padding is zeroed too, since a field of a later version may lie
// there.
template <typename Params, typename Set>
void write(Params* theirs, size_t size, Set set) {
    if (theirs == nullptr || size < sizeof(size_t)) return;
    Params ours;
    std::memset(static_cast<void*>(&ours), 0, sizeof(ours));
    ours.struct_size = size;
    set(ours);
    std::memset(static_cast<void*>(theirs), 0, size);
    std::memcpy(static_cast<void*>(theirs), &ours, std::min(size, sizeof(ours)));
}

}  // namespace

void zt_model_params_init_sized(zt_model_params* params, size_t size) {
    write(params, size, [](zt_model_params&) {});
}

void zt_request_init_sized(zt_request* request, size_t size) {
    write(request, size, [](zt_request& ours) {
        ours.guidance = -1.0;
        ours.prefetch = 1;
        ours.sei = 1;
        ours.strength = 1.0;
        ours.motion = 1.0;
        ours.tempo = 1.0;
    });
}

void zt_image_init_sized(zt_image* image, size_t size) {
    write(image, size, [](zt_image&) {});
}
