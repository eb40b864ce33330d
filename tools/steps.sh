# SPDX-License-Identifier: LGPL-2.1-or-later
#
# steps.sh - what tools/setup, tools/quickstart and tools/check share: where things are, and how a
# step is run and shown. Sourced by bash, never run.
#
# A step's output goes to build/logs/NAME.log. While it runs its last line is shown, on a terminal
# in place, elsewhere (CI) every ten seconds; when it fails the end of the log is printed.

set -euo pipefail
export LC_ALL=C.UTF-8  # bare systems have no locale; meson and prompts need UTF-8
unset CDPATH

ZT_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
ZT_BUILD=$ZT_SOURCE/build
ZT_COMMAND=tools/$(basename "$0")
zt_step_number=0
zt_watcher=

zt_fail() {
    printf '%s: %s\n' "$ZT_COMMAND" "$*" >&2
    exit 1
}

# Bash's clock in tenths of a second; EPOCHREALTIME has no process to start.
zt_now() { local t=${EPOCHREALTIME/[.,]/}; echo $((t / 100000)); }
zt_seconds() { printf '%d.%d s' $(($1 / 10)) $(($1 % 10)); }

zt_stop_watcher() {
    if [ -n "$zt_watcher" ]; then
        kill "$zt_watcher" 2>/dev/null || true
        wait "$zt_watcher" 2>/dev/null || true
        zt_watcher=
        if [ -t 1 ]; then printf '\r\033[K'; fi
    fi
}

# The step itself stays in the foreground (Ctrl-C and sudo reach it); this shows that it is alive.
zt_watch() {
    local log=$1 start=$2 parent=$$ pause=10 line
    if [ -t 1 ]; then pause=1; fi
    while sleep "$pause" >/dev/null 2>&1 </dev/null && kill -0 "$parent" 2>/dev/null; do
        line=$(tail -c 2000 "$log" 2>/dev/null | tr '\r' '\n' | grep . | tail -n 1 | cut -c 1-90) || line=
        line="      $(zt_seconds $(($(zt_now) - start)))  $line"
        if [ -t 1 ]; then printf '\r\033[K%s' "$line"; else printf '%s\n' "$line"; fi
    done
}

# zt_step NAME TITLE COMMAND...: runs COMMAND, a program or a function that does not change the
# caller's variables; a failure ends the program with the end of the log.
zt_step() {
    local name=$1 title=$2 start status=0 log
    shift 2
    zt_step_number=$((zt_step_number + 1))
    mkdir -p "$ZT_BUILD/logs"
    log=$ZT_BUILD/logs/$name.log
    printf '[%d/%d] %s\n' "$zt_step_number" "$ZT_STEPS" "$title"
    start=$(zt_now)
    : >"$log"
    zt_watch "$log" "$start" &
    zt_watcher=$!
    # A subshell with its own -e: inside `if` or `||` bash would ignore failures in a function.
    set +e
    (set -e; "$@") >>"$log" 2>&1
    status=$?
    set -e
    zt_stop_watcher
    if [ "$status" -ne 0 ]; then
        tail -n 40 "$log" >&2
        zt_fail "$title: failed with status $status; the whole log: $log"
    fi
    printf '      done in %s\n' "$(zt_seconds $(($(zt_now) - start)))"
}

zt_skip_step() {
    zt_step_number=$((zt_step_number + 1))
    printf '[%d/%d] %s\n' "$zt_step_number" "$ZT_STEPS" "$1"
}

trap zt_stop_watcher EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The LibTorch in use: the user's own, else the one in the virtual environment.
zt_torch_dir() {
    local dir
    if [ -n "${ZT_TORCH:-}" ]; then
        [ -e "$ZT_TORCH/lib/libtorch_cpu.so" ] ||
            zt_fail "ZT_TORCH: expected a folder with lib/libtorch_cpu.so, got $ZT_TORCH"
        (cd "$ZT_TORCH" && pwd)
        return
    fi
    for dir in "$ZT_BUILD"/venv/lib/python3.*/site-packages/torch; do
        if [ -e "$dir/lib/libtorch_cpu.so" ]; then
            echo "$dir"
            return
        fi
    done
    zt_fail "LibTorch: expected it in $ZT_BUILD/venv, got none; run tools/setup"
}
