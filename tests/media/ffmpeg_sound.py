# SPDX-License-Identifier: LGPL-2.1-or-later
"""sound=1 through stock ffmpeg, on the test card: a tone at each second on the left, one at each cut on the right. Each
begins with its peak, so that the sample where it is found says whether sound and picture stay together."""
import array
import os
import re
import unittest

from ffmpeg_common import FFMPEG, ZT_ENV, BUILD, MediaTest, digests, ffmpeg, main, probe, run

RATE = 32000
CARD = "t2vsrc=model=testcard:prompt=fox:sound=1"
BOTH = ["-map", "[v]", "-map", "[a]"]
SHOTS = "00:00:00,000 --> 00:00:01,125\na fox\n\n00:00:01,125 --> 00:00:02,542\nan owl\n\n00:00:02,542 --> 00:00:03,000\na fish\n"
CUTS = (27, 61)  # frames of these shots at 24 per second


def samples_before(frame, num=24, den=1, rate=RATE):
    """The nearest sample, halves up."""
    return (2 * frame * den * rate + num) // (2 * num)


def tones(values, loud=0.25, gap=300):
    """Where one begins after silence."""
    found, last = [], -gap - 1
    for at, value in enumerate(values):
        if abs(value) > loud:
            if at - last > gap:
                found.append(at)
            last = at
    return found


