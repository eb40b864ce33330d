#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# torch_override.sh - `meson setup -Dtorch=PATH` takes that LibTorch and no other, and a wrong PATH is
# refused by name.   torch_override.sh TORCH WORK_FOLDER

set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
torch=$1
work=$2
rm -rf -- "$work"
mkdir -p "$work/elsewhere"
fail() { echo "FAILED: $*" >&2; exit 1; }
configure() {
    # As a user would type it, whatever the test run has in its environment.
    env -u MESONINTROSPECT -u MESON_BUILD_ROOT -u MESON_SOURCE_ROOT meson setup "$work/$1" "$source_dir" \
        -Dtorch="$2" -Dgstreamer=disabled -Dtraining=disabled -Dtests=disabled >"$work/$1.log" 2>&1
}

# The same LibTorch under another path, with what lies beside it.
ln -s "$torch" "$work/elsewhere/torch"
if [ -d "$torch/../nvidia" ]; then ln -s "$torch/../nvidia" "$work/elsewhere/nvidia"; fi
configure given "$work/elsewhere/torch" || { tail -n 20 "$work/given.log" >&2; fail "configure: expected status 0"; }
grep -q -- "-L$work/elsewhere/torch/lib" "$work/given/build.ninja" || fail "build.ninja: expected the given LibTorch"
if grep -qF -- "-L$torch/lib" "$work/given/build.ninja"; then fail "build.ninja: expected no other LibTorch than the given"; fi
# It compiles, links and is what the program loads; the whole engine would take minutes.
printf '#include <ATen/Parallel.h>\nint zt_probe() { return at::get_num_threads(); }\n' >"$work/probe.cpp"
c++ -std=c++20 -shared -fPIC -Wl,--no-undefined -isystem "$work/elsewhere/torch/include" "$work/probe.cpp" -o "$work/probe.so" \
    -L"$work/elsewhere/torch/lib" -Wl,-rpath,"$work/elsewhere/torch/lib" -ltorch_cpu -lc10 ||
    fail "link: expected the given LibTorch to link"
ldd "$work/probe.so" >"$work/ldd.log"
grep -q "libtorch_cpu.so => $work/elsewhere/torch/lib/" "$work/ldd.log" || fail "probe: expected libtorch_cpu of the given folder"

if configure refused "$work/nothing"; then fail "-Dtorch=$work/nothing: expected an error, got none"; fi
grep -q "LibTorch: expected .*$work/nothing" "$work/refused.log" ||
    fail "-Dtorch=$work/nothing: expected an error that names it, got $(tail -n 3 "$work/refused.log")"
