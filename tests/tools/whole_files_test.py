"""A file is written whole or not at all, whatever ends its writer."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import run_folders

import baselines
import compare_predictions
import compare_runs
import evaluate_checkpoints
import evaluate_genomes
import genome_figures
import haplotypes
import plot_run
import prediction_files
import report
import synthetic_expression
import table_runs
import temperature_study
import whole_files
from user_block import FileError

REAL = dict.fromkeys(temperature_study.MEASURES, 1.0)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    with whole_files.written_whole(path, 4) as partial:
        partial.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    with pytest.raises(ZeroDivisionError), whole_files.written_whole(path, 4) as partial:
        partial.write_text("half")
        1 / 0  # noqa: B018
    too_large = whole_files.written_whole(path, 1 << 60)
    with pytest.raises(FileError, match="MiB are needed"), too_large:
        pass
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_links_and_pipes_stay(tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(tmp_path / "file")
    whole_files.write_text(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "file").read_text() == "new"
    os.mkfifo(pipe)
    with whole_files.written_whole(pipe) as partial:
        assert partial == pipe
    assert pipe.is_fifo()


def compare_table(path: Path) -> None:
    """compare_predictions.py --table"""
    prediction_files.write_predictions(path.with_name("a.tsv"), run_folders.number_answers())
    given = [f"--ours=a={path.with_name('a.tsv')}", "--resamples=2"]
    compare_predictions.main([*given, f"--table={path}"])


def note(path: Path) -> None:
    """The command of a result that is not there yet."""
    given = argparse.Namespace(work=path.parent.parent, launch="")
    table_runs.note_command(given, given.work / "later", ["older"])


WRITERS: dict[str, Callable[[Path], object]] = {
    "baselines.json": lambda path: baselines.finish(
        argparse.Namespace(output=path), {"models": {}}, {}
    ),
    "predictions.tsv": lambda path: prediction_files.write_predictions(
        path, run_folders.number_answers()
    ),
    "genomes.json": lambda path: evaluate_genomes.write_results(path.parent, {}, {}, None),
    "table.md": lambda path: table_runs.finish(
        argparse.Namespace(work=path.parent, tool="x"), lambda _: ["new"]
    ),
    "commands/later.txt": note,
    "compared.md": compare_table,
    "compared.png": lambda path: compare_predictions.draw_answers(
        {"a": run_folders.class_answers()}, path
    ),
    "runs.png": lambda path: compare_runs.draw_runs([], [], path),
    "scores.tsv": lambda path: evaluate_checkpoints.write_scores({}, path),
    "frequencies.png": lambda path: genome_figures.draw_frequencies(
        np.zeros(3), {"a": np.zeros(3)}, path
    ),
    "temperature.png": lambda path: temperature_study.draw({1.0: REAL}, REAL, path),
    "run/report.html": lambda path: report.main([str(path.parent)]),
    "run/run.png": lambda path: plot_run.main([str(path.parent)]),
    "x.hapt.gz": lambda path: haplotypes.write_hapt(path, "T", ["a"], np.eye(1, dtype=np.uint8)),
    "genes.tsv.gz": lambda path: synthetic_expression.write_genes(
        path, ["A"], np.zeros((1, 8)), np.zeros(1)
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_what_is_interrupted_leaves_the_older_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_folders.write_tuning(tmp_path / "run")
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("older\n")
    sync, half = whole_files.sync, []

    def interrupt(written: Path) -> None:
        if written.name.startswith(path.name):
            half.append(written.read_bytes())
            raise KeyboardInterrupt
        sync(written)

    monkeypatch.setattr(whole_files, "sync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        WRITERS[name](path)
    assert half[0]
    assert path.read_text() == "older\n"
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("name", ["x.hapt.gz", "compared.png", "predictions.tsv"])
def test_a_place_that_cannot_be_written_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(FileError, match=f"cannot write .*{name}"):
        WRITERS[name](tmp_path / "file" / name)
