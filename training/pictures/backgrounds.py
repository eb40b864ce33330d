# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands behind the subjects: RGB 0..1 [SIZE, SIZE, 3], depth 0 far .. 1 near and kinds, both [SIZE, SIZE].

Depth is UNKNOWN (negative) and a kind is UNKNOWN (255) where nobody knows it; neither is taught there.
"""
import cv2
import numpy as np

SIZE = 160
NONE, SKY, WATER, FOLIAGE, UNKNOWN = 0, 1, 2, 3, 255


def colour(rng, low=0.0, high=1.0):
    return rng.uniform(low, high, 3).astype(np.float32)


def noise(rng, octaves=4, first=2, fall=0.55):
    """Smooth random values about 0..1 [SIZE, SIZE]."""
    total, weight, gain = np.zeros((SIZE, SIZE), np.float32), 0.0, 1.0
    for k in range(octaves):
        cells = first << k
        total += gain * cv2.resize(rng.random((cells + 1, cells + 1), np.float32), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
        weight, gain = weight + gain, gain * fall
    return np.clip(total / weight, 0, 1)


def ramp(rng):
    """0..1 along a random direction."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    return np.clip(0.5 + x * np.cos(angle) + y * np.sin(angle), 0, 1)


def between(t, a, b):
    return a + (b - a) * t[..., None]


