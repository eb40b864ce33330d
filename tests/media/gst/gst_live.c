/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_live.c - directing while it plays: prompts as text, and the clock
 *
 * Always on the test card, twelve frames a chunk. What each frame obeys is read from its marks.
 */
#include <gst/app/gstappsrc.h>
#include <gst/check/gsttestclock.h>
#include <string.h>

#include "gst_common.h"

#define TEXT "appsrc name=text format=time caps=text/x-raw,format=utf8 ! source.text "
#define CARD "t2vsrc name=source model=testcard metadata-prompt=true "
#define SINK "! appsink name=sink sync=false max-buffers=1 "

/* A text for this time, GST_CLOCK_TIME_NONE = without one; NULL = the end. */
static void
give_text (Player *player, const gchar *words, GstClockTime time)
{
  GstElement *source = gst_bin_get_by_name (GST_BIN (player->pipeline), "text");
  GstBuffer *buffer;

  if (words == NULL) {
    gst_app_src_end_of_stream (GST_APP_SRC (source));
  } else {
    buffer = gst_buffer_new_memdup (words, strlen (words));
    GST_BUFFER_PTS (buffer) = time;
    gst_app_src_push_buffer (GST_APP_SRC (source), buffer);
  }
  gst_object_unref (source);
}

static GstPadProbeReturn
tell_end (GstPad *pad, GstPadProbeInfo *info, gpointer queue)
{
  if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_EOS)
    g_async_queue_push (queue, pad);
  return GST_PAD_PROBE_OK;
}

/* A queue that gets something when all texts have come in. */
static GAsyncQueue *
watch_text_end (Player *player)
{
  GstElement *source = gst_bin_get_by_name (GST_BIN (player->pipeline), "source");
  GstPad *pad = gst_element_get_static_pad (source, "text");
  GAsyncQueue *queue = g_async_queue_new ();

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, tell_end, g_async_queue_ref (queue),
      (GDestroyNotify) g_async_queue_unref);
  gst_object_unref (pad);
  gst_object_unref (source);
  return queue;
}

static void
wait_text_end (GAsyncQueue *queue)
{
  fail_unless (
      g_async_queue_timeout_pop (queue, PATIENCE / GST_USECOND) != NULL, "the texts did not end");
}

/* The next frame, with this number, obeys this prompt. */
static void
expect_prompt (Player *player, guint64 number, const gchar *prompt)
{
  GstBuffer *buffer = player_expect (player, number);
  const gchar *obeyed = gst_structure_get_string (provenance (buffer), "prompt");

  fail_unless (g_str_equal (obeyed, prompt),
      "frame %" G_GUINT64_FORMAT ": expected \"%s\", got \"%s\"", number, prompt, obeyed);
  gst_buffer_unref (buffer);
}

/* With prefetch 0 a chunk begins when its first frame is wanted, so a text for that frame is in
 * time. */
GST_START_TEST (texts_come_when_it_is_time)
{
  Player player = player_parse (CARD "prompt=one frames=96 prefetch=0 " SINK TEXT);
  GAsyncQueue *ended = watch_text_end (&player);

  give_text (&player, "two", GST_SECOND);
  give_text (&player, "three", 2 * GST_SECOND + GST_SECOND / 4);
  /* Of those whose time has come, the last counts. */
  give_text (&player, "stale", 3 * GST_SECOND - 2);
  /* The milliseconds of a subtitle may be a frame's time rounded up. */
  give_text (&player, " four\nlines ", 3 * GST_SECOND + 400 * GST_USECOND);
  give_text (&player, NULL, 0);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  wait_text_end (ended);
  for (guint i = 0; i < 96; i++)
    expect_prompt (&player, i, i < 24 ? "one" : i < 60 ? "two" : i < 72 ? "three" : "four lines");
  fail_unless (player_pull (&player) == NULL);
  player_free (&player);
  g_async_queue_unref (ended);
}
GST_END_TEST;

/* No prompt: the first text is the prompt, whenever it comes, and again after a new start. */
GST_START_TEST (first_text_may_be_the_prompt)
{
  Player player = player_parse ("filesrc location=shots.srt ! subparse ! "
                                "source.text " CARD "frames=72 prefetch=0 " SINK);
  GAsyncQueue *ended = watch_text_end (&player);
  gchar *prompt = NULL;
  GError *error = NULL;

  fail_unless (g_file_set_contents ("shots.srt",
      "1\n00:00:00,000 --> 00:00:01,000\na <i>red</i>\nfox\n\n"
      "2\n00:00:02,000 --> 00:00:03,000\na blue cat & a dog\n\n",
      -1, &error));
  for (gint round = 0; round < 2; round++) {
    player.source = gst_bin_get_by_name (GST_BIN (player.pipeline), "source");
    gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
    wait_text_end (ended);
    for (guint i = 0; i < 48; i++)
      expect_prompt (&player, i, "a red fox");
    player_skip (&player, 48, 24);
    fail_unless (player_pull (&player) == NULL);
    g_object_get (player.source, "prompt", &prompt, NULL);
    fail_unless_equals_string (prompt, "a blue cat & a dog");
    g_free (prompt);
    gst_element_set_state (player.pipeline, GST_STATE_NULL);
    g_object_get (player.source, "prompt", &prompt, NULL);
    fail_unless (prompt == NULL || *prompt == 0);
    g_clear_pointer (&prompt, g_free);
    gst_object_unref (player.source);
  }
  player_free (&player);
  g_async_queue_unref (ended);
}
GST_END_TEST;

