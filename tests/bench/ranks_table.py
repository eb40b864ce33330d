# SPDX-License-Identifier: LGPL-2.1-or-later
"""What several GPUs would do in a step, computed, not measured: operations of the models' shapes, and bytes by the formula of docs/many-machines.md,
which parity_ranks holds the engine to. Assumed: RATE operations a second and GPU, links at their nominal rate, nothing overlapped, bf16.

    ranks_table.py"""
RATE = 400e12
LINKS = {"NVLink": 450e9, "400 Gbit/s": 50e9, "100 Gbit/s": 12.5e9, "10 Gbit/s": 1.25e9}      # bytes a second, one direction
# name, tokens, width of the attention, its layers, heads, multiply-adds a token and step of all matrices, gathered columns, passes
MODELS = [("HunyuanVideo 1280x720, 129 frames", 33 * 45 * 80 + 256, 3072, 60, 24, 60 * 12 * 3072**2, 64, 1),
          ("Wan 14B 1280x720, 81 frames, guidance", 21 * 45 * 80, 5120, 40, 40, 40 * (6 * 5120**2 + 2 * 5120 * 13824), 64, 2),
          ("MiniMax-H3 1344x768, 124 frames", 37 * 24 * 42 + 500, 7168, 50, 56, 50 * (4 * 5376 * 7168 + 3 * 5376 * 14336), 5376, 1)]


def part(all_, rank, size):
    return all_ // size + (rank < all_ % size)


def main():
    print("| model | GPUs | sent by each in a step | computing | " + " | ".join(LINKS) + " |\n|---|---|---|---|" + "---|" * len(LINKS))
    for name, tokens, width, layers, heads, matrices, columns, passes in MODELS:
        work = passes * (2 * tokens * matrices + 4 * tokens * tokens * width * layers)
        for n in (2, 4, 8, 16, 64):
            halves = 2 if passes == 2 else 1
            group, dim = n // halves, width // heads
            own, mine = part(tokens, 0, group), part(heads, 0, group)
            sent = 0
            if group > 1:
                sent = layers * (3 * own * dim * (heads - mine) + (tokens - own) * mine * dim) + own * columns * (group - 1)
            sent = 2 * (sent + (tokens * columns if halves == 2 else 0))
            busiest = work / halves * (tokens and max(mine / heads, own / tokens) if group > 1 else 1)
            seconds = busiest / RATE
            print(f"| {name} | {n} | {sent / 1e9:.2f} GB | {seconds:.2f} s | " + " | ".join(f"+{100 * sent / link / seconds:.0f} %" for link in LINKS.values()) + " |")
            name = ""


if __name__ == "__main__":
    main()
