# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every wrong value of every option: a message that names the option, status not 0, no crash, no frame."""
import concurrent.futures
import os
import pathlib
import re
import shutil
import time
import unittest

from ffmpeg_common import FFMPEG, SOURCE, ZT_ENV, MediaTest, digests, ffmpeg, ffmpeg_version, main, probe, run, slack

# option: wrong values; in a graph string, so : and ' are kept out. All options of the table must be here.
WRONG = {
    "model": ["nosuch", "/nosuch/folder", "../x"],
    "prompt": ["''"],
    "prompt_file": ["/nosuch/file", "/dev", "/dev/zero"],
    "negative_prompt": ["ugly"],
    "storyboard": ["/nosuch/shots.srt"],
    "transition": ["fade", "2"],
    "size": ["17x17", "8x8", "5000x5000", "0x0", "-1x-1", "abc"],
    "rate": ["0", "-1", "1000", "17", "24/0", "abc", "1/1000000000"],
    "frames": ["-2", "99999999999", "abc", "1.5.5", "2.5", "0.4"],
    "duration": ["-2", "90000", "abc", "-0.5"],
    "sound": ["2", "maybe"],
    "seed": ["-2", "abc", "1.5", "9223372036854775807", "99999999999999999999"],
    "steps": ["-1", "1001", "abc", "2.5"],
    "guidance": ["-2", "101", "nan", "inf", "abc"],
    "flow_shift": ["-1", "101", "nan", "abc"],
    "enhance": ["1", "maybe"],
    "lora": ["/nosuch.safetensors", "x|y"],
    "device": ["nosuch", "cuda\\\\:x", "tpu", "''"],
    "precision": ["fp4", "-1", "9", "int8"],
    "memory": ["1M", "-1", "lots"],
    "cpu_threads": ["-1", "1025", "abc", "1.5"],
    "prefetch": ["-1", "5", "abc", "0.5"],
    "timeout": ["-1", "abc", "99999999"],
    "cache": ["on", "nosuch"],
    "label": ["nosuch", "3"],
    "label_language": ["fr", "3"],
    "label_place": ["middle", "4"],
    "watermark": ["nosuch", "2"],
    "cutout": ["2", "maybe"],
    "sei": ["2", "maybe"],
    "metadata_prompt": ["2", "maybe"],
    "engine_opts": ["nosuch=1", "delay_ms=abc", "delay_ms", "delay_ms=-1"],
    "s": ["17x17"], "r": ["0"], "d": ["-2"],
}


