#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Two sentences side by side, mixed by GStreamer:      tools/zt-env examples/pipelines/gst-mix.sh
# You get mix.mp4, 1024x288, 48 frames: two sources, one copy of the weights.
set -eu
gst-launch-1.0 -e compositor name=mix sink_1::xpos=512 ! \
    video/x-raw,width=1024,height=288 ! videoconvert ! x264enc ! h264parse ! mp4mux ! filesink location=mix.mp4 \
    t2vsrc prompt="a red fox runs through the snow" frames=48 ! queue ! mix. \
    t2vsrc prompt="a blue fish swims in the sea" frames=48 ! queue ! mix.
