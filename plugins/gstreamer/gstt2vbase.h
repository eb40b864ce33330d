/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vbase.h - what t2vsrc and i2v have in common: a sentence, with or without a picture, becomes
 * video
 *
 * The abstract base class of both elements. Its methods call functions of gstt2vproperties.h (what
 * the application has set) and gstt2vstream.h (everything else).
 */
#pragma once

#include <gst/base/gstpushsrc.h>

#include "gstt2vproperties.h"
#include "gstt2vstream.h"

G_BEGIN_DECLS

#define GST_TYPE_T2V_BASE    (gst_t2v_base_get_type ())
#define GST_T2V_BASE(object) (G_TYPE_CHECK_INSTANCE_CAST ((object), GST_TYPE_T2V_BASE, GstT2vBase))

typedef struct {
  GstPushSrc parent;
} GstT2vBase;

typedef struct {
  GstPushSrcClass parent_class;
} GstT2vBaseClass;

GType gst_t2v_base_get_type (void);

/* For the class of an element with pictures: installs the properties that belong to them. */
void t2v_base_install_picture_options (GObjectClass *klass);

/* Of an element; they live as long as it. */
T2vProperties *t2v_base_properties (gpointer self);
T2vStream *t2v_base_stream (gpointer self);

/* Adds and removes a sink pad that was requested. */
void t2v_base_add_request_pad (GstT2vBase *self, GstPad *pad);
void t2v_base_remove_request_pad (GstT2vBase *self, GstPad *pad);

G_END_DECLS
