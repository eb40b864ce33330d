/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_common.h - what the GStreamer tests share
 *
 * The model is ZT_TEST_MODEL, the test card if it is not set. Waits end by messages and buffers,
 * never by sleeping.
 */
#pragma once

#include <gst/app/gstappsink.h>
#include <gst/check/check.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>
#include <stdio.h>
#include <unistd.h>

/* What the element promises for every way out of a wait. */
#define PROMISED_US (500 * G_TIME_SPAN_MILLISECOND)
/* Longer than any test takes; a wait that reaches it has failed. */
#define PATIENCE    (120 * GST_SECOND)

static inline const gchar *
test_model (void)
{
  const gchar *model = g_getenv ("ZT_TEST_MODEL");

  return model && *model ? model : "testcard";
}

static inline gboolean
is_testcard (void)
{
  return g_str_equal (test_model (), "testcard");
}

/* t2vsrc with a prompt, frames and a seed. */
static inline GstElement *
make_source (const gchar *prompt, gint64 frames, gint64 seed)
{
  GstElement *source = gst_element_factory_make ("t2vsrc", NULL);

  fail_unless (source != NULL, "t2vsrc is not registered");
  g_object_set (source, "model", test_model (), "width", 256, "height", 144, "prompt", prompt,
      "frames", frames, "seed", seed, NULL);
  return source;
}

/* The test card, each chunk later by so much; for waits of a known length. */
static inline GstElement *
make_slow_source (gint delay_ms, gint64 frames)
{
  GstElement *source = make_source ("a slow card", frames, 0);
  GstStructure *options = gst_structure_new ("options", "delay_ms", G_TYPE_INT, delay_ms, NULL);

  g_object_set (source, "model", "testcard", "engine-opts", options, NULL);
  gst_structure_free (options);
  return source;
}

/* source ! appsink, which takes one frame at a time and survives flushes. */
typedef struct {
  GstElement *pipeline, *source, *sink;
} Player;

/* Those not freed yet, so that a failed test leaves no thread behind. */
static GSList *open_pipelines;

/* Takes the source; caps may be NULL. */
static inline Player
player_new (GstElement *source, const gchar *caps_text)
{
  Player player = { gst_pipeline_new (NULL), source, gst_element_factory_make ("appsink", NULL) };

  fail_unless (player.sink != NULL, "appsink is not installed");
  g_object_set (player.sink, "max-buffers", 1, "sync", FALSE, NULL);
  if (caps_text != NULL) {
    GstCaps *caps = gst_caps_from_string (caps_text);

    gst_app_sink_set_caps (GST_APP_SINK (player.sink), caps);
    gst_caps_unref (caps);
  }
  gst_bin_add_many (GST_BIN (player.pipeline), source, player.sink, NULL);
  open_pipelines = g_slist_prepend (open_pipelines, player.pipeline);
  fail_unless (gst_element_link (source, player.sink));
  return player;
}

/* A pipeline in text that ends in an appsink called "sink". */
static inline Player
player_parse (const gchar *line)
{
  Player player = { gst_parse_launch (line, NULL), NULL, NULL };

  fail_unless (player.pipeline != NULL, "%s", line);
  open_pipelines = g_slist_prepend (open_pipelines, player.pipeline);
  player.sink = gst_bin_get_by_name (GST_BIN (player.pipeline), "sink");
  fail_unless (player.sink != NULL, "%s", line);
  gst_object_unref (player.sink);
  return player;
}

