# SPDX-License-Identifier: LGPL-2.1-or-later
"""The clip cache through stock programs: what is read is what was made, by whichever of them; two at once make a clip once;
what is killed leaves nothing that is taken for a clip."""
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import ffmpeg_common as common

PROMPT = "a red fox runs through the snow"
RANDOM = random.Random(int(os.environ.get("ZT_TEST_SEED", "7")))
failures = []


def check(what, good, more=""):
    print(f"{'ok' if good else 'FAILED'}: {what}{'' if good else ' ' + str(more)[-600:]}", flush=True)
    if not good:
        failures.append(what)


class Folder:
    """A cache of its own."""

    def __init__(self, top):
        self.path = pathlib.Path(tempfile.mkdtemp(dir=top))
        self.env = {**os.environ, "ZOETROPE_CACHE": str(self.path)}

    def clips(self):
        return sorted(self.path.glob("*.clip"))

    def parts(self):
        return sorted(self.path.glob("*.part"))


def source(**options):
    values = {"prompt": f"'{PROMPT}'", "frames": 48, "size": "256x144", **options}
    return "t2vsrc=" + ":".join(f"{name}={value}" for name, value in values.items())


def frames(folder, graph, env=None, options=("-v", "verbose"), output=("-f", "framemd5", "-")):
    """The digests of all frames, and the log."""
    out, log, status = common.run(common.FFMPEG + list(options) + ["-filter_complex", graph, *output], env=env or folder.env, timeout=300)
    lines = [line.rsplit(",", 1)[1].strip() for line in out.splitlines() if line and not line.startswith("#")]
    return (lines if status == 0 else [f"status {status}"]), log


def was_read(log):
    return "were made before" in log


def same_frames(top):
    folder = Folder(top)
    plain, log = frames(folder, source(cache="off"))
    check("cache=off keeps nothing", len(plain) == 48 and not folder.clips() and not was_read(log), log)
    made, log = frames(folder, source())
    check("the first run makes the clip and keeps it", made == plain and len(folder.clips()) == 1 and not was_read(log) and not folder.parts(), log)
    read, log = frames(folder, source())
    check("the second run reads it: the same frames", read == plain and was_read(log), log)
    for start in (1, 20, 47):
        seek, log = frames(folder, source() + f",trim=start_frame={start}")
        check(f"from frame {start} on", seek == plain[start:], log)
    other, log = frames(folder, source(seed=1))
    check("another seed is another clip", other != plain and not was_read(log) and len(folder.clips()) == 2, log)
    drawn, log = frames(folder, source(seed=-1))
    check("a drawn seed is not kept", len(folder.clips()) == 2, log)
    for form in ("yuv444p10le", "gbrp", "rgb24"):
        first, _ = frames(folder, source() + f",format={form}")
        second, log = frames(folder, source() + f",format={form}")
        check(f"{form}", first == second and len(first) == 48 and was_read(log), log)


def same_sound(top):
    folder = Folder(top)
    graph = source(model="testcard", sound=1, cache="on", frames=50, rate="24000/1001") + "[v][a]"
    output = ("-map", "[v]", "-map", "[a]", "-c:a", "pcm_s16le", "-f", "framemd5", "-")
    made, log = frames(folder, graph, output=output)
    read, log = frames(folder, graph, output=output)
    check("pictures and sound are read as they were made", len(made) > 50 and made == read and was_read(log), log)


