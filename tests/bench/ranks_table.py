# SPDX-License-Identifier: LGPL-2.1-or-later
"""What several GPUs would do in a step, computed, not measured: operations of the models' shapes, and bytes by the formula of docs/many-machines.md, to
which parity_ranks_split holds the engine. Assumed: RATE operations a second and GPU, links at their nominal rate, nothing overlapped, bf16.

    ranks_table.py"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
from ranks_bytes import Pass, share, split_of_step, step  # noqa: E402, beside the test that holds the engine to it

RATE = 400e12
LINKS = {"NVLink": 450e9, "400 Gbit/s": 50e9, "100 Gbit/s": 12.5e9, "10 Gbit/s": 1.25e9}      # bytes a second, one direction
VIDEO = {"HunyuanVideo": 33 * 45 * 80, "Wan": 21 * 45 * 80}                                      # tokens
H3 = 37 * 24 * 42 + 500
# name, a pass, multiply-adds a token of all matrices
MODELS = [("HunyuanVideo 1280x720, 129 frames", Pass((VIDEO["HunyuanVideo"], 256), 24, 128, 60, VIDEO["HunyuanVideo"], 64), 60 * 12 * 3072**2),
          ("Wan 14B 1280x720, 81 frames, guidance", Pass((VIDEO["Wan"],), 40, 128, 40, VIDEO["Wan"], 64, guided=True), 40 * (6 * 5120**2 + 2 * 5120 * 13824)),
          ("MiniMax-H3 1344x768, 124 frames", Pass((H3,), 56, 128, 50, H3, 5376), 50 * (4 * 5376 * 7168 + 3 * 5376 * 14336))]


def main():
    print("| model | GPUs | split | sent by each in a step | computing | " + " | ".join(LINKS) + " |\n|---|---|---|---|---|" + "---|" * len(LINKS))
    for name, work, matrices in MODELS:
        tokens, passes = sum(work.parts), 2 if work.guided else 1
        operations = passes * (2 * tokens * matrices + 4 * tokens * tokens * work.heads * work.dim * work.layers)
        for n in (2, 4, 8, 16, 32, 64):
            halves, exchange, groups = split_of_step(work, n)
            most = sum(share(part, 0, exchange * groups) for part in work.parts)          # tokens of rank 0
            sent = step(work, 0, n, 2)
            seconds = operations / halves * most / tokens / RATE
            print(f"| {name} | {n} | {'2 x ' if halves == 2 else ''}{exchange} x {groups} | {sent / 1e9:.2f} GB | {seconds:.2f} s | " +
                  " | ".join(f"+{100 * sent / link / seconds:.0f} %" for link in LINKS.values()) + " |")
            name = ""


if __name__ == "__main__":
    main()
