# SPDX-License-Identifier: LGPL-2.1-or-later
"""The overlay takes nothing away: the stock list and stock pictures are unchanged, LibTorch is mapped only
by who asks for it, and with another FFmpeg than it was built for it steps aside."""
import glob
import os
import pathlib
import re
import sys

from ffmpeg_common import FFMPEG, OVERLAY, ZT_ENV, MediaTest, digests, main, run

STOCK = ["ffmpeg", "-hide_banner", "-nostdin", "-y", "-nostats", "-v", "error"]
GRAPHS = [
    "testsrc=r=5:d=1", "testsrc2=r=5:d=1", "smptehdbars=r=5:d=1,hue=h=90", "mandelbrot=r=5,trim=end_frame=3",
    "testsrc=r=5:d=1,scale=160:120", "testsrc=r=5:d=1,hflip,vflip", "testsrc=r=5:d=1,transpose",
    "testsrc=r=5:d=1,format=yuv444p10,boxblur", "testsrc=r=5:d=1,crop=100:100,pad=200:200:20:20",
    "testsrc=r=5:d=1,fps=10", "testsrc=r=5:d=2,reverse", "testsrc=r=5:d=1,split[a][b];[a]negate[c];[c][b]hstack",
    "testsrc=r=5:d=1[a];testsrc2=r=5:d=1[b];[a][b]overlay=10:10",
    "testsrc=r=5:d=1[a];testsrc2=r=5:d=1[b];[a][b]concat", "testsrc=r=5:d=2[a];testsrc2=r=5:d=2[b];[a][b]xfade=duration=0.5:offset=0.5",
    "testsrc=r=5:d=1,lutyuv=y=negval", "testsrc=r=5:d=1,edgedetect", "color=red:r=5:d=1:s=320x240,drawbox=t=fill:w=20:h=20",
    "testsrc=r=5:d=1,geq=lum='X+Y'", "life=r=5:s=64x64:seed=1:ratio=0.5,trim=end_frame=3", "sine=d=1,showwaves=s=64x64:r=5",
]

# A host that makes filters without a graph string: each text of arguments, as one answer a line.
HOST = """import ctypes, sys
lib = ctypes.CDLL(sys.argv[1])
for name in ("avfilter_graph_alloc", "avfilter_get_by_name", "avfilter_graph_alloc_filter"):
    getattr(lib, name).restype = ctypes.c_void_p
graph = ctypes.c_void_p(lib.avfilter_graph_alloc())
for index, args in enumerate(sys.argv[3:]):
    kind = ctypes.c_void_p(lib.avfilter_get_by_name(sys.argv[2].encode()))
    made = ctypes.c_void_p(1)
    status = lib.avfilter_graph_create_filter(ctypes.byref(made), kind, b"a%d" % index, args.encode(), None, graph)
    bare = ctypes.c_void_p(lib.avfilter_graph_alloc_filter(graph, kind, b"b%d" % index))
    print(status, made.value is not None, lib.avfilter_init_str(bare, args.encode()))
"""


