# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole clips of MiniMax-H3, picture and sound, against diffusers on a tiny seeded model: through the C API, and through
the stock ffmpeg. Stages alone are compared in minimax_h3_{text,transformer,vae}_test.py.

    minimax_h3_test.py PARITY_PIPELINE [GROUP]...     groups: clips bf16 ffmpeg shots refusals; all without

Bars: worst frame 60 dB for text, 52 with pictures; sound 1e-5 relative L2 in fp32; in bf16 no further from fp32 than 1.2
times the reference is (1.6 dB); through ffmpeg the same bytes and samples."""
import pathlib
import sys
import tempfile
import traceback

import numpy as np
import torch

import minimax_h3_oracle as h3
import oracle

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "media"))
import ffmpeg_common  # noqa: E402, beside the tests of the filters

PROGRAM, CHOSEN = sys.argv[1], sys.argv[2:]
report = oracle.Report()
WIDTH, HEIGHT, STEPS, SEED = 96, 64, 2, 7
ROLES = {"image": "image", "last_image": "last"}      # of the reference, and of parity_pipeline


def samples_of(frames):
    """The nearest, halves up."""
    return (2 * frames * 32000 + 24) // 48


def options_of(model, frames, case="t2va"):
    options = dict(model=model, device="cpu", prompt=h3.PROMPT, size=f"{WIDTH}x{HEIGHT}", frames=frames, steps=STEPS, seed=SEED, sound=1,
                   precision="fp32")
    return dict(options, fit="stretch") if h3.CASES[case] else options        # what diffusers does


def given_of(case):
    given = {"nothing": torch.zeros(1)}
    for role, picture in h3.pictures(case, WIDTH, HEIGHT).items():
        given[ROLES[role]] = torch.from_numpy(np.array(picture.convert("RGB")).copy())
    return given


def levels(frames):
    return (frames.clamp(0, 1) * 255).round() / 255


def frames_of(found):
    """[F, H, W, 3] of what diffusers gives as [1, F, 3, H, W]."""
    return found["state.videos"].float()[0].permute(0, 2, 3, 1)


def sound_of(found, count):
    """[samples, 2] of what it gives as [1, 2, samples]; silence behind its end."""
    sound = found["state.audio"].float().reshape(2, -1).t()
    return torch.nn.functional.pad(sound, (0, 0, 0, max(0, count - len(sound))))[:count]


def worst(a, b):
    return min(oracle.psnr(x, y) for x, y in zip(a, b))


def compare(name, ours, wanted, count, bar):
    frames = ours["frames"].float() / 255
    good = frames.shape == wanted.shape
    report.check(f"{name}: shape", good, tuple(frames.shape))
    if good:
        report.above(f"{name}: worst frame, dB (spread {wanted.std():.2f})", worst(frames, levels(wanted)), bar)
    report.check(f"{name}: samples", ours["sound"].shape == (count, 2), tuple(ours["sound"].shape))


def clip_case(folder, pipe, case, frames):
    found = h3.run(pipe, case, width=WIDTH, height=HEIGHT, frames=frames, steps=STEPS, seed=SEED)
    ours = oracle.run_stage(PROGRAM, "clip", given_of(case), **options_of(folder, frames, case))
    name, count = f"{case}, {frames} frames", samples_of(frames)
    compare(name, ours, frames_of(found), count, 52 if h3.CASES[case] else 60)
    report.below(f"{name}: sound", oracle.rel_l2(ours["sound"], sound_of(found, count)), 1e-5)


def clips(folder, pipe):
    for case, frames in (("t2va", 22), ("first", 22), ("last", 22), ("first_last", 22), ("t2va", 39), ("first_last", 39)):
        independent(f"clip, {case} {frames}", clip_case, folder, pipe, case, frames)


def bf16(folder, pipe):
    near = h3.load(folder, torch.bfloat16)
    for case in ("t2va", "first_last"):
        exact = h3.run(pipe, case, width=WIDTH, height=HEIGHT, frames=22, steps=STEPS, seed=SEED)
        theirs = h3.run(near, case, width=WIDTH, height=HEIGHT, frames=22, steps=STEPS, seed=SEED)
        options = dict(options_of(folder, 22, case), precision="bf16")
        ours = oracle.run_stage(PROGRAM, "clip", given_of(case), **options)
        bar = oracle.psnr(frames_of(theirs), frames_of(exact)) - 1.6
        report.above(f"bf16, {case}: to fp32, dB (the oracle's {bar + 1.6:.1f})", oracle.psnr(ours["frames"].float() / 255, frames_of(exact)), bar)
        count = samples_of(22)
        wanted = sound_of(exact, count)
        theirs_off = oracle.rel_l2(sound_of(theirs, count), wanted)
        report.below(f"bf16, {case}: sound to fp32 (the oracle's {theirs_off:.1e})", oracle.rel_l2(ours["sound"], wanted), 1.2 * theirs_off)


def ffmpeg_case(case, folder, scratch):
    """The same bytes and samples as through the C API."""
    ours = oracle.run_stage(PROGRAM, "clip", given_of(case), **options_of(folder, 22, case))
    options = options_of(folder, 22, case)
    inputs, head = [], "t2vsrc"
    if case == "first":
        h3.pictures(case, WIDTH, HEIGHT)["image"].convert("RGB").save(scratch / "first.png")
        inputs, head = ["-i", str(scratch / "first.png")], "[0:v]i2v"
    quoted = ":".join(f"{key}='{str(value).replace(':', chr(92) + ':')}'" for key, value in options.items())
    sound = scratch / f"{case}.f32"
    raw, err, status = ffmpeg_common.run(
        ffmpeg_common.FFMPEG + inputs + ["-filter_complex", f"{head}={quoted}[w][a];[w]format=gbrp[v]", "-map", "[v]", "-f", "rawvideo", "-",
                                         "-map", "[a]", "-f", "f32le", "-c:a", "pcm_f32le", str(sound)], text=False, timeout=300)
    name = f"{case}: through the stock ffmpeg"
    report.check(f"{name}: it runs", status == 0, "" if status == 0 else str(err)[-400:])
    if status:
        return
    planes = torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(-1, 3, HEIGHT, WIDTH)
    report.check(f"{name}: the same bytes", torch.equal(planes[:, [2, 0, 1]].permute(0, 2, 3, 1), ours["frames"]), "")
    heard = torch.from_numpy(np.fromfile(sound, np.float32).copy()).reshape(-1, 2)
    report.check(f"{name}: the same samples", torch.equal(heard, ours["sound"]), tuple(heard.shape))
    report.check(f"{name}: the licence is told", "licence: MiniMax H3" in str(err), "")


def ffmpeg(folder, pipe):
    ffmpeg_common.prepare()
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as scratch:
        for case in ("t2va", "first"):
            independent(f"ffmpeg, {case}", ffmpeg_case, case, folder, pathlib.Path(scratch))


def shots(folder, pipe):
    """A storyboard: each shot is a clip of its own, cut to its frames, sound with it; with enhance one clip of one prompt."""
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as scratch:
        board = pathlib.Path(scratch, "shots.srt")
        board.write_text("00:00:00,000 --> 00:00:00,500\na cat\n\n00:00:00,500 --> 00:00:01,500\nwaves\n")
        options = options_of(folder, 0)
        options.pop("prompt")
        options.pop("frames")
        ours = oracle.run_stage(PROGRAM, "clip", {"nothing": torch.zeros(1)}, storyboard=board, **options)
        parts = [oracle.run_stage(PROGRAM, "clip", {"nothing": torch.zeros(1)}, **dict(options, prompt=prompt, frames=frames))
                 for prompt, frames in (("a cat", 22), ("waves", 39))]
        cut = samples_of(12)
        report.check("shots: frames of each", torch.equal(ours["frames"], torch.cat([parts[0]["frames"][:12], parts[1]["frames"][:24]])), "")
        wanted = torch.cat([parts[0]["sound"][:cut], parts[1]["sound"][:samples_of(36) - cut]])
        report.check("shots: sound of each", torch.equal(ours["sound"], wanted), tuple(ours["sound"].shape))
        whole = oracle.run_stage(PROGRAM, "clip", {"nothing": torch.zeros(1)}, storyboard=board, enhance=1, **options)
        report.check("shots, enhanced: one clip", whole["frames"].shape[0] == 36 and not torch.equal(whole["frames"], ours["frames"]), "")


def refusals(folder, pipe):
    def refused(name, expected, **more):
        try:
            oracle.run_stage(PROGRAM, "clip", {"nothing": torch.zeros(1)}, **dict(options_of(folder, 22), **more))
            text = "nothing"
        except RuntimeError as error:
            text = str(error)
        report.check(f"refused: {name}", expected in text, text[-200:])

    refused("size", "size: expected a multiple of 32", size="100x64")
    refused("frames", "17*k+5", frames=24)
    refused("too few frames", "frames: expected", frames=5)
    refused("guidance", "guidance: expected at most 1", guidance=4)
    refused("rate", "rate: expected one of 24", rate=25)
    reference = pathlib.Path(folder).with_name("Ref2VA")
    folder.rename(reference)
    refused("the model for references", "expected MiniMax-H3 for text and for first and last pictures (FL2VA)", model=reference)
    reference.rename(folder)


def independent(name, body, *arguments):
    try:
        body(*arguments)
    except Exception:  # one case that cannot run says so, and the others run
        report.check(f"{name}: runs", False, traceback.format_exc()[-800:])


GROUPS = dict(clips=clips, bf16=bf16, ffmpeg=ffmpeg, shots=shots, refusals=refusals)

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as place:
        model = pathlib.Path(place, "MiniMax-H3")
        reference_pipe = h3.load(h3.save_pipeline(model), torch.float32)
        for group in CHOSEN or GROUPS:
            independent(group, GROUPS[group], model, reference_pipe)
    report.end()
