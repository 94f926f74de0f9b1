"""Runs the programs behind a table, each once: what has its result is not run again."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dnagpt_files import FileError

SAVED = 75
"""Exit status "saved, run me again"."""


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
