# SPDX-License-Identifier: LGPL-2.1-or-later
"""Weights that no rank holds alone, through the stock ffmpeg: tiny seeded models with wide feed-forward parts, so that their blocks are what fills the memory.
With `memory` for shares only, clips have the bytes of the same ranks with everything in memory; what is held, sent and foreseen; kills.

    ranks_shares_test.py ENGINE [GROUP]...     groups: equal packed experts sizes planned held kept faults; all without"""
import contextlib
import json
import math
import os
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import torch
from safetensors import safe_open
from safetensors.torch import save_file

import cogvideox_oracle
import gguf_files
import minimax_h3_files as h3_files
import minimax_h3_oracle
import oracle
import wan_oracle

import ranks_test as ranks
from ranks_bytes import share

ENV, common, report = ranks.ENV, ranks.common, ranks.report
ENGINE, CHOSEN = sys.argv[1], sys.argv[2:]
HOST = str(pathlib.Path(__file__).resolve().parent / "ranks_host.py")
ON_ITS_WAY = 2 << 20                       # of a block of less than 64 MiB: engine/ranks/pieces.cpp
PROGRAM = 250_000_000                      # kProcessBytes of engine/load/memory.h
RANDOM = random.Random(int(os.environ.get("ZT_TEST_SEED", "7")))
SHARED = re.compile(r"memory: about [\d.]+ \w+ foreseen, (\d+) of (\d+) blocks in memory, of the others a share of 1/(\d+), ([\d.]+ \w+)")
ALONE = "one gathered at a time"
CASES = {                                  # options of the clip, and of its inspection
    "wan": (dict(guidance="1"), []),
    "wan, guidance": (dict(guidance="4"), []),
    "hv": ({}, []),
    "h3": (dict(size="96x64", frames="22", steps="2"), []),
    "cog": (dict(guidance="1"), []),
}


def save(top):
    """Models whose blocks weigh more than all that a clip needs beside them."""
    wan_oracle.save_pipeline("t2v", top / "wan", transformer=wan_oracle.transformer("t2v", 1, ffn_dim=6144, num_layers=8))
    wan_oracle.save_pipeline("t2v_a14b", top / "a14b", transformer=wan_oracle.transformer("t2v", 1, ffn_dim=6144, num_layers=8),
                             transformer_2=wan_oracle.transformer("t2v", 11, ffn_dim=6144, num_layers=8))
    oracle.save_pipeline("t2v", top / "hv", transformer=oracle.transformer("t2v", 1, mlp_ratio=60.0, num_layers=4, num_single_layers=6))
    minimax_h3_oracle.save_pipeline(top / "h3", transformer=minimax_h3_oracle.transformer(1, ffn_dim=2048, num_layers=24))
    cogvideox_oracle.save_pipeline("5b", top / "cog", transformer=cogvideox_oracle.transformer("5b", 1, num_attention_heads=8, num_layers=16))
    return {name: str(top / name) for name in ("wan", "a14b", "hv", "h3", "cog")}


def plan(model, n, **options):
    """{row: (held, in use, peak, sent)} of `zoetrope inspect --ranks`, for a clip of the test's options."""
    o = dict(size="64x48", frames="9", steps="3", precision="fp32")
    o.update({key: options[key] for key in o if key in options})
    more = options.get("more", ())
    out, log, status = common.run([ENV, "zoetrope", "inspect", model, "--ranks", str(n), *(word for key, value in o.items() for word in (f"--{key}", value)), *more],
                                  env=ranks.environment(), timeout=60)
    if status:
        raise RuntimeError(log)
    rows = (re.split(r"\s{2,}", line.strip()) for line in out[out.index("each of"):].splitlines()[2:])
    return {row[0]: tuple(int(number.replace(",", "")) for number in row[1:]) for row in rows if len(row) == 5}


def memory_for_shares(model, n, row="shares", **options):
    rows = plan(model, n, **options)
    return PROGRAM + rows[row][2] + 200_000                  # what the plan says for a longer prompt


