# SPDX-License-Identifier: LGPL-2.1-or-later
"""Storyboards through the stock programs: six shots whose cuts fall on the exact frame at every rate, the same in
FFmpeg and GStreamer; morphs; live prompts between the cues."""
import os
import re
import shutil
import unittest

from ffmpeg_common import MODEL, SIZE, ZT_ENV, MediaTest, ffmpeg, main, run

RATES = {"24": (24, 1), "25": (25, 1), "30000/1001": (30000, 1001)}
FIRST, FRAMES = [0, 7, 30, 31, 55, 80], 100      # one shot is a single frame, most begin inside a chunk
PROMPTS = ["a red fox runs through the snow at night", "a blue fish jumps on the beach", "a yellow boat dances on the beach at night",
           "一只红色的狐狸在雪地里奔跑", "a green bird flies in the forest", "a purple balloon flies in the city at night"]
FRAME_BYTES = SIZE[0] * SIZE[1] * 3 // 2


def moment(frame, rate, sign=","):
    """A frame's own time in the milliseconds of a cue."""
    ms = (frame * 2000 * rate[1] + rate[0]) // (2 * rate[0])
    return "%02d:%02d:%02d%s%03d" % (ms // 3600000, ms // 60000 % 60, ms // 1000 % 60, sign, ms % 1000)


def shots(rate, vtt=False):
    cues = ["WEBVTT"] if vtt else []
    for number, (begin, end, prompt) in enumerate(zip(FIRST, FIRST[1:] + [FRAMES], PROMPTS), 1):
        cues.append(f"{number}\n{moment(begin, rate, ',.'[vtt])} --> {moment(end, rate, ',.'[vtt])}\n<i>{prompt}</i>")
    return "\n\n".join(cues) + "\n"


def shot_of(frame):
    return sum(frame >= first for first in FIRST) - 1


def pictures(raw):
    return [raw[at:at + FRAME_BYTES] for at in range(0, len(raw), FRAME_BYTES)]


class Storyboard(MediaTest):
    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def raw(self, options):
        """The clip's pictures, and {frame: shot} of the frames that carry metadata."""
        out, _ = self.ok(ffmpeg(f"t2vsrc={options},metadata=print:file={self.path('marks.txt')}", "-f", "rawvideo", "-", text=False))
        with open(self.path("marks.txt"), encoding="utf-8") as file:
            found = re.findall(r"pts:(\d+) .*\n(?:(?!frame:).*\n)*?lavfi\.zoetrope\.shot=(\d+)", file.read())
        return pictures(out), {int(pts): int(shot) for pts, shot in found}

    def alone(self, rate):
        """Each prompt as a clip of its own: the test card draws a frame from its number and its prompt only."""
        clips = {}
        for prompt in PROMPTS:
            clips[prompt], _ = self.raw(f"model=testcard:rate={rate}:frames={FRAMES}:prompt='{prompt}'")
        return clips

    def check_shots(self, marks):
        for frame, shot in marks.items():
            self.assertEqual(shot, shot_of(frame), f"frame {frame}")
        for first in FIRST:
            self.assertIn(first, marks)

    def test_cuts_fall_on_the_exact_frame(self):
        for name, rate in RATES.items():
            path = self.write("shots.vtt" if rate == (25, 1) else "shots.srt", shots(rate, rate == (25, 1)))
            clip, marks = self.raw(f"model=testcard:rate={name}:storyboard={path}")
            self.assertEqual(len(clip), FRAMES)
            self.check_shots(marks)
            alone = self.alone(name)
            for frame, picture in enumerate(clip):
                self.assertTrue(picture == alone[PROMPTS[shot_of(frame)]][frame], f"{name}: frame {frame}")

    @unittest.skipUnless(shutil.which("gst-launch-1.0"), "no gst-launch-1.0")
    def test_gstreamer_makes_the_same_clip(self):
        for name, rate in RATES.items():
            path = self.write("shots.srt", shots(rate))
            clip, _ = self.raw(f"model=testcard:rate={name}:storyboard={path}")
            self.ok(run(ZT_ENV + ["gst-launch-1.0", "-q", "t2vsrc", "model=testcard", f"storyboard={path}", "!",
                                  f"video/x-raw,format=I420,framerate={rate[0]}/{rate[1]}", "!", "filesink", f"location={self.path('gst.yuv')}"]))
            with open(self.path("gst.yuv"), "rb") as file:
                self.assertTrue(pictures(file.read()) == clip, name)

    def test_the_built_in_model_cuts_there_too(self):
        clips = {}
        for name, rate in RATES.items():
            clips[name], marks = self.raw(f"model={MODEL}:size={SIZE[0]}x{SIZE[1]}:rate={name}:storyboard={self.write('shots.srt', shots(rate))}")
            self.check_shots(marks)
        # The shots begin on the same frames at each rate; inside one, frames of the same time show the same picture.
        clip = clips["24"]
        self.assertEqual(len(clip), FRAMES)
        for name, (num, den) in RATES.items():
            for frame, picture in enumerate(clips[name]):
                first = FIRST[shot_of(frame)]
                at, off = divmod((frame - first) * 24 * den, num)
                if off == 0:
                    self.assertTrue(picture == clip[first + at], f"{name}: frame {frame}")
        luma = SIZE[0] * SIZE[1]
        steps = [sum(abs(a - b) for a, b in zip(before[:luma:7], after[:luma:7])) for before, after in zip(clip, clip[1:])]
        usual = sorted(steps)[len(steps) // 2]
        for first in FIRST[1:]:
            self.assertGreater(steps[first - 1], 2 * usual, f"the cut to frame {first}")

    def test_odd_files(self):
        # Byte-order mark, CR LF, times only, a gap, an overlap, an empty cue, Chinese over two lines, no end of the last line.
        path = self.path("odd.srt")
        with open(path, "wb") as file:
            file.write("\ufeff00:00:00,500 --> 00:00:01,000\r\n一只红狐狸\r\n在雪地里跑\r\n\r\n00:00:02,000 --> 00:00:09,000\r\nan owl\r\n\r\n"
                       "9\r\n00:00:02,500 --> 00:00:02,600\r\n\r\n00:00:03,000 --> 00:00:04,000\r\n<i>a\r\nbear</i>".encode())
        clip, marks = self.raw(f"model=testcard:storyboard={path}")
        self.assertEqual(len(clip), 9 * 24)
        for first, last, prompt in ((0, 48, "一只红狐狸在雪地里跑"), (48, 72, "an owl"), (72, 216, "a bear")):
            alone, _ = self.raw(f"model=testcard:frames={last}:prompt='{prompt}'")
            self.assertTrue(clip[first:last] == alone[first:], prompt)
        self.assertEqual({frame: shot for frame, shot in marks.items() if frame in (0, 48, 72)}, {0: 0, 48: 1, 72: 2})

    def test_morph_keeps_the_frames_and_changes_slowly(self):
        path = self.write("shots.srt", "00:00:00,000 --> 00:00:01,000\na fox\n\n00:00:01,000 --> 00:00:03,000\nan owl\n")
        cut, _ = self.raw(f"model=testcard:storyboard={path}")
        morph, marks = self.raw(f"model=testcard:transition=morph:storyboard={path}")
        self.assertEqual(marks[24], 1)
        self.assertTrue(morph[:25] == cut[:24] + self.raw("model=testcard:frames=25:prompt='a fox'")[0][24:])
        self.assertTrue(all(morph[frame] != cut[frame] for frame in range(24, 47)))
        self.assertTrue(morph[48:] == cut[48:])      # a second later it is there
        clip, marks = self.raw(f"model={MODEL}:size={SIZE[0]}x{SIZE[1]}:transition=morph:storyboard={path}")
        self.assertEqual((len(clip), marks[24]), (72, 1))

    def test_length(self):
        path = self.write("shots.srt", shots((24, 1)))
        for options, count in (("frames=40", 40), ("duration=5", 120)):
            clip, marks = self.raw(f"model=testcard:{options}:storyboard={path}")
            self.assertEqual(len(clip), count)
            for frame, shot in marks.items():
                self.assertEqual(shot, shot_of(frame))
        _, err, _ = ffmpeg(f"t2vsrc=model=testcard:frames=40:storyboard={path}")
        self.assertIn("shots.srt: the clip ends with frame 39; 2 of 6 shots begin after it and never come", err)

    def test_errors_name_the_line(self):
        path = self.write("shots.srt", "1\n00:00:00,000 -> 00:00:01,000\na fox\n")
        _, err, status = ffmpeg(f"t2vsrc=model=testcard:storyboard={path}")
        self.assertNotEqual(status, 0)
        self.assertIn("shots.srt: line 2: expected HH:MM:SS,mmm --> HH:MM:SS,mmm, got \"00:00:00,000 -> 00:00:01,000\"", err)
        _, err, _ = ffmpeg(f"t2vsrc=model=testcard:prompt=x:storyboard={path}")
        self.assertIn("got prompt and storyboard", err)

    def test_files_as_people_have_them(self):
        two = "1\n00:00:00 --> 00:00:01\na fox\n\n2\n00:00:01,00 --> 00:00:02\nan owl\n\nflies\n"
        blocks = two.replace("\n", "\r\n").encode("utf-16")
        path = self.path("shots.srt")
        with open(path, "wb") as file:
            file.write(blocks)
        clip, marks = self.raw(f"model=testcard:storyboard={path}")
        self.assertEqual((len(clip), marks[24]), (48, 1))
        path = self.write("same.srt", "00:00:00,000 --> 00:00:01,000\na fox\n\n00:00:00,000 --> 00:00:01,000\nin the snow\n")
        _, err, status = ffmpeg(f"t2vsrc=model=testcard:storyboard={path}")
        self.assertEqual(status, 0, err)
        self.assertIn("same.srt: line 4: begins on the same frame as the cue before, so their texts are one prompt", err)

    def test_live_prompt_holds_until_the_next_cue(self):
        path = self.write("shots.srt", "00:00:00,000 --> 00:00:04,000\na fox\n\n00:00:04,000 --> 00:00:06,000\nan owl\n")
        commands = self.write("commands.txt", "1.0 t2vsrc prompt 'a bear';\n")
        out, err = self.ok(ffmpeg(f"t2vsrc=model=testcard:metadata_prompt=1:storyboard={path},sendcmd=f={commands},"
                                  f"metadata=print:file={self.path('marks.txt')}"))
        first = int(re.search(r"prompt: new value from frame (\d+) on", err).group(1))
        with open(self.path("marks.txt"), encoding="utf-8") as file:
            found = re.findall(r"pts:(\d+) .*\n(?:(?!frame:).*\n)*?lavfi\.zoetrope\.prompt=(.*)", file.read())
        self.assertTrue(24 < first < 96, first)
        for pts, prompt in found:
            wanted = "an owl" if int(pts) >= 96 else "a bear" if int(pts) >= first else "a fox"
            self.assertEqual(prompt, wanted, pts)


if __name__ == "__main__":
    main()
