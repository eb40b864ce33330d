# SPDX-License-Identifier: LGPL-2.1-or-later
"""`zoetrope launch` through the stock ffmpeg on tiny seeded models: what happens without other ranks, when a rank dies, stalls or is another one, and when
strangers knock. What ranks make together is compared in ranks_split_test.py.

    ranks_test.py ENGINE [GROUP]...     groups: alone faults stall strangers machines ends; all without"""
import contextlib
import hmac
import os
import pathlib
import random
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

import oracle
import ranks_machines
import wan_oracle

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "media"))
import ffmpeg_common as common  # noqa: E402, beside the tests of the filters

CHOSEN = sys.argv[2:]
ENV = str(pathlib.Path(common.SOURCE, "tools", "zt-env"))
SEED = int(os.environ.get("ZT_TEST_SEED", "5"))
RANDOM = random.Random(SEED)
SECRET = "a secret of this test"
LONG = dict(frames="33", steps="400")      # at work for longer than any test of a fault
report = oracle.Report()


def source(model, **more):
    options = dict(model=model, prompt="'a red fox runs'", size="64x48", frames="9", steps="3", seed="3", cpu_threads="1", precision="fp32")
    return "t2vsrc=" + ":".join(f"{k}={v}" for k, v in {**options, **more}.items()) + ",format=gbrp16le"


def ffmpeg(graph, *output):
    return ["ffmpeg", "-hide_banner", "-nostdin", "-y", "-nostats", "-v", "verbose", "-filter_complex", graph, *(output or ("-f", "rawvideo", "-"))]


def launched(n, command, *more):
    return [ENV, *(["zoetrope", "launch", "--timeout", "30", *more, "-n", str(n), "--"] if n else []), *command]


def environment(**more):
    return {**os.environ, "ZOETROPE_CACHE": "off", "OMP_NUM_THREADS": "1", **more}


def soon(seconds=2):
    """A limit on time: on a machine that has cores free for us, and more where it has not."""
    return seconds * common.slack()


def clip(n, model, **more):
    raw, log, status = common.run(launched(n, ffmpeg(source(model, **more))), text=False, env=environment(), timeout=240)
    return np.frombuffer(raw, dtype="<u2").astype(np.float64) / 65535 if status == 0 else None, log


def used(command, seconds=4):
    """The sockets that a program has open while it runs so long, and how many threads it has for most of that time."""
    running = subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL)
    sockets, threads, end = set(), [], time.monotonic() + seconds
    while time.monotonic() < end and running.poll() is None:
        for link in pathlib.Path(f"/proc/{running.pid}/fd").glob("*"):
            with contextlib.suppress(OSError):
                sockets |= {os.readlink(link)} if os.readlink(link).startswith("socket:") else set()
        with contextlib.suppress(OSError):
            threads.append(len(os.listdir(f"/proc/{running.pid}/task")))
        time.sleep(0.01)
    running.kill()
    running.wait()
    return sockets, statistics.mode(threads)


def alone(models):
    """Without launch, and with one rank: no socket, no thread more, the same bytes."""
    one, log = clip(0, models["t2v"])
    with_one, log = clip(1, models["t2v"])
    report.check("launch -n 1: the same bytes, no rank", np.array_equal(one, with_one) and "ranks:" not in log, log[-300:])
    without, threads = used(launched(0, ffmpeg(source(models["t2v"], **LONG), "-f", "null", "-")))
    sockets, threads_of_one = used(launched(1, ffmpeg(source(models["t2v"], **LONG), "-f", "null", "-")))
    report.check("launch -n 1: no socket", not sockets and not without, sockets)
    report.check("launch -n 1: no thread more", threads == threads_of_one and threads > 1, f"{threads_of_one}, without launch {threads}")
    for graph in ("t2vsrc=prompt=x:model=testcard:frames=5", "t2vsrc=prompt='a red fox':frames=5"):
        _, log, status = common.run(launched(2, ffmpeg(graph, "-f", "null", "-")), env=environment(), timeout=60)
        report.check(f"{graph}: rank 0 makes it alone", status == 0 and "ranks:" not in log, log[-300:])