class Errors(MediaTest):
    def refused(self, graph, name, result=None):
        out, err, status = result or ffmpeg(graph, timeout=60)
        self.assertEqual(digests(out), [], f"{graph}: expected no frame")
        self.assertGreater(status, 0, f"{graph}: 0 is success, below is a signal: {err}")
        # Ours is "name: expected ..."; FFmpeg itself refuses what is no number, or out of the range it knows.
        ours = re.search(rf"\] {name}: .*expected .*", err)
        host = re.search(rf"(for parameter|for option|value|option|Option|parse) .*['\" ]{name}['\" ]|option \"?'?{name}", err)
        self.assertTrue(ours or host, f"{graph}: expected a message naming {name}, got: {err}")

    def test_table_is_complete(self):
        table = pathlib.Path(SOURCE, "engine", "api", "options.def").read_text()
        names = re.findall(r"^ZT_OPTION\((\w+),", table, re.M)
        self.assertEqual(sorted(set(names) - set(WRONG)), [])

    def test_every_wrong_value(self):
        aliases = {"s": "size", "r": "rate", "d": "duration"}
        cases = []
        for option, values in WRONG.items():
            for value in values:
                need = "" if option in ("prompt", "prompt_file", "storyboard") else ":prompt=x"
                card = "" if option == "model" else ":model=testcard"
                length = "seed=0" if option in ("frames", "duration", "d") else "frames=2"
                names = f"({option}|{aliases.get(option, option)}|\"?{re.escape(value)}\"?)"   # or the file by its name
                cases.append((option, value, names, f"t2vsrc={option}={value}{card}{need}:{length}"))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda case: ffmpeg(case[3], timeout=120), cases))
        for (option, value, names, graph), result in zip(cases, results):
            with self.subTest(option=option, value=value):
                self.refused(graph, names, result)

    def test_sources_of_the_prompt(self):
        out, err, status = ffmpeg("t2vsrc=frames=2")
        self.assertEqual(digests(out), [])
        self.assertGreater(status, 0)
        self.assertIn("prompt: expected one of prompt, prompt_file, storyboard, got none", err)
        _, err, _ = ffmpeg("t2vsrc=prompt=x:prompt_file=y")
        self.assertIn("prompt: expected one of prompt, prompt_file, storyboard, got prompt and prompt_file", err)
        _, err, _ = ffmpeg("t2vsrc=prompt=x:frames=2:duration=1")
        self.assertIn("frames: expected frames or duration, got both", err)

    def test_unknown_option(self):
        _, err, status = ffmpeg("t2vsrc=prompt=x:promt=y")
        self.assertNotEqual(status, 0)
        self.assertIn("promt", err)

    def test_bad_prompts(self):
        for name, data in (("latin1", b"caf\xe9"), ("control", b"a\x01b"), ("long", b"x" * 70000), ("empty", b"")):
            path = self.path(name)
            pathlib.Path(path).write_bytes(data)
            self.refused(f"t2vsrc=model=testcard:frames=2:prompt_file={path}", f"(prompt|prompt_file|{name})")
        os.mkfifo(self.path("fifo"))
        self.refused(f"t2vsrc=model=testcard:frames=2:prompt_file={self.path('fifo')}", '(prompt_file|".*fifo")')

    def test_a_file_that_is_no_model_is_named_with_what_it_is(self):
        for name, content, words in (("page.safetensors", "<!doctype html>", "got an HTML page"), ("model_index.json", '{"_class_name":"LTXPipeline"}', 'got "LTXPipeline"')):
            path = pathlib.Path(self.path(name))
            path.write_text(content)
            model = path if path.suffix != ".json" else path.parent
            result = ffmpeg(f"t2vsrc=model={model}:prompt=x", timeout=60)
            self.refused("t2vsrc", name, result)
            self.assertIn(words, result[1])

    def test_unknown_encoder_is_told_before_any_work(self):
        begun = time.monotonic()
        _, err, status = ffmpeg("t2vsrc=model=testcard:prompt=x:engine_opts=delay_ms=5000", "-c:v", "nosuch", "-f", "null", "-")
        self.assertNotEqual(status, 0)
        self.assertIn("Unknown encoder", err)
        self.assertLess(time.monotonic() - begun, 1.0 * slack())

    def test_fault_in_the_middle_is_told(self):
        out, err, status = ffmpeg("t2vsrc=model=testcard:prompt=x:frames=60:engine_opts=nan_frame=30")
        self.assertIn("expected finite", err)
        self.assertIn("Generic error in an external library", err)
        self.assertLess(len(digests(out)), 30)
        if ffmpeg_version() >= (7, 0):      # 5.1 ends with 0 after an error inside a filter
            self.assertGreater(status, 0)

    # What ffmpeg makes of an error in the middle of a clip, whatever the filter: its status. The line under ours
    # must be true, and be there where it is needed only.
    LOST = "ffmpeg ends with status 0 after this, except with -xerror and the filter inside an input (-f lavfi -i)"

    def test_status_after_a_fault_in_the_middle(self):
        broken = "model=testcard:prompt=x:frames=60:engine_opts=nan_frame=30"
        loses = ffmpeg_version() < (6, 1)
        for graph, inputs in ((f"t2vsrc={broken}", []), (f"i2v={broken}", ["-f", "lavfi", "-i", "color=d=1"]),
                              (f"t2vsrc={broken.replace('nan_frame=30', 'delay_ms=9000')}:timeout=300ms", [])):
            for flags in ([], ["-xerror"]):
                _, err, status = ffmpeg(graph, options=flags + inputs)
                self.assertEqual(status == 0, loses, (graph, flags, err))
                self.assertEqual(err.count(self.LOST), int(loses), err)
            joined = ("color=d=1," if inputs else "") + graph
            _, err, status = run(FFMPEG + ["-xerror", "-f", "lavfi", "-i", joined, "-f", "framemd5", "-"])
            self.assertGreater(status, 0, err)
        _, err, status = ffmpeg(f"t2vsrc={broken}:device=tpu")      # before the first frame every ffmpeg ends with an error
        self.assertGreater(status, 0)
        self.assertNotIn(self.LOST, err)

    def test_spelling_of_the_docs_that_keeps_the_status(self):
        tags = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
        self.ok(run(FFMPEG + ["-xerror", "-f", "lavfi", "-i", "t2vsrc=model=testcard:prompt=x:frames=24", "-vf", tags, self.path("a.mp4")]))
        got = probe(self.path("a.mp4"), "nb_read_frames", "color_range", "color_space", "color_primaries", "color_transfer")
        self.assertEqual(got, {"nb_read_frames": "24", "color_range": "tv", "color_space": "bt709", "color_primaries": "bt709",
                               "color_transfer": "bt709"})

    def test_timeout_is_an_error(self):
        out, err, status = ffmpeg("t2vsrc=model=testcard:prompt=x:timeout=300ms:engine_opts=delay_ms=5000")
        self.assertIn("timeout: expected a frame within 300 ms, got none", err)
        self.assertEqual(digests(out), [])
        if ffmpeg_version() >= (7, 0):
            self.assertGreater(status, 0)


