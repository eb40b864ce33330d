/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vsrc.c - the element t2vsrc: a sentence, or a t2v: link, becomes video
 *
 * All but the link is in gstt2vbase.h.
 */
/**
 * SECTION:element-t2vsrc
 * @title: t2vsrc
 *
 * Generates video from a sentence.
 *
 * ## Example
 * |[
 * gst-launch-1.0 t2vsrc prompt="a red fox" ! videoconvert ! autovideosink
 * ]|
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gstt2vbase.h"
#include "gstt2vsrc.h"

typedef struct {
  GstT2vBase parent;
} GstT2vSrc;

typedef struct {
  GstT2vBaseClass parent_class;
} GstT2vSrcClass;

static void gst_t2v_src_uri_handler_init (gpointer g_iface, gpointer data);

GType gst_t2v_src_get_type (void);
G_DEFINE_TYPE_WITH_CODE (GstT2vSrc, gst_t2v_src, GST_TYPE_T2V_BASE,
    G_IMPLEMENT_INTERFACE (GST_TYPE_URI_HANDLER, gst_t2v_src_uri_handler_init));
GST_ELEMENT_REGISTER_DEFINE (t2vsrc, "t2vsrc", GST_RANK_NONE, gst_t2v_src_get_type ());

static GstURIType
gst_t2v_src_uri_get_type (GType type)
{
  return GST_URI_SRC;
}

static const gchar *const *
gst_t2v_src_uri_get_protocols (GType type)
{
  static const gchar *protocols[] = { "t2v", NULL };

  return protocols;
}

static gchar *
gst_t2v_src_uri_get_uri (GstURIHandler *handler)
{
  return t2v_properties_format_link (t2v_base_properties (handler));
}

static gboolean
gst_t2v_src_uri_set_uri (GstURIHandler *handler, const gchar *uri, GError **error)
{
  if (t2v_stream_is_open (t2v_base_stream (handler))) {
    g_set_error (error, GST_URI_ERROR, GST_URI_ERROR_BAD_STATE,
        "t2v: expected a new link in NULL or READY, got one while running");
    return FALSE;
  }
  if (!t2v_properties_parse_link (t2v_base_properties (handler), uri, error))
    return FALSE;
  t2v_stream_update_sound (t2v_base_stream (handler));
  return TRUE;
}

static void
gst_t2v_src_uri_handler_init (gpointer g_iface, gpointer data)
{
  GstURIHandlerInterface *iface = g_iface;

  iface->get_type = gst_t2v_src_uri_get_type;
  iface->get_protocols = gst_t2v_src_uri_get_protocols;
  iface->get_uri = gst_t2v_src_uri_get_uri;
  iface->set_uri = gst_t2v_src_uri_set_uri;
}

static void
gst_t2v_src_init (GstT2vSrc *self)
{
}

static void
gst_t2v_src_class_init (GstT2vSrcClass *klass)
{
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass), "Text to video source",
      "Source/Video", "Generates video from a sentence", "Zoetrope");
}
