/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_options.h - what a clip is made of: values of the option table, as text
 *
 * For hosts whose parameters are text (MLT, frei0r). Every option of engine/api/options.def but those of
 * pictures that go in. The engine's own reader judges the values; an empty one is an unset one, because
 * editors save the empty fields of a form. Not thread-safe: the owner locks. */
#pragma once

#include "zt_loader.h"

#define ZT_I2V_OPTION(...)
#define ZT_I2V_CHOICE(...)
#define ZT_OPTION(name, ...) ZT_CLIP_##name,
typedef enum ZtClipOption {
    ZT_CLIP_NONE = -1, /* the name of no option */
#include "api/options.def"
    ZT_CLIP_OPTION_COUNT
} ZtClipOption;

/* Zeroed is empty. Owned strings; NULL = unset. */
typedef struct ZtClipOptions {
    char *values[ZT_CLIP_OPTION_COUNT];
} ZtClipOptions;

/* Needs no engine. */
const zt_option_info *zt_clip_option_info(ZtClipOption option);
/* '-' is read as '_'. */
ZtClipOption zt_clip_option_find(const char *name);
/* The limits of a number, or of a size in pixels, that a link sets; false where it has none. */
int zt_clip_option_link_range(ZtClipOption option, double *min, double *max);

void zt_clip_options_clear(ZtClipOptions *options);
/* Copies `length` bytes of value; 0 or NULL: unset. False without memory, with the old value. */
int zt_clip_options_set_bytes(ZtClipOptions *options, ZtClipOption option, const char *value, size_t length);
int zt_clip_options_set(ZtClipOptions *options, ZtClipOption option, const char *value);
/* Adds those of `from` that are set; false without memory. */
int zt_clip_options_merge(ZtClipOptions *options, const ZtClipOptions *from);
/* Whether anything says what to show, or how long. */
int zt_clip_options_have_subject(const ZtClipOptions *options);
int zt_clip_options_have_length(const ZtClipOptions *options);

/* Initialises both structs and writes the values into them; they borrow the strings. Statuses as
 * zt_set_option. */
zt_status zt_clip_options_apply(const ZtClipOptions *options, const ZtEngine *zt, zt_model_params *params,
                                zt_request *request, zt_error *error);
/* Appends to `text` (of `size` bytes, ends with a zero) what decides pixels and samples, but for what the
 * engine's plan says better: size, rate, length, steps and guidance. Files count with their time and size.
 * Returns the bytes that it takes; `size` or more: it did not fit. */
size_t zt_clip_options_key(const ZtClipOptions *options, char *text, size_t size);
