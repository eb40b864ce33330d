# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prompts for tokenizers, seeded: English, Chinese, emoji, any code point, specials typed in the text, odd white space,
long ones.

    prompts(count, seed, words=WORDS)    a list of that many; the same for the same seed"""
import random

VECTOR = "A cat walks on the grass, realistic style."
WORDS = """a the cat dog fox walks runs on in over grass snow sea realistic style cinematic 4k 1280x720 don't I'LL it's WE'VE
    camera pans slowly, sunset; ultra-detailed (masterpiece:1.2) "quoted" café naïve über ﬁne Straße İstanbul ΣΊΣΥΦΟΣ привет мир
    e\u0301x a\u0308 \u1e9e \u212a \u017f '\u017f 123 4567 12345 6 3.14 ½ ² Ⅷ \u0661\u0662 100% $5 #tag @you e.g. http://a.b/c?d=e&f
    <|eot_id|> <image> <pad> <|endoftext|> <|startoftext|> <|STARTOFTEXT|> <|begin_of_text|> <|end_header_id|> <| |> </w>""".split()
CHINESE = "一只猫在草地上行走写实风格红色的狐狸夜晚雪地奔跑海浪拍打岩石，。！？（）《》“”、；：日本語カタカナひらがな한국어ไทยעבריתالعربيةहिन्दी"
EMOJI = ["😀", "👩‍👩‍👧", "🏳️‍🌈", "🇩🇪", "👍🏽", "❤️", "🦊", "✨", "1️⃣"]
SPACES = [" ", "  ", "   ", "\n", "\n\n", "\t", " \n ", "\u00a0", "\u3000", "\u2003", "\u2028", "\u200b", "\u180e", "\x85", "\r\n"]


def any_code_point(r):
    while True:
        c = r.choice([r.randrange(0x20, 0x250), r.randrange(0x250, 0x3000), r.randrange(0x3000, 0x10000), r.randrange(0x10000, 0x110000),
                      r.randrange(0x300, 0x370), r.randrange(0x1f300, 0x1fb00)])
        if not 0xD800 <= c <= 0xDFFF:
            return chr(c)


def prompt(r, word_list):
    kind = r.randrange(12)
    if kind == 0:
        return "".join(any_code_point(r) for _ in range(r.randrange(1, 60)))
    if kind == 1:
        return "".join(r.choice(CHINESE) for _ in range(r.randrange(1, 120)))
    if kind == 2:
        return "".join(r.choice(SPACES + EMOJI + ["x", "9", "."]) for _ in range(r.randrange(0, 60)))
    words = []
    for _ in range(r.choice([3, 10, 30, 30, 60] * 4 + [400] if kind < 11 else [1, 2])):
        words.append(r.choice([r.choice(word_list)] * 8 + [r.choice(CHINESE), r.choice(EMOJI), any_code_point(r)]))
        words.append(r.choice([" "] * 9 + [r.choice(SPACES), ""]))
    return "".join(words)


def prompts(count, seed, words=WORDS):
    r = random.Random(seed)
    fixed = ["", " ", VECTOR, "don't DON'T", "12345 6", "a  b   c ", "hi!!\n\n z", "\nleading", "a" * 16384, " " * 16384, "猫" * 5000,
             "ab " * 5000, "!?" * 8000, "\n " * 4000]
    return fixed + [prompt(r, words) for _ in range(count - len(fixed))]