def raw_clip(n, model, **more):
    raw, log, status = common.run(ranks.launched(n, ranks.ffmpeg(ranks.source(model, **more).replace("prompt=:", ""))), text=False, env=ranks.environment(), timeout=240)
    return (raw if status == 0 else None), log


def sent(log):
    return int(re.search(r"rank 0 sent (\d+) bytes", log)[1])


def block_bytes(model, block):
    """A block as it is in memory in fp32; all its tensors are whole multiples of 64 bytes."""
    path = next(pathlib.Path(model, "transformer").glob("*.safetensors"))
    with safe_open(path, "pt") as file:
        return sum(4 * math.prod(file.get_slice(name).get_shape()) for name in file.keys() if name.startswith(f"blocks.{block}."))


def equal(models):
    for title, (options, _) in CASES.items():
        model = models[title.split(",")[0]]
        for n in (2, 3, 4) if title.startswith("wan") else (3,):
            whole, log = raw_clip(n, model, **options)
            report.check(f"{title}: {n} ranks with everything in memory", whole is not None and not SHARED.search(log), log[-500:] if whole is None else "")
            # Of tiny MiniMax-H3 another phase is the peak, beside which there is room for two blocks.
            for row in ("shares",) if title == "h3" else ("shares", "shares, one block"):
                shared_as(f"{title}: {n} ranks, {row}", row, model, n, (whole, log), options)


def shared_as(title, row, model, n, without, options):
    """A clip with the memory for a row of the plan, beside one without shares and its log."""
    got, log = raw_clip(n, model, memory=str(memory_for_shares(model, n, row, **options)), **options)
    found, alone = SHARED.search(log), row != "shares"
    report.check(f"{title}: kept", got is not None and found and int(found[1]) < int(found[2]) // 2 and int(found[3]) == n and (ALONE in log) == alone,
                 log[-600:] if not found else found[0])
    told = [line for line in log.splitlines() if "blocks in memory" in line]
    report.check(f"{title}: nothing else is told of its blocks", all(SHARED.search(line) for line in told), told)
    report.check(f"{title}: the same bytes", got is not None and got == without[0])
    if "wan" in title and got is not None and found:
        halves = options["guidance"] == "4" and n % 2 == 0
        passes = 1 if options["guidance"] == "1" or halves else 2
        piece = share(block_bytes(model, 0) // 64, 0, n) * 64 * (n - 1)
        # Each shared block once a pass, and the first once more where it is gathered ahead of a pass that never comes.
        expected = sent(without[1]) + piece * (3 * passes * (int(found[2]) - int(found[1])) + (0 if alone else 1))
        report.check(f"{title}: bytes sent as in the formula", sent(log) == expected, f"{sent(log)}, expected {expected}")


def same_with_shares(title, model, n, memory=None, **options):
    """The same bytes with everything in memory and with shares; the log of the latter."""
    whole, log = raw_clip(n, model, **options)
    report.check(f"{title}: {n} ranks with everything in memory", whole is not None and not SHARED.search(log), log[-500:] if whole is None else "")
    asked = {key: value for key, value in options.items() if key not in ("engine_opts", "lora")}
    got, log = raw_clip(n, model, memory=str(memory or memory_for_shares(model, n, **asked)), **options)
    found = SHARED.search(log)
    report.check(f"{title}: {n} ranks keep shares", got is not None and found, log[-600:] if not found else found[0])
    report.check(f"{title}: {n} ranks, the same bytes with shares", got is not None and got == whole)
    return log


def mark(text):
    return torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)


