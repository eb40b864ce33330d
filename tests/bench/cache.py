# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the clip cache costs and saves, in one run on one machine: a clip made without it, made and kept, and read. Prints, passes or fails
nothing.

    cache.py BUILD [frames=144] [size=640x360] [rounds=3] [model=PATH:OPTION=VALUE...]

Of the built-in models, which are the quickest there are, and of a model that is named, for example one of whole.py's."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

PICTURE = "testsrc2=size=640x360:rate=1:duration=1"


def run(build, folder, graph, extra=()):
    command = [str(build.parent / "tools/zt-env"), "ffmpeg", "-v", "error", "-nostdin", "-y", *extra, "-filter_complex", graph, "-f", "null", "-"]
    begin = time.perf_counter()
    subprocess.run(command, env={**os.environ, "ZOETROPE_CACHE": str(folder)}, check=True)
    return time.perf_counter() - begin


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    options = {"frames": "144", "size": "640x360", "rounds": "3", **dict(o.split("=", 1) for o in sys.argv[2:])}
    frames, size, rounds = int(options["frames"]), options["size"], int(options["rounds"])
    width, height = (int(n) for n in size.split("x"))
    print("clip       made s   kept s   read s   made/read   without start: made/read   MB   of raw")
    with tempfile.TemporaryDirectory(dir=build) as top:
        picture = f"{top}/picture.png"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", PICTURE, "-frames:v", "1", picture], check=True)
        start = min(run(build, "off", f"t2vsrc=model=testcard:prompt=x:frames=1:size={size}") for _ in range(rounds))
        clips = {"storybook": (f"t2vsrc=prompt='a red fox runs through the snow':frames={frames}:size={size}", ()),
                 "tableau": (f"i2v=prompt='the camera moves closer':frames={frames}:size={size}", ("-i", picture))}
        if "model" in options:
            clips = {"model": (f"t2vsrc=prompt='a red fox':frames={frames}:size={size}:model={options['model']}", ())}
        for name, (graph, extra) in clips.items():
            made, kept, read, bytes_kept = [], [], [], 0
            for i in range(rounds):
                folder = pathlib.Path(top) / f"{name}{i}"
                made.append(run(build, "off", graph, extra))
                kept.append(run(build, folder, graph, extra))
                read.append(run(build, folder, graph, extra))
                bytes_kept = sum(file.stat().st_size for file in folder.glob("*.clip"))
            m, k, r = min(made), min(kept), min(read)
            raw = frames * width * height * 3 // 2
            print(f"{name:9} {m:7.2f}  {k:7.2f}  {r:7.2f}   {m / r:9.1f}   {(m - start) / max(r - start, 1e-3):24.1f}   {bytes_kept / 1e6:.1f}   {bytes_kept / raw:.2f}")


if __name__ == "__main__":
    main()
