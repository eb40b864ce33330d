# SPDX-License-Identifier: LGPL-2.1-or-later
"""MiniMax-H3's sequence, schedules, noise, transformer and loop against diffusers on tiny seeded models, in its four
conditionings: text alone, a first picture, a last one, both.

    minimax_h3_transformer_test.py PROGRAM [group]...     GROUPS below; all without

Stages of PROGRAM (minimax_h3_transformer_stage.cpp); sizes: frames, width, height, anchors=first,last; tags [L] i64:
    layout   sizes; tags, video_times, audio_times [steps] -> position_ids f64, token_tags, {video,audio,text}_indices, plan{i}.*
    levels   steps, shift -> sigmas, t
    euler    steps, shift; before{i}, velocity{i} -> after{i}
    noise    sizes, seed, channels, audio_channels; keyframe.{i} [1,z,1,h,w] -> condition_rows, video, audio rows; latents, audio_latents
    weights  model=PATH qkv= lora= -> every tensor under the engine's names, fp32
    forward  model, type=fp32|bf16, chunk, sizes; states [L,d], tags, video, audio, keyframes rows, video_times, audio_times (the pass
             is of the last) -> activated, block0.adaln, rope.cos, rope.sin, text, keyframes, block{i}, velocity.{video,audio}
    loop     model, type, sizes, steps, seed, resident; states, tags, keyframe.{i} -> latents, audio_latents

Bars, relative L2 unless said otherwise:
    layout, tags, plans, levels, Euler on recorded velocities, noise     equal bits
    rope, vectors of times, modulation, text, each block, velocities     fp32 1e-6; bf16 6e-3 and the 1.2 rule
    latents at the end of a loop of our own                             fp32 1e-5
    chunks, blocks from disk at every step                              equal bits to those in memory
The 1.2 rule: no further from fp32 with the same rounded weights than 1.2 times the oracle's own bf16 is."""
import copy
import os
import pathlib
import sys
import tempfile
import traceback

import torch
from diffusers.modular_pipelines.minimax_h3.before_denoise import MiniMaxH3PrepareLayoutStep, MiniMaxH3SetTimestepsStep

import minimax_h3_files
import minimax_h3_oracle as h3
import oracle

PROGRAM, CHOSEN = sys.argv[1], sys.argv[2:]
report = oracle.Report()
SMALL, LARGE = dict(width=64, height=32, frames=22), dict(width=96, height=64, frames=124)
NOTHING = {"nothing": torch.zeros(1)}
SEED, STEPS = 7, 2


def stage(name, tensors, **options):
    return oracle.run_stage(PROGRAM, name, tensors, **options)


def independent(what, check, *given):
    """One comparison that raises must not hide the others."""
    try:
        check(*given)
    except Exception as error:                 # noqa: BLE001 - whatever it is, it is a failure of this case
        report.check(f"{what}: runs", False, (str(error).strip().splitlines() or [type(error).__name__])[-1][:300])
        if os.environ.get("H3_TRACE"):
            traceback.print_exc()


def equal(what, ours, wanted):
    same = ours is not None and ours.shape == wanted.shape and torch.equal(ours.to(wanted.dtype), wanted)
    figure = "" if same else f"{tuple(wanted.shape)} expected, got {None if ours is None else tuple(ours.shape)}"
    if not same and ours is not None and ours.shape == wanted.shape:
        figure = f"{(ours.to(wanted.dtype) != wanted).sum().item()} of {wanted.numel()} differ"
    report.check(f"{what}: equal bits", same, figure)


def close(what, ours, wanted, bar):
    if ours is None or tuple(ours.shape) != tuple(wanted.shape) or not ours.isfinite().all():
        report.check(what, False, f"expected {tuple(wanted.shape)} finite, got {None if ours is None else tuple(ours.shape)}")
    else:
        report.below(what, oracle.rel_l2(ours, wanted), bar)


