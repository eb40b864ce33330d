/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_link.c - t2v: links: what is read, what is refused, and that nothing else happens
 *
 * Run with no_open.c preloaded: no link may make the program look at a path.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "gst_common.h"

/* Two sets of links: those made by hand, and this many thrown together. */
#define RANDOM_LINKS 5000

static GstElement *
source_of (const gchar *link, GError **error)
{
  return gst_element_make_from_uri (GST_URI_SRC, link, NULL, error);
}

static void
drop (GstElement *source)
{
  gst_object_ref_sink (source);
  gst_object_unref (source);
}

static const struct {
  const gchar *link, *canonical, *prompt;
} accepted[] = {
  { "t2v:///a%20red%20fox", "t2v:///a%20red%20fox", "a red fox" },
  { "t2v://a%20red%20fox", "t2v:///a%20red%20fox", "a red fox" },
  { "t2v:a%20red%20fox", "t2v:///a%20red%20fox", "a red fox" },
  { "t2v:///a red fox", "t2v:///a%20red%20fox", "a red fox" },
  { "T2V:///fox", "t2v:///fox", "fox" },
  { "t2v:///Bob", "t2v:///Bob", "Bob" },
  { "t2v:///fox;seed=1;frames=32", "t2v:///fox;frames=32;seed=1", "fox" },
  { "t2v:///fox?seed=1&frames=32", "t2v:///fox;frames=32;seed=1", "fox" },
  { "t2v:///fox;seed=1&frames=32", "t2v:///fox;frames=32;seed=1", "fox" },
  { "t2v:///fox;seed=0;frames=0;guidance=-1", "t2v:///fox", "fox" },
  { "t2v:///fox;negative-prompt=rain", "t2v:///fox;negative_prompt=rain", "fox" },
  { "t2v:///fox;negative_prompt=a%26b%3Bc", "t2v:///fox;negative_prompt=a%26b%3Bc", "fox" },
  { "t2v:///cut%3B%20then%20%23%3F%25%26", "t2v:///cut%3B%20then%20%23%3F%25%26",
      "cut; then #?%&" },
  { "t2v:///this%26that&more", "t2v:///this%26that%26more", "this&that&more" },
  { "t2v:////x", "t2v:///%2Fx", "/x" },
  { "t2v:///%E7%BA%A2%E7%8B%90%E7%8B%B8", "t2v:///%E7%BA%A2%E7%8B%90%E7%8B%B8",
      "\347\272\242\347\213\220\347\213\270" },
  { "t2v:///\347\272\242", "t2v:///%E7%BA%A2", "\347\272\242" },
  { "t2v:///fox;model=testcard", "t2v:///fox;model=testcard", "fox" },
  { "t2v:///fox;transition=cut", "t2v:///fox", "fox" },
  { "t2v:///fox;transition=morph", "t2v:///fox;transition=morph", "fox" },
  { "t2v:///fox;size=256x144;rate=24000/1001", "t2v:///fox;size=256x144;rate=24000%2F1001", "fox" },
  { "t2v:///fox;rate=23.976", "t2v:///fox;rate=24000%2F1001", "fox" },
  { "t2v:///fox;rate=29.97", "t2v:///fox;rate=30000%2F1001", "fox" },
  { "t2v:///fox;rate=12.5", "t2v:///fox;rate=25%2F2", "fox" },
  { "t2v:///fox;rate=1/10", "t2v:///fox;rate=1%2F10", "fox" },
  { "t2v:///fox;rate=240", "t2v:///fox;rate=240", "fox" },
  { "t2v:///fox;duration=2.5", "t2v:///fox;duration=2500000us", "fox" },
  { "t2v:///fox;duration=01:00", "t2v:///fox;duration=60000000us", "fox" },
  { "t2v:///fox;duration=00:00:59.5", "t2v:///fox;duration=59500000us", "fox" },
  { "t2v:///fox;duration=500ms", "t2v:///fox;duration=500000us", "fox" },
  { "t2v:///fox;duration=41667us", "t2v:///fox;duration=41667us", "fox" },
  { "t2v:///fox;duration=60", "t2v:///fox;duration=60000000us", "fox" },
  { "t2v:///fox;steps=50", "t2v:///fox;steps=50", "fox" },
  { "t2v:///fox;guidance=100", "t2v:///fox;guidance=100", "fox" },
  { "t2v:///fox;guidance=0", "t2v:///fox;guidance=0", "fox" },
  { "t2v:///fox;seed=-1", "t2v:///fox;seed=-1", "fox" },
  { "t2v:///fox;seed=9223372036854775807", "t2v:///fox;seed=9223372036854775807", "fox" },
  { "t2v:///fox;size=1280x720", "t2v:///fox;size=1280x720", "fox" },
  { "t2v:///fox;size=4096x225", "t2v:///fox;size=4096x225", "fox" },
  { "t2v:///fox;size=16x16", "t2v:///fox;size=16x16", "fox" },
  { "t2v:///fox;frames=14400", "t2v:///fox;frames=14400", "fox" },
};

