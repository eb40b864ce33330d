# SPDX-License-Identifier: LGPL-2.1-or-later
"""The text side of MiniMax-H3 against diffusers and transformers on tiny seeded models: tokens, layout of the prompt, vision
tower, states behind each of several layers, pictures fitted to the clip, and every layout of files.

    minimax_h3_text_test.py PARITY_MINIMAX_H3_TEXT [GROUP]...      groups: tokens fit vision states files refused; all without

Stage, options, tensors in -> out:
    tokens   tokenizer; bytes, ends [N] -> ids, ids_ends [N], size [2]: tokens, largest id + 1
    fit      picture.N [H,W,3] u8, size.N [3]: width, height, 1 for a follower -> fitted.N [height,width,3] u8
    vision   model [tower] width height type; first, last [H,W,3] u8 -> pixels.N, tokens.N, tap{i}.N
    state    model [tower] tokenizer prompt width height type layers=50; first, last -> ids, tags, positions [3,L], states [L,hidden]

Bars, relative L2 unless said otherwise: ids, tags, positions, pixels, fitted pictures: equal; vision fp32 1e-6, bf16 2e-2; states
fp32 2e-6, bf16 3e-2, and in bf16 no further from fp32 than 1.2 times the reference's own bf16."""
import json
import pathlib
import random
import shutil
import sys
import tempfile

import numpy
import torch
from diffusers import MiniMaxH3ModularPipeline  # noqa: F401 - without it the pipeline's steps cannot be imported
from diffusers.modular_pipelines.minimax_h3.before_encoder import MiniMaxH3ResizeStep
from diffusers.modular_pipelines.minimax_h3.encoders import MiniMaxH3FL2VATextEncoderStep
from PIL import Image
from transformers import Qwen3VLForConditionalGeneration

import generated_prompts
import minimax_h3_oracle as h3
import minimax_h3_text_files as files
import oracle

PROGRAM, CHOSEN = sys.argv[1], sys.argv[2:]
FP32, VISION, BF16 = 2e-6, 1e-6, 3e-2
report = oracle.Report()
PROMPTS = {
    "dialogue": h3.PROMPT,
    "Chinese": "一只猫在草地上行走，写实风格。<d>[Chinese] 等一下</d>",
    "one token": "a",
    "form": "integrated_multimodal_description: [Shot 1] A cat\noverall_soundscape: rain 2025\n\n  x",
}
CASES = {"none": (), "first": ("first",), "last": ("last",), "first and last": ("first", "last")}
GIVEN = {"first": oracle.picture(80, 48, seed=5), "last": oracle.picture(100, 90, seed=6)}


def stage(name, tensors=None, **options):
    return oracle.run_stage(PROGRAM, name, tensors or {"nothing": torch.zeros(1)}, **options)


def bytes_of(image):
    return torch.from_numpy(numpy.array(image).copy())


def half_rule(what, ours, half, exact):
    report.below(f"{what}, bf16 from fp32 beside the reference's", oracle.rel_l2(ours, exact), 1.2 * oracle.rel_l2(half, exact))


# ---- Tokens -------------------------------------------------------------------------------------

def packed(texts):
    raw = [t.encode() for t in texts]
    return {"bytes": torch.frombuffer(bytearray(b"".join(raw) + b"\0"), dtype=torch.uint8),
            "ends": torch.tensor([len(b) for b in raw]).cumsum(0)}


def lists(out):
    values, start, made = out["ids"].tolist(), 0, []
    for end in out["ids_ends"].tolist():
        made.append(values[start:end])
        start = end
    return made


def compare_tokens(what, place, reference, texts):
    wanted = [reference(t, add_special_tokens=False)["input_ids"] for t in texts]
    out = stage("tokens", packed(texts), tokenizer=place)
    wrong = [i for i, (a, b) in enumerate(zip(lists(out), wanted)) if a != b]
    for i in wrong[:3]:
        print(f"  {ascii(texts[i][:160])}: expected {wanted[i][:12]}, got {lists(out)[i][:12]}")
    report.check(f"{what}: ids of {len(texts)} texts", not wrong, f"{len(wrong)} differ, {sum(map(len, wanted))} tokens")
    report.check(f"{what}: the vocabulary's end", out["size"][1] == len(reference), out["size"].tolist())


