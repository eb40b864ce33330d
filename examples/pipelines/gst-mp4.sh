#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# One sentence to an mp4, in GStreamer:      tools/zt-env examples/pipelines/gst-mp4.sh
# You see the progress messages of the element, then fox-gst.mp4, 48 frames.
set -eu
gst-launch-1.0 -e t2vsrc prompt="a red fox runs through the snow at night" frames=48 seed=7 ! \
    videoconvert ! x264enc ! h264parse ! mp4mux ! filesink location=fox-gst.mp4