GST_START_TEST (good_links_are_read)
{
  GError *error = NULL;
  GstElement *source = source_of (accepted[__i__].link, &error);
  gchar *text = NULL;

  fail_unless (source != NULL, "%s: %s", accepted[__i__].link, error ? error->message : "");
  g_object_get (source, "prompt", &text, NULL);
  fail_unless_equals_string (text, accepted[__i__].prompt);
  g_free (text);
  text = gst_uri_handler_get_uri (GST_URI_HANDLER (source));
  fail_unless_equals_string (text, accepted[__i__].canonical);
  /* What is written reads the same. */
  fail_unless (gst_uri_handler_set_uri (GST_URI_HANDLER (source), text, NULL));
  g_free (text);
  text = gst_uri_handler_get_uri (GST_URI_HANDLER (source));
  fail_unless_equals_string (text, accepted[__i__].canonical);
  g_free (text);
  drop (source);
}
GST_END_TEST;

static const gchar *refused[] = {
  "t2v:",
  "t2v://",
  "t2v:///",
  "t2v:///;seed=1",
  "t2v:///?seed=1",
  /* Bytes. */
  "t2v:///a%00b",
  "t2v:///a%",
  "t2v:///a%2",
  "t2v:///a%zz",
  "t2v:///a%ff",
  "t2v:///%c3%28",
  "t2v:///a\001b",
  "t2v:///a%1b",
  "t2v:///\303(",
  "t2v:///%ed%a0%80",
  "t2v:///fox;negative_prompt=%00",
  "t2v:///a#b",
  /* Keys. */
  "t2v:///fox;",
  "t2v:///fox;;",
  "t2v:///fox;seed",
  "t2v:///fox;=1",
  "t2v:///fox;Seed=1",
  "t2v:///fox; seed=1",
  "t2v:///fox;nosuch=1",
  "t2v:///fox;prompt=dog",
  "t2v:///fox;prompt_file=/zt_link_trap",
  "t2v:///fox;prompt-file=/zt_link_trap",
  "t2v:///fox;storyboard=/zt_link_trap",
  "t2v:///fox;lora=/zt_link_trap",
  "t2v:///fox;device=cuda",
  "t2v:///fox;precision=fp32",
  "t2v:///fox;memory=1G",
  "t2v:///fox;cpu_threads=8",
  "t2v:///fox;prefetch=4",
  "t2v:///fox;timeout=1",
  "t2v:///fox;cache=on",
  "t2v:///fox;label=always",
  "t2v:///fox;sei=0",
  "t2v:///fox;watermark=dct",
  "t2v:///fox;metadata_prompt=1",
  "t2v:///fox;engine_opts=a=b",
  "t2v:///fox;enhance=1",
  "t2v:///fox;flow_shift=1",
  "t2v:///fox;num-buffers=1",
  "t2v:///fox;blocksize=1",
  "t2v:///fox;name=x",
  /* Twice. */
  "t2v:///fox;seed=1;seed=1",
  "t2v:///fox;negative-prompt=a;negative_prompt=a",
  "t2v:///fox;frames=5;duration=1",
  "t2v:///fox;size=16x16;size=16x16",
  /* The model is a name. */
  "t2v:///fox;model=",
  "t2v:///fox;model=/zt_link_trap",
  "t2v:///fox;model=../zt_link_trap",
  "t2v:///fox;model=.",
  "t2v:///fox;model=%2Fzt_link_trap",
  "t2v:///fox;model=zt_link_trap%2Fx",
  "t2v:///fox;model=zt_link_trap.safetensors",
  "t2v:///fox;model=~",
  "t2v:///fox;model=file:///zt_link_trap",
  "t2v:///fox;model=a%20b",
  /* Values just outside, and values that are none. */
  "t2v:///fox;steps=51",
  "t2v:///fox;steps=-1",
  "t2v:///fox;steps=1.5",
  "t2v:///fox;steps=",
  "t2v:///fox;steps=0x10",
  "t2v:///fox;steps=%201",
  "t2v:///fox;steps=99999999999999999999",
  "t2v:///fox;frames=-1",
  "t2v:///fox;frames=14401",
  "t2v:///fox;frames=1e3",
  "t2v:///fox;duration=-1",
  "t2v:///fox;duration=60.000001",
  "t2v:///fox;duration=61",
  "t2v:///fox;duration=01:00:00",
  "t2v:///fox;duration=1:2:3:4",
  "t2v:///fox;duration=60001ms",
  "t2v:///fox;duration=1.",
  "t2v:///fox;duration=.5",
  "t2v:///fox;duration=1s",
  "t2v:///fox;duration=1,5",
  "t2v:///fox;duration=999999999999999999999",
  "t2v:///fox;seed=-2",
  "t2v:///fox;seed=9223372036854775808",
  "t2v:///fox;seed=+1",
  "t2v:///fox;guidance=-0.5",
  "t2v:///fox;guidance=100.1",
  "t2v:///fox;guidance=nan",
  "t2v:///fox;guidance=inf",
  "t2v:///fox;guidance=0x1p3",
  "t2v:///fox;guidance=",
  "t2v:///fox;guidance=1,5",
  "t2v:///fox;size=15x16",
  "t2v:///fox;size=16x15",
  "t2v:///fox;size=4097x16",
  "t2v:///fox;size=1282x720",
  "t2v:///fox;size=1280x721",
  "t2v:///fox;size=256",
  "t2v:///fox;size=256x",
  "t2v:///fox;size=256x144x3",
  "t2v:///fox;size=-256x-144",
  "t2v:///fox;rate=0",
  "t2v:///fox;rate=1/11",
  "t2v:///fox;rate=241",
  "t2v:///fox;rate=24/0",
  "t2v:///fox;rate=24/",
  "t2v:///fox;rate=ntsc",
  "t2v:///fox;rate=-24",
  "t2v:///fox;rate=1000001/41667",
  "t2v:///fox;transition=wipe",
  "t2v:///fox;transition=",
};

