"""What the tests of this folder share: small runs, the library that breaks them, comparisons.

Usage: <test>.py DNAGPT DNAGPT_PREP MPIEXEC FILE_FAULTS [TESTS]. Only the standard library is
needed.
With DNAGPT_LONG=1 the campaigns are complete; otherwise they take their short form.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from programs import DNAGPT, PREP, TINY_MODEL, bases, ranks, run

FILE_FAULTS = sys.argv[4]
LONG = os.environ.get("DNAGPT_LONG") == "1"
PRETRAIN = (
    TINY_MODEL
    + """
[batch]
tokens_per_step = 64
micro_batch = 1
[schedule]
steps = 6
[optimizer]
learning_rate = 3e-3
[checkpoint]
every_steps = 2
keep_last = 1
[evaluation]
every_steps = 4
windows_per_species = 1
"""
)
FINETUNE = """
[finetune]
rows_per_step = 8
[batch]
micro_batch = 4
[optimizer]
learning_rate = 1e-2
[schedule]
epochs = 3
[checkpoint]
keep_last = 1
"""
TIMES = ("tokens_per_second", "mfu", "step_seconds")


class Place(NamedTuple):
    """The number-th call that concerns a path of the run folder."""

    call: str
    path: str
    number: int


class Ended(NamedTuple):
    """How a program ended: its exit status (negative: the signal) and all that it printed."""

    status: int
    printed: str


def roomy_folder() -> Path:
    """A new folder, in memory where there is room: thousands of flushes would wear a disk."""
    memory = Path("/dev/shm")
    fits = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    return Path(tempfile.mkdtemp(prefix="dnagpt_faults_", dir=memory if fits else None)).resolve()


def start(command: list[str], environment: dict[str, str]) -> Ended:
    """Runs a command to its end, whatever that is."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        timeout=120,
        env=environment,
    )
    return Ended(done.returncode, done.stdout)


def metrics_lines(folder: Path) -> list[dict]:
    """All that the run noted."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def metrics(folder: Path) -> list[dict]:
    """What the run noted of its steps and validations, without times and starts."""
    kept = [line for line in metrics_lines(folder) if "resumed" not in line]
    return [{key: value for key, value in line.items() if key not in TIMES} for line in kept]


def contents(folder: Path) -> dict[str, object]:
    """All files of a finished run by name; what equal runs share of each."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_dir() or name == "lock":
            continue
        data = path.read_bytes()
        if name.endswith("metrics.jsonl"):
            found[name] = metrics(path.parent)
        elif name.endswith("config.toml"):
            found[name] = re.sub(rb"(?m)^folder = .*$", b"", data)
        elif name.endswith(".h5"):
            found[name] = hashlib.sha256(data).hexdigest()
        else:
            found[name] = data
    return found


def difference(folder: Path, expected: dict[str, object]) -> str:
    """In which files a run's folder is not as expected; empty where it is."""
    found = contents(folder)
    notes = [f"{name} is missing" for name in expected if name not in found]
    notes += [f"{name} is left over" for name in found if name not in expected]
    both = (name for name in expected if name in found)
    notes += [f"{name} differs" for name in both if found[name] != expected[name]]
    return "; ".join(notes)


def newest_checkpoint(folder: Path) -> int:
    """The step of the newest file with a checkpoint's name; 0 where there is none."""
    names = (path.name for path in (folder / "checkpoints").glob("step_*.h5"))
    return max((int(re.sub(r"\D", "", name.removesuffix(".h5"))) for name in names), default=0)


def resumed_at(printed: str) -> int:
    """The step at which the program says that it goes on."""
    match = re.search(r"resumed from \S+ at step (\d+)", printed)
    return int(match[1]) if match else 0


def counts(names: Iterable[str]) -> str:
    """'open 2, write 3'."""
    return ", ".join(f"{name} {number}" for name, number in sorted(Counter(names).items()))