def every_door(top):
    """ffmpeg makes it, GStreamer and the CLI read it."""
    folder = Folder(top)
    made, _ = frames(folder, source())
    raw = folder.path / "raw.yuv"
    gst = common.ZT_ENV + ["gst-launch-1.0", "-q", "t2vsrc", f"prompt={PROMPT}", "frames=48", "!",
                           "video/x-raw,format=I420,width=256,height=144", "!", "filesink", f"location={raw}"]
    _, log, status = common.run(gst, env=folder.env, timeout=300)
    check("GStreamer reads what ffmpeg made", status == 0 and len(folder.clips()) == 1 and raw.stat().st_size == 48 * 256 * 144 * 3 // 2, log)
    y4m = folder.path / "fox.y4m"
    _, log, status = common.run(common.ZT_ENV + ["zoetrope", "generate", PROMPT, "--frames", "48", "--size", "256x144", "-o", str(y4m)], env=folder.env, timeout=300)
    check("the CLI too", status == 0 and len(folder.clips()) == 1, log)
    back, log, _ = common.run(common.FFMPEG + ["-v", "error", "-i", str(y4m), "-f", "framemd5", "-"])
    check("and it is the same", [line.rsplit(",", 1)[1].strip() for line in back.splitlines() if not line.startswith("#")] == made, log)


def storyboards(top):
    folder = Folder(top)
    board = folder.path / "shots.srt"

    def write(*prompts):
        board.write_text("".join(f"{i + 1}\n00:00:0{i},000 --> 00:00:0{i + 1},000\n{p}\n\n" for i, p in enumerate(prompts)))

    def play():
        return frames(folder, f"t2vsrc=storyboard={board}:size=256x144:rate=24")

    write("a red fox runs", "a cat sits", "a dog jumps")
    made, _ = play()
    check("three shots are three clips", len(made) == 72 and len(folder.clips()) == 3, made)
    read, log = play()
    check("all are read", read == made and log.count("were made before") == 3, log)
    write("a red fox runs", "a cat sits", "a dog sleeps")
    changed, log = play()
    check("a changed last cue leaves the first two", changed[:48] == made[:48] and changed[48:] != made[48:] and
          log.count("were made before") == 2 and len(folder.clips()) == 4, log)


def two_processes(top):
    """A slow clip, asked for by two at once: the frames are made by one of them."""
    folder = Folder(top)
    command = common.FFMPEG + ["-v", "verbose", "-filter_complex", source(frames=120, size="640x360"), "-f", "framemd5", "-"]
    both = [subprocess.Popen(command, env=folder.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(1)]
    limit = time.monotonic() + 60
    while not folder.parts() and time.monotonic() < limit:
        time.sleep(0.01)
    both.append(subprocess.Popen(command, env=folder.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    results = [process.communicate(timeout=300) for process in both]
    check("two processes give the same frames", results[0][0] == results[1][0] and results[0][0].count("\n") > 120, results[0][1])
    check("one of them read along", sum(was_read(log) for _, log in results) == 1 and "made anew" not in results[1][1], results[1][1])
    check("one clip is there", len(folder.clips()) == 1 and not folder.parts())


def killed(top, times):
    """kill -9 at any moment: nothing that is read afterwards is wrong."""
    folder = Folder(top)
    wanted, _ = frames(folder, source(cache="off", frames=24))
    command = common.FFMPEG + ["-v", "error", "-filter_complex", source(frames=24), "-f", "framemd5", "-"]
    bad, began, heads = 0, 0, 0
    for _ in range(times):
        process = subprocess.Popen(command, env=folder.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        limit = time.monotonic() + 20
        while not folder.parts() and not folder.clips() and time.monotonic() < limit:
            time.sleep(0.005)
        time.sleep(RANDOM.uniform(0, 0.4))
        began += bool(folder.parts())
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        heads += bool(folder.parts())
        read, log = frames(folder, source(frames=24))  # the whole clip where it was quicker, else the frames before its death
        bad += read != wanted
        for file in folder.clips() + folder.parts():
            file.unlink()
    check(f"killed {times} times, {began} of them while writing: no wrong frame", bad == 0 and heads > times // 4, (bad, began, heads, log))


def stopped_early(top):
    """What was made until the host stopped is read the next time, and goes on from there."""
    folder = Folder(top)
    wanted, _ = frames(folder, source(cache="off", frames=240))
    short = source(frames=240) + ",trim=end_frame=30"
    made, log = frames(folder, short)
    check("who stops early keeps a beginning", made == wanted[:30] and len(folder.parts()) == 1 and not folder.clips() and not was_read(log), log)
    read, log = frames(folder, short)
    check("which is read", read == made and was_read(log) and "made anew" not in log, log)
    out, _, status = common.run(common.ZT_ENV + ["zoetrope", "cache", "verify"], env=folder.env)
    check("and verified", status == 0 and "1 clips are whole, 0" in out, out)
    out, _, status = common.run(common.ZT_ENV + ["zoetrope", "cache", "list"], env=folder.env)
    check("and listed as one", status == 0 and "the first of 240 frames" in out, out)
    read, log = frames(folder, source(frames=240))
    check("and gone on from", read == wanted and was_read(log) and len(folder.clips()) == 1 and not folder.parts(), log)


def programs(top):
    folder = Folder(top)
    frames(folder, source(frames=24))

    def zoetrope(*arguments):
        return common.run(common.ZT_ENV + ["zoetrope", "cache", *arguments], env=folder.env)

    out, _, status = zoetrope("list")
    check("cache list tells what is there", status == 0 and PROMPT in out and "24 frames of 256x144" in out and "storybook" in out, out)
    out, _, status = zoetrope("verify")
    check("cache verify finds it whole", status == 0 and "1 clips are whole, 0" in out, out)
    clip = folder.clips()[0]
    content = bytearray(clip.read_bytes())
    content[len(content) // 2] ^= 0xFF
    clip.write_bytes(content)
    out, _, status = zoetrope("verify")
    check("and a damaged one damaged", status == 1 and not folder.clips(), out)
    frames(folder, source(frames=24))
    out, _, status = zoetrope("clear", "nothex")
    check("a wrong key is an error", status == 1 and len(folder.clips()) == 1, out)
    out, _, status = zoetrope("clear")
    check("cache clear removes it", status == 0 and not folder.clips(), out)
    _, log, status = zoetrope("wipe")
    check("a wrong word is told", status == 2 and "cache: expected list, clear or verify, got" in log, log)
    small = {**folder.env, "ZOETROPE_CACHE_SIZE": "1K"}
    _, log = frames(folder, source(frames=24), env=small)
    check("a clip larger than the cache is not kept", not folder.clips() and "larger than ZOETROPE_CACHE_SIZE" in log, log)
    _, log = frames(folder, source(frames=24), env={**folder.env, "ZOETROPE_CACHE_SIZE": "much"})
    check("a wrong size is told", "ZOETROPE_CACHE_SIZE: expected" in log, log)
    locked = {**folder.env, "ZOETROPE_CACHE": "/proc/nowhere"}
    made, log = frames(folder, source(frames=24), env=locked)
    check("a folder that cannot be made is a warning", len(made) == 24 and "not kept" in log, log)
    made, log = frames(folder, source(frames=24, cache="on"), env=locked)
    check("and with cache=on an error", made[0].startswith("status") and "cache: expected a folder to write to" in log, log)


def main():
    top = tempfile.mkdtemp(prefix="cache-", dir=os.environ.get("ZT_BUILD", "."))
    tests = dict(frames=same_frames, sound=same_sound, doors=every_door, storyboards=storyboards, processes=two_processes,
                 stopped=stopped_early, killed=lambda folder: killed(folder, int(os.environ.get("ZT_KILLS", "12"))), programs=programs)
    try:
        for name in sys.argv[1:] or tests:
            tests[name](top)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    sys.exit(1 if failures else 0)


main()
