"""The benchmark's arithmetic and its talk with PyTorch's process, without PyTorch or dnagpt."""

import argparse
from pathlib import Path

import pytest

import bench_scaling
import bench_training
from bench_training import OurChoice, Shape, TorchChoice

SHAPE = Shape(2, 2, 32, 16, 4, "fixed")


def test_ranks_fill_the_cores_and_have_rows() -> None:
    assert bench_training.our_choices(["float"], 4, 2) == [
        OurChoice("float", 1, 4),
        OurChoice("float", 2, 2),
    ]


def test_ratio_and_share_are_of_medians() -> None:
    times = {"torch": [4.0, 2.0, 3.0], "dnagpt": [2.0, 9.0, 1.0], "products": [1.0]}
    result = bench_training.summarise(SHAPE, times)
    assert result["tokens_per_second"] == {"torch": 64 / 3, "dnagpt": 32, "products": 64}
    assert result["ratio"] == 1.5
    assert result["share_of_products"] == 0.5


def test_a_torch_process_that_ends_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(bench_training.sys, "executable", "/bin/false")
    with pytest.raises(bench_training.TorchEndedError, match="no way to run PyTorch"):
        bench_training.try_torch(SHAPE, ["float", "bf16"], 1)
    assert "left out, an error" in capsys.readouterr().err
    assert str(TorchChoice("bf16", True)) == "PyTorch compiled bf16"


def test_settings_give_every_rank_its_rows_at_once(tmp_path: Path) -> None:
    programs = bench_training.Programs(tmp_path, tmp_path, tmp_path)
    settings = programs.settings(SHAPE, OurChoice("bf16", 3, 1))
    assert "batch.tokens_per_step=64" in settings
    assert "batch.micro_batch=2" in settings
    assert "run.precision=bf16" in settings


def test_the_law_follows_operations_and_ranks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(_: object, point: bench_scaling.Point, options: argparse.Namespace) -> dict:
        flops = bench_scaling.flops_per_token(point, options.channels, 15_659)
        memory = {"peak_memory_bytes": 2**30, "planned_memory_bytes": 2**30}
        return {"tokens_per_second": 1e9 * point.ranks / flops} | memory

    monkeypatch.setattr(bench_scaling, "measure", measured)
    options = argparse.Namespace(
        programs=tmp_path, shards=tmp_path, vocabulary="fixed", channels=32, heads=2
    )
    results = bench_scaling.compare(options, tmp_path)
    assert [row["measured_over_expected"] for row in results] == pytest.approx([1] * 9)
    bench_scaling.plot(results, tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")
