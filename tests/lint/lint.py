#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The rules of the house that a compiler does not check: who may include whom, what the engine never
# calls, how long a file and a function may be, where a family's name may stand.
#
#   lint.py SOURCE_ROOT            one line per finding; ends with 1 if there is any
#   lint.py --self-test            plants one violation of each rule and expects each to be found
import os
import re
import subprocess
import sys
import tempfile

MOST_LINES = 600
# Of a function of C, C++ or CUDA: the lines between its outermost braces.
MOST_FUNCTION_LINES = 60
SOURCE_ENDINGS = ('.c', '.cpp', '.h', '.cu', '.cuh', '.def', '.py', '.sh', '.map')
CODE_ENDINGS = ('.c', '.cpp', '.h', '.cu', '.cuh', '.def')
# Tables, licence texts and recorded results may be long.
LONG_FILES = re.compile(r'^(COPYING|LICENSE|tests/golden/.*\.(txt|json)|tests/fuzz/corpus/|models/|engine/text/common_words\.inc)')

# A room of the engine may include itself and these. Families see family.h and their own folder only.
MAY_INCLUDE = {
    'core': [],
    'cache': ['core'],
    'text': ['core'],
    'image': ['core'],
    'marks': ['core'],
    'weights': ['core', 'device'],
    'device': ['core'],
    'nn': ['core', 'device', 'weights'],
    'ranks': ['core', 'nn'],
    'load': ['core', 'device', 'weights', 'nn', 'ranks'],
    'encoders': ['core', 'device', 'weights', 'nn', 'load', 'text', 'image'],
    'autoencoders': ['core', 'device', 'weights', 'nn', 'ranks', 'load'],
    'sample': ['core', 'device', 'weights', 'nn', 'ranks'],
    'families': ['core', 'device', 'weights', 'nn', 'ranks', 'load', 'encoders', 'autoencoders', 'sample', 'text', 'image'],
    'pipeline': ['core', 'cache', 'device', 'ranks', 'text', 'image', 'marks', 'families'],
    'api': ['core', 'device', 'families', 'pipeline'],
}
# Where LibTorch's headers may stand; everything else is compiled without its include folder.
TORCH_ROOMS = re.compile(r'^(engine/(nn|ranks|load|encoders|autoencoders|sample|device|families|cuda)/|engine/weights/(tensor_store|decode_tensor)\.|training/|tests/)')
TORCH_FULL = re.compile(r'^(training/|tests/|engine/ranks/(group\.cpp|nccl/))')   # c10d has no header of ATen's
TORCH_HEADER = re.compile(r'^(ATen|c10|torch|caffe2)/')

# What code inside somebody else's process never does.
NEVER = [
    (r'(?<!->)\b(abort|exit|_exit|quick_exit|setlocale|fork|vfork|system|popen|signal|sigaction)\s*\(', 'call'),
    (r'\b(printf|puts|putchar|perror|vprintf)\s*\(|std::(cout|cerr|clog)|\bfprintf\s*\(\s*std(out|err)', 'writes to stdout or stderr'),
    (r'\b(strtod|strtof|strtol|strtoul|strtoll|strtoull|atoi|atol|atof|sscanf)\s*\(|std::sto[a-z]+\s*\(', 'depends on the locale'),
    (r'unpickler|torch/script\.h|torch::jit|torch::pickle', 'reads pickles or runs code of a model'),
    (r'\bsetenv\s*\(|\bputenv\s*\(', 'changes the environment'),
]
NEVER_ROOMS = re.compile(r'^(engine|filters|plugins)/')
# at::set_num_threads belongs to one place; the only catch-all as well.
ONLY_IN = [
    (r'catch\s*\(\s*\.\.\.\s*\)', r'^engine/core/failure\.cpp$', 'catch-all'),
    (r'\bset_num_threads\s*\(', r'^engine/device/worker_scope\.cpp$', 'thread count of LibTorch'),
]

# Nothing but these (and the family's own folder) knows a family's name: the lists of all families, and the one header
# that says which families the trainer makes models for.
FAMILY_LISTS = ('engine/families/registry.cpp', 'engine/families/inspectors.cpp')
FAMILY_NAME_ROOMS = ('engine/', 'cli/', 'plugins/', 'filters/', 'training/')
FAMILY_NAME_PLACES = re.compile(r'^(engine/(families/(registry|inspectors)\.cpp|families/meson\.build|api/options\.def|include/)|training/trained_families\.h$)')

