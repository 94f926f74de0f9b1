"""Runs the programs behind a table, each once: what has its result is not run again."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dnagpt_files import FileError

TOOLS = Path(__file__).resolve().parent
CONFIGS = TOOLS.parent / "configs"
SAVED = 75
"""Exit status "saved, run me again"."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where runs are kept and how programs are started."""
    parser.add_argument("--work", type=Path, required=True, help="folder for runs and results")
    parser.add_argument("--launch", default="", help='such as "mpirun -n 2"')
    parser.add_argument("--dnagpt", default="dnagpt", help="the program")


def run(command: Sequence[str]) -> None:
    """Runs a command and shows it; FileError where it fails."""
    print("+", shlex.join(command), flush=True)
    status = subprocess.run(command, check=False).returncode
    if status == SAVED:
        raise FileError("the run was told to stop and saved; start this tool again to go on")
    if status != 0:
        raise FileError(f"{command[0]} gave {status} (see above); mend it and start again")


def run_unless_there(result: Path, command: Sequence[str]) -> Path:
    """The result of a command, which is run where it is missing."""
    if not result.exists():
        run(command)
    return result


def program(options: argparse.Namespace, *arguments: str) -> list[str]:
    """The command of `dnagpt` with these arguments, on the ranks that were asked for."""
    return [*shlex.split(options.launch), options.dnagpt, *arguments]


def tool(name: str, *arguments: str) -> list[str]:
    """The command of a script of this folder."""
    return [sys.executable, str(TOOLS / name), *arguments]


def finetune(options: argparse.Namespace, name: str, config: Path, settings: Sequence[str]) -> Path:
    """The run folder `name` of a fine-tuning, run unless its evaluation.json is there."""
    folder = options.work / name
    command = program(options, "finetune", str(config), f"run.folder={folder}", *settings)
    run_unless_there(folder / "evaluation.json", command)
    return folder


def finish(name: str, work: Path, make: Callable[[], Sequence[str]]) -> int:
    """Makes the lines of a table, prints them and keeps them as table.md; the exit status."""
    work.mkdir(parents=True, exist_ok=True)
    try:
        text = "\n".join(make()) + "\n"
    except FileError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    (work / "table.md").write_text(text)
    print(text, end="")
    return 0
