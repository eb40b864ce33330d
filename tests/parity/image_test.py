# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures beside Pillow and transformers: resampling and the three ways to fit a size to the byte,
CLIP's pixels to the bit, over many sizes and shapes."""
import random
import sys

import numpy
import PIL
import torch
from PIL import Image, ImageOps
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

import oracle

PROGRAM = sys.argv[1]
FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC, "lanczos": Image.Resampling.LANCZOS}
CASES = 600


def picture(r, width, height):
    """Noise, a ramp with hard edges, or both extremes: clipping on both sides."""
    generator = numpy.random.default_rng(r.randrange(1 << 30))
    kind = r.randrange(3)
    if kind == 0:
        return generator.integers(0, 256, (height, width, 3), dtype=numpy.uint8)
    if kind == 1:
        return (255 * generator.integers(0, 2, (height, width, 3))).astype(numpy.uint8)
    y, x = numpy.mgrid[0:height, 0:width]
    return numpy.stack([(x * 7 + y) % 256, (y * 255) // max(height - 1, 1), 255 * ((x // 5 + y // 3) % 2)], -1).astype(numpy.uint8)


def side(r):
    return r.choice([1, 2, 3, 7, 16, 17, 28, 63, 64, 65, 100, 127, 200, 333, 512])


def reference(array, name, how, width, height):
    image = Image.fromarray(array)
    if how == "clip":
        processor = CLIPImageProcessorPil(size={"shortest_edge": width}, crop_size={"height": width, "width": width})
        return processor(image, return_tensors="pt").pixel_values[0]
    if how == "crop_middle":
        left, top = (image.width - width) // 2, (image.height - height) // 2
        made = image.crop((left, top, left + width, top + height))
    elif how == "crop":
        made = ImageOps.fit(image, (width, height), FILTERS[name])
    elif how == "pad":
        made = ImageOps.pad(image, (width, height), FILTERS[name])
    else:
        made = image.resize((width, height), FILTERS[name])
    return torch.from_numpy(numpy.array(made))


def main():
    report, r = oracle.Report(), random.Random(7)
    jobs = {}
    for i in range(CASES):
        how = r.choice(["stretch", "stretch", "stretch", "crop", "pad", "crop_middle", "clip"])
        name, array = r.choice(list(FILTERS)), picture(r, side(r), side(r))
        width, height = side(r), side(r)
        if how == "clip":
            array = picture(r, r.randrange(20, 500), r.randrange(20, 500))
            width = height = r.choice([28, 56, 224, 336])
        if how == "crop_middle":
            width, height = min(width, array.shape[1]), min(height, array.shape[0])
        inner = min(round(array.shape[0] / array.shape[1] * width), round(array.shape[1] / array.shape[0] * height))
        if how == "pad" and inner == 0:
            how = "stretch"   # so narrow that Pillow leaves it out; ours keeps a line of it
        jobs[f"{i}:{name}:{how}:{width}:{height}"] = array
    for width, height in ((1280, 720), (1920, 1080), (1023, 767)):
        array = picture(r, width, height)
        jobs[f"big:lanczos:stretch:960:544:{width}"] = array
        jobs[f"big:bicubic:clip:336:336:{width}"] = array
        jobs[f"big:bilinear:crop:720:1280:{width}"] = array
        jobs[f"big:lanczos:pad:624:832:{width}"] = array
    out = oracle.run_stage(PROGRAM, "made", {k: torch.from_numpy(v) for k, v in jobs.items()})
    wrong, counted = {}, {}
    for key, array in jobs.items():
        _, name, how, width, height = key.split(":")[:5]
        expected = reference(array, name, how, int(width), int(height))
        kind = how if how in ("clip", "crop_middle") else f"{how} {name}"
        counted[kind] = counted.get(kind, 0) + 1
        if not torch.equal(out[key], expected):
            wrong.setdefault(kind, []).append(f"{array.shape[1]}x{array.shape[0]} to {width}x{height}")
    print(f"Pillow {PIL.__version__}")
    for kind in sorted(counted):
        report.check(f"{kind}: {counted[kind]} pictures", kind not in wrong, f"{len(wrong.get(kind, []))} differ {wrong.get(kind, [])[:3]}")
    for name, array, what in (("x:bicubic:stretch:0:5", picture(r, 4, 4), "no width"), ("x:bicubic:stretch:20000:5", picture(r, 4, 4), "too wide"),
                              ("x:bicubic:crop_middle:9:2", picture(r, 4, 4), "a crop larger than the picture"),
                              ("x:bicubic:clip:336:336", picture(r, 1000, 2), "a strip")):
        try:
            oracle.run_stage(PROGRAM, "made", {name: torch.from_numpy(array)})
            report.check(f"{what} is refused", False)
        except RuntimeError as error:
            report.check(f"{what} is refused", "image: expected" in str(error), str(error))
    report.end()


if __name__ == "__main__":
    main()