class Sound(MediaTest):
    def read(self, path):
        """Left and right, as floats."""
        out, _ = self.ok(run(["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", "0:a", "-f", "f32le", "-c:a", "pcm_f32le", "-"],
                             text=False))
        both = array.array("f", out)
        return both[0::2], both[1::2]

    def make(self, name, graph, *output, options=()):
        path = self.path(name)
        self.ok(ffmpeg(graph, *(output or BOTH + ["-c:v", "ffv1", "-c:a", "pcm_f32le"]), path, options=list(options)))
        return path

    def shots(self):
        path = self.path("shots.srt")
        with open(path, "w") as file:
            file.write(SHOTS)
        return path

    def test_both_streams_at_every_rate(self):
        for num, den in ((24, 1), (24000, 1001), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1), (60000, 1001), (60, 1)):
            path = self.make("a.mkv", f"{CARD}:rate={num}/{den}:frames=90[v][a]")
            self.frames(path, 90)
            left, right = self.read(path)
            total = samples_before(90, num, den)
            self.assertEqual((len(left), len(right)), (total, total), (num, den))
            self.assertEqual(tones(left), list(range(0, total, RATE)), (num, den))
            self.assertEqual(tones(right), [])
            self.assertEqual(left[0], 0.5)

    def test_other_sample_rates(self):
        for rate in (8000, 44100, 48000, 192000):
            path = self.make("a.mkv", f"{CARD}:frames=30:engine_opts=sample_rate={rate}[v][a]")
            left, _ = self.read(path)
            self.assertEqual(len(left), samples_before(30, rate=rate))
            self.assertEqual(tones(left), [0, rate])

    def test_cuts_are_heard_at_their_frames(self):
        shots = self.shots()
        wanted = [samples_before(frame) for frame in CUTS]
        for name, *codec in (("a.mkv", "pcm_f32le"), ("b.mkv", "flac"), ("c.mov", "alac"), ("d.mp4", "alac")):
            path = self.make(name, f"t2vsrc=model=testcard:storyboard={shots}:sound=1[v][a]", *BOTH, "-c:a", *codec)
            left, right = self.read(path)
            self.assertEqual(len(left), samples_before(72))
            self.assertEqual(tones(right), wanted, name)
            self.assertEqual(tones(left), [0, RATE, 2 * RATE], name)

    def test_encoders_that_want_frames_of_their_own_size(self):
        # Up to FFmpeg 6.0 they would refuse the first frame, or fill it up with silence and move all behind it.
        shots = self.shots()
        for name, *codec in (("a.mp4", "aac"), ("b.mkv", "ac3"), ("c.webm", "libopus", "-c:v", "libvpx", "-ar", "48000")):
            if run(["ffmpeg", "-v", "quiet", "-h", "encoder=" + codec[0]])[0].find("sample formats") < 0:
                continue
            path = self.make(name, f"t2vsrc=model=testcard:storyboard={shots}:sound=1[v][a]", *BOTH, "-c:a", *codec)
            scale = 48000 / RATE if "48000" in codec else 1
            _, right = self.read(path)
            found = tones(right, loud=0.2)
            self.assertEqual(len(found), len(CUTS), (name, found))
            delay = 256 if codec[0] == "ac3" else 0  # the encoder's own, which Matroska does not take off
            for at, frame in zip(found, CUTS):
                self.assertAlmostEqual(at, samples_before(frame) * scale + delay, delta=40, msg=name)

    def test_pictures_do_not_depend_on_it(self):
        with_sound, _ = self.ok(ffmpeg(f"{CARD}:frames=30[v][a];[a]anullsink", "-map", "[v]", "-f", "framemd5", "-"))
        without, _ = self.ok(ffmpeg("t2vsrc=model=testcard:prompt=fox:frames=30"))
        self.assertEqual(digests(with_sound), digests(without))

    def test_the_samples_are_those_of_the_program_and_of_the_lavfi_device(self):
        path = self.path("a.wav")
        self.ok(run(ZT_ENV + [os.path.join(BUILD, "cli", "zoetrope"), "generate", "fox", "--model=testcard", "--frames=50", "-o", path]))
        ours = self.read(path)
        self.assertEqual(ours, self.read(self.make("b.mkv", f"{CARD}:frames=50[v][a]")))
        device = self.path("c.mkv")
        self.ok(run(FFMPEG + ["-f", "lavfi", "-i", f"{CARD}:frames=50[out0][out1]", "-c:v", "ffv1", "-c:a", "pcm_f32le", device]))
        self.frames(device, 50)
        self.assertEqual(ours, self.read(device))

    def test_one_of_the_two_may_be_dropped_or_end_before(self):
        path = self.make("a.mkv", f"{CARD}:frames=48[v][a];[v]nullsink", "-map", "[a]", "-c:a", "pcm_f32le")
        self.assertEqual(len(self.read(path)[0]), 64000)
        path = self.make("b.mkv", f"{CARD}:frames=48[v][a];[a]atrim=end=0.5[b]", "-map", "[v]", "-map", "[b]", "-c:a", "pcm_f32le")
        self.frames(path, 48)
        self.assertEqual(len(self.read(path)[0]), 16000)
        path = self.make("c.mkv", f"{CARD}:frames=48[v][a];[v]trim=end_frame=12[w]", "-map", "[w]", "-map", "[a]", "-c:a", "pcm_f32le")
        self.frames(path, 12)
        self.assertEqual(len(self.read(path)[0]), 64000)

    def test_endless_ends_with_who_reads(self):
        path = self.make("a.mkv", f"{CARD}:frames=-1[v][a]", *BOTH, "-t", "2", "-c:a", "pcm_f32le")
        self.frames(path, 48)
        self.assertEqual(len(self.read(path)[0]), 64000)

    def test_ten_minutes_do_not_drift_and_memory_stays(self):
        peaks = []
        for seconds in (60, 600):
            path = self.path("a.f32")
            _, err = self.ok(ffmpeg(f"{CARD}:size=16x16:frames=-1[v][a]", "-map", "[a]", "-t", str(seconds), "-f", "f32le", "-c:a",
                                    "pcm_f32le", path, "-map", "[v]", "-t", str(seconds), "-f", "null", "-", options=["-benchmark"],
                                    timeout=300))
            peaks.append(int(re.search(r"maxrss=(\d+)", err)[1]))
            with open(path, "rb") as file:
                both = array.array("f", file.read())
            self.assertEqual(len(both), 2 * RATE * seconds)
            for second in range(seconds):
                self.assertEqual(both[2 * RATE * second], 0.5, second)
                self.assertEqual(both[2 * RATE * second - 2], 0.0, second)
        self.assertLess(peaks[1] - peaks[0], 8 * 1024, peaks)

    def test_a_picture_that_moves_and_a_clip_that_goes_on(self):
        source = ["-f", "lavfi", "-i", "testsrc2=s=256x144:r=24:d=1.3333"]
        card = "i2v=model=testcard:prompt=x:sound=1"
        path = self.make("a.mkv", f"[0:v]{card}:frames=48[v][a]", options=source)
        self.frames(path, 48)
        self.assertEqual(tones(self.read(path)[0]), [0, RATE])
        # What passes through has no sound that is known; behind it the clip begins.
        path = self.make("b.mkv", f"[0:v]scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,{card}:mode=extend:frames=48[v][a]",
                         options=source)
        count = int(probe(path)["nb_read_frames"])
        self.assertEqual(count, 32 + 48)
        left, right = self.read(path)
        self.assertEqual(len(left), samples_before(count))
        self.assertEqual(tones(left), [samples_before(32), samples_before(32) + RATE])
        self.assertEqual(max(left[:samples_before(32)]), 0.0)

    def test_refusals(self):
        for model, graph in (("storybook", "t2vsrc=model=storybook:prompt=x:sound=1[v][a]"),
                             ("the test card", f"{CARD}:engine_opts=sample_rate=0[v][a]")):
            _, err, status = ffmpeg(graph, *BOTH, "-f", "null", "-")
            self.assertNotEqual(status, 0)
            self.assertIn("sound: expected 0 (this model is mute), got 1", err, model)
        # Without it there is no second output to be named.
        _, err, status = ffmpeg("t2vsrc=model=testcard:prompt=x[v][a]", *BOTH, "-f", "null", "-")
        self.assertNotEqual(status, 0)


if __name__ == "__main__":
    main()
