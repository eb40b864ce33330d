#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A generated picture in the corner of another video:      tools/zt-env examples/pipelines/ffmpeg-overlay.sh
# The source is endless (frames=-1) and ends with the other input; any stock filter takes it.
# You get corner.mp4, 72 frames of 640x360, a test picture in place of your own video.
set -eu
ffmpeg -hide_banner -nostdin -y -f lavfi -i testsrc2=size=640x360:rate=24:duration=3 \
    -filter_complex "t2vsrc=prompt='a red fox runs through the snow at night':frames=-1[fox];
        [0:v][fox]overlay=x=W-w-16:y=H-h-16:shortest=1,format=yuv420p[v]" \
    -map "[v]" corner.mp4
