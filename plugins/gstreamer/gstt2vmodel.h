/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vmodel.h - the model that is open, what it makes, and how long the clip is
 *
 * The model is opened at the start, which settles the length: a discoverer need not wait for the
 * first frame.
 */
#pragma once

#include <gst/base/gstbasesrc.h>

#include "gstt2vproperties.h"
#include "gstt2vreport.h"
#include "zt_loader.h"

G_BEGIN_DECLS

typedef struct _T2vModel T2vModel;

/* All borrowed, they must live longer; element owns this. */
T2vModel *t2v_model_new (GstBaseSrc *element, T2vProperties *properties, T2vProgress *progress);
/* The model must be closed. */
void t2v_model_free (T2vModel *model);

/* Maps the engine and opens what the properties ask for; posts an error when it returns FALSE.
 * with_picture: of the two kinds of built-in models, the one that takes a picture. */
gboolean t2v_model_open (T2vModel *model, gboolean with_picture);
void t2v_model_close (T2vModel *model);

/* Between open and close, by the threads that call these two. */
const ZtEngine *t2v_model_engine (const T2vModel *model);
zt_model *t2v_model_handle (const T2vModel *model);
const zt_model_info *t2v_model_info (const T2vModel *model);

/* What a clip is to be, beside the properties. */
typedef struct {
  gint width, height; /* 0 = the model's own, or the picture's */
  gint num, den;      /* frames per second; 0 = the model's own */
  zt_pixel_format format;
  const zt_image *images; /* that will come; their pixels are not looked at */
  guint image_count;
  gboolean prompt_comes; /* as text, where the properties have none */
  gboolean open_end;     /* more comes in front of it, nobody knows how much */
} T2vClip;

/* Asks the engine for the clip's length; posts its error when no clip can be so. */
gboolean t2v_model_plan (T2vModel *model, const T2vClip *clip);

/* [any thread] */
gboolean t2v_model_is_open (T2vModel *model);
/* What comes out; NULL where no model is open. */
GstCaps *t2v_model_caps (T2vModel *model);
/* What the model makes; NULL where none is open. */
GstCaps *t2v_model_own_caps (T2vModel *model);
/* Of what the model makes, this comes out. Takes the caps; FALSE where none is open any more. */
gboolean t2v_model_take_caps (T2vModel *model, GstCaps *caps);
/* Frames, -1 = endless, at num/den. FALSE where none is open. */
gboolean t2v_model_length (T2vModel *model, gint64 *frames, gint *num, gint *den);

G_END_DECLS
