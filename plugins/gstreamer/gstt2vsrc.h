/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gstt2vsrc.h - the element t2vsrc
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

GST_ELEMENT_REGISTER_DECLARE (t2vsrc);

G_END_DECLS
