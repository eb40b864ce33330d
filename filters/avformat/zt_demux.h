/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * zt_demux.h - t2v: links as an input of libavformat */
#pragma once

#include "libavformat/avformat.h"

/* The demuxer "t2v": static, needs no file. */
const AVInputFormat *zt_demuxer(void);
