"""Pretraining runs that take a second, for tests of what may go wrong with a run."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from programs import DNAGPT, PREP, TINY_MODEL, ranks, ranks_of, run

CONFIG = (
    TINY_MODEL
    + """
[batch]
tokens_per_step = 256
micro_batch = 2
[schedule]
steps = 20
[optimizer]
learning_rate = 3e-3
[checkpoint]
every_steps = 5
[evaluation]
every_steps = 0
"""
)


class SmallRuns(unittest.TestCase):
    """Genomes and shards for the class, a config; every test names its run folders itself."""

    config_text = CONFIG
    shard_launcher = ranks(2)

    @classmethod
    def setUpClass(cls) -> None:
        """Makes what all tests of the class read."""
        cls.root = Path(tempfile.mkdtemp(prefix="dnagpt_small_runs_"))
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        (cls.root / "small.toml").write_text(cls.config_text)
        run([PREP, "synthesize", "--output", str(cls.root / "genomes"), "--size-factor", "0.02"])
        table = ["--species", str(cls.root / "genomes" / "species.toml")]
        run([*cls.shard_launcher, PREP, "shard", *table, "--output", str(cls.root / "shards")])

    def program(self, folder: str, *settings: str, program: str = DNAGPT) -> list[str]:
        """The command of one rank."""
        where = [f"run.folder={self.root / folder}", f"data.shards={self.root / 'shards'}"]
        return [program, "pretrain", str(self.root / "small.toml"), *where, *settings]

    def pretrain(self, count: int, folder: str, *settings: str) -> list[str]:
        """The command of several."""
        return ranks(count, *self.program(folder, *settings))

    def metrics(self, folder: str) -> list[dict[str, object]]:
        """The lines of metrics.jsonl."""
        lines = (self.root / folder / "metrics.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def rows(self, folder: str) -> dict[int, str]:
        """The digest of each step's rows."""
        return {line["step"]: line["rows"] for line in self.metrics(folder) if "step" in line}

    def checkpoint(self, folder: str, step: int) -> Path:
        """Where a step is saved."""
        return self.root / folder / "checkpoints" / f"step_{step:08d}.h5"

    def await_ranks(self, job: subprocess.Popen, folder: str, lines: int) -> list[int]:
        """The numbers of a job's two ranks, by rank, when it has noted so many lines."""
        metrics = self.root / folder / "metrics.jsonl"
        while job.poll() is None and not (
            metrics.exists() and metrics.read_text().count("\n") >= lines
        ):
            time.sleep(0.05)
        numbers = ranks_of(self.root / folder)
        self.assertEqual(len(numbers), 2)
        return numbers
