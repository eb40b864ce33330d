# SPDX-License-Identifier: LGPL-2.1-or-later
"""Token ids beside the package `tokenizers`, and prompt layouts beside diffusers' index arithmetic:
generated prompts in English, Chinese, emoji, any code point, specials typed in the text, long ones;
with tiny vocabularies and with the published ones (from llama_models and open_clip, when installed)."""
import gzip
import importlib.util
import pathlib
import sys
import tempfile

import torch
import tokenizers
from diffusers.pipelines.hunyuan_video import pipeline_hunyuan_video as t2v
from diffusers.pipelines.hunyuan_video import pipeline_hunyuan_video_image2video as i2v
from tokenizers import AddedToken, Regex, models, normalizers, pre_tokenizers

import oracle
import tiny_tokenizers as tiny
from generated_prompts import VECTOR, prompts

PROGRAM = sys.argv[1]
PROMPTS = 10_000


def packed(texts):
    raw = [t.encode() for t in texts]
    ends = torch.tensor([len(b) for b in raw]).cumsum(0)
    return {"bytes": torch.frombuffer(bytearray(b"".join(raw) + b"\0"), dtype=torch.uint8), "ends": ends}


def lists(out, name):
    values, start, result = out[name].tolist(), 0, []
    for end in out[name + "_ends"].tolist():
        result.append(values[start:end])
        start = end
    return result


def compare_ids(report, what, folder, reference, texts, special=True, most=None):
    reference.no_truncation()
    reference.no_padding()
    if most:
        reference.enable_truncation(most)
    expected = [e.ids for e in reference.encode_batch_fast(texts, add_special_tokens=special)]
    options = {"folder": folder, "special": int(special)} | ({"most": most} if most else {})
    out = oracle.run_stage(PROGRAM, "encode", packed(texts), **options)
    got = lists(out, "ids")
    wrong = [i for i in range(len(texts)) if got[i] != expected[i]]
    for i in wrong[:5]:
        at = next((k for k, (a, b) in enumerate(zip(got[i], expected[i])) if a != b), -1)
        print(f"  {ascii(texts[i][:200])}: token {at}: expected {expected[i][at:at + 8]}, got {got[i][at:at + 8]}")
    load, total, slowest = out["ms"].tolist()
    report.check(f"{what}: ids of {len(texts)} texts", not wrong,
                 f"{len(wrong)} differ; {sum(map(len, expected))} tokens; load {load:.0f} ms, mean {total / len(texts):.3f} ms, slowest {slowest:.1f} ms")
    report.check(f"{what}: vocabulary size", out["size"][0] == reference.get_vocab_size(), out["size"].tolist())


def every_code_point(report, what, folder, reference):
    """Each code point once, with what could join it on both sides."""
    points = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF and c > 0]
    compare_ids(report, what, folder, reference, ["".join(f"a{c}b {c}1" for c in points[i:i + 64]) for i in range(0, len(points), 64)])


def reference_layout(tokenizer, template, text, images=0, stride=1):
    """diffusers' arithmetic on the ids of one prompt, padding left out."""
    before, after = template.split("{}")
    tokenizer.no_truncation()
    prefix = len(tokenizer.encode(before).ids)
    tokenizer.no_padding()
    tokenizer.enable_truncation(prefix + 256)
    ids = tokenizer.encode(before + text + after).ids
    tokenizer.no_truncation()
    if not images:
        return ids, list(range(prefix, len(ids)))
    image, end_header, pad = (tokenizer.token_to_id(t) for t in ("<image>", "<|end_header_id|>", "<pad>"))
    start = ids.index(image)
    padded = torch.tensor([ids + [pad] * (prefix + 256 - len(ids))])
    mask = (padded != pad).long()
    expanded = i2v._expand_input_ids_with_image_tokens(padded, mask, prefix + 256, image, images, start, start + images, pad)
    n = int(expanded["attention_mask"].sum())
    headers = [i for i, t in enumerate(ids) if t == end_header]
    if len(headers) == 2:
        headers.append(padded.shape[1] - 1)
    e = headers[-1]
    text_kept = list(range(prefix, max(prefix, e - 3))) + list(range(e + 1, len(ids)))
    picture = list(range(start, start + images))[::stride]
    return expanded["input_ids"][0, :n].tolist(), picture + [i + images - 1 for i in text_kept]


