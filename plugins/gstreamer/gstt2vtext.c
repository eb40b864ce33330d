/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vtext.c - see gstt2vtext.h
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "core/frame_time.h"
#include "gstt2vreport.h"
#include "gstt2vtext.h"

#define GST_CAT_DEFAULT zoetrope_debug

/* More than any subtitle shows at once; the pad's thread waits for room. */
#define MOST_PROMPTS 16
/* The engine takes 16 KiB; markup may add to that. */
#define MOST_BYTES   (64 * 1024)

typedef struct {
  GstClockTime time; /* running time */
  gchar *prompt;
} Timed;

struct _T2vTexts {
  GstElement *element;
  T2vWait *wait;
  T2vProperties *properties;

  /* Under the wait's lock. */
  gboolean wanted; /* the pad is there */
  gboolean ended;
  gboolean prompt_set; /* somebody set one since the start */
  GQueue queue;        /* prompts to come, by time */

  /* The pad's thread only. */
  GstSegment segment;
  gboolean markup;

  /* The streaming thread only. */
  gboolean from_text; /* the first prompt was a text */
};

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
read_prompt (const T2vTexts *texts, GstBuffer *buffer)
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
    prompt = texts->markup ? strip_markup (plain) : g_strdup (plain);
    g_free (plain);
  }
  return prompt != NULL ? g_strstrip (g_strdelimit (prompt, "\r\n", ' ')) : NULL;
}

/* ---- The pad ---- */

static void
set_ended (T2vTexts *texts, gboolean ended)
{
  t2v_wait_lock (texts->wait);
  texts->ended = ended;
  t2v_wait_wake (texts->wait);
  t2v_wait_unlock (texts->wait);
}

static void
forget (T2vTexts *texts)
{
  t2v_wait_lock (texts->wait);
  g_queue_clear_full (&texts->queue, free_timed);
  texts->ended = FALSE;
  t2v_wait_wake (texts->wait);
  t2v_wait_unlock (texts->wait);
}

static void
warn_unreadable (T2vTexts *texts)
{
  zt_error error = ZT_ERROR_INIT;

  error.status = ZT_ERROR_PROMPT;
  g_snprintf (error.message, sizeof (error.message),
      "text: expected UTF-8%s "
      "of at most 64 KiB, got something else",
      texts->markup ? " with markup" : "");
  t2v_report_warning (texts->element, &error);
}

/* With the lock. */
static gboolean
is_open (const T2vTexts *texts, GstPad *pad)
{
  return texts->wanted && !t2v_wait_is_closing (texts->wait) && !GST_PAD_IS_FLUSHING (pad);
}

/* Waits for room; takes the prompt. FALSE when the pad closes. */
static gboolean
enqueue (T2vTexts *texts, GstPad *pad, const Timed *new)
{
  gboolean room;

  t2v_wait_lock (texts->wait);
  while (is_open (texts, pad) && texts->queue.length >= MOST_PROMPTS)
    t2v_wait_block (texts->wait);
  room = is_open (texts, pad);
  if (room) {
    g_queue_push_tail (&texts->queue, g_memdup2 (new, sizeof (*new)));
    t2v_wait_wake (texts->wait);
  }
  t2v_wait_unlock (texts->wait);
  if (!room)
    g_free (new->prompt);
  return room;
}

static GstFlowReturn
text_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  T2vTexts *texts = gst_pad_get_element_private (pad);
  Timed new = { 0, read_prompt (texts, buffer) };
  gboolean has_time = GST_BUFFER_PTS_IS_VALID (buffer);

  /* Without a time it is for now. */
  if (has_time && texts->segment.format == GST_FORMAT_TIME)
    new.time =
        gst_segment_to_running_time (&texts->segment, GST_FORMAT_TIME, GST_BUFFER_PTS (buffer));
  gst_buffer_unref (buffer);
  if (new.prompt == NULL) {
    warn_unreadable (texts);
    return GST_FLOW_OK;
  }
  if (*new.prompt == 0 || !GST_CLOCK_TIME_IS_VALID (new.time)) {
    g_free (new.prompt);
    return GST_FLOW_OK;
  }
  if (!enqueue (texts, pad, &new))
    return GST_FLOW_FLUSHING;
  /* What is for now does not wait until a frame is wanted; a first prompt is taken by who waits. */
  if (!has_time && t2v_properties_has_prompt (texts->properties))
    t2v_texts_apply (texts, 0);
  return GST_FLOW_OK;
}

