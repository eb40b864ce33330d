# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ranks send to each other, foreseen: the formula of docs/many-machines.md, in numbers. parity_ranks_split holds the engine to it, to the byte;
tests/bench/ranks_table.py foresees GPUs with it."""
import dataclasses
import math


@dataclasses.dataclass
class Pass:
    """One pass of a transformer: its tokens of each kind, the attention of each layer, and what is gathered behind the last one: the velocity, or rows
    of which each rank makes it."""
    parts: tuple
    heads: int
    dim: int
    layers: int
    gathered: int       # tokens
    columns: int        # of each
    guided: bool = False
    wide: bool = False  # halves tell each other their velocity in fp32, whatever is computed in


def share(everything, rank, size):
    return everything // size + (rank < everything % size)


def split(heads, size):
    """(ranks that exchange heads, such groups)"""
    exchange = math.gcd(heads, size)
    return exchange, size // exchange


def attention(work, rank, size):
    """Numbers that a rank sends around one attention."""
    exchange, groups = split(work.heads, size)
    heads, first = work.heads // exchange, rank // exchange * exchange
    tokens = [sum(share(part, r, size) for part in work.parts) for r in range(size)]
    own, together = tokens[rank], sum(tokens[first:first + exchange])
    queries_keys_values, answer = 3 * own * heads * (exchange - 1), (together - own) * heads
    keys_values_to_groups = 2 * together * heads * (groups - 1)
    return (queries_keys_values + keys_values_to_groups + answer) * work.dim


def split_of_step(work, ranks):
    """(halves, ranks that exchange heads, such groups)"""
    halves = 2 if work.guided and ranks % 2 == 0 else 1
    return (halves, *split(work.heads, ranks // halves))


def step(work, rank, ranks, element):
    """Bytes that a rank sends in a step, of numbers of `element` bytes."""
    halves, exchange, groups = split_of_step(work, ranks)
    size, passes = exchange * groups, 2 if work.guided and halves == 1 else 1
    numbers = 0
    if size > 1:
        in_half = rank % size
        numbers = work.layers * attention(work, in_half, size) + share(work.gathered, in_half, size) * work.columns * (size - 1)
    velocity = work.gathered * work.columns * (4 if work.wide else element) if halves == 2 else 0
    return passes * numbers * element + velocity
