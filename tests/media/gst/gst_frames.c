/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gst_frames.c - frames leave as the engine's own memory where downstream allows it, and as copies
 * in downstream's memory where it brings some
 *
 * What tells: a copy belongs to a pool, a wrapped frame to none; a wrapped frame's rows begin at
 * multiples of 64 bytes, those of common memory at multiples of 4. The test card has any even size.
 */
#include <string.h>

#include "gst_common.h"

/* 272 bytes: no multiple of 64, so that both layouts differ. 256x144 in I420 lies the same in both:
 * rows of 256 and 128 bytes. */
#define ODD_WIDTH  272
#define ODD_STRIDE 320
#define EVEN_WIDTH 256
#define HEIGHT     144
#define I420       "video/x-raw,format=I420"
#define FRAMES     3

/* ---- A pool of downstream's own kind ---- */

typedef struct {
  GstVideoBufferPool parent;
} OwnPool;

typedef struct {
  GstVideoBufferPoolClass parent_class;
} OwnPoolClass;

static GType own_pool_get_type (void);
G_DEFINE_TYPE (OwnPool, own_pool, GST_TYPE_VIDEO_BUFFER_POOL);

static void
own_pool_class_init (OwnPoolClass *klass)
{
}

static void
own_pool_init (OwnPool *pool)
{
}

/* ---- A sink that answers the allocation query ---- */

typedef struct {
  gboolean metas;      /* says that it reads GstVideoMeta */
  GstBufferPool *pool; /* proposed; NULL = none */
  gsize align;         /* that it wants; 0 = none */
  guint queries;
} Answer;

static GstPadProbeReturn
answer_allocation (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY (info);
  Answer *answer = data;
  GstCaps *caps;
  GstVideoInfo video;

  if (GST_QUERY_TYPE (query) != GST_QUERY_ALLOCATION)
    return GST_PAD_PROBE_OK;
  gst_query_parse_allocation (query, &caps, NULL);
  fail_unless (caps != NULL && gst_video_info_from_caps (&video, caps));
  if (answer->metas)
    gst_query_add_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  if (answer->pool != NULL)
    gst_query_add_allocation_pool (query, answer->pool, GST_VIDEO_INFO_SIZE (&video), 0, 0);
  if (answer->align != 0) {
    GstAllocationParams params = { .align = answer->align };

    gst_query_add_allocation_param (query, NULL, &params);
  }
  answer->queries++;
  return GST_PAD_PROBE_HANDLED;
}

static Player
start_card (gint width, Answer *answer)
{
  GstElement *source = make_source ("a card", FRAMES, 7);
  Player player;
  GstPad *pad;

  g_object_set (source, "width", width, NULL);
  player = player_new (source, I420);
  pad = gst_element_get_static_pad (player.sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer_allocation, answer, NULL);
  gst_object_unref (pad);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  return player;
}

/* The bytes of the picture without what lies behind its rows, whatever the layout. */
static GByteArray *
packed (GstBuffer *buffer, gint width)
{
  GByteArray *bytes = g_byte_array_new ();
  GstVideoInfo info;
  GstVideoFrame frame;

  gst_video_info_set_format (&info, GST_VIDEO_FORMAT_I420, width, HEIGHT);
  fail_unless (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READ));
  for (guint plane = 0; plane < 3; plane++) {
    const guint8 *row = GST_VIDEO_FRAME_PLANE_DATA (&frame, plane);

    for (gint y = 0; y < GST_VIDEO_FRAME_COMP_HEIGHT (&frame, plane); y++) {
      g_byte_array_append (bytes, row, GST_VIDEO_FRAME_COMP_WIDTH (&frame, plane));
      row += GST_VIDEO_FRAME_PLANE_STRIDE (&frame, plane);
    }
  }
  gst_video_frame_unmap (&frame);
  return bytes;
}

static gboolean
is_aligned (GstBuffer *buffer)
{
  GstMapInfo map;
  gboolean aligned;

  fail_unless (gst_buffer_map (buffer, &map, GST_MAP_READ));
  aligned = GPOINTER_TO_SIZE (map.data) % 64 == 0;
  gst_buffer_unmap (buffer, &map);
  return aligned;
}

