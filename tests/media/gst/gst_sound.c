/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_sound.c - sound=true: the pad `audio` of t2vsrc and i2v, beside the pictures
 *
 * On the test card: a tone at each second on the left, one at each cut on the right, each beginning
 * with its peak. So the sample where one is found says whether sound and picture stay together.
 */
#include <glib/gstdio.h>
#include <string.h>

#include "gst_common.h"

#define RATE 32000

/* Samples before frame n at 24 frames per second, the nearest. */
static gint64
samples_before (gint64 frame)
{
  return (2 * frame * RATE + 24) / 48;
}

/* What came out of one pad. */
typedef struct {
  GArray *left, *right; /* of sound */
  guint buffers;
  guint64 next;  /* offset behind the last */
  guint discont; /* buffers that said so, or did not follow the last */
  GstClockTime first, end;
} Heard;

static void
hear_nothing (Heard *heard)
{
  *heard = (Heard){ g_array_new (FALSE, FALSE, sizeof (gfloat)),
    g_array_new (FALSE, FALSE, sizeof (gfloat)), 0, 0, 0, GST_CLOCK_TIME_NONE, 0 };
}

static void
forget (Heard *heard)
{
  g_array_unref (heard->left);
  g_array_unref (heard->right);
}

static void
hear (Heard *heard, GstSample *sample)
{
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstMapInfo map;

  if (heard->buffers == 0)
    heard->first = GST_BUFFER_PTS (buffer);
  else if (GST_BUFFER_OFFSET (buffer) != heard->next ||
           GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))
    heard->discont++;
  heard->buffers++;
  heard->next = GST_BUFFER_OFFSET_END (buffer);
  heard->end = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  for (gsize i = 0; i + 8 <= map.size; i += 8) {
    g_array_append_vals (heard->left, map.data + i, 1);
    g_array_append_vals (heard->right, map.data + i + 4, 1);
  }
  gst_buffer_unmap (buffer, &map);
}

/* Whether tones begin at exactly these samples; -1 ends the list. */
static void
check_tones (const GArray *values, const gint64 *wanted)
{
  gint64 last = -1000;

  for (guint i = 0; i < values->len; i++) {
    if (ABS (g_array_index (values, gfloat, i)) < 0.25)
      continue;
    if (i - last > 300)
      fail_unless_equals_int64 (i, *wanted++);
    last = i;
  }
  fail_unless_equals_int64 (*wanted, -1);
}

typedef struct {
  GstElement *pipeline, *source, *pictures, *sound;
} Both;

