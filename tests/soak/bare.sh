# SPDX-License-Identifier: LGPL-2.1-or-later
#
# bare.sh - a Debian that has nothing but its base system, in a folder. Sourced by bare-debian and packages.
#
#   bare_check SUITE                    ends the program where this machine cannot do it (77) or SUITE is wrong (2)
#   bare_root FOLDER                    makes that system in FOLDER, which is removed first, and mounts proc and dev
#   bare_unmount FOLDER                 for the trap of whoever made it
#   bare_run FOLDER [--userspec=U:G] COMMAND...   no locale, no session, no standard input: as in a container
#
# ZT_BARE (default /var/tmp/zoetrope-bare) keeps the base systems for the next run. This machine's package settings (apt
# mirror and keys, pip settings, proxy, certificates) are copied into the new system and nowhere else.

bare_place=${ZT_BARE:-/var/tmp/zoetrope-bare}

# This machine's mirrors, from either format of apt's sources: the first whose path ends in /NAME.
bare_mirror() {
    grep -hoE "https?://[^] ]+/$1/?( |\$)" /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
        /etc/apt/sources.list.d/*.sources 2>/dev/null | tr -d ' ' | head -n 1
}

bare_check() {
    bare_suite=$1
    case $bare_suite in bookworm | trixie) ;; *) echo "$0: expected bookworm or trixie, got '$bare_suite'" >&2; exit 2 ;; esac
    [ "$(id -u)" = 0 ] || { echo "$0: expected to run as root (chroot, mount), got uid $(id -u)" >&2; exit 77; }
    command -v debootstrap >/dev/null || { echo "$0: expected debootstrap, got none" >&2; exit 77; }
    bare_main=$(bare_mirror debian || true)
    bare_security=$(bare_mirror debian-security || true)
    [ -n "$bare_main" ] || { echo "$0: expected a Debian mirror in /etc/apt, got none" >&2; exit 1; }
    mkdir -p "$bare_place"
}

bare_unmount() {
    local part
    for part in dev/pts dev/shm dev proc; do
        if mountpoint -q "$1/$part"; then umount -l "$1/$part"; fi
    done
}

# Package settings of this machine. Sets bare_environment, the variables of every command in there.
bare_settings() {
    local root=$1 name value
    {
        echo "deb $bare_main $bare_suite main"
        echo "deb $bare_main $bare_suite-updates main"
        if [ -n "$bare_security" ]; then echo "deb $bare_security $bare_suite-security main"; fi
    } >"$root/etc/apt/sources.list"
    grep -lE '^ *(Acquire|APT::Authentication)' /etc/apt/apt.conf /etc/apt/apt.conf.d/* 2>/dev/null |
        xargs -r cp -t "$root/etc/apt/apt.conf.d/" || true
    cp -a /etc/apt/trusted.gpg.d/. "$root/etc/apt/trusted.gpg.d/"
    cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
    if [ -e /etc/pip.conf ]; then cp -L /etc/pip.conf "$root/etc/pip.conf"; fi
    # Under a name of its own: installing ca-certificates rewrites the usual file.
    local bundle=/etc/host-certificates.crt
    bare_environment=("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" "TERM=dumb")
    while IFS='=' read -r name value; do
        case $name in
        http_proxy | https_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY | PIP_*) ;;
        *) continue ;;
        esac
        if [ "$name" = PIP_CERT ]; then continue; fi
        bare_environment+=("$name=$value")
    done < <(env)
    if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
        cp -L /etc/ssl/certs/ca-certificates.crt "$root$bundle"
        bare_environment+=("PIP_CERT=$bundle")
        if [ -e "$root/etc/pip.conf" ]; then sed -i "s|^cert *=.*|cert = $bundle|" "$root/etc/pip.conf"; fi
    fi
}

bare_root() {
    local root=$1 base=$bare_place/$bare_suite.base
    if [ ! -d "$base" ]; then
        rm -rf -- "$base.part"
        debootstrap --variant=minbase "$bare_suite" "$base.part" "$bare_main"
        mv "$base.part" "$base"
    fi
    if [ -d "$root" ]; then
        bare_unmount "$root"
        rm -rf --one-file-system -- "$root"
    fi
    cp -a --reflink=auto "$base" "$root"
    bare_settings "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount --make-rslave "$root/dev"
}

bare_run() {
    local root=$1 who=()
    shift
    case $1 in --userspec=*) who=("$1"); shift ;; esac
    chroot "${who[@]}" "$root" env -i "${bare_environment[@]}" "$@" </dev/null
}
