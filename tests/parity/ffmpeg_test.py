# SPDX-License-Identifier: LGPL-2.1-or-later
"""HunyuanVideo through the stock ffmpeg: frames of t2vsrc and i2v on a diffusers folder, fp32, against those
of the diffusers pipelines. Worst frame: 60 dB for text to video, 52 dB with a picture; the count is exact."""
import os
import pathlib
import sys
import tempfile

import oracle
import pipeline_cases
import torch
from safetensors.torch import load_file, save_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "media"))
import ffmpeg_common

NAMES = ["t2v", "t2v_two_tiles", "t2v_tall_zh", "t2v_cut_prompt", "token_replace", "token_replace_zh_cut", "latent_concat_true_cfg"]


def through_ffmpeg(made, folder):
    """[frames, height, width, 3] in 0..1, as ffmpeg hands them to an encoder (planar GBR, 8 bit)."""
    case, options = made.case, dict(made.options, model=made.model, precision="fp32", device="cpu")
    if case.kind == "latent_concat" or case.guidance_embeds is False:
        options.pop("guidance")
    # Sentences come from files: nothing in them is to be read by the graph parser.
    prompt = pathlib.Path(folder, "prompt.txt")
    prompt.write_text(options.pop("prompt"), encoding="utf-8")
    options["prompt_file"] = str(prompt)
    if "negative_prompt" in options:
        options["negative_prompt"] = "'" + options["negative_prompt"] + "'"
    name, before = "t2vsrc", []
    if made.picture:
        name, before = "i2v", ["-i", made.picture]
        options["fit"] = "stretch"
    graph = ("[0:v]" if made.picture else "") + name + "=" + ":".join(f"{k}={v}" for k, v in options.items()) + ",format=gbrp[v]"
    raw, err, status = ffmpeg_common.run(ffmpeg_common.FFMPEG + before + ["-filter_complex", graph, "-map", "[v]", "-f", "rawvideo", "-"],
                                         text=False, timeout=300)
    assert status == 0, err
    planes = torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(-1, 3, case.height, case.width)
    return planes[:, [2, 0, 1]].permute(0, 2, 3, 1).float() / 255


def goes_on(made):
    """mode=extend animates the newest frame: the same bytes as when that frame is the only one."""
    case = made.case
    clip = f"testsrc2=s={case.width}x{case.height}:r=24,format=gbrp"
    filter_ = f"i2v=model={made.model}:precision=fp32:device=cpu:prompt=x:frames={case.frames}:steps=1"
    graphs = f"{clip},trim=2:3,setpts=PTS-STARTPTS,{filter_}:size={case.width}x{case.height}", f"{clip},trim=end_frame=49,{filter_}:mode=extend"
    results = []
    for graph in graphs:
        raw, err, status = ffmpeg_common.run(ffmpeg_common.FFMPEG + ["-filter_complex", graph + ",format=gbrp", "-f", "rawvideo", "-"],
                                             text=False, timeout=300)
        if status:
            return False, err
        results.append(raw)
    animated, extended = results
    passed = len(extended) - len(animated)
    return passed == 49 * 3 * case.width * case.height and extended[passed:] == animated, f"{passed} bytes before, {len(animated)} new"


def two_adapters(report, made, folder):
    """Two sources in one process with different adapters, and one adapter at two scales: each has the frames that it has
    alone, and none those of another."""
    generator = torch.Generator().manual_seed(31)
    loras = []
    for name in "ab":
        module = "transformer.transformer_blocks.0.ff.net.2"
        pair = {f"{module}.lora_A.weight": torch.randn(4, 384, generator=generator), f"{module}.lora_B.weight": torch.randn(96, 4, generator=generator)}
        loras.append(pathlib.Path(folder, f"adapter_{name}.safetensors"))
        oracle.save_file(pair, loras[-1])

    def clips(*chosen):
        sources = [f"t2vsrc=model={made.model}:precision=fp32:device=cpu:prompt=x:size=32x32:frames=1:steps=1:lora='{lora}',format=gbrp[v{i}]"
                   for i, lora in enumerate(chosen)]
        files = [pathlib.Path(folder, f"{i}.gbrp") for i in range(len(chosen))]
        outputs = [a for i, file in enumerate(files) for a in ("-map", f"[v{i}]", "-f", "rawvideo", "-y", str(file))]
        err, status = ffmpeg_common.run(ffmpeg_common.FFMPEG + ["-filter_complex", ";".join(sources)] + outputs, text=False, timeout=300)[1:]
        assert status == 0, err
        return [file.read_bytes() for file in files]

    chosen = [f"{loras[0]}\\:1", f"{loras[1]}\\:1", f"{loras[0]}\\:0.5"]
    alone, together = [clips(lora)[0] for lora in chosen], clips(*chosen)
    report.check("three adapters, each alone: three clips", len(set(alone)) == 3)
    report.check("the same three in one process: each source has its own", together == alone,
                 [alone.index(clip) if clip in alone else "another" for clip in together])


def adapters(made, folder):
    """An adapter changes the frames by its strength; one without effect changes none, and the log says so."""
    case = made.case
    module = "transformer.single_transformer_blocks.0.proj_out"
    width = load_file(os.path.join(made.model, "transformer", "diffusion_pytorch_model.safetensors"))["proj_out.weight"].shape[1]
    lora = os.path.join(folder, "lora.safetensors")
    save_file({f"{module}.lora_A.weight": torch.ones(2, 5 * width), f"{module}.lora_B.weight": torch.ones(width, 2), f"{module}.alpha": torch.tensor(1.0)}, lora)

    def frames(option):
        graph = f"t2vsrc=model={made.model}:precision=fp32:device=cpu:prompt=x:frames=5:steps=1:size={case.width}x{case.height}{option},format=gbrp"
        raw, err, status = ffmpeg_common.run(ffmpeg_common.FFMPEG + ["-loglevel", "warning", "-filter_complex", graph, "-f", "rawvideo", "-"], text=False, timeout=300)
        assert status == 0, err
        return raw, err if isinstance(err, str) else err.decode()

    plain, quiet = frames("")
    changed, also_quiet = frames(f":lora={lora}")
    zero, said = frames(f":lora='{lora}\\:0'")
    words = "changes nothing: its scale is 0"
    return plain != changed and plain == zero and words in said and words not in quiet + also_quiet, said.strip()


def main():
    ffmpeg_common.prepare()
    report, gone_on = oracle.Report(), set()
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        for case in pipeline_cases.CASES:
            if case.name not in NAMES:
                continue
            made = pipeline_cases.make(case, folder)
            ours = through_ffmpeg(made, folder)
            if case.name == "t2v":
                report.check("adapters through ffmpeg", *adapters(made, folder))
            report.check(f"{made.text}: frames", len(ours) == case.frames, f"{len(ours)}")
            if made.picture and case.kind not in gone_on:
                gone_on.add(case.kind)
                report.check(f"{made.text}: a clip that goes on from its last frame", *goes_on(made))
            report.above(f"{made.text}: worst frame, dB", pipeline_cases.worst_psnr(ours, (made.frames * 255).round() / 255), 52 if made.picture else 60)
        two_adapters(report, pipeline_cases.make(pipeline_cases.CASES[0], folder), folder)
    assert report.passed + report.failed == 2 * len(NAMES) + len(gone_on) + 3 and len(gone_on) == 2
    report.end()


os.environ.setdefault("ZT_BUILD", str(oracle.BUILD))
main()
