"""Reports and comparisons of runs that the programs wrote; tools' scores are those of the runs."""

import json
from pathlib import Path

import numpy as np
import pytest
from built_programs import NEEDS_PROGRAMS, TINY_MODEL, TINY_PRETRAINING, run
from conftest import PROGRAMS
from report_test import page_of

import compare_predictions
import compare_runs
import evaluate_checkpoints
import scores
from prediction_files import WordLosses, read_answers, read_predictions, take

PRETRAINING = (
    TINY_PRETRAINING
    + """
every_steps = 2
[checkpoint]
every_steps = 2
"""
)
FINETUNING = """
[finetune]
rows_per_step = 8
[batch]
micro_batch = 8
[optimizer]
learning_rate = 1e-2
[schedule]
epochs = 8
"""
TWO_SETS = """
[[finetune.set]]
name = "kinds"
data = "{folder}/classes.h5"
prompt = "<S>{{sequence}}<=><B>"
[[finetune.set]]
name = "sums"
data = "{folder}/numbers.h5"
prompt = "<S><+><M>{{numbers}}<=><M>"
"""
EXAMPLES = 80

pytestmark = NEEDS_PROGRAMS


def write_sets(folder: Path) -> None:
    """Sequences of two classes, a fifth of them wrong; genes with two numbers; haplotypes."""
    random = np.random.default_rng(1)
    classes, genes, people = ["sequence\tlabel"], ["gene_id\tf1\tf2\ty"], []
    for row in range(EXAMPLES):
        words = ["".join(random.choice(list("ACGT"), 6)) for _ in range(5)]
        word = "GGTACC" if (row % 2 == 1) != (row % 5 == 0) else "CCATGG"
        classes.append(f"{word.join(['', *words])}\t{row % 2}")
        f1, f2 = random.normal(size=2)
        genes.append(f"g{row}\t{f1:.6f}\t{f2:.6f}\t{f1 + f2:.6f}")
        person = f"Real p{row // 2}_{'AB'[row % 2]}"
        people.append(" ".join([person, *map(str, random.integers(0, 2, 14))]))
    for name, lines in (("classes.tsv", classes), ("genes.tsv", genes), ("real.hapt", people)):
        (folder / name).write_text("\n".join(lines) + "\n")
    run("dnagpt-prep", "signals", "--table", folder / "classes.tsv", *to(folder / "classes.h5"))
    columns = ["--number-columns", "f1,f2", "--target-column", "y", *to(folder / "numbers.h5")]
    run("dnagpt-prep", "expression", "--table", folder / "genes.tsv", *columns)
    split = ["--split", "6,2,2", *to(folder / "people.h5")]
    run("dnagpt-prep", "haplotypes", "--hapt", folder / "real.hapt", *split)


def to(path: Path) -> list[object]:
    return ["--output", path]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, shards: Path) -> Path:
    """A folder with the sets and the runs `pre`, `one`, `seeds`, `both` and `people`."""
    folder = tmp_path_factory.mktemp("runs")
    write_sets(folder)
    (folder / "pre.toml").write_text(TINY_MODEL + PRETRAINING)
    run(
        "dnagpt",
        "pretrain",
        folder / "pre.toml",
        f"run.folder={folder}/pre",
        f"data.shards={shards}",
    )
    (folder / "tune.toml").write_text(TINY_MODEL + FINETUNING)
    (folder / "both.toml").write_text(TINY_MODEL + FINETUNING + TWO_SETS.format(folder=folder))
    classes = [f"finetune.data={folder}/classes.h5", "finetune.prompt=<S>{sequence}<=><B>"]
    for name, config, settings in (
        ("one", "tune.toml", classes),
        ("seeds", "tune.toml", [*classes, "finetune.seeds=2"]),
        ("both", "both.toml", []),
        ("people", "tune.toml", [f"finetune.data={folder}/people.h5", "finetune.prompt=<S>"]),
    ):
        run("dnagpt", "finetune", folder / config, f"run.folder={folder / name}", *settings)
    return folder


def evaluation_of(run_folder: Path) -> dict:
    return json.loads((run_folder / "evaluation.json").read_text())


