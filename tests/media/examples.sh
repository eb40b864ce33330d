#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# examples.sh - runs what the documentation shows, against the built tree (ZT_BUILD):
#
#   examples.sh pipeline SCRIPT OUTPUT FRAMES    a pipeline of examples/pipelines, and what came out
#   examples.sh y4m|interrupt|errors|installed   the C example
#   examples.sh picture                          the C example that takes a picture
#
# Ends with 77 where a program that the example needs is not installed or not built, or the tree has no
# weights of the built-in model.

set -euo pipefail
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
env=$source_dir/tools/zt-env
text2video=$ZT_BUILD/examples/text2video
prompt='a red fox runs through the snow at night'
work=$ZT_BUILD/test-output/examples-$1${2:+-$(basename "$2" .sh)}
rm -rf -- "$work"
mkdir -p "$work"
cd "$work"

fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "skipped: $*" >&2; exit 77; }
need() { command -v "$1" >/dev/null || skip "expected the program $1, got none"; }
frames_of() {
    ffprobe -v error -count_frames -select_streams v:0 -show_entries stream=nb_read_frames -of csv=p=0 "$1"
}

[ "$1" = picture ] || [ -e "$source_dir/models/storybook/manifest.json" ] ||
    skip "expected the built-in model in models/storybook, got a tree without its weights"

case $1 in
pipeline)
    script=$2 output=$3 frames=$4
    need ffmpeg
    if grep -q '^ffmpeg.*\|^ *ffmpeg .*t2vsrc' "$script" && [ ! -e "$ZT_BUILD/overlay" ]; then
        skip "expected the overlay in $ZT_BUILD/overlay (tools/check builds it), got none"
    fi
    if grep -q '^gst-launch' "$script"; then
        need gst-launch-1.0
        [ -d "$ZT_BUILD/plugins/gstreamer" ] || skip "expected the GStreamer plugin, built without it"
    fi
    "$env" "$script" </dev/null
    got=$(frames_of "$output")
    [ "$got" = "$frames" ] || fail "$output: expected $frames frames, got $got"
    ;;

