"""Weights reach the config; what another table has trained is taken where it is the same."""

import argparse
import sys
from pathlib import Path

import labelled_sets
import pytest

import expression_table
import table_runs
import tasks_table
from dnagpt_files import read_config

FAKE = """\
import sys
from pathlib import Path
sys.path.insert(0, {tools!r})
import numpy as np
import dnagpt_files
from prediction_files import ClassPredictions, NumberPredictions, write_predictions
config = dnagpt_files.read_config(Path(sys.argv[2]))
settings = dict(each.split("=", 1) for each in sys.argv[3:])
folder = Path(settings["run.folder"])
(Path({work!r}) / "calls").open("a").write(folder.name + "\\n")
sets = config["finetune"].get("set") or [{{"data": settings["finetune.data"]}}]
for one in sets:
    labelled = dnagpt_files.read_labelled_set(Path(one["data"]))
    name = "predictions_" + one["name"] if len(sets) > 1 else "predictions"
    if labelled.answer == "class":
        count = len(labelled.id)
        both = np.where(np.eye(2)[labelled.label] == 1, 0.8, 0.2)
        answers = ClassPredictions(labelled.classes, labelled.id, np.full(count, 90),
            labelled.label, labelled.label, both, np.zeros(count), labelled.split)
    else:
        target = labelled.target
        answers = NumberPredictions(labelled.id, target, target, target + 1, labelled.split)
    write_predictions(folder / (name + ".tsv"), answers)
(folder / "evaluation.json").write_text("{{}}")
"""
CONFIG = "[model]\nlayers = 1\n[finetune]\nprompt = '{numbers}<=><M>'\n"


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Options for two sets, a config each and a stand-in program."""
    labelled_sets.write_classes(tmp_path / "classes.h5")
    labelled_sets.write_numbers(tmp_path / "numbers.h5")
    for name in ("sequence", "numbers"):
        (tmp_path / f"{name}.toml").write_text(CONFIG)
    fake = FAKE.format(tools=str(table_runs.TOOLS), work=str(tmp_path))
    (tmp_path / "fake.py").write_text(fake)
    sets = [f"--{name}={tmp_path / name}.h5" for name in ("classes", "numbers")]
    configs = [f"--{name}-config={tmp_path / name}.toml" for name in ("sequence", "numbers")]
    programs = [f"--launch={sys.executable}", f"--dnagpt={tmp_path / 'fake.py'}"]
    return [*programs, f"--work={tmp_path / 'work'}", *sets, *configs, "--resamples=5"]


def make_runs(folder: Path, *settings: str) -> None:
    """The runs of a table of made-up genes, started from the folder above."""
    options = argparse.Namespace(
        work=Path(folder.name),
        launch=sys.executable,
        dnagpt="fake.py",
        setting=list(settings),
        sequence_config=Path("sequence.toml"),
        numbers_config=Path("numbers.toml"),
    )
    expression_table.made_up_runs(options, Path("numbers.h5"))


def test_each_set_has_its_weight(arguments: list[str], tmp_path: Path) -> None:
    assert tasks_table.main([*arguments, "--classes-weight=0.25", "--numbers-weight=3"]) == 0
    sets = {
        name: read_config(tmp_path / "work" / f"{name}.toml")["finetune"]["set"]
        for name in ("together", "classes", "numbers")
    }
    weights = {"classes": 0.25, "numbers": 3}
    assert {one["name"]: one["weight"] for one in sets["together"]} == weights
    assert [sets[name][0]["weight"] for name in weights] == list(weights.values())


def test_finished_runs_of_numbers_are_taken(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert tasks_table.main(arguments) == 0
    calls, table = tmp_path / "calls", tmp_path / "work" / "table.md"
    assert calls.read_text().split() == ["start_numbers", "together", "classes", "numbers"]
    text = table.read_text()
    make_runs(tmp_path / "expression")
    calls.unlink()
    taken = [f"--numbers-alone={tmp_path / 'expression'}", f"--work={tmp_path / 'second'}"]
    assert tasks_table.main([*arguments, *taken]) == 0
    assert calls.read_text().split() == ["together", "classes"]
    assert (tmp_path / "second" / "table.md").read_text() == text
    note = tmp_path / "second" / "commands" / "together-evaluation.json.txt"
    assert f"finetune.from={tmp_path / 'expression' / 'synthetic_numbers'}" in note.read_text()


def test_other_or_unfinished_runs_are_refused(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    there = tmp_path / "expression"

    def message(*more: str) -> str:
        assert tasks_table.main([*arguments, f"--numbers-alone={there}", *more]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        return line

    start, run = there / "synthetic_numbers", there / "synthetic"
    assert f"{start} is no finished run of a table ({start / 'evaluation.json'}" in message()
    make_runs(there)
    capsys.readouterr()
    (tmp_path / "other.h5").write_bytes((tmp_path / "numbers.h5").read_bytes())
    other = message(f"--numbers={tmp_path / 'other.h5'}")
    assert (
        f"was made with finetune.data {tmp_path / 'numbers.h5'} (asked for now: {tmp_path}" in other
    )
    setting = message("--setting=run.precision=bf16")
    assert "was made with run.precision its default (asked for now: bf16" in setting
    config = message(f"--sequence-config={tmp_path / 'numbers.toml'}")
    assert f"{run} was made with config {tmp_path / 'sequence.toml'} (asked" in config
    labelled_sets.write_numbers(tmp_path / "numbers.h5", count=200)
    assert f"{run} was tested on other examples than {tmp_path / 'numbers.h5'} holds" in message()
    (there / "commands" / "synthetic-evaluation.json.txt").unlink()
    assert f"{run} is no finished run" in message()
    (run / "evaluation.json").unlink()
    assert f"{run} is no finished run" in message()
    assert not (tmp_path / "work" / "together").exists()
