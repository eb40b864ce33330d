/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vpicture.c - the pictures that condition: handed from the threads that bring them to the one
 * that waits, and told to the engine
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vbase.h"

/* By T2vInput. */
static const struct {
  const gchar *name;
  zt_image_role role;
  const gchar *refusal; /* of a model that takes none */
} inputs[T2V_INPUTS] = {
  { "input", ZT_IMAGE_FIRST,
      "image: expected none (this model takes no picture), "
      "got 1" },
  { "last", ZT_IMAGE_LAST,
      "last image: expected none (this model takes no such "
      "picture), got 1" },
  { "mask", ZT_IMAGE_MASK,
      "mask: expected none (this model takes no such "
      "picture), got 1" },
};

/* By EXIF's number less 1. */
static const gchar *const orientations[] = { "rotate-0", "flip-rotate-0", "rotate-180",
  "flip-rotate-180", "flip-rotate-270", "rotate-90", "flip-rotate-90", "rotate-270" };

gint
t2v_picture_orientation (const GstTagList *tags)
{
  gchar *word = NULL;
  gint orientation = 0;

  if (!gst_tag_list_get_string (tags, GST_TAG_IMAGE_ORIENTATION, &word))
    return 0;
  for (guint i = 0; i < G_N_ELEMENTS (orientations); i++) {
    if (g_str_equal (word, orientations[i]))
      orientation = (gint) i + 1;
  }
  g_free (word);
  return orientation;
}

const gchar *
t2v_picture_orientation_word (gint orientation)
{
  return orientations[MAX (orientation, 1) - 1];
}

const gchar *
t2v_input_name (T2vInput input)
{
  return inputs[input].name;
}

void
t2v_input_want (GstT2vBase *self, T2vInput input, gboolean wanted)
{
  g_mutex_lock (&self->wait.lock);
  self->wait.inputs[input].wanted = wanted;
  g_cond_broadcast (&self->wait.changed);
  g_mutex_unlock (&self->wait.lock);
}

gboolean
t2v_picture_take (
    GstT2vBase *self, T2vInput input, GstBuffer *buffer, const GstVideoInfo *info, gint orientation)
{
  T2vSrcInput *at = &self->wait.inputs[input];
  gboolean first;

  g_mutex_lock (&self->wait.lock);
  first = at->picture == NULL;
  if (first) {
    at->picture = buffer;
    at->info = *info;
    at->orientation = orientation;
    g_cond_broadcast (&self->wait.changed);
  }
  g_mutex_unlock (&self->wait.lock);
  if (!first)
    gst_buffer_unref (buffer);
  return first;
}

void
t2v_picture_end (GstT2vBase *self, T2vInput input)
{
  g_mutex_lock (&self->wait.lock);
  self->wait.inputs[input].ended = TRUE;
  g_cond_broadcast (&self->wait.changed);
  g_mutex_unlock (&self->wait.lock);
}

gboolean
t2v_input_is_wanted (GstT2vBase *self, T2vInput input)
{
  gboolean wanted;

  g_mutex_lock (&self->wait.lock);
  wanted = self->wait.inputs[input].wanted;
  g_mutex_unlock (&self->wait.lock);
  return wanted;
}

void
t2v_picture_clip_size (GstT2vBase *self, zt_pixel_format format, T2vSize *size)
{
  const ZtEngine *zt = self->stream.zt;
  const zt_model_info *model = zt->model_get_info (self->stream.model);
  const T2vSrcInput *first = &self->wait.inputs[T2V_INPUT_FIRST];
  zt_session_info planned = { .struct_size = sizeof (planned) };
  zt_error error = ZT_ERROR_INIT;
  zt_request request;
  zt_image image;

  size->width = model->width;
  size->height = model->height;
  if (!model->picture_size || t2v_extend_is_on (self))
    return;
  zt->request_init_sized (&request, sizeof (request));
  zt->image_init_sized (&image, sizeof (image));
  image.role = ZT_IMAGE_FIRST;
  g_mutex_lock (&self->wait.lock);
  if (first->picture != NULL) {
    image.width = GST_VIDEO_INFO_WIDTH (&first->info);
    image.height = GST_VIDEO_INFO_HEIGHT (&first->info);
    image.orientation = first->orientation;
    request.image_count = 1;
  }
  g_mutex_unlock (&self->wait.lock);
  if (request.image_count == 0)
    return;

  /* The size does not depend on what the prompt says, which may still have to come. */
  request.prompt = "picture";
  request.images = &image;
  request.format = format;
  if (zt->session_plan (self->stream.model, &request, &planned, &error) < 0) {
    GST_WARNING_OBJECT (self, "%s", error.message);
    return;
  }
  size->width = planned.width;
  size->height = planned.height;
  GST_INFO_OBJECT (self, "size %dx%d, of a picture of %dx%d, orientation %d", size->width,
      size->height, image.width, image.height, image.orientation);
}

gboolean
t2v_picture_is_there (GstT2vBase *self, T2vInput input)
{
  gboolean there;

  g_mutex_lock (&self->wait.lock);
  there = self->wait.inputs[input].picture != NULL;
  g_mutex_unlock (&self->wait.lock);
  return there;
}

