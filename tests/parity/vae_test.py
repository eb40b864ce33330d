# SPDX-License-Identifier: LGPL-2.1-or-later
"""The VAE against diffusers' AutoencoderKLHunyuanVideo: encoding, decoding, every kind of tile, and
that decoding piece by piece gives the same bits as the whole and needs no more memory for longer
clips. Usage: vae_test.py PROGRAM"""
import copy
import itertools
import sys

import oracle
import torch

PROGRAM = sys.argv[1]
report = oracle.Report()
# Different widths, groups and depths; the second has widths that no vector length divides.
MODELS = {
    "plain": oracle.vae(2),
    "narrow": oracle.vae(3, block_out_channels=(8, 12, 24, 20), norm_num_groups=4, layers_per_block=1),
    "uneven": oracle.vae(4, block_out_channels=(32, 16, 48, 64), norm_num_groups=16, layers_per_block=2),
}
TILES = dict(size=64, stride=48)


def options(model):
    config = model.config
    return dict(block_out=",".join(map(str, config.block_out_channels)), groups=config.norm_num_groups,
                layers=config.layers_per_block)


def half(model, which, dtype=torch.float32):
    mine = ("decoder.", "post_quant_conv.") if which == "decoder" else ("encoder.", "quant_conv.")
    return oracle.prefixed("w.", {k: v.to(dtype) for k, v in model.state_dict().items() if k.startswith(mine)})


