# SPDX-License-Identifier: LGPL-2.1-or-later
"""`zoetrope launch` as people and schedulers use it: Ctrl-C in a terminal while the machine is busy or the ranks are starting, nohup and timeout, the variables
of mpirun and srun, a rank that is lost while the program is busy.

    ranks_launch_test.py ENGINE [GROUP]...     groups: ctrl_c starting signals where lost; all without"""
import contextlib
import fcntl
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time

import ranks_test as ranks
from ranks_test import common, report



class Terminal:
    """A program in a terminal of its own, what it says in a file."""

    def __init__(self, command):
        self.keys, screen = os.openpty()
        self.log = tempfile.NamedTemporaryFile("r", prefix="parity-", encoding="utf-8")

        def own():
            os.setsid()
            fcntl.ioctl(screen, termios.TIOCSCTTY, 0)
        self.running = subprocess.Popen(command, stdin=screen, stdout=subprocess.DEVNULL, stderr=open(self.log.name, "wb"), preexec_fn=own,
                                        env=ranks.environment())
        os.close(screen)

    def says(self, what, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.running.poll() is None:
            if re.search(what, pathlib.Path(self.log.name).read_text(errors="replace")):
                return True
            time.sleep(0.02)
        return False

    def ctrl_c(self):
        os.write(self.keys, b"\x03")

    def close(self):
        self.running.kill()
        self.running.wait()
        os.close(self.keys)
        self.log.close()


@contextlib.contextmanager
def busy(programs):
    crowd = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(programs)]
    try:
        yield
    finally:
        for one in crowd:
            one.kill()
            one.wait()


def alive(process):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def ended(processes, seconds):
    """How long until none of them is left."""
    began = time.monotonic()
    while any(map(alive, processes)) and time.monotonic() < began + seconds:
        time.sleep(0.005)
    return time.monotonic() - began


def interrupt(command, status, at_work, what):
    """Ctrl-C once they are at work: how long until none of them is left."""
    terminal = Terminal(ranks.launched(3, command))
    started = terminal.says(at_work)
    time.sleep(ranks.RANDOM.uniform(0, 1))
    all_of_them = [terminal.running.pid, *ranks.ranks_below(terminal.running).values()]
    terminal.ctrl_c()
    took = ended(all_of_them, 20)
    got = terminal.running.wait() if took < 20 else None
    report.check(f"Ctrl-C, {what}: all have ended soon", started and len(all_of_them) == 4 and got == status and took < ranks.soon(),
                 f"{took:.2f} s, status {got}" + ("" if got == status else f": {pathlib.Path(terminal.log.name).read_text()[-400:]}"))
    terminal.close()


def ctrl_c(models, times=int(os.environ.get("ZT_INTERRUPTS", "2"))):
    generate = ["zoetrope", "generate", "a red fox", "--model", models["t2v"], "--size", "64x48", "--steps", "400", "--frames", "33", "--cpu-threads", "1", "-o", "-"]
    through_ffmpeg = ranks.ffmpeg(ranks.source(models["t2v"], guidance="1", **ranks.LONG), "-f", "null", "-")
    for programs in (0, 2 * os.cpu_count()):
        with busy(programs):
            for _ in range(times if programs else 1):
                interrupt(generate, 130, "denoise", f"zoetrope generate beside {programs} busy programs")
                interrupt(through_ffmpeg, 255, "foreseen", f"ffmpeg beside {programs} busy programs")


# ---- While the ranks are starting ------------------------------------------------------------------

def waits_for_ranks(process, seconds=30):
    """Whether this rank 0 hears who comes, and hence waits until all have come."""
    variables = dict(v.split("=", 1) for v in pathlib.Path(f"/proc/{process}/environ").read_text().split("\0") if "=" in v)
    host, port = variables["ZOETROPE_RANKS_AT"].split(":")
    with socket.create_connection((host, int(port)), timeout=seconds) as line:
        line.sendall(b"ztranks1" + os.urandom(16))
        return len(line.recv(24)) == 24


def one_is_late(running):
    """{rank: process} of three, of which the last does not come to rank 0, who waits for it."""
    there = ranks.at_work(running, 3)
    os.kill(there[2], signal.SIGSTOP)
    return there if waits_for_ranks(there[0]) else {}


