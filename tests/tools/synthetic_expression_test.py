"""The made-up genes follow the rule that their page states."""

import gzip
from pathlib import Path

import numpy as np
import pytest

import synthetic_expression as genes


def test_targets_are_the_sum_of_four_equal_terms_and_noise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(genes, "UPSTREAM", 600)
    monkeypatch.setattr(genes, "DOWNSTREAM", 300)
    sequences, numbers, y = genes.make_genes(1500, 3)
    gc = np.array([genes.gc_share(each[:600]) for each in sequences])
    motifs = np.array([genes.count_motif(each[600:]) for each in sequences])
    assert gc.min() < 0.38
    assert gc.max() > 0.57
    assert set(motifs) >= set(range(9))
    terms = np.stack([gc, motifs, numbers[:, 0], numbers[:, 1] * numbers[:, 2]], axis=1)
    terms = (terms - terms.mean(axis=0)) / terms.std(axis=0)
    weights, *_ = np.linalg.lstsq(terms, y - y.mean(), rcond=None)
    assert weights == pytest.approx(np.ones(4), abs=0.08)
    explained = np.corrcoef(terms.sum(axis=1), y)[0, 1] ** 2
    assert explained == pytest.approx(0.9, abs=0.02)
    assert np.corrcoef(terms[:, :2].sum(axis=1), y)[0, 1] ** 2 < 0.5
    assert np.corrcoef(terms[:, 2:].sum(axis=1), y)[0, 1] ** 2 < 0.5


def test_overlapping_copies_are_counted() -> None:
    motif = genes.MOTIF
    assert genes.count_motif("AA" + motif + "T" + motif) == 2
    planted = genes.plant("A" * 80, 5, np.random.default_rng(1))
    assert len(planted) == 80
    assert genes.count_motif(planted) == 5


def test_the_table_has_a_line_a_gene(tmp_path: Path) -> None:
    assert genes.main(["--count", "3", "--output", str(tmp_path / "t.tsv.gz")]) == 0
    with gzip.open(tmp_path / "t.tsv.gz", "rt") as file:
        head, *rows = file.read().splitlines()
    assert head.split("\t") == ["gene_id", *[f"f{i}" for i in range(1, 9)], "y", "sequence"]
    assert [path.name for path in tmp_path.iterdir()] == ["t.tsv.gz"]
    assert len(rows) == 3
    assert len(rows[0].split("\t")[-1]) == 10_500


def test_a_table_that_is_not_whole_leaves_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv.gz"
    path.write_text("older")
    with pytest.raises(IndexError):
        genes.write_genes(path, ["A", "C"], np.zeros((1, 8)), np.zeros(1))
    assert [each.name for each in tmp_path.iterdir()] == ["t.tsv.gz"]
    assert path.read_text() == "older"


def test_a_place_that_cannot_be_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder")
    assert genes.main(["--count", "3", "--output", str(tmp_path / "file" / "t.tsv.gz")]) == 1
    assert "cannot write" in capsys.readouterr().err
