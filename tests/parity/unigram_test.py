# SPDX-License-Identifier: LGPL-2.1-or-later
"""Unigram ids beside the package `tokenizers` on the same tokenizer.json, and prompt cleaning beside diffusers, ftfy and html.

    unigram_test.py PROGRAM      PROGRAM is built from unigram_stage.cpp

Besides the generated prompts: every code point; sequences made to tell grapheme clusters apart, with tables that replace what they
join; vocabularies in which most cuts have equal scores but for the last bit; every name of HTML."""
import html
import html.entities
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unicodedata

import oracle
from tokenizers import Tokenizer

import generated_prompts
try:
    import ftfy
    import tiny_unigram as tiny
except ImportError as missing:
    print(f"skipped: {missing}; tools/setup tests installs the reference")
    sys.exit(77)
from diffusers.pipelines.wan.pipeline_wan import prompt_clean

PROGRAM = os.path.abspath(sys.argv[1])
PROMPTS = 10_000
WORDS = generated_prompts.WORDS + """</s> <s> <pad> <unk> <extra_id_0> <extra_id_7> <extra_id_9> ▁ ▁a a▁▁b <0x41> !!!!!! ...... ＡＢＣ １２３， ｶﾞ ①\u0301
    o\u0302\u0323 ﬃ “quoted” ‘it’s’ &amp;amp; &lt;b&gt; &#39; &eacute &NTILDE; é ﷺ ℡ ㌔ ～ … — a\u200db \u0600a \u1100\u1161\u11a8 क्षि 👨‍🚀 ©\u200d® 慢镜头 映画""".split()
POINTS = [chr(c) for c in range(1, 0x110000) if not 0xD800 <= c <= 0xDFFF]
# One or two of each kind that the rules of grapheme clusters tell apart, short ones first.
CLUSTERS = ["a", "z", "1", " ", "\r", "\n", "\t", "\x01", "\xad", "\u200b", "\u0301", "\u0323", "\u0903", "\u0a03", "\u200c", "\u200d", "\ufe0f", "\u0600",
            "\u0d4e", "\U000110bd", "\u1100", "\u1161", "\u11a8", "\uac00", "\uac01", "\U0001f1e9", "\U0001f1ea", "\xa9", "\xae", "\u2764", "\U0001f468",
            "\U0001f3fd", "\u0915", "\u0937", "\u0958", "\u094d", "\u093c", "\u09cd", "\u0995", "\u1039", "\u1000", "\U00011f42", "\u0b95", "\u0bcd", "é", "猫",
            "\u0e33", "\u0e01", "\u1ace", "\u1ae5", "\U00016d6c", "\U000113d1", "\u0483", "\u05b0", "\u05d0", "\u07fd", "\uff9e", "\uff76"]


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def stage(texts, *arguments):
    with tempfile.NamedTemporaryFile("w", dir=oracle.BUILD, suffix=".hex") as file:
        file.write("".join(t.encode().hex() + "\n" for t in texts))
        file.flush()
        line = [PROGRAM, arguments[0], *map(str, arguments[1:2]), file.name, *map(str, arguments[2:])]
        done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return done.stdout.splitlines(), done.stderr.strip()


def show_first(texts, wrong, got, expected):
    for i in wrong[:5]:
        at = next((k for k, (a, b) in enumerate(zip(got[i], expected[i])) if a != b), -1)
        print(f"  {ascii(texts[i][:200])}: place {at}: expected {ascii(expected[i][at:at + 20])}, got {ascii(got[i][at:at + 20])}")


def compare_ids(report, what, folder, content, texts, most=None):
    tiny.write(folder, content)
    reference = Tokenizer.from_file(str(pathlib.Path(folder, "tokenizer.json")))
    full = [e.ids for e in reference.encode_batch_fast(texts)]
    expected, dropped = full, [0] * len(texts)
    if most:
        reference.enable_truncation(most)
        expected = [e.ids for e in reference.encode_batch_fast(texts)]
        dropped = [len(a) - len(b) for a, b in zip(full, expected)]
    lines, times = stage(texts, "encode", folder, *([most] if most else []))
    got = [[int(x) for x in line.split("|")[0].split()] for line in lines]
    wrong = [i for i in range(len(texts)) if got[i] != expected[i] or int(lines[i].split("|")[1]) != dropped[i]]
    show_first(texts, wrong, got, expected)
    report.check(f"{what}: ids of {len(texts)} texts", not wrong and len(lines) == len(texts), f"{len(wrong)} differ; {sum(map(len, expected))} tokens; {times}")
    return expected


def spelling(table):
    """A tokenizer whose ids are the bytes of the normalised text, so that nothing of it stays hidden."""
    pieces = [["<pad>", 0.0], ["</s>", 0.0], ["<s>", 0.0], ["<unk>", 0.0]] + [[f"<0x{b:02X}>", 0.0] for b in range(256)]
    return tiny.umt5(byte_fallback=True, pieces=pieces, table=table, added_tokens=[])


