"""dnagpt's side of the benchmarks: `dnagpt pretrain --measure` with a shape and a way to run it."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

from torch_steps import THREAD_VARIABLES, Shape


@dataclasses.dataclass(frozen=True)
class OurChoice:
    """One way to run dnagpt; of a GPU also whether it is told to be deterministic."""

    precision: str
    ranks: int
    threads: int
    deterministic: bool | None = None

    def __str__(self) -> str:
        """For tables."""
        if self.deterministic is not None:
            return f"dnagpt {self.precision}{'' if self.deterministic else ' not'} deterministic"
        return f"dnagpt {self.precision} {self.ranks} ranks x {self.threads} threads"


class Programs:
    """dnagpt and its benchmarks, with shards to read rows from."""

    def __init__(self, folder: Path, shards: Path | None, work: Path) -> None:
        self.folder = folder
        self.config = work / "bench.toml"
        self.config.write_text("[schedule]\nsteps = 1\n")
        self.shards = shards or self.make_shards(work)

    def make_shards(self, work: Path) -> Path:
        """Shards of small synthetic genomes."""
        genomes = work / "genomes"
        prep = str(self.folder / "dnagpt-prep")
        run([prep, "synthesize", "--output", str(genomes)])
        table = str(genomes / "species.toml")
        run([prep, "shard", "--species", table, "--output", str(work / "shards")])
        return work / "shards"

    def settings(self, shape: Shape, choice: OurChoice) -> list[str]:
        """The settings of a run of this shape."""
        micro_batch = -(-shape.rows // choice.ranks)
        deterministic = choice.deterministic
        order = [] if deterministic is None else [f"run.deterministic={str(deterministic).lower()}"]
        return [
            f"model.layers={shape.layers}",
            f"model.heads={shape.heads}",
            f"model.channels={shape.channels}",
            f"model.context_length={shape.context}",
            f"model.vocabulary={shape.vocabulary}",
            f"batch.tokens_per_step={shape.tokens}",
            f"batch.micro_batch={micro_batch}",
            f"run.precision={choice.precision}",
            f"data.shards={self.shards}",
            *order,
        ]

    def start(
        self, shape: Shape, choice: OurChoice, steps: int, *more: str
    ) -> subprocess.CompletedProcess[str]:
        """`dnagpt pretrain --measure`; a single rank needs no launcher."""
        launch = ["mpirun", "-n", str(choice.ranks), "--oversubscribe", "--bind-to", "none"]
        command = [str(self.folder / "dnagpt"), "pretrain", str(self.config)]
        command += [
            *self.settings(shape, choice),
            "--measure",
            "--measure-steps",
            str(steps),
            *more,
        ]
        as_root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        threads = dict.fromkeys(THREAD_VARIABLES, str(choice.threads))
        launched = [*launch, *command] if choice.ranks > 1 else command
        return complete(launched, threads | as_root)

    def measure(self, shape: Shape, choice: OurChoice, steps: int) -> dict:
        """What `dnagpt pretrain --measure` prints."""
        done = self.start(shape, choice, steps)
        measured = json.loads(done.stdout)
        for line in done.stderr.splitlines():
            if "warning: " in line:  # attention that cuDNN does not take, for instance
                say(line)
        if choice.deterministic is not None and "cuBLASLt" not in measured["products"]:
            raise SystemExit(
                f"{self.folder}/dnagpt computes on CPUs ({measured['products']}); give the "
                "--programs of a GPU build (cmake --preset cuda)"
            )
        return measured

    def profile(self, shape: Shape, choice: OurChoice, steps: int) -> str:
        """Where the time of a step goes, by room and operation, as the log has it."""
        log = self.start(shape, choice, steps, "--profile").stderr
        return log[log.index("profile of rank 0") :]

    def ceiling(self, shape: Shape, precision: str, cores: int, steps: int) -> dict | None:
        """What bench_products prints; None where oneDNN has no products of this precision."""
        command = [str(self.folder / "bench_products"), "--rows", str(shape.tokens)]
        command += ["--channels", str(shape.channels), "--layers", str(shape.layers)]
        command += ["--vocabulary", str(shape.words), "--repeats", str(steps)]
        try:
            threads = dict.fromkeys(THREAD_VARIABLES, str(cores))
            return json.loads(run([*command, "--precision", precision], threads))
        except subprocess.CalledProcessError:
            return None


def complete(
    command: list[str], environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A command that has ended; its messages are shown only where it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | (environment or {})
    )
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        raise subprocess.CalledProcessError(done.returncode, command)
    return done


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """What a command prints."""
    return complete(command, environment).stdout


def say(text: str) -> None:
    """Progress, to standard error."""
    print(text, file=sys.stderr, flush=True)
