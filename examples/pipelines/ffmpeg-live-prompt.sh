#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The prompt changes while the clip runs:      tools/zt-env examples/pipelines/ffmpeg-live-prompt.sh
# At one second of the clip sendcmd hands a new prompt to the source; frames follow it from the next chunk
# that is begun. You get live.mp4, 96 frames: a fox, then an owl.
set -eu
echo "1.0 t2vsrc prompt 'a white owl flies over the forest';" >prompts.txt
ffmpeg -hide_banner -nostdin -y \
    -filter_complex "t2vsrc=prompt='a red fox runs through the snow':frames=96,sendcmd=f=prompts.txt[v]" \
    -map "[v]" live.mp4
