/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vbase.h - what t2vsrc and i2v have in common: a sentence, with or without a picture, becomes
 * video
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

#define GST_TYPE_T2V_BASE    (gst_t2v_base_get_type ())
#define GST_T2V_BASE(object) (G_TYPE_CHECK_INSTANCE_CAST ((object), GST_TYPE_T2V_BASE, GstT2vBase))
typedef struct _GstT2vBase GstT2vBase;

typedef struct {
  GstPushSrcClass parent_class;
} GstT2vBaseClass;

GType gst_t2v_base_get_type (void);

/* Written by the application, read when the stream starts and when it steers. */
typedef struct {
  GMutex lock;
  T2vSettings values;
  gboolean link_length; /* a link's limits hold for the length, */
  gboolean link_model;  /* and for the model: never a path */
} T2vSrcSettings;

/* What of the input has passed through. */
typedef struct {
  gboolean all;
  guint64 frames;
  GstClockTime end; /* running time of the last one's end */
} T2vSrcPassed;

/* The time line of a live stream. */
typedef struct {
  guint64 frames;          /* pushed so far */
  GstClockTime filled;     /* the time they last */
  GstClockTime first_time; /* running time of the first */
  GstClockTimeDiff offset; /* from a frame's own time to its running time */
} T2vSrcLive;

/* Between start() and stop(). Written by start(), stop() and the streaming thread; queries and caps
 * from other threads read the locked part. */
typedef struct {
  GMutex lock;
  const ZtEngine *zt;
  zt_model *model;
  GstCaps *caps;           /* what the model makes */
  GstVideoInfo video;      /* what was negotiated; width 0 before */
  gint rate_num, rate_den; /* negotiated, else the likely one */
  gint64 frames;           /* length of the clip, -1 = endless */

  /* Streaming thread only. */
  gint64 next;         /* number of the next frame to push */
  gint64 session_next; /* number of the next frame the session gives */
  gint64 base;         /* number of the session's frame 0 */
  GstClockTime seek;   /* where a seek asked to go on, else NONE */
  gint64 seed;         /* last seed seen, for a random one; -1 = none */
  gint64 timeout_us;   /* longest wait, 0 = none */
  gboolean sei, metadata_prompt;
  gint64 next_sei_second;
  gchar prompt_sha256[65];   /* of the last frame pushed */
  gboolean prompt_from_text; /* the first one: a next start waits for it again */
  T2vSrcPassed passed;
  T2vSrcLive live;
  T2vProgress progress;
} T2vSrcStream;

/* As in the option table. */
#define T2V_MOST_HISTORY 64

/* The pictures that may come in, each through a pad of its own. */
typedef enum { T2V_INPUT_FIRST, T2V_INPUT_LAST, T2V_INPUT_MASK, T2V_INPUTS } T2vInput;

typedef struct {
  gboolean wanted;    /* its pad is there */
  gboolean ended;     /* the input ended */
  GstBuffer *picture; /* NULL until it is there */
  GstVideoInfo info;
  gint orientation; /* how it is to be turned, as in EXIF; 0 = not told */
} T2vSrcInput;

/* Ends a wait from another thread. Only the streaming thread, and stop() after it, replace the
 * session; whoever uses it from elsewhere holds the lock meanwhile. */
typedef struct {
  GMutex lock;
  gboolean flushing;
  gboolean tags_due; /* a flush drops tags on their way */
  zt_session *session;

  GCond changed;    /* broadcast: any of the above and below */
  gboolean closing; /* to READY: ends also what waits on a sink pad */
  T2vSrcInput inputs[T2V_INPUTS];
  gboolean extending; /* mode=extend: the first input passes through */
  GstBuffer *passing; /* the next to pass */
  GQueue history;     /* the newest that passed, oldest first */
  guint most_history;
  gboolean texts_wanted; /* the text pad is there */
  gboolean texts_ended;
  gboolean prompt_set; /* somebody set one since the start */
  GQueue texts;        /* prompts to come, by time */
} T2vSrcWait;

