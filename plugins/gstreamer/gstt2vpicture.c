/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vpicture.c - see gstt2vpicture.h
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vpicture.h"
#include "gstt2vreport.h"

#define GST_CAT_DEFAULT zoetrope_debug

typedef struct {
  gboolean wanted;    /* its pad is there */
  gboolean ended;     /* the input ended */
  GstBuffer *picture; /* NULL until it is there */
  GstVideoInfo info;
  gint orientation; /* how it is to be turned, as in EXIF; 0 = not told */
} Input;

/* Under the wait's lock. */
struct _T2vInputs {
  T2vWait *wait;
  T2vExtend *extend;
  Input at[T2V_INPUTS];
};

struct _T2vPictures {
  guint count;
  struct {
    GstBuffer *buffer;
    GstVideoInfo info;
    gint orientation;
    zt_image_role role;
  } * at;
  guint mapped; /* of them: the first so many */
  GstVideoFrame *frames;
  zt_image *images;
};

/* By T2vInput. */
static const struct {
  const gchar *name;
  zt_image_role role;
} kinds[T2V_INPUTS] = {
  { "input", ZT_IMAGE_FIRST },
  { "last", ZT_IMAGE_LAST },
  { "mask", ZT_IMAGE_MASK },
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
  return kinds[input].name;
}

T2vInputs *
t2v_inputs_new (T2vWait *wait, T2vExtend *extend)
{
  T2vInputs *inputs = g_new0 (T2vInputs, 1);

  inputs->wait = wait;
  inputs->extend = extend;
  return inputs;
}

void
t2v_inputs_free (T2vInputs *inputs)
{
  t2v_inputs_forget (inputs);
  g_free (inputs);
}

/* ---- The pads ---- */

void
t2v_input_want (T2vInputs *inputs, T2vInput input, gboolean wanted)
{
  t2v_wait_lock (inputs->wait);
  inputs->at[input].wanted = wanted;
  t2v_wait_wake (inputs->wait);
  t2v_wait_unlock (inputs->wait);
}

gboolean
t2v_input_is_wanted (T2vInputs *inputs, T2vInput input)
{
  gboolean wanted;

  t2v_wait_lock (inputs->wait);
  wanted = inputs->at[input].wanted;
  t2v_wait_unlock (inputs->wait);
  return wanted;
}

gboolean
t2v_input_take (T2vInputs *inputs, T2vInput input, GstBuffer *buffer, const GstVideoInfo *info,
    gint orientation)
{
  Input *at = &inputs->at[input];
  gboolean first;

  t2v_wait_lock (inputs->wait);
  first = at->picture == NULL;
  if (first) {
    at->picture = buffer;
    at->info = *info;
    at->orientation = orientation;
    t2v_wait_wake (inputs->wait);
  }
  t2v_wait_unlock (inputs->wait);
  if (!first)
    gst_buffer_unref (buffer);
  return first;
}

/* With the lock. What passes through is the first input, too. */
static void
set_ended (T2vInputs *inputs, T2vInput input, gboolean ended)
{
  inputs->at[input].ended = ended;
  if (input == T2V_INPUT_FIRST)
    t2v_extend_set_ended (inputs->extend, ended);
}

void
t2v_input_end (T2vInputs *inputs, T2vInput input)
{
  t2v_wait_lock (inputs->wait);
  set_ended (inputs, input, TRUE);
  t2v_wait_wake (inputs->wait);
  t2v_wait_unlock (inputs->wait);
}

gboolean
t2v_input_is_there (T2vInputs *inputs, T2vInput input)
{
  gboolean there;

  t2v_wait_lock (inputs->wait);
  there = inputs->at[input].picture != NULL;
  t2v_wait_unlock (inputs->wait);
  return there;
}

void
t2v_input_forget (T2vInputs *inputs, T2vInput input)
{
  t2v_wait_lock (inputs->wait);
  gst_clear_buffer (&inputs->at[input].picture);
  set_ended (inputs, input, FALSE);
  t2v_wait_unlock (inputs->wait);
}