class Model:
    """The tiny model as a folder, and what the oracle makes of it; each run once."""

    def __init__(self, folder):
        self.folder = h3.save_pipeline(pathlib.Path(folder) / "model")
        self.path = self.folder / "transformer"
        self._runs, self._pipes = {}, {}

    def pipe(self, dtype):
        if dtype not in self._pipes:
            self._pipes[dtype] = h3.load(self.folder, dtype)
        return self._pipes[dtype]

    def wide_state(self):
        """Weights of a model whose rows hold whole blocks of every GGUF type, and whose heads are of 32."""
        return {k: v.detach() for k, v in h3.transformer(3, num_attention_heads=8, hidden_size=256, ffn_dim=256, num_layers=2, num_refiner_layers=1).state_dict().items()}

    def run(self, case, size, dtype=torch.float32):
        key = (case, size["frames"], dtype)
        if key not in self._runs:
            self._runs[key] = h3.run(self.pipe(dtype), case, steps=STEPS, seed=SEED, **size)
        return self._runs[key]


# ---- without weights ----

def anchors_of(case):
    return ",".join(h3.CASES[case]) or "none"


def layout_of(found, case, size):
    given = dict(tags=found["state.text_token_tags"], video_times=found["state.timesteps"], audio_times=found["state.audio_timesteps"])
    ours = stage("layout", given, anchors=anchors_of(case), **size)
    names = ("position_ids", "token_tags", "video_indices", "audio_indices", "text_indices")
    for name in names:
        equal(f"{case}, {size['frames']} frames: {name}", ours.get(name), found[f"state.{name}"])
    for i in range(STEPS):
        for name in ("timestep", "timestep_indices"):
            equal(f"{case}: plan {i}, {name}", ours.get(f"plan{i}.{name}"), found[f"plan{i}.{name}"])


