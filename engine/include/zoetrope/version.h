/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * version.h - version of the header a client is built with; zt_version() tells the library's.
 * The library's soname carries the API number: it changes when an old client would break. */
#pragma once

#define ZT_VERSION_MAJOR 0
#define ZT_VERSION_MINOR 1
#define ZT_VERSION_MICRO 0
#define ZT_VERSION_STRING "0.1.0"
#define ZT_VERSION_INT ((ZT_VERSION_MAJOR << 16) | (ZT_VERSION_MINOR << 8) | ZT_VERSION_MICRO)

/* API number; the engine's file is libzoetrope.so.ZT_API_NUMBER. */
#define ZT_API_NUMBER 0
