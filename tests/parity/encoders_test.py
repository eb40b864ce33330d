# SPDX-License-Identifier: LGPL-2.1-or-later
"""The LLM, CLIP's two towers and what the pipelines make of them, against transformers and against
encode_prompt of diffusers' pipelines.

    encoders_test.py PROGRAM        PROGRAM is built from encoders_stage.cpp"""
import sys
import tempfile

import oracle
import tiny_tokenizers
import torch
from PIL import Image

PROGRAM = sys.argv[1]
FP32, BF16 = 1e-5, 2e-2                      # relative L2, per precision
CLIP = dict(clip_vocab=len(tiny_tokenizers.clip_fast()))
report = oracle.Report()


def compare(what, ours, reference, half, half_reference):
    """fp32 against fp32; bf16 against the reference's bf16, and no further from fp32 than that is."""
    report.below(f"{what}, fp32", oracle.rel_l2(ours, reference), FP32)
    report.below(f"{what}, bf16", oracle.rel_l2(half, half_reference), BF16)
    report.below(f"{what}, bf16 from fp32 beside the reference's", oracle.rel_l2(half, reference),
                 1.2 * oracle.rel_l2(half_reference, reference))


def in_both(module, call):
    """What `call` gives of a module in fp32 and in bf16. A model loaded in bf16 keeps its rotary frequencies in fp32,
    unlike one that is cast; so they are put back."""
    state = {k: v.clone() for k, v in module.state_dict().items()}
    frequencies = [(m, m.inv_freq.clone()) for m in module.modules() if hasattr(m, "inv_freq")]
    with torch.no_grad():
        whole = call(module)
        module.bfloat16()
        for m, inv_freq in frequencies:
            m.inv_freq = inv_freq
        half = {k: v.float() for k, v in call(module).items()}
        module.float().load_state_dict(state)
    return whole, half


def stage_in_both(stage, tensors, **options):
    return [oracle.run_stage(PROGRAM, stage, tensors, dtype=dtype, **options) for dtype in ("fp32", "bf16")]


def test_llm():
    generator = torch.Generator().manual_seed(11)
    shapes = {"grouped": {}, "one key head": dict(num_key_value_heads=1), "all key heads": dict(num_key_value_heads=4),
              "free head size": dict(head_dim=24, rope_parameters={"rope_type": "default", "rope_theta": 10000.0}),
              "seven layers": dict(num_hidden_layers=7)}
    for name, changes in shapes.items():
        model = oracle.llm(300, 3, **changes)
        ids = [torch.randint(0, 300, (n,), generator=generator) for n in (1, 37, 130)]
        weights = oracle.prefixed("llm.", {k: v.clone() for k, v in model.state_dict().items()})
        call = lambda m: {f"states.{i}": m(x[None], output_hidden_states=True).hidden_states[-3][0] for i, x in enumerate(ids)}
        whole, half = in_both(model, call)
        c = model.config
        ours = stage_in_both("llm", {**weights, **{f"ids.{i}": x for i, x in enumerate(ids)}}, vocab=300, layers=c.num_hidden_layers,
                             kv_heads=c.num_key_value_heads, head_dim=c.head_dim, rope_theta=int(c.rope_parameters["rope_theta"]))
        used = list(range(c.num_hidden_layers - 2))
        report.check(f"LLM, {name}: each used layer asked for once, in order", all(o["asked"].tolist() == used for o in ours))
        for k, v in whole.items():
            compare(f"LLM, {name}, {v.shape[0]} tokens", ours[0][k], v, ours[1][k], half[k])


def test_clip_text():
    vocab = 300
    for name, end, changes in (("end id", vocab - 1, {}), ("end id not recorded", vocab - 1, dict(eos_token_id=2))):
        model = oracle.clip_text(vocab, **changes)
        weights = oracle.prefixed("clip.", {k: v.clone() for k, v in model.state_dict().items()})
        for n in (2, 9, 77):
            ids = torch.randint(3, vocab - 2, (77,), generator=torch.Generator().manual_seed(n))
            ids[0], ids[n - 1:] = vocab - 2, end       # padded with the end of text, as CLIP's tokenizer does
            whole, half = in_both(model, lambda m: {"pooled": m(ids[None]).pooler_output[0]})
            ours = stage_in_both("clip_text", {**weights, "ids": ids}, clip_vocab=vocab, clip_eos=model.config.eos_token_id)
            compare(f"CLIP pooled, {name}, {n} ids", ours[0]["pooled"], whole["pooled"], ours[1]["pooled"], half["pooled"])
    try:
        oracle.run_stage(PROGRAM, "clip_text", {**weights, "ids": torch.tensor([vocab - 2, 5, 6])}, clip_vocab=vocab)
        report.check("CLIP without an end of text is refused", False)
    except RuntimeError as e:
        report.check("CLIP without an end of text is refused", "expected the end of text" in str(e), str(e))


def tower_weights(llava):
    state = llava.state_dict()
    return {ours + k[len(theirs):]: v.clone() for ours, theirs in
            (("llm.", "model.language_model."), ("vision.", "model.vision_tower."), ("projector.", "model.multi_modal_projector."))
            for k, v in state.items() if k.startswith(theirs)}


