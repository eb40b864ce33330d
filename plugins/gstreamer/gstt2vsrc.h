/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vsrc.h - the element t2vsrc: a sentence in, video out
 *
 * Three structs with three locks, none held while another is taken: what the user set, what the
 * stream is, and what another thread needs to end a wait.
 */
#pragma once

#include <gst/base/gstpushsrc.h>
#include <gst/video/video.h>

#include "gstt2vclip.h"
#include "gstt2vlink.h"
#include "gstt2vreport.h"
#include "zt_loader.h"

G_BEGIN_DECLS

GST_DEBUG_CATEGORY_EXTERN (zoetrope_debug);

#define GST_TYPE_T2V_SRC (gst_t2v_src_get_type ())
G_DECLARE_FINAL_TYPE (GstT2vSrc, gst_t2v_src, GST, T2V_SRC, GstPushSrc)

/* Written by the application, read when the stream starts and when it steers. */
typedef struct
{
  GMutex lock;
  T2vSettings values;
  gboolean link_length;         /* a link's limits hold for the length, */
  gboolean link_model;          /* and for the model: never a path */
} T2vSrcSettings;

/* Between start() and stop(). Written by start(), stop() and the streaming thread; queries and caps
 * from other threads read the locked part. */
typedef struct
{
  GMutex lock;
  const ZtEngine *zt;
  zt_model *model;
  GstCaps *caps;                /* what the model makes */
  GstVideoInfo video;           /* what was negotiated; width 0 before */
  gint rate_num, rate_den;      /* negotiated, else the likely one */
  gint64 frames;                /* length of the clip, -1 = endless */

  /* Streaming thread only. */
  gint64 next;                  /* number of the next frame to push */
  gint64 session_next;          /* number of the next frame the session gives */
  gint64 base;                  /* number of the session's frame 0 */
  GstClockTime seek;            /* where a seek asked to go on, else NONE */
  gint64 seed;                  /* last seed seen, for a random one; -1 = none */
  gint64 timeout_us;            /* longest wait, 0 = none */
  gboolean sei, metadata_prompt;
  gint64 next_sei_second;
  gchar prompt_sha256[65];      /* of the last frame pushed */
  T2vProgress progress;
} T2vSrcStream;

/* Ends a wait from another thread. Only the streaming thread, and stop() after it, replace the
 * session; whoever uses it from elsewhere holds the lock meanwhile. */
typedef struct
{
  GMutex lock;
  gboolean flushing;
  gboolean tags_due;            /* a flush drops tags on their way */
  zt_session *session;
} T2vSrcWait;

struct _GstT2vSrc
{
  GstPushSrc parent;

  T2vSrcSettings settings;
  T2vSrcStream stream;
  T2vSrcWait wait;
};

GST_ELEMENT_REGISTER_DECLARE (t2vsrc);

/* gstt2vstream.c: from a model to frames. start, stop, next and drop belong to the base class's
 * own threads; cancel and steer may be called from any. */
void t2v_stream_init (GstT2vSrc * self);
void t2v_stream_finalize (GstT2vSrc * self);
/* Opens the model and settles the length; posts an error when it returns FALSE. */
gboolean t2v_stream_start (GstT2vSrc * self);
void t2v_stream_stop (GstT2vSrc * self);
/* Frames and duration at num/den. */
gboolean t2v_stream_set_rate (GstT2vSrc * self, gint num, gint den);
/* The frame number self->stream.next, once negotiated. */
GstFlowReturn t2v_stream_next (GstT2vSrc * self, zt_frame ** frame);
/* Ends the generation; the next frame begins another one. */
void t2v_stream_drop (GstT2vSrc * self);
/* Asks a running generation to stop; returns at once. */
void t2v_stream_cancel (GstT2vSrc * self);
/* Hands a changed run-time option to a running generation. The old value stays in force when this
 * is negative; ZT_AGAIN: nothing is running. */
zt_status t2v_stream_steer (GstT2vSrc * self, T2vOption option,
    const gchar * text, zt_error * error);

/* gstt2vpush.c: what the base classes ask for. */
void t2v_push_install (GstBaseSrcClass * base_class,
    GstPushSrcClass * push_class);

G_END_DECLS
