/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vtext.c - prompts that come in as text, through the request pad `text`
 *
 * Each is for the running time of its buffer: when the frame of that time is wanted it is set as
 * the property would be, and the next chunk begun obeys. Only so many are kept, then the pad waits.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "core/frame_time.h"
#include "gstt2vbase.h"

#define GST_CAT_DEFAULT zoetrope_debug

/* More than any subtitle shows at once; the pad's thread waits for room. */
#define MOST_PROMPTS 16
/* The engine takes 16 KiB; markup may add to that. */
#define MOST_BYTES   (64 * 1024)

typedef struct {
  GstClockTime time; /* running time */
  gchar *prompt;
} Timed;

static void
free_timed (gpointer data)
{
  g_free (((Timed *) data)->prompt);
  g_free (data);
}

/* ---- What a buffer says ---- */

static void
append_text (
    GMarkupParseContext *context, const gchar *text, gsize length, gpointer all, GError **error)
{
  g_string_append_len (all, text, length);
}

/* The words of pango markup; NULL for what is none. */
static gchar *
strip_markup (const gchar *text)
{
  static const GMarkupParser parser = { .text = append_text };
  GString *all = g_string_new (NULL);
  GMarkupParseContext *context = g_markup_parse_context_new (&parser, 0, all, NULL);
  gboolean good = g_markup_parse_context_parse (context, "<t>", -1, NULL) &&
                  g_markup_parse_context_parse (context, text, -1, NULL) &&
                  g_markup_parse_context_parse (context, "</t>", -1, NULL) &&
                  g_markup_parse_context_end_parse (context, NULL);

  g_markup_parse_context_free (context);
  return g_string_free (all, !good);
}

/* One line, without blanks around it; NULL for what is not text. */
static gchar *
read_prompt (const T2vSrcText *text, GstBuffer *buffer)
{
  gchar *plain = NULL, *prompt = NULL;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return NULL;
  if (map.size <= MOST_BYTES) {
    plain = g_strndup ((const gchar *) map.data, map.size);
    if (!g_utf8_validate (plain, -1, NULL))
      g_clear_pointer (&plain, g_free);
  }
  gst_buffer_unmap (buffer, &map);
  if (plain != NULL) {
    prompt = text->markup ? strip_markup (plain) : g_strdup (plain);
    g_free (plain);
  }
  return prompt != NULL ? g_strstrip (g_strdelimit (prompt, "\r\n", ' ')) : NULL;
}

/* ---- The pad ---- */

static GstFlowReturn
text_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstT2vBase *self = GST_T2V_BASE (parent);
  T2vSrcWait *wait = &self->wait;
  Timed new = { 0, read_prompt (&self->text, buffer) };
  gboolean room, has_time = GST_BUFFER_PTS_IS_VALID (buffer);

  /* Without a time it is for now. */
  if (has_time && self->text.segment.format == GST_FORMAT_TIME)
    new.time =
        gst_segment_to_running_time (&self->text.segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  gst_buffer_unref (buffer);
  if (new.prompt == NULL) {
    zt_error error = ZT_ERROR_INIT;

    error.status = ZT_ERROR_PROMPT;
    g_snprintf (error.message, sizeof (error.message),
        "text: expected UTF-8%s "
        "of at most 64 KiB, got something else",
        self->text.markup ? " with markup" : "");
    t2v_report_warning (self, &error);
    return GST_FLOW_OK;
  }
  if (*new.prompt == 0 || !GST_CLOCK_TIME_IS_VALID (new.time)) {
    g_free (new.prompt);
    return GST_FLOW_OK;
  }

  g_mutex_lock (&wait->lock);
  while (wait->texts_wanted && !wait->closing && !GST_PAD_IS_FLUSHING (pad) &&
         wait->texts.length >= MOST_PROMPTS)
    g_cond_wait (&wait->changed, &wait->lock);
  room = wait->texts_wanted && !wait->closing && !GST_PAD_IS_FLUSHING (pad);
  if (room) {
    g_queue_push_tail (&wait->texts, g_memdup2 (&new, sizeof (new)));
    g_cond_broadcast (&wait->changed);
  }
  g_mutex_unlock (&wait->lock);
  if (!room) {
    g_free (new.prompt);
    return GST_FLOW_FLUSHING;
  }
  /* What is for now does not wait until a frame is wanted; a first prompt is taken by who waits. */
  if (!has_time && t2v_stream_has_prompt (self))
    t2v_text_apply (self, 0);
  return GST_FLOW_OK;
}

static void
set_ended (GstT2vBase *self, gboolean ended)
{
  g_mutex_lock (&self->wait.lock);
  self->wait.texts_ended = ended;
  g_cond_broadcast (&self->wait.changed);
  g_mutex_unlock (&self->wait.lock);
}

