#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Models that are not whole, or whose parts do not belong together, through the program `zoetrope`: `inspect` and
`generate` refuse what headers tell, by name and before any weight is loaded, and warn in one line of what only values
tell. The same folder, whole, passes without a word.

    incomplete_test.py LIBRARY"""
import pathlib
import shutil
import subprocess
import tempfile

import oracle
import torch
from safetensors.torch import load_file, save_file

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = [str(SOURCE / "tools" / "zt-env"), str(oracle.BUILD / "cli" / "zoetrope")]
F8 = torch.float8_e4m3fn
report = oracle.Report()
folder = pathlib.Path(tempfile.mkdtemp(prefix="incomplete-", dir=oracle.BUILD))


def zoetrope(*arguments):
    done = subprocess.run(PROGRAM + [str(a) for a in arguments], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    return done.stdout, done.stderr, done.returncode


def generate(model):
    return zoetrope("generate", "--model", model, "--size", "32x32", "--frames", 1, "--steps", 1, "--precision", "fp32", "--device", "cpu",
                    "a cat", "-o", folder / "clip.y4m")[1:]


def refused(what, model, *words):
    out, told, status = zoetrope("inspect", model)
    report.check(f"{what}: inspect refuses", status == 1 and all(w in told for w in words), told)
    said, status = generate(model)
    report.check(f"{what}: generate refuses in the same words", status == 1 and said == told, said)


def silent(what, model):
    """Nothing but the line that tells what is made."""
    said, status = generate(model)
    report.check(f"{what}: generate has nothing to warn of", status == 0 and said.count("\n") == 1 and "32x32" in said, said)


def warned(what, model, *words):
    out, _, status = zoetrope("inspect", model)
    told = out[out.index("\nwarnings\n"):out.index("\nmemory for")].splitlines()[2:] if "\nwarnings\n" in out else []
    report.check(f"{what}: inspect warns in one line", status == 0 and len(told) == 1 and all(w in told[0] for w in words), told)
    said, status = generate(model)
    report.check(f"{what}: generate warns in the same words", status == 0 and bool(told) and said.count(told[0].strip()) == 1, said)


def changed(name, part, change):
    """A copy of the whole model with the tensors of a part changed by a function, in place or given back."""
    copy = folder / name
    shutil.copytree(folder / "whole", copy)
    path = next((copy / part).glob("*.safetensors"))
    tensors = load_file(path)
    save_file({k: v.contiguous() for k, v in (change(tensors) or tensors).items()}, path, {"format": "pt"})
    return copy


def quantised(tensors):
    """The blocks in fp8 with ComfyUI's mark and scales."""
    for name in [n for n in tensors if "transformer_blocks" in n and n.endswith(".weight") and tensors[n].ndim == 2]:
        scale = tensors[name].abs().max() / 448
        tensors[name] = (tensors[name] / scale).clamp(-448, 448).to(F8)
        tensors[name.removesuffix("weight") + "scale_weight"] = scale
    tensors["scaled_fp8"] = torch.zeros(2, dtype=F8)


def without(*endings):
    def change(tensors):
        for name in [n for n in tensors if n.endswith(endings)]:
            del tensors[name]
    return change


def main():
    oracle.save_pipeline("t2v", folder / "whole")
    out, _, status = zoetrope("inspect", folder / "whole")
    report.check("a whole model: inspect says nothing", status == 0 and "warning" not in out)
    silent("a whole model", folder / "whole")

    scaled = changed("scaled", "transformer", quantised)
    silent("fp8 with its scales", scaled)
    refused("fp8 with the mark, without any scale", changed("unscaled", "transformer", lambda t: quantised(t) or {k: v for k, v in t.items() if "scale_weight" not in k}),
            'expected a scale beside fp8 numbers, as the mark "scaled_fp8" says, got none (and ')
    refused("fp8 with the mark, without one scale", changed("one", "transformer", lambda t: quantised(t) or t.pop("single_transformer_blocks.1.proj_mlp.scale_weight") is None),
            'tensor "single_transformer_blocks.1.proj_mlp.weight": expected a scale beside fp8 numbers', "got none\n")
    marks = lambda tensors: {k: v for k, v in tensors.items() if k != "scaled_fp8" and "scale_weight" not in k}
    warned("fp8 that lost scales and mark", changed("lost", "transformer", lambda t: quantised(t) or marks(t)), "expected fp8 weights, got numbers of 16 and more")

    refused("the last block is missing", changed("block", "transformer", lambda t: {k: v for k, v in t.items() if not k.startswith("single_transformer_blocks.2.")}),
            "single_blocks.*: expected 3 blocks (config.json), got 2")
    refused("a piece of the last block is missing", changed("piece", "transformer", without("single_transformer_blocks.2.attn.to_k.bias")), '"single_blocks.2.linear1.bias"')
    refused("a layer of the text encoder is missing", changed("layer", "text_encoder", without("layers.1.mlp.up_proj.weight")), '"layers.1.mlp.up_proj.weight": expected one in the file, got none')
    refused("the embeddings are missing", changed("table", "text_encoder", without("embed_tokens.weight")), '"embed_tokens.weight"')
    refused("a stage of the VAE has a block less", changed("stage", "vae", lambda t: {k: v for k, v in t.items() if not k.startswith("decoder.up_blocks.0.resnets.2.")}),
            "decoder.up_blocks.0.resnets.*: expected 3 blocks in every stage, got 2")

    for part in ("transformer", "text_encoder", "vae"):
        half = changed(f"half-{part}", part, lambda t: None)
        path = next((half / part).glob("*.safetensors"))
        size = path.stat().st_size
        with open(path, "r+b") as file:
            file.truncate(size // 2)
            file.truncate(size)
        warned(f"the second half of the {part} is zero bytes", half, f"{path.name}: tensor ", "expected weights, got zero bytes (and ", "the file is not complete")

    narrow = folder / "narrow"
    oracle.save_pipeline("t2v", narrow, text_encoder=oracle.llm(oracle.pipeline("t2v").text_encoder.config.vocab_size, hidden_size=48))
    refused("a text encoder 48 wide where 64 is read", narrow, "text_encoder: expected the width 64 (text_embed_dim of the transformer), got 48 in model.safetensors")
    clip = folder / "clip"
    oracle.save_pipeline("t2v", clip, text_encoder_2=oracle.clip_text(oracle.pipeline("t2v").text_encoder_2.config.vocab_size, hidden_size=64))
    refused("CLIP of another width", clip, "text_encoder_2: expected the width 32 (pooled_projection_dim of the transformer), got 64 in model.safetensors")
    latent = folder / "latent"
    oracle.save_pipeline("t2v", latent, vae=oracle.vae(latent_channels=8))
    refused("a VAE of another latent", latent, "vae: expected latent channels 16 (out_channels of the transformer), got 8")

    def nf4(tensors):
        name = "transformer_blocks.0.attn.to_q.weight"
        tensors[name] = torch.zeros(tensors[name].numel() // 2, 1, dtype=torch.uint8)
        tensors.update({f"{name}.absmax": torch.ones(8), f"{name}.quant_map": torch.ones(16), f"{name}.quant_state.bitsandbytes__nf4": torch.zeros(90, dtype=torch.uint8)})
    refused("NF4", changed("nf4", "transformer", nf4), "expected fp32, bf16, fp16, fp8 or GGUF, got NF4 of bitsandbytes")


try:
    main()
finally:
    shutil.rmtree(folder, ignore_errors=True)
report.end()