static inline Player
player_start (GstElement *source, const gchar *caps_text)
{
  Player player = player_new (source, caps_text);

  fail_if (gst_element_set_state (player.pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
  return player;
}

static inline void
player_free (Player *player)
{
  open_pipelines = g_slist_remove (open_pipelines, player->pipeline);
  gst_element_set_state (player->pipeline, GST_STATE_NULL);
  gst_object_unref (player->pipeline);
}

/* Waits until a change of state is over. A flush before that, sent past the pipeline to an element,
 * takes the sink back to PAUSED while the pipeline is still on its way to PLAYING and no longer
 * looks
 * at it: the sink stays in PAUSED for ever. */
static inline void
player_settle (Player *player)
{
  fail_unless_equals_int (
      gst_element_get_state (player->pipeline, NULL, NULL, PATIENCE), GST_STATE_CHANGE_SUCCESS);
}

/* A flushing seek, answered by `element`: the pipeline or the source itself. */
static inline void
player_seek (Player *player, GstElement *element, GstFormat format, gint64 start, gint64 stop)
{
  player_settle (player);
  fail_unless (gst_element_seek (element, 1.0, format, GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE,
      GST_SEEK_TYPE_SET, start, stop >= 0 ? GST_SEEK_TYPE_SET : GST_SEEK_TYPE_NONE, stop));
}

/* Every change of state returns within what is promised. */
static inline void
set_state_in_time (GstElement *element, GstState state)
{
  gint64 began = g_get_monotonic_time (), took;

  fail_if (gst_element_set_state (element, state) == GST_STATE_CHANGE_FAILURE);
  took = g_get_monotonic_time () - began;
  fail_unless (took < PROMISED_US, "%s took %" G_GINT64_FORMAT " us",
      gst_element_state_get_name (state), took);
}

/* The teardown of every test case. */
static inline void
free_open_pipelines (void)
{
  while (open_pipelines != NULL) {
    Player player = { open_pipelines->data, NULL, NULL };

    player_free (&player);
  }
}

/* The next frame; NULL at the end. */
static inline GstBuffer *
player_pull (Player *player)
{
  GstSample *sample = gst_app_sink_try_pull_sample (GST_APP_SINK (player->sink), PATIENCE);
  GstBuffer *buffer;

  if (sample == NULL) {
    fail_unless (gst_app_sink_is_eos (GST_APP_SINK (player->sink)), "no frame and no end came");
    return NULL;
  }
  buffer = gst_buffer_ref (gst_sample_get_buffer (sample));
  gst_sample_unref (sample);
  return buffer;
}

/* Pulls a frame that must come, with this number. */
static inline GstBuffer *
player_expect (Player *player, guint64 number)
{
  GstBuffer *buffer = player_pull (player);

  fail_unless (buffer != NULL, "frame %" G_GUINT64_FORMAT " did not come", number);
  fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), number);
  return buffer;
}

static inline void
player_skip (Player *player, guint64 from, guint count)
{
  for (guint64 i = from; i < from + count; i++)
    gst_buffer_unref (player_expect (player, i));
}

static inline gchar *
checksum (GstBuffer *buffer)
{
  GstMapInfo map;
  gchar *sum;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  return sum;
}

/* Pulls frame `number` and compares its bytes. */
static inline void
player_compare (Player *player, guint64 number, const gchar *expected)
{
  GstBuffer *buffer = player_expect (player, number);
  gchar *sum = checksum (buffer);

  fail_unless_equals_string (sum, expected);
  g_free (sum);
  gst_buffer_unref (buffer);
}

/* The checksums of a whole clip, in order; there must be so many frames. */
static inline GPtrArray *
clip_checksums (GstElement *source, guint frames)
{
  GPtrArray *sums = g_ptr_array_new_with_free_func (g_free);
  Player player = player_start (source, NULL);

  for (guint i = 0; i < frames; i++) {
    GstBuffer *buffer = player_expect (&player, i);

    g_ptr_array_add (sums, checksum (buffer));
    gst_buffer_unref (buffer);
  }
  fail_unless (player_pull (&player) == NULL);
  player_free (&player);
  return sums;
}

/* The next message of these types from the pipeline. */
static inline GstMessage *
wait_message (GstElement *pipeline, GstMessageType types)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (bus, PATIENCE, types);

  gst_object_unref (bus);
  fail_unless (message != NULL, "no %s message came", gst_message_type_get_name (types));
  return message;
}

static inline GstProgressType
next_progress (GstElement *pipeline)
{
  GstMessage *message = wait_message (pipeline, GST_MESSAGE_PROGRESS);
  GstProgressType type;

  gst_message_parse_progress (message, &type, NULL, NULL);
  gst_message_unref (message);
  return type;
}

static inline GstStructure *
provenance (GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "ZoetropeProvenance");

  return meta ? gst_custom_meta_get_structure (meta) : NULL;
}

/* With ZT_TEST_LEAK an element is forgotten on purpose: the control of run_check.py's search. */
#define TEST_MAIN(suite)                                                                           \
  int main (int argc, char **argv)                                                                 \
  {                                                                                                \
    int failed;                                                                                    \
    gst_check_init (&argc, &argv);                                                                 \
    if (g_getenv ("ZT_TEST_LEAK")) {                                                               \
      gst_object_ref_sink (make_source ("forgotten", 1, 0));                                       \
      gst_deinit ();                                                                               \
      return 0;                                                                                    \
    }                                                                                              \
    failed = gst_check_run_suite (suite (), #suite, __FILE__);                                     \
    /* What a failed case left running would hold up the way out. */                               \
    if (failed) {                                                                                  \
      fflush (NULL);                                                                               \
      _exit (1);                                                                                   \
    }                                                                                              \
    return 0;                                                                                      \
  }
