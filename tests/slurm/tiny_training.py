"""A tiny pretraining through jobs/slurm/pretrain.sbatch, and the same without Slurm.

The tests of this folder are called like those of tests/apps: <test>.py DNAGPT DNAGPT_PREP MPIEXEC.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from cluster import Cluster
from programs import DNAGPT, PREP, TINY_MODEL, ranks, run

CONFIG = (
    TINY_MODEL
    + """
[batch]
tokens_per_step = 1024
micro_batch = 2
[optimizer]
learning_rate = 3e-3
[checkpoint]
every_steps = 1000000
[evaluation]
every_steps = 0
windows_per_species = 4
"""
)
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY")


class TinyTraining:
    """A folder with genomes, shards, the programs' links and all runs."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.root = cluster.folder / "training"
        (self.root / "bin").mkdir(parents=True)
        for program in (DNAGPT, PREP):
            (self.root / "bin" / Path(program).name).symlink_to(Path(program).resolve())
        (self.root / "tiny.toml").write_text(CONFIG)
        run([PREP, "synthesize", "--output", str(self.root / "genomes"), "--size-factor", "0.05"])
        self.species = self.root / "genomes" / "species.toml"
        self.shards = self.root / "shards"
        run([PREP, "shard", "--species", str(self.species), "--output", str(self.shards)])
        self.launcher = "srun" if self.srun_works() else "mpirun"

    def srun_works(self) -> bool:
        """Whether this Slurm's srun can start the ranks of an MPI program."""
        return "pmix" in self.cluster.query("srun", "--mpi=list").split()

    def without_slurm(self, folder: str, *settings: str) -> bytes:
        """The last checkpoint of an uninterrupted run at two ranks."""
        run(
            ranks(
                2,
                DNAGPT,
                "pretrain",
                str(self.root / "tiny.toml"),
                f"run.folder={self.root / folder}",
                f"data.shards={self.shards}",
                *settings,
            )
        )
        return self.last_checkpoint(folder)

    def last_checkpoint(self, folder: str) -> bytes:
        """The bytes of a run's newest checkpoint."""
        return max((self.root / folder / "checkpoints").glob("step_*.h5")).read_bytes()

    def variables(self, folder: str) -> dict[str, str]:
        """What the job files read."""
        return {
            "DNAGPT_BIN": str(self.root / "bin"),
            "DNAGPT_SPECIES": str(self.species),
            "DNAGPT_GENOMES": str(self.root / "genomes"),
            "DNAGPT_SHARDS": str(self.shards),
            "DNAGPT_RUN": str(self.root / folder),
            "DNAGPT_CONFIG": str(self.root / "tiny.toml"),
            "DNAGPT_LAUNCH": self.launcher,
            "DNAGPT_REQUEUE_PAUSE": "1",
        }

    def submit(
        self,
        folder: str,
        *settings: str,
        options: tuple[str, ...] = (),
        variables: dict[str, str] | None = None,
    ) -> str:
        """Submits pretrain.sbatch with two ranks; its log is <folder>.log, returns the job."""
        log = self.root / f"{folder}.log"
        return self.cluster.run(
            *("sbatch", "--parsable", "--ntasks=2", "--mem-per-cpu=0"),
            *(f"--output={log}", *options),
            *("jobs/slurm/pretrain.sbatch", *settings),
            **self.variables(folder) | (variables or {}),
        )

    def log(self, folder: str) -> str:
        """What a job has written."""
        return (self.root / f"{folder}.log").read_text()

    def steps(self, folder: str) -> list[int]:
        """The steps in the run's metrics, in their order."""
        metrics = self.root / folder / "metrics.jsonl"
        if not metrics.exists():
            return []
        # The last line may be half written.
        lines = metrics.read_text().splitlines(keepends=True)
        whole = [json.loads(line) for line in lines if line.endswith("\n")]
        return [line["step"] for line in whole if "loss" in line]

    def wait_for_steps(self, folder: str, job: str, count: int) -> None:
        """Returns in mid-training; a job that ends before it is a failure."""

        def reached() -> bool:
            state = self.cluster.job(job)["JobState"]
            if state in ENDED:
                raise AssertionError(f"{state} before step {count}:\n{self.describe(job)}")
            return len(self.steps(folder)) >= count

        wait_until(reached, lambda: self.describe(job))

    def wait_for_end(
        self, job: str, meanwhile: Callable[[], object] = lambda: None, seconds: int = 300
    ) -> dict[str, str]:
        """What scontrol says of the job at its end; `meanwhile` is called all the time before."""

        def ended() -> bool:
            meanwhile()
            return all(task["JobState"] in ENDED for task in self.cluster.tasks(job))

        wait_until(ended, lambda: self.describe(job), seconds)
        return self.cluster.job(job)

    def describe(self, job: str) -> str:
        """The job and all logs, for a failure's message."""
        logs = [f"{file.name}:\n{file.read_text()}" for file in sorted(self.root.rglob("*.log"))]
        return "\n".join([str(self.cluster.tasks(job)), *logs])


def wait_until(holds: Callable[[], bool], describe: Callable[[], str], seconds: int = 300) -> None:
    """Waits; what takes longer than `seconds` is a failure with the description."""
    for _ in range(10 * seconds):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} seconds:\n{describe()}")
