/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * plugin.c - the GStreamer plugin zoetrope
 *
 * Loading it only registers names: the engine, and LibTorch with it, is mapped when the first
 * element leaves READY.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "gsti2v.h"
#include "gstt2vbin.h"
#include "gstt2vprovenance.h"
#include "gstt2vreport.h"
#include "gstt2vsrc.h"
#include "zoetrope/version.h"

static gboolean
plugin_init (GstPlugin *plugin)
{
  t2v_report_register ();
  t2v_provenance_register ();
  return GST_ELEMENT_REGISTER (t2vsrc, plugin) && GST_ELEMENT_REGISTER (i2v, plugin) &&
         GST_ELEMENT_REGISTER (t2vbin, plugin);
}

#ifndef PACKAGE
#define PACKAGE "zoetrope"
#endif

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, zoetrope,
    "Generates video from text and pictures", plugin_init, ZT_VERSION_STRING, "LGPL", "Zoetrope",
    "Unknown package origin")