class FaultTest(unittest.TestCase):
    """One folder with genomes, shards and a config for all tests of a class."""

    root: Path

    @classmethod
    def setUpClass(cls) -> None:
        """Makes the folder."""
        cls.root = roomy_folder()
        cls.addClassCleanup(shutil.rmtree, cls.root, ignore_errors=True)
        (cls.root / "tmp").mkdir()
        (cls.root / "pretrain.toml").write_text(PRETRAIN)
        (cls.root / "finetune.toml").write_text(FINETUNE)
        run([PREP, "synthesize", "--output", str(cls.root / "genomes"), "--size-factor", "0.05"])
        run(cls.shard("shards"))

    @classmethod
    def shard(cls, folder: str, *options: str) -> list[str]:
        """The command that makes the shards."""
        species = str(cls.root / "genomes" / "species.toml")
        output = str(cls.root / folder)
        return [PREP, "shard", "--species", species, "--output", output, *options]

    @classmethod
    def environment(cls, **more: str) -> dict[str, str]:
        """Keeps what a kill leaves behind of MPI within the folder: files, and no daemon."""
        scratch = str(cls.root / "tmp")
        own = {
            "TMPDIR": scratch,
            "OMPI_MCA_btl_vader_backing_directory": scratch,
            "OMPI_MCA_ess_singleton_isolated": "1",  # one rank without launcher starts no daemon
        }
        return os.environ | own | more

    @classmethod
    def faults(cls, folder: str, **more: str) -> dict[str, str]:
        """Preloads the library for the files of a run folder."""
        chosen = {f"DNAGPT_FAULT_{key.upper()}": value for key, value in more.items()}
        folder = str(cls.root / folder)
        return cls.environment(LD_PRELOAD=FILE_FAULTS, DNAGPT_FAULT_FOLDER=folder, **chosen)

    @classmethod
    def pretrain(cls, folder: str, *settings: str, world: int = 1) -> list[str]:
        """A pretraining in a folder of the test."""
        return cls.training(
            "pretrain", folder, f"data.shards={cls.root / 'shards'}", world, settings
        )

    @classmethod
    def finetune(cls, folder: str, *settings: str, world: int = 1) -> list[str]:
        """A fine-tuning in a folder of the test, of the checkpoint that `from` names."""
        return cls.training(
            "finetune", folder, f"finetune.data={cls.root / 'set.h5'}", world, settings
        )

    @classmethod
    def training(
        cls, command: str, folder: str, data: str, world: int, settings: Sequence[str]
    ) -> list[str]:
        """What `pretrain` and `finetune` have in common."""
        config = str(cls.root / f"{command}.toml")
        line = [DNAGPT, command, config, f"run.folder={cls.root / folder}", data, *settings]
        return line if world == 1 else ranks(world, *line)

    @classmethod
    def make_set(cls) -> None:
        """A labelled set of two classes."""
        draw = random.Random(1)
        words = ("CCGCCG", "AATAAA")
        table = cls.root / "set.tsv"
        rows = [f"{words[i % 2]}{bases(40, draw)}\t{'ny'[i % 2]}" for i in range(32)]
        table.write_text("\n".join(["sequence\tlabel", *rows]) + "\n")
        run([PREP, "signals", "--table", str(table), "--output", str(cls.root / "set.h5")])

    def succeed(self, command: list[str]) -> str:
        """Runs a command that must succeed; returns what it printed."""
        ended = start(command, self.environment())
        self.assertEqual(ended.status, 0, ended.printed)
        return ended.printed

    def places(self, folder: str, command: list[str]) -> list[Place]:
        """All calls of an uninterrupted run, in their order."""
        log = self.root / f"{folder}.log"
        ended = start(command, self.faults(folder, log=str(log)))
        self.assertEqual(ended.status, 0, ended.printed)
        rows = (line.split("\t") for line in log.read_text().splitlines())
        return [Place(call, path, int(number)) for call, path, number in rows]

    def for_all(self, tasks: Iterable[object], attempt: Callable[[object], None]) -> None:
        """Attempts every task, two at once, and fails with the first failures of all."""

        def judge(task: object) -> str:
            try:
                attempt(task)
            except AssertionError as error:
                return f"{task}: {error}"
            return ""

        with ThreadPoolExecutor(2) as pool:
            problems = [problem for problem in pool.map(judge, tasks) if problem]
        shown = "\n\n".join(problem[:2000] for problem in problems[:5])
        self.assertFalse(problems, f"{len(problems)} failures\n{shown}")
