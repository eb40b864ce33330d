/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vframe.c - see gstt2vframe.h
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "gstt2vframe.h"

/* What zoetrope.h promises of a plane's rows, as GStreamer writes it. */
#define FRAME_ALIGN 63

struct _T2vFrames {
  gboolean wraps; /* downstream has no memory of its own to be filled */
  gboolean metas; /* and looks where planes lie */
};

/* One reference to a frame, for who frees it without the element. */
typedef struct {
  const ZtEngine *zt;
  zt_frame *frame;
} Holder;

T2vFrames *
t2v_frames_new (void)
{
  return g_new0 (T2vFrames, 1);
}

void
t2v_frames_free (T2vFrames *frames)
{
  g_free (frames);
}

/* ---- The allocation query ---- */

/* Whether memory that downstream proposes is any memory: a common pool, made with the common
 * allocator and no more alignment than frames have. */
static gboolean
is_common_pool (GstBufferPool *pool)
{
  GstAllocationParams params = {
    0,
  };
  GstAllocator *allocator = NULL;
  GstStructure *config;
  gboolean common;

  if (G_OBJECT_TYPE (pool) != GST_TYPE_VIDEO_BUFFER_POOL &&
      G_OBJECT_TYPE (pool) != GST_TYPE_BUFFER_POOL)
    return FALSE;
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_get_allocator (config, &allocator, &params);
  common = (allocator == NULL || g_str_equal (allocator->mem_type, GST_ALLOCATOR_SYSMEM)) &&
           params.align <= FRAME_ALIGN && params.prefix == 0 && params.padding == 0 &&
           !gst_buffer_pool_config_has_option (config, GST_BUFFER_POOL_OPTION_VIDEO_ALIGNMENT);
  gst_structure_free (config);
  return common;
}

/* The same of an allocator that it proposes. */
static gboolean
is_common_allocator (GstQuery *query)
{
  GstAllocationParams params = {
    0,
  };
  GstAllocator *allocator = NULL;
  gboolean common;

  if (gst_query_get_n_allocation_params (query) == 0)
    return TRUE;
  gst_query_parse_nth_allocation_param (query, 0, &allocator, &params);
  common = (allocator == NULL || g_str_equal (allocator->mem_type, GST_ALLOCATOR_SYSMEM)) &&
           params.align <= FRAME_ALIGN && params.prefix == 0 && params.padding == 0;
  gst_clear_object (&allocator);
  return common;
}

gboolean
t2v_frames_decide (T2vFrames *frames, GstQuery *query)
{
  GstBufferPool *pool = NULL;
  GstStructure *config;
  guint size = 0, min = 0, max = 0;
  gboolean update = gst_query_get_n_allocation_pools (query) > 0;
  GstCaps *caps = NULL;
  GstVideoInfo video;

  gst_query_parse_allocation (query, &caps, NULL);
  if (caps == NULL || !gst_video_info_from_caps (&video, caps))
    return FALSE;
  if (update)
    gst_query_parse_nth_allocation_pool (query, 0, &pool, &size, &min, &max);
  frames->metas = gst_query_find_allocation_meta (query, GST_VIDEO_META_API_TYPE, NULL);
  frames->wraps = (pool == NULL || is_common_pool (pool)) && is_common_allocator (query);

  size = MAX (size, GST_VIDEO_INFO_SIZE (&video));
  if (pool == NULL)
    pool = gst_video_buffer_pool_new ();
  config = gst_buffer_pool_get_config (pool);
  gst_buffer_pool_config_set_params (config, caps, size, min, max);
  if (frames->metas)
    gst_buffer_pool_config_add_option (config, GST_BUFFER_POOL_OPTION_VIDEO_META);
  gst_buffer_pool_set_config (pool, config);

  if (update)
    gst_query_set_nth_allocation_pool (query, 0, pool, size, min, max);
  else
    gst_query_add_allocation_pool (query, pool, size, min, max);
  gst_object_unref (pool);
  return TRUE;
}

