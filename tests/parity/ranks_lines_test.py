# SPDX-License-Identifier: LGPL-2.1-or-later
"""What rank 0 hears of the others on their lines, and makes of it. Between it and each of them stands this test, which hands on what they say and changes some
of it: late, failed and lost answers at the very place that is meant.

    ranks_lines_test.py ENGINE [GROUP]...     groups: opening refused reason silence mesh; all without"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import ranks_test as ranks
from ranks_test import report

HOST = str(pathlib.Path(__file__).resolve().parent / "ranks_host.py")
OPENED, FAILED, ADDRESS, ABORT = 2, 6, 7, 9      # engine/ranks/link.h
SHORT = dict(prompt="a red fox runs", size="64x48", frames="9", steps="3", seed="3", cpu_threads="1", precision="fp32")


class Line:
    """Of one rank. hears: given a kind and a text that it says, what rank 0 hears instead, a list of such pairs."""

    def __init__(self, port, hears):
        self.listener, self.to, self.hears, self.ended = socket.create_server(("127.0.0.1", 0)), port, hears, threading.Event()
        self.port, self.rank = self.listener.getsockname()[1], None
        threading.Thread(target=self.carry, daemon=True).start()

    def carry(self):
        self.rank = self.listener.accept()[0]
        self.listener.close()                      # it calls once
        with self.rank, self.rank0() as zero:
            threading.Thread(target=self.down, args=(zero,), daemon=True).start()
            with contextlib.suppress(OSError, struct.error):
                zero.sendall(self.rank.recv(24, socket.MSG_WAITALL))
                zero.sendall(self.rank.recv(160, socket.MSG_WAITALL))
                while True:
                    kind, size = struct.unpack("<BI", self.rank.recv(5, socket.MSG_WAITALL))
                    for heard, text in self.hears(kind, self.rank.recv(size, socket.MSG_WAITALL) if size else b""):
                        zero.sendall(struct.pack("<BI", heard, len(text)) + text)
            with contextlib.suppress(OSError):
                zero.shutdown(socket.SHUT_RDWR)
        self.ended.set()

    def rank0(self):
        for _ in range(600):
            with contextlib.suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self.to))
            time.sleep(0.05)
        raise TimeoutError("rank 0 does not listen")

    def down(self, zero):
        with contextlib.suppress(OSError):
            while said := zero.recv(65536):
                self.rank.sendall(said)
            self.rank.shutdown(socket.SHUT_RDWR)

    def say(self, kind):
        """To the rank, as rank 0."""
        self.rank.sendall(struct.pack("<BI", kind, 0))


class Meeting:
    """Rank 0 with a command, and others whose lines go through here: hears[i] is rank i + 1's."""

    def __init__(self, command, hears):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.lines = [Line(port, one) for one in hears]
        self.ranks = [self.start(rank, at, command if rank == 0 else ["true"]) for rank, at in enumerate([port, *(line.port for line in self.lines)])]

    def start(self, rank, port, command):
        variables = ranks.environment(WORLD_SIZE=str(len(self.lines) + 1), RANK=str(rank), LOCAL_RANK=str(rank), ZOETROPE_RANKS_SECRET=ranks.SECRET)
        return subprocess.Popen([ranks.ENV, "zoetrope", "launch", "--timeout", "30", "--address", f"127.0.0.1:{port}", "--", *command], env=variables, text=True,
                                start_new_session=True, stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL, stderr=subprocess.PIPE if rank == 0 else subprocess.DEVNULL)

    def signal(self, rank, number):
        os.killpg(self.ranks[rank].pid, number)

    def end(self, seconds=60):
        """What rank 0's program said, on both ways."""
        try:
            return self.ranks[0].communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.signal(0, signal.SIGKILL)
            out, log = self.ranks[0].communicate()
            return out, log + "it hung"
        finally:
            for one in self.ranks:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(one.pid, signal.SIGKILL)
                one.wait()


def hosted(steps, hears):
    """What a host that does so said, by step, and the log."""
    out, log = Meeting([sys.executable, HOST, sys.argv[1], json.dumps(steps)], hears).end()
    return [json.loads(line) for line in out.splitlines()], log


def as_said(kind, text):
    return [(kind, text)]


def the_nth(wanted, nth, instead):
    """Changes the nth (from 1) message of a kind to what instead(kind, text) gives."""
    count = 0

    def hears(kind, text):
        nonlocal count
        count += kind == wanted
        return instead(kind, text) if kind == wanted and count == nth else [(kind, text)]
    return hears


def late(seconds):
    """A message that is heard so much later."""
    def instead(kind, text):
        time.sleep(seconds)
        return [(kind, text)]
    return instead


def after(event):
    def instead(kind, text):
        event.wait(30)
        return [(kind, text)]
    return instead


def noted(event):
    def instead(kind, text):
        event.set()
        return [(kind, text)]
    return instead


def took(told):
    return [line["time"] - before for line, before in zip(told, [0, *(line["time"] for line in told)])]


# ---- Models that are opened later ------------------------------------------------------------------