class Colons(MediaTest):
    """A colon ends a value. What stands behind it without a name is refused, never another option's value."""
    CARD = "model=testcard:prompt='a red fox'"

    def refused(self, result, option, rest, spelling):
        out, err, status = result
        self.assertEqual(digests(out), [])
        self.assertGreater(status, 0, err)
        self.assertIn(f'{option}: expected a name and = behind a colon, got "{rest}"; write a colon inside a value '
                      f"as \\: between single quotes, {spelling}", err)

    def test_what_people_type(self):
        for typed, rest, spelling in (
                ("duration=00:00:05", "00", "duration='00\\:00\\:05'"), ("duration=00:07", "07", "duration='00\\:07'"),
                ("d=0:07:seed=3", "07", "d='0\\:07'"), ("lora=s.safetensors:0.5", "0.5", "lora='s.safetensors\\:0.5'"),
                ("device=cuda:1", "1", "device='cuda\\:1'"), ("prompt_file=a:b.txt", "b.txt", "prompt_file='a\\:b.txt'"),
                ("storyboard=a:b.srt:frames=2", "b.srt", "storyboard='a\\:b.srt'"), ("negative_prompt=no: no", " no", "negative_prompt='no\\: no'"),
                ("engine_opts=delay_ms=1:nan_frame=3", "nan_frame=3", "engine_opts='delay_ms=1\\:nan_frame=3'"),
                ("engine_opts=delay_ms=1:nan_frame=3:x:seed=3", "nan_frame=3", "engine_opts='delay_ms=1\\:nan_frame=3\\:x'"),
                ("seed=3::frames=2", "", "seed='3\\:'")):
            with self.subTest(typed=typed):
                option = typed.split("=")[0]
                self.refused(ffmpeg(f"t2vsrc={self.CARD}:{typed}"), option, rest, spelling)
                self.refused(run(FFMPEG + ["-f", "lavfi", "-i", f"t2vsrc={self.CARD}:{typed}", "-f", "framemd5", "-"]), option, rest, spelling)
                self.refused(run(FFMPEG + ["-f", "lavfi", "-i", "color=d=1", "-vf", f"i2v={self.CARD}:{typed}", "-f", "framemd5", "-"]),
                             option, rest, spelling)

    def test_long_values_and_quotes_are_not_repeated(self):
        for prompt in ("x" * 200 + ": y", "'a fox'\\\\\\'s tail: red"):
            _, err, status = ffmpeg(f"t2vsrc=model=testcard:prompt={prompt}")
            self.assertGreater(status, 0)
            self.assertIn("prompt: expected a name and = behind a colon, got a value alone; write a colon inside a value "
                          "as \\: and the value between single quotes\n", err)

    def test_each_spelling_of_the_docs_works(self):
        folder = pathlib.Path(self.folder, "a:b")
        folder.mkdir()
        (folder / "p.txt").write_text("a red fox")
        (folder / "s.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\na red fox\n")
        wanted = digests(self.ok(ffmpeg(f"t2vsrc={self.CARD}:frames=24"))[0])
        for quoted, bare in (("'{}'", "\\:"), ("{}", "\\\\:")):
            def spell(value):
                return quoted.format(value.replace(":", bare))
            for options in (f"{self.CARD}:duration={spell('00:00:01')}", f"{self.CARD}:duration={spell('00:01')}",
                            f"model=testcard:prompt_file={spell(str(folder / 'p.txt'))}:frames=24",
                            f"model=testcard:storyboard={spell(str(folder / 's.srt'))}",
                            f"{self.CARD}:engine_opts={spell('delay_ms=1:nan_frame=90')}:frames=24"):
                self.assertEqual(digests(self.ok(ffmpeg("t2vsrc=" + options))[0]), wanted, options)
                out, _ = self.ok(run(FFMPEG + ["-f", "lavfi", "-i", "t2vsrc=" + options, "-f", "framemd5", "-"]))
                self.assertEqual(len(digests(out)), 24, options)
            for option, value in (("lora", "s.safetensors:0.5"), ("device", "cuda:1")):     # the test card has neither
                _, err, status = ffmpeg(f"t2vsrc={self.CARD}:{option}={spell(value)}")
                self.assertGreater(status, 0)
                self.assertRegex(err, f'{option}: expected .*, got "{value}"')

    @unittest.skipUnless(shutil.which("mpv"), "no mpv")
    def test_in_mpv(self):
        play = ZT_ENV + ["mpv", "--no-config", "--vo=null", "--ao=null", "--untimed", "--msg-level=all=info"]
        out, err, status = run(play + [f"av://lavfi:t2vsrc={self.CARD}:duration=00:01"])
        self.assertNotEqual(status, 0)
        self.assertIn("duration='00\\:01'", out + err)
        self.ok(run(play + [f"av://lavfi:t2vsrc={self.CARD}:duration='00\\:01'"]))


if __name__ == "__main__":
    main()
