# SPDX-License-Identifier: LGPL-2.1-or-later
"""t2v: clips in GStreamer Editing Services, the engine room of Pitivi: cuts, a crossfade, an effect and sound; a project saved,
loaded and rendered twice gives the same pixels and samples, and the test card's own numbers tell that they are the right ones."""
import os
import pathlib
import re
import struct
import subprocess
import sys
import unittest

from programs import PLUGINS, SOURCE, Programs, need, run

PYTHON = "/usr/bin/python3"
TIMELINE = str(pathlib.Path(__file__).with_name("ges_timeline.py"))
WIDTH, HEIGHT = 256, 144            # of the test card
RATE, SAMPLE_RATE = 25, 32000
LINK = f"t2v:///a%20red%20fox;model=testcard;frames=150;rate={RATE};sound=1"
CAPS = [f"video/x-raw,width={WIDTH},height={HEIGHT},framerate={RATE}/1", f"audio/x-raw,rate={SAMPLE_RATE},channels=2"]
RAW = "video/x-matroska:video/x-raw,format=I420:audio/x-raw,format=S16LE"


def have_gi():
    return subprocess.run([PYTHON, "-c", "import gi; gi.require_version('GES', '1.0'); from gi.repository import GES"],
                          stderr=subprocess.DEVNULL).returncode == 0


def decode(path, *options):
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", path, *options, "-"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return done.stdout


