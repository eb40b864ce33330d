# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the clip cache costs and saves, in one run on one machine: a clip made without it, made and kept, and read. Prints, passes or fails
nothing.

    cache.py BUILD [frames=144] [size=640x360] [rounds=3] [model=PATH:OPTION=VALUE...]

Of the built-in models, which are the quickest there are, and of a model that is named, for example one of whole.py's. Beside the time of the whole
process stands what one more frame takes, from clips of one length and of twice that: what a start, the opening of the model and its first frame take is
in neither. CPU time too, which a busy machine stretches less."""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

PICTURE = "testsrc2=size=640x360:rate=1:duration=1"


def run(build, folder, graph, extra=()):
    """Seconds of the clock and of the processors."""
    command = [str(build.parent / "tools/zt-env"), "ffmpeg", "-v", "error", "-nostdin", "-y", *extra, "-filter_complex", graph, "-f", "null", "-"]
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env={**os.environ, "ZOETROPE_CACHE": str(folder)}, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def least(runs):
    return [min(values) for values in zip(*runs)]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    options = {"frames": "144", "size": "640x360", "rounds": "3", **dict(o.split("=", 1) for o in sys.argv[2:])}
    frames, size, rounds = int(options["frames"]), options["size"], int(options["rounds"])
    width, height = (int(n) for n in size.split("x"))
    print("clip       made s   kept s   read s   made/read   a frame more, ms: made   read   made/read   ms of CPU: made   read   made/read     MB   of raw")
    with tempfile.TemporaryDirectory(dir=build) as top:
        picture = f"{top}/picture.png"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", PICTURE, "-frames:v", "1", picture], check=True)
        clips = {"storybook": (f"t2vsrc=prompt='a red fox runs through the snow':size={size}", ()),
                 "tableau": (f"i2v=prompt='the camera moves closer':size={size}", ("-i", picture))}
        if "model" in options:
            clips = {"model": (f"t2vsrc=prompt='a red fox':size={size}:model={options['model']}", ())}
        for name, (graph, extra) in clips.items():
            made, kept, read, made_twice, read_twice, bytes_kept = [], [], [], [], [], 0
            one, two = (f"{graph}:frames={count}" for count in (frames, 2 * frames))
            for i in range(rounds):
                folder = pathlib.Path(top) / f"{name}{i}"
                made.append(run(build, "off", one, extra))
                kept.append(run(build, folder, one, extra))
                read.append(run(build, folder, one, extra))
                bytes_kept = sum(file.stat().st_size for file in folder.glob("*.clip"))
                made_twice.append(run(build, "off", two, extra))
                run(build, folder, two, extra)
                read_twice.append(run(build, folder, two, extra))
            m, k, r = least(made)[0], least(kept)[0], least(read)[0]
            raw = frames * width * height * 3 // 2
            more = [[(b - a) * 1000 / frames for a, b in zip(least(once), least(twice))] for once, twice in ((made, made_twice), (read, read_twice))]
            clock, cpu = ([round(one[i], 2), round(two[i], 2), round(one[i] / max(two[i], 1e-3), 1)] for one, two in (more,) for i in range(2))
            print(f"{name:9} {m:7.2f}  {k:7.2f}  {r:7.2f}   {m / r:9.1f}   {clock[0]:22} {clock[1]:6} {clock[2]:11}   {cpu[0]:15} {cpu[1]:6} {cpu[2]:11}   {bytes_kept / 1e6:.1f}   {bytes_kept / raw:.2f}", flush=True)


if __name__ == "__main__":
    main()
