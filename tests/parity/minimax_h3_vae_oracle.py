# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference side of the parity tests of MiniMax-H3's autoencoders: tiny seeded models in diffusers, every size
unequal to the others, and their weights in the layouts that files have.

    video(**changes), audio(**changes)             AutoencoderKLMiniMaxH3, AutoencoderKLMiniMaxH3Audio
    halved(model, dtype), rounded(model, dtype)    as diffusers loads the video one in bf16 or fp16; fp32 with the same values
    VIDEO_LAYOUTS, AUDIO_LAYOUTS                   name: function(model, folder) that writes it and returns the path
    frames(model, latents)                         the pipeline's decode: normalised latents -> frames [F,3,H,W], not cut off
    keyframe(model, pixels, noise)                 the pipeline's encode of one picture -> normalised latent
    samples(model, latents)                        normalised [2,C,A] -> [2,A*hop]"""
import copy
import json
import math
import pathlib
import shutil

import diffusers
import torch
from safetensors.torch import save_file

import oracle  # noqa: F401 - threads, verbosity

IMAGENET = (torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))
PINNED = {"encoder", "quant_conv", "norm1", "norm2", "norm_out", "scale1", "scale2"}   # what diffusers keeps in fp32


def statistics(channels, seed):
    r = torch.randn(2, channels, generator=torch.Generator().manual_seed(seed))
    return dict(latents_mean=[round(0.5 * v, 4) for v in r[0].tolist()],
                latents_std=[round(1.5 * math.exp(0.4 * v), 4) for v in r[1].tolist()])


VIDEO = dict(latent_channels=10, block_out_channels=(8, 12, 12, 16, 16, 20), layers_per_block=2, norm_num_groups=4,
             decoder_num_layers=3, decoder_num_attention_heads=2, decoder_attention_head_dim=32, decoder_num_register_tokens=3,
             decoder_ffn_mult=5, **statistics(10, 71))
AUDIO = dict(encoder_dim=4, latent_dim=36, latent_channels=6, num_attention_heads=2, decoder_dim=128, **statistics(6, 72))


def sensitive(module, seed):
    """Every parameter from one generator, in the order of the names, so that each part matters."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(module.named_parameters()):
            r = torch.randn(p.shape, generator=generator)
            leaf = name.rsplit(".", 1)[-1]
            if leaf in ("scale1", "scale2"):
                p.copy_(0.5 + 0.2 * r)
            elif leaf == "bias":
                p.copy_(0.3 * r)
            elif leaf in ("alpha", "beta"):
                p.copy_(0.4 * r)
            elif leaf == "weight_g":
                p.copy_(torch.exp(0.3 * r))
            elif "norm" in name:
                p.copy_(1 + 0.2 * r)
            elif p.ndim >= 2 and "register" not in name:
                p.copy_(r / math.sqrt(p[0].numel()))
            else:
                p.copy_(r)
    return module.eval()


def video(seed=61, **changes):
    model = sensitive(diffusers.AutoencoderKLMiniMaxH3(**{**VIDEO, **changes}), seed)
    with torch.no_grad():   # most colours within 0..1: what is cut off tells little
        model.decoder.proj_out.weight.mul_(0.9)
        model.decoder.proj_out.bias.mul_(0.9)
    return model


def audio(seed=62, **changes):
    model = sensitive(diffusers.AutoencoderKLMiniMaxH3Audio(**{**AUDIO, **changes}), seed)
    with torch.no_grad():   # of waves between -1 and 1
        model.decoder.conv_post.weight_g.mul_(0.05)
        for block in model.decoder.resblocks:
            for conv in block.convs2:
                conv.weight_g.mul_(0.3)
    return model


def halved(model, dtype=torch.bfloat16):
    model = copy.deepcopy(model)
    for name, t in model.named_parameters():
        if not PINNED & set(name.split(".")):
            t.data = t.data.to(dtype)
    return model


def rounded(model, dtype=torch.bfloat16):
    return halved(model, dtype).float()


# ---- layouts ------------------------------------------------------------------------------------

def by_head(state, name, heads):
    """Rows of each head together: its query, its key, its value."""
    parts = [state[name % x] for x in "qkv"]
    rows = [p.reshape(heads, -1, *p.shape[1:]) for p in parts]
    return torch.stack(rows, 1).reshape(-1, *parts[0].shape[1:]).contiguous()


def swapped(t):
    return torch.cat(t.chunk(2)[::-1]).contiguous()


def original_video(model):
    """The state under the original names, rows as the original has them."""
    state, out = model.state_dict(), {}
    for name, t in state.items():
        if ".attn.to_k." in name or ".attn.to_v." in name:
            continue
        new = name
        if ".attn.to_q." in name:
            t, new = by_head(state, name.replace("to_q", "to_%s"), model.config.decoder_num_attention_heads), name.replace("to_q", "to_qkv")
        if ".ff.net.0.proj." in name:
            t = swapped(t)
        for ours, theirs in ((".ff.net.0.proj.", ".ff.w1."), (".ff.net.2.", ".ff.w2."), (".attn.to_out.0.", ".attn.to_out."),
                             ("decoder.proj_in.", "decoder.x_embedder."), ("encoder.down_blocks.", "encoder.down."), (".resnets.", ".block."),
                             (".conv_shortcut.", ".nin_shortcut."), (".downsamplers.0.", ".downsample.")):
            new = new.replace(ours, theirs)
        out[new] = t.contiguous()
    out["decoder.mask_token"] = torch.zeros(1, 1, model.decoder.proj_in.out_features)
    return out


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1))


