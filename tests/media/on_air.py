# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a sender of docs/recipes.md against a stock ffmpeg that receives on this machine, and gives what came: a Reception.

Used by on_air_test.py for some seconds, and by tests/soak/on-air for minutes. Nothing of a sender's line is changed but
its address, the size of the card where a size is given, and the prompt: a storyboard is in its place, for its cuts are heard."""
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import time

import pages
from ffmpeg_common import ZT_ENV
from reception import RECORD, Reception

RATE = 25
SHOT = 7 * RATE + 3     # frames from one cut to the next: never on a second
STOCK = ["ffmpeg", "-v", "info", "-nostats", "-nostdin", "-y", "-copyts"]
# {heading: (what listens, the receiver's arguments)}; PORT is the first of four that are free. HLS is read from its files.
WAYS = {
    "SRT": ("udp", ["-i", "srt://127.0.0.1:PORT?mode=listener"]),
    "RTMP": ("tcp", ["-listen", "1", "-f", "flv", "-i", "rtmp://127.0.0.1:PORT/app/key"]),
    "RTP": ("udp", ["-protocol_whitelist", "file,rtp,udp", "-i", "fox.sdp"]),
    "HLS": (None, ["-live_start_index", "0", "-i", "fox.m3u8"]),
    "MPEG-TS over UDP": ("udp", ["-i", "udp://127.0.0.1:PORT?fifo_size=100000"]),
}
FFMPEG, GSTREAMER = 0, 1    # which block of a heading
MOST_OFF = 6                # levels of 255: a card of 128x72 has 5, of 256x144 3; BT.601 read as BT.709 has 9


def four_ports():
    """The first of four free ones, even, for TCP and for UDP."""
    for _ in range(100):
        base = 2 * random.randrange(10000, 30000)
        try:
            for port in range(base, base + 4):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    raise AssertionError("expected four free ports in a row, got none in 100 tries")


def cuts(seconds):
    """Frames at which the storyboard cuts."""
    return list(range(SHOT, (seconds + 60) * RATE, SHOT))


def write_storyboard(path, seconds):
    def clock(frame):
        ms = frame * 1000 // RATE
        return f"{ms // 3600000:02d}:{ms // 60000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"
    edges = [0] + cuts(seconds) + [(seconds + 60) * RATE]
    cues = [f"{clock(begin)} --> {clock(end)}\nshot {number}\n" for number, (begin, end) in enumerate(zip(edges, edges[1:]))]
    pathlib.Path(path).write_text("\n".join(cues))


def truth(folder, size):
    """A command that writes the card's frames as the sender means them."""
    graph = "t2vsrc=model=testcard:storyboard=shots.srt:rate=25" + (f":size={size}" if size else "") + ",format=rgb24"
    return ["env", "-C", folder] + ZT_ENV + ["ffmpeg", "-v", "quiet", "-nostdin", "-filter_complex", graph, "-f", "rawvideo", "-"]


def listening(kind, port):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if f":{port:04X} " in pathlib.Path("/proc/net", kind).read_text():
            return
        time.sleep(0.05)
    raise AssertionError(f"expected a receiver on {kind} port {port} within 30 s, got none")


def wait_for_file(path, sender):
    deadline = time.monotonic() + 60
    while not os.path.exists(path):
        if sender.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"expected {os.path.basename(path)} from the sender, got its status {sender.poll()}")
        time.sleep(0.1)


