# SPDX-License-Identifier: LGPL-2.1-or-later
#
# build.sh - the middle part of tools/quickstart and tools/check: configure, compile, overlay.
# Sourced after steps.sh. Each step does nothing when its result is already right.

zt_configure() {
    local torch
    torch=$(zt_torch_dir)
    if [ ! -e "$ZT_BUILD/build.ninja" ]; then
        meson setup "$ZT_BUILD" "$ZT_SOURCE" "-Dtorch=$torch" "$@"
    else
        meson configure "$ZT_BUILD" "-Dtorch=$torch" "$@"
    fi
    echo "$torch $*" >"$ZT_BUILD/configured-stamp"
}

# zt_build [MESON OPTION...]
zt_build() {
    local torch
    torch=$(zt_torch_dir)
    if [ -e "$ZT_BUILD/build.ninja" ] &&
        [ "$(cat "$ZT_BUILD/configured-stamp" 2>/dev/null || true)" = "$torch $*" ]; then
        zt_skip_step 'Configured: yes, in build/'
    else
        zt_step configure 'Configuring build/' zt_configure "$@"
    fi
    zt_step compile 'Compiling what changed' ninja -C "$ZT_BUILD"
    zt_step overlay 'Adding t2vsrc to the stock ffmpeg (an overlay of its libavfilter, in build/)' \
        "$ZT_SOURCE/filters/ffmpeg/build-overlay" "$ZT_BUILD/overlay"
}
