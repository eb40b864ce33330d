# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames with alpha (cutout=1) through stock ffmpeg: the bytes of the C API, laid over other pictures, kept in the
clip cache, written by encoders that have alpha, and refused where there can be none.

The test card's square and number are opaque, its bars come in from the left: alpha (x + 0.5) / width."""
import os
import unittest

from ffmpeg_common import BUILD, FFMPEG, SOURCE, ZT_ENV, MediaTest, ffmpeg, main, probe, run, storybook_is_here

WIDTH, HEIGHT = SIZE = (64, 48)
DUMP = os.path.join(BUILD, "tests", "media", "frame_dump")
# FFmpeg's name: the C API's format, which has no alpha in its name but of packed pixels
FORMATS = {"yuva420p": 1, "yuva422p": 2, "yuva444p": 3, "yuva420p10le": 4, "yuva422p10le": 5, "yuva444p10le": 6, "gbrap": 7,
           "gbrap10le": 8, "gbrap16le": 9, "rgba": 11, "rgba64le": 12}
CARD = f"model=testcard:prompt=x:size={WIDTH}x{HEIGHT}:frames=5:cutout=1"


def dump(*options):
    out, err, status = run([DUMP, *options], text=False, env={**os.environ, "ZOETROPE_MODEL_PATH": os.path.join(SOURCE, "models")})
    if status:
        raise AssertionError(err)
    return out


def card(form=11, *more):
    return dump(f"format={form}", *CARD.split(":"), *more)


def over(cutout, ground, at=(0, 0)):
    """RGBA laid over bytes of one RGB colour."""
    out = []
    for i in range(0, len(cutout), 4):
        alpha = cutout[i + 3] / 255
        out += [cutout[i + k] * alpha + ground[k] * (1 - alpha) for k in range(3)]
    return out