def tokens(folder):
    words = generated_prompts.WORDS + h3.QWEN_SPECIALS + h3.H3_SPECIALS
    texts = generated_prompts.prompts(3000, 22, words) + list(PROMPTS.values()) + ["<Picture 1>: ", "<|cutoff|", "<d></d>"]
    reference = h3.tokenizer(h3.write_tokenizer(files.made(folder, "tokenizer")))
    for name, change in files.TOKENIZERS.items():
        compare_tokens(f"tokenizer, {name}", change(folder), reference, texts)
    published = files.published(folder)
    if published is None:
        print("skipped: Qwen's published vocabulary (dashscope, which has it, is not installed)")
        return
    compare_tokens("published vocabulary", published, h3.tokenizer(published), texts[:1000])
    for text, ids in files.PUBLISHED_VECTORS.items():
        got = lists(stage("tokens", packed([text]), tokenizer=published))[0]
        report.check(f"published ids of {text!r}", got == ids, "" if got == ids else f"expected {ids}, got {got}")


# ---- Pictures -----------------------------------------------------------------------------------

class Canvas:
    """What the reference's own step for keyframes asks of the pipeline and of a request."""

    def __init__(self, **given):
        self.__dict__.update(given)


def reference_fit(image, last, width, height):
    from diffusers.image_processor import VaeImageProcessor
    step = MiniMaxH3ResizeStep()
    state = Canvas(image=image, last_image=last, width=width, height=height)
    step.get_block_state, step.set_block_state = lambda _: state, lambda *_: None
    step(Canvas(image_processor=VaeImageProcessor(vae_scale_factor=16)), None)
    return state.keyframes


