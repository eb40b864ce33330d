/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * image2video.c - a picture starts to move: PPM in, YUV4MPEG2 out, through the C API alone
 *
 *   cc -std=c99 image2video.c $(pkg-config --cflags --libs zoetrope) -o image2video
 *   ./image2video fox.ppm "the fox starts to run" fox.y4m fit=pad frames=48
 *
 * After the output come options, name=value, the same ones as in FFmpeg and GStreamer. Without model=
 * it is the built-in one for pictures; another must be one that takes a picture: an image-to-video
 * checkpoint, or model=testcard to try the way. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zoetrope/zoetrope.h>

/* A whole number of a PPM header, past blanks and comments; -1 if there is none. */
static long read_number(FILE* in) {
    long number = -1;
    int c = getc(in);
    while (isspace(c) || c == '#') {
        if (c == '#')
            while (c != '\n' && c != EOF) c = getc(in);
        c = getc(in);
    }
    for (; isdigit(c) && number < 100000; c = getc(in)) number = (number < 0 ? 0 : number * 10) + (c - '0');
    return number;
}

/* Reads a binary PPM of 8 bits into image; free image->data[0]. Zero if it is none. */
static int read_ppm(const char* path, zt_image* image) {
    FILE* in = fopen(path, "rb");
    unsigned char* pixels = NULL;
    size_t bytes = 0;
    int good = in && getc(in) == 'P' && getc(in) == '6';

    if (good) {
        image->width = (int)read_number(in);
        image->height = (int)read_number(in);
        good = read_number(in) == 255 && image->width > 0 && image->height > 0 && image->width <= 16384 &&
               image->height <= 16384;
    }
    if (good) {
        bytes = (size_t)image->width * (size_t)image->height * 3;
        pixels = malloc(bytes);
        good = pixels && fread(pixels, 1, bytes, in) == bytes;
    }
    if (in) fclose(in);
    image->format = ZT_PIXEL_RGB24;
    image->data[0] = pixels;
    image->stride[0] = (ptrdiff_t)image->width * 3;
    return good;
}

/* One FRAME of a y4m file: the planes without the padding at the end of their lines. */
static int write_frame(FILE* out, const zt_frame_info* info) {
    int plane, y;
    fputs("FRAME\n", out);
    for (plane = 0; plane < 3; plane++) {
        int width = plane ? info->width / 2 : info->width;
        int height = plane ? info->height / 2 : info->height;
        for (y = 0; y < height; y++) fwrite(info->data[plane] + y * info->stride[plane], 1, (size_t)width, out);
    }
    return !ferror(out);
}

static zt_status run(zt_session* session, FILE* out, zt_error* error) {
    const zt_session_info* info = zt_session_get_info(session);
    zt_frame* frame = NULL;
    zt_status status;

    fprintf(out, "YUV4MPEG2 W%d H%d F%d:%d Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED\n", info->width, info->height,
            (int)info->rate.num, (int)info->rate.den);
    while ((status = zt_session_read(session, -1, &frame, error)) == ZT_OK) {
        int good = write_frame(out, zt_frame_get_info(frame));
        zt_frame_unref(&frame);
        if (!good) return ZT_ERROR_IO;
    }
    return status;
}

int main(int argc, char** argv) {
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_request request;
    zt_image image;
    zt_model* model = NULL;
    zt_session* session = NULL;
    zt_status status = ZT_OK;
    FILE* out = NULL;
    int i;

    if (argc < 4) {
        fprintf(stderr, "usage: %s PICTURE.ppm PROMPT OUTPUT.y4m [name=value ...]\n", argv[0]);
        return 2;
    }
    zt_model_params_init(&params);
    params.with_picture = 1;
    zt_request_init(&request);
    zt_image_init(&image);
    image.role = ZT_IMAGE_FIRST;
    request.prompt = argv[2];
    request.images = &image;
    request.image_count = 1;
    for (i = 4; i < argc && status == ZT_OK; i++) {
        char* value = strchr(argv[i], '=');
        if (value) *value++ = '\0';
        status = zt_set_option(&params, &request, argv[i], value ? value : "", &error);
    }
    if (status == ZT_OK && !read_ppm(argv[1], &image)) {
        status = ZT_ERROR_IO;
        snprintf(error.message, sizeof error.message, "%s: expected a binary PPM of 8 bits", argv[1]);
    }
    if (status == ZT_OK) status = zt_model_open(&params, &model, &error);
    if (status == ZT_OK) status = zt_session_create(model, &request, &session, &error);
    if (status == ZT_OK) { /* the session has its own copy of the picture by now */
        out = fopen(argv[3], "wb");
        status = out ? run(session, out, &error) : ZT_ERROR_IO;
        if (out && fclose(out) && status == ZT_END) status = ZT_ERROR_IO;
        if (out && status < 0) remove(argv[3]);
    }
    if (status < 0) fprintf(stderr, "%s: %s\n", argv[0], error.message[0] ? error.message : strerror(errno));
    free((void*)image.data[0]);
    zt_session_destroy(&session);
    zt_model_unref(&model);
    return status < 0;
}
