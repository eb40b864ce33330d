# SPDX-License-Identifier: LGPL-2.1-or-later
"""t2vsrc through stock ffmpeg: the commands a person types, and exactly what must come out of them."""
import json
import os
import pathlib
import re
import unittest

from ffmpeg_common import (BUILD, FFMPEG, FORMATS, MODEL, ZT_ENV, MediaTest, digests, ffmpeg, ffmpeg_version, main,
                           plane_bytes, probe, run, sha256)

T2V = f"t2vsrc=model={MODEL}:size=256x144:prompt="
CARD = "t2vsrc=model=testcard:prompt="
X264 = ["-c:v", "libx264", "-preset", "ultrafast"]


class Commands(MediaTest):
    def test_clip_has_exact_count_rate_and_tags(self):
        out = self.path("out.mp4")
        self.ok(ffmpeg(f"{T2V}'a red fox, snow':frames=32[v]", "-map", "[v]", *X264, out))
        got = probe(out, "nb_read_frames", "width", "height", "r_frame_rate", "avg_frame_rate", "pix_fmt", "color_range", "color_space",
                    "color_transfer", "color_primaries", "chroma_location", "sample_aspect_ratio", "field_order")
        self.assertEqual(got, {
            "nb_read_frames": "32", "width": "256", "height": "144", "r_frame_rate": "24/1", "avg_frame_rate": "24/1",
            "pix_fmt": "yuv420p", "color_range": "tv", "color_space": "bt709", "color_transfer": "bt709",
            "color_primaries": "bt709", "chroma_location": "left", "sample_aspect_ratio": "1:1", "field_order": "progressive"})

    def test_lavfi_input(self):
        out = self.path("out.mp4")
        self.ok(run(FFMPEG + ["-f", "lavfi", "-i", f"{T2V}fox:frames=32", *X264, out]))
        got = probe(out, "nb_read_frames", "color_space")
        self.assertEqual(got["nb_read_frames"], "32")
        if ffmpeg_version() >= (6, 1):
            self.assertEqual(got["color_space"], "bt709")

    def test_every_frame_is_tagged(self):
        for name, matrix, limits in (("yuv420p", "bt709", "tv"), ("yuv444p10le", "bt709", "tv"), ("gbrp", "gbr", "pc"),
                                     ("rgb24", "gbr", "pc")):
            _, err = self.ok(ffmpeg(f"{CARD}x:frames=30,format={name},showinfo", "-f", "null", "-"))
            shown = re.findall(r" n: *\d+ pts: *(\d+) .*?sar:(\S+) .*? i:(\S) .*?iskey:(\d)", err)
            self.assertEqual([int(pts) for pts, *_ in shown], list(range(30)))
            self.assertEqual({rest for _, *rest in map(tuple, shown) for rest in [tuple(rest)]}, {("1/1", "P", "1")})
            colours = re.findall(r"color_range:(\S+) color_space:(\S+) color_primaries:(\S+) color_trc:(\S+)", err)
            self.assertEqual(colours, 30 * [(limits, matrix, "bt709", "bt709")])

    def test_tags_survive_scale(self):
        _, err = self.ok(ffmpeg(f"{CARD}x:frames=2,scale=128:72,format=yuv420p,showinfo", "-f", "null", "-"))
        self.assertIn("color_range:tv color_space:bt709", err)

    def test_xfade_concat_hstack_overlay(self):
        two = f"{T2V}a:frames=32[a];{T2V}b:frames=32[b];[a][b]"
        for effect, count in (("xfade=duration=0.5:offset=0.5", 44), ("concat", 64), ("hstack", 32), ("overlay=10:10:shortest=1", 32)):
            out, _ = self.ok(ffmpeg(two + effect))
            self.assertEqual(len(digests(out)), count, effect)

    def test_pictures_as_png(self):
        self.ok(ffmpeg(f"{CARD}x:frames=5", self.path("f%03d.png")))
        files = sorted(os.listdir(self.folder))
        self.assertEqual(files, [f"f{n:03d}.png" for n in range(1, 6)])
        planes, _ = self.ok(ffmpeg(f"{CARD}x:frames=5,format=gbrp", "-pix_fmt", "gbrp", "-f", "rawvideo", "-", text=False))
        png, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-i", self.path("f%03d.png"), "-pix_fmt", "gbrp", "-f", "rawvideo", "-"],
                             text=False))
        self.assertEqual(sha256(png), sha256(planes), "the engine's own RGB")

    def test_pipes(self):
        for name, extra in (("nut", {}), ("matroska", {"color_range": "tv", "color_space": "bt709"})):
            out, _ = self.ok(ffmpeg(f"{T2V}x:frames=12[v]", "-map", "[v]", "-c:v", "rawvideo", "-f", name, "-", text=False))
            pathlib.Path(self.path("pipe")).write_bytes(out)
            got = probe(self.path("pipe"), "nb_read_frames", "r_frame_rate", *extra)
            self.assertEqual(got, {"nb_read_frames": "12", "r_frame_rate": "24/1", **extra})

    def test_endless_ends_with_t(self):
        out = self.path("e.mp4")
        self.ok(ffmpeg(f"{T2V}x:frames=-1[v]", "-map", "[v]", "-t", "5", *X264, out))
        self.frames(out, 120)

    def test_tee_to_mp4_hls_and_transport_stream(self):
        a, p, t = self.path("a.mp4"), self.path("p.m3u8"), self.path("t.ts")
        self.ok(ffmpeg(f"{T2V}x:frames=72,realtime[v]", "-map", "[v]", *X264, "-g", "24", "-flags", "+global_header",
                       "-f", "tee", f"{a}|[f=hls:hls_time=1]{p}|[f=mpegts]{t}"))
        self.frames(a, 72)
        self.frames(t, 72)
        self.assertEqual(len([f for f in os.listdir(self.folder) if f.startswith("p") and f.endswith(".ts")]), 3)

    def test_prompt_with_every_sign_arrives_whole(self):
        pathlib.Path(self.path("g.txt")).write_text(
            r"t2vsrc=model=testcard:metadata_prompt=1:frames=1:prompt='Bob'\\\''s 9\:16 shot, a=b; [x]'"
            f",metadata=print:file={self.path('m.txt')}\n")
        script = ["-/filter_complex"] if ffmpeg_version() >= (7, 0) else ["-filter_complex_script"]
        self.ok(run(FFMPEG + script + [self.path("g.txt"), "-f", "null", "-"]))
        self.assertIn("lavfi.zoetrope.prompt=Bob's 9:16 shot, a=b; [x]\n", pathlib.Path(self.path("m.txt")).read_text())

    def test_prompt_file(self):
        pathlib.Path(self.path("p.txt")).write_text("a red fox, it's 9:16\n", encoding="utf-8")
        _, err = self.ok(ffmpeg(f"t2vsrc=model=testcard:prompt_file={self.path('p.txt')}:metadata_prompt=1:frames=1,metadata=print",
                                "-f", "null", "-"))
        self.assertIn("lavfi.zoetrope.prompt=a red fox, it's 9:16", err)

    @unittest.skipIf(ffmpeg_version() < (7, 1), "FFmpeg 7.1 and later")
    def test_prompt_read_by_ffmpeg(self):
        pathlib.Path(self.path("p.txt")).write_text("a fox")
        out, _ = self.ok(ffmpeg(f"t2vsrc=model=testcard:/prompt={self.path('p.txt')}:frames=1"))
        self.assertEqual(len(digests(out)), 1)

    def test_durations_are_those_of_testsrc(self):
        for rate in ("24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60"):
            graph, outputs, durations = [], [], ["0.000001", "0.01", "5.1", "1.000001"]
            num, _, den = rate.partition("/")
            for frames in (1, 25, 124):
                exact = frames * int(den or 1) / int(num)
                durations += [f"{exact:.{digits}f}" for digits in (3, 5, 6, 7, 9)]
            for at, duration in enumerate(durations):
                graph += [f"testsrc=size=32x32:rate={rate}:duration={duration}[a{at}]",
                          f"t2vsrc=model=testcard:prompt=x:size=32x32:rate={rate}:duration={duration}[b{at}]"]
                for name in "ab":
                    outputs += ["-map", f"[{name}{at}]", "-f", "framecrc", self.path(f"{name}{at}")]
            self.ok(ffmpeg(";".join(graph), *outputs))
            for at, duration in enumerate(durations):
                counts = []
                for name in "ab":
                    with open(self.path(f"{name}{at}"), encoding="utf-8") as file:
                        counts.append(sum(not line.startswith("#") for line in file))
                # Within a microsecond of a frame's time ours is that frame; testsrc rounds each frame's time by itself.
                num_den = int(num) / int(den or 1)
                near = abs(float(duration) * num_den - round(float(duration) * num_den)) <= 1.01e-6 * num_den
                self.assertTrue(counts[0] == counts[1] or (near and counts[1] == max(1, round(float(duration) * num_den))),
                                (rate, duration, counts))

    def test_aliases_and_rates(self):
        _, err = self.ok(ffmpeg(f"{CARD}x:s=320x180:r=ntsc-film:d=1:seed=5,showinfo", "-f", "null", "-"))
        self.assertIn("testcard: 320x180, 24000/1001 fps, 24 frames, seed 5", err)
        self.assertIn("s:320x180", err)
        self.assertIn("24 frames in ", err)

    def test_random_seed_is_logged_and_used(self):
        first, log = self.ok(ffmpeg(f"{CARD}x:frames=2:seed=-1"))
        seed = re.search(r", seed (\d+),", log).group(1)
        again, _ = self.ok(ffmpeg(f"{CARD}x:frames=2:seed={seed}"))
        self.assertEqual(digests(first), digests(again))


