#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# zoetrope.h alone, as the first and only include, in every language standard we promise, with every
# compiler of this machine: no warning.   header_alone.sh INCLUDE_FOLDER
set -u
include=$1
tried=0 failed=0
check() {   # compiler language standard
    command -v "$1" >/dev/null 2>&1 || return 0
    tried=$((tried + 1))
    if echo '#include <zoetrope/zoetrope.h>
int main(void) { zt_error error = ZT_ERROR_INIT; return (int)error.status; }' |
        "$1" -x "$2" -std="$3" -I "$include" -Wall -Wextra -Wpedantic -Wconversion -Werror -fsyntax-only -; then
        echo "ok   $1 $3"
    else
        echo "FAIL $1 $3"
        failed=$((failed + 1))
    fi
}
for compiler in gcc clang; do
    check "$compiler" c c99
    check "$compiler" c c11
done
for compiler in g++ clang++; do
    check "$compiler" c++ c++11
    check "$compiler" c++ c++20
done
[ "$tried" -gt 0 ] && [ "$failed" -eq 0 ]
