# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference side of the Wan 2.1 / 2.2 parity tests: tiny seeded parts in diffusers and transformers, whole tiny
pipelines, and their weights under the names of the original files.

    transformer(kind)          KINDS: t2v, i2v (2.1, with CLIP), flf2v, i2v_a14b (36 channels), ti2v (5B, t per token)
    vae("2.1" | "2.2")         AutoencoderKLWan
    umt5(), clip_vision()
    halved(model)              a copy in bf16 with what diffusers keeps in fp32; rounded(model): fp32 with the same values
    original_transformer(state), original_vae(state)   diffusers' state dict under the original names
    save_pipeline(name, folder), frames(pipe, ...)     PIPELINES: t2v, t2v_a14b, ti2v, ti2v_image, i2v, flf2v, i2v_a14b

wan_oracle.py FOLDER [NAME]... writes the tiny pipelines to FOLDER/NAME."""
import copy
import math
import re
import sys
import types

import diffusers
import torch
import transformers
from diffusers.pipelines.wan import pipeline_wan_i2v

import oracle
import wan_tokenizer

if not hasattr(pipeline_wan_i2v, "ftfy"):
    # Without ftfy this pipeline raises; the tests' prompts have nothing for it to mend.
    pipeline_wan_i2v.ftfy = types.SimpleNamespace(fix_text=lambda text: text)

TRANSFORMER = dict(patch_size=(1, 2, 2), num_attention_heads=3, attention_head_dim=32, in_channels=16, out_channels=16, text_dim=64,
                   freq_dim=256, ffn_dim=160, num_layers=3, cross_attn_norm=True, qk_norm="rms_norm_across_heads", eps=1e-6)
CLIP_TOKENS, CLIP_DIM = 5, 40
KINDS = {
    "t2v": {},
    "i2v": dict(in_channels=36, image_dim=CLIP_DIM, added_kv_proj_dim=96),
    "flf2v": dict(in_channels=36, image_dim=CLIP_DIM, added_kv_proj_dim=96, pos_embed_seq_len=2 * CLIP_TOKENS),
    "i2v_a14b": dict(in_channels=36),
    "ti2v": dict(in_channels=48, out_channels=48),
}
_STATISTICS = torch.randn(2, 48, generator=torch.Generator().manual_seed(48))
VAES = {
    "2.1": dict(base_dim=12, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=2, temperal_downsample=[False, True, True]),
    "2.2": dict(base_dim=16, decoder_base_dim=24, z_dim=48, dim_mult=[1, 2, 4, 4], num_res_blocks=2,
                temperal_downsample=[False, True, True], is_residual=True, in_channels=12, out_channels=12, patch_size=2,
                scale_factor_temporal=4, scale_factor_spatial=16,
                latents_mean=[round(0.25 * v, 4) for v in _STATISTICS[0].tolist()],
                latents_std=[round(0.7 * math.exp(0.3 * v), 4) for v in _STATISTICS[1].tolist()]),
}
UMT5 = dict(vocab_size=wan_tokenizer.VOCABULARY, d_model=64, d_kv=16, num_heads=4, d_ff=96, num_layers=3,
            relative_attention_num_buckets=32, relative_attention_max_distance=128, feed_forward_proj="gated-gelu",
            pad_token_id=0, eos_token_id=1)
CLIP_VISION = dict(hidden_size=CLIP_DIM, intermediate_size=80, num_hidden_layers=4, num_attention_heads=4, image_size=28, patch_size=14,
                   hidden_act="gelu", projection_dim=32)
FP32_PARTS = {"rope", "time_embedder", "scale_shift_table", "norm1", "norm2", "norm3"}   # what diffusers never casts


def sensitive(module, seed, bias=0.3):
    """Every parameter from one generator, in the order of the names, so that each part matters."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(module.named_parameters()):
            r = torch.randn(p.shape, generator=generator)
            if "scale_shift_table" in name:
                p.copy_(0.3 * r)
            elif any(f"{k}.weight" in name for k in ("norm_q", "norm_k", "norm_added_k")):
                p.copy_(1.5 + 0.3 * r)
            elif name.endswith(".bias"):
                p.copy_(bias * r)
            elif any(k in name for k in ("shared", "embed_tokens", "relative_attention_bias", "pos_embed", "position_embedding", "class_embedding")):
                p.copy_(r)
            elif name.endswith(".gamma") or p.ndim == 1:
                p.copy_(1 + 0.2 * r)
            else:
                p.copy_(r / math.sqrt(p[0].numel()))
    return module.eval()


