# SPDX-License-Identifier: LGPL-2.1-or-later
"""The recipes of docs/many-machines.md, run as they stand there, with GNU parallel, make, mpirun, torchrun and Slurm, on two machines: namespaces of this
one, with names, a cable between them and a program ssh that goes from one to the other. Only models, sizes and paths are replaced. Needs root; says which
program is not there.

    ranks_recipes_test.py ENGINE [GROUP]...     groups: parallel make mpirun torchrun slurm; all without"""
import contextlib
import os
import pathlib
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

import ranks_machines
import ranks_test as ranks
from ranks_test import report

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "media"))
import ffmpeg_common as common  # noqa: E402, beside the tests of the filters
import pages  # noqa: E402

FILM = """1
00:00:00,000 --> 00:00:00,500
a red fox runs through the snow

2
00:00:00,500 --> 00:00:01,000
a fox's cub costs $5

3
00:00:01,000 --> 00:00:01,500
an owl in the forest

4
00:00:01,500 --> 00:00:02,000
a boat at night
"""
GPUS = 4     # of each machine, as Slurm believes
OPTIONS = dict(size="64x48", steps="2", seed="3", cpu_threads="1", precision="fp32")


def text_of(heading, number=0, **replace):
    """A block of the page; every word that is to be replaced must be in it."""
    text = pages.under("many-machines.md", heading, "sh")[number]
    for old, new in replace.items():
        if old not in text:
            raise AssertionError(f"{heading}: expected {old} in the page")
        text = text.replace(old, new)
    return text