/* Nothing is passed on: stream and time of what comes out are the element's own. */
static gboolean
text_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstT2vBase *self = GST_T2V_BASE (parent);
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      self->text.markup =
          g_strcmp0 (gst_structure_get_string (gst_caps_get_structure (caps, 0), "format"),
              "pango-markup") == 0;
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->text.segment);
      break;
    case GST_EVENT_STREAM_START:
      set_ended (self, FALSE);
      break;
    case GST_EVENT_EOS:
      set_ended (self, TRUE);
      break;
    case GST_EVENT_FLUSH_START:
      t2v_text_forget (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      t2v_text_forget (self);
      gst_segment_init (&self->text.segment, GST_FORMAT_UNDEFINED);
      break;
    default:
      break;
  }
  gst_event_unref (event);
  return TRUE;
}

static gboolean
text_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  return (GST_QUERY_TYPE (query) == GST_QUERY_CAPS ||
             GST_QUERY_TYPE (query) == GST_QUERY_ACCEPT_CAPS) &&
         gst_pad_query_default (pad, parent, query);
}

GstPad *
t2v_text_request (GstT2vBase *self, GstPadTemplate *template)
{
  GstPad *pad;

  if (t2v_base_is_open (self) || self->wait.texts_wanted) {
    GST_WARNING_OBJECT (self, "text: expected one, requested in NULL or READY");
    return NULL;
  }
  pad = gst_pad_new_from_template (template, "text");
  gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (text_chain));
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (text_event));
  gst_pad_set_query_function (pad, GST_DEBUG_FUNCPTR (text_query));
  gst_segment_init (&self->text.segment, GST_FORMAT_UNDEFINED);
  self->wait.texts_wanted = TRUE;
  t2v_base_add_request_pad (self, pad);
  return pad;
}

void
t2v_text_release (GstT2vBase *self, GstPad *pad)
{
  g_mutex_lock (&self->wait.lock);
  self->wait.texts_wanted = FALSE;
  g_cond_broadcast (&self->wait.changed);
  g_mutex_unlock (&self->wait.lock);
  gst_pad_set_active (pad, FALSE);
  t2v_text_forget (self);
  t2v_base_remove_request_pad (self, pad);
}

void
t2v_text_forget (GstT2vBase *self)
{
  g_mutex_lock (&self->wait.lock);
  g_queue_clear_full (&self->wait.texts, free_timed);
  self->wait.texts_ended = FALSE;
  g_cond_broadcast (&self->wait.changed);
  g_mutex_unlock (&self->wait.lock);
}

/* ---- The stream ---- */

void
t2v_text_apply (GstT2vBase *self, GstClockTime running_time)
{
  T2vSrcWait *wait = &self->wait;
  Timed *due = NULL, *next;

  g_mutex_lock (&wait->lock);
  while (
      (next = g_queue_peek_head (&wait->texts)) != NULL &&
      (next->time <= running_time || next->time - running_time <= ZT_CUE_SLACK_US * GST_USECOND)) {
    g_clear_pointer (&due, free_timed);
    due = g_queue_pop_head (&wait->texts);
    g_cond_broadcast (&wait->changed);
  }
  g_mutex_unlock (&wait->lock);
  if (due == NULL)
    return;
  GST_DEBUG_OBJECT (self, "the prompt of %" GST_TIME_FORMAT, GST_TIME_ARGS (due->time));
  /* Where there is none yet, this is the streaming thread. */
  if (!t2v_stream_has_prompt (self))
    self->stream.prompt_from_text = TRUE;
  g_object_set (self, "prompt", due->prompt, NULL);
  free_timed (due);
}

GstFlowReturn
t2v_text_wait_first (GstT2vBase *self)
{
  T2vSrcWait *wait = &self->wait;
  GstFlowReturn flow = GST_FLOW_OK;
  Timed *first;

  g_mutex_lock (&wait->lock);
  while (wait->texts_wanted && !wait->flushing && !wait->texts_ended && wait->texts.length == 0 &&
         !wait->prompt_set)
    g_cond_wait (&wait->changed, &wait->lock);
  first = wait->prompt_set ? NULL : g_queue_pop_head (&wait->texts);
  if (first == NULL && !wait->prompt_set)
    flow = wait->flushing ? GST_FLOW_FLUSHING : GST_FLOW_EOS;
  g_cond_broadcast (&wait->changed);
  g_mutex_unlock (&wait->lock);
  if (first == NULL)
    return flow;
  g_object_set (self, "prompt", first->prompt, NULL);
  self->stream.prompt_from_text = TRUE;
  free_timed (first);
  return GST_FLOW_OK;
}
