/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_photo.c - i2v: transparent pictures on their background, turned ones upright
 *
 * Always on the test card, which shows the picture under its moving marks; what must arrive is
 * computed here.
 */
#include <gst/app/gstappsrc.h>

#include "gst_pictures.h"

#define WORDS_LE (G_BYTE_ORDER == G_LITTLE_ENDIAN)

/* ---- Alpha ---- */

typedef struct {
  const gchar *format;
  guint most;
  gint order[4]; /* which of R, G, B, alpha comes when */
  gboolean planar;
} AlphaFormat;

static const AlphaFormat alpha_formats[] = {
  { "RGBA", 255, { 0, 1, 2, 3 }, FALSE },
  { WORDS_LE ? "RGBA64_LE" : "RGBA64_BE", 65535, { 0, 1, 2, 3 }, FALSE },
  { "GBRA", 255, { 1, 2, 0, 3 }, TRUE },
  { WORDS_LE ? "GBRA_10LE" : "GBRA_10BE", 1023, { 1, 2, 0, 3 }, TRUE },
  /* Through a converter, which must not lose the alpha. */
  { "BGRA", 255, { 2, 1, 0, 3 }, FALSE },
  { "ARGB", 255, { 3, 0, 1, 2 }, FALSE },
  { WORDS_LE ? "ARGB64_LE" : "ARGB64_BE", 65535, { 3, 0, 1, 2 }, FALSE },
};

static guint
component (guint pixel, guint which, const AlphaFormat *format, gboolean premultiplied)
{
  const guint alphas[] = { 0, format->most, (pixel * 37) % (format->most + 1) };
  guint alpha = alphas[pixel % 3];
  guint limit = premultiplied ? alpha : format->most;

  return which == 3 ? alpha : (pixel * 7919 + which * 104729) % (limit + 1);
}

static GstBuffer *
make_transparent (const AlphaFormat *format, gboolean premultiplied)
{
  const guint pixels = WIDTH * HEIGHT, word = format->most > 255 ? 2 : 1;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 4 * pixels * word, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (guint pixel = 0; pixel < pixels; pixel++) {
    for (guint i = 0; i < 4; i++) {
      guint value = component (pixel, format->order[i], format, premultiplied);
      guint at = format->planar ? i * pixels + pixel : 4 * pixel + i;

      if (word == 2)
        ((guint16 *) map.data)[at] = (guint16) value;
      else
        map.data[at] = (guint8) value;
    }
  }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = 0;
  return buffer;
}

