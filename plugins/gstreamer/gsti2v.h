/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * gsti2v.h - the element i2v
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

GST_ELEMENT_REGISTER_DECLARE (i2v);

G_END_DECLS
