# SPDX-License-Identifier: LGPL-2.1-or-later
"""t2vsrc and t2v: links in the programs people have: gst-launch-1.0, gst-inspect-1.0, gst-play-1.0,
gst-discoverer-1.0, ges-launch-1.0. What comes out is looked at with ffprobe.

    programs.py [CLASS[.test]]       skips (77) what misses its program

The test card stands in for the built-in model until that one's weights are in the tree."""
import locale
import os
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = os.environ.get("ZT_SOURCE") or str(pathlib.Path(__file__).resolve().parents[3])
BUILD = os.environ.get("ZT_BUILD") or os.path.join(SOURCE, "build")
PLUGINS = os.path.join(BUILD, "plugins", "gstreamer")
MODEL = "storybook" if list(pathlib.Path(SOURCE, "models", "storybook").glob("*.safetensors")) else "testcard"
# What is used when no model is named.
DEFAULT_MODEL = "storybook"
DEFAULT_MODEL_WITH_PICTURE = "tableau"
ENCODE = "videoconvert ! x264enc ! h264parse ! mp4mux ! filesink location="


def run(*command, timeout=120, **env):
    """stdout and stderr together, status. An error that an element has before gst-launch-1.0's main loop runs is printed, and the program waits for ever
    (seen with 1.22: the handler of the message, in the element's thread, ends a loop that does not run yet): such a run is repeated."""
    for last in (False, False, True):
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=timeout, env=dict(os.environ, **env))
            return done.stdout.decode("utf-8", "replace"), done.returncode
        except subprocess.TimeoutExpired as late:
            if last or b"ERROR: from element" not in (late.stdout or b""):
                raise


def probe(path, *entries):
    out = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                          "stream=" + ",".join(entries), "-of", "default=nw=1", path],
                         stdout=subprocess.PIPE, check=True).stdout.decode()
    return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)


