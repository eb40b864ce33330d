# SPDX-License-Identifier: LGPL-2.1-or-later
"""`zoetrope launch` as people use it: Ctrl-C in a terminal while the machine is busy.

    ranks_launch_test.py ENGINE [GROUP]...     groups: ctrl_c; all without"""
import contextlib
import fcntl
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import termios
import time

import ranks_test as ranks
from ranks_test import report


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


def interrupt(command, status, at_work, what):
    """Ctrl-C once they are at work: how long until none of them is left."""
    terminal = Terminal(ranks.launched(3, command))
    started = terminal.says(at_work)
    time.sleep(ranks.RANDOM.uniform(0, 1))
    all_of_them = [terminal.running.pid, *ranks.ranks_below(terminal.running).values()]
    began = time.monotonic()
    terminal.ctrl_c()
    while any(map(alive, all_of_them)) and time.monotonic() < began + 20:
        time.sleep(0.005)
    took = time.monotonic() - began
    got = terminal.running.wait() if took < 20 else None
    report.check(f"Ctrl-C, {what}: all have ended within a second", started and len(all_of_them) == 4 and got == status and took < 1,
                 f"{took:.2f} s, status {got}" + ("" if got == status else f": {pathlib.Path(terminal.log.name).read_text()[-400:]}"))
    terminal.close()


def ctrl_c(models, times=int(os.environ.get("ZT_INTERRUPTS", "5"))):
    generate = ["zoetrope", "generate", "a red fox", "--model", models["t2v"], "--size", "64x48", "--steps", "400", "--frames", "33", "--cpu-threads", "1", "-o", "-"]
    through_ffmpeg = ranks.ffmpeg(ranks.source(models["t2v"], guidance="1", **ranks.LONG), "-f", "null", "-")
    for programs in (0, 2 * os.cpu_count()):
        with busy(programs):
            for _ in range(times if programs else 1):
                interrupt(generate, 130, "denoise", f"zoetrope generate beside {programs} busy programs")
                interrupt(through_ffmpeg, 255, "foreseen", f"ffmpeg beside {programs} busy programs")


GROUPS = dict(ctrl_c=ctrl_c)

if __name__ == "__main__":
    ranks.main(GROUPS)
