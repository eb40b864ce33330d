# SPDX-License-Identifier: LGPL-2.1-or-later
"""i2v through stock ffmpeg, on the test card, which shows the given picture under its moving marks: so the
pixels that arrive can be compared with the picture. What ends the input, what is refused and how."""
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from ffmpeg_common import (DEFAULT_MODEL, DEFAULT_MODEL_WITH_PICTURE, FFMPEG, MODEL, ZT_ENV, MediaTest, digests, ffmpeg, ffmpeg_version,
                           main, probe, run, sha256, slack)

I2V = "i2v=model=testcard:prompt=x:"
STOCK = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
WIDTH, HEIGHT = 256, 144
# Of the rows, 18 are the counter and 31 meet the square; the rest is picture from side to side.
WHOLE_ROWS = HEIGHT - 18 - 31


class PictureTest(MediaTest):
    """Makes pictures, and looks at what arrives of them."""

    def picture(self, name, *filters, source="testsrc2=s=256x144:r=1:d=1"):
        path = self.path(name)
        self.ok(run(STOCK + ["-f", "lavfi", "-i", ",".join((source,) + filters), "-frames:v", "1", path]))
        return path

    def gbr(self, *command):
        """Frame 0 as its three planes."""
        out, _ = self.ok(run(list(command) + ["-frames:v", "1", "-pix_fmt", "gbrp", "-f", "rawvideo", "-"], text=False))
        self.assertEqual(len(out), 3 * WIDTH * HEIGHT)
        return out

    def moved(self, *inputs, options=""):
        return self.gbr(*FFMPEG, *inputs, "-filter_complex", f"[0:v]{I2V}frames=2{options},format=gbrp")

    def rows_within(self, ours, theirs, tolerance):
        """How many rows above the counter agree in all planes."""
        count = 0
        for y in range(HEIGHT - 18):
            at = [plane * WIDTH * HEIGHT + y * WIDTH for plane in range(3)]
            count += all(abs(a - b) <= tolerance for start in at
                         for a, b in zip(ours[start:start + WIDTH], theirs[start:start + WIDTH]))
        return count


