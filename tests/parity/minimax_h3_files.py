# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files of MiniMax-H3's transformer as they are found, made from the tiny model, and what of them must be refused.

    original(state, per_head)        a diffusers state dict under the original names; per_head: the official shards' order of rows
    ours(state)                      the same under the engine's names
    save_pruned(model, path)         a pruned file with random numbers; returns the reference with the same modulation
    checks(...), refusals(...)       for minimax_h3_transformer_test.py"""
import copy
import json
import re

import numpy
import torch
from safetensors.torch import save_file

import gguf_files
import oracle

RANK, POINTS = 8, 33
F8 = torch.float8_e4m3fn


def _plain(name):
    """diffusers' name of a tensor that is alike in both, under the original one."""
    for theirs, mine in (("audio_proj_out", "final_layer.audio_out"), ("audio_proj_in", "audio_patch_proj"), ("proj_out", "final_layer.video_out"),
                         ("proj_in", "video_patch_proj"), ("context_embedder", "condition_proj"), ("time_embedder.linear_1", "time_embedder.proj_in"),
                         ("time_embedder.linear_2", "time_embedder.proj_out"), ("norm_out.norm", "final_layer.norm"),
                         ("norm_out.linear", "final_layer.adaln_proj.linear")):
        if name.startswith(theirs + "."):
            return mine + name.removeprefix(theirs)
    for theirs, mine in (("transformer_blocks.", "blocks."), ("refiner_blocks.", "blocks."), ("attn.norm_q", "attn.q_norm"), ("attn.norm_k", "attn.k_norm"),
                         ("attn.to_out.0", "attn.out_proj"), ("ff.net.0.proj", "mlp.fc1"), ("ff.net.2", "mlp.fc2")):
        name = name.replace(theirs, mine)
    return name


def swapped(t):
    return torch.cat(t.chunk(2)[::-1])


def per_head(qkv, heads):
    """[q; k; v] as q, k, v of the first head, then of the second ..."""
    return qkv.reshape(3, heads, -1, *qkv.shape[1:]).transpose(0, 1).reshape(qkv.shape).contiguous()


def original(state, heads=None):
    """heads: of the official repository's order."""
    out = {}
    for name, t in state.items():
        if m := re.fullmatch(r"(.*attn\.)to_([qkv])\.weight", name):
            if m[2] == "q":
                qkv = torch.cat([state[f"{m[1]}to_{x}.weight"] for x in "qkv"])
                out[_plain(m[1]) + "qkv_proj.weight"] = per_head(qkv, heads) if heads else qkv
        else:
            out[_plain(name)] = swapped(t) if "ff.net.0.proj" in name else t
    return out


def ours(state):
    return {k.replace("attn.qkv_proj.", "attn.qkv."): v for k, v in original(state).items()}


class _Curve(torch.nn.Module):
    """A time embedder that interpolates a table; without its SiLU, which the modules below leave out as well."""

    def __init__(self, table):
        super().__init__()
        self.table = torch.nn.Parameter(table, requires_grad=False)

    def forward(self, t):
        place = t[:, 0].clamp(0, 1) * (len(self.table) - 1)
        i = place.long().clamp(max=len(self.table) - 2)
        part = (place - i)[:, None]
        return self.table[i] * (1 - part) + self.table[i + 1] * part


def save_pruned(model, path):
    net, generator = copy.deepcopy(model), torch.Generator().manual_seed(12)
    table = torch.randn(POINTS, RANK, generator=generator)
    net.time_proj, net.time_embedder = torch.nn.Unflatten(0, (-1, 1)), _Curve(table)
    linears = [b.adaln_proj for b in net.transformer_blocks] + [net.norm_out]
    for holder in linears:
        old = holder.linear
        holder.linear = torch.nn.Linear(RANK, old.out_features)
        with torch.no_grad():
            # Through half precision, which is how these files keep it.
            holder.linear.weight.copy_((torch.randn(old.out_features, RANK, generator=generator) * 0.3).half())
            holder.linear.bias.copy_(old.bias.half())
    for block in net.transformer_blocks:
        adaln = block.adaln_proj
        adaln.forward = lambda temb, adaln=adaln: adaln.linear(temb).view(-1, 6 * adaln.hidden_size).chunk(6, dim=-1)

    def end(x, temb, index, out=net.norm_out):
        shift, scale = out.linear(temb).chunk(2, dim=-1)
        return out.norm(x) * (1 + scale.index_select(0, index)) + shift.index_select(0, index)
    net.norm_out.forward = end
    state = original({k: v for k, v in net.state_dict().items() if not k.startswith("time_")})
    state = {"model.diffusion_model." + k: v.half() if "adaln_proj" in k else v for k, v in state.items()}
    save_file({**state, "model.diffusion_model.adaln_t_table": table}, path)
    return net.eval()


