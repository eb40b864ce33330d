#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Whether all C, C++ and CUDA is as clang-format leaves it (.clang-format of the root; FFmpeg's and
# GStreamer's front ends have one of their own, in their host's style).
#
#   format.py CLANG_FORMAT SOURCE_ROOT          a line for each finding; ends with 1 if there is any
#   format.py CLANG_FORMAT SOURCE_ROOT --fix    rewrites the files
import os
import subprocess
import sys

ENDINGS = ('.c', '.cpp', '.cu', '.h')


def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith('.') and f not in ('build', 'models'))
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(ENDINGS))


def main():
    formatter, root = sys.argv[1:3]
    files = list(files_of(root))
    if sys.argv[3:] == ['--fix']:
        return subprocess.run([formatter, '-i', *files], check=False).returncode
    done = subprocess.run([formatter, '--dry-run', '--Werror', *files], capture_output=True, text=True, check=False)
    print(done.stderr.strip() or f'{len(files)} files are formatted')
    return done.returncode


if __name__ == '__main__':
    sys.exit(main())