def compare_clusters(report, folder):
    r = random.Random(3)
    texts = ["".join(r.choice(CLUSTERS) for _ in range(r.choice([2, 2, 3, 4, 6, 40]))) for _ in range(40_000)]
    texts += [a + b for a in CLUSTERS for b in CLUSTERS] + [a + b + c for a in CLUSTERS[:30] for b in CLUSTERS for c in CLUSTERS[:30]]
    compare_ids(report, "grapheme clusters, nmt_nfkc", folder / "spelling", spelling(tiny.trained()[1]), texts)
    for number in range(4):
        rules = {c: f"<{i}>" for i, c in enumerate(CLUSTERS) if r.random() < 0.5}
        rules |= {"".join(r.choice(CLUSTERS) for _ in range(2)): f"[{i}]" for i in range(60)}
        compare_ids(report, f"grapheme clusters, table {number}", folder / f"table{number}", spelling(tiny.charsmap(rules)), texts)
    # Each code point between ones that change when it joins them: a table that takes the cluster away.
    table = tiny.charsmap({"a": "X", "\xa9": "Y", "\u0958": "Z", "\U000110bd": "P", "\u0600": "Q"})
    around = ["a{}a\u0301 ", "\xa9\u200d{}\u0301 ", "{}a\u0301{}", "\u0958\u094d{}\u0301\u0600{} ", "\u1100{}\u0301", "\U0001f1e9{}\u0301"]
    parts = ["".join(a.replace("{}", c) for a in around) for c in POINTS]
    compare_ids(report, "every code point among clusters", folder / "points", spelling(table), ["".join(parts[i:i + 64]) for i in range(0, len(parts), 64)])
    plain = ["".join(f"a{c}b {c}1" for c in POINTS[i:i + 64]) for i in range(0, len(POINTS), 64)]
    compare_ids(report, "every code point, nmt_nfkc", folder / "spelling", spelling(tiny.trained()[1]), plain)
    compare_ids(report, "every code point, tiny umt5", folder / "umt5", tiny.umt5(), plain)


def compare_ties(report, folder):
    """Words over a few letters: the same pieces in many orders."""
    r = random.Random(9)
    specials = [["<pad>", 0], ["</s>", 0.0], ["<s>", -0.0], ["<unk>", 0.0]]
    words = sorted({a + b + c + d for a in "abc" for b in ["", *"abc"] for c in ["", *"abc"] for d in ["", *"abc"]} - {"c"}) + ["▁", "▁a", "▁ab", "▁b", "é", "éa"]
    kinds = {"float32": lambda: -float32(r.random() * 20), "decimals": lambda: -r.randrange(100) / 10, "whole": lambda: -r.randrange(6),
             "above zero": lambda: r.randrange(-2, 30), "tiny and huge": lambda: -r.random() * 10.0 ** r.randrange(-30, 30)}
    texts = ["".join(r.choice("aaabbbc é?\u0416") for _ in range(r.choice([4, 8, 12, 40, 200]))) for _ in range(6000)]
    for name, score in kinds.items():
        pieces = specials + [[w, score()] for w in words]
        compare_ids(report, f"equal scores, {name}", folder / "ties", tiny.umt5(pieces=pieces), texts)
    pieces += [[words[5], -1.5], [words[9], -2], ["", -1], ["?\u0416", -90.0]]     # the last of equal ones counts
    compare_ids(report, "a piece twice, an empty one", folder / "ties", tiny.umt5(pieces=pieces), texts)
    # Few scores, as float32 written out: every eighth the reference reads with a mistake in the last bit (unigram_score.h), and
    # in the vocabularies of these seeds that decides.
    words = sorted({a + b + c + d for a in "ab" for b in ["", *"ab"] for c in ["", *"ab"] for d in ["", *"ab"]})
    for seed in (11, 54, 97):
        r = random.Random(seed)
        few = [-float32(r.random() * r.choice([1, 5, 20])) for _ in range(r.choice([3, 6, 30]))]
        texts = ["".join(r.choice("aab") for _ in range(r.choice([9, 14, 25]))) for _ in range(4000)]
        pieces = specials + [[w, r.choice(few)] for w in words]
        compare_ids(report, f"few scores {seed}", folder / "ties", tiny.umt5(pieces=pieces, pre_tokenizer=None), texts)


def odd_settings(report, folder, texts):
    added = tiny.umt5()["added_tokens"]
    one = lambda i, content, **flags: {"id": i, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": True,
                                       "special": False, **flags}
    more = added + [one(len(tiny.umt5()["model"]["vocab"]), "cat", single_word=True), one(len(tiny.umt5()["model"]["vocab"]) + 1, "ＡＢ", lstrip=True, rstrip=True)]
    both_ends = {"type": "Sequence", "normalizers": [tiny.precompiled(tiny.trained()[1]), {"type": "Strip", "strip_left": True, "strip_right": True}]}
    for what, content in (("added tokens after normalisation", tiny.umt5(added_tokens=more)),
                          ("no blank before", tiny.umt5(pre_tokenizer=tiny.metaspace(prepend_scheme="never"))),
                          ("no splitting at blanks", tiny.umt5(pre_tokenizer=tiny.metaspace(split=False))),
                          ("another mark", tiny.umt5(pre_tokenizer=tiny.metaspace(replacement="_"))),
                          ("stripped on both sides", tiny.umt5(normalizer=both_ends)),
                          ("no steps at all", tiny.umt5(normalizer=None, pre_tokenizer=None, post_processor=None))):
        compare_ids(report, what, folder / "odd", content, texts)


