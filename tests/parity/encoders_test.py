# SPDX-License-Identifier: LGPL-2.1-or-later
"""The LLM, CLIP's two towers against transformers.

    encoders_test.py PROGRAM        PROGRAM is built from encoders_stage.cpp"""
import sys

import oracle
import torch

PROGRAM = sys.argv[1]
FP32, BF16 = 1e-5, 2e-2                      # relative L2, per precision
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


test_llm()
test_clip_text()
test_vision()
report.end()
