"""variants_table.py: the shuffle keeps pairs, the table tells a model's real sequence apart."""

import random
import subprocess
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from built_programs import NEEDS_PROGRAMS, TINY_MODEL
from conftest import PROGRAMS

import variants_table

CONFIG = (
    TINY_MODEL
    + """
[batch]
tokens_per_step = 1024
micro_batch = 16
[schedule]
steps = 2
warmup_steps = 0
"""
)


@pytest.mark.parametrize("bases", ["ACGT", "AAAA", "ACACACGT", "A", "".join("ACGTTGCA" * 40)])
def test_a_shuffle_keeps_ends_and_pairs(bases: str) -> None:
    draw = random.Random(3)
    shuffled = variants_table.shuffle_pairs(bases, draw)
    assert Counter(pairwise(shuffled)) == Counter(pairwise(bases))
    assert (shuffled[0], shuffled[-1]) == (bases[0], bases[-1])


def test_a_long_shuffle_is_another_sequence() -> None:
    draw = random.Random(4)
    bases = "".join(draw.choices("ACGT", k=5000))
    shuffled = variants_table.shuffle_pairs(bases, draw)
    assert Counter(pairwise(shuffled)) == Counter(pairwise(bases))
    same = sum(a == b for a, b in zip(bases, shuffled, strict=True))
    assert same < 0.3 * len(bases)


def test_the_share_of_lower_values_counts_pairs() -> None:
    share = variants_table.share_lower(np.array([1.0, 2.0]), np.array([2.0, 3.0, 0.0]))
    assert share == pytest.approx((2 + 1.5) / 6)


def test_changes_are_written_as_in_vcf() -> None:
    draw = random.Random(5)
    ref, alt = variants_table.change("single base", "ACGT", 2, draw)
    assert ref == "G"
    assert alt in "ACT"
    assert variants_table.change("deletion", "ACGTACGT", 1, draw) == ("CGTA", "C")
    ref, alt = variants_table.change("insertion", "ACGT", 3, draw)
    assert ref == alt[0] == "T"
    assert len(alt) == 4


@NEEDS_PROGRAMS
def test_the_table_of_a_model(tmp_path: Path, shards: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    settings = [f"run.folder={tmp_path / 'run'}", f"data.shards={shards}"]
    command = [PROGRAMS / "dnagpt", "pretrain", tmp_path / "config.toml", *settings]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    given = [f"--checkpoint={tmp_path / 'run'}", f"--shards={shards}", "--count=20", "--flank=40"]
    given += [f"--work={tmp_path / 'work'}", f"--dnagpt={PROGRAMS / 'dnagpt'}"]
    assert variants_table.main([*given, "--species=saccharomyces_cerevisiae"]) == 0
    lines = (tmp_path / "work" / "table.md").read_text().splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ")]
    assert [row[1] for row in rows[1:]] == ["real", "pairs shuffled", "bases shuffled"] * 3
    assert {row[2] for row in rows[1:]} == {"20"}
    assert variants_table.main([*given, "--species=nobody"]) == 1
    assert "holds no test shards of nobody" in capsys.readouterr().err