void
t2v_picture_forget (GstT2vBase *self, T2vInput input)
{
  T2vSrcInput *at = &self->wait.inputs[input];

  g_mutex_lock (&self->wait.lock);
  gst_clear_buffer (&at->picture);
  at->ended = FALSE;
  g_mutex_unlock (&self->wait.lock);
}

void
t2v_picture_forget_all (GstT2vBase *self)
{
  for (gint i = 0; i < T2V_INPUTS; i++)
    t2v_picture_forget (self, i);
}

zt_status
t2v_picture_check (GstT2vBase *self, const zt_model_info *model, zt_error *error)
{
  const zt_use uses[T2V_INPUTS] = { model->first_image, model->last_image, model->mask_image };

  g_mutex_lock (&self->wait.lock);
  for (gint i = 0; i < T2V_INPUTS && error->status >= 0; i++) {
    if (!self->wait.inputs[i].wanted || uses[i] != ZT_USE_NEVER ||
        (i == T2V_INPUT_FIRST && self->wait.extending))
      continue;
    error->status = ZT_ERROR_UNSUPPORTED;
    g_strlcpy (error->message, inputs[i].refusal, sizeof (error->message));
  }
  g_mutex_unlock (&self->wait.lock);
  return error->status;
}

/* With the lock. Of an input that passes through, its first buffer counts. */
static gboolean
is_there (const T2vSrcWait *wait, T2vInput input)
{
  if (input == T2V_INPUT_FIRST && wait->extending)
    return wait->passing != NULL || wait->history.length > 0;
  return wait->inputs[input].picture != NULL;
}

static void
add_picture (T2vPictures *pictures, GstBuffer *buffer, const GstVideoInfo *info, gint orientation,
    zt_image_role role)
{
  pictures->at[pictures->count].buffer = gst_buffer_ref (buffer);
  pictures->at[pictures->count].info = *info;
  pictures->at[pictures->count].orientation = orientation;
  pictures->at[pictures->count++].role = role;
}

/* With the lock: the first that is wanted and not there, T2V_INPUTS when all are. */
static T2vInput
find_missing (const T2vSrcWait *wait)
{
  gint i = 0;

  while (i < T2V_INPUTS && (!wait->inputs[i].wanted || is_there (wait, i)))
    i++;
  return i;
}

GstFlowReturn
t2v_pictures_wait (GstT2vBase *self, T2vPictures *pictures)
{
  T2vSrcWait *wait = &self->wait;
  GstFlowReturn flow = GST_FLOW_OK;
  T2vInput missing;

  pictures->count = 0;
  pictures->missing = NULL;
  g_mutex_lock (&wait->lock);
  while ((missing = find_missing (wait)) != T2V_INPUTS && !wait->flushing &&
         !wait->inputs[missing].ended)
    g_cond_wait (&wait->changed, &wait->lock);
  if (missing != T2V_INPUTS) {
    flow = wait->flushing ? GST_FLOW_FLUSHING : GST_FLOW_EOS;
    pictures->missing = inputs[missing].name;
  }
  for (gint i = 0; i < T2V_INPUTS && missing == T2V_INPUTS; i++) {
    if (wait->inputs[i].picture != NULL)
      add_picture (pictures, wait->inputs[i].picture, &wait->inputs[i].info,
          wait->inputs[i].orientation, inputs[i].role);
  }
  for (GList *at = wait->history.head; at != NULL && flow == GST_FLOW_OK; at = at->next)
    add_picture (pictures, at->data, &wait->inputs[T2V_INPUT_FIRST].info, 0, ZT_IMAGE_HISTORY);
  g_mutex_unlock (&wait->lock);
  return flow;
}

void
t2v_pictures_clear (T2vPictures *pictures)
{
  while (pictures->count > 0)
    gst_buffer_unref (pictures->at[--pictures->count].buffer);
}

gboolean
t2v_pictures_map (
    const T2vPictures *pictures, guint n, const ZtEngine *zt, GstVideoFrame *frame, zt_image *image)
{
  const GstVideoInfo *info = &pictures->at[n].info;
  GstVideoChromaSite site = GST_VIDEO_INFO_CHROMA_SITE (info);

  if (!gst_video_frame_map (frame, info, pictures->at[n].buffer, GST_MAP_READ))
    return FALSE;
  zt->image_init_sized (image, sizeof (*image));
  image->role = pictures->at[n].role;
  image->orientation = pictures->at[n].orientation;
  image->format = t2v_clip_pixel_format (GST_VIDEO_INFO_FORMAT (info));
  image->width = GST_VIDEO_INFO_WIDTH (info);
  image->height = GST_VIDEO_INFO_HEIGHT (info);
  for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES (frame); plane++) {
    image->data[plane] = GST_VIDEO_FRAME_PLANE_DATA (frame, plane);
    image->stride[plane] = GST_VIDEO_FRAME_PLANE_STRIDE (frame, plane);
  }
  if (!GST_VIDEO_INFO_IS_YUV (info))
    return TRUE;
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
  return TRUE;
}
