/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * text2video.c - a sentence becomes a YUV4MPEG2 file, through the C API alone
 *
 *   cc -std=c99 text2video.c $(pkg-config --cflags --libs zoetrope) -o text2video
 *   ./text2video "a red fox runs through the snow at night" fox.y4m seed=7 frames=48
 *   ./text2video "a red fox runs through the snow at night" - | mpv -
 *
 * After the output come options, name=value, the same ones as in FFmpeg and GStreamer. In a tree
 * that is built but not installed: tools/zt-env build/examples/text2video ...
 *
 * You see a line of progress, then fox.y4m, which every player and encoder reads. Ctrl-C stops
 * within a second; the file gets its name only when it is complete. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zoetrope/zoetrope.h>

static volatile sig_atomic_t stopped;

static void stop(int signal_number) {
    (void)signal_number;
    stopped = 1;
}

/* One FRAME of a y4m file: the planes without the padding at the end of their lines. */
static int write_frame(FILE* out, const zt_frame_info* info) {
    int plane, y;
    fputs("FRAME\n", out);
    for (plane = 0; plane < 3; plane++) {
        int width = plane ? (info->width + 1) / 2 : info->width;
        int height = plane ? (info->height + 1) / 2 : info->height;
        for (y = 0; y < height; y++) fwrite(info->data[plane] + y * info->stride[plane], 1, (size_t)width, out);
    }
    return ferror(out);
}

/* Reads frame after frame into out. The time-out lets Ctrl-C and the progress line through. */
static zt_status run(zt_session* session, FILE* out, zt_error* error) {
    const zt_session_info* info = zt_session_get_info(session);
    zt_frame* frame = NULL;
    zt_status status;

    fprintf(out, "YUV4MPEG2 W%d H%d F%d:%d Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED\n", info->width, info->height,
            (int)info->rate.num, (int)info->rate.den);
    while ((status = zt_session_read(session, 100000, &frame, error)) >= ZT_OK && status != ZT_END) {
        zt_progress progress = {sizeof progress, NULL, 0, 0, 0, 0, 0};
        if (stopped) zt_session_cancel(session); /* the next read says ZT_ERROR_CANCELLED */
        if (status == ZT_OK && write_frame(out, zt_frame_get_info(frame))) {
            status = error->status = ZT_ERROR_IO;
            snprintf(error->message, sizeof error->message, "output: %s", strerror(errno));
        }
        zt_frame_unref(&frame);
        if (status < 0) break;
        zt_session_get_progress(session, &progress);
        fprintf(stderr, "\r%-8s %lld frames", progress.stage, (long long)progress.frames_done);
    }
    fputc('\n', stderr);
    return status;
}

int main(int argc, char** argv) {
    zt_error error = ZT_ERROR_INIT;
    zt_model_params params;
    zt_request request;
    zt_model* model = NULL;
    zt_session* session = NULL;
    zt_status status = ZT_OK;
    char part[4096];
    int to_stdout = argc > 2 && strcmp(argv[2], "-") == 0, i;
    FILE* out = NULL;

    if (argc < 3) {
        fprintf(stderr, "usage: %s PROMPT OUTPUT.y4m|- [name=value ...]\n", argv[0]);
        return 2;
    }
    zt_model_params_init(&params);
    zt_request_init(&request);
    request.prompt = argv[1];
    for (i = 3; i < argc && status == ZT_OK; i++) {
        char* value = strchr(argv[i], '=');
        if (value) *value++ = '\0';
        status = zt_set_option(&params, &request, argv[i], value ? value : "", &error);
    }
    signal(SIGINT, stop);
    signal(SIGTERM, stop);

    if (status == ZT_OK) status = zt_model_open(&params, &model, &error);
    if (status == ZT_OK) status = zt_session_create(model, &request, &session, &error);
    if (status == ZT_OK) {
        if (snprintf(part, sizeof part, "%s.part", argv[2]) >= (int)sizeof part)
            part[0] = '\0'; /* no such file: fopen says so */
        out = to_stdout ? stdout : fopen(part, "wb");
        status = out ? run(session, out, &error) : ZT_ERROR_IO;
        if (out && fclose(out) && status == ZT_END) status = ZT_ERROR_IO; /* the disk filled up at the very end */
        if (status == ZT_END && !to_stdout && rename(part, argv[2])) status = ZT_ERROR_IO;
        if (status < 0 && !to_stdout) remove(part);
    }
    if (status < 0) fprintf(stderr, "%s: %s\n", argv[0], error.message[0] ? error.message : strerror(errno));
    zt_session_destroy(&session);
    zt_model_unref(&model);
    return status < 0;
}
