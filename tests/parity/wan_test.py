# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wan 2.1 / 2.2 against diffusers and transformers on tiny seeded models, stage by stage and as whole clips.

    wan_test.py PARITY_WAN [GROUP]...      groups: levels unipc umt5 forward vae clip; all without

Every tensor in the files is fp32 (ids int64, pictures u8); weights are under "w." + the original name (UMT5:
transformers' name). Where type=bf16 the program casts as diffusers does: the latents, states, image and weights to bf16,
but not t nor time_embedding.*, modulation, head.modulation, norm3, img_emb.proj.0, img_emb.proj.4.

Stage, options, tensors in -> out:
    levels   steps shift schedule=unipc -> sigmas [N+1], t [N]
    unipc    steps shift type; noise [C,T,H,W], velocities [N,C,T,H,W] -> latents [C,T,H,W]
    umt5     vocab d_model d_kv heads d_ff layers type; ids [L] -> states [L,d_model]
    forward  heads head_dim in_channels out_channels layers ffn text_dim freq_dim image_dim pos_tokens eps type;
             latents [C,T,H,W], t [R] (R = 1, or T: one per latent frame), states [512,text_dim], image [tokens,image_dim]
             if image_dim, block{i}.x [N,h] -> temb [R,h] (before any cast), e6 [R,6,h], ctx [(image +) 512,h],
             block{i} [N,h] from its block{i}.x, velocity [C,T,H,W]
    decode   kind=2.1|2.2 base_dim decoder_base_dim z_dim dim_mult num_res_blocks mean std chunk type; latents [z,T,h,w],
             normalised -> frames [4T-3,3,H,W] in 0..1
    encode   the same; pixels [F,3,H,W] in -1..1 -> latents [z,T,h,w], normalised
    clip     (parity_pipeline) model and other options of the engine's table; image, last [H,W,3] u8 -> frames [F,H,W,3] u8

Bars, relative L2 unless said otherwise:
    levels, t                          equal bits
    UniPC on given velocities          1e-6 in both types
    UMT5                               fp32 1e-5; bf16 3e-2
    temb, e6, ctx                      fp32 1e-6; bf16 2e-2 (temb 1e-6 there too)
    each block on the oracle's input   fp32 2e-6, worst value 1e-5 of the largest; bf16 1e-2
    velocity                           fp32 1e-5; bf16 3e-2
    VAE encode, decode                 fp32 1e-5; bf16 3e-2
    frames, worst frame                fp32 60 dB for text to video, 52 dB with a picture
In bf16 also the 1.2 rule: no further from fp32 with the same rounded weights than 1.2 times the oracle's own bf16 is.
For frames: the oracle's PSNR of bf16 to fp32 less 1.6 dB, which is that factor."""
import dataclasses
import os
import pathlib
import sys
import tempfile
import traceback

import torch

import oracle
import wan_oracle

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "media"))
import ffmpeg_common  # noqa: E402, beside the tests of the filters

PROGRAM, CHOSEN = sys.argv[1], sys.argv[2:]
report = oracle.Report()
ENGLISH, CHINESE = "A cat walks on the grass, realistic style.", "一只猫在草地上行走，写实风格。"
NEGATIVE = "bad hands, bad teeth, deformation"
TEXT_ROWS, TEXT_LENGTH = 17, 512


