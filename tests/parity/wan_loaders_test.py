#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every way in which a Wan model can lie on a disk gives the tensors of its diffusers folder; what fits nothing is refused
by name.

    wan_loaders_test.py PROGRAM [kinds|spellings|fp8|gguf|encoders|merges|inspect|lora|tokens]..."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import torch
from safetensors.torch import load_file, save_file

import oracle
import wan_oracle
from wan_files import T5_LLAMA, T5_ORIGINAL, Model, diffusers_names, openclip, ours_clip, ours_transformer, renamed

try:
    import generated_prompts
    import tiny_unigram
    from gguf_files import RANDOM, SMALL, write_gguf, write_tokenizer
except ImportError as missing:
    print(f"skipped: {missing}; tools/setup tests installs the reference")
    sys.exit(77)

PROGRAM = sys.argv[1]
F8 = torch.float8_e4m3fn
report = oracle.Report()
folder = pathlib.Path(tempfile.mkdtemp(prefix="wan-loaders-", dir=oracle.BUILD))


# ---- Files --------------------------------------------------------------------------------------

def read(path, **options):
    return oracle.run_stage(PROGRAM, "parts", {"none": torch.zeros(1)}, path=path, **options)


def tensors_of(got, key=None):
    return {k: v for k, v in got.items() if "/" in k and (key is None or k.startswith(key + "/"))}


def same(what, got, expected, bar=0.0):
    """Names, shapes, types and bits; or, where the arithmetic rounds, within the bar."""
    got = tensors_of(got)
    wrong = sorted(set(got) ^ set(expected))
    alike = (lambda a, b: torch.equal(a, b)) if bar == 0 else (lambda a, b: oracle.rel_l2(a, b) <= bar)
    wrong += [n for n in expected if n in got and not (got[n].shape == expected[n].shape and alike(got[n], expected[n].float()))]
    report.check(what, not wrong, f"{len(expected)} tensors" if not wrong else f"differ: {len(wrong)}, first {wrong[:3]}")


def refused(what, words, path, stage="parts", **options):
    try:
        oracle.run_stage(PROGRAM, stage, options.pop("tensors", {"none": torch.zeros(1)}), path=path, **options)
    except RuntimeError as error:
        report.check(what, all(w in str(error) for w in words), str(error))
    else:
        report.check(what, False, "accepted")


def save(name, tensors, metadata=None):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.detach().contiguous().clone() for k, v in tensors.items()}, path, metadata)
    return path