def transformer(kind="t2v", seed=1, **changes):
    return sensitive(diffusers.WanTransformer3DModel(**{**TRANSFORMER, **KINDS[kind], **changes}), seed)


def vae(kind="2.1", seed=2, **changes):
    model = sensitive(diffusers.AutoencoderKLWan(**{**VAES[kind], **changes}), seed, bias=0.2)
    with torch.no_grad():
        # Or half of the samples are cut off at black and white, and tell nothing.
        model.decoder.conv_out.weight.mul_(0.6)
        model.decoder.conv_out.bias.mul_(0.6)
    return model


def umt5(seed=3, **changes):
    return sensitive(transformers.UMT5EncoderModel(transformers.UMT5Config(**{**UMT5, **changes})), seed)


def clip_vision(seed=4, **changes):
    return sensitive(transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**{**CLIP_VISION, **changes})), seed)


def halved(model):
    """As diffusers loads it in bf16."""
    model = copy.deepcopy(model)
    for name, t in [*model.named_parameters(), *model.named_buffers()]:
        if not FP32_PARTS & set(name.split(".")):
            t.data = t.data.bfloat16()
    return model


def rounded(model):
    """fp32, with the values `halved` has."""
    return halved(model).float()


def _transformer_rows():
    """Original name, diffusers name: modules, and the parameters that stand alone."""
    yield "patch_embedding", "patch_embedding"
    for ours, theirs in (("text_embedding", "text_embedder"), ("time_embedding", "time_embedder")):
        for n in (0, 2):
            yield f"{ours}.{n}", f"condition_embedder.{theirs}.linear_{n // 2 + 1}"
    yield "time_projection.1", "condition_embedder.time_proj"
    for n, theirs in ((0, "norm1"), (1, "ff.net.0.proj"), (3, "ff.net.2"), (4, "norm2")):
        yield f"img_emb.proj.{n}", f"condition_embedder.image_embedder.{theirs}"
    yield "img_emb.emb_pos", "condition_embedder.image_embedder.pos_embed"
    yield "head.modulation", "scale_shift_table"
    yield "head.head", "proj_out"
    for i in range(64):
        b = f"blocks.{i}."
        yield b + "modulation", b + "scale_shift_table"
        yield b + "norm3", b + "norm2"
        yield b + "ffn.0", b + "ffn.net.0.proj"
        yield b + "ffn.2", b + "ffn.net.2"
        for ours, theirs in (("self_attn", "attn1"), ("cross_attn", "attn2")):
            for x in "qkv":
                yield f"{b}{ours}.{x}", f"{b}{theirs}.to_{x}"
            yield f"{b}{ours}.o", f"{b}{theirs}.to_out.0"
            for x in "qk":
                yield f"{b}{ours}.norm_{x}", f"{b}{theirs}.norm_{x}"
        for x in "kv":
            yield f"{b}cross_attn.{x}_img", f"{b}attn2.add_{x}_proj"
        yield b + "cross_attn.norm_k_img", b + "attn2.norm_added_k"


def original_transformer(state):
    state, out = dict(state), {}
    for ours, theirs in _transformer_rows():
        for leaf in ("", ".weight", ".bias"):
            if theirs + leaf in state:
                out[ours + leaf] = state.pop(theirs + leaf)
    assert not state, f"no original name for {sorted(state)[:3]}"
    return out


_RESNET = {"norm1": "residual.0", "conv1": "residual.2", "norm2": "residual.3", "conv2": "residual.6", "conv_shortcut": "shortcut"}


