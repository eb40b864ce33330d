# SPDX-License-Identifier: LGPL-2.1-or-later
"""HunyuanVideo transformer and denoise loop against diffusers: levels, noise and loop arithmetic bit by
bit; vectors, refined text, every block and the velocity; whole loops of four steps."""
import sys

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

import oracle

PROGRAM = sys.argv[1]
report = oracle.Report()
PADDING = 5   # rows of text behind the prompt, not zero, masked in the oracle and absent here

# Heads, axes, depths, ratio and grid differ, so that a swapped pair of them cannot cancel.
SHAPES = {
    "tiny": (dict(), (3, 6, 8), 13),
    "5 frames": (dict(num_attention_heads=3, attention_head_dim=32, rope_axes_dim=(8, 14, 10), num_layers=1, num_single_layers=2), (2, 4, 10), 1),
    "17 frames": (dict(num_attention_heads=2, attention_head_dim=40, rope_axes_dim=(4, 16, 20), num_layers=3, num_single_layers=1,
                       mlp_ratio=3.0), (5, 10, 6), 21),
    "29 frames": (dict(num_attention_heads=5, attention_head_dim=16, rope_axes_dim=(4, 4, 8), num_layers=2, num_single_layers=2,
                       num_refiner_layers=1, rope_theta=100.0), (8, 4, 6), 7),
    "61 frames": (dict(num_attention_heads=1, attention_head_dim=80, rope_axes_dim=(16, 24, 40), num_layers=1, num_single_layers=1,
                       text_embed_dim=48, pooled_projection_dim=24), (16, 6, 14), 17),
    "no guidance": (dict(guidance_embeds=False, num_attention_heads=2, attention_head_dim=128, rope_axes_dim=(16, 56, 56), num_layers=1,
                         num_single_layers=1), (2, 8, 4), 9),
    "patches of two frames": (dict(patch_size_t=2, num_layers=1, num_single_layers=1), (4, 6, 4), 6),
}


def options(model, dtype, **more):
    c = model.config
    kind = {None: "t2v"}.get(c.image_condition_type, c.image_condition_type)
    return dict(kind=kind, in_channels=c.in_channels, out_channels=c.out_channels, heads=c.num_attention_heads,
                head_dim=c.attention_head_dim, layers=c.num_layers, single_layers=c.num_single_layers,
                refiner_layers=c.num_refiner_layers, mlp_ratio=c.mlp_ratio, patch=c.patch_size, patch_t=c.patch_size_t,
                guidance_embeds=int(c.guidance_embeds), text_dim=c.text_embed_dim, pooled_dim=c.pooled_projection_dim,
                rope_theta=c.rope_theta, rope_axes=",".join(map(str, c.rope_axes_dim)),
                type="bf16" if dtype == torch.bfloat16 else "fp32", **more)


def weights(model):
    return oracle.prefixed("w.", oracle.original_names(model.state_dict()))


def prompt(model, length, seed):
    g = torch.Generator().manual_seed(seed)
    c = model.config
    return torch.randn(length, c.text_embed_dim, generator=g), torch.randn(c.pooled_projection_dim, generator=g)


def padded(states):
    rows = torch.randn(PADDING, states.shape[1], generator=torch.Generator().manual_seed(99)).to(states.dtype)
    mask = torch.cat([torch.ones(len(states)), torch.zeros(PADDING)])
    return torch.cat([states, rows])[None], mask[None].to(states.dtype)


def call(model, latents, t, states, pooled, guidance):
    """One forward of the oracle as its pipelines call it. latents [C,T,H,W], t fp32 number tensor."""
    dtype = model.dtype
    text, mask = padded(states.to(dtype))
    fed = torch.tensor([guidance], dtype=dtype) * 1000.0 if model.config.guidance_embeds else None
    return model(latents[None].to(dtype), t.reshape(1), text, mask, pooled[None].to(dtype), fed, return_dict=False)[0][0]


