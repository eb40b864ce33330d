#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A training run that is stopped and started again ends with the same bytes as one that is not:
# two workers; and what it gives becomes a model folder. Takes the zt-train program.
set -euo pipefail
train=${1:?"program: expected zt-train, got none"}
work=$(mktemp -d)
world=$(dirname "$0")/../../training/world
trap 'rm -rf "$work"' EXIT

run() { "$train" "$@" > "$work/log" || { cat "$work/log"; echo "FAIL: zt-train $*" >&2; exit 1; }; }
same() { cmp "$1" "$2" || { echo "FAIL: $3: expected the same bytes after a restart" >&2; exit 1; }; }

layers="layers steps=6 batch=1 crop=32 width_eighth=16 width_quarter=16 width_half=8"
run $layers out="$work/whole.safetensors"
run $layers out="$work/parts.safetensors" stop_at=3
run $layers out="$work/parts.safetensors"
same "$work/whole.safetensors.live" "$work/parts.safetensors.live" "layers"   # the weights, not the time spent

# Both give the same model folder, which the engine opens.
run export layers="$work/whole.safetensors" out="$work/model" world="$world/world.json" lexicon="$world/lexicon.json"
run export layers="$work/parts.safetensors" out="$work/again" world="$world/world.json" lexicon="$world/lexicon.json"
for file in layers.safetensors lexicon.json config.json; do same "$work/model/$file" "$work/again/$file" "export: $file"; done
run judge model="$work/model" phrases="$(dirname "$0")/../../training/phrases" seeds=4
grep -q 'en.tsv: 300 phrases, all right ' "$work/log" || { cat "$work/log"; echo "FAIL: judge: expected a line about 300 phrases" >&2; exit 1; }
run fidelity model="$work/model" clips=1 frames=2
grep -q '^paper *static' "$work/log" || { cat "$work/log"; echo "FAIL: fidelity: expected a line about paper" >&2; exit 1; }

# The curves can be drawn.
mkdir "$work/run" && cp "$work"/whole.safetensors.csv "$work/run/layers.safetensors.csv"
"$(dirname "$0")/../../training/curves" "$work/run" > "$work/log"
head -c 4 "$work/run/layers.png" | grep -q PNG || { echo "FAIL: training/curves: expected a PNG" >&2; exit 1; }
echo "PASS"