/* The same over a background, in RGB, to the nearest. */
static GstBuffer *
make_blended (const AlphaFormat *format, gboolean premultiplied, const guint8 background[3])
{
  const guint64 most = format->most;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, 3 * WIDTH * HEIGHT, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (guint pixel = 0; pixel < WIDTH * HEIGHT; pixel++) {
    guint64 alpha = component (pixel, 3, format, premultiplied);

    for (guint i = 0; i < 3; i++) {
      guint64 colour = component (pixel, i, format, premultiplied);
      guint64 sum =
          255 * colour * (premultiplied ? most : alpha) + background[i] * most * (most - alpha);

      map.data[3 * pixel + i] = (guint8) ((sum + most * most / 2) / (most * most));
    }
  }
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

static gchar *
alpha_caps (const AlphaFormat *format)
{
  return g_strdup_printf ("video/x-raw,format=%s,width=%d,height=%d,"
                          "framerate=25/1,colorimetry=sRGB",
      format->format, WIDTH, HEIGHT);
}

static void
check_transparent (const AlphaFormat *format, const gchar *properties, gboolean premultiplied,
    const guint8 background[3])
{
  gchar *line =
      g_strdup_printf ("appsrc name=first ! videoconvert ! i2v "
                       "model=testcard prompt=x frames=2 %s ! " RGB " ! appsink name=sink "
                       "sync=false",
          properties);
  GstBuffer *picture = make_transparent (format, premultiplied);
  GstBuffer *wanted = make_blended (format, premultiplied, background), *frame;
  Player player = player_parse (line);
  GstElement *source = gst_bin_get_by_name (GST_BIN (player.pipeline), "first");
  gchar *text = alpha_caps (format);
  GstCaps *caps = gst_caps_from_string (text);

  g_object_set (source, "caps", caps, "format", GST_FORMAT_TIME, NULL);
  gst_app_src_push_buffer (GST_APP_SRC (source), picture);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  frame = player_expect (&player, 0);
  fail_unless (equal_rows (frame, wanted) == WHOLE_ROWS, "%s %s: expected %d rows, got %d",
      format->format, properties, WHOLE_ROWS, equal_rows (frame, wanted));
  gst_buffer_unref (frame);
  gst_buffer_unref (wanted);
  gst_caps_unref (caps);
  gst_object_unref (source);
  player_free (&player);
  g_free (text);
  g_free (line);
}

GST_START_TEST (transparent_pictures_lie_on_the_background)
{
  const AlphaFormat *format = &alpha_formats[__i__];

  check_transparent (format, "", FALSE, (const guint8[]){ 255, 255, 255 });
  check_transparent (format, "background=0x4080c0", FALSE, (const guint8[]){ 64, 128, 192 });
  check_transparent (
      format, "background=black alpha=premultiplied", TRUE, (const guint8[]){ 0, 0, 0 });
  check_transparent (
      format, "background=#4080c0 alpha=premultiplied", TRUE, (const guint8[]){ 64, 128, 192 });
}
GST_END_TEST;

/* A420 of one colour and two alphas. */
GST_START_TEST (planes_of_alpha_are_read)
{
  static const gchar *const formats[] = { "A420", WORDS_LE ? "A420_10LE" : "A420_10BE",
    WORDS_LE ? "A422_10LE" : "A422_10BE", WORDS_LE ? "A444_10LE" : "A444_10BE" };
  gchar *caps = g_strdup_printf ("video/x-raw,format=%s,width=%d,height=%d,"
                                 "framerate=25/1,colorimetry=bt709",
      formats[__i__], WIDTH, HEIGHT);
  GstElement *element = make_animator (1, NULL);
  GstCaps *parsed = gst_caps_from_string (caps);
  GstHarness *harness;
  GstBuffer *picture, *frame;
  GstVideoFrame planes;
  GstVideoInfo info;
  GstMapInfo map;

  fail_unless (gst_video_info_from_caps (&info, parsed));
  gst_caps_unref (parsed);
  gst_util_set_object_arg (G_OBJECT (element), "background", "black");
  harness = gst_harness_new_with_element (element, "sink", "src");
  open_harnesses = g_slist_prepend (open_harnesses, harness);
  gst_object_unref (element);
  gst_harness_set_sink_caps_str (harness, RGB);
  gst_harness_set_src_caps_str (harness, caps);
  gst_harness_play (harness);
  picture = gst_buffer_new_allocate (NULL, info.size, NULL);
  fail_unless (gst_video_frame_map (&planes, &info, picture, GST_MAP_WRITE));
  for (gint plane = 0; plane < 4; plane++) {
    const gint eights[] = { 235, 128, 128, 0 };
    gint rows = GST_VIDEO_FRAME_COMP_HEIGHT (&planes, plane);
    gint columns = GST_VIDEO_FRAME_COMP_WIDTH (&planes, plane);

    for (gint y = 0; y < rows; y++) {
      guint8 *row = (guint8 *) GST_VIDEO_FRAME_PLANE_DATA (&planes, plane) +
                    y * GST_VIDEO_FRAME_PLANE_STRIDE (&planes, plane);

      for (gint x = 0; x < columns; x++) {
        gint value = eights[plane];

        /* White, transparent on the left, half there on the right. */
        if (plane == 3 && x >= columns / 2)
          value = 128;
        if (GST_VIDEO_FRAME_COMP_PSTRIDE (&planes, plane) == 2)
          ((guint16 *) row)[x] = (guint16) (4 * value);
        else
          row[x] = (guint8) value;
      }
    }
  }
  gst_video_frame_unmap (&planes);
  gst_harness_push (harness, picture);
  frame = gst_harness_pull (harness);
  fail_unless (frame != NULL);
  gst_buffer_map (frame, &map, GST_MAP_READ);
  fail_unless_equals_int (map.data[0], 0);
  fail_unless_equals_int (map.data[3 * (WIDTH / 2 - 1)], 0);
  fail_unless (ABS (map.data[3 * (WIDTH / 2)] - 128) <= 1);
  fail_unless (ABS (map.data[3 * (WIDTH - 1)] - 128) <= 1);
  gst_buffer_unmap (frame, &map);
  gst_buffer_unref (frame);
  close_harness (harness);
  g_free (caps);
}
GST_END_TEST;

/* What is behind takes nothing but this format. */
static void
expect_refusal_of (const gchar *elements, const gchar *format)
{
  gchar *line = g_strdup_printf ("%s ! capsfilter name=filter ! appsink "
                                 "name=sink",
      elements);
  gchar *words = g_strdup_printf ("got %s from the next element", format);
  Player player = player_parse (line);
  GstElement *filter = gst_bin_get_by_name (GST_BIN (player.pipeline), "filter");
  GstCaps *caps = gst_caps_new_simple ("video/x-raw", "format", G_TYPE_STRING, format, NULL);
  GstMessage *message;
  GError *error = NULL;

  g_object_set (filter, "caps", caps, NULL);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  message = wait_message (player.pipeline, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_str_has_prefix (error->message, "format: expected I420, Y42B") &&
                   strstr (error->message, words) != NULL,
      "%s: got %s", line, error->message);
  g_error_free (error);
  gst_message_unref (message);
  gst_caps_unref (caps);
  gst_object_unref (filter);
  player_free (&player);
  g_free (words);
  g_free (line);
}

GST_START_TEST (alpha_that_cannot_be_is_refused)
{
  expect_refusal_of ("t2vsrc model=testcard prompt=x", "RGBA");
  expect_refusal_of (INPUT "i2v model=testcard prompt=x", "GBRA");
  expect_error ("videotestsrc ! video/x-raw,format=RGBA,width=256,height=144,"
                "framerate=24/1 ! i2v model=testcard prompt=x mode=extend ! "
                "appsink name=sink",
      "got RGBA from the input");
  expect_error (INPUT "i2v model=testcard prompt=x background=paper ! "
                      "appsink name=sink",
      "background: expected #RRGGBB, 0xRRGGBB, white, gray "
      "or black, got \"paper\"");
}
GST_END_TEST;

/* ---- Orientation ---- */

/* RGB, rows without padding. */
typedef struct {
  gint width, height;
  guint8 *rgb;
} Pixels;

static guint8 *
pixel_of (const Pixels *pixels, gint x, gint y)
{
  return pixels->rgb + 3 * (y * pixels->width + x);
}

/* What the tag's words say, one after the other: mirrored from left to right, then turned clockwise
 * by a quarter, so many times. */
static Pixels
flip (Pixels from)
{
  Pixels to = { from.width, from.height, g_malloc (3 * WIDTH * HEIGHT) };

  for (gint y = 0; y < from.height; y++)
    for (gint x = 0; x < from.width; x++)
      memcpy (pixel_of (&to, from.width - 1 - x, y), pixel_of (&from, x, y), 3);
  g_free (from.rgb);
  return to;
}

static Pixels
turn (Pixels from)
{
  Pixels to = { from.height, from.width, g_malloc (3 * WIDTH * HEIGHT) };

  for (gint y = 0; y < from.height; y++)
    for (gint x = 0; x < from.width; x++)
      memcpy (pixel_of (&to, from.height - 1 - y, x), pixel_of (&from, x, y), 3);
  g_free (from.rgb);
  return to;
}

static const struct {
  const gchar *word;
  gboolean flipped;
  gint quarters;
} orientations[] = {
  { "rotate-0", FALSE, 0 },
  { "rotate-90", FALSE, 1 },
  { "rotate-180", FALSE, 2 },
  { "rotate-270", FALSE, 3 },
  { "flip-rotate-0", TRUE, 0 },
  { "flip-rotate-90", TRUE, 1 },
  { "flip-rotate-180", TRUE, 2 },
  { "flip-rotate-270", TRUE, 3 },
};

static GstEvent *
orientation_event (const gchar *word, GstTagScope scope)
{
  GstTagList *tags = gst_tag_list_new (GST_TAG_IMAGE_ORIENTATION, word, NULL);

  gst_tag_list_set_scope (tags, scope);
  return gst_event_new_tag (tags);
}

/* A picture that is 256x144 once it is upright, and a harness with its caps. */
static GstHarness *
turned_harness (GstElement *element, gint quarters, GstBuffer **stored)
{
  gboolean lying = quarters % 2 != 0;
  gchar *caps = g_strdup_printf ("video/x-raw,format=RGB,width=%d,height=%d,"
                                 "framerate=25/1,colorimetry=sRGB",
      lying ? HEIGHT : WIDTH, lying ? WIDTH : HEIGHT);
  GstHarness *harness = gst_harness_new_with_element (element, "sink", "src");

  open_harnesses = g_slist_prepend (open_harnesses, harness);
  gst_object_unref (element);
  gst_harness_set_sink_caps_str (harness, RGB);
  gst_harness_set_src_caps_str (harness, caps);
  gst_harness_play (harness);
  *stored = make_picture (5);
  g_free (caps);
  return harness;
}

/* The stored buffer as it must stand, as a buffer. Takes stored. */
static GstBuffer *
upright (GstBuffer *stored, gboolean flipped, gint quarters)
{
  gboolean lying = quarters % 2 != 0;
  Pixels pixels = { lying ? HEIGHT : WIDTH, lying ? WIDTH : HEIGHT, g_malloc (3 * WIDTH * HEIGHT) };

  gst_buffer_extract (stored, 0, pixels.rgb, 3 * WIDTH * HEIGHT);
  gst_buffer_unref (stored);
  if (flipped)
    pixels = flip (pixels);
  for (gint i = 0; i < quarters; i++)
    pixels = turn (pixels);
  return gst_buffer_new_wrapped (pixels.rgb, 3 * WIDTH * HEIGHT);
}

static void
no_orientation_came (GstHarness *harness)
{
  GstEvent *event;

  while ((event = gst_harness_try_pull_event (harness)) != NULL) {
    GstTagList *tags;

    if (GST_EVENT_TYPE (event) == GST_EVENT_TAG) {
      gst_event_parse_tag (event, &tags);
      fail_unless_equals_int (gst_tag_list_get_tag_size (tags, GST_TAG_IMAGE_ORIENTATION), 0);
    }
    gst_event_unref (event);
  }
}

GST_START_TEST (tag_turns_the_picture)
{
  gint quarters = orientations[__i__].quarters;
  gboolean flipped = orientations[__i__].flipped;
  GstBuffer *stored, *frame, *wanted;
  GstHarness *harness = turned_harness (make_animator (2, NULL), quarters, &stored);

  fail_unless (gst_harness_push_event (
      harness, orientation_event (orientations[__i__].word,
                   __i__ % 2 ? GST_TAG_SCOPE_GLOBAL : GST_TAG_SCOPE_STREAM)));
  gst_harness_push (harness, gst_buffer_ref (stored));
  wanted = upright (stored, flipped, quarters);
  frame = gst_harness_pull (harness);
  fail_unless (frame != NULL);
  fail_unless (equal_rows (frame, wanted) == WHOLE_ROWS, "%s: expected %d rows, got %d",
      orientations[__i__].word, WHOLE_ROWS, equal_rows (frame, wanted));
  /* Else a player would turn it once more. */
  no_orientation_came (harness);
  gst_buffer_unref (frame);
  gst_buffer_unref (wanted);
  close_harness (harness);
}
GST_END_TEST;

/* What is said of the stream counts more; other tags say nothing about it; a new stream begins
 * anew. */
GST_START_TEST (newest_word_of_the_stream_counts)
{
  GstBuffer *stored, *frame, *wanted;
  GstHarness *harness = turned_harness (make_animator (2, NULL), 1, &stored);

  gst_harness_push_event (harness, orientation_event ("rotate-180", GST_TAG_SCOPE_STREAM));
  gst_harness_push_event (harness, gst_event_new_stream_start ("another"));
  gst_harness_push_event (harness, orientation_event ("rotate-90", GST_TAG_SCOPE_STREAM));
  gst_harness_push_event (harness, orientation_event ("rotate-270", GST_TAG_SCOPE_GLOBAL));
  gst_harness_push_event (
      harness, gst_event_new_tag (gst_tag_list_new (GST_TAG_TITLE, "a photo", NULL)));
  gst_harness_push (harness, gst_buffer_ref (stored));
  wanted = upright (stored, FALSE, 1);
  frame = gst_harness_pull (harness);
  fail_unless_equals_int (equal_rows (frame, wanted), WHOLE_ROWS);
  gst_buffer_unref (frame);
  gst_buffer_unref (wanted);
  close_harness (harness);
}
GST_END_TEST;

/* Each pad has its own word: only the mask is turned, so its white half is above. */
GST_START_TEST (mask_is_turned_by_its_own_tag)
{
  Player player = player_parse (
      "appsrc name=first ! i.sink appsrc name=mask ! "
      "taginject tags=\"image-orientation=rotate-90\" ! i.mask i2v name=i "
      "model=testcard prompt=x frames=2 strength=0 ! " RGB " ! appsink name=sink sync=false");
  GstBuffer *picture = make_picture (0), *frame;
  GstBuffer *mask = gst_buffer_new_allocate (NULL, 3 * WIDTH * HEIGHT, NULL);
  const gsize half = 3 * WIDTH * HEIGHT / 2;
  const struct {
    const gchar *name, *caps;
    GstBuffer *buffer;
  } inputs[] = {
    { "first", RGB, picture },
    { "mask",
        "video/x-raw,format=RGB,width=144,height=256,framerate=25/1,"
        "colorimetry=sRGB",
        mask },
  };
  GstMapInfo map, made;

  /* White on the left of the stored one. */
  gst_buffer_map (mask, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < map.size; i++)
    map.data[i] = i / 3 % HEIGHT < HEIGHT / 2 ? 255 : 0;
  gst_buffer_unmap (mask, &map);
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    GstElement *source = gst_bin_get_by_name (GST_BIN (player.pipeline), inputs[i].name);
    GstCaps *caps = gst_caps_from_string (inputs[i].caps);

    g_object_set (source, "caps", caps, "format", GST_FORMAT_TIME, NULL);
    gst_caps_unref (caps);
    gst_app_src_push_buffer (GST_APP_SRC (source), gst_buffer_ref (inputs[i].buffer));
    gst_object_unref (source);
  }
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  frame = player_expect (&player, 0);
  gst_buffer_map (picture, &map, GST_MAP_READ);
  gst_buffer_map (frame, &made, GST_MAP_READ);
  fail_unless (memcmp (made.data + half, map.data + half, half) == 0);
  fail_unless (memcmp (made.data, map.data, half) != 0);
  gst_buffer_unmap (frame, &made);
  gst_buffer_unmap (picture, &map);
  gst_buffer_unref (frame);
  gst_buffer_unref (picture);
  gst_buffer_unref (mask);
  player_free (&player);
}
GST_END_TEST;

