# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every block of docs/recipes.md, run as it stands there with the stock programs, and what came out.

Blocks are taken from the page, so the page cannot rot: a heading without a check here, or a check without a heading,
fails. Only times and windows are replaced."""
import array
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import pages
from ffmpeg_common import SOURCE, ZT_ENV, MediaTest, main, probe, run, storybook_is_here
from on_air import WAYS

PAGE = pathlib.Path(SOURCE, "docs", "recipes.md").read_text()
PYTHON = "/usr/bin/python3"
BT709 = dict(color_range="tv", color_space="bt709", color_primaries="bt709", color_transfer="bt709")


def blocks():
    """{heading: the code blocks under it}, of those that are to be run here; the ways on air are on_air_test.py's."""
    found = {heading: [] for heading in re.findall(r"^## (.*)$", PAGE, re.M) if heading not in WAYS}
    for block in pages.blocks("recipes.md"):
        if block.heading in found and block.language:
            found[block.heading].append(block.text)
    return found


def needs(program=None, module=None):
    if program:
        return unittest.skipUnless(shutil.which(program), f"no {program}")
    found = subprocess.run([PYTHON, "-c", "import " + module], stderr=subprocess.DEVNULL).returncode == 0
    return unittest.skipUnless(found, f"no {module} in {PYTHON}")


