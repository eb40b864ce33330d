#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Remakes safetensors_verdicts.txt: what the reference implementation (the Rust crate behind the
Python package safetensors) says about 2,000 mutants.

  python3 tests/golden/safetensors_verdicts.py BUILD/tests/unit/weights/write_checkpoints

Needs the Python package safetensors in the version that safetensors_verdicts.json names (--any to
take another, then review the difference). Prints how many files were accepted.
"""
import hashlib
import json
import os
import subprocess
import sys
import tempfile

import safetensors

SEED, COUNT = 20260101, 2000
HERE = os.path.dirname(os.path.abspath(__file__))
NAME = os.path.join(HERE, "safetensors_verdicts")


def verdict(data):
    """accept or refuse. Deserializing checks the whole header against the whole file."""
    try:
        safetensors.deserialize(data)
    except safetensors.SafetensorError:
        return "refuse"
    return "accept"


def main():
    arguments = [a for a in sys.argv[1:] if a != "--any"]
    if len(arguments) != 1:
        sys.exit(__doc__)
    if os.path.exists(NAME + ".json"):
        with open(NAME + ".json", encoding="utf-8") as file:
            version = json.load(file)["upstream"]["version"]
        if version != safetensors.__version__ and "--any" not in sys.argv:
            sys.exit(f"safetensors: expected version {version}, got {safetensors.__version__}")
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([arguments[0], "mutants", str(SEED), str(COUNT), folder], check=True)
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "rb") as file:
                data = file.read()
            lines.append(f"{hashlib.sha256(data).hexdigest()[:16]} {verdict(data)}\n")
    text = "".join(lines)
    with open(NAME + ".txt", "w", encoding="ascii") as file:
        file.write(text)
    accepted = sum("accept" in line for line in lines)
    provenance = {
        "file": "safetensors_verdicts.txt",
        "content": "line i: first 16 hex digits of the SHA-256 of mutant i, and the verdict on it",
        "upstream": {
            "project": "https://github.com/huggingface/safetensors",
            "package": "safetensors (Python wheel around the Rust crate)",
            "version": safetensors.__version__,
            "function": "safetensors.deserialize",
        },
        "script": "tests/golden/safetensors_verdicts.py",
        "arguments": ["BUILD/tests/unit/weights/write_checkpoints"],
        "seed": SEED,
        "count": COUNT,
        "accepted": accepted,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "tolerance": "none: a file the reference refuses must be refused; stricter cases are listed in "
                     "tests/unit/weights/safetensors_verdicts_test.cpp with their reason",
    }
    with open(NAME + ".json", "w", encoding="utf-8") as file:
        json.dump(provenance, file, indent=2)
        file.write("\n")
    print(f"{len(lines)} mutants, {accepted} accepted, {len(lines) - accepted} refused")


main()