/* `line` has appsinks called pictures and sound, or one of them, and may have a source. */
static Both
both_start (const gchar *line)
{
  Both both = { gst_parse_launch (line, NULL), NULL, NULL, NULL };

  fail_unless (both.pipeline != NULL, "%s", line);
  open_pipelines = g_slist_prepend (open_pipelines, both.pipeline);
  both.source = gst_bin_get_by_name (GST_BIN (both.pipeline), "source");
  both.pictures = gst_bin_get_by_name (GST_BIN (both.pipeline), "pictures");
  both.sound = gst_bin_get_by_name (GST_BIN (both.pipeline), "sound");
  fail_if (gst_element_set_state (both.pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
  return both;
}

static void
both_free (Both *both)
{
  open_pipelines = g_slist_remove (open_pipelines, both->pipeline);
  set_state_in_time (both->pipeline, GST_STATE_NULL);
  gst_clear_object (&both->source);
  gst_clear_object (&both->pictures);
  gst_clear_object (&both->sound);
  gst_object_unref (both->pipeline);
}

/* The next sample of a sink, NULL at its end; what the pipeline says where none comes. */
static GstSample *
next_sample (GstElement *sink)
{
  GstSample *sample = gst_app_sink_try_pull_sample (GST_APP_SINK (sink), 20 * GST_SECOND);
  GstObject *pipeline = NULL;
  GstMessage *message;
  GstBus *bus;
  gchar *text = NULL;

  if (sample != NULL || gst_app_sink_is_eos (GST_APP_SINK (sink)))
    return sample;
  for (pipeline = GST_OBJECT (sink); GST_OBJECT_PARENT (pipeline) != NULL;)
    pipeline = GST_OBJECT_PARENT (pipeline);
  bus = gst_element_get_bus (GST_ELEMENT (pipeline));
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  gst_object_unref (bus);
  if (message != NULL)
    gst_message_parse_error (message, NULL, &text);
  fail ("%s: no sample and no end came, and this error: %s", GST_OBJECT_NAME (sink),
      text ? text : "none");
  return NULL;
}

static void
hear_all (GstElement *sink, Heard *heard)
{
  GstSample *sample;

  while ((sample = next_sample (sink)) != NULL) {
    hear (heard, sample);
    gst_sample_unref (sample);
  }
}

static guint
see_all (GstElement *sink)
{
  GstSample *sample;
  guint count = 0;

  for (; (sample = next_sample (sink)) != NULL; count++)
    gst_sample_unref (sample);
  return count;
}

#define SOURCE "t2vsrc name=source model=testcard prompt=fox sound=true "
#define SINKS                                                                                      \
  "source.src ! appsink name=pictures sync=false source.audio ! appsink name=sound sync=false "

GST_START_TEST (test_both_pads)
{
  Both both = both_start (SOURCE "frames=72 " SINKS);
  GstPad *pictures = gst_element_get_static_pad (both.source, "src");
  GstPad *sound = gst_element_get_static_pad (both.source, "audio");
  GstEvent *a, *b;
  gchar *id;
  guint group_a = 0, group_b = 1;
  GstCaps *caps;
  Heard heard;

  hear_nothing (&heard);
  hear_all (both.sound, &heard);
  fail_unless_equals_int (see_all (both.pictures), 72);
  fail_unless_equals_int (heard.left->len, samples_before (72));
  fail_unless_equals_int (heard.buffers, 72);
  fail_unless_equals_int (heard.discont, 0);
  fail_unless_equals_uint64 (heard.first, 0);
  fail_unless_equals_uint64 (heard.end, 3 * GST_SECOND);
  check_tones (heard.left, (gint64[]){ 0, RATE, 2 * RATE, -1 });
  check_tones (heard.right, (gint64[]){ -1 });

  a = gst_pad_get_sticky_event (pictures, GST_EVENT_STREAM_START, 0);
  b = gst_pad_get_sticky_event (sound, GST_EVENT_STREAM_START, 0);
  fail_unless (gst_event_parse_group_id (a, &group_a) && gst_event_parse_group_id (b, &group_b));
  fail_unless_equals_int (group_a, group_b);
  id = gst_pad_get_stream_id (sound);
  fail_unless (g_str_has_suffix (id, "/audio"), "%s", id);
  caps = gst_pad_get_current_caps (sound);
  fail_unless (gst_structure_has_field_typed (
      gst_caps_get_structure (caps, 0), "channel-mask", GST_TYPE_BITMASK));
  gst_caps_unref (caps);
  g_free (id);
  gst_event_unref (a);
  gst_event_unref (b);
  gst_object_unref (pictures);
  gst_object_unref (sound);
  forget (&heard);
  both_free (&both);
}
GST_END_TEST;

/* A pipeline without the pictures' sink gives the sound of 48 frames. */
static void
only_sound (const gchar *description)
{
  Both both = both_start (description);
  Heard heard;

  hear_nothing (&heard);
  hear_all (both.sound, &heard);
  fail_unless_equals_int (heard.left->len, samples_before (48));
  both_free (&both);
  forget (&heard);
}

GST_START_TEST (test_one_pad_is_enough)
{
  Both both;

  only_sound (SOURCE "frames=48 source.audio ! appsink name=sound sync=false");

  both = both_start (SOURCE "frames=48 source.src ! appsink name=pictures sync=false");
  fail_unless_equals_int (see_all (both.pictures), 48);
  both_free (&both);

  /* Where a bin, and a queue behind it, are linked to nobody. */
  only_sound ("uridecodebin name=source uri=t2v:///fox;model=testcard;sound=1;frames=48 "
              "source. ! audio/x-raw ! appsink name=sound sync=false");
}
GST_END_TEST;

GST_START_TEST (test_nobody_at_all_is_an_error)
{
  Both both = both_start (SOURCE "frames=48 videotestsrc ! fakesink");
  GstBus *bus = gst_element_get_bus (both.pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered (bus, PATIENCE, GST_MESSAGE_ERROR);

  fail_unless (message != NULL);
  gst_message_unref (message);
  gst_object_unref (bus);
  both_free (&both);
}
GST_END_TEST;

GST_START_TEST (test_cuts_are_heard_at_their_frames)
{
  gchar *path = g_build_filename (g_get_tmp_dir (), "zt-sound-XXXXXX", NULL);
  gint file = g_mkstemp (path);
  const gchar *shots = "00:00:00,000 --> 00:00:01,125\na fox\n\n00:00:01,125 --> "
                       "00:00:02,000\nan owl\n";
  gchar *line;
  Heard heard;
  Both both;

  fail_unless (write (file, shots, strlen (shots)) == (gssize) strlen (shots));
  close (file);
  line =
      g_strdup_printf ("t2vsrc name=source model=testcard storyboard=%s sound=true " SINKS, path);
  both = both_start (line);
  hear_nothing (&heard);
  hear_all (both.sound, &heard);
  check_tones (heard.left, (gint64[]){ 0, RATE, -1 });
  check_tones (heard.right, (gint64[]){ samples_before (27), -1 });
  both_free (&both);
  forget (&heard);
  g_unlink (path);
  g_free (line);
  g_free (path);
}
GST_END_TEST;

/* A seek comes to both sinks; it is done once, and sound goes on with the picture it finds. */
GST_START_TEST (test_seeks_take_sound_along)
{
  Both both = both_start (SOURCE "frames=240 " SINKS);
  GstElement *seekers[] = { both.pipeline, both.source, both.sound };

  for (guint i = 0; i < G_N_ELEMENTS (seekers); i++) {
    const gint64 frame = 30 + 7 * i;
    GstSample *picture, *sound;
    Heard heard;

    fail_unless_equals_int (
        gst_element_get_state (both.pipeline, NULL, NULL, PATIENCE), GST_STATE_CHANGE_SUCCESS);
    fail_unless (gst_element_seek (seekers[i], 1.0, GST_FORMAT_TIME,
        GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, GST_SEEK_TYPE_SET,
        gst_util_uint64_scale_ceil (frame, GST_SECOND, 24), GST_SEEK_TYPE_NONE, 0));
    picture = gst_app_sink_pull_sample (GST_APP_SINK (both.pictures));
    sound = gst_app_sink_pull_sample (GST_APP_SINK (both.sound));
    fail_unless_equals_uint64 (
        GST_BUFFER_PTS (gst_sample_get_buffer (picture)), frame * GST_SECOND / 24);
    fail_unless_equals_uint64 (
        GST_BUFFER_OFFSET (gst_sample_get_buffer (sound)), samples_before (frame));
    fail_unless (
        gst_segment_is_equal (gst_sample_get_segment (picture), gst_sample_get_segment (sound)));
    hear_nothing (&heard);
    hear (&heard, sound);
    gst_sample_unref (picture);
    gst_sample_unref (sound);
    hear_all (both.sound, &heard);
    fail_unless_equals_int (heard.left->len, samples_before (240) - samples_before (frame));
    fail_unless_equals_int (heard.discont, 0);
    /* The first full second behind it. */
    for (gint64 second = 2; second < 10; second++) {
      gint64 at = second * RATE - samples_before (frame);

      fail_unless (g_array_index (heard.left, gfloat, at) == 0.5F);
      fail_unless (g_array_index (heard.left, gfloat, at - 1) == 0.0F);
    }
    fail_unless_equals_int (see_all (both.pictures), 240 - (gint) frame - 1);
    forget (&heard);
  }
  both_free (&both);
}
GST_END_TEST;

/* A stop in the middle of the clip ends both, at the same frame. */
GST_START_TEST (test_a_segment_that_ends_before_the_clip)
{
  Both both = both_start (SOURCE "frames=240 " SINKS);
  Heard heard;

  fail_unless_equals_int (
      gst_element_get_state (both.pipeline, NULL, NULL, PATIENCE), GST_STATE_CHANGE_SUCCESS);
  fail_unless (gst_element_seek (both.pipeline, 1.0, GST_FORMAT_TIME,
      GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE, GST_SEEK_TYPE_SET, GST_SECOND,
      GST_SEEK_TYPE_SET, 2 * GST_SECOND));
  hear_nothing (&heard);
  hear_all (both.sound, &heard);
  fail_unless_equals_int (see_all (both.pictures), 24);
  fail_unless_equals_int (heard.left->len, RATE);
  forget (&heard);
  both_free (&both);
}
GST_END_TEST;

/* A sink that never takes sound lets half a minute of it wait, then pictures wait too; and nothing
 * of that delays the end. */
GST_START_TEST (test_sound_that_nobody_takes_stops_the_pictures_in_time)
{
  Both both =
      both_start (SOURCE "width=16 height=16 frames=-1 source.src ! appsink name=pictures "
                         "sync=false source.audio ! appsink name=sound max-buffers=1 sync=false");
  GstSample *sample = gst_app_sink_pull_preroll (GST_APP_SINK (both.sound));
  guint frames = 0;

  gst_sample_unref (sample);
  while (
      (sample = gst_app_sink_try_pull_sample (GST_APP_SINK (both.pictures), GST_SECOND)) != NULL) {
    gst_sample_unref (sample);
    frames++;
  }
  fail_unless (frames >= 30 * 24 && frames < 31 * 24, "%u", frames);
  both_free (&both);
}
GST_END_TEST;

static GstPadProbeReturn
count (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  ++*(guint *) data;
  return GST_PAD_PROBE_OK;
}

GST_START_TEST (test_probes_see_each_picture_once)
{
  GstElement *pipeline = gst_parse_launch (SOURCE "frames=48 source.src ! fakesink source.audio ! "
                                                  "fakesink",
      NULL);
  GstElement *source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  GstPad *pad = gst_element_get_static_pad (source, "src");
  guint once = 0, twice = 0;
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count, &once, NULL);
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count, &twice, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, PATIENCE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless (message != NULL && GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS);
  fail_unless_equals_int (once, 48);
  fail_unless_equals_int (twice, 48);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pad);
  gst_object_unref (source);
  gst_object_unref (pipeline);
}
GST_END_TEST;

GST_START_TEST (test_live_keeps_them_together)
{
  Both both = both_start (SOURCE "is-live=true frames=-1 source.src ! appsink name=pictures "
                                 "source.audio ! appsink name=sound");
  GstClockTimeDiff apart = 0;
  GstQuery *query = gst_query_new_latency ();
  GstPad *pad = gst_element_get_static_pad (both.source, "audio");
  gboolean live = FALSE;

  for (guint i = 0; i < 30; i++) {
    GstSample *picture = gst_app_sink_pull_sample (GST_APP_SINK (both.pictures));
    GstSample *sound = gst_app_sink_pull_sample (GST_APP_SINK (both.sound));
    /* Their own times differ by what a frame's time is rounded to samples. */
    GstClockTimeDiff now = GST_CLOCK_DIFF (GST_BUFFER_PTS (gst_sample_get_buffer (picture)),
        GST_BUFFER_PTS (gst_sample_get_buffer (sound)));

    apart = MAX (apart, ABS (now));
    gst_sample_unref (picture);
    gst_sample_unref (sound);
  }
  fail_unless (apart <= GST_SECOND / RATE, "%" G_GINT64_FORMAT, apart);
  fail_unless (gst_pad_query (pad, query));
  gst_query_parse_latency (query, &live, NULL, NULL);
  fail_unless (live);
  gst_query_unref (query);
  gst_object_unref (pad);
  both_free (&both);
}
GST_END_TEST;

GST_START_TEST (test_what_passes_through_is_silent)
{
  Both both = both_start (
      "videotestsrc num-buffers=32 ! video/x-raw,format=I420,width=256,height=144,framerate=24/1,"
      "colorimetry=bt709,chroma-site=mpeg2 ! i2v name=source model=testcard prompt=x sound=true "
      "mode=extend frames=48 " SINKS);
  Heard heard;

  hear_nothing (&heard);
  hear_all (both.sound, &heard);
  fail_unless_equals_int (see_all (both.pictures), 80);
  fail_unless_equals_int (heard.left->len, samples_before (80));
  fail_unless_equals_int (heard.discont, 0);
  check_tones (heard.left, (gint64[]){ samples_before (32), samples_before (32) + RATE, -1 });
  for (gint64 i = 0; i < samples_before (32); i++)
    fail_unless (g_array_index (heard.left, gfloat, i) == 0.0F);
  forget (&heard);
  both_free (&both);
}
GST_END_TEST;

GST_START_TEST (test_the_pad_comes_and_goes_with_the_property)
{
  GstElement *source = make_source ("fox", 10, 1);
  GstPad *pad = gst_element_get_static_pad (source, "audio");

  fail_unless (pad == NULL);
  for (gint i = 0; i < 3; i++) {
    g_object_set (source, "sound", TRUE, NULL);
    g_object_set (source, "sound", TRUE, NULL);
    pad = gst_element_get_static_pad (source, "audio");
    fail_unless (pad != NULL);
    gst_object_unref (pad);
    g_object_set (source, "sound", FALSE, NULL);
    fail_unless (gst_element_get_static_pad (source, "audio") == NULL);
  }
  gst_object_unref (source);
}
GST_END_TEST;

/* Who asks for the pad by name need not know the property. */
GST_START_TEST (test_the_pad_may_be_requested)
{
  GstElement *source = make_source ("fox", 48, 1);
  GstPad *pad = gst_element_request_pad_simple (source, "audio");
  gboolean sound = FALSE;

  fail_unless (pad != NULL);
  g_object_get (source, "sound", &sound, NULL);
  fail_unless (sound);
  gst_element_release_request_pad (source, pad);
  gst_object_unref (pad);
  g_object_get (source, "sound", &sound, NULL);
  fail_if (sound);
  gst_object_unref (source);

  only_sound ("t2vsrc name=source model=testcard prompt=fox frames=48 source.audio ! appsink "
              "name=sound sync=false");
}
GST_END_TEST;

GST_START_TEST (test_links)
{
  GError *error = NULL;
  GstElement *element;
  gchar *uri;

  element = gst_element_make_from_uri (GST_URI_SRC, "t2v:///fox;sound=1;seed=3", NULL, &error);
  fail_unless_equals_string (GST_OBJECT_NAME (gst_element_get_factory (element)), "t2vbin");
  uri = gst_uri_handler_get_uri (GST_URI_HANDLER (element));
  fail_unless_equals_string (uri, "t2v:///fox;seed=3;sound=1");
  g_free (uri);
  gst_object_unref (element);
  for (gint i = 0; i < 2; i++) {
    element = gst_element_make_from_uri (
        GST_URI_SRC, i == 0 ? "t2v:///fox;sound=0" : "t2v:///fox", NULL, &error);
    fail_unless_equals_string (GST_OBJECT_NAME (gst_element_get_factory (element)), "t2vsrc");
    gst_object_unref (element);
  }
  fail_unless (error == NULL);
  element = make_source ("fox", 10, 1);
  fail_if (gst_uri_handler_set_uri (GST_URI_HANDLER (element), "t2v:///fox;sound=yes", &error));
  fail_unless (
      strstr (error->message, "sound: expected 0 or 1, got \"yes\"") != NULL, "%s", error->message);
  g_clear_error (&error);
  fail_unless (gst_uri_handler_set_uri (GST_URI_HANDLER (element), "t2v:///fox;sound=1", &error));
  gst_object_unref (gst_element_get_static_pad (element, "audio"));
  gst_object_unref (element);
}
GST_END_TEST;

/* Starts, seeks and ends at any moment: nothing hangs, nothing is lost that may not be. */
GST_START_TEST (test_ends_at_any_moment)
{
  GRand *random = g_rand_new_with_seed (27);

  for (gint round = 0; round < 40; round++) {
    Both both = both_start (SOURCE "frames=240 source.src ! fakesink source.audio ! fakesink");

    for (gint i = g_rand_int_range (random, 0, 3); i > 0; i--) {
      g_usleep (g_rand_int_range (random, 0, 20000));
      gst_element_seek_simple (both.pipeline, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
          g_rand_int_range (random, 0, 9) * GST_SECOND);
    }
    g_usleep (g_rand_int_range (random, 0, 20000));
    both_free (&both);
  }
  g_rand_free (random);
}
GST_END_TEST;

GST_START_TEST (test_a_mute_model_is_refused)
{
  GstElement *pipeline = gst_parse_launch (SOURCE "source.src ! fakesink", NULL);
  GstElement *source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  GstStructure *options = gst_structure_new ("options", "sample_rate", G_TYPE_INT, 0, NULL);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;
  GError *error = NULL;

  g_object_set (source, "engine-opts", options, NULL);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, PATIENCE, GST_MESSAGE_ERROR);
  fail_unless (message != NULL);
  gst_message_parse_error (message, &error, NULL);
  fail_unless_equals_string (error->message, "sound: expected 0 (this model is mute), got 1");
  g_error_free (error);
  gst_message_unref (message);
  gst_structure_free (options);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (source);
  gst_object_unref (pipeline);
}
GST_END_TEST;

