"""The benchmark's arithmetic and its dnagpt side, without PyTorch."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import PROGRAMS

import bench_inference
import model_tensors
from bench_inference import OurSide, Work
from model_tensors import ModelShape

SHAPE = ModelShape(1, 2, 16, 64, "fixed")
WORK = Work(words=4, batch=3, bases=60, prompts=5)


def test_a_word_reads_the_layers_and_the_token_head() -> None:
    sizes = model_tensors.tensor_shapes(SHAPE)
    words = model_tensors.WORDS["fixed"]
    layer = 16 + 3 * 16 * 16 + 16 * 16 + 16 + 8 * 16 * 16
    head = 16 * 16 + 16 + 16 * words
    assert bench_inference.weights_of_a_word(SHAPE) == layer + 16 + head
    assert sum(map(int, map(np.prod, sizes.values()))) > layer + 16 + head


def test_what_both_works_hold_is_left_out() -> None:
    assert bench_inference.difference([1.0, 9.0, 1.2], [3.0, 3.2, 8.0]) == 2.0
    taken = bench_inference.times_of(2, lambda: 1.0, lambda: 2.0)
    assert taken == [[1.0, 1.0], [2.0, 2.0]]


def test_ratios_are_to_the_faster_pytorch() -> None:
    theirs = {
        "float": {"words_per_second": 5.0, "prompts_per_second": 30.0},
        "bf16": {"words_per_second": 20.0, "prompts_per_second": 10.0},
    }
    ours = {"words_per_second": 60.0, "words_per_second_of_a_batch": 900.0}
    ours |= {"predict_per_second": 45.0, "embed_per_second": 44.0}
    summary = bench_inference.summarise(theirs, ours, {"words_per_second": 80.0})
    assert summary["ratio"] == {"one_sequence": 3.0, "batch": 45.0, "classification": 1.5}
    assert summary["share_of_ceiling"] == {"words_per_second": 0.75}
    result = {"torch": theirs, "dnagpt": {"float": ours}, "ceiling": {"float": {}}}
    lines = bench_inference.result_table(result)
    assert lines[0].startswith("| work | PyTorch float | PyTorch bf16 | dnagpt float |")
    assert any("| a batch, words/s | - | - | 900.00 | - |" in line for line in lines)


@pytest.mark.skipif(not (PROGRAMS / "dnagpt").exists(), reason=f"{PROGRAMS}/dnagpt is not built")
def test_dnagpt_does_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    side = OurSide(PROGRAMS, SHAPE, WORK, tmp_path, 2)
    assert side.generate("float", 2, 3, 2) > 0
    texts = [(tmp_path / f"generate_{number}").read_text() for number in (1, 2)]
    assert texts[0] != texts[1]
    for text in texts:
        drawn = text.split(">")[1:]
        assert [len("".join(record.split("\n")[1:])) for record in drawn] == [24] * 6
    for command, rows in (("predict", 13), ("score", 13 * 60)):
        assert side.read(command, "float", "many") > 0
        lines = (tmp_path / f"{command}_1").read_text().splitlines()
        assert len([line for line in lines if not line.startswith("#")]) == 1 + rows
    assert side.read("embed", "bf16", "few") > 0
    assert len((tmp_path / "embed_2.tsv").read_text().splitlines()) == 2 + bench_inference.FEW

    def fail(*_: object) -> str:
        raise subprocess.CalledProcessError(1, "bench_products")

    monkeypatch.setattr(bench_inference, "run", fail)
    assert side.products("bf16", 8, 8) is None