void
t2v_inputs_forget (T2vInputs *inputs)
{
  for (gint i = 0; i < T2V_INPUTS; i++)
    t2v_input_forget (inputs, i);
}

/* ---- The clip that they are for ---- */

static void
add_image (zt_image *image, const ZtEngine *zt, zt_image_role role, gint width, gint height)
{
  zt->image_init_sized (image, sizeof (*image));
  image->role = role;
  image->width = width;
  image->height = height;
}

zt_image *
t2v_inputs_describe (
    T2vInputs *inputs, const ZtEngine *zt, const zt_model_info *model, guint history, guint *count)
{
  zt_image *images = g_new0 (zt_image, T2V_INPUTS + history);
  guint n = 0;

  t2v_wait_lock (inputs->wait);
  for (gint i = 0; i < T2V_INPUTS; i++) {
    const Input *at = &inputs->at[i];
    gboolean there = at->picture != NULL;

    if (!at->wanted || (i == T2V_INPUT_FIRST && t2v_extend_is_on_locked (inputs->extend)))
      continue;
    add_image (&images[n], zt, kinds[i].role, there ? at->info.width : model->width,
        there ? at->info.height : model->height);
    images[n++].orientation = at->orientation;
  }
  t2v_wait_unlock (inputs->wait);
  for (guint i = 0; i < history; i++)
    add_image (&images[n++], zt, ZT_IMAGE_HISTORY, model->width, model->height);
  *count = n;
  return images;
}

/* FALSE where there is none. */
static gboolean
describe_first (T2vInputs *inputs, zt_image *image)
{
  const Input *first = &inputs->at[T2V_INPUT_FIRST];
  gboolean there;

  t2v_wait_lock (inputs->wait);
  there = first->picture != NULL && !t2v_extend_is_on_locked (inputs->extend);
  if (there) {
    image->role = ZT_IMAGE_FIRST;
    image->width = GST_VIDEO_INFO_WIDTH (&first->info);
    image->height = GST_VIDEO_INFO_HEIGHT (&first->info);
    image->orientation = first->orientation;
  }
  t2v_wait_unlock (inputs->wait);
  return there;
}

void
t2v_inputs_clip_size (T2vInputs *inputs, const ZtEngine *zt, zt_model *model,
    zt_pixel_format format, gboolean cutout, T2vSize *size)
{
  const zt_model_info *info = zt->model_get_info (model);
  zt_session_info planned = { .struct_size = sizeof (planned) };
  zt_error error = ZT_ERROR_INIT;
  zt_request request;
  zt_image image;

  size->width = info->width;
  size->height = info->height;
  zt->request_init_sized (&request, sizeof (request));
  zt->image_init_sized (&image, sizeof (image));
  if (!info->picture_size || !describe_first (inputs, &image))
    return;

  /* The size does not depend on what the prompt says, which may still have to come. */
  request.prompt = "picture";
  request.images = &image;
  request.image_count = 1;
  request.format = format;
  request.cutout = cutout;
  if (zt->session_plan (model, &request, &planned, &error) < 0) {
    GST_WARNING ("%s", error.message);
    return;
  }
  size->width = planned.width;
  size->height = planned.height;
  GST_INFO ("size %dx%d, of a picture of %dx%d, orientation %d", size->width, size->height,
      image.width, image.height, image.orientation);
}

/* ---- Waiting for them ---- */

/* With the lock. Of an input that passes through, its first buffer counts. */
static gboolean
is_there (const T2vInputs *inputs, T2vInput input)
{
  if (input == T2V_INPUT_FIRST && t2v_extend_is_on_locked (inputs->extend))
    return t2v_extend_is_begun (inputs->extend);
  return inputs->at[input].picture != NULL;
}

