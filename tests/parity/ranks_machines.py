# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two machines on this one: network namespaces with a cable between them, quick (veth) or slow: two TUN devices and a process that carries each
packet from one to the other, late, and loses some. For kernels without netem. Needs root.

    ranks_machines.py DELAY LOSS SEED PID0 PID1      the slow cable itself: seconds one way, a share of the packets, and whose namespaces; carries
                                                     until its standard input ends, then prints what it did as JSON"""
import collections
import contextlib
import ctypes
import fcntl
import json
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 1, 0x1000, 0x40000000
NAME = "ztcable"
ADDRESSES, NAMES = ("10.9.0.1", "10.9.0.2"), ("node1", "node2")


class Machines:
    """Two network namespaces; ends with them. hosts: a file that they take for /etc/hosts; they have the names node1 and node2 then."""

    def __init__(self, hosts=None):
        script = "echo; exec sleep 600"
        if hosts:
            hosts.write_text("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n" for address, name in zip(ADDRESSES, NAMES)))
            script = 'hostname "$1" && mount --bind "$2" /etc/hosts && ' + script
        self.spaces = ["-n", *(["-u", "-m"] if hosts else [])]
        self.hosts = [subprocess.Popen(["unshare", *self.spaces, "sh", "-c", script, "sh", name, str(hosts)], stdout=subprocess.PIPE) for name in NAMES]
        for host in self.hosts:
            host.stdout.readline()                     # it is in its namespace

    def inside(self, host, *command):
        return ["nsenter", "-t", str(self.hosts[host].pid), *self.spaces, *command]

    def plug_in(self, *names):
        """Gives the two ends of a cable their addresses."""
        for host, name in enumerate(names):
            for words in (("addr", "add", ADDRESSES[host] + "/24", "dev", name), ("link", "set", name, "up"), ("link", "set", "lo", "up")):
                subprocess.run(self.inside(host, "ip", *words), check=True)

    def counter(self, host, name):
        """A counter of TCP of that machine."""
        table = subprocess.run(self.inside(host, "cat", "/proc/net/snmp"), check=True, capture_output=True, text=True).stdout
        names, values = (line.split() for line in table.splitlines() if line.startswith("Tcp:"))
        return int(values[names.index(name)])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for host in self.hosts:
            host.kill()
            host.wait()


def why_not():
    """What is missing for two machines, or nothing."""
    if missing := [name for name in ("ip", "nsenter", "unshare") if not shutil.which(name)]:
        return "there is no program " + " ".join(missing)
    if os.geteuid() != 0 or subprocess.run(["unshare", "-n", "true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        return "there are no network namespaces here"
    return None


def why_no_slow_cable():
    try:
        with open("/dev/net/tun", "r+b", buffering=0) as tun:
            fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", NAME.encode(), IFF_TUN | IFF_NO_PI))
    except OSError as error:
        return f"/dev/net/tun: {error.strerror}"
    return None


@contextlib.contextmanager
def quick_cable(machines):
    subprocess.run(machines.inside(0, "ip", "link", "add", "ztv0", "type", "veth", "peer", "name", "ztv1", "netns", str(machines.hosts[1].pid)), check=True)
    machines.plug_in("ztv0", "ztv1")
    yield


@contextlib.contextmanager
def slow_cable(machines, delay, loss, seed):
    """Gives a dict; once it is left, that holds what the cable did: passed, dropped, least and most seconds that a packet was under way."""
    command = [sys.executable, __file__, str(delay), str(loss), str(seed), *(str(host.pid) for host in machines.hosts)]
    carrier, did = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE), {}
    try:
        carrier.stdout.readline()                      # both ends are there
        machines.plug_in(NAME, NAME)
        yield did
    finally:
        out, _ = carrier.communicate(timeout=30)
        did.update(json.loads(out))


# ---- The process that carries packets ----------------------------------------------------------------

def end_of_cable(pid):
    """A TUN device in the network namespace of a process. It is read and written from anywhere."""
    with open(f"/proc/{pid}/ns/net", "rb") as there:
        if ctypes.CDLL(None, use_errno=True).setns(there.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", NAME.encode(), IFF_TUN | IFF_NO_PI))
    return tun


def carry(delay, loss, seed, ends):
    chance, way = random.Random(seed), collections.deque()     # one delay for all: the first in is the first out
    did = dict(passed=0, dropped=0, least=1e9, most=0.0)
    while True:
        left = None if not way else max(0.0, way[0][0] + delay - time.monotonic())
        ready, _, _ = select.select([*ends, 0], [], [], left)
        if 0 in ready:
            return did
        for end in ready:
            with contextlib.suppress(BlockingIOError):
                packet = os.read(end, 65536)
                if chance.random() < loss:
                    did["dropped"] += 1
                else:
                    way.append((time.monotonic(), ends[1 - ends.index(end)], packet))
        while way and time.monotonic() >= way[0][0] + delay:
            began, to, packet = way.popleft()
            with contextlib.suppress(OSError):                 # that end is not up (any more)
                os.write(to, packet)
                under_way = time.monotonic() - began
                did.update(passed=did["passed"] + 1, least=min(did["least"], under_way), most=max(did["most"], under_way))


def main():
    delay, loss, seed = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    ends = [end_of_cable(int(pid)) for pid in sys.argv[4:6]]
    print(flush=True)
    print(json.dumps(carry(delay, loss, seed, ends)), flush=True)


if __name__ == "__main__":
    main()