def seeded(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def listed(values):
    return ",".join(map(str, values))


def independent(what, check, *given):
    """One comparison that raises must not hide the others."""
    try:
        check(*given)
    except Exception as error:                 # noqa: BLE001 - whatever it is, it is a failure of this case
        lines = str(error).strip().splitlines() or [type(error).__name__]
        report.check(f"{what}: runs", False, lines[-1][:300])
        if os.environ.get("WAN_TRACE"):
            traceback.print_exc()


def stage(name, tensors, **options):
    return oracle.run_stage(PROGRAM, name, tensors, **options)


def close(what, got, name, wanted, bar):
    """A tensor of the stage's answer; one that is missing or of another shape is a failure, not the end."""
    if name not in got:
        report.check(what, False, f"expected a tensor {name}, got {sorted(got)}")
        return None
    ours = got[name]
    if tuple(ours.shape) != tuple(wanted.shape):
        report.check(what, False, f"expected shape {tuple(wanted.shape)}, got {tuple(ours.shape)}")
        return None
    if not ours.isfinite().all():
        report.check(what, False, "not finite")
        return None
    report.below(what, oracle.rel_l2(ours, wanted), bar)
    return ours


def rule(what, ours, half, exact):
    """The 1.2 rule."""
    if ours is not None:
        report.below(f"{what}, from fp32 beside the oracle's", oracle.rel_l2(ours, exact), 1.2 * oracle.rel_l2(half, exact))


# ---- levels, UniPC ------------------------------------------------------------------------------

def levels_case(shift, steps):
    scheduler = wan_oracle.scheduler(shift)
    scheduler.set_timesteps(steps)
    ours = stage("levels", {"nothing": torch.zeros(1)}, steps=steps, shift=shift, schedule="unipc")
    for name, wanted in (("sigmas", scheduler.sigmas), ("t", scheduler.timesteps.float())):
        equal = torch.equal(ours[name].float(), wanted.float())
        figure = "" if equal else f"expected {wanted.tolist()[:6]}, got {ours[name].tolist()[:6]}"
        report.check(f"{name}: equal bits (shift {shift:g}, {steps} steps)", equal, figure)


def levels():
    for shift in (1.0, 3.0, 5.0, 8.0, 12.0, 16.0):
        for steps in (1, 2, 3, 4, 6, 8, 10, 40, 50):
            independent(f"levels, shift {shift:g}, {steps} steps", levels_case, shift, steps)


def oracle_unipc(noise, velocities, shift):
    scheduler = wan_oracle.scheduler(shift)
    scheduler.set_timesteps(len(velocities))
    scheduler.set_begin_index(0)
    latents = noise[None]
    for v, t in zip(velocities, scheduler.timesteps):
        latents = scheduler.step(v[None], t, latents, return_dict=False)[0]
    return latents[0]


def unipc_case(steps, shift, dtype):
    noise, velocities = seeded(30 + steps, 16, 3, 6, 8), seeded(31 + steps, steps, 16, 3, 6, 8)
    wanted = oracle_unipc(noise, velocities.to(dtype), shift)
    kind = "bf16" if dtype == torch.bfloat16 else "fp32"
    ours = stage("unipc", dict(noise=noise, velocities=velocities), steps=steps, shift=shift, type=kind)
    what = f"UniPC, {kind}, {steps} steps, shift {shift:g}"
    got = close(what, ours, "latents", wanted, 1e-6)
    if got is not None:
        print(f"     {what}: {'equal bits' if torch.equal(got, wanted) else 'other bits'}")


def unipc():
    for dtype in (torch.float32, torch.bfloat16):
        for steps, shift in ((1, 3.0), (2, 5.0), (3, 3.0), (4, 8.0), (10, 3.0), (10, 16.0), (50, 5.0)):
            independent(f"UniPC, {dtype}, {steps} steps", unipc_case, steps, shift, dtype)


# ---- UMT5 ---------------------------------------------------------------------------------------

def umt5_case(name, changes, length):
    model = wan_oracle.umt5(7, **changes)
    c = model.config
    ids = torch.randint(2, c.vocab_size, (length,), generator=torch.Generator().manual_seed(length))
    ids[-1] = 1
    padded, mask = torch.zeros(1, TEXT_LENGTH, dtype=torch.long), torch.zeros(1, TEXT_LENGTH, dtype=torch.long)
    padded[0, :length], mask[0, :length] = ids, 1
    with torch.no_grad():
        states = model(padded, mask).last_hidden_state[0, :length]      # what the pipeline does
        given = {**oracle.prefixed("w.", wan_oracle.umt5_weights(model)), "ids": ids}
        small = dict(vocab=c.vocab_size, d_model=c.d_model, d_kv=c.d_kv, heads=c.num_heads, d_ff=c.d_ff, layers=c.num_layers)
        model.bfloat16()
        halves = [model(ids[None]).last_hidden_state[0].float(), model(padded, mask).last_hidden_state[0, :length].float()]
        exact = model.float()(ids[None]).last_hidden_state[0]
    title = f"UMT5, {name}, {length} tokens"
    close(f"{title}, fp32", stage("umt5", given, type="fp32", **small), "states", states, 1e-5)
    # The oracle's two ways, padded and not, differ by as much as either from fp32.
    half = max(halves, key=lambda h: oracle.rel_l2(h, exact))
    ours = close(f"{title}, bf16", stage("umt5", given, type="bf16", **small), "states", halves[0], 3e-2)
    rule(f"{title}, bf16", ours, half, exact)


def umt5():
    for name, changes, length in (("tiny", {}, 17), ("tiny", {}, 1), ("tiny", {}, 300),
                                  ("uneven", dict(vocab_size=211, d_model=48, d_kv=8, num_heads=5, d_ff=70, num_layers=2), 130)):
        independent(f"UMT5, {name}, {length} tokens", umt5_case, name, changes, length)


# ---- transformer --------------------------------------------------------------------------------

# Name: kind, configuration, (T, H, W). Heads, axes and sizes differ, so that a swapped pair of them cannot cancel.
FORWARDS = {
    "T2V": ("t2v", {}, (3, 6, 8)),
    "T2V, one frame": ("t2v", dict(num_layers=1), (1, 8, 4)),
    "T2V, 2 heads of 44": ("t2v", dict(num_attention_heads=2, attention_head_dim=44, ffn_dim=200, text_dim=48, num_layers=2), (5, 4, 10)),
    "I2V 2.1": ("i2v", {}, (3, 6, 8)),
    "FLF2V": ("flf2v", {}, (3, 6, 8)),
    "I2V-A14B": ("i2v_a14b", {}, (3, 6, 8)),
    "5B, first frame at 0": ("ti2v", {}, (3, 4, 6)),
    "5B, one t": ("ti2v", {}, (3, 4, 6)),
}


class Taps:
    """What enters and leaves the parts of one oracle forward, without the batch."""

    def __init__(self, model):
        self.found, self.handles = {}, []
        def keep(name, pick=lambda given, out: out):
            return lambda _, given, out: self.found.__setitem__(name, pick(given, out).detach().clone())
        embedder = model.condition_embedder
        self.handles.append(embedder.time_embedder.register_forward_hook(keep("temb")))
        self.handles.append(embedder.time_proj.register_forward_hook(keep("e6")))
        for i, block in enumerate(model.blocks):
            self.handles.append(block.register_forward_hook(keep(f"block{i}")))
            self.handles.append(block.register_forward_hook(keep(f"block{i}.x", lambda given, out: given[0])))
            if i == 0:
                self.handles.append(block.register_forward_hook(keep("ctx", lambda given, out: given[1])))
                self.handles.append(block.register_forward_hook(lambda _, given, out: self.found.__setitem__("given", given[1:])))

    def close(self):
        for h in self.handles:
            h.remove()


@torch.no_grad()
def oracle_forward(model, latents, t, states, image):
    """t: int64 [1], or fp32 [T], given to every token of its frame."""
    dtype = model.patch_embedding.weight.dtype
    tokens = (latents.shape[2] // 2) * (latents.shape[3] // 2)
    timestep = t if t.dtype == torch.long else t.repeat_interleave(tokens)[None]
    taps = Taps(model)
    pictures = None
    if image is not None:
        seats = model.config.pos_embed_seq_len
        pictures = (image.view(2, seats // 2, -1) if seats else image[None]).to(dtype)
    velocity = model(latents[None].to(dtype), timestep, states[None].to(dtype), pictures, return_dict=False)[0][0]
    taps.close()
    found = {k: (v[0].float() if v.shape[0] == 1 else v.float()) for k, v in taps.found.items() if k != "given"}
    width = model.config.num_attention_heads * model.config.attention_head_dim
    for name, rows in (("temb", (-1, width)), ("e6", (-1, 6, width))):
        value = taps.found[name].float().reshape(rows)
        found[name] = value[::tokens] if len(value) > 1 else value
    return found, velocity.float(), taps.found["given"]


def distinct(ctx):
    """Of the text rows beyond the prompt, all alike, the first."""
    return ctx[:len(ctx) - TEXT_LENGTH + TEXT_ROWS + 1]


def forward_case(name, seed):
    kind, changes, grid = FORWARDS[name]
    model = wan_oracle.transformer(kind, seed, **changes)
    c = model.config
    latents = seeded(seed + 1, c.in_channels, *grid)
    states = torch.zeros(TEXT_LENGTH, c.text_dim)
    states[:TEXT_ROWS] = seeded(seed + 2, TEXT_ROWS, c.text_dim)
    image = seeded(seed + 3, c.pos_embed_seq_len or wan_oracle.CLIP_TOKENS, c.image_dim) if c.image_dim else None
    t = torch.tensor([499])
    if name == "5B, first frame at 0":
        t = torch.tensor([0.0] + [499.0] * (grid[0] - 1))
    elif name == "5B, one t":
        t = torch.full((grid[0],), 731.0)
    found, velocity, _ = oracle_forward(model, latents, t, states, image)
    blocks = [f"block{i}" for i in range(c.num_layers)]
    given = {**oracle.prefixed("w.", wan_oracle.original_transformer(model.state_dict())), "latents": latents, "t": t.float(), "states": states}
    if image is not None:
        given["image"] = image
    options = dict(heads=c.num_attention_heads, head_dim=c.attention_head_dim, in_channels=c.in_channels, out_channels=c.out_channels,
                   layers=c.num_layers, ffn=c.ffn_dim, text_dim=c.text_dim, freq_dim=c.freq_dim, image_dim=c.image_dim or 0,
                   pos_tokens=c.pos_embed_seq_len or 0, eps=c.eps)

    ours = stage("forward", {**given, **{f"{b}.x": found[f"{b}.x"] for b in blocks}}, type="fp32", **options)
    for part in ("temb", "e6", "ctx"):
        close(f"{name}: {part}, fp32", ours, part, found[part], 1e-6)
    for b in blocks:
        got = close(f"{name}: {b}, fp32", ours, b, found[b], 2e-6)
        if got is not None:
            report.below(f"{name}: {b}, fp32, worst value", ((got - found[b]).abs().max() / found[b].abs().max()).item(), 1e-5)
    close(f"{name}: velocity, fp32", ours, "velocity", velocity, 1e-5)

    # bf16, from the oracle's own bf16 inputs of each block.
    half = wan_oracle.halved(model)
    exact = wan_oracle.rounded(model)
    near, near_velocity, _ = oracle_forward(half, latents, t, states, image)
    cast = lambda x: None if x is None else x.bfloat16().float()
    whole, whole_velocity, (ctx, e6, tables) = oracle_forward(exact, cast(latents), t, cast(states), cast(image))
    ours = stage("forward", {**given, **{f"{b}.x": near[f"{b}.x"] for b in blocks}}, type="bf16", **options)
    close(f"{name}: temb, bf16", ours, "temb", whole["temb"], 1e-6)
    e6_ours = close(f"{name}: e6, bf16", ours, "e6", near["e6"], 2e-2)
    rule(f"{name}: e6, bf16", e6_ours, near["e6"], whole["e6"])
    ctx_ours = close(f"{name}: ctx, bf16", ours, "ctx", near["ctx"], 2e-2)
    if ctx_ours is not None:
        rule(f"{name}: ctx, bf16", distinct(ctx_ours), distinct(near["ctx"]), distinct(whole["ctx"]))
    for i, b in enumerate(blocks):
        got = close(f"{name}: {b}, bf16", ours, b, near[b], 1e-2)
        with torch.no_grad():
            rule(f"{name}: {b}, bf16", got, near[b], exact.blocks[i](near[f"{b}.x"][None], ctx, e6, tables)[0])
    got = close(f"{name}: velocity, bf16", ours, "velocity", near_velocity, 3e-2)
    rule(f"{name}: velocity, bf16", got, near_velocity, whole_velocity)


def forward():
    for seed, name in enumerate(FORWARDS):
        independent(f"forward, {name}", forward_case, name, 100 + 10 * seed)


# ---- VAE ----------------------------------------------------------------------------------------

def vae_options(kind, model, **more):
    c = model.config
    return dict(kind=kind, base_dim=c.base_dim, decoder_base_dim=c.decoder_base_dim or c.base_dim, z_dim=c.z_dim, dim_mult=listed(c.dim_mult),
                num_res_blocks=c.num_res_blocks, mean=listed(c.latents_mean), std=listed(c.latents_std), **more)


@torch.no_grad()
def oracle_encode(model, pixels):
    mean, scale = wan_oracle.statistics(model)
    mode = model.encode(pixels.to(model.dtype).transpose(0, 1)[None]).latent_dist.mode()[0].float()
    return (mode - mean) * scale


def weights(model):
    return oracle.prefixed("w.", wan_oracle.original_vae(model.state_dict()))


def vae_case(stage_name, kind, model, given, run, title):
    name, value = given
    out = "frames" if stage_name == "decode" else "latents"
    tensors = {**weights(model), name: value}
    wanted = run(model, value)
    ours = stage(stage_name, tensors, **vae_options(kind, model, chunk=1, type="fp32", history="whole"))
    got = close(f"{title}, fp32", ours, out, wanted, 1e-5)
    if got is not None and out == "frames":
        report.check(f"{title}, fp32, in 0..1", got.min() >= 0 and got.max() <= 1)
    # What a decoder keeps is rounded to fp16 where memory is short: near, and only behind the first latent frame.
    rounded = stage(stage_name, tensors, **vae_options(kind, model, chunk=1, type="fp32", history="half"))
    near = close(f"{title}, history in fp16", rounded, out, wanted, 1e-3)
    if near is not None and got is not None:
        report.check(f"{title}, history in fp16, differs behind the first", torch.equal(near, got) == (value.shape[name == "latents"] == 1))
    half = wan_oracle.copy.deepcopy(model).bfloat16()
    near, exact = run(half, value), run(wan_oracle.copy.deepcopy(half).float(), value.bfloat16().float())
    ours = stage(stage_name, tensors, **vae_options(kind, model, chunk=1, type="bf16", history="whole"))
    rule(f"{title}, bf16", close(f"{title}, bf16", ours, out, near, 3e-2), near, exact)


def vae():
    models = {"2.1": wan_oracle.vae("2.1"), "2.2": wan_oracle.vae("2.2"), "2.1, uneven": wan_oracle.vae("2.1", 5, base_dim=10, dim_mult=[1, 1, 3, 2])}
    for name, model in models.items():
        kind, scale = name[:3], model.config.scale_factor_spatial
        for count, height, width in ((1, 3, 4), (2, 4, 3), (3, 3, 4), (5, 2, 3)):
            if "uneven" in name and count != 3:
                continue
            latents = seeded(60 + count, model.config.z_dim, count, height, width)
            title = f"decode {name}, {count} latents {height}x{width}"
            independent(title, vae_case, "decode", kind, model, ("latents", latents), wan_oracle.decode, title)
        for count, height, width in ((1, 3, 2), (5, 2, 3), (9, 2, 3)):
            if "uneven" in name and count != 5:
                continue
            pixels = seeded(70 + count, count, 3, scale * height, scale * width).clamp(-1, 1)
            title = f"encode {name}, {count} frames {scale * height}x{scale * width}"
            independent(title, vae_case, "encode", kind, model, ("pixels", pixels), oracle_encode, title)


# ---- whole clips --------------------------------------------------------------------------------

@dataclasses.dataclass(frozen=True)
class Clip:
    pipeline: str
    prompt: str = ENGLISH
    width: int = 64
    height: int = 48
    frames: int = 9
    steps: int = 4
    seed: int = 1
    guidance: float = 5.0
    negative: str = ""
    shift: float = 3.0
    half: bool = False          # in bf16 too


CLIPS = {
    "T2V": Clip("t2v", half=True),
    "T2V, Chinese, no guidance, one step": Clip("t2v", CHINESE, 48, 64, 5, 1, 2, 1.0, shift=5.0),
    "T2V, negative prompt, ten steps": Clip("t2v", frames=5, steps=10, seed=3, guidance=3.0, negative=NEGATIVE, shift=8.0),
    "T2V, prompt cut at 512": Clip("t2v", "The red fox runs through deep snow at night. " * 40, 32, 48, 17, 3, 4),
    "T2V-A14B": Clip("t2v_a14b", seed=5, guidance=4.0),                  # t 999 900 | 750 500
    "5B, text": Clip("ti2v", width=96, height=64, seed=6, shift=5.0),
    "5B, picture": Clip("ti2v_image", width=96, height=64, seed=7, shift=5.0, half=True),
    "I2V-A14B": Clip("i2v_a14b", seed=8, guidance=3.5),                  # t 999 900 | 750 500: equal to the boundary
    "I2V 2.1": Clip("i2v", seed=9, negative=NEGATIVE),
    "FLF2V": Clip("flf2v", CHINESE, seed=10, shift=16.0),
}


CLIP_PROGRAM = str(pathlib.Path(PROGRAM).with_name("parity_pipeline"))   # through the C API, for any family


def clip_case(name, folder):
    clip = CLIPS[name]
    model = pathlib.Path(folder, clip.pipeline)
    if model.exists():
        pipe = wan_oracle.pipeline(clip.pipeline, shift=clip.shift)
    else:
        pipe = wan_oracle.save_pipeline(clip.pipeline, model, shift=clip.shift)
    pictures, given = {}, {"nothing": torch.zeros(1)}
    if clip.pipeline in wan_oracle.WITH_PICTURE:
        pictures["image"] = oracle.picture(80, 60)
    if clip.pipeline == "flf2v":
        pictures["last"] = oracle.picture(70, 64, seed=6)
    for role, picture in pictures.items():
        given[role] = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).view(picture.height, picture.width, 3)
    asked = dict(width=clip.width, height=clip.height, frames=clip.frames, steps=clip.steps, seed=clip.seed, guidance=clip.guidance,
                 negative=clip.negative, **pictures)
    options = dict(model=model, device="cpu", prompt=clip.prompt, negative_prompt=clip.negative or " ", size=f"{clip.width}x{clip.height}",
                   frames=clip.frames, steps=clip.steps, guidance=repr(clip.guidance), seed=clip.seed, flow_shift=repr(clip.shift))
    if pictures:
        options["fit"] = "stretch"            # what diffusers does
    wanted = wan_oracle.frames(pipe, clip.prompt, **asked)
    assert wanted.shape == (clip.frames, clip.height, clip.width, 3), wanted.shape
    levels = lambda x: (x * 255).round() / 255
    worst = lambda a, b: min(oracle.psnr(x, y) for x, y in zip(a, b))
    ours = oracle.run_stage(CLIP_PROGRAM, "clip", given, precision="fp32", **options)["frames"].float() / 255
    good = ours.shape == wanted.shape
    report.check(f"{name}: shape", good, tuple(ours.shape))
    if good:
        report.above(f"{name}: worst frame, fp32, dB (spread {wanted.std():.2f})", worst(ours, levels(wanted)), 52 if pictures else 60)
    if "image" in given and "last" not in given and good:
        before = {"history": given["image"]}       # a clip that goes on from a frame is one that begins with it
        again = oracle.run_stage(CLIP_PROGRAM, "clip", before, precision="fp32", **options)["frames"]
        report.check(f"{name}: the same frames after a history", torch.equal(again.float() / 255, ours))
    if clip.guidance <= 1 and good:
        # Through the stock ffmpeg: the same bytes. (A negative prompt of one blank would need quoting of its own there.)
        options.pop("negative_prompt")
        graph = "t2vsrc=" + ":".join(f"{k}='{v}'" for k, v in dict(options, precision="fp32").items()) + ",format=gbrp[v]"
        raw, err, status = ffmpeg_common.run(ffmpeg_common.FFMPEG + ["-filter_complex", graph, "-map", "[v]", "-f", "rawvideo", "-"], text=False, timeout=300)
        planes = torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(-1, 3, clip.height, clip.width) if status == 0 else None
        same = planes is not None and torch.equal(planes[:, [2, 0, 1]].permute(0, 2, 3, 1), (ours * 255).round().to(torch.uint8))
        report.check(f"{name}: through the stock ffmpeg, the same bytes", same, "" if status == 0 else str(err)[-300:])
    if clip.half and good:
        theirs = [oracle.psnr(wan_oracle.frames(wan_oracle.halved_pipeline(pipe, too), clip.prompt, **asked), wanted) for too in (True, False)]
        near = oracle.run_stage(CLIP_PROGRAM, "clip", given, precision="bf16", **options)["frames"].float() / 255
        report.above(f"{name}: bf16 to fp32, dB (the oracle's {theirs[0]:.1f}, VAE in fp32 {theirs[1]:.1f})", oracle.psnr(near, wanted),
                     min(theirs) - 1.6)


def clip():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        for name in CLIPS:
            independent(f"clip, {name}", clip_case, name, folder)


GROUPS = dict(levels=levels, unipc=unipc, umt5=umt5, forward=forward, vae=vae, clip=clip)

if __name__ == "__main__":
    for group in CHOSEN or GROUPS:
        GROUPS[group]()
    report.end()
