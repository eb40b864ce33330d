# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a receiver of the test card saw and heard, measured on what it recorded.

The card (model=testcard, sound=1) is its own measure: 32 blocks at the bottom are the frame's number, a tone of 1 kHz on
the left begins at each second, one of 2 kHz on the right at each cut, each with its peak. So a recording tells which
frames came, when, in which colours, and whether a tone is heard when its frame is seen, without a look at the sender.

A recording is a NUT file of one picture and one sound stream (RECORD makes it): decoded by the receiver, converted to
RGB by the tags that it decoded, with the time stamps that it received. Times are fractions of seconds on the
receiver's clock. Used by on_air_test.py, and by tests/soak/on-air for ten minutes."""
import array
import bisect
import shutil
import statistics
import subprocess
from fractions import Fraction

from ffmpeg_common import ffmpeg_version

DEMUXER = "demux" if shutil.which("ffmpeg") and ffmpeg_version() >= (6, 1) else "-1"     # the times of the stream, not of a rate
# Behind -copyts -i ADDRESS: each frame once as it was decoded, no frame doubled or dropped for the file's sake.
RECORD = ["-map", "0:v:0", "-map", "0:a:0", "-vf", "scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp,format=gbrp",
          "-fps_mode", "passthrough", "-enc_time_base:v", DEMUXER, "-c:v", "ffv1", "-c:a", "pcm_s16le", "-ac", "2", "-f", "nut"]
BITS = 32
LOUD, SILENCE = 0.2, 300   # of full scale; samples without it before a tone may begin
LOOKED_AT = 97             # pixels between those that are compared: no divisor of a row


def lines_of(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout.decode().split()


def number_of(rgb, width, height):
    """The frame's number, from the middle of the blocks at the bottom. rgb: bytes of rows of three."""
    row = (height - max(2, height // 8) // 2) * width
    bits = 0
    for block in range(BITS):
        at = 3 * (row + (2 * block + 1) * width // (2 * BITS))
        bits = 2 * bits + (rgb[at] + rgb[at + 1] + rgb[at + 2] > 3 * 128)
    return bits


def frames_of(command, width, height):
    """Frames that a command writes as raw rgb24, one by one."""
    player = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        while len(frame := player.stdout.read(3 * width * height)) == 3 * width * height:
            yield frame
    finally:
        player.stdout.close()
        player.wait()


def tones(values, peak=LOUD * 32767):
    """Samples at which one begins after silence. The first of them may be a part of one: it is left out."""
    found, last = [], None
    for at, value in enumerate(values):
        if value > peak or value < -peak:
            if last is not None and at - last > SILENCE:
                found.append(at)
            last = at
        elif last is None and at > SILENCE:
            last = -SILENCE - 1
    return found


class Reception:
    """width, height; numbers, times: of each frame; offs: of the pixels that were compared with `truth`, the mean
    difference in levels of each frame; left, right: times at which tones begin; gaps: of the sound, between packets, in seconds."""

    def __init__(self, recording, truth=None):
        """truth: a command that writes the card's frames from number 0 on as raw rgb24, to compare with."""
        shown = lines_of("ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=width,height,time_base", "-of",
                         "default=nw=1:nk=1", recording)
        self.width, self.height, tick = int(shown[0]), int(shown[1]), Fraction(shown[2])
        self.times = [int(pts) * tick for pts in self.stamps("v:0", recording)]
        self.look(recording, truth)
        self.listen(recording)

    @staticmethod
    def stamps(stream, recording):
        return [line.strip(",") for line in lines_of("ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts", "-of",
                                                     "csv=p=0", recording)]

    def look(self, recording, truth):
        play = ["ffmpeg", "-v", "error", "-nostdin", "-i", recording, "-map", "0:v", "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
        made = frames_of(truth, self.width, self.height) if truth else None
        self.numbers, self.offs, drawn = [], [], -1
        for rgb in frames_of(play, self.width, self.height):
            self.numbers.append(number_of(rgb, self.width, self.height))
            if made is None:
                continue
            while drawn < self.numbers[-1]:
                card, drawn = next(made, None), drawn + 1
                if card is None:
                    raise AssertionError(f"expected a frame below {drawn}, got number {self.numbers[-1]}")
            if drawn == self.numbers[-1]:
                seen, meant = rgb[::LOOKED_AT], card[::LOOKED_AT]
                self.offs.append(sum(abs(a - b) for a, b in zip(seen, meant)) / len(seen))
        if made is not None:
            made.close()

    def listen(self, recording):
        rate, tick = lines_of("ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "stream=sample_rate,time_base", "-of",
                              "default=nw=1:nk=1", recording)
        rate, tick = int(rate), Fraction(tick)
        packets = [line.split(",") for line in lines_of("ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", "packet=pts,size", "-of",
                                                        "csv=p=0", recording)]
        raw = subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-i", recording, "-map", "0:a", "-f", "s16le", "-c:a", "copy", "-"],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
        sound = array.array("h", raw[:len(raw) // 4 * 4])
        heard, starts, times, self.gaps = 0, [], [], []
        for pts, size in (packet[:2] for packet in packets):
            if times:
                self.gaps.append(int(pts) * tick - times[-1] - Fraction(heard - starts[-1], rate))
            starts.append(heard)
            times.append(int(pts) * tick)
            heard += int(size) // 4
        self.sample_rate, self.heard = rate, Fraction(heard, rate)

        def time_of(sample):        # by the packet that it came in
            packet = bisect.bisect(starts, sample) - 1
            return times[packet] + Fraction(sample - starts[packet], rate)
        self.left, self.right = ([time_of(at) for at in tones(side)] for side in (sound[0::2], sound[1::2]))

    def origin(self, rate):
        """When frame 0 was seen, or would have been, by the frames that came (the median). rate: frames per second."""
        return statistics.median_low(time - number / Fraction(rate) for time, number in zip(self.times, self.numbers))

    def missing(self):
        """Numbers that are not one above the last."""
        return [(a, b) for a, b in zip(self.numbers, self.numbers[1:]) if b != a + 1]

    def jitter(self, rate):
        """The farthest that a frame's time is from number / rate, in seconds; the first frame does not count."""
        zero = self.origin(rate)
        return float(max(abs(time - zero - number / Fraction(rate)) for time, number in list(zip(self.times, self.numbers))[1:]))

    def sync(self, rate, heard, meant):
        """(earliest, latest) that tones are heard after the frame that they belong to was seen, in seconds. heard: times of
        tones; meant: the frames they belong to, or None for each second. A tone belongs to the frame it is nearest to."""
        meant = range(0, self.numbers[-1] + 1, rate) if meant is None else meant
        seen = {number: time for number, time in zip(self.numbers, self.times)}
        moments = sorted(seen[number] for number in meant if number in seen)
        begin = self.times[0] + Fraction(1, 2)   # of what is heard at the very beginning a part may be lost
        offs = []
        for time in heard:
            if begin < time < self.times[-1]:
                at = bisect.bisect(moments, time)
                offs.append(float(min((time - moment for moment in moments[max(at - 1, 0):at + 1]), key=abs)))
        return (min(offs), max(offs)) if offs else None
