# SPDX-License-Identifier: LGPL-2.1-or-later
"""Time per denoise step and peak memory of a HunyuanVideo transformer beside diffusers, same weights, same
prompt, both in processes of their own that take turns. CPU time counts all threads; on a busy machine it is the
fairer figure.

  hunyuan_step.py PROGRAM [--threads 2] [--rounds 3] [--steps 4] [--dtype fp32|bf16|both]

diffusers runs as its pipeline does: text padded to 256 tokens and masked. The result after the last step
is compared too: a fast wrong answer fails."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

# 140 million parameters; 17 frames of 320 x 192 pixels are 1200 video tokens.
CONFIG = dict(num_attention_heads=12, attention_head_dim=64, rope_axes_dim=(8, 28, 28), num_layers=3, num_single_layers=6,
              num_refiner_layers=2, text_embed_dim=1024, pooled_projection_dim=768)
SIZES, TEXT, PADDED = (16, 5, 24, 40), 40, 256

REFERENCE = r"""
import json, re, sys, time
start = time.perf_counter()
import numpy as np, torch
from diffusers import FlowMatchEulerDiscreteScheduler, HunyuanVideoTransformer3DModel
from safetensors.torch import load_file, save_file
folder, steps, threads, dtype, sizes = json.loads(sys.argv[1])
torch.set_num_threads(threads)
dtype = getattr(torch, dtype)
model = HunyuanVideoTransformer3DModel.from_pretrained(folder + "/reference", torch_dtype=dtype).eval()
given = load_file(folder + "/prompt.safetensors")
scheduler = FlowMatchEulerDiscreteScheduler(shift=7.0)
scheduler.set_timesteps(sigmas=np.linspace(1.0, 0.0, steps + 1)[:-1])
latents = torch.randn(1, *sizes, generator=torch.Generator().manual_seed(1))
guidance = torch.tensor([6.0], dtype=dtype) * 1000.0
text, mask, pooled = given["text"][None].to(dtype), given["mask"][None].to(dtype), given["pooled"][None].to(dtype)
del given
with torch.no_grad():
    for i, t in enumerate(scheduler.timesteps):
        if i == 0:
            print("first %.4f" % (time.perf_counter() - start))
        begun, spent = time.perf_counter(), time.process_time()
        v = model(latents.to(dtype), t.expand(1).to(latents.dtype), text, mask, pooled, guidance, return_dict=False)[0]
        latents = scheduler.step(v, t, latents, return_dict=False)[0]
        print("step %.4f" % (time.perf_counter() - begun))
        print("cpu %.4f" % (time.process_time() - spent))
print("peak", re.search(r"VmHWM:\s*(\d+)", open("/proc/self/status").read()).group(1))
save_file({"latents": latents[0].float().contiguous()}, folder + "/reference.safetensors")
"""


def measure(line, threads):
    env = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    done = subprocess.run(line, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    found = {"first": [], "step": [], "cpu": [], "peak": []}
    for row in done.stdout.splitlines():
        name, value = row.split()
        found[name].append(float(value))
    return found


def tell(ours, reference):
    """The figures of both sides' runs, as `measure` gives them."""
    def median(runs, what):
        # The first step of a process also pages in weights; the median of the rest of all rounds.
        return statistics.median(t for r in runs for t in r[what][1:])

    def largest(runs):
        return max(r["peak"][0] for r in runs) / 1024

    for what, title in (("step", "step:      "), ("cpu", "its CPU:   ")):
        a, b = median(ours, what), median(reference, what)
        print(f"  {title} ours {a:.3f} s, diffusers {b:.3f} s, {b / a:.2f} x")
    first = [statistics.median(r["first"][0] for r in runs) for runs in (ours, reference)]
    print(f"  to step 1:  ours {first[0]:.2f} s, diffusers {first[1]:.2f} s, {first[1] / first[0]:.1f} x sooner")
    print(f"  peak RSS:   ours {largest(ours):.0f} MiB, diffusers {largest(reference):.0f} MiB, {largest(ours) / largest(reference):.2f} x")


def compare(program, dtype_name, threads, rounds, steps):
    import torch
    from safetensors.torch import load_file, save_file
    import oracle

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[dtype_name]
    with tempfile.TemporaryDirectory(dir=os.environ.get("ZT_BUILD", ".")) as folder:
        model = oracle.transformer("t2v", seed=1, **CONFIG).to(dtype)
        count = sum(p.numel() for p in model.parameters())
        model.save_pretrained(folder + "/reference")
        g = torch.Generator().manual_seed(2)
        text, pooled = torch.randn(PADDED, CONFIG["text_embed_dim"], generator=g), torch.randn(CONFIG["pooled_projection_dim"], generator=g)
        mask = (torch.arange(PADDED) < TEXT).float()
        save_file(dict(text=text, mask=mask, pooled=pooled), folder + "/prompt.safetensors")
        ours_in = {"w." + k: v.contiguous().clone() for k, v in oracle.original_names(model.state_dict()).items()}
        save_file(dict(ours_in, states=text[:TEXT].clone(), pooled=pooled, sizes=torch.tensor(SIZES)), folder + "/in.safetensors")
        c = model.config
        options = dict(kind="t2v", in_channels=c.in_channels, out_channels=c.out_channels, heads=c.num_attention_heads,
                       head_dim=c.attention_head_dim, layers=c.num_layers, single_layers=c.num_single_layers,
                       refiner_layers=c.num_refiner_layers, mlp_ratio=c.mlp_ratio, patch=c.patch_size, patch_t=c.patch_size_t,
                       guidance_embeds=1, text_dim=c.text_embed_dim, pooled_dim=c.pooled_projection_dim, rope_theta=c.rope_theta,
                       rope_axes=",".join(map(str, c.rope_axes_dim)), type=dtype_name, steps=steps, threads=threads)
        del model, ours_in
        ours_line = [program, "steps", folder + "/in.safetensors", folder + "/ours.safetensors"] + [f"{k}={v}" for k, v in options.items()]
        reference_line = [sys.executable, "-c", REFERENCE, json.dumps([folder, steps, threads, str(dtype).split(".")[1], SIZES])]
        ours, reference = [], []
        for _ in range(rounds):
            ours.append(measure(ours_line, threads))
            reference.append(measure(reference_line, threads))
        error = oracle.rel_l2(load_file(folder + "/ours.safetensors")["latents"], load_file(folder + "/reference.safetensors")["latents"])

    print(f"{dtype_name}, {count / 1e6:.0f} M parameters, {steps} steps, {threads} threads, {rounds} rounds")
    tell(ours, reference)
    bar = 1e-4 if dtype_name == "fp32" else 3e-2
    print(f"  latents:    relative difference {error:.2g} (bar {bar:g})", flush=True)
    return error <= bar


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--dtype", choices=("fp32", "bf16", "both"), default="both")
    a = parser.parse_args()
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
    good = [compare(os.path.abspath(a.program), d, a.threads, a.rounds, a.steps) for d in ("fp32", "bf16") if a.dtype in (d, "both")]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
