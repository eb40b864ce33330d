# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every block of the pages of docs/, typed in the order of the page in one folder, with the
stock programs; and what each made.

Nothing of a block is changed but tools/zt-env, for the folder is another one, and windows: there is none here. A block that no test can run
says so on the page (pages.py). An endless line is ended by Ctrl-C after some seconds, as a user would. A clip that a
block names must be there, and play to its end."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

import pages
from ffmpeg_common import BUILD, SOURCE, ZT_ENV, MediaTest, main, probe, run, slack, storybook_is_here
from on_air import four_ports, listening, stop

ENDLESS_SECONDS = 12
NO_WINDOW = dict(os.environ, SDL_VIDEODRIVER="dummy", SDL_AUDIODRIVER="dummy")
PYTHON = "/usr/bin/python3"


# What opens a window or plays sound, and what does not.
NOT_SEEN = {"autovideosink": "fakesink sync=false", "autoaudiosink": "fakesink sync=false", "gst-play-1.0 ": "gst-play-1.0 --no-interactive "
            "--videosink=fakesink --audiosink=fakesink ", "playbin3 ": "playbin3 video-sink=fakesink audio-sink=fakesink ",
            "ges-launch-1.0 ": "ges-launch-1.0 --videosink=fakesink --audiosink=fakesink ", "mpv ": "mpv --vo=null --ao=null "}


def typed(text):
    """A block as it is typed here."""
    for old, new in {"tools/zt-env": ZT_ENV[0], "examples/text2video.c": SOURCE + "/examples/text2video.c", "build/examples": BUILD + "/examples",
                     "ffmpeg ": "ffmpeg -nostdin -y ", **NOT_SEEN}.items():
        text = text.replace(old, new)
    return text


def is_endless(text):
    return "frames=-1" in text


