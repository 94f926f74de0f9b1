"""Runs the programs behind a table, each once: what has its result is not run again."""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from dnagpt_files import FileError
from named_values import split_name
from scores import RESAMPLES
from whole_files import write_text

TOOLS = Path(__file__).resolve().parent
CONFIGS = TOOLS.parent / "configs"
OWN_RUNS = ("run.folder", "finetune.from")
"""Settings that name run folders of the same table."""
SAVED = 75
"""Exit status "saved, run me again"."""


def make_parser(description: str) -> argparse.ArgumentParser:
    """A parser with what all tables have: where runs are kept, how programs are started."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for runs and results")
    parser.add_argument(
        "--launch", default="", help='what starts ranks, such as "mpirun -n 2" (one rank)'
    )
    parser.add_argument("--dnagpt", default="dnagpt", help="the program (%(default)s)")
    parser.add_argument(
        "--resamples",
        type=int,
        default=RESAMPLES,
        help="draws for intervals and standard errors (%(default)s)",
    )
    parser.add_argument(
        "--setting",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="of all fine-tunings; may stand several times",
    )
    parser.set_defaults(tool=parser.prog)
    return parser


def add_config(parser: argparse.ArgumentParser, option: str, name: str, what: str) -> None:
    """An option for a config, by default the one of this name among ours."""
    given = f"TOML file of {what} (configs/{name})"
    parser.add_argument(option, type=Path, default=CONFIGS / name, metavar="FILE", help=given)


def name_and_path(text: str) -> tuple[str, Path]:
    """NAME=PATH as a pair."""
    name, path = split_name(text)
    return name, Path(path)


def require_own_names(pairs: Sequence[tuple[str, Path]], option: str) -> None:
    """FileError where two entries of an option have one name."""
    names = [name for name, _ in pairs]
    if double := next((name for name in names if names.count(name) > 1), None):
        raise FileError(f"{option} names {double} twice; give each its own name")


class StoppedError(Exception):
    """A program was told to stop, and saved."""


def cannot_start(command: Sequence[str], error: OSError) -> FileError:
    """What to say of a program that is not there."""
    return FileError(
        f"cannot start {command[0]} ({error.strerror}); give --dnagpt, --launch or PATH"
    )


def run(command: Sequence[str]) -> None:
    """Runs a command and shows it; FileError where it fails, StoppedError where it saved."""
    print("+", shlex.join(command), flush=True)
    try:
        status = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise cannot_start(command, error) from error
    if status == SAVED:
        raise StoppedError("the run was told to stop and saved; start this tool again to go on")
    if status != 0:
        raise FileError(f"{command[0]} gave {status} (see above); mend it and start again")


def output_of(command: Sequence[str]) -> list[str]:
    """The lines that a command prints; FileError where it fails."""
    try:
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        raise cannot_start(command, error) from error
    if done.returncode != 0:
        raise FileError(f"{command[1]} gave {done.returncode} (see above); mend it")
    return done.stdout.splitlines()


def note_of(options: argparse.Namespace, result: Path) -> Path:
    """Where the command of a result is kept."""
    name = "-".join(result.relative_to(options.work).parts)
    return options.work / "commands" / f"{name}.txt"


def note_command(options: argparse.Namespace, result: Path, command: Sequence[str]) -> None:
    """Keeps the command of a result that is not there yet, in the folder `commands` of --work.

    FileError where another one stands there: what it made is not what is asked for now. --launch is
    no part of it: what was begun may go on with other ranks.
    """
    note = note_of(options, result)
    launch = shlex.split(options.launch)
    is_launched = list(command[: len(launch)]) == launch
    text = shlex.join(command[len(launch) if is_launched else 0 :]) + "\n"
    if note.exists() and note.read_text() != text:
        raise FileError(
            f"{result} was begun by another command than is asked for now (see {note}); take "
            "another --work or remove both"
        )
    if not result.exists():
        write_text(note, text)


def run_unless_there(options: argparse.Namespace, result: Path, command: Sequence[str]) -> Path:
    """The result of a command, in the folder of --work, which is run where it is missing."""
    note_command(options, result, command)
    if not result.exists():
        run(command)
    return result


def program(options: argparse.Namespace, *arguments: str) -> list[str]:
    """The command of `dnagpt` with these arguments, on the ranks that were asked for."""
    return [*shlex.split(options.launch), options.dnagpt, *arguments]


def tool(name: str, *arguments: str) -> list[str]:
    """The command of a script of this folder."""
    return [sys.executable, str(TOOLS / name), *arguments]


def finetune_words(
    options: argparse.Namespace, name: str, config: Path, settings: Sequence[str]
) -> list[str]:
    """What `dnagpt finetune` is given for the run folder `name`."""
    return [str(config), f"run.folder={options.work / name}", *settings, *options.setting]


def finetune(options: argparse.Namespace, name: str, config: Path, settings: Sequence[str]) -> Path:
    """The run folder `name` of a fine-tuning, run unless its evaluation.json is there."""
    command = program(options, "finetune", *finetune_words(options, name, config, settings))
    return run_unless_there(options, options.work / name / "evaluation.json", command).parent


def named_settings(words: Sequence[str]) -> dict[str, str]:
    """What a fine-tuning was given, by name, without OWN_RUNS; paths as they are from anywhere."""
    named = {"config": "".join(words[:1])} | dict(word.partition("=")[::2] for word in words[1:])
    for key in named.keys() & {"config", "finetune.data"}:
        named[key] = str(Path(named[key]).resolve())
    return {key: value for key, value in named.items() if key not in OWN_RUNS}


def finished(options: argparse.Namespace, name: str, config: Path, settings: Sequence[str]) -> Path:
    """The run folder `name` as finetune() gives it, of a table that has ended.

    FileError where it is not finished, or was given something else than is asked for now.
    """
    folder = options.work / name
    result = folder / "evaluation.json"
    note = note_of(options, result)
    if missing := next((path for path in (result, note) if not path.is_file()), None):
        raise FileError(
            f"{folder} is no finished run of a table ({missing} is not there); let the table that "
            "makes it end, or give the --work folder of another"
        )
    given = named_settings(shlex.split(note.read_text())[2:])
    asked = named_settings(finetune_words(options, name, config, settings))
    for key in asked | given:
        old, new = (named.get(key, "its default") for named in (given, asked))
        if old != new:
            raise FileError(
                f"{folder} was made with {key} {old} (asked for now: {new}; see {note}); give what "
                "that table was given, or leave its folder out"
            )
    return folder


def finish(
    options: argparse.Namespace, make_tables: Callable[[argparse.Namespace], Sequence[str]]
) -> int:
    """Makes the lines of the tables, prints them and keeps them as table.md.

    Exit status: 0, 1 with a message, or 75: saved, start it again.
    """
    options.work.mkdir(parents=True, exist_ok=True)
    try:
        text = "\n".join(make_tables(options)) + "\n"
        write_text(options.work / "table.md", text)
    except (FileError, StoppedError) as error:
        print(f"{options.tool}: {error}", file=sys.stderr)
        return SAVED if isinstance(error, StoppedError) else 1
    print(text, end="")
    return 0
