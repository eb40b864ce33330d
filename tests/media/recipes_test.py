# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every block of docs/recipes.md, run as it stands there with the stock programs, and what came out.

Blocks are taken from the page, so the page cannot rot: a heading without a check here, or a check without a heading,
fails. Only times, addresses and windows are replaced. Receivers are on this machine."""
import hashlib
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import unittest

from ffmpeg_common import SOURCE, ZT_ENV, MediaTest, main, probe, run, storybook_is_here

PAGE = pathlib.Path(SOURCE, "docs", "recipes.md").read_text()
PYTHON = "/usr/bin/python3"
BT709 = dict(color_range="tv", color_space="bt709", color_primaries="bt709", color_transfer="bt709")


def blocks():
    """{heading: the code blocks under it}."""
    parts = re.split(r"^## (.*)\n", PAGE, flags=re.M)[1:]
    return {heading: re.findall(r"^```(?:sh|python)\n(.*?)^```", text, re.M | re.S)
            for heading, text in zip(parts[::2], parts[1::2])}


def needs(program=None, module=None):
    if program:
        return unittest.skipUnless(shutil.which(program), f"no {program}")
    found = subprocess.run([PYTHON, "-c", "import " + module], stderr=subprocess.DEVNULL).returncode == 0
    return unittest.skipUnless(found, f"no {module} in {PYTHON}")


class Recipe(MediaTest):
    def block(self, heading, number=0, **replace):
        text = blocks()[heading][number].replace("tools/zt-env", ZT_ENV[0])
        for old, new in {"duration=6": "duration=1", **replace}.items():
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
        run_here = {test.__doc__.splitlines()[0] for case in (Files, Streams, Programs, Python)
                    for name, test in vars(case).items() if name.startswith("test")}
        self.assertEqual(run_here, set(blocks()))
        self.assertEqual({heading: len(code) for heading, code in blocks().items() if len(code) != 1}, {"SRT": 2, "OBS": 0})


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


class Streams(Recipe):
    def receive(self, kind, listener, sender, receiver):
        """Runs both until the receiver has its second, and ends the sender. sender and receiver have PORT in them."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        out = self.path(receiver)
        taker = subprocess.Popen(["ffmpeg", "-v", "fatal", "-nostdin", "-y", *[word.replace("PORT", str(port)) for word in listener],
                                  "-t", "1", "-c", "copy", out], stdin=subprocess.DEVNULL)
        giver = None
        try:
            self.wait_for(kind, port)
            giver = subprocess.Popen(["sh", "-c", "exec " + sender.replace("PORT", str(port))], cwd=self.folder, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertEqual(taker.wait(timeout=60), 0)
        finally:
            for process in (giver, taker):
                if process and process.poll() is None:
                    process.kill()
                if process:
                    process.wait()
        return out

    def wait_for(self, kind, port):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if f":{port:04X} " in pathlib.Path("/proc/net", kind).read_text():
                return
            time.sleep(0.05)
        self.fail("the receiver does not listen")

    def test_srt(self):
        """SRT"""
        listener = ["-i", "srt://127.0.0.1:PORT?mode=listener"]
        for number in (0, 1):
            if number and not shutil.which("gst-launch-1.0"):
                continue
            sender = self.block("SRT", number, **{"receiver.example:9000": "127.0.0.1:PORT"})
            out = self.receive("udp", listener, sender, f"{number}.ts")
            got = probe(out, "codec_name", "width", "color_space", "pix_fmt")
            self.assertEqual(got, dict(codec_name="h264", width="512", color_space="bt709", pix_fmt="yuv420p"), number)

    def test_rtmp(self):
        """RTMP with sound"""
        sender = self.block("RTMP with sound", **{"live.example/app": "127.0.0.1:PORT/app"})
        out = self.receive("tcp", ["-listen", "1", "-f", "flv", "-i", "rtmp://127.0.0.1:PORT/app/key"], sender, "r.flv")
        shown, _ = self.ok(run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", out]))
        self.assertEqual(sorted(shown.split()), ["aac", "h264"])
        self.assertEqual(probe(out, "color_space")["color_space"], "bt709")


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