def starting(models):
    through_ffmpeg = ranks.ffmpeg(ranks.source(models["t2v"]), "-f", "null", "-")
    terminal = Terminal(ranks.launched(3, through_ffmpeg))
    there = one_is_late(terminal.running)
    terminal.ctrl_c()
    took = ended([terminal.running.pid, *there.values()], 20)
    said = pathlib.Path(terminal.log.name).read_text()
    report.check("Ctrl-C while rank 0 waits for a rank: all have ended soon", len(there) == 3 and took < ranks.soon(), f"{took:.2f} s: {said[-400:]}")
    terminal.close()

    running = ranks.start(3, models["t2v"])
    there = one_is_late(running)
    os.kill(there[2], signal.SIGKILL)
    log, took, left = ranks.finish(running)
    report.check("a rank is lost while rank 0 waits for it: an error of the program's own, at once", running.returncode not in (0, 137, 143) and took < ranks.soon() and not left and
                 "rank 2 ended (signal 9)" in log and "expected the launch to go on, got its end" in log, f"{took:.2f} s, status {running.returncode}: {log[-400:]}")

    zero = ranks.RankZero(models["t2v"])
    there = ranks.at_work(zero.running, 1)
    waited = waits_for_ranks(there[0])
    zero.running.send_signal(signal.SIGINT)
    log, took, left = ranks.finish(zero.running)
    report.check("SIGINT while rank 0 waits for another machine's: it ends soon", waited and took < ranks.soon() and not left, f"{took:.2f} s: {log[-400:]}")


# ---- Signals ---------------------------------------------------------------------------------------

def begin(command, **more):
    return subprocess.Popen([ranks.ENV, *command], env=ranks.environment(), stderr=subprocess.PIPE, text=True, start_new_session=True, **more)


def ignored(_models):
    launch = "zoetrope launch -n 3 -- sleep 60"
    for words, goes_on in ((f"trap '' INT; exec nohup {launch}", True), (f"exec {launch}", False)):
        for number in (signal.SIGHUP, signal.SIGINT):
            running = begin(["sh", "-c", words])
            there = ranks.at_work(running, 3)
            os.kill(running.pid, number)
            took = ended([running.pid, *there.values()], 1 if goes_on else 2 * ranks.soon())
            well = all(map(alive, [running.pid, *there.values()])) if goes_on else took < ranks.soon()
            running.terminate()
            log, took, left = ranks.finish(running)
            status = 128 + (signal.SIGTERM if goes_on else number)
            report.check(f"{number.name} {'that is ignored: all go on; SIGTERM: ' if goes_on else ''}all end", len(there) == 3 and well and running.returncode == status and
                         took < ranks.soon() and not left, f"status {running.returncode}, {took:.2f} s: {log[-300:]}")


def children(_models):
    """Whoever ignores SIGCHLD lets the kernel reap its children, and those of what it becomes."""
    careless = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])"
    running = begin([sys.executable, "-c", careless, "zoetrope", "launch", "-n", "2", "--", "sh", "-c", "exit 7"])
    log, took, left = ranks.finish(running, 20)
    report.check("SIGCHLD ignored from birth: launch ends with its program", running.returncode == 7 and took < ranks.soon(5) and not left, f"{running.returncode}, {took:.1f} s: {log}")


def twice(models):
    """A signal to the whole group, as of `timeout`, is handed on to the program as well, which has it already."""
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        clip = pathlib.Path(folder, "fox.y4m")
        generate = ["zoetrope", "generate", "a red fox", "--model", models["t2v"], "--size", "64x48", "--steps", "400", "--frames", "33", "--cpu-threads", "1", "-o"]
        running = begin(["zoetrope", "launch", "-n", "2", "--", *generate, str(clip)])
        while running.poll() is None and not pathlib.Path(f"{clip}.part").exists():
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGTERM)
        log, took, left = ranks.finish(running)
        report.check("SIGTERM to all: generate ends as after one, and leaves nothing", running.returncode == 130 and took < ranks.soon() and not left and not os.listdir(folder),
                     f"status {running.returncode}, {took:.2f} s, {os.listdir(folder)}: {log[-300:]}")

        zero = ranks.RankZero(models["t2v"], command=[*generate, str(clip)])     # waits for a rank, and does not look
        program = ranks.at_work(zero.running, 1)[0]
        waited = waits_for_ranks(program)
        for pause in (0.2, 1.2, 0):
            with contextlib.suppress(ProcessLookupError):
                os.kill(program, signal.SIGTERM)
            time.sleep(pause)
            waited = waited and (alive(program) or pause == 0)
        log, took, left = ranks.finish(zero.running, 20)
        report.check("SIGTERM twice at once, and another more than a second later: it is that which ends generate at once", waited and zero.running.returncode == 143 and took < ranks.soon() and not left,
                     f"status {zero.running.returncode}, {took:.2f} s: {log[-300:]}")


