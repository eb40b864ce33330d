/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_stream.c - what comes out of t2vsrc: caps, times, counts, marks, seeks, live changes
 */
#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>
#include <string.h>

#include "gst_common.h"

#define WORDS_LE (G_BYTE_ORDER == G_LITTLE_ENDIAN)

static const struct {
  const gchar *format, *colorimetry, *chroma_site;
} formats[] = {
  { "I420", "bt709", "mpeg2" },
  { "Y42B", "bt709", "mpeg2" },
  { "Y444", "bt709", NULL },
  { WORDS_LE ? "I420_10LE" : "I420_10BE", "bt709", "mpeg2" },
  { WORDS_LE ? "I422_10LE" : "I422_10BE", "bt709", "mpeg2" },
  { WORDS_LE ? "Y444_10LE" : "Y444_10BE", "bt709", NULL },
  { "GBR", "sRGB", NULL },
  { WORDS_LE ? "GBR_10LE" : "GBR_10BE", "sRGB", NULL },
  { "RGB", "sRGB", NULL },
};

GST_START_TEST (caps_tell_the_colours)
{
  Player player;
  GstCaps *caps;
  GstPad *pad;
  GstStructure *s;
  GstVideoInfo info;
  GstBuffer *buffer;
  gchar *wanted = g_strdup_printf ("video/x-raw, format=%s", formats[__i__].format);

  player = player_start (make_source ("a fox", 2, 0), wanted);
  buffer = player_expect (&player, 0);
  pad = gst_element_get_static_pad (player.sink, "sink");
  caps = gst_pad_get_current_caps (pad);
  gst_object_unref (pad);
  fail_unless (gst_video_info_from_caps (&info, caps));
  s = gst_caps_get_structure (caps, 0);
  fail_unless_equals_string (gst_structure_get_string (s, "format"), formats[__i__].format);
  fail_unless_equals_string (
      gst_structure_get_string (s, "colorimetry"), formats[__i__].colorimetry);
  fail_unless_equals_string (
      gst_structure_get_string (s, "chroma-site"), formats[__i__].chroma_site);
  fail_unless_equals_string (gst_structure_get_string (s, "interlace-mode"), "progressive");
  fail_unless_equals_int (info.width, 256);
  fail_unless_equals_int (info.height, 144);
  fail_unless_equals_int (info.fps_n, 24);
  fail_unless_equals_int (info.fps_d, 1);
  fail_unless_equals_int (info.par_n, 1);
  fail_unless_equals_int (info.par_d, 1);
  fail_unless_equals_uint64 (gst_buffer_get_size (buffer), info.size);

  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
  g_free (wanted);
  player_free (&player);
}
GST_END_TEST;

/* Mean of one component of the first frame in a format. */
static gdouble
component_mean (const gchar *format)
{
  gchar *wanted = g_strdup_printf ("video/x-raw, format=%s", format);
  Player player = player_start (make_source ("a red fox", 1, 0), wanted);
  GstBuffer *buffer = player_expect (&player, 0);
  GstPad *pad = gst_element_get_static_pad (player.sink, "sink");
  GstCaps *caps = gst_pad_get_current_caps (pad);
  GstVideoFrame frame;
  GstVideoInfo info;
  guint64 sum = 0;
  gint c;

  fail_unless (gst_video_info_from_caps (&info, caps));
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  /* Luma, or green. */
  c = GST_VIDEO_INFO_IS_RGB (&info) ? 1 : 0;
  for (gint y = 0; y < info.height; y++) {
    for (gint x = 0; x < info.width; x++) {
      const guint8 *at = (guint8 *) GST_VIDEO_FRAME_COMP_DATA (&frame, c) +
                         y * GST_VIDEO_FRAME_COMP_STRIDE (&frame, c) +
                         x * GST_VIDEO_FRAME_COMP_PSTRIDE (&frame, c);

      sum += GST_VIDEO_FRAME_COMP_DEPTH (&frame, c) > 8 ? *(const guint16 *) at / 4 : *at;
    }
  }
  gst_video_frame_unmap (&frame);
  gst_buffer_unref (buffer);
  gst_caps_unref (caps);
  gst_object_unref (pad);
  player_free (&player);
  g_free (wanted);
  return (gdouble) sum / (info.width * info.height);
}

GST_START_TEST (formats_show_the_same_picture)
{
  gdouble luma = component_mean ("I420"), green = component_mean ("GBR");

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    gdouble mean = component_mean (formats[i].format);
    gdouble wanted = formats[i].colorimetry[0] == 'b' ? luma : green;

    fail_unless (ABS (mean - wanted) < 1.0,
        "%s: expected a mean near %f, "
        "got %f",
        formats[i].format, wanted, mean);
  }
}
GST_END_TEST;

