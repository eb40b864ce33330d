# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program zoetrope as people run it: generate into files and pipes, Ctrl-C, exit statuses, doctor."""
import array
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = os.environ.get("ZT_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ZT_BUILD") or os.path.join(SOURCE, "build")
PROGRAM = [os.path.join(SOURCE, "tools", "zt-env"), os.path.join(BUILD, "cli", "zoetrope")]
SHOTS = "00:00:00,000 --> 00:00:00,500\na red fox\n\n00:00:00,500 --> 00:00:01,000\nan owl\n"


def zoetrope(*arguments, **more):
    """stdout (bytes), stderr, status."""
    done = subprocess.run(PROGRAM + list(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, **more)
    return done.stdout, done.stderr.decode("utf-8", "replace"), done.returncode


def card(*arguments, **more):
    return zoetrope("generate", "--model", "testcard", *arguments, **more)


def frames(y4m):
    """Header and the frames of a y4m stream of 256x144 4:2:0 pictures."""
    head, _, rest = y4m.partition(b"\n")
    size = 256 * 144 * 3 // 2 + 6
    assert len(rest) % size == 0, len(rest)
    pictures = [rest[at:at + size] for at in range(0, len(rest), size)]
    assert all(picture.startswith(b"FRAME\n") for picture in pictures)
    return head.decode(), [picture[6:] for picture in pictures]


class Generate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="cli-", dir=BUILD)
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def test_file_and_pipe_are_the_same(self):
        _, err, status = card("a fox", "-o", self.path("a.y4m"), "--frames=30", "--seed", "7")
        self.assertEqual(status, 0, err)
        self.assertIn("testcard: 256x144, 24/1 fps, 30 frames, seed 7", err)
        self.assertEqual(os.listdir(self.folder), ["a.y4m"])
        out, err, status = card("--seed=7", "--frames", "30", "--output=-", "--", "a fox")
        self.assertEqual(status, 0, err)
        with open(self.path("a.y4m"), "rb") as file:
            self.assertEqual(file.read(), out)
        head, pictures = frames(out)
        self.assertTrue(head.startswith("YUV4MPEG2 W256 H144 F24:1 Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED"), head)
        self.assertEqual(len(pictures), 30)

    def wav(self, name):
        """The fields of the header, and the samples."""
        with open(self.path(name), "rb") as file:
            data = file.read()
        riff, size, wave, fmt, length, kind, channels, rate, _, block, bits, fact, _, count, tag, size_of_data = struct.unpack(
            "<4sI4s4sIHHIIHH4sII4sI", data[:56])
        self.assertEqual((riff, wave, fmt, fact, tag), (b"RIFF", b"WAVE", b"fmt ", b"fact", b"data"))
        self.assertEqual((size, length, size_of_data, count * block), (len(data) - 8, 16, len(data) - 56, size_of_data))
        self.assertEqual((kind, channels, rate, bits), (3, 2, 32000, 32))
        return array.array("f", data[56:])

    def test_sound_is_written_beside_the_pictures_or_alone(self):
        _, err, status = card("a fox", "-o", self.path("a.b.y4m"), "--frames=30", "--sound", "1")
        self.assertEqual(status, 0, err)
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.b.wav", "a.b.y4m"])
        sound = self.wav("a.b.wav")
        self.assertEqual(len(sound), 2 * 40000)
        self.assertEqual((sound[0], sound[2 * 32000], sound[2 * 32000 - 2]), (0.5, 0.5, 0.0))
        _, err, status = card("a fox", "-o", self.path("c.wav"), "--frames=30")
        self.assertEqual(status, 0, err)
        self.assertEqual(self.wav("c.wav"), sound)
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.b.wav", "a.b.y4m", "c.wav"])
        with open(self.path("a.b.y4m"), "rb") as file:
            self.assertEqual(file.read(), card("a fox", "-o", "-", "--frames=30")[0])

    def test_sound_that_cannot_be(self):
        _, err, status = card("a fox", "-o", "-", "--sound", "1")
        self.assertEqual(status, 2, err)
        self.assertIn("-o: expected a file with --sound 1 (the sound is a file beside it), got -", err)
        _, err, status = card("a fox", "-o", self.path("c.wav"), "--engine-opts=sample_rate=0")
        self.assertNotEqual(status, 0)
        self.assertIn("sound: expected 0 (this model is mute), got 1", err)
        self.assertEqual(os.listdir(self.folder), [])

    @unittest.skipUnless(shutil.which("ffmpeg"), "no ffmpeg")
    def test_ffmpeg_reads_every_format(self):
        for name in ("yuv420p", "yuv422p", "yuv444p", "yuv420p10", "yuv422p10", "yuv444p10"):
            out, err, status = card("a fox", "-o", "-", "--frames=3", "--format", name, "-q")
            self.assertEqual((status, err), (0, ""))
            strict = ["-strict", "-1"] if name.endswith("10") else []
            read = subprocess.run(["ffmpeg", "-hide_banner", "-v", "error", *strict, "-i", "-", "-f", "rawvideo", "-"], input=out,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
            self.assertEqual(read.returncode, 0, read.stderr)
            raw = b"".join(out.partition(b"\n")[2].split(b"FRAME\n"))
            self.assertEqual(read.stdout, raw, name)

    def test_storyboard(self):
        with open(self.path("shots.srt"), "w") as file:
            file.write(SHOTS)
        out, err, status = card("--storyboard", self.path("shots.srt"), "-o", "-")
        self.assertEqual(status, 0, err)
        _, pictures = frames(out)
        fox, owl = (frames(card(prompt, "--frames=24", "-o", "-")[0])[1] for prompt in ("a red fox", "an owl"))
        self.assertEqual(pictures, fox[:12] + owl[12:])

    def test_progress_names_the_stage(self):
        _, err, status = card("a fox", "-o", self.path("a.y4m"), "--frames=24", "--engine-opts", "delay_ms=2500")
        self.assertEqual(status, 0, err)
        told = [line for line in err.splitlines() if " frames" in line and not line.startswith("zoetrope: ")]
        self.assertGreaterEqual(len(told), 2, err)
        for line in told:
            self.assertRegex(line, r"^(load|denoise|wait), \d+ of 24 frames(, \d+ s left)?$")
        self.assertTrue(any(line.startswith("denoise, ") for line in told), told)

    def test_wrong_usage_ends_with_2(self):
        for arguments, text in ((["a", "b"], "expected one prompt"), (["a", "--nosuch", "1"], "expected one of model"),
                                (["a", "--steps"], "--steps: expected a value, got none"), (["a", "--steps=x"], "steps: expected"),
                                (["a", "--frames=2", "--duration=1"], "expected frames or duration"), ([], "prompt: expected one of"),
                                (["a", "-x"], "expected an option of zoetrope generate --help"), (["a", "--sei=0"], "sei: expected no such"),
                                (["a", "--metadata-prompt=1"], "metadata_prompt: expected no such option here"),
                                (["a", "--format", "rgb"], "format: expected one of yuv420p"),
                                (["a", "--storyboard", "/dev/null"], "expected one of prompt, prompt_file, storyboard")):
            out, err, status = card("-o", self.path("x.y4m"), *arguments)
            self.assertEqual((out, status), (b"", 2), err)
            self.assertIn(text, err)
            self.assertEqual(err.count("\n"), 1, err)
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_name_that_promises_another_file_is_refused(self):
        _, err, status = card("-o", self.path("x.mp4"), "a")
        self.assertEqual(status, 2, err)
        self.assertRegex(err, r'^zoetrope: -o: expected a name ending in \.y4m or \.wav, got ".*x\.mp4"; ffmpeg -i FILE\.y4m makes \.mp4 of it\n$')
        self.assertEqual(os.listdir(self.folder), [])

    def test_quiet_tells_no_progress(self):
        slow = ["a", "--frames=2", "--engine-opts", "delay_ms=2500"]
        _, err, status = card(*slow, "-o", self.path("a.y4m"))
        self.assertEqual(status, 0, err)
        self.assertIn("0 of 2 frames", err)
        self.assertEqual(card(*slow, "-o", self.path("b.y4m"), "-q")[1:], ("", 0))

    def test_failures_end_with_1(self):
        _, err, status = zoetrope("generate", "a", "--model", "/nosuch")
        self.assertEqual(status, 1)
        self.assertIn("model: expected", err)
        _, err, status = card("a", "-o", "/nosuch/a.y4m")
        self.assertEqual(status, 1)
        self.assertIn('"/nosuch/a.y4m": expected to write frames, got: No such file or directory', err)
        _, err, status = card("a", "-o", self.path("a.y4m"), "--engine-opts", "nan_frame=5")
        self.assertEqual(status, 1)
        self.assertIn("expected finite pixels", err)
        _, err, status = card("a", "-o", self.path("a.y4m"), "--engine-opts", "delay_ms=5000", "--timeout", "300ms")
        self.assertEqual(status, 1)
        self.assertIn("timeout: expected a frame within 300 ms, got none", err)
        self.assertEqual(os.listdir(self.folder), [])

    def test_disk_that_is_full_at_the_last_byte(self):
        _, err, status = card("a fox", "-o", self.path("whole.y4m"), "--frames=5", "-q")
        self.assertEqual((status, err), (0, ""))
        size = os.path.getsize(self.path("whole.y4m"))
        self.assertNotEqual(size % 4096, 0, "the last bytes must still wait in a buffer when the file is closed")
        os.remove(self.path("whole.y4m"))
        # No file may grow beyond that; the signal that would end the program is ignored, as a full disk sends none.
        for most in (size - 1, size // 2):
            limit = lambda: (signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
            _, err, status = card("a fox", "-o", self.path("a.y4m"), "--frames=5", "-q", preexec_fn=limit, restore_signals=False)
            self.assertEqual(status, 1, err)
            self.assertIn("expected to write frames, got: File too large", err)
            self.assertEqual(os.listdir(self.folder), [])

    def test_reader_that_goes_away(self):
        program = subprocess.Popen(PROGRAM + ["generate", "--model=testcard", "--frames=-1", "a", "-o", "-"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        program.stdout.read(100000)
        program.stdout.close()
        self.assertEqual(program.wait(60), 1)
        self.assertIn(b"Broken pipe", program.stderr.read())
        program.stderr.close()

    def test_interrupt_leaves_no_file(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            program = subprocess.Popen(PROGRAM + ["generate", "--model=testcard", "--frames=-1", "a", "-o", self.path("a.y4m"),
                                                  "--engine-opts", "delay_ms=100"], stderr=subprocess.PIPE)
            for _ in range(600):
                if os.path.exists(self.path("a.y4m.part")):
                    break
                time.sleep(0.1)
            program.send_signal(number)
            _, err = program.communicate(timeout=60)
            self.assertEqual(program.returncode, 130, err)
            self.assertTrue(err.endswith(b"zoetrope: interrupted\n"), err)
            self.assertEqual(os.listdir(self.folder), [])


class Other(unittest.TestCase):
    def test_help(self):
        for command in ("generate", "doctor", "inspect"):
            out, err, status = zoetrope(command, "--help")
            self.assertEqual((err, status), ("", 0))
            self.assertTrue(out.startswith(b"usage: zoetrope " + command.encode()), out)
        for option in (b"--negative-prompt", b"--cpu-threads", b"--storyboard", b"--transition"):
            self.assertIn(option, zoetrope("generate", "--help")[0])
        out, _, status = zoetrope("--help")
        self.assertEqual(status, 0)
        self.assertIn(b"doctor", out)
        out, err, status = zoetrope("nosuch")
        self.assertEqual((out, status), (b"", 2))
        self.assertIn("usage: zoetrope", err)

    def test_inspect_tells_what_storybook_knows(self):
        out, err, status = zoetrope("inspect", "storybook")
        self.assertEqual((err, status), ("", 0))
        text = out.decode()
        for line in ("family     storybook, ", "512x288", "file       layers.safetensors, ", "\nsubject\n    fox: fox, ", "\nmotion\n", "狐狸"):
            self.assertIn(line, text)
        done = subprocess.run([PROGRAM[1], "inspect", "storybook"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                              env={"ZOETROPE_MODEL_PATH": "/nosuch"})
        self.assertEqual((done.stdout, done.returncode), (b"", 1))
        self.assertIn(b'expected the weights of storybook in "/nosuch/storybook"', done.stderr)

    def test_inspect_knows_every_built_in_model(self):
        help_text = zoetrope("inspect", "--help")[0].decode()
        for name in ("storybook", "tableau", "testcard"):
            out, err, status = zoetrope("inspect", name)
            self.assertEqual((err, status), ("", 0))
            self.assertTrue(out.decode().startswith(f"family     {name}, "), out)
            self.assertIn(" " + name, help_text)
            out, err, status = zoetrope("inspect", name, "--frames", "9")
            self.assertEqual((out, status), (b"", 2))
            self.assertIn(f"expected no option beside a {name} model", err)

    def test_inspect_takes_a_guidance(self):
        for value in ("-1", "101", "much", "nan"):
            out, err, status = zoetrope("inspect", "testcard", "--guidance", value)
            self.assertEqual((out, status), (b"", 2))
            self.assertIn(f'--guidance: expected 0 to 100, got "{value}"', err)
        _, err, status = zoetrope("inspect", "testcard", "--guidance", "1")
        self.assertEqual(status, 2)
        self.assertIn("expected no option beside a testcard model", err)

    def test_generate_and_inspect_give_the_same_reason_for_a_file_that_is_no_model(self):
        header = b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
        with tempfile.TemporaryDirectory(prefix="cli-") as folder:
            os.mkdir(os.path.join(folder, "ltx"))
            rows = (("page.safetensors", b"<!doctype html><h1>404", "page.safetensors: expected safetensors or GGUF, got an HTML page"),
                    ("pointer.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "pointer.safetensors: expected safetensors or GGUF, got a pointer of Git LFS"),
                    ("half.safetensors", len(header).to_bytes(8, "little") + header + b"1234",
                     "half.safetensors: data: expected to end at 8 (last tensor), got 4 (end of the file); the file is cut"),
                    ("empty.safetensors", b"", "empty.safetensors: expected at least 10 bytes, got 0 (an empty file)"),
                    ("cut.gguf", b"GGUF\x03\x00\x00\x00\x01", "cut.gguf: tensor count: expected 8 bytes, got 1 (end of the file)"),
                    ("ltx/model_index.json", b'{"_class_name":"LTXPipeline"}', 'got "LTXPipeline", another pipeline'))
            for name, content, words in rows:
                path = os.path.join(folder, name)
                with open(path, "wb") as file:
                    file.write(content)
                path = os.path.dirname(path) if name.endswith(".json") else path
                said = [zoetrope("inspect", path), zoetrope("generate", "--model", path, "a", "-o", os.path.join(folder, "x.y4m"))]
                self.assertEqual([(out, status) for out, _, status in said], [(b"", 1)] * 2, name)
                self.assertEqual(said[0][1], said[1][1])
                self.assertIn(words, said[0][1])

    def test_doctor(self):
        out, err, status = zoetrope("doctor")
        self.assertEqual((err, status), ("", 0), out)
        text = out.decode()
        for row in ("ok      engine     ", "ok      LibTorch   ", "ok      model      storybook (the default)", "ok      auto       device cpu",
                    "        processor  ", "        memory     "):
            self.assertIn(row, text)
        self.assertNotIn("\nmissing engine", text)

    def test_doctor_names_what_is_missing(self):
        empty = tempfile.mkdtemp(prefix="cli-", dir=BUILD)
        self.addCleanup(shutil.rmtree, empty)
        done = subprocess.run([PROGRAM[1], "doctor"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                              env={"PATH": "/nosuch", "ZOETROPE_ENGINE": os.path.join(empty, "none.so")})
        self.assertEqual(done.returncode, 1)
        for row in (b"missing engine", b"missing ffmpeg", b"missing GStreamer"):
            self.assertIn(row, done.stdout)
        self.assertEqual(done.stdout.count(b"-> "), 3, done.stdout)


if __name__ == "__main__":
    if not os.path.exists(PROGRAM[1]):
        sys.exit(f"expected {PROGRAM[1]}, got none")
    unittest.main(verbosity=2)
