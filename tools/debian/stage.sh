# SPDX-License-Identifier: LGPL-2.1-or-later
#
# stage.sh - the middle part of tools/package: lays installed files out in $work/debian/tmp as they will lie under /,
# and fills in debian/. Sourced after steps.sh; uses $work, $version, $ZT_SOURCE and $ZT_BUILD.

private=usr/lib/x86_64-linux-gnu/zoetrope  # what only Zoetrope opens

source_date() { git -C "$ZT_SOURCE" log -1 --format=%ct 2>/dev/null || stat -c %Y "$ZT_SOURCE/NEWS.md"; }

# The version of the ffmpeg package whose libraries the overlay stands in front of.
ffmpeg_version() { dpkg-query -W -f '${Version}' "$(overlay_package libavfilter)"; }

# LibTorch's own version number, as Debian orders it.
torch_version() { sed -n "s/^__version__ = '\([0-9.]*\).*/\1/p" "$(zt_torch_dir)/version.py"; }

# One engine serves both releases; the overlay belongs to an FFmpeg, LibTorch to its wheel.
version_of() {
    case $1 in
    zoetrope-ffmpeg) echo "$version+ffmpeg$(ffmpeg_version | sed 's/^[0-9]*://; s/[^0-9a-z+.~]/./g')-1" ;;
    zoetrope-libtorch) echo "$(torch_version)-1" ;;
    *) echo "$version-1" ;;
    esac
}

# overlay_package libavfilter: libavfilter8 or libavfilter10, as the overlay's file says.
overlay_package() {
    local file
    for file in "$ZT_BUILD/overlay/$1".so.*; do
        [ -e "$file" ] || zt_fail "$ZT_BUILD/overlay: expected $1.so.N (filters/ffmpeg/build-overlay makes it), got none"
        echo "$1${file##*.so.}"
    done
}

# Packages whose static parts or sources are inside, as "NAME (= VERSION)".
uses() { dpkg-query -W -f '${source:Package} (= ${source:Version})' "$1"; }

stage_debian() {
    local maintainer="${DEBFULLNAME:-Zoetrope} <${DEBEMAIL:-zoetrope@example.org}>"
    cp -R -- "$ZT_SOURCE"/tools/debian/. "$work/debian/"
    sed -i "s|@MAINTAINER@|$maintainer|" "$work/debian/control"
    printf 'zoetrope (%s-1) unstable; urgency=medium\n\n  * Built by tools/package from the tree; NEWS.md tells what is new.\n\n -- %s  %s\n' \
        "$version" "$maintainer" "$(LC_ALL=C date -u -R -d "@$(source_date)")" >"$work/debian/changelog"
    for name in "${packages[@]}"; do echo "zoetrope:Upstream=$version" >>"$work/debian/$name.substvars"; done
}

