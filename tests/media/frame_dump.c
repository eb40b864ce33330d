/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * frame_dump.c - all frames of one request on stdout, planes packed, for comparing with ffmpeg's rawvideo
 *
 *   frame_dump [format=NUMBER] [blas=1] NAME=VALUE...      any option of the engine
 *
 * Built twice: linked to the engine as a plain C program is (frame_dump), and through the loader of the
 * front ends (frame_dump_loader). blas=1 maps libblas.so.3 for everyone first, as stock ffmpeg does.
 * stderr gets "seconds for the frames after the first chunk" for comparing speed. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "zt_loader.h"

#ifdef LINKED
#define DIRECT(name) .name = zt_##name,
static const ZtEngine linked = {ZT_LOADER_FUNCTIONS(DIRECT)};
#endif

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int die(const char* what, const char* why) {
    fprintf(stderr, "%s: %s\n", what, why);
    return 1;
}

static int is_packed(zt_pixel_format format) {
    return format == ZT_PIXEL_RGB24 || format == ZT_PIXEL_RGBA || format == ZT_PIXEL_RGBA64;
}

static void write_plane(const zt_frame_info* f, int plane) {
    const int chroma = plane == 1 || plane == 2;
    const int ten = f->format >= ZT_PIXEL_YUV420P10 && f->format <= ZT_PIXEL_YUV444P10;
    const int deep = ten || f->format == ZT_PIXEL_GBRP10 || f->format == ZT_PIXEL_GBRP16;
    const int wide = f->format == ZT_PIXEL_YUV420P || f->format == ZT_PIXEL_YUV420P10 ||
                     f->format == ZT_PIXEL_YUV422P || f->format == ZT_PIXEL_YUV422P10;
    const int tall = f->format == ZT_PIXEL_YUV420P || f->format == ZT_PIXEL_YUV420P10;
    const int sample = f->format == ZT_PIXEL_RGB24    ? 3
                       : f->format == ZT_PIXEL_RGBA   ? 4
                       : f->format == ZT_PIXEL_RGBA64 ? 8
                       : deep                         ? 2
                                                      : 1;
    const size_t row = (size_t)(chroma && wide ? f->width / 2 : f->width) * (size_t)sample;
    const int rows = chroma && tall ? f->height / 2 : f->height;

    for (int y = 0; y < rows; y++) fwrite(f->data[plane] + y * f->stride[plane], 1, row, stdout);
}

int main(int argc, char** argv) {
    const char* reason = "";
    const ZtEngine* zt;
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_request request;
    zt_model* model = NULL;
    zt_session* session = NULL;
    zt_frame* frame = NULL;
    zt_status status;
    double start = 0;

    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "blas=1") && !dlopen("libblas.so.3", RTLD_NOW | RTLD_GLOBAL))
            return die("libblas.so.3", dlerror());
#ifdef LINKED
    zt = &linked;
#else
    zt = zt_loader_get(&reason);
#endif
    if (!zt) return die("loader", reason);
    zt->model_params_init_sized(&params, sizeof(params));
    zt->request_init_sized(&request, sizeof(request));
    for (int i = 1; i < argc; i++) {
        char* value = strchr(argv[i], '=');
        if (!value || !strcmp(argv[i], "blas=1")) continue;
        *value++ = 0;
        if (!strcmp(argv[i], "format"))
            request.format = (zt_pixel_format)atoi(value);
        else if (zt->set_option(&params, &request, argv[i], value, &error) < 0)
            return die("option", error.message);
    }
    if (zt->model_open(&params, &model, &error) < 0 || zt->session_create(model, &request, &session, &error) < 0)
        return die("start", error.message);
    while ((status = zt->session_read(session, -1, &frame, &error)) == ZT_OK) {
        const zt_frame_info* info = zt->frame_get_info(frame);
        if (info->chunk == 1 && info->chunk_start) start = now();
        const int planes = is_packed(info->format) ? 1 : info->data[3] ? 4 : 3;
        for (int plane = 0; plane < planes; plane++) write_plane(info, plane);
        zt->frame_unref(&frame);
    }
    if (start > 0) fprintf(stderr, "%.4f\n", now() - start);
    zt->session_destroy(&session);
    zt->model_unref(&model);
    return status == ZT_END ? 0 : die("read", error.message);
}
