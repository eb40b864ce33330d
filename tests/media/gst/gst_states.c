/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_states.c - t2vsrc in the hands of an impatient application: states, flushes, full queues
 *
 * Everything here ends within the promised half second, whatever the generation is doing.
 */
#include <stdio.h>

#include "gst_common.h"

/* A chunk of this card is never finished by itself. */
#define FOREVER_MS 60000

static GRand *dice;

static void
setup (void)
{
  const gchar *given = g_getenv ("ZT_TEST_SEED");
  guint32 seed = given ? (guint32) g_ascii_strtoull (given, NULL, 10) : 1;

  g_print ("ZT_TEST_SEED=%u\n", seed);
  dice = g_rand_new_with_seed (seed);
}

static void
teardown (void)
{
  free_open_pipelines ();
  g_rand_free (dice);
}

/* A generation that has begun and will not end. */
static Player
start_generating (void)
{
  Player player = player_start (make_slow_source (FOREVER_MS, 48), NULL);

  fail_unless_equals_int (next_progress (player.pipeline), GST_PROGRESS_TYPE_START);
  return player;
}

GST_START_TEST (ladders)
{
  Player player = player_new (make_source ("a red fox", 48, 0), NULL);
  gchar *first = NULL;

  for (gint round = 0; round < 3; round++) {
    GstBuffer *buffer;
    gchar *sum;

    fail_if (gst_element_set_state (player.pipeline, GST_STATE_READY) == GST_STATE_CHANGE_FAILURE);
    fail_if (gst_element_set_state (player.pipeline, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE);
    fail_unless (
        gst_element_get_state (player.pipeline, NULL, NULL, PATIENCE) == GST_STATE_CHANGE_SUCCESS);
    set_state_in_time (player.pipeline, GST_STATE_PLAYING);
    buffer = player_expect (&player, 0);
    sum = checksum (buffer);
    if (first == NULL)
      first = g_strdup (sum);
    fail_unless_equals_string (sum, first);
    g_free (sum);
    gst_buffer_unref (buffer);
    set_state_in_time (player.pipeline, GST_STATE_PAUSED);
    set_state_in_time (player.pipeline, GST_STATE_READY);
    set_state_in_time (player.pipeline, GST_STATE_NULL);
  }
  g_free (first);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (ready_and_back_gives_the_same_frames)
{
  GPtrArray *sums = clip_checksums (make_source ("a red fox", 24, 0), 24);
  Player player = player_new (make_source ("a red fox", 24, 0), NULL);

  for (gint round = 0; round < 3; round++) {
    gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
    for (gint i = 0; i <= round * 11; i++)
      player_compare (&player, i, sums->pdata[i]);
    set_state_in_time (player.pipeline, GST_STATE_READY);
    /* In READY the appsink would keep what it has. */
    set_state_in_time (player.sink, GST_STATE_NULL);
  }
  g_ptr_array_unref (sums);
  player_free (&player);
}
GST_END_TEST;

/* How many reports are open after the messages on the bus, if so many were before. */
static gint
open_reports (GstElement *pipeline, gint open)
{
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessage *message;

  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_PROGRESS))) {
    GstProgressType type;

    gst_message_parse_progress (message, &type, NULL, NULL);
    fail_if (type == GST_PROGRESS_TYPE_ERROR);
    if (type == GST_PROGRESS_TYPE_START)
      open++;
    else if (type != GST_PROGRESS_TYPE_CONTINUE)
      open--;
    fail_unless (open == 0 || open == 1);
    gst_message_unref (message);
  }
  gst_object_unref (bus);
  return open;
}