GST_START_TEST (times_and_count_are_exact)
{
  static const gint rates[][2] = { { 24, 1 }, { 24000, 1001 }, { 25, 1 }, { 30000, 1001 },
    { 30, 1 } };
  const guint count = 50;
  gint num = rates[__i__][0], den = rates[__i__][1];
  gchar *wanted = g_strdup_printf ("video/x-raw, framerate=%d/%d", num, den);
  Player player = player_start (make_source ("a fox", count, 0), wanted);
  GstClockTime next = 0;

  for (guint i = 0; i < count; i++) {
    GstBuffer *buffer = player_expect (&player, i);

    fail_unless_equals_uint64 (GST_BUFFER_PTS (buffer), next);
    fail_unless_equals_uint64 (
        GST_BUFFER_PTS (buffer), gst_util_uint64_scale (i, den * GST_SECOND, num));
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET_END (buffer), i + 1);
    next += GST_BUFFER_DURATION (buffer);
    gst_buffer_unref (buffer);
  }
  fail_unless (player_pull (&player) == NULL);
  g_free (wanted);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (num_buffers_ends_the_stream)
{
  GstElement *source = make_source ("a red fox", -1, 0);
  gint64 duration = 0;
  Player player;

  g_object_set (source, "num-buffers", 7, NULL);
  player = player_start (source, NULL);
  player_skip (&player, 0, 7);
  fail_unless (player_pull (&player) == NULL);
  fail_unless (gst_element_query_duration (source, GST_FORMAT_DEFAULT, &duration));
  fail_unless_equals_int64 (duration, 7);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (length_follows_frames_and_duration)
{
  static const struct {
    gint64 frames, duration_ns, expected;
  } cases[] = {
    { 48, 0, 48 },
    { 0, 2 * GST_SECOND, 48 },
    { 0, GST_SECOND + 41, 24 },
    { 0, GST_SECOND / 24, 1 },
    { -1, 0, -1 },
    { 0, -1, -1 },
    /* A frame's time as people copy it; else the frames that begin before the end. */
    { 0, 41666667, 1 },
    { 0, 5166666000, 124 },
    { 0, 5166666700, 124 },
    { 0, 5166667500, 124 },
    { 0, 5100 * GST_MSECOND, 123 },
    { 0, 1001 * GST_MSECOND, 25 },
    { 0, 1000, 1 },
  };
  GstElement *source = make_source ("a red fox", cases[__i__].frames, 0);
  GstQuery *scheduling = gst_query_new_scheduling ();
  GstQuery *seeking = gst_query_new_seeking (GST_FORMAT_TIME);
  gint64 frames = 0, time = 0, count = 0;
  GstSchedulingFlags flags;
  gboolean seekable;
  Player player;

  g_object_set (source, "duration", cases[__i__].duration_ns, NULL);
  player = player_start (source, NULL);
  gst_buffer_unref (player_expect (&player, 0));

  fail_unless (gst_element_query_duration (source, GST_FORMAT_DEFAULT, &frames));
  fail_unless_equals_int64 (frames, cases[__i__].expected);
  fail_unless (gst_element_query_duration (source, GST_FORMAT_TIME, &time));
  fail_unless_equals_int64 (
      time, frames < 0 ? -1 : (gint64) gst_util_uint64_scale (frames, GST_SECOND, 24));
  fail_unless (gst_element_query (source, scheduling));
  gst_query_parse_scheduling (scheduling, &flags, NULL, NULL, NULL);
  fail_unless_equals_int ((flags & GST_SCHEDULING_FLAG_SEEKABLE) != 0, frames >= 0);
  fail_unless (gst_element_query (source, seeking));
  gst_query_parse_seeking (seeking, NULL, &seekable, NULL, NULL);
  fail_unless_equals_int (seekable, frames >= 0);

  if (frames > 0) {
    GstBuffer *buffer;

    for (count = 1; (buffer = player_pull (&player)) != NULL; count++)
      gst_buffer_unref (buffer);
    fail_unless_equals_int64 (count, frames);
  }
  gst_query_unref (scheduling);
  gst_query_unref (seeking);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (same_seed_same_frames)
{
  GPtrArray *a = clip_checksums (make_source ("a red fox", 30, 7), 30);
  GPtrArray *b = clip_checksums (make_source ("a red fox", 30, 7), 30);
  GPtrArray *seed = clip_checksums (make_source ("a red fox", 30, 8), 30);
  GPtrArray *prompt = clip_checksums (make_source ("a blue cat", 30, 7), 30);

  for (guint i = 0; i < 30; i++)
    fail_unless_equals_string (a->pdata[i], b->pdata[i]);
  fail_unless (strcmp (a->pdata[20], seed->pdata[20]) != 0);
  fail_unless (strcmp (a->pdata[20], prompt->pdata[20]) != 0);
  fail_unless (strcmp (a->pdata[0], a->pdata[20]) != 0);
  g_ptr_array_unref (a);
  g_ptr_array_unref (b);
  g_ptr_array_unref (seed);
  g_ptr_array_unref (prompt);
}
GST_END_TEST;

static GstPadProbeReturn
tell_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer queue)
{
  g_async_queue_push (queue, pad);
  return GST_PAD_PROBE_OK;
}

static void
seek_to (Player *player, gint64 start, gint64 stop)
{
  player_seek (player, player->pipeline, GST_FORMAT_TIME, start, stop);
}

GST_START_TEST (seeks_find_the_very_frame)
{
  static const guint targets[] = { 17, 5, 47, 0, 24, 25, 24, 11, 12, 1 };
  GPtrArray *sums = clip_checksums (make_source ("a red fox", 48, 3), 48);
  Player player = player_start (make_source ("a red fox", 48, 3), NULL);

  gst_buffer_unref (player_expect (&player, 0));
  for (guint i = 0; i < G_N_ELEMENTS (targets); i++) {
    GstClockTime time = gst_util_uint64_scale (targets[i], GST_SECOND, 24);

    /* Every second one into the middle of the frame. */
    seek_to (&player, time + (i % 2) * 20 * GST_MSECOND, -1);
    player_compare (&player, targets[i], sums->pdata[targets[i]]);
    /* A frame's time, cut off to microseconds. */
    seek_to (&player, time - time % GST_USECOND, -1);
    player_compare (&player, targets[i], sums->pdata[targets[i]]);
    if (targets[i] < 47)
      player_compare (&player, targets[i] + 1, sums->pdata[targets[i] + 1]);
  }
  g_ptr_array_unref (sums);
  player_free (&player);
}
GST_END_TEST;

/* Frame numbers are a seek format too. */
GST_START_TEST (seeks_by_frame_number)
{
  Player player = player_start (make_source ("a red fox", 48, 3), NULL);

  gst_buffer_unref (player_expect (&player, 0));
  player_seek (&player, player.source, GST_FORMAT_DEFAULT, 31, -1);
  gst_buffer_unref (player_expect (&player, 31));
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (seeks_honour_the_stop)
{
  Player player = player_start (make_source ("a red fox", 48, 3), NULL);

  gst_buffer_unref (player_expect (&player, 0));
  seek_to (&player, GST_SECOND, GST_SECOND + GST_SECOND / 4);
  player_skip (&player, 24, 6);
  fail_unless (player_pull (&player) == NULL);
  /* The time of frame 31, rounded to microseconds. */
  seek_to (&player, GST_SECOND, 1291667 * GST_USECOND);
  player_skip (&player, 24, 7);
  fail_unless (player_pull (&player) == NULL);
  /* And back again from there. */
  seek_to (&player, 0, GST_SECOND / 4);
  player_skip (&player, 0, 6);
  fail_unless (player_pull (&player) == NULL);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (seeks_to_the_end_end_the_stream)
{
  Player player = player_start (make_source ("a red fox", 24, 3), NULL);

  gst_buffer_unref (player_expect (&player, 0));
  seek_to (&player, GST_SECOND, -1);
  fail_unless (player_pull (&player) == NULL);
  player_free (&player);
}
GST_END_TEST;

/* At once and without harm, also while the source waits for a full sink. */
GST_START_TEST (negative_rates_are_refused)
{
  Player player = player_new (make_source ("a red fox", 48, 3), NULL);
  GstPad *pad = gst_element_get_static_pad (player.source, "src");
  GAsyncQueue *pushed = g_async_queue_new ();

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, tell_buffer, pushed, NULL);
  gst_object_unref (pad);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  gst_buffer_unref (player_expect (&player, 0));
  /* One is in the sink, one on its way into it. */
  for (gint i = 0; i < 3; i++)
    fail_unless (g_async_queue_timeout_pop (pushed, PATIENCE / GST_USECOND) != NULL,
        "frame %d was not pushed", i);
  fail_if (gst_element_seek (player.pipeline, -1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_NONE,
      GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_SET, GST_SECOND));
  gst_buffer_unref (player_expect (&player, 1));
  player_free (&player);
  g_async_queue_unref (pushed);
}
GST_END_TEST;

GST_START_TEST (random_seed_is_drawn_once)
{
  Player player = player_start (make_source ("a red fox", 48, -1), NULL);
  GstBuffer *buffer = player_expect (&player, 0);
  gchar *first = checksum (buffer);

  gst_buffer_unref (buffer);
  player_skip (&player, 1, 5);
  seek_to (&player, 0, -1);
  player_compare (&player, 0, first);
  g_free (first);
  player_free (&player);
}
GST_END_TEST;

/* New caps in the middle: the stream goes on with the next frame in the new format. */
GST_START_TEST (caps_may_change_in_the_middle)
{
  GPtrArray *i420 = clip_checksums (make_source ("a red fox", 48, 3), 48);
  Player player = player_start (make_source ("a red fox", 48, 3), "video/x-raw, format=I420");
  GstCaps *rgb = gst_caps_from_string ("video/x-raw, format=RGB");
  GstBuffer *buffer;
  guint64 number = 0;
  gboolean changed = FALSE;

  player_compare (&player, 0, i420->pdata[0]);
  gst_app_sink_set_caps (GST_APP_SINK (player.sink), rgb);
  gst_caps_unref (rgb);
  fail_unless (gst_element_send_event (player.sink, gst_event_new_reconfigure ()));
  while ((buffer = player_pull (&player)) != NULL) {
    fail_unless_equals_uint64 (GST_BUFFER_OFFSET (buffer), ++number);
    changed = gst_buffer_get_size (buffer) == 256 * 144 * 3;
    gst_buffer_unref (buffer);
  }
  fail_unless_equals_uint64 (number, 47);
  fail_unless (changed, "the format never changed");
  g_ptr_array_unref (i420);
  player_free (&player);
}
GST_END_TEST;

/* A control source moves the seed at 1 s: from a chunk begun after it on, pictures differ. */
GST_START_TEST (numbers_can_be_controlled)
{
  GstElement *source = make_source ("a red fox", 120, 0);
  GstControlSource *control = gst_interpolation_control_source_new ();
  GstTimedValueControlSource *values = GST_TIMED_VALUE_CONTROL_SOURCE (control);
  gint64 seed = -1, first_new = -1;
  Player player;

  g_object_set (control, "mode", GST_INTERPOLATION_MODE_NONE, NULL);
  gst_timed_value_control_source_set (values, 0, 0.0);
  gst_timed_value_control_source_set (values, GST_SECOND, 5.0);
  fail_unless (gst_object_add_control_binding (GST_OBJECT (source),
      gst_direct_control_binding_new_absolute (GST_OBJECT (source), "seed", control)));
  player = player_start (source, NULL);
  for (gint i = 0; i < 120; i++) {
    GstBuffer *buffer = player_expect (&player, i);
    const GstStructure *s = provenance (buffer);

    if (s != NULL && gst_structure_get_int64 (s, "seed", &seed) && seed == 5 && first_new < 0)
      first_new = i;
    gst_buffer_unref (buffer);
  }
  fail_unless (first_new >= 24, "the new seed came at frame %" G_GINT64_FORMAT, first_new);
  gst_object_unref (control);
  player_free (&player);
}
GST_END_TEST;

static Suite *
gst_stream (void)
{
  Suite *suite = suite_create ("gst_stream");
  TCase *tc = tcase_create ("stream");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_checked_fixture (tc, NULL, free_open_pipelines);
  /* What does not depend on the model is shown with the one that costs nothing. */
  tcase_add_loop_test (tc, caps_tell_the_colours, 0, is_testcard () ? G_N_ELEMENTS (formats) : 2);
  if (is_testcard ())
    tcase_add_test (tc, formats_show_the_same_picture);
  tcase_add_loop_test (tc, times_and_count_are_exact, 0, is_testcard () ? 5 : 2);
  tcase_add_test (tc, num_buffers_ends_the_stream);
  tcase_add_loop_test (tc, length_follows_frames_and_duration, 0, 13);
  tcase_add_test (tc, same_seed_same_frames);
  tcase_add_test (tc, seeks_find_the_very_frame);
  tcase_add_test (tc, seeks_by_frame_number);
  tcase_add_test (tc, seeks_honour_the_stop);
  tcase_add_test (tc, seeks_to_the_end_end_the_stream);
  tcase_add_test (tc, negative_rates_are_refused);
  tcase_add_test (tc, random_seed_is_drawn_once);
  tcase_add_test (tc, caps_may_change_in_the_middle);
  tcase_add_test (tc, numbers_can_be_controlled);
  return suite;
}

TEST_MAIN (gst_stream)
