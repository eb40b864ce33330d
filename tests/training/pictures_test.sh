#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The network that looks at pictures: a run that is stopped and started again ends with the same
# bytes, learns a square on a plain ground, and becomes the files that the engine reads. Composing
# gives the same pictures twice, where Python has OpenCV. Takes the zt-train program.
set -euo pipefail
train=${1:?"program: expected zt-train, got none"}
pictures=$(cd "$(dirname "$0")/../../training/pictures" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "FAIL: $*" >&2; exit 1; }
run() { "$train" "$@" > "$work/log" || { cat "$work/log"; fail "zt-train $*"; }; }
same() { cmp "$1" "$2" || fail "$3: expected the same bytes"; }

# 64 pictures of 32 x 32, red squares on grey; the sky is known above, depth within the square.
python3 - "$work/data/squares" <<'END'
import json, os, random, sys
folder = sys.argv[1]
os.makedirs(folder)
dice = random.Random(1)
pictures, targets = bytearray(), bytearray()
for _ in range(64):
    left, top = dice.randrange(4, 12), dice.randrange(4, 12)
    inside = lambda x, y: left <= x < left + 14 and top <= y < top + 14
    for y in range(32):
        for x in range(32):
            pictures += bytes((220, 30, 30) if inside(x, y) else (120, 120, 120))
    for y in range(0, 32, 2):
        for x in range(0, 32, 2):
            targets += bytes((255, 200, 0) if inside(x, y) else (0, 255, 1 if y < 4 else 255))
open(folder + "/000.pictures", "wb").write(pictures)
open(folder + "/000.targets", "wb").write(targets)
json.dump({"count": 64, "size": 32}, open(folder + "/000.json", "w"))
END

small="pictures data=$work/data/squares batch=4 scale=0.35 warm=2"
run $small steps=4 out="$work/whole.safetensors"
run $small steps=4 out="$work/parts.safetensors" stop_at=2
run $small steps=4 out="$work/parts.safetensors"
same "$work/whole.safetensors.live" "$work/parts.safetensors.live" "pictures: a run in two parts"

run $small steps=120 average=0.9 out="$work/taught.safetensors"
run pictures-judge network="$work/taught.safetensors" size=32 data="$work/data" out="$work/seen"
awk '$1 == "squares" && $2 == "network" && $3 == 64 && $4 > 0.8 { found = 1 } END { exit !found }' "$work/log" || { cat "$work/log"; fail "pictures-judge: expected 64 squares found with an IoU above 0.8"; }
[ -s "$work/seen/squares.safetensors" ] || fail "pictures-judge: expected a file of what was seen"

run pictures-export network="$work/taught.safetensors" size=32 out="$work/model"
grep -q '"family": "tableau"' "$work/model/config.json" || fail "pictures-export: expected the family in config.json"
grep -q network.safetensors "$work/model/manifest.json" || fail "pictures-export: expected network.safetensors in the manifest"

if "$train" pictures data="$work/nowhere" out="$work/x.safetensors" > "$work/log" 2>&1; then fail "data: expected a refusal of a folder that is not there"; fi
grep -q "data: expected a folder, got $work/nowhere" "$work/log" || { cat "$work/log"; fail "data: expected to be told which folder"; }

python=${ZT_PICTURES_PYTHON:-python3}   # one with training/pictures/requirements.txt
if "$python" -c 'import cv2, numpy, PIL' 2> "$work/log"; then
    "$python" - "$work/library" <<'END'
import json, os, sys
import numpy as np
from PIL import Image
folder = sys.argv[1]
for kind in ("cutouts", "wholes", "labels"):
    os.makedirs(f"{folder}/{kind}")
y, x = np.mgrid[0:60, 0:60]
disc = np.dstack([x * 4, y * 4, x * 0 + 90, ((x - 30) ** 2 + (y - 30) ** 2 < 800) * 255]).astype(np.uint8)
Image.fromarray(disc).save(f"{folder}/cutouts/00000.png")
Image.fromarray(np.dstack([np.full((240, 300), v, np.uint8) for v in (40, 90, 160)])).save(f"{folder}/wholes/00000.png")
json.dump({"files": [{"file": "cutouts/00000.png", "kind": "cutout", "style": "photo"}, {"file": "wholes/00000.png", "kind": "whole", "style": ""}]},
          open(f"{folder}/manifest.json", "w"))
END
    for n in 1 2; do "$python" "$pictures/compose" "$work/library" "$work/composed$n" --count 12 --seed 3 > "$work/log" || { cat "$work/log"; fail "compose"; }; done
    for part in pictures targets json; do same "$work/composed1/000.$part" "$work/composed2/000.$part" "compose: $part"; done
    "$python" "$pictures/compose" "$work/library" "$work/other" --count 12 --seed 4 > "$work/log"
    if cmp -s "$work/composed1/000.pictures" "$work/other/000.pictures"; then fail "compose: expected other pictures of another seed"; fi
    run $small steps=1 data="$work/composed1" out="$work/composed.safetensors"
else
    echo "SKIP: compose: Python has no OpenCV, NumPy and Pillow"
fi
echo "PASS"
