"""Every checkpoint is scored once, with a script in the place of dnagpt."""

import sys
from pathlib import Path

import pytest

import evaluate_checkpoints

FAKE = """
import json, pathlib, sys
options = dict(zip(sys.argv[2::2], sys.argv[3::2]))
checkpoint, output = pathlib.Path(options["--checkpoint"]), pathlib.Path(options["--output"])
step = int(checkpoint.stem.split("_")[1])
with open(output.parent / "calls.txt", "a") as calls:
    calls.write(f"{sys.argv[1]} {step}\\n")
if checkpoint.read_text() == "broken":
    sys.exit(3)
evaluation = {"format_version": 1, "checkpoint": checkpoint.name, "step": step}
if options.get("--set"):
    scores = {"n": 9, "accuracy": step / 100, "intervals": {}}
    evaluation["sets"] = {"pas": {"answer": "class", "test": scores}}
else:
    evaluation["split"] = options["--split"]
    evaluation["species"] = {"yeast": {"bits_per_base": 2 - step / 100}}
    evaluation["mean"] = {"bits_per_base": 2 - step / 100, "gc_r2": None}
output.write_text(json.dumps(evaluation))
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run" / "checkpoints"
    folder.mkdir(parents=True)
    for step in (10, 20, 30):
        (folder / f"step_{step:08}.h5").write_text("whole")
    (tmp_path / "fake.py").write_text(FAKE)
    return tmp_path / "run"


def start(run: Path, rest: str) -> int:
    command = f"{sys.executable} {run.parent / 'fake.py'} evaluate {rest}"
    return evaluate_checkpoints.main([str(run), "--command", command])


def test_scores_over_steps(run: Path, capsys: pytest.CaptureFixture) -> None:
    assert start(run, "--split test") == 0
    folder = run / "evaluations"
    lines = [line.split("\t") for line in (folder / "scores.tsv").read_text().splitlines()]
    assert lines[0] == [
        "step",
        "test bits_per_base",
        "yeast test bits_per_base",
        "test gc_r2",
        "test order_accuracy",
    ]
    assert [line[:2] for line in lines[1:]] == [["10", "1.9"], ["20", "1.8"], ["30", "1.7"]]
    assert lines[1][3] == ""
    assert (folder / "scores.png").read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert "test bits_per_base: 10 1.9000, 20 1.8000, 30 1.7000" in printed


def test_it_goes_on_where_it_stopped(run: Path, capsys: pytest.CaptureFixture) -> None:
    second = run / "checkpoints" / "step_00000020.h5"
    second.write_text("broken")
    assert start(run, "--split test") == 1
    message = capsys.readouterr().err
    assert "step_00000020.h5 could not be scored" in message
    assert "status 3" in message
    second.write_text("whole")
    assert start(run, "--split test") == 0
    calls = (run / "evaluations" / "calls.txt").read_text().split("\n")[:-1]
    assert calls == ["evaluate 10", "evaluate 20", "evaluate 20", "evaluate 30"]
    assert start(run, "--split validation") == 1
    assert "holds results of another command" in capsys.readouterr().err


def test_results_that_are_there_need_no_command(run: Path, capsys: pytest.CaptureFixture) -> None:
    assert evaluate_checkpoints.main([str(run)]) == 1
    assert "step_00000010.json is not there or not whole" in capsys.readouterr().err
    assert start(run, "--split test") == 0
    folder = run / "evaluations"
    text = (folder / "scores.tsv").read_text()
    for name in ("scores.tsv", "command.txt"):
        (folder / name).unlink()
    assert evaluate_checkpoints.main([str(run)]) == 0
    assert (folder / "scores.tsv").read_text() == text
    capsys.readouterr()
    assert start(run, "--split test") == 1
    assert "holds results of a command that is not known" in capsys.readouterr().err


def test_fine_tuned_checkpoints(run: Path) -> None:
    assert start(run, "--set pas.h5") == 0
    text = (run / "evaluations" / "scores.tsv").read_text()
    assert text.splitlines()[:2] == ["step\tpas test accuracy\tpas test n", "10\t0.1\t9"]


def test_nothing_to_score(tmp_path: Path, run: Path, capsys: pytest.CaptureFixture) -> None:
    assert evaluate_checkpoints.main([str(tmp_path), "--command", "x"]) == 1
    assert "holds no checkpoints" in capsys.readouterr().err
    assert evaluate_checkpoints.main([str(run), "--command", "/no/such/dnagpt"]) == 1
    assert "cannot be started" in capsys.readouterr().err
