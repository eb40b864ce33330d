# SPDX-License-Identifier: LGPL-2.1-or-later
"""MiniMax-H3's text encoder beside transformers: time and peak memory of one prompt with a keyframe, weights on the disk's cache.

    minimax_h3_text.py PARITY_MINIMAX_H3_TEXT [fp32|bf16]...        the stage program of tests/parity

A Qwen3-VL of 185 million numbers, 52 layers and a tower of 8 blocks, random. transformers loads the model and runs it; the
engine reads each layer while the one before it computes, in the same measured time. Peaks are of whole processes, each with
the program and LibTorch in it (the first figure of each line is without a model, or with one layer of it)."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import oracle  # noqa: E402
import torch  # noqa: E402

THREADS, ROUNDS = 2, 3
SIDE = 256
TEXT = dict(hidden_size=512, intermediate_size=1536, num_attention_heads=8, num_key_value_heads=2, head_dim=64,
            rope_parameters=dict(rope_type="default", rope_theta=5e6, mrope_interleaved=True, mrope_section=[12, 10, 10]))
TOWER = dict(depth=8, hidden_size=384, intermediate_size=1536, num_heads=8, num_position_embeddings=2304, out_hidden_size=512,
             deepstack_visual_indexes=[2, 4, 6])
PROMPT = "A cat walks on the grass, <d>[English] hold on</d> and the waves break: 24 frames. " * 8


def peak_mb():
    """Of this program alone: getrusage() also counts the one that started it."""
    return next(int(line.split()[1]) * 1.024 / 1000 for line in open("/proc/self/status") if line.startswith("VmHWM"))


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
            theirs, out = [], []
            for _ in range(ROUNDS):                # in turns, each in a process of its own; the best of each counts
                done = subprocess.run([sys.executable, __file__, "--reference", str(folder), kind], capture_output=True, text=True, check=True)
                theirs.append(json.loads(done.stdout.splitlines()[-1]))
                out.append(ours(sys.argv[1], folder, kind, picture, prompt=PROMPT))
            best = lambda key: min(t[key] for t in theirs)
            small = ours(sys.argv[1], folder, kind, picture, prompt="a", layers=1)["peak_kib"].item() * 1.024 / 1000
            states = torch.load(folder / f"reference.{kind}.pt")
            print(f"{kind}, {count / 1e6:.0f} million numbers, {theirs[0]['tokens']} tokens, {THREADS} threads, best of {ROUNDS}")
            print(f"  transformers  {best('before'):.0f} MB without the model, {best('peak'):.0f} MB; load {best('load'):.2f} s, run {best('run'):.2f} s")
            print(f"  the engine    {small:.0f} MB with one layer, {min(o['peak_kib'].item() for o in out) * 1.024 / 1000:.0f} MB; "
                  f"read and run {min(o['seconds'].item() for o in out):.2f} s")
            print(f"  relative difference {oracle.rel_l2(out[0]['states'], states):.2g}", flush=True)


main()
