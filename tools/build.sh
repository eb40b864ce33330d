# SPDX-License-Identifier: LGPL-2.1-or-later
#
# build.sh - the middle part of tools/quickstart and tools/check: configure, compile, overlay.
# Sourced after steps.sh. Each step does nothing when its result is already right.

zt_configure() {
    if [ -e "$ZT_BUILD/build.ninja" ]; then
        meson configure "$ZT_BUILD" "$@"
    else
        meson setup "$ZT_BUILD" "$ZT_SOURCE" "$@"
    fi
    printf '%s\n' "$@" >"$ZT_BUILD/configured-with"
}

# zt_build "MESON OPTIONS" [NINJA TARGET...]: no target means everything.
zt_build() {
    local torch option options wanted=
    torch=$(zt_torch_dir)
    read -ra options <<<"$1"
    shift
    options=("-Dtorch=$torch" "${options[@]}")
    [ -e "$ZT_BUILD/build.ninja" ] || wanted=yes
    # More options than we ask for are fine: quickstart keeps what check has configured.
    for option in "${options[@]}"; do
        grep -qxF -- "$option" "$ZT_BUILD/configured-with" 2>/dev/null || wanted=yes
    done
    if [ -n "$wanted" ]; then
        zt_step configure 'Configuring build/' zt_configure "${options[@]}"
    else
        zt_skip_step 'Configured: yes, in build/'
    fi
    zt_step compile 'Compiling what changed' ninja -C "$ZT_BUILD" "$@"
    zt_step overlay 'Adding t2vsrc to the stock ffmpeg (an overlay of its libavfilter, in build/)' \
        "$ZT_SOURCE/filters/ffmpeg/build-overlay" "$ZT_BUILD/overlay"
}
