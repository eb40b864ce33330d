# SPDX-License-Identifier: LGPL-2.1-or-later
"""The code blocks of a page of docs/, so that tests run what the page says and the page cannot rot.

A block is what stands between ```LANGUAGE and ```. A line <!-- not run: WHY --> above it says why no test can run it."""
import os
import pathlib
import re
import typing

DOCS = pathlib.Path(os.environ.get("ZT_SOURCE") or pathlib.Path(__file__).resolve().parents[2], "docs")


class Block(typing.NamedTuple):
    heading: str    # the nearest one above, "" before the first
    language: str   # sh, python, c, sdp, or "" for what is not to be typed
    text: str
    not_run: str    # why, or ""
    line: int       # of the page, of its first line


def blocks(page):
    """All blocks of docs/PAGE, in its order."""
    found, heading, reason, opened = [], "", "", None
    for number, line in enumerate((DOCS / page).read_text().splitlines(keepends=True), 1):
        if opened is not None:
            if line.startswith("```"):
                found.append(Block(heading, opened[0], "".join(opened[1]), reason, opened[2]))
                opened, reason = None, ""
            else:
                opened[1].append(line)
        elif line.startswith("```"):
            opened = (line[3:].strip(), [], number + 1)
        elif given := re.match(r"<!-- not run: (.+) -->$", line.strip()):
            reason = given[1]
        elif line.startswith("#"):
            heading = line.lstrip("#").strip()
        elif line.strip():
            reason = ""
    return found


def under(page, heading, *languages):
    """The texts of the blocks under one heading, of these languages (sh and python where none is named)."""
    return [block.text for block in blocks(page) if block.heading == heading and block.language in (languages or ("sh", "python"))]
