#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole clips of tiny models on the device `fake` and on the CPU: the frames agree, and no step waits for a transfer.

    clips_test.py FAKE_DEVICE_CLIPS hunyuan_video|wan|minimax_h3|cogvideox

Bars. Frames in fp32: 1e-4 of their size, whatever the weights are stored as. In bf16 the device may be as far from the
CPU's frames in fp32 as 1.5 times the CPU in bf16 is: the two round in other places. Transfers: none is waited for in a step; with
all blocks in memory a step that is not the first has none at all (weights are read in the first one of each expert);
before the first step at most BEFORE are waited for, and behind the last one per piece of frames and DECODE more."""
import pathlib
import subprocess
import sys
import tempfile
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
sys.dont_write_bytecode = True

import cogvideox_oracle
import minimax_h3_files
import minimax_h3_oracle
import oracle
import torch
import wan_oracle
from safetensors.torch import save_file

try:
    import gguf
    import numpy
except ImportError as missing:
    print(f"skipped: {missing}; tools/setup tests installs the reference")
    sys.exit(77)

PROGRAM, FAMILY = sys.argv[1:]
NEAR, BEFORE = 1e-4, 16
# Once a clip: mean and deviation of the latents; of CogVideoX whether they are finite; of MiniMax-H3 those of the sound as well, its filter and the sound itself.
DECODE = {"hunyuan_video": 0, "wan": 2, "minimax_h3": 6, "cogvideox": 1}[FAMILY]
PIECE = {"hunyuan_video": 1, "wan": 1, "minimax_h3": 3, "cogvideox": 1}[FAMILY]     # the frames; of MiniMax-H3 the positions of a tile too
F8 = torch.float8_e4m3fn
report = oracle.Report()


def is_matrix(name, tensor):
    return tensor.ndim == 2 and name.endswith(".weight") and tensor.shape[1] % 32 == 0


def quantised(tensor, kind, random):
    """Q8_0: the nearest blocks. IQ4_NL, which gguf-py cannot make: random ones of a weight's usual size."""
    if kind == "Q8_0":
        return gguf.quants.quantize(tensor.float().numpy(), gguf.GGMLQuantizationType.Q8_0)
    rows, columns = tensor.shape
    data = random.integers(0, 256, (rows * columns // 32, 18), dtype=numpy.uint8)
    data[:, :2] = random.normal(0, 1.2 / 60 / columns ** 0.5, len(data)).astype(numpy.float16).view(numpy.uint8).reshape(-1, 2)
    return data.reshape(rows, -1)


def write_gguf(path, architecture, tensors, kind):
    random = numpy.random.default_rng(11)
    writer = gguf.GGUFWriter(str(path), architecture)
    for name, tensor in tensors.items():
        if is_matrix(name, tensor):
            writer.add_tensor(name, quantised(tensor, kind, random), raw_dtype=getattr(gguf.GGMLQuantizationType, kind))
        else:
            writer.add_tensor(name, tensor.float().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_fp8(path, tensors, scale_name, marks):
    out = dict(marks)
    for name, tensor in tensors.items():
        if is_matrix(name, tensor):
            scale = tensor.abs().max() / 448
            out[name] = (tensor / scale).to(F8)
            out[name[:-len("weight")] + scale_name] = scale
        else:
            out[name] = tensor
    save_file({k: v.contiguous().clone() for k, v in out.items()}, path)
    return path


def write_lora(path, tensors, prefix):
    generator = torch.Generator().manual_seed(3)
    out = {}
    for name, tensor in tensors.items():
        if is_matrix(name, tensor):
            module = prefix + name[:-len(".weight")]
            out[module + ".lora_A.weight"] = torch.randn(2, tensor.shape[1], generator=generator) / tensor.shape[1] ** 0.5
            out[module + ".lora_B.weight"] = 0.3 * torch.randn(tensor.shape[0], 2, generator=generator)
    save_file(out, path)
    return path


def stored_otherwise(folder, pipe, names, architecture, scale_name, marks, parts, clip):
    """The clips of one model from other files, with adapters, streamed and in bf16."""
    tensors = names(pipe.transformer.state_dict())
    beside = {f"opt.{part}": folder / part for part in parts}
    q8 = dict(beside, **clip, model=write_gguf(folder / "q8.gguf", architecture, tensors, "Q8_0"))
    iq4 = dict(beside, **clip, model=write_gguf(folder / "iq4.gguf", architecture, tensors, "IQ4_NL"))
    fp8 = dict(beside, **clip, model=write_fp8(folder / "fp8.safetensors", tensors, scale_name, marks))
    whole = dict(clip, model=folder)
    lora = str(write_lora(folder / "lora.safetensors", tensors, "diffusion_model."))
    streamed = dict(memory="least")
    for name, stored in (("fp32", whole), ("Q8_0", q8), ("IQ4_NL", iq4), ("fp8", fp8)):
        yield f"{name} streamed", dict(stored, **streamed)
        yield f"{name} streamed, LoRA", dict(stored, **streamed, lora=lora + ":0.7")
        if name != "fp32":
            yield name, stored
    yield "fp32, LoRA", dict(whole, lora=lora + ":0.7")
    yield "Q8_0, LoRA", dict(q8, lora=lora + ":0.7")
    yield "bf16", dict(whole, precision="bf16")
    yield "bf16 streamed, LoRA", dict(whole, **streamed, precision="bf16", lora=lora + ":0.7")
    yield "fp8 in bf16 streamed", dict(fp8, **streamed, precision="bf16")


def hunyuan_video(root):
    for kind in ("t2v", "token_replace", "latent_concat"):
        clip = dict(model=root / kind, frames=5)
        oracle.save_pipeline(kind, root / kind)
        if kind != "t2v":
            clip["first"] = 1
        yield kind, clip
        if kind == "token_replace":
            yield "token_replace, true guidance", {**clip, "opt.true_cfg": 2.5, "negative": "bad hands", "device": "fake:1"}
        if kind == "t2v":
            yield "t2v, tiles in time, original sampler", {**clip, "frames": 17, "opt.sampler": "original"}
    # Large beside everything else that a clip takes, so that it has to be streamed where memory is short.
    large = oracle.transformer(mlp_ratio=24.0, num_layers=1, num_single_layers=6, num_refiner_layers=1)
    base = oracle.save_pipeline("t2v", root / "large", transformer=large)
    parts = ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2")
    yield from stored_otherwise(root / "large", base, oracle.original_names, "hyvid", "fp8_scale", {}, parts,
                                dict(frames=5, width=32, height=32))


def wan(root):
    for name in wan_oracle.PIPELINES:
        if name == "ti2v_image":
            continue
        wan_oracle.save_pipeline(name, root / name)
        size = dict(width=96, height=64) if name == "ti2v" else {}
        clip = dict(model=root / name, frames=5, guidance=4, steps=4, **size)
        if name in wan_oracle.WITH_PICTURE:
            clip["first"] = 1
        if name == "flf2v":
            clip["last"] = 1
        yield name, clip
        if name == "ti2v":
            yield "ti2v, picture", {**clip, "first": 1, "device": "fake:1"}
        if name == "t2v":
            yield "t2v, few steps", {**clip, "frames": 9, "steps": 2, "guidance": 1, "opt.sampler": "distilled"}
    large = wan_oracle.transformer(num_attention_heads=1, attention_head_dim=128, ffn_dim=2048, num_layers=12)
    base = wan_oracle.save_pipeline("t2v", root / "large", transformer=large, text_encoder=wan_oracle.umt5(num_heads=1))
    marks = {"scaled_fp8": torch.zeros(2, dtype=F8)}
    parts = ("vae", "text_encoder", "tokenizer")
    yield from stored_otherwise(root / "large", base, wan_oracle.original_transformer, "wan", "scale_weight", marks, parts,
                                dict(frames=5, guidance=1, width=32, height=32))


def minimax_h3(root):
    minimax_h3_oracle.save_pipeline(root / "whole")
    clip = dict(model=root / "whole", frames=22, width=96, height=64)
    yield "text", clip
    yield "text, two pieces", {**clip, "frames": 39, "device": "fake:1"}
    for roles in (("first",), ("last",), ("first", "last")):
        yield " and ".join(roles), {**clip, **{role: 1 for role in roles}}
    large = minimax_h3_oracle.transformer(num_layers=12, hidden_size=96, ffn_dim=8192)
    minimax_h3_oracle.save_pipeline(root / "large", transformer=large)
    base = types.SimpleNamespace(transformer=large)
    marks = {"scaled_fp8": torch.zeros(2, dtype=F8)}
    parts = ("vae", "audio_vae", "text_encoder", "tokenizer")
    yield from stored_otherwise(root / "large", base, minimax_h3_files.original, "minimax_h3", "scale_weight", marks, parts,
                                dict(frames=22, width=64, height=32))


def cogvideox(root):
    for kind in cogvideox_oracle.KINDS:
        cogvideox_oracle.save_pipeline(kind, root / kind)
        clip = dict(model=root / kind, frames=9, guidance=4, **(dict(width=96, height=64) if kind.startswith("15") else dict(width=80, height=48)))
        if kind in cogvideox_oracle.WITH_PICTURE:
            clip["first"] = 1
        yield kind, clip
        if kind == "5b":
            yield "5b, tiles, 17 frames", {**clip, "width": 144, "frames": 17, "opt.tiling": "on", "device": "fake:1"}
    large = cogvideox_oracle.transformer("5b", num_attention_heads=2, attention_head_dim=64, num_layers=12, time_embed_dim=64)
    cogvideox_oracle.save_pipeline("5b", root / "large", transformer=large)
    # What a file of that width is no shape tells; a folder is asked for model_index.json first.
    (root / "large/config.json").write_text((root / "large/transformer/config.json").read_text())
    base = types.SimpleNamespace(transformer=large)
    marks = {"scaled_fp8": torch.zeros(2, dtype=F8)}
    yield from stored_otherwise(root / "large", base, dict, "cogvideox", "scale_weight", marks, ("vae", "text_encoder", "tokenizer"),
                                dict(frames=9, guidance=1, width=32, height=32))


def judge(clip, got):
    name = got["name"]
    if "error" in got:
        return report.check(name, False, got["error"])
    numbers = lambda key: [int(v) for v in got[key].split(",")] if got[key] else []
    if clip.get("precision") == "bf16":
        report.below(f"{name}: frames off fp32, the CPU's {float(got['off_cpu']):.2g}", float(got["off"]), 1.5 * float(got["off_cpu"]))
    else:
        report.below(f"{name}: frames, fp32", float(got["near"]), NEAR)
    if "sound_near" in got:
        report.below(f"{name}: sound", float(got["sound_near"]), NEAR if clip.get("precision") != "bf16" else 0.05)
    report.above(f"{name}: the frames show something", float(got["spread"]), 0.02)
    waited, up, down = numbers("waited"), numbers("up"), numbers("down")
    report.check(f"{name}: a count for each step", len(waited) == int(clip.get("steps", 3)), len(waited))
    pictures = FAMILY == "minimax_h3" and int("first" in clip) + int("last" in clip)     # each is looked at, encoded and noised
    report.below(f"{name}: waited for before the first step", int(got["before"]), BEFORE + 12 * pictures)
    report.below(f"{name}: waited for in the steps, all together", sum(waited), 0)
    report.below(f"{name}: to the host in the steps", sum(down), 0)
    report.below(f"{name}: waited for behind the steps, of {got['chunks']} pieces", int(got["decode"]), PIECE * int(got["chunks"]) + DECODE)
    blocks = got["log"].partition("foreseen, ")[2].split(" blocks")[0].split(" of ")
    if clip.get("memory") == "least":
        kept, blocks = (int(n) for n in blocks)
        report.check(f"{name}: blocks do not stay in memory", kept < blocks, got["log"])
        report.check(f"{name}: those are read in every step", min(up) >= blocks - kept, f"{up}, {got['up_bytes']} bytes")
    else:
        report.check(f"{name}: the blocks are in memory", blocks[0] == blocks[1], got["log"])
        loads = [up[0]] + [n for n in up[1:] if n]    # a second expert is read when its first step comes
        report.check(f"{name}: a step sends nothing to the device", len(loads) <= (2 if "a14b" in name else 1), up)
    return print(f"     {got['seconds']} s", flush=True)


def main():
    with tempfile.TemporaryDirectory(prefix="fake-device-", dir=oracle.BUILD) as folder:
        root = pathlib.Path(folder)
        clips = {f"{FAMILY} {name}": clip for name, clip in {"hunyuan_video": hunyuan_video, "wan": wan, "minimax_h3": minimax_h3, "cogvideox": cogvideox}[FAMILY](root)}
        lines = ["\t".join([f"name={name}"] + [f"{k}={v}" for k, v in clip.items()]) for name, clip in clips.items()]
        (root / "list").write_text("\n".join(lines) + "\n")
        with subprocess.Popen([PROGRAM, root / "list"], stdout=subprocess.PIPE, text=True) as program:
            for line in program.stdout:
                got = dict(field.partition("=")[::2] for field in line.rstrip("\n").split("\t"))
                judge(clips.pop(got["name"]), got)
        report.check("the program came to its end", program.returncode == 0 and not clips, (program.returncode, list(clips)))
    report.end()


main()