def compare_cleaning(report, texts):
    table = ["“ ” ‘ ’", "ＡＢＣ\u3000１２３，", "&lt;b&gt; &amp;amp; x", "<b>&amp;</b>", "a\xa0b\u3000c\u2028d\r\ne", "\ufeffx", "x\x1b[31mred\x1b[0m", "a\0b\x07c",
             "&amp;lt;", "ﬁ", "ｶﾞ", "e\u0301", "a\u200bb", "a\x85b", "½ ① … — ´ Ⅷ \u2011", "ŉ", "&#x1F600; &#0; &#128; &#xD800; &#99999999999; &#xfffe; &#1;",
             "&#59; &#x3b; &#12ab; &#xZZ;", "&notit; &notin; &not; &not &NOT; &amp &AMP; &Amp; &ampx;", "&NTILDE; &SZLIG; &nTILDE;", "a < b &eacute;\nb &amp;amp;amp;amp;amp; c",
             "&amp;amp;amp;amp;amp; c\n<", "&l&#116;; &am&#112;;", "&" * 50, "&a" * 50, "&#", "&#x", "&;", "&" + "a" * 40 + ";", "&CounterClockwiseContourIntegral;",
             "\x1b[1;31m \x1b[m \x1b[ \x1b[1;é \x1b", "\r\r\n\n\r", "\x1c\x1d\x1e\x1fx", "\u2028\u2029", "￠￣￥ﾡ\uffa0\uffef", "Ǆǅǆ Ĳĳ ﬅﬆ", "\x80\x93\x94\x81\x9f"]
    table += [f"x&{name} &{name.upper()} &{name}y &{name.rstrip(';')};" for name in html.entities.html5]
    table += ["&amp;" * n + "amp;" * n + "lt;" for n in (1, 2, 5, 30)] + ["".join(POINTS[i:i + 64]) for i in range(0, 0x300, 64)]
    table += [f"a{c}b" for c in POINTS if 0xFE00 < ord(c) < 0x10000 or ord(c) < 0x3100]
    # Python composes by its own Unicode; characters it does not know might be marks.
    texts = ["".join(c for c in t if unicodedata.category(c) != "Cn") for t in texts]
    config = ftfy.TextFixerConfig(fix_encoding=False, explain=False)
    plain = lambda t: " ".join(html.unescape(html.unescape(ftfy.fix_text(t, config))).split())
    for what, given in (("cleaning, a list", table), ("cleaning, prompts", texts)):
        lines, _ = stage(given, "clean")
        got = [bytes.fromhex(line).decode() for line in lines]
        expected = [plain(t) for t in given]
        wrong = [i for i in range(len(given)) if got[i] != expected[i]]
        show_first(given, wrong, got, expected)
        report.check(f"{what}: {len(given)} texts beside ftfy without encoding repair, html and white space", not wrong and len(got) == len(given),
                     f"{len(wrong)} differ")
        # Where ftfy repairs encodings, it does that to a line; here no line of the text may be one that it would.
        whole = [prompt_clean(t) for t in given]
        other = [i for i in range(len(given)) if whole[i] != expected[i]]
        repaired = [i for i in range(len(given)) if any(ftfy.fix_encoding(f(line)) != f(line) for line in given[i].split("\n")
                    for f in (str, html.unescape, lambda t: ftfy.fix_text(t, config)))]
        report.check(f"{what}: the same as diffusers' prompt_clean but where ftfy repairs encodings", set(other) <= set(repaired),
                     f"{len(other)} repaired")


def main():
    report = oracle.Report()
    texts = generated_prompts.prompts(PROMPTS, 20262, WORDS)
    print(f"{len(texts)} prompts, {sum(len(t.encode()) for t in texts)} bytes")
    with tempfile.TemporaryDirectory(prefix="unigram-", dir=oracle.BUILD) as name:
        folder = pathlib.Path(name)
        expected = compare_ids(report, "tiny umt5", folder / "umt5", tiny.umt5(), texts)
        fast = tiny.umt5_fast()
        report.check("PreTrainedTokenizerFast gives the same", [fast(t).input_ids for t in texts[:2000]] == expected[:2000])
        compare_ids(report, "tiny umt5, 512 at most", folder / "umt5", tiny.umt5(), texts[:2000], 512)
        compare_ids(report, "tiny umt5, 12 at most", folder / "umt5", tiny.umt5(), texts[:2000], 12)
        compare_ids(report, "tiny umt5 with byte fallback", folder / "bytes", tiny.umt5(byte_fallback=True), texts)
        compare_ids(report, "tiny t5", folder / "t5", tiny.umt5(**tiny.t5_steps()), texts)
        odd_settings(report, folder, texts[:2000])
        compare_ties(report, folder)
        compare_clusters(report, folder)
    compare_cleaning(report, texts)
    report.end()


if __name__ == "__main__":
    main()
