"""The commands that a page shows, as bash would start them, and whether each could run."""

import argparse
import contextlib
import importlib
import io
import itertools
import os
import re
import shlex
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from conftest import PROGRAMS, ROOT

OURS = ("dnagpt", "dnagpt-prep")
LAUNCHERS = ("mpirun", "srun")
OF_OTHERS = ("apt-get", "awk", "cmake", "mkdir", "pip", "python3", "spack", "zcat")
NO_SHELL = ("text", "toml")
LINKED = ("configs", "data_prep", "jobs", "tools")
ENDS_AT_ITS_INPUT = re.compile(
    r"there is no (piece of|')|cannot be (opened|read) \(No such|cannot open .*\(No such"
    r"|File could not be opened|is no dnagpt file"
)
"""What the programs say of a file that is not there, once options and settings are read."""

WORLD_OF_ONE = {
    "OMPI_MCA_ess_singleton_isolated": "1",  # no launcher's daemon, no network: half the time
    "OMPI_MCA_btl": "self",
    "OMPI_MCA_pml": "ob1",
}

RECORDER = r"""
enable -n exec exit kill
command_not_found_handle() {
    local name given=()
    for name in ${!DNAGPT_@}; do given+=("$name=${!name}"); done
    printf '%s\0' "${given[@]}" "$@" $'\1' >>"$RECORD"
}
"""
SBATCH = """#!/bin/bash
printf '%s\\0' "$0" "$@" $'\\1' >>"$RECORD"
echo 1
"""


@dataclass
class Command:
    """Words of a command, and the variables DNAGPT_* that stand before it."""

    words: list[str]
    variables: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """The command without its variables."""
        return shlex.join(self.words)


@dataclass
class Page:
    """What a page shows."""

    commands: list[Command]
    files: dict[str, str]  # configs in TOML, by the name that stands before them
    errors: str  # of bash


def fenced_blocks(text: str) -> list[tuple[str, str, str]]:
    """Text before, language and text of each fenced block."""
    fences = re.finditer(r"^ *```([^`\n]*)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [(text[: found.start()], *found.groups()) for found in fences]


def spans_of_code(text: str) -> list[str]:
    """What stands between backticks in the text of a page, outside its blocks."""
    for _, _, block in fenced_blocks(text):
        text = text.replace(block, "")
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)


def recorded(record: Path) -> list[Command]:
    """The commands that RECORDER or SBATCH noted."""
    commands = []
    for entry in record.read_text().split("\1\0")[:-1]:
        words, variables = entry.split("\0")[:-1], {}
        while re.match(r"DNAGPT_\w+=", words[0]):
            name, _, value = words.pop(0).partition("=")
            variables[name] = value
        commands.append(Command(words, variables))
    return commands


