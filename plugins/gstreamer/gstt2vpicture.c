/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vpicture.c - the picture that conditions: handed from the thread that brings it to the one that
 * waits, and told to the engine
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vbase.h"

gboolean
t2v_picture_take (GstT2vBase * self, GstBuffer * buffer,
    const GstVideoInfo * info)
{
  gboolean first;

  g_mutex_lock (&self->wait.lock);
  first = self->wait.picture == NULL;
  if (first) {
    self->wait.picture = buffer;
    self->wait.picture_info = *info;
    g_cond_signal (&self->wait.changed);
  }
  g_mutex_unlock (&self->wait.lock);
  if (!first)
    gst_buffer_unref (buffer);
  return first;
}

void
t2v_picture_end (GstT2vBase * self)
{
  g_mutex_lock (&self->wait.lock);
  self->wait.picture_ended = TRUE;
  g_cond_signal (&self->wait.changed);
  g_mutex_unlock (&self->wait.lock);
}

void
t2v_picture_forget (GstT2vBase * self)
{
  T2vSrcWait *wait = &self->wait;

  g_mutex_lock (&wait->lock);
  gst_clear_buffer (&wait->picture);
  wait->picture_ended = FALSE;
  g_mutex_unlock (&wait->lock);
}

zt_status
t2v_picture_check (GstT2vBase * self, const zt_model_info * model,
    zt_error * error)
{
  if (self->wait.picture_wanted && model->first_image == ZT_USE_NEVER) {
    error->status = ZT_ERROR_UNSUPPORTED;
    g_strlcpy (error->message, "image: expected none (this model takes no "
        "picture), got 1", sizeof (error->message));
  }
  return error->status;
}

GstFlowReturn
t2v_picture_wait (GstT2vBase * self, GstBuffer ** picture, GstVideoInfo * info)
{
  T2vSrcWait *wait = &self->wait;
  gboolean flushing;

  *picture = NULL;
  g_mutex_lock (&wait->lock);
  while (wait->picture_wanted && wait->picture == NULL && !wait->flushing
      && !wait->picture_ended)
    g_cond_wait (&wait->changed, &wait->lock);
  flushing = wait->flushing;
  if (wait->picture != NULL) {
    *picture = gst_buffer_ref (wait->picture);
    *info = wait->picture_info;
  }
  g_mutex_unlock (&wait->lock);

  if (*picture != NULL || !wait->picture_wanted)
    return GST_FLOW_OK;
  return flushing ? GST_FLOW_FLUSHING : GST_FLOW_EOS;
}

void
t2v_picture_describe (const ZtEngine * zt, GstVideoFrame * frame,
    zt_image * image)
{
  const GstVideoInfo *info = &frame->info;
  GstVideoChromaSite site = GST_VIDEO_INFO_CHROMA_SITE (info);

  zt->image_init (image);
  image->role = ZT_IMAGE_FIRST;
  image->format = t2v_clip_pixel_format (GST_VIDEO_INFO_FORMAT (info));
  image->width = GST_VIDEO_INFO_WIDTH (info);
  image->height = GST_VIDEO_INFO_HEIGHT (info);
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (frame); plane++) {
    image->data[plane] = GST_VIDEO_FRAME_PLANE_DATA (frame, plane);
    image->stride[plane] = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  }
  if (!GST_VIDEO_INFO_IS_YUV (info))
    return;
  if (info->colorimetry.matrix == GST_VIDEO_COLOR_MATRIX_BT601)
    image->matrix = ZT_MATRIX_BT601;
  else if (info->colorimetry.matrix == GST_VIDEO_COLOR_MATRIX_BT2020)
    image->matrix = ZT_MATRIX_BT2020;
  if (info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255)
    image->range = ZT_RANGE_FULL;
  if (site == GST_VIDEO_CHROMA_SITE_NONE)
    image->chroma_site = ZT_CHROMA_CENTER;
  else if (site == GST_VIDEO_CHROMA_SITE_COSITED)
    image->chroma_site = ZT_CHROMA_TOP_LEFT;
}
