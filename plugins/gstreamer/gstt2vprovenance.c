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

struct _T2vMarks {
  GstBaseSrc *element;
  gint tags_due; /* atomic */
  gboolean sei, with_prompt;
  gint64 next_sei_second;
  /* Of the last frame marked. */
  gint64 seed; /* -1 = none yet */
  gchar prompt_sha256[65];
};

/* What a frame and its model say about where they come from. Borrowed pointers. */
typedef struct {
  const gchar *model, *model_sha256;
  guint32 version; /* of the engine, as zt_version */
  gboolean with_prompt;
  const zt_frame_info *frame;
} Provenance;

void
t2v_provenance_register (void)
{
  /* No tags: the meta says something about the content, so it survives any conversion. */
  static const gchar *tags[] = { NULL };

  if (gst_meta_get_info (T2V_PROVENANCE_META) == NULL)
    gst_meta_register_custom (T2V_PROVENANCE_META, tags, NULL, NULL, NULL);
}

static void
version_text (const Provenance *provenance, gchar text[32])
{
  guint32 v = provenance->version;

  g_snprintf (text, 32, "%u.%u.%u", v >> 16, v >> 8 & 255, v & 255);
}

static GstTagList *
make_tags (const Provenance *provenance)
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

/* name: T2V_PROVENANCE_META or T2V_PROVENANCE_MESSAGE, the fields are the same. */
static GstStructure *
make_structure (const Provenance *provenance, const gchar *name)
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

static void
add_meta (const Provenance *provenance, GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, T2V_PROVENANCE_META);
  GstStructure *from, *to;

  if (meta == NULL)
    return;
  /* The meta owns its structure, so the fields are copied into it. */
  from = make_structure (provenance, T2V_PROVENANCE_META);
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

/* Side data that encoders write as SEI user data, where they do. */
static void
add_sei (const Provenance *provenance, GstBuffer *buffer)
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

/* ---- One buffer after the other ---- */

T2vMarks *
t2v_marks_new (GstBaseSrc *element)
{
  T2vMarks *marks = g_new0 (T2vMarks, 1);

  marks->element = element;
  t2v_marks_reset (marks);
  return marks;
}

void
t2v_marks_free (T2vMarks *marks)
{
  g_free (marks);
}

void
t2v_marks_reset (T2vMarks *marks)
{
  marks->seed = -1;
  marks->next_sei_second = 0;
  marks->prompt_sha256[0] = 0;
}

void
t2v_marks_jump (T2vMarks *marks)
{
  marks->next_sei_second = 0;
}

void
t2v_marks_begin (T2vMarks *marks, gboolean sei, gboolean with_prompt)
{
  marks->sei = sei;
  marks->with_prompt = with_prompt;
}

void
t2v_marks_tags_due (T2vMarks *marks)
{
  g_atomic_int_set (&marks->tags_due, TRUE);
}

gint64
t2v_marks_seed (const T2vMarks *marks)
{
  return marks->seed;
}

void
t2v_marks_put (T2vMarks *marks, guint32 version, const zt_model_info *model,
    const zt_frame_info *frame, GstBuffer *buffer)
{
  Provenance provenance = { model->name, model->sha256, version, marks->with_prompt, frame };
  GstElement *element = GST_ELEMENT (marks->element);
  gint64 second = GST_BUFFER_PTS (buffer) / GST_SECOND;
  gboolean due = g_atomic_int_compare_and_exchange (&marks->tags_due, TRUE, FALSE);
  gboolean changed =
      strcmp (marks->prompt_sha256, frame->prompt_sha256) != 0 || marks->seed != frame->seed;

  if (due || changed) {
    /* Straight to the base class, which puts events behind the segment; the element's own entry
     * would wait for a state change that waits for us. */
    GST_ELEMENT_CLASS (g_type_class_peek (GST_TYPE_BASE_SRC))
        ->send_event (element, gst_event_new_tag (make_tags (&provenance)));
  }
  add_meta (&provenance, buffer);
  if (due || changed || frame->chunk_start) {
    gst_element_post_message (element, gst_message_new_element (GST_OBJECT (element),
                                           make_structure (&provenance, T2V_PROVENANCE_MESSAGE)));
  }
  if (marks->sei && (changed || second >= marks->next_sei_second)) {
    add_sei (&provenance, buffer);
    marks->next_sei_second = second + 1;
  }
  g_strlcpy (marks->prompt_sha256, frame->prompt_sha256, sizeof (marks->prompt_sha256));
  marks->seed = frame->seed;
}
