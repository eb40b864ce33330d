# SPDX-License-Identifier: LGPL-2.1-or-later
"""CogVideoX and CogVideoX1.5 against diffusers and transformers on tiny seeded models, stage by stage and as whole clips.

    cogvideox_test.py PARITY_COGVIDEOX [GROUP]...      groups: levels solver tokens t5 forward vae clip files; all without

Weights are under "w." + diffusers' (transformers') name, configurations are the text of config.json. Stages, tensors in ->
out (cogvideox_stage.cpp has the options):
    levels   -> t [N], abar [N], abar_next [N] fp64, guidance [N]: use_dynamic_cfg of 6
    solver   velocities [N,T,C,H,W] -> latents, from noise of the seed
    tokens   texts u8, a zero behind each -> ids, -1 behind those of each
    t5       ids [226] -> states
    forward  latents [T,C,H,W], t [1], states [226,D], block{i}.x [tokens,h] -> cos, sin or added, text, block{i}, velocity
    decode   latents [T,16,h,w] -> frames [F,3,H,W] in 0..1, counts: frames of each batch
    encode   pixels [F,3,H,W] in -1..1 -> moments [T,32,h,w]
    clip     (parity_pipeline) a whole model folder

Bars, relative L2 unless said otherwise:
    times equal; abar and factors of guidance 1e-12; T5 1e-5; places, text 1e-6; blocks 2e-6 (bf16 1.2e-2); velocity 1e-5
    solver 1e-6; autoencoder 3e-6, tiles 1e-5; streamed = whole by construction: counts are 9, 8, 8 ...
    frames, worst one: 60 dB from text, 52 dB from a picture; single files and adapters: the same frames, or the bar again
In bf16 also the 1.2 rule: no further from fp32 with the same rounded weights than 1.2 times the oracle's own bf16 is."""
import json
import math
import os
import pathlib
import sys
import tempfile
import traceback

import torch
from safetensors.torch import load_file, save_file

import cogvideox_oracle as cog
import generated_prompts
import oracle

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "media"))
import ffmpeg_common  # noqa: E402, beside the tests of the filters

PROGRAM, CHOSEN = sys.argv[1], sys.argv[2:]
CLIP_PROGRAM = str(pathlib.Path(PROGRAM).with_name("parity_pipeline"))   # through the C API, for any family
PROMPT, NEGATIVE = "A cat walks on the grass, realistic style.", "bad hands, deformation"
report = oracle.Report()