def cells(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(
    ("name", "pictures", "titles"),
    [
        ("pre", 1, []),
        ("one", 2, ["Answers"]),
        ("seeds", 4, ["seed_1", "seed_2", "Answers"]),
        ("both", 3, ["Answers, kinds", "Answers, sums"]),
        ("people", 2, ["Answers"]),
    ],
)
def test_a_report_of_every_kind_of_run(
    runs: Path, name: str, pictures: int, titles: list[str]
) -> None:
    text, sources = page_of(runs / name)
    missing = text.partition('class="missing"')[2].partition("</div>")[0]
    assert "predictions" not in missing
    assert len(sources) == pictures
    assert all(f">{title}</h" in text for title in titles)
    if name != "pre":
        assert "examples of test." in text


def test_runs_stand_side_by_side(runs: Path, capsys: pytest.CaptureFixture) -> None:
    names = ["pre", "one", "seeds", "both", "people"]
    picture = runs / "runs.png"
    folders = [str(runs / name) for name in names]
    assert compare_runs.main([*folders, "--output", str(picture)]) == 0
    head, *rows = cells(capsys.readouterr().out)
    table = {row[0]: dict(zip(head, row, strict=True)) for row in rows[: len(names)]}
    sums = evaluation_of(runs / "both")["sets"]["sums"]
    people = evaluation_of(runs / "people")["sets"]["people"]
    seeds = evaluation_of(runs / "seeds")["mean"]["classes"]
    assert table["both"]["sums test r2"].startswith(f"{sums['test']['r2']:.4f} [")
    assert table["people"]["people test loss"] == f"{people['test']['loss']:.4f}"
    assert table["seeds"]["classes test mcc"].startswith(f"{seeds['test']['mcc']:.4f} +- ")
    assert table["one"]["people test loss"] == "-"
    assert picture.stat().st_size > 0


def test_checkpoints_are_scored_by_the_program(
    runs: Path, shards: Path, capsys: pytest.CaptureFixture
) -> None:
    """The chosen checkpoint has the scores of the run; that of a haplotype run is its loss."""
    program = f"{PROGRAMS / 'dnagpt'} evaluate"
    for name, given, heading, of_run in (
        ("one", f"--set {runs}/classes.h5", "classes test accuracy", "accuracy"),
        ("people", f"--set {runs}/people.h5", "people test loss", "loss"),
        ("pre", f"--shards {shards} --windows 4 --task-rows 1", "validation bits_per_base", ""),
    ):
        command = ["--command", f"{program} {given}"]
        assert evaluate_checkpoints.main([str(runs / name), *command]) == 0
        assert f"{heading}: " in capsys.readouterr().out
        folder = runs / name / "evaluations"
        head, *lines = (
            line.split("\t") for line in (folder / "scores.tsv").read_text().splitlines()
        )
        by_step = {int(line[0]): dict(zip(head, line, strict=True)) for line in lines}
        assert len(by_step) == len(list((runs / name / "checkpoints").glob("step_*.h5"))) > 1
        assert (folder / "scores.png").stat().st_size > 0
        if of_run:
            evaluation = evaluation_of(runs / name)
            (entry,) = evaluation["sets"].values()
            found = float(by_step[evaluation["step"]][heading])
            assert found == pytest.approx(entry["test"][of_run], rel=1e-6)


def test_predictions_of_the_program_are_compared(runs: Path, capsys: pytest.CaptureFixture) -> None:
    ours = [
        f"--ours=one={runs}/one/predictions.tsv",
        f"--ours=other={runs}/seeds/seed_2/predictions.tsv",
    ]
    options = [*ours, f"--set={runs}/classes.h5", "--resamples=20"]
    assert compare_predictions.main([*options, f"--output={runs}/compared.png"]) == 0
    head, one, other = cells(capsys.readouterr().out)
    test = evaluation_of(runs / "one")["sets"]["classes"]["test"]
    assert one[1] == other[1] == str(test["n"])
    for title, score in (("accuracy", "accuracy"), ("MCC", "mcc"), ("AUROC", "auroc")):
        assert one[head.index(title)].startswith(f"{test[score]:.4f} [")
    people = f"--ours=people={runs}/people/predictions.tsv"
    assert compare_predictions.main([people]) == 1
    assert "holds losses of words" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("folder", "table", "name"),
    [
        ("one", "predictions.tsv", "classes"),
        ("both", "predictions_kinds.tsv", "kinds"),
        ("both", "predictions_sums.tsv", "sums"),
    ],
)
def test_scores_of_the_tools_are_those_of_the_run(
    runs: Path, folder: str, table: str, name: str
) -> None:
    """Tables hold six digits, which keeps the order of these probabilities."""
    answers = read_predictions(runs / folder / table)
    for split in ("validation", "test"):
        chosen = take(answers, answers.split == split)
        found = scores.describe(chosen, np.arange(len(chosen.id)))
        expected = evaluation_of(runs / folder)["sets"][name][split]
        known = set(scores.CLASS_SCORES + scores.NUMBER_SCORES + ("n", "n_by_class", "confusion"))
        shared = known & set(expected)
        assert shared == set(found) - {"intervals"}
        for key in shared:
            value = np.nan if expected[key] is None else expected[key]
            exact = key in ("n_by_class", "confusion")
            near = pytest.approx(value, rel=1e-5, abs=1e-6, nan_ok=True) if not exact else value
            assert found[key] == near, key


def test_losses_of_words_average_to_that_of_the_run(runs: Path) -> None:
    losses = read_answers(runs / "people" / "predictions.tsv")
    assert isinstance(losses, WordLosses)
    test = evaluation_of(runs / "people")["sets"]["people"]["test"]
    assert take(losses, losses.split == "test").loss.mean() == pytest.approx(test["loss"], rel=1e-5)
