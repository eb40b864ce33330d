# SPDX-License-Identifier: LGPL-2.1-or-later
"""OBS Studio with the Media Source that docs/recipes.md shows: what it records is the engine's clip, colours and all.

OBS runs on a display that no one sees (Xvfb), with settings of its own in a folder of the test. Skips (77) without them."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import unittest

from ffmpeg_common import SOURCE, ZT_ENV, MediaTest, ffmpeg, main, run, storybook_is_here

PAGE = pathlib.Path(SOURCE, "docs", "recipes.md").read_text()
GRAPH = re.search(r"\| \*Input\* \| `([^`]*)`", PAGE).group(1)
FORMAT = re.search(r"\| \*Input Format\* \| `([^`]*)`", PAGE).group(1)
FRAME = 512 * 288 * 3
SETTINGS = """[General]
Name=Test
[Output]
Mode=Simple
[SimpleOutput]
FilePath={folder}
RecQuality=Lossless
[Video]
BaseCX=512
BaseCY=288
OutputCX=512
OutputCY=288
FPSType=1
FPSInt=24
ColorFormat=I444
ColorSpace=709
ColorRange=Partial
"""
PROGRAM = """[General]
FirstRun=true
[Basic]
Profile=Test
ProfileDir=Test
SceneCollection=Test
SceneCollectionFile=Test
"""


def scenes(graph):
    source = {"id": "ffmpeg_source", "versioned_id": "ffmpeg_source", "name": "Media", "enabled": True,
              "settings": {"is_local_file": False, "input": graph, "input_format": FORMAT, "hw_decode": False}}
    scene = {"id": "scene", "name": "Scene", "settings": {"id_counter": 1, "items": [
        {"name": "Media", "id": 1, "visible": True, "pos": {"x": 0, "y": 0}, "scale": {"x": 1, "y": 1}, "align": 5, "bounds_type": 0}]}}
    return json.dumps({"name": "Test", "current_scene": "Scene", "current_program_scene": "Scene", "scene_order": [{"name": "Scene"}],
                       "sources": [source, scene]})


class Obs(MediaTest):
    def display(self):
        """The number of a display that no one sees."""
        read, write = os.pipe()
        server = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x720x24", "-nolisten", "tcp"], pass_fds=[write],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(write)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        with os.fdopen(read) as answer:
            return answer.readline().strip()

    def record(self, graph):
        """A second of a recording as RGB frames, the first in which the picture moves: OBS starts to record before the
        source is there."""
        home = pathlib.Path(self.path("obs-studio"))
        profile = home / "basic" / "profiles" / "Test"
        profile.mkdir(parents=True)
        (home / "basic" / "scenes").mkdir()
        for name, text in ((home / "global.ini", PROGRAM), (profile / "basic.ini", SETTINGS.format(folder=self.folder)),
                           (home / "basic" / "scenes" / "Test.json", scenes(graph))):
            name.write_text(text)
        program = subprocess.Popen(
            ZT_ENV + ["obs", "--multi", "--startrecording", "--disable-updater"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, DISPLAY=":" + self.display(), XDG_CONFIG_HOME=self.folder, XDG_RUNTIME_DIR=self.folder,
                     QT_QPA_PLATFORM="xcb", LIBGL_ALWAYS_SOFTWARE="1"))
        self.addCleanup(program.wait)
        self.addCleanup(program.kill)
        deadline, second = time.monotonic() + 90, 2
        while time.monotonic() < deadline:
            for file in pathlib.Path(self.folder).glob("*.avi"):
                out, _, _ = run(["ffmpeg", "-v", "quiet", "-nostdin", "-ss", str(second), "-i", str(file), "-frames:v", "24", "-pix_fmt", "rgb24",
                                 "-f", "rawvideo", "-"], text=False)
                if len(out) == 24 * FRAME:
                    second += 1
                    frames = [out[n:n + FRAME] for n in range(0, len(out), FRAME)]
                    if len(set(frames)) > 8:
                        return frames
            time.sleep(0.5)
        self.fail("OBS recorded no second in which the picture moves")

    def nearest(self, shown, graph):
        """The mean difference of the engine's frame that is nearest, over every seventh sample."""
        ours, _ = self.ok(ffmpeg(graph, "-frames:v", "480", "-f", "rawvideo", "-", text=False))
        self.assertEqual(len(ours), 480 * FRAME)
        return min(sum(abs(a - b) for a, b in zip(shown, ours[n:n + FRAME:7])) / len(shown) for n in range(0, len(ours), FRAME))

    def test_media_source_records_our_frames(self):
        shown = self.record(GRAPH)[-1][::7]
        graph = GRAPH.replace(",realtime", "")
        near, guessed = self.nearest(shown, graph), self.nearest(
            shown, graph.replace("rgb24", "yuv444p,setparams=colorspace=bt470bg,scale=in_color_matrix=bt601,format=rgb24"))
        print(f"mean difference {near:.2f}; had the matrix been guessed {guessed:.2f}")
        self.assertLess(near, 1.0)
        self.assertGreater(guessed, 3 * near)


if __name__ == "__main__":
    if not (shutil.which("obs") and shutil.which("Xvfb") and storybook_is_here()):
        print("skipped: no obs, no Xvfb or no built-in model")
        sys.exit(77)
    main()