def stop(process, how=signal.SIGINT):
    if process is None:
        return
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class OnAir:
    """One sender and its receiver. heading, number: the block of docs/recipes.md; folder: an empty one; size: of the card."""

    def __init__(self, folder, heading, number, seconds, size=None):
        self.folder, self.heading, self.number, self.seconds, self.size = folder, heading, number, seconds, size
        self.port = four_ports()
        write_storyboard(os.path.join(folder, "shots.srt"), seconds)

    def file(self, name):
        return os.path.join(self.folder, name)

    def sender(self):
        text = pages.under("recipes.md", self.heading, "sh")[self.number].replace("tools/zt-env", ZT_ENV[0])
        new = [("prompt='a red fox'", "storyboard=shots.srt"), ('prompt="a red fox" frames=-1', "storyboard=shots.srt"), (":frames=-1", ""),
               ("receiver.example:9000", f"127.0.0.1:{self.port}"), ("live.example/app", f"127.0.0.1:{self.port}/app"),
               ("receiver.example:5000", f"127.0.0.1:{self.port}"), ("port=5000", f"port={self.port}")]
        new += [(form.format(5004 + k), form.format(self.port + k)) for k in range(4) for form in ("receiver.example:{}", "port={}")]
        new += [("receiver.example", "127.0.0.1")]
        if self.size:
            width, height = self.size.split("x")
            new += [("model=testcard:", f"model=testcard:size={self.size}:"), ("framerate=25/1", f"framerate=25/1,width={width},height={height}")]
        for old, changed in new:
            text = text.replace(old, changed)
        return text

    def start(self, text, name):
        with open(self.file(name), "ab") as log:
            return subprocess.Popen(["sh", "-c", "exec " + text], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def sdp(self):
        [text] = pages.under("recipes.md", self.heading, "sdp")
        pathlib.Path(self.file("fox.sdp")).write_text(text.replace("video 5004", f"video {self.port}").replace("audio 5006", f"audio {self.port + 2}"))

    def receive(self):
        kind, words = WAYS[self.heading]
        if self.heading == "RTP":
            self.sdp()
        taker = sender = None
        try:
            if kind is None:
                sender = self.start(self.sender(), "sender.log")
                wait_for_file(self.file("fox.m3u8"), sender)
            with open(self.file("receiver.log"), "wb") as log:
                taker = subprocess.Popen(STOCK + [word.replace("PORT", str(self.port)) for word in words] + RECORD + ["seen.nut"], cwd=self.folder,
                                         stdin=subprocess.DEVNULL, stderr=log)
            if kind:
                listening(kind, self.port)
                sender = self.start(self.sender(), "sender.log")
            time.sleep(self.seconds)
            if sender.poll() is not None or taker.poll() is not None:
                raise AssertionError(f"expected both to run on, got sender {sender.poll()} and receiver {taker.poll()}:\n{self.logs()}")
        finally:
            stop(taker)
            stop(sender)
        return Reception(self.file("seen.nut"), truth(self.folder, self.size))

    def logs(self):
        return "".join(pathlib.Path(self.file(name)).read_text(errors="replace")[-3000:] for name in ("sender.log", "receiver.log")
                       if os.path.exists(self.file(name)))

    def tags(self):
        """What the receiver said of the colours: yuv420p(tv, bt709, …)."""
        found = re.search(r"Video: h264.*?(yuv\w+)\(([^)]*)\)", pathlib.Path(self.file("receiver.log")).read_text(errors="replace"))
        return (found[1], *found[2].split(", ")[:2]) if found else None


def faults(air, got):
    """What is wrong with a reception, in words; nothing where all is right."""
    wrong = []
    least = RATE * (air.seconds - 6)
    if len(got.numbers) < least:
        wrong.append(f"expected at least {least} frames, got {len(got.numbers)}")
    if got.missing():
        wrong.append(f"expected every frame, got {got.missing()[:3]}")
    if got.jitter(RATE) > 0.001:    # frames are 40 ms apart: so they grow, too
        wrong.append(f"expected times within 1 ms of the frames', got {1000 * got.jitter(RATE):.2f} ms")
    if max(got.gaps) > 0.001 or min(got.gaps) < -0.001:
        wrong.append(f"expected sound without gap, got {1000 * float(min(got.gaps)):.2f} to {1000 * float(max(got.gaps)):.2f} ms")
    for side, heard, meant in (("left", got.left, None), ("right", got.right, cuts(air.seconds))):
        if len(heard) < (air.seconds - 6) * (1 if meant is None else RATE / SHOT) - 1:
            wrong.append(f"expected a tone at each {'second' if meant is None else 'cut'}, got {len(heard)} on the {side}")
        elif max(map(abs, got.sync(RATE, heard, meant))) > 0.002:
            wrong.append(f"expected tones on the {side} within 2 ms of their frames, got {got.sync(RATE, heard, meant)}")
    if air.tags() != ("yuv420p", "tv", "bt709"):
        wrong.append(f"expected yuv420p, tv, bt709, got {air.tags()}")
    off = sum(got.offs) / len(got.offs)
    if off > MOST_OFF:
        wrong.append(f"expected the card's colours within {MOST_OFF} levels on the mean, got {off:.1f}")
    return wrong