def layout_alone(size, anchors, tags, times):
    """Sizes that no run of the pipeline would wait for, by the pipeline's own functions."""
    frames, (t, h, w) = size["frames"], (size["frames"] // 17 * 5 + 2, size["height"] // 16, size["width"] // 16)
    audio = round(frames / 24 * 40)
    wanted = MiniMaxH3PrepareLayoutStep.build_packed_sequence(tags, t, h, w, audio, (1, 2, 2), 2, 2, 0, anchors)
    ours = stage("layout", dict(tags=tags, video_times=times[0], audio_times=times[1]), anchors=",".join(anchors) or "none", **size)
    what = f"{frames} frames of {size['width']}x{size['height']}, {len(tags)} of text, {anchors}"
    for name, tensor in zip(("position_ids", "token_tags", "video_indices", "audio_indices", "text_indices"), wanted):
        equal(f"{what}: {name}", ours.get(name), tensor)
    for i in range(len(times[0])):
        plan = MiniMaxH3SetTimestepsStep.build_row_timesteps(wanted[2], wanted[3], wanted[5], 0, len(tags), float(times[0][i]), float(times[1][i]),
                                                             max(float(times[0][i]), 0.999), 1.0)
        for name, tensor in zip(("timestep", "timestep_indices"), plan):
            equal(f"{what}: plan {i}, {name}", ours.get(f"plan{i}.{name}"), tensor)


def layout(model):
    for case in h3.CASES:
        independent(f"layout, {case}", layout_of, model.run(case, SMALL), case, SMALL)
    tags = torch.ones(37, dtype=torch.long)
    tags[6:20] = 0
    times = torch.tensor([0.0, 0.5, 0.9995]), torch.tensor([0.0, 0.3, 0.7])
    for size in (dict(width=1344, height=768, frames=22), dict(width=96, height=64, frames=124), dict(width=64, height=96, frames=362),
                 dict(width=320, height=288, frames=39), dict(width=32, height=32, frames=345), dict(width=544, height=128, frames=243)):
        independent(f"layout, {size}", layout_alone, size, ("first", "last"), tags, times)
    independent("layout, every length", every_length)


def every_length():
    for frames in range(22, 363, 17):
        size = dict(width=64, height=32, frames=frames)
        tags = torch.ones(frames, dtype=torch.long)
        wanted = MiniMaxH3PrepareLayoutStep.build_packed_sequence(tags, frames // 17 * 5 + 2, 2, 4, round(frames / 24 * 40), (1, 2, 2), 2, 2, 0, ("last",))
        ours = stage("layout", dict(tags=tags, video_times=torch.zeros(1), audio_times=torch.zeros(1)), anchors="last", **size)
        equal(f"{frames} frames, a last picture: position_ids", ours.get("position_ids"), wanted[0])


def schedule_case(steps, shift):
    scheduler = h3.MiniMaxH3Scheduler(shift=shift)
    scheduler.set_timesteps(steps + 1)
    ours = stage("levels", NOTHING, steps=steps, shift=shift)
    equal(f"sigmas, {steps} steps, shift {shift:g}", ours["sigmas"], scheduler.sigmas)
    equal(f"t, {steps} steps, shift {shift:g}", ours["t"], scheduler.timesteps)
    before = torch.randn(steps, 5, 96, generator=torch.Generator().manual_seed(steps))
    velocity = torch.randn(steps, 5, 96, generator=torch.Generator().manual_seed(steps + 1))
    given = {**{f"before{i}": before[i] for i in range(steps)}, **{f"velocity{i}": velocity[i] for i in range(steps)}}
    stepped = stage("euler", given, steps=steps, shift=shift)
    wanted = torch.stack([scheduler.step(velocity[i], t, before[i], return_dict=False)[0] for i, t in enumerate(scheduler.timesteps)])
    equal(f"Euler, {steps} steps, shift {shift:g}", torch.stack([stepped[f"after{i}"] for i in range(steps)]), wanted)


def schedule(model):
    for shift in (12.0, 3.0, 6.0, 10.0, 1.0):
        for steps in (1, 2, 4, 8, 49, 300):
            independent(f"schedule, shift {shift:g}, {steps} steps", schedule_case, steps, shift)
    for case in h3.CASES:
        found = model.run(case, SMALL)
        for name, modality, shift in (("scheduler", "video", 12.0), ("audio_scheduler", "audio", 3.0)):
            ours = stage("levels", NOTHING, steps=STEPS, shift=shift)
            equal(f"{case}: sigmas of {modality}", ours["sigmas"], found[f"sigmas.{modality}"])
            given = {f"{a}{i}": found[f"step{i}.{name}.{a}"] for a in ("before", "velocity") for i in range(STEPS)}
            stepped = stage("euler", given, steps=STEPS, shift=shift)
            for i in range(STEPS):
                equal(f"{case}: Euler of {modality}, step {i}", stepped[f"after{i}"], found[f"step{i}.{name}.after"])


def noise_case(model, case, size):
    found = model.run(case, size)
    keyframes = {f"keyframe.{i}": found[f"state.condition_latents.{i}"] for i in range(len(h3.CASES[case]))}
    ours = stage("noise", {**keyframes, **NOTHING}, seed=SEED, channels=24, audio_channels=32, **size)
    rows = found["step0.in.hidden_states"][0]
    if keyframes:
        equal(f"{case}, {size['frames']} frames: keyframe rows", ours.get("condition_rows"), found["state.condition_rows"])
        equal(f"{case}: they lead the video rows", rows[:len(ours["condition_rows"])], ours["condition_rows"])
        rows = rows[len(ours["condition_rows"]):]
    equal(f"{case}, {size['frames']} frames: video rows", ours["video"], rows)
    equal(f"{case}, {size['frames']} frames: audio rows", ours["audio"], found["step0.in.audio_hidden_states"][0])


def noise(model):
    for case in h3.CASES:
        independent(f"noise, {case}", noise_case, model, case, SMALL)
    independent("noise, 124 frames", noise_case, model, "first_last", LARGE)


# ---- the transformer ----

def inputs_of(found, step, keyframes):
    """What a pass of ours takes: the rows that are made and those of keyframes apart."""
    rows = found[f"step{step}.in.hidden_states"][0]
    count = len(found["state.condition_rows"]) if keyframes else 0
    given = dict(states=found[f"step{step}.in.encoder_hidden_states"][0], tags=found["state.text_token_tags"],
                 video=rows[count:], audio=found[f"step{step}.in.audio_hidden_states"][0],
                 video_times=found["state.timesteps"][:step + 1], audio_times=found["state.audio_timesteps"][:step + 1])
    if keyframes:
        given["keyframes"] = rows[:count]
    return given, count


def forward_case(model, case, size, step):
    found = model.run(case, size)
    given, count = inputs_of(found, step, h3.CASES[case])
    ours = stage("forward", given, model=model.path, anchors=anchors_of(case), **size)
    what, at = f"{case}, {size['frames']} frames, step {step}", f"step{step}."
    half = found[at + "rope.cos"].shape[1] // 2
    close(f"{what}: rope", torch.cat([ours["rope.cos"], ours["rope.sin"]]), torch.cat([found[at + "rope.cos"][:, :half], found[at + "rope.sin"][:, :half]]), 1e-6)
    close(f"{what}: vectors of the times", ours["activated"], torch.nn.functional.silu(found[at + "temb"]), 1e-6)
    close(f"{what}: modulation of block 0", ours["block0.adaln"], found[at + "block0.adaln"], 1e-6)
    close(f"{what}: text", ours["text"], found[at + "token_refiner"][0], 1e-6)
    if count:
        close(f"{what}: keyframe rows", ours["keyframes"], found[at + "proj_in"][0, :count], 1e-6)
    for i in range(3):
        close(f"{what}: block {i}", ours.get(f"block{i}"), found[at + f"block{i}"][0], 1e-6)
    close(f"{what}: velocity of video", ours["velocity.video"], found[at + "out.video"][0, count:], 1e-6)
    close(f"{what}: velocity of audio", ours["velocity.audio"], found[at + "out.audio"][0], 1e-6)
    if step == 0:
        chunked = stage("forward", given, model=model.path, anchors=anchors_of(case), chunk=1000, **size)
        for name in ("velocity.video", "velocity.audio"):
            equal(f"{what}: {name} in one chunk and in another", chunked[name], ours[name])


def forward(model):
    for case in h3.CASES:
        for step in range(STEPS):
            independent(f"forward, {case}, step {step}", forward_case, model, case, SMALL, step)
    independent("forward, 124 frames", forward_case, model, "first_last", LARGE, 1)
    independent("forward, chunks", chunks, model)


def chunks(model):
    given, _ = inputs_of(model.run("first_last", SMALL), 1, True)
    options = dict(model=model.path, anchors="first,last", **SMALL)
    whole, cut = stage("forward", given, **options), stage("forward", given, chunk=13, **options)
    for name in ("velocity.video", "velocity.audio"):
        close(f"{name} in chunks of 13 rows", cut[name], whole[name], 1e-6)


def half_case(model, case):
    """bf16: the order of its rounding must be the reference's."""
    found = model.run(case, SMALL, torch.bfloat16)
    net = model.pipe(torch.bfloat16).transformer
    step = 1
    given, count = inputs_of(found, step, h3.CASES[case])
    ours = stage("forward", given, model=model.path, type="bf16", anchors=anchors_of(case), **SMALL)
    exact = copy.deepcopy(net).float()
    seen = {}
    hooks = [b.register_forward_hook(lambda _, __, out, i=i: seen.__setitem__(i, out[0])) for i, b in enumerate(exact.transformer_blocks)]
    with torch.no_grad():
        video, audio = exact(hidden_states=found[f"step{step}.in.hidden_states"], audio_hidden_states=found[f"step{step}.in.audio_hidden_states"],
                             encoder_hidden_states=found[f"step{step}.in.encoder_hidden_states"].float(), timestep=found[f"plan{step}.timestep"],
                             timestep_indices=found[f"plan{step}.timestep_indices"], return_dict=False,
                             **{k: found[f"state.{k}"] for k in ("token_tags", "position_ids", "video_indices", "audio_indices", "text_indices")})
    for hook in hooks:
        hook.remove()
    at = f"step{step}."
    for name, mine, half, best in (
            [(f"block {i}", ours[f"block{i}"], found[at + f"block{i}"][0], seen[i]) for i in range(3)]
            + [("velocity of video", ours["velocity.video"], found[at + "out.video"][0, count:], video[0, count:]),
               ("velocity of audio", ours["velocity.audio"], found[at + "out.audio"][0], audio[0])]):
        what = f"bf16, {case}: {name}"
        close(what, mine, half.float(), 6e-3)
        report.below(f"{what}, from fp32 beside the oracle's", oracle.rel_l2(mine, best), 1.2 * oracle.rel_l2(half, best))
    close(f"bf16, {case}: modulation of block 0", ours["block0.adaln"], found[at + "block0.adaln"].float(), 2e-3)
    same = (ours["block0"] == found[at + "block0"][0].float()).float().mean().item()
    # With ATen's attention all of them, and the velocities too, are the reference's; the engine's own sums in another order.
    report.above(f"bf16, {case}: share of equal numbers after block 0", same, 0.65)


def half(model):
    for case in h3.CASES:
        independent(f"bf16, {case}", half_case, model, case)


def loop_case(model, case, size):
    found = model.run(case, size)
    given = dict(states=found["state.prompt_embeds"][0], tags=found["state.text_token_tags"])
    given |= {f"keyframe.{i}": found[f"state.condition_latents.{i}"] for i in range(len(h3.CASES[case]))}
    options = dict(model=model.path, anchors=anchors_of(case), steps=STEPS, seed=SEED, **size)
    ours = stage("loop", given, **options)
    what = f"{case}, {size['frames']} frames"
    close(f"{what}: latents of a loop of our own", ours["latents"], found["state.latents"][0], 1e-5)
    close(f"{what}: audio latents", ours["audio_latents"], found["state.audio_latents"], 1e-5)
    for resident in (0, 2):
        streamed = stage("loop", given, resident=resident, **options)
        for name in ("latents", "audio_latents"):
            equal(f"{what}: {name} with {resident} blocks in memory", streamed[name], ours[name])


def loop(model):
    for case in h3.CASES:
        independent(f"loop, {case}", loop_case, model, case, SMALL)
    independent("loop, 124 frames", loop_case, model, "first_last", LARGE)


def pruned_case(model):
    """A file with a curve in place of the time embedder, against the reference's blocks behind an own evaluation of it."""
    path = model.folder.parent / "pruned.safetensors"
    net = minimax_h3_files.save_pruned(model.pipe(torch.float32).transformer, path)
    found = model.run("first", SMALL)
    given, count = inputs_of(found, 1, True)
    ours = stage("forward", given, model=path, anchors="first", **SMALL)
    with torch.no_grad():
        video, audio = net(hidden_states=found["step1.in.hidden_states"], audio_hidden_states=found["step1.in.audio_hidden_states"],
                           encoder_hidden_states=found["step1.in.encoder_hidden_states"], timestep=found["plan1.timestep"],
                           timestep_indices=found["plan1.timestep_indices"], return_dict=False,
                           **{k: found[f"state.{k}"] for k in ("token_tags", "position_ids", "video_indices", "audio_indices", "text_indices")})
    close("pruned: velocity of video", ours["velocity.video"], video[0, count:], 1e-6)
    close("pruned: velocity of audio", ours["velocity.audio"], audio[0], 1e-6)
    report.above("pruned: another velocity than with the embedder", oracle.rel_l2(ours["velocity.video"], found["step1.out.video"][0, count:]), 1e-2)


def pruned(model):
    independent("pruned", pruned_case, model)


def refused(what, words, name, tensors=None, **options):
    try:
        stage(name, tensors or NOTHING, **options)
        report.check(f"refused: {what}", False, "it was taken")
    except RuntimeError as error:
        report.check(f"refused: {what}", all(word in str(error) for word in words), str(error)[:200])


def refusals(model):
    size = dict(tags=torch.ones(3, dtype=torch.long), video_times=torch.zeros(1), audio_times=torch.zeros(1))
    for frames, words in ((23, ["22 and 39", "got 23"]), (1, ["nearest 22", "got 1"]), (0, ["22"]), (346, ["345 and 362"]), (400, ["nearest 362"]), (-5, ["nearest 22"])):
        refused(f"{frames} frames", ["frames: expected 17 n + 5", *words], "layout", size, **SMALL | dict(frames=frames))
    for width, height, near in ((100, 64, "96x64"), (64, 8, "64x32"), (0, 32, "32x32"), (-64, 47, "32x32")):
        refused(f"{width}x{height}", ["size: expected multiples of 32", near], "layout", size, **SMALL | dict(width=width, height=height))
    minimax_h3_files.refusals(model, refused)


def files(model):
    for what, check in minimax_h3_files.checks(model, stage, report, equal, close, refused):
        independent(what, check)


GROUPS = {f.__name__: f for f in (layout, schedule, noise, forward, half, loop, pruned, files, refusals)}
with tempfile.TemporaryDirectory(prefix="h3-", dir=oracle.BUILD) as top:
    tiny = Model(top)
    for group in CHOSEN or GROUPS:
        independent(group, GROUPS[group], tiny)
report.end()