def signals(models):
    for group in (ignored, children, twice):
        group(models)


# ---- Which rank, and where -------------------------------------------------------------------------

def place(words="127.0.0.1:0", **variables):
    """What rank 0's program is told; the log."""
    show = ["sh", "-c", 'echo "$ZOETROPE_RANKS of them here: $ZOETROPE_RANKS_HERE"']
    out, log, _ = common.run([ranks.ENV, "zoetrope", "launch", "--address", words, "--", *show], env=ranks.environment(ZOETROPE_RANKS_SECRET=ranks.SECRET, **variables), timeout=30)
    return out.strip(), log


def where(models):
    slurm = dict(SLURM_PROCID="0", SLURM_NTASKS="1", SLURM_LOCALID="0", SLURM_TASKS_PER_NODE="1(x2)", SLURM_STEP_TASKS_PER_NODE="1(x2)")
    hydra = dict(PMI_RANK="0", PMI_SIZE="4", MPI_LOCALRANKID="0", MPI_LOCALNRANKS="2")
    for what, variables, expected in (
            ("mpirun of MPICH, whose proxy srun started: MPICH's", {**slurm, **hydra}, "0/4/0 of them here: 2"),
            ("srun, which sets a part of PMI: Slurm's", {**slurm, "SLURM_NTASKS": "2", "PMI_RANK": "1", "PMI_SIZE": "3"}, "0/2/0 of them here: 1"),
            ("another one with PMI: its", {"PMI_RANK": "0", "PMI_SIZE": "3"}, "0/3/0 of them here: 1")):
        got, log = place(**variables)
        report.check(what, got == expected, f"{got}: {log}")

    two = dict(RANK="0", WORLD_SIZE="2")
    for at, here, well in (("localhost:0", "1", False), ("127.0.0.1:0", "1", True), ("localhost:0", "2", True)):
        got, log = place(at, **two, LOCAL_WORLD_SIZE=here)
        said = got.startswith("0/2/0") if well else (got == "" and log.count("\n") == 1 and "expected an address that other machines reach, got 127.0.0.1" in log)
        report.check(f"--address {at}, {here} of 2 ranks on this machine: {'taken' if well else 'refused, and why'}", said, f"{got}: {log}")

    with socket.create_server(("127.0.0.1", 0)) as nobody:      # takes calls, and says nothing
        at = f"127.0.0.1:{nobody.getsockname()[1]}"
        running = subprocess.Popen([ranks.ENV, "zoetrope", "launch", "--address", at, "--", "true"], start_new_session=True, stderr=subprocess.PIPE, text=True,
                                   env=ranks.environment(ZOETROPE_RANKS_SECRET=ranks.SECRET, RANK="1", WORLD_SIZE="2"))
        nobody.settimeout(30)
        with nobody.accept()[0]:
            running.terminate()
            log, took, left = ranks.finish(running, 10)
        report.check("SIGTERM to a rank that a scheduler started: it ends", running.returncode == -signal.SIGTERM and took < ranks.soon() and not left, f"{running.returncode}, {took:.1f} s: {log}")


# ---- A rank is lost while the program is busy ------------------------------------------------------

def without_rank_2(program):
    running = begin(["zoetrope", "launch", "-n", "3", "--", "sh", "-c", program])
    os.kill(ranks.at_work(running, 3)[2], signal.SIGKILL)
    return running, time.monotonic()


def lost(_models):
    """The program is given time to meet that by itself, and to close its files once it is told to end."""
    deaf, began = without_rank_2("trap 'kill $!; sleep 3; exit 4' TERM; sleep 100 & wait")
    busy_one, _ = without_rank_2("sleep 6; exit 3")
    log, _, left = ranks.finish(busy_one, 20)
    report.check("a program that is busy for longer ends by itself", busy_one.returncode == 3 and not left and "rank 2 ended (signal 9)" in log, f"{busy_one.returncode}: {log}")
    log, _, left = ranks.finish(deaf, 60)
    took = time.monotonic() - began
    report.check("one that does not end is told to after half a minute, and has its time for that", deaf.returncode == 4 and 30 < took < 30 + ranks.soon(10) and not left,
                 f"{deaf.returncode}, {took:.1f} s: {log}")


GROUPS = dict(ctrl_c=ctrl_c, starting=starting, signals=signals, where=where, lost=lost)

if __name__ == "__main__":
    ranks.main(GROUPS)
