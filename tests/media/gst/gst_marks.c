/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_marks.c - what t2vsrc says: tags, provenance, live prompts, warnings, errors
 */
#include <stdio.h>
#include <string.h>

#include "gst_common.h"

static gchar *
sha256 (const gchar *text)
{
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

/* What passed the source's pad: S segment, T tag, b buffer. */
static GstPadProbeReturn
note_order (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GString *order = data;

  if (GST_PAD_PROBE_INFO_TYPE (info) & GST_PAD_PROBE_TYPE_BUFFER)
    g_string_append_c (order, 'b');
  else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_SEGMENT)
    g_string_append_c (order, 'S');
  else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_TAG)
    g_string_append_c (order, 'T');
  return GST_PAD_PROBE_OK;
}

static GString *
watch_order (Player *player)
{
  GString *order = g_string_new (NULL);
  GstPad *pad = gst_element_get_static_pad (player->source, "src");

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
      note_order, order, NULL);
  gst_object_unref (pad);
  return order;
}

static GstTagList *
current_tags (Player *player)
{
  GstPad *pad = gst_element_get_static_pad (player->source, "src");
  GstEvent *event = gst_pad_get_sticky_event (pad, GST_EVENT_TAG, 0);
  GstTagList *tags;

  fail_unless (event != NULL, "no tags were sent");
  gst_event_parse_tag (event, &tags);
  tags = gst_tag_list_copy (tags);
  gst_event_unref (event);
  gst_object_unref (pad);
  return tags;
}

GST_START_TEST (tags_follow_the_segment)
{
  Player player = player_new (make_source ("a red fox", 12, 5), NULL);
  GString *order = watch_order (&player);
  GstTagList *tags;
  gchar *text = NULL, *serialized, *hash = sha256 ("a red fox");
  GValue value = G_VALUE_INIT;
  gchar *product = g_strdup_printf ("-5-%.16s+digitalSourceType:http", hash);

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  player_skip (&player, 0, 12);
  fail_unless (player_pull (&player) == NULL);
  fail_unless_equals_string (order->str, "STbbbbbbbbbbbb");

  tags = current_tags (&player);
  fail_unless (gst_tag_list_get_string (tags, GST_TAG_COMMENT, &text));
  fail_unless (g_str_has_prefix (text, "AI-generated+AIGC.Label:1+"));
  /* What a muxer writes that serializes it. */
  g_value_init (&value, G_TYPE_STRING);
  g_value_set_string (&value, text);
  serialized = gst_value_serialize (&value);
  fail_unless_equals_string (serialized, text);
  g_value_unset (&value);
  g_free (serialized);
  fail_unless (strstr (text, product) != NULL, "%s", text);
  fail_unless (strstr (text, "trainedAlgorithmicMedia") != NULL);
  g_free (text);
  fail_unless (gst_tag_list_get_string (tags, GST_TAG_KEYWORDS, &text));
  g_free (text);
  fail_if (gst_tag_list_get_string (tags, GST_TAG_TITLE, &text));
  gst_tag_list_unref (tags);
  player_free (&player);
  g_string_free (order, TRUE);
  g_free (hash);
  g_free (product);
}
GST_END_TEST;

GST_START_TEST (prompt_is_private_unless_asked)
{
  GstElement *source = make_source ("a red fox", 12, 0);
  gchar *text = NULL;
  GstBuffer *buffer;
  GstTagList *tags;
  Player player = player_start (make_source ("a red fox", 12, 0), NULL);

  buffer = player_expect (&player, 0);
  fail_if (gst_structure_has_field (provenance (buffer), "prompt"));
  gst_buffer_unref (buffer);
  player_free (&player);

  g_object_set (source, "metadata-prompt", TRUE, NULL);
  player = player_start (source, NULL);
  buffer = player_expect (&player, 0);
  fail_unless_equals_string (gst_structure_get_string (provenance (buffer), "prompt"), "a red fox");
  gst_buffer_unref (buffer);
  tags = current_tags (&player);
  fail_unless (gst_tag_list_get_string (tags, GST_TAG_TITLE, &text));
  fail_unless_equals_string (text, "a red fox");
  g_free (text);
  gst_tag_list_unref (tags);
  player_free (&player);
}
GST_END_TEST;

