"""How the tests of this folder start the programs, whose paths are their arguments.

Usage: <test>.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from pathlib import Path

DNAGPT, PREP, MPIEXEC = sys.argv[1:4]
TINY_MODEL = """
[model]
layers = 1
heads = 2
channels = 16
context_length = 32
"""


def ranks(count: int, *command: str) -> list[str]:
    """The command under the launcher."""
    return [MPIEXEC, "-n", str(count), "--oversubscribe", "--bind-to", "none", *command]


def run(command: list[str], expected: int = 0, environment: dict[str, str] | None = None) -> str:
    """Runs a command and returns what it printed; its exit status must be as expected."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=environment,
    )
    if done.returncode != expected:
        raise AssertionError(
            f"{' '.join(command)}: exit {done.returncode}, expected {expected}\n{done.stdout}"
        )
    return done.stdout


def bases(count: int, draw: random.Random) -> str:
    """Random bases."""
    return "".join(draw.choices("ACGT", k=count))


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table by column; lines of notes in front are left out."""
    with path.open() as file:
        lines = (line for line in file if not line.startswith("# "))
        return list(csv.DictReader(lines, delimiter="\t"))
