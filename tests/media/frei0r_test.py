# SPDX-License-Identifier: LGPL-2.1-or-later
"""The frei0r generator in stock ffmpeg (frei0r_src) and stock melt: count, frames, one generation for all
instances of a host, a card for faults, and nothing mapped to list plugins."""
import os
import shutil
import sys
import unittest

from ffmpeg_common import BUILD, FFMPEG, ZT_ENV, probe, run
from mlt_common import EditorTest, RAW, frames_of, prepare, project

PLUGIN = os.path.join(BUILD, "plugins", "frei0r", "zoetrope.so")
SIZE = (256, 144)
RGB = SIZE[0] * SIZE[1] * 3


def generator(name="clip", **properties):
    lines = "".join(f'<property name="{key}">{value}</property>' for key, value in properties.items())
    return f'<producer id="{name}" in="0" out="199"><property name="mlt_service">frei0r.zoetrope</property>{lines}</producer>'


class Ffmpeg(EditorTest):
    def source(self, params, count, size="256x144", rate=24):
        out, err, status = run(FFMPEG + ["-v", "error", "-f", "lavfi", "-i", f"frei0r_src=size={size}:framerate={rate}:filter_name=zoetrope:filter_params={params}",
                                         "-frames:v", str(count), "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], text=False)
        self.assertEqual(status, 0, err)
        width, height = map(int, size.split("x"))
        frames = frames_of(out, width * height * 3)
        self.assertEqual(len(frames), count)
        return frames

    def wanted(self, options, count):
        out, err, status = run(FFMPEG + ["-v", "error", "-filter_complex", f"t2vsrc=model=testcard:prompt='a red fox':frames=-1:{options},format=rgb24",
                                         "-frames:v", str(count), "-f", "rawvideo", "-"], text=False)
        self.assertEqual(status, 0, err)
        return frames_of(out, RGB)

    def test_the_frames_are_those_of_the_clip_in_order(self):
        self.same(self.source("'a red fox|5||testcard'", 40), self.wanted("seed=5", 40))

    def test_at_any_rate_of_the_host(self):
        for rate in ("25", "60", "1000/1001"):
            self.same(self.source("'a red fox|||testcard'", 8, rate=rate), self.wanted("seed=0", 8), rate)

    def test_another_shape_is_filled(self):
        """A clip of 256x144 in a square: its middle."""
        square = self.source("'t2v\\:///a%20red%20fox;size=256x144;model=testcard'", 1, "144x144")[0]
        whole = self.wanted("seed=0", 1)[0]
        middle = b"".join(whole[(y * 256 + 56) * 3:(y * 256 + 200) * 3] for y in range(144))
        self.same([square], [middle])

    def test_a_cutout_has_alpha(self):
        """Through a link; at another size colours do not mix with what is transparent."""
        def rgba(size):
            link = "'t2v\\:///x;size=256x144;model=testcard;cutout=1'"
            out, err, status = run(FFMPEG + ["-v", "error", "-f", "lavfi", "-i", f"frei0r_src=size={size}:framerate=24:filter_name=zoetrope:filter_params={link}",
                                             "-frames:v", "1", "-pix_fmt", "rgba", "-f", "rawvideo", "-"], text=False)
            self.assertEqual(status, 0, err)
            return out
        wanted, err, status = run(FFMPEG + ["-v", "error", "-filter_complex", "t2vsrc=model=testcard:prompt=x:frames=-1:cutout=1,format=rgba", "-frames:v", "1",
                                            "-f", "rawvideo", "-"], text=False)
        self.assertEqual(status, 0, err)
        self.assertTrue(rgba("256x144") == wanted)
        small = rgba("128x72")
        for x in range(4, 124):     # of the ramp, above the number
            self.assertLessEqual(abs(small[4 * x + 3] - wanted[8 * x + 3]), 2, x)

    def test_the_acceptance_line(self):
        self.ok(run(FFMPEG + ["-f", "lavfi", "-i", "frei0r_src=size=256x144:framerate=24:filter_name=zoetrope:filter_params='a red fox, snow|5'",
                              "-frames:v", "32", self.path("r.mp4")]))
        self.assertEqual(probe(self.path("r.mp4"), "nb_read_frames", "r_frame_rate", "width"),
                         {"nb_read_frames": "32", "r_frame_rate": "24/1", "width": "256"})

    def test_a_fault_is_a_card(self):
        for params in ("'|0|99999|testcard'", "'x||99999|testcard'", "'x|||nosuch'"):
            frames = self.source(params, 5)
            self.assertEqual(len(set(frames)), 1, params)
            self.assertEqual(frames[0][:3], bytes((48, 48, 56)))                       # the ground
            self.assertIn(bytes((255, 208, 96)), [frames[0][at:at + 3] for at in range(0, RGB, 3)])

    def test_sizes_that_are_no_multiples_of_anything(self):
        self.source("'a red fox|||testcard'", 2, "513x321")


class Melt(EditorTest):
    def test_the_acceptance_line(self):
        log, status = self.melt("frei0r.zoetrope", "prompt=a red fox", "out=15", "-consumer", "avformat:" + self.path("f.mp4"), "vcodec=mpeg4", "an=1")
        self.assertEqual(status, 0, log)
        self.frames(self.path("f.mp4"), 16)

    def test_several_threads_and_one_show_the_same(self):
        path = self.write("c.mlt", project(generator(prompt="a red fox", model="testcard", rate=25), [(0, 49)]))
        one, _ = self.render(path)
        self.assertEqual(len(set(one)), 50)
        self.same(self.render(path, consumer=RAW + ["real_time=-3"])[0], one)

    def test_time_is_that_of_the_project(self):
        """A promise of docs/editors.md that nobody likes: MLT tells a generator of frei0r the time in the project, not in the
        clip, so a cut of it does not begin where the cut says."""
        path = self.write("c.mlt", project(generator(prompt="a red fox", model="testcard", rate=25), [(30, 34), (10, 14)]))
        straight = self.write("s.mlt", project(generator(prompt="a red fox", model="testcard", rate=25), [(0, 9)]))
        self.same(self.render(path)[0], self.render(straight)[0])

    def test_all_instances_share_one_generation(self):
        """With a seed drawn at random, two generations would show two clips; here six instances show one after the other."""
        clips = "".join(generator(name, prompt="a red fox", model="testcard", seed=-1, rate=25) for name in "ab")
        path = self.write("c.mlt", project(clips, [("a", 0, 9), ("b", 0, 9)]))
        render = lambda: self.render(path, consumer=RAW + ["real_time=-3"])[0]
        first = render()
        alike = lambda a, b: sum(x == y for x, y in zip(a, b)) / len(a)
        self.assertEqual(len(first), 20)
        self.assertGreater(min(alike(a, b) for a, b in zip(first, first[1:])), 0.8)
        # The control: another process, another clip. Two seeds may draw bars that lie alike, five hardly.
        self.assertTrue(any(alike(first[0], render()[0]) < 0.8 for _ in range(5)))

    def test_the_engine_is_not_mapped_to_list_services(self):
        out, err, status = run(ZT_ENV + ["env", "LD_DEBUG=files", "melt", "-query", "producer=frei0r.zoetrope"])
        self.assertEqual(status, 0)
        for name in ("prompt", "seed", "steps", "model", "async", "frames", "rate"):
            self.assertIn("title: " + name, out)
        self.assertNotIn("libzoetrope.so", err)


if __name__ == "__main__":
    prepare()
    if not os.path.exists(PLUGIN) or not shutil.which("melt"):
        print("skipped: no frei0r plugin in the build, or no melt")
        sys.exit(77)
    unittest.main(verbosity=2)
