"""Methods are joined by id; differences are paired; other examples or labels are refused."""

from pathlib import Path

import labelled_sets
import numpy as np
import pytest

import compare_predictions
import dnagpt_files
import prediction_files
import user_block
from prediction_files import ClassPredictions, NumberPredictions


def write_classes(path: Path, right: list[bool], order: np.ndarray | None = None) -> None:
    """Labels alternate; the answers are right where they are said to be."""
    count = len(right)
    label = np.arange(count) % 2
    predicted = np.where(right, label, 1 - label)
    chosen = np.where(predicted == 1, 0.8, 0.2)
    answers = ClassPredictions(
        classes=["negative", "positive"],
        id=np.array([f"example {row}" for row in range(count)], dtype=object),
        sequence_length=np.full(count, 600),
        label=label,
        predicted=predicted,
        probabilities=np.stack([1 - chosen, chosen], axis=1),
        outside_mass=np.zeros(count),
        split=np.full(count, "test", dtype=object),
    )
    order = np.arange(count) if order is None else order
    prediction_files.write_predictions(path, prediction_files.take(answers, order))


def cells(output: str) -> list[list[str]]:
    lines = [line for line in output.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_methods_stand_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    a, b, svm, picture = (tmp_path / name for name in ("a.tsv", "b.tsv", "svm.tsv", "c.png"))
    write_classes(a, [row % 10 != 0 for row in range(100)])
    shuffled = np.random.default_rng(1).permutation(100)
    write_classes(b, [row % 5 != 0 for row in range(100)], shuffled)
    scores = [f"example {row}\t{row % 2}" for row in reversed(range(100))]
    svm.write_text("id\tscore\n" + "\n".join(scores) + "\n")
    options = [f"--ours=dnagpt={a}", f"--ours=words={b}", f"--other=SVM={svm}"]
    options += ["--reported=dnagpt=accuracy:0.9151", "--reported=paper=accuracy:0.86,mcc:0.73"]
    table = tmp_path / "table.md"
    assert compare_predictions.main([*options, f"--output={picture}", f"--table={table}"]) == 0
    printed = capsys.readouterr().out
    head, dnagpt, words, best, paper = cells(printed)
    assert head[:3] == ["method", "n", "accuracy"]
    assert head[-1] == "reported, other split"
    assert dnagpt[2].startswith("0.9000 [")
    assert dnagpt[-1] == "accuracy 0.9151"
    assert words[2].startswith("0.8000 [")
    difference = head.index("accuracy - dnagpt's")
    assert words[difference].startswith("-0.1000 [-0.1")
    assert best[2] == "1.0000 [1.0000, 1.0000]"
    assert paper[1:3] == ["-", "-"]
    assert paper[-1] == "accuracy 0.8600, mcc 0.7300"
    assert table.read_text() == printed
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_paired_difference_is_narrower_than_its_parts(tmp_path: Path) -> None:
    """Both err on the same examples but for two: the difference varies by these alone."""
    write_classes(tmp_path / "a.tsv", [row % 4 != 0 for row in range(200)])
    write_classes(tmp_path / "b.tsv", [row % 4 != 0 or row in (4, 8) for row in range(200)])
    answers = {n: prediction_files.read_predictions(tmp_path / f"{n}.tsv") for n in ("a", "b")}
    table = compare_predictions.make_table(answers, np.arange(200), {}, 400)
    interval = table[2][table[0].index("accuracy - a's")]
    assert interval == "+0.0100 [+0.0000, +0.0250]"


def test_numbers_are_compared_in_the_original_scale(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    random = np.random.default_rng(2)
    target = random.normal(size=50)
    names = np.array([f"g{row}" for row in range(50)], dtype=object)
    split = np.full(50, "test", dtype=object)
    answers = NumberPredictions(names, target, target, target + 0.5, split)
    prediction_files.write_predictions(tmp_path / "a.tsv", answers)
    lines = [f"g{row}\t{value}" for row, value in enumerate(-target)]
    (tmp_path / "other.tsv").write_text("id\tscore\n" + "\n".join(lines) + "\n")
    options = [f"--ours=a={tmp_path / 'a.tsv'}", f"--other=o={tmp_path / 'other.tsv'}"]
    assert compare_predictions.main([*options, f"--output={tmp_path / 'c.png'}"]) == 0
    head, ours, other = cells(capsys.readouterr().out)
    assert head[2:5] == ["r2", "Spearman", "RMSE"]
    assert ours[4].startswith("0.5000 [")
    assert other[3].startswith("-1.0000 [")
    lines = [f"g{row}\t0\t{value + (row == 3)}" for row, value in enumerate(target)]
    (tmp_path / "other.tsv").write_text("id\tscore\tlabel\n" + "\n".join(lines) + "\n")
    assert compare_predictions.main(options) == 1
    assert "another right answer for id 'g3'" in capsys.readouterr().err
    assert (tmp_path / "c.png").is_file()


@pytest.mark.skipif(user_block.xxhash is None, reason="xxhash is not installed")
def test_groups_of_the_set_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    labelled_sets.write_classes(tmp_path / "set.h5")
    labelled = dnagpt_files.read_labelled_set(tmp_path / "set.h5")
    write_classes(tmp_path / "a.tsv", [True] * 200, np.flatnonzero(labelled.split == "test"))
    options = [f"--ours=a={tmp_path / 'a.tsv'}", f"--set={tmp_path / 'set.h5'}"]
    assert compare_predictions.main([*options, "--resamples", "20"]) == 0
    assert "draws of 20 groups" in capsys.readouterr().out
    write_classes(tmp_path / "a.tsv", [True] * 200)
    assert compare_predictions.main(options) == 1
    assert "has no id 'example 0'" in capsys.readouterr().err


def test_the_threshold_decides_what_a_score_means(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_classes(tmp_path / "a.tsv", [True] * 8)
    scores = [f"example {row}\t{0.4 if row % 2 else 0.1}" for row in range(8)]
    (tmp_path / "other.tsv").write_text("\n".join(["id\tscore", *scores]) + "\n")
    options = [f"--ours=a={tmp_path / 'a.tsv'}", f"--other=o={tmp_path / 'other.tsv'}"]
    for more, accuracy in (([], "0.5000"), (["--threshold=0.3"], "1.0000")):
        assert compare_predictions.main([*options, "--resamples=5", *more]) == 0
        _, _, other = cells(capsys.readouterr().out)
        assert other[2].startswith(accuracy)


def test_the_split_decides_which_answers_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path = tmp_path / "a.tsv"
    write_classes(path, [True] * 4 + [False] * 2)
    lines = path.read_text().splitlines()
    lines[5:] = [line.replace("\ttest", "\tvalidation") for line in lines[5:]]
    path.write_text("\n".join(lines) + "\n")
    for more, expected in (([], ["4", "1.0000"]), (["--split=validation"], ["2", "0.0000"])):
        assert compare_predictions.main([f"--ours=a={path}", "--resamples=5", *more]) == 0
        _, row = cells(capsys.readouterr().out)
        assert [row[1], row[2].split()[0]] == expected


def test_labels_of_other_files_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_classes(tmp_path / "a.tsv", [True] * 6)
    other = tmp_path / "other.tsv"
    options = [f"--ours=a={tmp_path / 'a.tsv'}", f"--other=o={other}", "--resamples=5"]

    def status(labels: list[str]) -> int:
        lines = [f"example {row}\t{row % 2}\t{label}" for row, label in enumerate(labels)]
        other.write_text("\n".join(["id\tscore\tlabel", *reversed(lines)]) + "\n")
        return compare_predictions.main(options)

    assert status(["negative", "positive"] * 3) == 0
    assert status(["0", "1"] * 3) == 0
    capsys.readouterr()
    assert status(["0", "1", "0", "0", "0", "1"]) == 1
    assert "another right answer for id 'example 3'" in capsys.readouterr().err
    assert status(["0", "1", "no", "1", "0", "1"]) == 1
    assert "column label holds 'no'" in capsys.readouterr().err


def test_other_examples_are_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    a, b = tmp_path / "a.tsv", tmp_path / "b.tsv"
    write_classes(a, [True] * 6)
    options = [f"--ours=a={a}", f"--ours=b={b}"]

    def message(text: str | None = None) -> str:
        if text is not None:
            b.write_text(text)
        assert compare_predictions.main(options) == 1
        return capsys.readouterr().err

    write_classes(b, [True] * 4)
    assert "has no id 'example 4'" in message()
    write_classes(b, [True] * 8)
    assert "the first method has no id 'example 6'" in message()
    write_classes(b, [True] * 6)
    right = b.read_text()
    assert "another right answer for id 'example 2'" in message(
        right.replace("example 2\t600\tnegative", "example 2\t600\tpositive")
    )
    assert "holds id 'example 0' twice" in message(right.replace("example 1\t", "example 0\t"))
    assert "no answers to the split test" in message(right.replace("\ttest", "\tvalidation"))
    b.write_text("name\tscore\n")
    assert compare_predictions.main([options[0], f"--other=o={b}"]) == 1
    assert "no columns id and score" in capsys.readouterr().err
