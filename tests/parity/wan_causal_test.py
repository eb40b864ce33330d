# SPDX-License-Identifier: LGPL-2.1-or-later
"""Causal few-step Wan (Self-Forcing's layout) against an oracle without a cache: diffusers' transformer over the whole
sequence so far, with a mask that lets each block of three latents see itself and what the cache would hold.

    wan_causal_test.py PARITY_WAN_CAUSAL [GROUP]...      groups: cache clips layouts programs memory errors; all without

A cached key of a block was made when that block was written, so it knows of blocks that are dropped since: the mask is a
band over everything since the shot began, and a forward over the latents of the window alone is another function from the
first dropped block on (tested: equal before, different after). After a change of prompt keys and values are made again
from the latents that are still there, so the sequence begins anew with those, at their old positions."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import torch
from diffusers.models.transformers.transformer_wan import WanAttnProcessor
from safetensors.torch import save_file

import oracle
import wan_oracle

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "media"))
import ffmpeg_common  # noqa: E402, beside the tests of the filters

PROGRAM, CHOSEN = sys.argv[1], sys.argv[2:]
report = oracle.Report()
FOX, OWL = "A cat walks on the grass, realistic style.", "The red fox runs through deep snow at night."
BLOCK, LEVELS = 3, (1000.0, 937.5, 2500 / 3, 625.0)      # 1000, 750, 500, 250 with the shift 5
WIDTH, HEIGHT = 64, 48


def seeded(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class MaskedAttention(WanAttnProcessor):
    mask = None

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, rotary_emb=None):
        return super().__call__(attn, hidden_states, encoder_hidden_states, self.mask, rotary_emb)


ATTENTION = MaskedAttention()


class Sequence:
    """Blocks of latents, each with its place in the shot and the numbers of those that it sees beside itself."""

    def __init__(self, model, window=21, sink=0, alone=False):
        self.model, self.blocks, self.sink = model, window // BLOCK, sink // BLOCK
        self.alone = alone                     # what is dropped is forgotten: no oracle, but the control of one
        self.latents, self.places, self.sees, self.kept = [], [], [], []
        for block in model.blocks:
            block.attn1.set_processor(ATTENTION)

    @torch.no_grad()
    def forward(self, x, t, states, place):
        """The velocity of a block behind those that are kept. x [C, 3, h, w]."""
        model, dtype = self.model, self.model.patch_embedding.weight.dtype
        used = self.kept if self.alone else range(len(self.latents))
        latents = torch.cat([*(self.latents[i] for i in used), x], 1)
        places = [self.places[i] + k for i in used for k in range(BLOCK)] + [place + k for k in range(BLOCK)]
        tokens = (x.shape[2] // 2) * (x.shape[3] // 2)
        sees = torch.zeros(len(used) + 1, len(used) + 1, dtype=torch.bool)
        for row, seen in enumerate([*(self.sees[i] for i in used), self.kept]):
            for column, i in enumerate(used):
                sees[row, column] = i in seen
            sees[row, row] = True
        ATTENTION.mask = sees.repeat_interleave(BLOCK * tokens, 0).repeat_interleave(BLOCK * tokens, 1)
        times = torch.cat([torch.zeros(latents.shape[1] - BLOCK), torch.full((BLOCK,), t)]).repeat_interleave(tokens)
        plain = model.rope.forward                 # of the frames 0, 1, 2 and so on
        def at_places(hidden):
            cos, sin = plain(hidden.new_empty(1, 1, max(places) + 1, *hidden.shape[3:]))
            return tuple(f.unflatten(1, (-1, tokens))[:, places].flatten(1, 2) for f in (cos, sin))
        model.rope.forward = at_places
        try:
            out = model(latents[None].to(dtype), times[None], states.to(dtype), return_dict=False)[0][0]
        finally:
            model.rope.forward = plain
        return out[:, -BLOCK:].float()

    def append(self, x, place):
        self.sees.append(set(self.kept))
        self.kept.append(len(self.latents))
        self.latents.append(x)
        self.places.append(place)
        if len(self.kept) == self.blocks:
            del self.kept[self.sink]

    def begin_again(self):
        """With the blocks that are kept, each of which now sees those of them before it."""
        self.latents, self.places = [self.latents[i] for i in self.kept], [self.places[i] for i in self.kept]
        self.kept = list(range(len(self.latents)))
        self.sees = [set(range(i)) for i in self.kept]


def oracle_latents(model, prompts, seed=1, window=21, sink=0, size=(HEIGHT // 8, WIDTH // 8)):
    """prompts: the states [1, 512, d] that each block obeys; an object that is another than the one before is a change.
    -> [16, 3 * blocks, h, w]"""
    noise, sequence = torch.Generator().manual_seed(seed), Sequence(model, window, sink)
    draw = lambda: torch.randn(16, BLOCK, *size, generator=noise)
    made = []
    for number, states in enumerate(prompts):
        if number > 0 and states is not prompts[number - 1]:
            sequence.begin_again()
        x = draw()
        for t, after in zip(LEVELS, (*LEVELS[1:], 0.0)):
            x = x - t / 1000 * sequence.forward(x, t, states, BLOCK * number)
            if after > 0:
                x = (1 - after / 1000) * x + after / 1000 * draw()
        sequence.append(x, BLOCK * number)
        made.append(x)
    return torch.cat(made, 1)


# ---- one transformer with a cache ---------------------------------------------------------------

def passes_case(window, sink, blocks, firsts=()):
    model = wan_oracle.transformer("t2v", 5)
    c = model.config
    latents, clean = seeded(6, blocks, 16, BLOCK, 6, 8), seeded(7, blocks, 16, BLOCK, 6, 8)
    states = torch.zeros(512, c.text_dim)
    states[:17] = seeded(8, 17, c.text_dim)
    given = {**oracle.prefixed("w.", wan_oracle.original_transformer(model.state_dict())), "latents": latents, "clean": clean,
             "t": torch.tensor([LEVELS[2]]), "states": states}
    run = lambda first: oracle.run_stage(
        PROGRAM, "passes", given, heads=c.num_attention_heads, head_dim=c.attention_head_dim, in_channels=16, out_channels=16,
        layers=c.num_layers, ffn=c.ffn_dim, text_dim=c.text_dim, freq_dim=c.freq_dim, window=window, sink=sink, first=first)["velocity"]
    ours, title = run(0), f"cache of {window} latents, sink {sink}"
    banded, alone = Sequence(model, window, sink), Sequence(model, window, sink, alone=True)
    for i in range(blocks):
        wanted = banded.forward(latents[i], LEVELS[2], states[None], BLOCK * i)
        report.below(f"{title}: block {i} equals the mask", oracle.rel_l2(ours[i], wanted), 1e-6)
        control = oracle.rel_l2(alone.forward(latents[i], LEVELS[2], states[None], BLOCK * i), wanted)
        if i < window // BLOCK or window == BLOCK:
            report.below(f"{title}: block {i}: so does a forward over the window alone", control, 1e-6)
        else:
            report.above(f"{title}: block {i}, some are dropped: the window alone is another function", control, 1e-3)
        for sequence in (banded, alone):
            sequence.append(clean[i], BLOCK * i)
    for first in firsts:                       # only differences of positions count
        report.below(f"{title}: the same from position {first} on", oracle.rel_l2(run(first), ours), 1e-5)


def cache():
    passes_case(21, 0, 4, firsts=(1020, 345_600))   # beyond the reference's table; after a day of 16 frames a second
    passes_case(6, 0, 4)
    passes_case(9, 3, 5)
    passes_case(3, 0, 2)


# ---- whole clips --------------------------------------------------------------------------------

def stream(model, prompt, opts="", **options):
    """What the engine makes: {frames fp32 in 0..1, shots, told, memory}."""
    given = dict(model=model, device="cpu", precision="fp32", prompt=prompt, size=f"{WIDTH}x{HEIGHT}", frames=33, seed=1,
                 engine_opts="sampler=causal" + opts, prefetch=0)
    given.update(options)
    made = oracle.run_stage(PROGRAM, "stream", {"nothing": torch.zeros(1)}, **{k: v for k, v in given.items() if v is not None})
    if "frames" in made:
        made["frames"] = made["frames"].float() / 255
    return made


def states_of(pipe, *prompts):
    with torch.no_grad():
        return [pipe.encode_prompt(prompt, do_classifier_free_guidance=False, max_sequence_length=512)[0] for prompt in prompts]


def frames_of(pipe, latents):
    return (wan_oracle.decode(pipe.vae, latents).permute(0, 2, 3, 1) * 255).round() / 255


def like(what, ours, wanted, bar=60):
    report.check(f"{what}: shape", ours.shape == wanted.shape, f"{tuple(ours.shape)}, expected {tuple(wanted.shape)}")
    if ours.shape == wanted.shape:
        report.above(f"{what}: worst frame, dB", min(oracle.psnr(a, b) for a, b in zip(ours, wanted)), bar)


def same(what, ours, wanted):
    report.check(f"{what}: the same bytes", torch.equal(ours, wanted), f"{tuple(ours.shape)}, {tuple(wanted.shape)}")


def change_case(folder, pipe, fox, owl):
    """Another prompt without a cut, asked for in the middle of the second block of four."""
    opts = ":window=6:sink=3"
    still = stream(folder, FOX, opts, frames=45, transition="morph")
    moved = stream(folder, FOX, opts, frames=45, transition="morph", after=12, then=OWL)
    told = moved["told"].item()
    report.check("another prompt: told as the first frame of the next block", told == 9 + 12, told)
    same("another prompt: frames before it", moved["frames"][:21], still["frames"][:21])
    report.below("another prompt: frames after it are others, dB", oracle.psnr(moved["frames"][21:], still["frames"][21:]), 40)
    like("another prompt", moved["frames"], frames_of(pipe, oracle_latents(pipe.transformer, [fox, fox, owl, owl], window=6, sink=3)))
    like("the same prompt, window 6, sink 3", still["frames"], frames_of(pipe, oracle_latents(pipe.transformer, [fox] * 4, window=6, sink=3)))
    kept = stream(folder, FOX, frames=45, transition="morph")
    wide = stream(folder, FOX, frames=45, transition="morph", after=9, then=OWL)      # between the chunks
    report.check("another prompt between blocks: told at once", wide["told"].item() == 9, wide["told"].item())
    same("another prompt between blocks: frames before it", wide["frames"][:9], kept["frames"][:9])
    like("another prompt, nothing dropped", wide["frames"], frames_of(pipe, oracle_latents(pipe.transformer, [fox, owl, owl, owl])))


def shot_cases(folder, temporary):
    """A shot that begins with a cut is the clip that its prompt makes alone."""
    fox, owl = stream(folder, FOX, frames=33)["frames"], stream(folder, OWL, frames=33)["frames"]
    cut = stream(folder, FOX, frames=42, after=3, then=OWL)
    report.check("a cut: told at the next block", cut["told"].item() == 9, cut["told"].item())
    same("a cut: before", cut["frames"][:9], fox[:9])
    same("a cut: after", cut["frames"][9:], owl)
    report.check("a cut: shots", cut["shots"].tolist() == [0] * 9 + [1] * 33)
    board = pathlib.Path(temporary, "shots.srt")
    board.write_text(f"1\n00:00:00,000 --> 00:00:01,000\n{FOX}\n\n2\n00:00:01,000 --> 00:00:02,000\n{OWL}\n\n"
                     f"3\n00:00:02,000 --> 00:00:02,500\n{FOX}\n")
    shots = stream(folder, None, storyboard=board, frames=None)
    same("a storyboard of 16, 16 and 8 frames", shots["frames"], torch.cat([fox[:16], owl[:16], fox[:8]]))
    # Without cuts what is left of a block comes first: shots of 16 frames change with the blocks from frames 21 and 33 on.
    again = stream(folder, FOX, frames=40, transition="morph", after=20, then=OWL)["frames"]
    morph = stream(folder, None, storyboard=board, frames=None, transition="morph")
    same("a storyboard without cuts: up to the second change", morph["frames"][:33], again[:33])
    report.check("a storyboard without cuts: shots", morph["shots"].tolist() == [0] * 16 + [1] * 16 + [2] * 8)


def clips():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as temporary:
        folder = pathlib.Path(temporary, "t2v")
        pipe = wan_oracle.save_pipeline("t2v", folder)      # its scheduler says shift 3, which is the base model's
        fox, owl = states_of(pipe, FOX, OWL)
        plain = frames_of(pipe, oracle_latents(pipe.transformer, [fox] * 3))
        ours = stream(folder, FOX)["frames"]
        like("a clip of three blocks", ours, plain)
        same("30 frames: cut from the block", stream(folder, FOX, frames=30)["frames"], ours[:30])
        report.below("another seed is another clip, dB", oracle.psnr(stream(folder, FOX, seed=2)["frames"], ours), 40)
        change_case(folder, pipe, fox, owl)
        shot_cases(folder, temporary)
        half = wan_oracle.halved_pipeline(pipe, False)
        near = frames_of(pipe, oracle_latents(half.transformer, [states_of(half, FOX)[0]] * 3))
        theirs = oracle.psnr(near, plain)
        report.above(f"bf16 to fp32, dB (the oracle's {theirs:.1f})", oracle.psnr(stream(folder, FOX, precision="bf16")["frames"], plain), theirs - 1.6)


# ---- layouts ------------------------------------------------------------------------------------

def layouts():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as temporary:
        folder = pathlib.Path(temporary, "t2v")
        pipe = wan_oracle.save_pipeline("t2v", folder)
        wanted = stream(folder, FOX, frames=9)["frames"]
        published = pathlib.Path(temporary, "SFWan")           # as FastVideo writes one: its own classes, its own scheduler
        shutil.copytree(folder, published)
        for config, kind in (("model_index.json", "WanCausalDMDPipeline"), ("transformer/config.json", "CausalWanTransformer3DModel")):
            value = oracle.json.loads((published / config).read_text())
            oracle.write_json(published / config, {**value, "_class_name": kind})
        oracle.write_json(published / "scheduler" / "scheduler_config.json", {
            "_class_name": "SelfForcingFlowMatchScheduler", "num_inference_steps": 1000, "shift": 5.0, "sigma_min": 0.0,
            "extra_one_step": True, "training": True})
        same("a folder whose scheduler says what it is", stream(published, FOX, frames=9, engine_opts="window=21")["frames"], wanted)
        original = wan_oracle.original_transformer(pipe.transformer.state_dict())
        alone = pathlib.Path(temporary, "alone")
        alone.mkdir()
        shutil.copy(folder / "transformer" / "config.json", alone)      # the heads of a tiny model
        parts = "".join(f":{part}={folder / part}" for part in ("vae", "text_encoder", "tokenizer"))
        fsdp = lambda name: re.sub(r"(blocks\.\d+\.)", r"\1_fsdp_wrapped_module.", "_fsdp_wrapped_module." + name)
        for title, spell in (("generator_ema.", lambda n: "generator_ema." + n), ("generator.", lambda n: "generator." + n),
                             ("generator_ema.model.", lambda n: "generator_ema.model." + n), ("generator.model.", lambda n: "generator.model." + n),
                             ("model.", lambda n: "model." + n), ("no prefix", lambda n: n),
                             ("generator_ema.model. and FSDP's", lambda n: "generator_ema.model." + fsdp(n))):
            file = alone / "model.safetensors"
            save_file({spell(name): t.contiguous() for name, t in original.items()}, file)
            same(f"safetensors, {title}", stream(file, FOX, parts, frames=9)["frames"], wanted)
        save_file({prefix + name: t.clone() for name, t in original.items() for prefix in ("generator.", "generator_ema.")}, file)
        refused("both generators in one file", 'in two spellings', file, FOX, parts, frames=9)


# ---- stock programs -----------------------------------------------------------------------------

def ffmpeg(folder, temporary, changed, plain):
    if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
        print("skipped: no ffmpeg")
        return
    ffmpeg_common.prepare()
    commands = pathlib.Path(temporary, "commands.txt")
    commands.write_text(f"0.3 t2vsrc prompt '{OWL}';\n")
    source = (f"t2vsrc=model='{folder}':engine_opts='sampler=causal\\:window=6':prompt='{FOX}':precision=fp32:device=cpu:size={WIDTH}x{HEIGHT}:"
              "seed=1:prefetch=0:frames=33")
    for title, graph, wanted in (("as it is", source, plain), ("another prompt by sendcmd", f"{source}:transition=morph,sendcmd=f='{commands}'", changed)):
        raw, err, status = ffmpeg_common.run(
            ffmpeg_common.FFMPEG + ["-v", "verbose", "-filter_complex", graph + ",format=gbrp[v]", "-map", "[v]", "-f", "rawvideo", "-"], text=False, timeout=120)
        planes = torch.frombuffer(bytearray(raw or b"\0"), dtype=torch.uint8)
        good = status == 0 and len(planes) == wanted.numel()
        report.check(f"ffmpeg, {title}: frames", good, "" if good else str(err)[-300:])
        if good:
            same(f"ffmpeg, {title}", planes.view(-1, 3, HEIGHT, WIDTH)[:, [2, 0, 1]].permute(0, 2, 3, 1).float() / 255, wanted)
    report.check("ffmpeg told the first frame of the next block", "prompt: new value from frame 9 on" in err)


def gstreamer(folder, temporary, plain):
    if not shutil.which("gst-launch-1.0"):
        print("skipped: no gst-launch-1.0")
        return
    out = pathlib.Path(temporary, "live.rgb")
    line = (f"t2vsrc model={folder} engine-opts=o,sampler=causal,window=6 prompt=\"{FOX}\" precision=fp32 device=cpu width={WIDTH} height={HEIGHT} "
            f"seed=1 frames=-1 is-live=true num-buffers=33 ! video/x-raw,format=RGB ! filesink location={out}")
    done = subprocess.run([*ffmpeg_common.ZT_ENV, "sh", "-c", "exec gst-launch-1.0 -q " + line], capture_output=True, text=True, timeout=120)
    report.check("gst-launch-1.0, live and endless: runs", done.returncode == 0, done.stderr[-300:])
    if done.returncode == 0:
        same("gst-launch-1.0, live and endless", torch.frombuffer(bytearray(out.read_bytes()), dtype=torch.uint8).view(-1, HEIGHT, WIDTH, 3).float() / 255, plain)


def programs():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as temporary:
        folder = pathlib.Path(temporary, "t2v")
        wan_oracle.save_pipeline("t2v", folder)
        plain = stream(folder, FOX, ":window=6")["frames"]
        changed = stream(folder, FOX, ":window=6", transition="morph", after=5, then=OWL)["frames"]
        ffmpeg(folder, temporary, changed, plain)
        gstreamer(folder, temporary, plain)


# ---- memory -------------------------------------------------------------------------------------

def memory():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as temporary:
        folder = pathlib.Path(temporary, "t2v")
        wan_oracle.save_pipeline("t2v", folder)
        every = 797                                # 200 latents are 797 frames, 2,000 are 7,997
        memory = stream(folder, FOX, ":window=12:sink=3", frames=-1, size="32x16", most=7997, every=every)["memory"]
        for name, of, bar in (("resident", 0, 32768), ("allocated", 1, 1024)):
            kib = memory[:, of].tolist()
            print(f"     {name}, MiB: {', '.join(f'{k / 1024:.1f}' for k in kib)}")
            report.below(f"endless: from 200 to 2,000 latents what is {name} grows by, KiB", kib[-1] - kib[0], bar)


# ---- refusals -----------------------------------------------------------------------------------

def refused(what, expected, *given, **options):
    try:
        stream(*given, **options)
        report.check(f"{what}: refused", False, "it ran")
    except RuntimeError as error:
        report.check(f"{what}: refused", expected in str(error), str(error))


def errors():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as temporary:
        text, picture, two = (pathlib.Path(temporary, name) for name in ("t2v", "ti2v", "t2v_a14b"))
        for folder in (text, picture, two):
            wan_oracle.save_pipeline(folder.name, folder)
        for key, value, least, most in (("window", "7", 3, 999), ("window", "0", 3, 999), ("window", "1002", 3, 999), ("window", "many", 3, 999),
                                        ("window", "-3", 3, 999), ("sink", "21", 0, 18), ("sink", "2", 0, 18), ("sink", "3.0", 0, 18)):
            refused(f"{key}={value}", f'engine_opts: {key}: expected a multiple of 3 from {least} to {most}, got "{value}"', text, FOX, f":{key}={value}")
        refused("sink as large as the window", 'engine_opts: sink: expected a multiple of 3 from 0 to 3, got "6"', text, FOX, ":window=6:sink=6")
        for key in ("window", "sink"):
            refused(f"{key} without causal", f'engine_opts: {key}: expected none without sampler=causal, got "6"', text, FOX, engine_opts=f"{key}=6")
        refused("another sampler", 'engine_opts: sampler: expected one of unipc distilled causal, got "casual"', text, FOX, engine_opts="sampler=casual")
        for folder, size in ((picture, "64x32"), (two, "64x48")):
            refused(f"causal with {folder.name}", 'engine_opts: sampler: expected unipc or distilled (causal is for text to video 2.1), got "causal"',
                    folder, FOX, size=size)
        refused("guidance", "guidance: expected at most 1 (this model makes one pass a step), got 5", text, FOX, guidance=5)
        refused("a negative prompt", "negative_prompt: expected", text, FOX, negative_prompt="bad hands")
        refused("endless without causal", "frames: expected a length (this model has an end), got -1", text, FOX, frames=-1, engine_opts=None)
        refused("too little memory", 'memory: expected at least', text, FOX, memory="64M", size="832x480", frames=-1)


GROUPS = dict(cache=cache, clips=clips, layouts=layouts, programs=programs, memory=memory, errors=errors)

if __name__ == "__main__":
    for group in CHOSEN or GROUPS:
        GROUPS[group]()
    report.end()
