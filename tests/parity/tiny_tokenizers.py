# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tiny tokenizers of the two kinds HunyuanVideo reads, made when a test runs: byte pair merges
learnt from the few lines below by a trainer of this file, so that ids never depend on a version.

    llama()  -> tokenizers.Tokenizer   like Llama 3's: byte level, specials at the end (LLAMA_SPECIALS)
    clip()   -> tokenizers.Tokenizer   like CLIP's: lower case, end of word suffix, start and end token last
    llama_fast(), clip_fast()          the same as transformers classes, for pipelines (right padding)
    write_llama(folder), write_clip(folder, legacy)   as the folders `tokenizer` and `tokenizer_2`
"""
import collections
import functools
import json
import pathlib

import regex
import tokenizers
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers, processors

LLAMA_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
               r"|\s*[\r\n]+|\s+(?!\S)|\s+")
CLIP_SPLIT = (r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
LLAMA_SPECIALS = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<image>", "<pad>"]
CLIP_START, CLIP_END = "<|startoftext|>", "<|endoftext|>"
MERGES = 140

TEXT = """system
user
assistant
Describe the video by detailing the following aspects according to the reference image: 1. The main content and theme of the video.
2. The color, shape, size, texture, quantity, text, and spatial relationships of the objects.3. Actions, events, behaviors temporal relationships,
physical movement changes of the objects.4. background environment, light, style and atmosphere.5. camera angles, movements, and transitions used in the video:

A cat walks on the grass, realistic style. The red fox runs through deep snow at night; the camera follows it slowly.
Waves break on the rocks, 24 frames, 1280x720. Don't stop: it's the dog's birthday, they're happy and we've won.
一只猫在草地上行走，写实风格。红色的狐狸在雪地里奔跑，夜晚。海浪拍打着岩石。
"""


def bytes_to_unicode():
    """GPT-2's printable character for each byte."""
    kept = list(range(0x21, 0x7F)) + list(range(0xA1, 0xAD)) + list(range(0xAE, 0x100))
    others = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(others)}}


def spelled(piece):
    table = bytes_to_unicode()
    return [table[b] for b in piece.encode()]


def learn(words, count):
    """The `count` most frequent pairs, one after another; ties go to the pair that sorts first."""
    words, merges = collections.Counter(words), []
    while len(merges) < count:
        pairs = collections.Counter()
        for word, times in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += times
        best = min(pairs, key=lambda p: (-pairs[p], p))
        merges.append(best)
        merged = collections.Counter()
        for word, times in words.items():
            out, i = [], 0
            while i < len(word):
                whole = word[i:i + 2] == best
                out.append(word[i] + word[i + 1] if whole else word[i])
                i += 2 if whole else 1
            merged[tuple(out)] += times
        words = merged
    return merges


def tokens_of(alphabet, merges):
    vocabulary = {}
    for token in alphabet + [a + b for a, b in merges]:
        vocabulary.setdefault(token, len(vocabulary))
    return vocabulary


@functools.cache
def llama_parts():
    words = [tuple(spelled(w)) for w in regex.findall(LLAMA_SPLIT, TEXT)]
    merges = learn(words, MERGES)
    return tokens_of(list(bytes_to_unicode().values()), merges), merges


@functools.cache
def clip_parts():
    words = []
    for w in regex.findall(CLIP_SPLIT, " ".join(TEXT.split()).lower()):
        letters = spelled(w)
        words.append(tuple(letters[:-1] + [letters[-1] + "</w>"]))
    merges = learn(words, MERGES)
    alphabet = list(bytes_to_unicode().values())
    vocabulary = tokens_of(alphabet + [c + "</w>" for c in alphabet], merges)
    for token in (CLIP_START, CLIP_END):
        vocabulary[token] = len(vocabulary)
    return vocabulary, merges


def llama_tokenizer(vocabulary, merges, specials):
    """Any vocabulary with Llama 3's rules; the first special begins every text."""
    t = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(LLAMA_SPLIT), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    t.decoder = tokenizers.decoders.ByteLevel()
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in specials])
    begin = specials[0]
    t.post_processor = processors.Sequence([
        processors.ByteLevel(trim_offsets=False),
        processors.TemplateProcessing(single=f"{begin} $A", pair=f"{begin} $A {begin}:1 $B:1",
                                      special_tokens=[(begin, t.token_to_id(begin))])])
    return t


def clip_tokenizer(vocabulary, merges):
    """Any vocabulary with CLIP's rules."""
    t = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix="</w>",
                                        continuing_subword_prefix="", fuse_unk=False, unk_token=CLIP_END))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    t.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(CLIP_SPLIT), behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = tokenizers.decoders.ByteLevel()
    t.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in (CLIP_START, CLIP_END)])
    t.post_processor = processors.RobertaProcessing(
        (CLIP_END, vocabulary[CLIP_END]), (CLIP_START, vocabulary[CLIP_START]), False, False)
    return t


def llama():
    return llama_tokenizer(*llama_parts(), LLAMA_SPECIALS)


def clip():
    return clip_tokenizer(*clip_parts())


def llama_fast():
    from transformers import PreTrainedTokenizerFast
    return PreTrainedTokenizerFast(tokenizer_object=llama(), padding_side="right", bos_token=LLAMA_SPECIALS[0],
                                   eos_token="<|eot_id|>", pad_token="<pad>")


def clip_fast():
    from transformers import PreTrainedTokenizerFast
    return PreTrainedTokenizerFast(tokenizer_object=clip(), padding_side="right", bos_token=CLIP_START, eos_token=CLIP_END,
                                   unk_token=CLIP_END, pad_token=CLIP_END, model_max_length=77)


def write_llama(folder):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    llama().save(str(pathlib.Path(folder, "tokenizer.json")))
    return folder


def write_pair(folder, vocabulary, merges):
    """CLIP's older files."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    lines = ["#version: 0.2"] + [f"{a} {b}" for a, b in merges]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def write_clip(folder, legacy=False):
    """legacy: vocab.json and merges.txt, as published folders have them."""
    if legacy:
        return write_pair(folder, *clip_parts())
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    clip().save(str(pathlib.Path(folder, "tokenizer.json")))
    return folder
