/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_card.h - what is shown where there is no frame: words on a plain ground
 *
 * Capital letters only, in a face of 5 by 7 points, so that no font has to be found; other characters are
 * shown as a question mark. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Fills width x height pixels, 4 bytes each (red, green, blue, opaque alpha), rows without a gap. The title
 * and below it the text, broken into lines, as large as fits; what does not fit is cut. progress: 0 to 1
 * draws a bar, less than 0 none. */
void zt_clip_card(uint8_t *pixels, int width, int height, const char *title, const char *text, double progress);