def crop(rng, image, least=0.4, most=1.0, box=None):
    """A part of a picture of any shape, squeezed into the square; with `box` also (top, left, height, width)."""
    h, w = image.shape[:2]
    ch = int(h * rng.uniform(least, most))
    cw = int(np.clip(ch * rng.uniform(0.65, 1.75), w * least, w))
    top, left = rng.integers(0, h - ch + 1), rng.integers(0, w - cw + 1)
    part = cv2.resize(image[top:top + ch, left:left + cw], (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return (part, (top, left, ch, cw)) if box else part


def flat_depth(rng):
    return np.full((SIZE, SIZE), rng.uniform(0, 0.25), np.float32)


def texture(rng, library):
    """No scene: gradients, noise, stripes, checks, dots, strokes, scattered small cut-outs."""
    a, b = colour(rng), colour(rng)
    if rng.random() < 0.4:
        b = np.clip(a + rng.normal(0, 0.12, 3), 0, 1).astype(np.float32)
    kind = rng.integers(0, 8)
    if kind == 0:
        image = np.broadcast_to(a, (SIZE, SIZE, 3)).copy()
    elif kind == 1:
        image = between(ramp(rng), a, b)
    elif kind == 2:
        image = between(noise(rng, int(rng.integers(1, 6)), int(rng.integers(2, 12))), a, b)
    elif kind == 3:
        t = np.sin(ramp(rng) * rng.uniform(10, 120)) * 0.5 + 0.5
        image = between(t if rng.random() < 0.5 else (t > 0.5).astype(np.float32), a, b)
    elif kind == 4:
        n = int(rng.integers(3, 16))
        y, x = np.mgrid[0:SIZE, 0:SIZE] * n // SIZE
        image = between(((x + y) % 2).astype(np.float32) * rng.uniform(0.2, 1), a, b)
    elif kind == 5:
        image = between(noise(rng), a, b)
        for _ in range(rng.integers(10, 60)):
            c = tuple(float(v) for v in colour(rng))
            p, q = rng.integers(0, SIZE, 2), rng.integers(-40, 40, 2)
            cv2.line(image, tuple(map(int, p)), tuple(map(int, p + q)), c, int(rng.integers(1, 5)), cv2.LINE_AA)
    elif kind == 6:
        image = between(ramp(rng), a, b)
        items = [library.cutout(rng)[0] for _ in range(2)]
        step = int(rng.integers(16, 40))
        for y in range(-4, SIZE, step):
            for x in range(-4, SIZE, step):
                item = items[rng.integers(0, 2)]
                put(image, cv2.resize(item, (step, step), interpolation=cv2.INTER_AREA).astype(np.float32) / 255, x + int(rng.integers(-3, 4)), y + int(rng.integers(-3, 4)))
    else:
        image = cv2.GaussianBlur(crop(rng, library.scenery(rng)), (0, 0), float(rng.uniform(2, 12)))
    kinds = np.full((SIZE, SIZE), UNKNOWN if kind == 7 else NONE, np.uint8)
    return image.astype(np.float32), flat_depth(rng), kinds


def put(image, item, left, top):
    """Lays item (RGBA 0..1) over image in place; what lies outside is cut. Returns its coverage [SIZE, SIZE]."""
    cover = np.zeros(image.shape[:2], np.float32)
    h, w = item.shape[:2]
    y0, x0, y1, x1 = max(0, top), max(0, left), min(image.shape[0], top + h), min(image.shape[1], left + w)
    if y0 < y1 and x0 < x1:
        part = item[y0 - top:y1 - top, x0 - left:x1 - left]
        a = part[..., 3:]
        image[y0:y1, x0:x1] = image[y0:y1, x0:x1] * (1 - a) + part[..., :3] * a
        cover[y0:y1, x0:x1] = a[..., 0]
    return cover


def sky(rng):
    """A sky of any hour, with clouds or stars."""
    top = np.array([0.25, 0.45, 0.8], np.float32) + rng.normal(0, 0.12, 3)
    low = np.array([0.75, 0.83, 0.92], np.float32) + rng.normal(0, 0.1, 3)
    hour = rng.random()
    if hour < 0.18:
        top, low = colour(rng, 0, 0.25), colour(rng, 0.05, 0.4)
    elif hour < 0.4:
        top, low = colour(rng, 0.2, 0.7), np.array([rng.uniform(0.7, 1), rng.uniform(0.4, 0.8), rng.uniform(0.2, 0.6)])
    elif hour < 0.55:
        grey = rng.uniform(0.5, 0.95)
        top, low = grey + rng.normal(0, 0.03, 3), grey + rng.normal(0.03, 0.04, 3)
    elif hour < 0.65:
        top, low = colour(rng), colour(rng)
    y = np.repeat(np.linspace(0, 1, SIZE, dtype=np.float32)[:, None], SIZE, 1)
    image = between(y, np.clip(top, 0, 1), np.clip(low, 0, 1))
    if rng.random() < 0.6:
        n = cv2.resize(noise(rng, 5, 3)[: SIZE // 2], (SIZE, SIZE))
        cover = np.clip((n - rng.uniform(0.4, 0.6)) * rng.uniform(2, 9), 0, 1) * rng.uniform(0.3, 1)
        image = image * (1 - cover[..., None]) + np.clip(low + rng.uniform(-0.25, 0.3), 0, 1) * cover[..., None]
    if hour < 0.12:
        image[rng.random((SIZE, SIZE)) < 0.004] = 1
    if rng.random() < 0.15:
        cv2.circle(image, (int(rng.integers(0, SIZE)), int(rng.integers(0, SIZE // 2))), int(rng.integers(4, 14)), tuple(float(v) for v in colour(rng, 0.8, 1)), -1, cv2.LINE_AA)
    return np.clip(image, 0, 1).astype(np.float32)


def waves(rng, above, horizon):
    """Water whose rows grow towards the viewer, with a mirror image of what is above."""
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    down = np.clip((y - horizon) / max(8, SIZE - horizon), 0.004, 1)
    phase = np.log(down) * rng.uniform(9, 30) + (noise(rng, 4, 4) - 0.5) * rng.uniform(3, 14)
    slope = np.sin(phase + np.sin(x / rng.uniform(6, 40)) * down * 3)
    base, light = colour(rng, 0.02, 0.45), colour(rng, 0.5, 1)
    if rng.random() < 0.7:
        base[0] *= 0.5
    rows = np.clip(2 * horizon - y + slope * 6 * down, 0, SIZE - 1)
    mirror = cv2.remap(above, x, rows.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    image = base * 0.6 + mirror * rng.uniform(0.1, 0.7) * (1 - 0.5 * down[..., None])
    sharp = np.clip(slope - rng.uniform(0.2, 0.8), 0, 1) * rng.uniform(0.1, 0.9)
    return np.clip(image + light * sharp[..., None], 0, 1).astype(np.float32)


def ground(rng, library):
    choice = rng.random()
    if choice < 0.4:
        image = crop(rng, library.scenery(rng), 0.2, 0.5)
        image = image[::-1] if rng.random() < 0.3 else image
        return image, UNKNOWN
    green = rng.random() < 0.6
    base = np.array([0.25, 0.45, 0.15], np.float32) if green else colour(rng, 0.1, 0.8)
    grain = cv2.resize(rng.random((SIZE, SIZE // 2), np.float32), (SIZE, SIZE)) * 0.5 + noise(rng, 5, 4) * 0.8
    return np.clip(base * (0.4 + grain[..., None]) + rng.normal(0, 0.06, 3), 0, 1).astype(np.float32), FOLIAGE if green else NONE


def landscape(rng, library):
    """Sky, hills or a photographed skyline, and ground or water."""
    image = sky(rng)
    kinds = np.full((SIZE, SIZE), SKY, np.uint8)
    depth = np.zeros((SIZE, SIZE), np.float32)
    horizon = int(rng.uniform(0.25, 0.75) * SIZE)
    if library.skylands and rng.random() < 0.5:
        land = library.skyland(rng)
        h, w = land.shape[:2]
        side = int(min(h, w) * rng.uniform(0.4, 1))
        top, left = (h - side if rng.random() < 0.3 else rng.integers(0, h - side + 1)), rng.integers(0, w - side + 1)
        part = cv2.resize(land[top:top + side, left:left + side], (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        cover = part[..., 3]
        if 0.05 < cover.mean() < 0.95:
            put(image, part, 0, 0)
            kinds[cover > 0.5] = UNKNOWN
            depth = np.where(cover > 0.5, 0.2 + 0.3 * np.linspace(0, 1, SIZE, dtype=np.float32)[:, None], 0)
            if rng.random() < 0.6:
                return image, depth, kinds
    x = np.arange(SIZE)
    for layer in range(rng.integers(0, 4)):
        crest = horizon - (noise(rng, 4, 2)[0] * rng.uniform(0.1, 0.45) * SIZE * (1 - layer * 0.25))
        mask = (np.arange(SIZE)[:, None] > crest[None, :]).astype(np.float32)
        green = rng.random() < 0.5
        tone = np.clip((np.array([0.2, 0.4, 0.2]) if green else colour(rng)) + rng.normal(0, 0.1, 3), 0, 1)
        body = np.clip(tone * (0.6 + 0.6 * noise(rng, 5, 6)[..., None]), 0, 1)
        image = (image * (1 - mask[..., None]) + body * mask[..., None]).astype(np.float32)
        kinds[mask > 0.5] = FOLIAGE if green else NONE
        depth[mask > 0.5] = 0.08 + 0.05 * layer
    below = np.arange(SIZE) > horizon
    if rng.random() < 0.5:
        bottom, what = waves(rng, image, horizon), WATER
    else:
        bottom, what = ground(rng, library)
    image[below] = bottom[below]
    kinds[below] = what
    depth[below] = (0.15 + 0.45 * (x[below] - horizon) / SIZE)[:, None]
    if what == WATER and rng.random() < 0.35:   # a bank in front
        edge = rng.uniform(0.7, 0.95) * SIZE + (noise(rng, 4, 2)[0] - 0.5) * 30
        mask = np.arange(SIZE)[:, None] > edge[None, :]
        bank, what = ground(rng, library)
        image[mask], kinds[mask] = bank[mask], what
    return image, depth, kinds


def scene(rng, library):
    """A part of a whole picture that shows no subject, as the teacher says; often one whose kinds were drawn by hand."""
    unknown = np.full((SIZE, SIZE), -1, np.float32)
    if library.kinds and rng.random() < 0.45:
        name = sorted(library.kinds)[rng.integers(0, len(library.kinds))]
        whole = library.read(name)
        image, (top, left, h, w) = crop(rng, whole, box=True)
        kinds = library.kind_map(name)[top:top + h, left:left + w]
        return image, unknown, cv2.resize(kinds, (SIZE, SIZE), interpolation=cv2.INTER_NEAREST)
    return crop(rng, library.scenery(rng)), unknown, np.full((SIZE, SIZE), UNKNOWN, np.uint8)


def background(rng, library):
    kind = rng.random()
    if kind < 0.42 and library.wholes:
        return scene(rng, library)
    return landscape(rng, library) if kind < 0.74 else texture(rng, library)