class Recipe(MediaTest):
    def block(self, heading, number=0, **replace):
        text = blocks()[heading][number].replace("tools/zt-env", ZT_ENV[0])
        for old, new in {"duration=6000000000": "duration=1000000000", "duration=6": "duration=1", **replace}.items():
            if old in replace:
                self.assertIn(old, text, heading)
            text = text.replace(old, new)
        return text

    def shell(self, text):
        return self.ok(run(["sh", "-c", text], cwd=self.folder, timeout=240))

    def python(self, heading):
        pathlib.Path(self.path("recipe.py")).write_text(self.block(heading))
        return self.ok(run(ZT_ENV + [PYTHON, "recipe.py"], cwd=self.folder))[0]

    def expect(self, name, **entries):
        self.assertEqual(probe(self.path(name), *entries), entries)

    def tags(self, name):
        out, _ = self.ok(run(["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "default=nw=1", self.path(name)]))
        return out.splitlines()


class Page(unittest.TestCase):
    def test_every_recipe_is_run(self):
        run_here = {test.__doc__.splitlines()[0] for case in (Files, Programs, Python)
                    for name, test in vars(case).items() if name.startswith("test")}
        both = {"Real fields: 1080i25", "Ten bits, 4:2:2", "In a corner of a camera's picture", "In front of a camera's picture: a green ground", "In front of a camera's picture: fill and key",
                "In front of a camera's picture: alpha"}
        self.assertEqual(run_here, {heading for heading, code in blocks().items() if code or heading == "OBS"})
        self.assertEqual({heading for heading, code in blocks().items() if len(code) == 2}, both)
        self.assertLess(max(len(code) for code in blocks().values()), 3)


class Files(Recipe):
    def test_1080p(self):
        """1080p"""
        self.shell(self.block("1080p"))
        self.expect("fox-1080p25.mp4", nb_read_frames="25", r_frame_rate="25/1", width="1920", height="1080", pix_fmt="yuv420p",
                    sample_aspect_ratio="1:1", **BT709)
        self.assertIn(b"trainedAlgorithmicMedia", pathlib.Path(self.path("fox-1080p25.mp4")).read_bytes())

    def test_pal(self):
        """PAL"""
        self.shell(self.block("PAL"))
        self.expect("fox-pal.mkv", nb_read_frames="25", r_frame_rate="25/1", width="720", height="576", display_aspect_ratio="16:9",
                    codec_name="mpeg2video", color_range="tv", color_space="bt470bg", color_primaries="bt470bg", color_transfer="smpte170m")
        out, _ = self.ok(run(["ffprobe", "-v", "error", "-read_intervals", "%+#1", "-show_entries", "frame=interlaced_frame,top_field_first",
                              "-of", "csv=p=0", self.path("fox-pal.mkv")]))
        self.assertTrue(out.startswith("1,1"), out)

    def test_fields(self):
        """Real fields: 1080i25"""
        for number, name in enumerate(("fox-1080i25.mov", "fox-1080i25.mkv")):
            if number and not shutil.which("gst-launch-1.0"):
                continue
            # All of it would be large pictures only: a quarter of the size shows the same.
            self.shell(self.block("Real fields: 1080i25", number).replace("1920:1080", "480:270").replace("width=1920,height=1080", "width=480,height=272"))
            self.expect(name, nb_read_frames="25", r_frame_rate="25/1", color_space="bt709")
            _, shown = self.ok(run(["ffmpeg", "-nostdin", "-i", self.path(name), "-vf", "idet", "-f", "null", "-"]))
            self.assertRegex(shown, r"Single frame detection: TFF: +25 BFF: +0 Progressive: +0", name)

    def test_both_fields_of_a_film_frame_are_of_one_moment(self):
        """PAL"""     # what the test above must be able to tell from real fields
        self.shell(self.block("PAL"))
        _, shown = self.ok(run(["ffmpeg", "-nostdin", "-i", self.path("fox-pal.mkv"), "-vf", "idet", "-f", "null", "-"]))
        self.assertRegex(shown, r"Single frame detection: TFF: +0 BFF: +0 ")

    def test_ten_bits(self):
        """Ten bits, 4:2:2"""
        for number in (0, 1):
            if number and not shutil.which("gst-launch-1.0"):
                continue
            self.shell(self.block("Ten bits, 4:2:2", number))
            self.expect("fox-422.mp4", nb_read_frames="25", pix_fmt="yuv422p10le", r_frame_rate="25/1", **BT709)
            raw, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-i", self.path("fox-422.mp4"), "-frames:v", "1", "-f", "rawvideo", "-"], text=False))
            self.assertEqual({low & 3 for low in raw[::2]}, {0, 1, 2, 3})      # eight bits that were stretched have 0 only

    def pixel(self, name, x, y, frame=20):
        out, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-i", self.path(name), "-vf", f"select=eq(n\\,{frame}),crop=2:2:{x}:{y},format=rgb24",
                              "-frames:v", "1", "-f", "rawvideo", "-"], text=False))
        return tuple(out[:3])

    def test_corner(self):
        """In a corner of a camera's picture"""
        for number in (0, 1):
            if number and not shutil.which("gst-launch-1.0"):
                continue
            heading = "In a corner of a camera's picture"
            self.shell(self.block(heading, number).replace("num-buffers=150", "num-buffers=25"))
            self.expect("corner.mp4", nb_read_frames="25", width="1280", height="720", r_frame_rate="25/1", **BT709)
            self.ok(run(ZT_ENV + ["ffmpeg", "-v", "error", "-nostdin", "-y", "-filter_complex",
                                  "t2vsrc=prompt='a red fox runs':rate=25:duration=1:size=480x270", "-c:v", "ffv1", self.path("fox.mkv")]))
            for x, y in ((100, 40), (240, 40), (400, 60), (60, 250)):      # the clip where it was put, the camera elsewhere
                there, made = self.pixel("corner.mp4", (760 if number else 1280 - 480 - 40) + x, 410 + y), self.pixel("fox.mkv", x, y)
                self.assertLess(max(abs(a - b) for a, b in zip(there, made)), 24, (number, x, y, there, made))

    def in_front(self, heading, name):
        """Runs both programs' lines, and gives which part of the camera's picture is covered at frame 20: {number: part}."""
        camera, covered = ("testsrc2=size=1280x720:rate=25", "smptebars=size=1280x720:rate=25"), {}
        for number in (0, 1):
            if number and not shutil.which("gst-launch-1.0"):
                continue
            self.shell(self.block(heading, number).replace("num-buffers=150", "num-buffers=25"))
            self.expect(name, nb_read_frames="25", width="1280", height="720", **BT709)
            out, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-i", self.path(name), "-f", "lavfi", "-i", camera[number], "-filter_complex",
                                  "[0:v]format=gbrp[a];[1:v]format=gbrp[b];[a][b]blend=all_mode=difference:shortest=1,format=gray,scale=160:90:flags=area,"
                                  "select=eq(n\\,20)", "-frames:v", "1", "-f", "rawvideo", "-"], text=False))
            # The snow of GStreamer's bars is never the same.
            changed = [value > 40 for at, value in enumerate(out) if not (number and at // 160 >= 66 and at % 160 >= 119)]
            covered[number] = sum(changed) / len(changed)
        return covered

    def test_green(self):
        """In front of a camera's picture: a green ground"""
        for number, covered in self.in_front("In front of a camera's picture: a green ground", "key.mp4").items():
            self.assertTrue(0.03 < covered < 0.5, (number, covered))

    def test_fill_and_key(self):
        """In front of a camera's picture: fill and key"""
        for number, covered in self.in_front("In front of a camera's picture: fill and key", "front.mp4").items():
            self.assertTrue(0.05 < covered < 0.5, (number, covered))

    def test_alpha_over(self):
        """In front of a camera's picture: alpha"""
        for number, covered in self.in_front("In front of a camera's picture: alpha", "alpha.mp4").items():
            self.assertTrue(0.05 < covered < 0.5, (number, covered))

    def test_alpha_file(self):
        """A file with an alpha channel"""
        self.shell(self.block("A file with an alpha channel"))
        self.assertEqual(len(list(pathlib.Path(self.folder).glob("fox-alpha-*.png"))), 25)
        self.expect("fox-alpha-025.png", pix_fmt="rgba", width="512")
        raw, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-c:v", "libvpx-vp9", "-i", self.path("fox-alpha.webm"), "-vf", "extractplanes=a",
                              "-frames:v", "1", "-f", "rawvideo", "-"], text=False))
        png, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-i", self.path("fox-alpha-001.png"), "-vf", "extractplanes=a", "-f", "rawvideo", "-"], text=False))
        self.assertEqual(len(raw), len(png))
        self.assertLess(sum(abs(a - b) for a, b in zip(raw, png)) / len(png), 2)
        self.expect("fox-alpha.mov", nb_read_frames="25", pix_fmt="yuva444p12le", codec_name="prores", width="512")     # as it is decoded
        raw, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-i", self.path("fox-alpha.mov"), "-vf", "select=eq(n\\,20),extractplanes=a,format=gray12le",
                              "-frames:v", "1", "-f", "rawvideo", "-"], text=False))
        values = array.array("H", raw)
        self.assertEqual((min(values), max(values)), (0, 4095))
        opaque, clear = (sum(value == end for value in values) / len(values) for end in (4095, 0))
        self.assertTrue(0.05 < opaque < 0.5 and 0.3 < clear < 0.95 and opaque + clear < 1, (opaque, clear))

    def test_prores(self):
        """ProRes with timecode"""
        self.shell(self.block("ProRes with timecode"))
        self.expect("fox-prores.mov", nb_read_frames="25", codec_name="prores", profile="HQ", pix_fmt="yuv422p10le", width="1920", **BT709)
        self.assertIn("TAG:timecode=10:00:00:00", self.tags("fox-prores.mov"))
        self.assertIn("TAG:comment=AI-generated", self.tags("fox-prores.mov"))

    def test_dnxhr(self):
        """DNxHR with timecode"""
        self.shell(self.block("DNxHR with timecode"))
        self.expect("fox-dnxhr.mov", nb_read_frames="25", codec_name="dnxhd", profile="DNXHR HQ", pix_fmt="yuv422p", width="1920",
                    color_space="bt709")
        self.assertIn("TAG:timecode=10:00:00:00", self.tags("fox-dnxhr.mov"))

    def test_xdcam(self):
        """XDCAM HD422 with timecode"""
        self.shell(self.block("XDCAM HD422 with timecode"))
        self.expect("fox-xdcam.mxf", nb_read_frames="25", codec_name="mpeg2video", profile="4:2:2", pix_fmt="yuv422p", width="1920",
                    r_frame_rate="25/1", bit_rate="50000000", **BT709)
        self.assertIn("TAG:timecode=10:00:00:00", self.tags("fox-xdcam.mxf"))
        # 25 pictures of 50 Mb/s, to the tenth
        self.assertAlmostEqual(pathlib.Path(self.path("fox-xdcam.mxf")).stat().st_size / 6.25e6, 1.0, delta=0.1)