GST_START_TEST (bad_links_are_refused)
{
  GError *error = NULL;
  GstElement *source = gst_element_factory_make ("t2vsrc", NULL);
  gchar *before, *after;

  fail_unless (gst_uri_handler_set_uri (GST_URI_HANDLER (source), "t2v:///before;seed=7", NULL));
  before = gst_uri_handler_get_uri (GST_URI_HANDLER (source));
  fail_if (gst_uri_handler_set_uri (GST_URI_HANDLER (source), refused[__i__], &error), "%s",
      refused[__i__]);
  fail_unless (g_error_matches (error, GST_URI_ERROR, GST_URI_ERROR_BAD_REFERENCE), "%s: %s",
      refused[__i__], error->message);
  fail_unless (g_str_has_prefix (error->message, "t2v: "));
  fail_unless (strstr (error->message, "expected ") != NULL);
  fail_unless (g_utf8_validate (error->message, -1, NULL));
  fail_if (strpbrk (error->message, "\n\r\033") != NULL);
  /* Nothing of it was taken. */
  after = gst_uri_handler_get_uri (GST_URI_HANDLER (source));
  fail_unless_equals_string (before, after);
  g_free (before);
  g_free (after);
  g_clear_error (&error);
  drop (source);
}
GST_END_TEST;

GST_START_TEST (length_of_a_link_is_limited)
{
  GstElement *source = gst_element_factory_make ("t2vsrc", NULL);
  GstURIHandler *handler = GST_URI_HANDLER (source);
  static const gsize lengths[] = { 8192, 8193, 65536, 1 << 20 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++) {
    gchar *link = g_strnfill (lengths[i], 'x');
    GError *error = NULL;

    memcpy (link, "t2v:///", strlen ("t2v:///"));
    fail_unless_equals_int (gst_uri_handler_set_uri (handler, link, &error), lengths[i] <= 8192);
    if (error != NULL)
      fail_unless (strlen (error->message) < 600);
    g_clear_error (&error);
    g_free (link);
  }
  drop (source);
}
GST_END_TEST;

