/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_size.c - how large a clip of i2v is where the model takes its size from the picture
 *
 * The test card does, if it is told to: its sizes are 16 to 4096 in steps of 2.
 */
#include <glib/gstdio.h>

#include "gst_pictures.h"

#define OF_PICTURE "model=testcard engine-opts=o,size=picture prompt=x frames=2 "

static void
expect_size (const GstCaps *caps, gint width, gint height, const gchar *of)
{
  gchar *text = caps ? gst_caps_to_string (caps) : NULL;
  gint got_width = 0, got_height = 0;

  if (caps != NULL) {
    gst_structure_get_int (gst_caps_get_structure (caps, 0), "width", &got_width);
    gst_structure_get_int (gst_caps_get_structure (caps, 0), "height", &got_height);
  }
  fail_unless (got_width == width && got_height == height, "%s: expected %dx%d, got %s", of, width,
      height, text ? text : "no caps");
  g_free (text);
}

/* What is in front of i2v, its properties, what is behind it. */
static const struct {
  const gchar *picture, *properties, *caps;
  gint width, height;
} sizes[] = {
  { "width=320,height=180", "", "video/x-raw", 320, 180 },
  { "width=321,height=191", "", "video/x-raw", 320, 190 },
  { "width=8,height=40", "", "video/x-raw", 16, 80 },
  { "width=5000,height=1000", "", "video/x-raw", 4096, 818 },
  /* The next element's word counts; where it is about one side, the other goes with it. */
  { "width=320,height=180", "", "video/x-raw,width=640,height=480", 640, 480 },
  { "width=320,height=180", "", "video/x-raw,width=640", 640, 360 },
  { "width=320,height=180", "", "video/x-raw,height=90", 160, 90 },
  { "width=320,height=180", "", "video/x-raw,width=[16,200],height=[16,100]", 178, 100 },
  { "width=180,height=320", "", "video/x-raw,width=[16,200],height=[16,100]", 56, 100 },
  { "width=320,height=180", "", "video/x-raw,width=[400,800]", 400, 224 },
  { "width=320,height=180", "width=640", "video/x-raw", 640, 360 },
  { "width=320,height=180", "height=90", "video/x-raw", 160, 90 },
  { "width=320,height=180", "width=100 height=100", "video/x-raw", 100, 100 },
  /* The size belongs to the format that is chosen. */
  { "width=322,height=190", "", "video/x-raw,format=RGB", 322, 190 },
};

GST_START_TEST (the_pictures_own)
{
  gchar *line = g_strdup_printf ("videotestsrc num-buffers=1 ! "
                                 "video/x-raw,format=RGB,%s ! i2v " OF_PICTURE "%s ! %s ! appsink "
                                 "name=sink sync=false",
      sizes[__i__].picture, sizes[__i__].properties, sizes[__i__].caps);
  Player player = player_parse (line);
  GstPad *pad = gst_element_get_static_pad (player.sink, "sink");
  GstCaps *caps;

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  gst_buffer_unref (player_expect (&player, 0));
  caps = gst_pad_get_current_caps (pad);
  expect_size (caps, sizes[__i__].width, sizes[__i__].height, line);
  player_skip (&player, 1, 1);
  fail_unless (player_pull (&player) == NULL);
  gst_clear_caps (&caps);
  gst_object_unref (pad);
  player_free (&player);
  g_free (line);
}
GST_END_TEST;

GST_START_TEST (a_turned_picture_stands_upright)
{
  Player player =
      player_parse ("videotestsrc num-buffers=1 ! "
                    "video/x-raw,format=RGB,width=320,height=180 ! taginject "
                    "tags=\"image-orientation=rotate-90\" ! i2v " OF_PICTURE "! appsink "
                    "name=sink sync=false");
  GstPad *pad = gst_element_get_static_pad (player.sink, "sink");
  GstCaps *caps;

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  gst_buffer_unref (player_expect (&player, 0));
  caps = gst_pad_get_current_caps (pad);
  expect_size (caps, 180, 320, "rotate-90");
  gst_clear_caps (&caps);
  gst_object_unref (pad);
  player_free (&player);
}
GST_END_TEST;

