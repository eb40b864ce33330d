// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Defaults of the params structs: zero is the default of every field but the few named here.
#include "include/zoetrope/zoetrope.h"

void zt_model_params_init(zt_model_params* params) {
    if (params == nullptr) return;
    *params = {};
    params->struct_size = sizeof(*params);
}

void zt_request_init(zt_request* request) {
    if (request == nullptr) return;
    *request = {};
    request->struct_size = sizeof(*request);
    request->guidance = -1.0;
    request->prefetch = 1;
    request->sei = 1;
    request->strength = 1.0;
    request->motion = 1.0;
    request->tempo = 1.0;
}

void zt_image_init(zt_image* image) {
    if (image == nullptr) return;
    *image = {};
    image->struct_size = sizeof(*image);
}