stage_engine() {
    local prefix tmp=$work/debian/tmp lib file
    prefix=$(python3 -c 'import json, sys
print(next(o["value"] for o in json.load(open(sys.argv[1])) if o["name"] == "prefix"))' "$ZT_BUILD/meson-info/intro-buildoptions.json")
    meson install -C "$ZT_BUILD" --no-rebuild --destdir "$work/root"
    cp -R -- "$work/root$prefix" "$tmp/usr"
    lib=$tmp/usr/lib/x86_64-linux-gnu
    sed -i 's|^prefix=.*|prefix=/usr|' "$lib/pkgconfig/zoetrope.pc"
    patchelf --set-rpath '$ORIGIN/zoetrope/torch/lib' "$lib/libzoetrope.so.0"
    for file in "$lib/libzoetrope.so.0" "$tmp/usr/bin/zoetrope" "$lib"/*/lib*zoetrope.so "$tmp/usr/lib/frei0r-1/zoetrope.so"; do
        [ ! -e "$file" ] ||
            "$work/debian/neutral-paths" "$file" "$(zt_torch_dir)" "$(readlink -f "$(zt_torch_dir)")" "$ZT_BUILD" "$ZT_SOURCE"
    done
    for name in libzoetrope0 zoetrope; do
        echo "zoetrope:EngineUses=$(uses libutf8proc-dev)" >>"$work/debian/$name.substvars"
    done
    torch_substvars >>"$work/debian/libzoetrope0.substvars"
    engine_notices >>"$work/debian/copyright"
}

# The notices of what is compiled into the engine and belongs to others, from where they stand.
engine_notices() {
    printf 'Files: engine/text/common_words.inc\nCopyright: 2000-2011 Kevin Atkinson\n'
    printf '           1997 Princeton University\nLicense: SCOWL\n'
    sed -n 's|^// \{0,1\}\(.\)| \1|p; s|^//$| .|p' "$ZT_SOURCE/engine/text/common_words.inc"
    printf '\nFiles: utf8proc, linked in\nCopyright: the utf8proc developers; Unicode, Inc.\nLicense: Expat and Unicode\n'
    sed 's/^$/./; s/^/ /' /usr/share/doc/libutf8proc-dev/copyright
}

stage_overlay() {
    local to=$work/debian/tmp/$private/ffmpeg name package depends='' got
    install -d "$to" "$work/debian/tmp/usr/bin" "$work/debian/tmp/usr/share/man/man1"
    for name in libavfilter libavformat; do
        package=$(overlay_package "$name")
        got=$(dpkg-query -W -f '${Version}' "$package") || zt_fail "$package: expected it installed, as for the overlay, got none"
        install -m 644 "$ZT_BUILD/overlay/$name.so.${package#"$name"}" "$to/"
        echo "$package $got" >>"$to/made-for"
        depends+=", $package (>= $got)"
    done
    # The overlay itself knows better than dpkg whether the two fit: no word about another FFmpeg may come.
    got=$(LD_LIBRARY_PATH=$to ffmpeg -hide_banner -v warning -filters 2>&1 | grep -c ' t2vsrc \|expected FFmpeg') || true
    [ "$got" = 1 ] && LD_LIBRARY_PATH=$to ffmpeg -hide_banner -v error -filters | grep -q ' t2vsrc ' ||
        zt_fail "$ZT_BUILD/overlay: expected the overlay of the installed $(head -n 1 "$to/made-for"), got that of another; run filters/ffmpeg/build-overlay"
    install -m 755 "$ZT_SOURCE/tools/debian/zt-env" "$work/debian/tmp/usr/bin/"
    install -m 644 "$ZT_SOURCE/tools/debian/zt-env.1" "$work/debian/tmp/usr/share/man/man1/"
    package=$(overlay_package libavfilter)
    {
        echo "zoetrope:FFmpeg=${depends#, }"
        echo "zoetrope:MadeFor=$package $(ffmpeg_version)"
        echo "zoetrope:OverlayUses=$(uses "$package")"
    } >>"$work/debian/zoetrope-ffmpeg.substvars"
    # dpkg calls postinst when a package brings another of these files.
    printf 'interest-noawait /usr/lib/x86_64-linux-gnu/libavfilter.so.%s\n' "${package#libavfilter}" >"$work/debian/zoetrope-ffmpeg.triggers"
}

# The Python distribution whose list of files names this one: its folder, for the licences.
distribution_of() {
    grep -lE "(^|/)$(basename "$1" | sed 's/[.+]/\\&/g')," "$(zt_torch_dir)"/../*.dist-info/RECORD | head -n 1 | xargs -r dirname
}

# What the engine's dependency says; its libraries come in stage_torch.
torch_substvars() {
    local number
    number=$(torch_version)
    [ -n "$number" ] || zt_fail "$(zt_torch_dir)/version.py: expected LibTorch's version, got none"
    echo "zoetrope:Torch=$number"
    echo "zoetrope:TorchNext=${number%.*}.$((${number##*.} + 1))~"
}

stage_torch() {
    local torch to=$work/debian/tmp/$private/torch file name from licences=$work/debian/licenses
    torch=$(zt_torch_dir)
    install -d "$to/lib"
    # All that libtorch_cpu is linked to and Debian does not bring. Packages find it there by $ORIGIN.
    {
        echo "$torch/lib/libtorch_cpu.so"
        env -u LD_LIBRARY_PATH ldd "$torch/lib/libtorch_cpu.so" | awk '$2 == "=>" {print $3}' | grep -vE '^/(usr/)?lib(64)?/'
    } >"$work/torch-files"
    while read -r file; do
        cp --reflink=auto -L -- "$file" "$to/lib/$(basename "$file")"
        from=$(distribution_of "$file")
        if [ -z "$from" ]; then from=$(distribution_of libtorch_cpu.so); fi
        [ -d "$from/licenses" ] || zt_fail "$file: expected the licences of its wheel, got none; a plain LibTorch folder has none"
        name=$(basename "$from")
        mkdir -p "$licences/${name%%-*}"
        cp -- "$from"/licenses/* "$licences/${name%%-*}/"
    done <"$work/torch-files"
    cp -- "$torch/version.py" "$to/"
    sed -i "s/@TORCH@/$(torch_version)/" "$work/debian/zoetrope-libtorch.copyright"
    echo debian/licenses >"$work/debian/zoetrope-libtorch.docs"
}

# What packages with libraries inside depend on, by dpkg-shlibdeps. Two kinds it cannot read as they are: LibTorch, whose
# 200000 symbols take it minutes and whose names carry no number, and the overlay, which names stock libraries by path.
library_depends() {
    local plain=$work/plain name file
    mkdir -p "$plain/torch" "$plain/ffmpeg"
    for name in libtorch_cpu libc10; do
        gcc -shared -nostdlib -Wl,-soname,$name.so -o "$plain/torch/$name.so" -x c /dev/null
    done
    dh_shlibdeps "$@" -X"$private/" -l"$plain/torch" -- --ignore-missing-info
    if wants zoetrope-ffmpeg; then
        for file in "debian/zoetrope-ffmpeg/$private/ffmpeg"/*.so.*; do
            name=$(basename "$file")
            patchelf --replace-needed "/usr/lib/x86_64-linux-gnu/$name" "$name" --output "$plain/ffmpeg/$name" "$file"
        done
        dpkg-shlibdeps -Tdebian/zoetrope-ffmpeg.substvars "$plain/ffmpeg"/*.so.*
        # Private functions of FFmpeg make it ask for exactly this version. That would hold back FFmpeg's security
        # updates; the overlay itself stands aside beside another version, and zt-env says so.
        sed -i '/^shlibs:Depends/s/(= /(>= /g' debian/zoetrope-ffmpeg.substvars
    fi
    if wants zoetrope-libtorch; then
        name=$(objdump -p "debian/zoetrope-libtorch/$private/torch/lib"/*.so* | sed -n 's/.* GLIBC_\([0-9.]*\)$/\1/p' | sort -V | tail -n 1)
        echo "shlibs:Depends=libc6 (>= $name), libgcc-s1, libstdc++6 (>= 12)" >>debian/zoetrope-libtorch.substvars
    fi
}

# No name of a folder of this machine may be inside a package.
check_paths() {
    local name folder found folders=("$ZT_SOURCE" "$ZT_BUILD")
    if [ -n "$engine" ] || wants zoetrope-libtorch; then folders+=("$(zt_torch_dir)"); fi
    for name in "$@"; do
        for folder in "${folders[@]}"; do
            found=$(grep -rlF -e "$folder" "$work/debian/$name" || true)
            [ -z "$found" ] || zt_fail "$name: expected no path of this machine inside, got $folder in $found"
        done
    done
}
