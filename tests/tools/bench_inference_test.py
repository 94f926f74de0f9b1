"""The benchmark's arithmetic and its dnagpt side, without PyTorch."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from built_programs import NEEDS_PROGRAMS
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
    ours |= {"words_per_second_of_a_batch_a_core": 1200.0}
    ours |= {"predict_per_second": 45.0, "embed_per_second": 44.0}
    summary = bench_inference.summarise(theirs, ours, {"words_per_second": 80.0})
    ratio = {"one_sequence": 3.0, "batch": 45.0, "batch_a_core": 60.0, "classification": 1.5}
    assert summary["ratio"] == ratio
    assert summary["share_of_ceiling"] == {"words_per_second": 0.75}
    result = {"torch": theirs, "dnagpt": {"float": ours}, "ceiling": {"float": {}}}
    lines = bench_inference.result_table(result)
    assert lines[0].startswith("| work | PyTorch float | PyTorch bf16 | dnagpt float |")
    assert "| a batch, words/s | - | - | 900.00 | - |" in lines
    assert "| a batch a core, words/s | - | - | 1200.00 | - |" in lines


class MadeUpSide:
    """Takes as many seconds as it is told, whatever the work; notes what it was asked."""

    cores, work = 2, WORK

    def __init__(self, **seconds: list[float]) -> None:
        self.seconds = seconds
        self.asked: list[tuple] = []

    def take(self, name: str, *arguments: object) -> float:
        self.asked.append((name, *arguments))
        return self.seconds[name].pop(0)

    def generate(self, *arguments: object) -> float:
        return self.take("generate", *arguments)

    def classify(self, *arguments: object) -> float:
        return self.take("classify", *arguments)

    def read(self, *arguments: object) -> float:
        return self.take("read", *arguments)


def test_pytorch_is_timed_in_as_many_rounds_by_the_median(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first reading warms up; then batches of 1 and of 8 take turns."""
    side = MadeUpSide(generate=[9.0, 2.0, 1.0], classify=[9.0, 4.0, 4.0, 1.0, 5.0, 1.0, 16.0])
    monkeypatch.setattr(bench_inference, "TorchSide", lambda *_: side)
    found = bench_inference.measure_torch(SHAPE, WORK, "float", 2, 3)
    assert found == {"words_per_second": 2.0, "prompts_per_second": 8 / 5}
    assert side.seconds == {"generate": [], "classify": []}


def test_a_batch_is_drawn_by_one_program_and_by_one_a_core() -> None:
    side = MadeUpSide(generate=[1.0, 5.0, 1.0, 4.0, 1.0, 3.0], read=[1.0, 2.0] * 3)
    found = bench_inference.measure_ours(side, "bf16", 1)
    drawn = [call[1:] for call in side.asked if call[0] == "generate"]
    one, batch, many = drawn[:2], drawn[2:4], drawn[4:]
    assert one == [("bf16", 1, 1), ("bf16", 1, 3)]
    assert batch == [("bf16", 3, 1), ("bf16", 3, 2)]
    assert many == [("bf16", 3, 1, 2), ("bf16", 3, 2, 2)]
    assert found["words_per_second"] == 2 * 4 / 4
    assert found["words_per_second_of_a_batch"] == 3 * 4 / 3
    assert found["words_per_second_of_a_batch_a_core"] == 2 * 3 * 4 / 2


@NEEDS_PROGRAMS
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