/* A text without a time is for now: within prefetch + 1 chunks all obey it. */
GST_START_TEST (text_without_a_time_is_for_now)
{
  Player player = player_parse (CARD "prompt=one frames=-1 " SINK TEXT);
  guint number = 0, since = 0;
  GstMessage *message;

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  for (; number < 30; number++)
    expect_prompt (&player, number, "one");
  give_text (&player, "two", GST_CLOCK_TIME_NONE);
  do {
    GstBuffer *buffer = player_expect (&player, number++);
    const gchar *obeyed = gst_structure_get_string (provenance (buffer), "prompt");

    /* The rest of a chunk, two chunks ahead, and what is in the sink's hands. */
    since = g_str_equal (obeyed, "two") ? 0 : since + 1;
    gst_buffer_unref (buffer);
    fail_unless (number < 2000, "the text was never obeyed");
  } while (since > 0);
  for (guint i = 0; i < 60; i++, number++)
    expect_prompt (&player, number, "two");

  /* What is no text is refused, and changes nothing. */
  give_text (&player, "\xff\xfe", GST_CLOCK_TIME_NONE);
  message = wait_message (player.pipeline, GST_MESSAGE_WARNING);
  gst_message_unref (message);
  for (guint i = 0; i < 30; i++, number++)
    expect_prompt (&player, number, "two");
  player_free (&player);
}
GST_END_TEST;

/* A first text that never comes, and a pad that is full. */
GST_START_TEST (waits_for_text_end)
{
  Player player = player_parse (CARD "frames=24 " SINK TEXT);
  GstMessage *message;
  GError *error = NULL;

  for (gint round = 0; round < 3; round++) {
    gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
    fail_unless (
        gst_app_sink_try_pull_sample (GST_APP_SINK (player.sink), 20 * GST_MSECOND) == NULL);
    set_state_in_time (player.pipeline, GST_STATE_NULL);
  }
  player_free (&player);

  player = player_parse (CARD "frames=24 " SINK TEXT);
  give_text (&player, NULL, 0);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  message = wait_message (player.pipeline, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (
      g_str_has_prefix (error->message, "text: expected a prompt, got none"), "%s", error->message);
  g_error_free (error);
  gst_message_unref (message);
  player_free (&player);

  player = player_parse (CARD "frames=24 prompt=x " SINK TEXT);
  for (gint i = 0; i < 40; i++)
    give_text (&player, "later", GST_SECOND * 1000);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  player_skip (&player, 0, 12);
  set_state_in_time (player.pipeline, GST_STATE_NULL);
  player_free (&player);
}
GST_END_TEST;

#define PERIOD (GST_SECOND / 25)

static void
wait_until_held (GstTestClock *clock)
{
  fail_unless (
      gst_test_clock_timed_wait_for_multiple_pending_ids (clock, 1, PATIENCE / GST_MSECOND, NULL),
      "nobody waits for the clock");
}

/* The next frame, which the source holds until its time: the clock goes there, if it is not past
 * it. */
static void
expect_tick (Player *player, GstTestClock *clock, guint64 number, GstClockTime time)
{
  GstBuffer *buffer;

  wait_until_held (clock);
  fail_unless (gst_test_clock_crank (clock));
  buffer = player_expect (player, number);
  fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), time);
  gst_buffer_unref (buffer);
}

/* On time, frame by frame; frames late by less than the latency keep their times; then the clock
 * runs away: the time line moves, QoS tells, nothing is lost. */
