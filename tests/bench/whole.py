# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole generation beside diffusers: from the start of the process to the end of step 1, time per step, decoding,
peak resident memory. Same folder of random weights, same machine, alternating, one run.

    whole.py hunyuan_video|wan|cogvideox PARITY_PIPELINE [--rounds N] [--dtype fp32|bf16]... [--memory BYTES]

The transformer of hunyuan_video has 103 M parameters, that of wan 160 M (three blocks of the 1.3B's width), that of
cogvideox 180 M (three of the 2B's) beside the published autoencoders' sizes. Medians are printed, and the ratio diffusers / ours. Nothing passes or fails."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
SIZE = dict(width=256, height=160, frames=17, steps=4)
PROMPT = "A cat walks on the grass, realistic style, the camera follows it slowly through the garden."
CHILD = "--diffusers-child"


def peak_kib():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:"))


def hunyuan_pipeline(folder, kind):
    import diffusers
    import transformers
    tokenizer = transformers.PreTrainedTokenizerFast.from_pretrained(folder + "/tokenizer", padding_side="right")
    pipe = diffusers.HunyuanVideoPipeline.from_pretrained(folder, torch_dtype=kind, tokenizer=tokenizer)
    pipe.vae.enable_tiling()
    return pipe, dict(prompt_template=json.loads(pathlib.Path(folder, "template.json").read_text()))


def wan_pipeline(folder, kind):
    """As the model's own page loads it: the autoencoder in fp32."""
    import diffusers
    import torch
    import wan_tokenizer
    coder = diffusers.AutoencoderKLWan.from_pretrained(folder, subfolder="vae", torch_dtype=torch.float32)
    return diffusers.WanPipeline.from_pretrained(folder, torch_dtype=kind, vae=coder, tokenizer=wan_tokenizer.fast()), dict(guidance_scale=1.0)


def cogvideox_pipeline(folder, kind):
    import diffusers
    import cogvideox_oracle
    return diffusers.CogVideoXPipeline.from_pretrained(folder, torch_dtype=kind, tokenizer=cogvideox_oracle.tokenizer()), dict(guidance_scale=1.0)


def diffusers_child(family, folder, dtype):
    """Runs in a process of its own, as a user's script would; prints times since the epoch."""
    import torch
    pipe, more = dict(hunyuan_video=hunyuan_pipeline, wan=wan_pipeline, cogvideox=cogvideox_pipeline)[family](folder, dict(fp32=torch.float32, bf16=torch.bfloat16)[dtype])
    pipe.set_progress_bar_config(disable=True)
    ends = []
    pipe(prompt=PROMPT, width=SIZE["width"], height=SIZE["height"], num_frames=SIZE["frames"], num_inference_steps=SIZE["steps"],
         generator=torch.Generator().manual_seed(0), output_type="pt", **more,
         callback_on_step_end=lambda pipe, i, t, state: ends.append(time.time()) or {})
    print("FIGURES " + json.dumps(dict(steps=ends, end=time.time(), peak=peak_kib())))


def run_diffusers(family, folder, dtype):
    start = time.time()
    line = [sys.executable, os.path.abspath(__file__), CHILD, family, folder, dtype]
    text = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    got = json.loads(text[text.index("FIGURES ") + 8:].splitlines()[0])
    steps = got["steps"]
    return dict(first=steps[0] - start, step=statistics.mean(b - a for a, b in zip(steps, steps[1:])), whole=got["end"] - start,
                decode=got["end"] - steps[-1], peak=got["peak"] / 1024)


def run_clip(program, folder, options):
    """Makes a clip in a process of its own; what pipeline_stage.cpp tells of it, `steps`: when each step began (the last
    time it was told), `decode`: when decoding did. Seconds from the start of the process."""
    from safetensors.torch import load_file, save_file
    import torch
    with tempfile.TemporaryDirectory() as place:
        given, result = place + "/in.safetensors", place + "/out.safetensors"
        save_file({"nothing": torch.zeros(1)}, given)
        subprocess.run([program, "clip", given, result, f"started={time.time()}", f"model={folder}", *(f"{k}={v}" for k, v in options.items())], check=True)
        out = load_file(result)
    events = out["events"].tolist()
    steps = {round((number - 2) * 1000): seconds for seconds, number in events if 2 <= number < 3}
    return out, steps, next(seconds for seconds, number in events if 3 <= number < 4)


def run_ours(program, family, folder, dtype, memory):
    options = dict(prompt=PROMPT, size=f"{SIZE['width']}x{SIZE['height']}", frames=SIZE["frames"], steps=SIZE["steps"], precision=dtype, memory=memory)
    out, begun, decode = run_clip(program, folder, {**options, **({} if family == "hunyuan_video" else {"guidance": 1})})
    steps = [begun[i] for i in range(1, SIZE["steps"]) if i in begun]   # when step i began, so i - 1 ended
    whole = out["seconds"][-1].item()
    return dict(first=steps[0], step=statistics.mean(b - a for a, b in zip(steps, steps[1:])), whole=whole, decode=whole - decode,
                peak=out["peak_kib"].item() / 1024)


def make_model(family, folder, dtype):
    if family == "wan":
        import torch
        import wan_oracle
        kind = dict(fp32=torch.float32, bf16=torch.bfloat16)[dtype]
        network = wan_oracle.transformer(num_attention_heads=12, attention_head_dim=128, ffn_dim=8960, num_layers=3, text_dim=1024)
        reader = wan_oracle.umt5(d_model=1024, d_kv=64, d_ff=2816, num_layers=8, num_heads=16)
        coder = wan_oracle.vae(base_dim=96, z_dim=16)
        pipe = wan_oracle.save_pipeline("t2v", folder, transformer=wan_oracle.halved(network) if dtype == "bf16" else network, text_encoder=reader.to(kind), vae=coder)
        return sum(p.numel() for p in pipe.transformer.parameters())
    if family == "cogvideox":
        import torch
        import cogvideox_oracle
        kind = dict(fp32=torch.float32, bf16=torch.bfloat16)[dtype]
        network = cogvideox_oracle.transformer("2b", num_attention_heads=30, attention_head_dim=64, num_layers=3, time_embed_dim=512, text_embed_dim=1024,
                                               sample_height=60, sample_width=90, sample_frames=49)
        reader = cogvideox_oracle.t5(d_model=1024, d_kv=64, d_ff=2816, num_layers=8, num_heads=16)
        coder = cogvideox_oracle.vae("2b", block_out_channels=(128, 256, 256, 512), layers_per_block=3, norm_num_groups=32, sample_height=480, sample_width=720)
        pipe = cogvideox_oracle.save_pipeline("2b", folder, transformer=network.to(kind), text_encoder=reader.to(kind), vae=coder)
        return sum(p.numel() for p in pipe.transformer.parameters())
    import oracle
    pipe = oracle.large_pipeline(dtype)
    pipe.save_pretrained(folder)
    oracle.write_json(folder + "/template.json", oracle.prompt_template("t2v", pipe.tokenizer))
    return sum(p.numel() for p in pipe.transformer.parameters())


def main():
    if sys.argv[1:2] == [CHILD]:
        return diffusers_child(*sys.argv[2:5])
    parser = argparse.ArgumentParser()
    parser.add_argument("family", choices=["hunyuan_video", "wan", "cogvideox"])
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dtype", action="append", choices=["fp32", "bf16"])
    parser.add_argument("--memory", default="0", help="ours to keep within; all that is free without it, and then parts stay for the next clip")
    given = parser.parse_args()
    for dtype in given.dtype or ["fp32", "bf16"]:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            count = make_model(given.family, folder, dtype)
            print(f"{dtype}: transformer of {count / 1e6:.0f} M parameters, {SIZE['width']}x{SIZE['height']}, {SIZE['frames']} frames, "
                  f"{SIZE['steps']} steps, {os.cpu_count()} cores, {given.rounds} rounds")
            rows = [(run_diffusers(given.family, folder, dtype), run_ours(os.path.abspath(given.program), given.family, folder, dtype, given.memory)) for _ in range(given.rounds)]
        for key, unit in (("first", "s from process start to the end of step 1"), ("step", "s per step after it"),
                          ("decode", "s to decode"), ("whole", "s for the whole clip"), ("peak", "MiB peak resident")):
            theirs, ours = (statistics.median(row[i][key] for row in rows) for i in (0, 1))
            print(f"  {theirs:9.2f} diffusers {ours:9.2f} zoetrope   {theirs / ours:5.2f} x   {unit}", flush=True)


if __name__ == "__main__":
    main()
