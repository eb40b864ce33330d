# SPDX-License-Identifier: LGPL-2.1-or-later
"""A tiny Unigram tokenizer of UMT5's kind, made when a test runs: pieces counted in the lines of tiny_tokenizers.py,
a charsmap of the kind sentencepiece calls nmt_nfkc, and a tokenizer.json written by hand.

    pieces()                    -> [(piece, score)], VOCABULARY of them: pad 0, eos 1, bos 2, unk 3, the last EXTRA are <extra_id_n>
    charsmap()                  -> bytes: size, double array of the trie, replacements
    document(...)               -> the contents of tokenizer.json
    fast(...)                   -> transformers.PreTrainedTokenizerFast. Never T5TokenizerFast, which ignores most of the file
    write(folder, ...)          tokenizer.json and tokenizer_config.json"""
import base64
import collections
import functools
import json
import math
import pathlib
import struct
import sys
import unicodedata

import tiny_tokenizers

VOCABULARY, EXTRA, LONGEST = 300, 2, 8
SPECIALS = ["<pad>", "</s>", "<s>", "<unk>"]
SPACE = "\u2581"


@functools.cache
def pieces(byte_fallback=False):
    """Every character of the text, then the substrings that spare most; equal counts have equal scores, so ties occur."""
    words = [SPACE + word for word in tiny_tokenizers.TEXT.split()]
    counts = collections.Counter(w[a:b] for w in words for a in range(len(w)) for b in range(a + 1, min(len(w), a + LONGEST) + 1))
    letters = sorted({c for w in words for c in w}, key=lambda c: (-counts[c], c))
    room = VOCABULARY - len(SPECIALS) - EXTRA - len(letters)
    assert room > 50, f"too many characters: {len(letters)}"
    longer = sorted((p for p in counts if len(p) > 1 and counts[p] > 1), key=lambda p: (-counts[p] * (len(p) - 1), p))[:room]
    chosen = sorted(letters + longer, key=lambda p: (-counts[p], p))
    total = sum(counts[p] for p in chosen)
    found = [(p, 0.0) for p in SPECIALS] + [(p, math.log(counts[p] / total)) for p in chosen]
    if byte_fallback:
        found += [(f"<0x{b:02X}>", 0.0) for b in range(256)]
    return found + [(f"<extra_id_{i}>", 0.0) for i in range(EXTRA)]


def replacements():
    """What nmt_nfkc replaces: NFKC of code points and of composed sequences, controls, and whatever counts as a space."""
    found = {}
    for c in list(range(0xD800)) + list(range(0xE000, sys.maxunicode + 1)):
        c = chr(c)
        composed = unicodedata.normalize("NFKC", c)
        if composed != c:
            found[c] = composed
        for form in ("NFD", "NFKD"):
            apart = unicodedata.normalize(form, c)
            if 1 < len(apart) <= 4 and unicodedata.combining(apart[1]) and unicodedata.normalize("NFKC", apart) != apart:
                found[apart] = unicodedata.normalize("NFKC", apart)
    for c in [*range(1, 9), 0xB, *range(0xE, 0x20), 0x7F, 0x8F, 0x9F]:
        found[chr(c)] = ""
    for c in [9, 0xA, 0xC, 0xD, 0x1680, 0x200B, 0x200C, 0x200E, 0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD]:
        found[chr(c)] = " "
    found.pop("\uFF5E", None)
    return found


def double_array(keys):
    """darts-clone's units for {bytes: value}: see §3.4 of the reference page."""
    root = {}
    for key, value in sorted(keys.items()):
        node = root
        for byte in key:
            node = node.setdefault(byte, {})
        node[0] = value
    units, taken, bases, waiting = [0] * (1 << 17), bytearray(1 << 17), set(), [(root, 0)]
    taken[0], start = 1, 1
    while waiting:
        node, place = waiting.pop()
        labels = sorted(node)
        while taken[start]:
            start += 1
        free = start
        while True:
            base = free ^ labels[0]
            if not taken[free] and base not in bases and not any(taken[base ^ c] for c in labels):
                break
            free += 1
        bases.add(base)
        offset = base ^ place
        assert offset < 1 << 21
        units[place] |= offset << 10 | (256 if 0 in node else 0)
        for c in labels:
            taken[base ^ c] = 1
            if c == 0:
                units[base] = node[0] | 1 << 31
            else:
                units[base ^ c] = c
                waiting.append((node[c], base ^ c))
    return units[:(taken.rindex(1) | 255) + 1]


@functools.cache
def charsmap():
    texts, places, keys = bytearray(), {}, {}
    for key, value in sorted(replacements().items()):
        if value not in places:
            places[value] = len(texts)
            texts += value.encode() + b"\0"
        keys[key.encode()] = places[value]
    units = double_array(keys)
    return struct.pack(f"<I{len(units)}I", 4 * len(units), *units) + bytes(texts)


def document(byte_fallback=False, t5_style=False):
    """t5_style: with the two normalizers that T5's file has after the charsmap."""
    vocabulary = pieces(byte_fallback)
    named = SPECIALS + [f"<extra_id_{i}>" for i in range(EXTRA)]
    ids = {p: i for i, (p, _) in enumerate(vocabulary)}
    normalizer = {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap()).decode()}
    if t5_style:
        normalizer = {"type": "Sequence", "normalizers": [
            normalizer, {"type": "Strip", "strip_left": False, "strip_right": True},
            {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": SPACE}]}
    space = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "always", "split": True}
    sequence = lambda letter, n: {"Sequence": {"id": letter, "type_id": n}}
    end = lambda n: {"SpecialToken": {"id": "</s>", "type_id": n}}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [dict(id=ids[t], content=t, single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
                         for t in named],
        "normalizer": normalizer, "pre_tokenizer": space,
        "post_processor": {"type": "TemplateProcessing", "single": [sequence("A", 0), end(0)],
                           "pair": [sequence("A", 0), end(0), sequence("B", 0), end(0)],
                           "special_tokens": {"</s>": {"id": "</s>", "ids": [ids["</s>"]], "tokens": ["</s>"]}}},
        "decoder": space,
        "model": {"type": "Unigram", "unk_id": ids["<unk>"], "vocab": [list(p) for p in vocabulary], "byte_fallback": byte_fallback}}


def fast(**style):
    import tokenizers
    from transformers import PreTrainedTokenizerFast
    return PreTrainedTokenizerFast(tokenizer_object=tokenizers.Tokenizer.from_str(json.dumps(document(**style))), padding_side="right",
                                   bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>")


def write(folder, **style):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(document(**style), ensure_ascii=False), encoding="utf-8")
    config = dict(tokenizer_class="T5TokenizerFast", bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
                  model_max_length=512, extra_ids=EXTRA)
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    return folder