class Guide(MediaTest):
    def page(self, name, first=()):
        """Types the sh blocks of a page; `first`: numbers of those that make what earlier ones need."""
        todo = [block for block in pages.blocks(name) if block.language == "sh" and not block.not_run]
        self.assertTrue(todo, name)
        for block in [todo[number] for number in first] + [block for number, block in enumerate(todo) if number not in first]:
            if self.misses_its_program(block):
                continue
            with self.subTest(page=name, line=block.line):
                self.endless(block) if is_endless(block.text) else self.block(block)

    def misses_its_program(self, block):
        return any(name in block.text and not shutil.which(name.strip()) for name in ("gst-launch-1.0", "ges-launch-1.0", "melt "))

    def block(self, block):
        out, err, status = run(ZT_ENV + ["sh", "-e", "-c", typed(block.text)], cwd=self.folder, timeout=300, env=NO_WINDOW)
        self.assertEqual(status, 0, f"{block.text}\n{out[-2000:]}\n{err[-3000:]}")
        for made in re.findall(r"([\w-]+\.(?:mp4|gif|mkv))$", block.text, re.M):
            count = int(probe(self.path(made))["nb_read_frames"])
            self.assertGreater(count, 24, made)

    def endless(self, block, text=None):
        """Runs it for some seconds, then presses Ctrl-C; it ends by itself within ten."""
        command, taker = typed(text or block.text), None
        if "rtmp://localhost/" in command:
            port = four_ports()
            command = command.replace("rtmp://localhost/", f"rtmp://127.0.0.1:{port}/")
            taker = subprocess.Popen(["ffmpeg", "-v", "fatal", "-nostdin", "-listen", "1", "-f", "flv", "-i", f"rtmp://127.0.0.1:{port}/live/fox", "-c", "copy",
                                      "-f", "null", "-"], stdin=subprocess.DEVNULL)
            self.addCleanup(stop, taker)
            listening("tcp", port)
        with open(self.path("log.txt"), "wb") as log:
            player = subprocess.Popen(ZT_ENV + ["sh", "-c", command], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=NO_WINDOW,
                                      start_new_session=True)
        time.sleep(ENDLESS_SECONDS)
        ended, began = player.poll(), time.monotonic()
        with contextlib.suppress(ProcessLookupError):       # Ctrl-C reaches all that a line has started
            os.killpg(player.pid, signal.SIGINT)
        player.wait(timeout=300)
        said = pathlib.Path(self.path("log.txt")).read_text(errors="replace")
        self.assertIsNone(ended, f"{command}\n{said[-3000:]}")
        self.assertLess(time.monotonic() - began, 10 * slack(), command)
        self.assertIn(player.returncode, (0, 130, 255, -signal.SIGINT), said[-3000:])

    def test_make_a_clip(self):
        self.page("make-a-clip.md")
        self.assertTrue(os.path.exists(self.path("rabbit05.png")))
        self.assertEqual(probe(self.path("fox.mp4"), "nb_read_frames", "width", "r_frame_rate"), dict(nb_read_frames="144", width="512", r_frame_rate="24/1"))
        self.assertEqual(probe(self.path("bird.mp4"), "nb_read_frames", "width", "r_frame_rate"), dict(nb_read_frames="100", width="1280", r_frame_rate="25/1"))

    def test_animate_a_drawing(self):
        self.page("animate-a-drawing.md", first=(1,))      # the one that draws the fox
        _, err, status = run(ZT_ENV + ["ffmpeg", "-nostdin", "-y", "-i", "drawing.png", "-vf", "i2v=prompt='the fox hops, slow zoom in':frames=2",
                                       "-f", "null", "-"], cwd=self.folder)
        self.assertEqual(status, 0, err)
        self.assertRegex(err, "tableau: hop of the subject; camera: zoom_in")     # what the page says the log says

    def test_direct_with_subtitles(self):
        self.page("direct-with-subtitles.md")
        for name, frames in (("film.mp4", 144), ("morph.mp4", 144), ("with-track.mp4", 144), ("sea.mp4", 72), ("directed.mp4", 144)):
            self.frames(self.path(name), frames)

    def test_load_a_checkpoint(self):
        self.page("load-a-checkpoint.md")
        left_out = [block for block in pages.blocks("load-a-checkpoint.md") if block.not_run]
        self.assertEqual({block.language for block in left_out}, {"sh"})
        self.assertTrue(all("download" in block.not_run for block in left_out))

    def test_live(self):
        stream, *rest = [block for block in pages.blocks("live.md") if block.language == "sh"]
        self.rtmp(stream)
        for block in rest:
            if self.misses_its_program(block):
                continue
            with self.subTest(line=block.line):
                if "zmq=" in block.text:
                    self.zmq(block)
                elif is_endless(block.text):
                    self.endless(block)
                else:
                    self.block(block)
        self.assertGreater(int(probe(self.path("both.mkv"))["nb_read_frames"]), 48)
        self.assertEqual(pathlib.Path(self.path("fox.m3u8")).read_text().splitlines()[0], "#EXTM3U")

    def rtmp(self, block):
        """The first line of the page, into a stock ffmpeg that listens: picture and sound arrive."""
        port = four_ports()
        taker = subprocess.Popen(["ffmpeg", "-v", "fatal", "-nostdin", "-y", "-listen", "1", "-f", "flv", "-i", f"rtmp://127.0.0.1:{port}/app/key", "-c", "copy",
                                  "-t", "4", self.path("got.flv")], stdin=subprocess.DEVNULL)
        sender = None
        try:
            listening("tcp", port)
            text = typed(block.text.replace("live.example/app", f"127.0.0.1:{port}/app"))
            sender = subprocess.Popen(["sh", "-c", "exec " + text], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.assertEqual(taker.wait(timeout=60), 0)
        finally:
            stop(sender)
            stop(taker)
        shown, _ = self.ok(run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", self.path("got.flv")]))
        self.assertEqual(sorted(shown.split()), ["aac", "h264"])
        self.assertEqual(probe(self.path("got.flv"), "width", "color_space"), dict(width="512", color_space="bt709"))

    def zmq(self, block):
        """Line and program side by side, where Python's zmq is here; else the line alone, where FFmpeg has the filter."""
        if " zmq " not in run(["ffmpeg", "-hide_banner", "-filters"])[0]:
            return
        [program] = pages.under("live.md", block.heading, "python")
        port = str(four_ports())
        if subprocess.run([PYTHON, "-c", "import zmq"], stderr=subprocess.DEVNULL).returncode:
            self.endless(block, block.text.replace("5555", port))
            return
        pathlib.Path(self.path("prompt.py")).write_text(program.replace("5555", port))
        player = subprocess.Popen(["sh", "-c", "exec " + typed(block.text.replace("5555", port))], cwd=self.folder, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            out, _ = self.ok(run([PYTHON, "prompt.py"], cwd=self.folder, timeout=60))
            self.assertIn("0 Success", out)
        finally:
            stop(player)


class Reference(Guide):
    """The other pages, with what their lines expect to lie there: a photograph, a drawing and its mask, a clip, subtitles."""

    @classmethod
    def setUpClass(cls):
        cls.store = tempfile.mkdtemp(prefix="guide-", dir=BUILD)
        cls.addClassCleanup(shutil.rmtree, cls.store)
        for name, graph in {"photo.png": "testsrc2=s=320x180", "photo.jpg": "testsrc2=s=320x180,format=yuvj420p", "scene.png": "testsrc2=s=512x288",
                            "drawing.png": "color=white:s=256x144,drawbox=x=90:y=40:w=70:h=70:color=red:t=fill",
                            "mask.png": "color=black:s=256x144,drawbox=w=128:color=white:t=fill"}.items():
            subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", graph + ":d=1" if "," not in graph else graph, "-frames:v", "1",
                            os.path.join(cls.store, name)], check=True)
        subprocess.run(ZT_ENV + ["ffmpeg", "-v", "error", "-nostdin", "-filter_complex", "t2vsrc=model=testcard:prompt=x:frames=30", "-c:v", "libvpx",
                                 os.path.join(cls.store, "card.mkv")], check=True)
        pathlib.Path(cls.store, "shots.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\na red fox\n\n2\n00:00:01,000 --> 00:00:02,000\na blue fish\n")
        pathlib.Path(cls.store, "prompt.txt").write_text("a red fox runs")

    def setUp(self):
        super().setUp()
        shutil.copytree(self.store, self.folder, dirs_exist_ok=True)

    def test_ffmpeg(self):
        self.page("ffmpeg.md")

    def test_gstreamer(self):
        shutil.copy(self.path("card.mkv"), self.path("fox.mkv"))
        self.page("gstreamer.md")

    def test_zoetrope(self):
        self.generated_file()
        self.page("cli.md")

    @unittest.skipUnless(shutil.which("cc") and shutil.which("pkg-config"), "no cc or pkg-config")
    def test_c_api(self):
        self.page("c-api.md")

    def generated_file(self):
        """With every mark."""
        self.ok(run(ZT_ENV + ["ffmpeg", "-nostdin", "-filter_complex", "t2vsrc=model=testcard:prompt=x:frames=30:size=640x360:watermark=dct", "-udu_sei", "1", "-c:v", "libx264", "-metadata",
                              "comment=AI-generated", self.path("fox.mp4")]))

    def test_marks(self):
        self.generated_file()
        self.page("marks.md")

    def test_cache(self):
        with unittest.mock.patch.dict(NO_WINDOW, ZOETROPE_CACHE=self.path("clips")):
            self.page("cache.md")

    def test_many_machines(self):
        self.page("many-machines.md")

    def test_options_pictures_storyboards(self):
        for name in ("options.md", "pictures.md", "storyboard.md"):
            self.page(name)


# Their cases are Guide's alone.
for inherited in [name for name in vars(Guide) if name.startswith("test")]:
    setattr(Reference, inherited, None)


class Pages(unittest.TestCase):
    GUIDE = {"make-a-clip.md", "animate-a-drawing.md", "direct-with-subtitles.md", "live.md", "load-a-checkpoint.md"}

    def test_the_index_leads_to_each_page_and_to_nothing_else(self):
        index = (pages.DOCS / "README.md").read_text()
        linked = set(re.findall(r"\]\(([\w-]+\.md)", index))
        self.assertLessEqual(self.GUIDE, linked)
        self.assertTrue(all((pages.DOCS / name).exists() for name in linked - {"editors.md"}))

    def test_links_lead_somewhere(self):
        for name in self.GUIDE | {"README.md", "recipes.md"}:
            for page, anchor in re.findall(r"\]\(([\w./-]*\.md)?#?([\w-]*)\)", (pages.DOCS / name).read_text()):
                target = pages.DOCS / (page or name)
                if page == "editors.md" and not target.exists():
                    continue
                self.assertTrue(target.exists(), (name, page))
                headings = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", target.read_text(), re.M)}
                self.assertIn(anchor or next(iter(headings)), headings, (name, page))

    def test_each_page_is_run_or_says_why_not(self):
        here = self.GUIDE | {"ffmpeg.md", "gstreamer.md", "cli.md", "c-api.md", "cache.md", "marks.md", "options.md", "pictures.md", "storyboard.md",
                             "many-machines.md"}
        others = {"recipes.md", "editors.md"}      # recipes_test.py and on_air_test.py; the editors' own
        for page in set(path.name for path in pages.DOCS.glob("*.md")) - here - others:
            for block in pages.blocks(page):
                self.assertTrue(block.language not in ("sh", "python") or len(block.not_run) > 12, (page, block.line))


if __name__ == "__main__":
    if not storybook_is_here():
        print("skipped: no built-in model")
        sys.exit(77)
    main()