class Taps:
    """What enters and leaves the blocks, and the vectors, of one oracle forward."""

    def __init__(self, model):
        self.found, self.handles = {}, []
        blocks = list(model.transformer_blocks) + list(model.single_transformer_blocks)
        for i, block in enumerate(blocks):
            def before(_, given, i=i):
                self.found[f"block{i}.in"] = (given[0].detach().clone(), given[1].detach().clone())
            def after(_, __, out, i=i):
                self.found[f"block{i}"] = (out[0].detach().clone(), out[1].detach().clone())
            self.handles += [block.register_forward_pre_hook(before), block.register_forward_hook(after)]
        def vectors(_, __, out):
            self.found["temb"] = out
        def text(_, __, out):
            self.found["text"] = out
        def rope(_, __, out):
            self.found["rope"] = out
        self.handles += [model.time_text_embed.register_forward_hook(vectors), model.context_embedder.register_forward_hook(text),
                         model.rope.register_forward_hook(rope)]

    def close(self):
        for h in self.handles:
            h.remove()


@torch.no_grad()
def run_oracle(model, latents, t, states, pooled, guidance):
    taps = Taps(model)
    velocity = call(model, latents, t, states, pooled, guidance)
    taps.close()
    return taps.found, velocity


def forward_case(name, kind, seed):
    changes, grid, length = SHAPES[name]
    model = oracle.transformer(kind, seed=seed, **changes)
    channels = model.config.in_channels
    latents = torch.randn(channels, *grid, generator=torch.Generator().manual_seed(seed))
    states, pooled = prompt(model, length, seed + 1)
    t = torch.tensor([1000.0, 431.25])
    guidance = 6.0
    found, velocity = run_oracle(model, latents, t[1], states, pooled, guidance)
    first, _ = run_oracle(model, latents, t[0], states, pooled, guidance)
    given = dict(weights(model), latents=latents, states=states, pooled=pooled, t=t, guidance=torch.tensor(guidance))
    blocks = model.config.num_layers + model.config.num_single_layers
    for i in range(blocks):
        video, text = found[f"block{i}.in"]
        given[f"block{i}.video"], given[f"block{i}.text"] = video[0], text[0][:length]
    title = f"{name}, {kind}"
    # A chunk smaller than the sequence and than a frame: every seam is crossed.
    for chunk in (2048, 7):
        ours = oracle.run_stage(PROGRAM, "forward", given, **options(model, torch.float32, chunk=chunk))
        where = f"{title}, chunk {chunk}"
        report.below(f"temb ({where})", oracle.rel_l2(ours["temb"], torch.cat([first["temb"][0], found["temb"][0]])), 1e-5)
        if kind == "token_replace":
            report.below(f"temb0 ({where})", oracle.rel_l2(ours["temb0"], found["temb"][1]), 1e-5)
        report.below(f"refined text ({where})", oracle.rel_l2(ours["text"], torch.cat([first["text"], found["text"]])[:, :length]), 1e-5)
        for ours_table, table in (("cos", found["rope"][0]), ("sin", found["rope"][1])):
            report.check(f"rope {ours_table} is that of the oracle ({where})", torch.equal(ours[ours_table], table[:, ::2]))
        for i in range(blocks):
            wanted = torch.cat([found[f"block{i}"][0][0], found[f"block{i}"][1][0][:length]])
            got = ours[f"block{i}"]
            report.below(f"block {i} ({where})", oracle.rel_l2(got, wanted), 1e-5)
            report.below(f"block {i}, worst value ({where})", ((got - wanted).abs().max() / wanted.abs().max()).item(), 1e-4)
        report.below(f"velocity ({where})", oracle.rel_l2(ours["velocity"], velocity), 1e-5)

    # bf16: as near to the fp32 reference as the reference's own bf16 is.
    half = oracle.transformer(kind, seed=seed, **changes).to(torch.bfloat16)
    exact = oracle.transformer(kind, seed=seed, **changes).to(torch.bfloat16).float()   # the same rounded weights
    _, half_velocity = run_oracle(half, latents, t[1], states, pooled, guidance)
    fed = 6016.0 if model.config.guidance_embeds else None
    _, reference = run_oracle(exact, latents.bfloat16().float(), t[1], states.bfloat16().float(), pooled.bfloat16().float(), fed / 1000.0 if fed else guidance)
    given = {k: v for k, v in given.items() if not k.startswith("block")}
    ours = oracle.run_stage(PROGRAM, "forward", given, **options(half, torch.bfloat16))
    theirs = oracle.rel_l2(half_velocity.float(), reference)
    report.below(f"bf16 velocity, error against fp32 ({title}; the oracle's is {theirs:.3g})", oracle.rel_l2(ours["velocity"], reference), 1.2 * theirs)
    report.above(f"bf16 velocity, cosine ({title})", oracle.cosine(ours["velocity"], reference), 0.999)


