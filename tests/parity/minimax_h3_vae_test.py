# SPDX-License-Identifier: LGPL-2.1-or-later
"""The autoencoders of MiniMax-H3 against diffusers on tiny seeded models (minimax_h3_vae_oracle.py).

    minimax_h3_vae_test.py PARITY_MINIMAX_H3_VAE [GROUP]...     groups: layouts decode encode audio hostile; all without

Stage, options, tensors in -> out; path is a folder or file of weights:
    video_weights path -> every tensor under our names, latents_mean, latents_std
    video_tiles   path type products; latents [B,C,7,h,w], not normalised -> frames [B,28,3,H,W]
    video_decode  path type products tiles=N cancel_after=N; latents [C,T,h,w] -> frames [F,3,H,W], counts [calls], told [2 each], total
    video_encode  path; pixels [3,H,W] in 0..1, noise [C,1,h,w] -> moments [2C,h,w], latent [C,1,h,w]
    audio_weights path -> every tensor under our names, the multiplied kernels
    audio_decode  path; latents [S,C,A] -> samples [S,A*hop]

Bars, relative L2: video fp32 1e-6, moments 1e-6, audio 2e-6; the keyframe's latent equal but for one fp16 ulp. bf16 and
fp16: no further from fp32 with the same rounded weights than 1.2 times diffusers' own. Layouts: equal bits."""
import os
import pathlib
import sys
import tempfile
import traceback

import torch

import minimax_h3_vae_oracle as h3
import oracle

PROGRAM, CHOSEN = sys.argv[1], sys.argv[2:]
report = oracle.Report()