class Determinism(MediaTest):
    def test_same_request_same_bytes_else_other_bytes(self):
        same = {sha256("".join(digests(self.ok(ffmpeg(f"{T2V}'a red fox':frames=24"))[0])).encode()) for _ in range(3)}
        self.assertEqual(len(same), 1)
        for other in ("'a red fox':frames=24:seed=1", "'a blue whale':frames=24"):
            same.add(sha256("".join(digests(self.ok(ffmpeg(T2V + other))[0])).encode()))
        self.assertEqual(len(same), 3)

    def compare_with_c_api(self, model, name, number, prompt):
        frames = 26 if model == "testcard" else 24
        host, _ = self.ok(run(ZT_ENV + [os.path.join(BUILD, "tests", "media", "frame_dump"), f"model={model}", f"prompt={prompt}",
                                        f"frames={frames}", f"format={number}", "seed=7", "size=256x144"], text=False))
        ours, _ = self.ok(ffmpeg(f"t2vsrc=model={model}:prompt={prompt}:frames={frames}:seed=7:size=256x144,format={name}", "-pix_fmt", name,
                                 "-f", "rawvideo", "-", text=False))
        size = sum(plane_bytes(name))
        self.assertEqual(len(host), frames * size)
        self.assertEqual(len(ours), frames * size)
        different = [n for n in range(frames) if host[n * size:(n + 1) * size] != ours[n * size:(n + 1) * size]]
        self.assertEqual(different, [], name)

    def test_every_format_equals_the_c_api(self):
        for number, name in enumerate(FORMATS, start=1):
            self.compare_with_c_api("testcard", name, number, "a red fox")

    @unittest.skipIf(MODEL != "storybook", "the built-in model is not in the tree")
    def test_storybook_equals_the_c_api(self):
        self.compare_with_c_api("storybook", "yuv420p", 1, "a red fox runs through the snow at night")


