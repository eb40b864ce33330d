#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A sentence as a link:      tools/zt-env examples/pipelines/gst-link.sh
# Any GStreamer player opens it. Here gst-discoverer-1.0 tells what is behind it (2 s, 512x288), and
# uridecodebin plays it into a file, link.mp4, 48 frames.
set -eu
link='t2v:///a%20red%20fox%20runs%20through%20the%20snow;frames=48'
gst-discoverer-1.0 -v "$link"
gst-launch-1.0 -e uridecodebin uri="$link" ! videoconvert ! x264enc ! h264parse ! mp4mux ! \
    filesink location=link.mp4