# ---- Faults ----------------------------------------------------------------------------------------

def start(n, model, *more, **options):
    return subprocess.Popen(launched(n, ffmpeg(source(model, **{**LONG, **options}), "-f", "null", "-"), *more), env=environment(), stderr=subprocess.PIPE,
                            text=True, start_new_session=True)


def ranks_below(running):
    """{rank: process} of the launcher's children; rank 0 is the program."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, KeyError, ValueError):
            parent = int((path / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent != running.pid:
                continue
            variables = dict(v.split("=", 1) for v in (path / "environ").read_text().split("\0") if "=" in v)
            found[int(variables["ZOETROPE_RANKS"].split("/")[0])] = int(path.name)
    return found


def at_work(running, n, seconds=30):
    end = time.monotonic() + seconds
    while len(ranks_below(running)) < n and time.monotonic() < end:
        time.sleep(0.01)
    return ranks_below(running)


def finish(running, seconds=60):
    """The log, and how long it took; whether anything of it is left."""
    began = time.monotonic()
    try:
        _, log = running.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        return f"{running.communicate()[1]}it hung", seconds, True
    took, left = time.monotonic() - began, True
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, 0)
        return log, took, left
    return log, took, False


def faults(models, times=int(os.environ.get("ZT_KILLS", "6"))):
    for i in range(times):
        victim = i % 3
        running = start(3, models["t2v"], guidance="1")
        there = at_work(running, 3)
        time.sleep(RANDOM.uniform(0, 2.5))
        os.kill(there[victim], signal.SIGKILL)
        log, took, left = finish(running)
        report.check(f"kill -9 of rank {victim}: none of the others ends by a signal", "(signal 13)" not in log, log[-300:])
        said = victim == 0 or f"rank {victim}: expected" in log or "rank " + str(victim) in log
        report.check(f"kill -9 of rank {victim}: all end in less than 5 s, none is left, an error names it", running.returncode != 0 and took < soon(5) and not left and said,
                     f"{took:.1f} s, status {running.returncode}, {left}: {log[-500:]}")
    got, log = clip(3, models["t2v"])
    report.check("the next job starts", got is not None, log[-300:])


def stall(models):
    running = start(3, models["t2v"], "--timeout", "2", guidance="1")
    there = at_work(running, 3)
    while "foreseen" not in running.stderr.readline():          # of rank 0's plan: all have come
        pass
    time.sleep(1)
    os.kill(there[2], signal.SIGSTOP)
    log, took, left = finish(running)
    report.check("a rank that stalls: the time-out, and an error that names it", running.returncode != 0 and took < 2 + soon(5) and not left and
                 "rank 2: no answer for 2 s" in log, f"{took:.1f} s, {left}: {log[-500:]}")


# ---- Strangers -------------------------------------------------------------------------------------

class RankZero:
    """As torchrun would start it, with a port of our choice; who else comes, we decide."""

    def __init__(self, model, size=2, command=None, **options):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.variables = environment(WORLD_SIZE=str(size), ZOETROPE_RANKS_SECRET=SECRET)
        self.model, self.options, self.running = model, options, self.rank(0, command or ffmpeg(source(model, **options), "-f", "null", "-"))

    def rank(self, number, command=("true",), **more):
        return subprocess.Popen([ENV, "zoetrope", "launch", "--timeout", "20", "--address", f"127.0.0.1:{self.port}", "--", *command], start_new_session=True,
                                env={**self.variables, "RANK": str(number), "LOCAL_RANK": str(number), **more}, stderr=subprocess.PIPE, text=True)

    def knock(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with contextlib.suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self.port), timeout=20)
            time.sleep(0.02)
        raise TimeoutError("rank 0 does not listen")


def claim(connection, secret, size=2, build=b"f" * 64):
    """Says it is rank 1, of another build; what rank 0 answers."""
    ours = os.urandom(16)
    connection.sendall(b"ztranks1" + ours)
    theirs = connection.recv(24, socket.MSG_WAITALL)
    said = struct.pack("<ii24s64s", 1, size, b"9.9.9", build)
    proof = hmac.new(secret.encode(), b"other" + theirs[8:] + ours + said, "sha256").hexdigest()
    connection.sendall(said + proof.encode())
    return connection.recv(89, socket.MSG_WAITALL)


def dripping(connections):
    """They greet as a rank does, a byte at a time, until the event that is given is set."""
    stop = threading.Event()

    def drip():
        for byte in b"ztranks1" + bytes(10000):
            for one in connections:
                with contextlib.suppress(OSError):
                    one.send(bytes([byte]))
            if stop.wait(0.2):
                return
    threading.Thread(target=drip, daemon=True).start()
    return stop


def strangers(models):
    zero = RankZero(models["t2v"])
    crowd = [zero.knock() for _ in range(50)]                 # who say nothing, and wait
    for i, one in enumerate(crowd[:20]):                      # or begin a greeting and leave it at that
        one.sendall((b"ztranks1" + os.urandom(16))[:i + 5])
    slow = dripping(crowd[20:30])
    with zero.knock() as noise, contextlib.suppress(ConnectionError):
        noise.sendall(os.urandom(65536))
    with zero.knock() as guess, contextlib.suppress(ConnectionError):
        report.check("who does not know the secret is dropped without a word", claim(guess, "another secret altogether") == b"")
    began = time.monotonic()
    other = zero.rank(1)
    log, _, _ = finish(zero.running)
    took = time.monotonic() - began
    report.check("noise, silence, half a greeting, one byte at a time and a wrong secret: the clip is made within 5 s", zero.running.returncode == 0 and took < soon(5) and
                 "2 ranks; rank 0 sent" in log, f"{took:.1f} s: {log[-500:]}")
    slow.set()
    log, took, _ = finish(other)
    report.check("a rank of another machine ends with rank 0's program", other.returncode == 0 and took < soon(5), log[-300:])
    for one in crowd:
        one.close()

    zero = RankZero(models["t2v"])
    with zero.knock() as connection:
        listening = [line.split()[1] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A" and
                     int(line.split()[1].split(":")[1], 16) == zero.port]
        report.check("rank 0 listens at its address only", listening == [f"0100007F:{zero.port:04X}"], listening)
        answer = claim(connection, SECRET)
        report.check("another build: it is told so", answer[:1] == b"\0", answer)
    log, took, _ = finish(zero.running)
    report.check("another build: rank 0 says so and what to do", zero.running.returncode != 0 and took < soon(5) and "rank 1: expected version" in log and
                 "install the same Zoetrope everywhere" in log, log[-500:])

    zero = RankZero(models["t2v"])
    other = zero.rank(1, ZOETROPE_RANKS_SECRET="another secret altogether")
    log, took, _ = finish(other)
    report.check("a rank with another secret says so", other.returncode == 1 and took < soon(10) and "ZOETROPE_RANKS_SECRET" in log, log[-300:])
    os.killpg(zero.running.pid, signal.SIGKILL)
    finish(zero.running)

    with socket.create_server(("127.0.0.1", 0)) as impostor:   # somebody else is where rank 0 should be
        at = f"127.0.0.1:{impostor.getsockname()[1]}"
        words = [ENV, "zoetrope", "launch", "--address", at, "--", "true"]
        _, log, status = common.run(words, env={**zero.variables, "RANK": "0"}, timeout=30)
        report.check("rank 0's port is in use: said at once", status == 1 and f"expected {at} to be free" in log and log.count("\n") == 1, log)
        other = subprocess.Popen(words, env={**zero.variables, "RANK": "1"}, stderr=subprocess.PIPE, text=True, start_new_session=True)
        for _ in range(4):                                      # it believes so after a few tries, for a crowd may push it out
            with impostor.accept()[0] as line, contextlib.suppress(ConnectionError):
                line.recv(24, socket.MSG_WAITALL)
                line.sendall(b"ztranks1" + os.urandom(16))
                line.recv(160, socket.MSG_WAITALL)
                line.sendall(b"\1" + os.urandom(88))
            with contextlib.suppress(subprocess.TimeoutExpired):
                other.wait(0.5)
                break
        log, took, _ = finish(other)
        report.check("somebody in rank 0's place is not obeyed", other.returncode == 1 and "ZOETROPE_RANKS_SECRET" in log, log[-300:])

    zero = RankZero(models["t2v"], precision="bf16")           # the plan: this rank finds another model under the name
    swap = f"mount --bind {models['t2v_other']} {models['t2v']} && exec {ENV} zoetrope launch --address 127.0.0.1:{zero.port} -- true"
    other = subprocess.Popen(["unshare", "-Urm", "sh", "-c", swap], env={**zero.variables, "RANK": "1"}, stderr=subprocess.PIPE, text=True, start_new_session=True)
    log, took, _ = finish(zero.running)
    theirs, _, _ = finish(other)
    if "unshare" in theirs:
        print("skipped: another model under the same name; there are no namespaces here", flush=True)
        return
    report.check("another model under the same name", zero.running.returncode != 0 and "rank 1: expected model" in log, log[-500:])
    report.check("another model: that rank says it too", other.returncode == 1 and "rank 1: expected model" in theirs, theirs[-300:])


def over(network, models, **options):
    """A clip of two ranks, each on a machine of its own; its log, and whether the other machine's rank ended well."""
    launch = [ENV, "zoetrope", "launch", "--address", f"{ranks_machines.ADDRESSES[0]}:29600", "--"]
    variables = environment(WORLD_SIZE="2", LOCAL_RANK="0", ZOETROPE_RANKS_SECRET=SECRET)
    other = subprocess.Popen(network.inside(1, *launch, "true"), env={**variables, "RANK": "1"}, stderr=subprocess.PIPE, text=True, start_new_session=True)
    raw, log, status = common.run(network.inside(0, *launch, *ffmpeg(source(models["t2v"], **options))), text=False, env={**variables, "RANK": "0"}, timeout=120)
    theirs, _, left = finish(other)
    return raw if status == 0 else None, log + theirs, other.returncode == 0 and not left


