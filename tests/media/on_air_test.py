# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every line of docs/recipes.md that is for the air, for some seconds over loopback, into a stock ffmpeg: each frame there,
times, colours and sound those of the card. tests/soak/on-air does the same for minutes.

All senders of one program run at once, in real time. What measures them is measured first, on recordings with one fault
each."""
import concurrent.futures
import pathlib
import shutil
import tempfile
import unittest

import on_air
import pages
from ffmpeg_common import BUILD, FFMPEG, MediaTest, main, run
from on_air import OnAir, RATE, WAYS, faults
from reception import RECORD, Reception

SECONDS = 16


class Measure(MediaTest):
    """A recording made without a way between, whole or with a fault."""

    def faults_of(self, picture="null", sound="anull", before=()):
        air = OnAir(self.folder, "SRT", on_air.FFMPEG, SECONDS)
        graph = f"t2vsrc=model=testcard:storyboard=shots.srt:rate=25:sound=1[p][s];[p]trim=end_frame={RATE * SECONDS},{picture}," \
                f"{RECORD[RECORD.index('-vf') + 1]}[v];[s]atrim=end={SECONDS},{sound}[a]"
        record = ["-map", "[v]", "-map", "[a]"] + RECORD[RECORD.index("-fps_mode"):]
        record[record.index("-enc_time_base:v") + 1] = "1:1000"
        self.ok(run(FFMPEG + list(before) + ["-filter_complex", graph] + record + ["seen.nut"], cwd=self.folder))
        pathlib.Path(air.file("receiver.log")).write_text("Video: h264 (High), yuv420p(tv, bt709, progressive)")
        return "\n".join(faults(air, Reception(air.file("seen.nut"), on_air.truth(self.folder, None))))

    def test_without_a_fault_it_finds_none(self):
        self.assertEqual(self.faults_of(), "")

    def test_a_frame_that_is_lost(self):
        self.assertEqual(self.faults_of(r"select='not(eq(n\,211))'"), "expected every frame, got [(210, 212)]")  # none with a tone

    def test_a_frame_at_a_wrong_time(self):
        self.assertIn("expected times within 1 ms of the frames', got 8.00 ms", self.faults_of(r"settb=1/1000,setpts='PTS+8*eq(N\,200)'"))

    def test_sound_that_is_late(self):
        found = self.faults_of(sound="adelay=5:all=1")
        for side in ("left", "right"):
            self.assertIn(f"expected tones on the {side} within 2 ms of their frames, got (0.005, 0.005)", found)

    def test_sound_with_a_gap(self):
        self.assertIn("expected sound without gap", self.faults_of(sound=r"aselect='not(between(t\,3\,3.1))'"))

    def test_tones_that_are_missing(self):
        self.assertIn("expected a tone at each cut, got 0 on the right", self.faults_of(sound="pan=stereo|c0=c0|c1=0*c0"))

    def test_colours_of_another_standard(self):
        self.assertIn("expected the card's colours", self.faults_of("format=yuv420p,setparams=colorspace=bt470bg"))
        self.assertIn("expected the card's colours", self.faults_of("format=yuv420p,setparams=range=pc"))


class Program(MediaTest):
    """All ways of one program at once; the tests look at one each."""
    number, program = None, None

    @classmethod
    def setUpClass(cls):
        if cls.number is None or not shutil.which(cls.program):
            raise unittest.SkipTest(f"no {cls.program}")
        cls.folders = {heading: tempfile.mkdtemp(prefix="on-air-", dir=BUILD) for heading in WAYS}
        for folder in cls.folders.values():
            cls.addClassCleanup(shutil.rmtree, folder)
        cls.air = {heading: OnAir(folder, heading, cls.number, SECONDS) for heading, folder in cls.folders.items()}
        with concurrent.futures.ThreadPoolExecutor(len(WAYS)) as pool:
            cls.got = {heading: pool.submit(air.receive) for heading, air in cls.air.items()}

    def look(self, heading):
        self.assertEqual(faults(self.air[heading], self.got[heading].result()), [], self.air[heading].logs())

    def test_srt(self):
        self.look("SRT")

    def test_rtmp(self):
        self.look("RTMP")

    def test_rtp(self):
        self.look("RTP")

    def test_hls(self):
        self.look("HLS")

    def test_udp(self):
        self.look("MPEG-TS over UDP")


class Ffmpeg(Program):
    number, program = on_air.FFMPEG, "ffmpeg"


class GStreamer(Program):
    number, program = on_air.GSTREAMER, "gst-launch-1.0"


class Page(unittest.TestCase):
    def test_each_way_is_on_the_page_for_both_programs(self):
        for heading in WAYS:
            first, second = pages.under("recipes.md", heading, "sh")
            self.assertIn("tools/zt-env ffmpeg ", first)
            self.assertIn("tools/zt-env gst-launch-1.0 ", second)


del Program     # no case of its own

if __name__ == "__main__":
    main()
