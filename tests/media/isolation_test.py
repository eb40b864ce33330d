# SPDX-License-Identifier: LGPL-2.1-or-later
"""The foreign-BLAS trap (docs/reliability.md, "the host process"): LibTorch inside a program that holds a
libblas.so.3, with libc's malloc or a foreign one, must give the bytes and the speed of a program without.

isolation_test.py HOST LIBRARY: isolation_host and torch_mm. The naive load is run too: where it is no
worse than ours, the trap is not set and the test says so instead of passing for nothing."""
import ctypes.util
import glob
import os
import subprocess
import sys

HOST, LIBRARY = sys.argv[1:3]
SLOWER = 2.0
JEMALLOC = next(iter(glob.glob("/usr/lib/*/libjemalloc.so.2")), None)


def measure(*modes, preload=None):
    env = dict(os.environ)
    env.pop("LD_PRELOAD", None)
    if preload:
        env["LD_PRELOAD"] = preload
    done = subprocess.run([HOST, LIBRARY, *modes], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120)
    if done.returncode:
        sys.exit(f"{' '.join(modes) or 'plain'}, preload {preload}: expected status 0, got {done.returncode}: {done.stderr}")
    digest, seconds, writable, how = done.stdout.strip().split(" ", 3)
    return digest, float(seconds), int(writable), how


def main():
    if not ctypes.util.find_library("blas"):
        print("skipped: no libblas.so.3 to be disturbed by")
        return 77
    plain = measure()
    naive = measure("blas", "naive")
    print(f"plain: {plain}\nnaive: {naive}")
    if naive[0] == plain[0] and naive[1] < SLOWER * plain[1]:
        print("skipped: this machine's libblas.so.3 does not disturb LibTorch")
        return 77
    cases = [(("blas",), None, "deep binding"), (("blas", "lazy"), None, "rebound"), (("lazy",), None, "not needed")]
    if JEMALLOC:
        cases += [((), JEMALLOC, "not needed"), (("blas",), JEMALLOC, "rebound"), (("blas", "lazy"), JEMALLOC, "rebound")]
    else:
        print("note: no libjemalloc.so.2, so no foreign malloc is tried")
    failed = 0
    for modes, preload, expected in cases:
        # The median of five products each; once more if the machine was busy elsewhere.
        for attempt in range(3):
            digest, seconds, writable, how = measure(*modes, preload=preload)
            slow = seconds > SLOWER * plain[1]
            if not slow:
                break
        good = digest == plain[0] and not slow and writable == plain[2] and how.startswith(expected)
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {' '.join(modes) or 'plain':10} preload={os.path.basename(preload or '-')}: "
              f"{digest} {seconds:.4f} s, {writable} writable, {how}")
    return 1 if failed else 0


sys.exit(main())
