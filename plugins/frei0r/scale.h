/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * scale.h - a picture brought to the size that a host wants */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct ZtRgbPicture {
    const uint8_t *data; /* red, green, blue, and straight alpha where there are four channels */
    ptrdiff_t stride;    /* bytes from a row to the next */
    int width, height, channels;
} ZtRgbPicture;

/* Fills width x height pixels (red, green, blue, straight alpha, opaque where the picture has none; rows without a
 * gap): the picture keeps its shape, what sticks out is cut off on both sides alike. Linear between pixels, and an
 * average of them where the picture becomes smaller. False without memory. */
int zt_scale_to_fill(const ZtRgbPicture *from, uint8_t *out, int width, int height);
