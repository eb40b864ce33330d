# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the FFmpeg tests share: the built tree, the overlay, and running the stock programs.

Only the programs that users run are used: ffmpeg, ffprobe, mpv. Environment: ZT_SOURCE and ZT_BUILD,
set by meson. Each test file ends with main(), which skips (77) without ffmpeg and builds the overlay
if it is older than its sources."""
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = os.environ.get("ZT_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ZT_BUILD") or os.path.join(SOURCE, "build")
OVERLAY = os.path.join(BUILD, "overlay")
ZT_ENV = [os.path.join(SOURCE, "tools", "zt-env")]
FFMPEG = ZT_ENV + ["ffmpeg", "-hide_banner", "-nostdin", "-y", "-nostats"]
SIZE = (256, 144)

# name: (bytes a sample, chroma width divisor, chroma height divisor), as FFmpeg calls them here, in the order of
# the C API's formats; of a packed one only the sum counts
FORMATS = {
    "yuv420p": (1, 2, 2), "yuv422p": (1, 2, 1), "yuv444p": (1, 1, 1),
    "yuv420p10le": (2, 2, 2), "yuv422p10le": (2, 2, 1), "yuv444p10le": (2, 1, 1),
    "gbrp": (1, 1, 1), "gbrp10le": (2, 1, 1), "gbrp16le": (2, 1, 1),
    "rgb24": (1, 1, 1),
}


def storybook_is_here():
    """The built-in model, once its weights are in the tree."""
    folder = os.path.join(SOURCE, "models", "storybook")
    return os.path.isdir(folder) and any(name.endswith(".safetensors") for name in os.listdir(folder))


# What a person would type uses the built-in model; where only the plumbing counts, the test card.
MODEL = "storybook" if storybook_is_here() else "testcard"


# What is used when no model is named.
DEFAULT_MODEL = "storybook"
DEFAULT_MODEL_WITH_PICTURE = "tableau"


def run(command, timeout=120, text=True, **more):
    """stdout, stderr, status."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout, **more)
    err = done.stderr.decode("utf-8", "replace")
    return (done.stdout.decode("utf-8", "replace") if text else done.stdout), err, done.returncode


def ffmpeg(graph, *output, **more):
    """Runs one filter graph; output defaults to frame digests on stdout."""
    before = list(more.pop("options", []))
    return run(FFMPEG + before + ["-filter_complex", graph] + list(output or ["-f", "framemd5", "-"]), **more)


def digests(framemd5):
    return [line.split(",")[-1].strip() for line in framemd5.splitlines() if line and not line.startswith("#")]


def probe(path, *entries):
    """{key: value} of the first video stream, frames counted."""
    out, err, status = run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                            "stream=" + ",".join(entries or ("nb_read_frames",)), "-of", "default=nw=1", path])
    if status:
        raise AssertionError(err)
    return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)


def ffmpeg_version():
    out, _, _ = run(["ffmpeg", "-version"])
    return tuple(int(part) for part in re.match(r"ffmpeg version n?(\d+)\.(\d+)", out).groups())


def plane_bytes(format_name, size=SIZE):
    sample, across, down = FORMATS[format_name]
    return [size[0] * size[1] * sample] + 2 * [(size[0] // across) * (size[1] // down) * sample]


def slack():
    """What the limits on time are multiplied by: 1 on a machine that has a core free for us."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


class MediaTest(unittest.TestCase):
    """A folder of its own for each test, and the checks used everywhere."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="media-", dir=BUILD)
        self.addCleanup(shutil.rmtree, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def ok(self, result):
        out, err, status = result
        self.assertEqual(status, 0, err)
        return out, err

    def frames(self, path, count):
        self.assertEqual(probe(path)["nb_read_frames"], str(count))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def prepare():
    """Skips without ffmpeg; builds the overlay if it is older than its sources."""
    if not shutil.which("ffmpeg") or not shutil.which("ffprobe"):
        print("skipped: no ffmpeg")
        sys.exit(77)
    if not os.path.exists(os.path.join(BUILD, "engine", "libzoetrope.so.0")):
        sys.exit(f"expected a built tree in {BUILD} (ZT_BUILD), got none")
    built = subprocess.run([os.path.join(SOURCE, "filters", "ffmpeg", "build-overlay"), OVERLAY],
                           stdin=subprocess.DEVNULL)
    if built.returncode:
        sys.exit("the overlay could not be built; its message is above")


def main():
    prepare()
    unittest.main(verbosity=2)