class Provenance(MediaTest):
    UUID = bytes.fromhex("35947fc037e04031884a7697f43bcead")

    def side_data(self, *options, graph="frames=60"):
        out = self.path("sei.mp4")
        self.ok(ffmpeg(f"{CARD}'a \"red\" fox':{graph}", *X264, "-udu_sei", "1", out, options=options))
        raw, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-i", out, "-c", "copy", "-f", "h264", "-"], text=False))
        raw = raw.replace(b"\0\0\3", b"\0\0")       # emulation prevention
        return [json.loads(raw[at.end():raw.index(b"}", at.end()) + 1]) for at in re.finditer(re.escape(self.UUID), raw)]

    def test_side_data_once_a_second(self):
        marks = self.side_data()
        self.assertEqual(len(marks), 3)
        self.assertEqual(marks[0]["gen"], "zoetrope")
        self.assertEqual(marks[0]["prompt_sha256"], sha256(b'a "red" fox'))
        self.assertTrue(marks[0]["dst"].endswith("trainedAlgorithmicMedia"))
        self.assertNotIn("prompt", marks[0])
        self.assertEqual(set(marks[0]), {"gen", "ver", "model", "model_sha256", "seed", "chunk", "prompt_sha256", "dst"})

    def test_side_data_off_and_with_the_prompt(self):
        self.assertEqual(self.side_data(graph="frames=30:sei=0"), [])
        self.assertEqual([m["prompt"] for m in self.side_data(graph="frames=30:metadata_prompt=1")], 2 * ['a "red" fox'])

    def test_metadata_on_the_first_frame_of_each_chunk(self):
        out = self.path("m.txt")
        self.ok(ffmpeg(f"{CARD}x:frames=36:seed=9,metadata=print:file={out}", "-f", "null", "-"))
        text = pathlib.Path(out).read_text()
        keys = ("model", "model_sha256", "seed", "chunk", "prompt_sha256", "generator")
        chunks = re.findall(r"lavfi\.zoetrope\.chunk=(\d+)", text)
        self.assertEqual(chunks, [str(n) for n in range(len(chunks))])
        self.assertGreater(len(chunks), 1)
        for key in keys:
            self.assertEqual(len(re.findall(rf"^lavfi\.zoetrope\.{key}=", text, re.M)), len(chunks), key)
        self.assertNotIn("lavfi.zoetrope.prompt=", text)

    def test_arguments_that_mark_the_file_are_logged(self):
        _, err = self.ok(ffmpeg(f"{CARD}x:frames=1", "-f", "null", "-", options=["-v", "verbose"]))
        line = re.search(r"-metadata 'AIGC=(\{.*?\})'", err)
        self.assertEqual(json.loads(line.group(1))["Label"], "1")
        out = self.path("marked.mkv")
        self.ok(ffmpeg(f"{CARD}x:frames=1", "-metadata", "AIGC=" + line.group(1), *X264, out))
        shown, _ = self.ok(run(["ffprobe", "-v", "error", "-show_entries", "format_tags", out]))
        self.assertIn("TAG:AIGC=" + line.group(1), shown)


if __name__ == "__main__":
    main()