# ---- every layout gives the same weights ----

def _same(report, what, got, want):
    missing = sorted(set(want) - set(got))
    wrong = [k for k in want if k in got and not torch.equal(got[k], want[k].float())]
    report.check(f"{what}: equal bits", not missing and not wrong and len(got) == len(want), f"missing {missing[:2]}, other {wrong[:2]}")


def _quantised(state):
    return [k for k in state if re.fullmatch(r"blocks\.\d+\.(attn\.(qkv_proj|out_proj)|mlp\.fc[12])\.weight", k)]


def checks(model, stage, report, equal, close, refused):
    state = {k: v.detach() for k, v in model.pipe(torch.float32).transformer.state_dict().items()}
    heads = model.pipe(torch.float32).transformer.config.num_attention_heads
    want, plain, top = ours(state), original(state), model.folder.parent / "files"
    top.mkdir(exist_ok=True)
    read = lambda path, **options: stage("weights", {"nothing": torch.zeros(1)}, model=path, **options)

    def folder():
        _same(report, "diffusers folder", read(model.path), want)

    def single():
        for prefix in ("", "model.diffusion_model.", "diffusion_model."):
            path = top / "single.safetensors"
            save_file({prefix + k: v.contiguous() for k, v in plain.items()} | {prefix + "rope.inv_freq": torch.ones(4)}, path)
            _same(report, f"single file, prefix {prefix!r}", read(path), want)
        _same(report, "single file said to be the other order", read(path, qkv="per-head"),
              {k: torch.cat([v.reshape(heads, 3, -1, v.shape[1]).transpose(0, 1).reshape(v.shape)]) if "attn.qkv" in k else v for k, v in want.items()})
        save_file({k: v.contiguous() for k, v in original(state, heads).items()}, path)
        _same(report, "single file in the order of the official shards, told so", read(path, qkv="per-head"), want)

    def shards():
        at = top / "shards"
        at.mkdir(exist_ok=True)
        tensors, index = original(state, heads), {}
        for i, names in enumerate((list(tensors)[::2], list(tensors)[1::2])):
            file = f"model-{i + 1:05}-of-00002.safetensors"
            save_file({k: tensors[k].contiguous() for k in names}, at / file)
            index |= {k: file for k in names}
        oracle.write_json(at / "model.safetensors.index.json", dict(metadata={}, weight_map=index))
        oracle.write_json(at / "config.json", dict(_class_name="MiniMaxH3DiTModel", hidden_size=72, num_layers=3))
        _same(report, "official shards", read(at), want)

    def fp8():
        names = _quantised(plain)
        scales = {k: plain[k].abs().max() / 448 for k in names}
        codes = {k: (plain[k] / scales[k]).to(F8) for k in names}
        save_file({**plain, **codes, **{k[:-6] + "weight_scale": s for k, s in scales.items()}}, top / "fp8.safetensors")
        meant = ours_of({**plain, **{k: codes[k].float() * scales[k] for k in names}})
        _same(report, "fp8 scaled", read(top / "fp8.safetensors"), meant)

    def int8():
        """ConvRot: of every matrix of the blocks, groups as the columns allow; beside an evaluation of its own here."""
        tensors, meant = dict(original(model.wide_state())), {}
        meant |= tensors
        for i, k in enumerate(_quantised(tensors)):
            group = (256, 64, 16, 0)[i % 4]
            codes, scale = to_int8(tensors[k], group)
            mark = {"format": "int8_tensorwise", **({"convrot": True, "convrot_groupsize": group} if group else {})}
            tensors |= {k: codes, k[:-6] + "weight_scale": scale, k[:-6] + "comfy_quant": bytes_of(json.dumps(mark))}
            meant[k] = from_int8(codes, scale, group)
            report.below(f"int8, groups of {group}: not far from what it was made of", oracle.rel_l2(meant[k], original(model.wide_state())[k]), 0.02)
        save_file({k: v.contiguous() for k, v in tensors.items()}, top / "int8.safetensors")
        _same(report, "int8 ConvRot, a mark beside each matrix", read(top / "int8.safetensors"), ours_of(meant))
        layers = {k[:-len(".comfy_quant")]: json.loads(bytes(v.tolist())) for k, v in tensors.items() if k.endswith("comfy_quant")}
        save_file({k: v.contiguous() for k, v in tensors.items() if not k.endswith("comfy_quant")}, top / "int8.safetensors",
                  metadata={"_quantization_metadata": json.dumps({"layers": layers})})
        _same(report, "int8 ConvRot, marks in the header", read(top / "int8.safetensors"), ours_of(meant))
        name = "blocks.0.attn.qkv_proj."
        for what, words, change in (
                ("a group that is no power of 4", ["convrot_groupsize", "got 32"], {name + "comfy_quant": bytes_of('{"format": "int8_tensorwise", "convrot": true, "convrot_groupsize": 32}')}),
                ("a group of more than there is", ["whole groups of 1024 columns"], {name + "comfy_quant": bytes_of('{"format": "int8_tensorwise", "convrot": true, "convrot_groupsize": 1024}')}),
                ("a group below 1", ["convrot_groupsize"], {name + "comfy_quant": bytes_of('{"format": "int8_tensorwise", "convrot": true, "convrot_groupsize": -4}')}),
                ("a turn without its group", ["convrot_groupsize"], {name + "comfy_quant": bytes_of('{"format": "int8_tensorwise", "convrot": true}')}),
                ("a format of another kind", ["got \"asym_w4a8_int8\""], {name + "comfy_quant": bytes_of('{"format": "asym_w4a8_int8"}')}),
                ("a mark that is no text", ["comfy_quant"], {name + "comfy_quant": torch.full((9,), 255, dtype=torch.uint8)}),
                ("a mark of megabytes", ["at most 4096 bytes"], {name + "comfy_quant": torch.zeros(1 << 21, dtype=torch.uint8)}),
                ("a mark without its matrix", ["expected one beside its mark"], {"blocks.0.attn.other.comfy_quant": bytes_of('{"format": "int8_tensorwise"}')}),
                ("a mark of int8 beside fp32", ["expected I8, as its mark says, got F32"], {name + "weight": meant[name + "weight"]}),
                ("int8 without a mark", ["got I8"], {name + "comfy_quant": None}),
                ("int8 without factors", ["expected a scale beside int8 numbers"], {name + "weight_scale": None}),
                ("factors for other rows", ["factors, got 5"], {name + "weight_scale": torch.ones(5, 1)})):
            bad = {k: v for k, v in {**tensors, **change}.items() if v is not None}
            save_file({k: v.contiguous() for k, v in bad.items()}, top / "bad.safetensors")
            refused(f"int8, {what}", words, "weights", model=top / "bad.safetensors")

    # As TensorRT-LLM and ComfyUI have it: x is multiplied by the factors before the product.
    def awq(tensors, meant):
        factors = {k: (torch.rand(meant[k].shape[1], generator=torch.Generator().manual_seed(i)) + 0.25).bfloat16()
                   for i, k in enumerate(k for k in meant if re.search(r"(out_proj|fc2)\.weight$", k) and k.startswith("blocks."))}
        with_them = tensors | {k[:-6] + "pre_quant_scale": f for k, f in factors.items()}
        save_file({k: v.contiguous() for k, v in with_them.items()}, top / "awq.safetensors")
        got, wanted = read(top / "awq.safetensors"), ours_of(meant | {k: meant[k] * f.float() for k, f in factors.items()})
        _same(report, "NVFP4 with AWQ", got, wanted)
        _same(report, "NVFP4 with AWQ, kept packed", read(top / "awq.safetensors", packed=1), wanted)
        for k, f in factors.items():
            x = torch.randn(5, len(f), generator=torch.Generator().manual_seed(9)).double()
            close(f"NVFP4 with AWQ: product of {k}", x @ got[k].double().T, (x * f.double()) @ meant[k].double().T, 1e-6)

    def nvfp4():
        tensors, meant = dict(original(model.wide_state())), {}
        meant |= tensors
        for i, k in enumerate(_quantised(tensors)):
            values, scales, factor = random_nvfp4(*tensors[k].shape, seed=i)
            stem = k[:-6]
            tensors |= {k: values, stem + "weight_scale": tiled(scales).view(F8), stem + "weight_scale_2": factor,
                        stem + "comfy_quant": bytes_of('{"format": "nvfp4"}')}
            meant[k] = from_nvfp4(values, scales, factor)
        save_file({k: v.contiguous() for k, v in tensors.items()}, top / "nvfp4.safetensors")
        _same(report, "NVFP4", read(top / "nvfp4.safetensors"), ours_of(meant))
        awq(tensors, meant)
        name = "blocks.0.mlp.fc1."
        for what, words, change in (
                ("without its scales", [".weight_scale beside it"], {name + "weight_scale": None}),
                ("without its factor", [".weight_scale_2 beside it"], {name + "weight_scale_2": None}),
                ("scales not in tiles", ["weight_scale", "expected F8_E4M3 [512, 16]"], {name + "weight_scale": torch.zeros(500, 16).to(F8)}),
                ("scales of fp32", ["weight_scale", "expected F8_E4M3"], {name + "weight_scale": torch.ones(512, 16)}),
                ("values of another type", ["expected U8"], {name + "weight": meant[name + "weight"]}),
                ("half a block", ["whole blocks of 16 values"], {name + "weight": torch.zeros(512, 127, dtype=torch.uint8)}),
                ("two factors", ["factors, got 2"], {name + "weight_scale_2": torch.ones(2)}),
                ("without a mark", ["NVFP4 without them"], {name + "comfy_quant": None}),
                ("with AWQ of other inputs", ["pre_quant_scale", "expected 256 factors, got 255 of BF16"], {name + "pre_quant_scale": torch.ones(255).bfloat16()}),
                ("with AWQ of another type", ["pre_quant_scale", "expected a number type"], {name + "pre_quant_scale": torch.ones(256, dtype=torch.uint8)}),
                ("AWQ beside fp32", ["expected NVFP4 beside factors of inputs (AWQ), got F32"], {"video_patch_proj.pre_quant_scale": torch.ones(96).bfloat16()}),
                ("a factor beside fp32", ["expected fp8 or int8"], {"video_patch_proj.weight_scale_2": torch.ones(()), "video_patch_proj.comfy_quant": bytes_of('{"format": "float8_e4m3fn"}')})):
            bad = {k: v for k, v in {**tensors, **change}.items() if v is not None}
            save_file({k: v.contiguous() for k, v in bad.items()}, top / "bad.safetensors")
            refused(f"NVFP4, {what}", words, "weights", model=top / "bad.safetensors")

    def packed(kind):
        wide = model.wide_state()
        tensors = original(wide)
        meant = gguf_files.write_gguf(top / f"{kind}.gguf", "", tensors, kind, lambda name, t: name in _quantised(tensors))
        _same(report, f"GGUF {kind}", read(top / f"{kind}.gguf"), ours_of(meant))

    def adapters():
        for what, keys, metadata, factor in lora_spellings(state, heads):
            path = top / "lora.safetensors"
            save_file({k: v.contiguous() for k, v in keys.items()}, path, metadata=metadata)
            got = read(model.path, lora=f"{path}:0.5")
            changed = {k: v + 0.5 * factor * lora_delta(k, v) for k, v in want.items() if lora_delta(k, v) is not None}
            for k, v in {**want, **changed}.items():
                if oracle.rel_l2(got[k], v) > 1e-6:
                    report.check(f"LoRA, {what}: {k}", False, f"{oracle.rel_l2(got[k], v):.3g}")
                    break
            else:
                report.check(f"LoRA, {what}", len(changed) == 4 * 5, f"{len(changed)} matrices")

    yield "files, folder", folder
    yield "files, single", single
    yield "files, shards", shards
    yield "files, fp8", fp8
    for kind in ("F16", "BF16", "Q8_0", "Q4_K", "Q6_K"):
        yield f"files, GGUF {kind}", lambda kind=kind: packed(kind)
    yield "files, int8", int8
    yield "files, NVFP4", nvfp4
    yield "files, LoRA", adapters


