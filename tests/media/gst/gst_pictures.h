/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_pictures.h - what the tests of i2v share: pictures, harnesses, and errors
 *
 * Always on the test card, which shows the picture under its moving marks.
 */
#pragma once

#include <string.h>

#include "gst_common.h"

#define WIDTH      256
#define HEIGHT     144
/* 18 rows are the counter, 31 meet the square. */
#define WHOLE_ROWS (HEIGHT - 18 - 31)
#define RGB        "video/x-raw,format=RGB,width=256,height=144,framerate=25/1,colorimetry=sRGB"

static inline GstElement *
make_animator (gint64 frames, const gchar *options)
{
  GstElement *element = gst_element_factory_make ("i2v", NULL);

  fail_unless (element != NULL, "i2v is not registered");
  g_object_set (element, "model", "testcard", "prompt", "a red fox", "frames", frames, NULL);
  if (options != NULL)
    gst_util_set_object_arg (G_OBJECT (element), "engine-opts", options);
  return element;
}

/* Not closed yet, so that a failed test leaves no thread behind. */
static GSList *open_harnesses;

static inline void
close_harness (GstHarness *harness)
{
  open_harnesses = g_slist_remove (open_harnesses, harness);
  gst_harness_teardown (harness);
}

static inline void
teardown (void)
{
  while (open_harnesses != NULL)
    close_harness (open_harnesses->data);
  free_open_pipelines ();
}

/* Takes the element. */
static inline GstHarness *
harness_of (GstElement *element, const gchar *sink_caps)
{
  GstHarness *harness = gst_harness_new_with_element (element, "sink", "src");

  open_harnesses = g_slist_prepend (open_harnesses, harness);
  gst_object_unref (element);
  gst_harness_set_sink_caps_str (harness, sink_caps);
  gst_harness_set_src_caps_str (harness, RGB);
  gst_harness_play (harness);
  return harness;
}

/* Every byte another than its neighbours'. */
static inline GstBuffer *
make_picture (guint8 shift)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 3 * WIDTH * HEIGHT, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < map.size; i++)
    map.data[i] = (guint8) (7 * i + i / (3 * WIDTH) + shift);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = 0;
  return buffer;
}

/* Rows of frame that are the picture's from side to side. */
static inline gint
equal_rows (GstBuffer *frame, GstBuffer *picture)
{
  GstMapInfo a, b;
  gint rows = 0;

  gst_buffer_map (frame, &a, GST_MAP_READ);
  gst_buffer_map (picture, &b, GST_MAP_READ);
  fail_unless_equals_uint64 (a.size, b.size);
  for (gsize at = 0; at < a.size; at += 3 * WIDTH)
    rows += memcmp (a.data + at, b.data + at, 3 * WIDTH) == 0;
  gst_buffer_unmap (picture, &b);
  gst_buffer_unmap (frame, &a);
  return rows;
}

#define INPUT "videotestsrc pattern=smpte ! video/x-raw,width=64,height=48 ! "

/* The error that this pipeline ends with says this. */
static inline void
expect_error (const gchar *line, const gchar *words)
{
  Player player = player_parse (line);
  GstMessage *message;
  GError *error = NULL;

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  message = wait_message (player.pipeline, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (strstr (error->message, words) != NULL, "%s: expected %s, got %s", line, words,
      error->message);
  g_error_free (error);
  gst_message_unref (message);
  player_free (&player);
}
