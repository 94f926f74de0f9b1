"""Tables of answers come back as they were written; others are refused."""

from pathlib import Path

import pytest

import prediction_files
from user_block import FileError


def test_predictions_of_classes_come_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "predictions.tsv"
    text = (
        "id\tsequence_length\tlabel\tpredicted\tp_no\tp_yes\toutside_mass\tsplit\n"
        "chr1:5\t600\tyes\tno\t0.75\t0.25\t0.01\ttest\n"
        "b\t594\tno\tno\t1\t0\t0\tvalidation\n"
    )
    path.parent.mkdir()
    path.write_text(text)
    read = prediction_files.read_predictions(path)
    assert read.classes == ["no", "yes"]
    assert (list(read.label), list(read.predicted)) == ([1, 0], [0, 0])
    assert read.probabilities[0].tolist() == [0.75, 0.25]
    assert prediction_files.take(read, read.split == "validation").id.tolist() == ["b"]
    prediction_files.write_predictions(path, read)
    assert path.read_text() == text


def test_predictions_of_numbers_come_back(tmp_path: Path) -> None:
    path = tmp_path / "predictions.tsv"
    text = "id\ttarget\tpredicted\tpredicted_original_scale\tsplit\ng\t-1.25\t0.5\t2.5\ttest\n"
    path.write_text(text)
    read = prediction_files.read_predictions(path)
    assert (read.target[0], read.predicted[0]) == (-1.25, 0.5)
    prediction_files.write_predictions(path, read)
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("id\tscore\na\t1\n", "holds no predictions"),
        ("id\ttarget\na\n", "line 2 has 1 columns"),
        ("\t".join(prediction_files.NUMBER_COLUMNS) + "\na\tx\t1\t1\ttest\n", "column target"),
        (
            "\t".join(prediction_files.CLASS_COLUMNS) + "\tp_x\toutside_mass\tsplit\n"
            "a\t6\tx\ty\t1\t0\ttest\n",
            "class 'y'",
        ),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "predictions.tsv"
    path.write_text(text)
    with pytest.raises(FileError, match=message):
        prediction_files.read_predictions(path)


def test_files_are_joined_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "predictions.tsv"
    head = "\t".join(prediction_files.NUMBER_COLUMNS)
    path.write_text(head + "\na\t1\t0\t2\ttest\nb\t3\t1\t4\tvalidation\n")
    part = prediction_files.read_predictions(path)
    both = prediction_files.join([part, prediction_files.take(part, part.split == "test")])
    assert (both.id.tolist(), both.target.tolist()) == (["a", "b", "a"], [1, 3, 1])
