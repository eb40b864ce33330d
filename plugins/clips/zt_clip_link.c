/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_link.c - see zt_clip_link.h */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zt_clip_link.h"
#include "zt_clip_url.h"

__attribute__((format(printf, 2, 3))) static zt_status refuse(zt_error *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error->status = ZT_ERROR_ARGUMENT;
    vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
    return ZT_ERROR_ARGUMENT;
}

const char *zt_clip_link_find(const char *text)
{
    const char *behind_folder = text[0] == '/' ? strstr(text, "/t2v:") : NULL;

    if (!strncmp(text, "t2v:", 4))
        return text;
    return behind_folder ? behind_folder + 1 : NULL;
}

/* A number that a link limits, as the engine has read it. */
static double number_of(ZtClipOption option, const zt_request *request)
{
    switch ((int)option) {
    case ZT_CLIP_size: return (double)request->width * request->height;
    case ZT_CLIP_frames: return (double)request->frames;
    case ZT_CLIP_duration: return (double)request->duration_us / 1e6;
    case ZT_CLIP_seed: return (double)request->seed;
    case ZT_CLIP_steps: return request->steps;
    case ZT_CLIP_guidance: return request->guidance;
    }
    return 0;
}

/* What a link may not say, though the option may. */
static zt_status check(ZtClipOption option, const char *value, const ZtEngine *zt, zt_error *error)
{
    const char *name = zt_clip_option_info(option)->name;
    zt_model_params params;
    zt_request request;
    double min, max, number;
    zt_status status;

    if (option == ZT_CLIP_model && !zt_url_is_model_name(value))
        return refuse(error, "t2v: model: expected the name of a built-in model, got \"%.64s\"", value);
    zt->model_params_init_sized(&params, sizeof(params));
    zt->request_init_sized(&request, sizeof(request));
    status = zt->set_option(&params, &request, name, value, error);
    if (status < 0 || !zt_clip_option_link_range(option, &min, &max))
        return status;
    number = number_of(option, &request);
    if (number < min || number > max)
        return refuse(error, "t2v: %s: expected %.15g to %.15g%s in a link, got \"%.64s\"", name, min, max,
                      option == ZT_CLIP_size ? " pixels" : "", value);
    return ZT_OK;
}

/* key=value; `buffer` is large enough for both. */
static zt_status read_option(ZtUrlPart part, char *buffer, const ZtEngine *zt, ZtClipOptions *options, zt_error *error)
{
    const char *equals = memchr(part.text, '=', part.length);
    size_t key = equals ? (size_t)(equals - part.text) : part.length;
    ZtClipOption option;
    zt_status status = zt_url_decode("option", part.text, key, buffer, error);

    if (status < 0)
        return status;
    option = zt_clip_option_find(buffer);
    if (!equals || option == ZT_CLIP_NONE || !(zt_clip_option_info(option)->flags & ZT_OPTION_LINK))
        return refuse(error, "t2v: expected an option that a link may set, as seed=1, got \"%.64s\"", buffer);
    if (options->values[option])
        return refuse(error, "t2v: %s: expected it once, got it twice", zt_clip_option_info(option)->name);
    status = zt_url_decode(zt_clip_option_info(option)->name, equals + 1, part.length - key - 1, buffer, error);
    if (status >= 0)
        status = check(option, buffer, zt, error);
    if (status >= 0 && !zt_clip_options_set(options, option, buffer))
        return refuse(error, "t2v: expected memory, got none");
    return status;
}

zt_status zt_clip_link_read(const char *link, const ZtEngine *zt, ZtClipOptions *options, zt_error *error)
{
    ZtClipOptions read = { { NULL } };
    ZtUrlPart part;
    char *buffer = malloc(strlen(link) + 1);
    zt_status status;

    if (!buffer)
        return refuse(error, "t2v: expected memory, got none");
    status = zt_url_begin(link, &part, error);
    if (status >= 0)
        status = zt_url_decode("prompt", part.text, part.length, buffer, error);
    if (status >= 0 && !zt_clip_options_set(&read, ZT_CLIP_prompt, buffer))
        status = refuse(error, "t2v: expected memory, got none");
    while (status >= 0 && zt_url_next(&part))
        status = read_option(part, buffer, zt, &read, error);
    if (status >= 0 && !zt_clip_options_merge(options, &read))
        status = refuse(error, "t2v: expected memory, got none");
    zt_clip_options_clear(&read);
    free(buffer);
    return status;
}

char *zt_clip_link_write(const char *prompt)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~,!'()*";
    static const char digits[] = "0123456789ABCDEF";
    char *link = malloc(strlen("t2v:///") + 3 * strlen(prompt) + 1), *out = link;

    if (!link)
        return NULL;
    out += sprintf(out, "t2v:///");
    for (; *prompt; prompt++) {
        unsigned char c = (unsigned char)*prompt;

        if (strchr(plain, c)) {
            *out++ = (char)c;
        } else {
            *out++ = '%';
            *out++ = digits[c >> 4];
            *out++ = digits[c & 15];
        }
    }
    *out = 0;
    return link;
}