/* What passes is not turned. Behind videoflip, which turns it and may leave the tag, another tag
 * says so. */
GST_START_TEST (extend_refuses_what_lies)
{
#define LYING                                                                                      \
  "videotestsrc num-buffers=3 ! video/x-raw,format=RGB,width=144,"                                 \
  "height=256,framerate=24/1 ! taginject tags=\"image-orientation=rotate-90\" ! "
#define EXTEND                                                                                     \
  "i2v model=testcard prompt=x mode=extend frames=2 ! "                                            \
  "appsink name=sink sync=false"
  Player player;

  expect_error (LYING EXTEND, "orientation: expected rotate-0 with mode=extend, "
                              "got rotate-90 from the input");
  player = player_parse (LYING "videoflip video-direction=auto ! taginject "
                               "tags=\"image-orientation=rotate-0\" ! " EXTEND);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  player_skip (&player, 0, 5);
  fail_unless (player_pull (&player) == NULL);
  player_free (&player);
}
GST_END_TEST;

static Suite *
gst_photo (void)
{
  Suite *suite = suite_create ("gst_photo");
  TCase *tc = tcase_create ("photo");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 180);
  tcase_add_checked_fixture (tc, NULL, teardown);
  tcase_add_loop_test (
      tc, transparent_pictures_lie_on_the_background, 0, G_N_ELEMENTS (alpha_formats));
  tcase_add_loop_test (tc, planes_of_alpha_are_read, 0, 4);
  tcase_add_test (tc, alpha_that_cannot_be_is_refused);
  tcase_add_loop_test (tc, tag_turns_the_picture, 0, G_N_ELEMENTS (orientations));
  tcase_add_test (tc, newest_word_of_the_stream_counts);
  tcase_add_test (tc, mask_is_turned_by_its_own_tag);
  tcase_add_test (tc, extend_refuses_what_lies);
  return suite;
}

TEST_MAIN (gst_photo)
