# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tiny unigram tokenizers as UMT5 and T5 have them, made when a test runs: pieces that SentencePiece learns from the few
lines below, its own table of replacements (nmt_nfkc, the real one), and a tokenizer.json written here, since transformers'
T5TokenizerFast rebuilds what a file says (unknown token, byte fallback, steps) and must not be the reference.

    umt5(**changes)              -> tokenizer.json as a dictionary: ids pad 0, </s> 1, <s> 2, <unk> 3
    write(folder, content)       -> folder with it as tokenizer.json
    umt5_fast()                  -> the same as a transformers class, for pipelines
    model_bytes()                -> the same model as SentencePiece writes it (spiece.model)
    charsmap(rules)              -> a table of replacements of one's own: {text: replacement}
"""
import base64
import functools
import io
import json
import pathlib
import struct

import sentencepiece

import tiny_tokenizers

TEXT = tiny_tokenizers.TEXT + """
It's 12:30; 100% of the clouds turn red, orange and violet. "Quoted", (bracketed) [words] {and} symbols: + - * / = < > # @ & $ !
Panoramique lent sur la plage, des vagues déferlent, un café à l'ombre. Ein großer Bär läuft über die Brücke, Nebel.
夕焼けの海辺を歩く女性、映画のような照明。カメラがゆっくりと近づく。 Снег идёт в лесу ночью. 高质量，电影感，慢镜头，特写，逆光。
"""
EXTRA = 8       # <extra_id_n>


def fields(message):
    """The fields of a protocol buffer: number, value (bytes, or an integer)."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value
    while at < len(message):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            yield number, varint()
        else:
            length = {1: 8, 5: 4}.get(kind) or varint()
            yield number, message[at:at + length]
            at += length


@functools.cache
def model_bytes(byte_fallback=False, model_type="unigram"):
    """A spiece.model: what SentencePiece writes."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXT.splitlines() * 3), model_writer=model, model_type=model_type, vocab_size=600 if byte_fallback else 300,
        hard_vocab_limit=False, byte_fallback=byte_fallback, normalization_rule_name="nmt_nfkc", pad_id=0, eos_id=1, bos_id=2, unk_id=3,
        character_coverage=0.999, num_threads=1, minloglevel=2)
    return model.getvalue()


@functools.cache
def trained(byte_fallback=False):
    """Pieces with scores, and the charsmap."""
    pieces, table = [], b""
    for number, value in fields(model_bytes(byte_fallback)): # ModelProto
        if number == 1:                                  #   pieces
            piece = dict(fields(value))                  #     piece, score
            pieces.append([piece[1].decode(), struct.unpack("<f", piece[2])[0]])
        if number == 3:                                  #   normalizer_spec
            table = dict(fields(value))[2]               #     precompiled_charsmap
    return pieces, table


def piece_types(**style):
    """1 normal, 2 unknown, 3 control, 6 a byte."""
    return [dict(fields(value)).get(3, 1) for number, value in fields(model_bytes(**style)) if number == 1]


def precompiled(table):
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode()}


def metaspace(**changes):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True, **changes}


def umt5(byte_fallback=False, pieces=None, table=None, unknown=3, **changes):
    learnt, nmt_nfkc = trained(byte_fallback)
    vocabulary = list(pieces or learnt + [[f"<extra_id_{i}>", 0.0] for i in range(EXTRA)])
    specials = [i for i, (p, _) in enumerate(vocabulary) if p in ("<pad>", "</s>", "<s>", "<unk>") or p.startswith("<extra_id_")]
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": vocabulary[i][0], "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                          "special": True} for i in specials],
        "normalizer": precompiled(table or nmt_nfkc),
        "pre_tokenizer": metaspace(),
        "post_processor": {"type": "TemplateProcessing",
                           "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
                           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}},
                                    {"Sequence": {"id": "B", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
                           "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
        "decoder": metaspace(),
        "model": {"type": "Unigram", "unk_id": unknown, "vocab": vocabulary, "byte_fallback": byte_fallback},
        **changes}


def t5_steps():
    """The steps of older T5 files."""
    table = trained()[1]
    return {"normalizer": {"type": "Sequence", "normalizers": [precompiled(table), {"type": "Strip", "strip_left": False, "strip_right": True},
                                                               {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}]},
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace(add_prefix_space=True)]}}


def write(folder, content):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    pathlib.Path(folder, "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return folder


def umt5_fast():
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(umt5())), pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
                                   model_max_length=512, padding_side="right")


def charsmap(rules):
    """A double array in which each node has 256 units of its own."""
    trie, replacements = {}, b""
    for text, replacement in rules.items():
        node = trie
        for byte in text.encode():
            node = node.setdefault(byte, {})
        node[-1] = len(replacements)
        replacements += replacement.encode() + b"\0"
    units, nothing = {}, 0xFF | 1 << 31

    def place(node, at, label, blocks=[0]):
        blocks[0] = base = blocks[0] + 256
        offset = at ^ base
        assert offset < 1 << 21
        units[at] = offset << 10 | (1 << 8 if -1 in node else 0) | label
        if -1 in node:
            units[base] = node[-1] | 1 << 31
        for byte, child in node.items():
            if byte >= 0:
                place(child, base ^ byte, byte, blocks)
    place(trie, 0, 0, [0])
    size = (max(units) | 255) + 1
    return struct.pack("<I", 4 * size) + struct.pack(f"<{size}I", *(units.get(i, nothing) for i in range(size))) + replacements
