#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How often the invisible mark is found, and how often where it is not: the figures of docs/marks.md.

    ZT_BUILD=build tests/bench/watermark_rate.py build/tests/bench/watermark [--clips N] [--pieces N] [--jobs N]

Marked clips of several models, sizes, prompts and seeds go through x264 at crf 28, are scaled to 75 %, and encoded again
at crf 28; then zoetrope detect looks. Unmarked ones, and what ffmpeg's own sources draw, go through x264 as well and are
looked at in pieces of six frames. Prints a line for each size and ends with 1 where a bar is missed."""
import argparse
import collections
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("ZT_BUILD", SOURCE / "build"))
ENV = [str(SOURCE / "tools" / "zt-env")]
X264 = ["-c:v", "libx264", "-crf", "28", "-threads", "1"]
SMALLER = "scale=trunc(iw*0.75/2)*2:trunc(ih*0.75/2)*2"
FRAMES = 48
PROMPTS = ["a red fox runs through the snow at night", "a blue fish swims in the sea", "a white rabbit jumps in the forest",
           "a cat sits by the sea at sunset", "two yellow birds fly over the mountains", "a brown bear walks in the rain",
           "a green frog jumps in a garden", "a black horse gallops through a desert", "一只红色的狐狸在雪中奔跑", "a pink pig dances on the beach"]
# share of the clips: source, size
SOURCES = [("storybook", "512x288"), ("storybook", "640x360"), ("storybook", "512x288"), ("tableau", "512x288"),
           ("storybook", "256x144"), ("storybook", "512x288"), ("testcard", "640x480"), ("storybook", "288x512"),
           ("tableau", "448x448"), ("storybook", "512x288")]
SMALL = [("storybook", "128x72"), ("testcard", "64x64"), ("testcard", "96x96")]


def run(*command, **more):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, **more)
    if done.returncode:
        raise RuntimeError(" ".join(map(str, command)) + ": " + done.stderr.decode(errors="replace")[-500:])
    return done.stdout


def ffmpeg(*arguments):
    return run(*ENV, "ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments))


def graph_of(model, size, number, more=""):
    prompt = PROMPTS[number % len(PROMPTS)]
    options = f"model={model}:prompt='{prompt}':seed={number}:size={size}:frames={FRAMES}{more}"
    if model != "tableau":
        return "t2vsrc=" + options
    # A picture to be moved: a part of the project's own contact sheet.
    return f"movie={SOURCE}/docs/pictures.jpg,crop=iw/4:ih/4:iw*{number * 37 % 75 / 100}:ih*{number * 53 % 75 / 100},i2v={options}"


def marked(model, size, number, folder):
    """(size, verdict, PSNR of the worst frame or nothing)."""
    first, second = folder / f"{number}a.mp4", folder / f"{number}b.mp4"
    ffmpeg("-filter_complex", graph_of(model, size, number, ":watermark=dct"), *X264, first)
    ffmpeg("-i", first, "-vf", SMALLER, *X264, second)
    done = subprocess.run([BUILD / "cli" / "zoetrope", "detect", second, "--json"], capture_output=True)
    verdict, psnr = json.loads(done.stdout), None
    if number % 10 == 0:
        stats = folder / f"{number}.psnr"
        ffmpeg("-filter_complex", f"{graph_of(model, size, number, ':watermark=dct')},format=gbrp[a];"
               f"{graph_of(model, size, number)},format=gbrp[b];[a][b]psnr=stats_file={stats}", "-f", "null", "-")
        psnr = min(float(value) for value in re.findall(r"psnr_avg:([0-9.]+)", stats.read_text()))
    for path in (first, second):
        path.unlink()
    print(f"# clip {number} {model} {size}: {verdict['found']} {verdict['probability']:.1e} {verdict.get('model')} {psnr or ''}", flush=True)
    return model + " " + size, verdict, psnr


def tell_marked(results, jobs_name):
    groups = collections.defaultdict(list)
    for name, verdict, psnr in results:
        groups[name].append((verdict, psnr))
    print(f"{jobs_name}: clips of {FRAMES} frames, x264 crf 28, 75 %, x264 crf 28")
    for name, group in sorted(groups.items()):
        found = sum(v["found"] for v, _ in group)
        models = [v["model"] for v, _ in group if v.get("model")]
        psnr = [p for _, p in group if p is not None]
        weakest = max(v["probability"] for v, _ in group)
        print(f"  {name}: {found} of {len(group)} found, model read in {len(models)} (as {' '.join(sorted(set(models))) or '-'}), weakest probability {weakest:.1e}"
              + (f", worst frame {min(psnr):.1f} dB" if psnr else ""))
    found = sum(v["found"] for _, v, _ in results)
    print(f"  together {found} of {len(results)}, {100 * found / len(results):.2f} %", flush=True)
    return found / len(results), min([p for *_, p in results if p is not None], default=99)


UNMARKED = ["testsrc2=size=320x180", "mandelbrot=size=320x180", "life=size=320x180:mold=10:ratio=0.3", "cellauto=size=320x180",
            "gradients=size=320x180:speed=0.1", "color=gray:size=320x180,noise=alls=80:allf=t", "sierpinski=size=320x180",
            "rgbtestsrc=size=320x180", "smptehdbars=size=320x180", "color=white:size=320x180"]


def unmarked(program, graph, pieces, folder, number):
    path = folder / f"{number}.mp4"
    ffmpeg("-filter_complex", f"{graph},scale=320:180", "-frames:v", 6 * pieces, *X264, path)
    gray = subprocess.Popen(["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-pix_fmt", "gray", "-f", "rawvideo", "-"], stdout=subprocess.PIPE)
    out = subprocess.run([program, "pieces", "320", "180", "6"], stdin=gray.stdout, capture_output=True).stdout
    gray.wait()
    print(f"# {graph.split('=')[0]} {number}: {sum(line.startswith(b'1 ') for line in out.splitlines())} of {len(out.splitlines())} found", flush=True)
    return [line.split() for line in out.decode().splitlines()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first clip")
    parser.add_argument("--small", type=int, default=30)
    parser.add_argument("--pieces", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory(dir=BUILD) as folder, concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        folder = pathlib.Path(folder)
        for name, sources, count in (("marked", SOURCES, arguments.clips), ("small, not promised", SMALL, arguments.small)):
            wanted = [(*source, n, folder) for n, source in zip(range(arguments.first, arguments.first + count), itertools.cycle(sources))]
            if not wanted:
                continue
            share, psnr = tell_marked(list(pool.map(lambda one: marked(*one), wanted)), name)
            good = good and psnr >= 42.0 and (share >= 0.99 or sources is SMALL)
        plain = UNMARKED + [graph_of(model, size, n).replace(f"frames={FRAMES}", "frames=240")
                            for n, (model, size) in enumerate([("storybook", "512x288")] * 12 + [("tableau", "512x288")] * 3)]
        each = min(-(-arguments.pieces // len(plain)), 40)
        jobs = [pool.submit(unmarked, arguments.program, graph, each, folder, n) for n, graph in enumerate(plain)] if each else []
        rows = list(itertools.chain(*(job.result() for job in jobs)))
        if rows:
            false = sum(row[0] == "1" for row in rows)
            nearest = min(float(row[1]) for row in rows)
            print(f"unmarked: {false} of {len(rows)} pieces of 6 frames told to be marked, the nearest with probability {nearest:.1e}")
            good = good and false <= len(rows) / 1000
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
