# SPDX-License-Identifier: LGPL-2.1-or-later
"""`zoetrope shots`: a film whose shots were made by jobs at once, each a process of its own, is bit for bit the film that one process makes; a job
that is killed is repeated alone. On a tiny Wan model, through the stock ffmpeg. GNU parallel runs the jobs where it is there."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import oracle
import wan_oracle

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "media"))
import ffmpeg_common as common  # noqa: E402, beside the tests of the filters

ENV = str(pathlib.Path(common.SOURCE, "tools", "zt-env"))
PROMPTS = ["a red fox runs through the snow", "a red fox's cub; it sleeps", "an owl in the forest", "狐狸在海边", "a boat at night"]
report = oracle.Report()


def storyboard(path, prompts):
    at = lambda i: f"00:00:{i // 2:02d},{i % 2 * 500:03d}"
    path.write_text("\n".join(f"{i + 1}\n{at(i)} --> {at(i + 1)}\n{p}\n" for i, p in enumerate(prompts)), encoding="utf-8")
    return path


class Cache:
    def __init__(self, top, name):
        self.path = top / name
        self.env = {**os.environ, "ZOETROPE_CACHE": str(self.path), "OMP_NUM_THREADS": "1"}

    def clips(self):
        return len(list(self.path.glob("*.clip")))


def shots(cache, *words, status=0):
    """What `zoetrope shots` writes: output, log."""
    out, log, got = common.run([ENV, "zoetrope", "shots", *map(str, words)], env=cache.env, timeout=120)
    report.check(f"shots {' '.join(map(str, words[1:5]))[:60]}: status {status}", got == status, log[-300:])
    return out, log


def film(cache, board, options):
    graph = f"t2vsrc=storyboard={board}:" + ":".join(f"{k}={v}" for k, v in options.items()) + ",format=yuv420p"
    command = common.FFMPEG + ["-v", "verbose", "-filter_complex", graph, "-f", "framemd5", "-"]
    out, log, status = common.run(command, env=cache.env, timeout=300)
    lines = [line.rsplit(",", 1)[1] for line in out.splitlines() if line and not line.startswith("#")]
    return (lines if status == 0 else [log[-400:]]), log.count("were made before")


def words_of(options):
    return [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]


def run_jobs(jobs, cache):
    """Four at a time."""
    if shutil.which("parallel"):
        log = subprocess.run([ENV, "parallel", "-j", "4"], input=jobs, env=cache.env, text=True, capture_output=True, timeout=300, check=False)
    else:
        log = subprocess.run([ENV, "xargs", "-P", "4", "-I", "{}", "sh", "-c", "{}"], input=jobs.replace("'", "\\'").replace('"', '\\"'), env=cache.env,
                             text=True, capture_output=True, timeout=300, check=False)
    report.check("four jobs at once: all end well", log.returncode == 0, log.stderr[-600:])
    return log.stderr


def kill_in_the_middle(job, cache):
    """True if it was at work when it was killed."""
    running = subprocess.Popen([ENV, "sh", "-c", "exec " + job], env=cache.env, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not list(cache.path.glob("*.part")) and running.poll() is None and time.monotonic() < end:
        time.sleep(0.002)
    running.send_signal(signal.SIGKILL)
    return running.wait() == -signal.SIGKILL


def main():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        top = pathlib.Path(folder)
        wan_oracle.save_pipeline("t2v", top / "model")
        board = storyboard(top / "a film.srt", PROMPTS)
        options = dict(model=str(top / "model"), size="64x48", steps="2", cpu_threads="1", precision="fp32", frames="40")
        plain = Cache(top, "plain")
        graph_board = str(board).replace(" ", "\\ ")
        whole, read = film(plain, graph_board, options)
        report.check("one process makes 40 frames, 5 shots", len(whole) == 40 and read == 0 and plain.clips() == 5, whole[0])

        jobs = Cache(top, "jobs")
        lines, _ = shots(jobs, board, *words_of(options))
        report.check("a line for each shot, and nothing is made", lines.count("\n") == 5 and jobs.clips() == 0, lines)
        run_jobs(lines, jobs)
        report.check("each job kept its shot and no other", jobs.clips() == 5, jobs.clips())
        again, read = film(jobs, graph_board, options)
        report.check("the film from the jobs is the film of one process, bit for bit", again == whole, again[0])
        report.check("no shot was made again", read == 5, read)

        alone = Cache(top, "alone")
        third = lines.splitlines()[3]
        report.check("a job is killed while it works", kill_in_the_middle(third, alone) and alone.clips() == 0, alone.clips())
        _, log = shots(alone, board, "--shot", 3, *words_of(options))
        report.check("repeated alone it makes its shot, and no shot before it", "made and kept" in log and alone.clips() == 1, log)
        _, log = shots(alone, board, "--shot", 3, *words_of(options))
        report.check("a third time it is there", "was there" in log, log)
        mixed, read = film(alone, graph_board, options)
        report.check("the film makes the others: the same frames", mixed == whole and read == 1, mixed[0])

        for more in (("--shot", "5"), ("--shot", "-1"), ("--seed", "-1"), ("--cache", "off"), ("--transition", "morph"), ("--prompt", "x"), ("--shot",)):
            _, log = shots(alone, board, *words_of(options), *more, status=2)
            report.check(f"{more}: one line that says what is expected", "expected" in log.splitlines()[-1], log)
        shots(alone, top / "none.srt", *words_of(options), status=1)
    report.end()


if __name__ == "__main__":
    main()