def machines(models):
    """Two network namespaces with a cable between them, as two machines: the same clip as on one. A slow cable that loses packets changes time only."""
    if why := ranks_machines.why_not():
        print(f"skipped: two machines; {why}", flush=True)
        return
    here, log = common.run(launched(2, ffmpeg(source(models["t2v"], guidance="1", steps="10"))), text=False, env=environment(), timeout=120)[:2]
    report.check("two ranks on one machine, to compare with", here and "2 ranks; rank 0 sent" in log, log[-400:])
    with ranks_machines.Machines() as network, ranks_machines.quick_cable(network):
        raw, log, well = over(network, models, guidance="1", steps="10")
    report.check("two machines make the clip of two ranks, the same bytes", raw == here and "2 ranks; rank 0 sent" in log, log[-400:])
    report.check("the other machine's rank ends with the program", well, log[-300:])
    if why := ranks_machines.why_no_slow_cable():
        print(f"skipped: a slow cable; {why}", flush=True)
        return
    delay, loss = 0.05, 0.01
    with ranks_machines.Machines() as network:
        with ranks_machines.slow_cable(network, delay, loss, seed=SEED) as did:
            began = time.monotonic()
            raw, log, well = over(network, models, guidance="1", steps="10")
            took = time.monotonic() - began
            sent_again = sum(network.counter(host, "RetransSegs") for host in (0, 1))
    report.check("50 ms and 1 % loss between the machines: the same bytes", raw == here and well, log[-400:])
    packets = did["passed"] + did["dropped"]
    report.check("packets were late, lost and sent again", did["least"] >= delay and did["dropped"] > 0 and sent_again > 0 and abs(did["dropped"] - loss * packets) <
                 4 * (loss * packets)**0.5 + 1, f"{did}, {sent_again} sent again, {took:.1f} s")


