# SPDX-License-Identifier: LGPL-2.1-or-later
"""The colours that a player shows, compared pixel by pixel with the engine's own RGB.

FFmpeg 5.1's lavfi input and every y4m pipe say nothing of the colour matrix. Players then guess by the height:
BT.601 for our small pictures, which shifts every colour. The commands here are those of the documentation; each
has beside it the command without its remedy, which must fail the comparison where the matrix is lost."""
import os
import pathlib
import re
import shutil
import subprocess
import unittest

from ffmpeg_common import FFMPEG, MODEL, SIZE, SOURCE, ZT_ENV, MediaTest, ffmpeg, ffmpeg_version, main, probe, run

FRAMES = 4
PROMPT = "a red fox in the green meadow by day under a clear sky, made of paper"   # strong colours, which a wrong matrix changes
GRAPH = f"t2vsrc=model={MODEL}:size={SIZE[0]}x{SIZE[1]}:prompt='{PROMPT}':frames={FRAMES}"
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "1"]
TAGS = dict(color_range="tv", color_space="bt709", color_primaries="bt709", color_transfer="bt709")
LAVFI_LOSES_TAGS = ffmpeg_version() < (6, 1)
PROFILE = """description=the size and rate of the built-in model
frame_rate_num=24
frame_rate_den=1
width=256
height=144
progressive=1
sample_aspect_num=1
sample_aspect_den=1
display_aspect_num=16
display_aspect_den=9
colorspace=709
"""


def difference(ours, shown):
    """The mean of the absolute differences of 8-bit samples."""
    return sum(abs(a - b) for a, b in zip(ours, shown)) / len(ours)


class Colour(MediaTest):
    @classmethod
    def setUpClass(cls):
        cls.rgb, err, status = ffmpeg(GRAPH + ",format=gbrp", "-pix_fmt", "rgb24", "-f", "rawvideo", "-", text=False)
        assert status == 0 and len(cls.rgb) == FRAMES * SIZE[0] * SIZE[1] * 3, err

    def read(self, *arguments):
        """The first FRAMES pictures of a file as RGB."""
        out, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", *arguments, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], text=False))
        self.assertEqual(len(out), len(self.rgb))
        return out

    def generate(self, *options):
        path = self.path("clip.y4m")
        self.ok(run(ZT_ENV + ["zoetrope", "generate", "-q", PROMPT, "--model", MODEL, "--size", f"{SIZE[0]}x{SIZE[1]}", "--frames", str(FRAMES), "-o", path, *options]))
        return path

    def assert_close(self, shown, what):
        """As near as 4:2:0 lets it be, 2.4 by the plainest upsampling. With the wrong matrix it is above 5."""
        self.assertLess(difference(self.rgb, shown), 3.0, what)

    def assert_shifted(self, shown):
        self.assertGreater(difference(self.rgb, shown), 4.0, "the comparison does not see a wrong matrix")


@unittest.skipUnless(shutil.which("mpv"), "no mpv")
class Mpv(Colour):
    def play(self, source, *options, stdin=subprocess.DEVNULL):
        folder = self.path("shown")
        shutil.rmtree(folder, ignore_errors=True)
        done = subprocess.run(ZT_ENV + ["mpv", "--no-config", "--really-quiet", "--vo=image", "--vo-image-format=png",
                                        "--vo-image-outdir=" + folder, *options, source], stdin=stdin, timeout=120)
        self.assertEqual(done.returncode, 0)
        return self.read("-i", os.path.join(folder, "%08d.png"))

    def test_lavfi_as_rgb_is_exact(self):
        for name in ("rgb24", "gbrp"):
            self.assertTrue(self.play(f"av://lavfi:{GRAPH},format={name}") == self.rgb, name)

    @unittest.skipUnless(LAVFI_LOSES_TAGS, "this FFmpeg keeps the tags")
    def test_lavfi_as_yuv_needs_the_matrix(self):
        self.assert_shifted(self.play("av://lavfi:" + GRAPH))
        self.assert_close(self.play("av://lavfi:" + GRAPH, "--vf=format:colormatrix=bt.709"), "vf=format")

    def test_y4m_pipe(self):
        with open(self.generate(), "rb") as pipe:
            self.assert_close(self.play("-", "--vf=format:colormatrix=bt.709", stdin=pipe), "vf=format")
        with open(self.generate(), "rb") as pipe:
            self.assert_shifted(self.play("-", stdin=pipe))


