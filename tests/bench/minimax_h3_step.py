# SPDX-License-Identifier: LGPL-2.1-or-later
"""Time per denoise step and peak memory of a MiniMax-H3 transformer beside diffusers, the same files, the same text
states, both in processes of their own that take turns. CPU time counts all threads; on a busy machine it is the
fairer figure.

  minimax_h3_step.py PROGRAM [--threads 2] [--rounds 3] [--steps 4] [--dtype fp32|bf16|both] [--resident N]

diffusers runs as its pipeline does: refiner and modulation at every step. The result after the last step is compared
too: a fast wrong answer fails. --resident: blocks of ours in memory, the others from disk at every step."""
import argparse
import json
import os
import pathlib
import sys
import tempfile

import hunyuan_step

# 124 million parameters, 43 of them of the modulation; 22 frames of 384 x 256 pixels with sound are 746 rows.
CONFIG = dict(num_attention_heads=8, attention_head_dim=128, hidden_size=768, num_layers=8, num_refiner_layers=2, ffn_dim=2048, text_dim=640,
              freq_dim=256, time_embed_hidden_dim=768, time_embed_dim=384, rope_freq_dim=16)
FRAMES, WIDTH, HEIGHT, TEXT = 22, 384, 256, 96

REFERENCE = r"""
import json, re, sys, time
start = time.perf_counter()
import torch
from diffusers import MiniMaxH3Scheduler, MiniMaxH3Transformer3DModel
from diffusers.modular_pipelines.minimax_h3.before_denoise import MiniMaxH3PrepareLayoutStep, MiniMaxH3SetTimestepsStep, patchify_video_latents
from safetensors.torch import load_file, save_file
folder, steps, threads, dtype, frames, width, height = json.loads(sys.argv[1])
torch.set_num_threads(threads)
dtype = getattr(torch, dtype)
model = MiniMaxH3Transformer3DModel.from_pretrained(folder + "/reference", torch_dtype=dtype).eval()
given = load_file(folder + "/in.safetensors")
t, h, w, audio = frames // 17 * 5 + 2, height // 16, width // 16, round(frames / 24 * 40)
positions, tags, video_rows, audio_rows, text_rows, keyframes, _ = MiniMaxH3PrepareLayoutStep.build_packed_sequence(given["tags"], t, h, w, audio, (1, 2, 2), 2, 2, 0)
generator = torch.Generator().manual_seed(1)
video = patchify_video_latents(torch.randn(1, 24, t, h, w, generator=generator), (1, 2, 2))
sound = torch.randn(2 * audio, 32, generator=generator)
schedulers = MiniMaxH3Scheduler(shift=12.0), MiniMaxH3Scheduler(shift=3.0)
for s in schedulers:
    s.set_timesteps(steps + 1)
states = given["states"][None].to(dtype)
with torch.no_grad():
    for i, (a, b) in enumerate(zip(schedulers[0].timesteps, schedulers[1].timesteps)):
        if i == 0:
            print("first %.4f" % (time.perf_counter() - start))
        begun, spent = time.perf_counter(), time.process_time()
        times, index = MiniMaxH3SetTimestepsStep.build_row_timesteps(video_rows, audio_rows, 0, 0, len(tags[text_rows]), float(a), float(b), 0.999, 1.0)
        v, s = model(hidden_states=video[None], audio_hidden_states=sound[None], encoder_hidden_states=states, timestep=times, timestep_indices=index,
                     token_tags=tags, position_ids=positions, video_indices=video_rows, audio_indices=audio_rows, text_indices=text_rows, return_dict=False)
        video = schedulers[0].step(v[0].float(), a, video, return_dict=False)[0]
        sound = schedulers[1].step(s[0].float(), b, sound, return_dict=False)[0]
        print("step %.4f" % (time.perf_counter() - begun))
        print("cpu %.4f" % (time.process_time() - spent))
print("peak", re.search(r"VmHWM:\s*(\d+)", open("/proc/self/status").read()).group(1))
save_file({"video": video.contiguous(), "audio": sound.contiguous()}, folder + "/reference.safetensors")
"""


def compare(program, dtype_name, threads, rounds, steps, resident):
    import torch
    from safetensors.torch import load_file, save_file
    import minimax_h3_oracle
    import oracle

    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[dtype_name]
    with tempfile.TemporaryDirectory(dir=os.environ.get("ZT_BUILD", ".")) as folder:
        model = minimax_h3_oracle.transformer(1, **CONFIG)
        count = sum(p.numel() for p in model.parameters())
        modulation = sum(p.numel() for n, p in model.named_parameters() if "adaln" in n or "norm_out.linear" in n)
        for name, p in model.named_parameters():      # as the release stores it
            if dtype == torch.bfloat16 and not set(name.split(".")) & set(model._keep_in_fp32_modules):
                p.data = p.data.bfloat16()
        model.save_pretrained(folder + "/reference")
        states = torch.randn(TEXT, CONFIG["text_dim"], generator=torch.Generator().manual_seed(2))
        save_file(dict(states=states, tags=torch.ones(TEXT, dtype=torch.long)), folder + "/in.safetensors")
        del model
        options = dict(model=folder + "/reference", type=dtype_name, steps=steps, threads=threads, seed=1, frames=FRAMES, width=WIDTH, height=HEIGHT)
        if resident is not None:
            options["resident"] = resident
        ours_line = [program, "steps", folder + "/in.safetensors", folder + "/ours.safetensors"] + [f"{k}={v}" for k, v in options.items()]
        reference_line = [sys.executable, "-c", REFERENCE, json.dumps([folder, steps, threads, str(dtype).split(".")[1], FRAMES, WIDTH, HEIGHT])]
        ours, reference = [], []
        for _ in range(rounds):
            ours.append(hunyuan_step.measure(ours_line, threads))
            reference.append(hunyuan_step.measure(reference_line, threads))
        made, wanted = load_file(folder + "/ours.safetensors"), load_file(folder + "/reference.safetensors")
        error = max(oracle.rel_l2(made[k], wanted[k]) for k in ("video", "audio"))

    print(f"{dtype_name}, {count / 1e6:.0f} M parameters ({modulation / 1e6:.0f} M of the modulation), {steps} steps, {threads} threads, {rounds} rounds")
    hunyuan_step.tell(ours, reference)
    bar = 1e-4 if dtype_name == "fp32" else 3e-2
    print(f"  latents:    relative difference {error:.2g} (bar {bar:g})", flush=True)
    return error <= bar


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    for name, default in (("threads", 2), ("rounds", 3), ("steps", 4), ("resident", None)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dtype", choices=("fp32", "bf16", "both"), default="both")
    a = parser.parse_args()
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
    good = [compare(os.path.abspath(a.program), d, a.threads, a.rounds, a.steps, a.resident) for d in ("fp32", "bf16") if a.dtype in (d, "both")]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
