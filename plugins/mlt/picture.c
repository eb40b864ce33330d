/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * picture.c - frames as MLT has them; see zt_mlt.h */
#include <string.h>

#include "zt_clip_card.h"
#include "zt_mlt.h"

#define OUR_COLORSPACE 709
#define OUR_TRC        1 /* ITU-T H.273, BT.709 */

zt_pixel_format zt_mlt_format(const char *wanted, int colorspace)
{
    if (colorspace != OUR_COLORSPACE || (wanted && !strcmp(wanted, "rgb")))
        return ZT_PIXEL_RGB24;
    return wanted && !strcmp(wanted, "yuv420p") ? ZT_PIXEL_YUV420P : ZT_PIXEL_YUV422P;
}

/* Limited to full range (ITU-R BT.709, 8 bit), or as it is. */
typedef struct Ranges {
    uint8_t luma[256], chroma[256];
} Ranges;

static uint8_t clip8(int value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void make_ranges(Ranges *ranges, int full)
{
    for (int i = 0; i < 256; i++) {
        int chroma = (i - 128) * 255;

        ranges->luma[i] = full ? clip8(i < 16 ? 0 : ((i - 16) * 255 + 109) / 219) : (uint8_t)i;
        ranges->chroma[i] = full ? clip8(128 + (chroma + (chroma < 0 ? -112 : 112)) / 224) : (uint8_t)i;
    }
}

/* Planes to Y, Cb, Y, Cr. */
static void pack_422(uint8_t *out, const zt_frame_info *from, const Ranges *ranges)
{
    for (int y = 0; y < from->height; y++) {
        const uint8_t *luma = from->data[0] + y * from->stride[0];
        const uint8_t *cb = from->data[1] + y * from->stride[1], *cr = from->data[2] + y * from->stride[2];

        for (int x = 0; x < from->width / 2; x++, out += 4) {
            out[0] = ranges->luma[luma[2 * x]];
            out[1] = ranges->chroma[cb[x]];
            out[2] = ranges->luma[luma[2 * x + 1]];
            out[3] = ranges->chroma[cr[x]];
        }
    }
}

static void copy_420(uint8_t *out, const zt_frame_info *from, const Ranges *ranges)
{
    for (int plane = 0; plane < 3; plane++) {
        int width = plane ? from->width / 2 : from->width, height = plane ? from->height / 2 : from->height;
        const uint8_t *range = plane ? ranges->chroma : ranges->luma;

        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                *out++ = range[from->data[plane][y * from->stride[plane] + x]];
    }
}

static void copy_packed(uint8_t *out, const zt_frame_info *from, size_t pixel_bytes)
{
    size_t row = pixel_bytes * (size_t)from->width;

    for (int y = 0; y < from->height; y++, out += row)
        memcpy(out, from->data[0] + y * from->stride[0], row);
}

static mlt_image_format format_of(zt_pixel_format format)
{
    return format == ZT_PIXEL_RGB24     ? mlt_image_rgb
           : format == ZT_PIXEL_RGBA    ? mlt_image_rgba
           : format == ZT_PIXEL_YUV420P ? mlt_image_yuv420p
                                        : mlt_image_yuv422;
}

static int set_image(mlt_frame frame, uint8_t **image, mlt_image_format format, int width, int height, int full_range)
{
    mlt_properties properties = MLT_FRAME_PROPERTIES(frame);
    int size = mlt_image_format_size(format, width, height, NULL);

    *image = mlt_pool_alloc(size);
    if (!*image)
        return 0;
    mlt_frame_set_image(frame, *image, size, mlt_pool_release);
    mlt_properties_set_int(properties, "format", format);
    mlt_properties_set_int(properties, "width", width);
    mlt_properties_set_int(properties, "height", height);
    mlt_properties_set_int(properties, "colorspace", OUR_COLORSPACE);
    mlt_properties_set_int(properties, "color_trc", OUR_TRC);
    mlt_properties_set_int(properties, "full_range", full_range);
    return 1;
}

int zt_mlt_set_picture(mlt_frame frame, const zt_frame_info *from, int full_range, uint8_t **image,
                       mlt_image_format *format, int *width, int *height)
{
    Ranges ranges;

    *format = format_of(from->format);
    *width = from->width;
    *height = from->height;
    if (!set_image(frame, image, *format, *width, *height,
                   full_range && *format != mlt_image_rgb && *format != mlt_image_rgba))
        return 0;
    make_ranges(&ranges, full_range);
    if (*format == mlt_image_yuv422)
        pack_422(*image, from, &ranges);
    else if (*format == mlt_image_yuv420p)
        copy_420(*image, from, &ranges);
    else
        copy_packed(*image, from, *format == mlt_image_rgba ? 4 : 3);
    return 1;
}

int zt_mlt_set_card(mlt_frame frame, const char *title, const char *text, uint8_t **image, mlt_image_format *format,
                    int width, int height)
{
    *format = mlt_image_rgba;
    if (!set_image(frame, image, *format, width, height, 0))
        return 0;
    zt_clip_card(*image, width, height, title, text, -1);
    return 1;
}