def bytes_of(text):
    return torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)


def turned(x, group):
    """Groups of columns times the regular Hadamard matrix, stage by stage in fp32, by numpy: the engine's order of sums."""
    x, apart, factor = numpy.ascontiguousarray(x, dtype=numpy.float32), 1, numpy.float32(1)
    while apart < group:
        a, b, c, d = (x.reshape(x.shape[0], -1, 4, apart)[:, :, i] for i in range(4))
        x = numpy.stack([(a + b) + (c - d), (a + b) - (c - d), (a - b) + (c + d), (c + d) - (a - b)], axis=2).reshape(x.shape)
        apart, factor = apart * 4, factor / 2
    return x * factor


def hadamard(group):
    """The same matrix as its definition has it."""
    signs = numpy.ones((group, group))
    for r in range(group):
        for c in range(group):
            digits, odd = r ^ c, 0
            while digits:
                odd ^= digits % 4 == 3
                digits //= 4
            signs[r, c] = -1 if odd else 1
    return signs / numpy.sqrt(group)


def to_int8(weight, group):
    w = weight.double().numpy()
    if group:
        w = (w.reshape(len(w), -1, group) @ hadamard(group)).reshape(w.shape)
    scale = (numpy.abs(w).max(axis=1, keepdims=True) / 127).astype(numpy.float32)
    return torch.from_numpy(numpy.round(w / scale).clip(-127, 127).astype(numpy.int8)), torch.from_numpy(scale)


