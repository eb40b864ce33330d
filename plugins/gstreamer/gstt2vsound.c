/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vsound.c - see gstt2vsound.h; times always come from sample numbers
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <string.h>

#include "core/frame_time.h"
#include "gstt2vreport.h"
#include "gstt2vsound.h"

#define GST_CAT_DEFAULT zoetrope_debug

/* As many seconds of sound may wait for downstream. */
#define MOST_SECONDS 30
/* So many of the events that stick to the pad of the pictures are remembered. */
#define MOST_SEEN    8

#define PROBED                                                                                     \
  (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM | GST_PAD_PROBE_TYPE_EVENT_FLUSH)

struct _T2vSound {
  GstBaseSrc *element;
  T2vWait *wait;
  GstPad *pad; /* borrowed from the element; NULL where no sound is wanted */
  gulong probe;

  gint rate, channels; /* set while nothing streams */

  /* Under the wait's lock. */
  GQueue queue;        /* of events and buffers, oldest first */
  guint64 queued;      /* samples in it */
  gboolean active;     /* the pad is; before that things wait in the queue already */
  gboolean flushing;   /* between FLUSH_START and FLUSH_STOP */
  gboolean had_enough; /* downstream has ended: buffers are dropped */
  gboolean unlinked;   /* the newest buffer found nobody */

  /* The pictures' thread only. */
  GstBuffer *held;        /* goes with the next picture */
  GstClockTime held_with; /* the time that picture had */
  gint64 next_sample;     /* behind what was held, in the stream; -1 at its beginning */
  GstClockTimeDiff shift;
  GQueue seen;    /* events that came by, newest first */
  GQueue early;   /* events before the first picture, oldest first */
  gboolean begun; /* a picture has passed */
  gboolean pushing;
};

T2vSound *
t2v_sound_new (GstBaseSrc *element, T2vWait *wait)
{
  T2vSound *sound = g_new0 (T2vSound, 1);

  sound->element = element;
  sound->wait = wait;
  g_queue_init (&sound->queue);
  g_queue_init (&sound->seen);
  g_queue_init (&sound->early);
  return sound;
}

/* With the lock. */
static void
clear_queue (T2vSound *sound)
{
  g_queue_clear_full (&sound->queue, (GDestroyNotify) gst_mini_object_unref);
  sound->queued = 0;
}

void
t2v_sound_free (T2vSound *sound)
{
  clear_queue (sound);
  gst_clear_buffer (&sound->held);
  g_queue_clear_full (&sound->seen, (GDestroyNotify) gst_event_unref);
  g_queue_clear_full (&sound->early, (GDestroyNotify) gst_event_unref);
  g_free (sound);
}

void
t2v_sound_begin (T2vSound *sound, const zt_model_info *model)
{
  t2v_wait_lock (sound->wait);
  clear_queue (sound);
  t2v_wait_unlock (sound->wait);
  sound->rate = model->sample_rate;
  sound->channels = model->channels;
  sound->next_sample = -1;
  sound->shift = 0;
  sound->begun = FALSE;
  gst_clear_buffer (&sound->held);
  g_queue_clear_full (&sound->seen, (GDestroyNotify) gst_event_unref);
  g_queue_clear_full (&sound->early, (GDestroyNotify) gst_event_unref);
}

/* ---- The thread of the pad ---- */

static guint64
samples_of (const T2vSound *sound, GstMiniObject *item)
{
  return GST_IS_BUFFER (item)
             ? gst_buffer_get_size (GST_BUFFER (item)) / (sizeof (gfloat) * sound->channels)
             : 0;
}

/* The next thing to push; NULL when the thread is to stop. */
static GstMiniObject *
take (T2vSound *sound)
{
  GstMiniObject *item = NULL;

  t2v_wait_lock (sound->wait);
  while (sound->active && !sound->flushing && g_queue_is_empty (&sound->queue))
    t2v_wait_block (sound->wait);
  if (sound->active && !sound->flushing)
    item = g_queue_pop_head (&sound->queue);
  if (item != NULL)
    sound->queued -= samples_of (sound, item);
  t2v_wait_wake (sound->wait);
  t2v_wait_unlock (sound->wait);
  return item;
}