def need(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    return unittest.skipIf(missing, "not installed: " + ", ".join(missing))


class Programs(unittest.TestCase):
    """A folder and a registry of its own for each test."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="gst-", dir=BUILD)
        self.addCleanup(shutil.rmtree, self.folder)
        os.environ.update(GST_PLUGIN_PATH=PLUGINS, GST_REGISTRY=os.path.join(BUILD, "gst-test-registry.bin"),
                          ZOETROPE_ENGINE=os.path.join(BUILD, "engine", "libzoetrope.so.0"),
                          ZOETROPE_MODEL_PATH=os.path.join(SOURCE, "models"), LC_ALL="C.UTF-8")

    def path(self, name):
        return os.path.join(self.folder, name)

    def launch(self, line, *options, expect=0, **env):
        out, status = run("gst-launch-1.0", *options, *line.split(), timeout=30 if expect else 120, **env)
        self.assertEqual(status, expect, out)
        return out

    def check_video(self, path, frames, rate="24/1"):
        entries = probe(path, "nb_read_frames", "r_frame_rate", "color_range", "color_space", "color_primaries",
                        "color_transfer", "sample_aspect_ratio", "field_order")
        self.assertEqual(entries, dict(
            nb_read_frames=str(frames), r_frame_rate=rate, color_range="tv", color_space="bt709", color_primaries="bt709",
            color_transfer="bt709", sample_aspect_ratio="1:1", field_order="progressive"))


@need("gst-inspect-1.0")
class Scan(Programs):
    """Looking at the plugin is cheap: nothing of the engine is mapped."""

    def inspect(self, *arguments, **env):
        # No other plugins, no helper process, no registry from before.
        return run("gst-inspect-1.0", *arguments, GST_PLUGIN_SYSTEM_PATH_1_0="", GST_REGISTRY_FORK="no",
                   GST_REGISTRY=self.path("fresh.bin"), **env)

    def test_inspect_tells_all_options(self):
        out, status = self.inspect("t2vsrc")
        self.assertEqual(status, 0, out)
        table = pathlib.Path(SOURCE, "engine", "api", "options.def").read_text()
        for name in re.findall(r"^ZT_OPTION\((\w+),", table, re.M):
            if name not in ("size", "rate"):
                self.assertRegex(out, rf"(?m)^  {name.replace('_', '-')} +: ")
        for name in ("width", "height", "framerate"):
            self.assertRegex(out, rf"(?m)^  {name} +: ")
        self.assertIn("t2v", out.split("Supported URI protocols:")[1][:20])
        of_pictures = ("fit", "background", "alpha", "strength", "motion", "tempo", "loop", "mode", "context")
        for name in of_pictures:
            self.assertNotRegex(out, rf"(?m)^  {name} +: ")
        out, status = self.inspect("i2v")
        self.assertEqual(status, 0, out)
        for name in of_pictures + ("prompt", "width"):
            self.assertRegex(out, rf"(?m)^  {name} +: ")
        self.assertNotIn("Supported URI protocols", out)

    def test_scan_maps_no_engine(self):
        out, status = self.inspect("t2vsrc", LD_DEBUG="files")
        self.assertEqual(status, 0)
        self.assertIn("libgstzoetrope.so", out)
        self.assertNotRegex(out, r"libzoetrope\.so|libtorch|libc10")
        # The same search finds them once a model is open.
        out, status = run("gst-launch-1.0", "t2vsrc", "model=testcard", "prompt=x", "frames=1", "!", "fakesink", LD_DEBUG="files")
        self.assertEqual(status, 0)
        self.assertRegex(out, r"libzoetrope\.so")

    def test_scan_is_cheap(self):
        """Processor time, because a busy machine says nothing; the memory is looked at in gst_link.c."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out, status = self.inspect("t2vsrc")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual(status, 0, out)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"scan: {seconds * 1000:.0f} ms of processor time")
        self.assertLess(seconds, 0.2)


@need("gst-launch-1.0", "ffprobe")
class Launch(Programs):
    def test_clip_to_mp4(self):
        out, status = run("gst-launch-1.0", "t2vsrc", f"model={MODEL}", "prompt=a red fox", "frames=32", "!",
                          *(ENCODE + self.path("g.mp4")).split())
        self.assertEqual(status, 0, out)
        self.assertIn("Progress: (generate) ready", out)
        self.check_video(self.path("g.mp4"), 32)
        tags = subprocess.run(["ffprobe", "-v", "error", "-show_format", self.path("g.mp4")], stdout=subprocess.PIPE,
                              check=True).stdout.decode()
        self.assertIn("TAG:comment=AI-generated+AIGC.Label:1+AIGC.ContentProducer:zoetrope+", tags)
        self.assertNotIn("red fox", tags)

    def test_without_a_converter(self):
        """Straight into an encoder that would rather have 4:4:4."""
        self.launch(f"t2vsrc model={MODEL} prompt=fox frames=8 ! x264enc ! mp4mux ! filesink location={self.path('g.mp4')}")
        self.assertEqual(probe(self.path("g.mp4"), "pix_fmt")["pix_fmt"], "yuv420p")

    def test_rates_are_exact(self):
        self.launch(f"t2vsrc model={MODEL} prompt=fox frames=24 ! video/x-raw,framerate=24000/1001 ! {ENCODE}{self.path('n.mp4')}")
        self.check_video(self.path("n.mp4"), 24, "24000/1001")

    def test_endless_is_ended_by_num_buffers(self):
        self.launch(f"t2vsrc model={MODEL} prompt=fox frames=-1 num-buffers=30 ! {ENCODE}{self.path('e.mp4')}")
        self.check_video(self.path("e.mp4"), 30)

    def test_same_seed_same_bytes(self):
        for name in ("a", "b"):
            self.launch(f"t2vsrc model={MODEL} prompt=fox seed=3 frames=20 width=256 height=144 ! filesink location={self.path(name)}")
        self.launch(f"t2vsrc model={MODEL} prompt=fox seed=4 frames=20 width=256 height=144 ! filesink location={self.path('c')}")
        a, b, c = (pathlib.Path(self.path(name)).read_bytes() for name in "abc")
        self.assertEqual(len(a), 20 * 256 * 144 * 3 // 2)
        self.assertEqual(a, b)
        self.assertNotEqual(a, c)

    def test_numbers_do_not_depend_on_the_locale(self):
        """A decimal comma in the program's locale changes nothing."""
        if "Cannot set" in run("locale", LC_ALL="de_DE.UTF-8")[0]:  # `locale -a` does not look into LOCPATH
            self.skipTest("no German locale")
        for name, language in (("c", "C"), ("de", "de_DE.UTF-8")):
            self.launch(f"t2vsrc model={MODEL} prompt=fox flow-shift=2.5 frames=4 ! filesink location={self.path(name)}",
                        LC_ALL=language)
        self.assertEqual(*(pathlib.Path(self.path(name)).read_bytes() for name in ("c", "de")))

    def test_two_sources_in_one_mixer(self):
        self.launch(f"compositor name=mix sink_1::xpos=256 ! {ENCODE}{self.path('m.mp4')} "
                    f"t2vsrc model={MODEL} prompt=a frames=24 width=256 height=144 ! queue ! mix.sink_0 "
                    f"t2vsrc model={MODEL} prompt=b frames=24 width=256 height=144 ! queue ! mix.sink_1")
        self.assertEqual(probe(self.path("m.mp4"), "width", "nb_read_frames"), {"width": "512", "nb_read_frames": "24"})

    def test_picture_becomes_a_clip(self):
        """From a file, a frozen picture, and a live source that would go on for ever."""
        self.launch(f"videotestsrc num-buffers=1 ! video/x-raw,width=320,height=200 ! pngenc ! filesink location={self.path('in.png')}")
        for name, before in (("png", f"filesrc location={self.path('in.png')} ! pngdec ! videoconvert"),
                             ("freeze", f"filesrc location={self.path('in.png')} ! pngdec ! imagefreeze ! videoconvert"),
                             ("live", "videotestsrc is-live=true ! video/x-raw,framerate=25/1")):
            self.launch(f"{before} ! i2v model=testcard prompt=x frames=16 ! {ENCODE}{self.path(name + '.mp4')}")
            self.check_video(self.path(name + ".mp4"), 16)

    def test_photo_stands_upright(self):
        """A JPEG as a camera held upright writes it: turned by its EXIF data. The parser tells that in a tag."""
        self.launch("videotestsrc pattern=white num-buffers=1 ! video/x-raw,width=64,height=144 ! videobox right=-192 ! jpegenc ! "
                    f"filesink location={self.path('white.jpg')}")          # white on the left
        jpeg = pathlib.Path(self.path("white.jpg")).read_bytes()
        for orientation, white in ((1, "left"), (3, "right"), (6, "top"), (8, "bottom")):
            tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
            exif = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
            pathlib.Path(self.path("photo.jpg")).write_bytes(jpeg[:2] + exif + jpeg[2:])
            self.launch(f"filesrc location={self.path('photo.jpg')} ! jpegparse ! jpegdec ! videoconvert ! i2v model=testcard prompt=x fit=stretch "
                        f"frames=1 ! video/x-raw,format=RGB ! filesink location={self.path('out.rgb')}")
            pixels = pathlib.Path(self.path("out.rgb")).read_bytes()
            at = {"left": (4, 60), "right": (250, 60), "top": (128, 3), "bottom": (128, 120)}
            bright = {side for side, (x, y) in at.items() if pixels[3 * (256 * y + x)] > 200}
            self.assertEqual(bright, {white}, orientation)

    def test_the_default_model_is_the_one_for_what_is_asked(self):
        """Where its weights are not found, the error names it."""
        for line, name in (("t2vsrc", DEFAULT_MODEL), ("t2vsrc model=\"\"", DEFAULT_MODEL),
                           ("videotestsrc num-buffers=1 ! i2v", DEFAULT_MODEL_WITH_PICTURE),
                           ("videotestsrc num-buffers=1 ! i2v mode=extend", DEFAULT_MODEL_WITH_PICTURE)):
            out = self.launch(line + " prompt=x ! fakesink", expect=255, ZOETROPE_MODEL_PATH="/nosuch")
            self.assertIn(f'model: expected the weights of {name} in "/nosuch/{name}"', out, line)

    def test_errors_are_told(self):
        out = self.launch("t2vsrc frames=2 ! fakesink", expect=255)
        self.assertIn("prompt: expected one of prompt, prompt_file, storyboard, got none", out)
        out = self.launch("t2vsrc model=nosuch prompt=x ! fakesink", expect=255)
        self.assertIn("model: expected", out)


class Links(Programs):
    link = f"t2v:///a%20red%20fox;model={MODEL};frames=48"

    @need("gst-launch-1.0")
    def test_decoders_take_them(self):
        for element in ("uridecodebin", "uridecodebin3"):
            self.launch(f"{element} uri={self.link} ! videoconvert ! fakevideosink sync=false")
        for element in ("playbin", "playbin3"):
            self.launch(f"{element} uri={self.link} video-sink=fakevideosink")

    @need("gst-discoverer-1.0")
    def test_discoverer(self):
        out, status = run("gst-discoverer-1.0", "-v", self.link)
        self.assertEqual(status, 0, out)
        self.assertIn("Duration: 0:00:02.000000000", out)
        self.assertIn("Seekable: yes", out)
        self.assertIn("colorimetry=(string)bt709", out)
        self.assertRegex(out, r"comment: AI-generated\+AIGC\.Label:1\+")

    @need("gst-play-1.0")
    def test_player(self):
        out, status = run("gst-play-1.0", "--no-interactive", "--videosink=fakevideosink", "--audiosink=fakesink", self.link)
        self.assertEqual(status, 0, out)
        self.assertIn("Reached end of play list", out)
        self.assertNotIn("ERROR", out)

    @need("gst-launch-1.0")
    def test_bad_link_is_refused(self):
        for bad in ("t2v:///fox;prompt_file=/etc/hostname", "t2v:///fox;model=/etc", "t2v:///fox;frames=-1", "t2v:///a%00b"):
            out, status = run("gst-launch-1.0", "uridecodebin", "uri=" + bad, "!", "fakesink", timeout=30)
            self.assertNotEqual(status, 0, bad)
            self.assertIn("expected", out)


@need("gst-launch-1.0")
class Cutout(Programs):
    """Frames with alpha: the bytes of the C API, laid over other pictures by compositor, refused where there can be none."""
    SIZE = (64, 48)
    CARD = "t2vsrc model=testcard prompt=x frames=5 cutout=true ! video/x-raw,width=64,height=48"
    # GStreamer's name: the C API's format
    FORMATS = {"RGBA": 11, "RGBA64_LE": 12, "GBRA": 7, "GBRA_10LE": 8, "A420": 1, "A420_10LE": 4, "A422_10LE": 5, "A444_10LE": 6}

    def dump(self, number):
        done = subprocess.run([os.path.join(BUILD, "tests", "media", "frame_dump"), f"format={number}", "model=testcard", "prompt=x", "frames=5",
                               "size=64x48", "cutout=1"], stdout=subprocess.PIPE, check=True)
        return done.stdout

    def raw(self, line):
        self.launch(f"{line} ! filesink location={self.path('out.raw')}")
        return pathlib.Path(self.path("out.raw")).read_bytes()

    def test_every_format_has_the_bytes_of_the_c_api(self):
        for name, number in self.FORMATS.items():
            self.assertTrue(self.raw(f"{self.CARD},format={name}") == self.dump(number), name)

    def test_the_choice_is_rgba(self):
        self.assertTrue(self.raw(self.CARD) == self.dump(11))

    def test_over_another_picture(self):
        for pattern, colour in (("white", 255), ("black", 0)):
            got = self.raw(f"videotestsrc pattern={pattern} num-buffers=5 ! video/x-raw,format=RGBA,width=64,height=48,framerate=24/1 ! c.sink_0 "
                           f"{self.CARD} ! queue ! c.sink_1 compositor name=c ! video/x-raw,format=RGBA,width=64,height=48,framerate=24/1")
            card = self.dump(11)
            wanted = [card[i + k] * card[i + 3] / 255 + colour * (1 - card[i + 3] / 255) for i in range(0, len(card), 4) for k in range(3)]
            shown = [got[i + k] for i in range(0, len(got), 4) for k in range(3)]
            self.assertGreaterEqual(len(shown), len(wanted))
            self.assertLessEqual(max(abs(a - b) for a, b in zip(shown, wanted)), 2, pattern)

    def test_a_link_may_ask_for_it(self):
        self.assertTrue(self.raw("t2v:///x;model=testcard;frames=5;size=64x48;cutout=1 ! video/x-raw,format=A420") == self.dump(1))

    def test_a_picture_is_behind_the_subject(self):
        line = ("videotestsrc num-buffers=1 ! video/x-raw,format=RGB,width=64,height=48 ! i2v model=testcard prompt=x frames=5 cutout=true ! "
                "video/x-raw,format=RGBA,width=64,height=48")
        self.assertTrue(self.raw(line) == self.dump(11))

    def test_what_cannot_be_is_refused_by_name(self):
        for line, sentence in (
                ("t2vsrc model=testcard prompt=x engine-opts=o,cutout=0 cutout=true ! fakesink",
                 r"cutout: expected 0 \(this model has no subject apart from its backdrop\), got 1"),
                ("videotestsrc num-buffers=3 ! i2v model=testcard prompt=x mode=extend cutout=true ! fakesink", "cutout: expected false with mode=extend"),
                ("t2vsrc model=testcard prompt=x cutout=true ! video/x-raw,format=I420 ! fakesink", "format: expected .*RGBA.*, got .*I420")):
            out, status = run("gst-launch-1.0", *line.split(), timeout=20)
            self.assertRegex(out, sentence)
            self.assertNotEqual(status, 0)


@need("gst-launch-1.0")
class Interrupt(Programs):
    """Control-C while a chunk is being made."""

    def interrupt(self, *options):
        """Seconds from the signal, sent after a step was told, to the pipeline's end; from there to the
        program's end, and the processor time of it."""
        line = "t2vsrc model=testcard prompt=x frames=144 engine-opts=o,delay_ms=12000 ! fakesink"
        program = subprocess.Popen(["gst-launch-1.0", *options, *line.split()], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(program.stdout.close)
        self.wait_line(program, b"denoise")
        began = time.monotonic()
        program.send_signal(signal.SIGINT)
        self.wait_line(program, b"Freeing pipeline")
        ended = time.monotonic()
        fields = pathlib.Path("/proc", str(program.pid), "stat").read_text().rpartition(")")[2].split()
        worked = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        return ended - began, time.monotonic() - ended, usage.ru_utime + usage.ru_stime - worked

    def test_progress_is_told_as_a_person_reads(self):
        """One line a second at most, each with the name of its stage."""
        line = f"t2vsrc model={MODEL} prompt=x frames=480 prefetch=0 ! fakesink"
        with subprocess.Popen(["gst-launch-1.0", *line.split()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as program:
            told = [(time.monotonic(), text.decode().split("(generate) ")[1].strip()) for text in program.stdout if b"(generate) " in text]
        self.assertEqual(program.returncode, 0)
        stages = [(at, text) for at, text in told if text not in ("generating", "waiting for frames", "ready", "done")]
        self.assertTrue(stages)
        for _, text in stages:
            self.assertRegex(text, r"^(load|text|picture|denoise|decode|wait)( \d+/([2-9]|\d\d+))?$")
        for (before, _), (after, text) in zip(stages, stages[1:]):
            self.assertGreater(after - before, 0.8, text)

    def wait_line(self, program, word):
        told = b""
        while word not in told:
            line = program.stdout.readline()
            self.assertTrue(line, told)
            told += line

    def test_it_ends_at_once(self):
        for options in ((), ("-e",)):
            pipeline, rest, worked = self.interrupt(*options)
            print(f"SIGINT {' '.join(options)}: pipeline {pipeline * 1000:.0f} ms, then {rest * 1000:.0f} ms "
                  f"({worked * 1000:.0f} ms of processor time) to the end of the program")
            self.assertLess(pipeline, 0.5)
            # LibTorch's own end is work, which a busy machine stretches.
            self.assertLess(worked, 0.5)


@need("ges-launch-1.0", "ffprobe")
class Editing(Programs):
    def test_two_clips_in_a_timeline(self):
        out, status = run("ges-launch-1.0", "+clip", f"t2v:///a;model={MODEL}", "s=0", "d=0.5", "+clip", f"t2v:///b;model={MODEL}",
                          "s=0.5", "d=0.5", "-o", self.path("g.mp4"), "-f", "video/quicktime,variant=iso:video/x-h264",
                          "--track-types", "video", timeout=200)
        self.assertEqual(status, 0, out)
        entries = probe(self.path("g.mp4"), "nb_read_frames", "r_frame_rate", "color_space")
        self.assertEqual(entries, {"nb_read_frames": "30", "r_frame_rate": "30/1", "color_space": "bt709"})


if __name__ == "__main__":
    if not os.path.exists(os.path.join(PLUGINS, "libgstzoetrope.so")):
        print("skipped: the GStreamer plugin is not built")
        sys.exit(77)
    result = unittest.main(verbosity=2, exit=False).result
    if result.wasSuccessful() and result.testsRun and len(result.skipped) == result.testsRun:
        sys.exit(77)
    sys.exit(not result.wasSuccessful())
