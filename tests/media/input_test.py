# SPDX-License-Identifier: LGPL-2.1-or-later
"""t2v: links as inputs of stock programs: length, colour, any frame to the byte, sound, faults and Ctrl-C, in ffmpeg,
ffprobe, mpv and PyAV."""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import unittest

from ffmpeg_common import BUILD, FFMPEG, MediaTest, ZT_ENV, digests, prepare, run, slack

LINK = "t2v:///a%20red%20fox;model=testcard;frames=200"
FRAME = 256 * 144 * 3 // 2
SEED = int(os.environ.get("ZT_TEST_SEED", "11"))
PYTHON = "/usr/bin/python3"


class Reader(MediaTest):
    def decode(self, *arguments, timeout=60):
        out, err, status = run(FFMPEG + ["-v", "error", *arguments, "-f", "rawvideo", "-"], text=False, timeout=timeout)
        self.assertEqual(status, 0, err)
        return [out[at:at + FRAME] for at in range(0, len(out), FRAME)]

    def wanted(self, options="frames=200"):
        return self.decode("-filter_complex", f"t2vsrc=model=testcard:prompt='a red fox':{options},format=yuv420p")

    def same(self, got, wanted):
        self.assertEqual(len(got), len(wanted))
        self.assertEqual([n for n, pair in enumerate(zip(got, wanted)) if pair[0] != pair[1]], [])


