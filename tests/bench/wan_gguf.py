# SPDX-License-Identifier: LGPL-2.1-or-later
"""Beside stable-diffusion.cpp on the CPU: time per step on the same GGUF file of Wan 2.1 T2V 1.3B with random weights,
both of its readers reading the same UMT5 and the same VAE.

    wan_gguf.py PARITY_PIPELINE SD_CLI [--size 256x160] [--frames 9] [--steps 3] [--kind Q8_0]... [--rounds 1]

SD_CLI: the program sd-cli. It takes the sizes of Wan's transformer from its number of blocks, 30 or 40, so that the
smallest model that both run is the 1.3B. UMT5 is as wide as the published one, since the transformer reads it, and has
two blocks. The first step of either side, which reads weights, is left out; of sd-cli the faster of its two forms of
attention counts. bf16 is ours alone: the same matrices in a safetensors file. Prints, passes or fails nothing."""
import argparse
import functools
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import numpy
import torch
from safetensors.torch import save_file

import real_size
import whole

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import wan_oracle  # noqa: E402, beside the parity tests
import wan_tokenizer  # noqa: E402

SIZE, PROMPT = "wan-2.1-1.3b", "a cat walks on the grass"
UMT5 = dict(d_model=4096, d_kv=64, num_heads=8, d_ff=1024, num_layers=2)


def write_bf16(path):
    random = numpy.random.default_rng(1)
    of_shape = functools.cache(lambda shape: torch.from_numpy(real_size.plain("", shape, random)).bfloat16())
    save_file({name: of_shape(shape).clone() if real_size.is_matrix(name, shape) else torch.from_numpy(real_size.plain(name, shape, random)) for name, shape in real_size.shapes(SIZE).items()}, path)


def write_others(folder):
    """UMT5 and the VAE, once as folders and once as the single files that sd-cli reads."""
    reader, coder = wan_oracle.umt5(**UMT5).bfloat16(), wan_oracle.vae(base_dim=96, z_dim=16)
    reader.save_pretrained(folder / "text_encoder")
    coder.save_pretrained(folder / "vae")
    wan_tokenizer.write(folder / "tokenizer")
    save_file({k: v.contiguous() for k, v in wan_oracle.umt5_weights(reader).items()}, folder / "umt5.safetensors")
    save_file({k: v.contiguous() for k, v in wan_oracle.original_vae(coder.state_dict()).items()}, folder / "vae.safetensors")


def ours(program, model, folder, given):
    parts = ":".join(f"{part}={folder / part}" for part in ("text_encoder", "vae", "tokenizer"))
    options = dict(prompt=PROMPT, size=given.size, frames=given.frames, steps=given.steps, guidance=1, precision="bf16", engine_opts=parts)
    out, begun, _ = whole.run_clip(program, model, options)
    steps = [begun[i] for i in range(1, given.steps) if i in begun]
    return statistics.mean(b - a for a, b in zip(steps, steps[1:])), out["peak_kib"].item() / 1024


def step_times(child, steps):
    """Seconds of each step but the first, as sd-cli's bar tells them; ends it then, before it decodes."""
    text, last = b"", rf"{steps}/{steps} - [\d.]+(s/it|it/s)".encode()
    while not re.search(last, text):
        piece = os.read(child.stdout.fileno(), 4096)
        if not piece:
            sys.exit(f"sd-cli ended before step {steps}:\n" + text[-2000:].decode(errors="replace"))
        text += piece
    child.kill()
    found = re.findall(rf"(\d+)/{steps} - ([\d.]+)(s/it|it/s)", text.decode(errors="replace"))
    return [float(n) if unit == "s/it" else 1 / float(n) for i, n, unit in found if int(i) > 1]


def theirs(program, model, folder, given):
    width, height = given.size.split("x")
    best = (1e9, 0.0)
    for attention in ([], ["--diffusion-fa"]):
        with tempfile.TemporaryDirectory() as place:
            line = [program, "-M", "vid_gen", "--diffusion-model", model, "--t5xxl", folder / "umt5.safetensors", "--vae", folder / "vae.safetensors",
                    "-p", PROMPT, "--cfg-scale", "1", "--sampling-method", "euler", "--flow-shift", "3", "--steps", str(given.steps), "-W", width,
                    "-H", height, "--video-frames", str(given.frames), "-t", str(os.cpu_count()), "-o", place + "/out.avi", *attention]
            child = subprocess.Popen([str(a) for a in line], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            times = step_times(child, given.steps)
            _, _, used = os.wait4(child.pid, 0)
        best = min(best, (statistics.mean(times), used.ru_maxrss / 1024))
    return best


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("sd_cli")
    parser.add_argument("--size", default="256x160")
    parser.add_argument("--frames", type=int, default=9)
    parser.add_argument("--steps", type=int, choices=range(3, 51), default=3)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--kind", action="append", choices=["bf16", "Q8_0", "Q4_K"])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = pathlib.Path(place)
        write_others(folder)
        print(f"Wan 2.1 1.3B, {given.size}, {given.frames} frames, {given.steps} steps, {os.cpu_count()} cores", flush=True)
        for kind in given.kind or ["bf16", "Q8_0", "Q4_K"]:
            model = folder / ("model.safetensors" if kind == "bf16" else "model.gguf")
            write_bf16(model) if kind == "bf16" else real_size.write_gguf(model, SIZE, kind)
            rounds = [((0.0, 0.0) if kind == "bf16" else theirs(os.path.abspath(given.sd_cli), model, folder, given),
                       ours(os.path.abspath(given.program), model, folder, given)) for _ in range(given.rounds)]
            model.unlink()
            (step, peak), (our_step, our_peak) = (tuple(statistics.median(r[i][k] for r in rounds) for k in (0, 1)) for i in (0, 1))
            beside = "" if kind == "bf16" else f"   stable-diffusion.cpp {step:7.2f} s, {peak:6.0f} MiB   {step / our_step:5.2f} x"
            print(f"  {kind:5} zoetrope {our_step:7.2f} s a step, {our_peak:6.0f} MiB{beside}", flush=True)


if __name__ == "__main__":
    main()
