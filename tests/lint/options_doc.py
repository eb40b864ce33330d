#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The table in docs/options.md is made from engine/api/options.def, and compared with it by a test.
#
#   options_doc.py SOURCE_ROOT            compares; ends with 1 if they differ
#   options_doc.py SOURCE_ROOT --write    writes the table
import ast
import os
import re
import sys

BEGIN = '<!-- table: made from engine/api/options.def by tests/lint/options_doc.py --write -->'
END = '<!-- end of table -->'
TYPE_NAMES = {'STRING': 'text', 'PATH': 'path', 'BOOL': 'bool', 'INT': 'integer', 'DOUBLE': 'number', 'SIZE': 'WxH',
              'RATE': 'rate', 'TIME': 'time', 'ENUM': 'word', 'BYTES': 'bytes', 'DICT': 'key=value:…'}


def split_arguments(text):
    """The arguments of one macro call: at top-level commas outside strings."""
    parts, depth, current, i = [], 0, '', 0
    while i < len(text):
        string = re.match(r'"(?:\\.|[^"\\])*"', text[i:])
        if string:
            current += string.group(0)
            i += len(string.group(0))
            continue
        if text[i] == ',' and depth == 0:
            parts.append(current.strip())
            current = ''
        else:
            depth += {'(': 1, ')': -1}.get(text[i], 0)
            current += text[i]
        i += 1
    return parts + [current.strip()]


def read_options(root):
    with open(os.path.join(root, 'engine/api/options.def'), encoding='utf-8') as file:
        text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.S)
    calls = re.findall(r'^ZT_(?:I2V_)?OPTION\((.*?)\)$', text, flags=re.S | re.M)
    options = []
    for call in calls:
        name, kind, default, _, low, high, choices, flags, words = split_arguments(call)
        options.append({'name': name, 'type': kind, 'default': ast.literal_eval(default), 'min': low, 'max': high,
                        'choices': ast.literal_eval(choices), 'flags': flags, 'help': ast.literal_eval(words)})
    return options


def range_text(option):
    kind, low, high = option['type'], option['min'], option['max']
    if kind == 'ENUM':
        return ' '.join(f'`{word}`' for word in option['choices'].split())
    if kind == 'BOOL':
        return '`0` `1`'
    if kind in ('STRING', 'PATH', 'DICT'):
        return f'at most {high} bytes'
    if kind == 'SIZE':
        return f'{low} to {high} per side, at most 4096x2160'
    if kind == 'RATE':
        return '1/10 to 240'
    if high == '9223372036854775807':
        return f'{low} to 2^63-1'
    return f'{low} to {high}' + (' s' if kind == 'TIME' else '')


def marks(option):
    flags = option['flags']
    out = [mark for flag, mark in (('RUNTIME', 'R'), ('LINK', 'L'), ('REFUSED', 'N'), ('I2V', 'I')) if 'ZT_OPTION_' + flag in flags]
    return ' '.join(out)


def table(options):
    rows = ['| FFmpeg | GStreamer | type | default | range | | meaning |', '|---|---|---|---|---|---|---|']
    for option in options:
        dashed = option['name'].replace('_', '-')
        gstreamer = {'size': 'caps; `width`, `height`', 'rate': 'caps; `framerate`'}.get(option['name'], f'`{dashed}`')
        default = f'`{option["default"]}`' if option['default'] else ''
        words = option['help'].replace('|', '\\|')
        rows.append(f'| `{option["name"]}` | {gstreamer} | {TYPE_NAMES[option["type"]]} | {default} | {range_text(option)} | {marks(option)} | {words} |')
    return '\n'.join(rows) + '\n'


def main():
    root = sys.argv[1]
    page = os.path.join(root, 'docs/options.md')
    with open(page, encoding='utf-8') as file:
        text = file.read()
    begin, end = text.index(BEGIN) + len(BEGIN) + 1, text.index(END)
    wanted = table(read_options(root))
    if '--write' in sys.argv:
        with open(page, 'w', encoding='utf-8') as file:
            file.write(text[:begin] + wanted + text[end:])
        return 0
    if text[begin:end] == wanted:
        print(f'{wanted.count(chr(10)) - 2} options, page and table agree')
        return 0
    written = text[begin:end].splitlines()
    for line in wanted.splitlines():
        if line not in written:
            print('docs/options.md lacks: ' + line)
    print('run: tests/lint/options_doc.py . --write')
    return 1


if __name__ == '__main__':
    sys.exit(main())
