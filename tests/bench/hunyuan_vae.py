# SPDX-License-Identifier: LGPL-2.1-or-later
"""HunyuanVideo's VAE decoder beside diffusers: the same random weights and latents, the same tiles, in turn.
Prints, for each type, seconds to the first frames and to all, processor seconds and the peak of the
process (both with everything they load), and the ratios. Never fails on figures.
Usage: hunyuan_vae.py PROGRAM [latents height width]; OMP_NUM_THREADS sets the threads of both."""
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "parity"))
os.environ.setdefault("OMP_NUM_THREADS", "2")
import oracle  # noqa: E402
import torch  # noqa: E402

CONFIG = dict(block_out_channels=(64, 128, 256, 256), norm_num_groups=32)
OPTIONS = dict(block_out="64,128,256,256", groups=32, layers=2, tiling="diffusers-untiled")
NAMES = ("first frames", "all frames", "processor", "peak MiB")


def theirs(folder, dtype):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    files = oracle.load_file(folder + "/in.safetensors")
    model = oracle.diffusers.AutoencoderKLHunyuanVideo(**{**oracle.VAE, **CONFIG}).eval()
    model.load_state_dict({k[2:]: v for k, v in files.items() if k.startswith("w.")}, strict=False)
    model = model.to(dtype)
    latents = files["latents"].to(dtype)[None] / model.config.scaling_factor
    whole = processor = 1e9
    for _ in range(2):
        wall, ticks = time.perf_counter(), time.process_time()
        with torch.inference_mode():
            frames = model.decode(latents, return_dict=False)[0]
            frames = (frames * 0.5 + 0.5).clamp(0, 1).float()
        whole, processor = min(whole, time.perf_counter() - wall), min(processor, time.process_time() - ticks)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    oracle.save_file({"figures": torch.tensor([whole, whole, processor, peak], dtype=torch.double)}, folder + "/out.safetensors")


def main():
    program, shape = sys.argv[1], [int(n) for n in sys.argv[2:5]] or [8, 12, 16]
    model = oracle.vae(6, **CONFIG)
    latents = torch.randn([16] + shape, generator=torch.Generator().manual_seed(7))
    state = {k: v for k, v in model.state_dict().items() if k.startswith(("decoder.", "post_quant_conv."))}
    del model
    print(f"{shape[0] * 4 - 3} frames of {shape[2] * 8}x{shape[1] * 8}, {sum(v.numel() for v in state.values()) / 1e6:.1f} M parameters, "
          f"{os.environ['OMP_NUM_THREADS']} threads")
    for dtype in (torch.float32, torch.bfloat16):
        ours = oracle.run_stage(program, "bench", {**oracle.prefixed("w.", {k: v.to(dtype) for k, v in state.items()}), "latents": latents},
                                **OPTIONS)["figures"].tolist()
        with tempfile.TemporaryDirectory(prefix="bench-", dir=oracle.BUILD) as folder:
            oracle.save_file({**oracle.prefixed("w.", state), "latents": latents}, folder + "/in.safetensors")
            subprocess.run([sys.executable, __file__, "--diffusers", folder, str(dtype)], check=True)
            reference = oracle.load_file(folder + "/out.safetensors")["figures"].tolist()
        ours[3], reference[3] = ours[3] / 2**20, reference[3] / 2**20
        for name, a, b in zip(NAMES, ours, reference):
            print(f"{str(dtype)[6:]:9} {name:13} {a:9.2f}   diffusers {b:9.2f}   ratio {b / a:.2f}", flush=True)


if sys.argv[1] == "--diffusers":
    theirs(sys.argv[2], {"torch.float32": torch.float32, "torch.bfloat16": torch.bfloat16}[sys.argv[3]])
else:
    main()