static void
expect_wrapped (GstBuffer *buffer, gint stride)
{
  GstVideoMeta *meta = gst_buffer_get_video_meta (buffer);

  fail_unless (buffer->pool == NULL, "expected the engine's memory, got a pool's");
  fail_unless_equals_int (gst_buffer_n_memory (buffer), 1);
  fail_unless (is_aligned (buffer));
  fail_unless_equals_int (meta != NULL ? meta->stride[0] : EVEN_WIDTH, stride);
}

static void
expect_same_bytes (GstBuffer *a, GstBuffer *b, gint width)
{
  GByteArray *x = packed (a, width), *y = packed (b, width);

  fail_unless_equals_int (x->len, y->len);
  fail_unless (memcmp (x->data, y->data, x->len) == 0, "wrapped and copied frames differ");
  g_byte_array_unref (x);
  g_byte_array_unref (y);
}

/* ---- Tests ---- */

/* Who reads GstVideoMeta gets the engine's rows; a pool of its own gets copies. Both are the same
 * pictures. */
GST_START_TEST (wrapped_and_copied_frames_are_the_same)
{
  Answer meta = { .metas = TRUE };
  Answer own = { .metas = TRUE, .pool = g_object_new (own_pool_get_type (), NULL) };
  Player wrapped = start_card (ODD_WIDTH, &meta), copied = start_card (ODD_WIDTH, &own);

  for (guint i = 0; i < FRAMES; i++) {
    GstBuffer *a = player_expect (&wrapped, i), *b = player_expect (&copied, i);

    expect_wrapped (a, ODD_STRIDE);
    fail_unless (b->pool == own.pool, "expected a buffer of the sink's pool, got another");
    expect_same_bytes (a, b, ODD_WIDTH);
    gst_buffer_unref (a);
    gst_buffer_unref (b);
  }
  fail_unless (meta.queries > 0 && own.queries > 0);
  player_free (&wrapped);
  player_free (&copied);
  gst_object_unref (own.pool);
}
GST_END_TEST;

/* Who does not read it gets them only where they lie as usual. */
GST_START_TEST (without_a_meta_only_the_usual_layout_is_wrapped)
{
  Answer none = { 0 };
  Player even = start_card (EVEN_WIDTH, &none), odd = start_card (ODD_WIDTH, &none);
  GstBuffer *a = player_expect (&even, 0), *b = player_expect (&odd, 0);

  expect_wrapped (a, EVEN_WIDTH);
  fail_unless (gst_buffer_get_video_meta (a) == NULL);
  fail_unless_equals_uint64 (gst_buffer_get_size (a), EVEN_WIDTH * HEIGHT * 3 / 2);
  fail_unless (b->pool != NULL, "expected a copy, got the engine's memory");
  fail_unless_equals_uint64 (gst_buffer_get_size (b), ODD_WIDTH * HEIGHT * 3 / 2);
  gst_buffer_unref (a);
  gst_buffer_unref (b);
  player_free (&even);
  player_free (&odd);
}
GST_END_TEST;

/* A pool of the common kind is no reason to copy, more alignment than frames have is one. */
GST_START_TEST (what_downstream_asks_for)
{
  Answer common = { .metas = TRUE, .pool = gst_video_buffer_pool_new () };
  Answer alike = { .metas = TRUE, .align = 63 }, wider = { .metas = TRUE, .align = 4095 };
  Player players[] = { start_card (ODD_WIDTH, &common), start_card (ODD_WIDTH, &alike),
    start_card (ODD_WIDTH, &wider) };
  GstBuffer *buffers[G_N_ELEMENTS (players)];

  for (guint i = 0; i < G_N_ELEMENTS (players); i++)
    buffers[i] = player_expect (&players[i], 0);
  expect_wrapped (buffers[0], ODD_STRIDE);
  expect_wrapped (buffers[1], ODD_STRIDE);
  fail_unless (buffers[2]->pool != NULL, "expected a copy, got the engine's memory");
  for (guint i = 0; i < G_N_ELEMENTS (players); i++) {
    gst_buffer_unref (buffers[i]);
    player_free (&players[i]);
  }
  gst_object_unref (common.pool);
}
GST_END_TEST;