/* The text pad's thread only. */
typedef struct {
  GstSegment segment;
  gboolean markup;
} T2vSrcText;

struct _GstT2vBase {
  GstPushSrc parent;

  T2vSrcSettings settings;
  T2vSrcStream stream;
  T2vSrcWait wait;
  T2vSrcText text;
};

GST_ELEMENT_REGISTER_DECLARE (t2vsrc);
GST_ELEMENT_REGISTER_DECLARE (i2v);

/* gstt2vbase.c. While a clip is open only the run-time options may change. */
gboolean t2v_base_is_open (GstT2vBase *self);
/* The properties of the options that belong to pictures, or of the others. */
void t2v_base_install_options (GObjectClass *klass, gboolean of_pictures);

/* Adds and removes a sink pad that was requested. */
void t2v_base_add_request_pad (GstT2vBase *self, GstPad *pad);
void t2v_base_remove_request_pad (GstT2vBase *self, GstPad *pad);

/* gstt2vopen.c and gstt2vstream.c: from a model to frames. start, stop, next and drop belong to the
 * base class's own threads; cancel and steer may be called from any. */
void t2v_stream_init (GstT2vBase *self);
void t2v_stream_finalize (GstT2vBase *self);
/* Opens the model and settles the length; posts an error when it returns FALSE. */
gboolean t2v_stream_start (GstT2vBase *self);
void t2v_stream_stop (GstT2vBase *self);
/* Frames and duration at num/den. */
gboolean t2v_stream_set_rate (GstT2vBase *self, gint num, gint den);
/* The frame number self->stream.next, once negotiated. */
GstFlowReturn t2v_stream_next (GstT2vBase *self, zt_frame **frame);
/* Ends the generation; the next frame begins another one. */
void t2v_stream_drop (GstT2vBase *self);
/* Asks a running generation to stop; returns at once. */
void t2v_stream_cancel (GstT2vBase *self);
/* Hands a changed run-time option to a running generation. The old value stays in force when this
 * is negative; ZT_AGAIN: nothing is running. */
zt_status t2v_stream_steer (GstT2vBase *self, T2vOption option, const gchar *text, zt_error *error);

/* Whether a prompt, a file of one or a storyboard is given. */
gboolean t2v_stream_has_prompt (GstT2vBase *self);
/* Ends the progress report and posts the error; always FALSE. */
gboolean t2v_stream_fail (GstT2vBase *self, const zt_error *error);
/* Forgets one picture and the generation made from it: the next one begins at frame 0. The stream
 * must be stopped or flushing. */
void t2v_stream_drop_picture (GstT2vBase *self, T2vInput input);

/* gstt2vpicture.c: the pictures that condition, under the wait's lock. take and end are called by
 * the threads that bring them, wait by the streaming thread. */
/* "input", "last", "mask". */
const gchar *t2v_input_name (T2vInput input);
/* Whether a picture comes in here; only while nothing runs. */
void t2v_input_want (GstT2vBase *self, T2vInput input, gboolean wanted);
gboolean t2v_input_is_wanted (GstT2vBase *self, T2vInput input);
/* How large the clip is where nobody says: as the model's own, or, with a model that takes it from
 * the picture, as large as that one at this format. The picture must be there. */
void t2v_picture_clip_size (GstT2vBase *self, zt_pixel_format format, T2vSize *size);
/* Takes the buffer. FALSE when there is one already. orientation: 1 to 8 as in EXIF, 0 = not told.
 */
gboolean t2v_picture_take (GstT2vBase *self, T2vInput input, GstBuffer *buffer,
    const GstVideoInfo *info, gint orientation);
/* What the tag image-orientation says, 1 to 8 as in EXIF; 0 without it. */
gint t2v_picture_orientation (const GstTagList *tags);
/* The tag's word for it, "rotate-90". */
const gchar *t2v_picture_orientation_word (gint orientation);
/* No picture will come. */
void t2v_picture_end (GstT2vBase *self, T2vInput input);
gboolean t2v_picture_is_there (GstT2vBase *self, T2vInput input);
void t2v_picture_forget (GstT2vBase *self, T2vInput input);
void t2v_picture_forget_all (GstT2vBase *self);
/* Whether the model takes those that are wanted: said before anything is decoded. */
zt_status t2v_picture_check (GstT2vBase *self, const zt_model_info *model, zt_error *error);