def schedule(steps, shift):
    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 0.0, steps + 1)[:-1])
    return scheduler


@torch.no_grad()
def oracle_loop(kind, scheduler, noise, image, dtype, cfg, velocity):
    """The loops of the two pipelines. velocity(input [C,T,H,W], timestep, step, negative); returns latents, ts, inputs."""
    latents = noise[None]
    ts, inputs = [], []
    if kind != "t2v":
        image_latents = image[None].repeat(1, 1, latents.shape[2], 1, 1)
        share = torch.tensor([0.999])
        latents = latents * share + image_latents * (1 - share)
        if kind == "token_replace":
            image_latents = image_latents[:, :, :1]
        else:
            image_latents[:, :, 1:] = 0
            mask = image_latents.new_ones(1, 1, *image_latents.shape[2:])
            mask[:, :, 1:] = 0
    for i, t in enumerate(scheduler.timesteps):
        timestep = t.expand(1).to(latents.dtype)
        ts.append(timestep.float())
        if kind == "latent_concat":
            given = torch.cat([latents, image_latents, mask], dim=1).to(dtype)
        elif kind == "token_replace":
            given = torch.cat([image_latents, latents[:, :, 1:]], dim=2).to(dtype)
        else:
            given = latents.to(dtype)
        inputs.append(given[0].float())
        v = velocity(given[0], timestep, i, False)[None]
        if cfg > 1:
            inputs.append(given[0].float())
            away = velocity(given[0], timestep, i, True)[None]
            v = away + cfg * (v - away)
        if kind == "token_replace":
            latents = scheduler.step(v[:, :, 1:], t, latents[:, :, 1:], return_dict=False)[0]
            latents = torch.cat([image_latents, latents], dim=2)
        else:
            latents = scheduler.step(v, t, latents, return_dict=False)[0]
    return latents[0].float(), torch.cat(ts), torch.stack(inputs)


def arithmetic_case(kind, dtype, cfg, steps, shift):
    """Levels, noise and every rounding of the loop, with given velocities: equal bits."""
    model = oracle.transformer(kind, num_layers=1, num_single_layers=1)
    sizes = (16, 3, 4, 6)
    g = torch.Generator().manual_seed(5)
    velocities = torch.randn(steps, 2, *sizes, generator=g).to(dtype)
    image = None if kind == "t2v" else torch.randn(16, 1, *sizes[2:], generator=g)
    noise = torch.randn(1, *sizes, generator=torch.Generator().manual_seed(11))[0]
    wanted, ts, inputs = oracle_loop(kind, schedule(steps, shift), noise, image, dtype, cfg, lambda x, t, i, away: velocities[i][int(away)])
    given = dict(velocities=velocities.float(), sizes=torch.tensor(sizes))
    if image is not None:
        given["image"] = image
    ours = oracle.run_stage(PROGRAM, "loop", given, **options(model, dtype, steps=steps, shift=shift, seed=11, cfg=cfg))
    title = f"{kind}, {dtype}, cfg {cfg:g}, {steps} steps, shift {shift:g}"
    for what, a, b in (("sigmas", ours["sigmas"], schedule(steps, shift).sigmas), ("t", ours["t"], ts), ("noise", ours["noise"], noise),
                       ("network input", ours["inputs"], inputs), ("latents", ours["latents"], wanted)):
        report.check(f"{what}: equal bits ({title})", torch.equal(a, b))


