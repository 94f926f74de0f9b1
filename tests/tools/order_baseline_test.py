"""6-mers are counted and reversed as by hand; a direction that shows is found, chance is chance."""

from pathlib import Path

import numpy as np
import pytest

import dnagpt_files
import kmers
import order_baseline
import user_block


def number_of(kmer: str) -> int:
    return int("".join(str("AGCT".index(letter)) for letter in kmer), 4)


def to_tokens(bases: np.ndarray) -> np.ndarray:
    return (bases.reshape(-1, 6) @ 5 ** np.arange(5, -1, -1)).astype(np.uint16)


def test_reversed_window_has_reversed_kmers() -> None:
    text = "ACGTTGCAACGGTATTCA"
    forward = kmers.kmer_frequencies(kmers.encode_sequences([text]), 6)
    backward = kmers.kmer_frequencies(kmers.encode_sequences([text[::-1]]), 6)
    reversing = order_baseline.reversed_kmers()
    assert reversing[number_of("AACGTG")] == number_of("GTGCAA")
    assert (forward[:, reversing] == backward).all()


def test_windows_with_many_n_are_left_out() -> None:
    bases = np.ones((4, 60), np.int8)
    bases[1, :4] = 0
    bases[2, :3] = 0
    windows = order_baseline.cut_windows(to_tokens(bases), 10, 9, np.random.default_rng(1))
    assert windows.shape == (3, 60)
    assert (windows == 0).sum() == 3


def write_species(folder: Path, name: str, directed: bool) -> None:
    random = np.random.default_rng(len(name))
    for split, count in (("train", 160), ("validation", 240)):
        bases = random.integers(1, 5, size=(count, 300)).astype(np.int8)
        if directed:
            for place in range(0, 300, 30):
                bases[:, place : place + 6] = [1, 1, 3, 2, 4, 4]
        arrays = {"/tokens": to_tokens(bases)}
        attributes = {"species": name, "split": split}
        dnagpt_files.write_arrays(folder / f"{name}.{split}.h5", arrays, attributes)


@pytest.mark.skipif(user_block.xxhash is None, reason="xxhash is not installed")
def test_direction_is_found_only_where_it_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    write_species(tmp_path, "directed", True)
    write_species(tmp_path, "random", False)
    assert order_baseline.main([str(tmp_path), "--length", "300"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    own = {line[0]: float(line[5]) for line in lines if line and line[0] in ("directed", "random")}
    assert own["directed"] > 0.95
    assert abs(own["random"] - 0.5) < 5 * 0.5 / np.sqrt(240)


def test_standard_error_is_binomial() -> None:
    assert order_baseline.Score(0.8, 400).standard_error == pytest.approx(0.02)


def test_a_folder_without_shards_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert order_baseline.main([str(tmp_path)]) == 1
    assert "holds no shards" in capsys.readouterr().err


@pytest.mark.skipif(user_block.xxhash is None, reason="xxhash is not installed")
def test_rows_of_an_evaluation_are_answered(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_species(tmp_path, "directed", True)
    random = np.random.default_rng(3)
    lines = ["species\tanswer\tsequence"]
    for number in range(40):
        text = "".join("ACGT"[i] for i in random.integers(0, 4, 270 + number))
        text = "AACGTT"[::-1].join(text[i : i + 30] for i in range(0, len(text), 30))
        forward = number % 4 == 0
        lines.append(f"directed\t{'forward' if forward else 'reversed'}\t{text}N")
    rows = tmp_path / "rows.tsv"
    rows.write_text("\n".join(lines) + "\n")
    assert order_baseline.main([str(tmp_path), "--length", "300", "--rows", str(rows)]) == 0
    line = next(x.split() for x in capsys.readouterr().out.splitlines() if x.startswith("all"))
    # What is shown is always reversed; a quarter of the rows claims the contrary.
    assert int(line[1]) == 40
    assert float(line[2]) == pytest.approx(0.75, abs=0.1)
    (tmp_path / "empty.tsv").write_text("no rows")
    assert order_baseline.main([str(tmp_path), "--rows", str(tmp_path / "empty.tsv")]) == 1
    assert "holds no task rows" in capsys.readouterr().err