GST_START_TEST (null_while_generating)
{
  Player player = player_new (make_slow_source (FOREVER_MS, 48), NULL);

  for (gint round = 0; round < 100; round++) {
    gint open = 0;

    fail_if (
        gst_element_set_state (player.pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE);
    /* Half of the time at once, half of the time in the middle of the work. */
    if (g_rand_boolean (dice)) {
      fail_unless_equals_int (next_progress (player.pipeline), GST_PROGRESS_TYPE_START);
      open = 1;
    }
    /* NULL empties the bus, so that READY comes first. */
    set_state_in_time (player.pipeline, GST_STATE_READY);
    fail_unless_equals_int (open_reports (player.pipeline, open), 0);
    set_state_in_time (player.pipeline, GST_STATE_NULL);
  }
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (progress_is_closed_when_frames_come)
{
  Player player = player_start (make_source ("a red fox", 40, 0), NULL);

  fail_unless_equals_int (next_progress (player.pipeline), GST_PROGRESS_TYPE_START);
  player_skip (&player, 0, 40);
  fail_unless (player_pull (&player) == NULL);
  fail_unless_equals_int (open_reports (player.pipeline, 1), 0);
  player_free (&player);
}
GST_END_TEST;

/* One report for the first frames, another when a later chunk lets wait for more than a second. */
GST_START_TEST (progress_names_the_stage)
{
  Player player = player_start (make_slow_source (1500, 24), NULL);
  GstBus *bus = gst_element_get_bus (player.pipeline);
  GstProgressType type = GST_PROGRESS_TYPE_START;
  GstMessage *message;
  gint starts = 0, told = 0;

  player_skip (&player, 0, 24);
  fail_unless (player_pull (&player) == NULL);
  while ((message = gst_bus_pop_filtered (bus, GST_MESSAGE_PROGRESS))) {
    gchar *code, *text;

    gst_message_parse_progress (message, &type, &code, &text);
    fail_unless_equals_string (code, "generate");
    starts += type == GST_PROGRESS_TYPE_START;
    if (type == GST_PROGRESS_TYPE_CONTINUE) {
      /* The test card makes a chunk in one step, which is only named. */
      fail_unless (g_regex_match_simple ("^(load|denoise|wait)$", text, 0, 0), "got %s", text);
      told += g_str_equal (text, "denoise");
    }
    g_free (code);
    g_free (text);
    gst_message_unref (message);
  }
  fail_unless_equals_int (starts, 2);
  fail_unless (told >= 2);
  fail_unless_equals_int (type, GST_PROGRESS_TYPE_COMPLETE);
  gst_object_unref (bus);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (flushing_seek_ends_a_wait)
{
  Player player = start_generating ();
  gint64 began = g_get_monotonic_time ();

  fail_unless (gst_element_send_event (
      player.source, gst_event_new_seek (1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH,
                         GST_SEEK_TYPE_SET, GST_SECOND, GST_SEEK_TYPE_NONE, -1)));
  fail_unless (g_get_monotonic_time () - began < PROMISED_US);
  set_state_in_time (player.pipeline, GST_STATE_NULL);
  player_free (&player);
}
GST_END_TEST;

/* A flush without a seek goes on with the next frames, of the same generation. */
GST_START_TEST (flush_goes_on)
{
  GPtrArray *sums = clip_checksums (make_source ("a red fox", 48, 0), 48);
  Player player = player_start (make_source ("a red fox", 48, 0), NULL);
  GstBuffer *buffer;
  guint64 before, number;
  gchar *sum;

  player_skip (&player, 0, 10);
  player_settle (&player);
  fail_unless (gst_element_send_event (player.source, gst_event_new_flush_start ()));
  fail_unless (gst_element_send_event (player.source, gst_event_new_flush_stop (FALSE)));
  /* What was between here and there is lost, as in any flush. */
  buffer = player_pull (&player);
  fail_unless (buffer != NULL);
  number = GST_BUFFER_OFFSET (buffer);
  fail_unless (number >= 10 && number < 20);
  do {
    sum = checksum (buffer);
    fail_unless_equals_string (sum, sums->pdata[number]);
    g_free (sum);
    gst_buffer_unref (buffer);
    before = number;
    buffer = player_pull (&player);
    number = buffer ? GST_BUFFER_OFFSET (buffer) : 48;
    fail_unless_equals_uint64 (number, before + 1);
  } while (buffer != NULL);
  g_ptr_array_unref (sums);
  player_free (&player);
}
GST_END_TEST;

GST_START_TEST (eos_event_ends_a_wait)
{
  Player player = start_generating ();
  gint64 began = g_get_monotonic_time ();

  fail_unless (gst_element_send_event (player.source, gst_event_new_eos ()));
  fail_unless (player_pull (&player) == NULL);
  fail_unless (g_get_monotonic_time () - began < PROMISED_US);
  player_free (&player);
}
GST_END_TEST;

/* The sink holds the first frame in PAUSED, behind it the element's push is stuck. */
GST_START_TEST (blocked_sink_lets_go)
{
  Player player = player_new (make_source ("a red fox", -1, 0), NULL);

  for (gint round = 0; round < 10; round++) {
    gst_element_set_state (player.pipeline, GST_STATE_PAUSED);
    fail_unless (
        gst_element_get_state (player.pipeline, NULL, NULL, PATIENCE) == GST_STATE_CHANGE_SUCCESS);
    set_state_in_time (player.pipeline, GST_STATE_NULL);
  }
  player_free (&player);
}
GST_END_TEST;

static gpointer
change_prompts (gpointer data)
{
  Player *player = data;

  for (gint i = 0; i < 200; i++) {
    gchar *prompt = g_strdup_printf ("a fox, number %d", i);

    g_object_set (player->source, "prompt", prompt, "seed", (gint64) (i % 10), NULL);
    g_free (prompt);
  }
  return NULL;
}

GST_START_TEST (prompt_changes_from_another_thread)
{
  Player player = player_start (make_source ("a red fox", -1, 0), NULL);
  GThread *thread = g_thread_new ("prompts", change_prompts, &player);

  player_skip (&player, 0, 100);
  g_thread_join (thread);
  player_skip (&player, 100, 20);
  player_free (&player);
}
GST_END_TEST;

/* Seeks, state changes and prompts in any order; ZT_TEST_ROUNDS of them, for a soak. */
GST_START_TEST (stress)
{
  Player player = player_new (make_source ("a red fox", 96, 0), NULL);
  const gchar *given = g_getenv ("ZT_TEST_ROUNDS");
  gint rounds = given ? (gint) g_ascii_strtoll (given, NULL, 10) : 200;

  for (gint round = 0; round < rounds; round++) {
    gint64 began = g_get_monotonic_time ();

    switch (g_rand_int_range (dice, 0, 6)) {
      case 0:
        set_state_in_time (player.pipeline, GST_STATE_READY);
        break;
      case 1:
      case 2:
        gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
        break;
      case 3:
        gst_element_set_state (player.pipeline, GST_STATE_PAUSED);
        break;
      case 4:
        gst_element_send_event (player.source,
            gst_event_new_seek (1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET,
                g_rand_int_range (dice, 0, 4000) * GST_MSECOND, GST_SEEK_TYPE_NONE, -1));
        fail_unless (g_get_monotonic_time () - began < PROMISED_US);
        break;
      case 5:
        g_object_set (
            player.source, "prompt", g_rand_boolean (dice) ? "a red fox" : "a blue cat", NULL);
        break;
    }
  }
  set_state_in_time (player.pipeline, GST_STATE_NULL);
  player_free (&player);
}
GST_END_TEST;

static Suite *
gst_states (void)
{
  Suite *suite = suite_create ("gst_states");
  TCase *tc = tcase_create ("states");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 180);
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, ladders);
  tcase_add_test (tc, ready_and_back_gives_the_same_frames);
  tcase_add_test (tc, null_while_generating);
  tcase_add_test (tc, progress_is_closed_when_frames_come);
  tcase_add_test (tc, progress_names_the_stage);
  tcase_add_test (tc, flushing_seek_ends_a_wait);
  tcase_add_test (tc, flush_goes_on);
  tcase_add_test (tc, eos_event_ends_a_wait);
  tcase_add_test (tc, blocked_sink_lets_go);
  tcase_add_test (tc, prompt_changes_from_another_thread);
  tcase_add_test (tc, stress);
  return suite;
}

TEST_MAIN (gst_states)