class Ffmpeg(Reader):
    def test_what_it_says_of_itself(self):
        out, err, status = run(ZT_ENV + ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", LINK + ";sound=1;rate=25"])
        self.assertEqual(status, 0, err)
        video, audio = json.loads(out)["streams"]
        wanted = dict(codec_name="rawvideo", pix_fmt="yuv420p", width=256, height=144, sample_aspect_ratio="1:1", color_range="tv", color_space="bt709",
                      color_transfer="bt709", color_primaries="bt709", chroma_location="left", field_order="progressive", r_frame_rate="25/1",
                      avg_frame_rate="25/1", nb_frames="200", duration="8.000000", start_time="0.000000")
        self.assertEqual({key: video.get(key) for key in wanted}, wanted)
        self.assertEqual((audio["codec_name"], audio["sample_rate"], audio["channels"], audio["duration"]), ("pcm_f32le", "32000", 2, "8.000000"))
        self.assertEqual(json.loads(out)["format"]["duration"], "8.000000")

    def test_the_frames_are_those_of_the_filter(self):
        self.same(self.decode("-i", LINK), self.wanted())

    def test_ss_gives_the_frame_of_that_time(self):
        wanted = self.wanted()
        for number in (0, 1, 24, 133, 199):
            self.same(self.decode("-ss", f"{number / 24:.6f}", "-i", LINK, "-frames:v", "1"), [wanted[number]])
        self.same(self.decode("-ss", "100", "-i", LINK), [])

    def test_stream_loop(self):
        wanted = self.wanted("frames=20")
        self.same(self.decode("-stream_loop", "2", "-i", LINK.replace("200", "20"), "-fps_mode", "passthrough"), 3 * wanted)

    def test_sound_is_that_of_the_filter(self):
        out, err, status = run(FFMPEG + ["-v", "error", "-i", LINK + ";sound=1", "-map", "0:a", "-f", "f32le", "-"], text=False)
        self.assertEqual(status, 0, err)
        whole, _, _ = run(FFMPEG + ["-v", "error", "-filter_complex", "t2vsrc=model=testcard:prompt='a red fox':frames=200:sound=1[v][a];[v]nullsink",
                                    "-map", "[a]", "-f", "f32le", "-"], text=False)
        self.assertGreater(len(whole), 1000000)
        self.assertTrue(out == whole)

    def test_wrong_links_are_told(self):
        for link, sentence in (("t2v:///x;frames=99999999", "t2v: frames: expected 0 to 14400 in a link"),
                               ("t2v:///x;prompt_file=/etc/passwd", "t2v: expected an option that a link may set"),
                               ("t2v:///x;model=/tmp", "t2v: model: expected the name of a built-in model"),
                               ("t2v:///x;seed=1;seed=2", "t2v: seed: expected it once"),
                               ("t2v:///%zz", "t2v: prompt: expected two hexadecimal digits"),
                               ("t2v:///%c3%28", "t2v: prompt: expected UTF-8"),
                               ("t2v:///a%1bb", "t2v: prompt: expected no control character, got byte 0x1B"),
                               ("t2v:///a#b", "t2v: prompt: expected %23 for the character '#'"),
                               ("t2v:///x;;seed=1", "t2v: expected an option that a link may set"),
                               ("t2v:///", "prompt: expected one of")):
            _, err, status = run(FFMPEG + ["-i", link, "-f", "null", "-"])
            self.assertNotEqual(status, 0, link)
            self.assertIn(sentence, err, link)

    def test_a_prompt_may_have_any_sign(self):
        """Encoded, or as it stands where it is no ';', '?', '#' or '%'. GStreamer's table of the same: gst_link.c."""
        graph = "t2vsrc=model=testcard:frames=2:prompt='this&that&m ore=/x',format=yuv420p"
        wanted = digests(self.ok(run(FFMPEG + ["-v", "error", "-filter_complex", graph, "-f", "framemd5", "-"]))[0])
        for prompt in ("this%26that%26m%20ore%3D%2Fx", "this&that&m ore=/x"):
            got = self.ok(run(FFMPEG + ["-v", "error", "-i", f"t2v:///{prompt};model=testcard;frames=2", "-pix_fmt", "yuv420p", "-f", "framemd5", "-"]))[0]
            self.assertEqual(digests(got), wanted, prompt)

    def test_a_list_of_files_cannot_open_one(self):
        with open(self.path("list.txt"), "w", encoding="ascii") as file:
            file.write(f"ffconcat version 1.0\nfile '{LINK}'\n")
        _, _, status = run(FFMPEG + ["-safe", "0", "-i", self.path("list.txt"), "-f", "null", "-"])
        self.assertNotEqual(status, 0)

    def test_ctrl_c_ends_a_wait(self):
        """A model that is slow to begin: the test card has no delay that a link may set, so a large and long clip is asked for."""
        link = "t2v:///a%20red%20fox;model=storybook;frames=14400;size=1280x720"
        process = subprocess.Popen(ZT_ENV + ["ffmpeg", "-v", "info", "-ss", "590", "-i", link, "-f", "null", "-"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(3)
            self.assertIsNone(process.poll())
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
            self.assertLess(time.monotonic() - began, 3 * slack())
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


class Programs(Reader):
    @unittest.skipUnless(shutil.which("mpv"), "no mpv")
    def test_mpv_seeks(self):
        wanted = self.wanted()
        for number in (0, 48, 150):
            self.ok(run(ZT_ENV + ["mpv", "--no-config", "--really-quiet", f"--start={number / 24:.6f}", "--frames=1", "--no-audio", "av://" + LINK,
                                  "-o", self.path("m.nut"), "--of=nut", "--ovc=rawvideo"]))
            self.same(self.decode("-i", self.path("m.nut")), [wanted[number]])

    @unittest.skipUnless(subprocess.run([PYTHON, "-c", "import av"], stderr=subprocess.DEVNULL).returncode == 0, "no PyAV")
    def test_a_hundred_random_seeks_in_one_process(self):
        source = random.Random(SEED)
        numbers = [source.randrange(200) for _ in range(100)]
        script = f"""
import av, sys
clip = av.open({LINK!r})
stream = clip.streams.video[0]
for number in {numbers}:
    clip.seek(number, stream=stream)
    frame = next(clip.decode(stream))
    assert frame.pts == number, (frame.pts, number)
    for plane in frame.planes:
        rows = memoryview(plane)
        for y in range(plane.height):
            sys.stdout.buffer.write(rows[y * plane.line_size:y * plane.line_size + plane.width])
"""
        out, err, status = run(ZT_ENV + [PYTHON, "-c", script], text=False)
        self.assertEqual(status, 0, err)
        wanted = self.wanted()
        self.same([out[at:at + FRAME] for at in range(0, len(out), FRAME)], [wanted[number] for number in numbers])


if __name__ == "__main__":
    prepare()
    if not any(name.startswith("libavformat.so") for name in os.listdir(os.path.join(BUILD, "overlay"))):
        sys.exit("expected the overlay libavformat in the build, got none")
    unittest.main(verbosity=2)