/* A new link says everything anew; what no link may set stays as the application set it. */
GST_START_TEST (links_replace_each_other)
{
  GstElement *source = source_of ("t2v:///fox;seed=7;frames=9;size=64x64", NULL);
  gint64 seed, frames;
  gint width, prefetch;

  g_object_set (source, "prefetch", 3, NULL);
  fail_unless (gst_uri_handler_set_uri (GST_URI_HANDLER (source), "t2v:///cat;frames=5", NULL));
  g_object_get (
      source, "seed", &seed, "frames", &frames, "width", &width, "prefetch", &prefetch, NULL);
  fail_unless_equals_int64 (seed, 0);
  fail_unless_equals_int64 (frames, 5);
  fail_unless_equals_int (width, 0);
  fail_unless_equals_int (prefetch, 3);

  /* What no link can say has no link. */
  g_object_set (source, "model", "/some/folder", NULL);
  fail_unless (gst_uri_handler_get_uri (GST_URI_HANDLER (source)) == NULL);
  drop (source);
}
GST_END_TEST;

/* Every property that is no link key still has its default. */
static void
check_only_link_keys (GstElement *source, const gchar *link)
{
  static const gchar *keys[] = { "prompt", "model", "width", "height", "framerate", "frames",
    "duration", "seed", "steps", "guidance", "negative-prompt", "transition", "name", "parent",
    NULL };
  guint count;
  GParamSpec **specs = g_object_class_list_properties (G_OBJECT_GET_CLASS (source), &count);

  for (guint i = 0; i < count; i++) {
    GValue value = G_VALUE_INIT;

    if (g_strv_contains (keys, specs[i]->name))
      continue;
    g_value_init (&value, specs[i]->value_type);
    g_object_get_property (G_OBJECT (source), specs[i]->name, &value);
    fail_unless (g_param_value_defaults (specs[i], &value), "%s set %s", link, specs[i]->name);
    g_value_unset (&value);
  }
  g_free (specs);
}

static void
check_limits (GstElement *source, const gchar *link)
{
  gint64 frames, duration, seed;
  gint width, height, num, den, steps;
  gdouble guidance;
  gchar *model, *prompt, *negative;
  GValue rate = G_VALUE_INIT;

  g_value_init (&rate, GST_TYPE_FRACTION);
  g_object_get_property (G_OBJECT (source), "framerate", &rate);
  num = gst_value_get_fraction_numerator (&rate);
  den = gst_value_get_fraction_denominator (&rate);
  g_object_get (source, "frames", &frames, "duration", &duration, "seed", &seed, "width", &width,
      "height", &height, "steps", &steps, "guidance", &guidance, "model", &model, "prompt", &prompt,
      "negative-prompt", &negative, NULL);
  fail_unless (frames >= 0 && frames <= 60 * 240, "%s", link);
  fail_unless (duration >= 0 && duration <= 60 * (gint64) GST_SECOND, "%s", link);
  fail_unless (seed >= -1 && steps >= 0 && steps <= 50, "%s", link);
  fail_unless (width * height <= 1280 * 720, "%s", link);
  fail_unless (num == 0 || (num <= 240 * (gint64) den && (gint64) num * 10 >= den), "%s", link);
  fail_unless (guidance == -1 || (guidance >= 0 && guidance <= 100), "%s", link);
  /* Nothing, for the engine's own choice, or a name. */
  fail_unless (
      model == NULL || (*model != 0 && strspn (model, "abcdefghijklmnopqrstuvwxyz0123456789_") ==
                                           strlen (model)),
      "%s", link);
  fail_unless (prompt && *prompt && g_utf8_validate (prompt, -1, NULL), "%s", link);
  fail_unless (!negative || g_utf8_validate (negative, -1, NULL), "%s", link);
  g_free (model);
  g_free (prompt);
  g_free (negative);
  g_value_unset (&rate);
}

