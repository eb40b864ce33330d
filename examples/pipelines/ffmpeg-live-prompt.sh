#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The prompt changes while the clip runs:      tools/zt-env examples/pipelines/ffmpeg-live-prompt.sh
# After one second sendcmd hands a new prompt to the source; frames follow it from the next chunk that
# is begun. You get live.mp4, 96 frames, a fox that becomes an owl. sendcmd has to meet the source,
# so it stands right behind it and names the filter's instance.
set -eu
ffmpeg -hide_banner -nostdin -y \
    -filter_complex "t2vsrc@source=prompt='a red fox runs through the snow':frames=96,
        sendcmd=c='1.0 t2vsrc@source prompt \'a white owl flies over the forest\''[v]" \
    -map "[v]" live.mp4