/* Each frame carries its marks; a message tells of each chunk. */
GST_START_TEST (frames_carry_provenance)
{
  Player player = player_start (make_source ("a red fox", 48, 9), NULL);
  gchar *hash = sha256 ("a red fox");
  gint64 chunk = -1, seed = 0;

  for (gint i = 0; i < 48; i++) {
    GstBuffer *buffer = player_expect (&player, i);
    const GstStructure *s = provenance (buffer);
    gint64 before = chunk;

    fail_unless (s != NULL, "frame %d has no marks", i);
    fail_unless (gst_structure_get_int64 (s, "chunk", &chunk));
    fail_unless (gst_structure_get_int64 (s, "seed", &seed));
    fail_unless_equals_int64 (seed, 9);
    fail_unless_equals_string (gst_structure_get_string (s, "model"), test_model ());
    fail_unless_equals_string (gst_structure_get_string (s, "prompt-sha256"), hash);
    if (chunk != before) {
      GstMessage *message = wait_message (player.pipeline, GST_MESSAGE_ELEMENT);
      const GstStructure *told = gst_message_get_structure (message);

      fail_unless_equals_int64 (chunk, before + 1);
      fail_unless (gst_structure_has_name (told, "zoetrope-provenance"));
      fail_unless (gst_structure_get_int64 (told, "chunk", &before));
      fail_unless_equals_int64 (before, chunk);
      gst_message_unref (message);
    }
    gst_buffer_unref (buffer);
  }
  fail_unless (chunk >= 1 && chunk < 48);
  g_free (hash);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (meta_survives_conversion)
{
  gchar *line =
      g_strdup_printf ("t2vsrc model=%s prompt=x frames=12 ! "
                       "videoconvert ! videoscale ! video/x-raw,format=RGB,width=64,height=64 "
                       "! appsink name=sink sync=false",
          test_model ());
  Player player = player_parse (line);
  GstSample *sample;

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  sample = gst_app_sink_try_pull_sample (GST_APP_SINK (player.sink), PATIENCE);
  fail_unless (sample != NULL);
  fail_unless (provenance (gst_sample_get_buffer (sample)) != NULL);
  gst_sample_unref (sample);
  player_free (&player);
  g_free (line);
}
GST_END_TEST;

GST_START_TEST (side_data_comes_once_a_second)
{
  GstElement *source = make_source ("a red fox", 72, 0);
  Player player;

  g_object_set (source, "sei", __i__ == 0, NULL);
  player = player_start (source, NULL);
  for (gint i = 0; i < 72; i++) {
    GstBuffer *buffer = player_expect (&player, i);
    GstVideoSEIUserDataUnregisteredMeta *sei =
        gst_buffer_get_video_sei_user_data_unregistered_meta (buffer);

    fail_unless_equals_int (sei != NULL, __i__ == 0 && i % 24 == 0);
    if (sei != NULL) {
      gchar *text = g_strndup ((gchar *) sei->data, sei->size);

      fail_unless (sei->uuid[0] == 0x35 && sei->uuid[15] == 0xad);
      fail_unless (g_str_has_prefix (text, "{\"gen\":\"zoetrope\",\"ver\":"));
      fail_unless (g_str_has_suffix (text, "trainedAlgorithmicMedia\"}"));
      fail_if (strstr (text, "red fox") != NULL);
      g_free (text);
    }
    gst_buffer_unref (buffer);
  }
  player_free (&player);
}
GST_END_TEST;

/* Frames of one chunk obey one prompt. */
GST_START_TEST (prompt_changes_on_a_chunk_edge)
{
  Player player = player_new (make_source ("a red fox", -1, 0), NULL);
  GString *order = watch_order (&player);
  gchar *before = sha256 ("a red fox"), *after = sha256 ("a blue cat");
  gint made_before = 0, number = 5;
  gboolean changed = FALSE;
  const gchar *second_tag;
  gint64 chunk = 0;

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  player_skip (&player, 0, 5);
  g_object_set (player.source, "prompt", "a blue cat", NULL);
  while (!changed) {
    GstBuffer *buffer = player_expect (&player, number++);
    const GstStructure *s = provenance (buffer);
    const gchar *now = gst_structure_get_string (s, "prompt-sha256");
    gint64 last = chunk;

    changed = g_str_equal (now, after);
    fail_unless (changed || g_str_equal (now, before));
    fail_unless (gst_structure_get_int64 (s, "chunk", &chunk));
    fail_unless (chunk == last || chunk == last + 1);
    fail_if (changed && chunk == last);
    made_before += !changed && chunk != last;
    gst_buffer_unref (buffer);
  }
  /* Made or in the making: prefetch + 1 chunks behind the one being shown, one in the sink. */
  fail_unless (made_before <= 3, "%d chunks of the old prompt", made_before);
  player_free (&player);
  second_tag = strchr (strchr (order->str, 'T') + 1, 'T');
  fail_unless (second_tag != NULL, "%s", order->str);
  fail_unless_equals_int ((second_tag - order->str) - 2, number - 1);
  g_string_free (order, TRUE);
  g_free (before);
  g_free (after);
}
GST_END_TEST;

static void
expect_error (GstMessage *message, GQuark domain, gint code, const gchar *prefix)
{
  GError *error = NULL;
  gchar *debug = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, &debug);
  else
    gst_message_parse_warning (message, &error, &debug);
  fail_unless (g_error_matches (error, domain, code), "%s: %s %d", error->message,
      g_quark_to_string (error->domain), error->code);
  fail_unless (g_str_has_prefix (error->message, prefix), "%s", error->message);
  g_clear_error (&error);
  g_free (debug);
  gst_message_unref (message);
}