static void
stop_taking (T2vSound *sound)
{
  t2v_wait_lock (sound->wait);
  sound->had_enough = TRUE;
  t2v_wait_unlock (sound->wait);
}

static void
set_unlinked (T2vSound *sound, gboolean unlinked)
{
  t2v_wait_lock (sound->wait);
  sound->unlinked = unlinked;
  t2v_wait_unlock (sound->wait);
}

static gboolean
is_heard (T2vSound *sound)
{
  gboolean heard;

  t2v_wait_lock (sound->wait);
  heard = !sound->unlinked && gst_pad_is_linked (sound->pad);
  t2v_wait_unlock (sound->wait);
  return heard;
}

/* Nothing linked is no fault: the pictures may be all that is wanted. */
static void
loop (gpointer data)
{
  T2vSound *sound = data;
  GstMiniObject *item = take (sound);
  GstFlowReturn flow = GST_FLOW_OK;

  if (item == NULL) {
    gst_pad_pause_task (sound->pad);
    return;
  }
  if (GST_IS_EVENT (item))
    gst_pad_push_event (sound->pad, GST_EVENT (item));
  else
    flow = gst_pad_push (sound->pad, GST_BUFFER (item));
  if (flow == GST_FLOW_NOT_LINKED || flow == GST_FLOW_OK)
    set_unlinked (sound, flow != GST_FLOW_OK);
  if (flow == GST_FLOW_EOS)
    stop_taking (sound);
  if (flow < GST_FLOW_EOS) {
    stop_taking (sound);
    GST_ELEMENT_FLOW_ERROR (sound->element, flow);
    gst_pad_push_event (sound->pad, gst_event_new_eos ());
  }
}

static void
set_flushing (T2vSound *sound, gboolean flushing)
{
  t2v_wait_lock (sound->wait);
  sound->flushing = flushing;
  if (!flushing)
    sound->had_enough = sound->unlinked = FALSE;
  t2v_wait_wake (sound->wait);
  t2v_wait_unlock (sound->wait);
}

static void
set_active (T2vSound *sound, gboolean active)
{
  t2v_wait_lock (sound->wait);
  sound->active = active;
  sound->flushing = sound->had_enough = sound->unlinked = FALSE;
  /* The pad of the pictures may have been active before, and have sent something here. */
  if (!active)
    clear_queue (sound);
  t2v_wait_wake (sound->wait);
  t2v_wait_unlock (sound->wait);
}

static gboolean
activate_mode (GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active)
{
  T2vSound *sound = gst_pad_get_element_private (pad);

  if (mode != GST_PAD_MODE_PUSH)
    return FALSE;
  set_active (sound, active);
  return active ? gst_pad_start_task (pad, loop, sound, NULL) : gst_pad_stop_task (pad);
}

/* ---- The pad ---- */

/* Seeks are the element's; what sinks tell of themselves, it has no use for. */
static gboolean
src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  T2vSound *sound = gst_pad_get_element_private (pad);

  if (GST_EVENT_TYPE (event) == GST_EVENT_SEEK)
    return gst_pad_send_event (GST_BASE_SRC_PAD (sound->element), event);
  return gst_pad_event_default (pad, parent, event);
}

static gboolean
src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  T2vSound *sound = gst_pad_get_element_private (pad);

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_DURATION:
    case GST_QUERY_POSITION:
    case GST_QUERY_SEEKING:
    case GST_QUERY_SEGMENT:
    case GST_QUERY_LATENCY:
    case GST_QUERY_SCHEDULING:
      return gst_pad_query (GST_BASE_SRC_PAD (sound->element), query);
    default:
      return gst_pad_query_default (pad, parent, query);
  }
}

/* ---- What passes the pad of the pictures ---- */

