# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the tiles of a decoder spread over ranks: seconds for the pieces of a clip behind the first (whose time has the denoise loop in it), on one rank
and on several, each with one thread, in turns; the best of ROUNDS. HunyuanVideo with a tiny autoencoder and tiles of the published size. For seconds of the
clock the machine must have a core for each rank and do nothing else; the processor's are those of the program itself, rank 0.

    ranks_tiles.py ENGINE [--ranks 2] [--rounds 3] [--size 384x384]"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import oracle  # noqa: E402, the tests' own models

HOST = pathlib.Path(oracle.__file__).with_name("ranks_host.py")


def decode(zoetrope, n, engine, model, size):
    """Seconds of the clock and of the processor for two pieces of 12 frames; tiles of all, and those from other ranks."""
    does = [["open", dict(model=str(model), prompt="a red fox", cpu_threads="1", precision="fp32", seed="1", steps="1", size=size, frames="37", cache="off")],
            ["session", "a", {}], ["read", "a", 13], ["read", "a", -1]]
    launch = [*zoetrope, "launch", "-n", str(n), "--"] if n > 1 else []
    done = subprocess.run([*launch, sys.executable, HOST, engine, json.dumps(does)], check=True, capture_output=True, text=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    came = re.search(r"(\d+) tiles of the decoder (\d+) came", done.stderr)
    return [told[3][which] - told[2][which] for which in ("time", "processor")], came and came.groups()


def main():
    asked = argparse.ArgumentParser()
    asked.add_argument("engine")
    for name, value in (("ranks", 2), ("rounds", 3), ("size", "384x384")):
        asked.add_argument(f"--{name}", default=value, type=type(value))
    asked = asked.parse_args()
    zoetrope = [pathlib.Path(__file__).resolve().parents[2] / "tools" / "zt-env", "zoetrope"]
    best = {}
    with tempfile.TemporaryDirectory(prefix="bench-", dir=oracle.BUILD) as folder:
        model = pathlib.Path(folder, "model")
        oracle.save_pipeline("t2v", model)
        for _ in range(asked.rounds):
            for n in (1, asked.ranks):
                took, came = decode(zoetrope, n, asked.engine, model, asked.size)
                best[n] = [min(both) for both in zip(took, best.get(n, took))]
    if came is None:
        sys.exit("expected tiles of other ranks, got none")
    print(f"{came[1]} of {came[0]} tiles came from other ranks; 24 frames of {asked.size}:")
    for which, one, many in zip(("clock", "processor"), best[1], best[asked.ranks]):
        print(f"{which}: {one:.2f} s on one rank, {many:.2f} s on {asked.ranks}, {one / many:.2f} times as fast")


if __name__ == "__main__":
    main()