/* References to the pictures of a generation. */
typedef struct {
  guint count;
  const gchar *missing; /* after EOS: the input that brought none */
  struct {
    GstBuffer *buffer;
    GstVideoInfo info;
    gint orientation;
    zt_image_role role;
  } at[T2V_MOST_HISTORY + T2V_INPUTS];
} T2vPictures;

/* OK: all that are wanted are there. FLUSHING, or EOS where one will not come. */
GstFlowReturn t2v_pictures_wait (GstT2vBase *self, T2vPictures *pictures);
void t2v_pictures_clear (T2vPictures *pictures);
/* Picture n as the engine's image; the planes are the frame's, which is to be unmapped after TRUE.
 */
gboolean t2v_pictures_map (const T2vPictures *pictures, guint n, const ZtEngine *zt,
    GstVideoFrame *frame, zt_image *image);

/* gstt2vtext.c: prompts that come in as text. */
GstPad *t2v_text_request (GstT2vBase *self, GstPadTemplate *pad_template);
void t2v_text_release (GstT2vBase *self, GstPad *pad);
/* Drops those to come. */
void t2v_text_forget (GstT2vBase *self);
/* Sets the newest prompt of those whose time has come. */
void t2v_text_apply (GstT2vBase *self, GstClockTime running_time);
/* Where no prompt is given, the first text is: OK when there is one. FLUSHING, or EOS where none
 * will come. */
GstFlowReturn t2v_text_wait_first (GstT2vBase *self);

/* gstt2vextend.c: mode=extend, where the first input passes through. */
gboolean t2v_extend_is_on (GstT2vBase *self);
/* Whether it is asked for and the model can. */
zt_status t2v_extend_settle (GstT2vBase *self, const zt_model_info *model, zt_error *error);
/* Drops what has passed and what is about to. The stream must be stopped or flushing. */
void t2v_extend_forget (GstT2vBase *self);
/* What may come in: what the model makes and downstream takes. */
GstCaps *t2v_extend_input_caps (GstT2vBase *self);
/* Makes the input's caps those that come out. FALSE, with a message, where the model has no such,
 * or others have passed; video is the one before and becomes the new one. */
gboolean t2v_extend_take_caps (GstT2vBase *self, GstCaps *caps, GstVideoInfo *video);
/* The pad's thread: hands a buffer over, and waits for the one before. */
GstFlowReturn t2v_extend_take (GstT2vBase *self, GstPad *pad, GstBuffer *buffer,
    const GstSegment *segment, const GstVideoInfo *video);
/* The streaming thread: OK and the next that passes, FLUSHING, or EOS when none is left. */
GstFlowReturn t2v_extend_pass (GstT2vBase *self, GstBuffer **buffer);

/* gstt2vlive.c: what is-live changes; nothing where it is not set. */
/* The running time by the clock, or another where there is none or it is not live. */
GstClockTime t2v_live_now (GstT2vBase *self, GstClockTime otherwise);
/* Gives a buffer, stamped with its own time, its place on the clock's time line. */
void t2v_live_stamp (GstT2vBase *self, GstBuffer *buffer);
void t2v_live_times (GstBaseSrc *base, GstBuffer *buffer, GstClockTime *start, GstClockTime *end);
gboolean t2v_live_answer_latency (GstT2vBase *self, GstQuery *query);

/* gstt2vpush.c: what the base classes ask for. */
void t2v_push_install (GstBaseSrcClass *base_class, GstPushSrcClass *push_class);
/* A seek that cannot be, backwards or while live, is refused before anything stops: the base class
 * would first flush, or wait for a full sink to take the frame in its hands. */
gboolean t2v_push_refuses (GstT2vBase *self, GstEvent *event);

G_END_DECLS