def read_page(text: str, folder: Path) -> Page:
    """Lets bash read the blocks of a page in an empty folder; no program is there to be started."""
    blocks = fenced_blocks(text)
    files = {}
    for before, language, block in blocks:
        if language == "toml":
            files[re.findall(r"`([\w.]+\.toml)`", before)[-1]] = block
    shell = [block for _, language, block in blocks if language not in NO_SHELL]
    script = RECORDER + "".join(f"eval {shlex.quote(block)}\n" for block in shell)
    activate = folder / "read" / "build" / "venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.touch()
    record = folder / "record"
    record.touch()
    answer = subprocess.run(
        ["/bin/bash", "-c", script],
        cwd=folder / "read",
        env={"PATH": "/none", "RECORD": str(record), "DNAGPT_DATA_DIR": "data"},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    return Page(recorded(record), files, answer.stderr)


class ParsedError(Exception):
    """Raised where a tool has read its arguments."""


ONE_TOOL_AT_A_TIME = threading.Lock()


def tool_options(name: str, arguments: Sequence[str]) -> argparse.Namespace | str:
    """What a tool reads from its arguments, or why it does not."""
    original = argparse.ArgumentParser.parse_args

    def parse_and_stop(parser: argparse.ArgumentParser, *given: object) -> None:
        parser.allow_abbrev = False
        raise ParsedError(original(parser, *given))

    said = io.StringIO()
    try:
        with (
            ONE_TOOL_AT_A_TIME,
            contextlib.redirect_stderr(said),
            mock.patch.object(argparse.ArgumentParser, "parse_args", parse_and_stop),
        ):
            importlib.import_module(name).main(arguments)
    except ParsedError as parsed:
        return parsed.args[0]
    except SystemExit:
        pass
    return said.getvalue() or "reads no arguments"


def by_a_tool(command: Command) -> list[Command] | str:
    """The programs' commands that a tool's arguments name, or what is wrong."""
    path = Path(command.words[1])
    if path.parent != Path("tools") or not (ROOT / path).exists():
        return f"there is no {path}"
    options = tool_options(path.stem, command.words[2:])
    if isinstance(options, str):
        return options
    found = []
    if nested := getattr(options, "command", None):
        scored = ["--checkpoint", "run", "--output", "scores.json"]
        found.append(Command([*shlex.split(nested), *scored]))
    for name, value in vars(options).items():
        pretrains = name == "pretrain_config"
        settings = vars(options).get("pretraining" if pretrains else "setting")
        if name.endswith("config") and value and settings:
            task, data = ("pretrain", "data.shards") if pretrains else ("finetune", "finetune.data")
            found.append(Command(["dnagpt", task, str(value), f"{data}=none", *settings]))
    return found


def by_a_script(command: Command) -> str:
    """Why a script of ours does not know its options; empty where it does."""
    path = ROOT / command.words[1]
    if not path.exists():
        return f"there is no {command.words[1]}"
    text = path.read_text()
    options = [word.partition("=")[0] for word in command.words[2:] if word.startswith("-")]
    unknown = [word for word in options if not re.search(rf"(?<![\w-]){word}(?![\w-])", text)]
    return f"{path.name} does not know {' '.join(unknown)}" if unknown else ""


def unknown_variables(command: Command) -> list[str]:
    """Variables that no job file reads."""
    files = sorted((ROOT / "jobs" / "slurm").glob("*.s*"))
    text = "\n".join(path.read_text() for path in files)
    stages = r"DNAGPT_(\w+)_(?:ARGS|SBATCH)"
    unknown = []
    for name in set(command.variables) - {"DNAGPT_DATA_DIR"}:
        stage = re.fullmatch(stages, name)
        if not re.search(rf"\b{stage[1].lower() if stage else name}\b", text):
            unknown.append(name)
    return unknown


class EmptyFolders:
    """Starts commands where configs and scripts are, and nothing else."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        self.folder = folder
        self.files = files
        self.numbers = itertools.count(1)

    def make(self, empty: Sequence[str] = ()) -> Path:
        """A folder of its own for each command, with a false sbatch in `bin`."""
        own = self.folder / f"run_{next(self.numbers)}"
        (own / "bin").mkdir(parents=True)
        for name in LINKED:
            (own / name).symlink_to(ROOT / name)
        for name, text in {**self.files, **dict.fromkeys(empty, "")}.items():
            (own / name).write_text(text)
        (own / "bin" / "sbatch").write_text(SBATCH)
        (own / "bin" / "sbatch").chmod(0o755)
        (own / "submitted").touch()
        return own

    def start(self, own: Path, command: Command) -> tuple[int, str]:
        """Exit status and messages of a command in its folder."""
        environment = {
            **{name: value for name, value in os.environ.items() if "DNAGPT" not in name},
            "PATH": f"{own / 'bin'}:{PROGRAMS.resolve()}:{os.environ['PATH']}",
            "RECORD": str(own / "submitted"),
            **WORLD_OF_ONE,
            "TMPDIR": str(own),  # where Open MPI's folders of two worlds cannot meet
            "SLURM_SUBMIT_DIR": str(own),
            "SLURM_JOB_END_TIME": "9999999999",
            "DNAGPT_BIN": str(PROGRAMS.resolve()),
            "DNAGPT_LAUNCH": "env",
            **command.variables,
        }
        answer = subprocess.run(
            command.words,
            cwd=own,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        return answer.returncode, answer.stderr

    def fault(self, command: Command) -> str:
        """Why a command does not come as far as its input; empty where it does, or is done."""
        status, said = self.start(self.make(), command)
        absent = re.search(r"File does not exist: (\S+\.h5)$", said, re.MULTILINE)
        if status == 2 and absent:
            status, said = self.start(self.make([absent[1]]), command)
        reached = status == 0 or (status == 1 and ENDS_AT_ITS_INPUT.search(said))
        return "" if reached else said.strip() or f"exit status {status}, no message"

    def submitted(self, command: Command) -> list[Command] | str:
        """The jobs that a script hands to sbatch."""
        own = self.make()
        status, said = self.start(own, command)
        if status != 0:
            return said
        jobs = recorded(own / "submitted")
        return [Command(["sbatch", *job.words[1:]], command.variables) for job in jobs]


def faults(command: Command, folders: EmptyFolders) -> list[str] | None:
    """What is wrong with a command of ours; None for one that is not ours."""
    words = command.words
    name = words[0]
    if name in LAUNCHERS and set(words) & set(OURS):
        words = words[next(place for place, word in enumerate(words) if word in OURS) :]
        name = words[0]
    found: list[Command] | str = []
    if name in OURS:
        found = folders.fault(Command(words, command.variables))
    elif name == "python":
        found = by_a_tool(command)
    elif name == "bash" and words[1] == "jobs/slurm/submit_all.sh":
        found = folders.submitted(command)
    elif name == "bash":
        found = by_a_script(command)
    elif name == "sbatch":
        place = next((i for i, word in enumerate(words) if word.endswith(".sbatch")), None)
        found = "names no job file"
        if place is not None:
            found = folders.fault(Command(["bash", *words[place:]], command.variables))
    elif name in OF_OTHERS:
        return None
    else:
        return [f"no program that is known (a block that is no shell is ```text): {command}"]
    wrong = [f"nothing reads {name}" for name in unknown_variables(command)]
    if isinstance(found, str):
        return [*wrong, f"{command}: {found}"] if found else wrong
    for inner in found:
        wrong += [f"{command}: {fault}" for fault in faults(inner, folders) or []]
    return wrong
