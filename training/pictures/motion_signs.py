# SPDX-License-Identifier: LGPL-2.1-or-later
"""What moves in a clip, where and how, from its flow: the measures and the rules of judge_motion.

Flow is OpenCV's DIS (medium preset, down to the finest scale), at most 320 pixels a side. What swings to and fro is followed from the first
frame to each, at 12 frames a second, since flow loses what is much less than a pixel between neighbours; its differences are the motion. What goes on
(drift, fall: 4 frames a second; spin and the camera: 12) is followed from frame to frame. The camera is a similarity (shift, turn, scale) fitted robustly to the flow outside the region asked for, frame by frame, and taken
away; where less than a twelfth of the picture lies outside, nothing is. Sizes are in hundredths of the picture's height unless said.
The region follows the motion: it is the hand-drawn mask and the mask carried along by the flow from the first frame, both widened by 3 %.

In the region an affine flow is fitted: shift, spread along x and y, turn, shear; what it leaves is the "rest". Integrated over
time these are signals. "Turns back" counts a signal's reversals of more than a fifth of its range; "keeps on" is net way over whole way.

A row is right in its region where at least half of the motion's energy lies inside and its density there is at least twice
that outside. Right in kind, by these rules (each needs a way of at least 0.2 % of the height, a pixel at 480, else "nothing moves"):

  sway     the upper half goes sideways more than up and down, and turns back
  bounce   up and down more than sideways, turns back at least twice (or spreads upward so: bobbing from the foot)
  drift    keeps on (0.6) in the direction asked; where none was asked in any one
  ripple   the rest is at least 0.35 of the energy, and cells turn back at least once in the middle: waves that go through
  breathe  spread or upward stretch is at least 0.12 of the energy, 0.12 to 0.8 rounds a second
  pulse    spread is at least 0.25 of the energy, and comes in bursts: the speed's peak is at least 2.2 times its mean
  wind     the rest is at least 0.25 of the energy, cells turn back, sideways at least as much as up and down
  fall     goes down in at least 0.8 of the time and keeps on (0.6)
  spin     the turn is at least 0.4 of the energy, keeps on (0.7) and makes at least 45 degrees in four seconds
  turn     sideways more than up and down; the middle goes at least 1.25 times as far as the rim
  zoom     scale goes as asked, over at least 4 %, and spread is at least 0.7 of the energy. Out: over the last two seconds
  pan      the content goes against the camera, over at least 2 % of the side; the shift is half of the energy over the last three seconds
  dolly    in: the whole grows by 2 %, and near and far differ (growth by 2 % or shift by 1 %); side: shift by 1 %
  shake    the whole turns back at least four times
  still    the region moves, and beyond its rim the mean flow stays at or below 0.3 pixels
"""
import cv2
import numpy as np

FPS = 12
SIDE = 320
LEAST = 0.2          # % of the height: less is not seen


def dis():
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(0)
    return flow


def small(frame, side=SIDE):
    scale = min(1.0, side / max(frame.shape[:2]))
    size = (max(16, round(frame.shape[1] * scale)), max(16, round(frame.shape[0] * scale)))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA) if scale < 1 else frame


def grey(frame):
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def widen(mask, share):
    radius = max(1, round(share * max(mask.shape)))
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2))


def carried(mask, flow):
    """The mask where its places are after `flow` (from the first frame), filled up."""
    ys, xs = np.nonzero(mask)
    out = np.zeros_like(mask)
    if len(xs) == 0:
        return out
    x = np.clip(np.rint(xs + flow[ys, xs, 0]), 0, mask.shape[1] - 1).astype(int)
    y = np.clip(np.rint(ys + flow[ys, xs, 1]), 0, mask.shape[0] - 1).astype(int)
    out[y, x] = 1
    return cv2.morphologyEx(out, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))