def packed_files(folder):
    """{kind: file} of one transformer, as repositories hold it."""
    network = wan_oracle.transformer("t2v", 1, num_attention_heads=2, attention_head_dim=128, ffn_dim=8192, num_layers=16)
    plain = {name: t.contiguous() for name, t in wan_oracle.original_transformer(network.state_dict()).items()}
    matrices = [name for name, t in plain.items() if t.ndim == 2 and name.startswith("blocks.")]
    files = {}
    for kind in ("fp8", "int8", "nvfp4"):
        tensors = dict(plain)
        for i, name in enumerate(matrices):
            stem = name[:-6]
            if kind == "fp8":
                scale = plain[name].abs().max() / 448
                tensors |= {name: (plain[name] / scale).clamp(-448, 448).to(h3_files.F8), stem + "weight_scale": scale, stem + "comfy_quant": mark('{"format": "float8_e4m3fn"}')}
            elif kind == "int8":
                codes, scale = h3_files.to_int8(plain[name], 64)
                tensors |= {name: codes, stem + "weight_scale": scale, stem + "comfy_quant": mark('{"format": "int8_tensorwise", "convrot": true, "convrot_groupsize": 64}')}
            else:
                values, scales, _ = h3_files.random_nvfp4(*plain[name].shape, seed=i)
                tensors |= {name: values, stem + "weight_scale": h3_files.tiled(scales).view(h3_files.F8), stem + "weight_scale_2": torch.tensor(0.002),
                            stem + "comfy_quant": mark('{"format": "nvfp4"}')}
        files[kind] = folder / f"{kind}.safetensors"
        save_file({name: t.contiguous() for name, t in tensors.items()}, files[kind])
    for kind in ("Q4_K", "IQ4_XS"):
        files[kind] = folder / f"{kind}.gguf"
        gguf_files.write_gguf(files[kind], "wan", plain, kind, lambda name, _: name in matrices)
    generator = torch.Generator().manual_seed(4)
    adapters = {}
    for name in matrices:
        out, columns = plain[name].shape
        adapters[f"diffusion_model.{name[:-7]}.lora_A.weight"] = torch.randn(4, columns, generator=generator)
        adapters[f"diffusion_model.{name[:-7]}.lora_B.weight"] = torch.randn(out, 4, generator=generator) / 100
    save_file(adapters, folder / "lora.safetensors")
    return files, folder / "lora.safetensors"


def packed(models):
    """Matrices that stay as they are in the file, with adapters beside them, and merged ones."""
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        files, lora = packed_files(pathlib.Path(folder))
        for kind, file in files.items():
            parts = [f"{key}={models['wan']}/{key}" for key in ("vae", "text_encoder", "tokenizer")]
            options = dict(engine_opts="'" + "\\:".join(parts) + "'", guidance="1", lora=str(lora))
            for precision in ("fp32", "bf16") if kind == "Q4_K" else ("fp32",):
                rows = plan(str(file), 3, precision=precision, more=("--engine-opts", ":".join(parts), "--lora", str(lora)))
                same_with_shares(f"{kind} with adapters, {precision}", str(file), 3, PROGRAM + rows["shares"][2] + 200_000, precision=precision, **options)
    same_with_shares("adapters of nothing: bf16", models["wan"], 3, guidance="4", precision="bf16")


def experts(models):
    """Two transformers one after the other, on halves; and clips after clips, which keep their shares."""
    log = same_with_shares("Wan 2.2 with two experts", models["a14b"], 4, guidance="3")
    both = len(SHARED.findall(log)) + log.count("Last message repeated 1 times")
    report.check("Wan 2.2: both experts are shared", both == 2, [line for line in log.splitlines() if "memory" in line or "repeated" in line])
    with tempfile.NamedTemporaryFile("w", suffix=".srt") as film:
        film.write("1\n00:00:00,000 --> 00:00:00,500\na red fox\n\n2\n00:00:00,500 --> 00:00:01,000\na grey owl\n")
        film.flush()
        rows = plan(models["wan"], 3)
        log = same_with_shares("a film of two shots", models["wan"], 3, PROGRAM + rows["shares"][2] + 6_000_000, storyboard=film.name, guidance="1", frames="16", prompt="")
        report.check("a film of two shots: each is made with shares", len(SHARED.findall(log)) == 2, SHARED.findall(log))


