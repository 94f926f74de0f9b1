"""How the tests of this folder start the programs, whose paths are their arguments.

Usage: <test>.py DNAGPT DNAGPT_PREP MPIEXEC. Only the standard library is needed.
"""

from __future__ import annotations

import csv
import os
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


def processes_with(text: str) -> dict[int, str]:
    """Running processes whose command line holds this text, by number."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has ended
        if text in command and int(folder.name) != os.getpid():
            found[int(folder.name)] = command
    return found


def ranks_of(folder: Path) -> list[int]:
    """The processes that train in a run folder under the launcher, by rank."""
    found = []
    for number, command in processes_with(f"run.folder={folder} ").items():
        if command.startswith(MPIEXEC):
            continue
        try:
            variables = Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        places = [each for each in variables if each.startswith(b"OMPI_COMM_WORLD_RANK=")]
        found += [(int(place.partition(b"=")[2]), number) for place in places]
    return [number for _, number in sorted(found)]


def bases(count: int, draw: random.Random) -> str:
    """Random bases."""
    return "".join(draw.choices("ACGT", k=count))


def read_table(path: Path) -> list[dict[str, str]]:
    """The rows of a table by column; lines of notes in front are left out."""
    with path.open() as file:
        lines = (line for line in file if not line.startswith("# "))
        return list(csv.DictReader(lines, delimiter="\t"))