/* ---- Wrapping ---- */

static void
release (gpointer data)
{
  Holder *holder = data;

  holder->zt->frame_unref (&holder->frame);
  g_free (holder);
}

/* Where each plane begins, from the first one, and how long they are together: they lie in one
 * block (zoetrope.h). */
static gsize
lay_out (const zt_frame_info *frame, const GstVideoInfo *video, gsize offset[GST_VIDEO_MAX_PLANES],
    gint stride[GST_VIDEO_MAX_PLANES])
{
  gsize size = 0;

  for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES (video); plane++) {
    offset[plane] = (gsize) (frame->data[plane] - frame->data[0]);
    stride[plane] = (gint) frame->stride[plane];
    size = MAX (size,
        offset[plane] + (gsize) frame->stride[plane] * GST_VIDEO_INFO_COMP_HEIGHT (video, plane));
  }
  return size;
}

/* Whether planes lie where who gets no GstVideoMeta looks for them. */
static gboolean
is_usual (const GstVideoInfo *video, const gsize offset[], const gint stride[], gsize size)
{
  for (guint plane = 0; plane < GST_VIDEO_INFO_N_PLANES (video); plane++) {
    if (GST_VIDEO_INFO_PLANE_OFFSET (video, plane) != offset[plane] ||
        GST_VIDEO_INFO_PLANE_STRIDE (video, plane) != stride[plane])
      return FALSE;
  }
  return GST_VIDEO_INFO_SIZE (video) == size;
}

GstBuffer *
t2v_frames_wrap (
    const T2vFrames *frames, const ZtEngine *zt, zt_frame *frame, const GstVideoInfo *video)
{
  const zt_frame_info *info = zt->frame_get_info (frame);
  gsize offset[GST_VIDEO_MAX_PLANES] = { 0 }, size;
  gint stride[GST_VIDEO_MAX_PLANES] = { 0 };
  GstBuffer *buffer;
  Holder *holder;

  size = lay_out (info, video, offset, stride);
  if (!frames->wraps || (!frames->metas && !is_usual (video, offset, stride, size)))
    return NULL;
  holder = g_new (Holder, 1);
  holder->zt = zt;
  holder->frame = zt->frame_ref (frame);
  buffer = gst_buffer_new_wrapped_full (0, info->data[0], size, 0, size, holder, release);
  if (frames->metas)
    gst_buffer_add_video_meta_full (buffer, GST_VIDEO_FRAME_FLAG_NONE,
        GST_VIDEO_INFO_FORMAT (video), GST_VIDEO_INFO_WIDTH (video), GST_VIDEO_INFO_HEIGHT (video),
        GST_VIDEO_INFO_N_PLANES (video), offset, stride);
  return buffer;
}

/* ---- Copying ---- */

gboolean
t2v_frames_copy (const zt_frame_info *frame, const GstVideoInfo *video, GstBuffer *buffer)
{
  GstVideoFrame to;

  if (!gst_video_frame_map (&to, video, buffer, GST_MAP_WRITE))
    return FALSE;
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (&to); plane++) {
    /* In these formats component n lies in plane n, or all in plane 0. */
    gsize bytes =
        (gsize) GST_VIDEO_FRAME_COMP_WIDTH (&to, plane) * GST_VIDEO_FRAME_COMP_PSTRIDE (&to, plane);
    guint8 *target = GST_VIDEO_FRAME_PLANE_DATA (&to, plane);
    const guint8 *source = frame->data[plane];

    for (gint row = 0; row < GST_VIDEO_FRAME_COMP_HEIGHT (&to, plane); row++) {
      memcpy (target, source, bytes);
      target += GST_VIDEO_FRAME_PLANE_STRIDE (&to, plane);
      source += frame->stride[plane];
    }
  }
  gst_video_frame_unmap (&to);
  return TRUE;
}