def diffusers_layout(model, folder):
    model.save_pretrained(folder)
    return folder


def original_video_layout(model, folder):
    c, folder = model.config, pathlib.Path(folder)
    write(folder / "config.json", dict(
        _class_name="MiniMaxH3VideoVAE", mode="standalone", source_path="source", source_safetensors_path="model.safetensors",
        source_class_name="AutoencoderKLLegacy", vae_clip_length=c.clip_length, vae_token_drop=c.token_drop, vae_encoder_tiling=1,
        vae_decoder_tiling=1, vae_tile_size=256, vae_tile_overlap_min=64, latent_channels=c.latent_channels,
        latents_mean=list(c.latents_mean), latents_std=list(c.latents_std)))
    write(folder / "source/config.json", dict(
        _class_name="AutoencoderKLLegacy", causal_encoder=True, causal_decoder=False, use_3d_conv=True, use_vit_decoder=True,
        use_t_isolated_gn=True, padding_mode="reflect", pixel_norm_type="imagenet", ch=4, ch_mult=[n // 4 for n in c.block_out_channels],
        num_res_blocks=c.layers_per_block, space_down=list(c.spatial_downsample_factors), time_down=list(c.temporal_downsample_factors),
        embed_dim=c.latent_channels, z_channels=c.latent_channels,
        vit_decoder_kwargs=dict(heads=c.decoder_num_attention_heads, dim_head=c.decoder_attention_head_dim, num_layers=c.decoder_num_layers,
                                norm_type="rms_norm", qk_norm_type="rms_norm", qk_norm_affine=False, ffn_activation_fn="silu",
                                ffn_use_gated=True, rope_theta=c.decoder_rope_theta, rope_dim_ratio=c.decoder_rope_dim_ratio)))
    save_file(original_video(model), folder / "source/model.safetensors")
    return folder


def buffers(model):
    return {name: torch.tensor(getattr(model.config, name)) for name in ("latents_mean", "latents_std")}


def single_file(model, folder, state, name):
    """One file with the statistics in it; of a model that is not the published one its config.json lies beside it."""
    folder = pathlib.Path(folder)
    model.save_config(folder)
    save_file({**state, **buffers(model)}, folder / name)
    return folder / name


def single_video_layout(model, folder):
    return single_file(model, folder, original_video(model), "minimax_h3_video_vae.safetensors")


VIDEO_LAYOUTS = {"diffusers": diffusers_layout, "original": original_video_layout, "one file": single_video_layout}


def audio_metadata(model):
    c = model.config
    return dict(metadata=dict(kwargs=dict(
        encoder_dim=c.encoder_dim, encoder_rates=list(c.encoder_rates), latent_dim=c.latent_dim, decoder_dim=c.decoder_dim,
        decoder_rates=list(c.decoder_rates), decoder_type="bigvgan", attn_proj=True, vae_latent_channels=c.latent_channels,
        sample_rate=c.sampling_rate)))


def original_audio_layout(model, folder):
    c, folder = model.config, pathlib.Path(folder)
    write(folder / "config.json", dict(latent_channels=c.latent_channels, sample_rate=c.sampling_rate,
                                       latents_mean=list(c.latents_mean), latents_std=list(c.latents_std)))
    write(folder / "metadata.json", audio_metadata(model))
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    return folder


def folded_audio(model):
    state, out = model.state_dict(), {}
    for name, t in state.items():
        if name.endswith(".weight_g"):
            continue
        if name.endswith(".weight_v"):
            out[name[:-2]] = torch._weight_norm(t, state[name[:-1] + "g"], 0).contiguous()
        else:
            out[name] = t.contiguous()
    return out


def single_audio_layout(model, folder):
    return single_file(model, folder, folded_audio(model), "minimax_h3_audio_vae_fp32.safetensors")


AUDIO_LAYOUTS = {"diffusers": diffusers_layout, "original": original_audio_layout, "one file": single_audio_layout}


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    pathlib.Path(folder).mkdir(parents=True)
    return folder


# ---- what the pipeline does with them -----------------------------------------------------------

def of_channels(values, ndim):
    return torch.tensor(values).view(-1, *(1,) * (ndim - 2))


def frames(model, latents):
    """latents [C,T,h,w] -> [F,3,H,W], before they are cut off at 0 and 1."""
    z = latents[None] * of_channels(model.config.latents_std, 5) + of_channels(model.config.latents_mean, 5)
    with torch.no_grad():
        y = model.decode(z.to(model.post_quant_conv.weight.dtype), return_dict=False)[0][0].float()
    return y.permute(1, 0, 2, 3) * IMAGENET[1] + IMAGENET[0]


def keyframe(model, pixels, noise):
    """pixels [3,H,W] in 0..1, noise [C,1,h,w] -> moments [2C,h,w], z before it is rounded, the latent [C,1,h,w]."""
    x = ((pixels - IMAGENET[0]) / IMAGENET[1])[None, :, None]
    with torch.no_grad():
        posterior = model.encode(x, return_dict=False)[0]
    z = (posterior.mean + posterior.std * noise[None])[0]
    latent = (z.half().float() - of_channels(model.config.latents_mean, 5)) / of_channels(model.config.latents_std, 5)
    return posterior.parameters[0, :, 0], z, latent


def samples(model, latents):
    z = latents * of_channels(model.config.latents_std, 3) + of_channels(model.config.latents_mean, 3)
    with torch.no_grad():
        return model.decode(z, return_dict=False)[0][:, 0]
