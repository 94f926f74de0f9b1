"""The table runs what has no result yet, and pairs differences over the seeds' mean."""

import sys
from pathlib import Path

import labelled_sets
import pytest

import signals_table
import table_runs

STARTS = ("pretrained", "random_weights")

FAKE = """\
import json, sys
from pathlib import Path
sys.path.insert(0, {tools!r})
import numpy as np
import dnagpt_files
import prediction_files
settings = dict(each.split("=", 1) for each in sys.argv[3:])
folder = Path(settings["run.folder"])
(folder.parent / "calls").open("a").write(folder.name + "\\n")
labelled = dnagpt_files.read_labelled_set(Path(settings["finetune.data"]))
wrong = 10 if "finetune.from" in settings else 4
for seed in range(1, int(settings["finetune.seeds"]) + 1):
    label = np.asarray(labelled.label)
    predicted = np.where(np.arange(len(label)) % wrong == seed, 1 - label, label)
    chosen = np.where(predicted == 1, 0.8, 0.2)
    (folder / f"seed_{{seed}}").mkdir(parents=True)
    prediction_files.write_predictions(folder / f"seed_{{seed}}" / "predictions.tsv",
        prediction_files.ClassPredictions(labelled.classes, labelled.id,
            np.full(len(label), 90), label, predicted, np.stack([1 - chosen, chosen], axis=1),
            np.zeros(len(label)), labelled.split))
rate = float(settings.get("optimizer.learning_rate", 1))
best = 2e-3 if "finetune.from" in settings else 1e-3
(folder / "rate").write_text(str(rate))
scores = {{"set": {{"validation": {{"mcc": -abs(rate - best)}}}}}}
(folder / "evaluation.json").write_text(json.dumps({{"format_version": 1, "sets": scores}}))
"""


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    """Options for a set, a pretrained run of which only the shape is read, a stand-in program."""
    labelled_sets.write_classes(tmp_path / "set.h5")
    (tmp_path / "run").mkdir()
    model = 'layers = 1\nheads = 2\nchannels = 8\ncontext_length = 32\nvocabulary = "fixed"\n'
    (tmp_path / "run" / "config.toml").write_text("[model]\n" + model)
    (tmp_path / "fake.py").write_text(FAKE.format(tools=str(table_runs.TOOLS)))
    paths = [f"--set=a={tmp_path / 'set.h5'}", f"--pretrained=pretrained={tmp_path / 'run'}"]
    return [
        *paths,
        f"--work={tmp_path / 'work'}",
        "--launch",
        sys.executable,
        "--dnagpt",
        str(tmp_path / "fake.py"),
        "--seeds",
        "3",
        "--resamples",
        "100",
    ]


def cells(text: str) -> dict[str, list[str]]:
    lines = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in lines}


def test_the_table_and_what_it_does_not_run_again(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals_table, "BASELINES", ("composition",))
    assert signals_table.main(arguments) == 0
    rows = cells((tmp_path / "work" / "table.md").read_text())
    assert set(rows) == {"method", "pretrained", "random weights", "composition"}
    pretrained, random = rows["pretrained"], rows["random weights"]
    assert pretrained[0] == "3"
    assert float(pretrained[1].split()[0]) > float(random[1].split()[0])
    behind, error = float(random[3]), float(random[4])
    assert behind == pytest.approx(
        float(pretrained[1].split()[0]) - float(random[1].split()[0]), abs=2e-4
    )
    assert 0 < error < behind
    calls = (tmp_path / "work" / "calls").read_text()
    assert calls == "a_pretrained\na_random_weights\n"
    assert signals_table.main(arguments) == 0
    assert (tmp_path / "work" / "calls").read_text() == calls


def test_each_start_takes_the_rate_that_validates_best(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setattr(signals_table, "BASELINES", ())
    rates = [f"--rate={rate}" for rate in ("1e-3", "2e-3", "3e-3")]
    assert signals_table.main([*arguments, *rates]) == 0
    work = tmp_path / "work"
    taken = {name: (work / f"a_{name}" / "rate").read_text() for name in STARTS}
    assert taken == {"pretrained": "0.002", "random_weights": "0.001"}
    note = "learning rate, chosen on validation: pretrained 2e-3, random weights 1e-3"
    assert note in (work / "table.md").read_text()
    calls = (work / "calls").read_text().split()
    assert sorted(calls) == sorted(
        name
        for start in STARTS
        for name in [f"a_{start}", *(f"a_{start}_rate_{rate[7:]}" for rate in rates)]
    )
    assert signals_table.main([*arguments, *rates, "--folds=2"]) == 1
    assert "leave --folds or --rate out" in capsys.readouterr().err


def test_a_failing_program_ends_it(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "fake.py").write_text("raise SystemExit(75)")
    assert signals_table.main(arguments) == 75
    assert "start this tool again" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["commands"]
