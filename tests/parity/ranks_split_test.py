# SPDX-License-Identifier: LGPL-2.1-or-later
"""Clips of 2, 3, 4 and more ranks (Gloo, on loopback; `zoetrope launch` and the stock ffmpeg) against one process: every way of splitting, in fp32
and bf16; the bytes that are sent, to the byte; and that runs repeat.

    ranks_split_test.py ENGINE [GROUP]...     groups: equal bf16 repeats; all without"""
import hashlib
import pathlib
import re
import sys
import tempfile

import numpy as np

import cogvideox_oracle
import minimax_h3_oracle
import oracle
import wan_oracle
from ranks_bytes import Pass, split_of_step, step
from ranks_test import clip

CHOSEN = sys.argv[2:]
STEPS = 3
PROMPT, AWAY = "a red fox runs", "a red cat runs"      # of as many tokens
OWN_KERNELS = "avx512_bf16" in pathlib.Path("/proc/cpuinfo").read_text()
report = oracle.Report()

# Tokens: a 64x48 clip of 9 frames is 3 x 3 x 4 of them for all but MiniMax-H3.
WAN = dict(parts=(36,), heads=3, dim=32, layers=3, gathered=36, columns=64)
COG = dict(parts=(226, 36), heads=3, dim=32, layers=2, gathered=36, columns=64)


def cases(models, hunyuan_text, h3_rows):
    """title, model, options, its pass, numbers of ranks."""
    three = (2, 3, 4)
    return [("Wan, 3 heads", "t2v", dict(guidance="1"), Pass(**WAN), three),
            ("Wan, 6 heads", "t2v6", dict(guidance="1"), Pass(**{**WAN, "heads": 6}), three),
            ("Wan, 3 heads, guidance", "t2v", dict(guidance="4"), Pass(**WAN, guided=True), (*three, 6)),
            ("Wan, 6 heads, guidance", "t2v6", dict(guidance="4"), Pass(**{**WAN, "heads": 6}, guided=True), (4, 8)),
            ("Wan 2.2 with two experts", "t2v_a14b", dict(guidance="3"), Pass(**WAN, guided=True), three),
            ("HunyuanVideo", "hv", {}, Pass((36, hunyuan_text), 4, 24, 5, 36, 64), three),
            ("HunyuanVideo, 6 heads, 5 frames of 48x80", "hv6", dict(frames="5", size="48x80"), Pass((30, hunyuan_text), 6, 24, 5, 30, 64), three),
            ("HunyuanVideo, true guidance", "hv", dict(engine_opts="true_cfg=2", negative_prompt=f"'{AWAY}'"), Pass((36, hunyuan_text), 4, 24, 5, 36, 64, guided=True), three),
            ("MiniMax-H3", "h3", dict(size="96x64", frames="22"), Pass((h3_rows,), 3, 32, 3, h3_rows, 72), three),
            ("CogVideoX, sines", "cog2b", dict(guidance="1"), Pass(**COG), three),
            ("CogVideoX, turning, guidance, noise drawn anew", "cog5b", {}, Pass(**COG, guided=True, wide=True), three)]


def relative(got, one):
    return np.linalg.norm(got - one) / np.linalg.norm(one)


def decibels(got, one):
    return 10 * np.log10(1 / max(1e-12, ((got - one)**2).mean()))


def sent_by_zero(log):
    return int(re.search(r"rank 0 sent (\d+) bytes", log)[1])


def title_of(title, work, n):
    halves, exchange, groups = split_of_step(work, n)
    return f"{title}, {n} ranks as {'2 x ' if halves == 2 else ''}{exchange} x {groups}"