def sizes(models):
    """Clips of two sizes by turns in one program, under one `memory`: each has as many whole blocks as it has room for, whatever the other keeps."""
    small, large = dict(guidance="1"), dict(guidance="1", size="160x96")
    memory = str(memory_for_shares(models["wan"], 3, **large))
    alone = [raw_clip(3, models["wan"], memory=memory, **options) for options in (small, large)]
    whole = [int(SHARED.search(log)[1]) for _, log in alone]
    report.check("two sizes: the small clip alone has more whole blocks", whole[0] > whole[1], whole)
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, name) for name in ("small", "large")]
        graph = ";".join(ranks.source(models["wan"], memory=memory, **options) + f"[{i}]" for i, options in enumerate((small, large)))
        outputs = [word for i, path in enumerate(paths) for word in ("-map", f"[{i}]", "-f", "rawvideo", str(path))]
        _, log, status = common.run(ranks.launched(3, ranks.ffmpeg(graph, *outputs)), env=ranks.environment(), timeout=240)
        found = sorted(int(kept[1]) for kept in SHARED.finditer(log))
        report.check("two sizes in one program: each has its own whole blocks", status == 0 and found == sorted(whole), f"{found}, alone {whole}: {log[-300:]}")
        report.check("two sizes in one program: the bytes of each alone", [path.read_bytes() for path in paths] == [raw for raw, _ in alone])


DISTILLED = (("--engine-opts", "sampler=distilled"), dict(engine_opts="sampler=distilled"))


def planned(models):
    """What inspect says against what is sent: three steps of the test's clip."""
    for n in (2, 3, 4):
        for title, guidance, more in (("wan", "4", ()), ("cog", "6", ()), ("wan", "1", ("--guidance", "1")), ("cog", "1", ("--guidance", "1")), ("wan, distilled", "-1", DISTILLED[0])):
            rows = plan(models[title.split(",")[0]], n, more=more)
            for row, memory in (("whole", None), ("shares", PROGRAM + rows["shares"][2] + 200_000)):
                _, log = raw_clip(n, models[title.split(",")[0]], guidance=guidance, **(DISTILLED[1] if "distilled" in title else {}), **(dict(memory=str(memory)) if memory else {}))
                expected = 3 * rows[row][3]
                if row == "shares":                          # the first blocks may be whole
                    whole, count = (int(number) for number in SHARED.search(log).groups()[:2])
                    each = rows["shares"][3] - rows["whole"][3]
                    expected = 3 * rows["whole"][3] + each * 3 * (count - whole) // count + each // count // (2 if n % 2 and guidance in ("4", "6") else 1)
                report.below(f"{title}, guidance {guidance}: {n} ranks, {row}: bytes sent against inspect, relative", abs(sent(log) - expected) / expected, 0.01)


def held(_):
    """A model of 100 million parameters on four ranks: the memory of each process, beside a run that keeps everything."""
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        n, steps = 4, int(os.environ.get("ZT_STEPS", "8"))
        model, layers, weights = save_large(folder)
        rows = plan(str(model), n)
        seen, clips = {}, {}
        for row in ("whole", "shares", "shares, one block"):
            memory = {} if row == "whole" else dict(memory=str(PROGRAM + rows[row][2] + 1_000_000))
            began = time.monotonic()
            seen[row], clips[row], log = watched(n, str(model), steps=str(steps), guidance="1", **memory)
            print(f"{row}: {time.monotonic() - began:.1f} s", flush=True)
            if memory:
                found = SHARED.search(log)
                report.check(f"four ranks, {row}: of all blocks", found and found[1] == "0" and (ALONE in log) == (row != "shares"), log[-500:] if not found else found[0])
                report.below(f"{row}: what each keeps from step to step, of all", float(found[4].split()[0]) * 1e6 / weights, 1 / n + 0.002)
                report.check(f"{row}: the same bytes as four ranks with everything in memory", clips[row] is not None and clips[row] == clips["whole"])
        for rank in range(n):
            beside = max(seen["whole"][rank][-1]) - weights  # what a process has beside its weights is the same in all runs
            for row, in_use in (("shares", 2), ("shares, one block", 1)):
                parts = seen[row][rank]
                most, middle = (f([at for part in parts for at in part]) - beside for f in (max, statistics.median))
                print(f"rank {rank}, {row}: of weights {weights / 1e6:.0f} MB, {middle / 1e6:.0f} half of the time, {most / 1e6:.0f} at most", flush=True)
                report.below(f"rank {rank}, {row}: weights in memory, of all", most / weights, 1 / n + in_use / layers + ON_ITS_WAY / weights + 0.2 / layers)
                report.below(f"rank {rank}, {row}: weights in memory, half of the time at most, of all", middle / weights, 1 / n + (in_use - 0.5) / layers + (0.5 / layers if in_use == 1 else 0))
                report.below(f"rank {rank}, {row}: steady over the steps, growth of the median, of all weights", (statistics.median(parts[-1]) - statistics.median(parts[0])) / weights, 0.02)