def ends(models):
    command = " ".join(f"'{word}'" if "=" in word else word for word in launched(3, ["ffmpeg", "-v", "error", "-nostdin", "-filter_complex",
                                                                                      source(models["t2v"]).replace("'", ""), "-f", "rawvideo", "-"]))
    piped = subprocess.Popen(["sh", "-c", command.replace("prompt=a red fox runs", "prompt=fox") + " | head -c 100 > /dev/null"], env=environment(), stderr=subprocess.PIPE,
                             text=True, start_new_session=True)
    log, took, left = finish(piped)
    report.check("a pipe that is closed: all end", took < 30 and not left, f"{took:.1f} s, {left}: {log[-300:]}")
    for command, status in ((["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137)):
        began = time.monotonic()
        _, log, got = common.run(launched(3, command), env=environment(), timeout=30)
        report.check(f"launch {command}: its status {status}, within seconds", got == status and time.monotonic() - began < 5, f"{got} {log}")
    both = ffmpeg(source(models["t2v"]), "-f", "null", "-")
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in both)
    _, log, status = common.run(launched(2, ["sh", "-c", f"{quoted} && {quoted}"]), env=environment(), timeout=90)
    report.check("two programs one after the other", status == 0 and log.count("2 ranks; rank 0 sent") == 2, log[-500:])
    for words in (["launch"], ["launch", "-n", "0", "true"], ["launch", "-n", "2"], ["launch", "--address", "0.0.0.0:5", "-n", "2", "true"], ["rank"],
                  ["launch", "-n", "2", "no-such-program"], ["launch", "-n", "2", "--transport", "tcp", "true"], ["launch", "-n", "2", "--transport"]):
        _, log, status = common.run([ENV, "zoetrope", *words], env=environment(), timeout=30)
        report.check(f"zoetrope {' '.join(words)}: refused in one line", status in (1, 2) and log.count("\n") == 1 and "expected" in log, f"{status} {log}")
    generate = ["zoetrope", "generate", "a red fox", "--model", models["t2v"], "--size", "64x48", "--frames", "9", "--steps", "2", "--cpu-threads", "1", "--device", "cpu", "-o", "-"]
    for transport, expected in (("nccl", 1), ("gloo", 0)):
        raw, log, status = common.run(launched(2, generate, "--transport", transport), text=False, env=environment(), timeout=60)
        well = status == expected and (raw if transport == "gloo" else (not raw and log.count("\n") == 1 and
                                       "--transport: expected ranks on GPUs of their own for nccl, got cpu" in log))
        report.check(f"--transport {transport} on processors: status {expected}, and why in one line", well, f"{status} {log}")


GROUPS = dict(alone=alone, faults=faults, stall=stall, strangers=strangers, machines=machines, ends=ends)


def main(groups=None):
    groups = groups or GROUPS
    with tempfile.TemporaryDirectory(prefix="parity-", dir=oracle.BUILD) as folder:
        top = pathlib.Path(folder)
        models = {name: str(top / name) for name in ("t2v", "t2v_other")}
        wan_oracle.save_pipeline("t2v", top / "t2v")
        wan_oracle.save_pipeline("t2v", top / "t2v_other", seed=40)
        for group in CHOSEN or groups:
            began = time.monotonic()
            groups[group](models)
            print(f"{group}: {time.monotonic() - began:.0f} s", flush=True)
    report.end()


if __name__ == "__main__":
    main()
