/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vprovenance.c - the marks of a generated picture: tags, meta, message, side data
 *
 * COMMENT carries everything as one string, because it is the only tag that both MP4 and Matroska
 * muxers keep. It is written in letters, digits and "+-./:_" alone: matroskamux writes tags with
 * gst_value_serialize(), which puts a string with any other character between quotes and a
 * backslash before each such character. The side data has the same name and fields as the FFmpeg
 * filter's.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <gst/video/video.h>
#include <string.h>

#include "gstt2vprovenance.h"

#define SOURCE_TYPE "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

/* 35947fc0-37e0-4031-884a-7697f43bcead; readers know the side data by it, so it never changes. */
static const guint8 sei_uuid[16] = { 0x35, 0x94, 0x7f, 0xc0, 0x37, 0xe0, 0x40, 0x31, 0x88, 0x4a,
  0x76, 0x97, 0xf4, 0x3b, 0xce, 0xad };

void
t2v_provenance_register (void)
{
  /* No tags: the meta says something about the content, so it survives any conversion. */
  static const gchar *tags[] = { NULL };

  if (gst_meta_get_info (T2V_PROVENANCE_META) == NULL)
    gst_meta_register_custom (T2V_PROVENANCE_META, tags, NULL, NULL, NULL);
}

static void
version_text (const T2vProvenance *provenance, gchar text[32])
{
  guint32 v = provenance->version;

  g_snprintf (text, 32, "%u.%u.%u", v >> 16, v >> 8 & 255, v & 255);
}

GstTagList *
t2v_provenance_tags (const T2vProvenance *provenance)
{
  const zt_frame_info *frame = provenance->frame;
  GstTagList *tags;
  gchar *comment =
      g_strdup_printf ("AI-generated+AIGC.Label:1+"
                       "AIGC.ContentProducer:zoetrope+AIGC.ProduceID:%.16s-%" G_GINT64_FORMAT
                       "-%.16s+digitalSourceType:%s",
          provenance->model_sha256, (gint64) frame->seed, frame->prompt_sha256, SOURCE_TYPE);

  tags = gst_tag_list_new (GST_TAG_COMMENT, comment, GST_TAG_KEYWORDS, "AI-generated", NULL);
  g_free (comment);
  gst_tag_list_add (tags, GST_TAG_MERGE_APPEND, GST_TAG_KEYWORDS, "zoetrope", NULL);
  if (provenance->with_prompt && frame->prompt && *frame->prompt)
    gst_tag_list_add (tags, GST_TAG_MERGE_REPLACE, GST_TAG_TITLE, frame->prompt, NULL);
  return tags;
}

GstStructure *
t2v_provenance_structure (const T2vProvenance *provenance, const gchar *name)
{
  const zt_frame_info *frame = provenance->frame;
  gchar version[32];
  GstStructure *s;

  version_text (provenance, version);
  s = gst_structure_new (name, "generator", G_TYPE_STRING, "zoetrope", "version", G_TYPE_STRING,
      version, "model", G_TYPE_STRING, provenance->model, "model-sha256", G_TYPE_STRING,
      provenance->model_sha256, "seed", G_TYPE_INT64, (gint64) frame->seed, "chunk", G_TYPE_INT64,
      (gint64) frame->chunk, "shot", G_TYPE_INT, (gint) frame->shot, "prompt-sha256", G_TYPE_STRING,
      frame->prompt_sha256, "digital-source-type", G_TYPE_STRING, SOURCE_TYPE, NULL);
  if (provenance->with_prompt)
    gst_structure_set (s, "prompt", G_TYPE_STRING, frame->prompt, NULL);
  return s;
}

void
t2v_provenance_add_meta (const T2vProvenance *provenance, GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, T2V_PROVENANCE_META);
  GstStructure *from, *to;

  if (meta == NULL)
    return;
  /* The meta owns its structure, so the fields are copied into it. */
  from = t2v_provenance_structure (provenance, T2V_PROVENANCE_META);
  to = gst_custom_meta_get_structure (meta);
  for (gint i = 0; i < gst_structure_n_fields (from); i++) {
    const gchar *name = gst_structure_nth_field_name (from, i);

    gst_structure_set_value (to, name, gst_structure_get_value (from, name));
  }
  gst_structure_free (from);
}

static void
append_json (GString *text, const gchar *key, const gchar *value)
{
  g_string_append_printf (text, "%s\"%s\":\"", text->str[text->len - 1] == '{' ? "" : ",", key);
  for (const gchar *c = value ? value : ""; *c; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_printf (text, "\\%c", *c);
    else if ((guchar) *c < 0x20 || *c == 0x7f)
      g_string_append_printf (text, "\\u%04x", (guchar) *c);
    else
      g_string_append_c (text, *c);
  }
  g_string_append_c (text, '"');
}

void
t2v_provenance_add_sei (const T2vProvenance *provenance, GstBuffer *buffer)
{
  const zt_frame_info *frame = provenance->frame;
  GString *text = g_string_new ("{");
  guint8 uuid[16];
  gchar version[32];

  version_text (provenance, version);
  append_json (text, "gen", "zoetrope");
  append_json (text, "ver", version);
  append_json (text, "model", provenance->model);
  append_json (text, "model_sha256", provenance->model_sha256);
  g_string_append_printf (text, ",\"seed\":%" G_GINT64_FORMAT ",\"chunk\":%" G_GINT64_FORMAT,
      (gint64) frame->seed, (gint64) frame->chunk);
  append_json (text, "prompt_sha256", frame->prompt_sha256);
  if (provenance->with_prompt)
    append_json (text, "prompt", frame->prompt);
  append_json (text, "dst", SOURCE_TYPE);
  g_string_append_c (text, '}');

  memcpy (uuid, sei_uuid, sizeof (uuid));
  gst_buffer_add_video_sei_user_data_unregistered_meta (
      buffer, uuid, (guint8 *) text->str, text->len);
  g_string_free (text, TRUE);
}
