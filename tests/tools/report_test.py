"""The page holds what the run holds, needs no network, and says what is missing."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import run_folders

import prediction_files
import report


class Tags(HTMLParser):
    """Checks that tags close in order, and notes addresses of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attributes: list) -> None:
        if tag == "img":
            self.sources.append(dict(attributes)["src"])
        elif tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(run: Path) -> tuple[str, list[str]]:
    output = run.with_name("report.html")
    assert report.main([str(run), "-o", str(output)]) == 0
    text = output.read_text()
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert all(source.startswith("data:image/png;base64,") for source in tags.sources)
    assert "http" not in re.sub(r"base64,[^\"]*", "", text)
    return text, tags.sources


def test_pretraining(tmp_path: Path) -> None:
    text, pictures = page_of(run_folders.write_pretraining(tmp_path / "<small>"))
    assert "Run &lt;small&gt;" in text
    assert "after step: 4." in text
    assert re.search(r"yeast +1\.9000", text)
    assert "<td>learning_rate</td><td>0.001</td>" in text
    assert "Not on this page" not in text
    assert len(pictures) == 1


def test_fine_tuning_on_classes(tmp_path: Path) -> None:
    text, pictures = page_of(run_folders.write_tuning(tmp_path / "pas"))
    assert "<th>pas test</th><th>pas validation</th>" in text
    assert "<td>accuracy</td><td>0.8000 [0.7000, 0.9000]</td>" in text
    assert "<td>n</td><td>40</td><td>40</td>" in text
    assert "Answers to the 40 examples of test." in text
    assert len(pictures) == 2


def test_fine_tuning_on_numbers(tmp_path: Path) -> None:
    run = run_folders.write_tuning(tmp_path / "expression")
    prediction_files.write_predictions(run / "predictions.tsv", run_folders.number_answers())
    text, pictures = page_of(run)
    assert "Answers to the 20 examples of test." in text
    assert len(pictures) == 2


def test_seeds(tmp_path: Path) -> None:
    text, pictures = page_of(run_folders.write_seeds(tmp_path / "seeds"))
    assert "Mean +- standard deviation over 2 runs." in text
    assert "<td>accuracy</td><td>0.8500 +- 0.0707</td>" in text
    assert "<h2>seed_2</h2>" in text
    assert len(pictures) == 4


def test_missing_files_are_named(tmp_path: Path) -> None:
    run = run_folders.write_tuning(tmp_path / "pas")
    for name in ("config.toml", "evaluation.json", "predictions.tsv"):
        (run / name).unlink()
    text, pictures = page_of(run)
    for name in ("config.toml", "evaluation.json", "predictions.tsv"):
        assert f"{run / name} is not there" in text
    assert "these are the scores of the last validation" in text
    assert "<td>accuracy</td><td>0.8000</td>" in text
    assert len(pictures) == 1


def test_a_folder_without_a_run_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert report.main([str(tmp_path)]) == 1
    assert "is no run folder" in capsys.readouterr().err
