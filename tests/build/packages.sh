#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# packages.sh - what tools/package makes of the built tree, as far as it shows without root and network: contents,
# fields, no path of this machine, lintian; unpacked into a folder, every front end finds its engine there. Installing
# and purging them in a bare Debian: tests/soak/packages.   packages.sh BUILD_FOLDER TORCH
#
# Ends with 77 where this is no Debian 12 or 13, a tool or a front end is missing, or the tree has no weights.

set -euo pipefail
export LC_ALL=C.UTF-8
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=$(cd "$1" && pwd -P)
torch=$2
work=$build/test-output/packages
root=$work/root
lib=$root/usr/lib/x86_64-linux-gnu
names=(libzoetrope0 libzoetrope-dev zoetrope zoetrope-models zoetrope-ffmpeg gstreamer1.0-zoetrope zoetrope-frei0r zoetrope-mlt)

fail() { echo "FAILED: $*" >&2; exit 1; }
skip() { echo "skipped: $*" >&2; exit 77; }
case $(. /etc/os-release && echo "$ID ${VERSION_ID:-}") in 'debian 12' | 'debian 13') ;; *) skip 'expected Debian 12 or 13, got another system' ;; esac
for tool in dh_builddeb patchelf dpkg-deb ffmpeg gst-launch-1.0; do
    command -v $tool >/dev/null || skip "expected the program $tool (tools/setup tests installs it), got none"
done
for file in overlay/libavformat.so.* plugins/mlt/libmltzoetrope.so plugins/frei0r/zoetrope.so plugins/gstreamer/libgstzoetrope.so; do
    compgen -G "$build/$file" >/dev/null || skip "expected $file in the build folder, got a build without it"
done
[ -e "$source_dir/models/storybook/manifest.json" ] || skip 'expected the built-in model, got a tree without its weights'

rm -rf -- "$work"
mkdir -p "$root"
"$source_dir/tools/package" --built "$build" --fast --without zoetrope-libtorch "$work/debs"
[ "$(ls "$work/debs" | sed 's/_.*//' | sort | tr '\n' ' ')" = "$(printf '%s\n' "${names[@]}" | sort | tr '\n' ' ')" ] ||
    fail "expected ${names[*]}, got $(ls "$work/debs")"
field() { dpkg-deb -f "$work/debs/$1"_*.deb "$2"; }

echo '---- fields'
version=$(sed -n 's/^#define ZT_VERSION_STRING "\(.*\)"/\1/p' "$source_dir/engine/include/zoetrope/version.h")
for name in "${names[@]}"; do
    case $name in zoetrope-ffmpeg) wanted=$version+ffmpeg* ;; *) wanted=$version-1 ;; esac
    # shellcheck disable=SC2053 - a pattern
    [[ $(field $name Version) = $wanted ]] || fail "$name: expected version $wanted, got $(field $name Version)"
done
# depends NAME WORD...: each is in Depends. Numbers that differ between releases must not tie the engine to one.
depends() {
    local name=$1 word
    shift
    for word in "$@"; do
        [[ $(field "$name" Depends) = *"$word"* ]] || fail "$name: expected Depends with '$word', got $(field "$name" Depends)"
    done
}
depends libzoetrope0 'zoetrope-libtorch (>= 2.' 'zoetrope-libtorch (<< 2.' zoetrope-models 'libc6 (>= ' 'libstdc++6 (>= '
depends zoetrope "libzoetrope0 (= $version-1)"
depends zoetrope-ffmpeg libavfilter libavformat libzoetrope0
depends gstreamer1.0-zoetrope libgstreamer1.0-0 libzoetrope0
depends zoetrope-mlt libmlt7 libzoetrope0
depends zoetrope-frei0r libzoetrope0
for name in libzoetrope0 zoetrope; do
    [[ $(field $name Depends) != *libutf8proc* ]] || fail "$name: expected no libutf8proc, whose number differs between releases, got it"
done
# A security update of FFmpeg must not wait for us.
[[ $(field zoetrope-ffmpeg Depends) != *'libav'*'(= '* ]] || fail "zoetrope-ffmpeg: expected no exact version of FFmpeg, got $(field zoetrope-ffmpeg Depends)"