def seeded(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def independent(what, check, *given, **more):
    """One comparison that raises must not hide the others."""
    try:
        check(*given, **more)
    except Exception as error:                 # noqa: BLE001 - whatever it is, it is a failure of this case
        lines = str(error).strip().splitlines() or [type(error).__name__]
        report.check(f"{what}: runs", False, lines[-1][:300])
        if os.environ.get("COGVIDEOX_TRACE"):
            traceback.print_exc()


def stage(name, tensors, **options):
    return oracle.run_stage(PROGRAM, name, tensors, **options)


def close(what, ours, wanted, bar):
    good = tuple(ours.shape) == tuple(wanted.shape) and bool(ours.isfinite().all())
    if not good:
        report.check(what, False, f"expected finite values of shape {tuple(wanted.shape)}, got {tuple(ours.shape)}")
    else:
        report.below(what, oracle.rel_l2(ours, wanted), bar)


def config_text(model):
    return json.dumps({"_class_name": type(model).__name__, **model.config}, default=list)


def rule(what, ours, half, exact):
    report.below(f"{what}, from fp32 beside the oracle's", oracle.rel_l2(ours, exact), 1.2 * oracle.rel_l2(half, exact))


# ---- levels and solvers -------------------------------------------------------------------------

def levels():
    for kind, shift in (("2b", 3.0), ("5b", 1.0)):
        scheduler, wrong, at = cog.scheduler(kind), [], 0
        ours = stage("levels", {"nothing": torch.zeros(1)}, most=100, shift=shift)
        near = lambda a, b: ((a - b).abs() <= 1e-12 * b.abs().clamp_min(1e-300)).all()
        for steps in range(1, 101):
            scheduler.set_timesteps(steps)
            t = [int(v) for v in scheduler.timesteps if v >= 0]
            before, abar, end = [v - 1000 // steps for v in t], scheduler.alphas_cumprod, at + len(t)
            wanted = torch.stack([abar[v] if v >= 0 else torch.tensor(1.0, dtype=torch.float64) for v in before])
            guidance = [1 + 6.0 * ((1 - math.cos(math.pi * ((steps - v) / steps) ** 5.0)) / 2) for v in t]
            same = ours["t"][at:end].tolist() == t and near(ours["abar"][at:end], abar[t]) and near(ours["abar_next"][at:end], wanted)
            if not (same and near(ours["guidance"][at:end], torch.tensor(guidance, dtype=torch.float64))):
                wrong.append(steps)
            at = end
        report.check(f"times, levels, dynamic guidance, shift {shift:g}, 1 to 100 steps", not wrong and at == len(ours["t"]), wrong)


def oracle_solver(kind, dpm, velocities, seed):
    scheduler = cog.scheduler(kind, dpm)
    scheduler.set_timesteps(len(velocities))
    generator, old = torch.Generator().manual_seed(seed), None
    x = torch.randn(velocities[0].shape, generator=generator)
    for i, t in enumerate(scheduler.timesteps):
        if dpm:
            x, old = scheduler.step(velocities[i], old, t, scheduler.timesteps[i - 1] if i > 0 else None, x, generator=generator, return_dict=False)
        else:
            x = scheduler.step(velocities[i], t, x, return_dict=False)[0]
        x = x.float()
    return x


def solver():
    for dpm in (False, True):
        for kind, shift in (("2b", 3.0), ("5b", 1.0)):
            for steps in (1, 2, 3, 6, 7, 50):
                velocities = seeded(steps, steps, 3, 16, 4, 6)
                ours = stage("solver", {"velocities": velocities}, steps=steps, shift=shift, seed=5, solver="dpm_sde_2m_v" if dpm else "ddim_v")
                close(f"{'DPM' if dpm else 'DDIM'}, {kind}, {steps} steps", ours["latents"], oracle_solver(kind, dpm, velocities, 5), 1e-6)


# ---- text ---------------------------------------------------------------------------------------

def tokens():
    texts = ["", "a cat", "  a  cat\t\nwalks ", "x</s>y", "<extra_id_0> a", "<extra_id_99>b", "<pad>", "<unk>", "\U0001F680\U0001F680", "café naïve", "一只猫", "Ａｂ①½",
             "{x} ~ <b> \\ ^ `", "word " * 400]
    texts += [t for t in generated_prompts.prompts(3000, 5) if "\0" not in t]
    reference = cog.tokenizer()
    with tempfile.TemporaryDirectory() as folder:
        cog.write_tokenizer(folder)
        given = torch.frombuffer(bytearray(b"".join(t.encode() + b"\0" for t in texts)), dtype=torch.uint8)
        flat = stage("tokens", {"texts": given}, file=f"{folder}/spiece.model")["ids"].tolist()
        ours, row = [], []
        for i in flat:
            if i < 0:
                ours.append(row)
                row = []
            else:
                row.append(i)
        wrong = [t for t, ids in zip(texts, ours) if ids != reference(t, max_length=226, truncation=True).input_ids]
        report.check(f"ids of {len(texts)} texts", len(ours) == len(texts) and not wrong, wrong[:3])
        data = pathlib.Path(folder, "spiece.model").read_bytes()
        for cut in (len(data) - 1, len(data) // 2, 1):
            pathlib.Path(folder, "spiece.model").write_bytes(data[:cut])
            try:
                stage("tokens", {"texts": given}, file=f"{folder}/spiece.model")
                report.check(f"spiece.model cut at {cut} is refused", False)
            except RuntimeError as error:
                report.check(f"spiece.model cut at {cut} is refused", "spiece.model" in str(error))


@torch.no_grad()
def t5_case(length):
    model = cog.t5(7)
    c = model.config
    ids = torch.zeros(1, cog.TEXT_ROWS, dtype=torch.long)
    ids[0, :length] = torch.randint(2, c.vocab_size, (length,), generator=torch.Generator().manual_seed(length))
    ids[0, length - 1] = 1
    given = {"w." + k: v for k, v in model.state_dict().items() if k != "encoder.embed_tokens.weight"}
    small = dict(vocab=c.vocab_size, d_model=c.d_model, d_kv=c.d_kv, heads=c.num_heads, d_ff=c.d_ff, layers=c.num_layers)
    close(f"T5, {length} tokens and pads", stage("t5", {**given, "ids": ids[0]}, **small)["states"], model(ids)[0][0], 1e-5)
    half, exact = cog.halved(model)(ids)[0][0].float(), cog.halved(model).float()(ids)[0][0]
    ours = stage("t5", {**given, "ids": ids[0]}, type="bf16", **small)["states"]
    close(f"T5, {length} tokens, bf16", ours, half, 3e-2)
    rule(f"T5, {length} tokens, bf16", ours, half, exact)


def t5():
    for length in (1, 17, 226):
        independent(f"T5, {length} tokens", t5_case, length)


# ---- transformer --------------------------------------------------------------------------------

# Kind, changes, (T, H, W) of the latents: aspects other than the trained grid's, odd and even.
FORWARDS = [("2b", {}, (3, 6, 10)), ("2b", {}, (5, 8, 4)), ("5b", {}, (3, 6, 10)), ("5b", {}, (3, 8, 6)), ("5b", {}, (1, 4, 12)),
            ("5b", dict(num_attention_heads=2, attention_head_dim=48, num_layers=1), (3, 6, 8)), ("5b_i2v", {}, (3, 6, 10)), ("15", {}, (4, 6, 10)),
            ("15", {}, (6, 8, 4)), ("15_i2v", {}, (4, 8, 6))]


def rotary(pipe, grid):
    config = pipe.transformer.config
    return pipe._prepare_rotary_positional_embeddings(grid[1] * 8, grid[2] * 8, grid[0], "cpu") if config.use_rotary_positional_embeddings else None


@torch.no_grad()
def oracle_forward(model, latents, t, states, turns):
    found, handles = {}, []
    for i, block in enumerate(model.transformer_blocks):
        def keep(_, given, kept, out, i=i):
            found[f"block{i}.x"] = torch.cat([kept["encoder_hidden_states"], kept["hidden_states"]], 1)[0].clone()
            found[f"block{i}"] = torch.cat([out[1], out[0]], 1)[0].clone()
        handles.append(block.register_forward_hook(keep, with_kwargs=True))
    dtype = next(model.parameters()).dtype
    ofs = None if model.config.ofs_embed_dim is None else torch.full((1,), 2.0, dtype=dtype)
    velocity = model(latents[None].to(dtype), states[None].to(dtype), t, ofs=ofs, image_rotary_emb=turns, return_dict=False)[0][0]
    for handle in handles:
        handle.remove()
    return {k: v.float() for k, v in found.items()}, velocity.float()


def forward_case(kind, changes, grid, seed):
    model = cog.transformer(kind, seed, **changes)
    turns = rotary(cog.pipeline(kind, transformer=model), grid)
    latents, states, t = seeded(seed + 1, grid[0], model.config.in_channels, *grid[1:]), seeded(seed + 2, cog.TEXT_ROWS, 64), torch.tensor([499])
    found, velocity = oracle_forward(model, latents, t, states, turns)
    given = {**oracle.prefixed("w.", model.state_dict()), "latents": latents, "t": t.float(), "states": states}
    title = f"{kind} {'x'.join(map(str, grid))}{' other heads' if changes else ''}"
    blocks = [f"block{i}" for i in range(model.config.num_layers)]
    inputs = lambda of: {f"{b}.x": of[f"{b}.x"] for b in blocks}
    ours = stage("forward", {**given, **inputs(found)}, config=config_text(model), chunk=37)
    if turns is not None:
        for name, wanted in zip(("cos", "sin"), turns):
            close(f"{title}: {name}", ours[name], wanted[:, ::2], 1e-7)
    if "added" in ours:
        wanted = model.patch_embed.pos_embedding if kind == "5b_i2v" else model.patch_embed._get_positional_embeddings(*grid[1:], 4 * grid[0] - 3)
        close(f"{title}: added", ours["added"], wanted[0, cog.TEXT_ROWS:].float(), 1e-7)
    close(f"{title}: text", ours["text"], found["block0.x"][:cog.TEXT_ROWS], 1e-6)
    for b in blocks:
        close(f"{title}: {b}", ours[b], found[b], 2e-6)
    close(f"{title}: velocity", ours["velocity"], velocity, 1e-5)
    half, exact = cog.halved(model), cog.halved(model).float()
    near, near_velocity = oracle_forward(half, latents, t, states, turns)
    whole, whole_velocity = oracle_forward(exact, latents.bfloat16().float(), t, states.bfloat16().float(), turns)
    ours = stage("forward", {**given, **inputs(near)}, config=config_text(model), type="bf16")
    for b in blocks:
        close(f"{title}: {b}, bf16", ours[b], near[b], 1.2e-2)
    close(f"{title}: velocity, bf16", ours["velocity"], near_velocity, 3e-2)
    rule(f"{title}: velocity, bf16", ours["velocity"], near_velocity, whole_velocity)


def forward():
    for seed, (kind, changes, grid) in enumerate(FORWARDS):
        independent(f"forward {kind} {grid}", forward_case, kind, changes, grid, 100 + 10 * seed)


# ---- autoencoder --------------------------------------------------------------------------------

@torch.no_grad()
def oracle_decode(model, latents, tiled=False):
    (model.enable_tiling if tiled else model.disable_tiling)()
    out = model.decode((1 / model.config.scaling_factor * latents.to(model.dtype)).transpose(0, 1)[None], return_dict=False)[0][0]
    return (out.transpose(0, 1).float() / 2 + 0.5).clamp(0, 1)


@torch.no_grad()
def oracle_encode(model, pixels, tiled=False):
    (model.enable_tiling if tiled else model.disable_tiling)()
    return model.encode(pixels.to(model.dtype).transpose(0, 1)[None]).latent_dist.parameters[0].transpose(0, 1).float()


def coding_case(what, model, name, value, wanted, bar, **options):
    ours = stage("decode" if name == "latents" else "encode", {**oracle.prefixed("w.", model.state_dict()), name: value}, config=config_text(model), **options)
    close(what, ours["frames" if name == "latents" else "moments"], wanted, bar)
    if name == "latents":
        count = len(value)
        counts = [wanted.shape[0]] if count < 2 else [4 * (2 + count % 2) - 3 * (count % 2)] + [8] * (count // 2 - 1)
        report.check(f"{what}: batches of {counts}", ours["counts"].tolist() == counts, ours["counts"].tolist())


def vae():
    models = {"2b": cog.vae("2b"), "wide": cog.vae("15", 9, block_out_channels=(32, 32, 64, 64), layers_per_block=1, norm_num_groups=8)}
    for name, model in models.items():
        for count in range(1, 8) if name == "2b" else (1, 5):
            latents = seeded(60 + count, count, 16, 3, 5)
            what = f"decode {name}, {count} latents"
            independent(what, coding_case, what, model, "latents", latents, oracle_decode(model, latents), 3e-6)
        for count in (1, 5, 8, 9, 13, 17) if name == "2b" else (1, 9):
            pixels = seeded(70 + count, count, 3, 24, 40).clamp(-1, 1)
            what = f"encode {name}, {count} frames"
            independent(what, coding_case, what, model, "pixels", pixels, oracle_encode(model, pixels), 3e-6)
    model = models["2b"]
    latents = seeded(80, 5, 16, 3, 5)
    independent("history in fp16", coding_case, "decode, history in fp16", model, "latents", latents, oracle_decode(model, latents), 2e-3, history="half")
    half, exact = cog.halved(model), cog.halved(model).float()
    ours = stage("decode", {**oracle.prefixed("w.", model.state_dict()), "latents": latents}, config=config_text(model), type="bf16")["frames"]
    close("decode, bf16", ours, oracle_decode(half, latents), 2e-2)
    rule("decode, bf16", ours, oracle_decode(half, latents), oracle_decode(exact, latents.bfloat16().float()))
    # Tiles of 6 x 10 latents, a stride of 5 x 8: remainders of 1 to a whole one.
    for height, width in ((7, 4), (4, 11), (7, 11), (11, 17), (12, 19)):
        latents, pixels = seeded(90 + height, 3, 16, height, width), seeded(91 + width, 1, 3, 8 * height, 8 * width).clamp(-1, 1)
        what = f"tiles of {height}x{width}"
        independent(what, coding_case, f"{what}, decode", model, "latents", latents, oracle_decode(model, latents, True), 1e-5, tiled=1)
        independent(what, coding_case, f"{what}, encode", model, "pixels", pixels, oracle_encode(model, pixels, True), 1e-5, tiled=1)
    for tiled in (False, True):
        assert oracle.rel_l2(oracle_decode(model, latents, not tiled), oracle_decode(model, latents, tiled)) > 1e-2   # two functions


# ---- whole clips --------------------------------------------------------------------------------

BASE = dict(width=80, height=48, frames=9, steps=3, seed=1, guidance=6.0)
LARGER = {**BASE, "width": 96, "height": 64}
# Name: kind, DPM, what is asked beside BASE.
CLIPS = {
    "2B": ("2b", False, dict(half=True)),
    "2B, DPM, no guidance, rounding steps": ("2b", True, dict(steps=7, guidance=1.0, seed=2)),
    "2B, other size, 17 frames, negative prompt": ("2b", False, dict(width=48, height=96, frames=17, negative=NEGATIVE, seed=3)),
    "2B, one frame": ("2b", False, dict(frames=1, seed=4)),
    "5B": ("5b", False, {}),
    "5B, DPM, dynamic guidance, six steps": ("5b", True, dict(steps=6, dynamic=True, seed=5)),
    "5B, portrait, long prompt": ("5b", False, dict(width=48, height=80, prompt="The red fox runs through deep snow at night. " * 40, seed=6)),
    "5B, tiles": ("5b", False, dict(width=144, height=64, tiled=True, seed=7)),
    "5B-I2V": ("5b_i2v", False, dict(seed=8, half=True)),
    "5B-I2V, DPM, dynamic guidance": ("5b_i2v", True, dict(seed=9, dynamic=True)),
    "1.5-5B": ("15", False, {**LARGER, "seed": 10}),
    "1.5-5B, DPM, 17 frames": ("15", True, {**LARGER, "frames": 17, "seed": 11}),
    "1.5-5B-I2V": ("15_i2v", False, {**LARGER, "seed": 12}),
    "1.5-5B-I2V, DPM, no guidance": ("15_i2v", True, {**LARGER, "guidance": 1.0, "seed": 13}),
}


def given_picture(picture):
    return torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8).view(picture.height, picture.width, 3)


def made(model, given, asked, precision="fp32", **more):
    options = dict(model=model, device="cpu", prompt=asked.get("prompt", PROMPT), negative_prompt=asked.get("negative", ""),
                   size=f"{asked['width']}x{asked['height']}", frames=asked["frames"], steps=asked["steps"], guidance=repr(asked["guidance"]),
                   seed=asked["seed"], precision=precision, fit="stretch", **more)
    if not given:
        options.pop("fit")
    return oracle.run_stage(CLIP_PROGRAM, "clip", given or {"nothing": torch.zeros(1)}, **options)["frames"]


def through_ffmpeg(model, asked, opts, frames):
    graph = (f"t2vsrc=model='{model}':device=cpu:precision=fp32:prompt='{PROMPT}':size={asked['width']}x{asked['height']}:frames={asked['frames']}:"
             f"steps={asked['steps']}:guidance={asked['guidance']}:seed={asked['seed']}:engine_opts='{opts}',format=gbrp[v]")
    raw, err, status = ffmpeg_common.run(ffmpeg_common.FFMPEG + ["-filter_complex", graph, "-map", "[v]", "-f", "rawvideo", "-"], text=False, timeout=300)
    planes = torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(-1, 3, asked["height"], asked["width"]) if status == 0 else None
    return planes is not None and torch.equal(planes[:, [2, 0, 1]].permute(0, 2, 3, 1), frames), "" if status == 0 else str(err)[-300:]


def clip_case(name, folder):
    kind, dpm, changes = CLIPS[name]
    asked = {**BASE, **changes}
    half = asked.pop("half", False)
    model = pathlib.Path(folder, f"{kind}{'_dpm' if dpm else ''}")
    pipe = cog.pipeline(kind, dpm=dpm) if model.exists() else cog.save_pipeline(kind, model, dpm=dpm)
    opts = "use_dynamic_cfg=" + ("on" if asked.get("dynamic") else "off") + ":tiling=" + ("on" if asked.get("tiled") else "off")
    given, more = {}, {}
    if kind in cog.WITH_PICTURE:
        more["image"] = oracle.picture(70, 60)
        given["image"] = given_picture(more["image"])
    prompt = asked.pop("prompt", PROMPT)
    wanted = cog.frames(pipe, prompt, **asked, **more)
    asked["prompt"] = prompt
    ours = made(model, given, asked, engine_opts=opts)
    good = tuple(ours.shape) == tuple(wanted.shape) == (asked["frames"], asked["height"], asked["width"], 3)
    report.check(f"{name}: shape", good, tuple(ours.shape))
    worst = min(oracle.psnr(x.float() / 255, (y * 255).round() / 255) for x, y in zip(ours, wanted)) if good else 0
    report.above(f"{name}: worst frame, dB (spread {wanted.std():.2f})", worst, 52 if given else 60)
    if given:
        again = made(model, {"history": given["image"]}, asked, engine_opts=opts)
        report.check(f"{name}: the same frames after a history", torch.equal(again, ours))
    elif prompt == PROMPT and "negative" not in asked:
        report.check(f"{name}: through the stock ffmpeg, the same bytes", *through_ffmpeg(model, asked, opts.replace(":", "\\:"), ours))
    if half:
        # The oracle draws other numbers in bf16: the engine's own in fp32 are what is near.
        near = made(model, given, asked, "bf16", engine_opts=opts)
        report.above(f"{name}: bf16 to fp32, dB", oracle.psnr(near.float() / 255, ours.float() / 255), 30)


def clip():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        for name in CLIPS:
            independent(f"clip, {name}", clip_case, name, folder)


# ---- files --------------------------------------------------------------------------------------

def refused(what, words, call):
    try:
        call()
        report.check(f"{what}: refused", False, "it ran")
    except RuntimeError as error:
        report.check(f"{what}: refused", words in str(error), str(error)[-250:])


def single_file(folder, model, tensors, name="model.safetensors"):
    """A transformer alone, the other parts as engine_opts; its config.json stands beside it, as the tiny width is no kind's."""
    place = pathlib.Path(folder, "single")
    place.mkdir(exist_ok=True)
    (place / "config.json").write_text((model / "transformer/config.json").read_text())
    save_file(tensors, place / name)
    return place / name, ":".join(f"{part}={model / part}" for part in ("vae", "text_encoder", "tokenizer"))


def lora_files(folder, state):
    """One change in every spelling: (name, path, scale that makes it 1)."""
    generator, rank = torch.Generator().manual_seed(8), 4
    pairs = {}
    for module in (n[:-len(".weight")] for n in state if n.startswith("transformer_blocks.") and ".attn1.to_" in n and n.endswith(".weight")):
        rows, columns = state[module + ".weight"].shape
        pairs[module] = (torch.randn(rank, columns, generator=generator) / columns ** 0.5, 0.3 * torch.randn(rows, rank, generator=generator))
    def write(name, tensors, metadata=None):
        save_file({k: v.contiguous() for k, v in tensors.items()}, pathlib.Path(folder, name), metadata=metadata)
        return pathlib.Path(folder, name)
    named = lambda prefix: {f"{prefix}{m}.lora_{part}.weight": t for m, (a, b) in pairs.items() for part, t in (("A", a), ("B", b))}
    for prefix in ("transformer.", "", "diffusion_model.", "base_model.model."):
        yield f"PEFT '{prefix}'", write(f"peft{len(prefix)}.safetensors", named(prefix)), 1.0
    meta = {"lora_adapter_metadata": json.dumps({"transformer.lora_alpha": 2, "transformer.r": rank})}
    yield "alpha in the header", write("header.safetensors", named("transformer."), meta), 2.0
    flat = {}
    for m, (a, b) in pairs.items():
        stem = "lora_unet__" + m.replace(".", "_")
        flat.update({f"{stem}.lora_down.weight": a, f"{stem}.lora_up.weight": b, f"{stem}.alpha": torch.tensor(2.0)})
    yield "CogVideoX-Fun", write("fun.safetensors", flat), 2.0
    changed = dict(state)
    for m, (a, b) in pairs.items():
        changed[m + ".weight"] = state[m + ".weight"] + b @ a
    yield "changed", changed, None


def files():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        folder = pathlib.Path(folder).resolve()
        model = folder / "5b"
        cog.save_pipeline("5b", model)
        state = load_file(model / "transformer/diffusion_pytorch_model.safetensors")
        plain, small = made(model, {}, BASE), dict(BASE, guidance=1.0)
        one = made(model, {}, small)
        worst = lambda a, b: min(oracle.psnr(x.float() / 255, y.float() / 255) for x, y in zip(a, b))
        for prefix in ("", "model.diffusion_model.", "diffusion_model.", "transformer."):
            path, opts = single_file(folder, model, oracle.prefixed(prefix, state))
            report.check(f"single file, prefix '{prefix}': the same frames", torch.equal(made(path, {}, small, engine_opts=opts), one))
        for what, kind in (("bf16", torch.bfloat16), ("fp16", torch.float16), ("fp8", torch.float8_e4m3fn)):
            packs = lambda n: kind is not torch.float8_e4m3fn or (n.startswith("transformer_blocks.") and state[n].ndim == 2 and "norm" not in n)
            stored = {n: t.to(kind) if packs(n) else t for n, t in state.items()}
            path, opts = single_file(folder, model, stored)
            ours = made(path, {}, small, engine_opts=opts)
            path, opts = single_file(folder, model, {n: t.float() for n, t in stored.items()})
            report.above(f"single file, {what}: the frames of its numbers", worst(ours, made(path, {}, small, engine_opts=opts)), 70)
        *spelled, (_, changed, _) = list(lora_files(folder, state))
        path, opts = single_file(folder, model, changed)
        wanted = made(path, {}, small, engine_opts=opts)
        report.check("adapters: change the frames", worst(wanted, one) < 40)
        for name, lora, scale in spelled:
            report.above(f"adapter, {name}", worst(made(model, {}, small, lora=f"{lora}:{scale}"), wanted), 60)
        # With the memory of a few blocks.
        least = oracle.run_stage(CLIP_PROGRAM, "clip", {"nothing": torch.zeros(1)}, model=model, device="cpu", prompt=PROMPT, size="80x48", frames=9, steps=3,
                                 guidance="1.0", seed=1, precision="fp32", memory="450M")["frames"]
        report.check("within little memory: the same frames", torch.equal(least, one))
        del plain

        for words, name, tensor in (("CogVideoX-Fun Pose", "pos_embedding", torch.zeros(1, 3, 96)), ("ConsisID", "local_facial_extractor.x.weight", torch.zeros(2)),
                                    ("Tora", "traj_extractor.x", torch.zeros(2)), ("Q4_0", "transformer_blocks.0.ff.net.2.Q4_0_qweight", torch.zeros(2)),
                                    ("other.weight", "other.weight", torch.zeros(2))):
            path, opts = single_file(folder, model, {**state, name: tensor})
            refused(words, words, lambda path=path, opts=opts: made(path, {}, small, engine_opts=opts))
        cog.save_pipeline("5b_i2v", folder / "i2v")
        picture = {"image": given_picture(oracle.picture(70, 60))}
        refused("13 frames", "nearest is 9", lambda: made(model, {}, dict(small, frames=13)))
        refused("10 frames", "nearest is 9", lambda: made(model, {}, dict(small, frames=10)))
        refused("88 pixels", "16", lambda: made(model, {}, dict(small, width=88)))
        refused("5B-I2V at another size", "80x48", lambda: made(folder / "i2v", picture, dict(small, width=96)))
        refused("5B-I2V, 17 frames", "9", lambda: made(folder / "i2v", picture, dict(small, frames=17)))
        refused("1001 steps", "1000", lambda: made(model, {}, dict(small, steps=1001)))
        refused("flow_shift", "flow_shift", lambda: made(model, {}, small, flow_shift="3"))
        config = json.loads((model / "scheduler/scheduler_config.json").read_text())
        for key, value in (("prediction_type", "epsilon"), ("timestep_spacing", "leading"), ("rescale_betas_zero_snr", False), ("_class_name", "DDIMScheduler")):
            (model / "scheduler/scheduler_config.json").write_text(json.dumps({**config, key: value}))
            refused(f"scheduler with {key} {value}", key, lambda: made(model, {}, small))
        sat = folder / "sat/transformer/1000"
        sat.mkdir(parents=True)
        (sat / "mp_rank_00_model_states.pt").write_bytes(b"PK\3\4")
        refused("the original repository's folder", "pickle", lambda: made(folder / "sat", {}, small))


GROUPS = dict(levels=levels, solver=solver, tokens=tokens, t5=t5, forward=forward, vae=vae, clip=clip, files=files)

if __name__ == "__main__":
    for group in CHOSEN or GROUPS:
        independent(group, GROUPS[group])
    report.end()