def kept(_):
    """A small clip that keeps all blocks and the decoder, then a large one of the same opened model that has no room for them, and streams."""
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        model, layers, weights = save_large(folder)
        small, large = dict(size="64x48", frames="9", steps="1"), dict(size="160x128", frames="33", steps="1")
        memory = PROGRAM + kept_peak(model, **small) + 4_000_000
        steps = [["open", dict(model=str(model), cpu_threads="1", precision="fp32", guidance="1", prompt="a red fox", memory=str(memory))],
                 ["session", "small", small], ["read", "small", -1], ["destroy", "small"], ["memory"],
                 ["session", "large", large], ["read", "large", 1], ["memory"], ["read", "large", -1]]
        done = subprocess.run([sys.executable, HOST, ENGINE, json.dumps(steps)], env=measured_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=240)
        said = [json.loads(line) for line in done.stdout.splitlines()]
        told = [tuple(int(number) for number in found) for found in re.findall(r"(\d+) of (\d+) blocks in memory", done.stderr)]
        report.check("a small clip keeps all blocks, a large one streams", done.returncode == 0 and len(told) == 2 and told[0][0] == layers > told[1][0] + 2, f"{told} {done.stderr[-400:]}")
        after_small, after_large = (line["anonymous"] for line in said if line["step"] == ["memory"])
        print(f"{after_small / 1e6:.0f} MB behind the small clip, {after_large / 1e6:.0f} MB while the large one is decoded; weights {weights / 1e6:.0f} MB", flush=True)
        # Decoding, nothing of the transformer is needed, and the clip's own pictures are small beside it.
        report.below("a large clip: of what the small one kept, what is there when it is decoded", (after_large - (after_small - weights)) / weights, 0.2)


def kept_peak(model, **options):
    out, log, status = common.run([ENV, "zoetrope", "inspect", str(model), "--precision", "fp32", "--guidance", "1", *(word for key, value in options.items() for word in (f"--{key}", value))],
                                  env=ranks.environment(), timeout=60)
    number, unit = re.search(r"for the next clip: ([\d.]+) (\w+)", out).groups()
    return int(float(number) * dict(GB=1e9, MB=1e6)[unit])


def save_large(folder):
    """Its folder, layers, and the bytes of its blocks in fp32."""
    model, layers = pathlib.Path(folder) / "large", 10
    network = wan_oracle.transformer("t2v", 1, num_attention_heads=4, attention_head_dim=128, ffn_dim=8192, num_layers=layers)
    wan_oracle.save_pipeline("t2v", model, transformer=network)
    parameters = sum(p.numel() for name, p in network.named_parameters() if name.startswith("blocks."))
    report.check("parameters of the blocks", parameters > 100e6, f"{parameters:,}")
    return model, layers, 4 * parameters


def measured_environment():
    """In which memory that is given back is gone: glibc else keeps some of it in its heaps, and meson's MALLOC_PERTURB_ writes to what nobody uses."""
    return {**{name: value for name, value in ranks.environment().items() if name != "MALLOC_PERTURB_"}, "MALLOC_MMAP_THRESHOLD_": "65536"}


