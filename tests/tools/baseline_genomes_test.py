"""Generators give back what was planted in their training rows, and nothing of later sites."""

from pathlib import Path

import numpy as np
import pytest

import baseline_genomes
import genome_measures
import haplotypes

IDS = [f"p{number}" for number in range(400)]


def two_peoples(rows: int = 400, sites: int = 30) -> np.ndarray:
    """Two groups of different frequencies; in each a site copies the one before it or not."""
    random = np.random.default_rng(0)
    side = np.arange(rows) % 2
    alleles = (random.random((rows, sites)) < np.where(side, 0.9, 0.1)[:, None]).astype(np.uint8)
    alleles[:, 1::2] = alleles[:, 0::2]
    return alleles


def generate(folder: Path, model: str, alleles: np.ndarray, *more: str) -> haplotypes.Haplotypes:
    haplotypes.write_hapt(folder / "train.hapt", "Real", IDS[: len(alleles)], alleles)
    output = folder / f"{model}.hapt"
    named = ["--model", model, "--train", str(folder / "train.hapt"), "-o", str(output)]
    assert baseline_genomes.main([*named, "--count", "2000", *more]) == 0
    return haplotypes.read_hapt(output)


def agreement(alleles: np.ndarray, first: int, second: int) -> float:
    return float((alleles[:, first] == alleles[:, second]).mean())


def test_contexts_by_hand() -> None:
    alleles = np.array([[1, 0, 1, 1]], np.uint8)
    assert baseline_genomes.contexts(alleles, 0).tolist() == [[0, 0, 0, 0]]
    assert baseline_genomes.contexts(alleles, 2).tolist() == [[0, 0b01, 0b10, 0b01]]
    assert baseline_genomes.contexts(alleles, 9).tolist() == [[0, 0b1, 0b10, 0b101]]


def test_chain_backs_off_by_hand() -> None:
    alleles = np.array([[0, 0], [0, 1], [0, 1], [1, 1]], np.uint8)
    chain = baseline_genomes.fit_chain(alleles, 1)
    # Site 1 after 0: 2 of 3 rows, and one row at the frequency 3/4; after 1: 1 of 1.
    assert chain[1] == pytest.approx([(2 + 0.75) / 4, (1 + 0.75) / 2])
    assert chain[0] == pytest.approx([(1 + 0.25) / 5, 0.25])  # no row stands after a 1
    assert baseline_genomes.fit_chain(alleles, 0).tolist() == [[0.25], [0.75]]


def test_a_certain_chain_is_followed() -> None:
    chain = np.array([[1.0, 1], [1, 0], [1, 0], [1, 0]])  # 1, then the opposite of the one before
    drawn = baseline_genomes.sample_chain(chain, 3, np.random.default_rng(0))
    assert drawn.tolist() == [[1, 0, 1, 0]] * 3


def test_ids_tag_and_frequencies(tmp_path: Path) -> None:
    alleles = two_peoples()
    alleles[:, 5] = 0
    drawn = generate(tmp_path, "independent", alleles)
    assert drawn.alleles.shape == (2000, 30)
    assert len(set(drawn.ids)) == 2000
    assert (tmp_path / "independent.hapt").read_text().startswith("independent independent_0 ")
    found, real = (genome_measures.frequencies(part) for part in (drawn.alleles, alleles))
    assert found == pytest.approx(real, abs=0.06)
    assert found[5] == 0
    assert agreement(drawn.alleles, 0, 1) == pytest.approx(0.5, abs=0.06)


def test_seed_decides(tmp_path: Path) -> None:
    first = generate(tmp_path, "independent", two_peoples(), "--seed", "4").alleles
    assert (generate(tmp_path, "independent", two_peoples(), "--seed", "4").alleles == first).all()
    assert (generate(tmp_path, "independent", two_peoples(), "--seed", "5").alleles != first).any()


def test_a_chain_keeps_neighbours_and_groups_keep_far_sites(tmp_path: Path) -> None:
    alleles = two_peoples()
    options = ("--order", "1")
    markov = generate(tmp_path, "markov", alleles, *options).alleles
    groups = generate(tmp_path, "groups", alleles, *options, "--groups", "2").alleles
    assert agreement(alleles, 0, 29) > 0.75
    for drawn in (markov, groups):
        assert agreement(drawn, 4, 5) > 0.97
    assert agreement(markov, 0, 29) < 0.6
    assert agreement(groups, 0, 29) == pytest.approx(agreement(alleles, 0, 29), abs=0.06)
    assert (groups.mean(axis=1) > 0.5).mean() == pytest.approx(0.5, abs=0.05)


def test_machine_learns_two_peoples(tmp_path: Path) -> None:
    drawn = generate(
        tmp_path, "rbm", two_peoples(), "--hidden", "8", "--epochs", "800", "--learning-rate", "0.5"
    ).alleles
    assert agreement(drawn, 0, 29) == pytest.approx(agreement(two_peoples(), 0, 29), abs=0.1)
    assert agreement(drawn, 4, 5) < 0.95  # training rows, where sampling begins, have 1
    assert (drawn.mean(axis=1) > 0.5).mean() == pytest.approx(0.5, abs=0.1)


def test_wrong_use_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    output = str(tmp_path / "x.hapt")
    with pytest.raises(SystemExit):
        baseline_genomes.main(["--model", "markov", "-o", output])
    for wrong in (["--order", "13"], ["--count", "0"], ["--groups", "0"]):
        with pytest.raises(SystemExit):
            baseline_genomes.main(["--model", "markov", "--train", output, "-o", output, *wrong])
    assert baseline_genomes.main(["--model", "markov", "--train", output, "-o", output]) == 1
    assert "is not there" in capsys.readouterr().err
    haplotypes.write_hapt(tmp_path / "few.hapt", "T", IDS[:3], two_peoples(3))
    few = ["--model", "groups", "--train", str(tmp_path / "few.hapt"), "-o", output]
    assert baseline_genomes.main(few) == 1
    assert "3 training haplotypes make no 26 groups" in capsys.readouterr().err