@unittest.skipUnless(shutil.which("melt"), "no melt")
class Melt(Colour):
    def render(self, filters):
        pathlib.Path(self.path("profile")).write_text(PROFILE)
        out = self.path("melt.mkv")
        self.ok(run(ZT_ENV + ["melt", "-profile", self.path("profile"), f"lavfi:{GRAPH}{filters}", f"out={FRAMES - 1}", "-consumer",
                              "avformat:" + out, "vcodec=ffv1", "pix_fmt=yuv444p", "an=1", "real_time=-1"],
                    env=dict(os.environ, QT_QPA_PLATFORM="offscreen", SDL_AUDIODRIVER="dummy")))
        return self.read("-i", out)

    def test_lavfi_as_rgb(self):
        self.assert_close(self.render(",format=rgb24"), "format=rgb24")

    @unittest.skipUnless(LAVFI_LOSES_TAGS, "this FFmpeg keeps the tags")
    def test_the_comparison_sees_a_guessed_matrix(self):
        self.assert_shifted(self.render(""))


class Encoders(Colour):
    def test_each_gets_the_format_that_players_take(self):
        """The engine makes RGB only where nothing else is taken."""
        for codec, container, expected in (("libx264", "mp4", "yuv420p"), ("libx265", "mp4", "yuv420p"), ("mpeg4", "mp4", "yuv420p"),
                                           ("ffv1", "mkv", "yuv420p"), ("png", "mov", "rgb24"), ("prores_ks", "mov", "yuv422p10le")):
            out = self.path(f"{codec}.{container}")
            self.ok(ffmpeg(GRAPH, "-c:v", codec, out))
            self.assertEqual(probe(out, "pix_fmt")["pix_fmt"], expected, codec)

    def test_y4m_into_ffmpeg(self):
        out = self.path("tagged.mp4")
        tags = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"
        self.ok(run(FFMPEG + ["-i", self.generate(), "-vf", tags, *X264, out]))
        self.assertEqual(probe(out, *TAGS), TAGS)
        self.assert_close(self.read("-i", out), tags)

    def test_lavfi_input_into_ffmpeg(self):
        out = self.path("lavfi.mp4")
        self.ok(run(FFMPEG + ["-f", "lavfi", "-i", GRAPH, "-vf", "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv",
                              *X264, out]))
        self.assertEqual(probe(out, *TAGS), TAGS)
        self.assert_close(self.read("-i", out), "setparams")


class Documentation(MediaTest):
    def pages(self):
        folder = pathlib.Path(SOURCE)
        return [folder / "README.md", *folder.glob("docs/**/*.md"), *folder.glob("examples/**/*.sh"), *folder.glob("cli/*.cpp")]

    @staticmethod
    def commands(page):
        """The page's lines, those that go on in the next one joined."""
        text = page.read_text().replace('\\n"\n    "', "\n").replace("\\\\\n", "\\\n")
        return re.sub(r"(\\|\|)\n\s*", r"\1 ", text).splitlines()

    def test_lines_for_players_end_in_rgb(self):
        """A graph of ours that a player reads through lavfi says in which format."""
        seen = 0
        for page in self.pages():
            for line in self.commands(page):
                if re.search(r"\b(mpv|ffplay|melt)\b.*\blavfi\b.*t2vsrc=", line):
                    seen += 1
                    self.assertRegex(line, r"format=rgb24|colormatrix=bt\.709", page)
                if re.search(r"zoetrope generate .*\|\s*mpv", line):
                    seen += 1
                    self.assertIn("colormatrix=bt.709", line, page)
                if re.search(r"(zoetrope generate|text2video\}?).*\|\s*ffmpeg", line):
                    seen += 1
                    self.assertIn("setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709", line, page)
        self.assertGreater(seen, 6)

    def test_xfade_ends_in_a_format_that_players_take(self):
        graphs = [graph for page in self.pages() for graph in re.findall(r'"([^"]*\bxfade=[^"]*)"', page.read_text())]
        self.assertGreater(len(graphs), 1)
        for number, graph in enumerate(graphs):
            short = re.sub(r"frames=\d+", "frames=30", re.sub(r"offset=[\d.]+", "offset=0.2", graph)).replace("t2vsrc=", "t2vsrc=model=testcard:")
            out = self.path(f"{number}.mp4")
            output = ["-map", "[v]"] if short.rstrip().endswith("[v]") else []
            self.ok(ffmpeg(short, *output, "-c:v", "libx264", out))
            self.assertEqual(probe(out, "pix_fmt", *TAGS), dict(TAGS, pix_fmt="yuv420p"), graph)


if __name__ == "__main__":
    main()
