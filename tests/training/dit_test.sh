#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The stages of the diffusion transformer at a tiny size: stopped and started again they end with the same bytes, threads that draw clips
# change nothing, and a sheet comes out. Takes the zt-train program and the model folder.
set -euo pipefail
train=${1:?"program: expected zt-train, got none"}
model=${2:?"model: expected a folder, got none"}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { "$train" "$@" > "$work/log" || { cat "$work/log"; echo "FAIL: zt-train $*" >&2; exit 1; }; }
same() { cmp "$1" "$2" || { echo "FAIL: $3" >&2; exit 1; }; }

small="model=$model width=32 height=16 workers=1 only=2"
run frames $small frames=2 batch=1 steps=2 width_eighth=16 width_quarter=16 width_half=8 out="$work/frames"
dit="dit $small frames=4 batch=2 repeat=2 steps=3 dit_width=32 blocks=1 frames_model=$work/frames"
run $dit out="$work/whole"
run $dit out="$work/parts" stop_at=1 renderers=2
run $dit out="$work/parts" renderers=2
same "$work/whole.live" "$work/parts.live" "dit: expected the same bytes after a restart, and with threads that draw"
if "$train" $dit repeat=3 out="$work/never" > "$work/log" 2>&1 || ! grep -q 'repeat: expected a divisor of batch, 2, got 3' "$work/log"; then
    cat "$work/log"; echo "FAIL: repeat=3: expected to hear of a divisor" >&2; exit 1
fi
run ship weights="$work/whole" out="$work/whole16"
run dit-sample dit="$work/whole16" frames_model="$work/frames" steps=2 columns=2 out="$work/sheet.ppm" prompts="a zyxwv 狐狸;"
head -c 2 "$work/sheet.ppm" | grep -q P6 || { echo "FAIL: dit-sample: expected a picture" >&2; exit 1; }
echo "PASS"
