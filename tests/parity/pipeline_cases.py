# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole clips of tiny HunyuanVideo models as diffusers makes them: what every way into the engine (C API, FFmpeg,
GStreamer) is compared with.

    for case in pipeline_cases.CASES:
        made = pipeline_cases.make(case, folder)      # folder must exist; made once, then read back
        made.model       diffusers folder, for model=
        made.picture     PNG, for the animate side; None for text to video
        made.options     {"prompt": ..., "size": "64x48", "frames": "9", ...}: names and text of the option table,
                         engine_opts included; all but `model` and `precision`
        made.frames      fp32 0..1 [frames, height, width, 3]
        made.text        what stands in the file names and messages

    pipeline_cases.py FOLDER [NAME]...                writes model/, picture.png, frames.safetensors, options.json
                                                      of each case to FOLDER/NAME
"""
import dataclasses
import json
import pathlib
import sys
from typing import Any

import oracle
import torch

ENGLISH = "A cat walks on the grass, realistic style."
CHINESE = "一只猫在草地上行走，写实风格。"
NEGATIVE = "bad hands, bad teeth, deformation"


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    kind: str = "t2v"
    prompt: str = ENGLISH
    width: int = 64
    height: int = 48
    frames: int = 9               # that come out
    steps: int = 4
    seed: int = 1
    guidance: float = 6.0
    true_cfg: float = 1.0
    negative: str | None = None
    shift: float = 7.0
    guidance_embeds: bool | None = None   # None: as usual for the kind
    picture: tuple = (80, 60)     # its size; stretched to the video's


CASES = [
    Case("t2v"),
    Case("t2v_tall_zh", prompt=CHINESE, width=48, height=80, frames=5, steps=3, seed=2),
    Case("t2v_two_tiles", frames=17, guidance=1.0, seed=3, shift=17.0),
    Case("t2v_true_cfg", guidance_embeds=False, true_cfg=3.0, negative=NEGATIVE, frames=5, seed=4),
    Case("t2v_cut_prompt", prompt="The red fox runs through deep snow at night. " * 40, frames=29, width=48, height=32, seed=5),
    Case("t2v_long", width=32, height=48, frames=61, steps=2, seed=6),
    Case("token_replace", "token_replace", frames=17, seed=7),
    Case("token_replace_zh_cut", "token_replace", CHINESE * 30, 48, 64, 5, seed=8, picture=(33, 91)),
    Case("token_replace_true_cfg", "token_replace", frames=5, true_cfg=2.5, negative=NEGATIVE, seed=9, guidance=1.0),
    Case("latent_concat", "latent_concat", frames=13, seed=10),
    Case("latent_concat_true_cfg", "latent_concat", CHINESE, 64, 32, 29, 2, 11, true_cfg=3.0, negative=NEGATIVE),
]


@dataclasses.dataclass(frozen=True)
class Made:
    case: Case
    model: str
    picture: str | None
    options: dict[str, str]
    frames: Any
    text: str


def options_of(case):
    given = dict(prompt=case.prompt, size=f"{case.width}x{case.height}", frames=str(case.frames), steps=str(case.steps),
                 seed=str(case.seed), guidance=repr(case.guidance), flow_shift=repr(case.shift))
    if case.negative is not None:
        given.update(negative_prompt=case.negative, engine_opts=f"true_cfg={case.true_cfg!r}")
    return given


def make(case, folder):
    """See the head of this file."""
    folder = pathlib.Path(folder, case.name)
    model, picture, frames = folder / "model", folder / "picture.png", folder / "frames.safetensors"
    if not frames.exists():
        folder.mkdir(parents=True, exist_ok=True)
        parts = {"scheduler": oracle.diffusers.FlowMatchEulerDiscreteScheduler(shift=case.shift)}
        if case.guidance_embeds is not None:
            parts["transformer"] = oracle.transformer(case.kind, guidance_embeds=case.guidance_embeds)
        pipe = oracle.save_pipeline(case.kind, model, **parts)
        image = None
        if case.kind != "t2v":
            image = oracle.picture(*case.picture)
            image.save(picture)
        clip = oracle.frames(pipe, case.prompt, width=case.width, height=case.height, frames=case.frames, steps=case.steps,
                             seed=case.seed, guidance=case.guidance, true_cfg=case.true_cfg, negative=case.negative, image=image)
        assert clip.shape == (case.frames, case.height, case.width, 3), clip.shape
        oracle.write_json(folder / "options.json", options_of(case))
        oracle.save_file({"frames": clip}, frames)
    return Made(case, str(model), str(picture) if picture.exists() else None, options_of(case),
                oracle.load_file(frames)["frames"], f"{case.name} {case.width}x{case.height}x{case.frames}")


def worst_psnr(ours, reference):
    """The worst frame's, in dB; both [frames, height, width, 3] in 0..1."""
    assert ours.shape == reference.shape, f"expected {tuple(reference.shape)}, got {tuple(ours.shape)}"
    return min(oracle.psnr(a, b) for a, b in zip(ours, reference))


if __name__ == "__main__":
    for chosen in CASES:
        if len(sys.argv) == 2 or chosen.name in sys.argv[2:]:
            result = make(chosen, sys.argv[1])
            spread = torch.stack([result.frames.std(), result.frames.diff(dim=0).abs().mean()])
            print(result.text, json.dumps({"spread": [round(v, 4) for v in spread.tolist()]}), flush=True)
