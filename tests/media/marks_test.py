# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which files say that they were generated: every cell of the table in docs/marks.md, measured.

The files are made by the stock ffmpeg and gst-launch-1.0 with the arguments that the table's first column shows, and
read back by the stock ffprobe and ffmpeg."""
import pathlib
import re
import shlex
import shutil
import unittest

from ffmpeg_common import BUILD, SOURCE, ZT_ENV, MediaTest, ffmpeg, main, run

GRAPH = "t2vsrc=model=testcard:prompt=x:frames=30"
MUXERS = {"mp4": "mp4mux", "mov": "qtmux", "mkv": "matroskamux", "ts": "mpegtsmux"}
SEI = bytes.fromhex("35947fc037e04031884a7697f43bcead")
TOKEN = re.compile(r"AI-generated(\+[A-Za-z.]+:[A-Za-z0-9\-./:_]+)*")
PAGE = pathlib.Path(SOURCE, "docs", "marks.md").read_text()


def table():
    """[what is added, four cells] of each row."""
    first = next(block for block in PAGE.split("\n\n") if block.startswith("| "))    # the page has others
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in first.splitlines() if line.startswith("| ")]
    assert rows[0][1:] == ["MP4", "MOV", "Matroska", "MPEG-TS"], rows[0]
    return rows[1:]


class Marks(MediaTest):
    def logged(self, options=()):
        """The arguments that the log tells."""
        _, err = self.ok(ffmpeg(GRAPH, "-f", "null", "-", options=options))
        return err

    def argument(self, name):
        err = self.logged(["-v", "verbose"])
        return shlex.split(re.search(rf"-metadata ('{name}=[^']*'|{name}=\S+)", err).group(1))[0]

    def found(self, path):
        """Where a mark stands: SEI, or the name of the tag; and what a tag says."""
        marks = {}
        out, _ = self.ok(run(["ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags:program_tags", "-of", "default=nw=1", path]))
        for name, value in re.findall(r"^TAG:(\w+)=(.*)$", out, re.M):
            if "AI-generated" in value or "ContentProducer" in value:
                marks[name] = value
        raw, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:v", "-c", "copy", "-f", "h264", "-"], text=False))
        if SEI in raw.replace(b"\0\0\3", b"\0\0"):
            marks["SEI"] = ""
        return marks

    def check(self, cell, marks, what):
        marks.pop("keywords", None)     # MP4 and MOV of GStreamer have it beside the comment
        self.assertEqual(sorted(marks), [] if cell == "none" else [cell.strip("`")], what)
        for name, value in marks.items():
            if name.upper() in ("COMMENT", "COMMENTS"):
                self.assertTrue(TOKEN.fullmatch(value), value)
                fields = dict(field.split(":", 1) for field in value.split("+")[1:])
                self.assertEqual((fields["AIGC.Label"], fields["AIGC.ContentProducer"]), ("1", "zoetrope"))
                self.assertTrue(fields["digitalSourceType"].endswith("/trainedAlgorithmicMedia"))

    def test_ffmpeg_rows(self):
        rows = table()
        rows = rows[:next(n for n, row in enumerate(rows) if "GStreamer" in row[0])]
        self.assertEqual(len(rows), 5)
        for first, *cells in rows:
            given = shlex.split(re.search(r"`([^`]*)`", first).group(1))
            given = [self.argument(re.split("[={]", word)[0]) if "…" in word else word for word in given]
            for (ending, _), cell in zip(MUXERS.items(), cells):
                path = self.path("x." + ending)
                self.ok(ffmpeg(GRAPH, "-c:v", "libx264", *given, path))
                self.check(cell, self.found(path), f"{first}: {ending}")

    @unittest.skipUnless(shutil.which("gst-launch-1.0"), "no gst-launch-1.0")
    def test_gstreamer_rows(self):
        rows = table()
        plain, copied, marked = rows[next(n for n, row in enumerate(rows) if "GStreamer" in row[0]):]
        for number, (ending, muxer) in enumerate(MUXERS.items(), start=1):
            path, copy = self.path("g." + ending), self.path("c." + ending)
            line = f"t2vsrc model=testcard prompt=x frames=30 ! x264enc ! h264parse ! {muxer} ! filesink location={path}"
            self.ok(run(ZT_ENV + ["gst-launch-1.0", "-q", *line.split()]))
            self.check(plain[number], self.found(path), ending)
            for row in (copied, marked):
                given = shlex.split(re.search(r"`ffmpeg ([^`]*)`", row[0]).group(1))
                self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", path, *given, copy]))
                marks = self.found(copy)
                if "SEI" in row[number]:        # beside what was there
                    self.assertIn("SEI", marks, row[0])
                else:
                    self.check(row[number], marks, f"{row[0]}: {ending}")
            if ending == "mkv":
                self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", path, "-c", "copy", self.path("c.mp4")]))
                self.assertEqual(self.found(self.path("c.mp4")), {}, "the page says that it does not follow")

    def test_melt_writes_what_it_is_told(self):
        if not shutil.which("melt") or not pathlib.Path(BUILD, "plugins/mlt/libmltzoetrope.so").exists():
            self.skipTest("no melt, or no MLT module in the build")
        line = next(block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) if block.startswith("tools/zt-env melt"))
        line = line.replace("tools/zt-env", ZT_ENV[0]).replace(" out=47", " model=testcard out=9")
        self.ok(run(["sh", "-c", line], cwd=self.folder))
        self.check("`comment`", self.found(self.path("melt.mp4")), "melt")
        self.ok(run(["sh", "-c", line.split(" \\\n")[0].replace("melt.mp4", "bare.mp4")], cwd=self.folder))
        self.assertEqual(self.found(self.path("bare.mp4")), {})

    def test_the_page_reads_them_back(self):
        comment, sei = next(block for block in re.findall(r"```sh\n(.*?)\n```", PAGE, re.S) if "ffprobe" in block).split("\n")
        path = self.path("fox.mp4")
        self.ok(ffmpeg(GRAPH, "-c:v", "libx264", "-udu_sei", "1", "-metadata", self.argument("comment"), path))
        out, _ = self.ok(run(["sh", "-c", comment], cwd=self.folder))
        self.assertIn("\nAIGC.ContentProducer:zoetrope\n", out)
        self.assertIn("TAG:comment=AI-generated\n", out)
        out, _ = self.ok(run(["sh", "-c", sei], cwd=self.folder))
        self.assertIn('{"gen":"zoetrope"', out)

    def test_the_log_tells_once_unless_marks_are_off(self):
        self.assertEqual(self.logged().count("-udu_sei 1 (libx264, libx265) -metadata comment=AI-generated+"), 1)
        _, err = self.ok(ffmpeg(GRAPH + ":sei=0", "-f", "null", "-"))
        self.assertNotIn("-udu_sei", err)

    def test_libx265_writes_it_too(self):
        path = self.path("x.mp4")
        self.ok(ffmpeg(GRAPH, "-c:v", "libx265", "-udu_sei", "1", path))
        self.assertIn(SEI + b'{"gen":"zoetrope"', pathlib.Path(path).read_bytes())

    def test_mpeg_2_stream_says_nothing(self):
        """The page warns that a .ts is MPEG-2 unless told otherwise."""
        path = self.path("x.ts")
        self.ok(ffmpeg(GRAPH, "-udu_sei", "1", path))
        self.assertNotIn(SEI, pathlib.Path(path).read_bytes())
        out, _ = self.ok(run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", path]))
        self.assertIn("mpeg2video", out)


if __name__ == "__main__":
    main()