/* Nothing is passed on: stream and time of what comes out are the element's own. */
static gboolean
text_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  T2vTexts *texts = gst_pad_get_element_private (pad);
  GstCaps *caps;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      gst_event_parse_caps (event, &caps);
      texts->markup =
          g_strcmp0 (gst_structure_get_string (gst_caps_get_structure (caps, 0), "format"),
              "pango-markup") == 0;
      break;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &texts->segment);
      break;
    case GST_EVENT_STREAM_START:
      set_ended (texts, FALSE);
      break;
    case GST_EVENT_EOS:
      set_ended (texts, TRUE);
      break;
    case GST_EVENT_FLUSH_START:
      forget (texts);
      break;
    case GST_EVENT_FLUSH_STOP:
      forget (texts);
      gst_segment_init (&texts->segment, GST_FORMAT_UNDEFINED);
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
t2v_texts_request (T2vTexts *texts, GstPadTemplate *template)
{
  GstPad *pad;

  if (texts->wanted)
    return NULL;
  pad = gst_pad_new_from_template (template, "text");
  gst_pad_set_element_private (pad, texts);
  gst_pad_set_chain_function (pad, GST_DEBUG_FUNCPTR (text_chain));
  gst_pad_set_event_function (pad, GST_DEBUG_FUNCPTR (text_event));
  gst_pad_set_query_function (pad, GST_DEBUG_FUNCPTR (text_query));
  gst_segment_init (&texts->segment, GST_FORMAT_UNDEFINED);
  texts->wanted = TRUE;
  return pad;
}

void
t2v_texts_release (T2vTexts *texts, GstPad *pad)
{
  t2v_wait_lock (texts->wait);
  texts->wanted = FALSE;
  t2v_wait_wake (texts->wait);
  t2v_wait_unlock (texts->wait);
  gst_pad_set_active (pad, FALSE);
  forget (texts);
}

/* ---- The stream ---- */

T2vTexts *
t2v_texts_new (GstElement *element, T2vWait *wait, T2vProperties *properties)
{
  T2vTexts *texts = g_new0 (T2vTexts, 1);

  texts->element = element;
  texts->wait = wait;
  texts->properties = properties;
  return texts;
}

void
t2v_texts_free (T2vTexts *texts)
{
  forget (texts);
  g_free (texts);
}

gboolean
t2v_texts_begin (T2vTexts *texts)
{
  gboolean has_prompt = t2v_properties_has_prompt (texts->properties), wanted;

  t2v_wait_lock (texts->wait);
  texts->prompt_set = has_prompt;
  wanted = texts->wanted;
  t2v_wait_unlock (texts->wait);
  return wanted;
}

void
t2v_texts_end (T2vTexts *texts)
{
  forget (texts);
  if (texts->from_text)
    t2v_properties_reset (texts->properties, T2V_OPTION_prompt);
  texts->from_text = FALSE;
}

void
t2v_texts_prompt_set (T2vTexts *texts)
{
  t2v_wait_lock (texts->wait);
  texts->prompt_set = TRUE;
  t2v_wait_wake (texts->wait);
  t2v_wait_unlock (texts->wait);
}

/* Whether the prompt, once set, is obeyed, the element says. */
static void
set_prompt (T2vTexts *texts, Timed *timed)
{
  g_object_set (texts->element, "prompt", timed->prompt, NULL);
  free_timed (timed);
}

void
t2v_texts_apply (T2vTexts *texts, GstClockTime running_time)
{
  Timed *due = NULL, *next;

  t2v_wait_lock (texts->wait);
  while (
      (next = g_queue_peek_head (&texts->queue)) != NULL &&
      (next->time <= running_time || next->time - running_time <= ZT_CUE_SLACK_US * GST_USECOND)) {
    g_clear_pointer (&due, free_timed);
    due = g_queue_pop_head (&texts->queue);
    t2v_wait_wake (texts->wait);
  }
  t2v_wait_unlock (texts->wait);
  if (due == NULL)
    return;
  GST_DEBUG_OBJECT (texts->element, "the prompt of %" GST_TIME_FORMAT, GST_TIME_ARGS (due->time));
  /* Where there is none yet, this is the streaming thread. */
  if (!t2v_properties_has_prompt (texts->properties))
    texts->from_text = TRUE;
  set_prompt (texts, due);
}

GstFlowReturn
t2v_texts_wait_first (T2vTexts *texts)
{
  T2vWait *wait = texts->wait;
  GstFlowReturn flow = GST_FLOW_OK;
  Timed *first;

  t2v_wait_lock (wait);
  while (texts->wanted && !t2v_wait_is_flushing (wait) && !texts->ended &&
         texts->queue.length == 0 && !texts->prompt_set)
    t2v_wait_block (wait);
  first = texts->prompt_set ? NULL : g_queue_pop_head (&texts->queue);
  if (first == NULL && !texts->prompt_set)
    flow = t2v_wait_is_flushing (wait) ? GST_FLOW_FLUSHING : GST_FLOW_EOS;
  t2v_wait_wake (wait);
  t2v_wait_unlock (wait);
  if (first != NULL) {
    texts->from_text = TRUE;
    set_prompt (texts, first);
  }
  return flow;
}
