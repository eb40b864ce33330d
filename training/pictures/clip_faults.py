# SPDX-License-Identifier: LGPL-2.1-or-later
"""Style and faults of a clip's frames beside the picture they are made of, for judge_motion.

Style. Palette: the earth mover's distance between the histograms of L, a and b (0..100 steps each), averaged; it ignores places, and is 0
for a picture with itself. Texture: the energies of the levels of a Laplacian pyramid in tiles of 32 pixels, as sorted
lists of logarithms; the mean difference over the levels, in octaves of amplitude. Sharpness: the ratio of the 95th percentiles of the
gradient's size. Each beside two controls: the picture blurred (sigma 1.5 pixels) and another picture.

Faults. A frame that is a warp of the picture has, at every place, something in the picture nearby that looks like it. DIS flow says where;
the picture is warped by it, and what is left is the least difference within one pixel (largest channel), less a tenth of
the range of values nearby. A place is at fault where, averaged over 5 x 5 pixels, more than `LEFT` of 255 is left; a fault is a connected
region of at least `PART` of the picture. What kind it may be:
  hole   nothing within a sixth of the side of the place has its colour
  ghost  a second copy explains it: the frame is nearer to a mixture of the warped picture and the same a little aside than to either
  other  neither
A tear is found otherwise, since flow follows both its sides: a line, at least 6 % of the side long, along which the flow jumps by 4 pixels
or more over 4 (a smooth warp has less), and where a smoothed flow leaves more than `TORN` unexplained (in flat or repeated places it does not). Where a subject is lifted out and moved alone, flow jumps at the rim by right:
there, within 4 % of the side of the mask's edge, no tear is looked for.
Two quicker looks say how far the flow is to be trusted: forward against backward flow (share of places off by more than
1.5 pixels: covered, uncovered, or torn), and folds (share of places where the flow turns the picture inside out).
Calibrated by `planted`: on smooth warps of the same pictures, and on those with a double exposure of two frames, a torn edge and a hole.
"""
import cv2
import numpy as np

from motion_signs import carried, dis, grey, small

SIDE = 480
LEFT = 13.0
PART = 0.0008
JUMP, TORN = 4.0, 5.0


