# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures with an alpha channel, and turned ones, through stock ffmpeg and i2v on the test card, which shows
the given picture under its moving marks. What must arrive is computed here, in integers or fractions."""
import pathlib
import random
import struct
import unittest
import zlib

from ffmpeg_common import FFMPEG, MediaTest, digests, ffmpeg, main, run

I2V = "i2v=model=testcard:prompt=x:frames=2"
STOCK = ["ffmpeg", "-v", "error", "-nostdin", "-y"]
WIDTH, HEIGHT = 256, 144
COUNTER = 18                            # rows at the bottom with the counter
WHOLE_ROWS = HEIGHT - COUNTER - 31      # and those that meet the square: the rest is picture from side to side
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def png(width, height, kind, depth, rows, *chunks):
    """kind as in the PNG specification: 3 palette, 4 grey and alpha, 6 colour and alpha."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    body = b"".join(b"\0" + row for row in rows)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)) + \
        b"".join(chunk(name, data) for name, data in chunks) + chunk(b"IDAT", zlib.compress(body, 1)) + chunk(b"IEND", b"")


def pixels(most, seed, premultiplied=False, grey=False):
    """(r, g, b, a) of every pixel: any colour, also under full transparency; a third of each end."""
    chance = random.Random(seed)
    out = []
    for _ in range(WIDTH * HEIGHT):
        alpha = chance.choice((0, most, chance.randint(0, most)))
        limit = alpha if premultiplied else most
        colour = [chance.randint(0, limit) for _ in range(3)]
        out.append(tuple(colour[:1] * 3 if grey else colour) + (alpha,))
    return out


def nearest(numerator, denominator):
    return (2 * numerator + denominator) // (2 * denominator)


def over(picture, most, background, premultiplied=False):
    """What must arrive, 8 bits: as RGB bytes, a row each."""
    out = []
    for *colour, alpha in picture:
        for value, behind in zip(colour, background):
            weight = most if premultiplied else alpha
            out.append(nearest(255 * value * weight + behind * most * (most - alpha), most * most))
    return [bytes(out[at:at + 3 * WIDTH]) for at in range(0, len(out), 3 * WIDTH)]


class AlphaTest(MediaTest):
    def file(self, name, data):
        path = self.path(name)
        pathlib.Path(path).write_bytes(data)
        return path

    def raw(self, form, picture, order, word="B", planar=False):
        """Inputs of ffmpeg for a raw picture; order: which of r, g, b, a comes when."""
        if planar:
            values = [pixel[at] for at in order for pixel in picture]
        else:
            values = [pixel[at] for pixel in picture for at in order]
        path = self.file(form + ".raw", struct.pack(f"{word[:-1]}{len(values)}{word[-1]}", *values))
        return ["-f", "rawvideo", "-pixel_format", form, "-video_size", f"{WIDTH}x{HEIGHT}", "-i", path]

    def rows(self, inputs, options="", before=""):
        """Rows of RGB bytes of frame 0."""
        out, _ = self.ok(run(FFMPEG + list(inputs) + ["-filter_complex", f"[0:v]{before}{I2V}{options},format=gbrp", "-frames:v", "1",
                                                      "-f", "rawvideo", "-"], text=False))
        self.assertEqual(len(out), 3 * WIDTH * HEIGHT)
        size = WIDTH * HEIGHT
        rgb = bytearray(3 * size)
        rgb[1::3], rgb[2::3], rgb[0::3] = out[:size], out[size:2 * size], out[2 * size:]
        return [bytes(rgb[at:at + 3 * WIDTH]) for at in range(0, len(rgb), 3 * WIDTH)]

    def check(self, inputs, wanted, message, options="", tolerance=0, before=""):
        got = self.rows(inputs, options, before)[:HEIGHT - COUNTER]
        self.assertEqual(sum(all(abs(a - b) <= tolerance for a, b in zip(x, y)) for x, y in zip(got, wanted)), WHOLE_ROWS, message)