/* What passes keeps its size, and the new frames have it. */
GST_START_TEST (a_clip_that_goes_on_keeps_its_size)
{
  Player player =
      player_parse ("videotestsrc num-buffers=3 ! video/x-raw,"
                    "format=RGB,width=322,height=182,framerate=25/1 ! i2v mode=extend " OF_PICTURE
                    "! appsink name=sink sync=false");
  GstPad *pad = gst_element_get_static_pad (player.sink, "sink");
  GstCaps *caps;

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  player_skip (&player, 0, 5);
  fail_unless (player_pull (&player) == NULL);
  caps = gst_pad_get_current_caps (pad);
  expect_size (caps, 322, 182, "mode=extend");
  gst_clear_caps (&caps);
  gst_object_unref (pad);
  player_free (&player);
}
GST_END_TEST;

static void
push_picture (GstHarness *harness, gint width, gint height)
{
  gchar *caps = g_strdup_printf ("video/x-raw,format=RGB,width=%d,height=%d,"
                                 "framerate=25/1,colorimetry=sRGB",
      width, height);

  gst_harness_set_src_caps_str (harness, caps);
  fail_unless_equals_int (
      gst_harness_push (harness, gst_buffer_new_allocate (NULL, 3 * width * height, NULL)),
      GST_FLOW_EOS);
  g_free (caps);
}

/* The size of frame 0, which is waited for. */
static void
expect_first (GstHarness *harness, gint width, gint height)
{
  GstBuffer *frame = NULL;
  GstCaps *caps;
  guint tries = 0;

  while (frame == NULL || GST_BUFFER_OFFSET (frame) != 0) {
    gst_clear_buffer (&frame);
    frame = gst_harness_pull (harness);
    fail_unless (frame != NULL && tries++ < 300);
  }
  caps = gst_pad_get_current_caps (harness->sinkpad);
  expect_size (caps, width, height, "picture");
  fail_unless_equals_uint64 (gst_buffer_get_size (frame), 3 * width * height);
  gst_clear_caps (&caps);
  gst_buffer_unref (frame);
}

/* A flush drops the picture; the next one may be of another size. */
GST_START_TEST (another_picture_has_another_size)
{
  GstElement *element = make_animator (240, "o,size=picture");
  GstHarness *harness = gst_harness_new_with_element (element, "sink", "src");
  GstBuffer *frame;
  GstSegment segment;

  open_harnesses = g_slist_prepend (open_harnesses, harness);
  gst_object_unref (element);
  gst_harness_set_sink_caps_str (harness, "video/x-raw,format=RGB");
  gst_harness_play (harness);
  push_picture (harness, 128, 96);
  expect_first (harness, 128, 96);
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_start ()));
  while ((frame = gst_harness_try_pull (harness)) != NULL)
    gst_buffer_unref (frame);
  fail_unless (gst_harness_push_event (harness, gst_event_new_flush_stop (TRUE)));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (harness, gst_event_new_segment (&segment));
  push_picture (harness, 96, 160);
  expect_first (harness, 96, 160);
  close_harness (harness);
}
GST_END_TEST;

/* A storyboard's length is asked for before the picture is there. */
GST_START_TEST (a_storyboard_with_a_picture_that_must_be)
{
  gchar *folder = g_dir_make_tmp ("zt-size-XXXXXX", NULL);
  gchar *path = g_build_filename (folder, "shots.srt", NULL);
  gchar *line =
      g_strdup_printf (INPUT "i2v model=testcard "
                             "engine-opts=o,image=required,size=picture storyboard=%s ! appsink "
                             "name=sink sync=false",
          path);
  const gchar *shots = "00:00:00,000 --> 00:00:00,125\nfox\n\n"
                       "00:00:00,125 --> 00:00:00,250\nowl\n";
  Player player;

  fail_unless (g_file_set_contents (path, shots, -1, NULL));
  player = player_parse (line);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  player_skip (&player, 0, 6);
  fail_unless (player_pull (&player) == NULL);
  player_free (&player);
  g_remove (path);
  g_rmdir (folder);
  g_free (line);
  g_free (path);
  g_free (folder);
}
GST_END_TEST;

static Suite *
gst_size (void)
{
  Suite *suite = suite_create ("gst_size");
  TCase *tc = tcase_create ("size");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 180);
  tcase_add_checked_fixture (tc, NULL, teardown);
  tcase_add_loop_test (tc, the_pictures_own, 0, G_N_ELEMENTS (sizes));
  tcase_add_test (tc, a_turned_picture_stands_upright);
  tcase_add_test (tc, a_clip_that_goes_on_keeps_its_size);
  tcase_add_test (tc, another_picture_has_another_size);
  tcase_add_test (tc, a_storyboard_with_a_picture_that_must_be);
  return suite;
}

TEST_MAIN (gst_size)
