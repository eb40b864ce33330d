# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens while frames are being made: prompts change, sources work side by side, progress is told,
Ctrl-C and closing end it at once; and the other program of the house, mpv."""
import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from ffmpeg_common import FFMPEG, MODEL, ZT_ENV, MediaTest, digests, ffmpeg, main, run, slack

CARD = "t2vsrc=model=testcard:prompt="


class Commands(MediaTest):
    def send(self, *commands, frames=96, extra=""):
        """The log, and the metadata of each chunk as {first frame: (prompt, seed)}."""
        pathlib.Path(self.path("cmds.txt")).write_text("\n".join(commands) + "\n")
        out = self.path("m.txt")
        _, err = self.ok(ffmpeg(f"{CARD}'a red fox':metadata_prompt=1:frames={frames}{extra},sendcmd=f={self.path('cmds.txt')},"
                                f"metadata=print:file={out}", "-f", "null", "-", options=["-v", "verbose"]))
        chunks = {}
        for block in re.split(r"(?=^frame:)", pathlib.Path(out).read_text(), flags=re.M)[1:]:
            if "zoetrope.chunk" in block:
                chunks[int(re.match(r"frame:(\d+)", block).group(1))] = (
                    re.search(r"zoetrope\.prompt=(.*)", block).group(1), re.search(r"zoetrope\.seed=(.*)", block).group(1))
        return err, chunks

    def test_new_prompt_from_the_next_chunk_on(self):
        err, chunks = self.send("1.0 t2vsrc prompt 'a blue fox, running';")
        told = int(re.search(r"prompt: new value from frame (\d+) on", err).group(1))
        self.assertIn(f"frame={told}", err)        # the answer that a controller reads
        self.assertGreater(told, 24)
        self.assertLessEqual(told, 25 + 3 * 12)    # frame 25 is next; what is made and in the making still plays
        for first, (prompt, _) in chunks.items():
            self.assertEqual(prompt, "a blue fox, running" if first >= told else "a red fox", first)

    def test_too_late_is_said(self):
        # At the speed of playing, so that the worker has seen the end by then.
        err, chunks = self.send("0.9 t2vsrc prompt 'a blue fox';", frames=24, extra=",realtime")
        self.assertIn("prompt: the last chunk has begun, the new value changes nothing", err)
        self.assertIn("frame=-1", err)
        self.assertEqual({prompt for prompt, _ in chunks.values()}, {"a red fox"})

    def test_other_options_and_refusals(self):
        err, chunks = self.send("0.5 t2vsrc seed 7;", "0.6 t2vsrc guidance loud;", "0.7 t2vsrc steps 3;", "0.8 t2vsrc prompt '';",
                                "0.9 t2vsrc guidance 2.5;")
        self.assertRegex(err, r"seed: new value from frame \d+ on")
        self.assertRegex(err, r"guidance: expected .*got \"loud\"")
        self.assertNotIn("steps: new value", err)
        self.assertIn("steps: expected one of prompt, negative_prompt, seed, guidance (what can change while the source runs), "
                      "got an option that cannot", err)
        self.assertNotIn("prompt: new value", err)
        self.assertRegex(err, r"guidance: new value from frame \d+ on")
        self.assertEqual({prompt for prompt, _ in chunks.values()}, {"a red fox"})
        self.assertEqual([seed for _, seed in chunks.values()][0], "0")
        self.assertEqual([seed for _, seed in chunks.values()][-1], "7")


class ZmqClient:
    """One request at a time to FFmpeg's filter zmq, by the system's libzmq."""

    def __init__(self, address):
        self.library = ctypes.CDLL("libzmq.so.5")
        for name in ("zmq_ctx_new", "zmq_socket"):
            getattr(self.library, name).restype = ctypes.c_void_p
        self.context = ctypes.c_void_p(self.library.zmq_ctx_new())
        self.socket = ctypes.c_void_p(self.library.zmq_socket(self.context, 3))                           # ZMQ_REQ
        for option, milliseconds in ((27, 60000), (17, 0)):                                               # ZMQ_RCVTIMEO, ZMQ_LINGER
            self.library.zmq_setsockopt(self.socket, option, ctypes.byref(ctypes.c_int(milliseconds)), ctypes.c_size_t(4))
        self.library.zmq_connect(self.socket, address.encode())

    def ask(self, command):
        answer = ctypes.create_string_buffer(1024)
        self.library.zmq_send(self.socket, command.encode(), ctypes.c_size_t(len(command.encode())), 0)
        size = self.library.zmq_recv(self.socket, answer, ctypes.c_size_t(1024), 0)
        return answer.raw[:max(size, 0)].decode()

    def close(self):
        self.library.zmq_close(self.socket)
        self.library.zmq_ctx_term(self.context)


def zmq_is_here():
    try:
        ctypes.CDLL("libzmq.so.5")
    except OSError:
        return False
    return " zmq " in run(["ffmpeg", "-hide_banner", "-filters"])[0]


@unittest.skipUnless(zmq_is_here(), "no zmq in this ffmpeg")
class Zmq(MediaTest):
    def test_prompt_over_the_network(self):
        address = "ipc://" + self.path("zmq")
        player = subprocess.Popen(FFMPEG + ["-filter_complex", f"{CARD}'a red fox':metadata_prompt=1:frames=-1,zmq=bind_address={address.replace(':', chr(92) * 2 + ':')},"
                                            f"metadata=print:file={self.path('m.txt')},realtime", "-f", "null", "-"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        client = ZmqClient(address)
        try:
            answer = client.ask("t2vsrc prompt 'a blue fox'")
            self.assertRegex(answer, r"^0 Success\nframe=\d+$")
            told = int(answer.rsplit("=")[1])
            # What is refused says why, and the source lives on.
            self.assertRegex(client.ask("t2vsrc guidance loud"), r'^22 Invalid argument\nguidance: expected .*, got "loud"$')
            runtime = r"expected one of prompt, negative_prompt, seed, guidance \(what can change while the source runs\), got "
            self.assertRegex(client.ask("t2vsrc steps 3"), "^22 Invalid argument\nsteps: " + runtime + "an option that cannot$")
            self.assertRegex(client.ask("t2vsrc promt x"), "^38 Function not implemented\npromt: " + runtime + "another name$")
            for name in ("prompt", "negative_prompt"):      # zmq cuts it at the first blank
                self.assertRegex(client.ask(f"t2vsrc {name} a green fox"), rf'^22 Invalid argument\n{name}: expected more than one word, got "a"; '
                                 rf"zmq ends a value at the first blank: {name} 'a blue fox', or {name} 'fox ' for a single word$")
            later = told
            while later < told + 48:        # what answers so has given frame `told` long ago
                later = int(re.search(r"frame=(\d+)", client.ask("t2vsrc seed 7")).group(1))
            single = 0
            for text in ("'whale '", "一只红色的狐狸"):
                from_here = int(re.match(r"0 Success\nframe=(\d+)$", client.ask("t2vsrc prompt " + text)).group(1))
                single = single or from_here
                while later < from_here + 48:
                    later = int(re.search(r"frame=(\d+)", client.ask("t2vsrc seed 7")).group(1))
        finally:
            client.close()
            player.send_signal(signal.SIGINT)
            player.wait(timeout=60)
        chunks = re.findall(r"^frame:(\d+)(?:(?!^frame:)[\s\S])*?zoetrope\.prompt=(.*)", pathlib.Path(self.path("m.txt")).read_text(), flags=re.M)
        self.assertIn((str(told), "a blue fox"), chunks)
        self.assertIn("whale ", [prompt for _, prompt in chunks])
        self.assertIn("一只红色的狐狸", [prompt for _, prompt in chunks])
        chunks = [chunk for chunk in chunks if int(chunk[0]) < single]
        for first, prompt in chunks:
            self.assertEqual(prompt, "a blue fox" if int(first) >= told else "a red fox", first)


class Work(MediaTest):
    @unittest.skipIf(len(os.sched_getaffinity(0)) < 2, "one core: they take turns")
    def test_two_sources_work_at_the_same_time(self):
        slow = CARD + "{}:frames=24:engine_opts=delay_ms=1000"
        begun = time.monotonic()
        self.ok(ffmpeg(slow.format("a")))
        alone = time.monotonic() - begun
        begun = time.monotonic()
        out, _ = self.ok(ffmpeg(f"{slow.format('a')}[a];{slow.format('b')}[b];[a][b]hstack"))
        both = time.monotonic() - begun
        self.assertEqual(len(digests(out)), 24)
        self.assertGreater(alone, 2.0)
        self.assertLess(both, 1.5 * alone)

    # "denoise 3/8, 24 frames done, 2 s left"; a stage of one step is only named.
    STAGE = r"\] (load|text|picture|denoise|decode|wait)( \d+/([2-9]|\d\d+))?, \d+ frames done(, \d+ s left)?$"

    def longest_silence(self, graph=CARD + "x:frames=24:engine_opts=delay_ms=3500"):
        """Seconds, between two lines of the filter, from its first to its last; and those lines."""
        command = FFMPEG + ["-filter_complex", graph, "-f", "null", "-"]
        spoken = []
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            for line in process.stderr:
                if "t2vsrc_0" in line:
                    spoken.append((time.monotonic(), line))
        self.assertEqual(process.returncode, 0)
        times = [at for at, _ in spoken]
        return max(b - a for a, b in zip(times, times[1:])), [line for _, line in spoken]

    def test_progress_is_told_every_two_seconds(self):
        silence, lines = self.longest_silence()
        self.assertGreaterEqual(len([line for line in lines if re.search(r"\] denoise, \d+ frames done", line)]), 2, lines)
        for _ in range(2):          # a machine that is busy elsewhere is no fault of ours
            if silence >= 2.5 * slack():
                silence, lines = self.longest_silence()
        self.assertLess(silence, 2.5 * slack(), lines)

    def test_progress_names_the_stage(self):
        for graph in (CARD + "x:frames=24:engine_opts=delay_ms=2500", f"t2vsrc=model={MODEL}:prompt='a red fox':frames=480"):
            begun = time.monotonic()
            _, lines = self.longest_silence(graph)
            told = [line for line in lines if " frames done" in line]
            self.assertTrue(told, lines)
            for line in told:
                self.assertRegex(line.rstrip(), self.STAGE)
            self.assertLessEqual(len(told), (time.monotonic() - begun) / 2)

    def interrupt(self, command, after, sign):
        """Seconds from SIGINT to the end, and the log."""
        with open(self.path("log"), "w+") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and sign not in pathlib.Path(self.path("log")).read_text():
                time.sleep(0.02)
            time.sleep(after)
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            status = process.wait(timeout=30)
            return time.monotonic() - begun, status, pathlib.Path(self.path("log")).read_text()

    def test_interrupt_ends_within_a_second(self):
        out = self.path("out.mkv")
        for graph in (f"t2vsrc=model={MODEL}:prompt=x:frames=-1", CARD + "x:frames=-1:engine_opts=delay_ms=400"):
            fastest = 100.0
            for _ in range(3):
                seconds, status, log = self.interrupt(FFMPEG + ["-filter_complex", graph, "-c:v", "libx264", "-preset", "ultrafast", out],
                                                      1.5, "endless, seed 0")
                self.assertEqual(status, 255, log)
                self.assertIn("Exiting normally", log)
                fastest = min(fastest, seconds)
                if fastest < 1.0 * slack():
                    break
            self.assertLess(fastest, 1.0 * slack(), log)

    def test_memory_stays_flat_when_endless(self):
        peaks = []
        for count in (240, 2400):
            _, err = self.ok(run(ZT_ENV + ["ffmpeg", "-hide_banner", "-nostdin", "-benchmark", "-filter_complex",
                                           CARD + f"x:frames=-1,trim=end_frame={count}", "-f", "null", "-"]))
            peaks.append(int(re.search(r"maxrss=(\d+)", err).group(1)))
        self.assertLess(peaks[1] - peaks[0], 8 * 1024, peaks)


@unittest.skipUnless(shutil.which("mpv"), "no mpv")
class Mpv(MediaTest):
    PLAY = ZT_ENV + ["mpv", "--no-config", "--no-terminal"]

    def test_plays_to_the_end(self):
        log = self.path("log")
        self.ok(run(self.PLAY + ["--vo=null", "--ao=null", "--untimed", "--log-file=" + log, f"av://lavfi:t2vsrc=model={MODEL}:prompt='a red fox, snow':frames=32"]))
        self.assertIn("finished playback, success (reason 0)", pathlib.Path(log).read_text())

    def test_encodes(self):
        out = self.path("o.mp4")
        self.ok(run(self.PLAY + [f"av://lavfi:t2vsrc=model={MODEL}:prompt='a red fox, snow':frames=32", "--o=" + out, "--ovc=libx264"]))
        self.frames(out, 32)


@unittest.skipUnless(MODEL == "storybook", "the built-in model is not in the tree")
class Storybook(MediaTest):
    def test_prompt_decides_and_seed_decides(self):
        fox, other_seed, other_prompt, chinese = (tuple(digests(self.ok(ffmpeg("t2vsrc=" + graph))[0])) for graph in (
            "prompt='a red fox':frames=12", "prompt='a red fox':frames=12:seed=1", "prompt='a blue bird':frames=12", "prompt='一只红色的狐狸':frames=12"))
        self.assertEqual(len({fox, other_seed, other_prompt}), 3)
        self.assertEqual(chinese, fox)      # the same said in another language

    def test_locale_and_home_do_not_matter(self):
        plain = digests(self.ok(ffmpeg("t2vsrc=prompt=fox:rate=23.976:duration=0.5"))[0])
        env = {k: v for k, v in os.environ.items() if k not in ("HOME", "XDG_CACHE_HOME")}
        env["LC_ALL"] = "de_DE.UTF-8"
        self.assertEqual(digests(self.ok(ffmpeg("t2vsrc=prompt=fox:rate=23.976:duration=0.5", env=env))[0]), plain)


if __name__ == "__main__":
    main()