class Transparent(AlphaTest):
    def test_files(self):
        """As programs save them: 8 and 16 bit, grey, palette."""
        eight, sixteen, grey = pixels(255, 1), pixels(65535, 2), pixels(255, 3, grey=True)
        lines = [range(at, at + WIDTH) for at in range(0, WIDTH * HEIGHT, WIDTH)]
        palette = [(31 * i % 256, 77 * i % 256, 11 * i % 256, (0, 255, i)[i % 3]) for i in range(256)]
        indexed = [palette[(7 * i + i // WIDTH) % 256] for i in range(WIDTH * HEIGHT)]
        files = {
            "rgba.png": png(WIDTH, HEIGHT, 6, 8, [bytes(v for i in line for v in eight[i]) for line in lines]),
            "rgba64.png": png(WIDTH, HEIGHT, 6, 16, [struct.pack(f">{4 * WIDTH}H", *(v for i in line for v in sixteen[i])) for line in lines]),
            "ya.png": png(WIDTH, HEIGHT, 4, 8, [bytes(v for i in line for v in grey[i][2:]) for line in lines]),
            "pal.png": png(WIDTH, HEIGHT, 3, 8, [bytes((7 * i + i // WIDTH) % 256 for i in line) for line in lines],
                           (b"PLTE", bytes(v for p in palette for v in p[:3])), (b"tRNS", bytes(p[3] for p in palette))),
        }
        for (name, data), picture, most in zip(files.items(), (eight, sixteen, grey, indexed), (255, 65535, 255, 255)):
            path = self.file(name, data)
            self.check(["-i", path], over(picture, most, WHITE), name)
            self.check(["-i", path], over(picture, most, (32, 64, 96)), name, ":background=0x204060")

    FORMATS = (("rgba", 255, (0, 1, 2, 3), "B", False, 0), ("bgra", 255, (2, 1, 0, 3), "B", False, 0),
               ("argb", 255, (3, 0, 1, 2), "B", False, 0), ("abgr", 255, (3, 2, 1, 0), "B", False, 0),
               ("gbrap", 255, (1, 2, 0, 3), "B", True, 0), ("gbrap10le", 1023, (1, 2, 0, 3), "<H", True, 0),
               ("gbrap16le", 65535, (1, 2, 0, 3), "<H", True, 0), ("rgba64le", 65535, (0, 1, 2, 3), "<H", False, 0),
               ("gbrap12le", 4095, (1, 2, 0, 3), "<H", True, 1))

    def test_every_format(self):
        for form, most, order, word, planar, tolerance in self.FORMATS:
            picture = pixels(most, 4)
            inputs = self.raw(form, picture, order, word, planar)
            self.check(inputs, over(picture, most, WHITE), form, tolerance=tolerance)
            self.check(inputs, over(picture, most, BLACK), form, ":background=black", tolerance)

    def test_without_alpha_nothing_is_lost(self):
        """That formats with alpha are taken too leads no other into a poorer one."""
        picture = pixels(255, 8, grey=True)
        opaque = over([pixel[:3] + (255,) for pixel in picture], 255, WHITE)
        self.check(self.raw("gray", picture, (0,)), opaque, "gray")
        self.check(self.raw("bgr24", picture, (2, 1, 0)), opaque, "bgr24")
        bits = bytes(random.Random(9).randrange(256) for _ in range(WIDTH * HEIGHT // 8))
        lines = [b"".join(bytes(3) if bits[at] << n & 128 else b"\xff" * 3 for at in range(row, row + WIDTH // 8) for n in range(8))
                 for row in range(0, len(bits), WIDTH // 8)]
        path = self.file("mono.raw", bits)
        self.check(["-f", "rawvideo", "-pixel_format", "monow", "-video_size", f"{WIDTH}x{HEIGHT}", "-i", path], lines, "monow")

    def test_premultiplied(self):
        for form, most, order, word, planar, tolerance in self.FORMATS:
            picture = pixels(most, 5, premultiplied=True)
            inputs = self.raw(form, picture, order, word, planar)
            right = over(picture, most, (200, 100, 0), premultiplied=True)
            self.check(inputs, right, form, ":alpha=premultiplied:background=#c86400", tolerance)
            # The control: read as straight it is another picture.
            straight = over(picture, most, (200, 100, 0))
            self.assertNotEqual(right, straight)
            self.check(inputs, straight, form, ":alpha=straight:background=#c86400", tolerance)

    def test_yuv(self):
        """4:4:4 with any colour, 4:2:0 with one; BT.709 limited, alpha always of full range."""
        for form, bits, flat in (("yuva444p", 8, False), ("yuva420p", 8, True), ("yuva422p10le", 10, True), ("yuva444p16le", 16, False)):
            chance, most, unit = random.Random(6), (1 << bits) - 1, 1 << (bits - 8)
            across, down = 1 + (form[4:7] != "444"), 1 + (form[4:7] == "420")
            size, chroma = WIDTH * HEIGHT, (WIDTH // across) * (HEIGHT // down)
            luma = [chance.randint(16 * unit, 235 * unit) for _ in range(size)]
            blue, red = ([90 * unit] * chroma, [150 * unit] * chroma) if flat else \
                ([chance.randint(100 * unit, 156 * unit) for _ in range(chroma)] for _ in range(2))
            alpha = [chance.choice((0, most, chance.randint(0, most))) for _ in range(size)]
            values = luma + list(blue) + list(red) + alpha
            path = self.file(form + ".raw", struct.pack(f"<{len(values)}{'B' if bits == 8 else 'H'}", *values))
            inputs = ["-f", "rawvideo", "-pixel_format", form, "-video_size", f"{WIDTH}x{HEIGHT}", "-i", path]
            wanted = []
            for i in range(size):
                at = 0 if flat else i
                y, cb, cr = (luma[i] / unit - 16) / 219, (blue[at] / unit - 128) / 224, (red[at] / unit - 128) / 224
                r, b = y + 1.5748 * cr, y + 1.8556 * cb
                g = (y - 0.2126 * r - 0.0722 * b) / 0.7152
                weight = alpha[i] / most
                wanted += [round(255 * (weight * min(1, max(0, v)) + 1 - weight)) for v in (r, g, b)]
            wanted = [bytes(wanted[at:at + 3 * WIDTH]) for at in range(0, len(wanted), 3 * WIDTH)]
            self.check(inputs, wanted, form, tolerance=1, before="setparams=colorspace=bt709:range=tv,")

    def test_hidden_colour_does_not_show(self):
        hidden = self.raw("rgba", [(200, 10, 10, 0)] * (WIDTH * HEIGHT), (0, 1, 2, 3))
        self.check(hidden, [bytes(WHITE) * WIDTH] * HEIGHT, "all transparent")
        shown = self.raw("rgba", [(200, 10, 10, 255)] * (WIDTH * HEIGHT), (0, 1, 2, 3))
        self.check(shown, [bytes((200, 10, 10)) * WIDTH] * HEIGHT, "all opaque")

    def test_mask_that_is_not_painted_keeps(self):
        """White strokes on a transparent ground: what is not painted stays, whatever the background."""
        picture = self.raw("rgb24", pixels(255, 7), (0, 1, 2))
        half = [(255, 255, 255, 255 if i % WIDTH < WIDTH // 2 else 0) for i in range(WIDTH * HEIGHT)]
        mask = self.raw("rgba", half, (0, 1, 2, 3))
        theirs = [bytes(v for p in pixels(255, 7)[at:at + WIDTH] for v in p[:3]) for at in range(0, WIDTH * HEIGHT, WIDTH)]
        out, _ = self.ok(run(FFMPEG + picture + mask + ["-filter_complex", f"[0:v][1:v]{I2V}:strength=0:mask=1,format=rgb24",
                                                        "-f", "rawvideo", "-"], text=False))
        for n in range(2):
            for y in range(HEIGHT):
                at = 3 * WIDTH * (n * HEIGHT + y)
                self.assertEqual(out[at + 3 * WIDTH // 2:at + 3 * WIDTH], theirs[y][3 * WIDTH // 2:])
                self.assertNotEqual(out[at:at + 3 * WIDTH // 2], theirs[y][:3 * WIDTH // 2])

    def test_wrong_colours_are_refused(self):
        for value, got in (("blanc", '"blanc"'), ("#12345", '"#12345"'), ("0x1234567", '"0x1234567"'), ("#12345g", '"#12345g"'), ("red@0.5", '"red@0.5"')):
            out, err, status = ffmpeg(f"testsrc=r=5:d=1,{I2V}:background='{value}'", timeout=60)
            self.assertIn("background: expected #RRGGBB, 0xRRGGBB, white, gray or black, got " + got, err)
            self.assertEqual((digests(out), status > 0), ([], True))


class Asked(AlphaTest):
    """Alpha where no one can give it."""
    EXTEND = "i2v=model=testcard:prompt=x:mode=extend:frames=3"

    def test_extend_refuses_by_name(self):
        for form in ("rgba", "yuva420p", "gbrap10le", "pal8"):
            # The test sources have no palette; a palette is asked for by its own filter.
            make = "split[a][b];[a]palettegen[p];[b][p]paletteuse" if form == "pal8" else "format=" + form
            out, err, status = ffmpeg(f"testsrc2=s=256x144:r=24:d=0.2,{make}[t];[t]{self.EXTEND}", timeout=60)
            self.assertRegex(err, f"input: expected a format without alpha with mode=extend, got {form}")
            self.assertEqual((digests(out), status > 0), ([], True), form)
        # The control: the same picture whose alpha somebody took away by name.
        out, _ = self.ok(ffmpeg(f"testsrc2=s=256x144:r=25:d=0.2,format=rgba,format=yuv420p,{self.EXTEND}"))
        self.assertEqual(len(digests(out)), 8)

    def test_opaque_frames_say_so(self):
        source = "t2vsrc=model=testcard:prompt=x:frames=2"
        for graph in (source + ",format=rgba", source + ",format=yuva420p", f"testsrc2=s=256x144:r=5:d=1,{I2V},format=gbrap"):
            _, err = self.ok(ffmpeg(graph))
            self.assertIn(f"output: expected a format without alpha, got {graph.rpartition('=')[2]}: every frame is opaque", err)
        _, err = self.ok(run(FFMPEG + ["-filter_complex", source, "-pix_fmt", "rgba", "-f", "framemd5", "-"]))
        self.assertIn("got rgba: every frame is opaque", err)
        # Nobody asked: a format without alpha, or a filter that works with it.
        for graph in (source, source + ",format=rgb24", f"color=s=320x200:r=24[a];{source}[b];[a][b]overlay=shortest=1"):
            _, err = self.ok(ffmpeg(graph))
            self.assertNotIn("opaque", err)


def with_orientation(jpeg, orientation):
    """The same photo with a number in its EXIF data that says how it was held."""
    tiff = b"II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + jpeg[2:]


class Turned(AlphaTest):
    """ffmpeg turns what it decodes before any filter sees it; i2v does not turn it once more."""
    # Where the corner that is stored top left belongs, by the number: (right, below).
    CORNERS = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}

    def corners(self, path, *before):
        """Brightness in the four corners of what arrives, by (right, below)."""
        rows = self.rows(list(before) + ["-i", path], ":fit=stretch")
        return {(right, below): rows[100 if below else 4][3 * (250 if right else 4)] for right in (0, 1) for below in (0, 1)}

    def test_photos_stand_upright(self):
        path = self.path("a.jpg")
        self.ok(run(STOCK + ["-f", "lavfi", "-i", "color=black:s=256x144,drawbox=w=128:h=72:c=white:t=fill,format=yuvj444p", "-frames:v", "1", path]))
        for orientation, corner in self.CORNERS.items():
            photo = self.file("o.jpg", with_orientation(pathlib.Path(path).read_bytes(), orientation))
            corners = self.corners(photo)
            self.assertEqual([at for at, level in corners.items() if level > 200], [corner], orientation)
            # Whoever asks ffmpeg not to turn it gets it as it is stored.
            corners = self.corners(photo, "-noautorotate")
            self.assertEqual([at for at, level in corners.items() if level > 200], [(0, 0)], orientation)

    def test_nothing_says_that_the_clip_is_turned(self):
        path = self.path("a.jpg")
        self.ok(run(STOCK + ["-f", "lavfi", "-i", "testsrc2=s=144x256", "-frames:v", "1", path]))
        photo = self.file("o.jpg", with_orientation(pathlib.Path(path).read_bytes(), 6))
        _, err = self.ok(run(FFMPEG + ["-i", photo, "-filter_complex", f"[0:v]{I2V},showinfo", "-f", "null", "-"]))
        self.assertIn(" n:   1 ", err)
        self.assertNotIn("displaymatrix", err)
        _, err = self.ok(run(FFMPEG + ["-i", photo, "-filter_complex", "[0:v]showinfo", "-f", "null", "-"]))
        self.assertIn("displaymatrix", err)     # the control


if __name__ == "__main__":
    main()
