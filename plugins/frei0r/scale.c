/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * scale.c - see scale.h
 *
 * A triangle as wide as two pixels of the coarser of both grids, along each axis in turn. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scale.h"

/* What one pixel is made of along one axis. */
typedef struct Taps {
    int first, count;
    float *weights; /* sum to 1; into one block */
} Taps;

typedef struct Axis {
    Taps *taps;
    float *block;
} Axis;

static void free_axis(Axis *axis)
{
    free(axis->taps);
    free(axis->block);
}

/* `out` pixels from the span [begin, begin + length) of `in` ones. */
static int make_axis(Axis *axis, int in, int out, double begin, double length)
{
    double step = length / out, reach = step > 1 ? step : 1;
    size_t most = (size_t)(2 * reach) + 3;

    axis->taps = calloc((size_t)out, sizeof(Taps));
    axis->block = calloc((size_t)out * most, sizeof(float));
    if (!axis->taps || !axis->block)
        return 0;
    for (int i = 0; i < out; i++) {
        double center = begin + (i + 0.5) * step - 0.5, sum = 0;
        int first = (int)ceil(center - reach), last = (int)floor(center + reach);
        Taps *taps = &axis->taps[i];

        first = first < 0 ? 0 : first > in - 1 ? in - 1 : first;
        last = last > in - 1 ? in - 1 : last < first ? first : last;
        *taps = (Taps){ first, last - first + 1, axis->block + (size_t)i * most };
        for (int k = first; k <= last; k++) {
            double weight = 1 - fabs(k - center) / reach;

            taps->weights[k - first] = (float)(weight > 0 ? weight : 0);
            sum += taps->weights[k - first];
        }
        for (int k = 0; k < taps->count; k++)
            taps->weights[k] = sum > 0 ? (float)(taps->weights[k] / sum) : k == 0;
    }
    return 1;
}

/* One row of the result, before rounding: across first, into `rows` of as many floats a pixel as there are channels.
 * Colours are multiplied by their alpha, so that what is transparent has no say in them. */
static void scale_row(const uint8_t *from, const Axis *across, float *row, int width, int channels)
{
    for (int x = 0; x < width; x++) {
        const Taps *taps = &across->taps[x];
        float sum[4] = { 0, 0, 0, 0 };

        for (int k = 0; k < taps->count; k++) {
            const uint8_t *pixel = from + channels * (taps->first + k);
            float weight = taps->weights[k];

            if (channels == 4) {
                weight *= (float)pixel[3] / 255;
                sum[3] += weight;
            }
            for (int c = 0; c < 3; c++)
                sum[c] += weight * pixel[c];
        }
        memcpy(row + channels * x, sum, (size_t)channels * sizeof(float));
    }
}

static uint8_t clipped(float value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static float add_mixed(float sum, const float *rows, const Taps *taps, size_t at, size_t row)
{
    for (int k = 0; k < taps->count; k++)
        sum += taps->weights[k] * rows[(size_t)(taps->first + k) * row + at];
    return sum;
}

static void mix_rows(const float *rows, const Taps *taps, uint8_t *out, int width, int channels)
{
    size_t row = (size_t)width * (size_t)channels;

    for (size_t at = 0; at < row; at += (size_t)channels, out += 4) {
        float alpha = channels == 4 ? add_mixed(0, rows, taps, at + 3, row) : 1;

        for (size_t c = 0; c < 3; c++)
            out[c] = channels == 3 ? clipped(add_mixed(0.5F, rows, taps, at + c, row))
                     : alpha > 0   ? clipped(0.5F + add_mixed(0, rows, taps, at + c, row) / alpha)
                                   : 0;
        out[3] = clipped(0.5F + 255 * alpha);
    }
}

static void copy(const ZtRgbPicture *from, uint8_t *out)
{
    for (int y = 0; y < from->height; y++) {
        const uint8_t *row = from->data + y * from->stride;

        for (int x = 0; x < from->width; x++, out += 4, row += from->channels) {
            out[3] = 255;
            memcpy(out, row, (size_t)from->channels);
        }
    }
}

int zt_scale_to_fill(const ZtRgbPicture *from, uint8_t *out, int width, int height)
{
    double wide = (double)width / height, ours = (double)from->width / from->height;
    double across = wide < ours ? from->height * wide : from->width;
    double down = wide < ours ? from->height : from->width / wide;
    Axis x = { NULL, NULL }, y = { NULL, NULL };
    size_t row_floats = (size_t)width * (size_t)from->channels;
    float *rows = NULL;
    int done = 1;

    if (from->width == width && from->height == height) {
        copy(from, out);
        return 1;
    }
    done = make_axis(&x, from->width, width, (from->width - across) / 2, across) &&
           make_axis(&y, from->height, height, (from->height - down) / 2, down) &&
           (rows = malloc((size_t)from->height * row_floats * sizeof(float)));
    if (done) {
        for (int row = 0; row < from->height; row++)
            scale_row(from->data + row * from->stride, &x, rows + (size_t)row * row_floats, width, from->channels);
        for (int row = 0; row < height; row++)
            mix_rows(rows, &y.taps[row], out + (size_t)row * (size_t)width * 4, width, from->channels);
    }
    free(rows);
    free_axis(&x);
    free_axis(&y);
    return done;
}