def fit(flow, where, model):
    """Least squares with Huber weights at the places `where`; model "similarity" or "affine". Returns the flow of the model everywhere,
    and its numbers (shift at the places' middle, dx/dx, dx/dy, dy/dx, dy/dy)."""
    h, w = where.shape
    gy, gx = np.mgrid[0:h, 0:w].astype(np.float32)
    pick = np.zeros_like(where, bool)
    pick[::3, ::3] = where[::3, ::3] > 0
    if pick.sum() < 12:
        pick = where > 0
    xs, ys = gx[pick], gy[pick]
    if len(xs) < 4:
        return np.zeros_like(flow), np.zeros(6)
    mx, my = xs.mean(), ys.mean()
    x, y, u, v = xs - mx, ys - my, flow[pick][:, 0], flow[pick][:, 1]
    weight = np.ones(len(x))
    ones, none = np.ones_like(x), np.zeros_like(x)
    if model == "similarity":
        rows = np.concatenate([np.stack([ones, none, x, -y], 1), np.stack([none, ones, y, x], 1)])
    else:
        rows = np.concatenate([np.stack([ones, none, x, y, none, none], 1), np.stack([none, ones, none, none, x, y], 1)])
    goal = np.concatenate([u, v])
    for _ in range(6):
        both = np.sqrt(np.concatenate([weight, weight]))[:, None]
        answer = np.linalg.lstsq(rows * both, goal * both[:, 0], rcond=None)[0]
        if model == "affine":
            break
        off = np.hypot(*np.split(goal - rows @ answer, 2))
        weight = 1 / np.maximum(1, off / max(0.02, 1.5 * np.median(off)))
    a = [answer[0], answer[1], answer[2], -answer[3], answer[3], answer[2]] if model == "similarity" else answer
    whole = np.stack([a[0] + a[2] * (gx - mx) + a[3] * (gy - my), a[1] + a[4] * (gx - mx) + a[5] * (gy - my)], -1)
    return whole.astype(np.float32), np.array(a)


def turns_back(signal, part=0.2):
    """How often a signal reverses by more than `part` of its range."""
    span = (signal.max() - signal.min()) * part
    if span <= 0:
        return 0
    count, way, ext = 0, 0, signal[0]
    for s in signal[1:]:
        if way >= 0 and s > ext or way <= 0 and s < ext:
            if way == 0 and abs(s - ext) > span:
                way = 1 if s > ext else -1
            if way:
                ext = s
        elif way and abs(s - ext) > span:
            count, way, ext = count + 1, -way, s
        elif way == 0 and abs(s - ext) > span:
            way, ext = (1 if s > ext else -1), s
    return count


def keeps_on(signal):
    whole = np.abs(np.diff(signal)).sum()
    return float(abs(signal[-1] - signal[0]) / whole) if whole > 1e-6 else 0.0