UNFINISHED = re.compile(r'\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))')
MACHINE = re.compile('|'.join(['/' + 'work/(main|shared)', '/tmp/' + 't/', 'pypi' + r'\.org', 'files' + r'\.pythonhosted']))


def list_files(root):
    try:
        out = subprocess.run(['git', '-C', root, 'ls-files', '-co', '--exclude-standard'], capture_output=True, text=True, check=True).stdout
        names = out.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if not f.startswith(('.git', 'build'))]
            names += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(n for n in set(names) if os.path.isfile(os.path.join(root, n)))


def read(root, name):
    with open(os.path.join(root, name), 'rb') as file:
        data = file.read()
    return None if b'\0' in data else data.decode('utf-8', 'replace')


def is_source(name, text):
    return name.endswith(SOURCE_ENDINGS) or os.path.basename(name) in ('meson.build', 'meson_options.txt') or text.startswith('#!')


def without_comments(text, keep_strings=False):
    """Blanks comments and, unless they are kept, string literals; line numbers stay."""
    # First the mark between digits, as in 1'000'000, which begins no character.
    pattern = r'(?<=\d)\'(?=\d)|//[^\n]*|/\*.*?\*/|R"\((?:.*?)\)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    def blank(match):
        kept = match.group(0)
        if kept == "'":
            return kept
        if keep_strings and not kept.startswith('/'):
            return kept
        return '""' + '\n' * kept.count('\n') if kept[0] in '"R' else re.sub(r'[^\n]', ' ', kept)
    return re.sub(pattern, blank, text, flags=re.S)


def holds_functions(head):
    """Whether the text before a brace opens a namespace, a class or the like."""
    previous = None
    while head != previous:   # "template <class T>" is no class
        previous, head = head, re.sub(r'<[^<>]*>', ' ', head)
    head = head.strip()
    ends_as_function = re.search(r'\)\s*(const|noexcept|override|final|&|\s)*$', head)
    return head == 'extern ""' or (re.search(r'\b(namespace|class|struct|union|enum)\b', head) and not ends_as_function)


def functions(code):
    """Name, line and length of each function of a text without comments; None where the braces do not match."""
    code = re.sub(r'^[ \t]*#(?:\\\n|[^\n])*', lambda m: re.sub(r'[^\n]', ' ', m.group(0)), code, flags=re.M)
    depth = 0          # of braces inside a function or an initialiser
    opened = 0         # where its first one stands
    outer = 0          # namespaces and classes around it
    begin, head = 0, ''   # of what stands before a brace since the last declaration
    for match in re.finditer(r'[{};]', code):
        at, mark = match.start(), match.group(0)
        if mark == '{':
            if depth == 0 and holds_functions(code[begin:at]):
                outer, begin = outer + 1, at + 1
                continue
            if depth == 0:
                opened, head = at, code[begin:at].strip()
            depth += 1
        elif mark == ';' and depth == 0:
            begin = at + 1
        elif mark == '}' and depth == 0:
            if outer == 0:
                yield None
                return
            outer, begin = outer - 1, at + 1
        elif mark == '}':
            depth -= 1
            # "a{1}, b{2} {": members set before a constructor's body belong to its head.
            if depth > 0 or code[at + 1:].lstrip()[:1] in (',', '{'):
                continue
            begin = at + 1
            name = re.search(r'([\w:~]+|operator\W+?)\s*\(', head)
            if name and not head.endswith('='):
                yield name.group(1), line_of(code, opened), code.count('\n', opened, at) - 1
    if depth or outer:
        yield None


def check_functions(name, code):
    for found in functions(code):
        if found is None:
            yield 1, 'expected braces that match (outside of #if), so that functions can be measured'
            return
        function, line, lines = found
        if lines > MOST_FUNCTION_LINES:
            yield line, f'{function}: expected a function of at most {MOST_FUNCTION_LINES} lines, got {lines}'


def line_of(text, at):
    return text.count('\n', 0, at) + 1


def room_of(name):
    parts = name.split('/')
    return parts[1] if len(parts) > 2 and parts[0] == 'engine' else None


def check_include(name, header):
    if TORCH_HEADER.match(header):
        if not TORCH_ROOMS.match(name):
            return 'LibTorch header outside its rooms'
        if header.startswith('torch/') and not TORCH_FULL.match(name):
            return 'torch/ header outside training/ (the engine uses ATen headers)'
        return None
    room = room_of(name)
    target = header.split('/')[0]
    if room not in MAY_INCLUDE or target not in list(MAY_INCLUDE) + ['training', 'filters', 'plugins', 'cli']:
        return None
    if target != room and target not in MAY_INCLUDE[room]:
        return f'{room} may not include {target}'
    if target == 'families' and header not in ('families/family.h', 'families/inspector.h') and name not in FAMILY_LISTS:
        own = '/'.join(name.split('/')[1:3]) + '/'
        if room != 'families' or not header.startswith(own):
            return 'only families/family.h and inspector.h may be included outside a family\'s folder'
    return None


