/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_url.c - see zt_clip_url.h */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "zt_clip_url.h"

/* A page must not own the machine: docs/gstreamer.md has the list. */
#define MOST_BYTES      8192
#define MOST_MODEL_NAME 64
/* How much of somebody's text an error repeats. */
#define MOST_SHOWN      64

__attribute__((format(printf, 2, 3))) static zt_status refuse(zt_error *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error->status = ZT_ERROR_ARGUMENT;
    vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
    return ZT_ERROR_ARGUMENT;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* How many bytes the code point has that begins here, 0 where none does (RFC 3629: no longer form than needed, no
 * surrogate, none above U+10FFFF). The text ends with a zero. */
static size_t utf8_length(const unsigned char *text)
{
    unsigned char first = text[0];
    size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;

    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    if ((first == 0xE0 && text[1] < 0xA0) || (first == 0xED && text[1] > 0x9F) || (first == 0xF0 && text[1] < 0x90) ||
        (first == 0xF4 && text[1] > 0x8F))
        return 0;
    return length;
}

zt_status zt_url_decode(const char *what, const char *text, size_t length, char *out, zt_error *error)
{
    char *at = out;

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '%') {
            int high = i + 2 < length ? hex(text[i + 1]) : -1, low = i + 2 < length ? hex(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return refuse(error, "t2v: %s: expected two hexadecimal digits after %%, got others at byte %zu", what,
                              i);
            c = (unsigned char)(high * 16 + low);
            i += 2;
        }
        if (c < 0x20 && c != '\n' && c != '\t')
            return refuse(error, "t2v: %s: expected no control character, got byte 0x%02X", what, c);
        *at++ = (char)c;
    }
    *at = 0;
    for (size_t step; *out; out += step) {
        step = utf8_length((const unsigned char *)out);
        if (!step)
            return refuse(error, "t2v: %s: expected UTF-8, got other bytes", what);
    }
    return ZT_OK;
}

zt_status zt_url_begin(const char *link, ZtUrlPart *prompt, zt_error *error)
{
    const char *text = link + strlen("t2v:");

    if (strlen(link) > MOST_BYTES)
        return refuse(error, "t2v: expected a link of at most %d bytes, got %zu", MOST_BYTES, strlen(link));
    if (strncasecmp(link, "t2v:", strlen("t2v:")) != 0)
        return refuse(error, "t2v: link: expected t2v:///PROMPT, got \"%.*s\"", MOST_SHOWN, link);
    if (strchr(link, '#'))
        return refuse(error, "t2v: prompt: expected %%23 for the character '#', got it bare");
    if (text[0] == '/' && text[1] == '/')
        text += text[2] == '/' ? 3 : 2;
    *prompt = (ZtUrlPart){ text, strcspn(text, ";?") };
    return ZT_OK;
}

int zt_url_next(ZtUrlPart *part)
{
    const char *end = part->text + part->length;

    if (!*end)
        return 0;
    *part = (ZtUrlPart){ end + 1, strcspn(end + 1, ";&") };
    return 1;
}

int zt_url_is_model_name(const char *text)
{
    size_t length = strlen(text);

    return length > 0 && length <= MOST_MODEL_NAME && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == length;
}