static Suite *
gst_sound (void)
{
  Suite *suite = suite_create ("gst_sound");
  TCase *tests = tcase_create ("sound");

  tcase_set_timeout (tests, 120);
  suite_add_tcase (suite, tests);
  tcase_add_checked_fixture (tests, NULL, free_open_pipelines);
  tcase_add_test (tests, test_both_pads);
  tcase_add_test (tests, test_one_pad_is_enough);
  tcase_add_test (tests, test_nobody_at_all_is_an_error);
  tcase_add_test (tests, test_cuts_are_heard_at_their_frames);
  tcase_add_test (tests, test_seeks_take_sound_along);
  tcase_add_test (tests, test_a_segment_that_ends_before_the_clip);
  tcase_add_test (tests, test_sound_that_nobody_takes_stops_the_pictures_in_time);
  tcase_add_test (tests, test_probes_see_each_picture_once);
  tcase_add_test (tests, test_live_keeps_them_together);
  tcase_add_test (tests, test_what_passes_through_is_silent);
  tcase_add_test (tests, test_the_pad_comes_and_goes_with_the_property);
  tcase_add_test (tests, test_the_pad_may_be_requested);
  tcase_add_test (tests, test_links);
  tcase_add_test (tests, test_ends_at_any_moment);
  tcase_add_test (tests, test_a_mute_model_is_refused);
  return suite;
}

TEST_MAIN (gst_sound)