GST_START_TEST (refused_changes_leave_the_old_value)
{
  Player player = player_start (make_source ("a red fox", -1, 0), NULL);
  gchar *too_long = g_strnfill (20000, 'x'), *prompt = NULL;
  gint64 frames = 0;

  player_skip (&player, 0, 1);
  g_object_set (player.source, "prompt", too_long, NULL);
  expect_error (wait_message (player.pipeline, GST_MESSAGE_WARNING), GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "prompt: expected");
  g_object_get (player.source, "prompt", &prompt, NULL);
  fail_unless_equals_string (prompt, "a red fox");

  /* Not a run-time option. */
  g_object_set (player.source, "frames", (gint64) 5, NULL);
  expect_error (wait_message (player.pipeline, GST_MESSAGE_WARNING), GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "frames: expected");
  g_object_get (player.source, "frames", &frames, NULL);
  fail_unless_equals_int64 (frames, -1);

  player_skip (&player, 1, 40);
  g_free (prompt);
  g_free (too_long);
  player_free (&player);
}
GST_END_TEST;

static GQuark
resource (void)
{
  return GST_RESOURCE_ERROR;
}

static GQuark
stream (void)
{
  return GST_STREAM_ERROR;
}

static const struct {
  const gchar *line;
  GQuark (*domain) (void);
  gint code;
  const gchar *prefix;
} failures[] = {
  { "t2vsrc model=testcard", resource, GST_RESOURCE_ERROR_SETTINGS,
      "prompt: expected one of prompt, prompt_file, storyboard, got none" },
  { "t2vsrc model=testcard prompt=x prompt-file=y", resource, GST_RESOURCE_ERROR_SETTINGS,
      "prompt: expected one of" },
  { "t2vsrc model=testcard prompt-file=/nonexistent/prompt.txt", resource,
      GST_RESOURCE_ERROR_NOT_FOUND, "\"/nonexistent/prompt.txt\": expected" },
  { "t2vsrc model=/nonexistent prompt=x", resource, GST_RESOURCE_ERROR_NOT_FOUND,
      "model: expected" },
  { "t2vsrc model=testcard prompt=x width=17", resource, GST_RESOURCE_ERROR_SETTINGS,
      "size: expected" },
  { "t2vsrc model=testcard prompt=x framerate=23/1", resource, GST_RESOURCE_ERROR_SETTINGS,
      "rate: expected one of" },
  { "t2vsrc model=testcard prompt=x frames=2 duration=1000000000", resource,
      GST_RESOURCE_ERROR_SETTINGS, "frames: expected frames or duration, got both" },
  { "t2vsrc model=testcard prompt=x duration=6", resource, GST_RESOURCE_ERROR_SETTINGS,
      "duration: expected" },
  { "t2vsrc model=testcard prompt=x storyboard=a.srt", resource, GST_RESOURCE_ERROR_SETTINGS,
      "prompt: expected" },
  { "t2vsrc model=testcard prompt=x enhance=true", resource, GST_RESOURCE_ERROR_SETTINGS,
      "enhance: expected" },
  { "t2vsrc model=testcard storyboard=/nonexistent/shots.srt", resource,
      GST_RESOURCE_ERROR_NOT_FOUND, "\"/nonexistent/shots.srt\": expected" },
  { "t2vsrc model=testcard prompt=x lora=a", resource, GST_RESOURCE_ERROR_SETTINGS,
      "lora: expected" },
  { "t2vsrc model=testcard prompt=x label=always width=32 height=32", resource,
      GST_RESOURCE_ERROR_SETTINGS, "label: expected" },
  { "t2vsrc model=testcard prompt=x watermark=dct width=32 height=32", resource,
      GST_RESOURCE_ERROR_SETTINGS, "watermark: expected" },
  { "t2vsrc model=testcard prompt=x cache=on", resource, GST_RESOURCE_ERROR_SETTINGS,
      "cache: expected" },
  { "t2vsrc model=testcard prompt=x memory=4M", resource, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
      "memory: expected" },
  { "t2vsrc model=testcard prompt=x negative-prompt=y", resource, GST_RESOURCE_ERROR_SETTINGS,
      "negative_prompt: expected" },
  { "t2vsrc model=testcard prompt=x device=tpu", resource, GST_RESOURCE_ERROR_SETTINGS,
      "device: expected" },
  { "t2vsrc model=testcard prompt=x precision=fp8", resource, GST_RESOURCE_ERROR_SETTINGS,
      "precision: expected" },
  { "t2vsrc model=testcard prompt=x engine-opts=o,nosuch=1", resource, GST_RESOURCE_ERROR_SETTINGS,
      "engine_opts: expected" },
  { "t2vsrc model=testcard prompt=x engine-opts=o,nan_frame=5", stream, GST_STREAM_ERROR_FAILED,
      "chunk 0: expected finite" },
  { "t2vsrc model=testcard prompt=x engine-opts=o,delay_ms=20000 "
    "timeout=300000000",
      resource, GST_RESOURCE_ERROR_BUSY, "timeout: expected a frame within 300 ms" },
  { "t2vsrc model=testcard prompt=x ! video/x-raw,width=17", stream, GST_STREAM_ERROR_FORMAT,
      "width: expected" },
  { "t2vsrc model=testcard prompt=x ! video/x-raw,framerate=90/1", stream, GST_STREAM_ERROR_FORMAT,
      "framerate: expected" },
  { "t2vsrc model=testcard prompt=x ! video/x-raw,colorimetry=bt601", stream,
      GST_STREAM_ERROR_FORMAT, "colorimetry: expected bt709" },
};