def opening(models):
    """While one model's clip is denoised, another is opened at once; the others open it with its first clip, and that wait can be given up."""
    steps = [["open", dict(SHORT, model=models["t2v"]), "A"], ["session", "a", dict(ranks.LONG, prefetch=1), "A"], ["sleep", 0.5],
             ["open", dict(SHORT, model=models["t2v_other"]), "B"], ["progress", "a"], ["session", "b", dict(prefetch=1), "B"], ["sleep", 0.3], ["destroy", "a"],
             ["sleep", 1], ["destroy", "b"], ["session", "c", {}, "A"], ["read", "c", -1], ["session", "d", {}, "B"], ["read", "d", -1]]
    told, log = hosted(steps, [the_nth(OPENED, 2, late(4))])
    report.check("two models of one host: it does all it should", len(told) == len(steps), log[-600:])
    if len(told) != len(steps):
        return
    time_of = took(told)
    report.check("a model is opened at once while another one's clip is denoised", told[4]["stage"] == "denoise" and time_of[3] < ranks.soon(3), f"{time_of[3]:.1f} s, {told[4]}")
    report.check("a session that waits for the others to open its model ends at once", time_of[9] < 1 < time_of[11],
                 f"{time_of[9]:.2f} s, the next one's clip {time_of[11]:.2f} s")
    report.check("behind it the clips of both models are made", [told[11]["frames"], told[13]["frames"]] == [9, 9] and log.count("2 ranks; rank 0 sent") == 2, log[-600:])


def refused(models):
    """A model that one rank cannot open, or finds to be another: its error alone; what was open goes on."""
    steps = [["open", dict(SHORT, model=models["t2v"]), "A"], ["try", ["open", dict(SHORT, model=models["t2v_other"]), "B"]], ["session", "a", {}, "A"], ["read", "a", -1],
             ["try", ["open", dict(SHORT, model=models["t2v_other"]), "B"]], ["session", "b", {}, "A"], ["read", "b", -1],
             ["open", dict(SHORT, model=models["t2v_other"]), "B"], ["session", "c", {}, "B"], ["read", "c", -1]]
    first = the_nth(OPENED, 2, lambda kind, text: [(FAILED, b"expected 9 GB free, got 1 GB")])
    told, log = hosted(steps, [first, the_nth(OPENED, 3, lambda kind, text: [(OPENED, text[::-1])])])
    report.check("a model that a rank cannot open: the host goes on", len(told) == len(steps), log[-600:])
    if len(told) != len(steps):
        return
    report.check("its error names the rank", told[1].get("error", "").startswith("rank 1: expected 9 GB free") and told[4].get("error", "").startswith("rank 2: expected model"),
                 [told[1], told[4]])
    report.check("clips of the model before it, and of it once all have opened it", [told[i]["frames"] for i in (3, 6, 9)] == [9, 9, 9] and
                 log.count("3 ranks; rank 0 sent") == 3, log[-600:])


# ---- Which rank, and what it met -------------------------------------------------------------------

def reason(models):
    """A rank that fails before its address is named, and stays the one that is named, in sessions that come after all have ended."""
    why = "expected a socket, got: Too many open files"
    steps = [["open", dict(SHORT, model=models["t2v"]), "A"], ["session", "a", {}, "A"], ["try", ["read", "a", -1]], ["sleep", 1], ["destroy", "a"],
             ["session", "b", {}, "A"], ["try", ["read", "b", -1]]]
    told, log = hosted(steps, [as_said, the_nth(ADDRESS, 1, lambda kind, text: [(FAILED, why.encode())])])
    said = [line["error"] for line in told if "error" in line]
    report.check("a rank that fails before its address: it and its reason are named, in the next session as well", said == ["rank 2: " + why] * 2, f"{said} {log[-400:]}")


def silence(models):
    """What breaks while another rank is busy: that one is not said to have kept silent for the time-out."""
    meeting = Meeting(ranks.ffmpeg(ranks.source(models["t2v"], **ranks.LONG, guidance="1"), "-f", "null", "-"), [as_said, as_said])
    while (line := meeting.ranks[0].stderr.readline()) and "foreseen" not in line:
        pass
    time.sleep(1)
    meeting.signal(1, signal.SIGSTOP)
    meeting.lines[1].say(ABORT)                    # rank 2 gives up its connections, as after a fault of the network
    began = time.monotonic()
    _, log = meeting.end()
    report.check("rank 1 is at work when a connection breaks: what was seen is said, and how long it did not answer", "; rank 1: no answer for 2 s" in log and
                 "expected every rank to take its part" in log and "within 30 s" not in log, f"{time.monotonic() - began:.1f} s: {log[-500:]}")


def mesh(models):
    """A rank is killed between its address and everybody's: known at once, not by Gloo's waiting for it."""
    for victim, other in ((1, 2), (2, 1)):
        said, dead = threading.Event(), threading.Event()
        hears = {other: the_nth(ADDRESS, 1, after(dead)), victim: the_nth(ADDRESS, 1, noted(said))}
        meeting = Meeting(ranks.ffmpeg(ranks.source(models["t2v"], **ranks.LONG), "-f", "null", "-"), [hears[1], hears[2]])
        there = said.wait(30)
        meeting.signal(victim, signal.SIGKILL)
        gone = meeting.lines[victim - 1].ended.wait(10)
        began = time.monotonic()
        dead.set()
        _, log = meeting.end()
        seconds = time.monotonic() - began
        report.check(f"rank {victim} dies while a mesh is made: it is named within 2 s", there and gone and seconds < ranks.soon() and
                     f"rank {victim}: expected its answer, got the end of it" in log, f"{seconds:.1f} s: {log[-500:]}")
    steps = [["open", dict(SHORT, model=models["t2v"])], ["session", "a", dict(prefetch=1)], ["sleep", 1], ["destroy", "a"], ["session", "b", {}], ["read", "b", -1]]
    told, log = hosted(steps, [the_nth(ADDRESS, 1, late(3))])
    report.check("a clip that is given up while a mesh is made ends at once, and the next is made", len(told) == len(steps) and took(told)[3] < ranks.soon() and
                 told[-1]["frames"] == 9, f"{[round(seconds, 2) for seconds in took(told)]} {log[-500:]}")


GROUPS = dict(opening=opening, refused=refused, reason=reason, silence=silence, mesh=mesh)

if __name__ == "__main__":
    ranks.main(GROUPS)