echo '---- contents'
for file in "$work/debs"/*.deb; do
    strange=$(dpkg-deb -c "$file" | awk '{print $6}' | grep -vE '^\./(usr/((lib|share|include|bin)/.*)?)?$' || true)
    [ -z "$strange" ] || fail "$file: expected files below /usr only, got $strange"
    dpkg-deb -x "$file" "$root"
done
for file in bin/zoetrope bin/zt-env share/man/man1/zoetrope.1.gz share/man/man1/zt-env.1.gz include/zoetrope/zoetrope.h lib/frei0r-1/zoetrope.so \
    lib/x86_64-linux-gnu/{libzoetrope.so,libzoetrope.so.0,pkgconfig/zoetrope.pc,mlt-7/libmltzoetrope.so,gstreamer-1.0/libgstzoetrope.so,zoetrope/ffmpeg/made-for} \
    share/kdenlive/generators/{zoetrope,frei0r_zoetrope}.xml share/zoetrope/models/{storybook,tableau}/manifest.json; do
    [ -e "$root/usr/$file" ] || fail "expected /usr/$file in one of the packages, got none"
done
for name in "${names[@]}"; do
    [ -s "$root/usr/share/doc/$name/copyright" ] || fail "$name: expected a copyright file, got none"
done
zgrep -q 'Kevin Atkinson' "$root/usr/share/doc/libzoetrope0/copyright" || fail 'libzoetrope0: expected the notices of the word list, got none'
# The control: what is looked for is in the tree's own library.
grep -qF "$torch" "$build/engine/libzoetrope.so.0" || fail 'control: expected the path of LibTorch in the built engine, got none'
for folder in "$source_dir" "$build" "$torch"; do
    found=$(grep -rlF "$folder" "$root" || true)
    [ -z "$found" ] || fail "expected no path of this machine, got $folder in $found"
done
got=$(PKG_CONFIG_LIBDIR=$lib/pkgconfig pkg-config --modversion zoetrope)
[ "$got" = "$version" ] || fail "zoetrope.pc: expected version $version, got '$got'"
for command in $("$root/usr/bin/zoetrope" --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
    zgrep -q "^\.B $command" "$root/usr/share/man/man1/zoetrope.1.gz" || fail "zoetrope.1: expected the command $command, got none"
done

echo '---- front ends'
# LibTorch as its package would bring it.
ln -s "$torch" "$lib/zoetrope/torch"
unset ZOETROPE_ENGINE ZOETROPE_MODEL_PATH LD_LIBRARY_PATH GST_PLUGIN_PATH
export ZOETROPE_CACHE=off GST_REGISTRY=$work/registry.bin
# By its bare name, in a folder with a file that is no engine: only the installed one may be taken.
mkdir "$work/here"
echo 'no library' | tee "$work/here/zoetrope" >"$work/here/libzoetrope.so.0"
(cd "$work/here" && PATH="$root/usr/bin:$PATH" zoetrope generate 'a red fox' --seed 7 --frames 4 -q -o fox.y4m) || fail 'zoetrope generate: expected a clip, got none'
"$source_dir/tools/zt-env" "$build/cli/zoetrope" generate 'a red fox' --seed 7 --frames 4 -q -o "$work/tree.y4m"
cmp "$work/here/fox.y4m" "$work/tree.y4m" || fail 'zoetrope generate: expected the frames of the built tree, got others'
# Its advice is that of an installed program, not of a tree.
"$root/usr/bin/zoetrope" doctor >"$work/doctor" || fail "zoetrope doctor: expected status 0, got $(cat "$work/doctor")"
grep -q -- '-> install the package zoetrope-ffmpeg; then zt-env ffmpeg' "$work/doctor" && ! grep -q 'tools/' "$work/doctor" ||
    fail "zoetrope doctor: expected the package to install, got $(cat "$work/doctor")"
GST_PLUGIN_PATH=$lib/gstreamer-1.0 gst-launch-1.0 -q t2vsrc model=testcard prompt=fox frames=2 ! fakesink || fail 't2vsrc: expected two frames, got an error'
FREI0R_PATH=$root/usr/lib/frei0r-1 ffmpeg -v error -nostdin -f lavfi -i "frei0r_src=size=64x32:framerate=24:filter_name=zoetrope:filter_params='fox|0|0|testcard'" \
    -frames:v 2 -f framemd5 "$work/frei0r.md5" || fail 'frei0r: expected two frames, got an error'
sed "s|^overlay=/|overlay=$root/|" "$root/usr/bin/zt-env" >"$work/zt-env"
sh "$work/zt-env" ffmpeg -v error -nostdin -f lavfi -i t2vsrc=prompt=fox:model=testcard:frames=2 -f framemd5 "$work/ffmpeg.md5" || fail 'zt-env: expected two frames, got an error'
sed -i 's/ [0-9]*:/ 9:/' "$lib/zoetrope/ffmpeg/made-for"
status=0
sh "$work/zt-env" true 2>"$work/said" || status=$?
[ "$status" = 1 ] && grep -q '^zt-env: overlay: expected libavfilter[0-9]* 9:.*, got 7:.*build the package again' "$work/said" ||
    fail "zt-env beside another ffmpeg: expected status 1 and a sentence, got $status and $(cat "$work/said")"

if command -v lintian >/dev/null; then
    echo '---- lintian'
    lintian --fail-on error --suppress-tags initial-upload-closes-no-bugs "$work/debs"/*.deb || fail 'lintian: expected no error, got those above'
else
    echo '---- lintian: not installed, so not asked'
fi
rm -rf -- "$work"