def check_code(name, text):
    code = without_comments(text)
    yield from check_functions(name, code)
    for match in re.finditer(r'^\s*#\s*include\s*["<]([^">]+)[">]', text, re.M):
        wrong = check_include(name, match.group(1))
        if wrong:
            yield line_of(text, match.start()), f'include of {match.group(1)}: {wrong}'
    if NEVER_ROOMS.match(name):
        for pattern, why in NEVER:
            for match in re.finditer(pattern, code):
                yield line_of(code, match.start()), f'{match.group(0).strip()}: {why}, never inside a host'
    if name.startswith('engine/'):
        for pattern, place, what in ONLY_IN:
            for match in re.finditer(pattern, code):
                if not re.search(place, name):
                    yield line_of(code, match.start()), f'{what} outside its one place'
        if name.endswith('.h') and '#pragma once' not in text and '/pch/' not in name:
            yield 1, 'header without #pragma once'


def check_family_names(name, text, families):
    if not name.startswith(FAMILY_NAME_ROOMS) or FAMILY_NAME_PLACES.match(name):
        return
    # A comment may give an example.
    text = without_comments(text, keep_strings=True) if name.endswith(CODE_ENDINGS) else re.sub(r'(?m)^\s*#.*$', '', text)
    for family in families:
        if not name.startswith(f'engine/families/{family}/'):
            for match in re.finditer(rf'\b{family}\b', text):
                yield line_of(text, match.start()), f'name of the family {family} outside its folder'


def check_file(name, text, families):
    lines = text.count('\n') + (not text.endswith('\n'))
    if lines > MOST_LINES and not LONG_FILES.match(name):
        yield MOST_LINES, f'expected at most {MOST_LINES} lines, got {lines}'
    if MACHINE.search(text):
        yield line_of(text, MACHINE.search(text).start()), 'path or host of a machine'
    if not is_source(name, text):
        return
    if 'SPDX-License-Identifier:' not in '\n'.join(text.split('\n')[:4]):
        yield 1, 'no SPDX line'
    for match in UNFINISHED.finditer(text):
        if name != 'tests/lint/lint.py':
            yield line_of(text, match.start()), f'{match.group(0)} without an issue number'
    if name.endswith(CODE_ENDINGS):
        yield from check_code(name, text)
    yield from check_family_names(name, text, families)


def lint(root):
    names = list_files(root)
    families = sorted({n.split('/')[2] for n in names if n.startswith('engine/families/') and n.count('/') > 2})
    findings = []
    for name in names:
        text = read(root, name)
        if text:
            findings += [f'{name}:{line}: {what}' for line, what in check_file(name, text, families)]
    return findings