def seeded(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def independent(what, check, *given):
    """One comparison that raises must not hide the others."""
    try:
        check(*given)
    except Exception as error:                 # noqa: BLE001 - whatever it is, it is a failure of this case
        lines = str(error).strip().splitlines() or [type(error).__name__]
        report.check(f"{what}: runs", False, lines[-1][:300])
        if os.environ.get("H3_TRACE"):
            traceback.print_exc()


def stage(name, tensors, **options):
    return oracle.run_stage(PROGRAM, name, tensors or {"nothing": torch.zeros(1)}, **options)


def close(what, ours, wanted, bar):
    if tuple(ours.shape) != tuple(wanted.shape):
        report.check(what, False, f"expected shape {tuple(wanted.shape)}, got {tuple(ours.shape)}")
    elif not ours.isfinite().all():
        report.check(what, False, "not finite")
    else:
        report.below(what, oracle.rel_l2(ours, wanted), bar)


# ---- decoding -----------------------------------------------------------------------------------

# Latents in time, rows, columns: one clip; two; a long one; tiles in both directions; many in one.
VIDEOS = ((7, 2, 4), (12, 4, 6), (37, 4, 6), (12, 18, 20), (7, 16, 34), (7, 49, 3))


def centred(frames):
    """Of the colours that are not cut off, what the network made: a grey mean would hide much."""
    return (frames - h3.IMAGENET[0]) / h3.IMAGENET[1]


def close_frames(what, ours, wanted, bar):
    inside = (wanted > 1e-4) & (wanted < 1 - 1e-4)
    share = inside.float().mean().item()
    report.check(f"{what}: colours within 0..1", share > 0.85, f"{share:.3f} of them")
    if ours.shape == wanted.shape:
        close(what, centred(ours)[inside], centred(wanted)[inside], bar)
        close(f"{what}, cut off", ours, wanted.clamp(0, 1), bar)
    else:
        report.check(what, False, f"expected shape {tuple(wanted.shape)}, got {tuple(ours.shape)}")


def decode_case(model, path, shape):
    t, h, w = shape
    latents = seeded(100 + t + h, model.config.latent_channels, *shape)
    what = f"video, {t} latents of {h}x{w}"
    got = stage("video_decode", {"latents": latents}, path=path)
    close_frames(f"{what}, fp32", got["frames"], h3.frames(model, latents), 1e-6)
    clips = (t - 2) // 5
    counts = [17] * (clips - 1) + [22]
    report.check(f"{what}: 17 frames a call, 22 with the last", got["counts"].tolist() == counts, str(got["counts"].tolist()))
    report.check(f"{what}: told its frames", got["total"].item() == sum(counts) == got["frames"].shape[0], str(got["total"].item()))
    told, tiles = got["told"].tolist(), max(1, got["told"][1].item() // clips)
    ordered = told[0::2] == sorted(told[0::2]) and told[0] == 0 and told[-2] == told[-1] == tiles * clips
    report.check(f"{what}: progress", ordered, str(told[:12]))
    for batch in (1, 3):
        batched = stage("video_decode", {"latents": latents}, path=path, tiles=batch)["frames"]
        close(f"{what}: {batch} tiles together", batched, got["frames"], 1e-6)
    if tiles > 1:
        for after in range(0, tiles, 2):
            again = stage("video_decode", {"latents": latents}, path=path, tiles=1, cancel_after=after)["frames"]
            report.check(f"{what}: cancelled after {after} tiles and asked again, equal bits", torch.equal(again, got["frames"]))
    if clips > 1:   # a clip's frames know nothing of the clips behind it
        first = stage("video_decode", {"latents": latents[:, :7]}, path=path)["frames"]
        report.check(f"{what}: the first 17 frames are those of the first clip alone, equal bits",
                     torch.equal(first[:17], got["frames"][:17]))


def half_case(model, path, dtype, bar):
    name = {torch.bfloat16: "bf16", torch.float16: "fp16"}[dtype]
    latents = seeded(5, model.config.latent_channels, 12, 4, 18)
    exact, half = h3.frames(h3.rounded(model, dtype), latents), h3.frames(h3.halved(model, dtype), latents)
    ours = stage("video_decode", {"latents": latents}, path=path, type=name, products=name)["frames"]
    close_frames(f"video, {name}", ours, half, bar)
    kept = stage("video_decode", {"latents": latents}, path=path, type=name, products="fp32")["frames"]
    close_frames(f"video, kept in {name}, multiplied in fp32", kept, exact, 1e-6)
    inside = (exact > 1e-4) & (exact < 1 - 1e-4)
    errors = [oracle.rel_l2(centred(x)[inside], centred(exact)[inside]) for x in (ours, half)]
    report.below(f"video, {name}, from fp32 beside the oracle's", errors[0], 1.2 * errors[1])


def decode(folder):
    model = h3.video()
    path = h3.diffusers_layout(model, h3.fresh(folder / "decode"))
    tiles = seeded(3, 2, model.config.latent_channels, 7, 5, 3)
    with torch.no_grad():
        wanted = model.decoder(model.post_quant_conv(tiles)).permute(0, 2, 1, 3, 4)
    independent("tiles", lambda: close("two tiles together", stage("video_tiles", {"latents": tiles}, path=path)["frames"], wanted, 1e-6))
    for shape in VIDEOS:
        independent(f"video {shape}", decode_case, model, path, shape)
    independent("bf16", half_case, model, path, torch.bfloat16, 3e-2)
    independent("fp16", half_case, model, path, torch.float16, 4e-3)
    other = h3.video(seed=64, decoder_num_register_tokens=1, decoder_attention_head_dim=24, decoder_num_attention_heads=3,
                     decoder_rope_dim_ratio=0.5, decoder_rope_theta=50.0, clip_length=13, token_drop=2)
    path = h3.diffusers_layout(other, h3.fresh(folder / "other"))
    latents = seeded(6, other.config.latent_channels, 10, 3, 5)   # 4 n + 2
    independent("other lengths", lambda: close_frames("clips of 13, one register", stage("video_decode", {"latents": latents}, path=path)["frames"],
                                                      h3.frames(other, latents), 1e-6))


# ---- encoding -----------------------------------------------------------------------------------

def encode_case(model, path, width, height):
    channels = model.config.latent_channels
    pixels = torch.rand((3, height, width), generator=torch.Generator().manual_seed(width))
    noise = seeded(42, channels, 1, height // 16, width // 16)
    what = f"picture of {width}x{height}"
    moments, z, latent = h3.keyframe(model, pixels, noise)
    got = stage("video_encode", {"pixels": pixels, "noise": noise}, path=path)
    close(f"{what}, moments", got["moments"], moments, 1e-6)
    close(f"{what}, latent", got["latent"], latent, 1e-5)
    # Where the reference's number lies between two of fp16 the other may come out.
    std, mean = (h3.of_channels(getattr(model.config, n), 5) for n in ("latents_std", "latents_mean"))
    ulp = torch.finfo(torch.float16).eps * z.abs().clamp_min(2.0 ** -14)
    off = ((got["latent"] - latent) * std).abs()
    report.check(f"{what}, latent: equal or one ulp of fp16", bool((off <= 1.01 * ulp + 1e-6 * mean.abs()).all()), f"{(off / ulp).max():.3g} ulp")
    report.below(f"{what}, latent: others than the reference's", (off > 1e-5).float().mean().item(), 0.01)


def encode(folder):
    for name, changes, sizes in (("tiny", {}, ((96, 64), (320, 288), (48, 272))),
                                 ("of a clip of 13, five levels", dict(block_out_channels=(8, 8, 16, 24, 12), spatial_downsample_factors=(2, 2, 2, 2, 1),
                                                            temporal_downsample_factors=(2, 1, 2, 1, 1), layers_per_block=1, clip_length=13,
                                                            token_drop=2), ((64, 32),))):
        model = h3.video(seed=63, **changes)
        path = h3.diffusers_layout(model, h3.fresh(folder / "encode"))
        for width, height in sizes:
            independent(f"picture, {name}, {width}x{height}", encode_case, model, path, width, height)


# ---- sound --------------------------------------------------------------------------------------

def audio_case(model, path, count, sounds=2):
    latents = seeded(count, sounds, model.config.latent_channels, count)
    wanted = h3.samples(model, latents)
    ours = stage("audio_decode", {"latents": latents}, path=path)["samples"]
    what = f"sound of {count} latents"
    loud = (wanted.abs() > 0.999).float().mean().item()
    report.check(f"{what}: within -1..1, and not silent", loud < 0.1 and wanted.square().mean().sqrt() > 0.02, f"{loud:.3f} at the edge")
    close(what, ours, wanted, 2e-6)


def audio(folder):
    model = h3.audio()
    path = h3.diffusers_layout(model, h3.fresh(folder / "audio"))
    for count in (1, 2, 37, 65):
        independent(f"sound, {count} latents", audio_case, model, path, count)
    other = h3.audio(seed=65, encoder_rates=(2, 3, 5), decoder_rates=(3, 5, 2), decoder_kernel_sizes=(7, 9, 2), decoder_dim=48,
                     resblock_kernel_sizes=(5, 3), resblock_dilation_sizes=((1, 2), (2, 3)))
    path = h3.diffusers_layout(other, h3.fresh(folder / "audio-other"))
    independent("sound of another shape", audio_case, other, path, 19, 3)


# ---- layouts ------------------------------------------------------------------------------------

def same_tensors(what, ours, wanted):
    missing = sorted(set(wanted) - set(ours))
    report.check(f"{what}: every tensor", not missing, str(missing[:3]))
    other = [k for k in wanted if k in ours and not torch.equal(ours[k], wanted[k])]
    report.check(f"{what}: equal bits", not other, str(other[:3]))


def video_state(model):
    """Ours: queries, keys and values in one matrix, otherwise as diffusers."""
    state, out = model.state_dict(), h3.buffers(model)
    for name, t in state.items():
        new = name.replace("decoder.transformer_blocks.", "decoder.blocks.").replace(".attn.to_out.0.", ".out.")
        new = new.replace(".ff.net.0.proj.", ".ff_in.").replace(".ff.net.2.", ".ff_out.")
        if ".attn.to_q." in name:
            new, t = new.replace(".attn.to_q.", ".qkv."), torch.cat([state[name.replace("to_q", f"to_{x}")] for x in "qkv"])
        if ".attn.to_k." not in name and ".attn.to_v." not in name:
            out[new] = t
    return out


def audio_state(model):
    out = {k: v for k, v in h3.folded_audio(model).items() if k.startswith(("decoder.", "dec_in_proj.")) and not k.endswith(".filter")}
    for name in list(out):
        if name.endswith(".act.alpha"):
            out[name] = torch.exp(out[name])
        elif name.endswith(".act.beta"):
            out[name] = (torch.exp(out[name]) + 1e-9).reciprocal()
    return {**out, **h3.buffers(model), "filter": model.decoder.activation_post.upsample.filter.flatten()}


# What the original's configuration cannot say is as the published one has it.
ORIGINAL_VIDEO = dict(block_out_channels=(32, 64, 64, 96, 96, 128), norm_num_groups=32, decoder_num_register_tokens=4, decoder_ffn_mult=4)


def layouts(folder):
    for kind, models, table, state, decode_stage, given in (
            ("video", h3.video(**ORIGINAL_VIDEO), h3.VIDEO_LAYOUTS, video_state, "video_decode", seeded(1, 10, 7, 2, 3)),
            ("audio", h3.audio(), h3.AUDIO_LAYOUTS, audio_state, "audio_decode", seeded(2, 2, 6, 9))):
        results = {}
        for name, layout in table.items():
            what = f"{kind}, {name}"
            path = layout(models, h3.fresh(folder / f"{kind}-{name}".replace(" ", "-")))
            independent(what, lambda: same_tensors(what, stage(f"{kind}_weights", {}, path=path), state(models)))
            independent(what, lambda: results.__setitem__(name, stage(decode_stage, {"latents": given}, path=path)))
        first = next(iter(results.values()), {})
        for name, got in results.items():
            report.check(f"{kind}, {name}: the same result, equal bits", got and all(torch.equal(got[k], first[k]) for k in first))


GROUPS = {"layouts": layouts, "decode": decode, "encode": encode, "audio": audio}

with tempfile.TemporaryDirectory(prefix="h3-vae-", dir=oracle.BUILD) as place:
    for group in CHOSEN or GROUPS:
        GROUPS[group](pathlib.Path(place))
sys.exit(report.end())
