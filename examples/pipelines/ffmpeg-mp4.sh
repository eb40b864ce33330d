#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One sentence to an mp4:      tools/zt-env examples/pipelines/ffmpeg-mp4.sh
# You see ffmpeg's log with the progress of the model, then fox.mp4, two seconds at 24 frames a second.
set -eu
ffmpeg -hide_banner -nostdin -y \
    -filter_complex "t2vsrc=prompt='a red fox runs through the snow at night':duration=2:seed=7[v]" \
    -map "[v]" -movflags +faststart fox.mp4
