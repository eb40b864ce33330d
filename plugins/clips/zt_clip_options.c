/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_clip_options.c - see zt_clip_options.h */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "zt_clip_options.h"

#define ZT_I2V_OPTION(...)
#define ZT_I2V_CHOICE(...)
#define ZT_OPTION(name, type, text_default, number_default, min, max, choices, flags, help)                            \
    { #name, ZT_OPTION_##type, text_default, (double)(min), (double)(max), choices, flags, help },
static const zt_option_info option_table[] = {
#include "api/options.def"
};

#define ZT_I2V_OPTION(...)
#define ZT_I2V_CHOICE(...)
#define ZT_LINK(name, min, max) { ZT_CLIP_##name, (double)(min), (double)(max) },
static const struct {
    ZtClipOption option;
    double min, max;
} link_table[] = {
#include "api/options.def"
};

/* How frames come to the reader, not what they are; and what the plan resolves. */
static const ZtClipOption no_keys[] = {
    ZT_CLIP_prefetch, ZT_CLIP_timeout, ZT_CLIP_cache,    ZT_CLIP_sei,   ZT_CLIP_metadata_prompt, ZT_CLIP_size,
    ZT_CLIP_rate,     ZT_CLIP_frames,  ZT_CLIP_duration, ZT_CLIP_steps, ZT_CLIP_guidance,
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

const zt_option_info *zt_clip_option_info(ZtClipOption option)
{
    return &option_table[option];
}

ZtClipOption zt_clip_option_find(const char *name)
{
    for (int i = 0; i < ZT_CLIP_OPTION_COUNT; i++) {
        const char *ours = option_table[i].name, *theirs = name;

        while (*ours && (*ours == *theirs || (*ours == '_' && *theirs == '-')))
            ours++, theirs++;
        if (!*ours && !*theirs)
            return (ZtClipOption)i;
    }
    return ZT_CLIP_NONE;
}

int zt_clip_option_link_range(ZtClipOption option, double *min, double *max)
{
    for (size_t i = 0; i < COUNT(link_table); i++) {
        if (link_table[i].option == option) {
            *min = link_table[i].min;
            *max = link_table[i].max;
            return 1;
        }
    }
    return 0;
}

void zt_clip_options_clear(ZtClipOptions *options)
{
    for (int i = 0; i < ZT_CLIP_OPTION_COUNT; i++) {
        free(options->values[i]);
        options->values[i] = NULL;
    }
}

int zt_clip_options_set_bytes(ZtClipOptions *options, ZtClipOption option, const char *value, size_t length)
{
    char *copy = NULL;

    if (value && length) {
        copy = strndup(value, length);
        if (!copy)
            return 0;
    }
    free(options->values[option]);
    options->values[option] = copy;
    return 1;
}

int zt_clip_options_set(ZtClipOptions *options, ZtClipOption option, const char *value)
{
    return zt_clip_options_set_bytes(options, option, value, value ? strlen(value) : 0);
}

int zt_clip_options_merge(ZtClipOptions *options, const ZtClipOptions *from)
{
    for (int i = 0; i < ZT_CLIP_OPTION_COUNT; i++)
        if (from->values[i] && !zt_clip_options_set(options, (ZtClipOption)i, from->values[i]))
            return 0;
    return 1;
}

int zt_clip_options_have_subject(const ZtClipOptions *options)
{
    return options->values[ZT_CLIP_prompt] || options->values[ZT_CLIP_prompt_file] ||
           options->values[ZT_CLIP_storyboard];
}

int zt_clip_options_have_length(const ZtClipOptions *options)
{
    return options->values[ZT_CLIP_frames] || options->values[ZT_CLIP_duration] || options->values[ZT_CLIP_storyboard];
}

zt_status zt_clip_options_apply(const ZtClipOptions *options, const ZtEngine *zt, zt_model_params *params,
                                zt_request *request, zt_error *error)
{
    zt_status status = ZT_OK;

    zt->model_params_init_sized(params, sizeof(*params));
    zt->request_init_sized(request, sizeof(*request));
    for (int i = 0; i < ZT_CLIP_OPTION_COUNT && status >= 0; i++)
        if (options->values[i])
            status = zt->set_option(params, request, option_table[i].name, options->values[i], error);
    return status;
}

static int is_no_key(int option)
{
    for (size_t i = 0; i < COUNT(no_keys); i++)
        if (no_keys[i] == (ZtClipOption)option)
            return 1;
    return 0;
}

size_t zt_clip_options_key(const ZtClipOptions *options, char *text, size_t size)
{
    size_t used = 0;

    for (int i = 0; i < ZT_CLIP_OPTION_COUNT; i++) {
        const char *value = options->values[i];
        struct stat file;
        int more;

        if (!value || is_no_key(i))
            continue;
        /* The length in front: no value can look like the next option. */
        more = snprintf(text + used, used < size ? size - used : 0, "%s=%zu:%s\n", option_table[i].name, strlen(value),
                        value);
        used += more > 0 ? (size_t)more : 0;
        if ((option_table[i].type != ZT_OPTION_PATH && i != ZT_CLIP_model) || stat(value, &file))
            continue;
        more = snprintf(text + (used < size ? used : size), used < size ? size - used : 0, "@%lld.%09ld %lld %llu\n",
                        (long long)file.st_mtim.tv_sec, file.st_mtim.tv_nsec, (long long)file.st_size,
                        (unsigned long long)file.st_ino);
        used += more > 0 ? (size_t)more : 0;
    }
    return used;
}