class Programs(Recipe):
    def test_obs(self):
        """OBS"""
        graph = re.search(r"\*Input\* \| `([^`]*)`", PAGE).group(1)
        self.assertIn("`lavfi`", PAGE)
        out, _ = self.ok(run(ZT_ENV + ["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", graph, "-frames:v", "12", "-f", "framemd5", "-"]))
        self.assertEqual(len(re.findall(r"^0,", out, re.M)), 12)
        self.assertRegex(out, r"(?m)^0,.* 442368,")      # three bytes a pixel: RGB arrives

    @needs("gst-launch-1.0")
    def test_subtitles(self):
        """Prompts from the subtitles of a film"""
        prompts = ["a red fox", "a blue fish"]
        cues = [f"{n + 1}\n00:00:{2 * n:02d},000 --> 00:00:{2 * n + 2:02d},000\n{prompt}\n" for n, prompt in enumerate(prompts)]
        pathlib.Path(self.path("film.srt")).write_text("\n".join(cues))
        self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=s=160x120:d=6", "-i", self.path("film.srt"), "-c:v", "mpeg4",
                     "-c:s", "srt", self.path("film.mkv")]))
        line = self.block("Prompts from the subtitles of a film", autovideosink="fakesink sync=true")
        self.assertIn("gst-launch-1.0 ", line)
        out, _ = self.shell(line.replace("gst-launch-1.0 ", "gst-launch-1.0 -m "))
        shown = []
        for digest in re.findall(r"zoetrope-provenance.*?prompt-sha256=\(string\)(\w+)", out):
            if digest not in shown:
                shown.append(digest)
        self.assertEqual(shown, [hashlib.sha256(prompt.encode()).hexdigest() for prompt in prompts])

    @needs("melt")
    def test_melt(self):
        """melt"""
        self.shell(self.block("melt", **{"frames=48": "frames=25", "out=47": "out=24"}))
        self.expect("fox-melt.mp4", nb_read_frames="25", codec_name="h264")


