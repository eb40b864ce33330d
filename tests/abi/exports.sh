#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the engine exports is what symbols.txt lists, and it brings no code of training/ along.
#   exports.sh LIBRARY SYMBOLS_TXT
set -eu
library=$1
wanted=$2
got=$(nm -D --defined-only "$library" | awk '{ print $3 }' | LC_ALL=C sort)
if [ "$got" != "$(grep -v '^#' "$wanted" | LC_ALL=C sort)" ]; then
    echo "exports differ from $(basename "$wanted") (< listed, > exported):"
    echo "$got" | diff "$wanted" - | grep '^[<>]' || true
    exit 1
fi
echo "$(echo "$got" | wc -l) symbols, all listed"
# All symbols, local ones too: nothing of training/, above all no renderer, may be inside the engine.
# The control: in a library that is not stripped the engine's own rooms are visible.
all=$(nm -C "$library" 2>/dev/null || true)
if ! echo "$all" | grep -q ' zt::pipeline::'; then
    echo 'symbols of training/: not checked, the library is stripped'
elif echo "$all" | grep -E ' zt::(training|world)::' | head -5 | grep .; then
    echo 'symbols of training/ inside the engine'
    exit 1
fi
readelf -dW "$library" | grep -q 'Library soname: \[libzoetrope.so.0\]' || { echo 'soname: expected libzoetrope.so.0'; exit 1; }
# A relative entry in the run path would load libraries from the current folder.
paths=$(readelf -dW "$library" | sed -n 's/.*R\(UN\)\{0,1\}PATH.*\[\(.*\)\]/\2/p')
echo "$paths" | tr ':' '\n' | grep -v -e '^/' -e '^\$ORIGIN' -e '^$' && { echo 'run path: expected absolute folders'; exit 1; }
# Hardening: full RELRO, no executable stack, no text relocations.
readelf -dW "$library" | grep -q BIND_NOW || { echo 'expected full RELRO'; exit 1; }
readelf -lW "$library" | grep GNU_STACK | grep -q 'RW ' || { echo 'expected a stack that is not executable'; exit 1; }
if readelf -dW "$library" | grep -q TEXTREL; then echo 'text relocations'; exit 1; fi
