# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs every command of docs/editors.md as it stands there, with the stock programs, and looks at what came out."""
import os
import pathlib
import re
import shutil
import sys
import unittest

from ffmpeg_common import SOURCE, ZT_ENV, probe, run, storybook_is_here
from mlt_common import EditorTest, prepare_melt

PAGE = pathlib.Path(SOURCE, "docs", "editors.md").read_text(encoding="utf-8")


def commands():
    """{heading: [line, ...]}; "" = above the first."""
    parts = re.split(r"^## (.*)$", PAGE, flags=re.M)
    return {heading: [line for block in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S) for line in block.splitlines()]
            for heading, text in zip([""] + parts[1::2], parts[::2])}


class Page(EditorTest):
    def shell(self, line, **replace):
        for old, new in replace.items():
            self.assertIn(old, line)
            line = line.replace(old, new)
        os.symlink(os.path.join(SOURCE, "plugins"), self.path("plugins"))
        done = self.ok(run(["sh", "-c", line.replace("tools/zt-env", ZT_ENV[0])], cwd=self.folder, timeout=200))
        os.unlink(self.path("plugins"))
        return done

    def expect(self, name, frames, **entries):
        got = probe(self.path(name), "nb_read_frames", *entries)
        self.assertEqual(got, {"nb_read_frames": str(frames), **entries})

    def test_every_line_is_run_here(self):
        self.assertEqual({heading: len(lines) for heading, lines in commands().items() if lines},
                         {"": 1, "melt": 3, "A project file": 3, "mpv": 1, "ffmpeg": 2, "frei0r": 2})

    def test_first(self):
        self.shell(commands()[""][0])
        self.expect("fox.mp4", 150, width="512", height="288", color_space="bt709")

    def test_melt(self):
        fish, both, sound = commands()["melt"]
        self.shell(fish)
        self.expect("fish.mp4", 125, r_frame_rate="25/1")
        self.shell(both)
        self.expect("both.mp4", 119)
        self.shell(sound)
        self.expect("sound.mkv", 75)
        _, err, _ = run(["ffmpeg", "-v", "info", "-i", self.path("sound.mkv"), "-af", "volumedetect", "-vn", "-f", "null", "-"])
        self.assertGreater(float(re.search(r"max_volume: (-?[\d.]+) dB", err).group(1)), -30)

    def test_project_file(self):
        write, cuts, three = commands()["A project file"]
        self.shell(write)
        self.shell(cuts)
        self.expect("cuts.mp4", 75)
        self.shell(three)
        self.expect("three.mp4", 75, width="1280", r_frame_rate="25/1")

    @unittest.skipUnless(shutil.which("mpv"), "no mpv")
    def test_mpv(self):
        line = commands()["mpv"][0]
        out, _ = self.shell(line, **{"mpv ": "mpv --no-config --vo=null --ao=null --untimed --frames=2 --term-playing-msg='at ${=time-pos} of ${=duration} ${seekable}' "})
        self.assertRegex(out, r"at 3\.0+ of 6\.0+ yes")

    def test_ffmpeg(self):
        second, show = commands()["ffmpeg"]
        self.shell(second)
        self.expect("second.mp4", 25, color_space="bt709", r_frame_rate="25/1")
        out, _ = self.shell(show)
        self.assertIn("color_space=bt709", out)

    def test_frei0r(self):
        for line, frames in zip(commands()["frei0r"], (48, 16)):
            self.shell(line, **{"ffmpeg -f": "ffmpeg -y -f"} if "ffmpeg" in line else {})
            self.expect("frei0r.mp4", frames)

    def test_what_is_wrong_is_told_as_written(self):
        log, status = self.melt("zoetrope:x", "model=testcard", "steps=99999", "-consumer", "avformat:" + self.path("x.mkv"), "vcodec=mpeg4", "an=1")
        self.assertEqual(status, 1)
        self.assertIn(re.search(r'^ +(steps: expected.*)$', PAGE, re.M).group(1), log)


if __name__ == "__main__":
    prepare_melt()
    if not storybook_is_here():
        print("skipped: no built-in model")
        sys.exit(77)
    unittest.main(verbosity=2)
