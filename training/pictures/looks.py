# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ways in which a whole picture may be drawn or taken: image 0..1 [h, w, 3] -> the same."""
import cv2
import numpy as np


def eight(image):
    return np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)


def posterised(rng, image):
    smooth = cv2.bilateralFilter(image, 5, 0.15, 4)
    n = rng.integers(3, 9)
    return np.round(smooth * n) / n


def inked(rng, image):
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    edge = cv2.morphologyEx(cv2.GaussianBlur(grey, (3, 3), 0), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    line = np.clip(1 - (edge - 0.06) * rng.uniform(3, 9), 0, 1)[..., None]
    return cv2.bilateralFilter(image, 7, 0.2, 5) * line


def pencilled(rng, image):
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(1 - grey, (0, 0), rng.uniform(1.5, 5))
    sketch = np.clip(grey / (1 - soft + 0.02), 0, 1)[..., None]
    return sketch * (1 - 0.5 * (1 - image)) if rng.random() < 0.4 else np.repeat(sketch, 3, 2)


def pixelated(rng, image):
    n = int(rng.integers(28, 80))
    small = cv2.resize(image, (n, n), interpolation=cv2.INTER_AREA)
    levels = rng.integers(4, 12)
    return cv2.resize(np.round(small * levels) / levels, image.shape[1::-1], interpolation=cv2.INTER_NEAREST)


def painted(rng, image):
    out, size = image.copy(), int(rng.integers(2, 5))
    field = cv2.GaussianBlur(rng.normal(0, 1, image.shape[:2]).astype(np.float32), (0, 0), 6) * 20
    for _ in range(3):
        y, x = np.mgrid[0:image.shape[0], 0:image.shape[1]].astype(np.float32)
        moved = cv2.remap(image, x + np.cos(field) * size, y + np.sin(field) * size, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        out = out * 0.6 + cv2.medianBlur(eight(moved), 2 * size + 1).astype(np.float32) / 255 * 0.4
        field = field + 2.1
    return out


def papered(rng, image):
    paper = 1 - 0.25 * cv2.GaussianBlur(rng.random(image.shape[:2]).astype(np.float32), (0, 0), 0.8)[..., None]
    return image * paper


def grey(rng, image):
    g = image.mean(2, keepdims=True)
    tone = np.array([1, 0.9, 0.72], np.float32) if rng.random() < 0.4 else np.ones(3, np.float32)
    return g * tone


def hazy(rng, image):
    share = rng.uniform(0.2, 0.65)
    return image * (1 - share) + share * rng.uniform(0.2, 1, 3).astype(np.float32)


LOOKS = (posterised, inked, pencilled, pixelated, painted, papered, grey, hazy)


def look(rng, image):
    image = image.astype(np.float32)
    if rng.random() < 0.42:
        image = LOOKS[rng.integers(0, len(LOOKS))](rng, image).astype(np.float32)
    image = np.clip((image - 0.5) * rng.uniform(0.7, 1.3) + 0.5 + rng.uniform(-0.12, 0.12), 0, 1)
    image = np.clip(image * rng.uniform(0.9, 1.1, 3), 0, 1) ** rng.uniform(0.75, 1.35)
    if rng.random() < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.4, 1.3)))
    if rng.random() < 0.35:
        image = image + rng.normal(0, rng.uniform(0.005, 0.05), image.shape)
    image = eight(image)
    if rng.random() < 0.35:
        kept = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])[1]
        image = cv2.imdecode(kept, cv2.IMREAD_COLOR)[..., ::-1]
    return np.ascontiguousarray(image)