/* Flushing drops sound, segments and ends. All else, as caps, is told with the next buffer: nobody
 * would say it again. Takes the item. */
static void
drop (T2vSound *sound, GstMiniObject *item)
{
  if (GST_IS_EVENT (item) && GST_EVENT_IS_STICKY (item) &&
      GST_EVENT_TYPE (item) != GST_EVENT_SEGMENT && GST_EVENT_TYPE (item) != GST_EVENT_EOS)
    gst_pad_store_sticky_event (sound->pad, GST_EVENT (item));
  gst_mini_object_unref (item);
}

/* Takes the item. A buffer waits for its place, an event never does. */
static void
put (T2vSound *sound, GstMiniObject *item)
{
  guint64 samples = samples_of (sound, item);

  t2v_wait_lock (sound->wait);
  while (samples > 0 && !sound->flushing && !sound->had_enough &&
         sound->queued >= (guint64) MOST_SECONDS * sound->rate &&
         !t2v_wait_is_flushing (sound->wait) && !t2v_wait_is_closing (sound->wait))
    t2v_wait_block (sound->wait);
  if (!sound->flushing && (samples == 0 || !sound->had_enough)) {
    g_queue_push_tail (&sound->queue, g_steal_pointer (&item));
    sound->queued += samples;
  }
  t2v_wait_wake (sound->wait);
  t2v_wait_unlock (sound->wait);
  if (item != NULL)
    drop (sound, item);
}

static GstEvent *
own_stream_start (T2vSound *sound, GstEvent *pictures)
{
  gchar *id = gst_pad_create_stream_id (sound->pad, GST_ELEMENT (sound->element), "audio");
  GstEvent *event = gst_event_new_stream_start (id);
  guint group;

  if (gst_event_parse_group_id (pictures, &group))
    gst_event_set_group_id (event, group);
  g_free (id);
  return event;
}

static GstEvent *
own_caps (const T2vSound *sound)
{
  GstCaps *caps = gst_caps_new_simple ("audio/x-raw", "format", G_TYPE_STRING, T2V_SOUND_FORMAT,
      "layout", G_TYPE_STRING, "interleaved", "rate", G_TYPE_INT, sound->rate, "channels",
      G_TYPE_INT, sound->channels, NULL);
  GstEvent *event;

  if (sound->channels == 2)
    gst_caps_set_simple (caps, "channel-mask", GST_TYPE_BITMASK, (guint64) 3, NULL);
  event = gst_event_new_caps (caps);
  gst_caps_unref (caps);
  return event;
}

/* An event that sticks to a pad is sent again with each buffer until somebody is linked. */
static gboolean
is_new (T2vSound *sound, GstEvent *event)
{
  if (!GST_EVENT_IS_STICKY (event))
    return TRUE;
  if (g_queue_find (&sound->seen, event) != NULL)
    return FALSE;
  g_queue_push_head (&sound->seen, gst_event_ref (event));
  if (g_queue_get_length (&sound->seen) > MOST_SEEN)
    gst_event_unref (g_queue_pop_tail (&sound->seen));
  return TRUE;
}

static void
drop_queue (T2vSound *sound)
{
  GQueue waiting = G_QUEUE_INIT;
  GstMiniObject *item;

  t2v_wait_lock (sound->wait);
  while ((item = g_queue_pop_head (&sound->queue)) != NULL)
    g_queue_push_tail (&waiting, item);
  sound->queued = 0;
  t2v_wait_unlock (sound->wait);
  while ((item = g_queue_pop_head (&waiting)) != NULL)
    drop (sound, item);
}

static void
flush (T2vSound *sound, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_START) {
    gst_pad_push_event (sound->pad, gst_event_ref (event));
    set_flushing (sound, TRUE);
    drop_queue (sound);
    gst_pad_pause_task (sound->pad);
    return;
  }
  /* The pictures' thread stands still now. */
  gst_pad_push_event (sound->pad, gst_event_ref (event));
  while (!g_queue_is_empty (&sound->early))
    drop (sound, g_queue_pop_head (&sound->early));
  gst_clear_buffer (&sound->held);
  sound->next_sample = -1;
  set_flushing (sound, FALSE);
  gst_pad_start_task (sound->pad, loop, sound, NULL);
}