def compare_layouts(report, what, folder, tokenizer, texts, images):
    for kind, template in (("t2v", t2v), ("token_replace", i2v), ("latent_concat", i2v)):
        template = template.DEFAULT_PROMPT_TEMPLATE["template"]
        given = texts if kind == "t2v" else [t for t in texts if "<image>" not in t and "<pad>" not in t]
        given = [t.strip() for t in given]
        for negative in (0, 1):
            stride = 4 if kind == "token_replace" and not negative else 2
            expected = [reference_layout(tokenizer, template, t, 0 if kind == "t2v" else images, stride) for t in given]
            out = oracle.run_stage(PROGRAM, "layout", packed([f" \n{t}\u3000" for t in given]), folder=folder, kind=kind, images=images, negative=negative)
            wrong = sum(a != list(b[0]) or k != b[1] for a, k, b in zip(lists(out, "ids"), lists(out, "keep"), expected))
            report.check(f"{what}: layout {kind} negative={negative} of {len(given)} prompts", wrong == 0, f"{wrong} differ; prefix {out['rules'].tolist()}")
    for typed in ("<image>", "<pad>"):
        try:
            oracle.run_stage(PROGRAM, "layout", packed([f"a {typed}"]), folder=folder, kind="token_replace", images=images)
            report.check(f"{what}: {typed} typed beside a picture is refused", False)
        except RuntimeError as error:
            report.check(f"{what}: {typed} typed beside a picture is refused", "prompt: expected no" in str(error), str(error))


def compare_pooled(report, what, folder, tokenizer, texts):
    end = tokenizer.token_to_id(tiny.CLIP_END)
    tokenizer.enable_truncation(77)
    expected = [e.ids for e in tokenizer.encode_batch_fast(texts)]
    tokenizer.no_truncation()
    expected = [ids[:ids.index(end) + 1] for ids in expected]
    out = oracle.run_stage(PROGRAM, "layout", packed(texts), folder=folder, kind="pooled")
    wrong = sum(a != b for a, b in zip(lists(out, "ids"), expected))
    report.check(f"{what}: pooled layout of {len(texts)} prompts", wrong == 0, f"{wrong} differ")


def odd_settings(report, folder):
    """Every flag of added tokens, other orders of steps, other kinds of merges."""
    vocabulary, merges = tiny.llama_parts()
    texts = prompts(400, 5) + ["a WORD b", "aWORDb", "x  LEFT y", "x  RIGHT  y", "BOTH", " BOTH  BOTH ", "Wör WORD.", "ÇAB çab", "xx\u24b6WORD"]
    for number, (suffix, unknown, fuse) in enumerate([(None, None, False), ("</w>", "!", True), (None, "!", False), (None, "!", True)]):
        kept = {t: i for t, i in vocabulary.items() if unknown is None or len(t) > 1 or ord(t) < 0x7F}
        known = [m for m in merges if m[0] in kept and m[1] in kept and m[0] + m[1] in kept]
        given = {k: v for k, v in (("end_of_word_suffix", suffix), ("unk_token", unknown)) if v}
        t = tokenizers.Tokenizer(models.BPE(vocab=kept, merges=known, fuse_unk=fuse, **given))
        t.normalizer = normalizers.Sequence([normalizers.Replace("ö", "oo"), normalizers.NFC(), normalizers.Lowercase()][number % 2:])
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"\s+"), "removed" if number % 2 else "isolated"),
                                                   pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=number < 2)])
        t.add_tokens([AddedToken("WORD", single_word=True, normalized=False), AddedToken("LEFT", lstrip=True, normalized=False),
                      AddedToken("RIGHT", rstrip=True, normalized=False), AddedToken("BOTH", lstrip=True, rstrip=True, normalized=False),
                      AddedToken("ÇAB", normalized=True), AddedToken("fox", normalized=True, single_word=True), AddedToken("fo", normalized=True)])
        place = pathlib.Path(folder, f"odd{number}")
        place.mkdir()
        t.save(str(place / "tokenizer.json"))
        compare_ids(report, f"odd settings {number}", place, t, texts)