def equal(models, *lengths):
    for title, model, options, work, numbers in cases(models, *lengths):
        one, log = clip(0, models[model], steps=STEPS, **options)
        report.check(f"{title}: one process", one is not None and "ranks" not in log, log[-400:])
        for n in numbers:
            named = title_of(title, work, n)
            got, log = clip(n, models[model], steps=STEPS, **options)
            good = one is not None and got is not None and got.shape == one.shape
            report.check(f"{named}: made", good, log[-600:])
            if not good:
                continue
            report.below(f"{named}: against one, relative", relative(got, one), 1e-5)
            sent, expected = sent_by_zero(log), STEPS * step(work, 0, n, 4)
            report.check(f"{named}: bytes sent as in the formula", sent == expected, f"{sent}, expected {expected}")


def bf16(models, *lengths):
    """The bits of one process, by kernels whose rows do not depend on each other. Without those a library may round otherwise, and bf16 makes of any other bit as much as it makes of its own rounding: no more
    than twice (3 dB) what lies between one process in bf16 and one in fp32, and 40 dB at least."""
    for title, model, options, work, numbers in cases(models, *lengths):
        exact, one = (clip(0, models[model], steps=STEPS, precision=precision, **options)[0] for precision in ("fp32", "bf16"))
        noise = decibels(one, exact)
        for n in numbers:
            named, (got, log) = f"bf16: {title_of(title, work, n)}", clip(n, models[model], steps=STEPS, precision="bf16", **options)
            good = got is not None and got.shape == one.shape
            report.check(f"{named}: made", good, log[-600:])
            if good and OWN_KERNELS:
                report.check(f"{named}: the same bytes as one", np.array_equal(got, one), decibels(got, one))
            elif good:
                report.above(f"{named}: against one, dB ({noise:.1f} between one and its fp32)", decibels(got, one), min(60, max(40, noise - 3)))
            if good:
                sent, expected = sent_by_zero(log), STEPS * step(work, 0, n, 2)
                report.check(f"{named}: bytes sent as in the formula", sent == expected, f"{sent}, expected {expected}")


def repeats(models, *_):
    for n, model in ((3, "t2v"), (4, "hv6")):
        digests = {hashlib.sha256(clip(n, models[model], steps=STEPS)[0].tobytes()).hexdigest() for _ in range(10)}
        report.check(f"ten runs of {n} ranks: the same bytes", len(digests) == 1, digests)


def hunyuan_text_of(pipe, prompt):
    mask = pipe.encode_prompt(prompt=prompt, prompt_template=oracle.prompt_template("t2v", pipe.tokenizer))[2]
    return int(mask.sum())


def h3_rows_of(folder, prompt):
    return len(minimax_h3_oracle.run(minimax_h3_oracle.load(folder), "t2va", frames=22, steps=1, prompt=prompt)["state.position_ids"])


GROUPS = dict(equal=equal, bf16=bf16, repeats=repeats)


def main():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        top = pathlib.Path(folder)
        models = {name: str(top / name) for name in ("t2v", "t2v6", "t2v_a14b", "hv", "hv6", "h3", "cog2b", "cog5b")}
        for name in ("t2v", "t2v_a14b"):
            wan_oracle.save_pipeline(name, top / name)
        wan_oracle.save_pipeline("t2v", top / "t2v6", transformer=wan_oracle.transformer("t2v", num_attention_heads=6))
        pipe = oracle.save_pipeline("t2v", top / "hv")
        oracle.save_pipeline("t2v", top / "hv6", transformer=oracle.transformer("t2v", num_attention_heads=6))
        minimax_h3_oracle.save_pipeline(top / "h3")
        for kind, dpm in (("2b", False), ("5b", True)):
            cogvideox_oracle.save_pipeline(kind, top / f"cog{kind}", dpm=dpm)
        lengths = hunyuan_text_of(pipe, PROMPT), h3_rows_of(top / "h3", PROMPT)
        report.check("both prompts have as many tokens", hunyuan_text_of(pipe, AWAY) == lengths[0], lengths)
        for group in CHOSEN or GROUPS:
            GROUPS[group](models, *lengths)
    report.end()


if __name__ == "__main__":
    main()