/* With the lock: the first that is wanted and not there, T2V_INPUTS when all are. */
static T2vInput
find_missing (const T2vInputs *inputs)
{
  gint i = 0;

  while (i < T2V_INPUTS && (!inputs->at[i].wanted || is_there (inputs, i)))
    i++;
  return i;
}

static void
add_picture (T2vPictures *pictures, GstBuffer *buffer, const GstVideoInfo *info, gint orientation,
    zt_image_role role)
{
  guint i = pictures->count++;

  pictures->at = g_realloc_n (pictures->at, pictures->count, sizeof (*pictures->at));
  pictures->at[i].buffer = gst_buffer_ref (buffer);
  pictures->at[i].info = *info;
  pictures->at[i].orientation = orientation;
  pictures->at[i].role = role;
}

/* With the lock. */
static T2vPictures *
collect (const T2vInputs *inputs)
{
  T2vPictures *pictures = g_new0 (T2vPictures, 1);

  for (gint i = 0; i < T2V_INPUTS; i++) {
    const Input *at = &inputs->at[i];

    if (at->picture != NULL)
      add_picture (pictures, at->picture, &at->info, at->orientation, kinds[i].role);
  }
  for (const GList *at = t2v_extend_history (inputs->extend); at != NULL; at = at->next)
    add_picture (pictures, at->data, t2v_extend_video (inputs->extend), 0, ZT_IMAGE_HISTORY);
  return pictures;
}

GstFlowReturn
t2v_inputs_wait (T2vInputs *inputs, T2vPictures **pictures, const gchar **missing)
{
  T2vWait *wait = inputs->wait;
  GstFlowReturn flow = GST_FLOW_OK;
  T2vInput first;

  *pictures = NULL;
  t2v_wait_lock (wait);
  while ((first = find_missing (inputs)) != T2V_INPUTS && !t2v_wait_is_flushing (wait) &&
         !inputs->at[first].ended)
    t2v_wait_block (wait);
  if (first == T2V_INPUTS) {
    *pictures = collect (inputs);
  } else {
    flow = t2v_wait_is_flushing (wait) ? GST_FLOW_FLUSHING : GST_FLOW_EOS;
    *missing = kinds[first].name;
  }
  t2v_wait_unlock (wait);
  return flow;
}

/* ---- As images ---- */

static void
describe_colors (const GstVideoInfo *info, zt_image *image)
{
  GstVideoChromaSite site = GST_VIDEO_INFO_CHROMA_SITE (info);

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

static gboolean
map_picture (
    const T2vPictures *pictures, guint n, const ZtEngine *zt, GstVideoFrame *frame, zt_image *image)
{
  const GstVideoInfo *info = &pictures->at[n].info;

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
  describe_colors (info, image);
  return TRUE;
}

const zt_image *
t2v_pictures_map (T2vPictures *pictures, const ZtEngine *zt, zt_alpha alpha, guint *count)
{
  /* One more, so that no pictures are not NULL. */
  pictures->images = g_new0 (zt_image, pictures->count + 1);
  pictures->frames = g_new0 (GstVideoFrame, pictures->count);
  for (guint i = 0; i < pictures->count; i++) {
    if (!map_picture (pictures, i, zt, &pictures->frames[i], &pictures->images[i]))
      return NULL;
    pictures->mapped = i + 1;
    /* Caps cannot say it: "auto" is straight. */
    pictures->images[i].alpha = alpha;
  }
  *count = pictures->count;
  return pictures->images;
}

void
t2v_pictures_free (T2vPictures *pictures)
{
  if (pictures == NULL)
    return;
  while (pictures->mapped > 0)
    gst_video_frame_unmap (&pictures->frames[--pictures->mapped]);
  while (pictures->count > 0)
    gst_buffer_unref (pictures->at[--pictures->count].buffer);
  g_free (pictures->frames);
  g_free (pictures->images);
  g_free (pictures->at);
  g_free (pictures);
}
