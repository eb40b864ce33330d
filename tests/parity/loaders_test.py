#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every way a model can lie on a disk gives the same tensors: diffusers folders (one file, shards), original and
ComfyUI names, fp8 in its conventions, GGUF with every block type, adapters in their spellings.

    loaders_test.py PROGRAM [spellings|fp8|gguf|lora|encoders|memory]...
"""
import json
import pathlib
import shutil
import sys
import tempfile

import oracle
import torch
from safetensors.torch import load_file, save_file

try:
    from gguf_files import RANDOM, SMALL, write_gguf
except ImportError as missing:
    print(f"skipped: {missing}; tools/setup tests installs the reference")
    sys.exit(77)

PROGRAM = sys.argv[1]
# Rows of 256 values, so that every block type fits.
WIDE = dict(num_attention_heads=4, attention_head_dim=64, num_layers=1, num_single_layers=2, num_refiner_layers=1, rope_axes_dim=(8, 28, 28))
F8 = torch.float8_e4m3fn
report = oracle.Report()
folder = pathlib.Path(tempfile.mkdtemp(prefix="loaders-", dir=oracle.BUILD))


def read(stage, path, part="transformer", **options):
    return oracle.run_stage(PROGRAM, stage, {"none": torch.zeros(1)}, part=part, path=path, **options)


def same(what, got, expected):
    """Names, shapes, types and bits."""
    wrong = sorted(set(got) ^ set(expected))
    wrong += [n for n in expected if n in got and not (got[n].shape == expected[n].shape and torch.equal(got[n], expected[n]))]
    report.check(what, not wrong, f"{len(expected)} tensors" if not wrong else f"differ: {len(wrong)}, first {wrong[:3]}")


def refused(what, words, stage, path, **options):
    try:
        read(stage, path, **options)
    except RuntimeError as error:
        report.check(what, all(w in str(error) for w in words), str(error))
    else:
        report.check(what, False, "accepted")


def save(name, tensors, metadata=None):
    path = folder / name
    save_file({k: v.contiguous().clone() for k, v in tensors.items()}, path, metadata)
    return path


COMFY = [  # original module -> ComfyUI's, in the order of application
    ("time_in.mlp.0", "time_in.in_layer"), ("time_in.mlp.2", "time_in.out_layer"), ("guidance_in.mlp.0", "guidance_in.in_layer"),
    ("guidance_in.mlp.2", "guidance_in.out_layer"), ("txt_in.t_embedder.mlp.0", "txt_in.t_embedder.in_layer"),
    ("txt_in.t_embedder.mlp.2", "txt_in.t_embedder.out_layer"), ("txt_in.c_embedder.linear_1", "txt_in.c_embedder.in_layer"),
    ("txt_in.c_embedder.linear_2", "txt_in.c_embedder.out_layer"), ("self_attn_qkv", "self_attn.qkv"), ("self_attn_proj", "self_attn.proj"),
    ("mod.linear", "mod.lin"), ("modulation.linear", "modulation.lin"), ("img_attn_qkv", "img_attn.qkv"), ("txt_attn_qkv", "txt_attn.qkv"),
    ("img_attn_q_norm", "img_attn.norm.query_norm"), ("img_attn_k_norm", "img_attn.norm.key_norm"), ("txt_attn_q_norm", "txt_attn.norm.query_norm"),
    ("txt_attn_k_norm", "txt_attn.norm.key_norm"), ("img_attn_proj", "img_attn.proj"), ("txt_attn_proj", "txt_attn.proj"),
    ("mlp.fc1", "mlp.0"), ("mlp.fc2", "mlp.2")]


def comfy_name(name):
    for ours, theirs in COMFY:
        name = name.replace(ours, theirs)
    if name.startswith("single_blocks"):
        name = name.replace("q_norm.", "norm.query_norm.").replace("k_norm.", "norm.key_norm.") if ".norm." not in name else name
    return name


def comfy(tensors, prefix=""):
    return {prefix + comfy_name(k): v for k, v in tensors.items()}


def spellings(model, expected):
    model.save_pretrained(folder / "one")
    model.save_pretrained(folder / "shards", max_shard_size="4MB")
    shards = len(list((folder / "shards").glob("*.safetensors")))
    same("diffusers folder, one file", read("dense", folder / "one"), expected)
    same(f"diffusers folder, {shards} shards", read("dense", folder / "shards"), expected)
    report.check("the shards are several", shards > 1, shards)
    same("original names", read("dense", save("original.safetensors", expected)), expected)
    for prefix in ("", "model.model.", "model.diffusion_model.", "diffusion_model.", "model."):
        path = save("comfy.safetensors", comfy(expected, prefix))
        same(f"ComfyUI's names, prefix \"{prefix}\"", read("dense", path), expected)
    scale = {k[:-6] + "scale" if "_norm." in k and k.endswith("weight") else k: v for k, v in comfy(expected, "model.model.").items()}
    same("ComfyUI's names, norms called scale", read("dense", save("comfy.safetensors", scale)), expected)
    half = {k: v.bfloat16() for k, v in expected.items()}
    same("bf16 file as fp32", read("dense", save("half.safetensors", half)), {k: v.float() for k, v in half.items()})
    same("fp32 folder as bf16", read("dense", folder / "one", type="bf16"), half)
    same("fp16 file as fp32", read("dense", save("half.safetensors", {k: v.half() for k, v in expected.items()})), {k: v.half().float() for k, v in expected.items()})
    refused("a tensor too many", ["tensor", "one.more"], "dense", save("bad.safetensors", {**expected, "one.more.weight": torch.ones(2)}))
    state = dict(model.state_dict())
    del state["single_transformer_blocks.1.attn.to_k.weight"]
    refused("a piece too few", ["single_blocks.1.linear1.weight", "all 4 parts"], "dense", save("bad.safetensors", state))


def is_block_matrix(name, tensor):
    return tensor.ndim == 2 and name.startswith(("double_blocks", "single_blocks"))


def quantise_fp8(expected):
    """Codes and one scale per matrix of the blocks, as Tencent and ComfyUI choose it."""
    codes, scales = {}, {}
    for name, w in expected.items():
        if is_block_matrix(name, w):
            scales[name[:-7]] = w.abs().max() / 448
            codes[name] = (w / scales[name[:-7]]).clamp(-448, 448).to(F8)
    return codes, scales


def fp8(model, expected):
    plain = {k: v.clamp(-448, 448).to(F8) if is_block_matrix(k, v) else v for k, v in expected.items()}
    want = {k: v.float() for k, v in plain.items()}
    path = save("fp8.safetensors", plain)
    same("fp8, plain", read("dense", path), want)
    same("fp8, plain, as bf16", read("dense", path, type="bf16"), {k: v.bfloat16() for k, v in want.items()})

    codes, scales = quantise_fp8(expected)
    rest = {k: v for k, v in expected.items() if k not in codes}

    def wanted(scale):
        return {**rest, **{k: c.float() * scale(scales[k[:-7]]) for k, c in codes.items()}}

    def both(what, path, want):
        same(what, read("dense", path), want)
        got = read("packed", path)
        kept = got.pop("kept")
        same(what + ", kept packed", got, want)
        report.check(what + ", matrices stay fp8", kept[0] == len(codes), f"{kept[0]} of {len(codes)}")

    path = save("fp8.safetensors", {**rest, **codes, **{k + ".fp8_scale": s for k, s in scales.items()}})
    both("fp8_scale", path, wanted(lambda s: s.bfloat16().float()))
    reference = {k: c.bfloat16() * scales[k[:-7]].bfloat16() for k, c in codes.items()}
    same("fp8_scale as bf16", read("dense", path, type="bf16"), {**{k: v.bfloat16() for k, v in rest.items()}, **reference})

    old = {**comfy({**rest, **codes}, "model.model."), "model.model.scaled_fp8": torch.zeros(2, dtype=F8)}
    old.update({f"model.model.{comfy_name(k + '.')[:-1]}.scale_weight": s.reshape(1) for k, s in scales.items()})
    old.update({f"model.model.{comfy_name(k + '.')[:-1]}.scale_input": s for k, s in scales.items()})
    both("scaled_fp8 and scale_weight (ComfyUI, old)", save("fp8.safetensors", old), wanted(lambda s: s))

    mark = torch.frombuffer(bytearray(b'{"format": "float8_e4m3fn"}'), dtype=torch.uint8)
    new = comfy({**rest, **codes})
    for k, s in scales.items():
        module = comfy_name(k + ".")[:-1]
        new.update({f"{module}.weight_scale": s, f"{module}.input_scale": s, f"{module}.comfy_quant": mark})
    both("weight_scale and comfy_quant (ComfyUI, new)", save("fp8.safetensors", new), wanted(lambda s: s))
    layers = {comfy_name(k + ".")[:-1]: {"format": "float8_e4m3fn"} for k in scales}
    path = save("fp8.safetensors", {k: v for k, v in new.items() if not k.endswith("comfy_quant")}, {"_quantization_metadata": json.dumps({"layers": layers})})
    same("weight_scale and _quantization_metadata", read("dense", path), wanted(lambda s: s))
    other = {**new, next(k for k in new if k.endswith("comfy_quant")): torch.frombuffer(bytearray(b'{"format": "mxfp8"}'), dtype=torch.uint8)}
    refused("another quantisation", ["mxfp8"], "dense", save("bad.safetensors", other))
    refused("a scale without fp8", ["expected fp8 or int8 beside a scale"], "dense", save("bad.safetensors", {**expected, "final_layer.linear.fp8_scale": torch.ones(())}))

    # Pieces of a fused matrix with scales of their own, one of them per row.
    state, want = dict(model.state_dict()), {}
    for name in list(state):
        if name.startswith(("transformer_blocks", "single_transformer_blocks", "norm_out")) and name.endswith("weight") and state[name].ndim == 2:
            per_row = "to_k" in name or "norm_out" in name
            scale = state[name].abs().amax(1) / 448 if per_row else state[name].abs().max() / 448
            if "to_v" in name:
                scale = torch.ones(())
            want[name] = (state[name] / (scale[:, None] if per_row else scale)).clamp(-448, 448).to(F8)
            state[name] = want[name]
            want[name] = want[name].float() * (scale[:, None] if per_row else scale)
            state[name[:-6] + "weight_scale"] = scale
    path, want = save("fp8.safetensors", state), oracle.original_names({**model.state_dict(), **want})
    same("fp8 pieces with scales of their own", read("dense", path), want)
    got = read("packed", path)
    got.pop("kept")
    same("fp8 pieces with scales of their own, kept packed", got, want)
    del state["single_transformer_blocks.1.attn.to_v.weight_scale"]
    refused("fp8, a piece without its scale", ['"single_transformer_blocks.1.attn.to_v.weight": expected a scale beside fp8 numbers, as others have, got none'], "dense",
            save("bad.safetensors", state))


def all_gguf(expected):
    longest = "double_blocks.0.img_mlp.fc1.weight"
    for kind in ["F32", "F16", "BF16", *SMALL, *RANDOM, "IQ4_NL"]:
        path = folder / f"{kind}.gguf"
        want = write_gguf(path, "hyvid", expected, kind, is_block_matrix)
        same(f"GGUF {kind}", read("dense", path), want)
        same(f"GGUF {kind} as bf16", read("dense", path, type="bf16"), {k: v.bfloat16() for k, v in want.items()})
        got = read("packed", path)
        kept = got.pop("kept")[0]
        same(f"GGUF {kind}, kept packed (and decoded by tensor operations)", got, want)
        count = sum(is_block_matrix(k, v) for k, v in expected.items()) if kind not in ("F32", "F16", "BF16") else 0
        report.check(f"GGUF {kind}, matrices stay packed", kept == count, f"{kept} of {count}")
    report.check("the longest name is longer than the stock reader allows", max(map(len, expected)) > 64, max(map(len, expected)))
    report.check("a name of the blocks is there", longest in expected)


def lora_files(model, expected):
    """Adapters for the same matrices in every spelling, and the merged tensors of each."""
    generator = torch.Generator().manual_seed(21)
    rank = 4

    def adapter(out, columns):
        return torch.randn(rank, columns, generator=generator), torch.randn(out, rank, generator=generator) * 0.1

    # Diffusers: one adapter for each of its own matrices.
    state, keys = {k: v.clone() for k, v in model.state_dict().items()}, {}
    merged = dict(state)
    for name in [k for k in state if k.endswith(".weight") and state[k].ndim == 2]:
        a, b = adapter(*state[name].shape)
        keys[f"transformer.{name[:-7]}.lora_A.weight"], keys[f"transformer.{name[:-7]}.lora_B.weight"] = a, b
        merged[name] = state[name] + (b @ a) * 0.75
    plain = save("lora_diffusers.safetensors", keys)
    yield "diffusers", plain, 0.75, oracle.original_names(merged)
    alpha = save("lora_peft.safetensors", keys, {"lora_adapter_metadata": json.dumps({
        "transformer.r": rank, "transformer.lora_alpha": 8, "transformer.alpha_pattern": {"proj_mlp": 2}, "transformer.use_rslora": False})})
    for name in state:
        if f"transformer.{name[:-7]}.lora_A.weight" in keys:
            scale = 0.5 * ((2 if name.endswith("proj_mlp.weight") else 8) / rank)
            merged[name] = state[name] + (keys[f"transformer.{name[:-7]}.lora_B.weight"] @ keys[f"transformer.{name[:-7]}.lora_A.weight"]) * scale
    yield "diffusers with PEFT's alpha", alpha, 0.5, oracle.original_names(merged)

    yield from more_spellings(state, keys, rank)
    yield from products(state, generator)

    # The others: one adapter for each fused matrix.
    modules = [k[:-7] for k in expected if k.endswith(".weight") and expected[k].ndim == 2]
    fused = {m: adapter(*expected[m + ".weight"].shape) for m in modules}

    def result(scale, chosen=modules):
        return {**expected, **{m + ".weight": expected[m + ".weight"] + (fused[m][1] @ fused[m][0]) * scale for m in chosen}}

    for prefix in ("", "diffusion_model.", "transformer."):
        keys = {f"{prefix}{m}.lora_{x}.weight": fused[m][x == "B"] for m in modules for x in "AB"}
        yield f'original names, prefix "{prefix}"', save("lora_original.safetensors", keys), 1.0, result(1.0)
    flat = lambda m: m.replace(".", "_")
    comfy_module = lambda m: comfy_name(m + ".")[:-1]
    alphas = dict(alpha=torch.tensor(2.0))
    for what, spell, endings in (
            ("ComfyUI", lambda m: "diffusion_model." + comfy_module(m), ("lora_down", "lora_up")),
            ("musubi-tuner", lambda m: "lora_unet_" + flat(comfy_module(m)), ("lora_down", "lora_up")),
            ("musubi-tuner, original names", lambda m: "lora_unet_" + flat(m), ("lora_down", "lora_up")),
            ("I2V trainer", lambda m: "Hunyuan_video_I2V_lora_" + flat(m), ("lora_down", "lora_up"))):
        keys = {f"{spell(m)}.{e}.weight": fused[m][i] for m in modules for i, e in enumerate(endings)}
        keys.update({f"{spell(m)}.alpha": alphas["alpha"] for m in modules})
        yield what, save("lora_" + flat(what.replace(",", "").replace(" ", "_")) + ".safetensors", keys), -1.5, result(-1.5 * (2.0 / rank))
    bias = {f"diffusion_model.{comfy_module(m)}.diff_b": torch.full_like(expected[m + ".bias"], 0.25) for m in modules}
    full = {f"diffusion_model.{comfy_module(m)}.diff": torch.full_like(expected[m + ".weight"], 0.5) for m in modules[:3]}
    want = {**expected, **{m + ".bias": expected[m + ".bias"] + 0.25 * 2 for m in modules}, **{m + ".weight": expected[m + ".weight"] + 0.5 * 2 for m in modules[:3]}}
    yield "whole differences (diff, diff_b)", save("lora_diff.safetensors", {**bias, **full}), 2.0, want


def more_spellings(state, keys, rank):
    """The adapters `keys` (in diffusers' spelling) as other programs write them."""
    def merged(scale):
        pairs = {k[12:-14]: k for k in keys if k.endswith("lora_A.weight")}   # "transformer.<module>.lora_A.weight"
        return oracle.original_names({**state, **{f"{m}.weight": state[f"{m}.weight"] + (keys[k.replace("lora_A", "lora_B")] @ keys[k]) * scale(m)
                                                  for m, k in pairs.items()}})

    def spelled(prefix, *endings):
        """Both endings of every module, its name with the prefix; underscores for dots where the prefix has one."""
        other = {}
        for k, v in keys.items():
            module, half = k[12:-14], k[-8]
            name = module.replace(".", "_") if prefix.endswith("_") else module
            other[f"{prefix}{name}.{endings[half == 'B']}.weight"] = v
        return other

    peft = folder / "peft"
    peft.mkdir()
    save("peft/adapter_model.safetensors", spelled("base_model.model.", "lora_A", "lora_B"))
    (peft / "adapter_config.json").write_text(json.dumps(
        {"peft_type": "LORA", "r": rank, "lora_alpha": 6, "alpha_pattern": {"proj_mlp": 3}, "rank_pattern": {}, "use_rslora": False, "use_dora": False, "target_modules": ["to_q"]}))
    yield "PEFT's own folder", peft, 0.5, merged(lambda m: 0.5 * ((3 if m.endswith("proj_mlp") else 6) / rank))
    half = merged(lambda m: 0.5)
    for what, prefix, endings in (("PEFT's own, without its configuration", "base_model.model.", ("lora_A", "lora_B")),
                                  ("PEFT's own, of a pipeline", "base_model.model.transformer.", ("lora_A", "lora_B")),
                                  ("diffusers, a named adapter", "transformer.", ("lora_A.motion", "lora_B.motion")),
                                  ("older diffusers", "transformer.", ("lora.down", "lora.up"))):
        yield what, save("lora_" + what.replace(", ", "_").replace(" ", "_") + ".safetensors", spelled(prefix, *endings)), 0.5, half
    trainer = spelled("lora_transformer_", "lora_down", "lora_up")
    trainer.update({f"{k[:-17]}.alpha": torch.tensor(3.0) for k in list(trainer) if k.endswith("lora_down.weight")})
    yield "OneTrainer", save("lora_onetrainer.safetensors", trainer), -0.5, merged(lambda m: -0.5 * (3.0 / rank))


def products(state, generator):
    """LoHa and LoKr, as LyCORIS defines them: the elementwise and the Kronecker product of two matrices."""
    def normal(*shape):
        return torch.randn(*shape, generator=generator)

    def pair(out, columns, rank):
        return normal(out, rank) * 0.3, normal(rank, columns)

    rank, alpha, matrices = 3, 2.0, [k[:-7] for k in state if k.endswith(".weight") and state[k].ndim == 2]

    def keys_of(prefix, module, parts):
        name = module.replace(".", "_") if prefix.endswith("_") else module
        return {f"{prefix}{name}.{k}": v for k, v in {**parts, "alpha": torch.tensor(alpha)}.items()}

    keys, merged = {}, dict(state)
    for m in matrices:
        out, columns = state[m + ".weight"].shape
        (a1, b1), (a2, b2) = pair(out, columns, rank), pair(out, columns, rank)
        keys.update(keys_of("lora_transformer_", m, dict(hada_w1_a=a1, hada_w1_b=b1, hada_w2_a=a2, hada_w2_b=b2)))
        merged[m + ".weight"] = state[m + ".weight"] + (a1 @ b1) * (a2 @ b2) * (0.5 * (alpha / rank))
    yield "LoHa", save("lora_loha.safetensors", keys), 0.5, oracle.original_names(merged)

    keys, merged = {}, dict(state)
    for i, m in enumerate(matrices):
        out, columns = state[m + ".weight"].shape
        factored = (i % 2 == 0, i % 4 < 2)                       # both whole: the scale is 1, whatever alpha says
        parts, factors = {}, []
        for name, split, shape in (("lokr_w1", factored[0], (4, 8)), ("lokr_w2", factored[1], (out // 4, columns // 8))):
            if split:
                a, b = pair(*shape, rank)
                parts.update({name + "_a": a, name + "_b": b})
                factors.append(a @ b)
            else:
                parts[name] = normal(*shape) * 0.3
                factors.append(parts[name])
        keys.update(keys_of("lycoris_", m, parts))
        merged[m + ".weight"] = state[m + ".weight"] + torch.kron(*factors) * (-0.5 * (alpha / rank if any(factored) else 1.0))
    yield "LoKr", save("lora_lokr.safetensors", keys), -0.5, oracle.original_names(merged)


def loras(model, expected):
    original, quantised = save("original.safetensors", expected), folder / "lora.gguf"
    model.save_pretrained(folder / "one")
    write_gguf(quantised, "hyvid", expected, "Q8_0", is_block_matrix)
    base = load_file(original)
    on_gguf = read("dense", quantised)
    cases = list(lora_files(model, expected))
    for what, path, scale, want in cases:
        for base_name, base_path in (("original", original), ("diffusers", folder / "one")):
            same(f"LoRA {what} on {base_name}", read("dense", base_path, lora=f"{path}:{scale}"), want)
        got = read("packed", quantised, lora=f"{path}:{scale}")
        got.pop("kept")
        worst = max(oracle.rel_l2(got[k] - on_gguf[k], want[k] - base[k]) if not torch.equal(want[k], base[k]) else float(not torch.equal(got[k], on_gguf[k]))
                    for k in want)
        report.below(f"LoRA {what} beside Q8_0: what it adds", worst, 2e-5)   # the difference of rounded sums
    fused = next(case for case in cases if case[0].startswith("original names"))
    two = f"{cases[0][1]}:0.5|{fused[1]}:-0.25"
    want = {k: v + (cases[0][3][k] - v) / 0.75 * 0.5 + (fused[3][k] - v) * -0.25 for k, v in base.items()}
    got = read("dense", original, lora=two)
    report.below("two LoRAs at once", max(oracle.rel_l2(got[k], want[k]) for k in want), 1e-6)
    half = read("dense", original, type="bf16", lora=f"{fused[1]}:1")
    report.check("merged in fp32, rounded once", all(torch.equal(half[k], (base[k].bfloat16().float() + (fused[3][k] - base[k])).bfloat16()) or
                                                     oracle.rel_l2(half[k].float(), fused[3][k]) < 4e-3 for k in base))
    module = "double_blocks.0.img_attn_qkv"
    a, b = torch.ones(2, 256), torch.ones(768, 2)
    pair = {f"{module}.lora_A.weight": a, f"{module}.lora_B.weight": b}
    refused("LoRA: DoRA", ["DoRA"], "dense", original, lora=save("bad_lora.safetensors", {**pair, f"{module}.dora_scale": torch.ones(768)}))
    refused("LoRA: unknown key", ["1 of 3", "text_encoder"], "dense", original, lora=save("bad_lora.safetensors", {**pair, "text_encoder.x.lora_A.weight": a}))
    refused("LoRA: block that is not there", ["2 of 2"], "dense", original, lora=save("bad_lora.safetensors", {k.replace(".0.", ".7."): v for k, v in pair.items()}))
    refused("LoRA: half an adapter", ["both halves"], "dense", original, lora=save("bad_lora.safetensors", {f"{module}.lora_A.weight": a}))
    refused("LoRA: other width", ["columns"], "dense", original, lora=save("bad_lora.safetensors", {**pair, f"{module}.lora_A.weight": torch.ones(2, 128)}))
    named = {f"{module}.lora_{x}.{n}.weight": t for n in ("motion", "style") for x, t in (("A", a), ("B", b))}
    refused("LoRA: two adapters", ["one adapter", '"motion" and "style"'], "dense", original, lora=save("bad_lora.safetensors", named))
    refused("LoRA: no key at all", ["bad_lora.safetensors", "got none"], "dense", original, lora=save("bad_lora.safetensors", {}))
    wide = {f"{module}.lora_A.weight": torch.ones(2049, 256), f"{module}.lora_B.weight": torch.ones(768, 2049)}
    refused("LoRA: a rank beyond all use", ["a rank of 1 to 2048, got 2049"], "dense", original, lora=save("bad_lora.safetensors", wide))
    tucker = {f"{module}.hada_w1_a": b, f"{module}.hada_w1_b": a, f"{module}.hada_w2_a": b, f"{module}.hada_w2_b": a, f"{module}.hada_t1": torch.ones(2, 2, 1, 1)}
    refused("LoHa with a core", ["Tucker"], "dense", original, lora=save("bad_lora.safetensors", tucker))
    refused("LoHa of another size", ["columns"], "dense", original, lora=save("bad_lora.safetensors", {**{k: v for k, v in tucker.items() if "_t1" not in k}, f"{module}.hada_w2_b": torch.ones(2, 128)}))
    refused("LoKr of another size", ["lokr", "[768, 256]"], "dense", original, lora=save("bad_lora.safetensors", {f"{module}.lokr_w1": torch.ones(4, 8), f"{module}.lokr_w2": torch.ones(4, 8)}))
    refused("LoKr in half", ["lokr_w2"], "dense", original, lora=save("bad_lora.safetensors", {f"{module}.lokr_w1": torch.ones(4, 8)}))
    refused("LoRA: too strong", ["-10 to 10"], "dense", original, lora=f"{cases[0][1]}:11")


def encoders():
    pipe = oracle.save_pipeline("token_replace", folder / "i2v")
    llava = pipe.text_encoder
    state = llava.state_dict()
    language = {k.removeprefix("model.language_model."): v for k, v in state.items() if k.startswith("model.language_model.")}
    vision = {k.removeprefix("model.vision_tower.").removeprefix("vision_model."): v for k, v in state.items() if k.startswith("model.vision_tower.")}
    projector = {k.removeprefix("model.multi_modal_projector."): v for k, v in state.items() if "multi_modal_projector" in k}
    report.check("LLaVA has all three", bool(language) and bool(vision) and bool(projector), (len(language), len(vision), len(projector)))
    text = folder / "i2v" / "text_encoder"
    same("LLM inside LLaVA", read("dense", text, "llm"), language)
    unused = ("position_ids",)
    vision = {k: v for k, v in vision.items() if not k.endswith(unused)}
    same("vision tower inside LLaVA", read("dense", text, "vision"), vision)
    same("projector inside LLaVA", read("dense", text, "projector"), projector)
    for prefix in ("", "model.", "language_model.model.", "model.language_model."):
        path = save("llm.safetensors", {**oracle.prefixed(prefix, language), "lm_head.weight": torch.ones(3, 64)})
        same(f'LLM, prefix "{prefix}"', read("dense", path, "llm"), language)
    for prefix in ("", "vision_model.", "vision_tower.", "vision_tower.vision_model.", "model.vision_tower."):
        same(f'vision tower, prefix "{prefix}"', read("dense", save("vision.safetensors", oracle.prefixed(prefix, vision)), "vision"), vision)
    clip = {k.removeprefix("text_model."): v for k, v in pipe.text_encoder_2.state_dict().items() if not k.endswith(unused)}
    for prefix in ("", "text_model."):
        same(f'CLIP text, prefix "{prefix}"', read("dense", save("clip.safetensors", oracle.prefixed(prefix, clip)), "clip"), clip)
    same("VAE folder", read("dense", folder / "i2v" / "vae", "vae"), dict(pipe.vae.state_dict()))
    ids = torch.tensor([5, 0, 5, 17])
    rows = oracle.run_stage(PROGRAM, "rows", {"ids": ids}, part="llm", path=text, type="bf16")["rows"]
    report.check("rows of the embedding table", torch.equal(rows, language["embed_tokens.weight"][ids].bfloat16()))

    got = read("fill", folder / "i2v")
    want = {}
    for prefix, tensors in (("llm/", language), ("clip/", clip), ("vision/", vision), ("projector/", projector)):
        want.update(oracle.prefixed(prefix, tensors))
    unused = [k for k in want if k.startswith(("llm/layers.2.", "llm/layers.3.", "llm/norm.", "vision/encoder.layers.3.", "vision/post_layernorm"))]
    same("whole structs, without what is never used", got, {k: v for k, v in want.items() if k not in unused})
    llama_gguf()
    return pipe


def llama_gguf():
    heads, kv = 4, 2
    model = oracle.llm(64, seed=9, hidden_size=256, intermediate_size=512, num_attention_heads=heads, num_key_value_heads=kv)
    language = dict(model.state_dict())

    def permuted(w, n):   # what llama.cpp's converter does
        return w.reshape(n, 2, w.shape[0] // n // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)

    names = {"embed_tokens": "token_embd", "norm": "output_norm", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
             "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
             "mlp.down_proj": "ffn_down"}
    tensors = {}
    for name, tensor in language.items():
        module, leaf = name.rsplit(".", 1)
        other = names[module.split(".", 2)[2]] if module.startswith("layers.") else names[module]
        place = f"blk.{module.split('.')[1]}." if module.startswith("layers.") else ""
        if other in ("attn_q", "attn_k"):
            tensor = permuted(tensor, heads if other == "attn_q" else kv)
        tensors[f"{place}{other}.{leaf}"] = tensor
    more = [("llama.attention.head_count", heads), ("llama.attention.head_count_kv", kv), ("llama.rope.freq_base", 500000.0), ("llama.attention.layer_norm_rms_epsilon", 1e-5)]
    back = {v: k for k, v in names.items()}
    for kind in ("F32", "Q8_0", "Q4_K"):
        path = folder / f"llm-{kind}.gguf"
        means = write_gguf(path, "llama", tensors, kind, lambda n, t: t.ndim == 2, more)
        want = {}
        for name, tensor in means.items():
            module, leaf = name.rsplit(".", 1)
            ours = f"layers.{module.split('.')[1]}.{back[module.split('.', 2)[2]]}" if module.startswith("blk.") else back[module]
            if "attn_q." in name or "attn_k." in name:
                n = heads if "attn_q." in name else kv
                tensor = tensor.reshape(n, tensor.shape[0] // n // 2, 2, -1).swapaxes(1, 2).reshape(tensor.shape)
            want[f"{ours}.{leaf}"] = tensor
        if kind == "F32":
            same("the oracle's permutation is its own inverse", want, language)
        same(f"LLM in llama.cpp's GGUF {kind}", read("dense", path, "llm", heads=heads, kv_heads=kv), want)
        got = read("packed", path, "llm", heads=heads, kv_heads=kv)
        got.pop("kept")
        same(f"LLM in llama.cpp's GGUF {kind}, kept packed", got, want)


def configs(pipe):
    def numbers(path, **options):
        return oracle.run_stage(PROGRAM, "config", {"none": torch.zeros(1)}, path=path, **options)

    def check(what, got, want):
        report.check(what, torch.allclose(got, torch.tensor(want, dtype=torch.float64), rtol=1e-6), got.tolist())

    for kind, number in (("t2v", 0), ("latent_concat", 2)):
        oracle.save_pipeline(kind, folder / kind)
    for kind, number in (("t2v", 0), ("token_replace", 1), ("latent_concat", 2)):
        got = numbers(folder / ("i2v" if kind == "token_replace" else kind))
        concat = kind == "latent_concat"
        check(f"transformer of {kind}", got["transformer"], [number, 33 if concat else 16, 16, 4, 24, 2, 3, 2, 4, 2, 1, not concat, 64, 32, 256, 4, 10, 10])
        check(f"VAE of {kind}", got["vae"], [16, 16, 32, 32, 32, 2, 8, 0.476986])
        vocab = pipe.text_encoder.config.text_config.vocab_size
        check(f"LLM of {kind}", got["llm"], [vocab, 64, 160, 4, 4, 2, 16, 1e-5, 5e5])
        size = pipe.text_encoder_2.config.vocab_size
        check(f"CLIP of {kind}", got["clip"], [32, 64, 3, 4, 1e-5, size, 77, size - 1])
        if number:
            check(f"vision tower of {kind}", got["vision"], [48, 96, 4, 4, 28, 7])
        report.check(f"nothing is missing of {kind}", got["missing"] == 0, got["missing"].item())
    original = save("original.safetensors", oracle.original_names(pipe.transformer.state_dict()))
    beside = {name: folder / "i2v" / name for name in ("vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2")}
    got = numbers(original, kind="token_replace", **beside)
    check("a single file, told by engine_opts what it is", got["transformer"], [1, 16, 16, 4, 24, 2, 3, 2, 4, 2, 1, 1, 64, 32, 256, 4, 10, 10])
    report.check("nothing is missing", got["missing"] == 0)
    alone = folder / "alone"
    alone.mkdir()
    shutil.copy(original, alone)
    report.check("a single file alone lacks five parts", numbers(alone / "original.safetensors")["missing"] == 5)
    for part in ("vae", "text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2"):
        shutil.copytree(folder / "i2v" / part, alone / part)
    report.check("the parts of a diffusers folder beside it are found", numbers(alone / "original.safetensors")["missing"] == 0)
    state = load_file(original)
    for words, tensors in ((["1.5"], {**state, "cond_type_embedding.weight": torch.ones(3, 4)}), (["1.5"], {**state, "model.vision_in.proj.0.weight": torch.ones(3)}),
                           (["SkyReels"], {**state, "img_in.proj.weight": torch.ones(96, 32, 1, 2, 2)}), (["5 dimensions"], {**state, "img_in.proj.weight": torch.ones(96, 16, 2, 2)}),
                           (["blocks 0 to"], {k.replace("double_blocks.0.", "double_blocks.5."): v for k, v in state.items()})):
        refused(f"not this model: {words[0]}", words, "config", save("bad.safetensors", tensors))
    (folder / "model.pt").write_bytes(b"PK\x03\x04" + bytes(100))
    refused("a pickle", ["pickle", "never opened"], "config", folder / "model.pt")
    refused("an unknown option value", ["kind: expected t2v"], "config", original, kind="i2v")
    refused("a kind that does not fit", ["16 input channels"], "config", original, kind="latent_concat")
    refused("a part that is not there", ["vae", "existing path"], "config", original, vae=folder / "nothing")
    for blocks in (3, 5):
        write_gguf(folder / "blocks.gguf", "llama", dict(oracle.llm(64).state_dict()), "F32", lambda n, t: False, [("llama.block_count", blocks), ("llama.attention.head_count", 4)])
        refused("a GGUF that says another number of blocks", [f"blk.*: expected {blocks} blocks (llama.block_count), got 4"], "config", original, text_encoder=folder / "blocks.gguf")


def memory():
    model = oracle.transformer(num_attention_heads=6, attention_head_dim=128, num_layers=1, num_single_layers=3, num_refiner_layers=1, rope_axes_dim=(16, 56, 56)).bfloat16()
    expected = oracle.original_names(model.state_dict())
    model.save_pretrained(folder / "large")
    fp8_file = save("large_fp8.safetensors", {k: v.to(F8) if is_block_matrix(k, v) else v for k, v in expected.items()})
    gguf_file = folder / "large.gguf"
    write_gguf(gguf_file, "hyvid", {k: v.float() for k, v in expected.items()}, "Q4_0", is_block_matrix)
    for what, path, kind in (("diffusers folder, bf16", folder / "large", "bf16"), ("diffusers folder, bf16 as fp32", folder / "large", "fp32"),
                             ("fp8 file, kept packed", fp8_file, "bf16"), ("GGUF Q4_0, kept packed", gguf_file, "bf16")):
        size, peak = read("memory", path, type=kind)["memory"].tolist()
        report.below(f"peak memory while reading a {what} of {size / 1e6:.0f} MB, in weights", peak / size, 1.1 + 8e6 / size)    # 8 MB: what malloc keeps


STEPS = ("spellings", "fp8", "gguf", "lora", "encoders", "memory")

try:
    wanted = sys.argv[2:] or STEPS
    model = oracle.transformer(**WIDE)
    expected = oracle.original_names(model.state_dict())
    if "spellings" in wanted:
        spellings(model, expected)
    if "fp8" in wanted:
        fp8(model, expected)
    if "gguf" in wanted:
        all_gguf(expected)
    if "lora" in wanted:
        loras(model, expected)
    if "encoders" in wanted:
        configs(encoders())
    if "memory" in wanted:
        memory()
finally:
    shutil.rmtree(folder, ignore_errors=True)
report.end()
