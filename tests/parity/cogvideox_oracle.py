# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference side of the CogVideoX parity tests: tiny seeded parts in diffusers and transformers, and whole tiny
pipelines, in which every epsilon and every place matters.

    transformer(kind)      KINDS: 2b, 5b, 5b_i2v, 15, 15_i2v
    vae(kind), t5(), scheduler(kind, dpm)
    save_pipeline(kind, folder), frames(pipe, ...)
    spiece()               bytes of a spiece.model of T5's kind, without the extra ids

cogvideox_oracle.py FOLDER [KIND]... writes the tiny pipelines to FOLDER/KIND."""
import copy
import math
import struct
import sys

import diffusers
import torch
import transformers

import oracle
import wan_tokenizer

TEXT_ROWS = 226
TRANSFORMER = dict(num_attention_heads=3, attention_head_dim=32, in_channels=16, out_channels=16, time_embed_dim=48, text_embed_dim=64, num_layers=2,
                   sample_width=10, sample_height=6, sample_frames=9, max_text_seq_length=TEXT_ROWS)
KINDS = {
    "2b": {},
    "5b": dict(use_rotary_positional_embeddings=True),
    "5b_i2v": dict(use_rotary_positional_embeddings=True, use_learned_positional_embeddings=True, in_channels=32),
    "15": dict(use_rotary_positional_embeddings=True, patch_size_t=2, patch_bias=False, sample_height=12, sample_width=14),
    "15_i2v": dict(use_rotary_positional_embeddings=True, patch_size_t=2, patch_bias=False, in_channels=32, ofs_embed_dim=48, sample_height=12,
                   sample_width=14),
}
WITH_PICTURE = ("5b_i2v", "15_i2v")
VAE = dict(block_out_channels=(8, 16, 16, 24), layers_per_block=2, norm_num_groups=4, latent_channels=16, sample_height=96, sample_width=160,
           down_block_types=("CogVideoXDownBlock3D",) * 4, up_block_types=("CogVideoXUpBlock3D",) * 4)
EXTRA_IDS = 100
T5 = dict(d_model=64, d_kv=16, num_heads=4, d_ff=96, num_layers=3, relative_attention_num_buckets=32, relative_attention_max_distance=128,
          feed_forward_proj="gated-gelu", pad_token_id=0, eos_token_id=1, tie_word_embeddings=False)


def sensitive(module, seed, bias=0.3):
    """Every parameter from one generator, in the order of the names, so that each part matters."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(module.named_parameters()):
            r = torch.randn(p.shape, generator=generator)
            if name.endswith("conv_y.conv.bias"):
                p.copy_(1 + 0.3 * r)
            elif name.endswith(".bias"):
                p.copy_(bias * r)
            elif any(f"{k}.weight" in name for k in ("norm_q", "norm_k")):
                p.copy_(1.2 + 0.3 * r)
            elif any(k in name for k in ("shared", "embed_tokens", "relative_attention_bias")):
                p.copy_(r)
            elif p.ndim == 1:
                p.copy_(1 + 0.2 * r)
            elif name.endswith(("norm1.linear.weight", "norm2.linear.weight", "norm_out.linear.weight")):
                p.copy_(0.5 * r / math.sqrt(p[0].numel()))
            else:
                p.copy_(r / math.sqrt(p[0].numel()))
    return module.eval()


def scaled(module, factors):
    """Makes small what a norm reads, so that its epsilon shows."""
    with torch.no_grad():
        for name, p in module.named_parameters():
            for part, factor in factors.items():
                if part in name:
                    p.mul_(factor)
    return module


def transformer(kind="2b", seed=1, **changes):
    model = sensitive(diffusers.CogVideoXTransformer3DModel(**{**TRANSFORMER, **KINDS[kind], **changes}), seed)
    if model.config.use_learned_positional_embeddings:
        table = model.patch_embed.pos_embedding
        table.copy_(0.5 * torch.randn(table.shape, generator=torch.Generator().manual_seed(seed + 7)))
    return scaled(model, {"patch_embed.proj.": 0.03, "patch_embed.text_proj.": 0.03, "to_q.": 0.01, "to_k.": 0.01})


def vae(kind="2b", seed=2, **changes):
    own = dict(scaling_factor=1.15258426 if kind == "2b" else 0.7, invert_scale_latents=kind.startswith("15"))
    model = sensitive(diffusers.AutoencoderKLCogVideoX(**{**VAE, **own, **changes}), seed, bias=0.2)
    with torch.no_grad():
        out = model.encoder.conv_out.conv
        out.weight[16:].mul_(0.3)
        out.bias[16:].copy_(-1.2 + 0.3 * out.bias[16:])
    return scaled(model, {"decoder.conv_in.": 0.003, "encoder.conv_in.": 0.01, "decoder.conv_out.": 0.2})