/* What was held back goes before the first picture does. */
static void
begin (T2vSound *sound)
{
  GstEvent *event;

  sound->begun = TRUE;
  while ((event = g_queue_pop_head (&sound->early)) != NULL)
    put (sound, GST_MINI_OBJECT (event));
}

/* Bins show a stream as a pad of their own when its first events come, and applications link that
 * pad then. Two threads that do so at once get into each other's way (a line of gst-launch-1.0 then
 * links neither), so the sound's begins after the pictures' events have all arrived. Takes the
 * event. */
static void
put_event (T2vSound *sound, GstEvent *event)
{
  if (!sound->begun && GST_EVENT_TYPE (event) != GST_EVENT_EOS) {
    g_queue_push_tail (&sound->early, event);
    return;
  }
  begin (sound);
  put (sound, GST_MINI_OBJECT (event));
}

static void
mirror (T2vSound *sound, GstEvent *event)
{
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP:
      flush (sound, event);
      break;
    case GST_EVENT_STREAM_START:
      if (is_new (sound, event))
        put_event (sound, own_stream_start (sound, event));
      break;
    case GST_EVENT_CAPS:
      if (is_new (sound, event))
        put_event (sound, own_caps (sound));
      break;
    case GST_EVENT_SEGMENT:
    case GST_EVENT_TAG:
    case GST_EVENT_SEGMENT_DONE:
    case GST_EVENT_EOS:
      if (is_new (sound, event))
        put_event (sound, gst_event_ref (event));
      break;
    default:
      break;
  }
}

/* GstBaseSrc takes it for a fault when nobody wants the pictures, and ends the stream. So this
 * probe pushes them itself, where it sees the answer: nobody need take them as long as somebody
 * takes the sound. All other probes of the pad are called by that push. */
static GstPadProbeReturn
push_picture (T2vSound *sound, GstPad *pictures, GstPadProbeInfo *info)
{
  GstFlowReturn flow;

  sound->pushing = TRUE;
  flow = gst_pad_push (pictures, GST_PAD_PROBE_INFO_BUFFER (info));
  sound->pushing = FALSE;
  if (flow == GST_FLOW_NOT_LINKED && is_heard (sound))
    flow = GST_FLOW_OK;
  GST_PAD_PROBE_INFO_DATA (info) = NULL;
  GST_PAD_PROBE_INFO_FLOW_RETURN (info) = flow;
  return GST_PAD_PROBE_HANDLED;
}

static GstPadProbeReturn
see (GstPad *pictures, GstPadProbeInfo *info, gpointer data)
{
  T2vSound *sound = data;

  if (GST_IS_EVENT (GST_PAD_PROBE_INFO_DATA (info))) {
    mirror (sound, GST_PAD_PROBE_INFO_EVENT (info));
    return GST_PAD_PROBE_OK;
  }
  if (sound->pushing)
    return GST_PAD_PROBE_OK;
  begin (sound);
  if (sound->held != NULL) {
    /* GstBaseSrc moves the times of a live source to its clock. */
    GST_BUFFER_PTS (sound->held) +=
        GST_CLOCK_DIFF (sound->held_with, GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)));
    put (sound, GST_MINI_OBJECT (g_steal_pointer (&sound->held)));
  }
  return push_picture (sound, pictures, info);
}

/* ---- The pad comes and goes ---- */

/* GstBaseSrc names its stream by gst_pad_create_stream_id(), which wants to be told a name where an
 * element has two source pads. So this one is on all lists but not in that count. */
static void
count_pads (T2vSound *sound, gint more)
{
  GstElement *element = GST_ELEMENT (sound->element);

  GST_OBJECT_LOCK (element);
  element->numsrcpads += more;
  GST_OBJECT_UNLOCK (element);
}