class Cluster(ranks_machines.Machines):
    """Two machines on which Zoetrope is installed, with a folder that both see."""

    def __init__(self, top, model):
        self.top, self.model, self.called = top, model, top / "called"
        super().__init__(top / "hosts")
        self.bin = top / "bin"
        self.bin.mkdir()
        (top / "home").mkdir()
        at = f"ZT_BUILD='{common.BUILD}' '{ranks.ENV}'"
        self.program("zoetrope", f'echo "$(hostname) [${{CUDA_VISIBLE_DEVICES-}}] $*" >> {self.called}\nexec env {at} zoetrope "$@"')
        self.program("ffmpeg", f'exec env {at} {shutil.which("ffmpeg")} -nostdin -y "$@"')
        self.variables = dict(PATH=f"{self.bin}:{pathlib.Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin", HOME=str(top / "home"), LANG="C.UTF-8", SHELL="/bin/sh",
                              OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", PRTE_ALLOW_RUN_AS_ROOT="1",
                              PRTE_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        # What is not set at login is not there, as with the real one.
        login = " ".join(f"{name}='{value}'" for name, value in self.variables.items())
        enter = " ".join(self.inside(0)).replace(str(self.hosts[0].pid), "$pid")
        self.program("ssh", f"""while :; do case $1 in -l | -o | -p) shift 2;; -*) shift;; *) break;; esac; done
case $1 in node1 | {ranks_machines.ADDRESSES[0]}) pid={self.hosts[0].pid};; node2 | {ranks_machines.ADDRESSES[1]}) pid={self.hosts[1].pid};;
*) echo "ssh: no such machine: $1" >&2; exit 255;; esac
shift; [ "$1" = -- ] && shift
exec {enter} env -i {login} sh -c "cd; $*" """)

    def program(self, name, text):
        (self.bin / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.bin / name).chmod(0o755)

    def start(self, host, text, folder, **variables):
        return subprocess.Popen(self.inside(host, "sh", "-e", "-c", f"cd '{folder}'\n{text}"), env={**self.variables, "ZOETROPE_CACHE": "off", **variables},
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def shell(self, text, folder, host=0, **variables):
        """What it says, its status."""
        running = self.start(host, text, folder, **variables)
        try:
            return running.communicate(timeout=120)[0], running.returncode
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            return "it hung: " + running.communicate()[0], -1

    def folder(self, name):
        folder = self.top / name
        folder.mkdir()
        (folder / "film.srt").write_text(FILM)
        self.called.write_text("")
        return folder

    def jobs(self):
        """(machine, GPUs shown) of each job that made a shot."""
        return re.findall(r"^(\S+) \[(.*?)\] shots .*--shot", self.called.read_text(), re.M)


def words():
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in OPTIONS.items())


def colons():
    return ":".join(f"{name}={value}" for name, value in OPTIONS.items())


# ---- A film's shots as jobs ------------------------------------------------------------------------

def film_of(cluster, heading, number=0, folder=None, **replace):
    """Runs a recipe that makes the shots of the film, then the film. Its digests, the log, the status."""
    folder = folder or cluster.folder(heading.replace(" ", "_") + str(number))
    text = text_of(heading, number, **replace)
    log, status = cluster.shell(text, folder, ZOETROPE_CACHE=str(folder / "clips"))
    film = f"t2vsrc=storyboard=film.srt:model={cluster.model}:{colons()},format=yuv420p"
    digests, more = cluster.shell(f'ffmpeg -v verbose -filter_complex "{film}" -f framemd5 - 2> log', folder, ZOETROPE_CACHE=str(folder / "clips"))
    read = (folder / "log").read_text().count("were made before")
    return common.digests(digests) if more == 0 else [], read, log, status


def check_film(cluster, what, whole, got):
    digests, read, log, status = got
    report.check(f"{what}: the film of the jobs is that of one process, bit for bit, and its four shots are read", status == 0 and digests == whole and read == 4 and
                 len(whole) > 4, f"status {status}, {read} read: {log[-600:] if status or digests != whole or read != 4 else ''}")
    report.check(f"{what}: a job for each shot", len(cluster.jobs()) == 4, cluster.jobs())


def whole_film(cluster):
    folder = cluster.folder("whole")
    out, status = cluster.shell(f'ffmpeg -v error -filter_complex "t2vsrc=storyboard=film.srt:model={cluster.model}:{colons()},format=yuv420p" -f framemd5 -', folder)
    report.check("one process makes the film", status == 0, out[-400:] if status else "")
    return common.digests(out)


def parallel(cluster):
    if not shutil.which("parallel"):
        print("skipped: GNU parallel; there is no program parallel here", flush=True)
        return
    whole = whole_film(cluster)
    folder = cluster.folder("GNU_parallel0")
    model = {"/shared/HunyuanVideo": cluster.model, "/shared/clips": str(folder / "clips"), "/shared/film": str(folder), "--size 848x480": words(),
             "size=848x480": colons()}
    check_film(cluster, "GNU parallel on two machines", whole, film_of(cluster, "GNU parallel", 0, folder, **model))
    report.check("GNU parallel: both machines had jobs", {machine for machine, _ in cluster.jobs()} == {"node1", "node2"}, cluster.jobs())
    check_film(cluster, "GNU parallel on four GPUs", whole, film_of(cluster, "GNU parallel", 1, **{"--model HunyuanVideo": f"--model {cluster.model} {words()}"}))
    report.check("GNU parallel: each job had a GPU of its own", {gpu for _, gpu in cluster.jobs()} == {"0", "1", "2", "3"}, cluster.jobs())


def make(cluster):
    check_film(cluster, "make", whole_film(cluster), film_of(cluster, "make", **{"zoetrope shots film.srt": f"zoetrope shots film.srt --model {cluster.model} {words()}"}))


# ---- One clip by several ranks ---------------------------------------------------------------------

def clip_of(cluster, program, launch, ranks_in_all, on_each=False):
    """Runs the line of the page with this program in it. launch: what is replaced in it."""
    folder = cluster.folder(program)
    text = next(line for line in text_of("One clip by several ranks", 1).splitlines() if line.startswith(program))
    for old, new in {"/shared/HunyuanVideo": f"{cluster.model}:{colons()}:frames=9", "fox.mp4": "-v verbose -f framemd5 fox.md5", **launch}.items():
        if old not in text:
            raise AssertionError(f"{program}: expected {old} in the page")
        text = text.replace(old, new)
    secret = secrets.token_hex(16)
    other = cluster.start(1, text, folder, ZOETROPE_RANKS_SECRET=secret) if on_each else None
    log, status = cluster.shell(text, folder, ZOETROPE_RANKS_SECRET=secret)
    theirs, left = ranks_end(other)
    here = folder / "here.md5"
    graph = f"t2vsrc=model={cluster.model}:{colons()}:frames=9:prompt='a red fox'"
    alone, one = cluster.shell(f'zoetrope launch -n {ranks_in_all} -- ffmpeg -v error -filter_complex "{graph}" -f framemd5 {here}', folder)
    same = status == 0 and one == 0 and (folder / "fox.md5").exists() and (folder / "fox.md5").read_text() == here.read_text()
    report.check(f"{program} on two machines: the clip of {ranks_in_all} ranks, the same frames", same and f"{ranks_in_all} ranks; rank 0 sent" in log and not left,
                 "" if same and not left else f"status {status}, {one}: {log[-800:]} {theirs[-400:]} {alone[-200:]}")
    machines = re.findall(r"^(\S+) \[(.*?)\] launch --?[^n]", cluster.called.read_text(), re.M)
    report.check(f"{program}: a rank started for each, on both machines", len(machines) == ranks_in_all and {name for name, _ in machines} == {"node1", "node2"}, machines)
    return [gpu for _, gpu in machines]


def ranks_end(other):
    if other is None:
        return "", False
    with contextlib.suppress(subprocess.TimeoutExpired):
        return other.communicate(timeout=20)[0], other.returncode != 0
    os.killpg(other.pid, signal.SIGKILL)
    return other.communicate()[0], True


def mpirun(cluster):
    if not shutil.which("mpirun"):
        print("skipped: mpirun; it is not here", flush=True)
        return
    clip_of(cluster, "mpirun", {"node1:4,node2:4": "node1:2,node2:2"}, 4)


def torchrun(cluster):
    if not (pathlib.Path(sys.executable).parent / "torchrun").exists():
        print("skipped: torchrun; it is not in this Python's environment", flush=True)
        return
    clip_of(cluster, "torchrun", {"--nproc-per-node 4": "--nproc-per-node 1"}, 2, on_each=True)


class Slurm:
    """A cluster of both machines, with GPUs that nobody looks at."""

    def __init__(self, cluster):
        self.cluster, self.top = cluster, cluster.top / "slurm"
        (self.top / "state").mkdir(parents=True)
        for number in range(GPUS):
            os.mknod(self.top / f"gpu{number}", stat.S_IFCHR | 0o600, os.makedev(1, 3))
        (self.top / "key").write_bytes(os.urandom(64))
        (self.top / "key").chmod(0o400)
        nodes = "\n".join(f"NodeName={name} NodeAddr={address} CPUs=4 Gres=gpu:{GPUS}" for name, address in zip(ranks_machines.NAMES, ranks_machines.ADDRESSES))
        (self.top / "gres.conf").write_text(f"Name=gpu File={self.top}/gpu[0-{GPUS - 1}]\n")
        (self.top / "slurm.conf").write_text(f"""ClusterName=zt
SlurmctldHost=node1
AuthType=auth/munge
AuthInfo=socket={self.top}/munge
SlurmUser=root
StateSaveLocation={self.top}/state
SlurmdSpoolDir={self.top}/spool.%n
SlurmctldPidFile={self.top}/slurmctld.pid
SlurmdPidFile={self.top}/slurmd.%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
GresTypes=gpu
{nodes}
PartitionName=all Nodes=node1,node2 Default=YES State=UP
""")
        self.running = []
        self.variables = dict(SLURM_CONF=str(self.top / "slurm.conf"))

    def begin(self, host, name, *command):
        with open(self.top / f"{name}.log", "wb") as log:
            self.running.append(subprocess.Popen(self.cluster.inside(host, *command), env={**self.cluster.variables, **self.variables}, stdin=subprocess.DEVNULL,
                                                 stdout=log, stderr=log))

    def __enter__(self):
        """Why it does not work here, or nothing."""
        self.begin(0, "munge", "munged", "-F", "--force", f"--socket={self.top}/munge", f"--key-file={self.top}/key", f"--pid-file={self.top}/munge.pid",
                   f"--log-file={self.top}/munge.txt", f"--seed-file={self.top}/seed")
        time.sleep(0.3)
        self.begin(0, "slurmctld", "slurmctld", "-D")
        for host, name in enumerate(ranks_machines.NAMES):
            self.begin(host, name, "slurmd", "-D", "-N", name)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            out, _ = self.cluster.shell("sinfo -h -N -o '%N %T'", self.top, **self.variables)
            if set(out.splitlines()) == {"node1 idle", "node2 idle"}:
                return None
            time.sleep(0.2)
        return "Slurm of this system did not start: " + " ".join((self.top / f"{name}.log").read_text()[-200:] for name in ("munge", "slurmctld", "node1", "node2"))

    def __exit__(self, *_):
        for process in self.running[::-1]:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()


def slurm(cluster):
    if missing := [name for name in ("slurmctld", "slurmd", "munged", "srun", "sbatch", "salloc", "scontrol") if not shutil.which(name, path=cluster.variables["PATH"])]:
        print("skipped: Slurm; there is no program", *missing, flush=True)
        return
    whole, scheduler = whole_film(cluster), Slurm(cluster)
    with scheduler as why:
        if why:
            print("skipped: Slurm;", why, flush=True)
            return
        cluster.variables.update(scheduler.variables)
        folder = cluster.folder("Slurm0")
        replace = {"/shared/HunyuanVideo": f"{cluster.model} {words()}", "/shared/clips": str(folder / "clips")}
        check_film(cluster, "Slurm", whole, film_of(cluster, "Slurm", 0, folder, **replace))
        report.check("Slurm: each job had one GPU", all(len(gpu) == 1 for _, gpu in cluster.jobs()), cluster.jobs())
        gpus = clip_of(cluster, "salloc", {"-n 8": "-n 4"}, 4)
        report.check("Slurm: each rank had one GPU", all(len(gpu) == 1 for gpu in gpus), gpus)


GROUPS = dict(parallel=parallel, make=make, mpirun=mpirun, torchrun=torchrun, slurm=slurm)


def main():
    if why := ranks_machines.why_not():
        print(f"skipped: recipes; {why}")
        sys.exit(77)
    for group in ranks.CHOSEN or GROUPS:
        with tempfile.TemporaryDirectory(prefix="parity-", dir=ranks.oracle.BUILD) as folder:
            top = pathlib.Path(folder)
            ranks.wan_oracle.save_pipeline("t2v", top / "model")
            with Cluster(top, str(top / "model")) as cluster, ranks_machines.quick_cable(cluster):
                GROUPS[group](cluster)
    report.end()


if __name__ == "__main__":
    main()