def pieces():
    """[(piece, score, type)]: pad 0, eos 1, unk 2 and those of wan_tokenizer, none for extra ids."""
    named = [("<pad>", 0.0, 3), ("</s>", 0.0, 3), ("<unk>", 0.0, 2)]
    return named + [(p, s, 1) for p, s in wan_tokenizer.pieces() if p not in wan_tokenizer.SPECIALS and not p.startswith("<extra_id_")]


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def spiece():
    out = b""
    for piece, score, kind in pieces():
        body = field(1, piece.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score)
        out += field(1, body + (b"" if kind == 1 else varint(3 << 3) + varint(kind)))
    trainer = varint(3 << 3) + varint(1) + varint(40 << 3) + varint(2) + varint(41 << 3) + b"\xff" * 9 + b"\x01" + varint(42 << 3) + varint(1)
    normalizer = field(1, b"nmt_nfkc") + field(2, wan_tokenizer.charsmap()) + varint(3 << 3) + b"\1" + varint(4 << 3) + b"\1" + varint(5 << 3) + b"\1"
    return out + field(2, trainer + varint(43 << 3) + varint(0)) + field(3, normalizer)


def vocabulary():
    return len(pieces()) + EXTRA_IDS


def write_tokenizer(folder):
    folder = oracle.pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spiece.model").write_bytes(spiece())
    oracle.write_json(folder / "tokenizer_config.json", dict(tokenizer_class="T5Tokenizer", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
                                                             extra_ids=EXTRA_IDS, model_max_length=226))
    return folder


def tokenizer():
    """The oracle's own class on the pieces, as from_pretrained makes it from a spiece.model."""
    found = transformers.T5Tokenizer(vocab=[(p, s) for p, s, _ in pieces()] + [(f"<extra_id_{n}>", 0.0) for n in reversed(range(EXTRA_IDS))], extra_ids=EXTRA_IDS, _spm_precompiled_charsmap=wan_tokenizer.charsmap())
    found.padding_side = "right"
    return found


def t5(seed=3, **changes):
    model = sensitive(transformers.T5EncoderModel(transformers.T5Config(**{**T5, "vocab_size": vocabulary() + 28, **changes})), seed)
    return scaled(model, {"shared.": 0.02})


def scheduler(kind="2b", dpm=False):
    kind_of = diffusers.CogVideoXDPMScheduler if dpm else diffusers.CogVideoXDDIMScheduler
    return kind_of(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type="v_prediction",
                   rescale_betas_zero_snr=True, timestep_spacing="trailing", set_alpha_to_one=True, steps_offset=0, clip_sample=False,
                   snr_shift_scale=3.0 if kind == "2b" else 1.0)


def halved(model):
    return copy.deepcopy(model).bfloat16()


def pipeline(kind, seed=0, dpm=False, **parts):
    makers = dict(transformer=lambda: transformer(kind, seed + 1), vae=lambda: vae(kind, seed + 2), text_encoder=lambda: t5(seed + 3),
                  tokenizer=tokenizer, scheduler=lambda: scheduler(kind, dpm))
    parts = {**{part: make() for part, make in makers.items() if part not in parts}, **parts}
    made = (diffusers.CogVideoXImageToVideoPipeline if kind in WITH_PICTURE else diffusers.CogVideoXPipeline)(**parts)
    made.set_progress_bar_config(disable=True)
    return made


def save_pipeline(kind, folder, seed=0, dpm=False, **parts):
    """pipeline(kind, seed) as a diffusers folder, the tokenizer as published: a spiece.model alone. Returns the pipeline."""
    made = pipeline(kind, seed, dpm, **parts)
    folder = oracle.pathlib.Path(folder)
    for part in ("transformer", "vae", "text_encoder", "scheduler"):
        getattr(made, part).save_pretrained(folder / part)
    write_tokenizer(folder / "tokenizer")
    oracle.write_json(folder / "model_index.json", {
        "_class_name": type(made).__name__, "transformer": ["diffusers", "CogVideoXTransformer3DModel"], "vae": ["diffusers", "AutoencoderKLCogVideoX"],
        "text_encoder": ["transformers", "T5EncoderModel"], "tokenizer": ["transformers", "T5Tokenizer"],
        "scheduler": ["diffusers", type(made.scheduler).__name__]})
    return made


def frames(pipe, prompt, *, width, height, frames, steps, seed, guidance, negative="", image=None, dynamic=False, tiled=False):
    """The pipeline's frames, fp32 in 0..1, [frames, height, width, 3]. image: a PIL picture."""
    extra = {} if image is None else {"image": image}
    (pipe.vae.enable_tiling if tiled else pipe.vae.disable_tiling)()
    made = pipe(prompt=prompt, negative_prompt=negative, width=width, height=height, num_frames=frames, num_inference_steps=steps,
                guidance_scale=guidance, use_dynamic_cfg=dynamic, generator=torch.Generator().manual_seed(seed), output_type="pt", **extra)
    return made.frames[0].permute(0, 2, 3, 1).float().contiguous()


if __name__ == "__main__":
    for chosen in sys.argv[2:] or KINDS:
        save_pipeline(chosen, oracle.pathlib.Path(sys.argv[1], chosen))
        print(chosen, flush=True)
