# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tiles of the decoders spread over ranks (Gloo, on loopback; `zoetrope launch` with the stock ffmpeg or a host of the C API), on tiny seeded models:
the same clip, piece by piece, and what happens in the middle of it.

    ranks_tiles_test.py ENGINE [GROUP]...     groups: equal whole pieces pause sessions faults stall ends; all without"""
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

import cogvideox_oracle
import minimax_h3_oracle
import oracle
import ranks_test as ranks
import wan_oracle
from ranks_test import common, report

CHOSEN = sys.argv[2:]
RANDOM = random.Random(ranks.RANDOM.random())
HOST = str(pathlib.Path(__file__).resolve().parent / "ranks_host.py")
SMALL = dict(size="224x160", engine_opts="tiling=small", steps="1")     # HunyuanVideo: 2 x 3 tiles, 13 frames and then 12 at a time
LONG = dict(SMALL, frames="257")                                         # decoded for longer than any test of a fault
SENT, TILES = r"ranks: \d ranks; rank 0 sent \d+ bytes", r"ranks: of (\d+) tiles of the decoder (\d+) came from other ranks, (\d+) bytes"


def tiles_of(log):
    """Of each clip: tiles, those from other ranks, bytes."""
    return [tuple(int(number) for number in found) for found in re.findall(TILES, log)]


def pixels_of(frames, width, height):
    return 4 * 3 * frames * width * height      # bytes in fp32


# ---- The same clip ---------------------------------------------------------------------------------

def equal(models):
    # title, model, options, tiles of the clip
    cases = [("HunyuanVideo", "hv", dict(SMALL, frames="33"), 18), ("CogVideoX", "cog", dict(size="144x64", frames="17", steps="2", engine_opts="tiling=on"), 6),
             ("MiniMax-H3", "h3", dict(size="448x288", frames="39", steps="1"), 4)]
    for title, model, options, count in cases:
        one, log = ranks.clip(0, models[model], **options)
        report.check(f"{title}: one process", one is not None and "ranks" not in log, log[-400:])
        for n in (2, 3, 4):
            got, log = ranks.clip(n, models[model], **options)
            good = one is not None and got is not None and got.shape == one.shape
            report.check(f"{title}: {n} ranks make it", good, log[-600:])
            if not good:
                continue
            report.below(f"{title}: {n} ranks against one, relative", np.linalg.norm(got - one) / np.linalg.norm(one), 1e-5)
            told = tiles_of(log)
            # Of MiniMax-H3 those that are decoded together count as one: two, but one where there are four ranks for four.
            expected = 2 * count if title == "MiniMax-H3" and n == 4 else count
            report.check(f"{title}: {n} ranks, its tiles were spread", len(told) == 1 and told[0][0] == expected and expected / 3 <= told[0][1] < expected,
                         told or log[-400:])
        many, log = ranks.clip(7, models[model], **options)
        report.check(f"{title}: more ranks than tiles", many is not None and len(tiles_of(log)) == 1, log[-400:])
        if many is not None:
            report.below(f"{title}: 7 ranks against one, relative", np.linalg.norm(many - one) / np.linalg.norm(one), 1e-5)
    got, log = ranks.clip(3, models["h3"], size="448x288", frames="22", steps="1")
    # Four tiles of 256x256 are two groups, of which the second comes: 22 of 28 frames of each.
    report.check("MiniMax-H3: bytes of the tiles that came", tiles_of(log) == [(2, 1, 2 * pixels_of(22, 256, 256))], tiles_of(log) or log[-400:])


def whole(models):
    """What is not cut is decoded by rank 0 alone, which says so of no tile."""
    for title, model, options in (("HunyuanVideo", "hv", {}), ("CogVideoX", "cog", dict(size="144x64", engine_opts="tiling=off")),
                                  ("MiniMax-H3", "h3", dict(size="96x64", frames="22", steps="1")), ("Wan", "t2v", {})):
        got, log = ranks.clip(2, models[model], **options)
        report.check(f"{title} without tiles: made, nothing spread", got is not None and re.search(SENT, log) and not tiles_of(log), log[-400:])


# ---- Piece by piece --------------------------------------------------------------------------------

def hosted(n, folder, does, timeout=30, **options):
    """What a host that does so said, line by line, and the log."""
    command = [sys.executable, HOST, sys.argv[1], json.dumps([["open", dict(model=folder, prompt="a red fox runs", cpu_threads="1", precision="fp32", seed="3", **options)],
                                                        *does])]
    raw, log, status = common.run(ranks.launched(n, command, "--timeout", str(timeout)), env=ranks.environment(), timeout=240)
    return [json.loads(line) for line in raw.splitlines()] if status == 0 else [], log


def pieces(models):
    """Frames are there as soon as they are final, before any tile of later ones is decoded; where nobody reads, nobody decodes."""
    told, log = hosted(2, models["hv"], [["session", "a", {}], ["read", "a", 13], ["sleep", 1], ["progress", "a"], ["read", "a", 12], ["sleep", 1], ["progress", "a"],
                                         ["read", "a", -1]], **dict(SMALL, frames="33"))
    report.check("pieces of 13, 12 and 8 frames", [line["frames"] for line in told if line["step"][0] == "read"] == [13, 12, 8], log[-400:])
    did = [(line["stage"], line["done"]) for line in told if line["step"][0] == "progress"]
    report.check("between two pieces nothing is made", did == [("wait", 13), ("wait", 25)], did)
    report.check("the tiles of all are told at the end", [tiles[0] for tiles in tiles_of(log)] == [18], log[-400:])


def pause(models):
    """A host that pauses in the middle for longer than the time-out."""
    steps = [["session", "a", {}], ["read", "a", 13], ["sleep", 6], ["read", "a", 12], ["read", "a", -1]]
    alone, _ = hosted(0, models["hv"], steps, **dict(SMALL, frames="61"))
    told, log = hosted(3, models["hv"], steps, timeout=4, **dict(SMALL, frames="61"))
    report.check("a host that pauses for longer than the time-out has all frames", [line.get("frames") for line in told] == [line.get("frames") for line in alone] and
                 told[-1]["frames"] == 36, log[-400:])


def sessions(models):
    """Two sessions that take turns, one that is closed in the middle, another behind it: none sees anything of another."""
    options = dict(SMALL, frames="61")
    alone = {}
    for seed in ("3", "4"):
        told, log = hosted(2, models["hv"], [["session", "a", dict(seed=seed)], ["read", "a", 13], ["read", "a", -1]], **options)
        alone[seed] = [line["digest"] for line in told if line["step"][0] == "read"]
        report.check(f"seed {seed}: two ranks make it", len(alone[seed]) == 2, log[-400:])
    told, log = hosted(2, models["hv"], [["session", "a", dict(seed="3")], ["session", "b", dict(seed="4")], ["read", "a", 13], ["read", "b", 13], ["read", "a", -1],
                                         ["read", "b", -1]], **options)
    got = {name: [line["digest"] for line in told if line["step"][:2] == ["read", name]] for name in "ab"}
    report.check("two sessions in turns: the bytes of each alone", got == {"a": alone["3"], "b": alone["4"]}, log[-400:])
    report.check("two sessions: the tiles of each", len(tiles_of(log)) == 2, tiles_of(log))
    told, log = hosted(2, models["hv"], [["session", "a", dict(seed="3", frames="257")], ["read", "a", 13], ["destroy", "a"], ["session", "b", dict(seed="4")],
                                         ["read", "b", 13], ["session", "c", dict(seed="3")], ["destroy", "b"], ["read", "c", 13], ["read", "c", -1]], **options)
    got = [line["digest"] for line in told if line["step"][0] == "read"]
    report.check("sessions that are closed in the middle: those behind have theirs", got[1:] == [alone["4"][0], *alone["3"]], log[-400:])
    told, log = hosted(3, models["hv"], [["session", "a", dict(frames="257")], ["read", "a", 1], ["sleep", 0.3], ["destroy", "a"], ["session", "b", dict(frames="257")],
                                         ["sleep", 2], ["destroy", "b"], ["session", "c", {}], ["read", "c", -1]], **options)
    report.check("given up while tiles are on their way, the next clip is made", told and told[-1]["frames"] == 61, log[-400:])
    # Both through the stock ffmpeg, with a film of two shots in one of them.
    both = ";".join([ranks.source(models["hv"], **dict(options, seed=seed)) + f"[{name}]" for seed, name in (("3", "a"), ("4", "b"))] + ["[a][b]hstack"])
    raw, log, status = common.run(ranks.launched(2, ranks.ffmpeg(both)), text=False, env=ranks.environment(), timeout=240)
    report.check("two sources in one graph of ffmpeg", status == 0 and len(raw) == 61 * 2 * 224 * 160 * 6 and len(tiles_of(log)) == 2, log[-400:])


def shots(models):
    """Each shot of a storyboard is a clip, cut from one of the next length: the rest of its tiles is not asked for."""
    with tempfile.TemporaryDirectory() as folder:
        film = pathlib.Path(folder, "film.srt")
        film.write_text("1\n00:00:00,000 --> 00:00:00,800\na red fox\n\n2\n00:00:00,800 --> 00:00:01,500\na grey owl\n")
        graph = ranks.source(models["hv"], **SMALL, storyboard=film, transition="cut").replace("prompt='a red fox runs':", "").replace("frames=9:", "")
        one, _, status = common.run(ranks.launched(0, ranks.ffmpeg(graph)), text=False, env=ranks.environment(), timeout=240)
        got, log, status = common.run(ranks.launched(2, ranks.ffmpeg(graph)), text=False, env=ranks.environment(), timeout=240)
    one, got = (np.frombuffer(raw, dtype="<u2").astype(np.float64) for raw in (one, got))
    good = status == 0 and got.shape == one.shape and got.size > 0
    report.check("two shots: made", good and len(re.findall(SENT, log)) == 2 and len(tiles_of(log)) == 2, log[-600:])
    if good:
        report.below("two shots: 2 ranks against one, relative", np.linalg.norm(got - one) / np.linalg.norm(one), 1e-5)


# ---- Faults ----------------------------------------------------------------------------------------

def decoding(n, models, *more, **options):
    """A clip whose denoise loop is over; the processes of its ranks, and what the log said so far."""
    running = ranks.start(n, models["hv"], *more, **{**LONG, **options})
    there, log = ranks.at_work(running, n), ""
    while not re.search(SENT, log) and (line := running.stderr.readline()):
        log += line
    return running, there, log


def faults(models, times=int(os.environ.get("ZT_KILLS", "6"))):
    for i in range(times):
        victim = i % 3
        running, there, said = decoding(3, models)
        time.sleep(RANDOM.uniform(0, 1.5))
        os.kill(there[victim], signal.SIGKILL)
        log, took, left = ranks.finish(running)
        named = victim == 0 or f"rank {victim}" in log
        report.check(f"kill -9 of rank {victim} while it decodes: all end in less than 5 s, none is left, an error names it",
                     running.returncode != 0 and took < ranks.soon(5) and not left and named, f"{took:.1f} s, status {running.returncode}, {left}: {said[-200:]}{log[-500:]}")
    got, log = ranks.clip(3, models["hv"], **dict(SMALL, frames="13"))
    report.check("the next job starts", got is not None, log[-300:])


def stall(models):
    for victim in (1, 2):
        running, there, said = decoding(3, models, "--timeout", "2")
        time.sleep(0.5)
        os.kill(there[victim], signal.SIGSTOP)
        log, took, left = ranks.finish(running)
        report.check(f"rank {victim} stalls while it decodes: the time-out, and an error that names it", running.returncode != 0 and took < 2 + ranks.soon(5) and not left and
                     f"rank {victim}: no answer for 2 s" in log, f"{took:.1f} s, {left}: {said[-200:]}{log[-500:]}")


def ends(models):
    running, _, said = decoding(3, models)
    time.sleep(0.5)
    os.killpg(running.pid, signal.SIGINT)
    log, took, left = ranks.finish(running)
    report.check("Ctrl-C while tiles are decoded: all end", running.returncode != 0 and took < ranks.soon() and not left, f"{took:.2f} s, {running.returncode}, {left}: {log[-300:]}")
    graph = ranks.source(models["hv"], **LONG)
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in ranks.launched(3, ranks.ffmpeg(graph)))
    piped = subprocess.Popen(["sh", "-c", quoted + " | head -c 3000000 > /dev/null"], env=ranks.environment(), stderr=subprocess.PIPE, text=True, start_new_session=True)
    log, took, left = ranks.finish(piped)
    report.check("a pipe that is closed after the first frames: all end", re.search(SENT, log) and took < 30 and not left and not tiles_of(log)[1:], f"{took:.1f} s, {left}: {log[-300:]}")


GROUPS = dict(equal=equal, whole=whole, pieces=pieces, pause=pause, sessions=sessions, shots=shots, faults=faults, stall=stall, ends=ends)


def main():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        top = pathlib.Path(folder)
        models = {name: str(top / name) for name in ("t2v", "hv", "h3", "cog")}
        wan_oracle.save_pipeline("t2v", top / "t2v")
        oracle.save_pipeline("t2v", top / "hv", vae=oracle.vae(block_out_channels=(8, 8, 8, 8), norm_num_groups=4, layers_per_block=1))     # quick
        minimax_h3_oracle.save_pipeline(top / "h3")
        cogvideox_oracle.save_pipeline("5b", top / "cog")
        for group in CHOSEN or GROUPS:
            GROUPS[group](models)
    report.end()


if __name__ == "__main__":
    main()
