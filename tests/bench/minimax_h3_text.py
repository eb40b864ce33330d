# SPDX-License-Identifier: LGPL-2.1-or-later
"""MiniMax-H3's text encoder beside transformers: time and peak memory of one prompt with a keyframe, weights on the disk's cache.

    minimax_h3_text.py PARITY_MINIMAX_H3_TEXT [fp32|bf16]...        the stage program of tests/parity

A Qwen3-VL of 164 million numbers in 52 layers and a tower of 16 million, random. transformers loads the model and runs it; the
engine reads each layer while the one before it computes, in the same measured time. Peaks are of whole processes, each with
the program and LibTorch in it (the first figure of each line is what remains of it without a model)."""
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import oracle  # noqa: E402
import torch  # noqa: E402

THREADS = 2
SIDE = 256
TEXT = dict(hidden_size=512, intermediate_size=1536, num_attention_heads=8, num_key_value_heads=2, head_dim=64,
            rope_parameters=dict(rope_type="default", rope_theta=5e6, mrope_interleaved=True, mrope_section=[12, 10, 10]))
TOWER = dict(depth=8, hidden_size=384, intermediate_size=1536, num_heads=8, num_position_embeddings=2304, out_hidden_size=512,
             deepstack_visual_indexes=[2, 4, 6])
PROMPT = "A cat walks on the grass, <d>[English] hold on</d> and the waves break: 24 frames. " * 8


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def reference(folder, kind):
    """In a process of its own: prints one line of JSON."""
    import minimax_h3_oracle as h3
    from transformers import Qwen3VLForConditionalGeneration
    torch.set_num_threads(THREADS)
    words = h3.tokenizer(folder / "tokenizer")
    processor = h3.processor(words)
    before = peak_mb()
    start = time.perf_counter()
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder / "text_encoder", torch_dtype=dict(fp32=torch.float32, bf16=torch.bfloat16)[kind]).eval()
    loaded = time.perf_counter()
    seen = processor.image_processor(images=[oracle.picture(SIDE, SIDE, seed=5)], return_tensors="pt")
    ids = words("<Picture 1>: ", add_special_tokens=False)["input_ids"]
    special = words.convert_tokens_to_ids
    ids += [special("<|vision_start|>")] + [special("<|image_pad|>")] * (SIDE // 32) ** 2 + [special("<|vision_end|>")]
    ids = torch.tensor([ids + words(PROMPT, add_special_tokens=False)["input_ids"]])
    with torch.no_grad():
        states = model.model(input_ids=ids, mm_token_type_ids=torch.tensor(processor.create_mm_token_type_ids(ids.tolist())), use_cache=False,
                             pixel_values=seen["pixel_values"].to(model.dtype), image_grid_thw=seen["image_grid_thw"], output_hidden_states=True).hidden_states[50][0]
    done = time.perf_counter()
    torch.save(states.float(), folder / f"reference.{kind}.pt")
    print(json.dumps(dict(tokens=ids.shape[1], load=loaded - start, run=done - loaded, before=before, peak=peak_mb())))


def ours(program, folder, kind, tensors, **options):
    environment = {**os.environ, "OMP_NUM_THREADS": str(THREADS)}
    return oracle.run_stage(program, "state", tensors, environment, model=folder / "text_encoder", tokenizer=folder / "tokenizer",
                            width=SIDE, height=SIDE, type=kind, **options)


def main():
    if sys.argv[1] == "--reference":
        return reference(pathlib.Path(sys.argv[2]), sys.argv[3])
    import minimax_h3_oracle as h3
    import numpy
    with tempfile.TemporaryDirectory(prefix="bench-", dir=oracle.BUILD) as name:
        folder = pathlib.Path(name)
        (folder / "tokenizer").mkdir()
        h3.write_tokenizer(folder / "tokenizer")
        model = h3.text_encoder(4, TEXT, TOWER)
        count = sum(p.numel() for p in model.model.parameters())
        picture = {"first": torch.from_numpy(numpy.array(oracle.picture(SIDE, SIDE, seed=5)).copy())}
        for kind in sys.argv[2:] or ("fp32", "bf16"):
            model.to(dict(fp32=torch.float32, bf16=torch.bfloat16)[kind]).save_pretrained(folder / "text_encoder")
            done = subprocess.run([sys.executable, __file__, "--reference", str(folder), kind], capture_output=True, text=True, check=True)
            theirs = json.loads(done.stdout.splitlines()[-1])
            out = ours(sys.argv[1], folder, kind, picture, prompt=PROMPT)
            small = ours(sys.argv[1], folder, kind, picture, prompt="a", layers=1)["peak_kib"].item() * 1.024 / 1000
            states = torch.load(folder / f"reference.{kind}.pt")
            print(f"{kind}, {count / 1e6:.0f} million numbers, {theirs['tokens']} tokens, {THREADS} threads")
            print(f"  transformers  {theirs['before']:.0f} MB without the model, {theirs['peak']:.0f} MB; load {theirs['load']:.2f} s, run {theirs['run']:.2f} s")
            print(f"  the engine    {small:.0f} MB with one layer, {out['peak_kib'].item() * 1.024 / 1000:.0f} MB; read and run {out['seconds'].item():.2f} s")
            print(f"  relative difference {oracle.rel_l2(out['states'], states):.2g}", flush=True)


main()