def from_int8(codes, scale, group):
    values = codes.numpy().astype(numpy.float32) * scale.numpy()
    return torch.from_numpy(turned(values, group) if group else values)


E2M1 = numpy.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6], dtype=numpy.float32)


def random_nvfp4(rows, columns, seed):
    """Bytes, scales [rows, columns / 16] as fp8's bytes, factor: what a file holds says all, so nothing needs to be quantised."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(0, 256, (rows, columns // 2), generator=generator, dtype=torch.uint8)
    scales = (torch.randn(rows, columns // 16, generator=generator) * 8).to(F8).view(torch.uint8)
    scales[0, 0], scales[1, 0] = 1, 7            # subnormal
    return values, scales, torch.tensor(0.0123 + seed / 1000)


def tiled(scales):
    """Where cuBLAS wants them, by the formula for each."""
    rows, blocks = scales.shape
    high, wide = -(-rows // 128) * 128, -(-blocks // 4) * 4
    flat = torch.zeros(high * wide, dtype=torch.uint8)
    r, c = torch.meshgrid(torch.arange(rows), torch.arange(blocks), indexing="ij")
    place = ((r // 128) * (wide // 4) + c // 4) * 512 + (r % 32) * 16 + ((r % 128) // 32) * 4 + c % 4
    flat[place.flatten()] = scales.flatten()
    return flat.view(high, wide)


def from_nvfp4(values, scales, factor):
    v = values.numpy()
    numbers = E2M1[numpy.stack([v >> 4, v & 15], axis=-1).reshape(len(v), -1, 16)]
    both = factor.numpy() * scales.view(F8).float().numpy()
    return torch.from_numpy((numbers * both[:, :, None]).reshape(len(v), -1))


def ours_of(tensors):
    return {k.replace("attn.qkv_proj.", "attn.qkv."): v for k, v in tensors.items()}


# ---- adapters: of every module in which released ones work, q, k and v alike ----

LORA_RANK = 4


def _factors(name, out, columns):
    generator = torch.Generator().manual_seed(len(name) + out)
    return torch.randn(LORA_RANK, columns, generator=generator), torch.randn(out, LORA_RANK, generator=generator) * 0.05


def lora_delta(name, weight):
    """What the adapter adds to a matrix of ours, alpha equal to the rank; None for one it leaves alone."""
    if not re.fullmatch(r"(token_refiner\.)?blocks\.\d+\.(attn\.(qkv|out_proj)|mlp\.fc[12])\.weight", name):
        return None
    down, up = _factors(name, *weight.shape)
    return up @ down


def lora_spellings(state, heads):
    """(what, tensors, metadata, alpha over rank) of one adapter as each tool writes it."""
    mine = {k: v for k, v in ours(state).items() if lora_delta(k, v) is not None}
    pairs = {k.removesuffix(".weight"): _factors(k, *v.shape) for k, v in mine.items()}

    def theirs(module):
        module = module.replace("token_refiner.blocks.", "token_refiner.refiner_blocks.") if module.startswith("token") else "transformer_" + module
        for a, b in (("attn.out_proj", "attn.to_out.0"), ("mlp.fc1", "ff.net.0.proj"), ("mlp.fc2", "ff.net.2")):
            module = module.replace(a, b)
        return module

    def diffusers(end):
        keys = {}
        for module, (down, up) in pairs.items():
            name = theirs(module)
            if "attn.qkv" in module:
                for x, part in zip("qkv", up.chunk(3)):
                    keys[name.replace("attn.qkv", f"attn.to_{x}") + ".lora_A" + end] = down
                    keys[name.replace("attn.qkv", f"attn.to_{x}") + ".lora_B" + end] = part
            else:
                keys[name + ".lora_A" + end], keys[name + ".lora_B" + end] = down, swapped(up) if module.endswith("fc1") else up
        return {k: v.clone() for k, v in keys.items()}

    def plain(prefix, ends, alpha=None, order=lambda up: up, flat=False):
        keys = {}
        for module, (down, up) in pairs.items():
            stem = module.replace("attn.qkv", "attn.qkv_proj")
            stem = prefix + (stem.replace(".", "_") if flat else stem)
            keys[stem + ends[0]], keys[stem + ends[1]] = down, order(up) if "attn.qkv" in module else up
            if alpha is not None:
                keys[stem + ".alpha"] = torch.tensor(alpha)
        return keys

    yield "diffusers, with a named adapter", diffusers(".default.weight"), None, 1
    yield "diffusers, alpha in the header", diffusers(".weight"), {"lora_alpha": "2"}, 2 / LORA_RANK
    yield "diffusers, PEFT's header", oracle.prefixed("transformer.", diffusers(".weight")), \
        {"lora_adapter_metadata": json.dumps({"transformer.r": LORA_RANK, "transformer.lora_alpha": 8})}, 8 / LORA_RANK
    yield "ComfyUI", plain("diffusion_model.", (".lora_A.weight", ".lora_B.weight")), None, 1
    yield "ComfyUI, down and up", plain("diffusion_model.", (".lora_down.weight", ".lora_up.weight"), 1.0), None, 1 / LORA_RANK
    yield "musubi-tuner", plain("lora_unet_", (".lora_down.weight", ".lora_up.weight"), 4.0, flat=True), None, 1
    yield "DiffSynth: the order of the official shards", \
        plain("", (".lora_A.default.weight", ".lora_B.default.weight"), order=lambda up: per_head(up, heads)), None, 1


# ---- what is not taken ----

def refusals(model, refused):
    state = {k: v.detach() for k, v in model.pipe(torch.float32).transformer.state_dict().items()}
    plain, top = original(state), model.folder.parent / "bad"
    top.mkdir(exist_ok=True)

    def saved(name, tensors):
        save_file({k: v.contiguous() for k, v in tensors.items()}, top / name)
        return top / name

    one = plain["final_layer.video_out.weight"]
    for what, words, tensors in (
            ("FastH3", ["FastH3", "to_gate_compress"], {**plain, "blocks.0.attn.to_gate_compress.weight": torch.ones(3, 72)}),
            ("a bank of heads", ["final_layer.video_out.weight", "bank of heads"], {**plain, "final_layer.video_out.weight": one.repeat(3, 1)}),
            ("ControlNet", ["ControlNet"], {**plain, "control_blocks.0.attn.qkv_proj.weight": torch.ones(3, 72)}),
            ("a tensor too many", ["blocks.0.other.weight"], {**plain, "blocks.0.other.weight": torch.ones(3, 72)}),
            ("a tensor too few", ["blocks.1.mlp.fc2.weight"], {k: v for k, v in plain.items() if k != "blocks.1.mlp.fc2.weight"}),
            ("no sound", ["audio_patch_proj.weight"], {k: v for k, v in plain.items() if not k.startswith("audio_patch_proj")}),
            ("half a head", ["qkv"], {**plain, "blocks.0.attn.qkv_proj.weight": plain["blocks.0.attn.qkv_proj.weight"][:-1]}),
            ("a curve of one point", ["adaln_t_table"], {**plain, "adaln_t_table": torch.ones(1, 8)})):
        refused(what, words, "weights", model=saved("bad.safetensors", tensors))
    refused("an unknown order of rows", ["qkv: expected auto, stacked or per-head", "sideways"], "weights", model=saved("bad.safetensors", plain), qkv="sideways")
    down, up = torch.ones(4, 44), torch.ones(6 * 3 * 72, 4)
    save_pruned(model.pipe(torch.float32).transformer, top / "pruned.safetensors")
    lora = saved("lora.safetensors", {"diffusion_model.blocks.0.adaln_proj.linear.lora_A.weight": down, "diffusion_model.blocks.0.adaln_proj.linear.lora_B.weight": up})
    refused("an adapter of the modulation on a pruned file", ["adaln_proj.linear", "expected 8 columns, got 44", "use the transformer that is not pruned, or an adapter without it"],
            "weights", model=top / "pruned.safetensors", lora=lora)
    lora = saved("lora.safetensors", {"time_embedder.proj_in.lora_A.weight": torch.ones(4, 16), "time_embedder.proj_in.lora_B.weight": torch.ones(56, 4)})
    refused("an adapter of the time embedder on a pruned file", ["time_embedder", "use the transformer that is not pruned"], "weights", model=top / "pruned.safetensors", lora=lora)