GST_START_TEST (failures_name_the_option)
{
  gchar *line = g_strdup_printf ("%s ! appsink name=sink sync=false", failures[__i__].line);
  Player player = player_parse (line);

  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  expect_error (wait_message (player.pipeline, GST_MESSAGE_ERROR), failures[__i__].domain (),
      failures[__i__].code, failures[__i__].prefix);
  /* No frame came out. */
  fail_unless (gst_app_sink_try_pull_sample (GST_APP_SINK (player.sink), 0) == NULL);
  player_free (&player);
  g_free (line);
}
GST_END_TEST;

/* An engine that is not there is an error of the library, not a crash. Runs last: the loader
 * remembers. */
GST_START_TEST (missing_engine_is_told)
{
  Player player = player_new (make_source ("a red fox", 12, 0), NULL);

  fail_unless (
      gst_element_set_state (player.pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
  expect_error (wait_message (player.pipeline, GST_MESSAGE_ERROR), GST_LIBRARY_ERROR,
      GST_LIBRARY_ERROR_INIT, "");
  player_free (&player);
}
GST_END_TEST;

static Suite *
gst_marks (void)
{
  Suite *suite = suite_create ("gst_marks");
  TCase *tc = tcase_create ("marks");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 120);
  tcase_add_checked_fixture (tc, NULL, free_open_pipelines);
  if (g_getenv ("ZT_TEST_NO_ENGINE")) {
    tcase_add_test (tc, missing_engine_is_told);
    return suite;
  }
  tcase_add_test (tc, tags_follow_the_segment);
  tcase_add_test (tc, prompt_is_private_unless_asked);
  tcase_add_test (tc, frames_carry_provenance);
  tcase_add_test (tc, meta_survives_conversion);
  tcase_add_loop_test (tc, side_data_comes_once_a_second, 0, 2);
  tcase_add_test (tc, prompt_changes_on_a_chunk_edge);
  tcase_add_test (tc, refused_changes_leave_the_old_value);
  if (is_testcard ())
    tcase_add_loop_test (tc, failures_name_the_option, 0, G_N_ELEMENTS (failures));
  return suite;
}

TEST_MAIN (gst_marks)
