/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vbin.c - the element t2vbin: a t2v: link with sound, as uridecodebin takes it
 *
 * uridecodebin, and GES with it, looks at one pad of a source that has its pads from the beginning.
 * Of a source whose pads come later it takes all. So links with sound=1 are this bin's, which holds
 * a t2vsrc named `source` and gives its two pads on when it starts; all other links it refuses, and
 * who makes an element for a link then asks t2vsrc.
 */
/**
 * SECTION:element-t2vbin
 * @title: t2vbin
 *
 * Made by GStreamer for links like t2v:///a%20red%20fox;sound=1. In pipelines that name their
 * elements use t2vsrc with sound=true.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vbin.h"

typedef struct {
  GstBin parent;

  GstElement *source; /* borrowed from the bin */
  GstPad *pads[2];    /* borrowed from the element; NULL in READY */
} GstT2vBin;

typedef struct {
  GstBinClass parent_class;
} GstT2vBinClass;

/* What a pad of t2vsrc is called there and here. */
static const gchar *const pad_names[2][2] = { { "src", "video" }, { "audio", "audio" } };

static void gst_t2v_bin_uri_handler_init (gpointer g_iface, gpointer data);

GType gst_t2v_bin_get_type (void);
G_DEFINE_TYPE_WITH_CODE (GstT2vBin, gst_t2v_bin, GST_TYPE_BIN,
    G_IMPLEMENT_INTERFACE (GST_TYPE_URI_HANDLER, gst_t2v_bin_uri_handler_init));
/* Asked before t2vsrc, which has no rank. */
GST_ELEMENT_REGISTER_DEFINE (t2vbin, "t2vbin", GST_RANK_MARGINAL, gst_t2v_bin_get_type ());

/* ---- Links ---- */

static GstURIType
get_type (GType type)
{
  return GST_URI_SRC;
}

static const gchar *const *
get_protocols (GType type)
{
  static const gchar *protocols[] = { "t2v", NULL };

  return protocols;
}

static gchar *
get_uri (GstURIHandler *handler)
{
  return gst_uri_handler_get_uri (GST_URI_HANDLER (((GstT2vBin *) handler)->source));
}

static gboolean
set_uri (GstURIHandler *handler, const gchar *uri, GError **error)
{
  GstT2vBin *self = (GstT2vBin *) handler;
  gboolean sound;

  if (!gst_uri_handler_set_uri (GST_URI_HANDLER (self->source), uri, error))
    return FALSE;
  g_object_get (self->source, "sound", &sound, NULL);
  if (!sound)
    g_set_error (error, GST_URI_ERROR, GST_URI_ERROR_UNSUPPORTED_PROTOCOL,
        "t2v: expected sound=1 in a link for t2vbin, got a link without");
  return sound;
}

static void
gst_t2v_bin_uri_handler_init (gpointer g_iface, gpointer data)
{
  GstURIHandlerInterface *iface = g_iface;

  iface->get_type = get_type;
  iface->get_protocols = get_protocols;
  iface->get_uri = get_uri;
  iface->set_uri = set_uri;
}

/* ---- Pads ---- */

static void
add_pads (GstT2vBin *self)
{
  GstElement *element = GST_ELEMENT (self);

  for (gint i = 0; i < 2; i++) {
    GstPad *target = gst_element_get_static_pad (self->source, pad_names[i][0]);

    if (target == NULL)
      continue;
    self->pads[i] = gst_ghost_pad_new_from_template (
        pad_names[i][1], target, gst_element_get_pad_template (element, pad_names[i][1]));
    gst_object_unref (target);
    gst_pad_set_active (self->pads[i], TRUE);
    gst_element_add_pad (element, self->pads[i]);
  }
  gst_element_no_more_pads (element);
}

static void
remove_pads (GstT2vBin *self)
{
  for (gint i = 0; i < 2; i++) {
    if (self->pads[i] != NULL)
      gst_element_remove_pad (GST_ELEMENT (self), self->pads[i]);
    self->pads[i] = NULL;
  }
}

/* The pads come before anything flows. */
static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstT2vBin *self = (GstT2vBin *) element;
  GstStateChangeReturn result;

  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED)
    add_pads (self);
  result = GST_ELEMENT_CLASS (gst_t2v_bin_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY ||
      (transition == GST_STATE_CHANGE_READY_TO_PAUSED && result == GST_STATE_CHANGE_FAILURE))
    remove_pads (self);
  return result;
}

/* ---- The class ---- */

static void
gst_t2v_bin_init (GstT2vBin *self)
{
  self->source = gst_element_factory_make ("t2vsrc", "source");
  gst_bin_add (GST_BIN (self), self->source);
  gst_bin_set_suppressed_flags (GST_BIN (self), GST_ELEMENT_FLAG_SOURCE | GST_ELEMENT_FLAG_SINK);
  GST_OBJECT_FLAG_SET (self, GST_ELEMENT_FLAG_SOURCE);
}

static void
gst_t2v_bin_class_init (GstT2vBinClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  static const gchar *const caps[] = { "video/x-raw", "audio/x-raw" };

  element_class->change_state = GST_DEBUG_FUNCPTR (change_state);
  gst_element_class_set_static_metadata (element_class, "Text to video source with sound",
      "Source/Video/Audio", "Video and sound of a t2v: link", "Zoetrope");
  for (gint i = 0; i < 2; i++) {
    GstCaps *raw = gst_caps_new_empty_simple (caps[i]);

    gst_element_class_add_pad_template (
        element_class, gst_pad_template_new (pad_names[i][1], GST_PAD_SRC, GST_PAD_SOMETIMES, raw));
    gst_caps_unref (raw);
  }
}