def test_vision():
    llava = oracle.llava(402, 400, 401)
    weights = tower_weights(llava)
    pixels = torch.randn(3, 28, 28, generator=torch.Generator().manual_seed(8))

    def call(m):
        features = m.model.vision_tower(pixels[None], output_hidden_states=True).hidden_states[-2][:, 1:]
        return {"features": features[0], "embeddings": m.model.multi_modal_projector(features)[0]}
    whole, half = in_both(llava, call)
    ours = stage_in_both("vision", {**weights, "pixels": pixels})
    for k in whole:
        compare(f"picture, {k}", ours[0][k], whole[k], ours[1][k], half[k])


PROMPTS = {
    "English": "A cat walks on the grass, realistic style.",
    "Chinese": "一只猫在草地上行走，写实风格。",
    "empty": "",
    "emoji and odd letters": "a 🦊 runs\u2028x\u0301 ﬁn İstanbul ΑΣ Ⅷ",
    "special token": "first<|eot_id|>second",
    "too long": "The red fox runs through deep snow at night; " * 40,
    "too long, Chinese": "海浪拍打着岩石。" * 120,
}


def encoded(pipe, prompts, images, strides, places):
    """encode_prompt of each, without padding."""
    out = {}
    for i, (prompt, image, stride) in enumerate(zip(prompts, images, strides)):
        extra = {} if image is None else {"image": image, "image_embed_interleave": stride}
        states, pooled, mask = pipe.encode_prompt(prompt=prompt, prompt_template=places, **extra)
        out[f"states.{i}"], out[f"pooled.{i}"] = states[0][mask[0].bool()], pooled[0]
    return out


def test_pipelines(folder):
    tokenizers = dict(tokenizer=tiny_tokenizers.write_llama(folder + "/tokenizer"),
                      tokenizer_2=tiny_tokenizers.write_clip(folder + "/tokenizer_2"))
    for kind in oracle.KINDS:
        pipe = oracle.pipeline(kind)
        places = oracle.prompt_template(kind, pipe.tokenizer)
        weights = oracle.prefixed("clip.", {k: v.clone() for k, v in pipe.text_encoder_2.state_dict().items()})
        prompts, options = dict(PROMPTS), {}
        if kind == "t2v":
            images, strides = [None] * len(prompts), [1] * len(prompts)
            weights.update(oracle.prefixed("llm.", {k: v.clone() for k, v in pipe.text_encoder.state_dict().items()}))
        else:
            # The assistant's part half cut away: its places are found otherwise then.
            for short in range(1, 8):
                prompts[f"cut {short}"] = cut_at(pipe.tokenizer, places, short)
            sizes = [(80, 60), (28, 28), (33, 91)]
            images = [oracle.picture(*sizes[i % 3], seed=i) for i in range(len(prompts))]
            strides = [4 if kind == "token_replace" else 2] * len(prompts)
            prompts["negative"] = "bad hands, deformation"
            images.append(Image.new("RGB", (80, 60), 0))
            strides.append(2)
            options["negative"] = len(prompts) - 1
            weights.update(tower_weights(pipe.text_encoder))
            for i, image in enumerate(images):
                weights[f"pixels.{i}"] = pipe.image_processor(image, return_tensors="pt").pixel_values[0]
        options.update({f"prompt.{i}": p for i, p in enumerate(prompts.values())})
        call = lambda _: encoded(pipe, prompts.values(), images, strides, places)
        modules = torch.nn.ModuleList([pipe.text_encoder, pipe.text_encoder_2])
        whole, half = in_both(modules, call)
        ours = stage_in_both("text_features", weights, kind=kind, vocab=len(pipe.tokenizer), **CLIP, **tokenizers, **options)
        for i, name in enumerate(prompts):
            for part in ("states", "pooled"):
                k = f"{part}.{i}"
                compare(f"{kind}, {name}, {part} {tuple(whole[k].shape)}", ours[0][k], whole[k], ours[1][k], half[k])
        common = dict(kind=kind, vocab=len(pipe.tokenizer), **CLIP, **tokenizers)
        refused(f"{kind}, a prompt that is not UTF-8", weights, "UTF-8", **{**common, "prompt.0": "a \udcff"})
        if kind == "t2v":
            refused("a tokenizer with more tokens than the LLM", weights, "expected ids below the encoder's vocabulary of 300",
                    **{**common, "vocab": 300, "prompt.0": "a"})
        else:
            refused(f"{kind}, <image> in the prompt", weights, "<image>", **{**common, "prompt.0": "an <image> of a cat"})


def refused(what, weights, message, **options):
    """An error, and one that says what is wrong."""
    try:
        oracle.run_stage(PROGRAM, "text_features", weights, **options)
        report.check(f"refused: {what}", False)
    except RuntimeError as e:
        report.check(f"refused: {what}", message in str(e), str(e))


def cut_at(tokenizer, places, missing):
    """A prompt so long that the last `missing` tokens of the template behind it are cut away."""
    before, after = places["template"].split("{}")
    limit = places["crop_start"] + 256
    for words in range(100, 256):
        for letters in range(1, 5):
            text = "x " * words + "zqjk"[:letters]   # no blank at the end: the engine strips it, diffusers does not
            if len(tokenizer(before + text + after).input_ids) == limit + missing:
                return text
    raise AssertionError(f"expected a prompt that leaves {missing} tokens out, got none")


test_llm()
test_clip_text()
test_vision()
with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
    test_pipelines(folder)
report.end()
