/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vreport.c - what the element tells the application: errors, warnings, progress
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vreport.h"
#include "zt_stage.h"

GST_DEBUG_CATEGORY (zoetrope_debug);

#define PROGRESS_CODE     "generate"
/* Steps may pass faster than a person reads. */
#define PROGRESS_EVERY_US G_TIME_SPAN_SECOND

struct _T2vProgress {
  GstElement *element;
  gboolean open;
  gchar said[ZT_STAGE_TEXT]; /* the last CONTINUE, and when; 0 = none yet */
  gint64 said_us;
};

void
t2v_report_register (void)
{
  GST_DEBUG_CATEGORY_INIT (zoetrope_debug, "zoetrope", 0, "video generation");
}

/* The GStreamer error a status means, as DOMAIN and CODE. */
static GQuark
domain_and_code (zt_status status, gint *code)
{
  switch (status) {
    case ZT_ERROR_NOT_FOUND:
    case ZT_ERROR_DEVICE:
      *code = GST_RESOURCE_ERROR_NOT_FOUND;
      return GST_RESOURCE_ERROR;
    case ZT_ERROR_IO:
      *code = GST_RESOURCE_ERROR_READ;
      return GST_RESOURCE_ERROR;
    case ZT_ERROR_MEMORY:
      *code = GST_RESOURCE_ERROR_NO_SPACE_LEFT;
      return GST_RESOURCE_ERROR;
    case ZT_AGAIN:
      *code = GST_RESOURCE_ERROR_BUSY;
      return GST_RESOURCE_ERROR;
    case ZT_ERROR_WEIGHTS:
      *code = GST_STREAM_ERROR_WRONG_TYPE;
      return GST_STREAM_ERROR;
    case ZT_ERROR_NUMERIC:
    case ZT_ERROR_NETWORK:
    case ZT_ERROR_INTERNAL:
      *code = GST_STREAM_ERROR_FAILED;
      return GST_STREAM_ERROR;
    case ZT_ERROR_ARGUMENT:
    case ZT_ERROR_PROMPT:
    case ZT_ERROR_UNSUPPORTED:
    case ZT_ERROR_CANCELLED:
    case ZT_OK:
    case ZT_END:
      break;
  }
  *code = GST_RESOURCE_ERROR_SETTINGS;
  return GST_RESOURCE_ERROR;
}

static void
report (gpointer element, GstMessageType type, const zt_error *error)
{
  gint code;
  GQuark domain = domain_and_code (error->status, &code);

  gst_element_message_full (GST_ELEMENT (element), type, domain, code, g_strdup (error->message),
      NULL, __FILE__, G_STRFUNC, __LINE__);
}

void
t2v_report_error (gpointer element, const zt_error *error)
{
  if (error->status != ZT_ERROR_CANCELLED)
    report (element, GST_MESSAGE_ERROR, error);
}

void
t2v_report_warning (gpointer element, const zt_error *error)
{
  report (element, GST_MESSAGE_WARNING, error);
}

T2vProgress *
t2v_progress_new (GstElement *element)
{
  T2vProgress *progress = g_new0 (T2vProgress, 1);

  progress->element = element;
  return progress;
}

void
t2v_progress_free (T2vProgress *progress)
{
  g_free (progress);
}

static void
post (T2vProgress *progress, GstProgressType type, const gchar *text)
{
  gst_element_post_message (progress->element,
      gst_message_new_progress (GST_OBJECT (progress->element), type, PROGRESS_CODE, text));
}

void
t2v_progress_begin (T2vProgress *progress, const gchar *text)
{
  if (progress->open)
    return;
  progress->open = TRUE;
  progress->said[0] = '\0';
  progress->said_us = 0;
  post (progress, GST_PROGRESS_TYPE_START, text);
}

gboolean
t2v_progress_is_open (const T2vProgress *progress)
{
  return progress->open;
}

void
t2v_progress_update (T2vProgress *progress, const zt_progress *now)
{
  gint64 at = g_get_monotonic_time ();
  gchar text[ZT_STAGE_TEXT];

  if (!progress->open || now->stage == NULL)
    return;
  if (progress->said_us != 0 && at - progress->said_us < PROGRESS_EVERY_US)
    return;
  zt_stage_text (now, text, sizeof (text));
  if (g_str_equal (text, progress->said))
    return;
  g_strlcpy (progress->said, text, sizeof (progress->said));
  progress->said_us = at;
  post (progress, GST_PROGRESS_TYPE_CONTINUE, text);
}

void
t2v_progress_end (T2vProgress *progress, GstProgressType type, const gchar *text)
{
  if (!progress->open)
    return;
  progress->open = FALSE;
  post (progress, type, text);
}

gboolean
t2v_progress_fail (T2vProgress *progress, const zt_error *error)
{
  t2v_progress_end (progress, GST_PROGRESS_TYPE_ERROR, error->message);
  t2v_report_error (progress->element, error);
  return FALSE;
}
