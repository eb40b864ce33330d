# SPDX-License-Identifier: LGPL-2.1-or-later
"""A clip of a model of real size (real_size.py writes one of Wan): time per phase, peak memory, and how much of the
machine's own matrix product the steps reach. Prints, passes or fails nothing.

    real_run.py PARITY_PIPELINE FOLDER size=832x480 frames=5 steps=3 memory=4G [OPTION=VALUE...]"""
import json
import pathlib
import sys
import time

import torch

import whole


def products_per_pass(folder, width, height, frames):
    """Multiplications and additions of one pass through a Wan transformer, attention included. Keys and values of the text
    are not: they are made in the first pass."""
    c = json.loads((folder / "transformer/config.json").read_text())
    scale = json.loads((folder / "vae/config.json").read_text()).get("scale_factor_spatial", 8)
    h, text = c["num_attention_heads"] * c["attention_head_dim"], 512
    tokens = ((frames - 1) // 4 + 1) * (height // scale // 2) * (width // scale // 2)
    linear = 2 * tokens * (6 * h * h + 2 * h * c["ffn_dim"])
    attention = 4 * tokens * (tokens + text) * h
    return tokens, c["num_layers"] * (linear + attention)


def matmul_rate(h, kind):
    a, b = (torch.randn(n, m).to(kind) for n, m in ((4096, h), (h, 4 * h)))
    best = 1e9
    for _ in range(5):
        begin = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - begin)
    return 2 * 4096 * h * 4 * h / best


def main():
    program, folder, options = sys.argv[1], pathlib.Path(sys.argv[2]), dict(o.split("=", 1) for o in sys.argv[3:])
    options = {"prompt": "A red fox runs through deep snow.", "guidance": "1", "precision": "bf16", **options}
    out, steps, decode = whole.run_clip(program, folder, options)
    width, height = (int(n) for n in options["size"].split("x"))
    tokens, products = products_per_pass(folder, width, height, int(options["frames"]))
    each = [steps[i + 1] - steps[i] for i in range(1, int(options["steps"])) if i in steps and i + 1 in steps] or [steps[1] - steps[0]]
    step = min(each)
    config = json.loads((folder / "transformer/config.json").read_text())
    rate = matmul_rate(config["num_attention_heads"] * config["attention_head_dim"], torch.bfloat16 if options["precision"] == "bf16" else torch.float32)
    print(f"{tokens} tokens, {products / 1e12:.1f} TFLOP a pass, {torch.get_num_threads()} threads")
    print(f"first step begins after {steps[0]:.0f} s (text and the first weights)")
    print(f"step {step:.1f} s: {products / step / 1e9:.0f} GFLOP/s, {100 * products / step / rate:.0f} % of the matrix product's {rate / 1e9:.0f}")
    print(f"decoding: first frames after {out['seconds'][0].item() - decode:.1f} s, all after {out['seconds'][-1].item() - decode:.1f} s")
    print(f"peak resident memory {out['peak_kib'].item() * 1024 / 1e9:.2f} GB; by phase " + ", ".join(f"{n:.0f}: {k * 1024 / 1e9:.2f}" for n, k in out["memory"].tolist()))


if __name__ == "__main__":
    main()
