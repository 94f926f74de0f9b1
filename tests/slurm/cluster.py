"""A Slurm of one node on this machine, in a folder of its own: munged, slurmctld and slurmd on
loopback, started as root and ended with the test. Only the standard library is needed.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LONG = os.environ.get("DNAGPT_LONG") == "1"
SKIPPED = 77
PROGRAMS = "munged slurmctld slurmd sbatch srun squeue scancel scontrol sinfo".split()
SYSTEM_FOLDERS = ":/usr/local/sbin:/usr/sbin:/sbin"
PR_SET_PDEATHSIG = 1
# Slurm counts GPUs by their device files; nobody opens these, which have no driver.
GPU_MAJOR = 195
# Besides being a credential's life this is how long a requeued job waits (cred_expire, 120 seconds
# by default); a slower machine needs some of it to start a step.
REQUEUE_SECONDS = 10

SETTINGS = """
ClusterName=dnagpt
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire={requeue}
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
MinJobAge=3600
ReturnToService=2
SlurmdParameters=config_overrides
SchedulerParameters=bf_interval=1,sched_interval=1
GresTypes=gpu
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 CPUs=4 Gres=gpu:{gpus} State=UNKNOWN
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PartitionName=main Nodes=ALL Default=YES PriorityTier=1 GraceTime=20 State=UP
PartitionName=urgent Nodes=ALL PriorityTier=2 PreemptMode=OFF State=UP
"""


class UnavailableError(Exception):
    """This machine cannot run a Slurm; the text says why."""


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens at."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def die_with_parent() -> None:
    """Also where the test itself is killed, no daemon stays."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def require_programs(path: str) -> None:
    """Raises UnavailableError where the daemons cannot be started."""
    if os.geteuid() != 0:
        raise UnavailableError("the daemons need root")
    missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if missing:
        raise UnavailableError(
            f"{', '.join(missing)} not found; Debian's packages are slurm-wlm and munge"
        )


class Cluster:
    """Use `start`, then `stop` in any case; `run` and `query` talk to it. The node has as many
    GPUs as are asked for, in name alone.
    """

    def __init__(self, gpus: int = 0) -> None:
        self.gpus = gpus
        self.folder = Path()
        self.environment: dict[str, str] = {}
        self.daemons: list[subprocess.Popen] = []

    def start(self) -> None:
        """Returns when a job can be submitted; raises UnavailableError where that cannot be had."""
        path = os.environ["PATH"] + SYSTEM_FOLDERS
        require_programs(path)
        self.folder = Path(tempfile.mkdtemp(prefix="dnagpt_slurm_"))
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SLURM")
        } | {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}
        host = socket.gethostname().split(".")[0]
        controller_port, node_port = free_ports(2)
        settings = SETTINGS.format(
            host=host,
            folder=self.folder,
            gpus=self.gpus,
            requeue=REQUEUE_SECONDS,
            controller_port=controller_port,
            node_port=node_port,
        )
        self.folder.chmod(0o755)
        for name, mode in (("munge", 0o755), ("state", 0o700), ("spool", 0o755)):
            (self.folder / name).mkdir(mode=mode)
        (self.folder / "slurm.conf").write_text(settings)
        self._make_gpus()
        self._start_munge()
        self._start_daemon("slurmctld", "-D", "-i")
        self._start_daemon("slurmd", "-D", "-N", "node1")
        self._wait_for("the node", lambda: self.query("sinfo", "-h", "-o", "%t") == "idle")

    def stop(self) -> None:
        """Cancels the jobs, ends the daemons and removes the folder with all that is in it."""
        if not self.environment:
            return
        self.query("scancel", "--user=root")
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for process in self.left_processes():
            os.kill(process, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *command: str, **variables: str) -> str:
        """What the command prints; it must succeed. It runs in the project's top folder, where
        jobs are to be submitted.
        """
        done = subprocess.run(
            command,
            env=self.environment | variables,
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}")
        return done.stdout.strip()

    def query(self, *command: str) -> str:
        """What the command prints on its standard output, whatever its exit status."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout.strip()

    def tasks(self, number: str) -> list[dict[str, str]]:
        """What scontrol says of a job, or of each task of an array: JobState, Reason, ..."""
        lines = self.run("scontrol", "--oneliner", "show", "job", number).splitlines()
        return [
            dict(field.split("=", 1) for field in line.split() if "=" in field) for line in lines
        ]

    def job(self, number: str) -> dict[str, str]:
        """The same of a job that is no array."""
        return self.tasks(number)[0]

    def left_processes(self) -> list[int]:
        """Processes of this cluster, by the variable that all of them carry."""
        mark = f"SLURM_CONF={self.folder}/".encode()
        left = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes():
                    left.append(int(entry.name))
            except OSError:
                pass  # ended meanwhile
        return left

    def _make_gpus(self) -> None:
        if self.gpus == 0:
            return
        try:
            for number in range(self.gpus):
                device = os.makedev(GPU_MAJOR, number)
                os.mknod(self.folder / f"nvidia{number}", stat.S_IFCHR | 0o600, device)
        except OSError as problem:
            raise UnavailableError(f"device files cannot be made: {problem}") from problem
        files = self.folder / f"nvidia[0-{self.gpus - 1}]"
        (self.folder / "gres.conf").write_text(f"Name=gpu File={files} Flags=nvidia_gpu_env\n")

    def _start_munge(self) -> None:
        folder = self.folder / "munge"
        (folder / "key").write_bytes(os.urandom(1024))
        (folder / "key").chmod(0o400)
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed"}
        options = [f"--{option}={folder / name}" for option, name in files.items()]
        self._start_daemon("munged", "--force", "--foreground", "--num-threads=2", *options)
        self._wait_for("munged", (folder / "socket").exists)

    def _start_daemon(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.out").open("w") as output:
            self.daemons.append(
                subprocess.Popen(
                    command,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    preexec_fn=die_with_parent,
                )
            )

    def _wait_for(self, what: str, ready: Callable[[], bool]) -> None:
        for _ in range(150):
            if any(daemon.poll() is not None for daemon in self.daemons):
                break
            if ready():
                return
            time.sleep(0.2)
        printed = "\n".join(
            f"{file.name}: {file.read_text()[-1000:]}" for file in sorted(self.folder.glob("*.out"))
        )
        if "Unable to process configuration" in printed:
            raise AssertionError(f"the settings of the cluster are wrong:\n{printed}")
        raise UnavailableError(f"{what} did not come up:\n{printed}")


def run_tests(cluster: Cluster) -> int:
    """Runs the tests of the calling file, or those named behind the programs, with the cluster; the
    exit status, 77 where no Slurm can be had. The cluster ends with them, whatever they do.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        cluster.start()
        outcome = unittest.main(argv=[sys.argv[0], *sys.argv[4:]], verbosity=2, exit=False).result
    except UnavailableError as problem:
        print(f"SKIPPED: no Slurm on this machine ({problem})")
        return SKIPPED
    finally:
        cluster.stop()
    if left := cluster.left_processes():
        print(f"FAILED: processes of the cluster are left: {left}")
        return 1
    return 0 if outcome.wasSuccessful() else 1