def number(grey):
    """The number at the foot of a picture of the test card: 32 blocks, black or white. None where they are mixed."""
    value = 0
    for block in range(32):
        level = grey[(HEIGHT - 4) * WIDTH + block * WIDTH // 32 + 4]
        if 60 < level < 200:
            return None
        value = 2 * value + (level > 126)
    return value


class Timeline(Programs):
    def numbers(self, path):
        grey, size = decode(path, "-map", "0:v", "-pix_fmt", "gray", "-f", "rawvideo"), WIDTH * HEIGHT
        return [number(grey[at:at + size]) for at in range(0, len(grey), size)]

    def colour(self, path, frame):
        """How far from grey the picture is."""
        rgb = decode(path, "-map", "0:v", "-vf", f"select=eq(n\\,{frame})", "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo")
        return max(max(rgb[at:at + 3]) - min(rgb[at:at + 3]) for at in range(0, len(rgb), 3))

    def tones(self, path):
        """Samples at which the left side begins to sound, and how many there are."""
        left = struct.unpack("<%dh" % (len(data := decode(path, "-map", "0:a", "-f", "s16le")) // 2), data)[::2]
        begins, last = [], -SAMPLE_RATE
        for at, value in enumerate(left):
            if abs(value) > 1500:
                if at - last > SAMPLE_RATE // 20:
                    begins.append(at)
                last = at
        return begins, len(left)

    def same(self, one, other):
        for options in (("-map", "0:v", "-f", "framemd5"), ("-map", "0:a?", "-f", "md5")):
            self.assertEqual(decode(one, *options), decode(other, *options), options)

    def timeline(self, *arguments, **env):
        out, status = run(PYTHON, TIMELINE, *arguments, timeout=250, **env)
        self.assertEqual(status, 0, out)

    @need("ges-launch-1.0", "ffmpeg")
    def test_cuts_and_an_effect_saved_and_loaded_by_the_program(self):
        clips = [(0.0, 1.6), (1.0, 0.0), (2.0, 2.8)]     # where it begins, from which second of its own; one second each
        cuts = [word for start, first in clips for word in ("+clip", LINK, f"s={start}", f"i={first}", "d=1.0")]
        out, status = run("ges-launch-1.0", "--track-types", "audio+video", "--video-caps", CAPS[0], "--audio-caps", CAPS[1], *cuts, "+effect",
                          "videobalance saturation=0.0", "-o", self.path("a.mkv"), "-f", RAW, "--save", self.path("cuts.xges"), timeout=200)
        self.assertEqual(status, 0, out)
        out, status = run("ges-launch-1.0", "-l", self.path("cuts.xges"), "-o", self.path("b.mkv"), "-f", RAW, timeout=200)
        self.assertEqual(status, 0, out)
        for name in ("a.mkv", "b.mkv"):
            self.assertEqual(self.numbers(self.path(name)), [*range(40, 65), *range(25), *range(70, 95)], name)
            # Of the clip's own seconds: its second second in the first cut, its beginning, its third second in the last.
            self.assertEqual(self.tones(self.path(name)), ([12800, 32000, 70400], 96000), name)
        self.same(self.path("a.mkv"), self.path("b.mkv"))
        self.assertGreater(self.colour(self.path("b.mkv"), 49), 100)
        self.assertLess(self.colour(self.path("b.mkv"), 50), 20)      # the effect begins with its clip

    @unittest.skipUnless(have_gi(), "no python3-gi with gir1.2-ges-1.0")
    def test_a_crossfade_as_an_editor_makes_it(self):
        self.timeline("build", LINK, self.path("cross.xges"), f"{WIDTH}x{HEIGHT}")
        for name in ("a.mkv", "b.mkv"):
            self.timeline("render", self.path("cross.xges"), self.path(name))
        got = self.numbers(self.path("a.mkv"))
        self.assertEqual(got[:76], [*range(40, 65), *range(25), *range(70, 96)])
        self.assertEqual(got[99:], [*range(34, 60), *range(25)])
        self.assertGreater(got[76:99].count(None), 10)                # both are seen
        begins, samples = self.tones(self.path("a.mkv"))
        self.assertEqual(samples, 192000)
        self.assertEqual([at for at in begins if not 96000 < at < 128000], [12800, 32000, 70400, 147200, 160000])
        self.assertLess(self.colour(self.path("a.mkv"), 130), 20)
        self.same(self.path("a.mkv"), self.path("b.mkv"))

    @unittest.skipUnless(have_gi(), "no python3-gi with gir1.2-ges-1.0")
    @unittest.skipUnless(list(pathlib.Path(SOURCE, "models", "storybook").glob("*.safetensors")), "no built-in model")
    def test_what_a_cut_showed_is_not_made_again(self):
        """None of the cuts goes to the end of its clip, so the cache has no more than its beginning."""
        cache = self.path("cache")
        self.timeline("build", "t2v:///a%20red%20fox%20runs;frames=200;rate=25", self.path("fox.xges"), "512x288", ZOETROPE_CACHE=cache)
        self.timeline("render", self.path("fox.xges"), self.path("a.mkv"), ZOETROPE_CACHE=cache)
        left = {path.name: path.stat().st_size for path in pathlib.Path(cache).iterdir()}
        self.assertEqual(len(left), 1, left)
        log = self.path("log")
        self.timeline("render", self.path("fox.xges"), self.path("b.mkv"), ZOETROPE_CACHE=cache, GST_DEBUG="zoetrope:6", GST_DEBUG_FILE=log)
        text = pathlib.Path(log).read_text()
        self.assertGreaterEqual(text.count("were made before"), 5)
        self.assertNotIn("made anew", text)
        self.assertEqual({path.name: path.stat().st_size for path in pathlib.Path(cache).iterdir()}, left)
        self.same(self.path("a.mkv"), self.path("b.mkv"))
        self.assertEqual(len(re.findall(rb"(?m)^0,", decode(self.path("b.mkv"), "-map", "0:v", "-f", "framemd5"))), 150)


if __name__ == "__main__":
    if not os.path.exists(os.path.join(PLUGINS, "libgstzoetrope.so")):
        print("skipped: the GStreamer plugin is not built")
        sys.exit(77)
    result = unittest.main(verbosity=2, exit=False).result
    if result.wasSuccessful() and result.testsRun and len(result.skipped) == result.testsRun:
        sys.exit(77)
    sys.exit(not result.wasSuccessful())
