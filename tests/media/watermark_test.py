# SPDX-License-Identifier: LGPL-2.1-or-later
"""The marks in the picture, through the stock ffmpeg and `zoetrope detect`: the invisible one after an encoder, scaling
and another encoder; the label where and when it is shown; names of files that mean something to ffmpeg."""
import json
import os
import pathlib
import shutil
import subprocess
import unittest

from ffmpeg_common import BUILD, FORMATS, MODEL, ZT_ENV, MediaTest, ffmpeg, main, run

ZOETROPE = os.path.join(BUILD, "cli", "zoetrope")
SMALLER = "scale=trunc(iw*0.75/2)*2:trunc(ih*0.75/2)*2"
CLIP = f"t2vsrc=model={MODEL}:prompt='a red fox runs through the snow at night':frames=48:size=512x288"


class Watermark(MediaTest):
    def detect(self, *arguments, status=None, **more):
        out, err, got = run([ZOETROPE, "detect", *arguments], **more)
        if status is not None:
            self.assertEqual(got, status, out + err)
        return out, err

    def verdict(self, path):
        out, err, status = run([ZOETROPE, "detect", path, "--json"])
        self.assertLess(status, 2, err)
        found = json.loads(out)
        self.assertEqual(found["found"], status == 0)
        return found

    def again(self, source, target, *arguments):
        self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", source, *arguments, target]))
        return target

    def clip(self, name, graph=CLIP + ":watermark=dct", *output):
        path = self.path(name)
        self.ok(ffmpeg(graph, *(output or ("-c:v", "libx264", "-crf", "28")), path))
        return path

    def test_it_survives_what_is_promised(self):
        path = self.clip("a.mp4")
        for name, arguments in (("scaled.mp4", ["-vf", SMALLER, "-c:v", "libx264", "-crf", "28"]),
                                ("hd.mp4", ["-vf", "scale=1920:1080", "-c:v", "libx264", "-crf", "28"]),
                                ("rate.mkv", ["-vf", "fps=15," + SMALLER, "-c:v", "libx264", "-crf", "28"]),
                                ("other.ts", ["-c:v", "mpeg2video", "-q:v", "6"]),
                                ("part.mp4", ["-ss", "0.7", "-c:v", "libx264", "-crf", "28"]),
                                ("logo.mp4", ["-vf", "drawbox=x=iw*.8:y=ih*.05:w=iw*.15:h=ih*.1:c=white:t=fill," + SMALLER, "-crf", "28"])):
            found = self.verdict(self.again(path, self.path(name), *arguments))
            self.assertTrue(found["found"] and not found["changed"], (name, found))
        cut = self.verdict(self.again(path, self.path("cut.mp4"), "-vf", "crop=iw*0.97:ih*0.97", "-c:v", "libx264", "-crf", "23"))
        self.assertTrue(cut["found"] and cut["changed"], cut)

    def test_nothing_is_found_where_nothing_is(self):
        path = self.clip("plain.mp4", CLIP)
        found = self.verdict(path)
        self.assertFalse(found["found"], found)
        self.assertGreater(found["probability"], 5e-4)
        out, _ = self.detect(path, status=1)
        self.assertIn("watermark  not found in 48 frames of 512x288", out)

    def test_every_pixel_format_carries_it(self):
        for name in FORMATS:
            path = self.clip(name + ".nut", CLIP.replace("48", "6") + f":watermark=dct,format={name}", "-c:v", "rawvideo")
            found = self.verdict(path)
            self.assertTrue(found["found"], (name, found))

    @unittest.skipUnless(shutil.which("gst-launch-1.0"), "no gst-launch-1.0")
    def test_gstreamer_and_the_program_write_the_same_mark(self):
        path, other = self.path("g.mp4"), self.path("c.y4m")
        line = f"t2vsrc model={MODEL} prompt=fox frames=24 watermark=dct ! x264enc ! h264parse ! mp4mux ! filesink location={path}"
        self.ok(run(ZT_ENV + ["gst-launch-1.0", "-q", *line.split()]))
        self.ok(run(ZT_ENV + ["zoetrope", "generate", "fox", "-q", "--model", MODEL, "--frames", "4", "--watermark", "dct", "-o", other]))
        gst, cli = self.verdict(path), self.verdict(other)
        self.assertTrue(gst["found"] and cli["found"], (gst, cli))
        self.assertEqual(gst["model"], cli["model"])
        self.assertTrue(gst["comment"].startswith("AI-generated+AIGC.Label:1+"), gst)

    def test_rgb_that_became_bt601(self):
        """ffmpeg makes BT.601 of pictures that nobody described."""
        path = self.clip("p%02d.png", CLIP.replace("48", "8") + ":watermark=dct", "-c:v", "png")
        made = self.again(path, self.path("from601.mp4"), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", "23")
        self.assertTrue(self.verdict(made)["found"])

    def test_what_the_file_says_is_told_beside_it(self):
        path = self.path("said.mp4")
        comment = "AI-generated+AIGC.Label:1+digitalSourceType:x"
        self.ok(ffmpeg(CLIP, "-c:v", "libx264", "-udu_sei", "1", "-metadata", "comment=" + comment, path))
        found = self.verdict(path)
        self.assertEqual(found["comment"], comment)
        self.assertEqual(json.loads(found["sei"])["gen"], "zoetrope")
        self.assertFalse(found["found"], "a comment is no mark in the picture")
        plain = self.verdict(self.clip("plain.mkv", CLIP.replace("48", "4")))
        self.assertEqual((plain["comment"], plain["sei"]), (None, None))

    def test_marked_frames_are_close_to_unmarked_ones(self):
        graph = f"{CLIP}:watermark=dct,format=gbrp[a];{CLIP},format=gbrp[b];[a][b]psnr=stats_file={self.path('psnr')}"
        self.ok(ffmpeg(graph, "-f", "null", "-"))
        stats = pathlib.Path(self.path("psnr")).read_text().splitlines()
        frames = [float(line.split("psnr_avg:")[1].split()[0]) for line in stats]
        self.assertEqual(len(frames), 48)
        self.assertGreaterEqual(min(frames), 42.0)
        self.assertLess(max(frames), 60.0)

    def test_only_what_is_generated_is_marked(self):
        """What passes through mode=extend keeps its pixels."""
        source = "testsrc2=size=256x144:rate=24,trim=end_frame=8,format=yuv420p"
        graph = source + ",i2v=model=testcard:mode=extend:frames=4:prompt=x"
        plain, marked = [self.ok(ffmpeg(graph + more))[0].splitlines()[-12:] for more in ("", ":watermark=dct:label=always")]
        self.assertEqual(plain[:8], marked[:8])
        self.assertTrue(all(a != b for a, b in zip(plain[8:], marked[8:])))

    def test_a_picture_too_small_is_refused(self):
        for option in ("watermark=dct", "label=start"):
            _, err, status = ffmpeg(f"t2vsrc=model=testcard:prompt=x:frames=1:size=62x64:{option}")
            self.assertNotEqual(status, 0)
            self.assertIn(option.split("=")[0] + ": expected none in pictures below 64x64, got", err)


class Label(MediaTest):
    def luma(self, graph, size=(512, 288)):
        out, _ = self.ok(ffmpeg(graph + ",format=gray", "-f", "rawvideo", "-", text=False))
        frame = size[0] * size[1]
        return [out[at:at + frame] for at in range(0, len(out), frame)]

    def test_start_ends_after_three_seconds(self):
        graph = "t2vsrc=model=testcard:prompt=x:size=128x72:rate=24:frames=80"
        plain, start = [self.luma(graph + more, (128, 72)) for more in ("", ":label=start")]
        self.assertEqual([a != b for a, b in zip(plain, start)], [n < 72 for n in range(80)])

    def test_languages_and_places(self):
        graph = "t2vsrc=model=testcard:size=512x288:frames=1:"

        def box(options):
            plain, marked = [self.luma(graph + options.split(":")[0] + more)[0]
                             for more in ("", ":label=always" + options[len(options.split(":")[0]):])]
            at = [n for n in range(len(plain)) if plain[n] != marked[n]]
            return min(n % 512 for n in at), min(at) // 512, max(n % 512 for n in at), max(at) // 512

        english, chinese = box("prompt=x"), box("prompt=狐狸")
        self.assertEqual(chinese, box("prompt=x:label_language=zh"))
        self.assertEqual(english, box("prompt=狐狸:label_language=en"))
        self.assertGreater(english[2] - english[0], 1.4 * (chinese[2] - chinese[0]))
        self.assertTrue(english[0] < 40 and english[3] > 250, english)
        right = box("prompt=x:label_place=top_right")
        self.assertTrue(right[2] > 470 and right[1] < 20, right)


class Detect(MediaTest):
    def fails(self, *arguments, **more):
        out, err, status = run([ZOETROPE, "detect", *arguments], **more)
        self.assertEqual((status, out), (2, ""), err)
        self.assertEqual(err.count("\n"), 1, err)
        return err

    def test_names_that_mean_something_elsewhere(self):
        made = self.path("made.mkv")
        self.ok(ffmpeg(CLIP.replace("48", "4") + ":watermark=dct", "-c:v", "ffv1", made))
        for name in ("-version", "a%03d.mkv", "concat:a.mkv", "http:..mkv", "a b 'c\".mkv", "*.mkv", "--json"):
            shutil.copy(made, self.path(name))
            out, err, status = run([ZOETROPE, "detect", "--", name], cwd=self.folder)
            self.assertEqual(status, 0, (name, out, err))

    def test_standard_input(self):
        made = self.path("made.y4m")
        self.ok(ffmpeg(CLIP.replace("48", "6") + ":watermark=dct", "-pix_fmt", "yuv420p", made))
        with open(made, "rb") as file:
            done = subprocess.run([ZOETROPE, "detect", "-", "--json"], stdin=file, capture_output=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["frames"], 6)

    def test_errors_are_one_line_and_two(self):
        self.assertIn('expected a file, got No such file', self.fails(self.path("none.mp4")))
        self.assertIn("expected a file, got a folder", self.fails(self.folder))
        pathlib.Path(self.path("text.txt")).write_text("no video\n" * 100)
        self.assertIn("expected a video that ffmpeg can read, got", self.fails(self.path("text.txt")))
        pathlib.Path(self.path("list.m3u8")).write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n")
        # A live playlist of what may not be opened: ffmpeg tries, and complains, for ever.
        self.assertIn("ffmpeg: expected output within 30 s, got none", self.fails(self.path("list.m3u8"), timeout=90))
        self.fails()
        self.fails("a", "b")
        self.fails("--nosuch", "a")
        pathlib.Path(self.path("empty.mp4")).touch()
        self.fails(self.path("empty.mp4"))

    def test_without_ffmpeg(self):
        pathlib.Path(self.path("x.mp4")).write_bytes(b"x")
        err = self.fails(self.path("x.mp4"), env={"PATH": self.folder})
        self.assertIn("ffmpeg: expected the program in PATH, got none", err)

    def test_an_ffmpeg_that_says_nothing_sensible(self):
        for text in ("#!/bin/sh\necho YUV4MPEG2 W99999 H4 Cmono\n", "#!/bin/sh\necho hello\n", "#!/bin/sh\nyes | tr -d '\\n'\n"):
            program = pathlib.Path(self.path("ffmpeg"))
            program.write_text(text)
            program.chmod(0o755)
            pathlib.Path(self.path("x.mp4")).write_bytes(b"x")
            self.assertIn("expected gray frames from ffmpeg, got", self.fails(self.path("x.mp4"), env={"PATH": self.folder + ":/bin:/usr/bin"}))


if __name__ == "__main__":
    main()
