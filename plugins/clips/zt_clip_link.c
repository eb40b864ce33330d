/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_link.c - see zt_clip_link.h */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zt_clip_link.h"

#define MOST_BYTES      8192 /* of a link */
#define MOST_MODEL_NAME 64
#define ENDS            ";?&" /* what stands before an option */

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

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Writes the bytes that `length` bytes of `text` mean and ends them with a zero. */
static zt_status decode(const char *what, const char *text, size_t length, char *out, zt_error *error)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '%') {
            int high = i + 2 < length ? hex(text[i + 1]) : -1, low = i + 2 < length ? hex(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return refuse(error, "t2v: %s: expected two hexadecimal digits after %%, got others", what);
            c = (unsigned char)(high * 16 + low);
            i += 2;
        }
        if (!c)
            return refuse(error, "t2v: %s: expected no control character, got byte 0x00", what);
        *out++ = (char)c;
    }
    *out = 0;
    return ZT_OK;
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

    if (option == ZT_CLIP_model && (!*value || strlen(value) > MOST_MODEL_NAME ||
                                    strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(value)))
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

/* key=value, `length` bytes of it; `buffer` is large enough for both. */
static zt_status read_option(const char *text, size_t length, char *buffer, const ZtEngine *zt, ZtClipOptions *options,
                             zt_error *error)
{
    const char *equals = memchr(text, '=', length);
    size_t key = equals ? (size_t)(equals - text) : length;
    ZtClipOption option;
    zt_status status = decode("option", text, key, buffer, error);

    if (status < 0)
        return status;
    option = zt_clip_option_find(buffer);
    if (!equals || option == ZT_CLIP_NONE || !(zt_clip_option_info(option)->flags & ZT_OPTION_LINK))
        return refuse(error, "t2v: expected an option that a link may set, as seed=1, got \"%.64s\"", buffer);
    if (options->values[option])
        return refuse(error, "t2v: %s: expected it once, got it twice", zt_clip_option_info(option)->name);
    status = decode(zt_clip_option_info(option)->name, equals + 1, length - key - 1, buffer, error);
    if (status >= 0)
        status = check(option, buffer, zt, error);
    if (status >= 0 && !zt_clip_options_set(options, option, buffer))
        return refuse(error, "t2v: expected memory, got none");
    return status;
}

zt_status zt_clip_link_read(const char *link, const ZtEngine *zt, ZtClipOptions *options, zt_error *error)
{
    const char *text = link + strlen("t2v:");
    ZtClipOptions read = { { NULL } };
    char *buffer = malloc(strlen(link) + 1);
    size_t length;
    zt_status status;

    if (!buffer)
        return refuse(error, "t2v: expected memory, got none");
    for (int slashes = 0; slashes < 3 && *text == '/'; slashes++)
        text++;
    length = strcspn(text, ENDS);
    if (strlen(link) > MOST_BYTES)
        status = refuse(error, "t2v: expected at most %d bytes, got %zu", MOST_BYTES, strlen(link));
    else
        status = decode("prompt", text, length, buffer, error);
    if (status >= 0 && !zt_clip_options_set(&read, ZT_CLIP_prompt, buffer))
        status = refuse(error, "t2v: expected memory, got none");
    for (text += length; status >= 0 && *text; text += length) {
        length = strcspn(++text, ENDS);
        if (length)
            status = read_option(text, length, buffer, zt, &read, error);
    }
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