class Python(Recipe):
    @needs(module="av")
    def test_pyav(self):
        """Python: PyAV"""
        lines = self.python("Python: PyAV").splitlines()
        self.assertEqual([line.split()[0] for line in lines], [str(n) for n in range(48)])
        self.assertGreater(len({line.split()[1] for line in lines}), 24)

    @needs(module="av")
    def test_pyav_graph(self):
        """Python: PyAV with a graph"""
        self.python("Python: PyAV with a graph")
        self.expect("fox-pyav.mp4", nb_read_frames="48", codec_name="h264", width="512")

    @needs(module="ffmpeg")
    def test_ffmpeg_python(self):
        """Python: ffmpeg-python"""
        self.python("Python: ffmpeg-python")
        self.expect("fox-python.mp4", nb_read_frames="48", **BT709)
        self.assertIn("TAG:comment=AI-generated", self.tags("fox-python.mp4"))

    @needs(module="gi")
    def test_gi(self):
        """Python: GStreamer"""
        lines = [line.split() for line in self.python("Python: GStreamer").splitlines()]
        self.assertEqual([(int(number), size) for number, size, _ in lines], [(n, str(512 * 288 * 3)) for n in range(96)])
        self.assertNotEqual(lines[0][2], lines[95][2])


if __name__ == "__main__":
    if not storybook_is_here():
        print("skipped: no built-in model")
        sys.exit(77)
    main()
