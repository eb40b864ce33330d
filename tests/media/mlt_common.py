# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of editors share: stock melt on the built tree, projects written as XML, frames as bytes."""
import os
import re
import shutil
import subprocess
import sys

from ffmpeg_common import BUILD, FFMPEG, MediaTest, ZT_ENV, prepare, run
from xml.sax.saxutils import escape

SIZE = (256, 144)               # of the test card
FRAME = SIZE[0] * SIZE[1] * 2   # bytes of a 4:2:2 frame of it
MODULE = os.path.join(BUILD, "plugins", "mlt", "libmltzoetrope.so")
RAW = ["vcodec=rawvideo", "pix_fmt=yuyv422", "an=1"]


def profile(rate=(25, 1), size=SIZE, colorspace=709, aspect=(1, 1)):
    return (f'<profile width="{size[0]}" height="{size[1]}" progressive="1" sample_aspect_num="{aspect[0]}" '
            f'sample_aspect_den="{aspect[1]}" display_aspect_num="16" display_aspect_den="9" '
            f'frame_rate_num="{rate[0]}" frame_rate_den="{rate[1]}" colorspace="{colorspace}"/>')


def producer(name="clip", service="zoetrope", **properties):
    if service == "zoetrope":
        properties = {"model": "testcard", "prompt": "a red fox", **properties}
    lines = "".join(f'<property name="{key}">{escape(str(value))}</property>' for key, value in properties.items())
    return f'<producer id="{name}"><property name="mlt_service">{service}</property>{lines}</producer>'


def project(clips, entries, shape=None):
    """A playlist of (in, out) of the clip, or (name, in, out)."""
    rows = "".join('<entry producer="{}" in="{}" out="{}"/>'.format(*(entry if len(entry) == 3 else ("clip", *entry)))
                   for entry in entries)
    return f'<mlt LC_NUMERIC="C" producer="list">{shape or profile()}{clips}<playlist id="list">{rows}</playlist></mlt>'


def frames_of(data, size=FRAME):
    return [data[at:at + size] for at in range(0, len(data), size)]


class EditorTest(MediaTest):
    def melt(self, *arguments, timeout=100, **more):
        """stderr and status. Once more where MLT's consumer began before it said so (docs/internals/doors.md): it writes nothing
        then, whatever the producer is."""
        for _ in range(5):
            done = subprocess.run(ZT_ENV + ["melt", "-silent", "-verbose", *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=timeout, **more)
            log = done.stderr.decode("utf-8", "replace")
            if done.returncode or "Statistics: 0 bytes written" not in log:
                break
        return log, done.returncode

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def decode(self, path, pix_fmt="yuyv422"):
        out, err, status = run(["ffmpeg", "-v", "error", "-i", path, "-pix_fmt", pix_fmt, "-f", "rawvideo", "-"], text=False)
        self.assertEqual(status, 0, err)
        return out

    def render(self, *arguments, consumer=RAW, status=0, **more):
        """The frames that melt writes, and its log."""
        log, got = self.melt(*arguments, "-consumer", "avformat:" + self.path("out.nut"), *consumer, **more)
        self.assertEqual(got, status, log)
        return frames_of(self.decode(self.path("out.nut"))), log

    def reference(self, options, rate="25", model="testcard"):
        """The frames as the FFmpeg filter makes them."""
        out, err, status = run(FFMPEG + ["-filter_complex", f"t2vsrc=model={model}:prompt='a red fox':rate={rate}:{options},format=yuv422p",
                                         "-pix_fmt", "yuyv422", "-f", "rawvideo", "-"], text=False)
        self.assertEqual(status, 0, err)
        return frames_of(out)

    def same(self, got, wanted, what=None):
        """Lists of frames. Not assertEqual, which looks for the differences of megabytes."""
        self.assertEqual(len(got), len(wanted), what)
        self.assertEqual([n for n, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]], [], what)

    def generations(self, log):
        return re.findall(r"generates \S+ at \S+, frames (\d+) to", log)


def prepare_melt():
    prepare()
    if not shutil.which("melt") or not os.path.exists(MODULE):
        print("skipped: no melt, or no MLT module in the build")
        sys.exit(77)
