/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vclip.h - the limits of a model as caps, and conversion between frame numbers and times
 *
 * Pure functions: no element, no lock, no engine call.
 */
#pragma once

#include "zt_loader.h"
#include <gst/video/video.h>

#include "gstt2vlink.h"

G_BEGIN_DECLS

/* The pad template: every format and size any model may have, with alpha or without. */
GstCaps *t2v_clip_template_caps (void);
/* The same without alpha: what passes through has none. */
GstCaps *t2v_clip_opaque_caps (void);
/* The pad template of a picture: the same formats, of any size. */
GstCaps *t2v_clip_picture_caps (void);
/* What this model makes: sizes, rates, and always the colorimetry. cutout: formats with alpha, else
 * those without. */
GstCaps *t2v_clip_model_caps (const zt_model_info *model, gboolean cutout);
/* What is left of caps with the first of our formats that is among them. Takes caps. */
GstCaps *t2v_clip_choose_format (GstCaps *caps);
/* The format of caps that have one. */
zt_pixel_format t2v_clip_caps_format (const GstCaps *caps);

typedef struct {
  gint width, height;
} T2vSize;

/* Settles what is left open on the hints, else on the clip's own size and the model's own rate.
 * Where that size is a picture's and only one side is open, the picture keeps its shape. caps have
 * one format. Takes caps. */
GstCaps *t2v_clip_fixate (
    GstCaps *caps, const zt_model_info *model, const T2vSettings *settings, const T2vSize *own);
/* Why ours and theirs cannot meet, as "width: expected 256, got 512 from `whose`". */
gchar *t2v_clip_disagreement (const GstCaps *ours, const GstCaps *theirs, const gchar *whose);
zt_pixel_format t2v_clip_pixel_format (GstVideoFormat format);

/* When frame n begins, in nanoseconds, rounded down. */
GstClockTime t2v_clip_frame_time (gint64 frame, gint num, gint den);
/* The frame that is shown at a time. */
gint64 t2v_clip_frame_at (GstClockTime time, gint num, gint den);

/* Answers of a clip of so many frames, -1 = endless; FALSE for a format that it does not have. */
gboolean t2v_clip_answer_duration (GstQuery *query, gint64 frames, gint num, gint den);
gboolean t2v_clip_answer_convert (GstQuery *query, gint num, gint den);

G_END_DECLS