def lab(frame):
    return cv2.cvtColor(frame.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def palette_distance(a, b):
    """Earth mover's distance of the values of L, a and b: the area between sorted lists, averaged over the three."""
    points = np.linspace(0, 1, 512)
    x, y = lab(a).reshape(-1, 3), lab(b).reshape(-1, 3)
    return float(np.mean([np.abs(np.quantile(x[:, c], points) - np.quantile(y[:, c], points)).mean() for c in range(3)]))


def texture_lists(frame):
    levels, now = [], grey(frame).astype(np.float32)
    for _ in range(4):
        if min(now.shape) < 32:
            break
        down = cv2.pyrDown(now)
        band = now - cv2.pyrUp(down, dstsize=now.shape[::-1])
        tile = max(8, 32 >> len(levels))
        power = cv2.boxFilter(band * band, -1, (tile, tile))[tile // 2::tile, tile // 2::tile]
        levels.append(np.sort(0.5 * np.log2(power.ravel() + 1)))
        now = down
    return levels


def texture_distance(a, b):
    points = np.linspace(0, 1, 128)
    pairs = zip(texture_lists(a), texture_lists(b))
    return float(np.mean([np.abs(np.quantile(x, points) - np.quantile(y, points)).mean() for x, y in pairs]))


def sharpness(frame):
    g = grey(frame).astype(np.float32)
    size = np.hypot(cv2.Sobel(g, -1, 1, 0), cv2.Sobel(g, -1, 0, 1))
    return float(np.percentile(size, 95))


def style(picture, frames, other):
    """{"palette": ..., "texture": ..., "sharp": ...}: a list over the frames, then the blurred picture and the other one."""
    picture, other = small(picture, 640), small(other, 640)
    other = cv2.resize(other, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
    all_ = [small(f, 640) for f in frames] + [cv2.GaussianBlur(picture, (0, 0), 1.5), other]
    base = max(1e-3, sharpness(picture))
    return {"palette": [palette_distance(picture, f) for f in all_], "texture": [texture_distance(picture, f) for f in all_], "sharp": [sharpness(f) / base for f in all_]}


def warped(picture, flow):
    h, w = flow.shape[:2]
    gy, gx = np.mgrid[0:h, 0:w].astype(np.float32)
    return cv2.remap(picture, gx + flow[..., 0], gy + flow[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def left_over(frame, guess):
    """What of the frame has no counterpart in `guess` within a pixel: 0..255, less what the detail around excuses."""
    f, best = frame.astype(np.float32), None
    padded = cv2.copyMakeBorder(guess, 1, 1, 1, 1, cv2.BORDER_REPLICATE).astype(np.float32)
    for dy in range(3):
        for dx in range(3):
            off = np.abs(f - padded[dy:dy + f.shape[0], dx:dx + f.shape[1]]).max(-1)
            best = off if best is None else np.minimum(best, off)
    g = grey(guess)
    square = np.ones((5, 5), np.uint8)
    detail = (cv2.dilate(g, square) - cv2.erode(g, square)).astype(np.float32)
    return np.maximum(0, cv2.blur(best - 0.1 * detail, (5, 5)))


class Fault:
    def __init__(self, kind, share, box, left):
        self.kind, self.share, self.box, self.left = kind, share, box, left   # box in shares of the picture: x, y, w, h

    def __repr__(self):
        return f"{self.kind} {100 * self.share:.2f} % at {100 * (self.box[0] + self.box[2] / 2):.0f},{100 * (self.box[1] + self.box[3] / 2):.0f}"


def tears_of(flows, picture, frame, rim):
    """Lines along which each of the flows jumps, where there is something to see, outside `rim` (0 or 1, of the flow's size; None: everywhere)."""
    h, w = frame.shape[:2]
    grays, jump = grey(frame), np.full((h, w), np.inf, np.float32)
    for flow in flows:
        one = np.zeros((h, w), np.float32)
        one[:, 2:-2] = np.hypot(*np.moveaxis(flow[:, 4:] - flow[:, :-4], -1, 0))
        one[2:-2] = np.maximum(one[2:-2], np.hypot(*np.moveaxis(flow[4:] - flow[:-4], -1, 0)))
        jump = np.minimum(jump, one)
    line = (jump > JUMP).astype(np.uint8)
    line[cv2.blur(np.hypot(cv2.Sobel(grays, cv2.CV_32F, 1, 0), cv2.Sobel(grays, cv2.CV_32F, 0, 1)), (9, 9)) < 16] = 0
    line[:6], line[-6:], line[:, :6], line[:, -6:] = 0, 0, 0, 0
    if rim is not None:
        line[rim > 0] = 0
    smooth = left_over(frame, warped(picture, cv2.blur(flows[-1], (31, 31))))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(line)
    found = []
    for i in range(1, count):
        x, y, bw, bh, area = stats[i]
        if np.hypot(bw, bh) > 0.06 * max(h, w):
            unexplained = float(smooth[cv2.dilate((labels == i).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0].mean())
            if unexplained > TORN:
                found.append(Fault("tear", area / (h * w), (x / w, y / h, bw / w, bh / h), unexplained))
    return found


def faults_of(picture, frame, begin=None, rim=None):
    """The faults of one frame; begin: the flow frame to picture of the frame before, which the next may start from; rim: where flow may
    jump (of any size).
    Returns the faults, {"astray": .., "folds": .., "left": ..}, the flow and the map of what is left."""
    p, f = small(picture, SIDE), small(frame, SIDE)
    gp, gf, flow = grey(p), grey(f), dis()
    back = flow.calc(gf, gp, None if begin is None else begin.copy())       # for places of the frame, where they are in the picture
    guesses = [(left_over(f, warped(p, back)), back)]
    if begin is not None:                 # a start may mislead
        fresh = flow.calc(gf, gp, None)
        guesses.append((left_over(f, warped(p, fresh)), fresh))
    left, back = min(guesses, key=lambda g: g[0].mean())
    if len(guesses) == 2:
        left = np.minimum(guesses[0][0], guesses[1][0])
    forth = flow.calc(gp, gf, None)
    h, w = left.shape
    gy, gx = np.mgrid[0:h, 0:w].astype(np.float32)
    at = (gx + back[..., 0], gy + back[..., 1])
    there = cv2.remap(forth, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (at[0] > 1) & (at[0] < w - 2) & (at[1] > 1) & (at[1] < h - 2)
    astray = (np.hypot(*np.moveaxis(back + there, -1, 0)) > 1.5) & inside
    dx, dy = np.gradient(back, axis=1), np.gradient(back, axis=0)
    folds = (1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0] < 0
    wrong = cv2.morphologyEx((left > LEFT).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    wrong[:2], wrong[-2:], wrong[:, :2], wrong[:, -2:] = 0, 0, 0, 0
    count, labels, stats, _ = cv2.connectedComponentsWithStats(wrong)
    found = []
    guess = warped(p, back)
    for i in range(1, count):
        x, y, bw, bh, area = stats[i]
        if area < PART * h * w:
            continue
        here = labels == i
        found.append(Fault(kind_of(p, f, guess, here), area / (h * w), (x / w, y / h, bw / w, bh / h), float(left[here].mean())))
    if rim is not None:                   # where it was and where the flow has taken it
        rim = cv2.resize(rim, (w, h), interpolation=cv2.INTER_NEAREST)
        rim = np.maximum(rim, carried(rim, forth))
    found += tears_of([g[1] for g in guesses], p, f, rim)
    return found, {"astray": float(astray.mean()), "folds": float(folds.mean()), "left": float(left.mean())}, back, left


def kind_of(picture, frame, guess, here):
    ys, xs = np.nonzero(here)
    h, w = here.shape
    reach = max(h, w) // 6
    y0, y1, x0, x1 = max(0, ys.min() - reach), min(h, ys.max() + reach), max(0, xs.min() - reach), min(w, xs.max() + reach)
    around = picture[y0:y1:2, x0:x1:2].reshape(-1, 3).astype(np.int32)
    colours = frame[here].astype(np.int32)
    colours = colours[:: max(1, len(colours) // 64)]
    far = np.abs(colours[:, None] - around[None]).max(-1).min(1)
    if np.median(far) > 12:
        return "hole"
    f, g = frame[here].astype(np.float32), guess[here].astype(np.float32)
    alone, best = ((f - g) ** 2).sum(), np.inf
    for dy in range(-12, 13, 3):
        for dx in range(-12, 13, 3):
            if dx or dy:
                o = guess[np.clip(ys + dy, 0, h - 1), np.clip(xs + dx, 0, w - 1)].astype(np.float32)
                d = o - g
                share = np.clip(((f - g) * d).sum() / max(1e-6, (d * d).sum()), 0.2, 0.8)
                best = min(best, ((f - g - share * d) ** 2).sum())
    if best < 0.4 * alone:
        return "ghost"
    return "other"


def smooth_warp(picture, dice, much=0.02):
    """A picture warped smoothly: what a clip without faults looks like. Returns it and the same at another moment."""
    h, w = picture.shape[:2]
    coarse = dice.normal(0, 1, (4, 4, 2)).astype(np.float32)
    field = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC) * much * h
    return warped(picture, field), warped(picture, -0.6 * field)


def planted(picture, mask, dice):
    """{"clean", "double", "torn", "hole"}: smooth warps of the picture with a fault each, on the subject where there is one."""
    picture = small(picture, SIDE)
    h, w = picture.shape[:2]
    mask = cv2.resize(mask, (w, h)) > 127
    clean, later = smooth_warp(picture, dice)
    detail = cv2.blur(np.hypot(cv2.Sobel(grey(clean), cv2.CV_32F, 1, 0), cv2.Sobel(grey(clean), cv2.CV_32F, 0, 1)), (31, 31))
    detail[~mask] *= 0.3
    detail[:h // 8], detail[-h // 8:], detail[:, :w // 8], detail[:, -w // 8:] = 0, 0, 0, 0
    y, x = np.unravel_index(detail.argmax(), detail.shape)
    out = {"clean": clean}
    blend = np.zeros((h, w), np.float32)
    cv2.ellipse(blend, (int(x), int(y)), (w // 6, h // 6), 0, 0, 360, 0.5, -1)
    aside = np.roll(clean, max(4, w // 60), 1)
    out["double"] = (clean * (1 - blend[..., None]) + aside * blend[..., None]).astype(np.uint8)
    torn = clean.copy()
    band = slice(int(y), min(h, int(y) + h // 5))
    torn[band, max(0, x - w // 5):x + w // 5] = np.roll(clean, max(6, w // 40), 1)[band, max(0, x - w // 5):x + w // 5]
    out["torn"] = torn
    hole = clean.copy()
    cv2.ellipse(hole, (int(x), int(y)), (w // 40, h // 30), 0, 0, 360, (0, 0, 0), -1)
    if clean[y - 3:y + 4, x - 3:x + 4].mean() < 60:
        cv2.ellipse(hole, (int(x), int(y)), (w // 40, h // 30), 0, 0, 360, (255, 0, 255), -1)
    out["hole"] = hole
    return out