static gboolean
maps_contain (const gchar *word)
{
  gchar *maps = NULL;
  gboolean found;

  fail_unless (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  found = strstr (maps, word) != NULL;
  g_free (maps);
  return found;
}

static gint64
resident_kib (void)
{
  gchar *status = NULL;
  const gchar *line;
  gint64 kib = 0;

  fail_unless (g_file_get_contents ("/proc/self/status", &status, NULL, NULL));
  line = strstr (status, "\nVmRSS:");
  fail_unless (line != NULL && sscanf (line, "\nVmRSS: %" G_GINT64_FORMAT, &kib) == 1);
  g_free (status);
  return kib;
}

/* A host that only lists or makes elements pays nothing for the engine. */
GST_START_TEST (element_without_engine_is_light)
{
  gint64 before = resident_kib (), after;
  GstElement *source = gst_element_factory_make ("t2vsrc", NULL);

  fail_unless (gst_element_set_state (source, GST_STATE_READY) == GST_STATE_CHANGE_SUCCESS);
  after = resident_kib ();
  fail_unless (after - before < 30 * 1024, "%" G_GINT64_FORMAT " KiB more", after - before);
  fail_unless (maps_contain ("libgstzoetrope"));
  fail_if (maps_contain ("libzoetrope") || maps_contain ("libtorch"));
  gst_element_set_state (source, GST_STATE_NULL);
  drop (source);
}
GST_END_TEST;

/* Links thrown together from good and bad pieces: whatever is taken keeps all promises. */
GST_START_TEST (random_links_keep_the_promises)
{
  static const gchar *starts[] = { "t2v:///", "t2v://", "t2v:", "t2v:////", "T2v:///", "t2v:/" };
  static const gchar *prompts[] = { "fox", "a%20fox", "%E7%BA%A2", "%00", "%ff", "",
    "..%2Fzt_link_trap", "/zt_link_trap/x", "a#b", "%", "a&b", "\303" };
  static const gchar *keys[] = { "seed", "frames", "duration", "steps", "guidance", "size", "rate",
    "model", "negative_prompt", "negative-prompt", "transition", "prompt", "prompt_file",
    "storyboard", "lora", "device", "memory", "engine_opts", "cache", "label", "", "SEED",
    "timeout" };
  static const gchar *values[] = { "0", "1", "-1", "50", "51", "59", "60", "60.5", "14400", "14401",
    "1280x720", "1281x720", "64x64", "24", "24000/1001", "241", "testcard", "storybook",
    "/zt_link_trap", "..%2Fzt_link_trap", "zt_link_trap", "cut", "morph", "%00", "%ff", "%E7%BA%A2",
    "", "9223372036854775807", "9223372036854775808", "1e400", "nan", "00:30", "500ms" };
  static const gchar *joints[] = { ";", "&", "?", ";;" };
  const gchar *given = g_getenv ("ZT_TEST_SEED");
  guint32 seed = given ? (guint32) g_ascii_strtoull (given, NULL, 10) : 1;
  GRand *dice = g_rand_new_with_seed (seed);
  gint taken = 0;

#define ANY(list) list[g_rand_int_range (dice, 0, G_N_ELEMENTS (list))]
  g_print ("ZT_TEST_SEED=%u\n", seed);
  for (gint i = 0; i < RANDOM_LINKS; i++) {
    GString *link = g_string_new (ANY (starts));
    GError *error = NULL;
    GstElement *source;

    /* Mostly good prompts, or hardly a link would get to its options. */
    g_string_append (link, g_rand_boolean (dice) ? "fox" : ANY (prompts));
    for (gint n = g_rand_int_range (dice, 0, 4); n > 0; n--) {
      g_string_append (link, g_rand_int_range (dice, 0, 8) ? ";" : ANY (joints));
      g_string_append_printf (link, "%s=%s", ANY (keys), ANY (values));
    }
    source = source_of (link->str, &error);
    if (source != NULL) {
      gchar *canonical = gst_uri_handler_get_uri (GST_URI_HANDLER (source));

      taken++;
      fail_unless (canonical != NULL, "%s", link->str);
      check_only_link_keys (source, link->str);
      check_limits (source, link->str);
      fail_unless (gst_uri_handler_set_uri (GST_URI_HANDLER (source), canonical, &error), "%s: %s",
          canonical, error ? error->message : "");
      g_free (canonical);
      drop (source);
    } else {
      fail_unless (error != NULL, "%s", link->str);
    }
    g_clear_error (&error);
    g_string_free (link, TRUE);
  }
  g_print ("%d of %d links taken\n", taken, RANDOM_LINKS);
  fail_unless (taken > RANDOM_LINKS / 20 && taken < RANDOM_LINKS / 2);
  fail_if (maps_contain ("libzoetrope") || maps_contain ("libtorch"));
  g_rand_free (dice);
}
GST_END_TEST;

/* Last, so that it speaks of all links above (without forks). */
GST_START_TEST (no_link_opened_a_path)
{
  int *count = dlsym (RTLD_DEFAULT, "zt_trap_count");

  fail_unless (count != NULL, "no_open.so is not preloaded");
  fail_unless_equals_int (*count, 0);
  /* The trap works. */
  fail_unless (fopen ("/zt_link_trap", "r") == NULL);
  fail_unless_equals_int (*count, 1);
  *count = 0;
}
GST_END_TEST;

/* The length of a frame count is known with the rate; 60 s at 24/s are 1440 frames. */
GST_START_TEST (links_are_short_clips)
{
  static const struct {
    const gchar *link;
    gboolean ok;
  } cases[] = {
    { "t2v:///fox;model=testcard;frames=1440", TRUE },
    { "t2v:///fox;model=testcard;frames=1441", FALSE },
    { "t2v:///fox;model=testcard;frames=1800;rate=30", TRUE },
    { "t2v:///fox;model=testcard;duration=60", TRUE },
    { "t2v:///fox;model=testcard", TRUE },
    { "t2v:///fox;model=nosuchmodel", FALSE },
  };
  GstElement *source = source_of (cases[__i__].link, NULL);
  Player player = player_new (source, NULL);

  fail_unless_equals_int (
      gst_element_set_state (player.pipeline, GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE,
      cases[__i__].ok);
  player_free (&player);
}
GST_END_TEST;

/* A name that is a file in the current folder is still no path. */
GST_START_TEST (a_file_is_no_built_in_model)
{
  gchar *folder = g_dir_make_tmp ("zt-link-XXXXXX", NULL);
  gchar *before = g_get_current_dir ();
  GstMessage *message;
  GError *error = NULL;
  Player player;

  fail_unless (g_chdir (folder) == 0);
  fail_unless (g_file_set_contents ("weights", "x", 1, NULL));
  player = player_new (source_of ("t2v:///fox;model=weights", NULL), NULL);
  fail_unless (
      gst_element_set_state (player.pipeline, GST_STATE_PAUSED) == GST_STATE_CHANGE_FAILURE);
  message = wait_message (player.pipeline, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  fail_unless (g_str_has_prefix (error->message, "t2v: model: expected a built-in model"), "%s",
      error->message);
  g_clear_error (&error);
  gst_message_unref (message);
  player_free (&player);
  g_remove ("weights");
  fail_unless (g_chdir (before) == 0);
  g_rmdir (folder);
  g_free (folder);
  g_free (before);
}
GST_END_TEST;

static Suite *
gst_link (void)
{
  Suite *suite = suite_create ("gst_link");
  TCase *reading = tcase_create ("reading");
  TCase *playing = tcase_create ("playing");

  suite_add_tcase (suite, reading);
  tcase_set_timeout (reading, 120);
  tcase_add_test (reading, element_without_engine_is_light);
  tcase_add_loop_test (reading, good_links_are_read, 0, G_N_ELEMENTS (accepted));
  tcase_add_loop_test (reading, bad_links_are_refused, 0, G_N_ELEMENTS (refused));
  tcase_add_test (reading, length_of_a_link_is_limited);
  tcase_add_test (reading, links_replace_each_other);
  tcase_add_test (reading, random_links_keep_the_promises);
  tcase_add_test (reading, no_link_opened_a_path);

  suite_add_tcase (suite, playing);
  tcase_set_timeout (playing, 120);
  tcase_add_checked_fixture (playing, NULL, free_open_pipelines);
  tcase_add_loop_test (playing, links_are_short_clips, 0, 6);
  tcase_add_test (playing, a_file_is_no_built_in_model);
  return suite;
}

TEST_MAIN (gst_link)
