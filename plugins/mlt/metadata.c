/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * metadata.c - the description of the producer, made from the option table; see zt_mlt.h
 *
 * What other modules keep in a file beside them: MLT only sees the properties that were read from it. */
#include <stdio.h>
#include <string.h>

#include "zoetrope/version.h"
#include "zt_mlt.h"

static mlt_properties add_group(mlt_properties to, const char *name)
{
    mlt_properties group = mlt_properties_new();

    mlt_properties_set_data(to, name, group, 0, (mlt_destructor)mlt_properties_close, NULL);
    return group;
}

static const char *type_name(zt_option_type type)
{
    switch (type) {
    case ZT_OPTION_BOOL: return "boolean";
    case ZT_OPTION_INT: return "integer";
    case ZT_OPTION_DOUBLE: return "float";
    case ZT_OPTION_STRING:
    case ZT_OPTION_PATH:
    case ZT_OPTION_SIZE:
    case ZT_OPTION_RATE:
    case ZT_OPTION_TIME:
    case ZT_OPTION_ENUM:
    case ZT_OPTION_BYTES:
    case ZT_OPTION_DICT: break;
    }
    return "string";
}

static const char *widget_of(const zt_option_info *option)
{
    return option->type == ZT_OPTION_BOOL   ? "checkbox"
           : option->type == ZT_OPTION_ENUM ? "combo"
           : option->type == ZT_OPTION_PATH ? "fileopen"
                                            : "text";
}

/* The words of an enum, one a line. */
static void add_values(mlt_properties to, const char *choices)
{
    mlt_properties values = add_group(to, "values");
    char word[64], number[16];
    size_t length;

    for (int i = 0; *choices; i++, choices += length + (choices[length] == ' ')) {
        length = strcspn(choices, " ");
        snprintf(word, sizeof(word), "%.*s", (int)length, choices);
        snprintf(number, sizeof(number), "%d", i);
        mlt_properties_set(values, number, word);
    }
}

static mlt_properties add_parameter(mlt_properties parameters, const char *name, const char *type, const char *help)
{
    char number[16];
    mlt_properties parameter;

    snprintf(number, sizeof(number), "%d", mlt_properties_count(parameters));
    parameter = add_group(parameters, number);
    mlt_properties_set(parameter, "identifier", name);
    mlt_properties_set(parameter, "title", name);
    mlt_properties_set(parameter, "description", help);
    mlt_properties_set(parameter, "type", type);
    mlt_properties_set(parameter, "mutable", "yes");
    return parameter;
}

static void add_option(mlt_properties parameters, const zt_option_info *option)
{
    mlt_properties parameter = add_parameter(parameters, option->name, type_name(option->type), option->help);

    mlt_properties_set(parameter, "widget", widget_of(option));
    if (*option->default_value)
        mlt_properties_set(parameter, "default", option->default_value);
    if (option->type == ZT_OPTION_ENUM)
        add_values(parameter, option->choices);
    if (option->type == ZT_OPTION_INT || option->type == ZT_OPTION_DOUBLE) {
        mlt_properties_set_double(parameter, "minimum", option->min);
        mlt_properties_set_double(parameter, "maximum", option->max);
    }
}

mlt_properties zt_mlt_metadata(mlt_service_type type, const char *id, void *unused)
{
    mlt_properties metadata = mlt_properties_new(), tags = add_group(metadata, "tags"), parameters, format;

    (void)type, (void)unused;
    mlt_properties_set(metadata, "schema_version", "7.0");
    mlt_properties_set(metadata, "type", "producer");
    mlt_properties_set(metadata, "identifier", id);
    mlt_properties_set(metadata, "title", "Zoetrope: video from text");
    mlt_properties_set(metadata, "version", ZT_VERSION_STRING);
    mlt_properties_set(metadata, "copyright", "Zoetrope");
    mlt_properties_set(metadata, "creator", "Zoetrope");
    mlt_properties_set(metadata, "license", "LGPLv2.1+");
    mlt_properties_set(metadata, "language", "en");
    mlt_properties_set(tags, "0", "Video");
    mlt_properties_set(tags, "1", "Audio");
    mlt_properties_set(metadata, "description", "Makes a clip, with sound where the model has it, from a sentence.");
    parameters = add_group(metadata, "parameters");
    mlt_properties_set(add_parameter(parameters, "resource", "string", "the prompt, or a t2v: link"), "argument",
                       "yes");
    for (int i = 0; i < ZT_CLIP_OPTION_COUNT; i++)
        add_option(parameters, zt_clip_option_info((ZtClipOption)i));
    format = add_parameter(parameters, "mlt_image_format", "string", "chroma of the frames that the model makes");
    mlt_properties_set(format, "default", "yuv422");
    add_values(format, "yuv422 yuv420p rgb");
    return metadata;
}