def _vae_name(name):
    """The original name of one tensor of AutoencoderKLWan, either kind."""
    part, _, rest = name.partition(".")
    if part in ("quant_conv", "post_quant_conv"):
        return {"quant_conv": "conv1", "post_quant_conv": "conv2"}[part] + "." + rest
    resnet = lambda text: re.sub(r"\b(norm1|conv1|norm2|conv2|conv_shortcut)\b", lambda m: _RESNET[m[0]], text)
    if rest.startswith("conv_in."):
        return f"{part}.conv1." + rest.removeprefix("conv_in.")
    for theirs, ours in (("norm_out.", "head.0."), ("conv_out.", "head.2."), ("mid_block.attentions.0.", "middle.1.")):
        if rest.startswith(theirs):
            return f"{part}.{ours}" + rest.removeprefix(theirs)
    if m := re.fullmatch(r"mid_block\.resnets\.(\d)\.(.*)", rest):
        return f"{part}.middle.{2 * int(m[1])}.{resnet(m[2])}"
    if m := re.fullmatch(r"down_blocks\.(\d+)\.resnets\.(\d)\.(.*)", rest):                     # 2.2
        return f"encoder.downsamples.{m[1]}.downsamples.{m[2]}.{resnet(m[3])}"
    if m := re.fullmatch(r"down_blocks\.(\d+)\.downsampler\.(.*)", rest):                       # 2.2; behind two resnets
        return f"encoder.downsamples.{m[1]}.downsamples.2.{m[2]}"
    if m := re.fullmatch(r"down_blocks\.(\d+)\.(.*)", rest):                                    # 2.1: a flat list
        return f"encoder.downsamples.{m[1]}.{resnet(m[2])}"
    if m := re.fullmatch(r"up_blocks\.(\d)\.upsampler\.(.*)", rest):                            # 2.2; behind three resnets
        return f"decoder.upsamples.{m[1]}.upsamples.3.{m[2]}"
    if m := re.fullmatch(r"up_blocks\.(\d)\.upsamplers\.0\.(.*)", rest):                        # 2.1
        return f"decoder.upsamples.{4 * int(m[1]) + 3}.{m[2]}"
    if m := re.fullmatch(r"up_blocks\.(\d)\.resnets\.(\d)\.(.*)", rest):
        return ("flat", int(m[1]), int(m[2]), resnet(m[3]))
    raise AssertionError(f"no original name for {name}")


def original_vae(state):
    residual = any(".upsampler." in name for name in state)
    out = {}
    for name, t in state.items():
        ours = _vae_name(name)
        if isinstance(ours, tuple):
            _, x, y, rest = ours
            ours = f"decoder.upsamples.{x}.upsamples.{y}.{rest}" if residual else f"decoder.upsamples.{4 * x + y}.{rest}"
        out[ours] = t
    assert len(out) == len(state)
    return out


def statistics(model, dtype=torch.float32):
    """Mean and factor of each latent channel."""
    column = lambda v: torch.tensor(v).view(-1, 1, 1, 1).to(dtype)
    return column(model.config.latents_mean), 1.0 / column(model.config.latents_std)


@torch.no_grad()
def decode(model, latents):
    """latents [z, T, h, w], normalised -> frames [4T-3, 3, H, W], fp32 in 0..1."""
    mean, scale = statistics(model, model.dtype)
    out = model.decode((latents.to(model.dtype) / scale + mean)[None], return_dict=False)[0][0].transpose(0, 1)
    return (out * 0.5 + 0.5).clamp(0, 1).float()


def umt5_weights(model):
    """transformers' own names; the embedding once."""
    return {k: v for k, v in model.state_dict().items() if k != "encoder.embed_tokens.weight"}


def scheduler(shift=3.0):
    return diffusers.UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=shift)