def seeded(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tile_like(model, on=True, frames=16, frame_stride=12, size=64, stride=48):
    """The reference's own switches."""
    model.use_tiling = on
    model.tile_sample_min_height = model.tile_sample_min_width = size
    model.tile_sample_stride_height = model.tile_sample_stride_width = stride
    model.tile_sample_min_num_frames, model.tile_sample_stride_num_frames = frames, frame_stride


@torch.inference_mode()
def reference_decode(model, latents, clamp=True):
    out = model.decode(latents[None] / model.config.scaling_factor, return_dict=False)[0][0].transpose(0, 1)
    return (out * 0.5 + 0.5).clamp(0, 1) if clamp else out


def decode(model, latents, dtype=torch.float32, stage="decode", **more):
    return decode_all(model, {"": latents}, dtype, stage, **more)


def decode_all(model, clips, dtype=torch.float32, stage="decode", **more):
    given = oracle.prefixed("latents", clips)
    return oracle.run_stage(PROGRAM, stage, {**half(model, "decoder", dtype), **given}, **options(model), **more)


def same_pictures(what, ours, reference):
    """Rung 9: as eight bits, at most one level apart, on at most one sample in a thousand."""
    a, b = ((x.float() * 255).round().to(torch.int16) for x in (ours, reference))
    apart = (a - b).abs()
    report.check(f"{what}, u8", apart.max().item() <= 1 and (apart > 0).float().mean().item() <= 1e-3,
                 f"{(apart > 0).float().mean().item():.2g} differ by {apart.max().item()}")


def encoding():
    for name, model in MODELS.items():
        for frames, height, width in ((1, 48, 64), (5, 40, 24), (17, 32, 48)):
            tile_like(model, on=False)
            pixels = seeded(10 + frames, frames, 3, height, width).clamp(-1, 1)
            check_encode(f"encode {name} {frames} frames {height}x{width}", model, pixels, tiling="diffusers-untiled")
    model = MODELS["plain"]
    for frames, height, width in ((1, 104, 136), (1, 72, 40), (25, 64, 48), (29, 72, 64), (33, 32, 32)):
        tile_like(model)
        pixels = seeded(20 + frames, frames, 3, height, width).clamp(-1, 1)
        check_encode(f"encode in tiles {frames} frames {height}x{width}", model, pixels, **TILES)
    tile_like(model, frames=64, frame_stride=48)
    check_encode("encode in long tiles", model, seeded(31, 73, 3, 16, 24).clamp(-1, 1), tiling="original", **TILES)
    tile_like(model, on=False)
    check_encode("encode, unfused", model, seeded(32, 5, 3, 40, 24), tiling="diffusers-untiled", fused=0)


def check_encode(what, model, pixels, **more):
    with torch.inference_mode():
        reference = model.encode(pixels.transpose(0, 1)[None]).latent_dist.mode()[0] * model.config.scaling_factor
    ours = oracle.run_stage(PROGRAM, "encode", {**half(model, "encoder"), "pixels": pixels}, **options(model), **more)
    report.below(what, oracle.rel_l2(ours["latents"], reference), 1e-5)


def decoding():
    """Rung 7 without tiles in space, in all forms of the layers."""
    for name, model in MODELS.items():
        tile_like(model, on=False)
        clips = {f"{t}x{h}x{w}": seeded(40 + t, 16, t, h, w) for t, h, w in ((1, 6, 8), (3, 5, 7), (4, 8, 6))}
        made = decode_all(model, clips, stage="tile")
        for shape, latents in clips.items():
            ours, reference = made["frames" + shape], reference_decode(model, latents, clamp=False)
            report.below(f"decode {name} {shape}", oracle.rel_l2(ours, reference), 1e-5)
            same_pictures(f"decode {name} {shape}", (ours / 2 + 0.5).clamp(0, 1), (reference / 2 + 0.5).clamp(0, 1))
        for form in (dict(fused=0), dict(prepared=0)):
            other = decode(model, latents, stage="tile", **form)["frames"]
            report.below(f"decode {name} {form}", oracle.rel_l2(other, ours), 2e-6)


def tiles_in_space():
    model = MODELS["plain"]
    tile_like(model)
    clips = {f"{h}x{w}": seeded(h, 16, 2, h, w) for h, w in ((13, 20), (8, 9), (14, 7), (19, 15), (8, 8))}
    ours, put_together = decode_all(model, clips, **TILES), assembled(model, clips)
    for name, latents in clips.items():
        frames, reference = ours["frames" + name], reference_decode(model, latents)
        report.below(f"decode in tiles {name}", oracle.rel_l2(frames, reference), 1e-5)
        same_pictures(f"decode in tiles {name}", frames, reference)
        report.check(f"decode in tiles {name}, bits", torch.equal(frames, put_together[name]))


def tiles_in_time():
    yields = {1: [1], 2: [5], 3: [9], 4: [13], 5: [13, 4], 6: [13, 8], 7: [13, 12], 8: [13, 12, 4], 9: [13, 12, 8],
              10: [13, 12, 12], 11: [13, 12, 12, 4], 17: [13, 12, 12, 12, 12, 4]}
    model = MODELS["plain"]
    tile_like(model, on=False)
    clips = {f"{n}": seeded(60 + n, 16, n, 4, 5) for n in yields}
    ours, put_together = decode_all(model, clips, tiling="diffusers-untiled"), assembled(model, clips, space=False)
    for name, latents in clips.items():
        frames, reference, got = ours["frames" + name], reference_decode(model, latents), ours["yields" + name].tolist()
        report.below(f"decode {name} latents", oracle.rel_l2(frames, reference), 1e-5)
        same_pictures(f"decode {name} latents", frames, reference)
        report.check(f"decode {name} latents, bits", torch.equal(frames, put_together[name]))
        report.check(f"decode {name} latents, yields", got == yields[int(name)] and got + [0] == ours["announced" + name].tolist()
                     and sum(got) == ours["total" + name].item() == 4 * int(name) - 3, got)


def tiles_of_both_kinds():
    model = MODELS["plain"]
    latents = seeded(80, 16, 8, 9, 5)
    tile_like(model)
    ours = decode(model, latents, **TILES)
    report.below("decode in tiles of both kinds", oracle.rel_l2(ours["frames"], reference_decode(model, latents)), 1e-5)
    report.check("decode in tiles of both kinds, bits", torch.equal(ours["frames"], assembled(model, {"": latents})[""]))
    # 2 tiles in space, 3 in time; the start, then each.
    report.check("progress", ours["progress"].tolist() == sum([[i, 6] for i in range(7)], []), ours["progress"].tolist())
    tile_like(model, frames=64, frame_stride=48)
    latents = seeded(81, 16, 30, 3, 9)
    ours = decode(model, latents, tiling="original", **TILES)
    report.below("decode in long tiles", oracle.rel_l2(ours["frames"], reference_decode(model, latents)), 1e-5)
    report.check("decode in long tiles, yields", ours["yields"].tolist() == [49, 48, 20], ours["yields"].tolist())


def frames_left_out():
    """latent_concat: the first four frames are made and not given."""
    model = MODELS["plain"]
    tile_like(model, on=False)
    for count, yields in ((1, []), (2, [1]), (5, [9, 4]), (9, [9, 12, 8])):
        latents = seeded(90 + count, 16, count, 3, 4)
        ours = decode(model, latents, skip=4, tiling="diffusers-untiled")
        same = not yields or torch.equal(ours["frames"], decode(model, latents, tiling="diffusers-untiled")["frames"][4:])
        report.check(f"without four frames, {count} latents", ours["yields"].tolist() == yields and same
                     and ours["announced"].tolist() == yields + [0], ours["yields"].tolist())


def cancelling():
    model = MODELS["narrow"]
    latents = seeded(99, 16, 8, 9, 5)
    ours = decode(model, latents, stage="cancel", after=3, **TILES)
    report.check("cancelled between tiles", ours["cancelled"].item() == 1)
    report.check("goes on after a cancel", torch.equal(ours["frames"], decode(model, latents, **TILES)["frames"]))


def blend(a, b, axis, extent):
    extent = min(a.shape[axis], b.shape[axis], extent)
    for i in range(extent):
        line = b.select(axis, i)
        line.copy_(a.select(axis, a.shape[axis] - extent + i) * (1 - i / extent) + line * (i / extent))


def assembled(model, clips, space=True):
    """Rung 8: the frames put together here, with the reference's plain loops, from tiles that the engine decoded one by one."""
    def strides(latents):
        cut = space and max(latents.shape[2:]) > 8
        times = range(0, latents.shape[1], 3) if latents.shape[1] > 4 else [0]
        return times, *(range(0, n, 6 if cut else n) for n in latents.shape[2:]), 8 if cut else max(latents.shape[2:])

    pieces = {}
    for name, latents in clips.items():
        times, tops, lefts, size = strides(latents)
        for t, y, x in itertools.product(times, tops, lefts):
            pieces[f"{name},{t},{y},{x}"] = latents[:, t:t + 5, y:y + size, x:x + size]
    made = decode_all(model, pieces, stage="tile")                              # [frames, 3, height, width] each

    def picture(name, latents, t):
        _, tops, lefts, _ = strides(latents)
        rows = [[made[f"frames{name},{t},{y},{x}"] for x in lefts] for y in tops]
        for i, row in enumerate(rows):
            for j, tile in enumerate(row):
                if i > 0:
                    blend(rows[i - 1][j], tile, 2, 16)
                if j > 0:
                    blend(row[j - 1], tile, 3, 16)
        whole = torch.cat([torch.cat([t[:, :, :8 * tops.step, :8 * lefts.step] for t in row], 3) for row in rows], 2)
        return whole[:, :, :8 * latents.shape[2], :8 * latents.shape[3]]

    whole = {}
    for name, latents in clips.items():
        tiles = [picture(name, latents, t) for t in strides(latents)[0]]
        tiles[1:] = [t[1:] for t in tiles[1:]]
        for a, b in zip(tiles, tiles[1:]):
            blend(a, b, 0, 4)
        frames = torch.cat([tiles[0][:13]] + [t[:12] for t in tiles[1:]])[:4 * latents.shape[1] - 3]
        whole[name] = (frames * 0.5 + 0.5).clamp(0, 1)
    return whole


def lower_precision():
    """Half types are no farther from the fp32 reference than the reference's own (rung 7)."""
    model = MODELS["uneven"]
    tile_like(model, on=False)
    latents = seeded(110, 16, 3, 8, 6)
    exact = reference_decode(model, latents, clamp=False)
    for dtype in (torch.bfloat16, torch.float16):
        theirs = reference_decode(copy.deepcopy(model).to(dtype), latents.to(dtype), clamp=False)
        for form in (dict(fused=1), dict(fused=0)):
            ours = decode(model, latents, dtype, stage="tile", **form)["frames"]
            report.check(f"{dtype} {form}, type", ours.dtype == dtype)
            own, other = oracle.rel_l2(ours, exact), oracle.rel_l2(theirs, exact)
            report.check(f"{dtype} {form}", own <= 1.2 * other and own <= 3e-2, f"{own:.3g}, reference {other:.3g}")


def memory():
    """What decoding adds to the process does not grow with the clip, and the plan knows it."""
    model = oracle.vae(5, block_out_channels=(32, 64, 64, 64), norm_num_groups=16)
    # Freed memory goes back at once, or the allocator's habits are a tenth of the figure.
    exact = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072"}
    peaks = []
    for count in (5, 17):
        ours = decode(model, seeded(120, 16, count, 12, 16), stage="memory", tiling="diffusers-untiled", environment=exact)
        peaks.append(ours["peak"].item())
    plan = ours["plan"].item()
    figure = f"{peaks[0] / 2**20:.0f} MiB for 17 frames, {peaks[1] / 2**20:.0f} MiB for 65, planned {plan / 2**20:.0f}"
    report.check("memory does not grow with the clip", peaks[1] < 1.1 * peaks[0], figure)
    report.check("memory as planned", 0.7 * plan < peaks[1] < 1.15 * plan, figure)


encoding()
decoding()
tiles_in_space()
tiles_in_time()
tiles_of_both_kinds()
frames_left_out()
cancelling()
lower_precision()
memory()
report.end()