SPDX = '// SPDX-License-Identifier: LGPL-2.1-or-later\n'
# File, content, and what must be found in it (None: nothing).
PLANTED = [
    ('engine/core/a.cpp', SPDX + '#include "weights/x.h"\n', 'core may not include weights'),
    ('engine/pipeline/a.cpp', SPDX + '#include <ATen/ATen.h>\n', 'LibTorch header outside'),
    ('engine/nn/a.cpp', SPDX + '#include <torch/torch.h>\n', 'outside training/'),
    ('engine/pipeline/b.cpp', SPDX + '#include "families/toy/toy.h"\n', 'only families/family.h'),
    ('engine/families/other/b.cpp', SPDX + '#include "families/toy/toy.h"\n', 'only families/family.h'),
    ('engine/families/toy/toy.cpp', SPDX + '#include "families/toy/toy.h"\n#include "nn/layers.h"\n', None),
    ('engine/api/a.cpp', SPDX + 'void f() { abort(); }\n', 'never inside a host'),
    ('engine/api/b.cpp', SPDX + 'void f() { std::printf("x"); }\n', 'stdout or stderr'),
    ('engine/api/c.cpp', SPDX + 'double f() { return strtod("1", nullptr); }\n', 'locale'),
    ('engine/api/h.cpp', SPDX + 'void f(Group* g) { g->abort(); }\n', None),
    ('engine/api/d.cpp', SPDX + 'void f() { try { g(); } catch (...) {} }\n', 'catch-all'),
    ('engine/api/e.cpp', SPDX + '// abort() and printf("x") in words, catch (...) too\nconst char* s = "exit(1)";\n', None),
    ('engine/api/f.cpp', SPDX + 'bool f(name n) { return n == "toy"; }\n', 'name of the family toy'),
    ('engine/api/g.cpp', SPDX + '// such as toy\n', None),
    ('cli/a.cpp', SPDX + '#include "families/toy/inspect.h"\n', 'name of the family toy'),
    ('plugins/b.c', SPDX + 'const char *model = "toy";\n', 'name of the family toy'),
    ('filters/a.c', SPDX + 'int is_toy(const char *name) { return !strcmp(name, "toy"); }\n', 'name of the family toy'),
    ('training/a.cpp', SPDX + 'void f() { zt::toy::f(); }\n', 'name of the family toy'),
    ('training/b', '#!/bin/sh\n# SPDX-License-Identifier: LGPL-2.1-or-later\n# such as toy\nrun models/toy\n', 'name of the family toy'),
    ('training/c', '#!/bin/sh\n# SPDX-License-Identifier: LGPL-2.1-or-later\n# such as toy\n', None),
    ('training/trained_families.h', SPDX + '#pragma once\n#include "families/toy/toy.h"\n', None),
    ('engine/nn/b.cpp', SPDX + 'void f() { at::set_num_threads(1); }\n', 'thread count'),
    ('engine/nn/c.h', SPDX + 'int x;\n', '#pragma once'),
    ('plugins/a.c', SPDX + 'void f(void) { exit(1); }\n', 'never inside a host'),
    ('tools/b.py', 'print(1)\n', 'no SPDX line'),
    ('tools/c.py', '# SPDX-License-Identifier: LGPL-2.1-or-later\n# TO' + 'DO later\n', 'without an issue number'),
    ('docs/d.md', 'see /' + 'work/main/x\n', 'path or host'),
    ('engine/text/long.cpp', SPDX + '\n' * 600, 'at most 600 lines'),
    ('engine/text/a.cpp', SPDX + 'namespace zt {\nint f(int n) {\n' + '    n++;  // }\n' * 61 + '}\n}\n',
     'f: expected a function of at most 60 lines, got 61'),
    ('engine/text/b.cpp', SPDX + 'namespace zt {\nint f(int n) {\n' + '    n++;\n' * 60 + '}\n}\n', None),
    ('engine/text/c.cpp', SPDX + 'A::A(int n) : a_{n}, b_{n} {\n' + '    n++;\n' * 61 + '}\n', 'A::A: expected a function'),
    ('engine/text/d.cpp', SPDX + 'template <class T>\nstruct A {\n    void f() const {\n' + '        g();\n' * 61 + '    }\n};\n',
     'f: expected a function'),
    ('engine/text/e.cpp', SPDX + 'const int table[] = {\n' + "    1'000, '}',\n" * 90 + '};\n'
     + 'namespace {\n' + 'int f(int n) { return n; }\n' * 90 + '}\n', None),
    ('engine/text/f.cpp', SPDX + '#if X\nint f(int n) {\n#else\nint f() {\n#endif\n    return 1;\n}\n', 'braces that match'),
    ('filters/g.c', SPDX + 'static struct A *\ng (int n)\n{\n' + '  n++;\n' * 61 + '}\n', 'g: expected a function'),
]


def self_test():
    names = [name for name, _, _ in PLANTED]
    assert len(set(names)) == len(names), 'two planted cases have one file name, so one overwrites the other'
    failed = 0
    with tempfile.TemporaryDirectory() as root:
        for name, content, _ in PLANTED:
            os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
            with open(os.path.join(root, name), 'w') as file:
                file.write(content)
        findings = lint(root)
        for name, _, expected in PLANTED:
            got = [f for f in findings if f.startswith(name + ':')]
            good = not got if expected is None else any(expected in f for f in got)
            if not good:
                print(f'{name}: expected {expected or "no finding"}, got {got or "none"}')
                failed += 1
    print(f'{len(PLANTED) - failed} of {len(PLANTED)} planted cases judged rightly')
    return failed


def main():
    if sys.argv[1:] == ['--self-test']:
        return 1 if self_test() else 0
    findings = lint(sys.argv[1])
    print('\n'.join(findings) if findings else 'no findings')
    return 1 if findings else 0


if __name__ == '__main__':
    sys.exit(main())
