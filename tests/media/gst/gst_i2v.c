/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_i2v.c - i2v: the picture that arrives, the input that is told to stop, waits that end
 *
 * Always on the test card, which shows the picture under its moving marks. What i2v has in common
 * with t2vsrc is tested there.
 */
#include <gst/app/gstappsrc.h>
#include <string.h>

#include "gst_pictures.h"

GST_START_TEST (picture_arrives_and_the_input_stops)
{
  GstHarness *harness = harness_of (make_animator (24, NULL), RGB);
  GstBuffer *picture = make_picture (0);

  /* One is enough; whatever else comes hears that it is over. */
  fail_unless_equals_int (gst_harness_push (harness, gst_buffer_ref (picture)), GST_FLOW_EOS);
  fail_unless_equals_int (gst_harness_push (harness, make_picture (99)), GST_FLOW_EOS);
  fail_unless (gst_harness_push_event (harness, gst_event_new_eos ()));
  for (guint i = 0; i < 24; i++) {
    GstBuffer *frame = gst_harness_pull (harness);

    fail_unless (frame != NULL, "frame %u did not come", i);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (frame), i);
    fail_unless_equals_uint64 (GST_BUFFER_PTS (frame), gst_util_uint64_scale (i, GST_SECOND, 25));
    if (i == 0)
      fail_unless_equals_int (equal_rows (frame, picture), WHOLE_ROWS);
    gst_buffer_unref (frame);
  }
  gst_buffer_unref (picture);
  close_harness (harness);
}
GST_END_TEST;

/* The same red in the colours of each kind of input. */
GST_START_TEST (colours_are_read_by_the_caps)
{
  static const struct {
    const gchar *caps;
    guint8 y, u, v;
  } inputs[] = {
    { "format=Y444,colorimetry=bt709", 63, 102, 240 },
    { "format=Y444,colorimetry=bt601", 81, 90, 240 },
    { "format=I420,colorimetry=bt601", 81, 90, 240 },
    { "format=Y42B,colorimetry=1:4:0:0,chroma-site=jpeg", 76, 85, 255 },
  };

  for (guint n = 0; n < G_N_ELEMENTS (inputs); n++) {
    gchar *caps = g_strdup_printf ("video/x-raw,width=64,height=48,"
                                   "framerate=25/1,%s",
        inputs[n].caps);
    GstHarness *harness = gst_harness_new_with_element (make_animator (1, NULL), "sink", "src");
    GstBuffer *picture, *frame;
    GstVideoInfo info;
    GstMapInfo map;
    GstCaps *parsed = gst_caps_from_string (caps);

    open_harnesses = g_slist_prepend (open_harnesses, harness);
    gst_harness_set_sink_caps_str (harness, RGB);
    fail_unless (gst_video_info_from_caps (&info, parsed));
    gst_caps_unref (parsed);
    gst_object_unref (harness->element);
    gst_harness_set_src_caps_str (harness, caps);
    gst_harness_play (harness);
    picture = gst_buffer_new_allocate (NULL, info.size, NULL);
    gst_buffer_map (picture, &map, GST_MAP_WRITE);
    memset (map.data, inputs[n].v, map.size);
    memset (map.data, inputs[n].u, info.offset[2]);
    memset (map.data, inputs[n].y, info.offset[1]);
    gst_buffer_unmap (picture, &map);
    gst_harness_push (harness, picture);
    frame = gst_harness_pull (harness);
    fail_unless (frame != NULL);
    gst_buffer_map (frame, &map, GST_MAP_READ);
    fail_unless (map.data[0] >= 253 && map.data[1] <= 2 && map.data[2] <= 2,
        "%s: expected red, got %d %d %d", caps, map.data[0], map.data[1], map.data[2]);
    gst_buffer_unmap (frame, &map);
    gst_buffer_unref (frame);
    close_harness (harness);
    g_free (caps);
  }
}
GST_END_TEST;

/* A flush from upstream drops the picture and what was made of it. */
GST_START_TEST (flush_takes_another_picture)
{
  GstHarness *harness = harness_of (make_animator (240, NULL), RGB);
  GstBuffer *old = make_picture (0), *fresh = make_picture (50), *frame;
  GstSegment segment;
  guint tries = 0;

  gst_harness_push (harness, gst_buffer_ref (old));
  gst_buffer_unref (gst_harness_pull (harness));
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_start ()));
  while ((frame = gst_harness_try_pull (harness)) != NULL)
    gst_buffer_unref (frame);
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
  fail_unless_equals_int (gst_harness_push (harness, gst_buffer_ref (fresh)), GST_FLOW_EOS);
  do {
    frame = gst_harness_pull (harness);
    fail_unless (frame != NULL && tries++ < 240);
    if (GST_BUFFER_OFFSET (frame) != 0)
      gst_clear_buffer (&frame);
  } while (frame == NULL);
  fail_unless_equals_int (equal_rows (frame, fresh), WHOLE_ROWS);
  fail_unless_equals_int (equal_rows (frame, old), 0);
  gst_buffer_unref (frame);
  gst_buffer_unref (old);
  gst_buffer_unref (fresh);
  close_harness (harness);
}
GST_END_TEST;