class Pictures(PictureTest):
    def test_rgb_arrives_byte_for_byte(self):
        # 16-bit samples are rounded by us and cut off by swscale.
        for name, form, tolerance in (("a.png", "rgb24", 0), ("b.png", "rgba", 0), ("c.png", "rgb48be", 1), ("d.ppm", "rgb24", 0)):
            path = self.picture(name, "format=" + form)
            theirs = self.gbr(*STOCK, "-i", path, "-vf", "format=gbrp")
            self.assertEqual(self.rows_within(self.moved("-i", path), theirs, tolerance), WHOLE_ROWS, form)

    def read_by_zscale(self, *inputs):
        return self.gbr(*STOCK, *inputs, "-vf", "zscale=matrix=gbr:range=full:f=bilinear:d=none,format=gbrp")

    def test_yuv_is_read_by_its_tags(self):
        if run(["ffmpeg", "-v", "quiet", "-h", "filter=zscale"])[0].find("chromalin") < 0:
            self.skipTest("ffmpeg has no zscale")
        for form, space, rng in (("yuv420p", "bt709", "tv"), ("yuv420p", "smpte170m", "pc"), ("yuv422p", "bt470bg", "tv"),
                                 ("yuv444p10le", "bt2020nc", "tv"), ("yuv444p", "bt709", "pc")):
            path = self.path("x.mkv")
            self.ok(run(STOCK + ["-f", "lavfi", "-i", f"testsrc2=s=256x144:r=1:d=1,format={form},setparams=colorspace={space}:range={rng}",
                                 "-c:v", "ffv1", "-colorspace", space, "-color_range", rng, path]))
            theirs = self.read_by_zscale("-i", path)
            self.assertEqual(self.rows_within(self.moved("-i", path), theirs, 1), WHOLE_ROWS, (form, space, rng))
            # The control: tagged otherwise, it is another picture.
            other = "bt709" if space != "bt709" else "smpte170m"
            wrong = self.gbr(
                *FFMPEG, "-i", path, "-filter_complex", f"[0:v]setparams=colorspace={other},{I2V}frames=2,format=gbrp")
            self.assertLess(self.rows_within(wrong, theirs, 1), WHOLE_ROWS, (form, space, rng))

    def test_jpeg(self):
        path = self.picture("a.jpg", "format=yuvj420p")
        theirs = self.read_by_zscale("-i", path)
        self.assertEqual(self.rows_within(self.moved("-i", path), theirs, 1), WHOLE_ROWS)

    def test_any_size_is_fitted_by_the_rule(self):
        path = self.picture("odd.png", source="color=red:s=321x191:r=1:d=1")
        wide = self.picture("wide.png", source="color=red:s=640x144:r=1:d=1")
        for picture, fit, corner in ((path, "crop", 255), (path, "pad", 0), (wide, "pad", 0), (wide, "stretch", 255), (wide, "crop", 255)):
            planes = self.moved("-i", picture, options=f":fit={fit}")
            red = planes[2 * WIDTH * HEIGHT:]
            self.assertAlmostEqual(red[0], corner, delta=2, msg=f"{picture} {fit}")
        self.assertEqual(probe(self.encoded(path), "width", "height"), {"width": "256", "height": "144"})

    def encoded(self, path):
        out = self.path("o.mp4")
        self.ok(run(FFMPEG + ["-i", path, "-filter_complex", f"[0:v]{I2V}frames=4[v]", "-map", "[v]", "-c:v", "libx264", out]))
        return out

    def test_strength_weighs(self):
        path = self.picture("a.png", "format=rgb24")
        full = self.moved("-i", path)
        for strength in ("0.5", "0"):
            self.assertEqual(self.rows_within(self.moved("-i", path, options=f":strength={strength}"), full, 1), 0)


