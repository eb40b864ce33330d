# SPDX-License-Identifier: LGPL-2.1-or-later
"""Contact sheets for looking at what judge_motion made."""
import glob
import os

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDE, HIGH = 200, 170      # of one frame on a kind's sheet
FONTS = ("/usr/share/fonts/**/*CJK*.ttc", "/usr/share/fonts/**/wqy*.tt?", "/usr/share/fonts/**/DroidSansFallback*.ttf", "/usr/share/fonts/**/DejaVuSans.ttf")


def font(size):
    if os.path.exists(os.environ.get("ZT_SHEET_FONT", "")):      # where none of these has Chinese
        return ImageFont.truetype(os.environ["ZT_SHEET_FONT"], size)
    for pattern in FONTS:
        for path in sorted(glob.glob(pattern, recursive=True)):
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)


def fitted(frame, wide, high):
    image = Image.fromarray(frame)
    scale = min(wide / image.width, high / image.height)
    image = image.resize((max(1, int(image.width * scale)), max(1, int(image.height * scale))), Image.LANCZOS if scale < 1 else Image.NEAREST)
    out = Image.new("RGB", (wide, high), (24, 24, 24))
    out.paste(image, ((wide - image.width) // 2, (high - image.height) // 2))
    return out


def note_row(path, frames, moved, region, row):
    """One row of a kind's sheet: the picture with its region outlined, six moments, and where it moved (bright: fast)."""
    first = frames[0].copy()
    if region is not None:
        edges, _ = cv2.findContours(region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(first, edges, -1, (255, 0, 255), max(1, first.shape[1] // 200))
    heat = np.sqrt(moved.heat)
    heat = np.clip(heat / max(1e-6, np.percentile(heat, 99.5)) * 255, 0, 255).astype(np.uint8)
    heat = cv2.cvtColor(cv2.applyColorMap(heat, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    picked = [first] + [frames[i] for i in (12, 24, 36, 48, 72, len(frames) - 1)] + [heat]
    out = Image.new("RGB", (WIDE * len(picked), HIGH + 18), (0, 0, 0))
    for i, frame in enumerate(picked):
        out.paste(fitted(frame, WIDE - 2, HIGH), (i * WIDE, 18))
    region_word = "" if row["region"] is None else f" region {'right' if row['region'] else 'WRONG'} {row['share']:.2f}/{row['area']:.2f};"
    text = f"{row['picture']}: {row['sentence']}   [{row['told'].split(' | ')[0]}]  {region_word} kind {'right' if row['right'] else 'WRONG'} ({row['why']})"
    ImageDraw.Draw(out).text((4, 2), text, fill=(255, 255, 120), font=font(12))
    out.save(path)


def sheet_of_kind(path, rows):
    rows = [Image.open(r) for r in rows if os.path.exists(r)]
    out = Image.new("RGB", (max(r.width for r in rows), sum(r.height for r in rows)))
    y = 0
    for r in rows:
        out.paste(r, (0, y))
        y += r.height
    out.save(path)


def sheet_of_shown(out, work, rows, moments, side=176, most=1_500_000):
    """forty.jpg, two pictures a row, four moments each; and forty_N.png, ten pictures each, for looking closely."""
    titles = ["picture"] + [f"{round(m / 24)} s" for m in moments[1:]]
    rows = [r for r in rows if os.path.exists(os.path.join(work, f"shown_{r['picture']}_0.png"))]
    frames = lambda r: [np.asarray(Image.open(os.path.join(work, f"shown_{r['picture']}_{m}.png"))) for m in moments]
    high, line, gap = int(side * 0.72), 15, 10
    columns = 2
    width = columns * (4 * side + gap)
    sheet = Image.new("RGB", (width, 20 + ((len(rows) + 1) // columns) * (high + line)), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for c in range(columns):
        for k, title in enumerate(titles):
            draw.text((c * (4 * side + gap) + k * side + 4, 3), title, fill=(0, 0, 0), font=font(13))
    for i, r in enumerate(rows):
        x, y = (i % columns) * (4 * side + gap), 20 + (i // columns) * (high + line)
        for k, frame in enumerate(frames(r)):
            tile = fitted(frame, side - 2, high - 2)
            sheet.paste(tile, (x + k * side, y))
        draw.text((x + 4, y + high - 1), f"{r['picture']}: {r['sentence']}", fill=(0, 0, 0), font=font(11))
    for quality in (88, 82, 75, 65, 55):
        path = os.path.join(out, "forty.jpg")
        sheet.save(path, quality=quality, optimize=True)
        if os.path.getsize(path) <= most:
            break
    for n in range(0, len(rows), 5):
        part = rows[n:n + 5]
        close = Image.new("RGB", (4 * 400, len(part) * 320))
        for i, r in enumerate(part):
            for k, frame in enumerate(frames(r)):
                close.paste(fitted(frame, 398, 300), (k * 400, i * 320 + 18))
            ImageDraw.Draw(close).text((4, i * 320 + 2), f"{r['picture']}: {r['sentence']}", fill=(255, 255, 120), font=font(13))
        close.save(os.path.join(out, f"forty_{n // 5}.png"))
