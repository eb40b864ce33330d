# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clips that the plugins of editors share (plugins/clips), under many threads: with room for all frames, with room for
few, and with none."""
import os
import re
import subprocess
import sys
import unittest

from ffmpeg_common import ZT_ENV

PROGRAM = sys.argv.pop(1)


class Stress(unittest.TestCase):
    def check(self, memory, threads, rounds):
        done = subprocess.run(ZT_ENV + [PROGRAM, str(threads), str(rounds)], env={**os.environ, "ZOETROPE_CLIP_MEMORY": memory},
                              capture_output=True, text=True, timeout=200)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        reads = int(re.search(r"reads (\d+) bad 0", done.stdout).group(1))
        self.assertGreater(reads, threads * rounds)      # the control: frames did come

    def test_with_room_for_all(self):
        self.check("100M", 6, 15)

    def test_with_room_for_few(self):
        self.check("2M", 3, 3)

    def test_with_room_for_none(self):
        self.check("0", 2, 2)


if __name__ == "__main__":
    unittest.main(verbosity=2)