def original_case():
    """The other mode: levels by fp32 linspace, fp16 noise, fp32 latents."""
    model = oracle.transformer("t2v", num_layers=1, num_single_layers=1)
    sizes, steps, shift = (16, 2, 4, 6), 6, 17.0
    velocities = torch.randn(steps, 2, *sizes, generator=torch.Generator().manual_seed(6)).bfloat16()
    u = torch.linspace(1, 0, steps + 1)
    sigmas = shift * u / (1 + (shift - 1) * u)
    latents = torch.randn(sizes, generator=torch.Generator().manual_seed(3)).half().float()
    for i in range(steps):
        latents = latents + velocities[i][0].float() * (sigmas[i + 1] - sigmas[i])
    ours = oracle.run_stage(PROGRAM, "loop", dict(velocities=velocities.float(), sizes=torch.tensor(sizes)),
                            **options(model, torch.bfloat16, steps=steps, shift=shift, seed=3, mode="original"))
    report.check("sigmas: equal bits (original mode)", torch.equal(ours["sigmas"], sigmas))
    report.check("t: equal bits (original mode)", torch.equal(ours["t"], sigmas[:-1] * 1000))
    report.check("latents: equal bits (original mode)", torch.equal(ours["latents"], latents))


def loop_case(name, kind, cfg, seed, shift=7.0, steps=4):
    changes, grid, length = SHAPES[name]
    if kind == "latent_concat":
        changes = {k: v for k, v in changes.items() if k != "guidance_embeds"}
    noise = torch.randn(1, 16, *grid, generator=torch.Generator().manual_seed(seed))[0]
    image = None if kind == "t2v" else torch.randn(16, 1, *grid[1:], generator=torch.Generator().manual_seed(seed + 9))
    for dtype in (torch.float32, torch.bfloat16):
        model = oracle.transformer(kind, seed=seed, **changes).to(dtype)
        states, pooled = prompt(model, length, seed + 1)
        negative = prompt(model, length + 4, seed + 2)
        def velocity(x, t, i, away):
            return call(model, x, t, *(negative if away else (states, pooled)), 6.0)
        wanted, ts, _ = oracle_loop(kind, schedule(steps, shift), noise, image, dtype, cfg, velocity)
        given = dict(weights(model), sizes=torch.tensor(noise.shape), states=states, pooled=pooled, guidance=torch.tensor(6.0),
                     negative_states=negative[0], negative_pooled=negative[1])
        if image is not None:
            given["image"] = image
        ours = oracle.run_stage(PROGRAM, "loop", given, **options(model, dtype, steps=steps, shift=shift, seed=seed, cfg=cfg))
        title = f"{name}, {kind}, cfg {cfg:g}, {dtype}"
        report.check(f"t told to the model ({title})", torch.equal(ours["t"], ts))
        report.below(f"latents after {steps} steps ({title})", oracle.rel_l2(ours["latents"], wanted), 1e-4 if dtype == torch.float32 else 3e-2)


def guidance_case():
    scales = [1.0, 2.5, 3.5, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0]
    model = oracle.transformer("t2v", num_layers=1, num_single_layers=1)
    for dtype in (torch.float32, torch.bfloat16):
        ours = oracle.run_stage(PROGRAM, "guidance", dict(guidance=torch.tensor(scales)), **options(model, dtype))
        report.check(f"guidance as fed, {dtype}", torch.equal(ours["fed"], (torch.tensor(scales, dtype=dtype) * 1000.0).float()))


def main():
    guidance_case()
    for kind in oracle.KINDS:
        for dtype in (torch.float32, torch.bfloat16):
            arithmetic_case(kind, dtype, 1.0, 4, 7.0)
            arithmetic_case(kind, dtype, 2.6, 6, 17.0)
    arithmetic_case("t2v", torch.bfloat16, 1.0, 50, 7.0)
    original_case()
    for seed, (name, kind) in enumerate([("tiny", "t2v"), ("tiny", "token_replace"), ("tiny", "latent_concat"), ("5 frames", "t2v"),
                                         ("17 frames", "token_replace"), ("29 frames", "t2v"), ("61 frames", "latent_concat"),
                                         ("no guidance", "t2v"), ("patches of two frames", "t2v")]):
        forward_case(name, kind, 100 + seed)
    for seed, (name, kind, cfg) in enumerate([("tiny", "t2v", 1.0), ("tiny", "token_replace", 1.0), ("tiny", "latent_concat", 1.0),
                                              ("tiny", "t2v", 3.0), ("17 frames", "latent_concat", 2.0), ("61 frames", "token_replace", 1.0),
                                              ("no guidance", "t2v", 2.0), ("29 frames", "t2v", 1.0), ("5 frames", "token_replace", 4.0)]):
        loop_case(name, kind, cfg, 200 + seed)
    report.end()


if __name__ == "__main__":
    main()