y4m)
    "$env" "$text2video" "$prompt" a.y4m seed=7 frames=48
    "$env" "$text2video" "$prompt" - seed=7 frames=48 >b.y4m
    "$env" "$text2video" "$prompt" c.y4m seed=8 frames=48
    header=$(head -n 1 a.y4m)
    [ "$header" = 'YUV4MPEG2 W512 H288 F24:1 Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED' ] || fail "header: got $header"
    bytes=$(stat -c %s a.y4m)
    expected=$((${#header} + 1 + 48 * (6 + 512 * 288 * 3 / 2)))
    [ "$bytes" = "$expected" ] || fail "a.y4m: expected $expected bytes, got $bytes"
    cmp a.y4m b.y4m || fail "same seed: expected the same bytes"
    if cmp -s a.y4m c.y4m; then fail "seed 7 and 8: expected different bytes"; fi
    if command -v ffprobe >/dev/null; then
        [ "$(frames_of a.y4m)" = 48 ] || fail "a.y4m: ffprobe counts other than 48 frames"
    fi
    ;;

picture)
    image2video=$ZT_BUILD/examples/image2video
    # 8x4 pixels, the left half black, the right half white, with a comment in the header.
    {
        printf 'P6\n# two halves\n8 4\n255\n'
        for _ in 1 2 3 4; do printf '\0\0\0\0\0\0\0\0\0\0\0\0\377\377\377\377\377\377\377\377\377\377\377\377'; done
    } >halves.ppm
    "$env" "$image2video" halves.ppm 'a door opens' a.y4m model=testcard fit=stretch frames=5 size=64x32
    header=$(head -n 1 a.y4m)
    bytes=$(stat -c %s a.y4m)
    expected=$((${#header} + 1 + 5 * (6 + 64 * 32 * 3 / 2)))
    [ "$bytes" = "$expected" ] || fail "a.y4m: expected $expected bytes, got $bytes"
    # One row of luma that is picture from side to side: black (16), the filter's edge, white (235).
    od -An -v -tx1 a.y4m | tr -d ' \n' | grep -Eq '(10){12}(..){40}(eb){12}' || fail "a.y4m: expected a row of 16 and 235, got none"
    # Without a name it is the built-in model for pictures: the error names it where its weights are not found.
    default_with_picture=tableau
    if "$env" env ZOETROPE_MODEL_PATH=/nosuch "$image2video" halves.ppm x x.y4m 2>errors.txt; then fail "no weights: expected an error"; fi
    grep -q "expected the weights of $default_with_picture in \"/nosuch/" errors.txt ||
        fail "expected $default_with_picture to be asked for, got $(cat errors.txt)"
    for wrong in /dev/null "$image2video"; do
        status=0
        "$env" "$image2video" "$wrong" x x.y4m model=testcard 2>errors.txt || status=$?
        [ "$status" = 1 ] || fail "$wrong: expected status 1, got $status"
        grep -q 'expected a binary PPM' errors.txt || fail "$wrong: expected a sentence, got $(cat errors.txt)"
        [ ! -e x.y4m ] || fail "$wrong: expected no file, got one"
    done
    ;;

interrupt)
    for signal in INT TERM; do
        "$env" "$text2video" "$prompt" endless.y4m frames=-1 &
        child=$!
        for _ in $(seq 300); do
            if [ -s endless.y4m.part ] || ! kill -0 $child 2>/dev/null; then break; fi
            sleep 0.1
        done
        [ -s endless.y4m.part ] || { kill -9 $child || true; fail "expected a frame within 30 s, got none"; }
        begin=${EPOCHREALTIME/[.,]/}
        kill -$signal $child
        status=0
        wait $child || status=$?
        took=$(((${EPOCHREALTIME/[.,]/} - begin) / 1000))
        echo "SIG$signal: ended with $status after $took ms"
        [ "$status" = 1 ] || fail "SIG$signal: expected status 1, got $status"
        [ "$took" -le 2000 ] || fail "SIG$signal: expected the end within 2000 ms, got $took"
        [ -z "$(ls)" ] || fail "SIG$signal: expected no file, got $(ls)"
    done
    ;;

errors)
    # refused WORD ARGUMENT...: ends with 1, says WORD, leaves no file.
    refused() {
        local word=$1 status=0
        shift
        "$env" "$text2video" "$@" 2>../errors.txt || status=$?
        [ "$status" = 1 ] || fail "$*: expected status 1, got $status"
        grep -q -- "$word" ../errors.txt || fail "$*: expected '$word' in the message, got $(cat ../errors.txt)"
        [ -z "$(ls)" ] || fail "$*: expected no file, got $(ls)"
    }
    refused 'nosuch' "$prompt" x.y4m nosuch=1
    refused 'seed' "$prompt" x.y4m seed=1,5
    refused 'frames' "$prompt" x.y4m frames
    refused 'prompt' "" x.y4m
    refused 'nosuch' "$prompt" x.y4m model=nosuch
    refused 'No such file' "$prompt" missing/x.y4m
    status=0
    "$env" "$text2video" "$prompt" - frames=48 >/dev/full || status=$?
    [ "$status" = 1 ] || fail "full disk: expected status 1, got $status"
    status=0
    "$env" "$text2video" || status=$?
    [ "$status" = 2 ] || fail "no argument: expected status 2, got $status"
    ;;

installed)
    # A client outside the tree: install, compile as the example's first lines say, run without zt-env,
    # so that the engine and its model are found by their installed places.
    need meson
    need pkg-config
    need cc
    DESTDIR=$work/root meson install -C "$ZT_BUILD" --no-rebuild --quiet
    pc=$(find root -name zoetrope.pc)
    [ -n "$pc" ] || fail "meson install: expected zoetrope.pc, got none"
    export PKG_CONFIG_PATH=$work/$(dirname "$pc") PKG_CONFIG_SYSROOT_DIR=$work/root
    version=$(sed -n 's/^#define ZT_VERSION_STRING "\(.*\)"/\1/p' "$source_dir/engine/include/zoetrope/version.h")
    [ "$(pkg-config --modversion zoetrope)" = "$version" ] || fail "zoetrope.pc: expected version $version, got '$(pkg-config --modversion zoetrope)'"
    flags=$(pkg-config --cflags --libs zoetrope)
    # shellcheck disable=SC2086 - words, not one string
    cc -std=c99 "$source_dir/examples/text2video.c" $flags -o text2video
    lib=$(dirname "$(find "$work/root" -name 'libzoetrope.so.[0-9]')")
    env -u ZOETROPE_MODEL_PATH -u ZOETROPE_ENGINE LD_LIBRARY_PATH="$lib" ./text2video "$prompt" a.y4m seed=7 frames=48
    "$env" "$text2video" "$prompt" b.y4m seed=7 frames=48
    cmp a.y4m b.y4m || fail "installed and uninstalled: expected the same bytes"
    ;;

*) fail "expected pipeline, y4m, picture, interrupt, errors or installed, got '$1'" ;;
esac