def fit(_):
    r, jobs, wanted = random.Random(22), {}, {}
    sides = [1, 2, 7, 31, 32, 48, 63, 64, 90, 96, 100, 127, 200, 333, 512]
    for i in range(300):
        array = numpy.random.default_rng(i).integers(0, 256, (r.choice(sides), r.choice(sides), 3), dtype=numpy.uint8)
        if i % 3 == 0:
            array = 255 * (array // 128)                      # hard edges, so that the filter overshoots on both sides
        width, height, follower = 32 * r.randrange(1, 9), 32 * r.randrange(1, 9), r.random() < 0.6
        # The reference refuses nothing; the engine does where a scaled side passes what it takes.
        if max(width / array.shape[1], height / array.shape[0]) * max(array.shape[:2]) > 8000:
            continue
        image, anchor = Image.fromarray(array), Image.new("RGB", (width, height))
        made = reference_fit(anchor, image, width, height)[1] if follower else reference_fit(image, None, width, height)[0]
        jobs[f"picture.{len(wanted)}"] = torch.from_numpy(array)
        jobs[f"size.{len(wanted)}"] = torch.tensor([width, height, int(follower)])
        wanted[f"fitted.{len(wanted)}"] = bytes_of(made)
    out = stage("fit", jobs)
    wrong = [k for k, v in wanted.items() if not torch.equal(out[k], v)]
    report.check(f"{len(wanted)} fitted keyframes, to the byte", not wrong and len(wanted) > 200, wrong[:5])


# ---- The model ----------------------------------------------------------------------------------

class Reference:
    """The tiny Qwen3-VL as transformers runs it; half: its bf16 as it is loaded from the same folder."""

    def __init__(self, folder, dtype):
        self.model = Qwen3VLForConditionalGeneration.from_pretrained(folder / "text_encoder", torch_dtype=dtype).eval()
        self.words = h3.tokenizer(folder / "tokenizer")
        self.processor = h3.processor(self.words)

    @torch.no_grad()
    def __call__(self, prompt, keyframes):
        """{ids, tags, positions, pixels, tokens, tap{i}, after{n}}: states behind n layers, what a tap adds included."""
        found, undo = {}, []
        inner = self.model.model

        def keep(name):
            return lambda _, args, kwargs: found.__setitem__(name, (args[0] if args else kwargs["hidden_states"])[0].float().clone())
        for n in (1, 2, 3, 25):
            undo.append(inner.language_model.layers[n].register_forward_pre_hook(keep(f"after{n}"), with_kwargs=True))

        def seen(_, args, kwargs, out):
            found["pixels"] = (args[0] if args else kwargs["hidden_states"]).float()
            found["tokens"] = torch.cat(list(out.pooler_output)).float() if not torch.is_tensor(out.pooler_output) else out.pooler_output.float()
            for i, tap in enumerate(out.deepstack_features):
                found[f"tap{i}"] = (tap if torch.is_tensor(tap) else torch.cat(list(tap))).float()
        undo.append(inner.visual.register_forward_hook(seen, with_kwargs=True))
        undo.append(inner.language_model.register_forward_pre_hook(
            lambda _, args, kwargs: found.__setitem__("positions", kwargs.get("position_ids")), with_kwargs=True))
        undo.append(inner.register_forward_pre_hook(
            lambda _, args, kwargs: found.__setitem__("ids", kwargs["input_ids"][0].clone()), with_kwargs=True))
        step = MiniMaxH3FL2VATextEncoderStep()
        state = Canvas(prompt=prompt, keyframes=keyframes)
        step.get_block_state, step.set_block_state = lambda _: state, lambda *_: None
        step(Canvas(text_encoder=self.model, tokenizer=self.words, processor=self.processor, text_tag=1, video_tag=0,
                    text_encoder_layer=50, _execution_device=torch.device("cpu")), None)
        for u in undo:
            u.remove()
        found["after50"], found["tags"] = state.prompt_embeds[0].float(), state.text_token_tags
        length = len(found["ids"])
        given = found["positions"]
        found["positions"] = torch.arange(length).expand(3, length) if given is None else given[-3:, 0]
        return found


def keyframes_of(case, width, height):
    given = [GIVEN[name] for name in CASES[case]]
    if not given:
        return []
    return reference_fit(given[0], given[1] if len(given) > 1 else None, width, height)


def tensors_of(case):
    return {name: bytes_of(GIVEN[name]) for name in CASES[case]} or None


def vision(folder):
    whole, half = Reference(folder, torch.float32), Reference(folder, torch.bfloat16)
    for case, width, height in (("first", 96, 64), ("last", 32, 32), ("first and last", 64, 160), ("first", 224, 32)):
        what = f"vision, {case}, {width}x{height}"
        keyframes = keyframes_of(case, width, height)
        exact, rounded = (m("a", keyframes) for m in (whole, half))
        given = dict(model=folder / "text_encoder", width=width, height=height)
        ours, ours_half = (stage("vision", tensors_of(case), type=kind, **given) for kind in ("fp32", "bf16"))
        joined = lambda out, name: torch.cat([out[f"{name}.{i}"] for i in range(len(keyframes))])
        # The order of the reference's values, and the bits of its processor on tensors, which scales and shifts in one step.
        levels = (exact["pixels"] * 127.5 + 127.5).round()
        report.check(f"{what}: pixels, equal bits", torch.equal(joined(ours, "pixels"), (levels - 127.5) / 127.5))
        for name in ("tokens", "tap0", "tap1", "tap2"):
            report.below(f"{what}, {name}, fp32", oracle.rel_l2(joined(ours, name), exact[name]), VISION)
            report.below(f"{what}, {name}, bf16", oracle.rel_l2(joined(ours_half, name), rounded[name]), BF16)
            half_rule(f"{what}, {name}", joined(ours_half, name), rounded[name], exact[name])


def states(folder):
    whole, half = Reference(folder, torch.float32), Reference(folder, torch.bfloat16)
    given = dict(model=folder / "text_encoder", tokenizer=folder / "tokenizer")
    for case, width, height, prompts in (("none", 96, 64, PROMPTS), ("first", 96, 64, ["dialogue"]), ("last", 64, 128, ["Chinese"]),
                                         ("first and last", 96, 64, ["dialogue", "form"]), ("first and last", 32, 192, ["one token"])):
        keyframes = keyframes_of(case, width, height)
        for name in prompts:
            what = f"states, {case}, {name}"
            exact, rounded = (m(PROMPTS[name], keyframes) for m in (whole, half))
            run = lambda layers, kind: stage("state", tensors_of(case), prompt=PROMPTS[name], width=width, height=height, layers=layers,
                                             type=kind, **given)
            ours = run(50, "fp32")
            for part in ("ids", "tags", "positions"):
                report.check(f"{what}: {part}", torch.equal(ours[part], exact[part]), "" if torch.equal(ours[part], exact[part]) else ours[part].tolist()[:30])
            report.below(f"{what}, 50 layers, fp32", oracle.rel_l2(ours["states"], exact["after50"]), FP32)
            ours_half = run(50, "bf16")["states"]
            report.below(f"{what}, 50 layers, bf16", oracle.rel_l2(ours_half, rounded["after50"]), BF16)
            half_rule(what, ours_half, rounded["after50"], exact["after50"])
            if name not in list(prompts)[:1]:
                continue
            for layers in (1, 2, 3, 25):
                report.below(f"{what}, {layers} layers, fp32", oracle.rel_l2(run(layers, "fp32")["states"], exact[f"after{layers}"]), FP32)
            first = run(1, "bf16")["states"]
            report.below(f"{what}, 1 layer, bf16", oracle.rel_l2(first, rounded["after1"]), 1e-2 if keyframes else 5e-4)


# ---- Files --------------------------------------------------------------------------------------

def layouts(folder):
    """The same weights in every layout give the same bits."""
    given = dict(tokenizer=folder / "tokenizer", prompt=h3.PROMPT, width=96, height=64)
    pictures = tensors_of("first and last")
    wanted = stage("state", pictures, model=folder / "text_encoder", **given)["states"]
    plain = stage("state", None, model=folder / "text_encoder", **given)["states"]
    for name, make in files.LAYOUTS.items():
        place, tower = make(folder)
        got = stage("state", pictures, model=place, **({"tower": tower} if tower else {}), **given)["states"]
        report.check(f"files, {name}: equal bits", torch.equal(got, wanted), "" if torch.equal(got, wanted) else oracle.rel_l2(got, wanted))
        got = stage("state", None, model=place, **given)["states"]
        report.check(f"files, {name}, without pictures: equal bits", torch.equal(got, plain))


def refused(folder):
    given = dict(model=folder / "text_encoder", tokenizer=folder / "tokenizer", prompt="a", width=96, height=64)
    pictures = tensors_of("first")
    gguf = files.LAYOUTS["llama.cpp, mmproj beside it"](folder)[0]
    cases = {
        "a picture without a vision tower": (pictures, dict(model=gguf), "image: expected the vision tower of Qwen3-VL beside qwen3vl.gguf (of llama.cpp the mmproj file), got none"),
        "an empty prompt": (None, dict(prompt=""), "prompt: expected text, got none"),
        "a pad of pictures in the prompt": (pictures, dict(prompt="a <|image_pad|>"), 'prompt: expected no "<|image_pad|>"'),
        "a prompt that is not UTF-8": (None, dict(prompt="a \udcff"), "prompt: expected UTF-8"),
        "sides that are no multiples of 32": (pictures, dict(width=80), "image: expected sides that are multiples of 32, got 80x64"),
    }
    for name, (make, message) in files.BROKEN.items():
        cases[name] = (pictures, make(folder), message)
    for what, (tensors, changes, message) in cases.items():
        try:
            stage("state", tensors, **{**given, **changes})
            report.check(f"refused: {what}", False)
        except RuntimeError as error:
            report.check(f"refused: {what}", message in str(error), str(error))
    for name in ("a pad of pictures in the prompt",):
        _, changes, _ = cases[name]
        report.check("without a picture a typed pad is text as in the reference", stage("state", None, **{**given, **changes})["ids"].numel() > 1)


def main():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as name:
        folder = pathlib.Path(name)
        model = h3.text_encoder()
        model.save_pretrained(folder / "text_encoder", max_shard_size="200KB")
        h3.write_tokenizer(files.made(folder, "tokenizer"))
        groups = dict(tokens=tokens, fit=fit, vision=vision, states=states, files=layouts, refused=refused)
        for group in CHOSEN or groups:
            groups[group](folder)
    report.end()


main()
