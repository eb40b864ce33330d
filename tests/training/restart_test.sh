#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A training run that is stopped and started again ends with the same bytes as one that is not:
# all stages, two workers each; and one can begin with a shipped model. Takes the zt-train program.
set -euo pipefail
train=${1:?"program: expected zt-train, got none"}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { "$train" "$@" > "$work/log" || { cat "$work/log"; echo "FAIL: zt-train $*" >&2; exit 1; }; }
same() { cmp "$1" "$2" || { echo "FAIL: $3: expected the same bytes after a restart" >&2; exit 1; }; }

vae="vae world=narrow steps=6 batch=1 crop_height=32 crop_width=32"
run $vae out="$work/whole.safetensors"
run $vae out="$work/parts.safetensors" stop_at=3
run $vae out="$work/parts.safetensors"
same "$work/whole.safetensors.live" "$work/parts.safetensors.live" "vae"   # the weights, not the time spent

puppets="puppets world=narrow steps=6 batch=4 looks=2 codes=16 shade=8 vae=$work/whole.safetensors pictures=$work/pictures scenery=$work/scenery"
run $puppets out="$work/p.safetensors"
run $puppets out="$work/q.safetensors" stop_at=3
run $puppets out="$work/q.safetensors"
same "$work/p.safetensors.live" "$work/q.safetensors.live" "puppets"

denoiser="denoiser world=wide steps=10 batch=2 clips=6 width=16 layers=2 history_from=0.2 plan_steps=1 plan_until=0.9 vae=$work/whole.safetensors pool=$work/pool scenery=$work/scenery puppets=$work/p.safetensors"
run $denoiser out="$work/d.safetensors"
run $denoiser out="$work/e.safetensors" stop_at=7
run $denoiser out="$work/e.safetensors"
same "$work/d.safetensors.live" "$work/e.safetensors.live" "denoiser"

# A model folder gives back what it was made of, and a run begins with it.
run export vae="$work/whole.safetensors" denoiser="$work/d.safetensors" world=broad out="$work/model"
run unpack model="$work/model" out="$work/unpacked"
cp "$work/unpacked/denoiser.safetensors.start" "$work/f.safetensors.start"
run export vae="$work/unpacked/vae.safetensors" denoiser="$work/f.safetensors.start" world=broad out="$work/again"
for file in vae.safetensors denoiser.safetensors config.json; do same "$work/model/$file" "$work/again/$file" "unpack: $file"; done
run $denoiser out="$work/f.safetensors"
grep -q 'started from .*20 tensors fresh' "$work/log" || { cat "$work/log"; echo "FAIL: unpack: expected a run that begins with the model" >&2; exit 1; }

run errors model="$work/model" clips=2
grep -q '^all ' "$work/log" || { cat "$work/log"; echo "FAIL: errors: expected a line about all clips" >&2; exit 1; }

# The decoder alone: it learns, the encoder and with it every latent stays. And what a VAE keeps can be told.
cp "$work/whole.safetensors" "$work/decoder.safetensors.start"
run $vae out="$work/decoder.safetensors" frozen=encoder. sharpen_from=-0.2
pool() { run denoiser world=wide steps=1 batch=2 clips=6 width=16 layers=2 vae="$1" pool="$2" scenery="$work/scenery" puppets="$work/p.safetensors" out="$2.d.safetensors"; }
pool "$work/whole.safetensors" "$work/pool-whole"
pool "$work/decoder.safetensors" "$work/pool-decoder"
same "$work/pool-whole" "$work/pool-decoder" "frozen=encoder."
if cmp -s "$work/whole.safetensors" "$work/decoder.safetensors"; then echo "FAIL: frozen=encoder.: expected a decoder that learns" >&2; exit 1; fi
run gate vae="$work/decoder.safetensors" clips=2
grep -q '^all .*48 frames' "$work/log" || { cat "$work/log"; echo "FAIL: gate: expected a line about 48 frames" >&2; exit 1; }

# The curves can be drawn.
mkdir "$work/run" && cp "$work"/d.safetensors.csv "$work/run/denoiser.safetensors.csv"
"$(dirname "$0")/../../training/curves" "$work/run" > "$work/log"
head -c 4 "$work/run/denoiser.png" | grep -q PNG || { echo "FAIL: training/curves: expected a PNG" >&2; exit 1; }
echo "PASS"
