#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Two sentences, one cross-fade:      tools/zt-env examples/pipelines/ffmpeg-xfade.sh
# Both sources share one copy of the weights. xfade knows no 4:2:0, which players expect, so format asks for it.
# You get two_scenes.mp4: 48 + 48 frames, 12 of them shared.
set -eu
ffmpeg -hide_banner -nostdin -y \
    -filter_complex "
        t2vsrc=prompt='a red fox runs through the snow at night':frames=48[a];
        t2vsrc=prompt='a blue fish swims in the sea':frames=48[b];
        [a][b]xfade=transition=fade:duration=0.5:offset=1.5,format=yuv420p[v]" \
    -map "[v]" two_scenes.mp4
