# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole generations: frames of the engine's C API against those of the diffusers pipelines, for the cases of
pipeline_cases.py. Both sides read the same folder of seeded weights.

    pipeline_test.py PARITY_PIPELINE

Bars, fp32: the worst frame 60 dB for text to video and 52 dB with a picture. bf16 must stay near the fp32 frames.
A budget that leaves room for a few blocks only changes no bit. What the memory plan foresees is within 15 % of what
the process then takes, with room for everything and with little. The shots of a storyboard are, bit by bit, the clips
that each prompt gives alone, cut on the shot's frame."""
import pathlib
import sys
import tempfile

import oracle
import pipeline_cases
import torch
from oracle import Report, psnr, run_stage

PROGRAM = sys.argv[1]


def generate(made, picture=None, **more):
    options = dict(made.options, model=made.model, device="cpu") | more
    embeds = made.case.kind != "latent_concat" and made.case.guidance_embeds is not False
    if not embeds:
        options.pop("guidance")     # the model has no input for it, so the engine refuses it
    given = {"nothing": torch.zeros(1)}
    if made.picture:
        import numpy
        from PIL import Image
        given["image"] = torch.from_numpy(numpy.array(Image.open(made.picture).convert("RGB")))
        options["fit"] = "stretch"  # what diffusers does
    if picture is not None:
        given["image"] = picture
    options = {name: value for name, value in options.items() if value is not None}
    return run_stage(PROGRAM, "clip", given, **options)


SHOTS = [(0, 6, "A cat walks on the grass."), (6, 13, "一只猫在草地上行走"), (13, 14, "The cat jumps.")]


def check_storyboard(report, made, folder, transition):
    """SHOTS in 24 frames a second against each shot's clip alone: of the next length 4k+1, from the made picture after a
    cut, else from the last frame of the shot before. What token_replace then begins with is that frame, and is left out."""
    path = pathlib.Path(folder, "shots.srt")
    path.write_text("\n".join(f"00:00:00,{first * 1000 // 24:03d} --> 00:00:00,{last * 1000 // 24:03d}\n{prompt}\n"
                              for first, last, prompt in SHOTS))
    few = {"precision": "fp32", "steps": "2"}
    clip = generate(made, storyboard=str(path), transition=transition, prompt=None, frames=None, **few)["frames"]
    joined = []
    for first, last, prompt in SHOTS:
        on = transition == "morph" and first > 0
        skip = 1 if on and made.case.kind == "token_replace" else 0
        length = (last - first + skip + 2) // 4 * 4 + 1
        shot = generate(made, joined[-1][-1] if on else None, prompt=prompt, frames=str(length), **few)["frames"]
        joined.append(shot[skip:skip + last - first])
    report.check(f"{made.case.kind}: storyboard, {transition}: shots are the clips of their prompts", torch.equal(clip, torch.cat(joined)),
                 f"{tuple(clip.shape)}")
    report.check(f"{made.case.kind}: storyboard, {transition}: a prompt changes the clip", not torch.equal(joined[0], joined[1][:6]))


# glibc keeps blocks below 32 MiB that are given back for its own use, which is nothing beside a real model but much beside
# this one: here it maps them one by one, as it does the tensors of a real one. meson's filling of all memory is only slow.
MAPPED = dict(GLIBC_TUNABLES="glibc.malloc.mmap_threshold=1048576", MALLOC_PERTURB_="0")


def check_memory(report, folder):
    for dtype in ("fp32", "bf16"):
        model = f"{folder}/large-{dtype}"
        oracle.large_pipeline(dtype).save_pretrained(model)
        clip = dict(frames=17, steps=2, precision=dtype)
        given = {"nothing": torch.zeros(1)}
        together, streamed, kept, program = run_stage(PROGRAM, "plan", given, model=model, width=256, height=160, **clip)["bytes"].tolist()
        least = max(streamed, 0.8 * together)
        for memory, foreseen in (("0", kept), (str(int(program + least)), least)):
            got = run_stage(PROGRAM, "clip", given, MAPPED, model=model, device="cpu", prompt="a cat", size="256x160", memory=memory, **clip)
            before, peak = got["memory"][0, 1].item() * 1024, got["peak_kib"].item() * 1024
            report.below(f"{dtype}: peak beside the program with memory={memory}: {(peak - before) / 1e6:.0f} MB, foreseen {foreseen / 1e6:.0f} MB",
                         abs(foreseen / (peak - before) - 1), 0.15)


def main():
    report = Report()
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        for case in pipeline_cases.CASES:
            made = pipeline_cases.make(case, folder)
            ours = generate(made, precision="fp32")["frames"].float() / 255
            theirs = (made.frames * 255).round() / 255
            report.above(f"{made.text}: worst frame, dB", pipeline_cases.worst_psnr(ours, theirs), 52 if made.picture else 60)
            if case.name in ("t2v", "token_replace"):
                half = generate(made, precision="bf16")["frames"].float() / 255
                report.above(f"{made.text}: bf16 to fp32, dB", psnr(half, ours), 20)
                tight = generate(made, precision="fp32", memory="540M")["frames"].float() / 255
                report.check(f"{made.text}: same bytes in a small budget", torch.equal(tight, ours))
            for transition in {"t2v": ["cut"], "token_replace": ["cut", "morph"], "latent_concat": ["morph"]}.get(case.name, []):
                check_storyboard(report, made, folder, transition)
        long = pipeline_cases.make(next(c for c in pipeline_cases.CASES if c.name == "t2v_long"), folder)
        when = generate(long, precision="fp32")["seconds"]
        report.check(f"{long.text}: the first frame leaves while later tiles are decoded", when[0] < when[-1] - 0.2 * (when[-1] - when[0]) and
                     (when[13] - when[12]) > 3 * (when[1] - when[0]), f"first {when[0]:.2f} s, 14th {when[13]:.2f} s, last {when[-1]:.2f} s")
        check_memory(report, folder)
    report.end()


main()