def real_tokenizers(folder):
    """The published vocabularies, from packages that have them without weights; None where absent."""
    places = [importlib.util.find_spec(name) for name in ("llama_models", "open_clip")]
    if not all(places):
        return None
    llama_file, clip_file = (pathlib.Path(s.submodule_search_locations[0]) for s in places)
    import base64
    ranks = {}
    for line in (llama_file / "llama3/tokenizer.model").read_bytes().splitlines():
        token, rank = line.split()
        ranks[base64.b64decode(token)] = int(rank)
    table = tiny.bytes_to_unicode()
    text = lambda b: "".join(table[x] for x in b)
    merges = []
    for token, rank in ranks.items():   # every way to cut a token in two that are tokens, by the ranks of token, left, right
        cuts = [(token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in ranks and token[i:] in ranks]
        merges += [(rank, ranks[a], ranks[b], text(a), text(b)) for a, b in cuts]
    merges = [(a, b) for _, _, _, a, b in sorted(merges)]
    specials = ["<|begin_of_text|>", "<|end_of_text|>", "<|reserved_special_token_0|>", "<|reserved_special_token_1|>",
                "<|reserved_special_token_2|>", "<|reserved_special_token_3|>", "<|start_header_id|>", "<|end_header_id|>",
                "<|reserved_special_token_4|>", "<|eot_id|>"] + [f"<|reserved_special_token_{i}|>" for i in range(5, 251)]
    specials += ["<unk>", "<image>", "<pad>"]
    llama = tiny.llama_tokenizer({text(t): r for t, r in ranks.items()}, merges, specials)
    (pathlib.Path(folder) / "llama").mkdir()
    llama.save(str(pathlib.Path(folder, "llama/tokenizer.json")))

    lines = gzip.open(clip_file / "bpe_simple_vocab_16e6.txt.gz").read().decode().split("\n")[1:48895]
    merges = [tuple(line.split()) for line in lines]
    alphabet = list(tiny.bytes_to_unicode().values())
    words = alphabet + [c + "</w>" for c in alphabet] + ["".join(m) for m in merges] + [tiny.CLIP_START, tiny.CLIP_END]
    vocabulary = {w: i for i, w in enumerate(words)}
    tiny.write_pair(pathlib.Path(folder, "clip"), vocabulary, merges)
    return llama, tiny.clip_tokenizer(vocabulary, merges)


def main():
    report = oracle.Report()
    texts = prompts(PROMPTS, 20260)
    print(f"{len(texts)} prompts, {sum(len(t.encode()) for t in texts)} bytes, tokenizers {tokenizers.__version__}")
    with tempfile.TemporaryDirectory(prefix="tokens-", dir=oracle.BUILD) as folder:
        llama, clip = tiny.llama(), tiny.clip()
        places = {n: pathlib.Path(folder, n) for n in ("tiny_llama", "tiny_clip", "tiny_clip_pair")}
        tiny.write_llama(places["tiny_llama"])
        tiny.write_clip(places["tiny_clip"])
        tiny.write_clip(places["tiny_clip_pair"], legacy=True)
        compare_ids(report, "tiny llama", places["tiny_llama"], llama, texts)
        compare_ids(report, "tiny llama, no specials, 40 at most", places["tiny_llama"], llama, texts[:2000], False, 40)
        compare_ids(report, "tiny clip", places["tiny_clip"], clip, texts)
        compare_ids(report, "tiny clip, 77 at most", places["tiny_clip"], clip, texts[:2000], True, 77)
        compare_ids(report, "tiny clip, vocab.json and merges.txt", places["tiny_clip_pair"], clip, texts[:2000])
        compare_layouts(report, "tiny", places["tiny_llama"], llama, texts[:1500], 16)
        compare_pooled(report, "tiny", places["tiny_clip"], clip, texts[:2000])
        odd_settings(report, folder)
        real = real_tokenizers(folder)
        if real is None:
            print("skipped: the published vocabularies (llama_models and open_clip are not installed)")
            report.end()
        llama, clip = real
        llama_place, clip_place = pathlib.Path(folder, "llama"), pathlib.Path(folder, "clip")
        compare_ids(report, "Llama 3", llama_place, llama, texts)
        compare_ids(report, "CLIP", clip_place, clip, texts)
        compare_layouts(report, "Llama 3", llama_place, llama, texts[:1500], 576)
        compare_pooled(report, "CLIP", clip_place, clip, texts[:2000])
        every_code_point(report, "Llama 3, every code point", llama_place, llama)
        every_code_point(report, "CLIP, every code point", clip_place, clip)
        published = [(llama_place, "t2v", "ids", [32, 8415, 23291, 389, 279, 16763, 11, 26569, 1742, 13, 128009]),
                     (clip_place, "pooled", "ids", [49406, 320, 2368, 8192, 525, 518, 5922, 267, 16157, 1844, 269, 49407])]
        for place, kind, name, ids in published:
            got = lists(oracle.run_stage(PROGRAM, "layout", packed([VECTOR]), folder=place, kind=kind), name)[0]
            report.check(f"published vector, {kind}", got[-len(ids):] == ids, f"{len(got) - len(ids)} before it")
    report.end()


if __name__ == "__main__":
    main()
