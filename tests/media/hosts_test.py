# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same request in hosts that differ: linked to the engine, through the loader, with a foreign BLAS, a
foreign malloc, another locale, no HOME, few file descriptors, odd rounding. Same bytes; and with a
foreign BLAS the same speed."""
import glob
import os
import resource
import subprocess
import sys

from ffmpeg_common import BUILD, MODEL, ZT_ENV, sha256

HERE = os.path.join(BUILD, "tests", "media")
REQUEST = [f"model={MODEL}", "prompt=a red fox runs through the snow at night", "frames=72", "seed=3"]
SLOWER = 2.0
JEMALLOC = next(iter(glob.glob("/usr/lib/*/libjemalloc.so.2")), None)
BLAS = bool(glob.glob("/usr/lib/*/libblas.so.3"))


def measure(program, *extra, env=None, limit=None):
    """Digest of all frames, and the seconds that the frames after the first chunk took."""
    settings = dict(os.environ)
    for name, value in (env or {}).items():
        settings.pop(name, None)
        if value is not None:
            settings[name] = value
    # The preload is for the host alone, not for the shell that starts it.
    preload = settings.pop("LD_PRELOAD", None)
    command = ZT_ENV + (["env", "LD_PRELOAD=" + preload] if preload else []) + [os.path.join(HERE, program), *REQUEST, *extra]
    done = subprocess.run(command, env=settings, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                          preexec_fn=(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))) if limit else None)
    if done.returncode:
        return "status %d: %s" % (done.returncode, done.stderr.decode("utf-8", "replace").strip()), 0.0
    lines = done.stderr.decode().split()
    return sha256(done.stdout), float(lines[-1]) if lines else 0.0


def main():
    plain, seconds = measure("frame_dump")
    print(f"linked: {plain[:16]} {seconds:.3f} s")
    cases = [("loader", ["frame_dump_loader"], {}), ("no HOME", ["frame_dump_loader"], {"env": {"HOME": None, "XDG_CACHE_HOME": None}}),
             ("German numbers", ["frame_dump_loader"], {"env": {"LC_ALL": "de_DE.UTF-8"}}),
             ("64 file descriptors", ["frame_dump_loader"], {"limit": 64})]
    if BLAS:
        cases.append(("foreign BLAS", ["frame_dump_loader", "blas=1"], {}))
    if JEMALLOC:
        cases.append(("foreign malloc", ["frame_dump_loader"], {"env": {"LD_PRELOAD": JEMALLOC}}))
    if BLAS and JEMALLOC:
        cases.append(("foreign BLAS and malloc", ["frame_dump_loader", "blas=1"], {"env": {"LD_PRELOAD": JEMALLOC}}))
    failed = len(plain) != 64
    for name, command, more in cases:
        # A busy machine can be slow once; a foreign BLAS is slow each time.
        for attempt in range(3):
            digest, took = measure(*command, **more)
            slow = took > SLOWER * seconds + 0.05
            if not slow:
                break
        good = digest == plain and not slow
        failed |= not good
        print(f"{'ok  ' if good else 'FAIL'} {name}: {digest[:200] if len(digest) != 64 else digest[:16]} {took:.3f} s")
    return 1 if failed else 0


sys.exit(main())