class Overlay(MediaTest):
    def test_list_gains_our_filters_and_loses_none(self):
        stock, _ = self.ok(run(STOCK[:2] + ["-filters"]))
        ours, _ = self.ok(run(ZT_ENV + STOCK[:2] + ["-filters"]))
        lost = set(stock.splitlines()) - set(ours.splitlines())
        added = [line.split()[1] for line in ours.splitlines() if line not in set(stock.splitlines())]
        self.assertEqual((lost, added), (set(), ["i2v", "t2vsrc"]))
        kept = [line for line in ours.splitlines() if line.split()[1:2] not in (["i2v"], ["t2vsrc"])]
        self.assertEqual(kept, stock.splitlines(), "the stock filters, in their order")

    def test_stock_pictures_are_the_same(self):
        for graph in GRAPHS:
            stock, _ = self.ok(run(STOCK + ["-filter_complex", graph, "-f", "framemd5", "-"]))
            ours, _ = self.ok(run(ZT_ENV + STOCK + ["-filter_complex", graph, "-f", "framemd5", "-"]))
            self.assertTrue(digests(stock), graph)
            self.assertEqual(digests(stock), digests(ours), graph)

    def test_help_lists_every_option_with_its_default(self):
        out, _ = self.ok(run(FFMPEG[:-3] + ["-h", "filter=t2vsrc"]))
        for line in ("prompt_file", "duration", "engine_opts", "metadata_prompt", "default auto"):
            self.assertIn(line, out)
        self.assertNotRegex(out, r"(?m)^ +model .*default")     # the engine's choice
        for line in ("fit", "strength", "context", "motion", "tempo", "loop"):
            self.assertNotRegex(out, rf"(?m)^ +{line} ")
            self.assertRegex(run(FFMPEG[:-3] + ["-h", "filter=i2v"])[0], rf"(?m)^ +{line} ")

    def test_arguments_without_a_graph_string(self):
        library = os.path.basename(glob.glob(os.path.join(OVERLAY, "libavfilter.so.*"))[0])
        out, err = self.ok(run(ZT_ENV + [sys.executable, "-c", HOST, library, "t2vsrc", "model=testcard:prompt=x:duration=00:07",
                                         "model=testcard:prompt=x:duration=00\\:07"]))
        self.assertEqual(out.splitlines(), ["-22 False -22", "0 True 0"], err)
        self.assertEqual(err.count('duration: expected a name and = behind a colon, got "07"'), 2, err)
        out, err = self.ok(run(ZT_ENV + [sys.executable, "-c", HOST, library, "scale", "320:240", "w=320:h=240"]))
        self.assertEqual(out.splitlines(), ["0 True 0", "0 True 0"], err)

    def mapped(self, *command):
        """Which of our libraries the program opened, by the dynamic linker's own account."""
        log = self.path("ld")
        self.ok(run(ZT_ENV + ["env", "LD_DEBUG=files", "LD_DEBUG_OUTPUT=" + log] + list(command)))
        text = "".join(pathlib.Path(name).read_text(errors="replace") for name in glob.glob(log + ".*"))
        for name in glob.glob(log + ".*"):
            os.unlink(name)
        self.assertIn("libavfilter", text)
        return set(re.findall(r"(libtorch_cpu|libzoetrope)\.so", text))

    def test_libtorch_is_mapped_only_by_a_generation(self):
        for command in (["ffmpeg", "-version"], ["ffmpeg", "-hide_banner", "-filters"],
                        ["ffmpeg", "-hide_banner", "-h", "filter=t2vsrc"], STOCK + ["-filter_complex", GRAPHS[0], "-f", "null", "-"]):
            self.assertEqual(self.mapped(*command), set(), command)
        generation = STOCK + ["-filter_complex", "t2vsrc=model=testcard:prompt=x:frames=1", "-f", "null", "-"]
        self.assertEqual(self.mapped(*generation), {"libtorch_cpu", "libzoetrope"})

    def test_another_ffmpeg_gets_a_warning_and_stays_stock(self):
        version = re.match(r"ffmpeg version (\S+)", run(["ffmpeg", "-version"])[0]).group(1)
        library = glob.glob(os.path.join(OVERLAY, "libavfilter.so.*"))[0]
        built = version.encode() + b"\0"
        data = pathlib.Path(library).read_bytes()
        self.assertIn(built, data)
        os.mkdir(self.path("other"))
        pathlib.Path(self.path("other"), os.path.basename(library)).write_bytes(data.replace(built, built[:-2] + b"~\0"))
        env = dict(os.environ, LD_LIBRARY_PATH=self.path("other"))
        out, err = self.ok(run(["ffmpeg", "-hide_banner", "-filters"], env=env))
        stock, _ = self.ok(run(["ffmpeg", "-hide_banner", "-filters"]))
        self.assertEqual(out, stock)
        self.assertIn("zoetrope: expected FFmpeg", err)
        for graph in GRAPHS[:6]:
            ours, _ = self.ok(run(STOCK + ["-filter_complex", graph, "-f", "framemd5", "-"], env=env))
            plain, _ = self.ok(run(STOCK + ["-filter_complex", graph, "-f", "framemd5", "-"]))
            self.assertEqual(digests(ours), digests(plain), graph)
        _, err, status = run(STOCK + ["-filter_complex", "t2vsrc=prompt=x", "-f", "null", "-"], env=env)
        self.assertNotEqual(status, 0)
        self.assertIn("No such filter", err)

    def test_engine_that_cannot_be_loaded_is_named(self):
        broken = self.path("libzoetrope.so.0")
        pathlib.Path(broken).write_text("not a library")
        for path, expected in ((broken, "engine: expected to load " + broken),
                               ("relative.so", "ZOETROPE_ENGINE: expected the absolute path")):
            _, err, status = run(ZT_ENV + ["env", "ZOETROPE_ENGINE=" + path] + STOCK +
                                 ["-filter_complex", "t2vsrc=prompt=x", "-f", "null", "-"])
            self.assertNotEqual(status, 0)
            self.assertIn(expected, err)


if __name__ == "__main__":
    main()
