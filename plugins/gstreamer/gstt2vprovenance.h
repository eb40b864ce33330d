/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vprovenance.h - the marks of a generated picture: tags, meta, message, side data
 *
 * The prompt is private: its hash by default, its text only with metadata-prompt.
 */
#pragma once

#include <gst/gst.h>

#include "zt_loader.h"

G_BEGIN_DECLS

#define T2V_PROVENANCE_META    "ZoetropeProvenance"
#define T2V_PROVENANCE_MESSAGE "zoetrope-provenance"

/* Registers the meta; called when the plugin is loaded. */
void t2v_provenance_register (void);

/* What a frame and its model say about where they come from. Borrowed pointers. */
typedef struct {
  const gchar *model, *model_sha256;
  guint32 version; /* of the engine, as zt_version */
  gboolean with_prompt;
  const zt_frame_info *frame;
} T2vProvenance;

GstTagList *t2v_provenance_tags (const T2vProvenance *provenance);
/* name: T2V_PROVENANCE_META or T2V_PROVENANCE_MESSAGE, the fields are the same. */
GstStructure *t2v_provenance_structure (const T2vProvenance *provenance, const gchar *name);
void t2v_provenance_add_meta (const T2vProvenance *provenance, GstBuffer *buffer);
/* Side data that encoders write as SEI user data, where they do. */
void t2v_provenance_add_sei (const T2vProvenance *provenance, GstBuffer *buffer);

G_END_DECLS