# Transformers (the second is the low-noise one), VAE, and the pipeline's own values.
PIPELINES = {
    "t2v": (["t2v"], "2.1", {}),
    "t2v_a14b": (["t2v", "t2v"], "2.1", dict(boundary_ratio=0.875)),
    "ti2v": (["ti2v"], "2.2", dict(expand_timesteps=True)),
    "ti2v_image": (["ti2v"], "2.2", dict(expand_timesteps=True)),
    "i2v": (["i2v"], "2.1", {}),
    "flf2v": (["flf2v"], "2.1", {}),
    "i2v_a14b": (["i2v_a14b", "i2v_a14b"], "2.1", dict(boundary_ratio=0.9)),
}
WITH_PICTURE = ("ti2v_image", "i2v", "flf2v", "i2v_a14b")


def pipeline(name, seed=0, shift=3.0, **parts):
    """A complete tiny pipeline, fp32. `parts` replace parts (transformer=..., transformer_2=..., vae=..., text_encoder=...)."""
    networks, coder, own = PIPELINES[name]
    makers = dict(transformer=lambda: transformer(networks[0], seed + 1), vae=lambda: vae(coder, seed + 2), text_encoder=lambda: umt5(seed + 3),
                  tokenizer=wan_tokenizer.fast, scheduler=lambda: scheduler(shift))
    if len(networks) == 2:
        makers["transformer_2"] = lambda: transformer(networks[1], seed + 11)
    if name in ("i2v", "flf2v"):
        makers["image_encoder"] = lambda: clip_vision(seed + 4)
        makers["image_processor"] = lambda: transformers.CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    parts = {**{part: make() for part, make in makers.items() if part not in parts}, **parts}
    made = (diffusers.WanImageToVideoPipeline if name in WITH_PICTURE else diffusers.WanPipeline)(**parts, **own)
    made.set_progress_bar_config(disable=True)
    return made


def save_pipeline(name, folder, seed=0, shift=3.0, style=None, **parts):
    """pipeline(name, seed, shift) written to `folder` as a diffusers folder; the tokenizer's files are wan_tokenizer's, by
    hand (`style`: its keywords), and its class is the one that published folders name. Returns the pipeline."""
    made = pipeline(name, seed, shift, **parts)
    made.save_pretrained(folder)
    for path in (oracle.pathlib.Path(folder) / "tokenizer").iterdir():
        path.unlink()
    wan_tokenizer.write(oracle.pathlib.Path(folder) / "tokenizer", **(style or {}))
    index = oracle.pathlib.Path(folder) / "model_index.json"
    value = oracle.json.loads(index.read_text())
    value["tokenizer"] = ["transformers", "T5TokenizerFast"]
    oracle.write_json(index, value)
    return made


def halved_pipeline(pipe, vae_too=True):
    """The pipeline in bf16 as `from_pretrained` makes it; in fp32 the VAE where the user asks for it."""
    pipe = copy.copy(pipe)
    for part in ("transformer", "transformer_2"):
        if getattr(pipe, part, None) is not None:
            setattr(pipe, part, halved(getattr(pipe, part)))
    pipe.text_encoder = copy.deepcopy(pipe.text_encoder).bfloat16()
    if vae_too:
        pipe.vae = copy.deepcopy(pipe.vae).bfloat16()
    if getattr(pipe, "image_encoder", None) is not None:
        pipe.image_encoder = copy.deepcopy(pipe.image_encoder).bfloat16()
    return pipe


def frames(pipe, prompt, *, width, height, frames, steps, seed, guidance, negative="", image=None, last=None, guidance_2=None):
    """The pipeline's frames, fp32 in 0..1, [frames, height, width, 3]. image, last: PIL pictures."""
    extra = {} if image is None else {"image": image}
    if last is not None:
        extra["last_image"] = last
    if guidance_2 is not None:
        extra["guidance_scale_2"] = guidance_2
    made = pipe(prompt=prompt, negative_prompt=negative, width=width, height=height, num_frames=frames, num_inference_steps=steps,
                guidance_scale=guidance, generator=torch.Generator().manual_seed(seed), output_type="pt", **extra)
    return made.frames[0].permute(0, 2, 3, 1).float().contiguous()


if __name__ == "__main__":
    for chosen in sys.argv[2:] or PIPELINES:
        save_pipeline(chosen, oracle.pathlib.Path(sys.argv[1], chosen))
        print(chosen, flush=True)