/* Frames that somebody keeps live on without their element, and are his to write. */
GST_START_TEST (wrapped_frames_outlive_the_element)
{
  Answer meta = { .metas = TRUE };
  Player player = start_card (ODD_WIDTH, &meta);
  GstBuffer *kept = player_expect (&player, 0), *copy;
  GstMapInfo map;

  expect_wrapped (kept, ODD_STRIDE);
  copy = gst_buffer_copy_deep (kept);
  player_skip (&player, 1, FRAMES - 1);
  player_free (&player);
  expect_same_bytes (kept, copy, ODD_WIDTH);
  fail_unless (gst_buffer_map (kept, &map, GST_MAP_WRITE));
  memset (map.data, 0x80, map.size);
  gst_buffer_unmap (kept, &map);
  gst_buffer_unref (kept);
  gst_buffer_unref (copy);
}
GST_END_TEST;

static gsize
resident_bytes (void)
{
  gchar *text = NULL, **words;
  gsize bytes;

  fail_unless (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  words = g_strsplit (text, " ", 3);
  bytes = (gsize) g_ascii_strtoull (words[1], NULL, 10) * (gsize) sysconf (_SC_PAGESIZE);
  g_strfreev (words);
  g_free (text);
  return bytes;
}

/* 460 KiB a frame: kept by mistake they would be 180 MiB. */
GST_START_TEST (wrapped_frames_are_let_go)
{
  Answer meta = { .metas = TRUE };
  GstElement *source = make_source ("a card", 400, 7);
  Player player;
  GstPad *pad;
  gsize before;

  g_object_set (source, "width", 640, "height", 480, NULL);
  player = player_new (source, I420);
  pad = gst_element_get_static_pad (player.sink, "sink");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM, answer_allocation, &meta, NULL);
  gst_object_unref (pad);
  gst_element_set_state (player.pipeline, GST_STATE_PLAYING);
  player_skip (&player, 0, 50);
  before = resident_bytes ();
  player_skip (&player, 50, 350);
  fail_unless (resident_bytes () < before + 32 * 1024 * 1024,
      "expected memory that stays, got %" G_GSIZE_FORMAT " MiB more",
      (resident_bytes () - before) / 1024 / 1024);
  player_free (&player);
}
GST_END_TEST;

/* What leaves the source in a pipeline of stock elements. */
typedef struct {
  guint buffers, wrapped;
} Count;

static GstPadProbeReturn
count_wrapped (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Count *count = data;

  count->buffers++;
  count->wrapped += GST_PAD_PROBE_INFO_BUFFER (info)->pool == NULL;
  return GST_PAD_PROBE_OK;
}

static const gchar *lines[] = {
  "width=256 height=144 ! " I420 " ! fakesink name=sink",
  /* videoconvert proposes a common pool, and reads the meta. */
  "width=272 height=144 ! " I420 " ! videoconvert ! video/x-raw,format=RGB ! fakesink name=sink",
};

GST_START_TEST (stock_elements_get_wrapped_frames)
{
  gchar *line = g_strdup_printf (
      "t2vsrc name=source model=testcard prompt=x frames=%d %s", FRAMES, lines[__i__]);
  GstElement *pipeline = gst_parse_launch (line, NULL), *source;
  Count count = { 0, 0 };
  GstMessage *message;
  GstPad *pad;

  fail_unless (pipeline != NULL, "%s", line);
  source = gst_bin_get_by_name (GST_BIN (pipeline), "source");
  pad = gst_element_get_static_pad (source, "src");
  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, count_wrapped, &count, NULL);
  gst_object_unref (pad);
  gst_object_unref (source);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = wait_message (pipeline, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  fail_unless_equals_int (GST_MESSAGE_TYPE (message), GST_MESSAGE_EOS);
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  fail_unless_equals_int (count.buffers, FRAMES);
  fail_unless_equals_int (count.wrapped, FRAMES);
  g_free (line);
}
GST_END_TEST;

static Suite *
gst_frames (void)
{
  Suite *suite = suite_create ("gst_frames");
  TCase *tc = tcase_create ("frames");

  suite_add_tcase (suite, tc);
  tcase_set_timeout (tc, 180);
  tcase_add_checked_fixture (tc, NULL, free_open_pipelines);
  tcase_add_test (tc, wrapped_and_copied_frames_are_the_same);
  tcase_add_test (tc, without_a_meta_only_the_usual_layout_is_wrapped);
  tcase_add_test (tc, what_downstream_asks_for);
  tcase_add_test (tc, wrapped_frames_outlive_the_element);
  tcase_add_test (tc, wrapped_frames_are_let_go);
  tcase_add_loop_test (tc, stock_elements_get_wrapped_frames, 0, G_N_ELEMENTS (lines));
  return suite;
}

TEST_MAIN (gst_frames)