class Cutout(MediaTest):
    def raw(self, graph, *output, **more):
        return self.ok(ffmpeg(graph, *(list(output) or []), "-f", "rawvideo", "-", text=False, **more))[0]

    def test_every_format_has_the_bytes_of_the_c_api(self):
        for name, number in FORMATS.items():
            self.assertEqual(self.raw(f"t2vsrc={CARD},format={name}"), card(number), name)

    def test_alpha_is_that_of_the_frame(self):
        whole, plane = card(1), WIDTH * HEIGHT
        frame = plane + 2 * (plane // 4) + plane
        alpha = b"".join(whole[k * frame + frame - plane:(k + 1) * frame] for k in range(5))
        self.assertEqual(self.raw(f"t2vsrc={CARD},format=yuva420p,alphaextract"), alpha)
        self.assertNotEqual(alpha[:plane], alpha[-plane:])  # the square moves
        for k in range(5):
            row = alpha[k * plane + plane - WIDTH:(k + 1) * plane]
            self.assertEqual(row, b"\xff" * WIDTH)  # the number
        self.assertIn(bytes((2 * x + 1) * 255 // (2 * WIDTH) + ((2 * x + 1) * 255 % (2 * WIDTH) >= WIDTH) for x in range(WIDTH)),
                      [alpha[y * WIDTH:(y + 1) * WIDTH] for y in range(HEIGHT)])

    def test_the_filters_choice(self):
        for suffix, codec, wanted in (("png", ["-frames:v", "1"], "rgba"), ("mov", ["-c:v", "prores_ks", "-pix_fmt", "yuva444p10le"], None),
                                      ("mkv", ["-c:v", "ffv1"], "yuva420p"), ("mov", ["-c:v", "qtrle", "-pix_fmt", "argb"], "argb")):
            path = self.path(f"{codec[1]}.{suffix}")
            _, err = self.ok(ffmpeg(f"t2vsrc={CARD}", *codec, "-update", "1", path) if suffix == "png" else ffmpeg(f"t2vsrc={CARD}", *codec, path))
            self.assertNotIn("alpha is lost", err)
            self.assertNotIn("opaque", err)
            if wanted:
                self.assertEqual(probe(path, "pix_fmt")["pix_fmt"], wanted)
        out, _ = self.ok(run(FFMPEG + ["-i", self.path("1.png"), "-f", "rawvideo", "-pix_fmt", "rgba", "-"], text=False))
        self.assertEqual(out, card()[:4 * WIDTH * HEIGHT])
        out, _ = self.ok(run(FFMPEG + ["-i", self.path("ffv1.mkv"), "-f", "rawvideo", "-"], text=False))
        self.assertEqual(out, card(1))

    def test_lost_alpha_is_told(self):
        for graph, form in ((f"t2vsrc={CARD},format=yuv420p", "yuv420p"), (f"t2vsrc={CARD},format=rgb24", "rgb24")):
            _, err = self.ok(ffmpeg(graph))
            self.assertIn(f"output: expected a format with alpha with cutout=1, got {form}: the alpha is lost", err)
        _, err = self.ok(ffmpeg(f"t2vsrc={CARD},format=yuva420p,alphaextract"))
        self.assertNotIn("lost", err)

    def test_over_another_picture(self):
        """FFmpeg's overlay of the cutout is what its colours and alpha say."""
        for colour in ((255, 255, 255), (0, 0, 0), (20, 200, 90)):
            hexa = "0x%02x%02x%02x" % colour
            got = self.raw(f"color={hexa}:s={WIDTH}x{HEIGHT}:r=24,format=gbrp[a];t2vsrc={CARD},format=gbrap[b];[a][b]overlay=format=gbrp:shortest=1,format=rgb24",
                           "-frames:v", "5")
            wanted = over(card(), colour)
            self.assertEqual(len(got), len(wanted))
            self.assertLessEqual(max(abs(a - b) for a, b in zip(got, wanted)), 2.0, hexa)

    def test_the_clip_cache_keeps_alpha(self):
        folder = self.path("clips")
        graph, env = f"t2vsrc={CARD}:cache=on,format=yuva444p10", {**os.environ, "ZOETROPE_CACHE": folder}
        first = self.raw(graph, env=env)
        self.assertEqual(first, card(6))
        out, err = self.ok(ffmpeg(graph, "-f", "rawvideo", "-", text=False, env=env, options=["-v", "verbose"]))
        self.assertEqual(out, first)
        self.assertIn("frames 0 to 4 were made before", err)
        # Without alpha it is another clip, and the same as ever.
        plain = f"t2vsrc={CARD.replace('cutout=1', 'cutout=0')}:cache=on,format=yuv444p10"
        opaque = self.raw(plain, env=env)
        self.assertEqual(opaque, dump("format=6", *CARD.replace("cutout=1", "cutout=0").split(":")))
        self.assertEqual(len([name for name in os.listdir(folder) if name.endswith(".clip")]), 2)
        program = os.path.join(BUILD, "cli", "zoetrope")
        if os.path.exists(program):
            out, _ = self.ok(run(ZT_ENV + [program, "cache", "verify"], env=env))
            self.assertNotIn("removed", out)
            self.assertEqual(len([name for name in os.listdir(folder) if name.endswith(".clip")]), 2)

    def test_the_label_is_seen_where_nothing_else_is(self):
        graph = "t2vsrc=model=testcard:prompt=x:frames=2:cutout=1:label=always:label_place=top_left,format=yuva420p,alphaextract"
        marked = self.raw(graph)
        plain = self.raw(graph.replace(":label=always:label_place=top_left", ""))
        self.assertEqual(len(marked), len(plain))
        self.assertGreater(sum(a > b + 60 for a, b in zip(marked, plain)), 200)
        self.assertEqual(sum(a < b for a, b in zip(marked, plain)), 0)
        invisible = self.raw(graph.replace("label=always:label_place=top_left", "watermark=dct"))
        self.assertEqual(invisible, plain)

    def test_as_an_input(self):
        link = f"t2v:///x;model=testcard;size={WIDTH}x{HEIGHT};frames=5;cutout=1"
        out, _ = self.ok(run(FFMPEG + ["-i", link, "-f", "rawvideo", "-"], text=False))
        self.assertEqual(out, card(1))
        self.assertEqual(run(ZT_ENV + ["ffprobe", "-v", "error", "-show_entries", "stream=pix_fmt", "-of", "csv=p=0", link])[0].strip(), "yuva420p")

    def test_a_picture_is_behind_the_subject(self):
        """i2v: what the picture shows is the backdrop, so it is not there; the test card's bars are."""
        self.assertEqual(self.raw(f"color=red:s=32x32,i2v={CARD},format=rgba"), card())

    def test_what_cannot_be_is_refused_by_name(self):
        source = "t2vsrc=model=testcard:prompt=x:frames=2:cutout="
        for graph, sentence in (
                (source + "1:engine_opts=cutout=0", "cutout: expected 0 (this model has no subject apart from its backdrop), got 1"),
                (f"color=red:s=64x48:r=24:d=1,i2v={CARD}:mode=extend",
                 "cutout: expected 0 with mode=extend (what passes through has its backdrop), got 1"),
                (f"color=red:s=64x48:r=24:d=1[a];color=white:s=64x48[b];[a][b]i2v={CARD}:mask=1", "cutout: expected 0 beside a mask, got 1")):
            _, err, status = ffmpeg(graph, timeout=60)
            self.assertIn(sentence, err)
            self.assertNotEqual(status, 0)
        program = os.path.join(BUILD, "cli", "zoetrope")
        if os.path.exists(program):
            _, err, status = run(ZT_ENV + [program, "generate", "x", "--cutout", "1", "-o", self.path("x.y4m")])
            self.assertIn("cutout: expected no such option here (y4m files cannot carry it", err)
            self.assertNotEqual(status, 0)


@unittest.skipUnless(storybook_is_here(), "no storybook")
class Storybook(MediaTest):
    FOX = "prompt='a red fox dances by day':seed=3:cutout=1"

    def rgba(self, more, form="rgba"):
        return self.ok(ffmpeg(f"t2vsrc={self.FOX}:{more},format={form}", "-f", "rawvideo", "-", text=False))[0]

    def test_odd_sizes(self):
        options = "size=65x37:frames=3"
        self.assertEqual(self.rgba(options), dump("format=11", "prompt=a red fox dances by day", "seed=3", "cutout=1", *options.split(":")))
        self.assertEqual(self.rgba(options, "yuva444p10"),
                         dump("format=6", "prompt=a red fox dances by day", "seed=3", "cutout=1", *options.split(":")))

    def test_in_4_2_0_it_has_no_fringe(self):
        """Over any ground, chroma that pixels share is as right as where each has its own."""
        for ground in ("white", "0x00c040"):
            graph = "color={}:s=256x144:r=24,format={}[a];t2vsrc={}:size=256x144:frames=2,format={}[b];[a][b]overlay=format={}:shortest=1,format=yuv444p"
            small = self.ok(ffmpeg(graph.format(ground, "yuv420p", self.FOX, "yuva420p", "yuv420"), "-f", "rawvideo", "-", text=False))[0]
            full = self.ok(ffmpeg(graph.format(ground, "yuv444p", self.FOX, "yuva444p", "yuv444"), "-f", "rawvideo", "-", text=False))[0]
            plane = 256 * 144
            luma = [abs(a - b) for a, b in zip(small[:plane], full[:plane])]
            self.assertLessEqual(max(luma), 3, ground)  # luma and alpha are the same: no dark edge


if __name__ == "__main__":
    main()