class Moved:
    """The motion of a clip: frames at FPS, of one size; region 0 or 1 of the same size, or None for the whole picture."""

    def __init__(self, frames, region, kind):
        slow = kind in ("drift", "fall")
        steps = slow or region is None or kind == "spin"
        self.fps = FPS // 3 if slow else FPS
        frames = frames[::FPS // self.fps]
        grays = [grey(small(f)) for f in frames]
        h, w = grays[0].shape
        self.h, self.w, self.unit = h, w, 100.0 / h
        self.all = region is None
        mask = np.ones((h, w), np.uint8) if self.all else (cv2.resize(region.astype(np.float32), (w, h), interpolation=cv2.INTER_AREA) > 0.5).astype(np.uint8)
        if mask.sum() < 9:
            mask = widen((cv2.resize(region.astype(np.float32), (w, h), interpolation=cv2.INTER_AREA) > 0.1).astype(np.uint8), 0.01)
        self.mask, self.area = mask, float(widen(mask, 0.03).mean())
        step, whole = dis(), dis()
        since = None
        energy_in, energy_out, area_in = [], [], []
        signals, cells, shares, heat = [], [], [], np.zeros((h, w), np.float32)
        self.camera, self.speeds, self.whole_fit = [], [], []
        grid = self._grid(mask)
        for a, b in zip(grays, grays[1:]):
            before, since = since, whole.calc(grays[0], b, None if since is None else since.copy())
            if steps:
                flow = step.calc(a, b, None)
            else:
                flow = since - before if before is not None else since.copy()
            inside = mask if self.all or not steps else np.maximum(mask, carried(mask, since))
            wide = widen(inside, 0.03)
            outside = 1 - widen(inside, 0.05)
            camera = np.zeros_like(flow)
            if not self.all and outside.mean() > 1 / 12:
                camera, numbers = fit(flow, outside, "similarity")
                self.camera.append(numbers)
            rest = flow - camera
            power = (rest ** 2).sum(-1)
            heat += power
            energy_in.append(power[wide > 0].sum()), energy_out.append(power[wide == 0].sum()), area_in.append(wide.mean())
            model, numbers = fit(rest, inside, "affine")
            signals.append(numbers)
            here = inside > 0
            r = np.nonzero(here)
            rx, ry = (r[1] - r[1].mean()), (r[0] - r[0].mean())
            x2, y2 = (rx ** 2).mean(), (ry ** 2).mean()
            total = power[here].mean()
            left = ((rest - model) ** 2).sum(-1)[here].mean()
            div, rot, sh, st = (numbers[2] + numbers[5]) / 2, (numbers[4] - numbers[3]) / 2, (numbers[4] + numbers[3]) / 2, (numbers[2] - numbers[5]) / 2
            # total, shift x, shift y, spread, turn, shear and stretch, rest; and the upper half's x and y
            shares.append([total, numbers[0] ** 2, numbers[1] ** 2, div ** 2 * (x2 + y2), rot ** 2 * (x2 + y2), (sh ** 2 + st ** 2) * (x2 + y2), left,
                           (rest[here][:, 0] ** 2).mean(), (rest[here][:, 1] ** 2).mean(), numbers[5] ** 2 * y2 + numbers[2] ** 2 * x2])
            cells.append(np.array([rest[ys, xs].mean(0) for ys, xs in grid]))
            self.speeds.append(np.sqrt(total))
            self.whole_fit.append(fit(flow, np.ones_like(mask), "similarity")[1])
        self.heat = heat
        self.since = since * self.unit
        total_in, total_out = sum(energy_in), sum(energy_out)
        self.share = total_in / max(1e-9, total_in + total_out)
        a = float(np.mean(area_in))
        self.spread_area = a
        self.density = (self.share / max(1e-6, a)) / max(1e-6, (1 - self.share) / max(1e-6, 1 - a)) if a < 0.995 else 1.0
        self.parts = np.array(shares).sum(0)
        self.signals = np.concatenate([np.zeros((1, 6)), np.cumsum(np.array(signals), 0)])
        self.cells = np.concatenate([np.zeros((1, len(grid), 2)), np.cumsum(np.array(cells), 0)]) * self.unit
        self.whole = np.concatenate([np.zeros((1, 6)), np.cumsum(np.array(self.whole_fit), 0)])
        spans = self.cells.max(0) - self.cells.min(0)
        self.way = float(np.percentile(np.hypot(spans[:, 0], spans[:, 1]), 80))
        self.upper = self.cells[:, [y.mean() < np.median(np.nonzero(mask)[0]) for y, _ in grid]]

    def _grid(self, mask):
        side = max(4, min(16, int(np.sqrt(mask.sum()) / 4)))
        out = []
        for y in range(0, mask.shape[0], side):
            for x in range(0, mask.shape[1], side):
                ys, xs = np.nonzero(mask[y:y + side, x:x + side])
                if len(ys) >= side * side / 3:
                    out.append((ys + y, xs + x))
        return out or [np.nonzero(mask)]

    def part(self, index):
        return float(self.parts[index] / max(1e-9, self.parts[0]))

    def region_right(self):
        return bool(self.way >= LEAST and self.share >= 0.5 and (self.density >= 2 or self.spread_area > 0.85))


def middle_to_rim(m):
    """How much farther sideways the middle of the region goes than its rim."""
    depth = cv2.distanceTransform(m.mask, cv2.DIST_L2, 3)
    grid = m._grid(m.mask)
    deep = np.array([depth[ys, xs].mean() for ys, xs in grid])
    span = m.cells[..., 0].max(0) - m.cells[..., 0].min(0)
    low, high = np.percentile(deep, [30, 70])
    return float(span[deep >= high].mean() / max(1e-6, span[deep <= low].mean()))


def kind_right(kind, m, expect=None, subject=None):
    """Whether a clip moves as its kind does, and the numbers behind it, in words. subject: the mask at m's size, for dolly."""
    s = m.signals * m.unit
    x, y = s[:, 0], s[:, 1]
    seconds = (len(x) - 1) / m.fps
    if kind in ("zoom", "pan", "dolly", "shake"):
        return camera_right(kind, m, expect, subject)
    if m.way < LEAST:
        return False, f"nothing moves ({m.way:.2f} %)"
    back = float(np.median([turns_back(m.cells[:, i, int(np.ptp(m.cells[:, i, 1]) > np.ptp(m.cells[:, i, 0]))]) for i in range(m.cells.shape[1])]))
    sideways = m.part(7) / max(1e-9, m.part(7) + m.part(8))
    if kind == "sway":
        up = m.upper if m.upper.shape[1] else m.cells
        wx, wy, n = np.ptp(up[..., 0], 0).mean(), np.ptp(up[..., 1], 0).mean(), turns_back(up[..., 0].mean(1))
        return bool(wx > wy and n >= 1), f"x {wx:.1f} y {wy:.1f} %, turns back {n}"
    if kind == "bounce":
        n = max(turns_back(y), turns_back(m.upper[..., 1].mean(1)) if m.upper.shape[1] else 0)
        return bool(sideways < 0.5 and n >= 2), f"upright {1 - sideways:.2f}, turns back {n}"
    if kind in ("drift", "fall"):
        ways = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
        way = ways.get(expect)
        if way is None:
            net = np.array([x[-1] - x[0], y[-1] - y[0]])
            way = net / max(1e-9, np.hypot(*net))
        along = x * way[0] + y * way[1]
        on, gone = keeps_on(along), along[-1] - along[0]
        forth = float((np.diff(along) > 0).mean())
        right = gone > LEAST and on >= 0.6 and (kind == "drift" or forth >= 0.8)
        across = abs((x[-1] - x[0]) * way[1] - (y[-1] - y[0]) * way[0])
        return bool(right and gone > across), f"goes {gone:.1f} %, keeps on {on:.2f}, forward {forth:.2f} of the time"
    if kind == "ripple":
        return bool(m.part(6) >= 0.35 and back >= 1), f"rest {m.part(6):.2f}, turns back {back:.0f}"
    if kind == "wind":
        return bool(m.part(6) >= 0.25 and back >= 1 and sideways >= 0.45), f"rest {m.part(6):.2f}, sideways {sideways:.2f}, turns back {back:.0f}"
    if kind in ("breathe", "pulse"):
        spread = m.part(9)
        wave = (s[:, 2] + s[:, 5]) * m.h
        swing = wave if np.ptp(wave) > np.ptp(y) * 0.3 else y
        rounds = max(0.5, turns_back(swing)) / 2 / seconds
        speeds = np.array(m.speeds)
        burst = float(np.percentile(speeds, 97) / max(1e-9, speeds.mean()))
        if kind == "breathe":
            return bool(spread >= 0.12 and 0.12 <= rounds <= 0.8), f"spread {spread:.2f}, {rounds:.2f} rounds/s"
        return bool(spread >= 0.25 and burst >= 2.2), f"spread {spread:.2f}, bursts {burst:.1f}"
    if kind == "spin":
        angle = np.degrees((m.signals[:, 4] - m.signals[:, 3]) / 2)
        on, gone = keeps_on(angle), abs(angle[-1] - angle[0])
        return bool(m.part(4) >= 0.4 and on >= 0.7 and gone >= 45), f"turn {m.part(4):.2f}, {gone:.0f} degrees, keeps on {on:.2f}"
    if kind == "turn":
        ratio = middle_to_rim(m)
        return bool(sideways > 0.5 and ratio >= 1.25), f"sideways {sideways:.2f}, middle to rim {ratio:.1f}"
    return True, f"way {m.way:.1f} %"


def camera_right(kind, m, expect, subject):
    g = m.whole
    scale = np.exp(g[:, 2])
    x, y = g[:, 0] / m.w * 100, g[:, 1] / m.h * 100
    fits = np.array(m.whole_fit)
    radius2 = (m.w ** 2 + m.h ** 2) / 12
    late = slice(FPS, None)
    speed = max(1e-9, (m.parts[0]))
    if kind == "zoom":
        if expect == "out":
            change, share = scale[-1] / scale[-2 * FPS - 1] - 1, (fits[:, 2] ** 2).sum() * radius2 / speed
            gone = scale[-1] / scale.max() - 1
            return bool(change < -0.01 and gone < -0.02 and share >= 0.6), f"scale {100 * change:+.1f} % in the last 2 s, {100 * (scale.max() - 1):+.1f} % at most, spread {share:.2f}"
        change, share = scale[-1] - 1, (fits[:, 2] ** 2).sum() * radius2 / speed
        return bool(change > 0.04 and share >= 0.7), f"scale {100 * change:+.1f} %, spread {share:.2f}"
    if kind == "pan":
        ways = {"left": x, "right": -x, "up": y, "down": -y}
        signal = ways.get(expect)
        if signal is None:
            signal = x if abs(x[-1]) > abs(y[-1]) else y
            signal = signal * np.sign(signal[-1] or 1)
        shift, spread = (fits[late, 0] ** 2 + fits[late, 1] ** 2).sum(), (fits[late, 2] ** 2).sum() * radius2
        share = shift / max(1e-9, shift + spread)
        return bool(signal[-1] > 2 and share >= 0.5), f"goes {signal[-1]:+.1f} % of the side, shift {share:.2f}, scale {100 * (scale[-1] - 1):+.0f} %"
    if kind == "shake":
        n = max(turns_back(x), turns_back(y))
        much = np.hypot(np.ptp(x), np.ptp(y))
        return bool(n >= 4 and much > 0.3), f"turns back {n}, {much:.1f} %"
    flow, near = m.since, subject
    if near is None or near.mean() > 0.85 or near.mean() < 0.005:
        near = np.zeros((m.h, m.w), np.uint8)
        near[m.h * 2 // 3:] = 1
    a, b = fit(flow, near, "affine")[1], fit(flow, 1 - widen(near, 0.04), "affine")[1]
    grow_a, grow_b = (a[2] + a[5]) / 2 * m.h, (b[2] + b[5]) / 2 * m.h
    shift = np.hypot(a[0] - b[0], a[1] - b[1])
    text = f"whole {100 * (scale[-1] - 1):+.1f} %, near {grow_a:+.1f} % far {grow_b:+.1f} %, shift between {shift:.1f} %"
    parallax = abs(grow_a - grow_b) >= 2 or shift >= 1
    return bool(parallax and (expect != "in" or scale[-1] > 1.02)), text


def stands(frames, region, away=0.06, side=640):
    """Mean flow from the first frame to each (pixels of the clip), over what lies farther than `away` of the longer side from the region
    and from where it goes (DIS smooths over moving edges), and the share of the picture that is left to look at."""
    start = grey(small(frames[0], side))
    h, w = start.shape
    scale = frames[0].shape[1] / w
    mask = (cv2.resize(region.astype(np.float32), (w, h)) > 0.5).astype(np.uint8)
    flow, total, last = dis(), [], None
    reach = mask.copy()
    for f in frames[1:]:
        last = flow.calc(start, grey(small(f, side)), None if last is None else last.copy())
        reach = np.maximum(reach, carried(mask, last))
        total.append(last)
    outside = widen(reach, away) == 0
    if outside.mean() < 0.02:
        return None, float(outside.mean())
    return float(np.mean([np.hypot(t[..., 0], t[..., 1])[outside].mean() for t in total]) * scale), float(outside.mean())