def anonymous(pid):
    """Bytes in memory that are no file's."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return 1024 * int(line.split()[1])
    raise OSError(pid)


def watched(n, model, **options):
    """Of each rank the memory while steps are made, in four parts of that time; the clip and the log."""
    with tempfile.TemporaryFile() as raw, tempfile.TemporaryFile() as text:
        running = subprocess.Popen(ranks.launched(n, ranks.ffmpeg(ranks.source(model, **options))), env=measured_environment(), stdout=raw, stderr=text)
        samples = {rank: [] for rank in range(max(n, 1))}
        while running.poll() is None:
            there = ranks.ranks_below(running) if n else {}
            for rank, pid in there.items():
                with contextlib.suppress(OSError):
                    samples[rank].append(anonymous(pid))
            time.sleep(0.02)
        raw.seek(0)
        text.seek(0)
        log = text.read().decode(errors="replace")
        return {rank: halves(found) for rank, found in samples.items()}, raw.read() if running.returncode == 0 else None, log


def halves(found):
    """Of the later three quarters of a run, part by part."""
    late = found[len(found) // 4:] or [0]
    each = max(1, len(late) // 3)
    return [late[i:i + each] for i in range(0, len(late), each)][:3]


def faults(models, times=int(os.environ.get("ZT_KILLS", "4"))):
    memory = str(memory_for_shares(models["wan"], 3, frames="33"))

    def begun(*more):
        running = ranks.start(3, models["wan"], *more, memory=memory, guidance="1")
        there = ranks.at_work(running, 3)
        while "of the others a share" not in running.stderr.readline() and running.poll() is None:
            pass
        time.sleep(RANDOM.uniform(0, 2))
        return running, there

    for i in range(times):
        victim = i % 3
        running, there = begun()
        os.kill(there[victim], signal.SIGKILL)
        log, took, left = ranks.finish(running)
        said = victim == 0 or f"rank {victim}" in log
        report.check(f"shares, kill -9 of rank {victim}: all end in less than 5 s, none is left, an error names it", running.returncode != 0 and took < ranks.soon(5) and not left and said,
                     f"{took:.1f} s, status {running.returncode}, {left}: {log[-300:]}")
    running, there = begun("--timeout", "2")
    os.kill(there[2], signal.SIGSTOP)
    log, took, left = ranks.finish(running)
    report.check("shares, a rank that stalls: the time-out, and an error that names it", running.returncode != 0 and took < 2 + ranks.soon(5) and not left and
                 "rank 2: no answer for 2 s" in log, f"{took:.1f} s, {left}: {log[-500:]}")
    command = ["zoetrope", "generate", "a red fox", "--model", models["wan"], "--size", "64x48", "--steps", "400", "--frames", "33", "--precision", "fp32", "--cpu-threads", "1",
               "--guidance", "1", "--memory", memory, "-o", "-"]
    running = subprocess.Popen(ranks.launched(3, command), env=ranks.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
    ranks.at_work(running, 3)
    time.sleep(4)                                              # it has no log that tells of shares
    os.killpg(running.pid, signal.SIGINT)                      # as a terminal's Ctrl-C
    log, took, left = ranks.finish(running)
    report.check("shares, Ctrl-C: all end within a second", running.returncode == 130 and took < ranks.soon() and not left,
                 f"{took:.2f} s, status {running.returncode}, {left}: {log[-300:]}")
    got, log = raw_clip(3, models["wan"], memory=memory_for_shares(models["wan"], 3), guidance="1")
    report.check("the next job starts", got is not None and SHARED.search(log), log[-300:] if got is None else "")


GROUPS = dict(equal=equal, packed=packed, experts=experts, sizes=sizes, planned=planned, held=held, kept=kept, faults=faults)


def main():
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        models = save(pathlib.Path(folder))
        for group in CHOSEN or GROUPS:
            GROUPS[group](models)
    report.end()


if __name__ == "__main__":
    main()
