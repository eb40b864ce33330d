#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The C example into any ffmpeg, through a pipe:      tools/zt-env examples/pipelines/c-to-ffmpeg.sh
# For programs that cannot load a filter (static builds, other systems): the pictures come as YUV4MPEG2,
# which has no word for the colour matrix, so ffmpeg is told. You get piped.mp4, 48 frames.
set -eu
"${ZT_TEXT2VIDEO:-text2video}" "a red fox runs through the snow at night" - seed=7 frames=48 |
    ffmpeg -hide_banner -loglevel warning -y -i - \
        -vf setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv piped.mp4