static void
add_pad (T2vSound *sound)
{
  GstElement *element = GST_ELEMENT (sound->element);
  GstPadTemplate *template = gst_element_get_pad_template (element, "audio");

  sound->pad = gst_pad_new_from_template (template, "audio");
  gst_pad_set_element_private (sound->pad, sound);
  gst_pad_set_activatemode_function (sound->pad, GST_DEBUG_FUNCPTR (activate_mode));
  gst_pad_set_event_function (sound->pad, GST_DEBUG_FUNCPTR (src_event));
  gst_pad_set_query_function (sound->pad, GST_DEBUG_FUNCPTR (src_query));
  sound->probe = gst_pad_add_probe (GST_BASE_SRC_PAD (element), PROBED, see, sound, NULL);
  gst_element_add_pad (element, sound->pad);
  count_pads (sound, -1);
}

void
t2v_sound_want (T2vSound *sound, gboolean wanted)
{
  if (wanted == (sound->pad != NULL))
    return;
  if (wanted) {
    add_pad (sound);
    return;
  }
  gst_pad_remove_probe (GST_BASE_SRC_PAD (sound->element), sound->probe);
  count_pads (sound, 1);
  gst_element_remove_pad (GST_ELEMENT (sound->element), sound->pad);
  sound->pad = NULL;
}

/* ---- Samples as buffers ---- */

/* samples: count of them, or NULL for silence. first: number of the first in the stream. */
static void
hold (T2vSound *sound, const gfloat *samples, gint64 count, gint64 first, GstClockTimeDiff shift)
{
  gsize bytes = (gsize) count * sound->channels * sizeof (gfloat);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, bytes, NULL);
  GstClockTime begin = gst_util_uint64_scale (first, GST_SECOND, sound->rate);

  if (samples != NULL)
    gst_buffer_fill (buffer, 0, samples, bytes);
  else
    gst_buffer_memset (buffer, 0, 0, bytes);
  if (samples == NULL)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_GAP);
  if (first != sound->next_sample || shift != sound->shift)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  GST_BUFFER_PTS (buffer) = begin + shift;
  GST_BUFFER_DURATION (buffer) =
      gst_util_uint64_scale (first + count, GST_SECOND, sound->rate) - begin;
  GST_BUFFER_OFFSET (buffer) = first;
  GST_BUFFER_OFFSET_END (buffer) = first + count;
  sound->next_sample = first + count;
  sound->shift = shift;
  gst_buffer_replace (&sound->held, NULL);
  sound->held = buffer;
}

static gint64
sample_at (const T2vSound *sound, GstClockTime time)
{
  return (gint64) gst_util_uint64_scale_round (time, sound->rate, GST_SECOND);
}

void
t2v_sound_of_frame (T2vSound *sound, const zt_frame_info *frame, gint64 number, GstClockTime begin,
    GstClockTime time, GstBuffer *picture)
{
  gint64 first;

  if (sound->pad == NULL || frame->samples == NULL)
    return;
  /* An endless clip that was begun anew counts from its own first frame. */
  first = sample_at (sound, begin) + frame->first_sample +
          zt_samples_before (number - frame->pts, sound->rate, frame->rate.num, frame->rate.den);
  hold (sound, frame->samples, frame->sample_count, first,
      GST_CLOCK_DIFF (time, GST_BUFFER_PTS (picture)));
  sound->held_with = GST_BUFFER_PTS (picture);
}

void
t2v_sound_of_passing (T2vSound *sound, GstBuffer *buffer)
{
  gint64 first, end;

  if (sound->pad == NULL || !GST_BUFFER_PTS_IS_VALID (buffer) ||
      !GST_BUFFER_DURATION_IS_VALID (buffer))
    return;
  first = sound->next_sample >= 0 ? sound->next_sample : sample_at (sound, GST_BUFFER_PTS (buffer));
  end = sample_at (sound, GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer));
  if (end > first)
    hold (sound, NULL, end - first, first, 0);
  sound->held_with = GST_BUFFER_PTS (buffer);
}