class Sizes(PictureTest):
    """The test card takes its size from the picture if it is told to; its sizes are 16 to 4096 in steps of 2."""
    OWN = I2V + "engine_opts=size=picture:frames=2"

    def test_a_clip_is_as_large_as_its_picture(self):
        for source, options, size, said in (
                ("320x180", "", (320, 180), None), ("321x191", "", (320, 190), "rounded down to 320x190 from the picture's 321x191"),
                ("8x40", "", (16, 80), "enlarged to 16x80 from the picture's 8x40"),
                ("5000x1000", "", (4096, 818), "shrunk to 4096x818 from the picture's 5000x1000"),
                ("320x180", ":size=640x360", (640, 360), None)):
            path = self.picture("a.png", "format=rgb24", source=f"testsrc2=s={source}:r=1:d=1")
            for form in ("yuv420p", "rgb24"):
                out, err = self.ok(run(FFMPEG + ["-i", path, "-filter_complex", f"[0:v]{self.OWN}{options},format={form}", "-c:v", "ffv1",
                                                 self.path("o.mkv")]))
                self.assertEqual(probe(self.path("o.mkv"), "width", "height"), {"width": str(size[0]), "height": str(size[1])}, source)
                self.assertEqual(re.findall(r"size: (\w.*)", err), [said] if said else [], source)

    def test_its_first_frame_is_the_picture(self):
        path = self.picture("a.png", "format=rgb24", source="testsrc2=s=320x180:r=1:d=1")
        pixels = [self.ok(run(command + ["-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], text=False))[0]
                  for command in (STOCK + ["-i", path], FFMPEG + ["-i", path, "-filter_complex", f"[0:v]{self.OWN},format=rgb24"])]
        rows = [[data[at:at + 960] for at in range(0, len(data), 960)] for data in pixels]
        self.assertEqual([len(each) for each in rows], [180, 180])
        self.assertGreater(sum(a == b for a, b in zip(*rows)), 90)     # all but the counter's and the square's

    def test_a_clip_that_goes_on_keeps_its_size(self):
        out, _ = self.ok(run(FFMPEG + ["-f", "lavfi", "-i", "testsrc2=s=322x182:r=25:d=0.2", "-vf", f"format=rgb24,{self.OWN}:mode=extend",
                                       "-c:v", "ffv1", self.path("o.mkv")]))
        self.assertEqual(probe(self.path("o.mkv"), "width", "height", "nb_read_frames"), {"width": "322", "height": "182", "nb_read_frames": "7"})


class Masks(PictureTest):
    """With strength=0 all that the test card shows moves; a mask keeps what is black."""
    HALF = "color=black:s=256x144:r=1:d=1,format=gray,geq=lum='if(lt(X,128),255,0)'"

    def masked(self, *inputs, options="", frames=3):
        out, _ = self.ok(run(FFMPEG + list(inputs) + ["-filter_complex", f"[0:v][1:v]{I2V}mask=1:frames={frames}{options},format=gbrp",
                                                      "-f", "rawvideo", "-"], text=False, timeout=60))
        size = 3 * WIDTH * HEIGHT
        self.assertEqual(len(out), frames * size)
        return [out[at:at + size] for at in range(0, len(out), size)]

    @staticmethod
    def half(frame, left):
        return b"".join(frame[at:at + WIDTH // 2] for at in range(0 if left else WIDTH // 2, len(frame), WIDTH))

    def test_black_stays_and_white_moves(self):
        path = self.picture("a.png", "format=rgb24")
        theirs = self.gbr(*STOCK, "-i", path, "-vf", "format=gbrp")
        for name, form in (("m.png", "gray"), ("n.png", "rgb24"), ("m.jpg", "yuvj420p"), ("m.mkv", "yuv420p")):
            mask = self.picture(name, "format=" + form, source=self.HALF)
            frames = self.masked("-i", path, "-i", mask, options=":strength=0")
            for frame in frames:
                self.assertEqual(self.half(frame, left=False), self.half(theirs, left=False), form)
            self.assertEqual(len({self.half(frame, left=True) for frame in frames}), len(frames), form)

    def test_the_fitted_picture_is_what_stays(self):
        path = self.picture("big.png", "format=rgb24", source="testsrc2=s=642x500:r=1:d=1")
        mask = self.picture("black.png", source="color=black:s=321x250:r=1:d=1")
        for fit in ("crop", "pad"):
            fitted = self.moved("-i", path, options=f":fit={fit}")
            still = self.masked("-i", path, "-i", mask, options=f":strength=0:fit={fit}", frames=1)[0]
            self.assertEqual(self.rows_within(fitted, still, 0), WHOLE_ROWS, fit)

    def test_endless_inputs_are_told_to_stop(self):
        frames = self.masked("-f", "lavfi", "-i", "testsrc2=s=256x144", "-f", "lavfi", "-i", "color=black:s=64x36", frames=30)
        self.assertEqual(len(set(frames)), 1)

    def test_a_mask_that_never_comes(self):
        path = self.picture("a.png")
        _, err, _ = run(FFMPEG + ["-i", path, "-f", "lavfi", "-i", "color=s=64x36:d=1", "-filter_complex",
                                  f"[1:v]trim=start=5[m];[0:v][m]{I2V}mask=1:frames=3", "-f", "null", "-"], timeout=60)
        self.assertIn("mask: expected a picture, got none before its end", err)


class Extends(PictureTest):
    EXTEND = "i2v=model=testcard:prompt=x:mode=extend:"

    def through(self, graph, *inputs):
        out, err = self.ok(run(FFMPEG + list(inputs) + ["-filter_complex", graph, "-f", "framemd5", "-"], timeout=60))
        return digests(out), err

    def test_input_passes_bit_exact_and_goes_on(self):
        for form, rate in (("yuv420p", "24"), ("yuv422p10", "25"), ("gbrp", "30000/1001"), ("yuv444p", "24000/1001")):
            path = self.path("in.mkv")
            self.ok(run(STOCK + ["-f", "lavfi", "-i", f"testsrc2=s=320x180:r={rate}:d=1,format={form}", "-c:v", "ffv1", path]))
            theirs, _ = self.through("format=" + form, "-i", path)
            ours, err = self.through(f"format={form},{self.EXTEND}frames=20,showinfo", "-i", path)
            self.assertEqual((len(ours), ours[:len(theirs)]), (len(theirs) + 20, theirs), form)
            self.assertEqual(len(set(ours[len(theirs):])), 20, form)
            times = [float(t) for t in re.findall(r" n: *\d+ pts: *\d+ pts_time:([0-9.]+)", err)]
            numerator, _, denominator = rate.partition("/")
            step = int(denominator or 1) / int(numerator)
            for a, b in zip(times, times[1:]):
                self.assertAlmostEqual(b - a, step, delta=0.0011, msg=form)     # Matroska counts milliseconds

    def test_it_goes_on_from_the_newest_frame(self):
        # The test card shows it where it draws no mark.
        graph = f"testsrc2=s=256x144:r=24:d=1,format=gbrp,{self.EXTEND}frames=1,format=gbrp"
        out, _ = self.ok(run(FFMPEG + ["-filter_complex", graph, "-f", "rawvideo", "-"], text=False))
        size = 3 * WIDTH * HEIGHT
        self.assertEqual(len(out), 25 * size)
        self.assertEqual(self.rows_within(out[-2 * size:-size], out[-size:], 0), WHOLE_ROWS)

    def test_few_frames_and_two_sources_of_ours(self):
        self.assertEqual(len(self.through(f"testsrc=s=256x144:r=24,trim=end_frame=1,{self.EXTEND}frames=3")[0]), 4)
        chain = f"t2vsrc=model=testcard:prompt=a:frames=30,{self.EXTEND}context=4:frames=3,{self.EXTEND}frames=2"
        self.assertEqual(len(self.through(chain)[0]), 35)

    def test_black_of_a_mask_stays_as_in_the_newest_frame(self):
        graph = (f"testsrc2=s=256x144:r=24:d=1,format=gbrp[a];color=black:s=256x144[m];"
                 f"[a][m]{self.EXTEND}mask=1:frames=3,format=gbrp")
        got, _ = self.through(graph)
        self.assertEqual(len(set(got[23:])), 1)
        self.assertEqual(len(set(got)), 24)

    def test_what_cannot_follow_is_refused(self):
        for graph, expected in (
                (f"testsrc=s=256x144:r=10:d=1,{self.EXTEND}frames=3", "rate: expected one of 24 24000/1001"),
                (f"testsrc=s=255x144:r=24:d=1,{self.EXTEND}frames=3", "size: expected a multiple of 2"),
                (f"testsrc=s=256x144:r=24:d=1,{self.EXTEND}size=320x180", "size: expected 256x144, that of the input"),
                (f"testsrc=s=256x144:r=24:d=1,{self.EXTEND}rate=25", "rate: expected 24/1, that of the input"),
                (f"testsrc=s=256x144:r=24:d=1,{self.EXTEND}context=17", "history: expected at most 16 pictures, got 17"),
                (f"testsrc=s=256x144:r=24:d=1,{self.EXTEND}engine_opts=image=never", r"image: expected none \(this model takes")):
            out, err, status = ffmpeg(graph, timeout=60)
            self.assertRegex(err, expected)
            self.assertEqual((digests(out), status > 0), ([], True), graph)
        if ffmpeg_version() < (7, 0):       # later ones convert by themselves
            _, err, _ = ffmpeg(f"testsrc2=s=256x144:r=24:d=1,format=yuv420p,setparams=colorspace=smpte170m,{self.EXTEND}frames=3")
            self.assertIn("input: expected bt709 in limited range, as the new frames are, got smpte170m", err)


class Ends(MediaTest):
    def setUp(self):
        super().setUp()
        self.png = self.path("a.png")
        self.ok(run(STOCK + ["-f", "lavfi", "-i", "testsrc=s=160x120:r=1:d=1", "-frames:v", "1", self.png]))

    def frames_of(self, *inputs, graph=I2V + "frames=32", timeout=60):
        out, err = self.ok(run(FFMPEG + list(inputs) + ["-filter_complex", f"[0:v]{graph}[v]", "-map", "[v]", "-f", "framemd5", "-"],
                               timeout=timeout))
        return digests(out), err

    def test_count_is_exact_whatever_the_input(self):
        self.ok(run(STOCK + ["-f", "lavfi", "-i", "testsrc=s=160x120:d=60", "-c:v", "mpeg4", self.path("long.mp4")]))
        for inputs in (["-i", self.png], ["-loop", "1", "-i", self.png], ["-i", self.path("long.mp4")], ["-f", "lavfi", "-i", "testsrc"]):
            self.assertEqual(len(self.frames_of(*inputs)[0]), 32, inputs)
        got, err = self.frames_of("-i", self.png, graph=I2V + "duration=1.5:rate=25")
        self.assertEqual(len(got), 38)
        self.assertIn("testcard: 256x144, 25/1 fps, 38 frames", err)

    def test_input_is_told_to_stop(self):
        """A camera-like input of 25 frames a second for an hour: only the first is waited for."""
        begun = time.monotonic()
        got, _ = self.frames_of("-re", "-f", "lavfi", "-i", "testsrc=r=25:d=3600", graph=I2V + "frames=96")
        self.assertEqual(len(got), 96)
        self.assertLess(time.monotonic() - begun, 3.0 * slack())     # pacing 96 frames takes 3.84 s

    def test_same_picture_same_bytes(self):
        got = {sha256("".join(self.frames_of("-i", self.png)[0]).encode()) for _ in range(2)}
        self.assertEqual(len(got), 1)

    def test_downstream_ends_it(self):
        out, _ = self.ok(run(FFMPEG + ["-loop", "1", "-i", self.png, "-filter_complex", f"[0:v]{I2V}frames=-1[v]", "-map", "[v]", "-t", "2",
                                       "-f", "framemd5", "-"], timeout=60))
        self.assertEqual(len(digests(out)), 48)

    def test_time_goes_on_from_the_picture(self):
        for shift, first in (("0", 0), ("2/TB", 48)):
            _, err = self.frames_of("-f", "lavfi", "-i", "testsrc=r=5:d=1", graph=f"setpts=PTS+{shift},{I2V}frames=3,showinfo")
            self.assertEqual([int(pts) for pts in re.findall(r" n: *\d+ pts: *(\d+)", err)], [first, first + 1, first + 2])

    def test_picture_from_another_source_of_ours(self):
        out, err = self.ok(ffmpeg(f"t2vsrc=model=testcard:prompt=a:frames=1,{I2V}frames=3,showinfo"))
        self.assertEqual(len(digests(out)), 3)
        # The marks of the picture and our own.
        first = err[err.index(" n:   0 "):err.index(" n:   1 ")]
        self.assertEqual(len(re.findall(r"side data - .*(?:nregistered)", first)), 2, first)

    def test_prompt_changes_while_it_plays(self):
        pathlib.Path(self.path("cmds.txt")).write_text("1.0 i2v prompt 'a blue fox';\n1.5 i2v strength 0.5;\n1.6 i2v strength 7;\n")
        _, err = self.frames_of("-i", self.png, graph=f"{I2V}frames=96,sendcmd=f={self.path('cmds.txt')}")
        told = int(re.search(r"prompt: new value from frame (\d+) on", err).group(1))
        self.assertTrue(24 < told <= 25 + 3 * 12, told)
        self.assertRegex(err, r"strength: new value from frame \d+ on")
        self.assertIn('strength: expected 0 to 1, got "7"', err)

    # From 7.0 on the program waits for a graph with inputs to run dry, also for its own `loop=-1`; the
    # fourth signal ends it hard, with status 123.
    def test_interrupt_ends_within_a_second(self):
        signals, expected = (1, 255) if ffmpeg_version() < (7, 0) else (5, 123)
        log = self.path("log")
        fastest = 100.0
        for _ in range(3):
            with open(log, "w+") as file:
                process = subprocess.Popen(FFMPEG + ["-loop", "1", "-i", self.png, "-filter_complex",
                                                     f"[0:v]{I2V}frames=-1:engine_opts=delay_ms=400[v]", "-map", "[v]", "-f", "null", "-"],
                                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=file)
                deadline = time.monotonic() + 20
                while time.monotonic() < deadline and "endless, seed 0" not in pathlib.Path(log).read_text():
                    time.sleep(0.02)
                time.sleep(0.5)
                begun = time.monotonic()
                for _ in range(signals):
                    process.send_signal(signal.SIGINT)
                    time.sleep(0.02)
                self.assertEqual(process.wait(timeout=30), expected, pathlib.Path(log).read_text())
            fastest = min(fastest, time.monotonic() - begun)
            if fastest < 1.0 * slack():
                break
        self.assertLess(fastest, 1.0 * slack())

    @unittest.skipUnless(shutil.which("mpv"), "no mpv")
    def test_mpv(self):
        out = self.path("o.mkv")
        self.ok(run(ZT_ENV + ["mpv", "--no-config", "--no-terminal", f"--vf=lavfi=[{I2V}frames=12]", self.png, "--o=" + out, "--ovc=ffv1"]))
        self.assertEqual(probe(out)["nb_read_frames"], "12")


class Refused(MediaTest):
    def refused(self, graph, expected, before="testsrc=r=5:d=1,"):
        out, err, status = ffmpeg(before + graph, timeout=60)
        self.assertEqual(digests(out), [], graph)
        self.assertRegex(err, expected, graph)
        return err, status

    def test_before_anything_is_decoded(self):
        for graph, expected in (
                (I2V + "engine_opts=image=never", r"image: expected none \(this model takes no picture\), got 1"),
                ("i2v=model=testcard", "prompt: expected one of prompt, prompt_file, storyboard, got none"),
                ("i2v=model=nosuch:prompt=x", r'model: expected .* or the path of a model, got "nosuch"\n'),
                (I2V + "size=17x17", "size: expected"), (I2V + "rate=17", "rate: expected"),
                (I2V + "context=2", r"context: expected 0 \(mode=animate looks at one picture\), got 2"),
                (I2V + "fit=squeeze", "fit"), (I2V + "strength=1.5", "strength"), (I2V + "frames=-2", "frames"),
                (I2V + "loop=1", r"loop: expected 0 \(this model cannot close a clip\), got 1"),
                (I2V + "motion=0.5", r"motion: expected 1 \(this model has no other\), got 0\.5"),
                (I2V + "tempo=2", r"tempo: expected 1 \(this model has no other\), got 2"), (I2V + "motion=0", "motion"),
                (I2V + "tempo=4.5", "tempo")):
            _, status = self.refused(graph, expected)
            self.assertGreater(status, 0, graph)

    def test_input_without_a_frame(self):
        _, status = self.refused(I2V + "frames=4", "input: expected a picture, got none before its end", before="testsrc=d=1,trim=start=5,")
        if ffmpeg_version() >= (7, 0):      # 5.1 ends with 0 after an error inside a filter
            self.assertGreater(status, 0)

    def test_matrix_the_engine_lacks(self):
        self.refused(I2V + "frames=4", "first image: matrix: expected bt601, bt709 or bt2020nc, got ycgco",
                     before="testsrc2=r=5:d=1,format=yuv444p,setparams=colorspace=ycgco,")

    def test_the_default_model_is_the_one_for_what_is_asked(self):
        """Where its weights are not found, the error names it."""
        away = ZT_ENV + ["env", "ZOETROPE_MODEL_PATH=/nosuch"] + FFMPEG[len(ZT_ENV):]
        for graph, name in (("t2vsrc=prompt=x", DEFAULT_MODEL), ("t2vsrc=prompt=x:model=", DEFAULT_MODEL),
                            ("testsrc=d=1,i2v=prompt=x", DEFAULT_MODEL_WITH_PICTURE),
                            ("testsrc=d=1,i2v=prompt=x:mode=extend", DEFAULT_MODEL_WITH_PICTURE)):
            _, err, status = run(away + ["-filter_complex", graph, "-f", "framemd5", "-"])
            self.assertGreater(status, 0, graph)
            self.assertIn(f'model: expected the weights of {name} in "/nosuch/{name}"', err, graph)

    def test_a_source_has_no_picture(self):
        self.refused("t2vsrc=model=testcard:prompt=x:engine_opts=image=required", "first image: expected one", before="")
        for option in ("fit=pad", "loop=1", "motion=2", "tempo=2"):
            self.refused("t2vsrc=model=testcard:prompt=x:" + option, option[:3], before="")


@unittest.skipIf(MODEL != "storybook", "the built-in model is not in the tree")
class Storybook(MediaTest):
    def raw(self, graph):
        out, _ = self.ok(run(FFMPEG + ["-filter_complex", graph, "-f", "rawvideo", "-"], text=False, timeout=120))
        return out

    def test_a_picture_is_the_first_frame_and_the_backdrop(self):
        prompt = f"model=storybook:size={WIDTH}x{HEIGHT}:prompt='a red fox jumps in the snow at night'"
        still = f"t2vsrc={prompt}:frames=1,format=gbrp"
        picture, clip = self.raw(still), self.raw(f"{still},i2v={prompt}:frames=24,format=gbrp")
        size = WIDTH * HEIGHT * 3
        self.assertEqual((len(picture), len(clip)), (size, 24 * size))
        frames = [clip[at:at + size] for at in range(0, len(clip), size)]

        def error(a, b):
            return sum((x - y) ** 2 for x, y in zip(a[::7], b[::7])) / len(a[::7])
        self.assertLess(error(frames[0], picture), 1)               # 48 dB
        self.assertGreater(error(frames[-1], picture), 20)

    def test_a_clip_goes_on_where_it_was_cut(self):
        prompt = f"model=storybook:size={WIDTH}x{HEIGHT}:prompt='a yellow rabbit jumps in the city':seed=4"
        whole = self.raw(f"t2vsrc={prompt}:frames=56,format=yuv420p")
        both = self.raw(f"t2vsrc={prompt}:frames=30,format=yuv420p,i2v={prompt}:mode=extend:frames=26")
        self.assertEqual(both, whole)

    def test_another_clip_turns_into_it(self):
        size = WIDTH * HEIGHT * 3 // 2
        first = f"t2vsrc=model=storybook:size={WIDTH}x{HEIGHT}:prompt='a blue boat sails':frames=12,format=yuv420p"
        both = self.raw(f"{first},i2v=model=storybook:size={WIDTH}x{HEIGHT}:prompt='a yellow rabbit stands in the city':mode=extend:frames=60")
        self.assertEqual(len(both), 72 * size)
        luma = [both[at:at + WIDTH * HEIGHT:7] for at in range(0, len(both), size)]     # every seventh pixel tells enough
        steps = [sum(abs(x - y) for x, y in zip(a, b)) for a, b in zip(luma, luma[1:])]
        self.assertLess(steps[11], 2 * max(steps[:11] + steps[12:40]))
        self.assertGreater(sum(abs(x - y) for x, y in zip(luma[11], luma[-1])), 10 * steps[11])


if __name__ == "__main__":
    main()
