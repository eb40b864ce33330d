#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One sentence to an mp4:      tools/zt-env examples/pipelines/ffmpeg-mp4.sh
# You see ffmpeg's log with the progress of the model, then fox.mp4, two seconds at 24 frames a second.
set -eu
ffmpeg -hide_banner -nostdin -y \
    -filter_complex "t2vsrc=prompt='a red fox runs through the snow at night':duration=2:seed=7[v]" \
    -map "[v]" -movflags +faststart fox.mp4

# FFmpeg 5.1 ends with status 0 after an error in the middle of a clip, so the frames are counted.
frames=$(ffprobe -v error -count_packets -select_streams v:0 -show_entries stream=nb_read_packets -of csv=p=0 fox.mp4)
[ "$frames" = 48 ] || { echo "fox.mp4: expected 48 frames, got $frames" >&2; exit 1; }
