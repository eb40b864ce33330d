/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_extend.c - i2v with mode=extend: what passes through, what follows, waits that end, refusals
 */
#include "gst_pictures.h"

#define CLIP   "videotestsrc pattern=ball num-buffers=30 ! "
#define EXTEND "i2v name=source model=testcard prompt=x mode=extend frames=24 "

/* The input comes out bit for bit, then new frames follow without a gap, from its newest. */
GST_START_TEST (extend_passes_and_goes_on)
{
  static const gchar *const formats[] = { RGB,
    "video/x-raw,format=I420,width=128,height=80,framerate=30000/1001,"
    "colorimetry=bt709" };
  gchar *input = g_strdup_printf ("%s%s ! ", CLIP, formats[__i__]);
  gchar *line = g_strconcat (input, "appsink name=sink sync=false", NULL);
  gchar *extended =
      g_strconcat (input, EXTEND "! appsink name=sink sync=false max-buffers=1", NULL);
  GPtrArray *sums = g_ptr_array_new_with_free_func (g_free);
  GstBuffer *buffer, *newest = NULL;
  GstClockTime next = 0;
  gint64 duration = 0;
  Player player = player_parse (line);

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  while ((buffer = player_pull (&player)) != NULL) {
    g_ptr_array_add (sums, checksum (buffer));
    gst_buffer_unref (buffer);
  }
  player_free (&player);
  fail_unless_equals_int (sums->len, 30);

  player = player_parse (extended);
  for (gint round = 0; round < 2; round++, next = 0) {
    gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
    for (guint i = 0; i < 54; i++) {
      buffer = player_expect (&player, i);
      /* A nanosecond either way is rounding. */
      fail_unless (GST_BUFFER_PTS (buffer) + 1 >= next && GST_BUFFER_PTS (buffer) <= next + 1);
      next = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
      fail_unless_equals_int (provenance (buffer) != NULL, i >= 30);
      if (i < 30) {
        gchar *sum = checksum (buffer);

        fail_unless_equals_string (sum, sums->pdata[i]);
        g_free (sum);
      }
      if (i == 29)
        newest = gst_buffer_ref (buffer);
      if (i == 30 && __i__ == 0)
        fail_unless (equal_rows (buffer, newest) >= WHOLE_ROWS);
      gst_buffer_unref (buffer);
    }
    fail_unless (player_pull (&player) == NULL);
    gst_clear_buffer (&newest);
    fail_if (gst_element_seek_simple (player.pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));
    fail_unless (!gst_element_query_duration (player.pipeline, GST_FORMAT_TIME, &duration) ||
                 duration == -1);
    set_state_in_time (player.pipeline, GST_STATE_NULL);
  }
  player_free (&player);
  g_ptr_array_unref (sums);
  g_free (extended);
  g_free (line);
  g_free (input);
}
GST_END_TEST;

/* A flush from upstream begins anew, and forgets what has passed. */
GST_START_TEST (flush_extends_anew)
{
  GstElement *element = make_animator (24, NULL);
  GstHarness *harness;
  GstSegment segment;
  GstBuffer *frame;

  gst_util_set_object_arg (G_OBJECT (element), "mode", "extend");
  harness = harness_of (element, RGB);
  for (guint i = 0; i < 3; i++) {
    fail_unless_equals_int (gst_harness_push (harness, make_picture (i)), GST_FLOW_OK);
    frame = gst_harness_pull (harness);
    fail_unless (frame != NULL);
    gst_buffer_unref (frame);
  }
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_start ()));
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
  fail_unless_equals_int (gst_harness_push (harness, make_picture (50)), GST_FLOW_OK);
  fail_unless (gst_harness_push_event (harness, gst_event_new_eos ()));
  for (guint i = 0; i < 25; i++) {
    frame = gst_harness_pull (harness);
    fail_unless (frame != NULL, "frame %u did not come", i);
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (frame), i);
    if (i < 2) {
      GstBuffer *picture = make_picture (50);

      fail_unless_equals_int (equal_rows (frame, picture), i == 0 ? HEIGHT : WHOLE_ROWS);
      gst_buffer_unref (picture);
    }
    gst_buffer_unref (frame);
  }
  close_harness (harness);
}
GST_END_TEST;

/* Black stays as in the newest frame. */
GST_START_TEST (extend_with_a_mask)
{
  Player player = player_parse (
      CLIP RGB " ! i.sink i2v name=i model=testcard "
               "prompt=x mode=extend context=3 frames=24 ! appsink name=sink sync=false "
               "max-buffers=1 videotestsrc pattern=black num-buffers=1 ! " RGB " ! i.mask");
  GstBuffer *buffer;
  gchar *newest;

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  player_skip (&player, 0, 29);
  buffer = player_expect (&player, 29);
  newest = checksum (buffer);
  gst_buffer_unref (buffer);
  for (guint i = 30; i < 54; i++)
    player_compare (&player, i, newest);
  fail_unless (player_pull (&player) == NULL);
  g_free (newest);
  player_free (&player);
}
GST_END_TEST;

/* Nobody takes what passes, or nothing comes. */
GST_START_TEST (null_ends_what_passes)
{
  static const gchar *const lines[] = {
    "videotestsrc ! " RGB " ! " EXTEND "! appsink name=sink sync=false max-buffers=1",
    "appsrc format=time caps=" RGB " ! " EXTEND "! appsink name=sink sync=false max-buffers=1",
  };

  for (guint n = 0; n < G_N_ELEMENTS (lines); n++) {
    Player player = player_parse (lines[n]);

    for (gint round = 0; round < 5; round++) {
      gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
      if (n == 0)
        player_skip (&player, 0, round);
      set_state_in_time (player.pipeline, GST_STATE_NULL);
    }
    player_free (&player);
  }
}
GST_END_TEST;

GST_START_TEST (refusals_say_what_is_wrong)
{
  expect_error ("videotestsrc ! video/x-raw,width=251 ! " EXTEND "! appsink name=sink",
      "width: expected [ 16, 4096, 2 ], got 251 from the input");
  expect_error ("videotestsrc ! video/x-raw,format=RGB,framerate=1/7 ! " EXTEND
                "! appsink name=sink",
      "framerate: expected");
  expect_error ("videotestsrc num-buffers=0 ! " EXTEND "! appsink name=sink",
      "input: expected a picture, got none before its end");
  expect_error (INPUT EXTEND "context=60 ! appsink name=sink", "history: expected at most 16");
  expect_error (
      INPUT EXTEND "is-live=true ! appsink name=sink", "is-live: expected false with mode=extend");
  expect_error (INPUT EXTEND "engine-opts=o,image=never ! appsink name=sink",
      "image: expected none (this model takes no picture)");
}
GST_END_TEST;

static Suite *
gst_extend (void)
{
  Suite *suite = suite_create ("gst_extend");
  TCase *tc = tcase_create ("extend");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 180);
  tcase_add_checked_fixture (tc, NULL, teardown);
  tcase_add_loop_test (tc, extend_passes_and_goes_on, 0, 2);
  tcase_add_test (tc, flush_extends_anew);
  tcase_add_test (tc, extend_with_a_mask);
  tcase_add_test (tc, null_ends_what_passes);
  tcase_add_test (tc, refusals_say_what_is_wrong);
  return suite;
}

TEST_MAIN (gst_extend)