def config_beside(source, name):
    """The folder `name` with the config.json of a part of diffusers, for a file to be read beside it."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "config.json", folder / name)
    return name


def is_block_matrix(name, tensor):
    return tensor.ndim == 2 and name.startswith("blocks.")


def wanted_of(model, original):
    """model.want with another transformer, given under the original names."""
    other = {theirs: original[ours] for ours, theirs in diffusers_names(model.state).items()}
    return {k: v for k, v in model.want.items() if not k.startswith("transformer/")} | oracle.prefixed("transformer/", ours_transformer(other))


# ---- Groups -------------------------------------------------------------------------------------

def kinds():
    """Every kind of model, as a folder of diffusers and as a single file in original names without a config.json."""
    for name in ("t2v", "i2v", "flf2v", "t2v_a14b", "i2v_a14b", "ti2v"):
        model = Model(name, folder)
        got = read(model.folder)
        same(f"{name}: diffusers folder", got, model.want)
        boundary = {"t2v_a14b": 0.875, "i2v_a14b": 0.9}.get(name)
        report.check(f"{name}: nothing is missing, the values of the folder",
                     got["missing"] == 0 and got["warnings"] == 0 and got["tokenizer"] == 1 and got["flow_shift"] == 3
                     and (boundary is None or abs(got["boundary"].item() - boundary) < 1e-6), {k: v.item() for k, v in got.items() if "/" not in k})
        more = dict(model.beside)
        if "transformer_2" in wan_oracle.PIPELINES[name][0] or len(wan_oracle.PIPELINES[name][0]) == 2:
            more["transformer_2"] = save(f"single/{name}_low_noise.safetensors", wan_oracle.original_transformer(model.pipe.transformer_2.state_dict()))
        path = save(f"single/{name}_{'high_noise' if 'transformer_2' in more else 'model'}.safetensors", wan_oracle.original_transformer(model.state))
        same(f"{name}: one file, original names", read(path, **more), model.want)
        if "transformer_2" in more:
            report.check(f"{name}: one expert alone is warned of", read(path, **model.beside)["warnings"] == 1)
            swapped = {**more, "transformer_2": path}
            report.check(f"{name}: exchanged experts are warned of", read(more["transformer_2"], **swapped)["warnings"] == 1)
            original = folder / "original" / name
            for part, network in (("high_noise_model", model.state), ("low_noise_model", model.pipe.transformer_2.state_dict())):
                save(f"original/{name}/{part}/diffusion_pytorch_model.safetensors", wan_oracle.original_transformer(network))
                write_original_config(original / part, model, "i2v" if name.startswith("i2v") else "t2v")
            same(f"{name}: the original repository's folder", read(original, **model.beside), model.want)
        shutil.rmtree(folder / "single")


def write_original_config(at, model, kind):
    c = model.pipe.transformer.config
    heads = c.num_attention_heads
    oracle.write_json(at / "config.json", {"_class_name": "WanModel", "_diffusers_version": "0.30.0", "dim": heads * c.attention_head_dim, "eps": 1e-6, "ffn_dim": c.ffn_dim,
                                           "freq_dim": 256, "in_dim": c.in_channels, "model_type": kind, "num_heads": heads, "num_layers": c.num_layers,
                                           "out_dim": c.out_channels, "text_len": 512})


def spellings():
    model = Model("flf2v", folder)
    original, want = wan_oracle.original_transformer(model.state), oracle.prefixed("transformer/", model.part("transformer"))
    one = dict(only="transformer")
    for prefix in ("model.diffusion_model.", "diffusion_model.", "model.", "generator.model.", "generator_ema.model.", "transformer."):
        same(f'original names, prefix "{prefix}"', read(save("m.safetensors", oracle.prefixed(prefix, original)), **one), want)
    residue = {re.sub(r"^blocks\.(\d+)\.", r"_orig_mod.blocks.\1._fsdp_wrapped_module.", k): v for k, v in original.items()}
    same("what training leaves in names", read(save("m.safetensors", oracle.prefixed("module.", residue)), **one), want)
    same("the same behind a prefix", read(save("m.safetensors", oracle.prefixed("generator_ema.model._fsdp_wrapped_module.", residue)), **one), want)
    path = save(config_beside(model.folder / "transformer", "named") + "/m.safetensors", model.state)
    same("diffusers' names in one file", read(path, **one), want)
    model.pipe.transformer.save_pretrained(folder / "shards", max_shard_size="2MB")
    shards = len(list((folder / "shards").glob("*.safetensors")))
    same(f"{shards} shards", read(folder / "shards", **one), want)
    report.check("the shards are several", shards > 1, shards)
    for kind, dtype in (("bf16", torch.bfloat16), ("fp16", torch.half), ("mixed", None)):
        cast = {k: v.to(dtype or (torch.half if is_block_matrix(k, v) else torch.float32)) for k, v in original.items()}
        same(f"{kind} file", read(save("m.safetensors", cast), **one), {k: v for k, v in wanted_of(model, {k: v.float() for k, v in cast.items()}).items() if k in want})
    ignored = {**original, "blocks.0.attn2.norm_added_q.weight": torch.ones(256)}
    same("a tensor that folders of diffusers have for nothing", read(save("m.safetensors", ignored), **one), want)

    heads_of_32 = wan_oracle.transformer("t2v", 5)
    write_path = save("repository/diffusion_pytorch_model.safetensors", wan_oracle.original_transformer(heads_of_32.state_dict()))
    oracle.write_json(folder / "repository" / "config.json", {"_class_name": "WanModel", "model_type": "t2v", "num_heads": 3, "dim": 96})
    for path in (write_path, folder / "repository"):
        same(f"the original repository's config.json tells the heads ({path.name})", read(path, **one), oracle.prefixed("transformer/", ours_transformer(heads_of_32.state_dict())))
    oracle.write_json(folder / "repository" / "config.json", {"_class_name": "WanModel", "model_type": "vace", "num_heads": 3})
    refused("the original's config.json of another kind", ["model_type", "vace"], folder / "repository")
    (folder / "repository" / "models_t5_umt5-xxl-enc-bf16.pth").write_bytes(b"PK\x03\x04")

    refused("a tensor too many", ['tensor "one.more.weight": expected only tensors of a Wan transformer'], save("m.safetensors", {**original, "one.more.weight": torch.ones(2)}))
    refused("a leaf too many", ['"blocks.1.norm3.gamma"'], save("m.safetensors", {**original, "blocks.1.norm3.gamma": torch.ones(2)}))
    refused("a bias where there is none", ['"blocks.1.self_attn.norm_q.bias"', "got one more"], save("m.safetensors", {**original, "blocks.1.self_attn.norm_q.bias": torch.ones(256)}))
    for gone in ("blocks.1.cross_attn.v_img.weight", "img_emb.proj.3.bias", "head.modulation", "blocks.1.modulation", "time_projection.1.weight"):
        refused(f"{gone} is missing", ["expected"], save("m.safetensors", {k: v for k, v in original.items() if k != gone}))
    refused("two spellings of one tensor", ["in two spellings"], save("m.safetensors", {**original, "diffusion_model.head.head.bias": original["head.head.bias"]}))
    refused("a gap between blocks", ["blocks 0 to"], save("m.safetensors", {k.replace("blocks.1.", "blocks.3."): v for k, v in original.items()}))
    for mark, kind in (("vace_blocks.0.norm3.weight", "VACE"), ("ref_conv.weight", "Fun (reference)"), ("control_adapter.conv.weight", "Fun (camera)"),
                       ("motion_encoder.x.weight", "Animate"), ("casual_audio_encoder.x.weight", "S2V"), ("audio_proj.x.weight", "talking head")):
        refused(f"{kind} by name", [kind, mark], save("m.safetensors", {**original, mark: torch.ones(2)}))
    for leaf in ("weight_global_scale", "weight_scale_2"):
        refused(f"NVFP4 by {leaf}", ["NVFP4"], save("m.safetensors", {**original, f"blocks.0.ffn.0.{leaf}": torch.ones(1)}))
    index = json.loads((model.folder / "model_index.json").read_text())
    oracle.write_json(model.folder / "model_index.json", {**index, "_class_name": "WanVACEPipeline"})
    refused("another pipeline", ["WanVACEPipeline"], model.folder)
    vae_2_2 = Model("ti2v", folder)
    refused("the other VAE", ["vae: expected latent channels 16"], save("m.safetensors", original), vae=vae_2_2.folder / "vae")


def fp8():
    model = Model("t2v", folder)
    original = wan_oracle.original_transformer(model.state)
    scales = {k[:-7]: v.abs().max() / 448 for k, v in original.items() if is_block_matrix(k, v)}
    codes = {k + ".weight": (original[k + ".weight"] / s).clamp(-448, 448).to(F8) for k, s in scales.items()}
    rest = {k: v for k, v in original.items() if k not in codes}
    keep = {k for k in model.want if k.startswith("transformer/")}
    matrices = sum(k.endswith(".weight") and model.want[k].ndim == 2 and "blocks." in k for k in keep)

    def both(what, tensors, meant, kept=matrices):
        path = save("fp8.safetensors", tensors)
        want = {k: v for k, v in wanted_of(model, meant).items() if k in keep}
        same(what, read(path, only="transformer"), want)
        got = read(path, only="transformer", packed=1)
        same(what + ", kept packed", got, want)
        report.check(what + ", matrices stay fp8", got["kept"] == kept, f"{got['kept'].item()} of {kept}")

    plain = {k: v.clamp(-448, 448).to(F8) if k in codes else v for k, v in original.items()}
    both("fp8, plain", plain, {k: v.float() for k, v in plain.items()})
    meant = {**rest, **{k: c.float() * scales[k[:-7]] for k, c in codes.items()}}
    for what, mark in (("an empty mark", torch.zeros(0, dtype=F8)), ("a mark of two", torch.zeros(2, dtype=F8)), ("a mark in fp32", torch.zeros(2))):
        old = {**rest, **codes, "scaled_fp8": mark, **{k + ".scale_weight": s.reshape(1) for k, s in scales.items()},
               **{k + ".scale_input": torch.ones(1) for k in scales}}
        both(f"scaled_fp8 and scale_weight, {what}", old, meant)
    both("the same behind a prefix", oracle.prefixed("model.diffusion_model.", old), meant)
    mark = torch.frombuffer(bytearray(b'{"format": "float8_e4m3fn"}'), dtype=torch.uint8)
    both("weight_scale and comfy_quant", {**rest, **codes, **{k + ".weight_scale": s for k, s in scales.items()}, **{k + ".comfy_quant": mark for k in scales}}, meant)
    rows = {k[:-7]: original[k].abs().amax(1, keepdim=True) / 448 for k in codes}
    by_row = {k: (original[k] / rows[k[:-7]]).clamp(-448, 448).to(F8) for k in codes}
    both("lightx2v's weight_scale of each row", {**rest, **by_row, **{k + ".weight_scale": s for k, s in rows.items()}},
         {**rest, **{k: c.float() * rows[k[:-7]] for k, c in by_row.items()}})
    some = [k for k in codes if "ffn" in k]          # mixed, as Kijai's: the type of each tensor tells
    mixed = {**original, **{k: codes[k] for k in some}, **{k[:-7] + ".scale_weight": scales[k[:-7]] for k in some}, "scaled_fp8": torch.zeros(2, dtype=F8)}
    both("some layers fp8, some not", mixed, {**original, **{k: meant[k] for k in some}}, len(some))
    gone = "blocks.1.ffn.0.scale_weight"
    refused("a scale is missing", ['"blocks.1.ffn.0.weight": expected a scale beside fp8 numbers'], save("bad.safetensors", {k: v for k, v in old.items() if k != gone}))
    refused("a scale of parts of rows", ["expected 1 or 512 factors"], save("bad.safetensors", {**old, gone: torch.ones(512, 4, 1)}))


def gguf():
    model = Model("flf2v", folder)
    original = wan_oracle.original_transformer(model.state)
    keep = {k for k in model.want if k.startswith("transformer/")}
    want_of = lambda meant: {k: v for k, v in wanted_of(model, meant).items() if k in keep}
    for kind in ["F32", "F16", "BF16", *SMALL, *RANDOM, "IQ4_NL"]:
        path = folder / f"{kind}.gguf"
        meant = write_gguf(path, "wan", original, kind, is_block_matrix)
        same(f"GGUF {kind}", read(path, only="transformer"), want_of(meant))
        if kind in ("Q8_0", "Q4_K", "IQ4_NL"):
            got = read(path, only="transformer", packed=1)
            same(f"GGUF {kind}, kept packed", got, want_of(meant))
            report.check(f"GGUF {kind}, matrices stay packed", got["kept"] > 0, got["kept"].item())

    def flattened(name, t, way):
        if name == "patch_embedding.weight":
            return {"four": t.reshape(-1, 1, 2, 2), "rows": t.reshape(t.shape[0], -1), "flat": t.reshape(-1)}[way]
        while t.ndim > 1 and t.shape[0] == 1:          # stable-diffusion.cpp: leading sizes of 1 are not written
            t = t[0]
        return t
    for way in ("four", "rows", "flat"):
        less = {k: flattened(k, v, way) for k, v in original.items()}
        report.check(f"shapes with fewer sizes ({way}) differ", less["patch_embedding.weight"].ndim < 5 and less["img_emb.emb_pos"].ndim == 2 and less["head.modulation"].ndim == 2)
        path = folder / "less.gguf"
        write_gguf(path, "wan", oracle.prefixed("model.diffusion_model.", less), "F16", lambda n, t: False)
        same(f"GGUF without the shapes of stock ggml ({way})", read(path, only="transformer"), want_of(original))
    refused("a GGUF with a patch embedding of another size", ["patch_embedding.weight"], write_and(folder / "bad.gguf", {**original, "patch_embedding.weight": torch.ones(255, 3)}))
    refused("the same shapes in safetensors", ["head.modulation", "3 dimensions"],
            save("bad.safetensors", {k: flattened(k, v, "four") for k, v in original.items()}))

    vae_model = Model("ti2v", folder)
    for what, state in (("2.1", model.pipe.vae.state_dict()), ("2.2", vae_model.pipe.vae.state_dict())):
        of = model if what == "2.1" else vae_model
        four = {k: v.reshape(-1, *v.shape[2:]) if v.ndim == 5 else v for k, v in wan_oracle.original_vae(state).items()}
        write_gguf(folder / config_beside(of.folder / "vae", f"vae-{what}") / "vae.gguf", "wan", four, "F32", lambda n, t: False)
        same(f"VAE {what} in a GGUF of four sizes", read(of.folder, only="vae", vae=folder / f"vae-{what}" / "vae.gguf"), oracle.prefixed("vae/", of.part("vae")))


def write_and(path, tensors):
    write_gguf(path, "wan", tensors, "F32", lambda n, t: False)
    return path


def encoders():
    model = Model("i2v", folder)
    weights = wan_oracle.umt5_weights(model.pipe.text_encoder)
    want = oracle.prefixed("text_encoder/", weights)
    text = lambda path, **more: read(model.folder, only="text_encoder", text_encoder=path, **more)
    at = config_beside(model.folder / "text_encoder", "umt5") + "/"
    same("UMT5: the folder", text(model.folder / "text_encoder"), want)
    model.pipe.text_encoder.save_pretrained(folder / "umt5-shards", max_shard_size="200KB")
    same("UMT5: shards", text(folder / "umt5-shards"), want)
    for prefix in ("", "text_encoders.umt5xxl.transformer.", "text_model.", "model."):
        same(f'UMT5: transformers\' names, prefix "{prefix}"', text(save("t5/umt5.safetensors", oracle.prefixed(prefix, weights))), want)
    other = {"encoder.embed_tokens.weight" if k == "shared.weight" else k: v for k, v in weights.items()}
    same("UMT5: the embeddings under their other name", text(save("t5/umt5.safetensors", other)), oracle.prefixed("text_encoder/", other))
    twice = {**weights, "encoder.embed_tokens.weight": weights["shared.weight"]}
    same("UMT5: the embeddings twice, alike", text(save("t5/umt5.safetensors", twice)), oracle.prefixed("text_encoder/", twice))
    for what, table in (("zero", torch.zeros_like(weights["shared.weight"])), ("others", weights["shared.weight"] + 1), ("in another type", weights["shared.weight"].half())):
        refused(f"UMT5: the embeddings twice, once {what}", ["encoder.embed_tokens.weight", "shared.weight"], model.folder,
                text_encoder=save("t5/umt5.safetensors", {**weights, "encoder.embed_tokens.weight": table}))
    same("UMT5: the original's names", text(save("t5/umt5.safetensors", renamed(weights, T5_ORIGINAL))), want)
    same("UMT5: ComfyUI's, with tokenizer and scale", text(save("t5/umt5.safetensors", {**weights, "spiece_model": torch.zeros(9, dtype=torch.uint8), "logit_scale": torch.ones(())})), want)
    scales = {k[:-7]: v.abs().max() / 448 for k, v in weights.items() if v.ndim == 2 and "shared" not in k and "bias" not in k}
    codes = {k + ".weight": (weights[k + ".weight"] / s).to(F8) for k, s in scales.items()}
    scaled = {**{k: v.half().float() for k, v in weights.items()}, **codes}
    meant = {k: codes[k].float() * scales[k[:-7]] if k in codes else v for k, v in scaled.items()}
    path = save("t5/umt5.safetensors", {**scaled, **{k + ".scale_weight": s for k, s in scales.items()}, "scaled_fp8": torch.zeros(0, dtype=F8)})
    same("UMT5: fp8 with scales", text(path), oracle.prefixed("text_encoder/", meant))
    plain = {k: v.to(F8) if v.ndim == 2 else v for k, v in weights.items()}      # the embeddings and positions too
    same("UMT5: fp8 without scales", text(save("t5/umt5.safetensors", plain)), oracle.prefixed("text_encoder/", {k: v.float() for k, v in plain.items()}))
    tables = {k: v.to(F8) for k, v in weights.items() if "shared" in k or "relative" in k}
    path = save("t5/umt5.safetensors", {**scaled, **tables, **{k + ".scale_weight": s for k, s in scales.items()}, "scaled_fp8": torch.zeros(0, dtype=F8)})
    same("UMT5: fp8 with scales, but for embeddings and positions", text(path), oracle.prefixed("text_encoder/", {**meant, **{k: v.float() for k, v in tables.items()}}))
    llama = renamed(weights, T5_LLAMA)
    back = {v: k for k, v in zip(weights, llama)}
    for kind in ("F32", "Q8_0", "Q4_K"):
        meant = write_gguf(folder / "umt5.gguf", "t5encoder", llama, kind, lambda n, t: t.ndim == 2 and "rel_b" not in n)
        same(f"UMT5: llama.cpp's GGUF {kind}", text(folder / "umt5.gguf"), oracle.prefixed("text_encoder/", {back[k]: v for k, v in meant.items()}))
    whole = {**llama, "dec.blk.0.attn_norm.weight": torch.ones(256), "output.weight": torch.ones(3, 256)}
    write_gguf(folder / "umt5.gguf", "t5", whole, "F32", lambda n, t: False)
    same("UMT5: a GGUF of the whole model", text(folder / "umt5.gguf"), want)
    for what, tensors, words in (("a tensor too many", {**weights, "encoder.block.0.layer.2.x.weight": torch.ones(2)}, ['"encoder.block.0.layer.2.x.weight"', "got one more"]),
                                 ("a layer too few", {k: v for k, v in weights.items() if "block.1.layer.1" not in k}, ["encoder.block.1.layer.1"]),
                                 ("no embeddings", {k: v for k, v in weights.items() if "shared" not in k}, ["embed_tokens"])):
        refused(f"UMT5: {what}", words, model.folder, text_encoder=save(at + "umt5.safetensors", tensors))

    for kind, of in (("2.1", model), ("2.2", Model("ti2v", folder))):
        state, want = of.pipe.vae.state_dict(), oracle.prefixed("vae/", of.part("vae"))
        at = config_beside(of.folder / "vae", f"coder-{kind}") + "/vae.safetensors"
        vae = lambda tensors: read(of.folder, only="vae", vae=save(at, tensors))
        original = wan_oracle.original_vae(state)
        same(f"VAE {kind}: diffusers' names in one file", vae(state), want)
        for prefix in ("", "vae.", "first_stage_model."):
            same(f'VAE {kind}: original names, prefix "{prefix}"', vae(oracle.prefixed(prefix, original)), want)
        same(f"VAE {kind}: bf16", vae({k: v.bfloat16() for k, v in original.items()}), {k: v.bfloat16().float() for k, v in want.items()})
        for name in ("decoder.conv9.weight", "decoder.conv1.weight.x", "encoder.downsamples.0.shortcut.weight", "decoder.upsamples.99.residual.2.bias"):
            refused(f"VAE {kind}: {name} fits nothing", [f'tensor "{name}"', "expected only tensors of a causal video autoencoder"], of.folder, vae=save(at, {**original, name: torch.ones(1)}))
        refused(f"VAE {kind}: a layer too few", ['"decoder.conv_out.bias": expected one in the file, got none'], of.folder, vae=save(at, {k: v for k, v in original.items() if k != "decoder.head.2.bias"}))

    tower = model.pipe.image_encoder.state_dict()
    want = oracle.prefixed("image_encoder/", ours_clip(tower))
    at = config_beside(model.folder / "image_encoder", "clip") + "/clip.safetensors"
    clip = lambda tensors: read(model.folder, only="image_encoder", image_encoder=save(at, tensors))
    plain = ours_clip(tower)
    for prefix in ("", "vision_model.", "clip_vision.vision_model.", "clip_vision_h.vision_model."):
        same(f'CLIP: transformers\' names, prefix "{prefix}"', clip(oracle.prefixed(prefix, plain)), want)
    same("CLIP: with its projection", clip({**oracle.prefixed("vision_model.", plain), "visual_projection.weight": torch.ones(3, 3)}), want)
    same("CLIP: the original's names, q, k and v in one", clip(openclip(tower)), want)
    refused("CLIP: a tensor too many", ['"one.more"', "only tensors of CLIP"], model.folder, image_encoder=save(at, {**plain, "one.more": torch.ones(2)}))
    refused("CLIP: a layer too few", ["encoder.layers"], model.folder, image_encoder=save(at, {k: v for k, v in plain.items() if "layers.1.mlp.fc1" not in k}))
    odd = openclip(tower)
    odd["visual.transformer.0.attn.to_qkv.weight"] = torch.ones(121, 40)
    refused("CLIP: q, k and v that do not divide", ["to_qkv", "rows for 3 layers"], model.folder, image_encoder=save(at, odd))


def merges():
    """All parts in one file, as ComfyUI writes it. Without a config.json for the small VAE its shapes are not known, so that lies beside."""
    model = Model("t2v", folder)
    original = wan_oracle.original_transformer(model.state)
    tokenizer = torch.frombuffer(bytearray(sentencepiece_model()), dtype=torch.uint8)
    whole = {**oracle.prefixed("model.diffusion_model.", original), **oracle.prefixed("text_encoders.umt5xxl.transformer.", wan_oracle.umt5_weights(model.pipe.text_encoder)),
             "text_encoders.umt5xxl.logit_scale": torch.ones(()), "text_encoders.spiece_model": tokenizer}
    vae = oracle.prefixed("vae.", wan_oracle.original_vae(model.pipe.vae.state_dict()))
    want = {k: v for k, v in model.want.items() if not k.startswith("vae/")}
    path = save("all/all.safetensors", whole)
    got = read(path, vae=model.folder / "vae")
    same("transformer, UMT5 and tokenizer in one file", got, model.want)
    report.check("nothing is missing of it, the tokenizer neither", got["missing"] == 0 and got["tokenizer"] == 1)
    same("UMT5 of such a file for another model", read(model.folder, text_encoder=path, only="text_encoder"), oracle.prefixed("text_encoder/", model.part("text_encoder")))
    shutil.copy(model.folder / "vae" / "config.json", folder / "all")       # AutoencoderKLWan: nobody else's
    same("all in one file", read(save("all/all.safetensors", {**whole, **vae})), {**want, **oracle.prefixed("vae/", model.part("vae"))})
    refused("a tensor of no part", ['tensor "one.more.weight": expected the prefix of a part'], save("all/all.safetensors", {**whole, **vae, "one.more.weight": torch.ones(2)}))
    refused("a tensor that a part does not have", ['"model.diffusion_model.blocks.0.x.weight"', "a Wan transformer"],
            save("all/all.safetensors", {**whole, **vae, "model.diffusion_model.blocks.0.x.weight": torch.ones(2)}))
    refused("a tensor that the VAE does not have", ['"vae.decoder.x.weight"', "a causal video autoencoder"], save("all/all.safetensors", {**whole, **vae, "vae.decoder.x.weight": torch.ones(2)}))

    at = folder / "comfy"                                                  # beside the model, in ComfyUI's folders
    save("comfy/diffusion_models/wan2.1_t2v.safetensors", original)
    save("comfy/text_encoders/umt5_xxl_fp16.safetensors", {**wan_oracle.umt5_weights(model.pipe.text_encoder), "spiece_model": tokenizer})
    save("comfy/vae/wan_2.1_vae.safetensors", wan_oracle.original_vae(model.pipe.vae.state_dict()))
    shutil.copy(model.folder / "vae" / "config.json", at / "vae")
    got = read(at / "diffusion_models" / "wan2.1_t2v.safetensors")
    same("ComfyUI's folders", got, want | oracle.prefixed("vae/", model.part("vae")))
    report.check("nothing is missing in ComfyUI's folders", got["missing"] == 0 and got["tokenizer"] == 1)


# ---- The report ----------------------------------------------------------------------------------

def told(path, *arguments):
    done = subprocess.run([str(oracle.BUILD / "cli" / "zoetrope"), "inspect", str(path), *map(str, arguments)], capture_output=True, text=True, timeout=120)
    return done.stdout, done.stderr, done.returncode


def inspect():
    for name, kind in (("t2v", "2.1 T2V"), ("flf2v", "2.1 FLF2V"), ("t2v_a14b", "2.2 T2V-A14B: two experts, boundary 0.875"), ("ti2v", "2.2 TI2V-5B")):
        model = Model(name, folder)
        out, err, status = told(model.folder, "--size", "96x64", "--frames", 9)
        parts = {k.split("/")[0] for k in model.want} | {"tokenizer"}
        lines = out.splitlines()
        report.check(f"inspect {name}: family, kind, all parts and a plan of memory", status == 0 and err == "" and lines[0] == "family     wan"
                     and any(line.startswith("kind       " + kind) for line in lines) and all(f"\n  {p} " in out for p in parts)
                     and "missing" not in out and "warnings" not in out and "memory for 96x64, 9 frames" in out, out + err)
        count = sum(t.numel() for k, t in model.want.items() if k.startswith("transformer/"))
        report.check(f"inspect {name}: parameters of the transformer", f"{count:,} parameters" in out, count)
    a14b = folder / "t2v_a14b"
    pair = {"blocks.0.ffn.0.lora_A.weight": torch.ones(2, 256), "blocks.0.ffn.0.lora_B.weight": torch.ones(512, 2)}
    out, err, status = told(a14b, "--lora", save("lora.safetensors", pair))
    report.check("inspect with an adapter: of both experts", status == 0 and "adapters   1 tensors" in out and "adapters 2 1 tensors" in out, out + err)
    alone = save("alone/wan2.2_t2v_high_noise.safetensors", wan_oracle.original_transformer(model_of("t2v")))
    out, err, status = told(alone)
    report.check("inspect of one file: what is missing, and that it is one expert of two", status == 0 and all(f"{p}: expected" in out for p in ("vae", "text_encoder", "tokenizer"))
                 and "warnings\n" in out and "expert for low noise" in out, out + err)
    state = wan_oracle.original_transformer(model_of("t2v"))
    out, err, status = told(save("alone/bad.safetensors", {k: v for k, v in state.items() if k != "blocks.1.norm3.bias"}))
    report.check("inspect refuses what is not whole, by name", status == 1 and out == "" and '"blocks.1.norm3.bias": expected one in the file, got none' in err, out + err)
    out, err, status = told(a14b, "--engine-opts", "wae=x")
    report.check("inspect refuses an unknown key", status == 2 and "engine_opts: expected one of" in err and "lora_2" in err, out + err)


def model_of(name):
    return load_file(next((folder / name / "transformer").glob("*.safetensors")))


# ---- Adapters -----------------------------------------------------------------------------------

def adapter(generator, out, columns, rank=4):
    return torch.randn(rank, columns, generator=generator), torch.randn(out, rank, generator=generator) * 0.1


def lora():
    for name in ("t2v", "i2v"):
        lora_on(Model(name, folder))
    experts(Model("t2v_a14b", folder))


def lora_on(model):
    kind, generator = model.folder.name, torch.Generator().manual_seed(21)
    original = wan_oracle.original_transformer(model.state)
    base = save("base.safetensors", original)
    theirs = diffusers_names(model.state)
    matrices = [k[:-7] for k in original if k.endswith(".weight") and original[k].ndim == 2]
    pairs = {m: adapter(generator, *original[m + ".weight"].shape) for m in matrices}
    keep = {k for k in model.want if k.startswith("transformer/")}

    def merged(changes):
        return {k: v for k, v in wanted_of(model, {**original, **{k: original[k] + d for k, d in changes.items()}}).items() if k in keep}

    def low_rank(scale, chosen=matrices):
        return {m + ".weight": (pairs[m][1] @ pairs[m][0]) * scale for m in chosen}

    def check(what, keys, scale, changes, metadata=None):
        path = save("lora.safetensors", keys, metadata)
        same(f"LoRA on {kind}: {what}", read(base, only="transformer", lora=f"{path}:{scale}"), merged(changes), 1e-6)

    def spelled(module, endings, more=None, chosen=matrices):
        keys = {f"{module(m)}.{endings[i]}.weight": pairs[m][i] for m in chosen for i in (0, 1)}
        for m in chosen if more is not None else ():
            keys[f"{module(m)}.alpha"] = more
        return keys
    for prefix in ("", "diffusion_model.", "transformer."):
        check(f'original names, prefix "{prefix}"', spelled(lambda m: prefix + m, ("lora_A", "lora_B")), 1.0, low_rank(1.0))
    diffusers = lambda m: "transformer." + theirs[m + ".weight"][:-7]
    check("diffusers", spelled(diffusers, ("lora_A", "lora_B")), 0.75, low_rank(0.75))
    check("diffusers with PEFT's alpha", spelled(diffusers, ("lora_A", "lora_B")), 0.5, low_rank(0.5 * 8 / 4), {"lora_adapter_metadata": json.dumps({"transformer.r": 4, "transformer.lora_alpha": 8})})
    check("PEFT", spelled(lambda m: "base_model.model." + theirs[m + ".weight"][:-7], ("lora_A", "lora_B")), 0.75, low_rank(0.75))
    types = {"F32": torch.float32, "F64": torch.float64, "F16": torch.half, "BF16": torch.bfloat16, "I32": torch.int32, "I64": torch.int64}
    for what, dtype in types.items():                                   # Lightning's are I64: unread it would be 8 times as strong
        for shape in ((), (1,)):
            check(f"ComfyUI, alpha {what} {list(shape)}", spelled(lambda m: "diffusion_model." + m, ("lora_down", "lora_up"), torch.full(shape, 2).to(dtype), matrices[:3]), -1.5, low_rank(-1.5 * 2 / 4, matrices[:3]))
    flat = lambda m: "lora_unet_" + m.replace(".", "_")
    check("musubi-tuner", spelled(flat, ("lora_down", "lora_up"), torch.tensor(2.0)), 1.0, low_rank(0.5))
    check("a part of the layers", spelled(flat, ("lora_down", "lora_up"), torch.tensor(4.0), [m for m in matrices if "self_attn" in m]), 1.0, low_rank(1.0, [m for m in matrices if "self_attn" in m]))
    check("musubi-tuner, diffusers' names", spelled(lambda m: "lora_unet_" + theirs[m + ".weight"][:-7].replace(".", "_"), ("lora_down", "lora_up")), 1.0, low_rank(1.0))

    # What few-step files are made of: low rank and whole differences of everything there is.
    keys, changes = spelled(lambda m: "diffusion_model." + m, ("lora_down", "lora_up"), torch.tensor(8)), low_rank(2 * 8 / 4)
    for name, t in original.items():
        module, _, leaf = name.rpartition(".")
        delta = torch.randn(t.shape, generator=generator) * 0.1
        if leaf == "modulation":
            keys[f"diffusion_model.{module}.diff_m"] = delta
        elif leaf == "bias":
            keys[f"diffusion_model.{module}.diff_b"] = delta
        elif leaf == "weight" and t.ndim != 2:
            keys[f"diffusion_model.{module}.diff"] = delta
        else:
            continue
        changes[name] = delta * 2
    report.check(f"LoRA on {kind}: few-step file has every kind", {"diff_m", "diff_b", "diff", "alpha"} <= {k.rsplit(".", 1)[1] for k in keys} and "diffusion_model.patch_embedding.diff" in keys)
    check("few steps: diff, diff_b, diff_m, norms, patch embedding, alpha I64", keys, 2.0, changes)
    tables = {k: v[0] for k, v in keys.items() if k.endswith("diff_m")}
    check("tables without their leading size of 1", tables, 1.0, {k.removeprefix("diffusion_model.").replace("diff_m", "modulation"): v for k, v in tables.items()})
    whole = {f"diffusion_model.{m}.diff": torch.full_like(original[m + ".weight"], 0.5) for m in ("head.head", "blocks.0.cross_attn.k", "time_projection.1")}
    check("whole differences of matrices", whole, 1.0, {k[16:-5] + ".weight": v for k, v in whole.items()})
    rank = {f"lycoris_{m.replace('.', '_')}.{k}": v for m in matrices[:4] for k, v in zip(("hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"), (pairs[m][1], pairs[m][0], pairs[m][1], pairs[m][0]))}
    check("LoHa", rank, 1.0, {m + ".weight": (pairs[m][1] @ pairs[m][0]) ** 2 for m in matrices[:4]})
    if kind == "i2v":
        plain = [m for m in matrices if "_img" not in m and "img_emb" not in m]
        check("one of text to video: nothing for what it does not know", spelled(lambda m: "diffusion_model." + m, ("lora_A", "lora_B"), chosen=plain), 1.0, low_rank(1.0, plain))
        return
    write_gguf(folder / "base.gguf", "wan", original, "Q8_0", is_block_matrix)
    still = read(folder / "base.gguf", only="transformer")
    path = save("lora.safetensors", {k: v for k, v in keys.items() if not k.rsplit(".", 1)[1].startswith("diff")})
    got = read(folder / "base.gguf", only="transformer", packed=1, lora=f"{path}:2")
    want, before = merged(low_rank(4.0)), {k: model.want[k] for k in keep}
    worst = max(oracle.rel_l2(got[k] - still[k], want[k] - before[k]) for k in keep if not torch.equal(want[k], before[k]))
    report.below("LoRA beside Q8_0: what it adds", worst, 2e-5)
    one = {"diffusion_model.blocks.0.ffn.0.lora_A.weight": torch.ones(2, 256), "diffusion_model.blocks.0.ffn.0.lora_B.weight": torch.ones(512, 2)}
    for what, more, words in (("set_weight", {"diffusion_model.blocks.0.norm3.set_weight": torch.ones(256)}, ["set_weight", "replaces"]),
                              ("reshape_weight", {"diffusion_model.patch_embedding.reshape_weight": torch.ones(5)}, ["reshape_weight"]),
                              ("DoRA", {"diffusion_model.blocks.0.ffn.0.dora_scale": torch.ones(512)}, ["DoRA"]),
                              ("a key that fits nothing", {"diffusion_model.blocks.0.ffn.1.lora_A.weight": torch.ones(2, 2)}, ["1 of 3 without one", "blocks.0.ffn.1"]),
                              ("a block that is not there", {"diffusion_model.blocks.7.diff_m": torch.ones(1, 6, 256)}, ["blocks.7.diff_m"]),
                              ("pictures on a model without", {"diffusion_model.blocks.0.cross_attn.k_img.lora_A.weight": torch.ones(2, 256)}, ["k_img"]),
                              ("a table of another size", {"diffusion_model.blocks.0.diff_m": torch.ones(1, 5, 256)}, ["columns", "blocks.0.modulation"]),
                              ("the second expert of a model with one", {"transformer_2.blocks.0.attn1.to_q.lora_A.weight": torch.ones(2, 256)}, ["transformer_2.blocks.0"]),
                              ("another model's norm", {"diffusion_model.blocks.0.norm3.diff": torch.ones(255)}, ["expected 256 rows, got 255"])):
        refused(f"LoRA: {what}", words, base, only="transformer", lora=save("bad.safetensors", {**one, **more}))
    refused("lora_2 without a second expert", ["lora_2", "two experts"], base, lora_2=path)


def experts(model):
    """Two transformers: one adapter each, one for both, or both in one file."""
    high, low = (ours_transformer(p.state_dict()) for p in (model.pipe.transformer, model.pipe.transformer_2))
    module = "blocks.1.ffn.2"

    def pair(prefix, name, value):
        return {f"{prefix}{name}.lora_A.weight": torch.full((1, 512), value), f"{prefix}{name}.lora_B.weight": torch.ones(256, 1)}

    def check(what, first, second, **options):
        got = read(model.folder, **options)
        for key, before, change in (("transformer", high, first), ("transformer_2", low, second)):
            expected = {**before, module + ".weight": before[module + ".weight"] + change}
            same(f"experts: {what}: {key}", tensors_of(got, key), oracle.prefixed(key + "/", expected), 1e-6)
    a, b = save("high.safetensors", pair("diffusion_model.", module, 0.5)), save("low.safetensors", pair("diffusion_model.", module, -0.25))
    check("one for each", 0.5, -0.5, lora=a, lora_2=f"{b}:2")
    check("one for both", 0.5, 0.5, lora=a)
    check("one for the second alone", 0.0, -0.25, lora_2=b)
    both = save("both.safetensors", {**pair("transformer.", "blocks.1.ffn.net.2", 0.5), **pair("transformer_2.", "blocks.1.ffn.net.2", 1.0)})
    check("both in diffusers' one file", 0.5, 1.0, lora=both)
    alone = save("both.safetensors", pair("transformer_2.", "blocks.1.ffn.net.2", 1.0))
    check("the second's alone in diffusers' spelling", 0.0, 1.0, lora=alone)


# ---- Tokenizers ---------------------------------------------------------------------------------

def sentencepiece_model(**style):
    return tiny_unigram.model_bytes(**style)


def token_ids(path, texts, warnings=0, **given):
    data = torch.frombuffer(bytearray("\n".join(texts).encode()), dtype=torch.uint8)
    got = oracle.run_stage(PROGRAM, "tokens", {"texts": data}, path=path, **given)
    if got["warnings"] != warnings:
        raise RuntimeError(f"expected {warnings} warnings, got {got['warnings'].item()}")
    return [ids.tolist() for ids in got["ids"].split(got["counts"].tolist())]


def tokens():
    import sentencepiece
    from tokenizers import Tokenizer
    from diffusers.pipelines.wan.pipeline_wan import prompt_clean
    texts = [t.replace("\n", " ") for t in generated_prompts.prompts(5000, 20262, generated_prompts.WORDS)]
    cleaned = [prompt_clean(t) for t in texts]
    for what, style in (("", {}), (" with byte fallback", dict(byte_fallback=True))):
        model = sentencepiece_model(**style)
        (folder / "spiece").mkdir(exist_ok=True)
        (folder / "spiece" / "spiece.model").write_bytes(model)
        given = tiny_unigram.umt5(pieces=tiny_unigram.trained(**style)[0], **style, normalizer=tiny_unigram.t5_steps()["normalizer"])
        reference = Tokenizer.from_str(json.dumps(given))
        expected = [e.ids for e in reference.encode_batch_fast(texts)]
        ours = token_ids(folder / "spiece", texts)
        wrong = [i for i in range(len(texts)) if ours[i] != expected[i]]
        report.check(f"spiece.model{what}: ids of {len(texts)} prompts beside tokenizers on the tokenizer.json of the same model", not wrong, [texts[i] for i in wrong[:3]])
        own = sentencepiece.SentencePieceProcessor(model_proto=model)
        cut = [e.ids for e in reference.encode_batch_fast(cleaned)]
        theirs = [own.encode(t) + [1] for t in cleaned]
        ours = token_ids(folder / "spiece" / "spiece.model", cleaned)
        other = [i for i in range(len(cleaned)) if ours[i] != theirs[i]]
        report.check(f"spiece.model{what}: of {len(cleaned)} cleaned prompts SentencePiece itself cuts no other than `tokenizers` does", all(cut[i] == ours[i] != theirs[i] for i in other), f"{len(other)} differ")
        tensor = torch.frombuffer(bytearray(model), dtype=torch.uint8)
        for path in (save("tokenizer.safetensors", {"spiece_model": tensor}), save("tokenizer.safetensors", {"text_encoders.spiece_model": tensor, "shared.weight": torch.ones(2, 2)})):
            report.check(f"the same bytes as a tensor{what} ({load_file(path).keys()})", token_ids(path, texts[:300]) == token_ids(folder / "spiece", texts[:300]))
        pieces, types, table = tiny_unigram.trained(**style)[0], tiny_unigram.piece_types(**style), tiny_unigram.trained(**style)[1]
        gguf_file = write_tokenizer(folder / "umt5.gguf", pieces, types, table)
        for where in (dict(path=gguf_file), dict(path="", inside=gguf_file)):
            report.check(f"GGUF{what}, {'found inside' if where['path'] == '' else 'named'}: ids of {len(texts)} prompts", token_ids(texts=texts, **where) == expected)
    plain = write_tokenizer(folder / "plain.gguf", pieces, types, table, ["charsmap"])
    report.check("a GGUF without the table of replacements is warned of", token_ids("", ["a cat"], warnings=1, inside=plain) == token_ids(folder / "spiece", ["a cat"]))
    given = dict(stage="tokens", tensors={"texts": torch.frombuffer(bytearray(b"a cat"), dtype=torch.uint8)})
    (folder / "words.txt").write_bytes(model)
    refused("a tokenizer by another name is not taken for one", ["tokenizer.json, spiece.model or a text encoder", "words.txt"], folder / "words.txt", **given)
    (folder / "empty").mkdir()
    refused("a folder without a tokenizer", ["expected tokenizer.json or spiece.model"], folder / "empty", **given)
    (folder / "bad.model").write_bytes(b"not a message at all")
    refused("a file that is none", ["bad.model: expected"], folder / "bad.model", **given)
    (folder / "bad.model").write_bytes(model[:len(model) // 2])
    refused("half of one", ["bad.model", "expected"], folder / "bad.model", **given)
    bpe = tiny_unigram.model_bytes(model_type="bpe")
    (folder / "bad.model").write_bytes(bpe)
    refused("another kind of SentencePiece", ["model_type: expected 1 (unigram), got 2"], folder / "bad.model", **given)
    refused("a checkpoint without one", ["spiece_model", "got none"], save("tokenizer.safetensors", {"shared.weight": torch.ones(2, 2)}), **given)
    refused("a GGUF whose tokens have no scores", ["tokenizer.ggml.scores: expected", "got none"], write_tokenizer(folder / "bad.gguf", pieces, types, table, ["scores"]), **given)
    refused("a GGUF with types that there are not", ["tokens[5]", "type: 1 to 6"], write_tokenizer(folder / "bad.gguf", pieces, [7 if i == 5 else t for i, t in enumerate(types)], table), **given)
    refused("numbers in its place", ["expected bytes, got F32"], save("tokenizer.safetensors", {"spiece_model": torch.ones(2, 2)}), **given)


STEPS = {f.__name__: f for f in (kinds, spellings, fp8, gguf, encoders, merges, inspect, lora, tokens)}

try:
    for step in sys.argv[2:] or STEPS:
        STEPS[step]()
finally:
    shutil.rmtree(folder, ignore_errors=True)
report.end()
