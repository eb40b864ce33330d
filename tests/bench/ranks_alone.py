# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `zoetrope launch -n 1` costs beside the same program without it: processor time and time of the clock of whole runs of the stock ffmpeg, which take
turns in one run. Prints, passes or fails nothing.

    ranks_alone.py BUILD [rounds=9] [steps=400]        with the Python of the parity tests, whose tiny Wan model it makes"""
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("ZT_BUILD", str(pathlib.Path(sys.argv[1]).resolve()))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import wan_oracle  # noqa: E402, with the tests


def run(command):
    """Seconds of the processors, and of the clock."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env={**os.environ, "ZOETROPE_CACHE": "off", "OMP_NUM_THREADS": "1"}, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.perf_counter() - begin


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    options = {"rounds": "9", "steps": "400", **dict(o.split("=", 1) for o in sys.argv[2:])}
    with tempfile.TemporaryDirectory(dir=build) as top:
        wan_oracle.save_pipeline("t2v", pathlib.Path(top, "model"))
        graph = f"t2vsrc=prompt='a red fox':model={top}/model:size=64x48:frames=9:steps={options['steps']}:cpu_threads=1"
        ffmpeg = ["ffmpeg", "-v", "error", "-nostdin", "-filter_complex", graph, "-f", "null", "-"]
        env, times = str(build.parent / "tools/zt-env"), {"without": [], "launch -n 1": []}
        ways = [("without", [env, *ffmpeg]), ("launch -n 1", [env, "zoetrope", "launch", "-n", "1", "--", *ffmpeg])]
        for i in range(int(options["rounds"])):
            for name, command in ways if i % 2 == 0 else ways[::-1]:
                times[name].append(run(command))
    for what, column in (("processor", 0), ("clock", 1)):
        without, one = ([each[column] for each in times[name]] for name, _ in ways)
        ratios = [b / a for a, b in zip(without, one)]
        print(f"{what}: without {statistics.median(without):.3f} s, launch -n 1 {statistics.median(one):.3f} s, ratio {statistics.median(ratios):.4f} "
              f"(median of {len(ratios)} pairs; least against least {min(one) / min(without):.4f})")


if __name__ == "__main__":
    main()
