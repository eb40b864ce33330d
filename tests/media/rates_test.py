# SPDX-License-Identifier: LGPL-2.1-or-later
"""Broadcast rates through both front ends: lengths exact, and the same moment of time the same picture, byte for byte, at
every rate that has it: motion is made for the rate, neither played faster nor repeated.

24000/1001 shows the pictures of 24, one to one, 0.1 % slower, as film is."""
import pathlib
import shutil
import sys
import unittest
from fractions import Fraction

from ffmpeg_common import ZT_ENV, MediaTest, digests, ffmpeg, main, probe, run, storybook_is_here

RATES = ["24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60"]
SIZE = (96, 54)
STORYBOOK = f"t2vsrc=prompt='a red fox runs to the right':size={SIZE[0]}x{SIZE[1]}"
TABLEAU = "i2v=prompt='everything sways strongly, the camera zooms in'"
PICTURE = ["-f", "lavfi", "-i", f"testsrc2=s={SIZE[0]}x{SIZE[1]}:r=1:d=1,format=rgb24"]


def frames_of(seconds, rate):
    """How many frames begin before that time."""
    return -(-seconds * Fraction(rate).numerator // Fraction(rate).denominator)


class Rates(MediaTest):
    def shown(self, graph, rate, seconds, *options):
        """Digests of the frames."""
        out, _ = self.ok(ffmpeg(f"{graph}:rate={rate}:duration={seconds},format=rgb24", "-f", "framemd5", "-", options=options))
        return digests(out)

    def test_ten_seconds_are_exact_at_every_rate(self):
        for rate in RATES:
            path = self.path("a.mp4")
            self.ok(ffmpeg(f"{STORYBOOK}:rate={rate}:duration=10", "-c:v", "mpeg4", path))
            got = probe(path, "nb_read_frames", "r_frame_rate", "duration_ts", "time_base")
            self.assertEqual(int(got["nb_read_frames"]), frames_of(10, rate), rate)
            self.assertEqual(Fraction(got["r_frame_rate"]), Fraction(rate))
            self.assertEqual(int(got["duration_ts"]) * Fraction(got["time_base"]), frames_of(10, rate) / Fraction(rate))

    def same_moments(self, graph, *options):
        shown = {rate: self.shown(graph, rate, 2, *options) for rate in RATES}
        for rate, own in shown.items():
            self.assertEqual(len(own), frames_of(2, rate))
            self.assertGreater(len(set(own)), 0.9 * len(own), rate)      # made for the rate, not repeated
        for slow, fast in (("24", "48"), ("25", "50"), ("30", "60"), ("30000/1001", "60000/1001")):
            self.assertEqual(shown[slow], shown[fast][::2], (slow, fast))
        for rate in ("24", "25", "30", "48", "50"):
            self.assertEqual(shown[rate][int(rate)], shown["60"][60], rate)     # one second
            self.assertNotEqual(shown[rate][1], shown["60"][1])                  # a moment that only one of them has
        self.assertNotEqual(shown["25"][:25], shown["50"][:25])                  # nobody runs twice as fast
        return shown

    def test_storybook(self):
        shown = self.same_moments(STORYBOOK)
        self.assertEqual(shown["24000/1001"][:48], shown["24"])

    def test_tableau(self):
        self.same_moments(TABLEAU, *PICTURE)

    @unittest.skipUnless(shutil.which("gst-launch-1.0"), "no gst-launch-1.0")
    def test_gstreamer_shows_the_same(self):
        width, height = SIZE
        for rate in RATES:
            path = self.path("a.rgb")
            caps = f"video/x-raw,format=RGB,width={width},height={height},framerate={Fraction(rate).numerator}/{Fraction(rate).denominator}"
            self.ok(run(ZT_ENV + ["gst-launch-1.0", "-q", "t2vsrc", "prompt=a red fox runs to the right", "duration=2000000000", "!", caps, "!",
                                  "videoconvert", "!", caps, "!", "filesink", f"location={path}"]))
            theirs = self.path("b.rgb")
            self.ok(ffmpeg(f"{STORYBOOK}:rate={rate}:duration=2,format=rgb24", "-f", "rawvideo", theirs))
            self.assertEqual(pathlib.Path(path).stat().st_size, 3 * width * height * frames_of(2, rate), rate)
            self.assertTrue(pathlib.Path(path).read_bytes() == pathlib.Path(theirs).read_bytes(), rate)


if __name__ == "__main__":
    if not storybook_is_here():
        print("skipped: no built-in model")
        sys.exit(77)
    main()
