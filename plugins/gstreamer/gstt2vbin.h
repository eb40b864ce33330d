/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vbin.h - registers the element t2vbin, which gives t2v: links with sound to decoding bins
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

GST_ELEMENT_REGISTER_DECLARE (t2vbin)

G_END_DECLS