#define ANIMATE "i2v name=source model=testcard prompt=x frames=48 "

GST_START_TEST (seek_finds_the_same_frames)
{
  Player player = player_parse (INPUT ANIMATE "! appsink name=sink sync=false max-buffers=1");
  GPtrArray *sums = g_ptr_array_new_with_free_func (g_free);
  GstElement *source = gst_bin_get_by_name (GST_BIN (player.pipeline), "source");
  gint64 duration = 0;

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < 30; i++) {
    GstBuffer *buffer = player_expect (&player, i);

    g_ptr_array_add (sums, checksum (buffer));
    gst_buffer_unref (buffer);
  }
  fail_unless (gst_element_query_duration (player.pipeline, GST_FORMAT_TIME, &duration));
  fail_unless_equals_int64 (duration, 2 * GST_SECOND);
  player_seek (&player, source, GST_FORMAT_TIME, GST_SECOND / 2, -1);
  for (guint i = 12; i < 30; i++)
    player_compare (&player, i, sums->pdata[i]);
  player_skip (&player, 30, 18);
  fail_unless (player_pull (&player) == NULL);
  gst_object_unref (source);
  g_ptr_array_unref (sums);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (states_again_and_again)
{
  Player player = player_parse (INPUT ANIMATE "! appsink name=sink sync=false max-buffers=1");
  gchar *first = NULL;

  for (gint round = 0; round < 20; round++) {
    GstBuffer *buffer;
    gchar *sum;

    gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
    buffer = player_expect (&player, 0);
    sum = checksum (buffer);
    if (first == NULL)
      first = g_strdup (sum);
    fail_unless_equals_string (sum, first);
    g_free (sum);
    gst_buffer_unref (buffer);
    set_state_in_time (player.pipeline, GST_STATE_NULL);
  }
  g_free (first);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (null_ends_every_wait)
{
  /* For a picture that does not come, and for a chunk that is never done. */
  static const gchar *const lines[] = {
    "appsrc ! " ANIMATE "! appsink name=sink sync=false",
    INPUT "i2v model=testcard prompt=x engine-opts=o,delay_ms=60000 "
          "! appsink name=sink sync=false",
  };

  for (guint n = 0; n < G_N_ELEMENTS (lines); n++) {
    Player player = player_parse (lines[n]);

    for (gint round = 0; round < 5; round++) {
      gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
      fail_unless (
          gst_app_sink_try_pull_sample (GST_APP_SINK (player.sink), 20 * GST_MSECOND) == NULL);
      set_state_in_time (player.pipeline, GST_STATE_NULL);
    }
    player_free (&player);
  }
}
GST_END_TEST;

/* Pushes pictures, the first of them by the name of their appsrc, until NULL; each source then
 * ends. */
static void
give_pictures (Player *player, ...)
{
  const gchar *name;
  va_list args;

  va_start (args, player);
  while ((name = va_arg (args, const gchar *)) != NULL) {
    GstElement *source = gst_bin_get_by_name (GST_BIN (player->pipeline), name);
    GstBuffer *picture = va_arg (args, GstBuffer *);
    GstCaps *caps = gst_caps_from_string (RGB);

    g_object_set (source, "caps", caps, "format", GST_FORMAT_TIME, NULL);
    gst_caps_unref (caps);
    gst_app_src_push_buffer (GST_APP_SRC (source), gst_buffer_ref (picture));
    gst_object_unref (source);
  }
  va_end (args);
}

#define MANY_PICTURES                                                                              \
  "i2v name=i model=testcard prompt=x frames=24 ! " RGB " ! "                                      \
  "appsink name=sink sync=false appsrc name=first ! i.sink "

/* White above, black below: there, every frame is the picture, whatever moves. */
GST_START_TEST (mask_keeps_what_is_black)
{
  Player player = player_parse (MANY_PICTURES "appsrc name=mask ! i.mask");
  GstBuffer *picture = make_picture (0);
  GstBuffer *mask = gst_buffer_new_allocate (NULL, 3 * WIDTH * HEIGHT, NULL);
  const gsize half = 3 * WIDTH * HEIGHT / 2;
  GstMapInfo map, made;
  gint moved = 0;

  gst_buffer_memset (mask, 0, 255, half);
  gst_buffer_memset (mask, half, 0, half);
  give_pictures (&player, "first", picture, "mask", mask, NULL);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  gst_buffer_map (picture, &map, GST_MAP_READ);
  for (guint i = 0; i < 24; i++) {
    GstBuffer *frame = player_expect (&player, i);

    gst_buffer_map (frame, &made, GST_MAP_READ);
    fail_unless_equals_uint64 (made.size, map.size);
    fail_unless (memcmp (made.data + half, map.data + half, half) == 0);
    moved += memcmp (made.data, map.data, half) != 0;
    gst_buffer_unmap (frame, &made);
    gst_buffer_unref (frame);
  }
  fail_unless_equals_int (moved, 24);
  fail_unless (player_pull (&player) == NULL);
  gst_buffer_unmap (picture, &map);
  gst_buffer_unref (picture);
  gst_buffer_unref (mask);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (last_picture_ends_the_clip)
{
  Player player = player_parse (MANY_PICTURES "appsrc name=last ! i.last");
  GstBuffer *begin = make_picture (0), *last = make_picture (90), *frame;

  give_pictures (&player, "last", last, "first", begin, NULL);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  frame = player_expect (&player, 0);
  fail_unless_equals_int (equal_rows (frame, begin), WHOLE_ROWS);
  gst_buffer_unref (frame);
  player_skip (&player, 1, 22);
  frame = player_expect (&player, 23);
  fail_unless_equals_int (equal_rows (frame, last), WHOLE_ROWS);
  fail_unless_equals_int (equal_rows (frame, begin), 0);
  gst_buffer_unref (frame);
  gst_buffer_unref (begin);
  gst_buffer_unref (last);
  player_free (&player);
}
GST_END_TEST;

/* What conditions is settled before the start; a pad that is gone is waited for no more. */
GST_START_TEST (request_pads_come_and_go)
{
  Player player = player_parse (INPUT ANIMATE "! appsink name=sink sync=false max-buffers=1");
  GstElement *source = gst_bin_get_by_name (GST_BIN (player.pipeline), "source");
  GstPad *mask = gst_element_request_pad_simple (source, "mask");

  fail_unless (mask != NULL);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  fail_unless (gst_element_request_pad_simple (source, "last") == NULL);
  gst_element_release_request_pad (source, mask);
  gst_object_unref (mask);
  player_skip (&player, 0, 48);
  fail_unless (player_pull (&player) == NULL);
  gst_object_unref (source);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (errors_are_told)
{
  expect_error ("videotestsrc num-buffers=0 ! " ANIMATE "! appsink name=sink",
      "input: expected a picture, got none before its end");
  expect_error ("i2v name=i model=testcard prompt=x ! appsink name=sink " INPUT
                "i.sink videotestsrc num-buffers=0 ! i.mask",
      "mask: expected a picture, got none before its end");
  expect_error (INPUT "i2v model=testcard prompt=x "
                      "engine-opts=o,image=never ! appsink name=sink",
      "image: expected none (this model takes no picture), got 1");
  expect_error (INPUT "i2v model=testcard ! appsink name=sink", "prompt: expected one of");
  expect_error (INPUT "i2v model=testcard prompt=x context=2 ! "
                      "appsink name=sink",
      "context: expected 0 "
      "(mode=animate looks at one picture), got 2");
  expect_error ("t2vsrc model=testcard prompt=x engine-opts=o,image=required "
                "! appsink name=sink",
      "first image: expected one");
  /* What the model cannot, each by its own name. */
  expect_error (INPUT "i2v model=testcard prompt=x loop=true ! appsink "
                      "name=sink",
      "loop: expected 0 (this model cannot close a clip), got 1");
  expect_error (INPUT "i2v model=testcard prompt=x motion=0.5 ! appsink "
                      "name=sink",
      "motion: expected 1 (this model has no other), got 0.5");
  expect_error (INPUT "i2v model=testcard prompt=x tempo=2 ! appsink "
                      "name=sink",
      "tempo: expected 1 (this model has no other), got 2");
}
GST_END_TEST;

static Suite *
gst_i2v (void)
{
  Suite *suite = suite_create ("gst_i2v");
  TCase *tc = tcase_create ("i2v");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 180);
  tcase_add_checked_fixture (tc, NULL, teardown);
  tcase_add_test (tc, picture_arrives_and_the_input_stops);
  tcase_add_test (tc, colours_are_read_by_the_caps);
  tcase_add_test (tc, flush_takes_another_picture);
  tcase_add_test (tc, seek_finds_the_same_frames);
  tcase_add_test (tc, states_again_and_again);
  tcase_add_test (tc, null_ends_every_wait);
  tcase_add_test (tc, mask_keeps_what_is_black);
  tcase_add_test (tc, last_picture_ends_the_clip);
  tcase_add_test (tc, request_pads_come_and_go);
  tcase_add_test (tc, errors_are_told);
  return suite;
}

TEST_MAIN (gst_i2v)
