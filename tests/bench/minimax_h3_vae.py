# SPDX-License-Identifier: LGPL-2.1-or-later
"""MiniMax-H3's autoencoders beside diffusers: the same random weights and latents, in turn, each in a process of its own
that loads and decodes. Prints, for each type, seconds to the first frames and to all, processor seconds, the peak of the
process, and the ratios; for ours also what the memory plan foresaw. Compares the last frames. Never fails on figures.
Usage: minimax_h3_vae.py PROGRAM [--size WxH] [--clips N] [--blocks N] [--type fp32|bf16]... [--audio]
The video decoder has the published width (2048) with N of its 36 blocks (2: 141 M parameters); --audio: sound of 124
frames through the published audio autoencoder instead."""
import argparse
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
import minimax_h3_vae_oracle as h3  # noqa: E402
import torch  # noqa: E402

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def theirs(kind, folder, dtype):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    latents = oracle.load_file(folder + "/in.safetensors")["latents"]
    cls = oracle.diffusers.AutoencoderKLMiniMaxH3 if kind == "video" else oracle.diffusers.AutoencoderKLMiniMaxH3Audio
    model = cls.from_pretrained(folder + "/vae", torch_dtype=TYPES[dtype]).eval()
    wall, ticks = time.perf_counter(), time.process_time()
    result = (h3.frames(model, latents)[-17:] if kind == "video" else h3.samples(model, latents)).contiguous().clone()
    whole, processor = time.perf_counter() - wall, time.process_time() - ticks
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    oracle.save_file({"figures": torch.tensor([whole, whole, processor, peak], dtype=torch.double), "result": result}, folder + "/out.safetensors")


def reference(kind, folder, latents, dtype):
    oracle.save_file({"latents": latents}, folder + "/in.safetensors")
    subprocess.run([sys.executable, __file__, "--diffusers", kind, folder, dtype], check=True)
    out = oracle.load_file(folder + "/out.safetensors")
    return out["figures"].tolist(), out["result"]


def show(dtype, names, ours, other):
    for name, a, b in zip(names, ours, other):
        print(f"{dtype:5} {name:13} {a:9.2f}   diffusers {b:9.2f}   ratio {b / a:.2f}", flush=True)


def video(given, folder):
    width, height = map(int, given.size.split("x"))
    published = dict(latent_channels=24, decoder_num_layers=given.blocks, **h3.statistics(24, 71))
    model = h3.sensitive(oracle.diffusers.AutoencoderKLMiniMaxH3(**published), 61)
    count = sum(p.numel() for n, p in model.named_parameters() if n.startswith(("decoder.", "post_quant")))
    model.save_pretrained(folder + "/vae")
    del model
    print(f"{17 * given.clips + 5} frames of {width}x{height}, decoder of {count / 1e6:.0f} M parameters, {os.environ['OMP_NUM_THREADS']} threads")
    latents = torch.randn((24, 5 * given.clips + 2, height // 16, width // 16), generator=torch.Generator().manual_seed(7))
    for dtype in given.type or TYPES:
        out = oracle.run_stage(given.program, "video_bench", {"latents": latents}, path=folder + "/vae", type=dtype)
        ours = out["figures"].tolist()
        other, frames = reference("video", folder, latents, dtype)
        print(f"{dtype:5} last frames: {oracle.rel_l2(out['frames'][-17:], frames.clamp(0, 1)):.2e} apart; beside the weights {out['foreseen'].item() / 2**20:.0f} MiB "
              f"foreseen; peak behind each clip {[round(v / 2**20) for v in out['after'].tolist()]} MiB")
        show(dtype, ("first frames", "all frames", "processor", "peak MiB"), ours[:3] + [ours[3] / 2**20], other[:3] + [other[3] / 2**20])


def audio(given, folder):
    model = h3.audio(**dict(encoder_dim=64, latent_dim=2048, latent_channels=32, num_attention_heads=8, decoder_dim=1024, **h3.statistics(32, 72)))
    model.save_pretrained(folder + "/vae")
    latents = torch.randn((2, 32, 207), generator=torch.Generator().manual_seed(7))
    out = oracle.run_stage(given.program, "audio_bench", {"latents": latents}, path=folder + "/vae")
    whole, processor, peak, before = out["figures"].tolist()
    other, samples = reference("audio", folder, latents, "fp32")
    print(f"{oracle.rel_l2(out['samples'], samples):.2e} apart; {out['foreseen'].item() / 2**20:.0f} MiB foreseen beside the weights, got {(peak - before) / 2**20:.0f}")
    show("fp32", ("all samples", "processor", "peak MiB"), (whole, processor, peak / 2**20), (other[1], other[2], other[3] / 2**20))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--size", default="512x288")
    parser.add_argument("--clips", type=int, default=1)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--type", action="append", choices=list(TYPES))
    parser.add_argument("--audio", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=oracle.BUILD) as folder:
        (audio if given.audio else video)(given, folder)


if sys.argv[1] == "--diffusers":
    theirs(*sys.argv[2:5])
else:
    main()