static void
follow_the_clock (const gchar *latency, GstClockTime told, gboolean late)
{
  gchar *line = g_strdup_printf (CARD "prompt=x frames=60 is-live=true %s ! "
                                      "video/x-raw,framerate=25/1 ! appsink name=sink sync=false",
      latency);
  Player player = player_parse (line);
  GstTestClock *clock = GST_TEST_CLOCK (gst_test_clock_new ());
  GstQuery *query = gst_query_new_latency ();
  GstBus *bus = gst_element_get_bus (player.pipeline);
  const GstClockTime jump = 30 * PERIOD + GST_SECOND;
  GstClockTime min, max;
  GstMessage *message;
  guint64 processed, dropped;
  gboolean live;
  gint64 jitter;

  player.source = gst_bin_get_by_name (GST_BIN (player.pipeline), "source");
  g_free (line);
  gst_pipeline_use_clock (GST_PIPELINE (player.pipeline), GST_CLOCK (clock));
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  for (guint i = 0; i < 10; i++)
    expect_tick (&player, clock, i, i * PERIOD);
  if (late) {
    /* Frame 10 is held; 11 and 12 come two frames and one late, 13 in time. */
    wait_until_held (clock);
    gst_test_clock_set_time (clock, 13 * PERIOD);
  }
  for (guint i = 10; i < 30; i++)
    expect_tick (&player, clock, i, i * PERIOD);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_QOS) == NULL);

  fail_unless (gst_element_query (player.source, query));
  gst_query_parse_latency (query, &live, &min, &max);
  fail_unless (live && max == GST_CLOCK_TIME_NONE);
  fail_unless_equals_uint64 (min, told);
  gst_query_unref (query);
  fail_if (gst_element_seek_simple (player.source, GST_FORMAT_TIME, GST_SEEK_FLAG_NONE, 0));
  fail_if (gst_element_seek_simple (player.pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, 0));

  /* Frame 30 was there in time and is held; 31 is made a second later. */
  wait_until_held (clock);
  gst_test_clock_set_time (clock, jump);
  expect_tick (&player, clock, 30, 30 * PERIOD);
  for (guint i = 31; i < 60; i++)
    expect_tick (&player, clock, i, jump + (i - 31) * PERIOD);
  fail_unless (player_pull (&player) == NULL);

  message = gst_bus_pop_filtered (bus, GST_MESSAGE_QOS);
  fail_unless (message != NULL, "no QoS message came");
  gst_message_parse_qos_values (message, &jitter, NULL, NULL);
  fail_unless_equals_int64 (jitter, GST_SECOND - PERIOD);
  gst_message_parse_qos_stats (message, NULL, &processed, &dropped);
  fail_unless_equals_uint64 (processed, 31);
  fail_unless_equals_uint64 (dropped, 0);
  gst_message_unref (message);
  fail_unless (gst_bus_pop_filtered (bus, GST_MESSAGE_QOS) == NULL);
  gst_object_unref (bus);
  gst_object_unref (clock);
  gst_object_unref (player.source);
  player_free (&player);
}

GST_START_TEST (live_frames_follow_the_clock)
{
  follow_the_clock ("", 200 * GST_MSECOND, TRUE);
}
GST_END_TEST;

GST_START_TEST (live_without_latency_allows_one_frame)
{
  follow_the_clock ("latency=0", PERIOD, FALSE);
}
GST_END_TEST;

/* In a pipeline, with the real clock: no preroll, no faster than life, a prompt in time. */
GST_START_TEST (live_pipelines_keep_real_time)
{
  Player player = player_parse (CARD "prompt=one frames=-1 "
                                     "prefetch=0 is-live=true ! video/x-raw,framerate=30/1 ! "
                                     "appsink name=sink sync=true max-buffers=4");
  guint number = 0, changed = 0;
  gint64 began, took;

  player.source = gst_bin_get_by_name (GST_BIN (player.pipeline), "source");
  fail_unless_equals_int (
      gst_element_set_state (player.pipeline, GST_STATE_PAUSED), GST_STATE_CHANGE_NO_PREROLL);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  gst_buffer_unref (player_expect (&player, number++));
  began = g_get_monotonic_time ();
  for (; number < 7; number++)
    expect_prompt (&player, number, "one");
  g_object_set (player.source, "prompt", "two", NULL);
  for (; number < 45; number++) {
    GstBuffer *buffer = player_expect (&player, number);
    const gchar *obeyed = gst_structure_get_string (provenance (buffer), "prompt");

    if (g_str_equal (obeyed, "two") && changed == 0)
      changed = number;
    fail_if (changed > 0 && !g_str_equal (obeyed, "two"), "frame %u is stale", number);
    gst_buffer_unref (buffer);
  }
  took = g_get_monotonic_time () - began;
  /* At 7 of the frames seen, up to 4 more in the sink and 2 on their way: the next chunk but one.
   */
  fail_unless (changed >= 12 && changed <= 24, "obeyed from frame %u", changed);
  /* 44 frames, of which 6 may have been there before. */
  fail_unless (took > G_TIME_SPAN_SECOND, "44 frames in %" G_GINT64_FORMAT " us", took);
  gst_object_unref (player.source);
  player_free (&player);
}
GST_END_TEST;

static Suite *
gst_live (void)
{
  Suite *suite = suite_create ("gst_live");
  TCase *tc = tcase_create ("live");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 180);
  tcase_add_checked_fixture (tc, NULL, free_open_pipelines);
  tcase_add_test (tc, texts_come_when_it_is_time);
  tcase_add_test (tc, first_text_may_be_the_prompt);
  tcase_add_test (tc, text_without_a_time_is_for_now);
  tcase_add_test (tc, waits_for_text_end);
  tcase_add_test (tc, live_frames_follow_the_clock);
  tcase_add_test (tc, live_without_latency_allows_one_frame);
  tcase_add_test (tc, live_pipelines_keep_real_time);
  return suite;
}

TEST_MAIN (gst_live)
